//! Eight matrices of one shape, and their products.

use std::ops::{Index, IndexMut};

use super::{Wide, for_each_processor};
use crate::numerics::double_double::Real;

/// Eight matrices of one shape, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) data: Vec<Wide>,
}

impl Matrix {
    pub(crate) fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![Wide::ZERO; rows * cols],
        }
    }

    pub(crate) fn set_identity(&mut self) {
        self.data.fill(Wide::ZERO);
        for i in 0..self.rows.min(self.cols) {
            self[(i, i)] = Wide::ONE;
        }
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        debug_assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        self.data.copy_from_slice(&other.data);
    }

    /// Adds a multiple of the identity.
    pub(crate) fn add_to_diagonal(&mut self, value: f64) {
        for i in 0..self.rows {
            self[(i, i)] += Wide::splat(value);
        }
    }

    /// Multiplies column j by `factors[j]`.
    pub(crate) fn scale_columns(&mut self, factors: &[Wide]) {
        for row in self.data.chunks_exact_mut(factors.len()) {
            for (entry, &factor) in row.iter_mut().zip(factors) {
                *entry = *entry * factor;
            }
        }
    }

    /// Multiplies row i by `factors[i]`.
    pub(crate) fn scale_rows(&mut self, factors: &[Wide]) {
        for (row, &factor) in self.data.chunks_exact_mut(self.cols).zip(factors) {
            for entry in row {
                *entry = *entry * factor;
            }
        }
    }

    /// Becomes (a + aᵀ)/2, which is a itself, exactly, where a is symmetric.
    #[inline(always)]
    pub(crate) fn symmetric_part(&mut self, a: &Self) {
        for i in 0..a.rows {
            for j in 0..=i {
                let mean = (a[(i, j)] + a[(j, i)]) * Wide::splat(0.5);
                self[(i, j)] = mean;
                self[(j, i)] = mean;
            }
        }
    }

    /// Replaces the square matrix by its symmetric part.
    pub(crate) fn symmetrise(&mut self) {
        for i in 0..self.rows {
            for j in 0..i {
                let mean = (self[(i, j)] + self[(j, i)]) * Wide::splat(0.5);
                self[(i, j)] = mean;
                self[(j, i)] = mean;
            }
        }
    }

    /// The sum of all entries' squares.
    pub(crate) fn norm_squared(&self) -> Wide {
        let square = |sum, &x: &Wide| x.mul_add(x, sum);
        self.data.iter().fold(Wide::ZERO, square)
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = Wide;
    #[inline(always)]
    fn index(&self, (row, col): (usize, usize)) -> &Wide {
        &self.data[row * self.cols + col]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    #[inline(always)]
    fn index_mut(&mut self, (row, col): (usize, usize)) -> &mut Wide {
        &mut self.data[row * self.cols + col]
    }
}

/// What a product does with what is there already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Onto {
    Nothing,
    Plus,
    Minus,
}

/// `out = aᵀ b` (or onto what is there).
pub(crate) fn transposed_times(a: &Matrix, b: &Matrix, onto: Onto, out: &mut Matrix) {
    let inner = a.rows;
    assert_eq!((inner, a.cols, b.cols), (b.rows, out.rows, out.cols));
    // Entry (l, i) of the left factor, read down column i.
    product(&a.data, (1, a.cols), &b.data, (b.cols, 1), inner, onto, out);
}

/// `out = a b`.
pub(crate) fn times(a: &Matrix, b: &Matrix, onto: Onto, out: &mut Matrix) {
    let inner = a.cols;
    assert_eq!((inner, a.rows, b.cols), (b.rows, out.rows, out.cols));
    product(&a.data, (a.cols, 1), &b.data, (b.cols, 1), inner, onto, out);
}

/// `out = a bᵀ`.
pub(crate) fn times_transposed(a: &Matrix, b: &Matrix, onto: Onto, out: &mut Matrix) {
    let inner = a.cols;
    assert_eq!((inner, a.rows, b.rows), (b.cols, out.rows, out.cols));
    product(&a.data, (a.cols, 1), &b.data, (1, b.cols), inner, onto, out);
}

for_each_processor! {
    /// out(i, j) = Σ_l left[i·s + l·t] right[l·u + j·w], with (s, t) and (u, w) the steps.
    fn product(
        left: &[Wide],
        left_steps: (usize, usize),
        right: &[Wide],
        right_steps: (usize, usize),
        inner: usize,
        onto: Onto,
        out: &mut Matrix,
    ) {
        const HIGH: usize = 4;
        const BROAD: usize = 4;
        let (rows, cols) = (out.rows, out.cols);
        let mut i = 0;
        while i < rows {
            let high = if rows - i >= HIGH { HIGH } else { 1 };
            let mut j = 0;
            while j < cols {
                let broad = if cols - j >= BROAD { BROAD } else { 1 };
                let at = (i, j);
                let of = (left, left_steps, right, right_steps, inner);
                match (high, broad) {
                    (HIGH, BROAD) => tile::<HIGH, BROAD>(of, at, onto, out),
                    (HIGH, _) => tile::<HIGH, 1>(of, at, onto, out),
                    (_, BROAD) => tile::<1, BROAD>(of, at, onto, out),
                    _ => tile::<1, 1>(of, at, onto, out),
                }
                j += broad;
            }
            i += high;
        }
    }
}

type Factors<'a> = (
    &'a [Wide],
    (usize, usize),
    &'a [Wide],
    (usize, usize),
    usize,
);

/// An R × C block of a product, whose sums stay in registers.
#[inline(always)]
fn tile<const R: usize, const C: usize>(
    (left, (s, t), right, (u, w), inner): Factors,
    (i, j): (usize, usize),
    onto: Onto,
    out: &mut Matrix,
) {
    let mut sums = [[Wide::ZERO; C]; R];
    for l in 0..inner {
        let a: [Wide; R] = std::array::from_fn(|r| left[(i + r) * s + l * t]);
        let b: [Wide; C] = std::array::from_fn(|c| right[l * u + (j + c) * w]);
        for r in 0..R {
            for c in 0..C {
                sums[r][c] = a[r].mul_add(b[c], sums[r][c]);
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            let entry = &mut out[(i + r, j + c)];
            *entry = match onto {
                Onto::Nothing => sums[r][c],
                Onto::Plus => *entry + sums[r][c],
                Onto::Minus => *entry - sums[r][c],
            };
        }
    }
}

for_each_processor! {
    /// `out = aᵀ a`, each entry above the diagonal computed once.
    pub(crate) fn gram(a: &Matrix, out: &mut Matrix) {
        let k = a.cols;
        assert_eq!((k, k), (out.rows, out.cols));
        let mut j = 0;
        while j < k {
            let broad = if k - j >= 4 { 4 } else { 1 };
            let mut i = 0;
            while i < j + broad {
                let high = if k - i >= 4 { 4 } else { 1 };
                let of = (&a.data[..], (1, k), &a.data[..], (k, 1), a.rows);
                match (high, broad) {
                    (4, 4) => tile::<4, 4>(of, (i, j), Onto::Nothing, out),
                    (4, _) => tile::<4, 1>(of, (i, j), Onto::Nothing, out),
                    (_, 4) => tile::<1, 4>(of, (i, j), Onto::Nothing, out),
                    _ => tile::<1, 1>(of, (i, j), Onto::Nothing, out),
                }
                i += high;
            }
            j += broad;
        }
        for i in 0..k {
            for j in 0..i {
                out[(i, j)] = out[(j, i)];
            }
        }
    }
}
