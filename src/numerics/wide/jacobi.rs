//! Singular values and eigenvalues by Jacobi's rotations.
//!
//! Rotations are the slowest of the ways in exact counts of operations and the best here: they keep
//! small singular values to full relative accuracy, and eight matrices rotate at once without one
//! branch.
//!
//! # References
//!
//! demmel1992; golub2013, sections 8.5 and 8.6.

use super::matrix::Matrix;
use super::{Wide, for_each_processor};
use crate::numerics::double_double::Real;

/// Sweeps after which no matrix of finite numbers was ever seen to rotate.
const MOST_SWEEPS: usize = 40;

/// Columns of n entries count as orthogonal below n times this cosine of their angle.
const ORTHOGONAL: f64 = f64::EPSILON;

/// The cosine and sine that turn a symmetric 2 × 2 matrix with this difference of its diagonal
/// entries (second minus first) and this entry beside them into a diagonal one.
#[inline(always)]
fn rotation(difference: Wide, beside: Wide, turn: Wide) -> (Wide, Wide) {
    // tan of the angle, at most 1: 2b/(d + sign(d)√(d² + 4b²)).
    let twice = beside + beside;
    let root = difference.mul_add(difference, twice * twice).sqrt();
    let denominator = difference + root.copysign(difference);
    // Where both vanish there is nothing to turn.
    let safe = denominator
        .abs()
        .if_above(Wide::ZERO, denominator, Wide::ONE);
    let tangent = (twice / safe) * turn;
    let cosine = Wide::ONE / tangent.mul_add(tangent, Wide::ONE).sqrt();
    (cosine, tangent * cosine)
}

/// Replaces x, y by c x − s y and s x + c y.
#[inline(always)]
fn rotate(x: &mut Wide, y: &mut Wide, cosine: Wide, sine: Wide) {
    let (old_x, old_y) = (*x, *y);
    *x = old_x.mul_add(cosine, -(old_y * sine));
    *y = old_x.mul_add(sine, old_y * cosine);
}

for_each_processor! {
    /// Rotates the columns of `a` until they are orthogonal, and `v`'s columns with them: with
    /// v = 1 at first, a = U Σ Vᵀ leaves U Σ in `a` and V in `v`. Columns are not sorted.
    ///
    /// # Accuracy
    ///
    /// Every singular value of a matrix that is well conditioned but for the lengths of its columns
    /// is good to a few roundings of itself; of any matrix, to a few of the largest.
    pub(crate) fn orthogonalise_columns(a: &mut Matrix, v: &mut Matrix) {
        let (rows, cols) = (a.rows, a.cols);
        let width = v.cols;
        let orthogonal = Wide::splat(ORTHOGONAL * rows as f64);
        for _ in 0..MOST_SWEEPS {
            let mut rotated = false;
            for i in 0..cols {
                for j in i + 1..cols {
                    let (mut ii, mut jj, mut ij) = (Wide::ZERO, Wide::ZERO, Wide::ZERO);
                    for row in a.data.chunks_exact(cols) {
                        ii = row[i].mul_add(row[i], ii);
                        jj = row[j].mul_add(row[j], jj);
                        ij = row[i].mul_add(row[j], ij);
                    }
                    let bound = (ii.sqrt() * jj.sqrt()) * orthogonal;
                    if !ij.abs().any_above(bound) {
                        continue;
                    }
                    rotated = true;
                    let turn = ij.abs().if_above(bound, Wide::ONE, Wide::ZERO);
                    let (cosine, sine) = rotation(jj - ii, ij, turn);
                    for matrix in [(&mut a.data, cols), (&mut v.data, width)] {
                        for row in matrix.0.chunks_exact_mut(matrix.1) {
                            let (head, tail) = row.split_at_mut(j);
                            rotate(&mut head[i], &mut tail[0], cosine, sine);
                        }
                    }
                }
            }
            if !rotated {
                break;
            }
        }
    }
}

for_each_processor! {
    /// Turns the symmetric `a` into a diagonal matrix, whose entries are the eigenvalues, and `v`'s
    /// columns with it: with v = 1 at first, a = V Λ Vᵀ leaves Λ in `a` and V in `v`.
    ///
    /// # Accuracy
    ///
    /// Eigenvalues are good to a few roundings of the largest.
    pub(crate) fn diagonalise(a: &mut Matrix, v: &mut Matrix) {
        let n = a.rows;
        // A rounding of a rounding of the whole matrix.
        let negligible = (a.norm_squared().sqrt() * Wide::splat(f64::EPSILON / 64.0))
            .max(Wide::splat(f64::MIN_POSITIVE));
        for _ in 0..MOST_SWEEPS {
            let mut rotated = false;
            for i in 0..n {
                for j in i + 1..n {
                    let beside = a[(i, j)];
                    let (ii, jj) = (a[(i, i)], a[(j, j)]);
                    let product = ii.abs().sqrt() * jj.abs().sqrt();
                    let bound = (product * Wide::splat(0.25 * f64::EPSILON)).max(negligible);
                    if !beside.abs().any_above(bound) {
                        continue;
                    }
                    rotated = true;
                    let turn = beside.abs().if_above(bound, Wide::ONE, Wide::ZERO);
                    let (cosine, sine) = rotation(jj - ii, beside, turn);
                    for k in 0..n {
                        let (mut x, mut y) = (a[(k, i)], a[(k, j)]);
                        rotate(&mut x, &mut y, cosine, sine);
                        (a[(k, i)], a[(k, j)]) = (x, y);
                    }
                    for k in 0..n {
                        let (mut x, mut y) = (a[(i, k)], a[(j, k)]);
                        rotate(&mut x, &mut y, cosine, sine);
                        (a[(i, k)], a[(j, k)]) = (x, y);
                    }
                    let gone = turn.if_above(Wide::ZERO, Wide::ZERO, a[(i, j)]);
                    (a[(i, j)], a[(j, i)]) = (gone, gone);
                    for k in 0..n {
                        let (mut x, mut y) = (v[(k, i)], v[(k, j)]);
                        rotate(&mut x, &mut y, cosine, sine);
                        (v[(k, i)], v[(k, j)]) = (x, y);
                    }
                }
            }
            if !rotated {
                break;
            }
        }
    }
}
