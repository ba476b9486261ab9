//! Accuracy and F1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::{Error, Result};

/// The agreement of predicted classes with labels; see [`classification_score`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassificationScore {
    /// The proportion of correct predictions.
    pub accuracy: f64,
    /// The unweighted mean over classes of the F1 score 2 TP/(2 TP + FP + FN), with the numbers of
    /// true positives, false positives and false negatives of the class.
    pub macro_f1: f64,
}

/// Accuracy and macro-F1 of predicted classes. The classes are those that occur in predictions or
/// labels.
///
/// # Shapes
///
/// Both `[count]` of an integer kind.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for other shapes or kinds, and if there are no points.
///
/// # Examples
///
/// ```
/// use holonomy::scores::classification_score;
/// use holonomy::tch::Tensor;
///
/// let (predicted, labels) = (Tensor::from_slice(&[0_i64, 0, 1, 1]), Tensor::from_slice(&[0_i64, 0, 0, 1]));
/// let score = classification_score(&predicted, &labels)?;
/// assert_eq!(score.accuracy, 0.75);
/// assert!((score.macro_f1 - (4.0 / 5.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn classification_score(predicted: &Tensor, labels: &Tensor) -> Result<ClassificationScore> {
    const OP: &str = "classification_score";
    crate::numerics::require_defined(OP, &[predicted])?;
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

/// `count` labels of an integer kind.
pub(crate) fn integer_labels(op: &'static str, labels: &Tensor, count: i64) -> Result<Vec<i64>> {
    crate::numerics::require_defined(op, &[labels])?;
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

/// The classes that occur among labels, in increasing order.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than two.
pub(crate) fn classes_of(op: &'static str, labels: &[i64]) -> Result<Vec<i64>> {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 2 {
        let got = format!("only {classes:?} among {} points", labels.len());
        return Err(Error::invalid(op, "labels of two classes or more", got));
    }
    Ok(classes)
}
