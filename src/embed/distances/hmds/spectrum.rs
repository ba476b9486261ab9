//! The spectral solution: eigenvectors of cosh D as coordinates.

use rand::Rng;
use tch::{Kind, Tensor};

use super::distances::Distances;
use super::{HmdsConfig, OP};
use crate::numerics::{EigenConfig, extreme_eigenpairs, sum_keep};
use crate::random::random_normal;
use crate::{Error, Result};

/// Columns of the start beside the wanted ones.
const EXTRA: i64 = 4;
/// Eigenvalues nearer to 0 than this part of the largest are rounding, and their coordinates 0.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// The two ends of the spectrum of cosh D.
#[derive(Debug)]
pub(super) struct Spectrum {
    /// Ascending.
    pub(super) negative: Vec<f64>,
    pub(super) positive: f64,
    /// `[n, k]`: the spatial coordinates for curvature −1.
    coordinates: Tensor,
}

impl Spectrum {
    /// The points in that many dimensions: `[n, dim + 1]`, for curvature −1.
    pub(super) fn points(&self, dim: i64) -> Tensor {
        let missing = dim - self.coordinates.size()[1];
        let spatial = self.coordinates.constant_pad_nd([0, missing]);
        let time = (sum_keep(&spatial.square()) + 1.0).sqrt();
        Tensor::cat(&[time, spatial], 1)
    }
}

/// Finds spectra at several scales, each from the eigenvectors of the one before.
pub(super) struct Search<'a> {
    pub(super) distances: Distances<'a>,
    pub(super) config: &'a HmdsConfig,
    /// Random numbers, `[n, b]`.
    random: Tensor,
    eigenvectors: Option<Tensor>,
    /// Products so far.
    pub(super) products: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(distances: Distances<'a>, config: &'a HmdsConfig, rng: &mut dyn Rng) -> Self {
        let n = distances.count();
        let width = (config.dim + 1 + EXTRA).min(n);
        Self {
            random: random_normal(rng, &[n, width], Kind::Double, distances.device()),
            distances,
            config,
            eigenvectors: None,
            products: 0,
        }
    }

    pub(super) fn at(&mut self, distances: &Distances) -> Result<Spectrum> {
        let n = distances.count();
        let wanted = EigenConfig {
            smallest: self.config.dim.min(n - 1) as usize,
            largest: 1,
            tolerance: self.config.tolerance,
            max_products: self.config.max_products,
        };
        let start = match &self.eigenvectors {
            None => self.random.shallow_clone(),
            // All random columns again: an eigenvalue of this scale alone may have any multiplicity.
            Some(found) => Tensor::cat(&[found, &self.random], 1),
        };
        let apply = |block: &Tensor| distances.cosh_times(block);
        let found = extreme_eigenpairs(apply, &start, &wanted)?;
        self.products += found.products;
        let values = Vec::<f64>::try_from(&found.values)
            .map_err(|source| Error::Torch { op: OP, source })?;
        let (positive, negative) = values.split_last().map_or((0.0, &[][..]), |(p, n)| (*p, n));
        let coordinates = coordinates(negative, &found.images, positive);
        self.eigenvectors = Some(found.vectors);
        Ok(Spectrum {
            negative: negative.to_vec(),
            positive,
            coordinates,
        })
    }
}

/// √−λ v, with v taken from cosh D times v: rows of equal distances then have equal coordinates,
/// to rounding, and what the search left of other eigenvectors shrinks once more.
fn coordinates(negative: &[f64], images: &Tensor, positive: f64) -> Tensor {
    let factor = |&value: &f64| {
        if value < -ROUNDING * positive {
            -1.0 / (-value).sqrt()
        } else {
            0.0
        }
    };
    let factors: Vec<f64> = negative.iter().map(factor).collect();
    let factors = Tensor::from_slice(&factors).to_device(images.device());
    images.narrow(1, 0, negative.len() as i64) * factors
}
