//! How well the distances of an embedding match the true ones.

use tch::Tensor;

use super::checked::{check_square, mirrored};
use crate::numerics::rows::measure_rows;
use crate::{Error, Result};

/// The distortion of an embedding's distances; see [`distortion`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Distortion {
    /// The mean of |d_embedded / d_true − 1|: 0 when all distances are kept.
    pub average: f64,
    /// max(d_embedded / d_true) / min(d_embedded / d_true): 1 when all are kept up to a common factor, ∞
    /// when two points coincide.
    pub worst_case: f64,
    /// The mean of d_embedded / d_true.
    pub mean_ratio: f64,
    /// The number of pairs that were compared.
    pub pairs: usize,
}

/// The distortion of the distances `embedded` against `truth`, over all pairs whose true distance
/// is known.
///
/// ```text
/// average    = mean over x < y of |d_embedded(x, y) − d_true(x, y)| / d_true(x, y)
/// worst_case = max over x < y of d_embedded/d_true  /  min over x < y of d_embedded/d_true
/// ```
///
/// A pair whose true distance is NaN (not known) or infinite (no path) does not count.
///
/// # Shapes
///
/// Both `[n, n]`, of any floating kind.
///
/// # Accuracy
///
/// Each ratio has one rounding; the n²/2 ratios are summed row by row.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for other shapes; a matrix that is not symmetric or not 0 on the
/// diagonal, beyond rounding (1e-10 of the largest entry, in f32 1e-5); no pair that counts; a
/// true distance that is not positive; and a negative embedded one. [`Error::NotFinite`] for an
/// embedded distance that is not finite. The messages name the pair.
///
/// # Examples
///
/// ```
/// use holonomy::metric::distortion;
/// use holonomy::tch::Tensor;
///
/// let truth = Tensor::from_slice(&[0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]).view([3, 3]);
/// let bent = Tensor::from_slice(&[0.0, 1.0, 1.7, 1.0, 0.0, 1.0, 1.7, 1.0, 0.0]).view([3, 3]);
/// let found = distortion(&truth, &bent)?;
/// assert!((found.average - 0.05).abs() < 1e-15);
/// assert!((found.worst_case - 1.0 / 0.85).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// sala2018, section 2.
pub fn distortion(truth: &Tensor, embedded: &Tensor) -> Result<Distortion> {
    const OP: &str = "distortion";
    check_square(OP, truth)?;
    check_square(OP, embedded)?;
    if truth.size() != embedded.size() {
        let expected = format!("matrices of one size, {:?}", truth.size());
        return Err(Error::invalid(
            OP,
            expected,
            format!("{:?}", embedded.size()),
        ));
    }
    let (truth, embedded) = (mirrored(OP, truth)?, mirrored(OP, embedded)?);
    let rows = measure_rows([&truth, &embedded], |row, [truth, embedded]| {
        let mut ratios = Ratios::default();
        for other in row + 1..truth.len() {
            if truth[other].is_finite() {
                ratios.add(OP, (row, other), truth[other], embedded[other])?;
            }
        }
        Ok(ratios)
    });
    let mut all = Ratios::default();
    for row in rows {
        all.merge(&row?);
    }
    all.distortion(OP)
}

/// What is kept of the ratios embedded / true.
pub(crate) struct Ratios {
    deviation: f64,
    sum: f64,
    largest: f64,
    smallest: f64,
    pairs: usize,
}

impl Default for Ratios {
    fn default() -> Self {
        Self {
            deviation: 0.0,
            sum: 0.0,
            largest: 0.0,
            smallest: f64::INFINITY,
            pairs: 0,
        }
    }
}

impl Ratios {
    pub(crate) fn add(
        &mut self,
        op: &'static str,
        (x, y): (usize, usize),
        truth: f64,
        embedded: f64,
    ) -> Result<()> {
        if truth <= 0.0 {
            let got = format!("{truth} for ({x}, {y})");
            return Err(Error::invalid(
                op,
                "true distances > 0 between different points",
                got,
            ));
        }
        if embedded < 0.0 {
            let got = format!("{embedded} for ({x}, {y})");
            return Err(Error::invalid(op, "embedded distances ≥ 0", got));
        }
        if !embedded.is_finite() {
            return Err(Error::NotFinite {
                op,
                what: "an embedded distance",
                place: format!("({x}, {y})"),
            });
        }
        let ratio = embedded / truth;
        self.deviation += (ratio - 1.0).abs();
        self.sum += ratio;
        self.largest = self.largest.max(ratio);
        self.smallest = self.smallest.min(ratio);
        self.pairs += 1;
        Ok(())
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.deviation += other.deviation;
        self.sum += other.sum;
        self.largest = self.largest.max(other.largest);
        self.smallest = self.smallest.min(other.smallest);
        self.pairs += other.pairs;
    }

    pub(crate) fn distortion(&self, op: &'static str) -> Result<Distortion> {
        if self.pairs == 0 {
            let expected = "a pair of points with a known distance";
            return Err(Error::invalid(op, expected, "none"));
        }
        // Also where all points coincide, 0/0.
        let worst_case = if self.smallest == 0.0 {
            f64::INFINITY
        } else {
            self.largest / self.smallest
        };
        Ok(Distortion {
            average: self.deviation / self.pairs as f64,
            worst_case,
            mean_ratio: self.sum / self.pairs as f64,
            pairs: self.pairs,
        })
    }
}
