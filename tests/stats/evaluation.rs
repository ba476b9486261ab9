//! Scores of predictions against their definitions.

use holonomy::numerics::random_normal;
use holonomy::stats::{classification_score, roc_auc};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

#[test]
fn the_area_is_the_chance_of_a_right_order() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let numbers = random_normal(&mut rng, &[60, 2], Kind::Double, Device::Cpu);
    // Rounded, so that many are equal; −0 and 0 are.
    let scores = (numbers.select(1, 0) * 2.0).round() * -1.0;
    let positive = (numbers.select(1, 1) + &scores * 0.3).gt(0.5);
    let (s, p) = (&scores, &positive);
    let (mut wins, mut pairs) = (0.0, 0.0);
    for i in 0..60 {
        for j in 0..60 {
            if p.int64_value(&[i]) == 1 && p.int64_value(&[j]) == 0 {
                let difference = s.double_value(&[i]) - s.double_value(&[j]);
                wins += if difference > 0.0 {
                    1.0
                } else {
                    f64::from(difference == 0.0) / 2.0
                };
                pairs += 1.0;
            }
        }
    }
    let area = roc_auc(&scores, &positive).unwrap();
    assert!((area - wins / pairs).abs() < 1e-15 && area > 0.5 && area < 1.0);
    assert!((roc_auc(&-scores, &positive).unwrap() + area - 1.0).abs() < 1e-15);
}

#[test]
fn what_has_no_area_is_refused() {
    let scores = Tensor::from_slice(&[1.0, 2.0]);
    let nan = Tensor::from_slice(&[1.0, f64::NAN]);
    let labels = Tensor::from_slice(&[true, false]);
    assert!(roc_auc(&nan, &labels).is_err());
    assert!(roc_auc(&scores, &Tensor::from_slice(&[true, true])).is_err());
    assert!(roc_auc(&scores, &Tensor::from_slice(&[true])).is_err());
    assert!(roc_auc(&scores.view([2, 1]), &labels).is_err());
}

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
