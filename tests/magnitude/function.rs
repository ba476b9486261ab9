//! Functions of the scale.

use holonomy::magnitude::{
    MagnitudeFunction, Solver, WeightingConfig, magnitude, magnitude_dimension, magnitude_function,
    spread,
};
use holonomy::{Error, Euclidean};
use tch::Tensor;

use super::{assert_close, cloud, complete_bipartite};

fn function(distances: &Tensor, scales: &[f64]) -> MagnitudeFunction {
    magnitude_function(distances, scales, &WeightingConfig::default()).unwrap()
}

#[test]
fn every_scale_is_that_of_its_own() {
    let d = cloud(&Euclidean::new(3).unwrap(), 1, 40);
    let scales = [3.0, 1e-5, 0.4];
    let f = function(&d, &scales);
    let dimensions = f.dimensions();
    for (i, &t) in scales.iter().enumerate() {
        assert_eq!(f.magnitudes[i], magnitude(&d, t).unwrap());
        assert_eq!(dimensions[i], magnitude_dimension(&d, t).unwrap());
        assert!(f.residuals[i] < 1e-14 && f.conditions[i] >= 1.0);
    }
    assert_eq!(
        (f.ranks.clone(), f.negative_eigenvalues.clone()),
        (vec![40; 3], vec![0; 3])
    );
    assert_eq!(f.solvers, [Solver::Cholesky; 3]);
    let text = serde_json::to_string(&f).unwrap();
    assert_eq!(serde_json::from_str::<MagnitudeFunction>(&text).unwrap(), f);
    assert!(function(&d, &[]).magnitudes.is_empty());
}

/// Positive definite spaces grow from 1 to n, and their derivatives are the slopes.
#[test]
fn euclidean_magnitudes_grow_by_their_derivatives() {
    let d = cloud(&Euclidean::new(2).unwrap(), 2, 35);
    let scales: Vec<f64> = (-30..30)
        .map(|i| f64::from(i).exp2().sqrt().sqrt())
        .collect();
    let f = function(&d, &scales);
    for i in 1..scales.len() {
        assert!(f.magnitudes[i] > f.magnitudes[i - 1]);
    }
    for (&t, &derivative) in scales.iter().zip(&f.derivatives) {
        let h = 1e-3 * t;
        let at = |k: f64| magnitude(&d, t + k * h).unwrap();
        let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
        assert_close(derivative, slope, 1e-9 + 1e-12 / (t * derivative));
    }
}

#[test]
fn graphs_without_a_positive_definite_matrix_change_the_solver() {
    let f = function(&complete_bipartite(3, 2), &[0.1, 1.0]);
    assert_eq!(f.solvers, [Solver::Shifted, Solver::Cholesky]);
    assert_eq!(f.negative_eigenvalues, [1, 0]);
}

/// A sweep across a pole tells where it is.
#[test]
fn a_scale_without_a_weighting_is_named() {
    let pole = 0.5 * 2.0_f64.ln();
    let graph = complete_bipartite(3, 2);
    let error = magnitude_function(&graph, &[0.1, pole, 1.0], &WeightingConfig::default());
    let error = error.unwrap_err();
    assert!(
        error.to_string().contains("scale 3.46573590279972"),
        "{error}"
    );
    assert!(matches!(error, Error::NoWeighting { scale, .. } if scale == pole));
}

/// At most the magnitude where that is positive definite; from 1 to n.
#[test]
fn spread_is_a_number_of_points() {
    let d = cloud(&Euclidean::new(3).unwrap(), 3, 30);
    for t in [1e-3, 0.1, 1.0, 5.0] {
        let s = spread(&d, t).unwrap();
        assert!((1.0..=30.0).contains(&s));
        assert!(s <= magnitude(&d, t).unwrap());
        let rows = (&d * -t).exp().sum_dim_intlist(1, false, tch::Kind::Double);
        let sum: f64 = (0..30).map(|i| rows.double_value(&[i]).recip()).sum();
        assert_close(s, sum, 1e-15);
    }
    assert_close(spread(&d, 1e4).unwrap(), 30.0, 1e-15);
}
