//! The geometric median of flags in the chordal distance.

use tch::{Kind, Tensor};

use super::flag_mean::{MeanConfig, checked_start, mean_of};
use super::sample::Data;
use crate::numerics::no_grad;
use crate::{Error, Flag, Grassmann, Result};

/// Settings of [`flag_median`].
#[derive(Debug)]
pub struct MedianConfig {
    /// The iteration ends when the chordal distance between successive estimates is at most this.
    pub tolerance: f64,
    /// The maximal number of moves from one estimate to the next, at least 1; more are an error.
    pub max_iterations: usize,
    /// The distance δ: shorter distances count as δ in the weights. Should be well above the
    /// tolerance.
    pub floor: f64,
    /// How each weighted mean is found. The first one starts at `mean.start`.
    pub mean: MeanConfig,
}

impl Default for MedianConfig {
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            max_iterations: 1000,
            floor: 1e-8,
            mean: MeanConfig {
                tolerance: 1e-12,
                ..MeanConfig::default()
            },
        }
    }
}

/// A chordal median, with diagnostics.
#[derive(Debug)]
pub struct ChordalMedian {
    /// The median, of the shape of one point.
    pub point: Tensor,
    /// Σⱼ αⱼ d(Xⱼ, median), with the weights as given.
    pub cost: f64,
    /// The chordal distance between the last two estimates.
    pub last_move: f64,
    /// The number of moves from one estimate to the next, of which the last one is at most the
    /// tolerance. The first estimate is the mean with the given weights.
    pub iterations: usize,
    /// The number of points nearer to the median than `floor`. If it is not 0, the median is one
    /// of the points, to about that distance.
    pub near: usize,
}

/// The geometric median of flags in the chordal distance.
///
/// ```text
/// argmin_Y Σⱼ αⱼ h(d(Xⱼ, Y)),  h(d) = d for d ≥ δ, (d²/δ + δ)/2 below
/// ```
///
/// Weiszfeld's iteration: Yₜ₊₁ is the mean with weights αⱼ/max(d(Xⱼ, Yₜ), δ), which lowers the sum
/// in each step. The parameter δ, `config.floor`, makes h smooth at distance 0; h differs from the
/// distance by at most δ/2. A point of more weight than all others together is the median, to
/// about δ.
///
/// # Shapes
///
/// `points` `[count, n, d_k]`, `weights` `[count]` (1 each by default). Points of weight 0 are
/// ignored.
///
/// # Errors
///
/// Those of [`flag_mean`](super::flag_mean); [`Error::InvalidArgument`] for a floor that is not
/// positive, and for `max_iterations` 0; [`Error::NoConvergence`] if the last iteration still moves
/// by more than the tolerance.
///
/// # Examples
///
/// Three lines in the plane: two are equal, and the median is equal to them.
///
/// ```
/// use holonomy::Flag;
/// use holonomy::stats::{MedianConfig, flag_median};
/// use holonomy::tch::Tensor;
///
/// let lines = Flag::new(2, &[1])?;
/// let points = Tensor::from_slice(&[1.0, 0.0, 1.0, 0.0, 0.6, 0.8]).view([3, 2, 1]);
/// let median = flag_median(&lines, &points, None, &MedianConfig::default())?;
/// assert!(median.point.double_value(&[1, 0]).abs() < 1e-8);
/// assert_eq!(median.near, 2);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// mankovich2023; weiszfeld1937.
pub fn flag_median(
    flags: &Flag,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MedianConfig,
) -> Result<ChordalMedian> {
    median_for("flag_median", flags, points, weights, config)
}

pub(super) fn median_for(
    op: &'static str,
    flags: &Flag,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MedianConfig,
) -> Result<ChordalMedian> {
    if config.floor <= 0.0 || config.floor.is_nan() {
        return Err(Error::invalid(op, "a positive floor", config.floor));
    }
    if config.max_iterations == 0 {
        return Err(Error::invalid(op, "max_iterations ≥ 1", 0));
    }
    no_grad(|| {
        let weighted = Data::new(op, flags, points, weights, 1)?;
        let kind = weighted.kind;
        let mut median = iterate(op, flags, weighted, config)?;
        median.point = median.point.to_kind(kind);
        Ok(median)
    })
}

fn iterate(
    op: &'static str,
    flags: &Flag,
    mut weighted: Data,
    config: &MedianConfig,
) -> Result<ChordalMedian> {
    let plain = weighted.weights.shallow_clone();
    let start = checked_start(op, flags, &config.mean, &weighted)?;
    let mut point = mean_of(op, flags, &weighted, start.as_ref(), &config.mean)?.point;
    let mut last_move = f64::INFINITY;
    let mut iterations = 0;
    loop {
        let distances = flags.chordal_dist(&weighted.points, &point);
        if last_move <= config.tolerance {
            let cost = (&distances * &plain).sum(Kind::Double).double_value(&[]);
            let near = distances.lt(config.floor).sum(Kind::Int64).int64_value(&[]);
            return Ok(ChordalMedian {
                point,
                cost: cost * weighted.total,
                last_move,
                iterations,
                near: near as usize,
            });
        }
        if iterations == config.max_iterations {
            return Err(Error::NoConvergence {
                op,
                iterations,
                residual: last_move,
                tolerance: config.tolerance,
            });
        }
        let scaled = &plain / distances.clamp_min(config.floor);
        weighted.weights = &scaled / scaled.sum(Kind::Double);
        let next = mean_of(op, flags, &weighted, Some(&point), &config.mean)?.point;
        last_move = flags.chordal_dist(&point, &next).double_value(&[]);
        point = next;
        iterations += 1;
    }
}

/// The geometric median of subspaces in the chordal distance: [`flag_median`] with one block.
///
/// # Shapes
///
/// `points` `[count, n, k]`, `weights` `[count]`.
///
/// # Errors
///
/// Those of [`flag_median`].
pub fn grassmann_median(
    subspaces: &Grassmann,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MedianConfig,
) -> Result<ChordalMedian> {
    let flags = Flag::new(subspaces.ambient_dim(), &[subspaces.subspace_dim()])?;
    median_for("grassmann_median", &flags, points, weights, config)
}
