//! Rank statistics against scipy and against their definitions.

use holonomy::Error;
use holonomy::scores::{roc_auc, spearman};
use rand::RngExt;

use crate::embed::seeded;

#[test]
fn spearman_agrees_with_scipy() {
    // scipy.stats.spearmanr of scipy 1.17.1; the first with ties in both lists.
    let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0];
    let y = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0, 2.0, 8.0, 4.0];
    assert!((spearman(&x, &y).unwrap() - 0.138_456_765_146_769_5).abs() < 1e-14);
    let x = [0.5, -1.25, 3.0, 2.5, -7.0, 11.0];
    let y = [1.0, 0.0, 2.0, 3.0, -1.0, -5.0];
    assert!((spearman(&x, &y).unwrap() - 0.085_714_285_714_285_73).abs() < 1e-14);
}

#[test]
fn spearman_looks_at_the_order_alone() {
    let mut rng = seeded(1);
    let x: Vec<f64> = (0..200).map(|_| rng.random::<f64>()).collect();
    let cubes: Vec<f64> = x.iter().map(|x| x.powi(3)).collect();
    let falling: Vec<f64> = x.iter().map(|x| -x.exp()).collect();
    assert_eq!(spearman(&x, &cubes).unwrap(), 1.0);
    assert_eq!(spearman(&x, &falling).unwrap(), -1.0);
    assert!(spearman(&x, &x[..199]).is_err());
    assert!(spearman(&[1.0], &[1.0]).is_err());
    assert!(matches!(
        spearman(&[1.0, 1.0], &[1.0, 2.0]),
        Err(Error::InvalidArgument { .. })
    ));
    assert!(matches!(
        spearman(&[1.0, f64::NAN], &[1.0, 2.0]),
        Err(Error::NotFinite { .. })
    ));
}

#[test]
fn the_area_under_the_curve_counts_won_comparisons() {
    let mut rng = seeded(4);
    let mut draw = |count: usize| -> Vec<f64> {
        (0..count)
            .map(|_| f64::from(rng.random_range(0..12_u8)))
            .collect()
    };
    let (positive, negative) = (draw(60), draw(90));
    let mut wins = 0.0;
    for p in &positive {
        for n in &negative {
            wins += f64::from(u8::from(p > n)) + 0.5 * f64::from(u8::from(p == n));
        }
    }
    let auc = roc_auc(&positive, &negative).unwrap();
    assert!((auc - wins / 5400.0).abs() < 1e-14);
    assert_eq!(roc_auc(&[2.0, 3.0], &[1.0]).unwrap(), 1.0);
    assert!(roc_auc(&[], &[1.0]).is_err() && roc_auc(&[1.0], &[]).is_err());
    assert!(roc_auc(&[f64::NAN], &[1.0]).is_err());
}
