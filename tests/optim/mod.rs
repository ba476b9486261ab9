//! Mirror of `src/optim`.

#![allow(clippy::unwrap_used)]

mod clip;
mod curved;
mod euclidean;
mod kernels;
mod pytorch;
mod rows;
mod schedule;
mod settings;
mod state;

use holonomy::optim::{ManifoldParameter, Optimizer, UpdateRule};
use holonomy::{Euclidean, Manifold};
use tch::{Device, Kind, Tensor};

/// Repeatable numbers in (−1, 1), spread by the fractional parts of multiples of an irrational.
fn numbers(shape: &[i64], seed: i64) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<f64> = (1..=count)
        .map(|i| 2.0 * ((i + 1_000 * seed) as f64 * 0.618_033_988_749_894_9).fract() - 1.0)
        .collect();
    Tensor::from_slice(&values).view(shape)
}

fn lines(n: i64) -> Box<dyn Manifold> {
    Box::new(Euclidean::new(n).unwrap())
}

/// A table of points of ℝⁿ.
fn table(value: &Tensor) -> ManifoldParameter {
    ManifoldParameter::new(lines(*value.size().last().unwrap()), value).unwrap()
}

fn dense_step<R: UpdateRule>(optimizer: &mut Optimizer<R>, gradient: &Tensor) {
    for parameter in optimizer.parameters_mut() {
        parameter.set_gradient(holonomy::optim::Gradient::Dense(gradient.shallow_clone()));
    }
    optimizer.step().unwrap();
}

/// The numbers as bits, so that NaN and −0 count too.
fn bits(tensor: &Tensor) -> Vec<u64> {
    let values = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Double);
    let values = Vec::<f64>::try_from(values.contiguous().view(-1)).unwrap();
    values.into_iter().map(f64::to_bits).collect()
}

fn floats(tensor: &Tensor) -> Vec<f64> {
    bits(tensor).into_iter().map(f64::from_bits).collect()
}
