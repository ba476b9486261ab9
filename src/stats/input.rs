//! What every statistic asks of its points and weights.

use tch::{Kind, Tensor};

use crate::manifold::{first_above, tolerance};
use crate::{Error, Manifold, Result};

/// Points `[count, point..]` and positive weights `[count]` that sum to 1, in f64.
pub(super) struct Weighted {
    pub(super) points: Tensor,
    pub(super) weights: Tensor,
    /// What the weights summed to.
    pub(super) total: f64,
    /// The kind of the points as they came.
    pub(super) kind: Kind,
}

impl Weighted {
    pub(super) fn new(
        op: &'static str,
        manifold: &dyn Manifold,
        points: &Tensor,
        weights: Option<&Tensor>,
    ) -> Result<Self> {
        check_points(op, manifold, points)?;
        let kind = points.kind();
        let points = points.detach().to_kind(Kind::Double);
        let count = points.size()[0];
        let weights = match weights {
            None => Tensor::ones([count], (Kind::Double, points.device())),
            Some(weights) => check_weights(op, weights, count)?.to_device(points.device()),
        };
        let total = weights.sum(Kind::Double).double_value(&[]);
        Ok(Self {
            points,
            weights: weights / total,
            total,
            kind,
        })
    }
}

fn check_points(op: &'static str, manifold: &dyn Manifold, points: &Tensor) -> Result<()> {
    crate::numerics::require_defined(op, &[points])?;
    let shape = manifold.point_shape();
    let size = points.size();
    let kind = points.kind();
    if size.len() != shape.len() + 1
        || !size.ends_with(&shape)
        || !matches!(kind, Kind::Double | Kind::Float)
    {
        let expected = format!("points [count, {shape:?}] of kind Double or Float");
        return Err(Error::invalid(
            op,
            expected,
            format!("{size:?} of {kind:?}"),
        ));
    }
    if size[0] == 0 {
        return Err(Error::invalid(op, "at least one point", "none"));
    }
    let tolerance = tolerance(kind);
    match first_above(&manifold.point_defect(points), tolerance) {
        None => Ok(()),
        Some((row, defect)) => Err(Error::NotOnManifold {
            op,
            manifold: format!("{manifold:?}"),
            row,
            defect,
            tolerance,
        }),
    }
}

fn check_weights(op: &'static str, weights: &Tensor, count: i64) -> Result<Tensor> {
    if weights.size() != [count] {
        let expected = format!("one weight for each of {count} points");
        return Err(Error::invalid(
            op,
            expected,
            format!("{:?}", weights.size()),
        ));
    }
    let weights = weights.detach().to_kind(Kind::Double);
    let bad = weights
        .gt(0.0)
        .logical_and(&weights.isfinite())
        .logical_not()
        .nonzero();
    if bad.size()[0] > 0 {
        let index = bad.int64_value(&[0, 0]);
        let got = format!("weight {index} = {}", weights.double_value(&[index]));
        return Err(Error::invalid(op, "positive, finite weights", got));
    }
    Ok(weights)
}
