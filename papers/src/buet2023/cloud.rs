//! A curve that ends on a surface, and the dimensions that are found there.

use holonomy::Result;
use holonomy::random::random_normal;
use holonomy::stats::flagfold;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

/// How the cloud is made.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct CloudSettings {
    pub(super) curve_points: i64,
    pub(super) surface_points: i64,
    /// The standard deviation of each coordinate's noise.
    pub(super) noise: f64,
    /// Of the ball from which a flag is made.
    pub(super) radius: f64,
    pub(super) seed: u64,
}

/// What was found, point by point.
#[derive(Debug)]
pub(super) struct Cloud {
    pub(super) points: Tensor,
    pub(super) dimensions: Tensor,
    pub(super) outcome: CloudOutcome,
}

/// Shares of points whose dimension was found.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct CloudOutcome {
    pub(super) settings: CloudSettings,
    pub(super) right: f64,
    /// Among points farther from the junction than the radius.
    pub(super) right_away_from_junction: f64,
    pub(super) curve_right_away: f64,
    pub(super) surface_right_away: f64,
    /// Points with no dimension but 1 and 2.
    pub(super) other_dimension: f64,
}

/// Points of a helix of radius ½ that comes down on the top of a spherical cap of radius 2, and of the
/// cap, with their true dimensions.
fn draw(settings: &CloudSettings) -> (Tensor, Tensor) {
    const TURNS: f64 = 1.25;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
    let mut numbers = Vec::new();
    let helix = |t: f64| {
        // Its lower end is on the cap's highest point.
        let angle = std::f64::consts::TAU * TURNS * t;
        [0.5 - 0.5 * angle.cos(), 0.5 * angle.sin(), 2.0 + 2.5 * t]
    };
    for _ in 0..settings.curve_points {
        numbers.extend(helix(rng.random()));
    }
    for _ in 0..settings.surface_points {
        // Uniform on the cap: height and angle are.
        let (height, angle) = (
            1.2 + 0.8 * rng.random::<f64>(),
            rng.random::<f64>() * std::f64::consts::TAU,
        );
        let side = (4.0 - height * height).sqrt();
        numbers.extend([side * angle.cos(), side * angle.sin(), height]);
    }
    let points = Tensor::from_slice(&numbers).view([-1, 3]);
    let noise = random_normal(&mut rng, &points.size(), Kind::Double, Device::Cpu);
    let truth = Tensor::cat(
        &[
            Tensor::ones([settings.curve_points], (Kind::Int64, Device::Cpu)),
            Tensor::ones([settings.surface_points], (Kind::Int64, Device::Cpu)) * 2,
        ],
        0,
    );
    (points + noise * settings.noise, truth)
}

pub(super) fn measure(settings: CloudSettings) -> Result<Cloud> {
    let (points, truth) = draw(&settings);
    let dimensions = flagfold(&points, settings.radius)?.flags.dimensions();
    let junction = Tensor::from_slice(&[0.0, 0.0, 2.0]);
    let from_junction = (&points - junction)
        .square()
        .sum_dim_intlist(-1, false, Kind::Double)
        .sqrt();
    let right = dimensions.eq_tensor(&truth);
    let away = from_junction.gt(settings.radius);
    let share = |of: &Tensor| {
        let count = |t: &Tensor| t.sum(Kind::Double).double_value(&[]);
        count(&right.logical_and(of)) / count(of)
    };
    let outcome = CloudOutcome {
        settings,
        right: share(&away.ones_like()),
        right_away_from_junction: share(&away),
        curve_right_away: share(&away.logical_and(&truth.eq(1))),
        surface_right_away: share(&away.logical_and(&truth.eq(2))),
        other_dimension: dimensions
            .gt(2)
            .to_kind(Kind::Double)
            .mean(Kind::Double)
            .double_value(&[]),
    };
    Ok(Cloud {
        points,
        dimensions,
        outcome,
    })
}
