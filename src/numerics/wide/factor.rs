//! Triangular and orthogonal factors.

use super::matrix::Matrix;
use super::{Wide, for_each_processor};
use crate::numerics::double_double::Real;

for_each_processor! {
    /// Replaces the symmetric positive definite `a` by its lower Cholesky factor L, a = L Lᵀ; what
    /// stands above the diagonal is left. NaN where the matrix is not positive definite.
    pub(crate) fn cholesky(a: &mut Matrix) {
        let n = a.rows;
        for j in 0..n {
            let mut pivot = a[(j, j)];
            for l in 0..j {
                pivot = (-a[(j, l)]).mul_add(a[(j, l)], pivot);
            }
            let root = pivot.if_above(Wide::ZERO, pivot, Wide::splat(f64::NAN)).sqrt();
            let inverse = Wide::ONE / root;
            a[(j, j)] = root;
            for i in j + 1..n {
                let mut sum = a[(i, j)];
                for l in 0..j {
                    sum = (-a[(i, l)]).mul_add(a[(j, l)], sum);
                }
                a[(i, j)] = sum * inverse;
            }
        }
    }
}

for_each_processor! {
    /// `x L⁻ᵀ` for the lower triangle of `l`, row by row.
    pub(crate) fn divide_by_transpose(x: &mut Matrix, l: &Matrix) {
        let k = l.rows;
        let inverse: Vec<Wide> = (0..k).map(|j| Wide::ONE / l[(j, j)]).collect();
        for row in x.data.chunks_exact_mut(k) {
            for j in 0..k {
                let mut sum = row[j];
                for i in 0..j {
                    sum = (-l[(j, i)]).mul_add(row[i], sum);
                }
                row[j] = sum * inverse[j];
            }
        }
    }
}

for_each_processor! {
    /// Replaces `x`, with at least as many rows as columns, by Q of x = Q R with a positive
    /// diagonal of R, which goes to `r`: Householder's reflections.
    ///
    /// Where columns are linearly dependent, the diagonal of R holds a zero and Q is still orthonormal.
    pub(crate) fn orthonormalise(x: &mut Matrix, r: &mut Matrix) {
        let (n, k) = (x.rows, x.cols);
        // Reflections 1 − w wᵀ, each w stored in the column that it cleared.
        r.data.fill(Wide::ZERO);
        for j in 0..k {
            // Scaled, so that squares neither overflow nor vanish.
            let largest = (j..n).fold(Wide::ZERO, |m, i| x[(i, j)].abs().max(m));
            let scale = largest.if_above(Wide::ZERO, largest, Wide::ONE);
            let mut sum = Wide::ZERO;
            for i in j..n {
                let entry = x[(i, j)] / scale;
                x[(i, j)] = entry;
                sum = entry.mul_add(entry, sum);
            }
            let length = sum.sqrt();
            let head = x[(j, j)];
            // w = (x + sign(x₁)|x| e₁)/√(|x|(|x| + |x₁|))
            let size = (length * (length + head.abs())).sqrt();
            let is_zero = |then, otherwise| size.if_above(Wide::ZERO, otherwise, then);
            let inverse = is_zero(Wide::ZERO, Wide::ONE / is_zero(Wide::ONE, size));
            x[(j, j)] = head + length.copysign(head);
            for i in j..n {
                x[(i, j)] = x[(i, j)] * inverse;
            }
            // What the reflection leaves of its own column: −sign(x₁)|x|.
            r[(j, j)] = -((length * scale).copysign(head));
            for m in j + 1..k {
                let mut dot = Wide::ZERO;
                for i in j..n {
                    dot = x[(i, j)].mul_add(x[(i, m)], dot);
                }
                for i in j..n {
                    x[(i, m)] = (-dot).mul_add(x[(i, j)], x[(i, m)]);
                }
                r[(j, m)] = x[(j, m)];
            }
        }
        // Q: the reflections applied to the first columns of 1, the last first.
        for j in (0..k).rev() {
            for m in j + 1..k {
                let mut dot = Wide::ZERO;
                for i in j..n {
                    dot = x[(i, j)].mul_add(x[(i, m)], dot);
                }
                for i in j..n {
                    x[(i, m)] = (-dot).mul_add(x[(i, j)], x[(i, m)]);
                }
            }
            let head = x[(j, j)];
            for i in 0..j {
                x[(i, j)] = Wide::ZERO;
            }
            for i in j..n {
                x[(i, j)] = -(head * x[(i, j)]);
            }
            x[(j, j)] += Wide::ONE;
        }
        // A positive diagonal.
        for j in 0..k {
            let sign = Wide::ONE.copysign(r[(j, j)]);
            for m in j..k {
                r[(j, m)] = r[(j, m)] * sign;
            }
            for i in 0..n {
                x[(i, j)] = x[(i, j)] * sign;
            }
        }
    }
}
