//! Weights from nearest neighbours beside the exact ones.

use std::time::Instant;

use holonomy::magnitude::{
    NearestNeighbourConfig, NearestNeighbours, WeightingConfig, nearest_neighbour_weighting,
    weighting,
};
use holonomy::metric::pairwise_distances;
use holonomy::random::random_normal;
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::area;

/// Neighbours of a point.
pub(super) const NEIGHBOURS: [usize; 4] = [8, 16, 32, 64];
const DIMS: [i64; 3] = [2, 3, 5];
const SCALES: [f64; 2] = [1.0, 5.0];
/// The tenth of the points with the largest exact weights should be found again.
const LARGEST: f64 = 0.1;
/// Neighbours and dimension where the time is taken.
const TIMED: (usize, i64) = (32, 3);

/// Where neighbours come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum From {
    /// Of all points, as in the paper.
    All,
    /// Of the earlier ones in four orders.
    Earlier,
}

impl From {
    pub(super) const BOTH: [Self; 2] = [Self::All, Self::Earlier];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "of all points",
            Self::Earlier => "of earlier points, 4 orders",
        }
    }

    fn config(self, neighbours: usize) -> NearestNeighbourConfig {
        let from = match self {
            Self::All => NearestNeighbours::OfAll,
            Self::Earlier => NearestNeighbours::Earlier { orders: 4 },
        };
        NearestNeighbourConfig {
            neighbours,
            from,
            ..NearestNeighbourConfig::default()
        }
    }
}

/// The errors for one set of Gaussian points.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Errors {
    pub(super) dim: i64,
    pub(super) scale: f64,
    pub(super) from: From,
    /// ‖w − exact‖/‖exact‖, for each number of neighbours.
    pub(super) weights: Vec<f64>,
    /// Σw/exact − 1.
    pub(super) magnitude: Vec<f64>,
    /// The area under the ROC curve of w for the tenth with the largest exact weights.
    pub(super) area: Vec<f64>,
}

/// Seconds for a number of points.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Time {
    pub(super) points: i64,
    pub(super) from: From,
    pub(super) seconds: f64,
}

/// All errors, of `points` Gaussian points each.
pub(super) fn errors(points: i64, seed: u64) -> Result<Vec<Errors>> {
    let mut found = Vec::new();
    for dim in DIMS {
        let space = Euclidean::new(dim)?;
        let cloud = gaussian(points, dim, seed);
        let distances = pairwise_distances(&space, &cloud);
        for t in SCALES {
            let exact = weighting(&distances, t, &WeightingConfig::default())?;
            let largest = largest(&exact.weights);
            let norm = exact.weights.norm().double_value(&[]);
            for from in From::BOTH {
                let mut errors = Errors {
                    dim,
                    scale: t,
                    from,
                    weights: Vec::new(),
                    magnitude: Vec::new(),
                    area: Vec::new(),
                };
                for neighbours in NEIGHBOURS {
                    let near =
                        nearest_neighbour_weighting(&space, &cloud, t, &from.config(neighbours))?;
                    let off = (&near.weights - &exact.weights).norm().double_value(&[]);
                    errors.weights.push(off / norm);
                    errors
                        .magnitude
                        .push(near.magnitude / exact.magnitude - 1.0);
                    errors.area.push(area(&near.weights, &largest)?);
                }
                found.push(errors);
            }
        }
    }
    Ok(found)
}

/// Times of growing sets.
pub(super) fn times(sizes: &[i64], seed: u64) -> Result<Vec<Time>> {
    let (neighbours, dim) = TIMED;
    let space = Euclidean::new(dim)?;
    let mut found = Vec::new();
    for &points in sizes {
        let cloud = gaussian(points, dim, seed);
        for from in From::BOTH {
            let start = Instant::now();
            nearest_neighbour_weighting(&space, &cloud, 1.0, &from.config(neighbours))?;
            let seconds = start.elapsed().as_secs_f64();
            found.push(Time {
                points,
                from,
                seconds,
            });
        }
    }
    Ok(found)
}

fn gaussian(points: i64, dim: i64, seed: u64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    random_normal(&mut rng, &[points, dim], Kind::Double, Device::Cpu)
}

/// Which weights are among the largest tenth.
fn largest(weights: &Tensor) -> Tensor {
    let (descending, _) = weights.sort(0, true);
    let count = (LARGEST * weights.size()[0] as f64) as i64;
    weights.gt(descending.double_value(&[count]))
}
