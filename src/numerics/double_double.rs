//! Numbers as unevaluated sums of two f64, for the few scalars that decide accuracy.

/// An unevaluated sum `high + low` with `|low| ≤ ulp(high)/2`: about 106 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DoubleDouble {
    pub(crate) high: f64,
    pub(crate) low: f64,
}

/// `a + b` exactly, as rounded sum and error (Knuth).
#[inline(always)]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// `a · b` exactly, as rounded product and error (barring underflow).
#[inline(always)]
pub(crate) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// `1 − c · s` for a double-double `s`, to full relative precision of an f64.
#[inline(always)]
pub(crate) fn one_minus_product(c: f64, s: DoubleDouble) -> f64 {
    let (product, error) = two_product(c, s.high);
    (1.0 - product) - s.low.mul_add(c, error)
}

/// `Σ aᵢ bᵢ` with every product and sum kept exactly to second order.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> DoubleDouble {
    let (mut high, mut low) = (0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (product, product_error) = two_product(a, b);
        let (sum, sum_error) = two_sum(high, product);
        high = sum;
        low += product_error + sum_error;
    }
    DoubleDouble { high, low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_keeps_what_cancellation_would_lose() {
        let a = dot(&[1e16, 1.0, -1e16], &[1.0, 1.0, 1.0]);
        assert_eq!(a.high + a.low, 1.0);
        let d = dot(&[1.0 + f64::EPSILON, 1.0], &[1.0 - f64::EPSILON, -1.0]);
        assert_eq!(d.high + d.low, -f64::EPSILON * f64::EPSILON);
    }

    #[test]
    fn one_minus_product_near_one() {
        // x = 1 − 2⁻⁵³ on one axis: 1 − x² = 2⁻⁵² − 2⁻¹⁰⁶.
        let x = [1.0 - f64::EPSILON / 2.0];
        let expected = f64::EPSILON - f64::EPSILON * f64::EPSILON / 4.0;
        assert_eq!(one_minus_product(1.0, dot(&x, &x)), expected);
    }
}
