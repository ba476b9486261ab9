//! The part of one vector across another, to full relative precision.
//!
//! u − (u·x/x·x) x by subtraction has an error of eps·|u|, however short the part across is; far
//! from the origin of hyperbolic space that error decides everything. Here each coordinate starts
//! from 2×2 minors with the largest coordinate of x, wᵢ = (uᵢxⱼ − uⱼxᵢ)/xⱼ, exact to a rounding
//! or two (Kahan's product difference); w differs from the part across by a multiple of x and is at
//! most √d longer, so subtracting its own projection loses no digits.
//!
//! The pivots are scaled by a power of two, or squares of minors would overflow: x and u may be as long as
//! their own squares allow.

use super::double_double::Real;
use super::lanes::{Lanes, largest_magnitude, sums};

/// The part of u across x ≠ 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Across {
    x_pivot: f64,
    u_pivot: f64,
    inverse_pivot: f64,
    /// (w·x)/(x·x)
    shift: f64,
    /// |u_⊥|²
    pub(crate) square: f64,
    /// |u_⊥|² |x|², times the square of `scale`.
    square_times_xx: f64,
    /// The power of two by which x is scaled.
    scale: f64,
}

/// `a b − c d` with a relative error of two roundings.
#[inline(always)]
fn product_difference<T: Real>(a: T, b: T, c: T, d: T) -> T {
    let product = c * d;
    let error = (-c).mul_add(d, product);
    a.mul_add(b, -product) + error
}

/// The power of two that brings a number to between 1 and 2.
#[inline(always)]
fn power_to_unit(x: f64) -> f64 {
    const MANTISSA: u32 = 52;
    let exponent = (x.to_bits() >> MANTISSA) & 0x7ff;
    f64::from_bits(0x7fe_u64.saturating_sub(exponent) << MANTISSA)
}

/// The index of the coordinate of largest magnitude.
#[inline(always)]
pub(crate) fn pivot(x: &[f64]) -> usize {
    // The largest magnitude first, without branches that a processor would guess wrong.
    let largest = largest_magnitude(x);
    x.iter().position(|x| x.abs() >= largest).unwrap_or(0)
}

impl Across {
    /// Splits u along x, given the pivot of x and x·x.
    #[inline(always)]
    pub(crate) fn new(x: &[f64], u: &[f64], pivot: usize, xx: f64) -> Self {
        let scale = power_to_unit(x[pivot]);
        let (x_pivot, u_pivot) = (x[pivot] * scale, u[pivot] * scale);
        let (x_pivots, u_pivots) = (Lanes::splat(x_pivot), Lanes::splat(u_pivot));
        let [minors_square, minors_x] = sums([x, u], |[x, u], [square, along]| {
            let minor = product_difference(u, x_pivots, u_pivots, x);
            [minor.mul_add(minor, square), minor.mul_add(x, along)]
        });
        let inverse_pivot = 1.0 / x_pivot;
        let along = minors_x * inverse_pivot * scale;
        let xx = xx * scale * scale;
        let square_times_xx = (minors_square * inverse_pivot * inverse_pivot)
            .mul_add(xx, -(along * along))
            .max(0.0);
        let inverse_xx = 1.0 / xx;
        let (shift, square) = (along * inverse_xx * scale, square_times_xx * inverse_xx);
        Self {
            x_pivot,
            u_pivot,
            inverse_pivot,
            shift,
            square,
            square_times_xx,
            scale,
        }
    }

    /// The part across where there is no direction: none.
    pub(crate) const NONE: Self = Self {
        x_pivot: 0.0,
        u_pivot: 0.0,
        inverse_pivot: 0.0,
        shift: 0.0,
        square: 0.0,
        square_times_xx: 0.0,
        scale: 1.0,
    };

    /// |u_⊥|² |x|² over a number.
    #[inline(always)]
    pub(crate) fn square_times_xx_over(&self, divisor: f64) -> f64 {
        self.square_times_xx / (divisor * self.scale * self.scale)
    }

    /// One coordinate of u_⊥ from the same coordinate of x and u.
    #[inline(always)]
    pub(crate) fn coordinate(&self, x: f64, u: f64) -> f64 {
        let minor = product_difference(u, self.x_pivot, self.u_pivot, x);
        minor.mul_add(self.inverse_pivot, -self.shift * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tiny_part_across_keeps_its_digits() {
        // u = 2⁴⁰ x + 2⁻¹⁰ (−4, 3): every coordinate is exact, and (3, 4)·(−4, 3) = 0.
        let (long, short) = (2f64.powi(40), 2f64.powi(-10));
        let x = [3.0, 4.0];
        let u = [3.0 * long - 4.0 * short, 4.0 * long + 3.0 * short];
        let across = Across::new(&x, &u, pivot(&x), 25.0);
        assert_eq!(across.coordinate(x[0], u[0]), -4.0 * short);
        assert_eq!(across.coordinate(x[1], u[1]), 3.0 * short);
        assert_eq!(across.square, 25.0 * short * short);
    }

    #[test]
    fn long_vectors_do_not_overflow() {
        let (size, short) = (2f64.powi(500), 2f64.powi(450));
        let x = [3.0 * size, 4.0 * size];
        let u = [3.0 * size - 4.0 * short, 4.0 * size + 3.0 * short];
        let across = Across::new(&x, &u, pivot(&x), 25.0 * size * size);
        assert_eq!(across.coordinate(x[0], u[0]), -4.0 * short);
        assert_eq!(across.coordinate(x[1], u[1]), 3.0 * short);
        assert!((across.square / (25.0 * short * short) - 1.0).abs() < 1e-15);
    }
}
