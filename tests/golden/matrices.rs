//! Frames and rotations against references of 60 digits.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{Geodesic, SpecialOrthogonal, Stiefel, StiefelMetric};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Case {
    space: String,
    op: String,
    label: String,
    single: bool,
    size: [i64; 2],
    p: Vec<f64>,
    #[serde(default)]
    v: Vec<f64>,
    #[serde(default)]
    q: Vec<f64>,
    expected: Vec<f64>,
}

impl Case {
    /// The greatest error of a coordinate: of a logarithm as a part of its length, of a point as it
    /// is. In ε of the kind.
    fn error(&self) -> f64 {
        let kind = if self.single {
            Kind::Float
        } else {
            Kind::Double
        };
        let matrix = |numbers: &[f64]| Tensor::from_slice(numbers).view(self.size);
        let expected = matrix(&self.expected);
        let p = matrix(&self.p).to_kind(kind);
        let given = if self.op == "exp" { &self.v } else { &self.q };
        let got = self.apply(&p, &matrix(given).to_kind(kind));
        let error = (got.to_kind(Kind::Double) - &expected).abs().max();
        let scale = if self.op == "exp" {
            Tensor::from(1.0)
        } else {
            expected.norm()
        };
        let epsilon = if self.single {
            f64::from(f32::EPSILON)
        } else {
            f64::EPSILON
        };
        (error / scale).double_value(&[]) / epsilon
    }

    fn apply(&self, p: &Tensor, other: &Tensor) -> Tensor {
        let [n, k] = self.size;
        let stiefel = |metric| {
            let m = Stiefel::new(n, k, metric).unwrap();
            if self.op == "exp" {
                m.exp(p, other)
            } else {
                m.log(p, other).unwrap()
            }
        };
        match self.space.as_str() {
            "euclidean" => stiefel(StiefelMetric::Euclidean),
            "canonical" => stiefel(StiefelMetric::Canonical),
            _ => {
                let m = SpecialOrthogonal::new(n).unwrap();
                if self.op == "exp" {
                    m.exp(p, other)
                } else {
                    m.log(p, other)
                }
            }
        }
    }

    fn name(&self) -> String {
        let Self {
            space,
            op,
            label,
            size,
            single,
            ..
        } = self;
        format!("{space} {op} {size:?} at {label}, single: {single}")
    }
}

fn cases() -> Vec<Case> {
    let all: Vec<Case> = serde_json::from_str(include_str!("matrices.json")).unwrap();
    all.into_iter()
        .filter(|case| case.space != "exponential")
        .collect()
}

/// Rounding of the inputs is in the references; what is left is the crate's own.
fn bar(case: &Case) -> f64 {
    match (case.op.as_str(), case.label.as_str()) {
        // A way of 12 is many turns, and each has its rounding.
        ("exp", "12") => 48.0,
        ("exp", _) => 8.0,
        // Two planes that both turn far are uncertain in themselves.
        (_, "large") => 64.0,
        _ => 32.0,
    }
}

#[test]
fn frames_and_rotations_meet_the_bars() {
    let mut missed = Vec::new();
    let mut worst = std::collections::BTreeMap::<String, f64>::new();
    for case in cases() {
        let error = case.error();
        let group = format!("{} {} single: {}", case.space, case.op, case.single);
        let entry = worst.entry(group).or_default();
        *entry = entry.max(error);
        if error.is_nan() || error > bar(&case) {
            missed.push(format!("{}: {error:.1} ε", case.name()));
        }
    }
    println!("{worst:#.1?}");
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The formulas that carry gradients, and other devices.
#[test]
fn formulas_meet_wider_bars() {
    let missed: Vec<String> = with_tensor_formulas(|| {
        let near_half_turn = |case: &Case| case.label.starts_with("pi");
        let judged = cases()
            .into_iter()
            .filter(|case| !near_half_turn(case) || case.op == "exp");
        let bad = |case: &Case| {
            let tiny = case.op == "log" && matches!(case.label.as_str(), "1e-9" | "tiny");
            let bar = if tiny { 1e9 } else { 64.0 * bar(case) };
            let error = case.error();
            error.is_nan() || error > bar
        };
        judged
            .filter(bad)
            .map(|case| format!("{}: {:.1} ε", case.name(), case.error()))
            .collect()
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
