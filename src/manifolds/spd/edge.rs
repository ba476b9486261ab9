//! Where the rounding of its entries leaves a matrix without positive eigenvalues.

use tch::Kind;

use super::fused::spectrum::recompose;
use crate::numerics::wide::factor::cholesky;
use crate::numerics::wide::jacobi::diagonalise;
use crate::numerics::wide::matrix::Matrix;
use crate::numerics::wide::precise::{self, Precise};
use crate::numerics::wide::{WIDTH, Wide};

/// The least eigenvalue of a result that has to be raised, in units of n roundings of the largest.
///
/// Rounding of entries moves eigenvalues by at most n/2 of these units, and Cholesky's factorisation needs
/// a few of them.
pub(super) const EDGE: f64 = 8.0;

/// What long steps end at: the positive definite matrices of a kind.
///
/// A step of any length leads to a positive definite matrix; the numbers of a kind hold it while its condition
/// number is below about 1/ε. Beyond, what was rounded has eigenvalues of 0 and below. Such a matrix, which is
/// no point, gets its eigenvalues raised to the edge; all others stay as they are, bit for bit.
pub(super) struct Edge {
    single: bool,
    rounded: Matrix,
    factor: Matrix,
    precise: Precise,
    turn: Matrix,
    work: Matrix,
    raised: Matrix,
}

fn trace(a: &Matrix) -> Wide {
    (0..a.rows).fold(Wide::ZERO, |sum, i| sum + a[(i, i)])
}

impl Edge {
    pub(super) fn new(n: usize, kind: Kind) -> Self {
        Self {
            single: kind == Kind::Float,
            rounded: Matrix::zeros(n, n),
            factor: Matrix::zeros(n, n),
            precise: Precise::zeros(n, n),
            turn: Matrix::zeros(n, n),
            work: Matrix::zeros(n, n),
            raised: Matrix::zeros(n, n),
        }
    }

    /// NaN where no eigenvalue is positive: where the whole matrix underflows.
    pub(super) fn keep(&mut self, out: &mut Matrix) {
        if self.is_clear_of_the_edge(out) {
            return;
        }
        precise::cholesky(&self.rounded, &mut self.precise);
        let probe = trace(&self.precise.high);
        if probe.0.iter().all(|&probe| probe > 0.0) {
            return;
        }
        self.raise(out);
        let unknown = out.data.iter();
        let unknown = unknown.fold(Wide::ZERO, |sum, &x| sum + x * Wide::ZERO);
        for lane in 0..WIDTH {
            // What is not finite stays so.
            if probe.0[lane] > 0.0 || unknown.0[lane] != 0.0 {
                continue;
            }
            for (out, raised) in out.data.iter_mut().zip(&self.raised.data) {
                out.0[lane] = raised.0[lane];
            }
        }
    }

    /// Whether Cholesky's factorisation succeeds with a diagonal smaller by more than its own rounding: a cheap
    /// proof that eigenvalues are positive.
    fn is_clear_of_the_edge(&mut self, out: &Matrix) -> bool {
        self.rounded.copy_from(out);
        if self.single {
            for entry in &mut self.rounded.data {
                *entry = entry.map(|x| f64::from(x as f32));
            }
        }
        self.factor.copy_from(&self.rounded);
        let n = out.rows;
        let less = 1.0 - 2.0 * ((n + 1) * n) as f64 * f64::EPSILON;
        for i in 0..n {
            self.factor[(i, i)] = self.factor[(i, i)] * Wide::splat(less);
        }
        cholesky(&mut self.factor);
        trace(&self.factor).0.iter().all(|&probe| probe > 0.0)
    }

    fn raise(&mut self, out: &Matrix) {
        let n = out.rows;
        let epsilon = if self.single {
            f32::EPSILON.into()
        } else {
            f64::EPSILON
        };
        self.factor.copy_from(out);
        self.turn.set_identity();
        diagonalise(&mut self.factor, &mut self.turn);
        let values: Vec<Wide> = (0..n).map(|i| self.factor[(i, i)]).collect();
        let largest = values.iter().fold(Wide::ZERO, |m, &x| m.max(x));
        let none = Wide::splat(f64::NAN);
        let least = largest * Wide::splat(EDGE * n as f64 * epsilon);
        let least = largest.if_above(Wide::splat(f64::MIN_POSITIVE), least, none);
        let values: Vec<Wide> = values
            .iter()
            .map(|&x| x.if_above(least, x, least))
            .collect();
        recompose(&self.turn, &values, &mut self.work, &mut self.raised);
    }
}
