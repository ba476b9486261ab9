//! The convergence study: how many steps, how near to the centre.

use holonomy::stats::{MeanConfig, flag_mean};
use holonomy::{Flag, Result};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::data::{self, Data, Noise};
use super::descent::descend;
use super::options::Settings;
use crate::harness::spread::Spread;

/// The gradient that ends the descent in pymanopt's trust regions is 1e-6 long for the sum over 100
/// flags.
const DESCENT_TOLERANCE: f64 = 1e-8;

/// One method's figures over the trials.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) iterations: Spread,
    /// The sum of squared chordal distances.
    pub(crate) cost: Spread,
    pub(crate) distance_to_center: Spread,
    /// The part of the trials that reached their tolerance.
    pub(crate) success: f64,
}

/// Everything on one law of the noise.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Study {
    pub(crate) noise: &'static str,
    pub(crate) methods: Vec<Method>,
    /// The largest relative difference of the Stiefel form of the cost from the sum of squared
    /// distances.
    pub(crate) reformulation_error: f64,
}

/// What one method did in one trial.
struct Found {
    iterations: usize,
    point: Tensor,
    converged: bool,
}

type Solve = fn(&Flag, &Data, &Tensor) -> Result<Found>;

const METHODS: [(&str, Solve); 3] = [
    ("flag mean, from near the centre", from_start),
    ("flag mean, from the eigenvectors", from_eigenvectors),
    ("gradient descent on flags", by_descent),
];

/// Runs all trials with this noise.
pub(crate) fn study(settings: &Settings, noise: Noise) -> Result<Study> {
    let flags = data::flags()?;
    let mut found: [Vec<(f64, f64, f64, bool)>; 3] = Default::default();
    let mut reformulation_error = 0.0_f64;
    for trial in 0..settings.trials {
        let mut rng = data::generator(settings.seed, noise as u64, trial);
        let data = data::draw(&flags, &mut rng, settings.points, (noise, 1e-3));
        let start = data::around(&flags, &mut rng, &data.center, 1, (Noise::Uniform, 0.01));
        let start = start.get(0);
        for ((_, solve), found) in METHODS.iter().zip(&mut found) {
            let one = solve(&flags, &data, &start)?;
            let cost = cost(&flags, &data.points, &one.point);
            let off = flags.chordal_dist(&data.center, &one.point);
            let off = off.double_value(&[]);
            found.push((one.iterations as f64, cost, off, one.converged));
        }
        reformulation_error = reformulation_error.max(difference(&flags, &data.points, &start));
    }
    let methods = METHODS.iter().zip(&found).map(|(&(name, _), found)| {
        let over =
            |of: fn(&(f64, f64, f64, bool)) -> f64| Spread::of_population(found.iter().map(of));
        Method {
            name,
            iterations: over(|one| one.0),
            cost: over(|one| one.1),
            distance_to_center: over(|one| one.2),
            success: over(|one| f64::from(u8::from(one.3))).mean,
        }
    });
    Ok(Study {
        noise: match noise {
            Noise::Uniform => "uniform, 0.001 wide",
            Noise::Normal => "normal, of standard deviation 0.001",
        },
        methods: methods.collect(),
        reformulation_error,
    })
}

fn from_start(flags: &Flag, data: &Data, start: &Tensor) -> Result<Found> {
    mean(flags, data, Some(start.shallow_clone()))
}

fn from_eigenvectors(flags: &Flag, data: &Data, _: &Tensor) -> Result<Found> {
    mean(flags, data, None)
}

fn mean(flags: &Flag, data: &Data, start: Option<Tensor>) -> Result<Found> {
    let config = MeanConfig {
        start,
        ..MeanConfig::default()
    };
    // Without an error the tolerance was met.
    let mean = flag_mean(flags, &data.points, None, &config)?;
    Ok(Found {
        iterations: mean.iterations,
        point: mean.point,
        converged: true,
    })
}

#[allow(clippy::unnecessary_wraps)] // One of several that can fail.
fn by_descent(flags: &Flag, data: &Data, start: &Tensor) -> Result<Found> {
    let descent = descend(flags, &data.points, start, DESCENT_TOLERANCE);
    Ok(Found {
        iterations: descent.iterations,
        point: descent.point,
        converged: descent.converged,
    })
}

fn cost(flags: &Flag, points: &Tensor, y: &Tensor) -> f64 {
    let squares = flags.chordal_dist(points, y).square();
    squares.sum(Kind::Double).double_value(&[])
}

/// Of N d_k − Σᵢ tr(YᵢᵀPᵢYᵢ) from the sum of ½|XᵢXᵢᵀ − YᵢYᵢᵀ|², as a part of N d_k.
fn difference(flags: &Flag, points: &Tensor, y: &Tensor) -> f64 {
    let (of_points, of_y) = (flags.block_projectors(points), flags.block_projectors(y));
    let direct = (&of_points - &of_y).square().sum(Kind::Double) * 0.5;
    let sums = of_points.sum_dim_intlist(0, false, Kind::Double);
    let most = (points.size()[0] * flags.frame_dim()) as f64;
    // tr(YᵢᵀPᵢYᵢ) = ⟨Pᵢ, YᵢYᵢᵀ⟩
    let stiefel = (sums * of_y).sum(Kind::Double).neg() + most;
    (stiefel - direct).abs().double_value(&[]) / most
}
