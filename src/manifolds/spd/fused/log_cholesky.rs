//! The log-Cholesky metric.

use tch::Kind;

use super::spectrum::{dot, twice_symmetric_product};
use crate::manifolds::frames::fused::add_scaled;
use crate::manifolds::spd::edge::Edge;
use crate::numerics::wide::Wide;
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed};
use crate::numerics::wide::precise::{Precise, cholesky, whiten};

/// A point's factor L, and tangents v = L Tᵀ + T Lᵀ as triangles T.
struct Factor {
    l: Precise,
    precise: Precise,
    white: Matrix,
}

impl Factor {
    fn new(n: usize) -> Self {
        Self {
            l: Precise::zeros(n, n),
            precise: Precise::zeros(n, n),
            white: Matrix::zeros(n, n),
        }
    }

    fn of(&mut self, p: &Matrix) {
        cholesky(p, &mut self.l);
    }

    /// T = L (L⁻¹ v L⁻ᵀ)_½, with half of the diagonal and nothing above it.
    fn triangle(&mut self, v: &Matrix, out: &mut Matrix) {
        whiten(&self.l, v, &mut self.precise, &mut self.white);
        let n = self.white.rows;
        for i in 0..n {
            self.white[(i, i)] = self.white[(i, i)] * Wide::splat(0.5);
            for j in i + 1..n {
                self.white[(i, j)] = Wide::ZERO;
            }
        }
        times(&self.l.high, &self.white, Onto::Nothing, out);
    }

    fn diagonal(&self, i: usize) -> Wide {
        self.l.high[(i, i)]
    }
}

/// ⌊L_q⌋ − ⌊L_p⌋ below the diagonal, ln of the quotient on it.
fn triangle_between(p: &Precise, q: &Precise, out: &mut Matrix) {
    out.copy_from(&q.high);
    add_scaled(&p.high, -1.0, out);
    add_scaled(&q.low, 1.0, out);
    add_scaled(&p.low, -1.0, out);
    for i in 0..out.rows {
        let (a, b) = (p.high[(i, i)], q.high[(i, i)]);
        let change = out[(i, i)] / a;
        let near = change.map(f64::ln_1p);
        let far = (b / a).map(f64::ln);
        out[(i, i)] = change.abs().if_above(Wide::splat(0.5), far, near);
    }
}

/// The norm of the triangle between the factors.
pub(crate) fn log_cholesky_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let (mut from, mut to) = (Precise::zeros(n, n), Precise::zeros(n, n));
    let mut triangle = Matrix::zeros(n, n);
    move |[p, q]| {
        cholesky(p, &mut from);
        cholesky(q, &mut to);
        triangle_between(&from, &to, &mut triangle);
        dot(&triangle, &triangle).sqrt()
    }
}

/// L Tᵀ + T Lᵀ with the triangle between the factors, its diagonal times that of L.
pub(crate) fn log_cholesky_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let (mut from, mut to) = (Precise::zeros(n, n), Precise::zeros(n, n));
    let mut triangle = Matrix::zeros(n, n);
    move |[p, q], out| {
        cholesky(p, &mut from);
        cholesky(q, &mut to);
        triangle_between(&from, &to, &mut triangle);
        for i in 0..n {
            triangle[(i, i)] = triangle[(i, i)] * from.high[(i, i)];
        }
        twice_symmetric_product(&from.high, &triangle, out);
    }
}

/// K Kᵀ with K = ⌊L⌋ + ⌊T⌋ + D(L) e^(D(T)/D(L)).
pub(crate) fn log_cholesky_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut edge = Edge::new(n, kind);
    let mut point = Factor::new(n);
    let mut triangle = Matrix::zeros(n, n);
    move |[p, v], out| {
        point.of(p);
        point.triangle(v, &mut triangle);
        for i in 0..n {
            for j in 0..i {
                triangle[(i, j)] += point.l.high[(i, j)];
            }
            triangle[(i, i)] = point.diagonal(i) * point.white[(i, i)].map(f64::exp);
        }
        times_transposed(&triangle, &triangle, Onto::Nothing, out);
        out.symmetrise();
        edge.keep(out);
    }
}

/// The same triangle at q, its diagonal in proportion to that of the factor.
pub(crate) fn log_cholesky_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let (mut from, mut to) = (Factor::new(n), Factor::new(n));
    let mut triangle = Matrix::zeros(n, n);
    move |[p, q, v], out| {
        from.of(p);
        to.of(q);
        from.triangle(v, &mut triangle);
        for i in 0..n {
            triangle[(i, i)] = from.white[(i, i)] * to.diagonal(i);
        }
        twice_symmetric_product(&to.l.high, &triangle, out);
    }
}

/// Σ ⌊T_u⌋⌊T_v⌋ + Σ D(T_u) D(T_v)/D(L)²
pub(crate) fn log_cholesky_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
    let mut point = Factor::new(n);
    let [mut first, mut second] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, u, v]| {
        point.of(p);
        for (tangent, triangle) in [(u, &mut first), (v, &mut second)] {
            point.triangle(tangent, triangle);
            for i in 0..n {
                triangle[(i, i)] = point.white[(i, i)];
            }
        }
        dot(&first, &second)
    }
}

/// L Tᵀ + T Lᵀ with T = 2⌊eL⌋ + 2 D(eL) D(L)².
pub(crate) fn log_cholesky_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut l = Precise::zeros(n, n);
    let [mut symmetric, mut triangle] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        cholesky(p, &mut l);
        symmetric.symmetric_part(e);
        times(&symmetric, &l.high, Onto::Nothing, &mut triangle);
        for i in 0..n {
            for j in 0..n {
                let factor = match i.cmp(&j) {
                    std::cmp::Ordering::Greater => Wide::splat(2.0),
                    std::cmp::Ordering::Equal => l.high[(i, i)] * l.high[(i, i)] * Wide::splat(2.0),
                    std::cmp::Ordering::Less => Wide::ZERO,
                };
                triangle[(i, j)] = triangle[(i, j)] * factor;
            }
        }
        twice_symmetric_product(&l.high, &triangle, out);
    }
}
