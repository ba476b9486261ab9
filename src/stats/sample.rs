//! What every statistic asks of its data: points, weights, shapes.

use tch::{Kind, Tensor};

use crate::manifold::Manifold;
use crate::{Error, Result};

/// Points `[count, point..]` of a manifold with weights that sum to 1.
pub(super) struct Data {
    pub(super) points: Tensor,
    /// `[count]`, in f64.
    pub(super) weights: Tensor,
    pub(super) count: i64,
}

impl Data {
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape than `[count, point..]`, fewer than `at_least`
    /// points, weights that are negative, not finite or all 0; what `check_point` says of the points.
    pub(super) fn new<M: Manifold + ?Sized>(
        op: &'static str,
        m: &M,
        points: &Tensor,
        weights: Option<&Tensor>,
        at_least: i64,
    ) -> Result<Self> {
        let (size, point) = (points.size(), m.point_shape());
        if size.len() != point.len() + 1 || !size.ends_with(&point) {
            let expected = format!("points of shape [count, {}]", join(&point));
            return Err(Error::invalid(op, expected, format!("{size:?}")));
        }
        let count = size[0];
        if count < at_least {
            return Err(Error::invalid(
                op,
                format!("at least {at_least} points"),
                count,
            ));
        }
        m.check_point(points)?;
        let points = points.detach();
        let options = (Kind::Double, points.device());
        let weights = match weights {
            None => Tensor::ones([count], options),
            Some(weights) => check_weights(op, weights, count)?.to_device(points.device()),
        };
        let total = weights.sum(Kind::Double);
        Ok(Self {
            points,
            weights: weights / total,
            count,
        })
    }

    /// A mean of one number for each point, by the weights.
    pub(super) fn mean_of(&self, numbers: &Tensor) -> f64 {
        (numbers.to_kind(Kind::Double) * &self.weights)
            .sum(Kind::Double)
            .double_value(&[])
    }

    /// The sum of tangents `[count, point..]`, each times its factor `[count]`.
    pub(super) fn combine(tangents: &Tensor, factors: &Tensor) -> Tensor {
        let flat = tangents.to_kind(Kind::Double).flatten(1, -1);
        let sum = factors.unsqueeze(0).matmul(&flat);
        let size = tangents.size();
        sum.view(&size[1..]).to_kind(tangents.kind())
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
    let fine = weights.ge(0.0).logical_and(&weights.isfinite());
    let bad = fine.logical_not().nonzero();
    if bad.size()[0] > 0 {
        let index = bad.int64_value(&[0, 0]);
        let got = format!("{} at {index}", weights.double_value(&[index]));
        return Err(Error::invalid(op, "finite weights of at least 0", got));
    }
    if weights.sum(Kind::Double).double_value(&[]) == 0.0 {
        return Err(Error::invalid(op, "a weight above 0", "zeros"));
    }
    Ok(weights)
}

fn join(shape: &[i64]) -> String {
    let numbers: Vec<String> = shape.iter().map(i64::to_string).collect();
    numbers.join(", ")
}
