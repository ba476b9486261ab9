//! Points as near as coordinates can tell apart.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use crate::manifold::Manifold;
use crate::random::random_normal;

/// Six points that differ from `p` by four roundings of its coordinates, up or down: four times each of
/// itself, and twice each of the largest, which is what sums of products leave.
///
/// Ups and downs are drawn at random for one point of each pair. The other has them turned over at every second
/// coordinate, so that in the plane one of the two leads across the other.
pub(crate) fn nearest_points<M: Manifold + ?Sized>(m: &M, p: &Tensor) -> Vec<Tensor> {
    const ROUNDINGS: f64 = 4.0;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let count = p.numel();
    let largest = p.abs().max().expand_as(p);
    let both = |size: &Tensor| {
        let one: Vec<f64> = (0..count)
            .map(|_| if rng.random() { ROUNDINGS } else { -ROUNDINGS })
            .map(|change: f64| change * f64::EPSILON)
            .collect();
        let other: Vec<f64> = (0..count)
            .map(|i| if i % 2 == 0 { one[i] } else { -one[i] })
            .collect();
        [one, other].map(|changes| {
            let changes = Tensor::from_slice(&changes).to_device(p.device());
            m.project(&(p + size * changes.view(p.size().as_slice())))
        })
    };
    [p, p, &largest].into_iter().flat_map(both).collect()
}

/// A tangent at `p` of a length, in a direction that is special to no data.
pub(crate) fn some_tangent<M: Manifold + ?Sized>(
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
