//! Hyperbolic multidimensional scaling: points of hyperbolic space from the distances between them.
//!
//! For points of the hyperboloid of curvature −1 the matrix cosh d(xᵢ, xⱼ) = −⟨xᵢ, xⱼ⟩_L has one
//! positive eigenvalue and as many negative ones as there are dimensions. The eigenvectors vₖ of
//! the most negative eigenvalues λₖ give the spatial coordinates √−λₖ vₖ. The eigenvector of the
//! positive eigenvalue, which holds the time coordinates, is orthogonal to them: this puts the
//! pseudo-Euclidean mean of the points at the origin. With fewer dimensions than the points have,
//! the largest part of the pseudo-Euclidean variance is kept, as with principal components.
//!
//! Distances of another curvature are multiplied by a [scale](Scale) τ first; the points then lie
//! in the space of curvature −τ².
//!
//! # Digits
//!
//! The error of a spectral coordinate is relative to its size, and amounts to e^R roundings at the
//! distance R from the centre. Distances between points in different directions are hardly
//! affected, those between neighbours far out have that error. All distances lose precision where
//! the largest scaled distance is small, since cosh is then near 1: 6e-9 of it at 1e-4 and 7e-4 at
//! 1e-6. The [refinement](Refinement::LeastSquares) takes Gauss–Newton steps on the residuals
//! d(xᵢ, xⱼ) − Dᵢⱼ themselves, with distances at full precision, and removes most of the error.
//! max |Δd| (`cargo bench --bench hmds`), f64, distances from the centre up to R:
//!
//! | points | | R = 1 | 2 | 5 | 8 | 12 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | 60 in 3 dimensions | spectral | 1.6e-15 | 1.8e-15 | 7.1e-15 | 1.3e-14 | 4.1e-14 |
//! | 2,000 in 10 dimensions | spectral | 2.3e-14 | 2.0e-14 | 2.3e-14 | 3.0e-14 | 2.8e-14 |
//! | 30 in 3 dimensions, and another 1e-4 from each | spectral | 2.3e-15 | 3.5e-15 | 2.0e-14 | 1.2e-12 | 9.2e-11 |
//! | the same | refined | 2.3e-15 | 3.5e-15 | 2.0e-14 | 1.1e-13 | 2.8e-13 |
//!
//! Other draws of such points are refined to 7e-13 at R = 12 (`cargo papers run sala2018 --task
//! hmds`). Where the spectral solution is exact to some sixty roundings of the largest distance,
//! no step is taken.
//!
//! # Trees
//!
//! The larger the scale, the better a tree fits. But in few dimensions the leading eigenvectors do
//! not resolve its small branches, whose leaves then coincide. The refinement separates them: on
//! the balanced tree of 40 nodes in five dimensions, at the scale 2, it raises the mean average
//! precision from 0.55 to 1 (`cargo papers run sala2018 --task hmds`).
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
use crate::numerics::no_grad;
use crate::{Error, Result};
use distances::Distances;
use spectrum::Spectrum;

pub(crate) const OP: &str = "hmds";

/// The settings of [`hmds`].
#[derive(Debug, Clone, PartialEq)]
pub struct HmdsConfig {
    /// Dimensions of the space, at least 1.
    pub dim: i64,
    /// What distances are multiplied by before they count as those of curvature −1.
    pub scale: Scale,
    /// What follows the spectral solution.
    pub refinement: Refinement,
    /// The relative amount s ≥ 0 by which distances may violate the triangle inequality: D(i, k) ≤
    /// (1 + s)(D(i, j) + D(j, k)). `None`: not checked.
    ///
    /// Measured dissimilarities often violate it. The rounding of the distances' kind is always
    /// allowed, 1e-10 in f64 and 1e-5 in f32.
    pub triangle_slack: Option<f64>,
    /// The largest residual of an eigenpair, relative to the largest absolute eigenvalue; in (0,
    /// 1).
    pub tolerance: f64,
    /// The most products of cosh τD with a block of vectors; beyond them the search for
    /// eigenvectors fails.
    pub max_products: usize,
    /// The seed of the random start of that search, of the triangles that are checked, and of the
    /// refinement.
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
    /// The scale whose spectral solution has the least average distortion. It is searched on a
    /// grid and then by golden sections, with some 30 spectral solutions in all. In the range of
    /// [`search`](Scale::search) it is found to about a part in two thousand.
    Search {
        /// The smallest value of the scaled largest distance, > 0.
        from: f64,
        /// The largest value of the scaled largest distance, at most 300.
        to: f64,
    },
}

impl Scale {
    /// A search over scaled largest distances from 0.5, which is nearly flat, to 12.
    ///
    /// The fit of trees improves with the scale without bound, but points far out slow down the
    /// refinement; hence the limit.
    pub fn search() -> Self {
        Self::Search {
            from: 0.5,
            to: 12.0,
        }
    }
}

/// What follows the spectral solution.
///
/// In few dimensions the spectral solution may make points at positive distances coincide, such as
/// the leaves of a symmetric tree, and no gradient separates them. A refinement therefore starts
/// by moving them apart a little, at random from the seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refinement {
    /// No refinement.
    None,
    /// Gauss–Newton steps (with Levenberg's damping where they do not descend) on Σ (d(xᵢ, xⱼ) − Dᵢⱼ)².
    LeastSquares {
        /// The maximal number of steps; 0 takes none.
        max_steps: usize,
    },
    /// Riemannian Adam on the mean of |(d(xᵢ, xⱼ)/Dᵢⱼ)² − 1|; the points with the lowest value are
    /// kept.
    Distortion {
        /// The number of steps.
        steps: usize,
        /// The initial learning rate, > 0, in units of curvature −1; it falls linearly to 0.
        learning_rate: f64,
    },
}

impl Default for Refinement {
    /// Least squares, up to 30 steps.
    fn default() -> Self {
        Self::LeastSquares { max_steps: 30 }
    }
}

/// The points that [`hmds`] found, and how well they fit.
#[derive(Debug)]
pub struct Hmds {
    /// The hyperboloid, of curvature −τ².
    pub space: Lorentz,
    /// `[n, dim + 1]`, f64, time first, on the device of the distances.
    pub points: Tensor,
    /// τ.
    pub scale: f64,
    /// The most negative eigenvalues of cosh τD, ascending: min(dim, n − 1) of them.
    pub eigenvalues: Vec<f64>,
    /// The largest eigenvalue of cosh τD: that of the time coordinates.
    pub time_eigenvalue: f64,
    /// Products of cosh τD with a block of vectors.
    pub products: usize,
    /// Steps of the refinement.
    pub steps: usize,
    /// Whether the refinement converged: the fit is exact, no step promises a relative decrease of
    /// 1e-6, or no step, however short, decreases the objective. Always false for
    /// [`Refinement::Distortion`], which takes all its steps, and true for [`Refinement::None`].
    pub converged: bool,
    /// How well the distances fit.
    pub fit: Fit,
}

/// How well the distances d of the points fit the wanted distances D, over all pairs.
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
/// The eigenpairs come from [`extreme_eigenpairs`](crate::numerics::extreme_eigenpairs), which
/// uses cosh τD only through its products with vectors, computed in tiles; the matrix is never
/// stored. A [refinement](Refinement) follows.
///
/// # Shapes
///
/// Distances `[n, n]`, f64 or f32, on any device; f32 is widened tile by tile. Besides them, the
/// computation takes some 100 MB and, for [`Refinement::LeastSquares`], two matrices `[n, n]` in
/// f64. glibc's allocator may keep freed tiles, up to 80 % of the size of the matrix, unless the
/// environment has `MALLOC_MMAP_THRESHOLD_=1000000`.
///
/// # Accuracy
///
/// See the [module](self).
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, for settings out of range and, naming a
/// pair, for entries that are not distances:
///
/// - NaN, negative or infinite (between components of a graph);
/// - not symmetric or not 0 on the diagonal, by more than 1e-10 of the largest entry, in f32 1e-5
///   (below that, the mean of both entries is used);
/// - violations of the triangle inequality beyond [`triangle_slack`](HmdsConfig::triangle_slack);
///   all triangles are checked up to n = 512, a million random ones beyond;
/// - so large that cosh overflows (scaled distances above 300), or all so small (below 1e-6) that
///   cosh hardly differs from 1; the message gives a scale that fits.
///
/// [`Error::NoConvergence`] of the search for eigenvectors; [`Error::NotFinite`] when a
/// [descent on the distortion](Refinement::Distortion) diverges.
///
/// # Examples
///
/// In a star of three edges of length 1, the distance between two leaves is 2. A plane of
/// sufficient negative curvature holds it almost without distortion.
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
    no_grad(|| {
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
