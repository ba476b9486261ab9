//! Sums and products of long vectors, as if computed in twice the precision and rounded at the end.

use super::double_double::{two_product, two_sum};
use super::wide::{WIDTH, for_each_processor};

for_each_processor! {
    /// Adds xᵢ yᵢ to the double-doubles of the lanes that i falls to in turn, for as many i as are a multiple of lanes.
    ///
    /// Into memory of the caller: of sums that stay inside, compilers make no vectors.
    fn add_products(sums: &mut Lanes, x: &[f64], y: &[f64]) {
        let Lanes { high, low } = sums;
        for (x, y) in x.as_chunks::<WIDTH>().0.iter().zip(y.as_chunks::<WIDTH>().0) {
            for lane in 0..WIDTH {
                let (product, rounded_off) = two_product(x[lane], y[lane]);
                let (sum, lost) = two_sum(high[lane], product);
                high[lane] = sum;
                low[lane] += lost + rounded_off;
            }
        }
    }
}

/// Sums in twice the precision, side by side.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lanes {
    high: [f64; WIDTH],
    low: [f64; WIDTH],
}

impl Lanes {
    /// Adds Σ xᵢ yᵢ.
    pub(crate) fn add_dot(&mut self, x: &[f64], y: &[f64]) {
        add_products(self, x, y);
        let rest = x.len() - x.len() % WIDTH;
        let last = x[rest..].iter().zip(&y[rest..]);
        for ((&x, &y), (high, low)) in last.zip(self.high.iter_mut().zip(&mut self.low)) {
            (*high, *low) = plus((*high, *low), two_product(x, y));
        }
    }

    /// The sum of all.
    pub(crate) fn total(&self) -> (f64, f64) {
        let lanes = self.high.iter().zip(&self.low);
        lanes.fold((0.0, 0.0), |total, (&high, &low)| plus(total, (high, low)))
    }
}

/// Σ xᵢ yᵢ as a double-double: its error is that of a sum in twice the precision (ogita2005).
pub(crate) fn dot(x: &[f64], y: &[f64]) -> (f64, f64) {
    let mut sums = Lanes::default();
    sums.add_dot(x, y);
    sums.total()
}

/// Σ xᵢ as a double-double.
pub(crate) fn sum(x: &[f64]) -> (f64, f64) {
    x.iter().fold((0.0, 0.0), |total, &x| plus(total, (x, 0.0)))
}

/// a + b of double-doubles.
#[inline(always)]
pub(crate) fn plus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (sum, lost) = two_sum(a.0, b.0);
    (sum, lost + (a.1 + b.1))
}

/// The f64 nearest to a double-double.
pub(crate) fn rounded((high, low): (f64, f64)) -> f64 {
    high + low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_is_not_lost() {
        for length in [0_i32, 1, 5, 6, 7, 40, 100] {
            // The small products are below the last digit of the large one in their lane.
            let (mut x, mut y) = (vec![1e16, 1.0, -1e16], vec![1.0, 1.0, 1.0]);
            x.resize(length as usize + 3, 0.5);
            y.resize(length as usize + 3, 1.0 / 512.0);
            let expected = 1.0 + f64::from(length) / 1024.0;
            assert_eq!(rounded(dot(&x, &y)), expected, "{length}");
        }
        assert_eq!(rounded(sum(&[1e16, 1.0, -1e16])), 1.0);
    }

    #[test]
    fn products_keep_what_they_round_off() {
        for length in [1, 16] {
            let mut x = vec![0.0; length];
            x[0] = 1.0 + f64::EPSILON;
            let left = plus(dot(&x, &x), (-(1.0 + 2.0 * f64::EPSILON), 0.0));
            assert_eq!(rounded(left), f64::EPSILON * f64::EPSILON, "{length}");
        }
    }
}
