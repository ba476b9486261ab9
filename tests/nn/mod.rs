//! Mirror of `src/nn`.

#![allow(clippy::unwrap_used)]

mod attention;
mod batch_norm;
mod chain;
mod convolution;
#[cfg(feature = "cuda-tests")]
mod cuda;
mod dropout;
mod edge_convolution;
mod embedding;
mod graph_aggregation;
mod grassmann_classifier;
mod knowledge;
mod layer_norm;
mod layers;
mod spectral_norm;
mod store;
mod svdd;

use holonomy::nn::Store;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

pub(crate) const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

pub(crate) fn features(size: &[i64]) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    holonomy::random::random_normal(&mut rng, size, Kind::Double, Device::Cpu)
}

fn store(kind: Kind) -> Store {
    Store::new(Device::Cpu, kind).unwrap()
}
