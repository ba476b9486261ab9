//! Functions of symmetric matrices as polynomials: exact to rounding, differentiable any number of
//! times, and the same for repeated eigenvalues.

use std::sync::OnceLock;

use tch::{Kind, Tensor};

use super::identity_like;
use crate::numerics::double_double::Real;
use crate::numerics::wide::Wide;

/// Chebyshev coefficients of a function on [0, 1].
type Coefficients = [f64; TERMS];

/// θ/sin θ and 1/(1 + cos θ) as functions of cos θ have their pole at −1: coefficients fall by a
/// factor of 3 + √8 from one to the next, below 1e-17 of the first after 24.
const TERMS: usize = 24;

/// θ/sin θ as a function of c = cos θ: Σ aₙ (1 − c)ⁿ with a₀ = 1, aₙ₊₁ = aₙ (n + 1)/(2n + 3).
pub(crate) fn angle_over_sine() -> &'static Coefficients {
    static COEFFICIENTS: OnceLock<Coefficients> = OnceLock::new();
    COEFFICIENTS.get_or_init(|| {
        let mut powers = [1.0; POWERS];
        for n in 1..POWERS {
            powers[n] = powers[n - 1] * n as f64 / (2 * n + 1) as f64;
        }
        mirrored(coefficients(&powers))
    })
}

/// 1/(1 + c) = Σ 2⁻ⁿ⁻¹ (1 − c)ⁿ
pub(crate) fn reciprocal_of_one_plus() -> &'static Coefficients {
    static COEFFICIENTS: OnceLock<Coefficients> = OnceLock::new();
    COEFFICIENTS.get_or_init(|| {
        let powers = std::array::from_fn(|n| 0.5_f64.powi(n as i32 + 1));
        mirrored(coefficients(&powers))
    })
}

/// (θ/2) cot(θ/2) as a function of s = (θ/π)²: 1 − 2 Σ ζ(2n) (s/4)ⁿ, n ≥ 1; its pole is at 4.
pub(crate) fn half_angle_cotangent() -> &'static Coefficients {
    static COEFFICIENTS: OnceLock<Coefficients> = OnceLock::new();
    COEFFICIENTS.get_or_init(|| {
        let powers = std::array::from_fn(|n| match n {
            0 => 1.0,
            _ => -2.0 * zeta(2 * n as i32) * 0.25_f64.powi(n as i32),
        });
        coefficients(&powers)
    })
}

/// Riemann's ζ at 2, 4, 6, …
fn zeta(even: i32) -> f64 {
    use std::f64::consts::PI;
    match even {
        2 => PI.powi(2) / 6.0,
        4 => PI.powi(4) / 90.0,
        // The rest of the series is below 1e-18.
        _ => (1..4_000).rev().map(|k| f64::from(k).powi(-even)).sum(),
    }
}

/// How many powers the coefficients are made from: the last is below 1e-17 of the first.
const POWERS: usize = 128;

/// The Chebyshev coefficients on [0, 1] of Σ aₙ xⁿ. With aₙ of one sign from n = 1 on nothing
/// cancels: each but the first is exact to a few roundings of itself, so that the derivative of the
/// polynomial, whose terms are larger by the square of their number, is as exact as its value.
///
/// ```text
/// xⁿ = 4⁻ⁿ C(2n, n) + 2 Σ 4⁻ⁿ C(2n, n − k) T*ₖ(x),  k = 1 … n
/// ```
fn coefficients(powers: &[f64; POWERS]) -> Coefficients {
    let mut sums = [0.0; TERMS];
    let mut middle = 1.0;
    for (n, power) in powers.iter().enumerate() {
        if n > 0 {
            middle *= (2 * n - 1) as f64 / (2 * n) as f64;
        }
        let mut binomial = middle;
        sums[0] += power * binomial;
        for (k, sum) in sums.iter_mut().enumerate().take(n + 1).skip(1) {
            binomial *= (n - k + 1) as f64 / (n + k) as f64;
            *sum += 2.0 * power * binomial;
        }
    }
    sums
}

/// The coefficients of f(1 − x).
fn mirrored(mut coefficients: Coefficients) -> Coefficients {
    for odd in coefficients.iter_mut().skip(1).step_by(2) {
        *odd = -*odd;
    }
    coefficients
}

/// The polynomial at numbers in [0, 1]: Clenshaw's recurrence in Reinsch's form, which carries the
/// difference of two steps and loses nothing where c is near 1, the cosine of a small angle.
#[inline(always)]
pub(crate) fn at_numbers(coefficients: &Coefficients, c: Wide) -> Wide {
    let twice_less_two = (c - Wide::ONE) * Wide::splat(4.0);
    let (mut sum, mut difference) = (Wide::ZERO, Wide::ZERO);
    for &coefficient in coefficients[1..].iter().rev() {
        difference = twice_less_two.mul_add(sum, difference + Wide::splat(coefficient));
        sum += difference;
    }
    (twice_less_two * Wide::splat(0.5)).mul_add(sum, difference + Wide::splat(coefficients[0]))
}

/// The polynomial of symmetric matrices with eigenvalues in [0, 1].
pub(crate) fn at_matrices(coefficients: &Coefficients, c: &Tensor) -> Tensor {
    let one = identity_like(c);
    let twice_less_two = (c - &one) * 4.0;
    let (mut sum, mut difference) = (c.zeros_like(), c.zeros_like());
    for &coefficient in coefficients[1..].iter().rev() {
        difference = twice_less_two.matmul(&sum) + difference + &one * coefficient;
        sum = &sum + &difference;
    }
    (twice_less_two * 0.5).matmul(&sum) + difference + one * coefficients[0]
}

/// The greatest of the numbers that are finite, 0 without any: what is not finite stays so whatever the
/// number of steps, and must not take them from the other matrices of the batch.
fn greatest_finite(x: &Tensor) -> f64 {
    if x.numel() == 0 {
        return 0.0;
    }
    x.nan_to_num(0.0, 0.0, 0.0).max().double_value(&[])
}

/// cos √w and sin √w/√w of positive semidefinite matrices.
///
/// Taylor's series of w/4^s, then s times cos 2x = 2cos² x − 1, sin 2x/2x = (sin x/x) cos x.
pub(crate) fn cosine_and_sinc(w: &Tensor) -> (Tensor, Tensor) {
    const TAYLOR: usize = 10;
    let largest = greatest_finite(&w.detach().abs().sum_dim_intlist(-1, false, Kind::Double));
    let steps = if largest > 0.5 {
        ((largest / 0.5).log2() / 2.0).ceil() as i32
    } else {
        0
    };
    let small = w / 4.0_f64.powi(steps);
    let one = identity_like(w);
    let mut cosine = one.expand_as(w);
    let mut sinc = one.expand_as(w);
    for j in (1..TAYLOR).rev() {
        let j = 2.0 * j as f64;
        cosine = &one - small.matmul(&cosine) / ((j - 1.0) * j);
        sinc = &one - small.matmul(&sinc) / (j * (j + 1.0));
    }
    for _ in 0..steps {
        sinc = sinc.matmul(&cosine);
        cosine = cosine.matmul(&cosine) * 2.0 - &one;
    }
    (cosine, sinc)
}

/// e^a − 1 of square matrices: Taylor's series of degree 16 of a/2^s, in blocks of four terms, then
/// s times e^2x − 1 = 2(e^x − 1) + (e^x − 1)².
///
/// libtorch's own `matrix_exp` was 8e-11 off for the rotation of the plane by 0.04, where this one
/// has a rounding.
pub(crate) fn exponential_minus_one(a: &Tensor) -> Tensor {
    const REACH: f64 = 0.8;
    let factorial = |j: i32| (1..=j).map(f64::from).product::<f64>();
    let largest = greatest_finite(&a.detach().abs().sum_dim_intlist(-2, false, Kind::Double));
    let steps = if largest > REACH {
        (largest / REACH).log2().ceil() as i32
    } else {
        0
    };
    let first = a / 2.0_f64.powi(steps);
    let second = first.matmul(&first);
    let third = second.matmul(&first);
    let fourth = second.matmul(&second);
    let block = |j: i32| {
        let terms = &first / factorial(j + 1) + &second / factorial(j + 2);
        terms + &third / factorial(j + 3)
    };
    let one = identity_like(a);
    let mut sum = block(12) + &one / factorial(12) + &fourth / factorial(16);
    for j in [8, 4] {
        sum = block(j) + &one / factorial(j) + fourth.matmul(&sum);
    }
    sum = block(0) + fourth.matmul(&sum);
    for _ in 0..steps {
        sum = &sum * 2.0 + sum.matmul(&sum);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_their_functions() {
        for i in 0..=1000 {
            let theta = std::f64::consts::FRAC_PI_2 * f64::from(i) / 1000.0;
            let c = theta.cos();
            let exact = if i == 0 { 1.0 } else { theta / theta.sin() };
            let got = at_numbers(angle_over_sine(), Wide::splat(c)).0[0];
            assert!((got - exact).abs() < 2e-15, "{theta}: {got} {exact}");
            let got = at_numbers(reciprocal_of_one_plus(), Wide::splat(c)).0[0];
            assert!((got - 1.0 / (1.0 + c)).abs() < 1e-15);
        }
    }

    #[test]
    fn the_cotangent_too() {
        for i in 0..=1000 {
            let theta = std::f64::consts::PI * f64::from(i) / 1000.0;
            let square = (f64::from(i) / 1000.0).powi(2);
            let exact = if i == 0 {
                1.0
            } else {
                theta / 2.0 / (theta / 2.0).tan()
            };
            let got = at_numbers(half_angle_cotangent(), Wide::splat(square)).0[0];
            assert!((got - exact).abs() < 1e-15, "{theta}: {got} {exact}");
        }
    }

    #[test]
    fn cosines_of_matrices_are_those_of_their_eigenvalues() {
        for root in [0.0, 1e-9, 0.3, 1.5, 20.0_f64] {
            let w = Tensor::from_slice(&[root * root]).view([1, 1]);
            let (cosine, sinc) = cosine_and_sinc(&w);
            let exact = if root == 0.0 { 1.0 } else { root.sin() / root };
            let tolerance = 1e-15 * (1.0 + root * root);
            assert!((cosine.double_value(&[0, 0]) - root.cos()).abs() < tolerance);
            assert!((sinc.double_value(&[0, 0]) - exact).abs() < tolerance);
        }
    }

    #[test]
    fn exponentials_of_skew_matrices_are_rotations() {
        for angle in [
            1e-12, 1e-6, 1e-3, 0.01, 0.02, 0.049, 0.1, 0.5, 1.0, 2.0, 3.0_f64,
        ] {
            let a = Tensor::from_slice2(&[[0.0, -angle], [angle, 0.0]]);
            let (sin, cos) = angle.sin_cos();
            let exact = Tensor::from_slice2(&[[cos - 1.0, -sin], [sin, cos - 1.0]]);
            let error = (exponential_minus_one(&a) - exact).abs().max();
            assert!(error.double_value(&[]) < 2e-15, "{angle}");
        }
        let none = Tensor::zeros([0, 3, 3], (Kind::Double, tch::Device::Cpu));
        assert_eq!(exponential_minus_one(&none).size(), [0, 3, 3]);
    }
}
