//! Weighted flags, their angle, and the flags of point clouds.

use holonomy::Error;
use holonomy::stats::{WeightedFlags, flagfold};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, normal};

fn flags(rows: &[[f64; 3]; 3]) -> WeightedFlags {
    WeightedFlags::from_covariances(&Tensor::from_slice2(rows)).unwrap()
}

fn number(t: &Tensor) -> f64 {
    t.double_value(&[])
}

/// The line of (sin, 0, cos) of an angle.
fn line(angle: f64) -> WeightedFlags {
    let (s, c) = angle.sin_cos();
    flags(&[[s * s, 0.0, s * c], [0.0, 0.0, 0.0], [s * c, 0.0, c * c]])
}

/// The plane of the first two axes, of any trace.
fn plane() -> WeightedFlags {
    flags(&[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
}

#[test]
fn covariances_become_flags_and_come_back() {
    let z = normal(1, &[2, 4, 6, 3]);
    let s = z.transpose(-2, -1).matmul(&z);
    let trace = s
        .diagonal(0, -2, -1)
        .sum_dim_intlist(-1, true, Kind::Double)
        .unsqueeze(-1);
    let found = WeightedFlags::from_covariances(&s).unwrap();
    assert_near(&found.covariances(), &(s / trace), 1e-14);
    let weights = found.weights();
    assert!(
        weights
            .diff::<&Tensor>(1, -1, None, None)
            .le(0.0)
            .all()
            .int64_value(&[])
            == 1
    );
    assert_near(
        &weights.sum_dim_intlist(-1, false, Kind::Double),
        &Tensor::ones([2, 4], DOUBLE),
        1e-15,
    );
}

#[test]
fn strata_are_blocks_of_equal_weights() {
    assert_eq!(plane().stratum(0, 1e-9).unwrap(), [2, 1]);
    assert_eq!(line(0.3).stratum(0, 1e-9).unwrap(), [1, 2]);
    let ball = flags(&[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]);
    assert_eq!(ball.stratum(0, 1e-9).unwrap(), [3]);
    let generic = flags(&[[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0]]);
    assert_eq!(generic.stratum(0, 1e-9).unwrap(), [1, 1, 1]);
    assert_eq!(expected_of(generic.stratum(1, 1e-9)), "an index below 1");
}

#[test]
fn lines_are_as_far_apart_as_the_angle_between_them() {
    for angle in [0.0, 1e-9, 1e-4, 0.7, 1.5] {
        let found = number(&line(0.2).dist(&line(0.2 + angle)));
        assert!((found - angle).abs() < 1e-14, "{found:e} {angle:e}");
    }
    let right = number(&line(0.0).dist(&line(std::f64::consts::FRAC_PI_2)));
    assert!((right - std::f64::consts::FRAC_PI_2).abs() < 1e-7);
}

/// cos d = tr (S^½ T S^½)^½, which for commuting matrices is Σ √(wᵢ vᵢ).
#[test]
fn the_angle_is_that_of_the_fidelity() {
    let diagonal = |w: [f64; 3]| flags(&[[w[0], 0.0, 0.0], [0.0, w[1], 0.0], [0.0, 0.0, w[2]]]);
    let (a, b) = ([0.5, 0.3, 0.2], [0.1, 0.2, 0.7_f64]);
    let fidelity: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b): (&f64, f64)| (a * b).sqrt())
        .sum();
    let found = number(&diagonal(a).dist(&diagonal(b)));
    assert!((found - fidelity.acos()).abs() < 1e-14);
    // A line in a plane, and one that stands on it.
    let in_plane = number(&plane().dist(&line(std::f64::consts::FRAC_PI_2)));
    assert!((in_plane - 0.5_f64.sqrt().acos()).abs() < 1e-14);
    assert!((number(&plane().dist(&line(0.0))) - std::f64::consts::FRAC_PI_2).abs() < 1e-7);
}

#[test]
fn on_the_top_stratum_it_is_the_metric_that_is_documented() {
    let w = Tensor::from_slice(&[0.5, 0.3, 0.2]);
    let s = w.diag(0);
    let (dw, omega) = ([0.01, -0.03, 0.02], [0.4, -0.7, 0.2]);
    let skew = Tensor::from_slice2(&[
        [0.0, omega[0], omega[1]],
        [-omega[0], 0.0, omega[2]],
        [-omega[1], -omega[2], 0.0],
    ]);
    let weights = [0.5, 0.3, 0.2];
    let mut square = 0.0;
    for i in 0..3 {
        square += dw[i] * dw[i] / (4.0 * weights[i]);
        for j in i + 1..3 {
            let turn = skew.double_value(&[i as i64, j as i64]);
            let (a, b): (f64, f64) = (weights[i], weights[j]);
            square += (a - b).powi(2) / (a + b) * turn * turn;
        }
    }
    let step = 1e-4;
    let turn = (&skew * step).matrix_exp();
    let moved = turn
        .matmul(&(&w + Tensor::from_slice(&dw) * step).diag(0))
        .matmul(&turn.tr());
    let here = WeightedFlags::from_covariances(&s).unwrap();
    let there = WeightedFlags::from_covariances(&moved).unwrap();
    let length = number(&here.dist(&there)) / step;
    assert!(
        (length / square.sqrt() - 1.0).abs() < 1e-4,
        "{length} {}",
        square.sqrt()
    );
}

#[test]
fn geodesics_have_constant_speed_and_no_rank_above_that_of_their_ends() {
    let (start, end) = (line(0.9), plane());
    let angle = number(&start.dist(&end));
    for t in [0.0, 0.2, 0.5, 0.9, 1.0] {
        let here = start.geodesic(&end, t).unwrap();
        assert!((number(&start.dist(&here)) - t * angle).abs() < 1e-7, "{t}");
        assert!(
            (number(&here.dist(&end)) - (1.0 - t) * angle).abs() < 1e-7,
            "{t}"
        );
        assert!(here.weights().double_value(&[2]) < 1e-15, "{t}");
        assert!(t == 0.0 || here.weights().double_value(&[1]) > 1e-3);
    }
    // The straight way between the matrices goes through full rank.
    let middle = (start.covariances() + end.covariances()) * 0.5;
    let middle = WeightedFlags::from_covariances(&middle).unwrap();
    assert!(middle.weights().double_value(&[2]) > 0.01);
    let orthogonal = line(0.0).geodesic(&plane(), 0.5);
    assert_eq!(expected_of(orthogonal), "an angle below π/2");
}

/// A helix and a disc, far apart.
fn cloud() -> Tensor {
    let t = Tensor::linspace(0.0, 6.0, 600, DOUBLE);
    let helix = Tensor::stack(&[t.cos(), t.sin(), &t * 0.5], 1);
    let side = Tensor::linspace(-1.0, 1.0, 30, DOUBLE);
    let grid = Tensor::meshgrid_indexing(&[&side, &side], "ij");
    let (x, y) = (grid[0].flatten(0, -1), grid[1].flatten(0, -1));
    let sheet = Tensor::stack(&[&x, &y, &(&x * 0.2 + 10.0)], 1);
    Tensor::cat(&[helix, sheet], 0)
}

#[test]
fn local_dimensions_of_curves_and_surfaces_are_found() {
    let found = flagfold(&cloud(), 0.3).unwrap();
    let dimensions = found.flags.dimensions();
    assert!(dimensions.narrow(0, 0, 600).eq(1).all().int64_value(&[]) == 1);
    assert!(dimensions.narrow(0, 600, 900).eq(2).all().int64_value(&[]) == 1);
    // The covariance of one point by hand.
    let index = 600 + 450;
    let offsets = &found.points - found.points.get(index);
    let near = offsets
        .square()
        .sum_dim_intlist(-1, false, Kind::Double)
        .le(0.09);
    let near = near.nonzero().squeeze_dim(1);
    assert_eq!(near.size()[0], found.neighbours.int64_value(&[index]));
    let around = found.points.index_select(0, &near);
    let centered = &around - around.mean_dim([0].as_slice(), true, Kind::Double);
    let s = centered.tr().matmul(&centered);
    let s = &s / s.trace();
    assert_near(&found.flags.covariances().get(index), &s, 1e-13);
}

#[test]
fn bad_input_is_named() {
    let refused = |rows: &[[f64; 3]; 3]| match WeightedFlags::from_covariances(
        &Tensor::from_slice2(rows).expand([2, 3, 3], false),
    ) {
        Err(Error::NotOnManifold {
            row: 0,
            defect,
            manifold,
            ..
        }) => (defect, manifold),
        other => panic!("{other:?}"),
    };
    let (defect, what) = refused(&[[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    assert!((defect - 0.5).abs() < 1e-15 && what.contains("asymmetry"));
    let (defect, what) = refused(&[[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, -1.0]]);
    assert!((defect - 0.5).abs() < 1e-15 && what.contains("negative"));
    assert!(refused(&[[0.0; 3]; 3]).0.is_nan());
    assert!(refused(&[[f64::NAN; 3]; 3]).0.is_nan());

    let points = cloud();
    assert_eq!(
        expected_of(flagfold(&points, 0.0)),
        "a finite radius above 0"
    );
    assert_eq!(
        expected_of(flagfold(&points.get(0), 1.0)),
        "points of shape [count, n]"
    );
    match flagfold(&points, 1e-6) {
        Err(Error::InvalidArgument { got, .. }) => assert_eq!(got, "1 around point 0"),
        other => panic!("{other:?}"),
    }
    let broken = points.copy();
    let _ = broken.get(7).fill_(f64::NAN);
    assert!(
        matches!(flagfold(&broken, 0.3), Err(Error::NotFinite { place, .. }) if place == "point 7")
    );
}
