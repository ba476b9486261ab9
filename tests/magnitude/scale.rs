//! Scales that are found by the magnitude there.

use holonomy::Euclidean;
use holonomy::magnitude::{Scale, WeightingConfig, magnitude, scale_of_magnitude};
use tch::Tensor;

use super::{F64, assert_close, cloud, complete_bipartite, copies};

fn found(distances: &Tensor, size: f64) -> f64 {
    scale_of_magnitude(distances, size, &WeightingConfig::default()).unwrap()
}

#[test]
fn the_magnitude_at_the_scale_is_the_one_that_was_asked() {
    let points = cloud(&Euclidean::new(4).unwrap(), 5, 50);
    for size in [1.0 + 1e-6, 1.5, 10.0, 49.0, 50.0 - 1e-6] {
        let t = found(&points, size);
        assert_close(magnitude(&points, t).unwrap(), size, 1e-12);
    }
}

#[test]
fn it_is_the_same_in_any_unit() {
    let points = cloud(&Euclidean::new(4).unwrap(), 6, 20);
    let t = found(&points, 7.0);
    for unit in [1e-200, 1e-3, 1e6, 1e200] {
        assert_close(found(&(&points * unit), 7.0) * unit, t, 1e-11);
    }
}

#[test]
fn closed_forms_are_inverted() {
    // n points at distance 1: n/(1 + (n − 1)e^−t).
    let n = 6;
    let uniform = Tensor::ones([n, n], F64) - Tensor::eye(n, F64);
    let exact = (5.0_f64 / (6.0 / 2.5 - 1.0)).ln();
    assert_close(found(&uniform, 2.5), exact, 1e-13);
    // Two copies at infinite distance have twice as much.
    assert_close(found(&copies(&uniform, 2), 5.0), exact, 1e-13);
    // A space whose magnitude is not monotone has some scale of it.
    let graph = complete_bipartite(3, 2);
    assert_close(magnitude(&graph, found(&graph, 3.0)).unwrap(), 3.0, 1e-9);
}

#[test]
fn shares_are_of_the_points_that_differ() {
    let pair = Tensor::from_slice(&[0.0, 3.0, 3.0, 0.0]).view([2, 2]);
    let twice = pair.repeat([2, 2]);
    let config = WeightingConfig::default();
    for distances in [&pair, &twice] {
        let t = Scale::Share(0.5).of(distances, &config).unwrap();
        assert_close(t, 2.0 * 0.5_f64.atanh() / 3.0, 1e-13);
    }
    assert_eq!(Scale::Fixed(2.0).of(&pair, &config).unwrap(), 2.0);
    // Ten points go from 1 to 10, two copies of them from 2 to 20.
    let cloud = cloud(&Euclidean::new(2).unwrap(), 8, 10);
    for (copies, size) in [(1, 1.9), (2, 3.8)] {
        let distances = super::copies(&cloud, copies);
        let t = Scale::Share(0.1).of(&distances, &config).unwrap();
        assert_close(magnitude(&distances, t).unwrap(), size, 1e-12);
    }
    let single = Tensor::zeros([3, 3], F64);
    assert_eq!(Scale::Share(0.5).of(&single, &config).unwrap(), 1.0);
}

#[test]
fn a_pole_is_not_passed_for_a_scale() {
    // The magnitude of K₃,₂ jumps from −∞ to ∞ at t = ln 2/2, and has no value from 1.2 to 1.75.
    let graph = complete_bipartite(3, 2);
    let config = WeightingConfig::default();
    let message = (scale_of_magnitude(&graph, 1.5, &config).unwrap_err()).to_string();
    assert!(message.contains("the magnitude is 1.5"), "{message}");
}

#[test]
fn what_no_scale_has_is_refused() {
    let pair = Tensor::from_slice(&[0.0, 3.0, 3.0, 0.0]).view([2, 2]);
    let config = WeightingConfig::default();
    for size in [-1.0, 0.5, 1.0, 2.0, 2.5, f64::NAN, f64::INFINITY] {
        let message = scale_of_magnitude(&pair, size, &config)
            .unwrap_err()
            .to_string();
        assert!(message.contains("a magnitude above"), "{size}: {message}");
    }
    for share in [0.0, 1.0, f64::NAN] {
        assert!(Scale::Share(share).of(&pair, &config).is_err(), "{share}");
    }
    for t in [0.0, -1.0, f64::INFINITY] {
        assert!(Scale::Fixed(t).of(&pair, &config).is_err(), "{t}");
    }
}
