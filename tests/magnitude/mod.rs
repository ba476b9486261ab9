//! Magnitude against closed forms, big floats, differences and its own identities.

mod closed_forms;
#[cfg(feature = "cuda-tests")]
mod cuda;
mod detect;
mod function;
mod golden;
mod gradients;
mod hull;
mod images;
mod incremental;
mod limits;
mod matrix_free;
mod nearest;
mod one_class_svm;
mod scale;
mod single;
mod solvers;
mod union;
mod weighted_space;

use holonomy::graph::{Graph, shortest_paths};
use holonomy::magnitude::{Solver, Weighting, WeightingConfig, weighting};
use holonomy::metric::pairwise_distances;
use holonomy::{Geodesic, Sample};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn weigh(distances: &Tensor, t: f64) -> Weighting {
    weighting(distances, t, &WeightingConfig::default()).unwrap()
}

fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn random_points(space: &(impl Geodesic + Sample), seed: u64, n: i64) -> Tensor {
    space.random_point(&mut seeded(seed), &[n], F64)
}

/// Distances of random points of a space.
fn cloud(space: &(impl Geodesic + Sample), seed: u64, n: i64) -> Tensor {
    pairwise_distances(space, &random_points(space, seed, n))
}

/// Shortest paths of a graph whose edges have these lengths, or all 1.
fn paths(nodes: u32, edges: Vec<(u32, u32)>, lengths: Option<Vec<f64>>) -> Tensor {
    let names = (0..nodes).map(|node| format!("n{node}")).collect();
    shortest_paths(&Graph::new(names, edges, lengths).unwrap())
}

fn complete_bipartite(a: u32, b: u32) -> Tensor {
    let edges = (0..a).flat_map(|x| (a..a + b).map(move |y| (x, y)));
    paths(a + b, edges.collect(), None)
}

/// Copies of a space with no way from one to another.
fn copies(distances: &Tensor, count: i64) -> Tensor {
    let n = distances.size()[0];
    let all = Tensor::full([count * n, count * n], f64::INFINITY, F64);
    for copy in 0..count {
        all.narrow(0, copy * n, n)
            .narrow(1, copy * n, n)
            .copy_(distances);
    }
    all
}

/// The corners of a box in the distance ℓ1, and their weights Π 1/(1 + e^(−t edge)).
fn corners(edges: &[f64], t: f64) -> (Tensor, f64) {
    let n = 1 << edges.len();
    let along = |x: usize, y: usize| -> f64 {
        let edge = |(bit, &edge): (usize, &f64)| f64::from((x ^ y) as u32 >> bit & 1) * edge;
        edges.iter().enumerate().map(edge).sum()
    };
    let rows: Vec<Vec<f64>> = (0..n)
        .map(|x| (0..n).map(|y| along(x, y)).collect())
        .collect();
    let weight = edges.iter().map(|edge| 1.0 / (1.0 + (-t * edge).exp()));
    (Tensor::from_slice2(&rows), weight.product())
}

fn with_solver(solver: Solver) -> WeightingConfig {
    WeightingConfig {
        solver: Some(solver),
        ..WeightingConfig::default()
    }
}

/// The largest |a − b|.
fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[track_caller]
fn assert_close(got: f64, exact: f64, relative: f64) {
    let error = ((got - exact) / exact).abs();
    assert!(error <= relative, "{got:e} is not {exact:e}: {error:e}");
}
