//! The flag manifold's operations on eight frames at a time.

use crate::manifolds::frames::fused::add_scaled;
use crate::numerics::wide::factor::orthonormalise;
use crate::numerics::wide::matrix::{Matrix, Onto, times, transposed_times};
use crate::numerics::wide::{Wide, for_each_processor};

/// Q of p + v = Q R.
pub(super) fn retract_qr(_: usize, d: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut upper = Matrix::zeros(d, d);
    move |[p, v], out| {
        out.copy_from(p);
        add_scaled(v, 1.0, out);
        orthonormalise(out, &mut upper);
    }
}

/// Q and R of x = Q R.
pub(super) fn orthogonal_factor() -> impl FnMut(&[Matrix; 1], &mut [Matrix; 2]) {
    move |[x], [q, r]| {
        q.copy_from(x);
        orthonormalise(q, r);
    }
}

for_each_processor! {
    /// M without the skew part of what lies outside the blocks: what p must not have in a tangent.
    fn keep_vertical(m: &mut Matrix, block_of: &[usize]) {
        for i in 0..m.rows {
            for j in 0..i {
                if block_of[i] != block_of[j] {
                    let mean = (m[(i, j)] + m[(j, i)]) * Wide::splat(0.5);
                    m[(i, j)] = mean;
                    m[(j, i)] = mean;
                }
            }
        }
    }
}

for_each_processor! {
    /// M without what lies outside the blocks.
    fn keep_blocks(m: &mut Matrix, block_of: &[usize]) {
        for i in 0..m.rows {
            for j in 0..m.cols {
                if block_of[i] != block_of[j] {
                    m[(i, j)] = Wide::ZERO;
                }
            }
        }
    }
}

/// z − p vertical(pᵀz)
pub(super) fn project_tangent(
    d: usize,
    block_of: Vec<usize>,
) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut along = Matrix::zeros(d, d);
    move |[p, z], out| {
        out.copy_from(z);
        // Twice: what is left of p after the first time is a rounding of z, not of the result.
        for _ in 0..2 {
            transposed_times(p, out, Onto::Nothing, &mut along);
            keep_vertical(&mut along, &block_of);
            times(p, &along, Onto::Minus, out);
        }
    }
}

/// |q − p blocks(pᵀq)|
pub(super) fn chordal_dist(
    n: usize,
    d: usize,
    block_of: Vec<usize>,
) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut along = Matrix::zeros(d, d);
    let mut across = Matrix::zeros(n, d);
    move |[p, q]| {
        across.copy_from(q);
        for _ in 0..2 {
            transposed_times(p, &across, Onto::Nothing, &mut along);
            keep_blocks(&mut along, &block_of);
            times(p, &along, Onto::Minus, &mut across);
        }
        across.norm_squared().sqrt()
    }
}
