//! Gradient clipping by the Riemannian norm.

use tch::{Kind, Tensor};

use super::finite::{GRADIENT, first_bad_row, not_finite};
use super::gradient::Gradient;
use super::parameter::ManifoldParameter;
use super::rule::require;
use crate::numerics::no_grad;
use crate::{Error, Result};

const OP: &str = "clip_grad_norm";

/// Scales all gradients by a common factor so that their total Riemannian norm is at most
/// `max_norm`, and returns the norm before scaling.
///
/// ```text
/// norm = √ Σ ⟨rgrad(p, g), rgrad(p, g)⟩_p     over all rows of all parameters
/// g ← g · max_norm / norm                     when norm > max_norm
/// ```
///
/// Parameters without a gradient contribute 0. The sum is computed in f64. Synchronises with the
/// device once per call.
///
/// # Errors
///
/// [`Error::InvalidArgument`] unless `max_norm` is finite and > 0; [`Error::ParameterNotFinite`]
/// with the first parameter and row whose gradient, or the square of its norm, is not finite;
/// [`Error::NotFinite`] if only the sum over all rows overflows. All gradients are then unchanged.
pub fn clip_grad_norm<'a>(
    parameters: impl IntoIterator<Item = &'a mut ManifoldParameter>,
    max_norm: f64,
) -> Result<f64> {
    require(OP, "max_norm", max_norm, "finite and > 0", max_norm > 0.0)?;
    let mut clipped = Vec::new();
    let mut squares = Vec::new();
    for (index, parameter) in parameters.into_iter().enumerate() {
        if let Some(gradient) = parameter.gradient() {
            squares.push(squared_norms(parameter, &gradient).sum(Kind::Double));
            clipped.push((index, parameter, gradient));
        }
    }
    let norm = total_norm(&squares)?;
    if !norm.is_finite() {
        for (index, parameter, gradient) in &clipped {
            check_gradient(*index, parameter, gradient)?;
        }
        return Err(Error::NotFinite {
            op: OP,
            what: "the norm",
            place: format!("{} parameters together", clipped.len()),
        });
    }
    if norm > max_norm {
        for (_, parameter, gradient) in clipped {
            parameter.set_gradient(gradient.scaled(max_norm / norm));
        }
    }
    Ok(norm)
}

/// The squared Riemannian length of each row, `[..]`.
fn squared_norms(parameter: &ManifoldParameter, gradient: &Gradient) -> Tensor {
    no_grad(|| {
        let points = parameter.tensor().detach();
        let (values, rows) = gradient.parts();
        let points = match rows {
            None => points,
            Some(rows) => points.index_select(0, rows),
        };
        let manifold = parameter.manifold();
        let rgrad = manifold.rgrad(&points, values);
        manifold.inner(&points, &rgrad, &rgrad)
    })
}

/// √ Σ of the squares, which waits for the device once.
fn total_norm(squares: &[Tensor]) -> Result<f64> {
    let Some(first) = squares.first() else {
        return Ok(0.0);
    };
    let device = first.device();
    let on_one_device: Vec<Tensor> = squares.iter().map(|s| s.to_device(device)).collect();
    let squares_now = Vec::<f64>::try_from(Tensor::stack(&on_one_device, 0))
        .map_err(|source| Error::Torch { op: OP, source })?;
    Ok(squares_now.iter().sum::<f64>().sqrt())
}

/// Refuses a gradient with an entry that is not finite, and one whose squared length is not.
fn check_gradient(index: usize, parameter: &ManifoldParameter, gradient: &Gradient) -> Result<()> {
    let (values, rows) = gradient.parts();
    let squares = squared_norms(parameter, gradient);
    for (what, tensor) in [(GRADIENT, values), ("gradient's squared length", &squares)] {
        if let Some(row) = first_bad_row(parameter, rows, tensor) {
            return Err(not_finite(OP, (what, row), (index, parameter), None));
        }
    }
    Ok(())
}
