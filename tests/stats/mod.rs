//! Statistics on manifolds against what is known of them.

mod arrival;
mod center;
mod clusters;
mod flagfold;
mod flags;
mod nested;
mod principal;
mod principal_flag;
mod regression;

use holonomy::Error;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

#[track_caller]
fn assert_near(got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size(), "shapes differ");
    let error = (got - expected).abs().max().double_value(&[]);
    assert!(error <= tolerance, "error {error:e} exceeds {tolerance:e}");
}

fn normal(seed: u64, size: &[i64]) -> Tensor {
    holonomy::random::random_normal(&mut seeded(seed), size, Kind::Double, Device::Cpu)
}

/// What an invalid argument was expected to be.
#[track_caller]
fn expected_of<T: std::fmt::Debug>(result: holonomy::Result<T>) -> String {
    match result {
        Err(Error::InvalidArgument { expected, .. }) => expected,
        other => panic!("{other:?}"),
    }
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

fn sum(x: &Tensor) -> f64 {
    x.sum(Kind::Double).double_value(&[])
}
