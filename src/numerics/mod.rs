//! Rounding: the one place that knows about it.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

/// Σ over the last dimension.
pub fn sum_last(x: &Tensor) -> Tensor {
    x.sum_dim_intlist(-1, false, x.kind())
}

/// The Euclidean norm over the last dimension; its gradient at 0 is 0.
pub fn norm_last(x: &Tensor) -> Tensor {
    safe_sqrt(&sum_last(&(x * x)))
}

/// √x for x ≥ 0, whose gradient at x = 0 is 0 instead of infinite.
/// Negative x, which only rounding makes, gives 0; NaN stays NaN.
pub fn safe_sqrt(x: &Tensor) -> Tensor {
    let regular = x.le(0.0).logical_not();
    let root = x.where_self(&regular, &x.ones_like()).sqrt();
    root.where_self(&regular, &x.zeros_like())
}

/// `x` broadcast to the common shape of `x` and `other`.
pub fn broadcast_to_both(x: &Tensor, other: &Tensor) -> Tensor {
    if x.size() == other.size() {
        return x.shallow_clone();
    }
    let both = Tensor::broadcast_tensors(&[x, other]);
    both[0].shallow_clone()
}

/// Independent standard normal numbers, drawn on the CPU in f64 and then converted.
pub fn random_normal(rng: &mut dyn Rng, size: &[i64], kind: Kind, device: Device) -> Tensor {
    let count = size.iter().product::<i64>() as usize;
    let numbers: Vec<f64> = (0..count).map(|_| rng.sample(StandardNormal)).collect();
    Tensor::from_slice(&numbers)
        .view(size)
        .to_kind(kind)
        .to_device(device)
}
