//! The sum of two points.

use tch::{Kind, Tensor};

use super::HyperbolicModel;
use crate::numerics::{check_numbers, check_points};

/// The weighted sum of two points on the hyperboloid, scaled back to it: what a residual connection adds.
///
/// ```text
/// (α x + β y)/(√c |α x + β y|_L)
/// ```
///
/// It commutes with isometries, which a sum of spatial parts does not. In the ball it is the gyromidpoint.
///
/// # Shapes
///
/// Points `[.., coordinates]` of one shape, weights α, β ≥ 0 that are scalars, not both 0 → points `[.., coordinates]`
///
/// # References
///
/// he2024
///
/// # Panics
///
/// If the shapes differ, or a weight is not a scalar.
#[track_caller]
pub fn residual<M: HyperbolicModel>(
    space: &M,
    (alpha, x): (&Tensor, &Tensor),
    (beta, y): (&Tensor, &Tensor),
) -> Tensor {
    check_points("residual", space.point_shape()[0], &[x, y]);
    check_numbers("residual", &[alpha]);
    assert!(
        x.size() == y.size() && alpha.numel() == 1 && beta.numel() == 1,
        "residual: expected points of one shape and two scalars, got {:?}, {:?}, {:?} and {:?}",
        x.size(),
        y.size(),
        alpha.size(),
        beta.size()
    );
    let weight = |w: &Tensor| {
        let ones = x.select(-1, 0).ones_like().to_kind(Kind::Double);
        (ones * w.to_kind(Kind::Double).squeeze()).to_kind(x.kind())
    };
    let weights = Tensor::stack(&[weight(alpha), weight(beta)], -1);
    space.centroid(&Tensor::stack(&[x, y], -2), &weights)
}
