//! Gradient clipping by the Riemannian norm.

use tch::{Kind, Tensor};

use super::gradient::Gradient;
use super::parameter::ManifoldParameter;
use super::rule::require;
use crate::{Error, Result};

/// Scales all gradients down together so that their common Riemannian norm is at most `max_norm`,
/// and returns the norm before.
///
/// ```text
/// norm = √ Σ ⟨rgrad(p, g), rgrad(p, g)⟩_p     over all rows of all parameters
/// g ← g · max_norm / norm                     when norm > max_norm
/// ```
///
/// Parameters without a gradient count as 0. The sum is taken in f64. Waits for the device once
/// per call.
///
/// # Errors
///
/// [`Error::InvalidArgument`] unless max_norm > 0; [`Error::NotFinite`] with the first parameter
/// whose norm is not finite, all gradients then being left as they were.
pub fn clip_grad_norm<'a>(
    parameters: impl IntoIterator<Item = &'a mut ManifoldParameter>,
    max_norm: f64,
) -> Result<f64> {
    require(
        "clip_grad_norm",
        "max_norm",
        max_norm,
        "> 0",
        max_norm > 0.0,
    )?;
    let mut clipped = Vec::new();
    let mut squares = Vec::new();
    for (index, parameter) in parameters.into_iter().enumerate() {
        if let Some(gradient) = parameter.gradient() {
            squares.push((index, squared_norm(parameter, &gradient)));
            clipped.push((parameter, gradient));
        }
    }
    let norm = total_norm(&squares)?;
    if norm > max_norm {
        for (parameter, gradient) in clipped {
            parameter.set_gradient(gradient.scaled(max_norm / norm));
        }
    }
    Ok(norm)
}

/// Σ over the rows of the squared Riemannian length, one f64 on the parameter's device.
fn squared_norm(parameter: &ManifoldParameter, gradient: &Gradient) -> Tensor {
    tch::no_grad(|| {
        let points = parameter.tensor().detach();
        let (values, rows) = gradient.parts();
        let points = match rows {
            None => points,
            Some(rows) => points.index_select(0, rows),
        };
        let manifold = parameter.manifold();
        let rgrad = manifold.rgrad(&points, values);
        manifold.inner(&points, &rgrad, &rgrad).sum(Kind::Double)
    })
}

fn total_norm(squares: &[(usize, Tensor)]) -> Result<f64> {
    let Some((_, first)) = squares.first() else {
        return Ok(0.0);
    };
    let device = first.device();
    let on_one_device: Vec<Tensor> = squares.iter().map(|(_, s)| s.to_device(device)).collect();
    let squares_now =
        Vec::<f64>::try_from(Tensor::stack(&on_one_device, 0)).map_err(|source| Error::Torch {
            op: "clip_grad_norm",
            source,
        })?;
    for ((index, _), square) in squares.iter().zip(&squares_now) {
        if !square.is_finite() {
            return Err(Error::NotFinite {
                op: "clip_grad_norm",
                what: "the gradient's norm",
                place: format!("parameter {index}"),
            });
        }
    }
    Ok(squares_now.iter().sum::<f64>().sqrt())
}
