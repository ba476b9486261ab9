//! The big-float cases of tests/golden/magnitude.py.

use holonomy::magnitude::{Solver, Weighting, WeightingConfig, weighting};
use serde::Deserialize;
use tch::Tensor;

use super::weigh;

#[derive(Deserialize)]
struct Case {
    name: String,
    t: f64,
    distances: Vec<Option<f64>>,
    weights: Vec<f64>,
    magnitude: f64,
    derivative: f64,
    condition: f64,
}

impl Case {
    fn matrix(&self) -> Tensor {
        let n = self.weights.len();
        let mut rows = vec![vec![0.0; n]; n];
        let pairs = (0..n).flat_map(|x| (0..x).map(move |y| (x, y)));
        for ((x, y), d) in pairs.zip(&self.distances) {
            rows[x][y] = d.unwrap_or(f64::INFINITY);
            rows[y][x] = rows[x][y];
        }
        Tensor::from_slice2(&rows)
    }

    /// Errors of magnitude and weights, relative to ‖w‖₁ and ‖w‖∞.
    fn errors(&self, found: &Weighting) -> [f64; 2] {
        let exact = Tensor::from_slice(&self.weights);
        let (sum, largest) = (
            exact.abs().sum(tch::Kind::Double).double_value(&[]),
            exact.abs().max().double_value(&[]),
        );
        [
            (found.magnitude - self.magnitude).abs() / sum,
            super::apart(&found.weights, &exact) / largest,
        ]
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../golden/magnitude.json")).unwrap()
}

/// Roundings that an error may have beside the condition.
const ROUNDINGS: f64 = 4.0 * f64::EPSILON;

#[test]
fn errors_are_bounded_by_the_reported_condition() {
    for case in cases() {
        let found = weigh(&case.matrix(), case.t);
        for error in case.errors(&found) {
            let bound = ROUNDINGS * found.condition.max(1.0);
            assert!(error <= bound, "{}: {error:e} {found:?}", case.name);
        }
    }
}

#[test]
fn twelve_digits_at_condition_1000() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.condition <= 1e3) {
        let found = weigh(&case.matrix(), case.t);
        let relative = ((found.magnitude - case.magnitude) / case.magnitude).abs();
        assert!(relative <= 1e-12, "{}: {relative:e}", case.name);
        checked += 1;
    }
    assert!(checked >= 8);
}

/// Where all points are alike, the kept differences save the digits that the condition of Z would cost.
#[test]
fn small_scales_keep_all_digits() {
    let mut checked = 0;
    for case in cases().iter().filter(|case| case.name.starts_with("gauss")) {
        let found = weigh(&case.matrix(), case.t);
        for error in case.errors(&found) {
            assert!(error <= 2e-15, "{}: {error:e} {found:?}", case.name);
        }
        checked += 1;
    }
    assert_eq!(checked, 9);
}

#[test]
fn derivatives_in_the_scale() {
    for case in cases() {
        let distances = case.matrix();
        let found = weigh(&distances, case.t);
        let derivative = found.scale_derivative(&distances).unwrap();
        let error = ((derivative - case.derivative) / case.derivative).abs();
        let bound = 40.0 * f64::EPSILON * found.condition.max(1.0);
        assert!(error <= bound, "{}: {error:e} {found:?}", case.name);
    }
}

#[test]
fn conditions_are_estimated_from_below_and_well() {
    for case in cases() {
        let found = weigh(&case.matrix(), case.t);
        if found.solver == Solver::Shifted || case.condition > 1e13 {
            continue;
        }
        let ratio = found.condition / case.condition;
        assert!((0.3..1.001).contains(&ratio), "{}: {ratio}", case.name);
    }
}

/// Residuals are those of rounded weights: what one rounding of each can leave.
#[test]
fn residuals_are_at_rounding() {
    for case in cases() {
        let found = weigh(&case.matrix(), case.t);
        let size = found.weights.abs().sum(tch::Kind::Double).double_value(&[]);
        let bound = f64::EPSILON * size;
        assert!(found.residual <= bound, "{}: {found:?}", case.name);
    }
}

#[test]
fn without_refinement_digits_are_lost() {
    let case = cases().into_iter().find(|case| case.name == "gauss t=1e-6");
    let case = case.unwrap();
    let config = WeightingConfig {
        solver: Some(Solver::Cholesky),
        max_refinements: 0,
    };
    let found = weighting(&case.matrix(), case.t, &config).unwrap();
    assert_eq!(found.refinements, 0);
    assert!(case.errors(&found)[1] > 1e-13);
}
