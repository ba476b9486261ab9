//! k-means.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use super::center::mean_of;
use super::sample::Data;
use crate::manifold::Geodesic;
use crate::numerics::no_grad;
use crate::optim::solve::descent::CenterConfig;
use crate::{Error, Result};

/// Settings of [`k_means`].
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansConfig {
    /// The number of clusters.
    pub clusters: i64,
    /// The number of random starts; the best result is returned.
    pub restarts: usize,
    /// The maximal number of rounds of one start, at least 1: a start with a label that the last
    /// round changes is dropped.
    pub max_iterations: usize,
    /// The seed of the random starts.
    pub seed: u64,
    /// How the Fréchet mean of each cluster is found.
    pub center: CenterConfig,
}

impl KMeansConfig {
    /// 8 starts of at most 300 rounds, seed 0.
    pub fn new(clusters: i64) -> Self {
        Self {
            clusters,
            restarts: 8,
            max_iterations: 300,
            seed: 0,
            center: CenterConfig::default(),
        }
    }
}

/// A clustering of points around centers.
#[derive(Debug)]
pub struct Clusters {
    /// The centers, `[clusters, point..]`.
    pub centers: Tensor,
    /// The index of each point's cluster, `[count]`, of kind i64.
    pub labels: Tensor,
    /// Σᵢ d(pᵢ, cᵢ)², with cᵢ the center of the cluster of pᵢ.
    pub inertia: f64,
    /// The number of rounds of the best start.
    pub iterations: usize,
    /// The number of starts that converged, that is, ended with no label changing.
    pub converged: usize,
}

/// k-means clustering: centers with a small sum of squared distances from the points to their
/// centers.
///
/// ```text
/// labelᵢ = argmin_j d(pᵢ, cⱼ),  cⱼ = Fréchet mean of the points with label j,  repeated
/// ```
///
/// Starts are drawn as in k-means++: each next center is one of the points, with a probability
/// proportional to its squared distance from the nearest center so far. A cluster that loses all
/// its points gets the point that is farthest from its own center. Computed in f64 for points of
/// both kinds.
///
/// # Shapes
///
/// Points `[count, point..]`.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than one cluster, fewer points than clusters, no restarts,
/// no rounds, or a wrong shape; [`Error::NotOnManifold`] for a row that is not a point;
/// [`Error::NoConvergence`] if no start converges, where the residual is the number of labels that
/// the last round changed, the least of all starts; and the errors of
/// [`frechet_mean`](super::frechet_mean) for a center.
///
/// # Examples
///
/// ```
/// use holonomy::PoincareBall;
/// use holonomy::stats::{KMeansConfig, k_means};
/// use holonomy::tch::Tensor;
///
/// let disk = PoincareBall::new(2, -1.0)?;
/// let points = Tensor::from_slice2(&[[0.9, 0.0], [0.9, 0.1], [-0.9, 0.0], [-0.9, 0.1]]);
/// let found = k_means(&disk, &points, &KMeansConfig::new(2))?;
/// let labels = Vec::<i64>::try_from(&found.labels).unwrap();
/// assert!(labels[0] == labels[1] && labels[2] == labels[3] && labels[0] != labels[2]);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// lloyd1982; arthur2007.
pub fn k_means<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    config: &KMeansConfig,
) -> Result<Clusters> {
    const OP: &str = "k_means";
    if config.clusters < 1 {
        return Err(Error::invalid(OP, "at least one cluster", config.clusters));
    }
    if config.restarts == 0 {
        return Err(Error::invalid(OP, "at least one start", 0));
    }
    if config.max_iterations == 0 {
        return Err(Error::invalid(OP, "at least one round", 0));
    }
    let data = Data::new(OP, m, points, None, config.clusters)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let mut best: Option<Clusters> = None;
    let mut converged = 0;
    let mut fewest_changed = i64::MAX;
    no_grad(|| {
        for _ in 0..config.restarts {
            let start = spread_out(m, &data, config.clusters, &mut rng);
            let found = match lloyd(m, &data, start, config)? {
                Rounds::Ended(found) => found,
                Rounds::Changing(labels) => {
                    fewest_changed = fewest_changed.min(labels);
                    continue;
                }
            };
            converged += 1;
            if best
                .as_ref()
                .is_none_or(|best| found.inertia < best.inertia)
            {
                best = Some(found);
            }
        }
        Ok(())
    })?;
    let found = best.ok_or(Error::NoConvergence {
        op: OP,
        iterations: config.max_iterations,
        residual: fewest_changed as f64,
        tolerance: 0.0,
    })?;
    Ok(Clusters {
        centers: no_grad(|| data.rounded(m, &found.centers)),
        converged,
        ..found
    })
}

/// Squared distances to every center, `[count, clusters]`.
fn squares<M: Geodesic + ?Sized>(m: &M, data: &Data, centers: &[Tensor]) -> Tensor {
    let columns: Vec<Tensor> = centers
        .iter()
        .map(|center| m.dist(center, &data.points).square())
        .collect();
    Tensor::stack(&columns, 1)
}

fn spread_out<M: Geodesic + ?Sized>(
    m: &M,
    data: &Data,
    clusters: i64,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Tensor> {
    let mut centers = vec![data.points.get(rng.random_range(0..data.count))];
    while (centers.len() as i64) < clusters {
        let nearest = squares(m, data, &centers).amin([1].as_slice(), false);
        let running = nearest.cumsum(0, Kind::Double);
        let total = running.double_value(&[data.count - 1]);
        let index = if total > 0.0 {
            let threshold = rng.random::<f64>() * total;
            let passed = running.le(threshold).sum(Kind::Int64).int64_value(&[]);
            passed.min(data.count - 1)
        } else {
            rng.random_range(0..data.count)
        };
        centers.push(data.points.get(index));
    }
    centers
}

/// How the rounds of one start end.
enum Rounds {
    /// With a last round that changes no label.
    Ended(Clusters),
    /// With a last round that changes so many labels.
    Changing(i64),
}

/// From a start until no label changes. A round moves the centers and labels the points anew.
fn lloyd<M: Geodesic + ?Sized>(
    m: &M,
    data: &Data,
    mut centers: Vec<Tensor>,
    config: &KMeansConfig,
) -> Result<Rounds> {
    let mut labels: Option<Tensor> = None;
    let mut iterations = 0;
    loop {
        let squares = squares(m, data, &centers);
        let (distances, mut found) = squares.min_dim(1, false);
        // Before the comparison: where points coincide, the same ones are moved in every round.
        fill_empty(&mut found, &distances, centers.len() as i64);
        let changed = labels.map(|labels| {
            let changed = labels.not_equal_tensor(&found);
            changed.sum(Kind::Int64).int64_value(&[])
        });
        match changed {
            Some(0) => {
                return Ok(Rounds::Ended(Clusters {
                    centers: Tensor::stack(&centers, 0),
                    inertia: own_squares(&squares, &found),
                    labels: found,
                    iterations,
                    converged: 0,
                }));
            }
            Some(changed) if iterations == config.max_iterations => {
                return Ok(Rounds::Changing(changed));
            }
            _ => {}
        }
        for (label, center) in (0..).zip(centers.iter_mut()) {
            let members = found.eq(label).nonzero().squeeze_dim(1);
            *center = mean_of("k_means", m, &data.of(&members), &config.center)?.point;
        }
        labels = Some(found);
        iterations += 1;
    }
}

/// The sum of the squared distances of the points from their own centers.
fn own_squares(squares: &Tensor, labels: &Tensor) -> f64 {
    let own = squares.gather(1, &labels.unsqueeze(1), false);
    own.sum(Kind::Double).double_value(&[])
}

/// Gives each cluster without points the point that is farthest from its center, of those that are
/// not alone in theirs.
fn fill_empty(labels: &mut Tensor, distances: &Tensor, clusters: i64) {
    let mut distances = distances.copy();
    loop {
        let sizes = labels.bincount::<&Tensor>(None, clusters);
        let empty = sizes.eq(0).nonzero();
        if empty.size()[0] == 0 {
            return;
        }
        let alone = sizes.index_select(0, labels).le(1);
        let farthest = distances.masked_fill(&alone, -1.0).argmax(0, false);
        let _ = labels.index_fill_(0, &farthest.view([1]), empty.int64_value(&[0, 0]));
        let _ = distances.index_fill_(0, &farthest.view([1]), 0.0);
    }
}
