//! Points of several spaces as one point of a larger space, and back.

use tch::{Kind, Tensor};

use super::HyperbolicModel;
use super::model::log_beta;
use crate::numerics::check_numbers;
use crate::{Lorentz, Manifold, PoincareBall};

/// β-concatenation of points of balls of one curvature, of dimensions nᵢ with the sum n.
///
/// ```text
/// exp₀(β_n (log₀ x₁/β_n₁, …)),  β_n = B(n/2, ½)
/// ```
///
/// The factors keep the variance of a coordinate of uniform directions.
///
/// # Shapes
///
/// `[.., nᵢ]` each → `[.., n]` of `ball`
///
/// # References
///
/// shimizu2021
///
/// # Panics
///
/// If the widths do not add up to the dimension of the ball, or kinds or devices differ.
///
/// # Examples
///
/// ```
/// use holonomy::tch::Tensor;
/// use holonomy::{PoincareBall, nn};
///
/// let ball = PoincareBall::new(3, -1.0)?;
/// let parts = [Tensor::from_slice(&[0.1, 0.2]), Tensor::from_slice(&[-0.3])];
/// let whole = nn::beta_concatenate(&ball, &parts);
/// let again = nn::beta_split(&ball, &whole, &[2, 1]);
/// assert!((&again[1] - &parts[1]).abs().max().double_value(&[]) < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[track_caller]
pub fn beta_concatenate(ball: &PoincareBall, parts: &[Tensor]) -> Tensor {
    check_numbers("beta_concatenate", &parts.iter().collect::<Vec<_>>());
    let widths: Vec<i64> = parts
        .iter()
        .map(|part| *part.size().last().unwrap_or(&0))
        .collect();
    check_widths("beta_concatenate", ball.dim(), &widths);
    let scaled = |part: &Tensor, n: i64| {
        let part = part.to_kind(Kind::Double);
        let tangent = ball.with_dim(n).log_at_origin(&part);
        tangent * (log_beta(ball.dim()) - log_beta(n)).exp()
    };
    let tangents = parts.iter().zip(&widths).map(|(part, n)| scaled(part, *n));
    let point = ball.exp_at_origin(&Tensor::cat(&tangents.collect::<Vec<_>>(), -1));
    ball.project(&point.to_kind(parts[0].kind()))
}

/// The inverse of [`beta_concatenate`], into parts of these widths.
///
/// # Panics
///
/// Those of [`beta_concatenate`].
#[track_caller]
pub fn beta_split(ball: &PoincareBall, x: &Tensor, widths: &[i64]) -> Vec<Tensor> {
    check_widths("beta_split", ball.dim(), widths);
    let tangent = ball.log_at_origin(&x.to_kind(Kind::Double));
    let parts = tangent.split_with_sizes(widths, -1);
    let part = |(part, &n): (Tensor, &i64)| {
        let factor = (log_beta(n) - log_beta(ball.dim())).exp();
        let ball = ball.with_dim(n);
        ball.project(&ball.exp_at_origin(&(part * factor)).to_kind(x.kind()))
    };
    parts.into_iter().zip(widths).map(part).collect()
}

/// Lorentz direct concatenation: the spatial parts side by side, and the time of all.
///
/// ```text
/// y₀² = Σ x₀ᵢ² − (k − 1)/c,  computed as 1/c + Σ |x_sᵢ|²
/// ```
///
/// # Shapes
///
/// Points `[.., nᵢ + 1]` → `[.., n + 1]` of `space`, whose dimension n is the sum of nᵢ
///
/// # References
///
/// qu2022
///
/// # Panics
///
/// If the widths do not add up to the dimension of the space, or kinds or devices differ.
#[track_caller]
pub fn lorentz_concatenate(space: &Lorentz, parts: &[Tensor]) -> Tensor {
    check_numbers("lorentz_concatenate", &parts.iter().collect::<Vec<_>>());
    let widths: Vec<i64> = parts
        .iter()
        .map(|part| part.size().last().unwrap_or(&0) - 1)
        .collect();
    check_widths("lorentz_concatenate", space.dim(), &widths);
    let spatial = parts
        .iter()
        .zip(&widths)
        .map(|(part, n)| part.narrow(-1, 1, *n));
    space.with_spatial(&Tensor::cat(&spatial.collect::<Vec<_>>(), -1))
}

/// The inverse of [`lorentz_concatenate`], into parts of these dimensions.
///
/// # Panics
///
/// Those of [`lorentz_concatenate`].
#[track_caller]
pub fn lorentz_split(space: &Lorentz, x: &Tensor, dims: &[i64]) -> Vec<Tensor> {
    check_widths("lorentz_split", space.dim(), dims);
    let parts = space.spatial(x).split_with_sizes(dims, -1);
    let part = |part: Tensor| {
        let n = part.size()[part.dim() - 1];
        space.with_dim(n).with_spatial(&part)
    };
    parts.into_iter().map(part).collect()
}

#[track_caller]
fn check_widths(op: &str, n: i64, widths: &[i64]) {
    assert!(
        !widths.is_empty() && widths.iter().all(|n| *n > 0) && widths.iter().sum::<i64>() == n,
        "{op}: expected parts of dimensions that add up to {n}, got {widths:?}"
    );
}
