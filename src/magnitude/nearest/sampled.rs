//! Approximate weights, with the residual of the whole system at a sample of the points.

use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

use super::sets::Sets;
use crate::numerics::compensated::{rounded, sum};
use crate::{Error, Result};

/// Approximate weights, and the residual 1 − Zw at a sample of points.
#[derive(Debug)]
pub struct NearestNeighbourWeighting {
    /// w, `[n]`, f64, on the device of the points.
    pub weights: Tensor,
    /// Σ w.
    pub magnitude: f64,
    /// The scale t.
    pub scale: f64,
    /// The number of distinct points: those at distance 0 count as one and share its weight
    /// equally.
    pub distinct: usize,
    /// The number of points at which the residual was computed; all of them if equal to
    /// `distinct`.
    pub sampled: usize,
    /// The largest |1 − Zw| at these points.
    pub largest_residual: f64,
    /// The root mean square of 1 − Zw at these points.
    pub mean_residual: f64,
    /// wᵀ(1 − Zw), estimated from the sample: a first-order correction of
    /// [`magnitude`](Self::magnitude).
    pub correction: f64,
    /// The standard error of `correction` due to sampling; 0 where the residual was computed at
    /// all points.
    pub correction_error: f64,
}

impl NearestNeighbourWeighting {
    /// The corrected magnitude Σw + wᵀ(1 − Zw) = 2Σw − wᵀZw. Its error is −(w − w*)ᵀZ(w − w*) for
    /// the exact weights w*, plus the sampling error of [`correction`](Self::correction).
    ///
    /// In a positive definite space it is therefore a lower bound of the exact magnitude if the
    /// residual was computed at all points. Where the residuals are of order 1, it is less
    /// accurate than [`magnitude`](Self::magnitude).
    pub fn corrected_magnitude(&self) -> f64 {
        self.magnitude + self.correction
    }
}

/// What was found of points that differ.
pub(super) struct Found {
    pub(super) weights: Vec<f64>,
    pub(super) residuals: Residuals,
}

impl Found {
    /// With the weights of all points.
    pub(super) fn with(
        self,
        op: &'static str,
        weights: Tensor,
        t: f64,
    ) -> Result<NearestNeighbourWeighting> {
        let residuals = self.residuals;
        if !residuals.mean.is_finite() {
            return Err(Error::NotFinite {
                op,
                what: "a residual",
                place: format!("scale {t:e}"),
            });
        }
        Ok(NearestNeighbourWeighting {
            weights,
            magnitude: rounded(sum(&self.weights)),
            scale: t,
            distinct: self.weights.len(),
            sampled: residuals.sampled,
            largest_residual: residuals.largest,
            mean_residual: residuals.mean,
            correction: residuals.correction,
            correction_error: residuals.correction_error,
        })
    }
}

/// What 1 − Zw is at some points.
pub(super) struct Residuals {
    sampled: usize,
    largest: f64,
    mean: f64,
    correction: f64,
    correction_error: f64,
}

impl Residuals {
    pub(super) fn sample(
        sets: &impl Sets,
        t: f64,
        weights: &[f64],
        sample: usize,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Self {
        let n = sets.len();
        let sampled = sample.min(n);
        let mut points = index::sample(rng, n, sampled).into_vec();
        points.sort_unstable();
        let products = sets.products(&points, t, weights);
        let residuals: Vec<f64> = products.iter().map(|product| 1.0 - product).collect();
        let count = sampled.max(1) as f64;
        let squares = residuals.iter().map(|residual| residual * residual);
        let shares = points.iter().zip(&residuals);
        let shares: Vec<f64> = shares
            .map(|(&point, residual)| weights[point] * residual)
            .collect();
        let share = rounded(sum(&shares)) / count;
        let variance = shares
            .iter()
            .map(|x| (x - share) * (x - share))
            .sum::<f64>()
            / (count - 1.0);
        let unseen = 1.0 - count / n as f64;
        Self {
            sampled,
            largest: residuals
                .iter()
                .fold(0.0, |largest, x| largest.max(x.abs())),
            mean: (squares.sum::<f64>() / count).sqrt(),
            correction: share * n as f64,
            correction_error: if sampled == n {
                0.0
            } else {
                n as f64 * (unseen * variance / count).sqrt()
            },
        }
    }
}
