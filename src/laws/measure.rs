//! How an error is measured: per row, in f64, against a scale, and the worst kept.

use tch::{Kind, Tensor};

use crate::Manifold;

/// The worst error that a law found, relative to the scale that the law states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// The error; infinite where a result has a wrong shape or is wrongly not finite.
    pub error: f64,
    /// Where it was found: an operation, or a part of the law.
    pub place: &'static str,
}

impl Default for Worst {
    fn default() -> Self {
        Self {
            error: 0.0,
            place: "nothing to measure",
        }
    }
}

impl Worst {
    /// An error with its place; NaN counts as infinite.
    pub fn at(place: &'static str, error: f64) -> Self {
        Self {
            error: if error.is_nan() { f64::INFINITY } else { error },
            place,
        }
    }

    /// The greatest `|error| / scale` over all rows. An error of 0 gives 0 for every finite scale.
    /// A nonzero error where the scale is 0, and NaN in either, count as infinite.
    pub fn of(place: &'static str, error: &Tensor, scale: &Tensor) -> Self {
        let error = numbers(error);
        let scale = numbers(scale);
        let pairs = error.len() == scale.len() || scale.len() == 1;
        if !pairs {
            return Self::at(place, f64::INFINITY);
        }
        let scale = scale.iter().cycle();
        error
            .iter()
            .zip(scale)
            .fold(Self::default(), |worst, (&error, &scale)| {
                worst.or(Self::at(
                    place,
                    if error == 0.0 {
                        scale * 0.0
                    } else {
                        error.abs() / scale
                    },
                ))
            })
    }

    /// The worse of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if other.error > self.error {
            other
        } else {
            self
        }
    }
}

fn numbers(x: &Tensor) -> Vec<f64> {
    let x = x
        .detach()
        .to_kind(Kind::Double)
        .to_device(tch::Device::Cpu)
        .reshape([-1]);
    Vec::try_from(&x).unwrap_or_else(|_| vec![f64::NAN])
}

/// In f64, without gradient.
pub(super) fn double(x: &Tensor) -> Tensor {
    x.detach().to_kind(Kind::Double)
}

/// `x` in f64 as `[rows, numbers]`.
pub(super) fn flat(x: &Tensor, rows: i64) -> Tensor {
    let numbers = if rows == 0 {
        1
    } else {
        x.numel() as i64 / rows
    };
    double(x).reshape([rows, numbers])
}

/// The greatest coordinate of each row, `[rows]`.
pub(super) fn size(x: &Tensor, rows: i64) -> Tensor {
    if rows == 0 {
        return double(x).reshape([0]);
    }
    flat(x, rows).abs().amax([-1], false)
}

/// Σ |coordinate| of each row, `[rows]`.
pub(super) fn total(x: &Tensor, rows: i64) -> Tensor {
    flat(x, rows).abs().sum_dim_intlist(-1, false, Kind::Double)
}

/// `√|inner(e, e)|` in f64, `[rows]`: the length of an error, also where rounding left it slightly
/// off the tangent space and an indefinite ambient product slightly below 0.
pub(super) fn length(m: &dyn Manifold, p: &Tensor, e: &Tensor) -> Tensor {
    let (p, e) = (double(p), double(e));
    m.inner(&p, &e, &e).abs().sqrt().reshape([-1])
}

/// `x` of shape `[..]` as `[.., 1, …]`, to multiply points or tangents row by row.
pub(super) fn per_row(m: &dyn Manifold, x: &Tensor) -> Tensor {
    m.point_shape()
        .iter()
        .fold(x.shallow_clone(), |x, _| x.unsqueeze(-1))
}

/// `x` cut off from its history, asking for gradients of its own.
pub(super) fn leaf(x: &Tensor) -> Tensor {
    x.detach().copy().set_requires_grad(true)
}

/// `∂ output / ∂ inputs` of a scalar; zeros where the output does not depend on an input.
pub(super) fn gradients(output: &Tensor, inputs: &[Tensor], twice: bool) -> Vec<Tensor> {
    if !output.requires_grad() {
        return inputs.iter().map(Tensor::zeros_like).collect();
    }
    let found = Tensor::run_backward(&[output], inputs, twice, twice);
    let or_zero = |(gradient, input): (Tensor, &Tensor)| {
        if gradient.defined() {
            gradient
        } else {
            input.zeros_like()
        }
    };
    found.into_iter().zip(inputs).map(or_zero).collect()
}
