//! Subspaces and rotations, the special cases.

use holonomy::stats::{
    MeanConfig, MedianConfig, grassmann_mean, grassmann_median, rotation_mean, rotation_median,
};
use holonomy::{Flag, Grassmann, Result};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::data::{self, Noise};
use super::options::Settings;
use crate::harness::spread::Spread;

/// Outliers among the 100 points of every trial.
pub(crate) const OUTLIERS: i64 = 10;

/// Averages with and without outliers, and an answer known by other means.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Averaging {
    pub(crate) space: &'static str,
    /// What the distances below are.
    pub(crate) distance: &'static str,
    pub(crate) mean: Spread,
    pub(crate) median: Spread,
    pub(crate) mean_with_outliers: Spread,
    pub(crate) median_with_outliers: Spread,
    /// What `other_mean` is.
    pub(crate) other: &'static str,
    pub(crate) other_mean: Spread,
    pub(crate) other_mean_with_outliers: Spread,
    /// Between the mean and the other one, without outliers.
    pub(crate) apart: Spread,
}

/// In one trial: distances from the centre of mean, median and the other mean, and between the means.
type Distances = [f64; 4];

fn averaging(
    settings: &Settings,
    (space, distance, other): (&'static str, &'static str, &'static str),
    trial: impl Fn(usize, i64) -> Result<Distances>,
) -> Result<Averaging> {
    let all = |outliers| -> Result<Vec<Distances>> {
        (0..settings.trials)
            .map(|index| trial(index, outliers))
            .collect()
    };
    let (clean, spoilt) = (all(0)?, all(OUTLIERS)?);
    let over =
        |trials: &[Distances], which: usize| Spread::of_population(trials.iter().map(|d| d[which]));
    Ok(Averaging {
        space,
        distance,
        mean: over(&clean, 0),
        median: over(&clean, 1),
        mean_with_outliers: over(&spoilt, 0),
        median_with_outliers: over(&spoilt, 1),
        other,
        other_mean: over(&clean, 2),
        other_mean_with_outliers: over(&spoilt, 2),
        apart: over(&clean, 3),
    })
}

/// Planes around a plane; the other mean is spanned by the leading eigenvectors.
pub(crate) fn subspaces(settings: &Settings) -> Result<Averaging> {
    let planes = Grassmann::new(10, 3)?;
    let flags = Flag::new(10, &[3])?;
    let names = (
        "Gr(10, 3)",
        "chordal distance from the centre",
        "leading eigenvectors of the mean projector",
    );
    averaging(settings, names, |trial, outliers| {
        let mut rng = data::generator(settings.seed, 20, trial);
        let center = data::center(&flags, &mut rng);
        let inliers = settings.points - outliers;
        let near = data::around(&flags, &mut rng, &center, inliers, (Noise::Uniform, 1e-3));
        let far = data::around(&flags, &mut rng, &center, outliers, (Noise::Uniform, 1.0));
        let points = Tensor::cat(&[near, far], 0);
        let mean = grassmann_mean(&planes, &points, None, &from(&points))?.point;
        let median = grassmann_median(&planes, &points, None, &MedianConfig::default())?.point;
        let projector = planes.projector(&points).mean_dim(0, false, Kind::Double);
        let (_, vectors) = projector.linalg_eigh("L");
        let leading = vectors.narrow(-1, 7, 3).contiguous();
        let apart = |p: &Tensor, q: &Tensor| planes.chordal_dist(p, q).double_value(&[]);
        Ok([
            apart(&center, &mean),
            apart(&center, &median),
            apart(&center, &leading),
            apart(&mean, &leading),
        ])
    })
}

/// A start that is not the answer.
fn from(points: &Tensor) -> MeanConfig {
    MeanConfig {
        start: Some(points.get(0)),
        ..MeanConfig::default()
    }
}

/// Rotations around a rotation; the other mean is the rotation nearest to the mean matrix.
pub(crate) fn rotations(settings: &Settings) -> Result<Averaging> {
    /// The standard deviation of each component of the inliers' rotation vectors.
    const SPREAD: f64 = 0.1;
    let names = (
        "SO(3)",
        "angle from the centre",
        "polar factor of the mean matrix (chordal L2 mean)",
    );
    averaging(settings, names, |trial, outliers| {
        let mut rng = data::generator(settings.seed, 30, trial);
        let center = turns(&mut rng, 1, 2.0).get(0);
        let near = turns(&mut rng, settings.points - outliers, SPREAD);
        // Up to a right angle or so; beyond it a column and its negative cannot be told apart.
        let far = turns(&mut rng, outliers, 1.0);
        let points = center.matmul(&Tensor::cat(&[near, far], 0));
        let mean = rotation_mean(&points, None, &MeanConfig::default())?.point;
        let median = rotation_median(&points, None, &MedianConfig::default())?.point;
        let (u, _, v) = points.mean_dim(0, false, Kind::Double).svd(true, true);
        let polar = u.matmul(&v.tr());
        Ok([
            angle(&center, &mean),
            angle(&center, &median),
            angle(&center, &polar),
            angle(&mean, &polar),
        ])
    })
}

/// Exponentials of normal rotation vectors.
fn turns(rng: &mut Xoshiro256PlusPlus, count: i64, deviation: f64) -> Tensor {
    let vectors =
        holonomy::random::random_normal(rng, &[count, 3], Kind::Double, Device::Cpu) * deviation;
    let [x, y, z] = [0, 1, 2].map(|i| vectors.select(-1, i));
    let zero = x.zeros_like();
    let rows = [
        Tensor::stack(&[&zero, &-&z, &y], -1),
        Tensor::stack(&[&z, &zero, &-&x], -1),
        Tensor::stack(&[&-&y, &x, &zero], -1),
    ];
    Tensor::stack(&rows, -2).matrix_exp()
}

/// 2 asin of half the chord |R − S| / √2.
fn angle(r: &Tensor, s: &Tensor) -> f64 {
    let chord = (r - s).square().sum(Kind::Double).double_value(&[]).sqrt();
    2.0 * (chord / 8.0_f64.sqrt()).min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_those_of_the_turn() {
        let mut rng = data::generator(1, 0, 0);
        let base = turns(&mut rng, 1, 2.0).get(0);
        for want in [1e-9, 0.5, 3.0_f64] {
            let (sin, cos) = want.sin_cos();
            let turn = Tensor::from_slice2(&[[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]);
            let got = angle(&base, &base.matmul(&turn));
            assert!((got - want).abs() < 1e-14, "{got} {want}");
        }
    }
}
