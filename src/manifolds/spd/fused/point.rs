//! A point's spectrum, and tangents in it.

use super::spectrum::Spectrum;
use crate::numerics::wide::matrix::Matrix;
use crate::numerics::wide::precise::{Precise, cholesky, whiten};

/// A point's spectrum, and tangents in it.
pub(super) struct Point {
    pub(super) l: Precise,
    pub(super) precise: Precise,
    pub(super) spectrum: Spectrum,
    pub(super) white: Matrix,
    pub(super) work: Matrix,
    pub(super) unused: Matrix,
}

impl Point {
    pub(super) fn new(n: usize) -> Self {
        Self {
            l: Precise::zeros(n, n),
            precise: Precise::zeros(n, n),
            spectrum: Spectrum::new(n),
            white: Matrix::zeros(n, n),
            work: Matrix::zeros(n, n),
            unused: Matrix::zeros(1, n),
        }
    }

    pub(super) fn of(&mut self, p: &Matrix) {
        cholesky(p, &mut self.l);
        self.spectrum.of(&self.l.high);
    }

    /// As [`of`](Self::of) without V: for all but [`coordinates`](Self::coordinates).
    pub(super) fn without_turn(&mut self, p: &Matrix) {
        cholesky(p, &mut self.l);
        self.spectrum.without_turn(&self.l.high, &mut self.unused);
    }

    /// s = Vᵀ L⁻¹ v L⁻ᵀ V, so that UᵀvU = Σ s Σ.
    pub(super) fn coordinates(&mut self, v: &Matrix, s: &mut Matrix) {
        whiten(&self.l, v, &mut self.precise, &mut self.white);
        self.spectrum.turned(&self.white, &mut self.work, s);
    }
}
