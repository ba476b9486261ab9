//! Rank statistics: Spearman's correlation and the area under the ROC curve.

use crate::{Error, Result};

/// Spearman's rank correlation ρ of paired values.
///
/// ```text
/// ρ = Σᵢ (Rᵢ − R̄)(Sᵢ − S̄) / √( Σᵢ (Rᵢ − R̄)² · Σᵢ (Sᵢ − S̄)² )
/// ```
///
/// with R and S the ranks within `x` and within `y`; equal values share the mean of their ranks.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for lists of different lengths, fewer than two values or a list of
/// equal values, whose correlation is undefined; [`Error::NotFinite`] for a NaN.
///
/// # Examples
///
/// ```
/// use holonomy::scores::spearman;
///
/// assert_eq!(spearman(&[1.0, 2.0, 9.0], &[0.1, 0.2, 0.3])?, 1.0);
/// // Ranks 1, 2½, 2½, 4 against 1, 3, 2, 4: 4½ / √(4½ · 5).
/// let rho = spearman(&[0.0, 1.0, 1.0, 2.0], &[0.0, 2.0, 1.0, 3.0])?;
/// assert!((rho - 4.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64> {
    const OP: &str = "spearman";
    if x.len() != y.len() || x.len() < 2 {
        let got = format!("{} and {} values", x.len(), y.len());
        return Err(Error::invalid(OP, "two lists of one length ≥ 2", got));
    }
    let (x, y) = (centred_ranks(OP, x)?, centred_ranks(OP, y)?);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (xx, yy) = (dot(&x, &x), dot(&y, &y));
    if xx == 0.0 || yy == 0.0 {
        return Err(Error::invalid(
            OP,
            "different values in a list",
            "equal ones",
        ));
    }
    Ok(dot(&x, &y) / (xx * yy).sqrt())
}

/// The area under the ROC curve: the share of pairs in which a positive score exceeds a negative
/// one.
///
/// ```text
/// AUC = ( #{(p, n) : p > n} + ½ #{(p, n) : p = n} ) / (number of positives · number of negatives)
/// ```
///
/// Takes n log n time for n scores, through the ranks of the positives among all.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for an empty list; [`Error::NotFinite`] for a NaN.
///
/// # Examples
///
/// ```
/// use holonomy::scores::roc_auc;
///
/// // Of the six comparisons one is lost and one is a tie.
/// assert_eq!(roc_auc(&[3.0, 1.0], &[2.0, 1.0, 0.0])?, 4.5 / 6.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn roc_auc(positive: &[f64], negative: &[f64]) -> Result<f64> {
    const OP: &str = "roc_auc";
    if positive.is_empty() || negative.is_empty() {
        let got = format!("{} and {}", positive.len(), negative.len());
        return Err(Error::invalid(OP, "positive and negative scores", got));
    }
    let ranks = average_ranks(OP, &[positive, negative].concat())?;
    let count = positive.len() as f64;
    let rank_sum: f64 = ranks[..positive.len()].iter().sum();
    let wins = rank_sum - 0.5 * count * (count + 1.0);
    Ok(wins / (count * negative.len() as f64))
}

/// Ranks less their mean, which is (n + 1)/2 with ties and without.
fn centred_ranks(op: &'static str, values: &[f64]) -> Result<Vec<f64>> {
    let mean = 0.5 * (values.len() as f64 + 1.0);
    let ranks = average_ranks(op, values)?;
    Ok(ranks.into_iter().map(|rank| rank - mean).collect())
}

/// The rank of each value, from 1; equal values have the mean of their places.
fn average_ranks(op: &'static str, values: &[f64]) -> Result<Vec<f64>> {
    if let Some(index) = values.iter().position(|value| value.is_nan()) {
        return Err(Error::NotFinite {
            op,
            what: "a value",
            place: format!("index {index}"),
        });
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + 0.5 * (equal.len() as f64 + 1.0);
        for &index in equal {
            ranks[index] = rank;
        }
        before += equal.len();
    }
    Ok(ranks)
}
