//! Exact sums and products of two f64, for the few scalars that decide accuracy.

use std::ops::{Add, Mul, Neg, Sub};

/// The arithmetic of one f64, or of several at once.
pub(crate) trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
}

impl Real for f64 {
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        f64::mul_add(self, a, b)
    }
}

impl Real for f32 {
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        f32::mul_add(self, a, b)
    }
}

/// `a + b` exactly, as rounded sum and error (Knuth).
#[inline(always)]
pub(crate) fn two_sum<T: Real>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// `a · b` exactly, as rounded product and error (barring underflow).
#[inline(always)]
pub(crate) fn two_product<T: Real>(a: T, b: T) -> (T, T) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// `1 − c · s` for the double-double s = high + low, to full relative precision of an f64.
#[inline(always)]
pub(crate) fn one_minus_product(c: f64, (high, low): (f64, f64)) -> f64 {
    let (product, error) = two_product(c, high);
    (1.0 - product) - low.mul_add(c, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_minus_product_near_one() {
        // x = 1 − 2⁻⁵³ on one axis: 1 − x² = 2⁻⁵² − 2⁻¹⁰⁶.
        let x = 1.0 - f64::EPSILON / 2.0;
        let expected = f64::EPSILON - f64::EPSILON * f64::EPSILON / 4.0;
        assert_eq!(one_minus_product(1.0, two_product(x, x)), expected);
    }

    #[test]
    fn sums_and_products_are_exact() {
        assert_eq!(two_sum(1.0, 1e-20), (1.0, 1e-20));
        assert_eq!(two_sum(1e-20, 1.0), (1.0, 1e-20));
        let x = 1.0 + f64::EPSILON;
        assert_eq!(
            two_product(x, x),
            (1.0 + 2.0 * f64::EPSILON, f64::EPSILON * f64::EPSILON)
        );
    }
}
