//! How long the mean of many flags takes.

use std::time::Instant;

use holonomy::Result;
use holonomy::stats::{MeanConfig, MedianConfig, flag_mean, flag_median};
use serde::Serialize;

use super::data::{self, Noise};
use super::options::Settings;

/// Seconds; medians over the repetitions.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Timing {
    pub(crate) points: i64,
    pub(crate) spreads: Vec<OneSpread>,
}

/// Flags with this noise.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OneSpread {
    pub(crate) noise: f64,
    pub(crate) mean_seconds: f64,
    pub(crate) mean_iterations: usize,
    pub(crate) median_seconds: f64,
    pub(crate) median_iterations: usize,
}

/// Times mean and median of many flags, near each other and far.
pub(crate) fn measure(settings: &Settings) -> Result<Timing> {
    let spreads = [1e-3, 1.0].map(|noise| one_spread(settings, noise));
    Ok(Timing {
        points: settings.timed_points,
        spreads: spreads.into_iter().collect::<Result<_>>()?,
    })
}

fn one_spread(settings: &Settings, noise: f64) -> Result<OneSpread> {
    let flags = data::flags()?;
    let mut rng = data::generator(settings.seed, 40, 0);
    let kind = (Noise::Uniform, noise);
    let points = data::draw(&flags, &mut rng, settings.timed_points, kind).points;
    let (mean_seconds, mean_iterations) = middle(settings.timed_repeats, || {
        let mean = flag_mean(&flags, &points, None, &MeanConfig::default())?;
        Ok(mean.iterations)
    })?;
    let (median_seconds, median_iterations) = middle(settings.timed_repeats, || {
        let median = flag_median(&flags, &points, None, &MedianConfig::default())?;
        Ok(median.iterations)
    })?;
    Ok(OneSpread {
        noise,
        mean_seconds,
        mean_iterations,
        median_seconds,
        median_iterations,
    })
}

/// The middle time, and the result of the last call.
fn middle(repeats: usize, f: impl Fn() -> Result<usize>) -> Result<(f64, usize)> {
    let mut seconds = Vec::new();
    let mut result = 0;
    for _ in 0..repeats {
        let start = Instant::now();
        result = f()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok((seconds[repeats / 2], result))
}
