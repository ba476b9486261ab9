//! Weighting vectors of point sets whose similarity matrix does not fit into memory.

mod euclidean;
pub(super) mod operator;
mod preconditioner;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::config::{Solver, WeightingConfig};
use super::similarity::duplicates::Labels;
use super::similarity::{check_scale, to_vec};
use super::weighting::{Weighting, check_points, weighting_of_points};
use crate::manifold::Distance;
use crate::numerics::compensated::{rounded, sum};
use crate::numerics::no_grad;
use crate::{Error, Result};
use euclidean::Euclidean;
use operator::{Neighbours, Similarities, Tiled};
use preconditioner::{SparseInverse, not_positive_definite};

const OP: &str = "matrix_free_weighting";

/// The settings of [`matrix_free_weighting`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixFreeConfig {
    /// The value of ‖Zw − 1‖∞ at which the iteration stops, in (0, 1).
    pub tolerance: f64,
    /// The most products with Z; beyond them the solve fails.
    pub max_iterations: usize,
    /// The neighbours of each point in the preconditioner, ≥ 1. More neighbours save products, and
    /// take 16 bytes more for each neighbour of each point.
    pub neighbours: usize,
    /// The seed of the order of the points in the preconditioner.
    pub seed: u64,
}

impl Default for MatrixFreeConfig {
    /// Tolerance 1e-8, up to 1,000 products, 64 neighbours, seed 0.
    fn default() -> Self {
        Self {
            tolerance: 1e-8,
            max_iterations: 1_000,
            neighbours: 64,
            seed: 0,
        }
    }
}

impl MatrixFreeConfig {
    /// Whether every setting has a value that the function is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            let expected = "a tolerance between 0 and 1";
            return Err(Error::invalid(OP, expected, self.tolerance));
        }
        if self.neighbours == 0 {
            return Err(Error::invalid(OP, "neighbours ≥ 1", 0));
        }
        Ok(())
    }
}

/// [`weighting_of_points`] without the matrix of distances, by preconditioned conjugate gradients.
///
/// ```text
/// Zw = 1,   Z = e^(−t d(x, y)),   preconditioner U Uᵀ ≈ Z⁻¹
/// ```
///
/// Similarities are recomputed in every product with Z. For points of
/// [`Euclidean`](crate::Euclidean) space on a CPU this is done in registers, each pair once; for
/// all others in tiles of the manifold's `dist`, on any device. U is sparse and triangular. Each
/// column is computed from a point and its nearest neighbours among those before it in a random
/// order.
///
/// Points at distance 0 count as one and share its weight equally.
///
/// # Shapes
///
/// `points`: `[n, point..]`; the weights `[n]`, f64. Memory: some 40·(neighbours + 1) bytes for
/// each point, and tiles of 100 MB.
///
/// # Time
///
/// 100,000 Gaussian points in five dimensions at t = 1, whose condition is at least 2e5, take 96 products and 6 min 17 s
/// on two cores, with 670 MB (`cargo bench --bench magnitude -- large 100000 64`); 20,000 take 38 products.
///
/// # Accuracy
///
/// ‖Zw − 1‖∞ is recomputed from w, not updated in the iteration, and at most the tolerance. The
/// error of the magnitude is then at most the tolerance times Σ|w|. On a CPU the result is bitwise
/// reproducible with any number of threads. [`Weighting::condition`] is a lower bound of the
/// condition of Z, from the nearest pair at distance d and the mean similarity: (1ᵀZ1/n)/(1 −
/// e^(−t d)). For points in general position it is near the condition.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a t or a setting out of range, for points of another shape, and
/// where Z is not positive definite; [`Error::NotOnManifold`] with the row that is not a point;
/// [`Error::NoConvergence`] after [`max_iterations`](MatrixFreeConfig::max_iterations);
/// [`Error::NotFinite`] where a distance is not finite.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{MatrixFreeConfig, matrix_free_weighting};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // Of an interval of length 5 the magnitude is 1 + 5/2, and of 1,000 points of it nearly so.
/// let x = Tensor::linspace(0.0, 5.0, 1_000, (Kind::Double, Device::Cpu)).view([1_000, 1]);
/// let w = matrix_free_weighting(&Euclidean::new(1)?, &x, 1.0, &MatrixFreeConfig::default())?;
/// assert!((w.magnitude - 3.5).abs() < 1e-4);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// vecchia1988, kaporin1994 (the factor); hestenes1952 (conjugate gradients).
pub fn matrix_free_weighting(
    space: &(impl Distance + ?Sized),
    points: &Tensor,
    t: f64,
    config: &MatrixFreeConfig,
) -> Result<Weighting> {
    config.validate()?;
    check_scale(OP, t)?;
    check_points(OP, space, points)?;
    if points.size()[0] < 2 {
        return weighting_of_points(space, points, t, &WeightingConfig::default());
    }
    no_grad(|| {
        let n = points.size()[0];
        let mut order: Vec<i64> = (0..n).collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(config.seed));
        let order = Tensor::from_slice(&order).to_device(points.device());
        let points = points
            .detach()
            .to_kind(Kind::Double)
            .index_select(0, &order);
        let mut found = in_order(space, &points, t, config)?;
        found.weights = found
            .weights
            .zeros_like()
            .index_copy(0, &order, &found.weights);
        Ok(found)
    })
}

/// The weights of points in the order of the preconditioner.
fn in_order(
    space: &(impl Distance + ?Sized),
    points: &Tensor,
    t: f64,
    config: &MatrixFreeConfig,
) -> Result<Weighting> {
    let similarities: Box<dyn Similarities + '_> =
        if space.is_euclidean() && points.device() == Device::Cpu {
            Box::new(Euclidean::new(&points.reshape([points.size()[0], -1]), t))
        } else {
            Box::new(Tiled {
                space,
                points: points.shallow_clone(),
                t,
            })
        };
    let count = (config.neighbours as i64).min(points.size()[0] - 1);
    let neighbours = similarities.earlier_neighbours(count);
    let Some(labels) = duplicates(&neighbours) else {
        return distinct(t, config, similarities.as_ref(), &neighbours);
    };
    // Points that coincide count as the first of them.
    let points = labels.kept(points);
    let mut found = if points.size()[0] < 2 {
        weighting_of_points(space, &points, t, &WeightingConfig::default())?
    } else {
        in_order(space, &points, t, config)?
    };
    found.weights = labels.share(&found.weights);
    Ok(found)
}

/// `None` where all points differ.
fn duplicates(neighbours: &Neighbours) -> Option<Labels> {
    let nearest = to_vec(&neighbours.distances.narrow(1, 0, 1));
    let places = to_vec(&neighbours.places.narrow(1, 0, 1).to_kind(Kind::Double));
    let mut first: Vec<usize> = (0..nearest.len()).collect();
    for (place, (&distance, &earlier)) in nearest.iter().zip(&places).enumerate() {
        if distance == 0.0 {
            first[place] = first[earlier as usize];
        }
    }
    Labels::new(&first)
}

fn distinct(
    t: f64,
    config: &MatrixFreeConfig,
    similarities: &dyn Similarities,
    neighbours: &Neighbours,
) -> Result<Weighting> {
    let preconditioner = SparseInverse::new(OP, similarities, t, neighbours)?;
    let found = conjugate_gradients(similarities, &preconditioner, config)?;
    let n = similarities.len();
    let nearest = neighbours.distances.min().double_value(&[]);
    let weights = found.weights.view(-1);
    Ok(Weighting {
        magnitude: rounded(sum(&to_vec(&weights))),
        weights,
        scale: t,
        solver: Solver::ConjugateGradients,
        reason: format!("matrix-free, {} neighbours", neighbours.places.size()[1]),
        distinct: n as usize,
        rank: n as usize,
        negative_eigenvalues: 0,
        residual: found.residual,
        condition: found.mean_row_sum / -(-t * nearest).exp_m1(),
        refinements: found.iterations,
        settled: false,
    })
}

/// Where the iteration ended.
struct Found {
    weights: Tensor,
    residual: f64,
    iterations: usize,
    /// 1ᵀZ1/n
    mean_row_sum: f64,
}

fn conjugate_gradients(
    z: &dyn Similarities,
    preconditioner: &SparseInverse,
    config: &MatrixFreeConfig,
) -> Result<Found> {
    let ones = Tensor::ones([z.len(), 1], (Kind::Double, z.device()));
    let row_sums = z.times(&ones);
    let mean_row_sum = row_sums.mean(Kind::Double).double_value(&[]);
    let mut weights = ones.zeros_like();
    let mut residual = ones.copy();
    let mut iterations = 1;
    loop {
        // From here, and again from where the residual that was carried along has drifted.
        let mut step = preconditioner.times(&residual);
        let mut direction = step.shallow_clone();
        let mut slope = dot(&residual, &step);
        while largest(&residual) > config.tolerance {
            if iterations >= config.max_iterations {
                return Err(Error::NoConvergence {
                    op: OP,
                    iterations,
                    residual: largest(&residual),
                    tolerance: config.tolerance,
                });
            }
            let image = z.times(&direction);
            iterations += 1;
            let curvature = dot(&direction, &image);
            if !curvature.is_finite() {
                return Err(Error::NotFinite {
                    op: OP,
                    what: "a product with the similarities",
                    place: format!("iteration {iterations}"),
                });
            }
            if curvature <= 0.0 {
                return Err(not_positive_definite(OP));
            }
            let length = slope / curvature;
            weights += &direction * length;
            residual -= image * length;
            step = preconditioner.times(&residual);
            let next = dot(&residual, &step);
            direction = &step + direction * (next / slope);
            slope = next;
        }
        residual = &ones - z.times(&weights);
        iterations += 1;
        let measured = largest(&residual);
        if measured <= config.tolerance {
            return Ok(Found {
                weights,
                residual: measured,
                iterations,
                mean_row_sum,
            });
        }
    }
}

fn dot(x: &Tensor, y: &Tensor) -> f64 {
    (x * y).sum(Kind::Double).double_value(&[])
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}
