//! The experiments.

use std::time::Instant;

use holonomy::embed::hmds::{Hmds, HmdsConfig, Refinement, Scale, hmds};
use holonomy::graph::shortest_paths;
use holonomy::metric::pairwise_distances;
use holonomy::numerics::norm_last;
use holonomy::random::random_normal;
use holonomy::scores::mean_average_precision;
use holonomy::{Geodesic, Lorentz, Manifold, Result, Sample};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::data::graphs::Named;
use crate::sala2018::options::Settings;

/// How exactly points come back.
#[derive(Debug, Serialize)]
pub(super) struct Recovery {
    pub(super) points: i64,
    pub(super) dim: i64,
    /// The largest distance from the origin.
    pub(super) radius: f64,
    /// How far every point's neighbour is from it, where it has one.
    pub(super) apart: Option<f64>,
    /// max |Δd| of the spectral solution.
    pub(super) spectral: f64,
    /// max |Δd| after the refinement.
    pub(super) refined: f64,
    pub(super) steps: usize,
}

/// How much fewer dimensions keep.
#[derive(Debug, Serialize)]
pub(super) struct Reduction {
    pub(super) dim: i64,
    /// Average distortions.
    pub(super) spectral: f64,
    pub(super) refined: f64,
}

/// How much of a noise comes out again.
#[derive(Debug, Serialize)]
pub(super) struct Noise {
    /// The standard deviation of the noise on distances.
    pub(super) level: f64,
    /// Root mean squares of the difference from the distances before the noise.
    pub(super) spectral: f64,
    pub(super) refined: f64,
}

/// A graph embedded in one way.
#[derive(Debug, Serialize)]
pub(super) struct GraphFit {
    pub(super) graph: String,
    pub(super) dim: i64,
    pub(super) refinement: &'static str,
    pub(super) scale: f64,
    pub(super) map: f64,
    pub(super) distortion: f64,
    pub(super) largest_error: f64,
    pub(super) seconds: f64,
}

/// The solver beside the full decomposition.
#[derive(Debug, Serialize)]
pub(super) struct Timing {
    pub(super) points: i64,
    pub(super) products: usize,
    /// Of h-MDS in ten dimensions, with the checks of the distances and the measured fit.
    pub(super) seconds: f64,
    /// Of `linalg_eigh`.
    pub(super) full_seconds: f64,
    /// Largest difference of a wanted eigenvalue, as a part of the largest.
    pub(super) difference: f64,
}

fn normal(seed: u64, size: &[i64]) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    random_normal(&mut rng, size, Kind::Double, Device::Cpu)
}

/// Points evenly in direction, at distances from the origin up to `radius`.
pub(super) fn points(n: i64, dim: i64, radius: f64, seed: u64) -> Tensor {
    let numbers = normal(seed, &[n, dim + 1]);
    let direction = numbers.narrow(1, 0, dim);
    let direction = &direction / norm_last(&direction).unsqueeze(-1);
    let radii = numbers.narrow(1, dim, 1).sin().abs() * radius;
    Tensor::cat(&[radii.cosh(), radii.sinh() * direction], 1)
}

/// Points, and a neighbour of each.
pub(super) fn with_neighbours(
    n: i64,
    dim: i64,
    radius: f64,
    apart: f64,
    seed: u64,
) -> Result<Tensor> {
    let space = Lorentz::new(dim, -1.0)?;
    let points = points(n, dim, radius, seed);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 1);
    let tangents = space.random_tangent(&mut rng, &points);
    let lengths = space.norm(&points, &tangents).unsqueeze(-1);
    let neighbours = space.exp(&points, &(tangents / lengths * apart));
    Ok(Tensor::cat(&[points, neighbours], 0))
}

fn distances_of(points: &Tensor) -> Result<Tensor> {
    let space = Lorentz::new(points.size()[1] - 1, -1.0)?;
    Ok(pairwise_distances(&space, points))
}

/// The spectral solution and the refined one.
fn both(distances: &Tensor, config: &HmdsConfig) -> Result<[Hmds; 2]> {
    let spectral = HmdsConfig {
        refinement: Refinement::None,
        ..config.clone()
    };
    Ok([hmds(distances, &spectral)?, hmds(distances, config)?])
}

fn in_dim(dim: i64) -> HmdsConfig {
    HmdsConfig {
        dim,
        ..HmdsConfig::default()
    }
}

pub(super) fn recover(points: &Tensor, radius: f64, apart: Option<f64>) -> Result<Recovery> {
    let dim = points.size()[1] - 1;
    let [spectral, refined] = both(&distances_of(points)?, &in_dim(dim))?;
    Ok(Recovery {
        points: points.size()[0],
        dim,
        radius,
        apart,
        spectral: spectral.fit.largest_error,
        refined: refined.fit.largest_error,
        steps: refined.steps,
    })
}

/// Points in ten dimensions, each 0.7 times as wide as the one before.
pub(super) fn reduction(n: i64, seed: u64) -> Result<Vec<Reduction>> {
    const DIM: i64 = 10;
    let widths: Vec<f64> = (0..DIM as i32).map(|k| 2.0 * 0.7_f64.powi(k)).collect();
    let spatial = normal(seed, &[n, DIM]) * Tensor::from_slice(&widths);
    let time = (spatial.square().sum_dim_intlist(-1, true, Kind::Double) + 1.0).sqrt();
    let distances = distances_of(&Tensor::cat(&[time, spatial], 1))?;
    let one = |dim| {
        let [spectral, refined] = both(&distances, &in_dim(dim))?;
        Ok(Reduction {
            dim,
            spectral: spectral.fit.distortion,
            refined: refined.fit.distortion,
        })
    };
    (1..=DIM).map(one).collect()
}

/// Points in three dimensions up to a distance of 2, with independent normal noise on every distance.
pub(super) fn noise(n: i64, seed: u64) -> Result<Vec<Noise>> {
    let truth = distances_of(&points(n, 3, 2.0, seed))?;
    let noise = normal(seed ^ 2, &[n, n]).triu(1);
    let noise = &noise + noise.tr();
    let one = |&level: &f64| {
        let distances = (&truth + &noise * level).clamp_min(0.0);
        let config = HmdsConfig {
            triangle_slack: None,
            ..in_dim(3)
        };
        let [spectral, refined] = both(&distances, &config)?.map(|found| {
            let measured = pairwise_distances(&found.space, &found.points);
            let squares = (measured - &truth).square().sum(Kind::Double);
            (squares.double_value(&[]) / (n * (n - 1)) as f64).sqrt()
        });
        Ok(Noise {
            level,
            spectral,
            refined,
        })
    };
    [1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1]
        .iter()
        .map(one)
        .collect()
}

/// A graph's distances, the scale sought, with each refinement.
pub(super) fn embed(graph: &Named, dim: i64, settings: &Settings) -> Result<Vec<GraphFit>> {
    let distances = shortest_paths(&graph.graph);
    let steps = if settings.quick { 10 } else { 60 };
    let descent = Refinement::Distortion {
        steps: 2 * steps,
        learning_rate: 0.2,
    };
    let refinements = [
        ("none", Refinement::None),
        (
            "least squares",
            Refinement::LeastSquares { max_steps: steps },
        ),
        ("distortion", descent),
    ];
    let mut scale = Scale::search();
    let mut fits = Vec::new();
    for (name, refinement) in refinements {
        let start = Instant::now();
        let config = HmdsConfig {
            dim,
            scale,
            refinement,
            seed: settings.seed,
            ..HmdsConfig::default()
        };
        let found = hmds(&distances, &config)?;
        let seconds = start.elapsed().as_secs_f64();
        // Sought once.
        scale = Scale::Fixed(found.scale);
        let measured = pairwise_distances(&found.space, &found.points);
        fits.push(GraphFit {
            graph: graph.name.clone(),
            dim,
            refinement: name,
            scale: found.scale,
            map: mean_average_precision(&graph.graph, &measured)?,
            distortion: found.fit.distortion,
            largest_error: found.fit.largest_error,
            seconds,
        });
    }
    Ok(fits)
}

/// Distances in ten dimensions with noise of 1 %, so that the spectrum is full.
pub(super) fn time(n: i64, seed: u64) -> Result<Timing> {
    let distances = distances_of(&points(n, 10, 3.0, seed))?;
    let noise = (normal(seed ^ 3, &[n, n]) * 0.01).triu(1);
    let distances = distances * (&noise + noise.tr() + 1.0);
    let config = HmdsConfig {
        refinement: Refinement::None,
        triangle_slack: None,
        ..in_dim(10)
    };
    let start = Instant::now();
    let found = hmds(&distances, &config)?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let (all, _) = distances.cosh().linalg_eigh("L");
    let full_seconds = start.elapsed().as_secs_f64();
    let largest = all.get(n - 1).double_value(&[]);
    let off = |value: f64, index: i64| (value - all.double_value(&[index])).abs() / largest;
    let difference = (0..)
        .zip(&found.eigenvalues)
        .map(|(index, &value)| off(value, index))
        .fold(off(found.time_eigenvalue, n - 1), f64::max);
    Ok(Timing {
        points: n,
        products: found.products,
        seconds,
        full_seconds,
        difference,
    })
}
