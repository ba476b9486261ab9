//! Fermi–Dirac edges, the networks trained with them, and graded entailment.

use std::ops::ControlFlow;

use holonomy::Error;
use holonomy::embed::{
    FermiDirac, Model, NetworkConfig, NetworkEmbedding, NetworkTrainer, is_a_scores, reconstruction,
};
use holonomy::graph::both_ways;
use tch::{Kind, Tensor};

use super::{MODELS, numbers, random_points, seeded};

/// A ring of cliques of four, each joined to the next by an edge.
fn cliques(count: u32) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    for clique in 0..count {
        let at = |k: u32| 4 * clique + k;
        for a in 0..4 {
            edges.extend((a + 1..4).map(|b| (at(a), at(b))));
        }
        edges.push((at(3), (4 * (clique + 1)) % (4 * count)));
    }
    edges
}

fn train(config: NetworkConfig, edges: &[(u32, u32)]) -> NetworkEmbedding {
    let nodes = edges.iter().map(|&(u, v)| u.max(v)).max().unwrap() + 1;
    NetworkTrainer::new(config, nodes as usize, edges)
        .unwrap()
        .run(|_| ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn probabilities_keep_their_digits_in_both_tails() {
    // scipy.special.log_expit of (r − d)/t.
    let edges = FermiDirac {
        radius: 1.5,
        temperature: 0.5,
    };
    let expected = [
        (-800.0, -800.0),
        (-40.0, -40.0),
        (-1.0, -1.313_261_687_518_222_8),
        (0.0, -std::f64::consts::LN_2),
        (1.5, -0.201_413_277_982_752_4),
        (40.0, -4.248_354_255_291_589e-18),
        (700.0, -9.859_676_543_759_77e-305),
    ];
    let dist: Vec<f64> = expected.iter().map(|(x, _)| 1.5 - 0.5 * x).collect();
    let mirrored: Vec<f64> = expected.iter().map(|(x, _)| 1.5 + 0.5 * x).collect();
    for (dist, is_edge) in [(dist, true), (mirrored, false)] {
        let dist = Tensor::from_slice(&dist).set_requires_grad(true);
        let seen = Tensor::from_slice(&vec![is_edge; expected.len()]);
        let log_likelihood = edges.log_likelihood(&dist, &seen);
        log_likelihood.sum(Kind::Double).backward();
        let gradients = numbers(&dist.grad());
        for ((got, gradient), (x, log)) in numbers(&log_likelihood)
            .into_iter()
            .zip(gradients)
            .zip(expected)
        {
            assert!((got - log).abs() <= 4e-16 * log.abs(), "{x}: {got}");
            // ∂/∂x log σ(x) = σ(−x), and x falls with d for an edge, at 1/t.
            let other = 1.0 / (1.0 + x.exp());
            let slope = if is_edge { -other } else { other } / 0.5;
            assert!((gradient - slope).abs() <= 1e-15 * slope.abs(), "{x}");
        }
    }
    let dist = Tensor::from_slice(&[0.0, 1.0, 700.0]);
    let ones = Tensor::from_slice(&[true, true, true]);
    let p = numbers(&edges.probability(&dist));
    let logs = numbers(&edges.log_likelihood(&dist, &ones));
    for (p, log) in p.iter().zip(logs) {
        assert!((p - log.exp()).abs() <= 4e-13 * p, "{p}");
    }
}

#[test]
fn the_gradient_in_the_points_is_that_of_the_loss() {
    let edges = FermiDirac {
        radius: 2.0,
        temperature: 0.7,
    };
    for model in MODELS {
        let manifold = model.manifold(3).unwrap();
        let points = random_points(model, 8, 3, 1.0, &mut seeded(3));
        let (p, q) = (points.narrow(0, 0, 4), points.narrow(0, 4, 4));
        let seen = Tensor::from_slice(&[true, false, true, false]);
        let loss = |p: &Tensor| {
            edges
                .log_likelihood(&manifold.dist(p, &q), &seen)
                .sum(Kind::Double)
        };
        let leaf = p.copy().set_requires_grad(true);
        loss(&leaf).backward();
        let ones = manifold.project_tangent(&p, &Tensor::ones_like(&p));
        let direction = &ones / manifold.norm(&p, &ones).unsqueeze(-1);
        let gradient = manifold.rgrad(&p, &leaf.grad());
        let slope = manifold.inner(&p, &gradient, &direction).sum(Kind::Double);
        let step = 1e-5;
        let along = |t: f64| loss(&manifold.exp(&p, &(&direction * t))).double_value(&[]);
        let difference = (along(step) - along(-step)) / (2.0 * step);
        assert!((slope.double_value(&[]) - difference).abs() < 1e-8 * difference.abs().max(1.0));
    }
}

#[test]
fn every_model_learns_a_network() {
    let edges = cliques(6);
    for model in MODELS {
        let config = NetworkConfig {
            model,
            dim: 3,
            epochs: 150,
            ..NetworkConfig::default()
        };
        let trained = train(config, &edges).embedding;
        assert_eq!(trained.points.size(), [24, model.width(3) as i64]);
        model
            .manifold(3)
            .unwrap()
            .check_point(&trained.points)
            .unwrap();
        let score = reconstruction(model, &trained.points, &both_ways(&edges)).unwrap();
        assert!(score.map > 0.9, "{model}: {score:?}");
        let losses: Vec<f64> = trained.history.iter().map(|epoch| epoch.loss).collect();
        assert!(losses[149] < 0.5 * losses[0], "{model}: {losses:?}");
        let rates: Vec<f64> = trained.history.iter().map(|e| e.learning_rate).collect();
        assert_eq!(rates[0], 0.3);
        assert!((rates[149] - 0.03).abs() < 5e-3, "{}", rates[149]);
    }
}

#[test]
fn the_radius_is_learned_only_where_asked() {
    let edges = cliques(6);
    let fixed = NetworkConfig {
        dim: 2,
        epochs: 60,
        ..NetworkConfig::default()
    };
    let learned = NetworkConfig {
        learn_radius: true,
        ..fixed.clone()
    };
    let start = fixed.edges;
    assert_eq!(train(fixed, &edges).edges, start);
    let end = train(learned, &edges).edges;
    assert!((end.radius - start.radius).abs() > 0.05, "{end:?}");
    assert_eq!(end.temperature, start.temperature);
}

#[test]
fn a_seed_decides_everything() {
    let edges = cliques(5);
    let points = |seed| {
        let config = NetworkConfig {
            epochs: 5,
            batch: 16,
            seed,
            ..NetworkConfig::default()
        };
        numbers(&train(config, &edges).embedding.points)
    };
    assert_eq!(points(1), points(1));
    assert_ne!(points(1), points(2));
}

#[test]
fn a_callback_can_end_the_training() {
    let trainer = NetworkTrainer::new(NetworkConfig::default(), 20, &cliques(5)).unwrap();
    let stop_at = |epoch| move |done: usize| done == epoch;
    let stop = stop_at(3);
    let trained = trainer
        .run(|progress| {
            if stop(progress.record.epoch) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap()
        .embedding;
    assert_eq!(trained.history.len(), 3);
    assert!(trained.stopped_early);
}

#[test]
fn unusable_networks_are_refused() {
    let usual = NetworkConfig::default();
    let refused = |config: NetworkConfig, edges: &[(u32, u32)]| {
        let trainer = NetworkTrainer::new(config, 3, edges);
        assert!(matches!(trainer.err(), Some(Error::InvalidArgument { .. })));
    };
    for edges in [
        &[][..],
        &[(0, 3)],
        &[(1, 1)],
        &[(0, 1), (0, 1)],
        &[(0, 1), (1, 0)],
    ] {
        refused(usual.clone(), edges);
    }
    let with = |change: fn(&mut NetworkConfig)| {
        let mut config = usual.clone();
        change(&mut config);
        refused(config, &[(0, 1)]);
    };
    with(|config| config.dim = 0);
    with(|config| config.epochs = 0);
    with(|config| config.negatives = 0);
    with(|config| config.batch = 0);
    with(|config| config.learning_rate = f64::NAN);
    with(|config| config.init_scale = 0.0);
    with(|config| config.edges.temperature = 0.0);
    with(|config| config.edges.radius = f64::INFINITY);
}

#[test]
fn entailment_scores_follow_the_formula_in_all_models() {
    let pairs = [(0, 1), (1, 0), (2, 5), (3, 4)];
    for model in MODELS {
        let points = random_points(model, 6, 3, 1.0, &mut seeded(9));
        let manifold = model.manifold(3).unwrap();
        let scores = is_a_scores(model, &points, &pairs, 1000.0).unwrap();
        for (&(u, v), score) in pairs.iter().zip(scores) {
            let at = |node: u32| points.get(i64::from(node));
            let norm = |node: u32| {
                let row = numbers(&at(node));
                let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
                match model {
                    Model::Lorentz => length(&row[1..]) / (1.0 + row[0]),
                    _ => length(&row),
                }
            };
            let dist = manifold.dist(&at(u), &at(v)).double_value(&[]);
            let expected = -(1.0 + 1000.0 * (norm(v) - norm(u))) * dist;
            assert!(
                (score - expected).abs() < 1e-10 * expected.abs().max(1.0),
                "{model}: {score} {expected}"
            );
        }
    }
}

#[test]
fn entailment_scores_tell_points_near_the_rim_apart() {
    // At hyperbolic radii 38 and 39 on the hyperboloid, where norms in the ball are 1 ± 1e-17.
    let radii = [38.0_f64, 39.0];
    let rows: Vec<f64> = radii.iter().flat_map(|r| [r.cosh(), r.sinh()]).collect();
    let points = Tensor::from_slice(&rows).view([2, 2]);
    // 1 − tanh(r/2) = 2/(e^r + 1).
    let from_rim = radii.map(|r| 2.0 / (r.exp() + 1.0));
    let alpha = 1e20;
    let scores = is_a_scores(Model::Lorentz, &points, &[(1, 0)], alpha).unwrap();
    let expected = -(1.0 + alpha * (from_rim[1] - from_rim[0]));
    assert!(
        (scores[0] - expected).abs() < 1e-9 * expected.abs(),
        "{} {expected}",
        scores[0]
    );
    assert!(is_a_scores(Model::Lorentz, &points, &[(1, 0)], f64::NAN).is_err());
    assert!(is_a_scores(Model::Lorentz, &points, &[], 1.0).is_err());
}
