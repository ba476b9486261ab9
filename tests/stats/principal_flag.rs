//! Regions and tests for principal subspaces.

use holonomy::Error;
use holonomy::stats::PrincipalFlag;
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, normal};

const SIZES: [i64; 3] = [1, 2, 2];

/// Data sets `[sets, count, 5]` of covariance diag(5, 2, 2, 0.5, 0.5).
fn data(sets: i64, count: i64) -> Tensor {
    let roots = Tensor::from_slice(&[5.0, 2.0, 2.0, 0.5, 0.5_f64]).sqrt();
    normal(1, &[sets, count, 5]) * roots
}

fn share(inside: &Tensor) -> f64 {
    inside
        .to_kind(Kind::Double)
        .mean(Kind::Double)
        .double_value(&[])
}

fn mean(t: &Tensor) -> f64 {
    t.mean(Kind::Double).double_value(&[])
}

#[test]
fn regions_hold_the_truth_as_often_as_they_say() {
    let found = PrincipalFlag::fit(&data(2000, 500), &SIZES).unwrap();
    let truth = Tensor::eye(5, DOUBLE);
    let flag = found.test_flag(&truth).unwrap();
    assert_eq!(flag.degrees_of_freedom, 8);
    // The mean of χ² is its degrees of freedom; 0.16 is three standard errors, 2 % the small sample's.
    assert!(
        (mean(&flag.statistic) - 8.0).abs() < 0.32,
        "{}",
        mean(&flag.statistic)
    );
    assert!((mean(&flag.p_value) - 0.5).abs() < 0.03);
    for (level, slack) in [(0.5, 0.05), (0.9, 0.03), (0.95, 0.02)] {
        let held = share(&flag.is_within(level).unwrap());
        assert!((held - level).abs() < slack, "{level}: {held}");
    }
    let plane = found.test_subspace(1, &truth.narrow(1, 1, 2)).unwrap();
    assert_eq!(plane.degrees_of_freedom, 6);
    assert!((share(&plane.is_within(0.95).unwrap()) - 0.95).abs() < 0.02);
}

#[test]
fn what_is_not_true_is_found_out() {
    let found = PrincipalFlag::fit(&data(200, 500), &SIZES).unwrap();
    // Turned by 0.3 from the first axis towards the second.
    let (sin, cos) = 0.3_f64.sin_cos();
    let turned = Tensor::from_slice(&[cos, sin, 0.0, 0.0, 0.0]).view([5, 1]);
    let test = found.test_subspace(0, &turned).unwrap();
    assert!(share(&test.p_value.lt(0.01)) > 0.99);
}

#[test]
fn bases_do_not_matter_and_eigenvalues_are_means() {
    let found = PrincipalFlag::fit(&data(3, 100), &SIZES).unwrap();
    let truth = Tensor::eye(5, DOUBLE);
    let (sin, cos) = 1.1_f64.sin_cos();
    let turn = Tensor::from_slice2(&[
        [-1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, cos, -sin, 0.0, 0.0],
        [0.0, sin, cos, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ]);
    let statistic = |frame: &Tensor| found.test_flag(frame).unwrap().statistic;
    assert_near(&statistic(&turn), &statistic(&truth), 1e-10);
    // The flag itself is in its own middle.
    assert_near(
        &statistic(found.frame()),
        &Tensor::zeros([3], DOUBLE),
        1e-20,
    );

    let points = data(1, 100).get(0);
    let centered = &points - points.mean_dim([0].as_slice(), true, Kind::Double);
    let trace = centered.square().sum(Kind::Double).double_value(&[]) / 99.0;
    let found = PrincipalFlag::fit(&points, &SIZES).unwrap();
    let weighted = found.eigenvalues() * Tensor::from_slice(&[1.0, 2.0, 2.0]);
    assert!((weighted.sum(Kind::Double).double_value(&[]) - trace).abs() < 1e-12);
    assert_eq!(found.subspace(2).unwrap().size(), [5, 2]);
}

/// With one simple eigenvalue the test is Anderson's of a principal axis, up to terms that vanish
/// in large samples: count (λ₁ uᵀS⁻¹u + uᵀSu/λ₁ − 2).
#[test]
fn the_first_axis_is_tested_as_anderson_does() {
    let count = 20_000;
    let points = normal(2, &[count, 3]) * Tensor::from_slice(&[2.0, 1.0, 1.0]);
    let found = PrincipalFlag::fit(&points, &[1, 2]).unwrap();
    let axis = Tensor::from_slice(&[1.0, 0.0, 0.0]).view([3, 1]);
    let centered = &points - points.mean_dim([0].as_slice(), true, Kind::Double);
    let covariance = centered.tr().matmul(&centered) / (count - 1) as f64;
    let largest = found.eigenvalues().double_value(&[0]);
    let form = |s: &Tensor| axis.tr().matmul(&s.matmul(&axis)).double_value(&[0, 0]);
    let anderson =
        count as f64 * (largest * form(&covariance.inverse()) + form(&covariance) / largest - 2.0);
    let ours = found
        .test_subspace(0, &axis)
        .unwrap()
        .statistic
        .double_value(&[]);
    assert!((ours / anderson - 1.0).abs() < 0.05, "{ours} {anderson}");
}

#[test]
fn bad_input_is_named() {
    let points = data(2, 20);
    let refused = |sizes: &[i64]| expected_of(PrincipalFlag::fit(&points, sizes));
    let sizes = "at least two sizes that add up to 5";
    assert_eq!(refused(&[5]), sizes);
    assert_eq!(refused(&[2, 2]), sizes);
    assert_eq!(refused(&[0, 5]), sizes);
    let few = PrincipalFlag::fit(&points.narrow(1, 0, 5), &SIZES);
    assert_eq!(expected_of(few), "at least 6 points");
    let flat = points.copy();
    let _ = flat.get(1).select(1, 3).fill_(2.0);
    match PrincipalFlag::fit(&flat, &SIZES) {
        Err(Error::InvalidArgument { expected, got, .. }) => {
            assert_eq!(expected, "a covariance of full rank");
            assert!(got.ends_with("in data set 1"), "{got}");
        }
        other => panic!("{other:?}"),
    }
    let _ = flat.get(0).get(3).fill_(f64::NAN);
    let nan = PrincipalFlag::fit(&flat, &SIZES);
    assert!(matches!(nan, Err(Error::NotFinite { place, .. }) if place == "data set 0"));

    let found = PrincipalFlag::fit(&points, &SIZES).unwrap();
    let crooked = Tensor::eye(5, DOUBLE) * 1.1;
    assert!(matches!(
        found.test_flag(&crooked),
        Err(Error::NotOnManifold { row: 0, .. })
    ));
    assert_eq!(expected_of(found.subspace(3)), "a block below 3");
    let eye = Tensor::eye(5, DOUBLE);
    assert_eq!(
        expected_of(found.test_subspace(1, &eye)),
        "shape [.., 5, 2]"
    );
    assert_eq!(
        expected_of(found.test_flag(&eye).unwrap().is_within(1.0)),
        "a level between 0 and 1"
    );
}
