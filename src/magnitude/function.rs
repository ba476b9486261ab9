//! Magnitude as a function of the scale.

use tch::{Kind, Tensor};

use super::config::{Solver, WeightingConfig};
use super::similarity::check_scale;
use super::similarity::derivative::scale_derivative;
use super::similarity::distinct::Distinct;
use super::weighting::{weighting, weighting_of_distinct};
use crate::metric::checked_distances;
use crate::numerics::no_grad;
use crate::{Error, Result};

/// The magnitude of a metric space at several scales; see [`magnitude_function`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MagnitudeFunction {
    /// The scales t.
    pub scales: Vec<f64>,
    /// |tX|.
    pub magnitudes: Vec<f64>,
    /// d|tX|/dt.
    pub derivatives: Vec<f64>,
    /// The solver at each scale.
    pub solvers: Vec<Solver>,
    /// ‖Zw − 1‖∞ at each scale.
    pub residuals: Vec<f64>,
    /// The condition at each scale, see [`Weighting::condition`](super::Weighting::condition).
    pub conditions: Vec<f64>,
    /// The rank of Z, up to rounding, at each scale, see
    /// [`Weighting::rank`](super::Weighting::rank).
    pub ranks: Vec<usize>,
    /// The number of negative eigenvalues of Z at each scale.
    pub negative_eigenvalues: Vec<usize>,
}

impl MagnitudeFunction {
    /// The instantaneous dimensions d log|tX| / d log t = t |tX|′/|tX|.
    ///
    /// Where points fill a d-dimensional body, they are near d at scales at which neighbours are
    /// similar and opposite ends of the body are not. NaN for no points.
    pub fn dimensions(&self) -> Vec<f64> {
        (0..self.scales.len())
            .map(|i| self.scales[i] * self.derivatives[i] / self.magnitudes[i])
            .collect()
    }
}

/// The magnitude and its derivative at each of the `scales`, which may be in any order.
///
/// The distances are checked, and points at distance 0 merged, only once.
///
/// # Errors
///
/// Those of [`weighting`] at the first scale that fails; [`Error::NoWeighting`] names it.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{WeightingConfig, magnitude_function};
/// use holonomy::tch::Tensor;
///
/// let pair = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0]).view([2, 2]);
/// let f = magnitude_function(&pair, &[1e-3, 1.0, 1e3], &WeightingConfig::default())?;
/// // Two points look like one from afar, and like two from near.
/// assert!(f.magnitudes[0] < 1.001 && f.magnitudes[2] == 2.0);
/// assert!((f.derivatives[1] - 0.5 / 0.5_f64.cosh().powi(2)).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn magnitude_function(
    distances: &Tensor,
    scales: &[f64],
    config: &WeightingConfig,
) -> Result<MagnitudeFunction> {
    const OP: &str = "magnitude_function";
    for &t in scales {
        check_scale(OP, t)?;
    }
    let distances = &checked_distances(OP, distances)?;
    let mut function = MagnitudeFunction {
        scales: scales.to_vec(),
        magnitudes: Vec::new(),
        derivatives: Vec::new(),
        solvers: Vec::new(),
        residuals: Vec::new(),
        conditions: Vec::new(),
        ranks: Vec::new(),
        negative_eigenvalues: Vec::new(),
    };
    no_grad(|| {
        let distinct = Distinct::of(OP, distances)?.alone();
        for &t in scales {
            let w = weighting_of_distinct(OP, &distinct, t, config)?;
            let derivative = scale_derivative(&distinct.distances, t, &w.weights);
            function.magnitudes.push(w.magnitude);
            function.derivatives.push(derivative);
            function.solvers.push(w.solver);
            function.residuals.push(w.residual);
            function.conditions.push(w.condition);
            function.ranks.push(w.rank);
            function.negative_eigenvalues.push(w.negative_eigenvalues);
        }
        Ok(function)
    })
}

/// The instantaneous magnitude dimension at the scale t.
///
/// ```text
/// d log|tX| / d log t = t wᵀ(d ∘ Z)w / Σw
/// ```
///
/// # Errors
///
/// Those of [`weighting`], and [`Error::InvalidArgument`] for no points.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::magnitude_dimension;
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // 400 points of an interval of length 100 are of dimension 1 at scale 1.
/// let x = Tensor::arange(400, (Kind::Double, Device::Cpu)) / 4.0;
/// let distances = (x.unsqueeze(0) - x.unsqueeze(1)).abs();
/// assert!((magnitude_dimension(&distances, 1.0)? - 1.0).abs() < 0.05);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// willerton2015, which defines it for the spread.
pub fn magnitude_dimension(distances: &Tensor, t: f64) -> Result<f64> {
    let w = weighting(distances, t, &WeightingConfig::default())?;
    if w.distinct == 0 {
        return Err(Error::invalid(
            "magnitude_dimension",
            "at least one point",
            "none",
        ));
    }
    let derivative = scale_derivative(distances, t, &w.weights);
    Ok(t * derivative / w.magnitude)
}

/// The spread of a metric space at the scale t. Like the magnitude it is an effective number of
/// points at that scale. But it is always defined and between 1 and n, and needs no linear solve.
///
/// ```text
/// Σᵢ 1 / Σⱼ e^(−t d(i, j))
/// ```
///
/// It equals the magnitude of homogeneous spaces, and is at most the magnitude of positive
/// definite ones. Memory: `[n, n]` similarities in f64.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for scales and distances as in [`weighting`]; points at distance 0 need not be
/// equally far from others.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::spread;
/// use holonomy::tch::Tensor;
///
/// let pair = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0]).view([2, 2]);
/// assert!((spread(&pair, 2.0)? - 2.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// willerton2015, section 2.
pub fn spread(distances: &Tensor, t: f64) -> Result<f64> {
    const OP: &str = "spread";
    check_scale(OP, t)?;
    let distances = &checked_distances(OP, distances)?;
    let similarities = (distances.detach().to_kind(Kind::Double) * -t).exp();
    let rows = similarities.sum_dim_intlist(1, false, Kind::Double);
    Ok(rows.reciprocal().sum(Kind::Double).double_value(&[]))
}
