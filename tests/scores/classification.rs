//! Scores of predictions against their definitions.

use holonomy::scores::classification_score;
use tch::{Kind, Tensor};

#[test]
fn a_class_that_is_never_right_counts() {
    let labels = Tensor::from_slice(&[1_i64, 1, 2, 9]);
    let predicted = Tensor::from_slice(&[1_i64, 1, 2, 2]);
    let score = classification_score(&predicted, &labels).unwrap();
    assert_eq!(score.accuracy, 0.75);
    assert!((score.macro_f1 - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
    let none = labels.narrow(0, 0, 0);
    assert!(classification_score(&none, &none).is_err());
    assert!(classification_score(&predicted, &labels.narrow(0, 0, 3)).is_err());
    assert!(classification_score(&labels.to_kind(Kind::Float), &labels).is_err());
}
