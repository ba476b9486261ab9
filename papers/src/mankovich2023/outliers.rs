//! The outlier sweep: how far mean and median lie from the centre of the inliers.

use holonomy::stats::{MeanConfig, MedianConfig, flag_mean, flag_median};
use holonomy::{Flag, Result};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::data::{self, Noise};
use super::options::Settings;
use crate::harness::spread::Spread;

/// One share of outliers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) outliers: i64,
    pub(crate) flag_mean: Spread,
    pub(crate) flag_median: Spread,
    pub(crate) euclidean_mean: Spread,
    pub(crate) median_iterations: Spread,
}

/// 0, 1, … outliers among the points, each number in every trial.
pub(crate) fn sweep(settings: &Settings) -> Result<Vec<Row>> {
    let flags = data::flags()?;
    let counts = 0..=settings.most_outliers;
    counts
        .map(|outliers| row(settings, &flags, outliers))
        .collect()
}

fn row(settings: &Settings, flags: &Flag, outliers: i64) -> Result<Row> {
    let mut distances: [Vec<f64>; 3] = Default::default();
    let mut iterations = Vec::new();
    for trial in 0..settings.trials {
        // The same centre and inliers in all rows of a trial, as far as there are any.
        let mut rng = data::generator(settings.seed, 10, trial);
        let center = data::center(flags, &mut rng);
        let far = data::around(flags, &mut rng, &center, outliers, (Noise::Uniform, 1.0));
        let inliers = settings.points - outliers;
        let near = data::around(flags, &mut rng, &center, inliers, (Noise::Uniform, 1e-3));
        let points = Tensor::cat(&[near, far], 0);
        let mean = flag_mean(flags, &points, None, &MeanConfig::default())?;
        let median = flag_median(flags, &points, None, &MedianConfig::default())?;
        let euclidean = flags.retract_qr(
            &points.mean_dim(0, false, Kind::Double),
            &center.zeros_like(),
        );
        let estimates = [&mean.point, &median.point, &euclidean];
        for (distances, estimate) in distances.iter_mut().zip(estimates) {
            distances.push(flags.chordal_dist(&center, estimate).double_value(&[]));
        }
        iterations.push(median.iterations as f64);
    }
    let [flag_mean, flag_median, euclidean_mean] = distances.map(Spread::of_population);
    Ok(Row {
        outliers,
        flag_mean,
        flag_median,
        euclidean_mean,
        median_iterations: Spread::of_population(iterations),
    })
}
