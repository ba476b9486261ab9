//! Weighting vectors.

use tch::{Device, Kind, Tensor};

use super::config::{Solver, WeightingConfig};
use super::similarity::derivative::scale_derivative;
use super::similarity::distinct::Distinct;
use super::similarity::duplicates::Classes;
use super::similarity::{check_scale, to_vec};
use super::solve::{Solution, Wanted, solve};
use crate::manifold::Distance;
use crate::metric::checked_distances;
use crate::metric::pairwise_distances;
use crate::numerics::compensated::{rounded, sum};
use crate::numerics::no_grad;
use crate::{Error, Result};

/// A weighting vector, with its solver, residual and condition.
///
/// Components at infinite distance from each other are solved separately. `solver` is then the
/// last one in the order of trial, and `condition`, `residual` and `refinements` are the largest
/// over the components.
#[derive(Debug)]
pub struct Weighting {
    /// w, `[n]`, f64, on the device of the distances.
    pub weights: Tensor,
    /// |tX| = Σ w.
    pub magnitude: f64,
    /// The scale t.
    pub scale: f64,
    /// The solver that was used.
    pub solver: Solver,
    /// Why this solver was used.
    pub reason: String,
    /// The number of distinct points: those at distance 0 count as one and share its weight
    /// equally.
    pub distinct: usize,
    /// The rank of Z up to rounding: `distinct`, or less with [`Solver::PivotedCholesky`] and
    /// [`Solver::Spectral`].
    pub rank: usize,
    /// The number of negative eigenvalues of Z; 0 for spaces that are positive definite at this
    /// scale.
    pub negative_eigenvalues: usize,
    /// ‖Zw − 1‖∞ over the distinct points.
    pub residual: f64,
    /// An estimate of the condition ‖A‖₁‖A⁻¹‖₁ for A = Z: a lower bound, up to rounding of the
    /// factor (up to a tenth where that is in f32). With [`Solver::Shifted`], A is Z − 11ᵀ, and
    /// the condition is multiplied by the cancellation in 1 + 1ᵀ(Z − 11ᵀ)⁻¹1. Where the rank is
    /// below `distinct`, it is ‖Z‖₁ times the norm of the inverse of the part that was kept. It
    /// then does not bound the error of the weights, which are not unique.
    pub condition: f64,
    /// The number of refinement steps; for [`Solver::ConjugateGradients`], of products with Z.
    pub refinements: usize,
    /// Whether the refinement converged: another step would change only roundings. False for
    /// [`Solver::ConjugateGradients`], which stops at its tolerance.
    pub settled: bool,
}

impl Weighting {
    /// d|tX|/dt = wᵀ(d ∘ Z)w. `distances` must be those from which the weights were computed.
    ///
    /// # Errors
    ///
    /// As for [`weighting`].
    pub fn scale_derivative(&self, distances: &Tensor) -> Result<f64> {
        const OP: &str = "scale_derivative";
        let distances = &checked_distances(OP, distances)?;
        let n = self.weights.size()[0];
        if distances.size()[0] != n {
            let got = format!("{:?}", distances.size());
            return Err(Error::invalid(OP, format!("distances [{n}, {n}]"), got));
        }
        Ok(scale_derivative(distances, self.scale, &self.weights))
    }

    /// The weighting that a solution is; without one, that of no points.
    pub(super) fn of(t: f64, solution: Option<&Solution>, distinct: &Distinct) -> Self {
        solution.map_or_else(
            || Self::of_nothing(t, distinct.distances.device()),
            |solution| Self::new(t, solution, distinct.classes.as_ref()),
        )
    }

    fn of_nothing(t: f64, device: Device) -> Self {
        Self {
            weights: Tensor::zeros([0], (Kind::Double, device)),
            magnitude: 0.0,
            scale: t,
            solver: Solver::Cholesky,
            reason: "no points".into(),
            distinct: 0,
            rank: 0,
            negative_eigenvalues: 0,
            residual: 0.0,
            condition: 1.0,
            refinements: 0,
            settled: true,
        }
    }

    fn new(t: f64, solution: &Solution, classes: Option<&Classes>) -> Self {
        let n = solution.weights.size()[0];
        let weights = solution.weights.view(-1);
        Self {
            magnitude: rounded(sum(&to_vec(&weights))),
            weights: classes.map_or(weights.shallow_clone(), |classes| classes.share(&weights)),
            scale: t,
            solver: solution.solver,
            reason: solution.reason.clone(),
            distinct: n as usize,
            rank: solution.rank() as usize,
            negative_eigenvalues: solution.negative_eigenvalues() as usize,
            residual: solution.residual,
            condition: solution.condition,
            refinements: solution.refinements,
            settled: solution.settled,
        }
    }
}

/// The weighting vector of a metric space with the given distances, at the scale t.
///
/// ```text
/// Z = e^(−t d),   Zw = 1
/// ```
///
/// Points at distance 0 count as one and share its weight equally. Infinite distances are allowed:
/// the similarity is then 0, each component has the same weights as on its own, and the magnitudes
/// add up. The empty space has magnitude 0.
///
/// # Shapes
///
/// `distances`: `[n, n]`; the weights `[n]`, f64. Memory holds the distances, and a copy of them
/// where they are not contiguous and f64. On the CPU, [`Solver::Cholesky`] of 256 points and more
/// adds only the factor: 2n² bytes in f32 or 4n² in f64. The other solvers store the similarities
/// and their factors, two matrices of f64, and up to two more during the factorisation. For
/// distances on another device, [`Solver::Cholesky`] and [`Solver::Spectral`] factor there; the
/// other solvers and all residuals run on the CPU, where a copy of the distances is kept.
///
/// # Accuracy
///
/// Results are f64, refined with residuals in twice the precision. The error of the weights and
/// the magnitude is some roundings times the condition of Z, and often much less; see the
/// [module](super).
///
/// # Gradient
///
/// None: see [`differentiable_magnitude`](super::differentiable_magnitude).
///
/// # Errors
///
/// [`Error::InvalidArgument`] for t that is not positive and finite; for distances that are NaN,
/// negative, not symmetric or not 0 on the diagonal, and for points at distance 0 of each other
/// that are not equally far from a third, to 1e-8 of that distance (1e-4 in f32): the message
/// names the points. [`Error::NoWeighting`] where Z is singular up to rounding and 1 is not in its
/// range. With a [`WeightingConfig::solver`], [`Error::InvalidArgument`] where that solver fails
/// or, except for [`Solver::PivotedCholesky`] and [`Solver::Spectral`], the condition is above
/// 1/ε.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{WeightingConfig, weighting};
/// use holonomy::tch::Tensor;
///
/// let pair = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0]).view([2, 2]);
/// let w = weighting(&pair, 2.0, &WeightingConfig::default())?;
/// assert!((w.magnitude - 2.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// leinster2013, section 1.1 and 2.1.
pub fn weighting(distances: &Tensor, t: f64, config: &WeightingConfig) -> Result<Weighting> {
    const OP: &str = "weighting";
    check_scale(OP, t)?;
    let distances = &checked_distances(OP, distances)?;
    no_grad(|| {
        let distinct = Distinct::of(OP, distances)?;
        weighting_of_distinct(OP, &distinct, t, config)
    })
}

/// [`weighting`] of distances that are checked.
pub(super) fn weighting_of_distinct(
    op: &'static str,
    distinct: &Distinct,
    t: f64,
    config: &WeightingConfig,
) -> Result<Weighting> {
    let solution = solve(op, distinct, t, config, Wanted::Weights)?;
    Ok(Weighting::of(t, solution.as_ref(), distinct))
}

/// [`weighting`] of points of a manifold with the geodesic distance.
///
/// # Shapes
///
/// `points`: `[n, point..]`.
///
/// # Accuracy
///
/// The distances are those of the manifold's `dist`, pair by pair and to full precision; a matrix
/// product would lose half of the digits.
///
/// # Errors
///
/// Those of [`weighting`], [`Error::NotOnManifold`] with the row that is not a point, and
/// [`Error::InvalidArgument`] for points of another shape.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{WeightingConfig, weighting_of_points};
/// use holonomy::tch::Tensor;
///
/// // Of points on a line the outer ones weigh most.
/// let line = Euclidean::new(1)?;
/// let points = Tensor::from_slice(&[0.0, 1.0, 2.0]).view([3, 1]);
/// let w = weighting_of_points(&line, &points, 1.0, &WeightingConfig::default())?.weights;
/// assert!(w.double_value(&[0]) > w.double_value(&[1]));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn weighting_of_points(
    space: &(impl Distance + ?Sized),
    points: &Tensor,
    t: f64,
    config: &WeightingConfig,
) -> Result<Weighting> {
    check_points("weighting_of_points", space, points)?;
    weighting(&pairwise_distances(space, points), t, config)
}

/// Checks that these are `[n, point..]`.
pub(super) fn check_points(
    op: &'static str,
    space: &(impl Distance + ?Sized),
    points: &Tensor,
) -> Result<()> {
    let found = space.check(points);
    found.map_err(|error| error.told_by(op))?;
    if points.dim() == space.shape().len() + 1 {
        return Ok(());
    }
    let got = format!("{:?}", points.size());
    Err(Error::invalid(op, "points [n, point..]", got))
}

/// |tX|, the magnitude of a metric space with the given distances: the sum of its [`weighting`].
///
/// # Errors
///
/// Those of [`weighting`].
///
/// # Examples
///
/// ```
/// use holonomy::graph::{Graph, shortest_paths};
/// use holonomy::magnitude::magnitude;
///
/// // Of a tree: 1 + Σ tanh(t/2) over its edges.
/// let names = ["root", "left", "right"].map(String::from).to_vec();
/// let tree = shortest_paths(&Graph::new(names, vec![(1, 0), (2, 0)], None)?);
/// assert!((magnitude(&tree, 3.0)? - (1.0 + 2.0 * 1.5_f64.tanh())).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn magnitude(distances: &Tensor, t: f64) -> Result<f64> {
    Ok(weighting(distances, t, &WeightingConfig::default())?.magnitude)
}
