//! The log-Euclidean metric.

use tch::Kind;

use super::point::Point;
use super::spectrum::{
    SHORT, Spectrum, blend, congruence, divide_by_sinhc, dot, greatest, mixed_quotients,
    multiply_by_exp_quotients, recompose,
};
use crate::manifolds::frames::fused::add_scaled;
use crate::manifolds::spd::edge::Edge;
use crate::numerics::wide::Wide;
use crate::numerics::wide::jacobi::diagonalise;
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed, transposed_times};

impl Point {
    /// Dlog_p[v] = U (s/sinhc) Uᵀ, in the coordinates of U.
    fn log_velocity(&mut self, v: &Matrix, s: &mut Matrix) {
        self.coordinates(v, s);
        divide_by_sinhc(&self.spectrum, s);
    }

    /// U (E ∘ UᵀyU) Uᵀ with Eᵢⱼ = σᵢ σⱼ sinhc: Dexp at log p.
    fn exp_velocity(&mut self, y: &Matrix, inner: &mut Matrix, out: &mut Matrix) {
        let vectors = &self.spectrum.vectors;
        times(y, vectors, Onto::Nothing, &mut self.work);
        transposed_times(vectors, &self.work, Onto::Nothing, inner);
        multiply_by_exp_quotients(&self.spectrum, inner);
        congruence(vectors, inner, &mut self.work, out);
    }
}

/// log q − log p
struct LogDifference {
    p: Point,
    q: Point,
    difference: Matrix,
    mixed: Matrix,
    work: Matrix,
}

impl LogDifference {
    fn new(n: usize) -> Self {
        Self {
            p: Point::new(n),
            q: Point::new(n),
            difference: Matrix::zeros(n, n),
            mixed: Matrix::zeros(n, n),
            work: Matrix::zeros(n, n),
        }
    }

    fn of(&mut self, p: &Matrix, q: &Matrix, out: &mut Matrix) {
        self.p.without_turn(p);
        self.q.without_turn(q);
        let (a, b) = (&self.p.spectrum, &self.q.spectrum);
        recompose(&b.vectors, &b.logs, &mut self.work, out);
        recompose(&a.vectors, &a.logs, &mut self.work, &mut self.mixed);
        add_scaled(&self.mixed, -1.0, out);
        self.difference.copy_from(q);
        add_scaled(p, -1.0, &mut self.difference);
        // Nearer than the least eigenvalue, the difference of the points says more.
        let far = (dot(&self.difference, &self.difference) * Wide::splat(4.0)).sqrt();
        let least = a.roots.iter().fold(a.roots[0], |m, &x| m.if_above(x, x, m));
        let least = least * least;
        if least.any_above(far) {
            self.of_near();
            blend(least, far, &self.mixed, out);
        }
    }

    /// U (log[λᵢ, μⱼ] ∘ Uᵀ(q − p)W) Wᵀ for p = U λ Uᵀ, q = W μ Wᵀ.
    fn of_near(&mut self) {
        let (a, b) = (&self.p.spectrum, &self.q.spectrum);
        times(&self.difference, &b.vectors, Onto::Nothing, &mut self.work);
        transposed_times(&a.vectors, &self.work, Onto::Nothing, &mut self.mixed);
        mixed_quotients(a, b, &mut self.work);
        for (entry, &quotient) in self.mixed.data.iter_mut().zip(&self.work.data) {
            *entry = *entry / quotient;
        }
        times(&a.vectors, &self.mixed, Onto::Nothing, &mut self.work);
        times_transposed(&self.work, &b.vectors, Onto::Nothing, &mut self.mixed);
        self.mixed.symmetrise();
    }
}

/// log q − log p
pub(crate) fn log_difference(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut logs = LogDifference::new(n);
    move |[p, q], out| logs.of(p, q, out)
}

/// |log q − log p|
pub(crate) fn log_euclidean_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut logs = LogDifference::new(n);
    let mut out = Matrix::zeros(n, n);
    move |[p, q]| {
        logs.of(p, q, &mut out);
        dot(&out, &out).sqrt()
    }
}

/// Dexp at log p of log q − log p.
pub(crate) fn log_euclidean_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut logs = LogDifference::new(n);
    let [mut difference, mut inner] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, q], out| {
        logs.of(p, q, &mut difference);
        logs.p.exp_velocity(&difference, &mut inner, out);
    }
}

/// log p, or its derivative in direction v, in ambient coordinates.
pub(crate) fn log_velocity(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let mut inner = Matrix::zeros(n, n);
    move |[p, v], out| {
        point.of(p);
        point.log_velocity(v, &mut inner);
        congruence(&point.spectrum.vectors, &inner, &mut point.work, out);
    }
}

/// exp(log p + Dlog_p[v])
pub(crate) fn log_euclidean_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut edge = Edge::new(n, kind);
    let mut point = Point::new(n);
    let mut end = Spectrum::new(n);
    let [mut velocity, mut inner, mut moved] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, v], out| {
        point.of(p);
        point.log_velocity(v, &mut velocity);
        velocity.symmetrise();
        inner.copy_from(&velocity);
        let Point { spectrum, work, .. } = &mut point;
        for i in 0..n {
            inner[(i, i)] += spectrum.logs[i];
        }
        end.turn.set_identity();
        diagonalise(&mut inner, &mut end.turn);
        for i in 0..n {
            // e^(x/2) by the change of x: what rounding lost in the logarithm, it loses here again.
            let change = (inner[(i, i)] - spectrum.logs[i]) * Wide::splat(0.5);
            end.logs[i] = inner[(i, i)];
            end.roots[i] = spectrum.roots[i] * change.map(f64::exp);
        }
        let longest = greatest(&velocity);
        if !longest.0.iter().all(|&longest| longest < SHORT) {
            times(&spectrum.vectors, &end.turn, Onto::Nothing, work);
            work.scale_columns(&end.roots);
            times_transposed(work, work, Onto::Nothing, out);
        }
        if Wide::splat(SHORT).any_above(longest) {
            increment(spectrum, &end, &velocity, &mut inner, work, &mut moved);
            add_to_point(p, &mut moved, work);
            blend(Wide::splat(SHORT), longest, &moved, out);
        }
        out.symmetrise();
        edge.keep(out);
    }
}

/// U (E ∘ gZ) Zᵀ Uᵀ, Eᵢⱼ = (e^xᵢ − e^yⱼ)/(xᵢ − yⱼ), for x + g = Z y Zᵀ: how far the exponential of
/// the diagonal x moves, by no difference.
fn increment(
    start: &Spectrum,
    end: &Spectrum,
    g: &Matrix,
    inner: &mut Matrix,
    work: &mut Matrix,
    out: &mut Matrix,
) {
    times(g, &end.turn, Onto::Nothing, inner);
    mixed_quotients(start, end, work);
    for (entry, &quotient) in inner.data.iter_mut().zip(&work.data) {
        *entry = *entry * quotient;
    }
    times_transposed(inner, &end.turn, Onto::Nothing, work);
    times(&start.vectors, work, Onto::Nothing, inner);
    times_transposed(inner, &start.vectors, Onto::Nothing, out);
}

/// The symmetric part of p plus that of the increment.
fn add_to_point(p: &Matrix, increment: &mut Matrix, work: &mut Matrix) {
    increment.symmetrise();
    work.symmetric_part(p);
    add_scaled(work, 1.0, increment);
}

/// Dexp at log q of Dlog_p[v].
pub(crate) fn log_euclidean_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let (mut from, mut to) = (Point::new(n), Point::new(n));
    let [mut inner, mut velocity] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, q, v], out| {
        from.of(p);
        to.without_turn(q);
        from.log_velocity(v, &mut inner);
        let vectors = &from.spectrum.vectors;
        congruence(vectors, &inner, &mut from.work, &mut velocity);
        to.exp_velocity(&velocity, &mut inner, out);
    }
}

/// ⟨Dlog_p[u], Dlog_p[v]⟩
pub(crate) fn log_euclidean_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
    let mut point = Point::new(n);
    let [mut first, mut second] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, u, v]| {
        point.of(p);
        point.log_velocity(u, &mut first);
        point.log_velocity(v, &mut second);
        dot(&first, &second)
    }
}

/// Dexp at log p, twice.
pub(crate) fn log_euclidean_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let [mut inner, mut once, mut symmetric] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.without_turn(p);
        symmetric.symmetric_part(e);
        point.exp_velocity(&symmetric, &mut inner, &mut once);
        point.exp_velocity(&once, &mut inner, out);
    }
}
