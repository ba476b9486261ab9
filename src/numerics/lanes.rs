//! Sums over coordinates in four independent lanes, which the compiler turns into vector
//! instructions, and the entry points that let it use fused multiply-adds.

use std::ops::{Add, Mul, Neg, Sub};

use super::double_double::{Real, two_product, two_sum};

/// Numbers that are computed with at once: a vector register of f64, and enough independent sums
/// to hide the latency of one.
const LANES: usize = 4;

/// Four numbers, on which the compiler works as on one vector.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Lanes([f64; LANES]);

impl Lanes {
    /// The same number in every lane.
    #[inline(always)]
    pub(crate) fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    /// Up to three numbers and zeros.
    #[inline(always)]
    fn filled_up(rest: &[f64]) -> Self {
        Self(std::array::from_fn(|lane| {
            if lane < rest.len() { rest[lane] } else { 0.0 }
        }))
    }

    #[inline(always)]
    fn sum(self) -> f64 {
        let [a, b, c, d] = self.0;
        (a + b) + (c + d)
    }

    #[inline(always)]
    fn zip(self, other: Self, op: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|lane| op(self.0[lane], other.0[lane])))
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Neg for Lanes {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|a| -a))
    }
}

impl Real for Lanes {
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            self.0[lane].mul_add(a.0[lane], b.0[lane])
        }))
    }
}

/// Folds the coordinates of `N` rows of one length, four at a time. A step with coordinates that
/// are all 0 must leave the state as it is: the last lanes are filled up with them.
#[inline(always)]
fn fold<const N: usize, T: Copy>(
    rows: [&[f64]; N],
    zero: T,
    step: impl Fn([Lanes; N], T) -> T,
) -> T {
    let split = rows.map(|row| row.as_chunks::<LANES>());
    let mut state = zero;
    for k in 0..split[0].0.len() {
        state = step(split.map(|(chunks, _)| Lanes(chunks[k])), state);
    }
    if !split[0].1.is_empty() {
        state = step(split.map(|(_, rest)| Lanes::filled_up(rest)), state);
    }
    state
}

/// Σ over coordinates of `K` summands, which `term` adds to what there is.
#[inline(always)]
pub(crate) fn sums<const N: usize, const K: usize>(
    rows: [&[f64]; N],
    term: impl Fn([Lanes; N], [Lanes; K]) -> [Lanes; K],
) -> [f64; K] {
    fold(rows, [Lanes::splat(0.0); K], term).map(Lanes::sum)
}

/// max |xᵢ|
#[inline(always)]
pub(crate) fn largest_magnitude(x: &[f64]) -> f64 {
    let Lanes([a, b, c, d]) = fold([x], Lanes::splat(0.0), |[x], largest| {
        largest.zip(
            x,
            |largest, x| if x.abs() > largest { x.abs() } else { largest },
        )
    });
    let (ab, cd) = (if a > b { a } else { b }, if c > d { c } else { d });
    if ab > cd { ab } else { cd }
}

/// x·y
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let [sum] = sums([x, y], |[x, y], [sum]| [x.mul_add(y, sum)]);
    sum
}

/// x scaled to a length, also where its square overflows; NaN where a coordinate is not finite.
#[cold]
pub(crate) fn stretch_to(x: &mut [f64], length: f64) {
    let largest = largest_magnitude(x);
    for x in x.iter_mut() {
        *x /= largest;
    }
    let factor = length / dot(x, x).sqrt();
    for x in x {
        *x *= factor;
    }
}

/// x·x as a double-double.
#[inline(always)]
pub(crate) fn exact_square(x: &[f64]) -> (f64, f64) {
    let zero = Lanes::splat(0.0);
    let (Lanes([a, b, c, d]), low) = fold([x], (zero, zero), |[x], (high, low)| {
        let (product, product_error) = two_product(x, x);
        let (sum, sum_error) = two_sum(high, product);
        (sum, low + (product_error + sum_error))
    });
    let (first, first_error) = two_sum(a, b);
    let (second, second_error) = two_sum(c, d);
    let (high, error) = two_sum(first, second);
    (high, low.sum() + (error + (first_error + second_error)))
}

/// The difference of two double-doubles, with an error of 2⁻¹⁰⁰ of the larger.
#[inline(always)]
pub(crate) fn difference((a, a_low): (f64, f64), (b, b_low): (f64, f64)) -> f64 {
    let (high, error) = two_sum(a, -b);
    high + (error + (a_low - b_low))
}

/// Defines functions that call a method, compiled [for each
/// processor](super::wide::for_each_processor).
///
/// The methods, and all that they call, must be `#[inline(always)]` to be compiled with the
/// features of their caller.
macro_rules! methods_for_each_processor {
    ($type:ty { $(fn $name:ident($($arg:ident: $of:ty),*) $(-> $result:ty)?;)* }) => {
        $(
            $crate::numerics::wide::for_each_processor! {
                #[inline]
                pub(crate) fn $name(this: &$type, $($arg: $of),*) $(-> $result)? {
                    this.$name($($arg),*)
                }
            }
        )*
    };
}
pub(crate) use methods_for_each_processor;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_cover_every_coordinate_at_every_length() {
        for n in 0..12 {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i) + 1.0).collect();
            let expected: f64 = x.iter().map(|x| x * x).sum();
            assert_eq!(dot(&x, &x), expected);
            let (high, low) = exact_square(&x);
            assert_eq!(high + low, expected);
            assert_eq!(difference((high, low), (0.0, 0.0)), expected);
        }
    }

    #[test]
    fn squares_keep_what_rounding_would_lose() {
        let x = [1.0 + f64::EPSILON, f64::EPSILON, 1.0, -1.0, 2.0];
        let (high, low) = exact_square(&x);
        assert!((high - 7.0 + low - 2.0 * f64::EPSILON).abs() < 1e-31);
    }

    #[test]
    fn square_differences_do_not_cancel() {
        let (x, y) = ([1e8, 3.0], [1e8, 3.0 + 1e-9]);
        let expected = (y[1] - x[1]) * (y[1] + x[1]);
        let got = difference(exact_square(&y), exact_square(&x));
        // A double-double of 1e16 is good to 1e16 · 2⁻¹⁰⁰; in f64 the squares are equal.
        assert!((got - expected).abs() < 1e-14, "{got:e} {expected:e}");
    }
}
