mod diffusion;
mod distances;
mod evaluation;
mod exchange;
mod exchange_fuzz;
mod hierarchy;
mod named;
mod network;
mod training;
mod trees;

use holonomy::embed::Model;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const MODELS: [Model; 3] = [Model::Ball, Model::Lorentz, Model::Euclidean];

pub(crate) fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Points at normally distributed distances from the origin, of standard deviation `spread`.
pub(crate) fn random_points(
    model: Model,
    nodes: i64,
    dim: usize,
    spread: f64,
    rng: &mut dyn Rng,
) -> Tensor {
    let manifold = model.manifold(dim).unwrap();
    let options = (Kind::Double, Device::Cpu);
    let origin = manifold.project(&Tensor::zeros([nodes, model.width(dim) as i64], options));
    let ambient = holonomy::random::random_normal(
        rng,
        &[nodes, model.width(dim) as i64],
        Kind::Double,
        Device::Cpu,
    );
    let tangent = manifold.project_tangent(&origin, &ambient) * spread;
    manifold.exp(&origin, &tangent)
}

/// (node, ancestor) for all nodes of a tree in which node k's parent is (k − 1) / branching.
fn tree_closure(nodes: u32, branching: u32) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for node in 1..nodes {
        let mut ancestor = node;
        while ancestor != 0 {
            ancestor = (ancestor - 1) / branching;
            pairs.push((node, ancestor));
        }
    }
    pairs
}

pub(crate) fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view(-1)).unwrap()
}
