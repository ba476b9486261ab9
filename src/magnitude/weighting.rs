//! Weighting vectors.

use std::fmt;

use tch::{Device, Kind, Tensor};

use super::derivative::scale_derivative;
use super::distinct::Distinct;
use super::duplicates::Classes;
use super::similarity::{check_scale, to_vec};
use super::solve::{Solution, Wanted, solve};
use crate::embed::pairwise_distances;
use crate::manifold::Geodesic;
use crate::metric::checked_distances;
use crate::numerics::compensated::{rounded, sum};
use crate::{Error, Result};

/// How Zw = 1 is solved.
///
/// Without a choice they are tried in this order; the [module](super) has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Solver {
    /// Z = LLᵀ.
    Cholesky,
    /// Z = E + 11ᵀ with E = LDLᵀ: at small scales, where Z is singular to rounding and E is not.
    Shifted,
    /// Z = LLᵀ of as many points as are independent to rounding; the others get weight 0.
    PivotedCholesky,
    /// Z = LDLᵀ with the pivots of Bunch and Kaufman: Z has negative eigenvalues.
    Indefinite,
    /// Z = VΛVᵀ without the eigenvalues that are 0 to rounding, which gives the shortest w.
    Spectral,
    /// Without Z in memory: [`matrix_free_weighting`](super::matrix_free_weighting).
    ConjugateGradients,
}

impl Solver {
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Cholesky => "positive definite similarities",
            Self::Shifted => "similarities above 1/2 for most pairs, and Z − 11ᵀ that is regular",
            Self::PivotedCholesky => "positive semidefinite similarities",
            Self::Indefinite | Self::Spectral => "regular similarities",
            Self::ConjugateGradients => "points, in `matrix_free_weighting`",
        }
    }
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cholesky => "Cholesky",
            Self::Shifted => "Z − 11ᵀ = LDLᵀ",
            Self::PivotedCholesky => "pivoted Cholesky",
            Self::Indefinite => "LDLᵀ",
            Self::Spectral => "eigenvalues",
            Self::ConjugateGradients => "conjugate gradients",
        })
    }
}

/// How weighting vectors are computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightingConfig {
    /// The solver; `None` tries them in order.
    pub solver: Option<Solver>,
    /// The most steps of refinement, each with a residual in twice the precision. Most weights take one step from a factor in f64
    /// and two to four from one in f32; the condition may ask for more. With fewer than 8, all factors are in f64. Where they do not suffice for
    /// [`Solver::Cholesky`] and most similarities are above ½, the next solver is tried; with 0, where the
    /// condition is above 1e3.
    pub max_refinements: usize,
}

impl Default for WeightingConfig {
    /// The first solver that will do, and up to 10 refinements.
    fn default() -> Self {
        Self {
            solver: None,
            max_refinements: 10,
        }
    }
}

/// A weighting vector, and what is known of it.
///
/// Components at infinite distance of each other are solved apart. Of their solvers the last in the order
/// of trial is given, of their conditions, residuals and refinements the largest.
#[derive(Debug)]
pub struct Weighting {
    /// w, `[n]`, f64, on the device of the distances.
    pub weights: Tensor,
    /// |tX| = Σ w.
    pub magnitude: f64,
    /// The scale t.
    pub scale: f64,
    /// How Zw = 1 was solved.
    pub solver: Solver,
    /// Why this solver.
    pub reason: String,
    /// How many points differ: those at distance 0 count as one and share their weight equally.
    pub distinct: usize,
    /// The rank of Z to rounding: `distinct`, or less with [`Solver::PivotedCholesky`] and
    /// [`Solver::Spectral`].
    pub rank: usize,
    /// How many eigenvalues of Z are negative: 0 for spaces that are positive definite at this scale.
    pub negative_eigenvalues: usize,
    /// ‖Zw − 1‖∞, over the points that differ.
    pub residual: f64,
    /// An estimate of a condition ‖A‖₁‖A⁻¹‖₁, not above it but for the roundings of the factor (to a tenth, where that is in f32): of Z, but with
    /// [`Solver::Shifted`] of Z − 11ᵀ, times what 1 + 1ᵀ(Z − 11ᵀ)⁻¹1 cancels. Where the rank is below
    /// `distinct` it is ‖Z‖₁ times ‖·‖₁ of the inverse of the part that was kept, and says nothing of the
    /// weights, which are then some of many.
    pub condition: f64,
    /// Steps of refinement that were made; by [`Solver::ConjugateGradients`], products with Z.
    pub refinements: usize,
    /// Whether another refinement would have changed nothing but roundings; false by
    /// [`Solver::ConjugateGradients`], which ends at its tolerance.
    pub settled: bool,
}

impl Weighting {
    /// d|tX|/dt = wᵀ(d ∘ Z)w, for the distances that the weights are of.
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

/// The weighting vector of a metric space with these distances, at the scale t.
///
/// ```text
/// Z = e^(−t d),   Zw = 1
/// ```
///
/// Points at distance 0 count as one, whose weight they share equally. Infinite distances are allowed:
/// their similarity is 0, so that each component has the weights that it has alone, and the magnitudes add
/// up. No points have magnitude 0.
///
/// # Shapes
///
/// `distances`: `[n, n]`; the weights `[n]`, f64. Beside the distances, and a copy of them where they are not contiguous and f64, half a
/// matrix is in memory for [`Solver::Cholesky`] of 256 points and more on the CPU: the factor, 2n² bytes in f32 or 4n² in f64.
/// The other solvers keep the similarities and their factors, two matrices of f64, and up to two more while they are
/// factored. Of distances on another device the factors of [`Solver::Cholesky`] and [`Solver::Spectral`] are made
/// there; the other solvers and all residuals work on the CPU, where a copy of the distances is kept.
///
/// # Accuracy
///
/// All in f64, with refinement by residuals in twice the precision: in the weights and the magnitude some
/// roundings times the condition of Z, and often much less, see the [module](super).
///
/// # Gradient
///
/// None: see [`differentiable_magnitude`](super::differentiable_magnitude).
///
/// # Errors
///
/// [`Error::InvalidArgument`] for t that is not positive and finite; for distances that are NaN, negative,
/// not symmetric or not 0 on the diagonal, and for points at distance 0 of each other that are not equally
/// far from a third, to 1e-8 of that distance (1e-4 in f32): the message names the points.
/// [`Error::NoWeighting`] where Z is singular to rounding and 1 is not among its images. With a
/// [`WeightingConfig::solver`], [`Error::InvalidArgument`] where that one fails or, but for
/// [`Solver::PivotedCholesky`] and [`Solver::Spectral`], its condition is above 1/ε.
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
    tch::no_grad(|| {
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

/// [`weighting`] of points of a manifold in their geodesic distance.
///
/// # Shapes
///
/// `points`: `[n, point..]`.
///
/// # Accuracy
///
/// The distances are those of the manifold's `dist` pair by pair, with all its digits: not by a product of
/// matrices, which would lose half of them.
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
    space: &dyn Geodesic,
    points: &Tensor,
    t: f64,
    config: &WeightingConfig,
) -> Result<Weighting> {
    check_points("weighting_of_points", space, points)?;
    weighting(&pairwise_distances(space, points), t, config)
}

/// Checks that these are `[n, point..]`.
pub(super) fn check_points(op: &'static str, space: &dyn Geodesic, points: &Tensor) -> Result<()> {
    space.check_point(points)?;
    if points.dim() == space.point_shape().len() + 1 {
        return Ok(());
    }
    let got = format!("{:?}", points.size());
    Err(Error::invalid(op, "points [n, point..]", got))
}

/// |tX|, the magnitude of a metric space with these distances: [`weighting`], and of that the sum.
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
