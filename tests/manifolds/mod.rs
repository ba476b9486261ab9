//! What the laws do not know of: the operations that only one manifold has.

mod combinators;
mod curvature;
mod edge;
mod flag;
mod grassmann;
mod gyro;
mod lorentz;
mod normal_coordinates;
mod paths;
mod product;
mod rotations;
mod spd;
mod stiefel;
mod straight;

use holonomy::{Geodesic, Sample};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Points whose distance from a random point is exactly `distance`, in random directions.
fn far_points<M: Geodesic + Sample + ?Sized>(
    m: &M,
    seed: u64,
    count: i64,
    distance: f64,
) -> Tensor {
    let mut rng = seeded(seed);
    let p = m.random_point(&mut rng, &[count], DOUBLE);
    let v = m.random_tangent(&mut rng, &p);
    let length = m.norm(&p, &v).unsqueeze(-1);
    m.exp(&p, &(v * distance / length))
}

/// max |got − expected| / max |expected|.
#[track_caller]
fn relative_error(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size(), "shapes differ");
    let scale = expected.abs().max().double_value(&[]);
    (got - expected).abs().max().double_value(&[]) / if scale > 0.0 { scale } else { 1.0 }
}

#[track_caller]
fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f64) {
    let error = relative_error(got, expected);
    assert!(error <= tolerance, "error {error:e} exceeds {tolerance:e}");
}
