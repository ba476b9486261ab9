//! The start by nested half-spaces: trees come out perfect, everything else finite and in place.

use std::ops::ControlFlow;

use holonomy::Error;
use holonomy::embed::{
    Decay, Model, Start, TrainConfig, Trainer, nested_half_spaces, reconstruction,
};
use rand::RngExt;
use tch::Tensor;

use crate::embed::{numbers, seeded, tree_closure};

const HYPERBOLIC: [Model; 2] = [Model::Ball, Model::Lorentz];

fn place(model: Model, dim: usize, nodes: usize, pairs: &[(u32, u32)]) -> Tensor {
    let points = nested_half_spaces(model, dim, nodes, pairs, 1).unwrap();
    let manifold = model.manifold(dim).unwrap();
    assert_eq!(points.size(), [nodes as i64, model.width(dim) as i64]);
    manifold.check_point(&points).unwrap();
    points
}

fn assert_perfect(dims: &[usize], nodes: usize, pairs: &[(u32, u32)]) {
    for model in HYPERBOLIC {
        for &dim in dims {
            let points = place(model, dim, nodes, pairs);
            let score = reconstruction(model, &points, pairs).unwrap();
            assert_eq!((score.map, score.mean_rank), (1.0, 1.0), "{model} {dim}-d");
        }
    }
}

/// (child, parent): each node's parent is one of those before it.
fn random_tree(nodes: u32, seed: u64) -> Vec<(u32, u32)> {
    let mut rng = seeded(seed);
    (1..nodes)
        .map(|node| (node, rng.random_range(0..node)))
        .collect()
}

fn closure(nodes: usize, edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let names = (0..nodes).map(|node| node.to_string()).collect();
    let graph = holonomy::graph::Graph::new(names, edges.to_vec(), None).unwrap();
    graph.transitive_closure().edges().to_vec()
}

#[test]
fn balanced_trees_are_perfect() {
    assert_perfect(&[2, 3, 5, 10, 40], 127, &tree_closure(127, 2));
    assert_perfect(&[2, 5, 10], 156, &tree_closure(156, 5));
}

#[test]
fn random_trees_are_perfect() {
    for seed in 0..5 {
        let pairs = closure(300, &random_tree(300, seed));
        assert_perfect(&[5, 10], 300, &pairs);
    }
}

#[test]
fn stars_chains_and_forests_are_perfect() {
    let star: Vec<(u32, u32)> = (1..600).map(|node| (node, 0)).collect();
    assert_perfect(&[2, 3, 5, 10], 600, &star);
    let chain: Vec<(u32, u32)> = (1..12).map(|node| (node, node - 1)).collect();
    assert_perfect(&[2, 3, 10], 12, &closure(12, &chain));
    let two_roots: Vec<(u32, u32)> = (2..40).map(|node| (node, node % 2)).collect();
    assert_perfect(&[2, 3, 10], 40, &two_roots);
}

#[test]
fn direct_pairs_give_the_same_points_as_the_closure() {
    let edges = random_tree(60, 9);
    let points = |pairs: &[(u32, u32)]| numbers(&place(Model::Ball, 4, 60, pairs));
    assert_eq!(points(&edges), points(&closure(60, &edges)));
}

#[test]
fn a_hundred_generations_stay_in_the_space() {
    let chain: Vec<(u32, u32)> = (1..100).map(|node| (node, node - 1)).collect();
    for model in HYPERBOLIC {
        for dim in [2, 3, 10] {
            let points = place(model, dim, 100, &chain);
            let manifold = model.manifold(dim).unwrap();
            let origin = manifold.project(&points.zeros_like());
            let farthest = manifold.dist(&origin, &points).max().double_value(&[]);
            assert!(
                (farthest - 31.0).abs() < 0.01,
                "{model} {dim}-d: {farthest}"
            );
        }
    }
}

/// 60 diamonds: a node with two parents in different branches.
fn diamonds() -> (usize, Vec<(u32, u32)>) {
    let mut edges: Vec<(u32, u32)> = (1..=20).map(|branch| (branch, 0)).collect();
    for node in 21..=220_u32 {
        edges.push((node, 1 + node % 20));
    }
    for node in 221..=280_u32 {
        edges.push((node, 21 + node % 200));
        edges.push((node, 21 + (7 * node) % 200));
    }
    (281, closure(281, &edges))
}

#[test]
fn several_parents_cost_little_and_training_mends_it() {
    let (nodes, pairs) = diamonds();
    let config = TrainConfig {
        model: Model::Lorentz,
        dim: 10,
        start: Start::HalfSpaces,
        epochs: 30,
        learning_rate: 1.5,
        schedule: Decay::Linear { last: 0.02 },
        burn_in_epochs: 0,
        threads: 1,
        ..TrainConfig::default()
    };
    let trainer = Trainer::new(config, nodes, &pairs).unwrap();
    let before = reconstruction(Model::Lorentz, trainer.start(), &pairs).unwrap();
    let embedding = trainer.run(|_| ControlFlow::Continue(())).unwrap();
    let after = reconstruction(Model::Lorentz, &embedding.points, &pairs).unwrap();
    assert!(before.map > 0.85 && before.mean_rank < 10.0, "{before:?}");
    assert!(
        after.mean_rank < 0.5 * before.mean_rank,
        "{before:?} {after:?}"
    );
}

/// Threads that share rows may mix coordinates of points far out; none may leave the space, with as
/// many threads as one likes. (`Trainer::run` refuses numbers that are not finite.)
#[test]
fn training_stays_finite_with_one_to_sixteen_threads() {
    let (nodes, pairs) = diamonds();
    for model in HYPERBOLIC {
        for threads in 1..=16 {
            let config = TrainConfig {
                model,
                dim: 5,
                start: Start::HalfSpaces,
                epochs: 20,
                learning_rate: 3.0,
                burn_in_epochs: 0,
                threads,
                ..TrainConfig::default()
            };
            let trainer = Trainer::new(config, nodes, &pairs).unwrap();
            let embedding = trainer.run(|_| ControlFlow::Continue(())).unwrap();
            let manifold = model.manifold(5).unwrap();
            manifold.check_point(&embedding.points).unwrap();
            assert!(embedding.history.iter().all(|epoch| epoch.loss.is_finite()));
        }
    }
}

#[test]
fn a_seed_decides_the_points() {
    let pairs = tree_closure(60, 3);
    let points = |seed| numbers(&nested_half_spaces(Model::Ball, 5, 60, &pairs, seed).unwrap());
    assert_eq!(points(3), points(3));
    assert_ne!(points(3), points(4));
}

#[test]
fn what_has_no_place_is_refused() {
    let message =
        |model, dim, pairs: &[(u32, u32)]| match nested_half_spaces(model, dim, 4, pairs, 0)
            .unwrap_err()
        {
            Error::InvalidArgument { expected, .. } => expected,
            other => panic!("{other}"),
        };
    let tree = [(1, 0), (2, 0)];
    assert!(message(Model::Euclidean, 3, &tree).contains("hyperbolic"));
    assert!(message(Model::Ball, 1, &tree).contains("two dimensions"));
    assert!(message(Model::Ball, 3, &[(0, 1), (1, 2), (2, 0)]).contains("without cycles"));
    assert!(message(Model::Ball, 3, &[(0, 9)]).contains("below 4"));
    let config = TrainConfig {
        model: Model::Euclidean,
        start: Start::HalfSpaces,
        ..TrainConfig::default()
    };
    assert!(config.validate().is_err());
}
