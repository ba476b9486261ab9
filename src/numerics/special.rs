//! Elementary functions of a squared argument, smooth where the usual spelling is 0/0, and asinh for all numbers.
//!
//! `sinh(t)/t` and its relatives are even in t, hence smooth functions of w = t². Lengths enter
//! geometry as w = ⟨v, v⟩, whose gradient at v = 0 is finite, so these functions keep first and
//! second derivatives right there. Below [`SERIES_BELOW`] a Maclaurin series in w is summed
//! (truncation under 1e-17 relative), above it the direct formula.

use tch::Tensor;

/// Where the series hands over to the direct formula.
const SERIES_BELOW: f64 = 0.02;

/// asinh, with value and gradient also where the square of its argument overflows.
pub(crate) fn asinh(x: &Tensor) -> Tensor {
    const FAR: f64 = 1e100;
    let far = x.abs().gt(FAR);
    let near = x.where_self(&far.logical_not(), &x.zeros_like()).asinh();
    let beyond = x.where_self(&far, &x.ones_like());
    let logarithm = (beyond.abs().log() + std::f64::consts::LN_2) * beyond.sign();
    logarithm.where_self(&far, &near)
}

/// ln(1 + eˣ), to the digits of x at any size.
pub(crate) fn softplus(x: &Tensor) -> Tensor {
    x.logaddexp(&x.zeros_like())
}

/// The x of ln(1 + eˣ) = y > 0.
pub(crate) fn softplus_inverse(y: f64) -> f64 {
    y + (-(-y).exp_m1()).ln()
}

/// tanh(t)/t of w = t².
pub(crate) fn tanhc(w: &Tensor) -> Tensor {
    const SERIES: [f64; 9] = [
        1.0,
        -1.0 / 3.0,
        2.0 / 15.0,
        -17.0 / 315.0,
        62.0 / 2835.0,
        -1382.0 / 155_925.0,
        21844.0 / 6_081_075.0,
        -929_569.0 / 638_512_875.0,
        6_404_582.0 / 10_854_718_875.0,
    ];
    even(w, &SERIES, |t| t.tanh() / t)
}

/// 1/cosh²(t) of w = t².
pub(crate) fn sech_squared(w: &Tensor) -> Tensor {
    const SERIES: [f64; 11] = [
        1.0,
        -1.0,
        2.0 / 3.0,
        -17.0 / 45.0,
        62.0 / 315.0,
        -1382.0 / 14175.0,
        21844.0 / 467_775.0,
        -929_569.0 / 42_567_525.0,
        6_404_582.0 / 638_512_875.0,
        -443_861_162.0 / 97_692_469_875.0,
        18_888_466_084.0 / 9_280_784_638_125.0,
    ];
    even(w, &SERIES, |t| {
        let decay = (t * -2.0).exp();
        &decay * 4.0 / (&decay + 1.0).square()
    })
}

/// asinh(t)/t of w = t².
pub(crate) fn asinhc(w: &Tensor) -> Tensor {
    even(w, &arcsine_series(-1.0), |t| t.asinh() / t)
}

/// asin(t)/t of w = t², for w ≤ 1; the gradient at w = 1 is infinite.
pub(crate) fn asinc(w: &Tensor) -> Tensor {
    even(w, &arcsine_series(1.0), |t| t.asin() / t)
}

/// sinh(t)/t of w = t².
pub(crate) fn sinhc(w: &Tensor) -> Tensor {
    even(w, &factorial_series(1.0, 1), |t| t.sinh() / t)
}

/// cosh(t) of w = t².
pub(crate) fn cosh(w: &Tensor) -> Tensor {
    even(w, &factorial_series(1.0, 0), Tensor::cosh)
}

/// sin(t)/t of w = t².
pub(crate) fn sinc(w: &Tensor) -> Tensor {
    even(w, &factorial_series(-1.0, 1), |t| t.sin() / t)
}

/// cos(t) of w = t².
pub(crate) fn cos(w: &Tensor) -> Tensor {
    even(w, &factorial_series(-1.0, 0), Tensor::cos)
}

/// Coefficients of asin(t)/t (sign 1) or asinh(t)/t (sign −1) in t²:
/// signᵏ · (2k−1)!!/(2k)!! / (2k+1).
fn arcsine_series(sign: f64) -> [f64; 11] {
    let mut ratio = 1.0;
    std::array::from_fn(|k| {
        if k > 0 {
            ratio *= sign * (2 * k - 1) as f64 / (2 * k) as f64;
        }
        ratio / (2 * k + 1) as f64
    })
}

/// Coefficients signᵏ / (2k + offset)!.
fn factorial_series(sign: f64, offset: usize) -> [f64; 7] {
    let mut coefficient = 1.0;
    std::array::from_fn(|k| {
        if k > 0 {
            coefficient *= sign / ((2 * k + offset) * (2 * k + offset - 1)) as f64;
        }
        coefficient
    })
}

/// The series for small `w`, `direct(√w)` for the rest; each sees only arguments it is safe for.
fn even(w: &Tensor, series: &[f64], direct: impl Fn(&Tensor) -> Tensor) -> Tensor {
    let small = w.lt(SERIES_BELOW);
    let near = w.where_self(&small, &w.zeros_like());
    let mut sum = near.full_like(series[series.len() - 1]);
    for &coefficient in series.iter().rev().skip(1) {
        sum = sum * &near + coefficient;
    }
    let far = w.where_self(&small.logical_not(), &w.ones_like());
    sum.where_self(&small, &direct(&far.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Scalar = fn(f64) -> f64;
    type Function = fn(&Tensor) -> Tensor;

    const TABLE: [(&str, Function, Scalar); 8] = [
        ("tanhc", tanhc, |t| t.tanh() / t),
        ("sech_squared", sech_squared, |t| {
            1.0 / (t.cosh() * t.cosh())
        }),
        ("asinhc", asinhc, |t| t.asinh() / t),
        ("asinc", asinc, |t| t.asin() / t),
        ("sinhc", sinhc, |t| t.sinh() / t),
        ("cosh", cosh, f64::cosh),
        ("sinc", sinc, |t| t.sin() / t),
        ("cos", cos, f64::cos),
    ];

    #[test]
    fn values_agree_with_the_standard_library_on_both_sides_of_the_switch() {
        for (name, function, scalar) in TABLE {
            for i in 1..=200 {
                let t = 0.0025 * f64::from(i);
                let got = function(&Tensor::from(t * t)).double_value(&[]);
                assert!((got / scalar(t) - 1.0).abs() < 1e-15, "{name}({t}) = {got}");
            }
        }
    }

    #[test]
    fn first_and_second_derivatives_are_continuous_across_the_switch_and_right_at_zero() {
        for (name, function, _) in TABLE {
            let derivatives = |w: f64| {
                let w = Tensor::from(w).set_requires_grad(true);
                let first = Tensor::run_backward(&[function(&w)], &[&w], true, true);
                let second = Tensor::run_backward(&[&first[0]], &[&w], false, false);
                (first[0].double_value(&[]), second[0].double_value(&[]))
            };
            let h = 1e-9;
            let (below, above) = (derivatives(SERIES_BELOW - h), derivatives(SERIES_BELOW + h));
            assert!(
                (below.0 - above.0).abs() < 1e-8,
                "{name}: {below:?} {above:?}"
            );
            assert!(
                (below.1 - above.1).abs() < 1e-7,
                "{name}: {below:?} {above:?}"
            );
            let (first, second) = derivatives(0.0);
            let (later, _) = derivatives(1e-4);
            assert!(
                (later - first - 1e-4 * second).abs() < 1e-7,
                "{name}: {first} {second}"
            );
        }
    }
}
