//! The Stiefel manifold's operations on eight matrices at a time.

use crate::manifolds::frames::fused::{Polish, add_scaled, make_skew};
use crate::numerics::wide::exponential::Exponential;
use crate::numerics::wide::factor::{divide_by_transpose, orthonormalise};
use crate::numerics::wide::matrix::{
    Matrix, Onto, gram, times, times_transposed, transposed_times,
};
use crate::numerics::wide::{Wide, for_each_processor};

for_each_processor! {
    /// Replaces a square matrix by its symmetric part.
    fn make_symmetric(a: &mut Matrix) {
        for i in 0..a.rows {
            for j in 0..i {
                let half = (a[(i, j)] + a[(j, i)]) * Wide::splat(0.5);
                a[(i, j)] = half;
                a[(j, i)] = half;
            }
        }
    }
}

/// A tangent v = p A + K, with A = skew(pᵀv) and pᵀK = 0.
struct Parts {
    along: Matrix,
    across: Matrix,
    left: Matrix,
}

impl Parts {
    fn new(n: usize, k: usize) -> Self {
        Self {
            along: Matrix::zeros(k, k),
            across: Matrix::zeros(n, k),
            left: Matrix::zeros(k, k),
        }
    }

    fn split(&mut self, p: &Matrix, v: &Matrix) {
        transposed_times(p, v, Onto::Nothing, &mut self.along);
        self.across.copy_from(v);
        times(p, &self.along, Onto::Minus, &mut self.across);
        transposed_times(p, &self.across, Onto::Nothing, &mut self.left);
        times(p, &self.left, Onto::Minus, &mut self.across);
        make_skew(&mut self.along);
    }
}

/// See [`Stiefel::exp`](super::Stiefel::exp).
pub(super) fn exp(n: usize, k: usize, beta: f64) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut parts = Parts::new(n, k);
    let [mut square, mut corner] = [(); 2].map(|()| Matrix::zeros(k, k));
    let [mut generator, mut turned] = [(); 2].map(|()| Matrix::zeros(2 * k, 2 * k));
    let mut moved = Matrix::zeros(n, k);
    let (mut large, mut small) = (Exponential::new(2 * k), Exponential::new(k));
    let mut polish = Polish::new(n, k);
    move |[p, v], out| {
        parts.split(p, v);
        gram(&parts.across, &mut square);
        let length = parts.across.norm_squared().sqrt();
        let unit = length.if_above(Wide::ZERO, length, Wide::ONE);
        set_generator(&parts.along, &square, unit, beta, &mut generator);
        large.minus_one(&generator, &mut turned);
        // What the point moves by: a short way keeps its digits.
        copy_block(&turned, 0, Wide::ONE, &mut corner);
        times(p, &corner, Onto::Nothing, out);
        copy_block(&turned, k, Wide::ONE / unit, &mut corner);
        times(&parts.across, &corner, Onto::Plus, out);
        let turn = 1.0 - 2.0 * beta;
        if turn != 0.0 {
            square.data.fill(Wide::ZERO);
            add_scaled(&parts.along, turn, &mut square);
            small.minus_one(&square, &mut corner);
            moved.copy_from(out);
            add_scaled(p, 1.0, &mut moved);
            times(&moved, &corner, Onto::Plus, out);
        }
        add_scaled(p, 1.0, out);
        polish.of(out);
    }
}

for_each_processor! {
    /// [2β A, −S/σ; σ, 0]
    fn set_generator(along: &Matrix, square: &Matrix, unit: Wide, beta: f64, out: &mut Matrix) {
        let k = along.rows;
        out.data.fill(Wide::ZERO);
        let inverse = Wide::ONE / unit;
        for i in 0..k {
            for j in 0..k {
                out[(i, j)] = along[(i, j)] * Wide::splat(2.0 * beta);
                out[(i, k + j)] = -(square[(i, j)] * inverse);
            }
            out[(k + i, i)] = unit;
        }
    }

    /// `out = factor · block`, the block of `out`'s shape that starts in this row of the first column.
    fn copy_block(from: &Matrix, row: usize, factor: Wide, out: &mut Matrix) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                out[(i, j)] = from[(row + i, j)] * factor;
            }
        }
    }
}

/// z − p sym(pᵀz)
pub(super) fn project_tangent(_: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut along = Matrix::zeros(k, k);
    move |[p, z], out| {
        out.copy_from(z);
        // Twice: what is left after the first time is a rounding of z, not of the result.
        for _ in 0..2 {
            transposed_times(p, out, Onto::Nothing, &mut along);
            make_symmetric(&mut along);
            times(p, &along, Onto::Minus, out);
        }
    }
}

/// Q of p + v = Q R with a positive diagonal of R.
pub(super) fn qr_step(_: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut upper = Matrix::zeros(k, k);
    move |[p, v], out| {
        out.copy_from(p);
        add_scaled(v, 1.0, out);
        orthonormalise(out, &mut upper);
    }
}

/// p + (K − 2pG)(1 + G)⁻¹, G = KᵀK/4 − A/2
pub(super) fn cayley_step(n: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut parts = Parts::new(n, k);
    let [mut square, mut upper, mut lower] = [(); 3].map(|()| Matrix::zeros(k, k));
    let mut numerator = Matrix::zeros(n, k);
    let mut polish = Polish::new(n, k);
    move |[p, v], out| {
        parts.split(p, v);
        gram(&parts.across, &mut square);
        for (g, &a) in square.data.iter_mut().zip(&parts.along.data) {
            *g = *g * Wide::splat(0.25) - a * Wide::splat(0.5);
        }
        numerator.copy_from(&parts.across);
        // −2 p G, with G in `square`.
        times(p, &square, Onto::Minus, &mut numerator);
        times(p, &square, Onto::Minus, &mut numerator);
        square.add_to_diagonal(1.0);
        orthonormalise(&mut square, &mut upper);
        transpose(&upper, &mut lower);
        divide_by_transpose(&mut numerator, &lower);
        out.copy_from(p);
        times_transposed(&numerator, &square, Onto::Plus, out);
        polish.of(out);
    }
}

/// `out = aᵀ`
fn transpose(a: &Matrix, out: &mut Matrix) {
    for i in 0..a.rows {
        for j in 0..a.cols {
            out[(j, i)] = a[(i, j)];
        }
    }
}
