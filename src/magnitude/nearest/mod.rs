//! Approximate weighting vectors of up to millions of points, each weight from the nearest points.

mod rows;
mod sampled;
mod sets;
mod tree;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use super::matrix_free::operator::Tiled;
use super::similarity::check_scale;
use super::similarity::duplicates::Classes;
use super::weighting::check_points;
use crate::manifold::Distance;
use crate::metric::checked_distances;
use crate::numerics::no_grad;
use crate::{Error, Result};
use rows::{Matrix, Measured};
use sampled::{Found, Residuals};
use sets::{CoincidingSets, Near, Order, Sets, System, Trouble, weights_in_order};
use tree::Coordinates;

pub use sampled::NearestNeighbourWeighting;

const OP: &str = "nearest_neighbour_weighting";

/// The points among which [`nearest_neighbour_weighting`] takes the neighbours of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NearestNeighbours {
    /// All points: the weight of x is the entry of x in Z_N⁻¹1, for the set N of x and its nearest
    /// neighbours (bunch2021).
    OfAll,
    /// The points before it in a random order: w = U Uᵀ1, where U has the column Z_N⁻¹e_x /
    /// √(Z_N⁻¹)_xx for each x. The result is the mean over several orders. The first points of an
    /// order have far neighbours and the last ones near neighbours, so that large and small scales
    /// are both resolved (vecchia1988).
    Earlier {
        /// The number of orders, ≥ 1.
        orders: usize,
    },
}

/// The settings of [`nearest_neighbour_weighting`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearestNeighbourConfig {
    /// The number k ≥ 1 of neighbours of a point. The errors fall with k, mostly, and the time
    /// grows as k³.
    pub neighbours: usize,
    /// The points among which neighbours are taken.
    pub from: NearestNeighbours,
    /// The number of points, ≥ 2, at which the residual 1 − Zw is computed, each in n operations;
    /// all points where there are no more.
    pub sample: usize,
    /// The seed of the orders and the sample.
    pub seed: u64,
}

impl Default for NearestNeighbourConfig {
    /// 32 neighbours among the earlier points in 4 orders, 256 residuals, seed 0.
    fn default() -> Self {
        Self {
            neighbours: 32,
            from: NearestNeighbours::Earlier { orders: 4 },
            sample: 256,
            seed: 0,
        }
    }
}

impl NearestNeighbourConfig {
    /// Whether every setting has a value that the function is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        if self.neighbours == 0 {
            return Err(Error::invalid(OP, "neighbours ≥ 1", 0));
        }
        if self.from == (NearestNeighbours::Earlier { orders: 0 }) {
            return Err(Error::invalid(OP, "orders ≥ 1", 0));
        }
        if self.sample < 2 {
            return Err(Error::invalid(OP, "a sample ≥ 2", self.sample));
        }
        Ok(())
    }
}

/// Approximate weights of many points, each computed from its nearest neighbours. The time is
/// nearly linear in the number of points for [`Euclidean`](crate::Euclidean) space of few
/// dimensions.
///
/// ```text
/// OfAll:    w_x = (Z_N⁻¹ 1)_x            N = x and the k points nearest to it
/// Earlier:  w = U Uᵀ 1,  U_·x = Z_N⁻¹ e_x / √(Z_N⁻¹)_xx   N = x and the k nearest before it in a random order
/// ```
///
/// The weights do not solve Zw = 1, and their error can be larger than the weights themselves. The
/// residual, which is computed at a sample of points, shows this.
/// [`matrix_free_weighting`](super::matrix_free_weighting) gives weights to a tolerance, with n²
/// operations for each step.
///
/// Points at distance 0 count as one and share its weight equally. With k ≥ n − 1 the weights are
/// those of [`weighting`](super::weighting), up to rounding times the condition of Z.
///
/// # Shapes
///
/// `points`: `[n, point..]`; the weights `[n]`, f64. Memory holds the points, a k-d tree and some
/// thousand small systems. In other spaces, and above 16 dimensions, neighbours are found by
/// exhaustive search: n² distances, in tiles of 100 MB.
///
/// # Time
///
/// Each point takes, for each order, a search in the tree and k³/3 operations; each residual takes
/// n operations. On two cores, a million Gaussian points in two dimensions with 32 neighbours take
/// 20 s (`OfAll`) and 84 s (`Earlier`, 4 orders), 10,000 points 0.2 s and 0.8 s (`cargo bench
/// --bench magnitude -- nearest 1000000 32`).
///
/// # Accuracy
///
/// Of 5,000 Gaussian points (`cargo bench --bench magnitude -- nearest 5000`), ‖w − w*‖₂/‖w*‖₂ for
/// the exact weights w*, and the relative error of the magnitude Σw, by k:
///
/// | dimension, t | from | weights: 8 | 32 | 128 | magnitude: 8 | 32 | 128 |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | 2, 1 | `OfAll` | 6.4 | 1.6 | 0.21 | −48 | −12 | −1.5 |
/// | | `Earlier`, 4 orders | 3.6 | 0.85 | 0.11 | 0.58 | 0.037 | −0.0020 |
/// | 2, 5 | `OfAll` | 1.4 | 0.30 | 0.016 | −2.6 | −0.70 | −0.036 |
/// | | `Earlier`, 4 orders | 0.71 | 0.14 | 0.0061 | 0.086 | −0.0089 | −0.0003 |
/// | 3, 1 | `OfAll` | 5.5 | 3.5 | 0.42 | −33 | −23 | 0.16 |
/// | | `Earlier`, 4 orders | 3.0 | 1.8 | 0.23 | 1.2 | 0.46 | 0.0012 |
/// | 3, 5 | `OfAll` | 0.41 | 0.39 | 0.028 | −0.011 | −0.58 | −0.0075 |
/// | | `Earlier`, 4 orders | 0.26 | 0.15 | 0.011 | 0.17 | −0.021 | −0.0025 |
/// | 5, 1 | `OfAll` | 2.8 | 4.9 | 1.7 | −7.4 | −23 | −7.6 |
/// | | `Earlier`, 4 orders | 1.6 | 2.5 | 0.84 | 1.2 | 2.1 | 0.24 |
/// | 5, 5 | `OfAll` | 0.33 | 0.069 | 0.049 | 0.31 | 0.059 | −0.030 |
/// | | `Earlier`, 4 orders | 0.24 | 0.052 | 0.015 | 0.23 | 0.048 | −0.0056 |
///
/// Weights are accurate where the k nearest neighbours of a point reach a distance of about 1/t;
/// the denser the points, the larger k must be. Otherwise the magnitude of `OfAll` is useless, and
/// may be negative, while that of `Earlier` is often still accurate. Where the residuals are below
/// about 0.1, the error of [`corrected_magnitude`](NearestNeighbourWeighting::corrected_magnitude)
/// is mostly several times smaller. At fixed t and k all errors grow with the number of points: in
/// two dimensions at t = 1 with 32 neighbours, the mean residual of `Earlier` is 0.02 for 5,000
/// points, 0.06 for 10,000, and 0.45 for 100,000.
///
/// On a CPU the result is bitwise reproducible with any number of threads.
///
/// # Gradient
///
/// None.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a t or a setting out of range, for points of another shape, and
/// where the similarities of a point and its neighbours are not positive definite up to rounding,
/// because the space is not or because points are indistinguishable at this scale;
/// [`Error::NotOnManifold`] with the row that is not a point; [`Error::NotFinite`] where a
/// distance is not finite.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{NearestNeighbourConfig, NearestNeighbours, nearest_neighbour_weighting};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // Of an interval of length 5 the magnitude is 1 + 5/2, and each weight depends on the next points alone.
/// let x = Tensor::linspace(0.0, 5.0, 10_000, (Kind::Double, Device::Cpu)).view([10_000, 1]);
/// let config = NearestNeighbourConfig {
///     neighbours: 2,
///     from: NearestNeighbours::OfAll,
///     ..NearestNeighbourConfig::default()
/// };
/// let w = nearest_neighbour_weighting(&Euclidean::new(1)?, &x, 1.0, &config)?;
/// assert!((w.magnitude - 3.5).abs() < 1e-4 && w.largest_residual < 1e-6);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// bunch2021 (nearest neighbours); vecchia1988, kaporin1994 (earlier ones).
pub fn nearest_neighbour_weighting(
    space: &(impl Distance + ?Sized),
    points: &Tensor,
    t: f64,
    config: &NearestNeighbourConfig,
) -> Result<NearestNeighbourWeighting> {
    config.validate()?;
    check_scale(OP, t)?;
    check_points(OP, space, points)?;
    let size = space.shape().iter().product::<i64>() as usize;
    no_grad(|| {
        let points = points.detach().to_kind(Kind::Double);
        if space.is_euclidean() && size <= Coordinates::DIMENSIONS {
            of_points(|points| Coordinates::new(OP, points), &points, t, config)
        } else {
            let measured = |points: &Tensor| {
                let points = points.shallow_clone();
                Ok(Measured(Tiled { space, points, t }))
            };
            of_points(measured, &points, t, config)
        }
    })
}

/// [`nearest_neighbour_weighting`] of a metric space, given by its distances.
///
/// # Shapes
///
/// `distances`: `[n, n]`, of which a copy in f64 is made; the weights `[n]`, f64. Distances may be infinite.
///
/// # Errors
///
/// Those of [`nearest_neighbour_weighting`], and those of [`weighting`](super::weighting) about
/// the distances.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{Graph, shortest_paths};
/// use holonomy::magnitude::{
///     NearestNeighbourConfig, NearestNeighbours, nearest_neighbour_weighting_of_distances,
/// };
///
/// // Of a path each node depends on the next two alone.
/// let names = (0..50).map(|node| format!("n{node}")).collect();
/// let path = Graph::new(names, (1..50).map(|node| (node - 1, node)).collect(), None)?;
/// let config = NearestNeighbourConfig {
///     neighbours: 2,
///     from: NearestNeighbours::OfAll,
///     ..NearestNeighbourConfig::default()
/// };
/// let w = nearest_neighbour_weighting_of_distances(&shortest_paths(&path), 1.0, &config)?;
/// assert!((w.magnitude - (1.0 + 49.0 * 0.5_f64.tanh())).abs() < 1e-12);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn nearest_neighbour_weighting_of_distances(
    distances: &Tensor,
    t: f64,
    config: &NearestNeighbourConfig,
) -> Result<NearestNeighbourWeighting> {
    const OP: &str = "nearest_neighbour_weighting_of_distances";
    config.validate()?;
    check_scale(OP, t)?;
    let distances = &checked_distances(OP, distances)?;
    no_grad(|| {
        let distances = distances.detach();
        let classes = Classes::of(OP, &distances)?;
        let sets = match &classes {
            Some(classes) => Matrix::new(&classes.distinct(&distances)),
            None => Matrix::new(&distances),
        };
        let found = approximate(&sets, t, config, false);
        let found = found.map_err(|trouble| {
            refused(OP, trouble, |point| {
                let classes = classes.as_ref();
                classes.map_or(point as i64, |classes| classes.point(point))
            })
        })?;
        let weights = Tensor::from_slice(&found.weights).to_device(distances.device());
        let shared = classes.map_or(weights.shallow_clone(), |classes| classes.share(&weights));
        found.with(OP, shared, t)
    })
}

/// The weights of points, of which some may coincide.
fn of_points<S: CoincidingSets>(
    sets_of: impl Fn(&Tensor) -> Result<S>,
    points: &Tensor,
    t: f64,
    config: &NearestNeighbourConfig,
) -> Result<NearestNeighbourWeighting> {
    let on_device = |weights: &[f64]| Tensor::from_slice(weights).to_device(points.device());
    let sets = sets_of(points)?;
    match approximate(&sets, t, config, true) {
        Ok(found) => {
            let weights = on_device(&found.weights);
            found.with(OP, weights, t)
        }
        Err(Trouble::Coinciding) => {
            let labels = sets.coinciding();
            let kept = labels.as_ref().map(|labels| labels.kept(points));
            let sets = sets_of(kept.as_ref().unwrap_or(points))?;
            let found = approximate(&sets, t, config, false);
            let found = found.map_err(|trouble| {
                refused(OP, trouble, |point| {
                    let labels = labels.as_ref();
                    labels.map_or(point as i64, |labels| labels.point(point))
                })
            })?;
            let weights = on_device(&found.weights);
            let shared = labels.map_or(weights.shallow_clone(), |labels| labels.share(&weights));
            found.with(OP, shared, t)
        }
        Err(trouble) => Err(refused(OP, trouble, |point| point as i64)),
    }
}

/// Weights of points that differ, and residuals at a sample of them.
fn approximate(
    sets: &impl Sets,
    t: f64,
    config: &NearestNeighbourConfig,
    tells_coinciding: bool,
) -> std::result::Result<Found, Trouble> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let n = sets.len();
    let (orders, earlier) = match config.from {
        NearestNeighbours::OfAll => (1, false),
        NearestNeighbours::Earlier { orders } => (orders, true),
    };
    let system = System {
        t,
        tells_coinciding,
    };
    let mut weights = vec![0.0; n];
    for _ in 0..orders {
        let mut points: Vec<u32> = (0..n as u32).collect();
        points.shuffle(&mut rng);
        let near = Near {
            count: config.neighbours,
            order: &Order::new(points),
            earlier,
        };
        for (mean, weight) in weights
            .iter_mut()
            .zip(weights_in_order(sets, near, system)?)
        {
            *mean += weight / orders as f64;
        }
    }
    let residuals = Residuals::sample(sets, t, &weights, config.sample, &mut rng);
    Ok(Found { weights, residuals })
}

/// What a system without a solution means, by the number that its point has among all.
fn refused(op: &'static str, trouble: Trouble, number: impl Fn(usize) -> i64) -> Error {
    let expected =
        "points that differ at this scale, of a positive definite space (`weighting` takes others)";
    let got = match trouble {
        Trouble::NotFinite(point) => {
            return Error::NotFinite {
                op,
                what: "a distance",
                place: format!("point {}", number(point as usize)),
            };
        }
        Trouble::Coinciding => "points at distance 0".into(),
        Trouble::NotPositive(point) => format!(
            "point {}, whose similarities with its neighbours are not positive definite to rounding",
            number(point as usize)
        ),
    };
    Error::invalid(op, expected, got)
}
