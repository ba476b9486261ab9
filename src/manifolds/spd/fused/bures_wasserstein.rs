//! The Bures–Wasserstein metric.

use tch::Kind;

use super::point::Point;
use super::spectrum::{Spectrum, blend, congruence, divide_by_sums, dot, twice_symmetric_product};
use crate::manifolds::frames::fused::add_scaled;
use crate::manifolds::spd::edge::Edge;
use crate::numerics::wide::Wide;
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed, transposed_times};
use crate::numerics::wide::precise::{Precise, cholesky};

/// K = L_q O − L_p with the orthogonal O that makes it smallest: the polar factor of B = L_qᵀ L_p.
struct Alignment {
    p: Point,
    l_q: Precise,
    overlap: Spectrum,
    product: Matrix,
    difference: Matrix,
    work: Matrix,
}

impl Alignment {
    fn new(n: usize) -> Self {
        Self {
            p: Point::new(n),
            l_q: Precise::zeros(n, n),
            overlap: Spectrum::new(n),
            product: Matrix::zeros(n, n),
            difference: Matrix::zeros(n, n),
            work: Matrix::zeros(n, n),
        }
    }

    fn of(&mut self, p: &Matrix, q: &Matrix, out: &mut Matrix) {
        cholesky(p, &mut self.p.l);
        cholesky(q, &mut self.l_q);
        let (l_p, l_q) = (&self.p.l.high, &self.l_q.high);
        transposed_times(l_q, l_p, Onto::Nothing, &mut self.product);
        self.overlap.of(&self.product);
        let overlap = &self.overlap;
        times_transposed(
            &overlap.vectors,
            &overlap.turn,
            Onto::Nothing,
            &mut self.product,
        );
        times(l_q, &self.product, Onto::Nothing, out);
        add_scaled(l_p, -1.0, out);
        self.difference.copy_from(q);
        add_scaled(p, -1.0, &mut self.difference);
        let apart = dot(&self.difference, &self.difference).sqrt();
        let size = dot(l_p, l_p).sqrt();
        if (size * size * Wide::splat(0.25)).any_above(apart) {
            let spectrum = &mut self.p.spectrum;
            spectrum.of(l_p);
            let roots = &spectrum.roots;
            let least = roots.iter().fold(roots[0], |m, &x| m.if_above(x, x, m));
            self.of_near();
            // Where rounding of q − p costs less than rounding of the factors.
            blend(least * size, apart, &self.product, out);
        }
    }

    /// K = U G Zᵀ, Gᵢⱼ = uᵢᵀ (q − p) L zⱼ / (λᵢ + hⱼ) for p = U λ Uᵀ, B = Y h Zᵀ: no difference but
    /// that of the points.
    fn of_near(&mut self) {
        let (spectrum, overlap) = (&self.p.spectrum, &self.overlap);
        let l_p = &self.p.l.high;
        times(l_p, &overlap.turn, Onto::Nothing, &mut self.work);
        times(
            &self.difference,
            &self.work,
            Onto::Nothing,
            &mut self.product,
        );
        transposed_times(
            &spectrum.vectors,
            &self.product,
            Onto::Nothing,
            &mut self.work,
        );
        let n = spectrum.roots.len();
        for i in 0..n {
            let value = spectrum.roots[i] * spectrum.roots[i];
            for j in 0..n {
                self.work[(i, j)] = self.work[(i, j)] / (value + overlap.roots[j]);
            }
        }
        times(
            &spectrum.vectors,
            &self.work,
            Onto::Nothing,
            &mut self.product,
        );
        times_transposed(&self.product, &overlap.turn, Onto::Nothing, &mut self.work);
        self.product.copy_from(&self.work);
    }
}

/// K = L_q O − L_p
pub(crate) fn alignment(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut alignment = Alignment::new(n);
    move |[p, q], out| alignment.of(p, q, out)
}

/// |K|
pub(crate) fn bures_wasserstein_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut alignment = Alignment::new(n);
    let mut out = Matrix::zeros(n, n);
    move |[p, q]| {
        alignment.of(p, q, &mut out);
        dot(&out, &out).sqrt()
    }
}

/// K Lᵀ + L Kᵀ
pub(crate) fn bures_wasserstein_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut alignment = Alignment::new(n);
    let mut between = Matrix::zeros(n, n);
    move |[p, q], out| {
        alignment.of(p, q, &mut between);
        twice_symmetric_product(&alignment.p.l.high, &between, out);
    }
}

/// X of pX + Xp = v.
pub(crate) fn lyapunov(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let mut inner = Matrix::zeros(n, n);
    move |[p, v], out| {
        point.of(p);
        point.lyapunov(v, &mut inner);
        congruence(&point.spectrum.vectors, &inner, &mut point.work, out);
    }
}

/// p + v + X p X
pub(crate) fn bures_wasserstein_exp(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let [mut inner, mut sum] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, v], out| {
        point.of(p);
        point.lyapunov(v, &mut inner);
        let Point { spectrum, work, .. } = &mut point;
        times(&spectrum.vectors, &inner, Onto::Nothing, work);
        work.scale_columns(&spectrum.roots);
        times_transposed(work, work, Onto::Nothing, out);
        sum.symmetric_part(v);
        add_scaled(&sum, 1.0, out);
        sum.symmetric_part(p);
        add_scaled(&sum, 1.0, out);
        out.symmetrise();
    }
}

/// As [`bures_wasserstein_exp`], up to the edge.
pub(crate) fn bures_wasserstein_retract(
    n: usize,
    kind: Kind,
) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let (mut exp, mut edge) = (bures_wasserstein_exp(n), Edge::new(n, kind));
    move |inputs, out| {
        exp(inputs, out);
        edge.keep(out);
    }
}

/// 2 (p e + e p)
pub(crate) fn bures_wasserstein_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let [mut point, mut gradient] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.symmetric_part(p);
        gradient.symmetric_part(e);
        add_scaled(&gradient.clone(), 1.0, &mut gradient);
        twice_symmetric_product(&point, &gradient, out);
    }
}

/// tr(X v)/2
pub(crate) fn bures_wasserstein_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
    let mut point = Point::new(n);
    let [mut first, mut second] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, u, v]| {
        point.of(p);
        // With x = UᵀXU of u: ½ Σ x (σᵢ σⱼ s) of v.
        point.lyapunov(u, &mut first);
        point.coordinates(v, &mut second);
        first.scale_columns(&point.spectrum.roots);
        second.scale_rows(&point.spectrum.roots);
        dot(&first, &second) * Wide::splat(0.5)
    }
}

impl Point {
    /// UᵀXU of pX + Xp = v: sᵢⱼ/(σᵢ/σⱼ + σⱼ/σᵢ).
    fn lyapunov(&mut self, v: &Matrix, s: &mut Matrix) {
        self.coordinates(v, s);
        divide_by_sums(&self.spectrum, s);
    }
}
