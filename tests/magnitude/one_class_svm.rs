//! The weighting vector as a one-class support vector machine with the kernel e^(−t d) (bunch2021).
//!
//! Its dual: min αᵀZα over Σα = 1, 0 ≤ α ≤ 1/(νn). With ν = 1/n the upper bounds play no part.

use holonomy::Euclidean;
use tch::{Kind, Tensor};

use super::{F64, apart, cloud, weigh};

/// The minimum for ν = 1/n, by steps along pairs of coordinates.
fn one_class_svm(distances: &Tensor, t: f64) -> Vec<f64> {
    let n = distances.size()[0] as usize;
    let z = (distances * -t).exp().view(-1);
    let z = Vec::<f64>::try_from(z).unwrap();
    let mut alpha = vec![1.0 / n as f64; n];
    let mut slope: Vec<f64> = (0..n)
        .map(|i| z[i * n..][..n].iter().sum::<f64>() / n as f64)
        .collect();
    for _ in 0..1_000_000 {
        // From the steepest that has something to give to the flattest.
        let giver = (0..n)
            .filter(|&i| alpha[i] > 0.0)
            .max_by(|&i, &j| slope[i].total_cmp(&slope[j]))
            .unwrap();
        let taker = (0..n)
            .min_by(|&i, &j| slope[i].total_cmp(&slope[j]))
            .unwrap();
        let gap = slope[giver] - slope[taker];
        if gap < 1e-13 {
            return alpha;
        }
        let step = (gap / (2.0 - 2.0 * z[giver * n + taker])).min(alpha[giver]);
        alpha[giver] -= step;
        alpha[taker] += step;
        for (i, slope) in slope.iter_mut().enumerate() {
            *slope += step * (z[i * n + taker] - z[i * n + giver]);
        }
    }
    panic!("no minimum");
}

#[test]
fn positive_weights_are_the_support_vectors_coefficients() {
    let points = cloud(&Euclidean::new(3).unwrap(), 31, 40);
    let t = 4.0;
    let w = weigh(&points, t);
    assert!(w.weights.min().double_value(&[]) > 0.0);
    let alpha = Tensor::from_slice(&one_class_svm(&points, t));
    assert!(apart(&alpha, &(&w.weights / w.magnitude)) < 1e-11);
    // ρ, what every support vector has: the reciprocal of the magnitude.
    let rho = (&points * -t).exp().matmul(&alpha);
    assert!(apart(&rho, &Tensor::full([40], 1.0 / w.magnitude, F64)) < 1e-12);
}

#[test]
fn otherwise_they_are_the_weights_of_the_support_vectors_alone() {
    let points = cloud(&Euclidean::new(3).unwrap(), 31, 40);
    let t = 0.3;
    let w = weigh(&points, t);
    assert!(w.weights.min().double_value(&[]) < 0.0);
    let alpha = Tensor::from_slice(&one_class_svm(&points, t));
    let support = alpha.gt(0.0).nonzero().view(-1);
    let size = support.size()[0];
    assert!(size > 4 && size < 40);
    let among = points.index_select(0, &support).index_select(1, &support);
    let of_support = weigh(&among, t);
    let positive = alpha.index_select(0, &support) * of_support.magnitude;
    assert!(apart(&positive, &of_support.weights) < 1e-9);
    assert!(of_support.magnitude < w.magnitude);
    // The others see more than 1 of these weights: they lie within.
    let seen = (&points * -t).exp().matmul(&alpha) * of_support.magnitude;
    assert!(seen.min().double_value(&[]) > 1.0 - 1e-9);
    assert!(seen.sum(Kind::Double).double_value(&[]) > 40.0);
}
