//! Common factors that rescale the distances of an embedding to the true ones.

use tch::Tensor;

use super::checked::mirrored;
use crate::numerics::rows::measure_rows;
use crate::{Error, Result};

/// The choice of the common factor by which embedded distances are multiplied before they are
/// compared with the true ones.
///
/// Where only the order or the ratios of distances matter, a common factor is irrelevant. But
/// reported distortions depend on the choice of the factor, which papers rarely state. With t the
/// true and e the embedded distance of a pair:
///
/// | | factor | minimises |
/// | --- | --- | --- |
/// | `Unscaled` | 1 | |
/// | `MeanRatio` | 1 / mean(e/t) | |
/// | `MedianRatio` | 1 / median(e/t) | |
/// | `LeastSquares` | Σ t e / Σ e² | Σ (s e − t)² |
/// | `RelativeLeastSquares` | Σ (e/t) / Σ (e/t)² | Σ (s e/t − 1)² |
/// | `LargestDistance` | max t / max e | |
/// | `Best` | the median of t/e, weighted by e/t | mean \|s e/t − 1\|, the average distortion |
///
/// No factor gives a smaller average distortion than `Best`: a published value below it was
/// computed from other distances, whatever its convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rescaling {
    /// The distances as they are.
    Unscaled,
    /// The mean ratio becomes 1.
    MeanRatio,
    /// The median ratio becomes 1; of an even number of ratios, the smaller of the middle two.
    MedianRatio,
    /// Least squares of the distances.
    LeastSquares,
    /// Least squares of the ratios.
    RelativeLeastSquares,
    /// The largest distances become equal.
    LargestDistance,
    /// The least average distortion.
    Best,
}

impl Rescaling {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Unscaled,
        Self::MeanRatio,
        Self::MedianRatio,
        Self::LeastSquares,
        Self::RelativeLeastSquares,
        Self::LargestDistance,
        Self::Best,
    ];

    /// The factor for `embedded`.
    ///
    /// # Shapes
    ///
    /// Both `[n, n]`; pairs whose true distance is NaN or infinite do not count, as in
    /// [`distortion`](super::distortion).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for other shapes, a matrix that is not symmetric and 0 on the
    /// diagonal (up to rounding), or no pair that counts; for a true distance that is not
    /// positive, or an embedded one that is negative or not finite, with the pair; and where all
    /// embedded distances are 0 (for `MedianRatio`, half of them), except for `Unscaled`.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::metric::{Rescaling, distortion};
    /// use holonomy::tch::Tensor;
    ///
    /// let truth = Tensor::from_slice2(&[[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]);
    /// let embedded = &truth * 3.0;
    /// let factor = Rescaling::Best.factor(&truth, &embedded)?;
    /// assert!(distortion(&truth, &(embedded * factor))?.average < 1e-15);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn factor(self, truth: &Tensor, embedded: &Tensor) -> Result<f64> {
        let pairs = pairs(truth, embedded)?;
        let ratios = || pairs.iter().map(|(t, e)| e / t);
        let sum = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
        let largest = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).fold(0.0, f64::max);
        let factor = match self {
            Self::Unscaled => 1.0,
            Self::MeanRatio => pairs.len() as f64 / ratios().sum::<f64>(),
            Self::MedianRatio => 1.0 / weighted_median(ratios().map(|r| (r, 1.0)).collect()),
            Self::LeastSquares => sum(|(t, e)| t * e) / sum(|(_, e)| e * e),
            Self::RelativeLeastSquares => sum(|(t, e)| e / t) / sum(|(t, e)| (e / t).powi(2)),
            Self::LargestDistance => largest(|(t, _)| *t) / largest(|(_, e)| *e),
            // |s r − 1| = r |s − 1/r|: a weighted median; pairs with r = 0 give 1 whatever s is.
            Self::Best => weighted_median(
                ratios()
                    .filter(|&r| r > 0.0)
                    .map(|r| (1.0 / r, r))
                    .collect(),
            ),
        };
        if factor.is_finite() {
            return Ok(factor);
        }
        let expected = "embedded distances that are not 0";
        Err(Error::invalid(
            OP,
            expected,
            format!("none to divide by for {self:?}"),
        ))
    }
}

const OP: &str = "Rescaling::factor";

/// The pairs (true, embedded) that count.
fn pairs(truth: &Tensor, embedded: &Tensor) -> Result<Vec<(f64, f64)>> {
    let size = truth.size();
    if size.len() != 2 || size[0] != size[1] || size != embedded.size() {
        let got = format!("{size:?} and {:?}", embedded.size());
        return Err(Error::invalid(OP, "two matrices of distances [n, n]", got));
    }
    let (truth, embedded) = (mirrored(OP, truth)?, mirrored(OP, embedded)?);
    let rows = measure_rows([&truth, &embedded], |row, [truth, embedded]| {
        let known = (row + 1..truth.len()).filter(|&other| truth[other].is_finite());
        known
            .map(|other| {
                let (t, e) = (truth[other], embedded[other]);
                if t > 0.0 && e >= 0.0 && e.is_finite() {
                    return Ok((t, e));
                }
                let got = format!("{t} embedded as {e} for ({row}, {other})");
                let expected = "true distances > 0 and finite embedded ones ≥ 0";
                Err(Error::invalid(OP, expected, got))
            })
            .collect::<Result<Vec<_>>>()
    });
    let pairs: Vec<(f64, f64)> = rows.into_iter().collect::<Result<Vec<_>>>()?.concat();
    if pairs.is_empty() {
        let expected = "a pair of points with a known distance";
        return Err(Error::invalid(OP, expected, "none"));
    }
    Ok(pairs)
}

/// The smallest value up to which there is half of the weight; NaN of nothing.
fn weighted_median(mut values: Vec<(f64, f64)>) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut below = 0.0;
    for &(value, weight) in &values {
        below += weight;
        if below >= total / 2.0 {
            return value;
        }
    }
    values.last().map_or(f64::NAN, |&(value, _)| value)
}
