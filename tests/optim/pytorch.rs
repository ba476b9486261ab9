//! On a table of ℝ factors the optimisers are PyTorch's own: trajectories of `torch.optim` from
//! `tests/golden/euclidean_optimizers.py`.

use std::collections::BTreeMap;

use holonomy::optim::{AdagradConfig, AdamConfig, Optimizer, Schedule, SgdConfig, UpdateRule};
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::{dense_step, floats, table};

#[derive(Deserialize)]
struct Golden {
    start: Vec<Vec<f64>>,
    gradients: Vec<Vec<Vec<f64>>>,
    cases: BTreeMap<String, BTreeMap<String, BTreeMap<usize, Vec<f64>>>>,
    schedules: BTreeMap<String, Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/euclidean_optimizers.json")).unwrap()
}

fn matrix(rows: &[Vec<f64>], kind: Kind) -> Tensor {
    Tensor::from_slice(&rows.concat())
        .view([rows.len() as i64, -1])
        .to_kind(kind)
}

/// The worst difference to PyTorch's trajectory, in units of the rounding of each coordinate.
fn worst_ulps<R: UpdateRule>(config: &R, case: &str, kind: Kind) -> f64 {
    let golden = golden();
    let (name, eps) = match kind {
        Kind::Double => ("f64", f64::EPSILON),
        _ => ("f32", f64::from(f32::EPSILON)),
    };
    let parameter = table(&matrix(&golden.start, kind));
    let point = parameter.tensor().shallow_clone();
    let mut optimizer = Optimizer::new(vec![parameter], config.clone()).unwrap();
    let kept = &golden.cases[case][name];
    let mut worst: f64 = 0.0;
    for (index, gradient) in golden.gradients.iter().enumerate() {
        let count = index + 1;
        let scale = if count % 5 == 0 { 3.0 } else { 1.0 };
        dense_step(&mut optimizer, &(matrix(gradient, kind) * scale));
        if let Some(expected) = kept.get(&count) {
            for (got, expected) in floats(&point).iter().zip(expected) {
                worst = worst.max((got - expected).abs() / (expected.abs().max(1.0) * eps));
            }
        }
    }
    assert!(kept.len() >= 4, "the golden file lacks steps");
    worst
}

/// torch fuses some products and sums that we round one by one: half a unit for each of 25 steps.
fn follows<R: UpdateRule>(config: &R, case: &str) {
    for kind in [Kind::Double, Kind::Float] {
        let worst = worst_ulps(config, case, kind);
        assert!(worst <= 12.5, "{case} {kind:?}: {worst} eps");
    }
}

#[test]
fn adam_follows_torch() {
    let adam = AdamConfig::new(0.05);
    follows(&adam, "adam");
    follows(
        &AdamConfig {
            weight_decay: 0.1,
            ..adam
        },
        "adam_weight_decay",
    );
    follows(
        &AdamConfig {
            learning_rate: 0.2,
            beta1: 0.5,
            beta2: 0.75,
            eps: 0.1,
            ..AdamConfig::default()
        },
        "adam_large_eps",
    );
}

#[test]
fn amsgrad_follows_torch() {
    follows(
        &AdamConfig {
            beta2: 0.6,
            amsgrad: true,
            ..AdamConfig::new(0.05)
        },
        "amsgrad",
    );
}

#[test]
fn sgd_follows_torch() {
    follows(&SgdConfig::new(0.1), "sgd");
    follows(
        &SgdConfig {
            momentum: 0.9,
            dampening: 0.25,
            weight_decay: 0.05,
            ..SgdConfig::new(0.1)
        },
        "sgd_momentum",
    );
    follows(
        &SgdConfig {
            momentum: 0.8,
            nesterov: true,
            ..SgdConfig::new(0.1)
        },
        "sgd_nesterov",
    );
}

#[test]
fn adagrad_follows_torch() {
    follows(&AdagradConfig::new(0.3), "adagrad");
    follows(
        &AdagradConfig {
            learning_rate_decay: 0.1,
            initial_sum: 0.5,
            weight_decay: 0.02,
            ..AdagradConfig::new(0.3)
        },
        "adagrad_decay",
    );
}

#[test]
fn schedules_follow_torch() {
    for (name, schedule) in [
        ("step", Schedule::step(4, 0.5)),
        ("exponential", Schedule::exponential(0.9)),
        ("cosine", Schedule::cosine(12, 0.1)),
        ("linear", Schedule::linear(8, 0.2)),
    ] {
        let schedule = schedule.unwrap();
        for (step, expected) in golden().schedules[name].iter().enumerate() {
            let got = schedule.factor(step as u64);
            assert!(
                (got - expected).abs() < 1e-14,
                "{name} at {step}: {got}, {expected}"
            );
        }
    }
}
