//! Magnitude against closed forms, big floats, differences and its own identities.

mod closed_forms;
mod function;
mod golden;
mod gradients;
mod limits;
mod matrix_free;
mod solvers;

use holonomy::embed::pairwise_distances;
use holonomy::graph::{Graph, shortest_paths};
use holonomy::magnitude::{Weighting, WeightingConfig, weighting};
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

/// The largest |a − b|.
fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[track_caller]
fn assert_close(got: f64, exact: f64, relative: f64) {
    let error = ((got - exact) / exact).abs();
    assert!(error <= relative, "{got:e} is not {exact:e}: {error:e}");
}
