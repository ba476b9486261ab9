//! Triangular factors in double-double, where the condition of a matrix would cost every digit.

use super::matrix::Matrix;
use super::{Wide, for_each_processor};
use crate::numerics::double_double::{Real, two_product, two_sum};

/// Eight matrices of numbers in two parts, the second below the rounding of the first.
#[derive(Debug, Clone)]
pub(crate) struct Precise {
    pub(crate) high: Matrix,
    pub(crate) low: Matrix,
}

impl Precise {
    pub(crate) fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            high: Matrix::zeros(rows, cols),
            low: Matrix::zeros(rows, cols),
        }
    }

    /// The symmetric part of `a`, exactly where it is symmetric.
    #[inline(always)]
    fn symmetric_part(&mut self, a: &Matrix) {
        self.high.symmetric_part(a);
        self.low.data.fill(Wide::ZERO);
    }

    #[inline(always)]
    fn get(&self, at: (usize, usize)) -> Twofold {
        (self.high[at], self.low[at])
    }

    #[inline(always)]
    fn set(&mut self, at: (usize, usize), (high, low): Twofold) {
        self.high[at] = high;
        self.low[at] = low;
    }
}

/// A number as the unevaluated sum of two.
type Twofold = (Wide, Wide);

/// The same number with a second part below the rounding of the first.
#[inline(always)]
fn normalised((high, low): Twofold) -> Twofold {
    let sum = high + low;
    (sum, low - (sum - high))
}

/// sum − a b, to be normalised after the last of several.
#[inline(always)]
fn subtract_product(sum: Twofold, a: Twofold, b: Twofold) -> Twofold {
    let (product, error) = two_product(a.0, b.0);
    let error = a.0.mul_add(b.1, a.1.mul_add(b.0, error));
    let (high, lost) = two_sum(sum.0, -product);
    (high, sum.1 + (lost - error))
}

#[inline(always)]
fn product(a: Twofold, b: Twofold) -> Twofold {
    let (product, error) = two_product(a.0, b.0);
    normalised((product, a.0.mul_add(b.1, a.1.mul_add(b.0, error))))
}

#[inline(always)]
fn root((high, low): Twofold) -> Twofold {
    let root = high.sqrt();
    let left = (-root).mul_add(root, high) + low;
    normalised((root, left / (root + root)))
}

#[inline(always)]
fn reciprocal((high, low): Twofold) -> Twofold {
    let inverse = Wide::ONE / high;
    let left = (-inverse).mul_add(high, Wide::ONE) - inverse * low;
    normalised((inverse, inverse * left))
}

for_each_processor! {
    /// The lower Cholesky factor of the symmetric part of `a`, zeros above the diagonal; NaN where
    /// that is not positive definite.
    ///
    /// # Accuracy
    ///
    /// A few roundings of the largest entry times the condition number, in double-double: to the
    /// last digit or two of an f64 up to condition numbers of about 1e15.
    pub(crate) fn cholesky(a: &Matrix, l: &mut Precise) {
        let n = a.rows;
        l.symmetric_part(a);
        for j in 0..n {
            let mut pivot = l.get((j, j));
            for k in 0..j {
                let entry = l.get((j, k));
                pivot = subtract_product(pivot, entry, entry);
            }
            let (high, low) = normalised(pivot);
            let high = high.if_above(Wide::ZERO, high, Wide::splat(f64::NAN));
            let diagonal = root((high, low));
            let inverse = reciprocal(diagonal);
            l.set((j, j), diagonal);
            for i in j + 1..n {
                let mut sum = l.get((i, j));
                for k in 0..j {
                    sum = subtract_product(sum, l.get((i, k)), l.get((j, k)));
                }
                l.set((i, j), product(normalised(sum), inverse));
                l.set((j, i), (Wide::ZERO, Wide::ZERO));
            }
        }
    }
}

for_each_processor! {
    /// Replaces the lower triangle `x` by x − y: exactly 0 where they are the same.
    pub(crate) fn subtract_lower(y: &Precise, x: &mut Precise) {
        for i in 0..x.high.rows {
            for j in 0..=i {
                let (minuend, subtrahend) = (x.get((i, j)), y.get((i, j)));
                let (high, lost) = two_sum(minuend.0, -subtrahend.0);
                x.set((i, j), normalised((high, lost + (minuend.1 - subtrahend.1))));
            }
        }
    }

    /// Adds the identity.
    pub(crate) fn add_identity(x: &mut Precise) {
        for i in 0..x.high.rows {
            let (high, low) = x.get((i, i));
            let (sum, lost) = two_sum(high, Wide::ONE);
            x.set((i, i), normalised((sum, lost + low)));
        }
    }

    /// Replaces the lower triangle `x` by L⁻¹ x, a lower triangle too.
    pub(crate) fn divide_lower(l: &Precise, x: &mut Precise) {
        let n = l.high.rows;
        for i in 0..n {
            let inverse = reciprocal(l.get((i, i)));
            for j in 0..=i {
                let mut sum = x.get((i, j));
                for k in j..i {
                    sum = subtract_product(sum, l.get((i, k)), x.get((k, j)));
                }
                x.set((i, j), product(normalised(sum), inverse));
            }
        }
    }
}

for_each_processor! {
    /// `out = L⁻¹ v L⁻ᵀ` for the symmetric part of `v`, rounded; `work` is overwritten.
    pub(crate) fn whiten(l: &Precise, v: &Matrix, work: &mut Precise, out: &mut Matrix) {
        let n = l.high.rows;
        work.symmetric_part(v);
        // Y = L⁻¹ v, then of X = Y L⁻ᵀ the lower triangle.
        for i in 0..n {
            let inverse = reciprocal(l.get((i, i)));
            for j in 0..n {
                let mut sum = work.get((i, j));
                for k in 0..i {
                    sum = subtract_product(sum, l.get((i, k)), work.get((k, j)));
                }
                work.set((i, j), product(normalised(sum), inverse));
            }
        }
        for j in 0..n {
            let inverse = reciprocal(l.get((j, j)));
            for i in j..n {
                let mut sum = work.get((i, j));
                for k in 0..j {
                    sum = subtract_product(sum, work.get((i, k)), l.get((j, k)));
                }
                let entry = product(normalised(sum), inverse);
                work.set((i, j), entry);
                out[(i, j)] = entry.0;
                out[(j, i)] = entry.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Hilbert-like matrix, condition number 1.5e10, of dyadic fractions.
    fn matrix() -> Matrix {
        let n = 8;
        let mut a = Matrix::zeros(n, n);
        for i in 0..n {
            for j in 0..n {
                let entry = (2.0_f64.powi(40) / (i + j + 1) as f64).round() / 2.0_f64.powi(40);
                a[(i, j)] = Wide::splat(entry);
            }
        }
        a
    }

    #[test]
    fn factors_multiply_to_the_matrix_in_double_double() {
        let a = matrix();
        let mut l = Precise::zeros(8, 8);
        cholesky(&a, &mut l);
        for i in 0..8 {
            for j in 0..=i {
                let mut left = (a[(i, j)], Wide::ZERO);
                for k in 0..=j {
                    left = subtract_product(left, l.get((i, k)), l.get((j, k)));
                }
                let left = normalised(left).0.0[3].abs();
                assert!(left < 1e-30, "({i}, {j}): {left:e}");
            }
        }
    }

    #[test]
    fn a_matrix_whitens_itself_to_the_identity() {
        let a = matrix();
        let (mut l, mut work) = (Precise::zeros(8, 8), Precise::zeros(8, 8));
        let mut out = Matrix::zeros(8, 8);
        cholesky(&a, &mut l);
        whiten(&l, &a, &mut work, &mut out);
        let mut same = l.clone();
        divide_lower(&l, &mut same);
        for i in 0..8 {
            for j in 0..8 {
                let want = if i == j { 1.0 } else { 0.0 };
                assert!((out[(i, j)].0[0] - want).abs() < 1e-18);
                assert!((same.high[(i, j)].0[0] - want).abs() < 1e-18);
            }
        }
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        let mut a = Matrix::zeros(2, 2);
        a.set_identity();
        a[(0, 1)].0[5] = 1.5;
        a[(1, 0)].0[5] = 1.5;
        let mut l = Precise::zeros(2, 2);
        cholesky(&a, &mut l);
        assert!(l.high[(1, 1)].0[5].is_nan());
        assert_eq!(l.high[(1, 1)].0[4], 1.0);
    }
}
