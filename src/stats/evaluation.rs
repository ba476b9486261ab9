//! How good predictions are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::{Error, Result};

/// How well predicted classes fit labels; see [`classification_score`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassificationScore {
    /// The share of right predictions.
    pub accuracy: f64,
    /// The mean over classes of 2·hits/(2·hits + false alarms + misses), which a rare class counts as much as
    /// a frequent one.
    pub macro_f1: f64,
}

/// Accuracy and macro-F1 of predicted classes. The classes are those that occur, in predictions or labels.
///
/// # Shapes
///
/// Both `[count]` of an integer kind.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for other shapes or kinds, and of no points.
///
/// # Examples
///
/// ```
/// use holonomy::stats::classification_score;
/// use tch::Tensor;
///
/// let (predicted, labels) = (Tensor::from_slice(&[0_i64, 0, 1, 1]), Tensor::from_slice(&[0_i64, 0, 0, 1]));
/// let score = classification_score(&predicted, &labels)?;
/// assert_eq!(score.accuracy, 0.75);
/// assert!((score.macro_f1 - (4.0 / 5.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn classification_score(predicted: &Tensor, labels: &Tensor) -> Result<ClassificationScore> {
    const OP: &str = "classification_score";
    let count = predicted.size().first().copied().unwrap_or(0);
    if count == 0 {
        return Err(Error::invalid(OP, "at least one point", "none"));
    }
    let predicted = integer_labels(OP, predicted, count)?;
    let labels = integer_labels(OP, labels, count)?;
    let mut counts: BTreeMap<i64, [f64; 3]> = BTreeMap::new();
    let mut hits = 0.0;
    for (&label, &guess) in labels.iter().zip(&predicted) {
        if label == guess {
            hits += 1.0;
            counts.entry(label).or_default()[0] += 1.0;
        } else {
            counts.entry(guess).or_default()[1] += 1.0;
            counts.entry(label).or_default()[2] += 1.0;
        }
    }
    let f1 = |[hits, alarms, misses]: &[f64; 3]| 2.0 * hits / (2.0 * hits + alarms + misses);
    Ok(ClassificationScore {
        accuracy: hits / labels.len() as f64,
        macro_f1: counts.values().map(f1).sum::<f64>() / counts.len() as f64,
    })
}

/// The area under the ROC curve: the chance that a random positive has a larger score than a random
/// negative, where equal scores count half.
///
/// # Shapes
///
/// `scores`: `[count]` of a floating kind; `positive`: `[count]`, true (or not 0) for positives.
///
/// # Accuracy
///
/// Exact to rounding: by ranks, ties at their mean.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for other shapes, scores that are NaN, and where there are no positives or no
/// negatives.
///
/// # Examples
///
/// ```
/// use holonomy::stats::roc_auc;
/// use tch::Tensor;
///
/// let scores = Tensor::from_slice(&[0.9, 0.4, 0.4, 0.1]);
/// let positive = Tensor::from_slice(&[true, true, false, false]);
/// assert_eq!(roc_auc(&scores, &positive)?, 3.5 / 4.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// hanley1982.
pub fn roc_auc(scores: &Tensor, positive: &Tensor) -> Result<f64> {
    const OP: &str = "roc_auc";
    if scores.dim() != 1 || positive.size() != scores.size() {
        let got = format!("{:?} and {:?}", scores.size(), positive.size());
        return Err(Error::invalid(OP, "scores and labels [count]", got));
    }
    let scores = scores.detach().to_kind(Kind::Double).to_device(Device::Cpu);
    let scores = Vec::<f64>::try_from(scores).map_err(|source| Error::Torch { op: OP, source })?;
    let positive = positive.ne(0).to_kind(Kind::Int64).to_device(Device::Cpu);
    let positive =
        Vec::<i64>::try_from(positive).map_err(|source| Error::Torch { op: OP, source })?;
    if scores.iter().any(|score| score.is_nan()) {
        return Err(Error::invalid(OP, "scores that are numbers", "NaN"));
    }
    let positives = positive.iter().sum::<i64>() as f64;
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        let got = format!("{positives} positives and {negatives} negatives");
        return Err(Error::invalid(OP, "positives and negatives", got));
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    // Wins over negatives, counted in halves.
    let (mut halves, mut below) = (0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let of_tied = tied.iter().map(|&i| positive[i]).sum::<i64>() as f64;
        let others = tied.len() as f64 - of_tied;
        halves += of_tied * (2.0 * below + others);
        below += others;
    }
    Ok(halves / (2.0 * positives * negatives))
}

/// `count` labels of an integer kind.
pub(crate) fn integer_labels(op: &'static str, labels: &Tensor, count: i64) -> Result<Vec<i64>> {
    let whole = matches!(
        labels.kind(),
        Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8
    );
    if labels.size() != [count] || !whole {
        let got = format!("{:?} of {:?}", labels.size(), labels.kind());
        return Err(Error::invalid(op, format!("{count} integer labels"), got));
    }
    let values = labels.to_kind(Kind::Int64).to_device(Device::Cpu);
    Vec::try_from(values).map_err(|source| Error::Torch { op, source })
}
