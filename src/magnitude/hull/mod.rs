//! Points that stand for a convex hull, by what each adds to the magnitude.

mod inverse;
mod score;

use tch::{Kind, Tensor};

use super::duplicates::Classes;
use super::similarity::{check_scale, to_vec};
use crate::embed::pairwise_distances;
use crate::manifold::Manifold;
use crate::metric::check_distances;
use crate::{Error, Euclidean, Result};
use inverse::Inverse;
pub use score::{SupportLoss, VertexScore, support_loss, vertex_score};

/// t times the median distance, where no scale is given.
const SCALED_MEDIAN: f64 = 2.0;

/// What each point adds to the magnitude of the others: its moment.
///
/// ```text
/// moment(x) = |X| − |X∖x| = w_x²/(Z⁻¹)_xx = (1 − zᵀw')²/(1 − zᵀZ'⁻¹z)
/// ```
///
/// with Z' and w' of X∖x, and z what x sees of it. The *moment* of fung2019 orders points for the same purpose; its definition was
/// not at hand, and this one, the natural reading of what the paper says of it, is ours.
///
/// Points at distance 0 count as one: each has the moment of the class, what would go if all of it went. Where Z is singular to
/// rounding ([`Weighting::rank`](super::Weighting::rank) below [`distinct`](super::Weighting::distinct)), the points that hardly
/// differ from others, which have weight 0, have moment 0, and the others those that they have without them.
///
/// # Shapes
///
/// `distances`: `[n, n]`; the moments `[n]`, f64, on the same device. In memory are Z and Z⁻¹ and up to three more such matrices
/// on the way: all diagonal entries come from one inverse of 2n³ operations, on the CPU.
///
/// # Accuracy
///
/// Some roundings times the condition of Z, and at small scales, where Z is near to 11ᵀ, much less; errors of a weight count relative to the
/// largest weight, so that moments of points that hardly weigh anything have fewer digits. Of points on a line, against the
/// closed form tanh(a/2) tanh(b/2) tanh((a + b)/2) of gaps ta and tb, the relative error is below 1e-12 + 1e-13/t from t = 1e3 to 1e-6: the
/// weights within are t times those of the ends.
///
/// # Errors
///
/// Those of [`weighting`](super::weighting); [`Error::InvalidArgument`] for similarities that are not positive definite: what a point adds may
/// be negative there.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::moments;
/// use tch::Tensor;
///
/// let at = Tensor::from_slice(&[0.0, 1.0, 3.0]);
/// let moments = moments(&(at.unsqueeze(0) - at.unsqueeze(1)).abs(), 2.0)?;
/// // An end at distance a of its neighbour adds tanh(ta/2), and a point between less than any of its neighbours would.
/// assert!((moments.double_value(&[0]) - 1.0_f64.tanh()).abs() < 1e-14);
/// let between = 1.0_f64.tanh() * 2.0_f64.tanh() * 3.0_f64.tanh();
/// assert!((moments.double_value(&[1]) - between).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// fung2019; leinster2013.
pub fn moments(distances: &Tensor, t: f64) -> Result<Tensor> {
    const OP: &str = "moments";
    check_scale(OP, t)?;
    check_distances(OP, distances)?;
    tch::no_grad(|| {
        if distances.size()[0] == 0 {
            return Ok(Tensor::zeros([0], (Kind::Double, distances.device())));
        }
        let classes = Classes::of(OP, distances)?;
        let distinct = distinct_of(distances, classes.as_ref());
        let inverse = Inverse::new(OP, &distinct, t)?;
        let mut found = vec![0.0; distinct.size()[0] as usize];
        for (&point, moment) in inverse.points().iter().zip(inverse.moments()) {
            found[point] = moment;
        }
        let found = Tensor::from_slice(&found).to_device(distances.device());
        Ok(classes.map_or(found.shallow_clone(), |classes| {
            classes.for_each_point(&found)
        }))
    })
}

fn distinct_of(distances: &Tensor, classes: Option<&Classes>) -> Tensor {
    classes.map_or_else(
        || distances.detach(),
        |classes| classes.distinct(&distances.detach()),
    )
}

/// Which point goes next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
pub enum RemovalOrder {
    /// The one of the least weight among all points.
    Weight,
    /// The one of the least moment among all points.
    Moment,
    /// The one of the least moment among those that are left: greedy.
    #[default]
    LeastLoss,
}

/// Where the removal ends; at least one point stays.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Keep {
    /// So many points, from 1 to as many as differ.
    Points(usize),
    /// As few points as lose at most this magnitude, from 0.
    Loss(f64),
    /// As few points as keep at least this part of the magnitude, above 0 and at most 1.
    Share(f64),
}

/// Chooses points that stand for the convex hull of all, by removing those that add least to the magnitude.
///
/// ```text
/// while Σ losses stays within the threshold:
///     remove the x of the least moment w_x²/(Z⁻¹)_xx among those left;   Z⁻¹ ← Z⁻¹ − c cᵀ/c_x,   w ← w − c w_x/c_x
/// ```
///
/// where c is the column x of Z⁻¹: n² operations a point. That points go by the order of their moments until the magnitude has
/// changed by a threshold is the algorithm of fung2019 as its abstract has it; that moments are computed anew after each removal
/// is our choice, and [`RemovalOrder::Moment`] does not.
///
/// # Which order
///
/// To find *all* vertices of the hull the weights are the best of the three: points that are sparse on one side weigh most, and the order by weight
/// is nearly that of the boundary. [`RemovalOrder::LeastLoss`] knows that of two near vertices one is enough. It finds fewer of the vertices at their own
/// number, and stands for the hull better with half of that number or less. The figures are in the README of the paper
/// `fung2019` of the reproductions. No order is told of convexity: points at the edge of a hole go late, too.
///
/// # Scale
///
/// Without one, t = 2/median of the finite distances between different points (1 where there are none), so that the result is the
/// same in all units. Larger scales see single points, smaller ones let the points of negative weight that lie behind the boundary
/// count, in four dimensions and more.
///
/// # Accuracy
///
/// Z⁻¹ is made anew where half of the points have gone or its largest entry has fallen a thousandfold. Sums of losses and
/// magnitudes of what is left, computed anew, agree to 1e-10 and better; with pairs of points 1e-9 apart, too.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{HullApproximation, Keep};
/// use tch::Tensor;
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
    /// t; `None` for 2/median distance.
    pub scale: Option<f64>,
    /// Which point goes next.
    pub order: RemovalOrder,
    /// Where the removal ends.
    pub keep: Keep,
}

impl HullApproximation {
    /// By the least loss, at the scale of the rule.
    pub fn new(keep: Keep) -> Self {
        Self {
            scale: None,
            order: RemovalOrder::default(),
            keep,
        }
    }

    /// Chooses among points of Euclidean space.
    ///
    /// # Shapes
    ///
    /// `points`: `[n, d]`, f64 or f32.
    ///
    /// # Errors
    ///
    /// Those of [`fit_distances`](Self::fit_distances); [`Error::NotOnManifold`] for coordinates that are not finite,
    /// and [`Error::InvalidArgument`] for another shape.
    pub fn fit(&self, points: &Tensor) -> Result<ApproximateHull> {
        let points = points_as_rows("HullApproximation", points)?;
        let space = Euclidean::new(points.size()[1])?;
        self.fit_distances(&pairwise_distances(&space, &points))
    }

    /// Chooses among the points of a positive definite space, by their distances.
    ///
    /// # Shapes
    ///
    /// `distances`: `[n, n]`, f64 or f32, with n from 1. Of points at distance 0 the first stands for all.
    ///
    /// # Errors
    ///
    /// Those of [`moments`], and [`Error::InvalidArgument`] for no points and for a [`Keep`] out of its range.
    pub fn fit_distances(&self, distances: &Tensor) -> Result<ApproximateHull> {
        const OP: &str = "HullApproximation";
        check_distances(OP, distances)?;
        self.keep.check(OP)?;
        tch::no_grad(|| {
            let n = distances.size()[0] as usize;
            if n == 0 {
                return Err(Error::invalid(OP, "at least one point", n));
            }
            let classes = Classes::of(OP, distances)?;
            let distinct = distinct_of(distances, classes.as_ref());
            let scale = self.scale.unwrap_or_else(|| usual_scale(&distinct));
            check_scale(OP, scale)?;
            let mut removal = remove_all(Inverse::new(OP, &distinct, scale)?, self.order)?;
            if let Some(classes) = classes {
                let first = classes.representatives();
                for (point, _) in &mut removal {
                    *point = first[*point];
                }
            }
            ApproximateHull::new(OP, removal, scale, self.keep)
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

/// All points in the order in which they go, with the magnitude that goes with each.
fn remove_all(mut inverse: Inverse, order: RemovalOrder) -> Result<Vec<(usize, f64)>> {
    let mut values = vec![0.0; inverse.points().len() + inverse.left_out_count()];
    for (place, moment) in inverse.moments().enumerate() {
        values[inverse.points()[place]] = match order {
            RemovalOrder::Weight => inverse.weights()[place],
            RemovalOrder::Moment | RemovalOrder::LeastLoss => moment,
        };
    }
    let mut gone = Vec::with_capacity(values.len());
    loop {
        gone.extend(
            inverse
                .take_left_out()
                .into_iter()
                .map(|point| (point, 0.0)),
        );
        let points = inverse.points();
        if order == RemovalOrder::LeastLoss {
            for (&point, moment) in points.iter().zip(inverse.moments()) {
                values[point] = moment;
            }
        }
        let before = |&a: &usize, &b: &usize| {
            let (a, b) = (points[a], points[b]);
            values[a].total_cmp(&values[b]).then(a.cmp(&b))
        };
        let Some(place) = (0..points.len()).min_by(before) else {
            return Ok(gone);
        };
        let point = points[place];
        gone.push((point, inverse.remove(place)?));
    }
}

impl Keep {
    fn check(self, op: &'static str) -> Result<()> {
        let (good, wanted, got) = match self {
            Self::Points(count) => (count >= 1, "at least one point", count.to_string()),
            Self::Loss(loss) => (
                loss >= 0.0 && loss.is_finite(),
                "a finite loss from 0",
                loss.to_string(),
            ),
            Self::Share(share) => (
                share > 0.0 && share <= 1.0,
                "a part of the magnitude above 0 and at most 1",
                share.to_string(),
            ),
        };
        if good {
            return Ok(());
        }
        Err(Error::invalid(op, wanted, got))
    }

    /// How many of these points stay, whose losses are in the order of removal.
    fn count(self, op: &'static str, losses: &[f64]) -> Result<usize> {
        let most = match self {
            Self::Points(count) if count > losses.len() => {
                let wanted = format!("at most {} points, as many as differ", losses.len());
                return Err(Error::invalid(op, wanted, count));
            }
            Self::Points(count) => return Ok(count),
            Self::Loss(loss) => loss,
            Self::Share(share) => (1.0 - share) * losses.iter().sum::<f64>(),
        };
        let mut lost = 0.0;
        let goes = |loss: &&f64| {
            lost += **loss;
            lost <= most
        };
        let gone = losses[..losses.len() - 1].iter().take_while(goes).count();
        Ok(losses.len() - gone)
    }
}

/// The points of a space in the order of their importance for its hull, and how many of them were asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ApproximateHull {
    order: Vec<usize>,
    gains: Vec<f64>,
    kept: usize,
    scale: f64,
}

impl ApproximateHull {
    fn new(op: &'static str, removal: Vec<(usize, f64)>, scale: f64, keep: Keep) -> Result<Self> {
        let (mut order, mut gains): (Vec<usize>, Vec<f64>) = removal.into_iter().unzip();
        let kept = keep.count(op, &gains)?;
        order.reverse();
        gains.reverse();
        Ok(Self {
            order,
            gains,
            kept,
            scale,
        })
    }

    /// The points that stay, the most important first.
    pub fn kept(&self) -> &[usize] {
        &self.order[..self.kept]
    }

    /// All points that differ, the last to go first: the first k are what [`Keep::Points`] of k keeps. Of points at distance 0 only the first is
    /// among them.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// What each point of the order adds to the magnitude of those before it: the first k add up to the magnitude of the first k.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }

    /// The magnitude of all points.
    pub fn magnitude(&self) -> f64 {
        self.gains.iter().sum()
    }

    /// The magnitude that went with the points that did not stay.
    pub fn loss(&self) -> f64 {
        self.gains[self.kept..].iter().sum()
    }

    /// t
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// How far the points that stay are the vertices of the true hull, which the caller knows: [`vertex_score`].
    ///
    /// # Errors
    ///
    /// Those of [`vertex_score`].
    pub fn score(&self, vertices: &[usize]) -> Result<VertexScore> {
        vertex_score(self.kept(), vertices)
    }
}

/// `[n, d]` on the CPU in f64, finite.
fn points_as_rows(op: &'static str, points: &Tensor) -> Result<Tensor> {
    let size = points.size();
    if size.len() != 2 || size[0] < 1 || size[1] < 1 {
        let wanted = "points [n, d] with n and d from 1";
        return Err(Error::invalid(op, wanted, format!("{size:?}")));
    }
    Euclidean::new(size[1])?.check_point(points)?;
    Ok(points
        .detach()
        .to_device(tch::Device::Cpu)
        .to_kind(Kind::Double))
}
