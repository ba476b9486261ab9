//! Means, medians and principal components.

mod flags;
mod nested;

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

fn sum(x: &Tensor) -> f64 {
    x.sum(Kind::Double).double_value(&[])
}
