//! What every statistic asks of its data: points, weights, shapes.

use tch::{Kind, Tensor};

use crate::manifold::Manifold;
use crate::{Error, Result};

/// Points `[count, point..]` of a manifold in f64, with positive weights that sum to 1.
pub(super) struct Data {
    pub(super) points: Tensor,
    /// `[count]`, in f64.
    pub(super) weights: Tensor,
    /// The points with weight.
    pub(super) count: i64,
    /// What the weights summed to.
    pub(super) total: f64,
    /// The kind of the points as they came.
    pub(super) kind: Kind,
}

impl Data {
    /// Points of f32 are moved onto the manifold in f64; points of weight 0 are left out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape than `[count, point..]` or another kind (also of the weights)
    /// than Double or Float, fewer than `at_least` points, weights that are negative, not finite or all 0; what
    /// `check_point` says of the points.
    pub(super) fn new<M: Manifold + ?Sized>(
        op: &'static str,
        m: &M,
        points: &Tensor,
        weights: Option<&Tensor>,
        at_least: i64,
    ) -> Result<Self> {
        check_points(op, m, points, at_least)?;
        let (count, kind) = (points.size()[0], points.kind());
        let points = points.detach();
        let (points, weights) = match weights {
            None => {
                let ones = Tensor::ones([count], (Kind::Double, points.device()));
                (points, ones)
            }
            Some(weights) => {
                let weights = check_weights(op, weights, count)?.to_device(points.device());
                let counted = weights.gt(0.0).nonzero().squeeze_dim(1);
                let kept = |t: &Tensor| t.index_select(0, &counted);
                (kept(&points), kept(&weights))
            }
        };
        let total = weights.sum(Kind::Double).double_value(&[]);
        Ok(Self {
            points: widened(m, &points),
            count: weights.size()[0],
            weights: weights / total,
            total,
            kind,
        })
    }

    /// Those of the points, by their indices, with equal weights.
    pub(super) fn of(&self, indices: &Tensor) -> Self {
        let count = indices.size()[0];
        let weights = Tensor::ones([count], (Kind::Double, self.points.device()));
        Self {
            points: self.points.index_select(0, indices),
            weights: weights / count as f64,
            count,
            total: count as f64,
            kind: self.kind,
        }
    }

    /// A mean of one number for each point, by the weights.
    pub(super) fn mean_of(&self, numbers: &Tensor) -> f64 {
        (numbers * &self.weights)
            .sum(Kind::Double)
            .double_value(&[])
    }

    /// Points in the kind of the data, and on the manifold in it.
    pub(super) fn rounded<M: Manifold + ?Sized>(&self, m: &M, points: &Tensor) -> Tensor {
        let rounded = points.to_kind(self.kind);
        // Near the edge of a ball the nearest number of the kind may lie outside.
        if self.kind == Kind::Double || m.check_point(&rounded).is_ok() {
            rounded
        } else {
            m.project(&rounded)
        }
    }

    /// The sum of tangents `[count, point..]`, each times its factor `[count]`.
    pub(super) fn combine(tangents: &Tensor, factors: &Tensor) -> Tensor {
        let sum = factors.unsqueeze(0).matmul(&tangents.flatten(1, -1));
        sum.view(&tangents.size()[1..])
    }
}

/// Points in f64, and on the manifold as closely as that allows.
pub(super) fn widened<M: Manifold + ?Sized>(m: &M, points: &Tensor) -> Tensor {
    let points = points.detach();
    match points.kind() {
        Kind::Double => points,
        _ => m.project(&points.to_kind(Kind::Double)),
    }
}

fn check_points<M: Manifold + ?Sized>(
    op: &'static str,
    m: &M,
    points: &Tensor,
    at_least: i64,
) -> Result<()> {
    crate::numerics::require_floating(op, "points", points)?;
    let (size, point) = (points.size(), m.point_shape());
    if size.len() != point.len() + 1 || !size.ends_with(&point) {
        let expected = format!("points of shape [count, {}]", join(&point));
        return Err(Error::invalid(op, expected, format!("{size:?}")));
    }
    if size[0] < at_least {
        let expected = match at_least {
            1 => "at least one point".to_owned(),
            _ => format!("at least {at_least} points"),
        };
        return Err(Error::invalid(op, expected, size[0]));
    }
    m.check_point(points).map_err(|error| error.told_by(op))
}

/// Refuses what is not one point of the manifold, without batch dimensions.
pub(super) fn check_one<M: Manifold + ?Sized>(
    op: &'static str,
    m: &M,
    what: &str,
    point: &Tensor,
) -> Result<()> {
    crate::numerics::require_defined(op, &[point])?;
    let shape = m.point_shape();
    if point.size() != shape {
        let expected = format!("{what} of shape {shape:?}");
        return Err(Error::invalid(op, expected, format!("{:?}", point.size())));
    }
    m.check_point(point).map_err(|error| error.told_by(op))
}

fn check_weights(op: &'static str, weights: &Tensor, count: i64) -> Result<Tensor> {
    crate::numerics::require_floating(op, "weights", weights)?;
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
        let got = format!("weight {index} = {}", weights.double_value(&[index]));
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
