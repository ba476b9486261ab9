//! Frames, eight at a time.

use crate::numerics::wide::factor::orthonormalise;
use crate::numerics::wide::jacobi::orthogonalise_columns;
use crate::numerics::wide::matrix::{Matrix, Onto, gram, times, times_transposed};
use crate::numerics::wide::{Wide, for_each_processor};

for_each_processor! {
    /// The lengths of the columns.
    pub(crate) fn column_lengths(a: &Matrix, out: &mut [Wide]) {
        out.fill(Wide::ZERO);
        for row in a.data.chunks_exact(out.len()) {
            for (sum, &x) in out.iter_mut().zip(row) {
                *sum = x * x + *sum;
            }
        }
        for sum in out.iter_mut() {
            *sum = sum.sqrt();
        }
    }
}

for_each_processor! {
    /// `out = a − b`.
    pub(crate) fn subtract(a: &Matrix, b: &Matrix, out: &mut Matrix) {
        for ((out, &a), &b) in out.data.iter_mut().zip(&a.data).zip(&b.data) {
            *out = a - b;
        }
    }
}

for_each_processor! {
    /// `out += factor · x`.
    pub(crate) fn add_scaled(x: &Matrix, factor: f64, out: &mut Matrix) {
        for (out, &x) in out.data.iter_mut().zip(&x.data) {
            *out = x * Wide::splat(factor) + *out;
        }
    }
}

for_each_processor! {
    /// Replaces a square matrix by its skew-symmetric part.
    pub(crate) fn make_skew(a: &mut Matrix) {
        for i in 0..a.rows {
            a[(i, i)] = Wide::ZERO;
            for j in 0..i {
                let half = (a[(i, j)] - a[(j, i)]) * Wide::splat(0.5);
                a[(i, j)] = half;
                a[(j, i)] = -half;
            }
        }
    }
}

/// Makes a polar factor: from z = Q R and R = U Σ Vᵀ the matrix Q U Vᵀ.
pub(crate) struct Polar {
    upper: Matrix,
    turn: Matrix,
    product: Matrix,
    frame: Matrix,
    lengths: Vec<Wide>,
}

impl Polar {
    pub(crate) fn new(n: usize, k: usize) -> Self {
        Self {
            upper: Matrix::zeros(k, k),
            turn: Matrix::zeros(k, k),
            product: Matrix::zeros(k, k),
            frame: Matrix::zeros(n, k),
            lengths: vec![Wide::ZERO; k],
        }
    }

    /// Replaces `z` by its polar factor; NaN where its columns are linearly dependent, with a
    /// singular value below n roundings of the largest.
    pub(crate) fn of(&mut self, z: &mut Matrix) {
        orthonormalise(z, &mut self.upper);
        self.turn.set_identity();
        orthogonalise_columns(&mut self.upper, &mut self.turn);
        column_lengths(&self.upper, &mut self.lengths);
        let largest = self.lengths.iter().fold(Wide::ZERO, |a, &b| a.max(b));
        let dependent = largest * Wide::splat(z.rows as f64 * f64::EPSILON);
        for length in &mut self.lengths {
            let inverse = Wide::ONE / *length;
            *length = length.if_above(dependent, inverse, Wide::splat(f64::NAN));
        }
        self.upper.scale_columns(&self.lengths);
        times_transposed(&self.upper, &self.turn, Onto::Nothing, &mut self.product);
        times(z, &self.product, Onto::Nothing, &mut self.frame);
        z.copy_from(&self.frame);
    }
}

/// Restores orthonormality that rounding has cost: one step x(3 − xᵀx)/2.
pub(crate) struct Polish {
    square: Matrix,
    copy: Matrix,
}

impl Polish {
    pub(crate) fn new(n: usize, k: usize) -> Self {
        Self {
            square: Matrix::zeros(k, k),
            copy: Matrix::zeros(n, k),
        }
    }

    pub(crate) fn of(&mut self, x: &mut Matrix) {
        gram(x, &mut self.square);
        for entry in &mut self.square.data {
            *entry = *entry * Wide::splat(-0.5);
        }
        // x + x(1 − xᵀx)/2: the correction is small, and rounds so.
        self.square.add_to_diagonal(0.5);
        self.copy.copy_from(x);
        times(&self.copy, &self.square, Onto::Plus, x);
    }
}

/// The polar factor of z: where z is nearly a frame, by Newton and Schulz's iteration, which moves a
/// frame no further than it is off.
pub(crate) fn project(n: usize, k: usize) -> impl FnMut(&[Matrix; 1], &mut Matrix) {
    let (mut polar, mut polish) = (Polar::new(n, k), Polish::new(n, k));
    let (mut square, mut near) = (Matrix::zeros(k, k), Matrix::zeros(n, k));
    move |[z], out| {
        near.copy_from(z);
        gram(z, &mut square);
        square.add_to_diagonal(-1.0);
        let defect = square.norm_squared();
        polish.of(&mut near);
        polish.of(&mut near);
        out.copy_from(z);
        polar.of(out);
        keep_where_small(defect, &near, out);
    }
}

for_each_processor! {
    /// `near` in the lanes where the square of the defect is so small that two steps leave nothing.
    fn keep_where_small(defect: Wide, near: &Matrix, out: &mut Matrix) {
        for (out, &near) in out.data.iter_mut().zip(&near.data) {
            *out = Wide::splat(1e-12).if_above(defect, near, *out);
        }
    }
}

/// The polar factor of p + v.
pub(crate) fn polar_step(n: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut polar = Polar::new(n, k);
    move |[p, v], out| {
        out.copy_from(p);
        add_scaled(v, 1.0, out);
        polar.of(out);
    }
}
