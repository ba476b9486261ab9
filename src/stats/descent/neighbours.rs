//! Points as near as coordinates can tell apart.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use crate::manifold::Manifold;
use crate::numerics::random_normal;

/// Four points that differ from `p` by four roundings of its coordinates, up or down at random.
pub(in crate::stats) fn nearest_points<M: Manifold + ?Sized>(m: &M, p: &Tensor) -> Vec<Tensor> {
    const ROUNDINGS: f64 = 4.0;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let count = p.numel();
    let mut neighbour = || {
        let factors: Vec<f64> = (0..count)
            .map(|_| if rng.random() { 1.0 } else { -1.0 })
            .map(|sign: f64| 1.0 + sign * ROUNDINGS * f64::EPSILON)
            .collect();
        let factors = Tensor::from_slice(&factors).to_device(p.device());
        m.project(&(p * factors.view(p.size().as_slice())))
    };
    (0..4).map(|_| neighbour()).collect()
}

/// A tangent at `p` of a length, in a direction that is special to no data.
pub(in crate::stats) fn some_tangent<M: Manifold + ?Sized>(
    m: &M,
    p: &Tensor,
    length: f64,
    seed: u64,
) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let ambient = random_normal(&mut rng, &p.size(), Kind::Double, p.device());
    let v = m.project_tangent(p, &ambient);
    let size = m.norm(p, &v).to_kind(Kind::Double).double_value(&[]);
    v * (length / size)
}
