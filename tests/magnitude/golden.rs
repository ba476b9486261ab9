//! The big-float cases of tests/golden/magnitude.py.

use holonomy::magnitude::{Solver, Weighting, WeightingConfig, weighting};
use serde::Deserialize;
use tch::Tensor;

use super::{weigh, with_solver};

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
    let mut checked = 0;
    for case in cases() {
        let found = weigh(&case.matrix(), case.t);
        if found.solver == Solver::Shifted || case.condition > 1e13 {
            continue;
        }
        checked += 1;
        let ratio = found.condition / case.condition;
        assert!((0.3..1.001).contains(&ratio), "{}: {ratio}", case.name);
    }
    assert!(checked >= 15, "{checked}");
}

/// Of the shifted form it is of E, with what is cancelled: ‖E‖₁‖E⁻¹‖₁ (1 + Σ|E⁻¹1|)/|1 + 1ᵀE⁻¹1|.
#[test]
fn conditions_of_the_shifted_form() {
    let mut checked = 0;
    for case in cases() {
        let distances = case.matrix();
        if case.t * distances.max().double_value(&[]) > 0.5 {
            continue;
        }
        let Ok(found) = weighting(&distances, case.t, &with_solver(Solver::Shifted)) else {
            continue;
        };
        let e = (&distances * -case.t).expm1();
        let scale = e.abs().max().double_value(&[]);
        let e = e / scale;
        let inverse = e.inverse();
        let norm = |a: &Tensor| a.abs().sum_dim_intlist(0, false, tch::Kind::Double).max();
        let of_ones = inverse.sum_dim_intlist(1, false, tch::Kind::Double) / scale;
        let parts = 1.0 + of_ones.abs().sum(tch::Kind::Double).double_value(&[]);
        let whole = 1.0 + of_ones.sum(tch::Kind::Double).double_value(&[]);
        let exact = (norm(&e) * norm(&inverse)).double_value(&[]) * parts / whole.abs();
        checked += 1;
        let ratio = found.condition / exact;
        assert!((0.3..1.01).contains(&ratio), "{}: {ratio}", case.name);
    }
    assert!(checked >= 9, "{checked}");
}

/// The table of the module's documentation: errors of magnitude and weights, and of weights by Cholesky's
/// factors without refinement, where they exist.
const TABLE: [(&str, f64, f64, Option<f64>); 13] = [
    ("gauss t=1", 1e-16, 8e-17, Some(5e-16)),
    ("gauss t=1e-3", 1e-16, 7e-16, Some(3e-13)),
    ("gauss t=1e-10", 1e-16, 1e-15, Some(2e-6)),
    ("gauss t=1e-16", 1e-16, 6e-16, None),
    ("hyperbolic t=1e-4", 1e-16, 2e-15, Some(1e-12)),
    ("sphere t=1e-1", 1e-16, 3e-16, Some(5e-15)),
    ("bipartite t=1e-6", 1e-16, 4e-16, None),
    ("bipartite t=0.3465735902799", 2e-3, 2e-3, None),
    ("pairs 1e-3", 1e-16, 2e-14, Some(1e-13)),
    ("pairs 1e-9", 1e-16, 3e-8, Some(8e-8)),
    ("box t=1e-2", 1e-16, 3e-12, Some(3e-11)),
    ("box t=1e-3", 1e-16, 5e-10, Some(4e-8)),
    ("box t=1e-4", 1e-16, 2e-8, Some(8e-6)),
];

#[test]
fn the_table_of_the_documentation() {
    for (name, of_magnitude, of_weights, by_cholesky) in TABLE {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let found = weigh(&case.matrix(), case.t);
        let plain = WeightingConfig {
            solver: Some(Solver::Cholesky),
            max_refinements: 0,
        };
        let plain = weighting(&case.matrix(), case.t, &plain);
        let plain = plain.ok().map(|plain| case.errors(&plain)[1]);
        let [magnitude, weights] = case.errors(&found);
        let (condition, reported) = (case.condition, found.condition);
        println!("{name}: {condition:.0e} {reported:.0e} {magnitude:.0e} {weights:.0e} {plain:?}");
        assert!(magnitude <= 3.0 * of_magnitude, "{name}: {magnitude:e}");
        assert!(weights <= 1e9 * of_weights, "{name}: {weights:e}");
        assert_eq!(plain.is_some(), by_cholesky.is_some(), "{name}");
        if let (Some(plain), Some(by_cholesky)) = (plain, by_cholesky) {
            let ratio = plain / by_cholesky;
            assert!((0.1..10.0).contains(&ratio), "{name}: {plain:e}");
        }
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
