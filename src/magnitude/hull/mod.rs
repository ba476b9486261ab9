//! Subsets of points that approximate a convex hull, chosen by their contributions to the
//! magnitude.

mod inverse;
mod moments;
mod removal;
mod score;

use tch::{Kind, Tensor};

use super::similarity::duplicates::Classes;
use super::similarity::{check_scale, to_vec};
use crate::manifold::Manifold;
use crate::metric::checked_distances;
use crate::metric::pairwise_distances;
use crate::numerics::no_grad;
use crate::{Error, Euclidean, Result};
use inverse::Inverse;
use moments::distinct_of;
pub use moments::moments;
use removal::remove_all;
pub use removal::{Keep, RemovalOrder};
pub use score::{SupportLoss, VertexScore, support_loss, vertex_score};

const OP: &str = "HullApproximation";

/// t times the median distance, where no scale is given.
const SCALED_MEDIAN: f64 = 2.0;

/// Chooses points that approximate the convex hull of all points, by removing those that add least
/// to the magnitude.
///
/// ```text
/// while Σ losses stays within the threshold:
///     remove the x of the least moment w_x²/(Z⁻¹)_xx among those left;   Z⁻¹ ← Z⁻¹ − c cᵀ/c_x,   w ← w − c w_x/c_x
/// ```
///
/// Here c is the column x of Z⁻¹; each removal takes n² operations. The abstract of fung2019
/// describes this algorithm: points are removed in the order of their moments until the magnitude
/// has changed by a threshold. Recomputing the moments after each removal is our choice;
/// [`RemovalOrder::Moment`] does not.
///
/// # Which order
///
/// To find *all* vertices, take [`RemovalOrder::Weight`]. For 300 uniform points in cubes and
/// balls of two to six dimensions, keep as many points as there are vertices: 76 % to 97 % of them
/// are vertices, by least loss 63 % to 78 %.
///
/// To approximate the hull with few points, take [`RemovalOrder::LeastLoss`], which keeps only one
/// of two near vertices. With a quarter of the number of vertices it loses less of the width than
/// the other orders in all of these bodies: 9 % to 15 % in the worst of 1,000 random directions,
/// where a random quarter of the true vertices loses 21 % to 54 %. All figures are in
/// `papers/src/fung2019/README.md`.
///
/// No order uses convexity: points at the boundary of a hole or a dent are also removed late.
/// Moments do not distinguish a large positive weight from a large negative one, which points just
/// inside the boundary have in four dimensions and more.
///
/// # Scale
///
/// By default t = 2/median of the finite distances between different points (1 where there are
/// none), so that the result does not depend on the unit. It is a compromise: in the plane
/// 1/median finds more vertices with all orders, in four dimensions and more 4/median does with
/// the moments. At larger scales the points are no longer similar to their neighbours.
///
/// # Accuracy
///
/// Z⁻¹ is recomputed when half of the points are removed or its largest entry has fallen a
/// thousandfold. The sums of losses agree with the recomputed magnitudes of the remaining points
/// to 1e-10 or better, also with pairs of points 1e-9 apart.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{HullApproximation, Keep};
/// use holonomy::tch::Tensor;
///
/// // A square, its middle, and a corner once more.
/// let points = Tensor::from_slice2(&[
///     [0.0, 0.0], [1.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0],
/// ]);
/// let hull = HullApproximation::new(Keep::Points(4)).fit(&points)?;
/// let mut kept = hull.kept().to_vec();
/// kept.sort();
/// assert_eq!(kept, [0, 1, 3, 4]);
/// assert_eq!(hull.score(&[0, 1, 3, 4])?.recall, 1.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// fung2019; bunch2020 (weights as boundaries).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HullApproximation {
    /// The scale t; `None` for 2/median of the distances.
    pub scale: Option<f64>,
    /// The order of removal.
    pub order: RemovalOrder,
    /// The condition at which the removal stops.
    pub keep: Keep,
}

impl HullApproximation {
    /// Removal by the least loss, at the default scale.
    pub fn new(keep: Keep) -> Self {
        Self {
            scale: None,
            order: RemovalOrder::default(),
            keep,
        }
    }

    /// Chooses points of Euclidean space.
    ///
    /// # Shapes
    ///
    /// `points`: `[n, d]`, f64 or f32, in any unit, also where squares of coordinates overflow or
    /// underflow.
    ///
    /// # Errors
    ///
    /// Those of [`fit_distances`](Self::fit_distances); [`Error::NotOnManifold`] for coordinates that are not finite,
    /// [`Error::NotFinite`] where a scale is given and a distance overflows, and [`Error::InvalidArgument`] for another shape.
    pub fn fit(&self, points: &Tensor) -> Result<ApproximateHull> {
        let points = points_as_rows(OP, points)?;
        let space = Euclidean::new(points.size()[1])?;
        let unit = unit_of(&points);
        let distances = pairwise_distances(&space, &(points / unit));
        if self.scale.is_none() {
            let mut hull = self.fit_distances(&distances)?;
            // Of a single point the scale is 1 in all units.
            if hull.order.len() > 1 {
                hull.scale /= unit;
            }
            return Ok(hull);
        }
        let distances = distances * unit;
        if distances.isinf().any().int64_value(&[]) != 0 {
            return Err(Error::NotFinite {
                op: OP,
                what: "a distance",
                place: format!("coordinates up to {unit:.1e}"),
            });
        }
        self.fit_distances(&distances)
    }

    /// Chooses points of a positive definite space, given by its distances.
    ///
    /// # Shapes
    ///
    /// `distances`: `[n, n]`, f64 or f32, n ≥ 1. Points at distance 0 of each other are
    /// represented by the first of them.
    ///
    /// # Errors
    ///
    /// Those of [`moments`], and [`Error::InvalidArgument`] for no points and for a [`Keep`] out of its range.
    pub fn fit_distances(&self, distances: &Tensor) -> Result<ApproximateHull> {
        let distances = &checked_distances(OP, distances)?;
        self.keep.check(OP)?;
        no_grad(|| {
            let n = distances.size()[0] as usize;
            if n == 0 {
                return Err(Error::invalid(OP, "at least one point", n));
            }
            let classes = Classes::of(OP, distances)?;
            let distinct = distinct_of(distances, classes.as_ref());
            let scale = self.scale.unwrap_or_else(|| usual_scale(&distinct));
            check_scale(OP, scale)?;
            let mut removal = remove_all(Inverse::new(OP, &distinct, scale)?, self.order)?;
            let mut first_of = (0..n).collect();
            if let Some(classes) = classes {
                let first = classes.representatives();
                for (point, _) in &mut removal {
                    *point = first[*point];
                }
                first_of = rows_of(&classes.first_of_each());
            }
            ApproximateHull::new(removal, first_of, scale, self.keep)
        })
    }
}

/// 2/median of the finite distances between points, 1 where there are none.
fn usual_scale(distinct: &Tensor) -> f64 {
    let n = distinct.size()[0] as usize;
    let all = to_vec(&distinct.to_kind(Kind::Double));
    let mut lengths: Vec<f64> = (0..n)
        .flat_map(|x| all[x * n..][..x].iter().copied())
        .filter(|distance| distance.is_finite())
        .collect();
    if lengths.is_empty() {
        return 1.0;
    }
    let middle = (lengths.len() - 1) / 2;
    let (_, median, _) = lengths.select_nth_unstable_by(middle, f64::total_cmp);
    SCALED_MEDIAN / *median
}

/// The points of a space in the order of their importance for its hull, and how many of them are
/// kept.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ApproximateHull {
    order: Vec<usize>,
    gains: Vec<f64>,
    kept: usize,
    scale: f64,
    /// The first row of each row's point.
    #[serde(skip)]
    first_of: Vec<usize>,
}

impl ApproximateHull {
    fn new(
        removal: Vec<(usize, f64)>,
        first_of: Vec<usize>,
        scale: f64,
        keep: Keep,
    ) -> Result<Self> {
        let (mut order, mut gains): (Vec<usize>, Vec<f64>) = removal.into_iter().unzip();
        let kept = keep.count(OP, &gains)?;
        order.reverse();
        gains.reverse();
        Ok(Self {
            order,
            gains,
            kept,
            scale,
            first_of,
        })
    }

    /// The points that are kept, the most important first.
    pub fn kept(&self) -> &[usize] {
        &self.order[..self.kept]
    }

    /// All distinct points, the last removed first: the first k are those that
    /// [`Keep::Points`]`(k)` keeps. Of points at distance 0 of each other only the first is
    /// listed.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The magnitude that each point of [`order`](Self::order) adds to the points before it; the
    /// first k gains add up to the magnitude of the first k points.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }

    /// The magnitude of all points.
    pub fn magnitude(&self) -> f64 {
        self.gains.iter().sum()
    }

    /// The magnitude that was lost with the removed points.
    pub fn loss(&self) -> f64 {
        self.gains[self.kept..].iter().sum()
    }

    /// The scale t. The default scale is infinite if 2/median overflows, for a median below
    /// 2e-308.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Precision and recall of the kept points as vertices of the hull, given the true `vertices`,
    /// as in [`vertex_score`]. Any row of a repeated point may stand for it; rows of the same
    /// point count as one vertex.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for no vertices and for rows that do not exist.
    pub fn score(&self, vertices: &[usize]) -> Result<VertexScore> {
        let first = |&row: &usize| {
            let wanted = || Error::invalid(OP, format!("rows below {}", self.first_of.len()), row);
            self.first_of.get(row).copied().ok_or_else(wanted)
        };
        let mut first = vertices.iter().map(first).collect::<Result<Vec<_>>>()?;
        first.sort_unstable();
        first.dedup();
        vertex_score(self.kept(), &first)
    }
}

fn rows_of(numbers: &Tensor) -> Vec<usize> {
    let numbers = to_vec(&numbers.to_kind(Kind::Double));
    numbers.into_iter().map(|row| row as usize).collect()
}

/// The largest power of two up to the largest |coordinate|, or the least normal number: points divided by it keep all their
/// digits, and the squares of their distances do not overflow.
fn unit_of(points: &Tensor) -> f64 {
    let largest = points.abs().max().double_value(&[]);
    let exponent = f64::INFINITY.to_bits();
    f64::from_bits(largest.to_bits() & exponent).max(f64::MIN_POSITIVE)
}

/// `[n, d]` on the CPU in f64, finite.
fn points_as_rows(op: &'static str, points: &Tensor) -> Result<Tensor> {
    crate::numerics::require_defined(op, &[points])?;
    let size = points.size();
    if size.len() != 2 || size[0] < 1 || size[1] < 1 {
        let wanted = "points [n, d] with n and d from 1";
        return Err(Error::invalid(op, wanted, format!("{size:?}")));
    }
    let found = Euclidean::new(size[1])?.check_point(points);
    found.map_err(|error| error.told_by(op))?;
    Ok(points
        .detach()
        .to_device(tch::Device::Cpu)
        .to_kind(Kind::Double))
}
