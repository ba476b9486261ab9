//! The mean of flags in the chordal distance.

use tch::{Kind, Tensor};

use super::chordal::ChordalCost;
use super::sample::{Data, check_one};
use crate::numerics::no_grad;
use crate::optim::solve::trust_region::minimise;
use crate::{Flag, Grassmann, Manifold, Result};

/// Settings of [`flag_mean`].
#[derive(Debug)]
pub struct MeanConfig {
    /// The length of the gradient at which the descent ends, with weights that sum to 1.
    pub tolerance: f64,
    /// The maximal number of steps; more are an error.
    pub max_iterations: usize,
    /// Where the descent starts, `[n, d_k]`; by default the leading eigenvectors of the blocks'
    /// mean projectors.
    pub start: Option<Tensor>,
}

impl Default for MeanConfig {
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            max_iterations: 500,
            start: None,
        }
    }
}

/// A chordal mean, with diagnostics.
#[derive(Debug)]
pub struct ChordalMean {
    /// The mean, of the shape of one point.
    pub point: Tensor,
    /// Σⱼ αⱼ d(Xⱼ, mean)², with the weights as given.
    pub cost: f64,
    /// The length of the gradient of the cost at the mean, for weights that sum to 1.
    pub gradient_norm: f64,
    /// The number of steps of the descent.
    pub iterations: usize,
}

/// The mean of flags in the chordal distance.
///
/// ```text
/// argmin_Y Σⱼ αⱼ d(Xⱼ, Y)² = argmax_Y Σᵢ tr(YᵢᵀPᵢYᵢ),  Pᵢ = Σⱼ αⱼ Xⱼᵢ Xⱼᵢᵀ
/// ```
///
/// over orthonormal frames Y. One pass over the flags computes a symmetric matrix Pᵢ for each
/// block. A trust-region descent with exact second derivatives on the Stiefel manifold follows,
/// whose time does not depend on the number of flags. With one block the result is the global
/// minimum. With more it is a local minimum near the leading eigenvectors of the Pᵢ.
///
/// # Shapes
///
/// `points` `[count, n, d_k]`, `weights` `[count]` (1 each by default). Points of weight 0 are
/// ignored.
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for other shapes or kinds, no points,
/// or weights that are negative, not finite or all 0;
/// [`Error::NotOnManifold`](crate::Error::NotOnManifold) with the first point that is NaN or whose
/// columns are not orthonormal; [`Error::NoConvergence`](crate::Error::NoConvergence) if the
/// gradient stays above the tolerance.
///
/// # Examples
///
/// The mean of two lines in the plane halves the angle between them.
///
/// ```
/// use holonomy::Flag;
/// use holonomy::stats::{MeanConfig, flag_mean};
/// use holonomy::tch::Tensor;
///
/// let lines = Flag::new(2, &[1])?;
/// let points = Tensor::from_slice(&[1.0, 0.0, 0.6, 0.8]).view([2, 2, 1]);
/// let mean = flag_mean(&lines, &points, None, &MeanConfig::default())?;
/// let slope = mean.point.double_value(&[1, 0]) / mean.point.double_value(&[0, 0]);
/// assert!((slope - 0.5).abs() < 1e-12);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// mankovich2023.
pub fn flag_mean(
    flags: &Flag,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MeanConfig,
) -> Result<ChordalMean> {
    mean_for("flag_mean", flags, points, weights, config)
}

pub(super) fn mean_for(
    op: &'static str,
    flags: &Flag,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MeanConfig,
) -> Result<ChordalMean> {
    no_grad(|| {
        let weighted = Data::new(op, flags, points, weights, 1)?;
        let start = checked_start(op, flags, config, &weighted)?;
        let mut mean = mean_of(op, flags, &weighted, start.as_ref(), config)?;
        mean.point = mean.point.to_kind(weighted.kind);
        Ok(mean)
    })
}

/// The start that the caller gave, in f64.
pub(super) fn checked_start(
    op: &'static str,
    flags: &Flag,
    config: &MeanConfig,
    weighted: &Data,
) -> Result<Option<Tensor>> {
    let Some(start) = &config.start else {
        return Ok(None);
    };
    check_one(op, flags, "a start", start)?;
    let start = start.detach().to_kind(Kind::Double);
    Ok(Some(start.to_device(weighted.points.device())))
}

/// The mean of checked points, in f64.
pub(super) fn mean_of(
    op: &'static str,
    flags: &Flag,
    weighted: &Data,
    start: Option<&Tensor>,
    config: &MeanConfig,
) -> Result<ChordalMean> {
    let objective = ChordalCost::of_points(flags, &weighted.points, &weighted.weights);
    let start = match start {
        Some(start) => flags.project(start),
        None => objective.spectral_start(),
    };
    let minimum = minimise(
        op,
        &objective,
        &start,
        config.tolerance,
        config.max_iterations,
    )?;
    // From the distances, for the objective is a small difference of large numbers.
    let squares = flags
        .chordal_dist(&weighted.points, &minimum.point)
        .square();
    let mean = (squares * &weighted.weights).sum(Kind::Double);
    Ok(ChordalMean {
        point: minimum.point,
        cost: mean.double_value(&[]) * weighted.total,
        gradient_norm: minimum.gradient_norm,
        iterations: minimum.iterations,
    })
}

/// The mean of subspaces in the chordal distance: [`flag_mean`] with one block. It is the span of
/// the leading eigenvectors of the mean projector.
///
/// # Shapes
///
/// `points` `[count, n, k]`, `weights` `[count]`.
///
/// # Errors
///
/// Those of [`flag_mean`].
pub fn grassmann_mean(
    subspaces: &Grassmann,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MeanConfig,
) -> Result<ChordalMean> {
    let flags = Flag::new(subspaces.ambient_dim(), &[subspaces.subspace_dim()])?;
    mean_for("grassmann_mean", &flags, points, weights, config)
}
