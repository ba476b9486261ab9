//! Hyperbolic multidimensional scaling: points of hyperbolic space from the distances between them.
//!
//! For points of the hyperboloid of curvature −1 the matrix of cosh d(xᵢ, xⱼ) = −⟨xᵢ, xⱼ⟩_L has one positive
//! eigenvalue and as many negative ones as there are dimensions. The eigenvectors vₖ of the most negative
//! eigenvalues λₖ give the spatial coordinates √−λₖ vₖ, with the points' pseudo-Euclidean mean in the origin:
//! the eigenvector of the positive eigenvalue, which holds the time coordinates, is orthogonal to
//! them. With fewer dimensions than the points have, this keeps the part of the pseudo-Euclidean variance that is
//! largest, as principal components do.
//!
//! Distances of another curvature are multiplied by a [scale](Scale) τ first; the points then lie in curvature −τ².
//!
//! # Digits
//!
//! The spectrum gives a coordinate with an error relative to its own size, which is e^R roundings at the distance R
//! from the middle. Distances between points in different directions do not notice; those between neighbours far out
//! have that error; so have all where the largest scaled distance is small, 6e-9 of it at 1e-4 and 7e-4 at 1e-6, for
//! cosh then hardly differs from 1. The [refinement](Refinement::LeastSquares) by Gauss–Newton steps on d(xᵢ, xⱼ) − Dᵢⱼ itself, with
//! distances that keep their digits, takes most of it away. max |Δd| (`cargo bench --bench hmds`), f64, distances
//! from the middle up to R:
//!
//! | points | | R = 1 | 2 | 5 | 8 | 12 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | 60 in 3 dimensions | spectral | 1.6e-15 | 1.8e-15 | 7.1e-15 | 1.3e-14 | 4.1e-14 |
//! | 2,000 in 10 dimensions | spectral | 2.3e-14 | 2.0e-14 | 2.3e-14 | 3.0e-14 | 2.8e-14 |
//! | 30 in 3 dimensions, and another 1e-4 from each | spectral | 2.3e-15 | 3.5e-15 | 2.0e-14 | 1.2e-12 | 9.2e-11 |
//! | the same | refined | 2.3e-15 | 3.5e-15 | 2.0e-14 | 1.1e-13 | 2.8e-13 |
//!
//! Other draws of such points are refined to 7e-13 at R = 12 (`cargo papers run sala2018 --task hmds`).
//! Where the spectral solution is exact to some sixty roundings of the largest distance no step is taken.
//!
//! # Trees
//!
//! A tree fits the better the larger the scale, but in few dimensions the largest eigenvectors hold nothing of its small
//! branches, whose leaves fall into one place. The refinement parts them: on the balanced tree of 40 nodes in
//! five dimensions, at the scale 2, the mean average precision goes from 0.55 to 1 (`cargo papers run sala2018 --task hmds`).
//!
//! # References
//!
//! sala2018, section 4 (h-MDS).

mod apart;
mod check;
mod descend;
mod distances;
mod scale;
mod spectrum;
mod stress;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

use crate::manifolds::Lorentz;
use crate::{Error, Result};
use distances::Distances;
use spectrum::Spectrum;

pub(crate) const OP: &str = "hmds";

/// How [`hmds`] embeds.
#[derive(Debug, Clone, PartialEq)]
pub struct HmdsConfig {
    /// Dimensions of the space, at least 1.
    pub dim: i64,
    /// What distances are multiplied by before they count as those of curvature −1.
    pub scale: Scale,
    /// What follows the spectral solution.
    pub refinement: Refinement,
    /// How much a distance may exceed the way over a third point, as a part of that way; `None`: by anything.
    ///
    /// Measured dissimilarities are often no metric. What rounding does to distances in f32 is always allowed.
    pub triangle_slack: Option<f64>,
    /// The residual of an eigenpair, as a part of the largest eigenvalue.
    pub tolerance: f64,
    /// The products of cosh D with a block of vectors after which the search for eigenvectors has failed.
    pub max_products: usize,
    /// Of the random start of that search, and of the triangles that are checked.
    pub seed: u64,
}

impl Default for HmdsConfig {
    /// Two dimensions, scale 1, refined by least squares, metric to 1e-6.
    fn default() -> Self {
        Self {
            dim: 2,
            scale: Scale::Fixed(1.0),
            refinement: Refinement::default(),
            triangle_slack: Some(1e-6),
            tolerance: 1e-11,
            max_products: 500,
            seed: 0,
        }
    }
}

/// What distances are multiplied by before they count as those of curvature −1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// This.
    Fixed(f64),
    /// That which gives the spectral solution of least average distortion: the best of a grid, then golden sections,
    /// some 30 solutions in all. From the usual range it is found to about a part in two thousand.
    Search {
        /// Where the scaled largest distance is sought: from here.
        from: f64,
        /// To here.
        to: f64,
    },
}

impl Scale {
    /// A search among scaled largest distances from 0.5, which is nearly flat, to 12.
    ///
    /// Trees fit the better the larger their scale, without end, and then stand so far out that a refinement makes
    /// little headway; hence the bound.
    pub fn search() -> Self {
        Self::Search {
            from: 0.5,
            to: 12.0,
        }
    }
}

/// What follows the spectral solution.
///
/// With few dimensions a spectrum may put points into one place that belong apart, such as the leaves of a symmetric tree,
/// and no gradient parts them. They are moved apart at random first, a little and by the seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refinement {
    /// Nothing.
    None,
    /// Gauss–Newton steps (with Levenberg's damping where they do not descend) on Σ (d(xᵢ, xⱼ) − Dᵢⱼ)².
    LeastSquares {
        /// The most steps.
        max_steps: usize,
    },
    /// Riemannian Adam on the mean of |(d(xᵢ, xⱼ)/Dᵢⱼ)² − 1|; the best place met is kept.
    Distortion {
        /// The steps.
        steps: usize,
        /// Its learning rate at first, in units of curvature −1; it falls linearly to 0.
        learning_rate: f64,
    },
}

impl Default for Refinement {
    /// Least squares, up to 30 steps.
    fn default() -> Self {
        Self::LeastSquares { max_steps: 30 }
    }
}

/// Points from distances, and how well they fit.
#[derive(Debug)]
pub struct Hmds {
    /// The hyperboloid, of curvature −τ².
    pub space: Lorentz,
    /// `[n, dim + 1]`, f64, time first, on the device of the distances.
    pub points: Tensor,
    /// τ.
    pub scale: f64,
    /// The most negative eigenvalues of cosh τD, ascending: as many as there are dimensions, or n − 1.
    pub eigenvalues: Vec<f64>,
    /// The largest eigenvalue of cosh τD: that of the time coordinates.
    pub time_eigenvalue: f64,
    /// Products of cosh τD with a block of vectors.
    pub products: usize,
    /// Steps of the refinement.
    pub steps: usize,
    /// Whether the refinement ended by itself: the fit is exact, no step promised a decrease of a millionth, or none
    /// however short made one.
    /// Always false for [`Refinement::Distortion`], which makes all its steps, and true for [`Refinement::None`].
    pub converged: bool,
    /// How well the distances fit.
    pub fit: Fit,
}

/// How well distances of points fit the wanted ones, over all pairs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Fit {
    /// √ of the mean of (d − D)².
    pub root_mean_square: f64,
    /// max |d − D|.
    pub largest_error: f64,
    /// The mean of |d/D − 1| over the pairs with D > 0.
    pub distortion: f64,
}

/// Points of hyperbolic space from the distances between them.
///
/// ```text
/// cosh τD = λ₀v₀v₀ᵀ + Σ λₖvₖvₖᵀ + …,  λ₁ ≤ λ₂ ≤ … < 0 < λ₀
/// spatial coordinates of point i: √−λₖ vₖ(i) / τ,  k = 1 … dim
/// ```
///
/// The eigenpairs come from [`extreme_eigenpairs`](crate::numerics::extreme_eigenpairs), to which cosh τD is known by
/// its products alone: tiles of it are made and dropped. A [refinement](Refinement) follows.
///
/// # Shapes
///
/// Distances `[n, n]`, f64 or f32, on any device; f32 is widened tile by tile. Memory beside them: some
/// 100 MB and, for [`Refinement::LeastSquares`], two matrices of that size in f64.
/// glibc's allocator may hold back up to 80 % of the matrix of what the tiles have freed, unless the environment has
/// `MALLOC_MMAP_THRESHOLD_=1000000`.
///
/// # Accuracy
///
/// See the [module](self).
///
/// # Errors
///
/// [`Error::InvalidArgument`] for settings out of range and, naming a pair, for numbers that are not distances: NaN,
/// negative, infinite (in different components of a graph), asymmetric (by more than 1e-10 of the largest, in f32
/// 1e-5; below that the mean of both counts), not 0 on the diagonal, longer than the way over a third
/// point (all triangles up to n = 512, a million random ones beyond; see
/// [`triangle_slack`](HmdsConfig::triangle_slack)), so large that cosh overflows or all so small (at most 1e-6)
/// that cosh hardly differs from 1, with the scale that fits.
/// [`Error::NoConvergence`] of the search for eigenvectors; [`Error::NotFinite`] when a
/// [descent on the distortion](Refinement::Distortion) leaves the numbers.
///
/// # Examples
///
/// A star of three rays of length 1 has distances 2 between its ends. Curved enough, the plane holds it.
///
/// ```
/// use holonomy::embed::hmds::{HmdsConfig, Scale, hmds};
/// use holonomy::tch::Tensor;
///
/// let distances = Tensor::from_slice(&[
///     0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 1.0, 2.0, 0.0, 2.0, 1.0, 2.0, 2.0, 0.0,
/// ]);
/// let config = HmdsConfig { scale: Scale::Fixed(8.0), ..HmdsConfig::default() };
/// let star = hmds(&distances.view([4, 4]), &config)?;
/// assert!(star.fit.distortion < 0.02);
///
/// let flat = HmdsConfig { scale: Scale::Fixed(0.1), ..config };
/// assert!(hmds(&distances.view([4, 4]), &flat)?.fit.distortion > 0.05);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// sala2018, algorithm 2.
pub fn hmds(distances: &Tensor, config: &HmdsConfig) -> Result<Hmds> {
    tch::no_grad(|| {
        check::settings(config)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
        let (distances, largest) = check::distances(distances, config, &mut rng)?;
        let mut search = spectrum::Search::new(distances, config, &mut rng);
        let scale = match config.scale {
            Scale::Fixed(scale) => scale,
            Scale::Search { from, to } => scale::best(&mut search, &largest, (from, to))?,
        };
        check::fits(&largest, scale)?;
        let distances = distances.at_scale(scale);
        let spectrum = search.at(&distances)?;
        let refined = refine(
            &distances,
            &spectrum,
            largest.value * scale,
            config,
            &mut rng,
        )?;
        assemble(&distances, &spectrum, refined, search.products, config)
    })
}

/// Where a refinement ended, in curvature −1.
struct Refined {
    points: Tensor,
    steps: usize,
    converged: bool,
}

fn refine(
    distances: &Distances,
    spectrum: &Spectrum,
    largest: f64,
    config: &HmdsConfig,
    rng: &mut dyn Rng,
) -> Result<Refined> {
    let space = Lorentz::new(config.dim, -1.0)?;
    let start = spectrum.points(config.dim);
    match config.refinement {
        Refinement::None => Ok(Refined {
            points: start,
            steps: 0,
            converged: true,
        }),
        Refinement::LeastSquares { max_steps: 0 } => Ok(Refined {
            points: start,
            steps: 0,
            converged: false,
        }),
        Refinement::LeastSquares { max_steps } => {
            let start = apart::parted(&space, &start, distances, rng);
            Ok(stress::minimise(
                &space, &start, distances, largest, max_steps,
            ))
        }
        Refinement::Distortion {
            steps,
            learning_rate,
        } => {
            let start = apart::parted(&space, &start, distances, rng);
            descend::distortion(&space, &start, distances, steps, learning_rate)
        }
    }
}

fn assemble(
    distances: &Distances,
    spectrum: &Spectrum,
    refined: Refined,
    products: usize,
    config: &HmdsConfig,
) -> Result<Hmds> {
    let scale = distances.scale();
    let space = Lorentz::new(config.dim, -scale * scale)?;
    let points = refined.points / scale;
    let fit = distances.at_scale(1.0).fit(&space, &points);
    Ok(Hmds {
        space,
        points,
        scale,
        eigenvalues: spectrum.negative.clone(),
        time_eigenvalue: spectrum.positive,
        products,
        steps: refined.steps,
        converged: refined.converged,
        fit,
    })
}

fn invalid(expected: impl Into<String>, got: impl std::fmt::Display) -> Error {
    Error::invalid(OP, expected, got)
}
