//! What is refused, and what the limits are.

use holonomy::magnitude::{
    Weighting, WeightingConfig, magnitude, magnitude_dimension, magnitude_function, spread,
    weighting, weighting_of_points,
};
use holonomy::metric::differentiable_distances;
use holonomy::metric::pairwise_distances;
use holonomy::{Error, Euclidean, Lorentz, Sample};
use tch::{Kind, Tensor};

use super::{F64, apart, assert_close, cloud, random_points, seeded, weigh};

#[track_caller]
fn assert_refused(distances: &Tensor, t: f64, parts: &[&str]) {
    let errors = [
        weighting(distances, t, &WeightingConfig::default()).unwrap_err(),
        magnitude_function(distances, &[t], &WeightingConfig::default()).unwrap_err(),
    ];
    for error in errors {
        let message = error.to_string();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{message}");
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
    }
}

/// A good matrix with one entry of row 3 and column 1 replaced, and its mirror image too where asked.
fn with_entry(value: f64, mirrored: bool) -> Tensor {
    let d = cloud(&Euclidean::new(2).unwrap(), 8, 5);
    let _ = d.get(3).get(1).fill_(value);
    if mirrored {
        let _ = d.get(1).get(3).fill_(value);
    }
    d
}

#[test]
fn wrong_distances_are_named() {
    assert_refused(&with_entry(f64::NAN, true), 1.0, &["NaN at (1, 3)"]);
    assert_refused(&with_entry(-0.5, true), 1.0, &["≥ 0", "(3, 1)"]);
    assert_refused(
        &with_entry(0.25, false),
        1.0,
        &["symmetric", "0.25 at (3, 1)"],
    );
    assert_refused(&with_entry(f64::NAN, false), 1.0, &["symmetric", "(3, 1)"]);
    let d = with_entry(1.0, true);
    let _ = d.get(2).get(2).fill_(1e-3);
    assert_refused(&d, 1.0, &["diagonal", "(2, 2)"]);
    assert_refused(&Tensor::zeros([2, 3], F64), 1.0, &["[n, n]", "[2, 3]"]);
    assert_refused(&Tensor::zeros([4], F64), 1.0, &["[n, n]"]);
    let whole = Tensor::zeros([2, 2], (Kind::Int64, tch::Device::Cpu));
    assert_refused(&whole, 1.0, &["Int64"]);
}

#[test]
fn wrong_scales_are_refused() {
    let d = cloud(&Euclidean::new(2).unwrap(), 8, 5);
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_refused(&d, t, &["t > 0"]);
        assert!(spread(&d, t).is_err());
    }
}

#[test]
fn a_batch_of_spaces_is_refused() {
    let plane = Euclidean::new(2).unwrap();
    let points = Tensor::zeros([3, 4, 2], F64);
    let error = weighting_of_points(&plane, &points, 1.0, &WeightingConfig::default());
    let error = error.unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    assert!(error.to_string().contains("[3, 4, 2]"), "{error}");
}

#[test]
#[should_panic(expected = "differentiable_distances: expected points [n, point..]")]
fn differentiable_distances_of_a_batch_panic() {
    let _ = differentiable_distances(&Euclidean::new(2).unwrap(), &Tensor::zeros([3, 4, 2], F64));
}

#[test]
fn points_that_are_none_are_named() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let points = random_points(&space, 1, 6);
    let _ = points.get(4).get(1).fill_(f64::NAN);
    let error = weighting_of_points(&space, &points, 1.0, &WeightingConfig::default()).unwrap_err();
    assert!(
        matches!(error, Error::NotOnManifold { row: 4, .. }),
        "{error}"
    );
}

#[test]
fn no_points_and_one() {
    let none = Tensor::zeros([0, 0], F64);
    let w = weigh(&none, 1.0);
    assert_eq!((w.magnitude, w.rank, w.weights.size()), (0.0, 0, vec![0]));
    assert_eq!(spread(&none, 1.0).unwrap(), 0.0);
    assert!(magnitude_dimension(&none, 1.0).is_err());
    let config = WeightingConfig::default();
    let f = magnitude_function(&none, &[1.0, 2.0], &config).unwrap();
    assert_eq!(f.magnitudes, [0.0, 0.0]);
    let one = weigh(&Tensor::zeros([1, 1], F64), 1.0);
    assert_eq!((one.magnitude, one.rank, one.condition), (1.0, 1, 1.0));
    assert_eq!(spread(&Tensor::zeros([1, 1], F64), 1.0).unwrap(), 1.0);
}

/// Points at distance 0 count as one and share its weight; the result says how many differ.
#[test]
fn equal_points_share_their_weight() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 3, 30);
    let which = [0, 7, 0, 1, 2, 3, 7, 7, 9].map(i64::from);
    let repeated = points.index_select(0, &Tensor::from_slice(&which));
    let once = points.index_select(0, &Tensor::from_slice(&[0_i64, 7, 1, 2, 3, 9]));
    let config = WeightingConfig::default();
    let all = weighting_of_points(&space, &repeated, 0.7, &config).unwrap();
    let few = weighting_of_points(&space, &once, 0.7, &config).unwrap();
    assert_eq!((all.distinct, all.rank, few.distinct), (6, 6, 6));
    assert_eq!(all.magnitude, few.magnitude);
    let of_few = |i: i64| few.weights.double_value(&[i]);
    let shared = [
        of_few(0) / 2.0,
        of_few(1) / 3.0,
        of_few(0) / 2.0,
        of_few(2),
        of_few(3),
        of_few(4),
        of_few(1) / 3.0,
        of_few(1) / 3.0,
        of_few(5),
    ];
    assert!(apart(&all.weights, &Tensor::from_slice(&shared)) < 1e-16);
    // Zw = 1 holds for all points, and the derivative sees them too.
    let d = pairwise_distances(&space, &repeated);
    let image = (&d * -0.7).exp().mv(&all.weights);
    assert!(apart(&image, &image.ones_like()) < 1e-14);
    let slope = all.scale_derivative(&d).unwrap();
    let function = magnitude_function(&d, &[0.7], &config).unwrap();
    assert_close(slope, function.derivatives[0], 1e-14);
}

#[test]
fn distance_zero_must_be_an_equality() {
    let d = Tensor::from_slice(&[0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 2.0, 0.0]).view([3, 3]);
    assert_refused(&d, 1.0, &["0 at (0, 1)", "1 at (0, 2)", "2 at (1, 2)"]);
    let apart = Tensor::from_slice(&[
        0.0,
        0.0,
        f64::INFINITY,
        0.0,
        0.0,
        2.0,
        f64::INFINITY,
        2.0,
        0.0,
    ]);
    assert_refused(&apart.view([3, 3]), 1.0, &["inf at (0, 2)"]);
}

/// What is far from one point of others is so whatever else there is, and in whatever order they come.
#[test]
fn distance_zero_must_be_an_equality_at_every_distance() {
    let far = 1e8;
    let rows = [
        [0.0, 0.0, 0.1, far],
        [0.0, 0.0, 0.9, far],
        [0.1, 0.9, 0.0, far],
        [far, far, far, 0.0],
    ];
    let d = Tensor::from_slice2(&rows);
    assert_refused(&d, 1.0, &["0.1 at (0, 2)", "0.9 at (1, 2)"]);
    assert_refused(&d.flip([0, 1]), 1.0, &["0.9 at (2, 1)", "0.1 at (3, 1)"]);
    let narrow = d.clamp_max(1e3).to_kind(Kind::Float);
    assert_refused(&narrow, 1.0, &["(0, 2)", "(1, 2)"]);
    // A rounding of the largest distance is none of the points'.
    let _ = d.get(1).get(2).fill_(0.1 + 1e-10);
    let _ = d.get(2).get(1).fill_(0.1 + 1e-10);
    assert_eq!(weigh(&d, 1.0).distinct, 3);
}

/// Also where the distances differ by less than a rounding of the largest.
#[test]
fn distance_zero_must_be_transitive() {
    for small in [1e-9, 1e-16, 1e-300] {
        for order in [[0, 1, 2, 3], [0, 2, 1, 3], [3, 1, 0, 2]] {
            let rows = [
                [0.0, 0.0, small, 1.0],
                [0.0, 0.0, 0.0, 1.0],
                [small, 0.0, 0.0, 1.0],
                [1.0, 1.0, 1.0, 0.0],
            ];
            let order = Tensor::from_slice(&order.map(i64::from));
            let d = Tensor::from_slice2(&rows).index_select(0, &order);
            assert_refused(&d.index_select(1, &order), 1.0, &["distance 0"]);
        }
    }
}

#[test]
fn infinite_distances_are_allowed() {
    let (a, b) = (
        cloud(&Euclidean::new(2).unwrap(), 1, 6),
        cloud(&Euclidean::new(3).unwrap(), 2, 4),
    );
    let both = Tensor::full([10, 10], f64::INFINITY, F64);
    both.narrow(0, 0, 6).narrow(1, 0, 6).copy_(&a);
    both.narrow(0, 6, 4).narrow(1, 6, 4).copy_(&b);
    // So that the points of the components come in turns.
    let order = Tensor::from_slice(&[6_i64, 0, 7, 1, 8, 2, 9, 3, 4, 5]);
    let both = both.index_select(0, &order).index_select(1, &order);
    for t in [1e-300, 1e-16, 1e-10, 1e-4, 0.5, 3.0] {
        let (alone, found) = ([&a, &b].map(|d| weigh(d, t)), weigh(&both, t));
        let sum = alone[0].magnitude + alone[1].magnitude;
        assert_close(found.magnitude, sum, 1e-15);
        let weights = Tensor::cat(&[&alone[0].weights, &alone[1].weights], 0);
        assert_eq!(apart(&found.weights, &weights.index_select(0, &order)), 0.0);
        assert_eq!((found.rank, found.distinct), (10, 10));
        let largest = |of: fn(&Weighting) -> f64| of(&alone[0]).max(of(&alone[1]));
        assert_eq!(found.condition, largest(|w| w.condition));
        assert_eq!(found.residual, largest(|w| w.residual));
        let slope = alone[0].scale_derivative(&a).unwrap() + alone[1].scale_derivative(&b).unwrap();
        assert_close(found.scale_derivative(&both).unwrap(), slope, 1e-13);
        let f = magnitude_function(&both, &[t], &WeightingConfig::default()).unwrap();
        assert_close(f.derivatives[0], slope, 1e-13);
    }
    let alone = Tensor::full([3, 3], f64::INFINITY, F64).fill_diagonal_(0.0, false);
    assert_eq!(magnitude(&alone, 1e-9).unwrap(), 3.0);
}

/// Above 25 rows a product of matrices would measure these distances with half the digits.
#[test]
fn points_are_measured_pair_by_pair() {
    let space = Euclidean::new(2).unwrap();
    let far = space.random_point(&mut seeded(1), &[20], F64) * 1e-6 + 1.0;
    let points = Tensor::cat(&[&far, &(&far + Tensor::from_slice(&[1e-7, 0.0]))], 0);
    let t = 1e6;
    let config = WeightingConfig::default();
    let found = weighting_of_points(&space, &points, t, &config).unwrap();
    let difference = points.unsqueeze(0) - points.unsqueeze(1);
    let exact = difference
        .square()
        .sum_dim_intlist(-1, false, Kind::Double)
        .sqrt();
    let expected = magnitude(&exact, t).unwrap();
    assert_close(found.magnitude, expected, 1e-13);
    // The matrix product is that much worse: the test can tell.
    let squares = points.square().sum_dim_intlist(-1, true, Kind::Double);
    let product = &squares + squares.transpose(0, 1) - points.matmul(&points.transpose(0, 1)) * 2.0;
    let product = product.clamp_min(0.0).sqrt().fill_diagonal_(0.0, false);
    let product = (&product + product.transpose(0, 1)) / 2.0;
    let by_product = magnitude(&product, t);
    assert!(by_product.map_or(true, |m| ((m - expected) / expected).abs() > 1e-9));
}

#[test]
fn single_precision_distances_are_computed_with_in_double() {
    let d = cloud(&Euclidean::new(3).unwrap(), 6, 20).to_kind(Kind::Float);
    let [narrow, wide] = [weigh(&d, 0.01), weigh(&d.to_kind(Kind::Double), 0.01)];
    assert_eq!(narrow.weights.kind(), Kind::Double);
    assert_eq!(narrow.magnitude, wide.magnitude);
}

#[test]
fn an_asymmetry_is_found_wherever_it_is() {
    let n = 70;
    let distances = cloud(&holonomy::Euclidean::new(2).unwrap(), 3, n);
    for (x, y) in [
        (1, 0),
        (31, 32),
        (32, 31),
        (69, 0),
        (0, 69),
        (64, 63),
        (69, 68),
    ] {
        let bad = distances.copy();
        let _ = bad.get(x).get(y).fill_(9.0);
        let error = weighting(&bad, 1.0, &WeightingConfig::default()).unwrap_err();
        assert!(error.to_string().contains("a symmetric matrix"), "{error}");
    }
}
