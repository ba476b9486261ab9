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

#[cfg(test)]
mod tests {
    use super::super::jacobi::{diagonalise, orthogonalise_columns};
    use super::super::matrix::{Onto, gram, times, times_transposed, transposed_times};
    use super::super::{WIDTH, Wide};
    use super::*;

    /// Entries without a pattern; in lane 1 the columns are of very different lengths.
    fn sample(rows: usize, cols: usize) -> Matrix {
        let mut a = Matrix::zeros(rows, cols);
        for (i, entry) in a.data.iter_mut().enumerate() {
            *entry = Wide(std::array::from_fn(|lane| {
                let size = if lane == 1 {
                    10.0_f64.powi(-3 * (i % cols) as i32)
                } else {
                    1.0
                };
                let noise = ((i * WIDTH + lane + 1) as f64 * 12.9898).sin() * 43758.5453;
                size * (2.0 * noise.fract().abs() - 1.0)
            }));
        }
        a
    }

    #[track_caller]
    fn assert_near(a: &Matrix, b: &Matrix, tolerance: f64) {
        for (i, (a, b)) in a.data.iter().zip(&b.data).enumerate() {
            for lane in 0..WIDTH {
                let (a, b) = (a.0[lane], b.0[lane]);
                assert!(
                    (a - b).abs() <= tolerance,
                    "entry {i}, lane {lane}: {a:e} {b:e}"
                );
            }
        }
    }

    fn identity(k: usize) -> Matrix {
        let mut one = Matrix::zeros(k, k);
        one.set_identity();
        one
    }

    #[test]
    fn products_are_their_sums() {
        for (rows, inner, cols) in [(1, 1, 1), (4, 3, 4), (5, 7, 6), (8, 2, 9), (3, 5, 2)] {
            let (a, b) = (sample(rows, inner), sample(inner, cols));
            let mut expected = sample(rows, cols);
            let mut got = expected.clone();
            for i in 0..rows {
                for j in 0..cols {
                    for l in 0..inner {
                        expected[(i, j)] -= a[(i, l)] * b[(l, j)];
                    }
                }
            }
            times(&a, &b, Onto::Minus, &mut got);
            assert_near(&got, &expected, 1e-14);

            let transpose = |a: &Matrix| {
                let mut t = Matrix::zeros(a.cols, a.rows);
                for i in 0..a.rows {
                    for j in 0..a.cols {
                        t[(j, i)] = a[(i, j)];
                    }
                }
                t
            };
            let mut product = Matrix::zeros(rows, cols);
            times(&a, &b, Onto::Nothing, &mut product);
            transposed_times(&transpose(&a), &b, Onto::Nothing, &mut got);
            assert_near(&got, &product, 1e-14);
            times_transposed(&a, &transpose(&b), Onto::Nothing, &mut got);
            assert_near(&got, &product, 1e-14);
            let mut square = Matrix::zeros(inner, inner);
            gram(&a, &mut square);
            let mut expected = Matrix::zeros(inner, inner);
            transposed_times(&a, &a, Onto::Nothing, &mut expected);
            assert_near(&square, &expected, 1e-14);
        }
    }

    #[test]
    fn orthonormal_and_triangular_factors_make_the_matrix() {
        for (n, k) in [(1, 1), (4, 4), (9, 3), (7, 6)] {
            let a = sample(n, k);
            let (mut q, mut r) = (a.clone(), Matrix::zeros(k, k));
            orthonormalise(&mut q, &mut r);
            let mut square = Matrix::zeros(k, k);
            gram(&q, &mut square);
            assert_near(&square, &identity(k), 4e-15);
            let mut product = Matrix::zeros(n, k);
            times(&q, &r, Onto::Nothing, &mut product);
            assert_near(&product, &a, 4e-15);
            for i in 0..k {
                assert!(r[(i, i)].0.iter().all(|&x| x > 0.0));
                assert!((0..i).all(|j| r[(i, j)] == Wide::ZERO));
            }
        }
    }

    #[test]
    fn dependent_columns_still_get_an_orthonormal_factor() {
        let mut a = sample(5, 3);
        for i in 0..5 {
            a[(i, 2)] = a[(i, 0)];
            a[(i, 1)].0[3] = 0.0;
        }
        let mut r = Matrix::zeros(3, 3);
        orthonormalise(&mut a, &mut r);
        let mut square = Matrix::zeros(3, 3);
        gram(&a, &mut square);
        assert_near(&square, &identity(3), 4e-15);
        assert!(r[(2, 2)].0.iter().all(|x| x.abs() < 1e-14));
    }

    #[test]
    fn cholesky_factors_make_the_matrix_and_divide() {
        let (mut square, a) = (Matrix::zeros(4, 4), sample(9, 4));
        gram(&a, &mut square);
        let mut l = square.clone();
        cholesky(&mut l);
        for i in 0..4 {
            for j in i + 1..4 {
                l[(i, j)] = Wide::ZERO;
            }
        }
        let mut product = Matrix::zeros(4, 4);
        times_transposed(&l, &l, Onto::Nothing, &mut product);
        assert_near(&product, &square, 1e-14);
        let mut x = a.clone();
        divide_by_transpose(&mut x, &l);
        let mut back = Matrix::zeros(9, 4);
        times_transposed(&x, &l, Onto::Nothing, &mut back);
        assert_near(&back, &a, 1e-14);

        square[(2, 2)].0[5] = -1.0;
        cholesky(&mut square);
        assert!(square[(2, 2)].0[5].is_nan() && square[(2, 2)].0[4].is_finite());
    }

    #[test]
    fn singular_vectors_make_the_matrix() {
        for (n, k) in [(1, 1), (2, 2), (6, 6), (9, 4)] {
            let a = sample(n, k);
            let (mut left, mut v) = (a.clone(), identity(k));
            orthogonalise_columns(&mut left, &mut v);
            let mut back = Matrix::zeros(n, k);
            times_transposed(&left, &v, Onto::Nothing, &mut back);
            assert_near(&back, &a, 1e-14);
            let mut square = Matrix::zeros(k, k);
            gram(&v, &mut square);
            assert_near(&square, &identity(k), 1e-14);
            gram(&left, &mut square);
            for i in 0..k {
                for j in 0..i {
                    for lane in 0..WIDTH {
                        let at = |i, j| -> f64 { square[(i, j)].0[lane] };
                        let cosine = at(i, j).abs() / (at(i, i) * at(j, j)).sqrt();
                        assert!(cosine < 1e-14, "{i}, {j}, lane {lane}: {cosine:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn eigenvectors_make_the_matrix() {
        for k in [1, 2, 5, 8] {
            let mut a = sample(k, k);
            for i in 0..k {
                for j in 0..i {
                    a[(i, j)] = a[(j, i)];
                }
            }
            let (mut values, mut v) = (a.clone(), identity(k));
            diagonalise(&mut values, &mut v);
            let (mut product, mut back) = (Matrix::zeros(k, k), Matrix::zeros(k, k));
            times(&v, &values, Onto::Nothing, &mut product);
            times_transposed(&product, &v, Onto::Nothing, &mut back);
            assert_near(&back, &a, 1e-14);
            for i in 0..k {
                assert!((0..i).all(|j| values[(i, j)].0.iter().all(|x| x.abs() < 1e-15)));
            }
        }
    }
}
