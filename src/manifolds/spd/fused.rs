//! Operations on eight pairs of symmetric positive definite matrices at a time.
//!
//! What decides accuracy is the Cholesky factor p = L Lᵀ and what it is divided into, L⁻¹ v L⁻ᵀ and
//! L⁻¹ L_q: those are computed in double-double and rounded once. Singular values of triangular
//! factors come from one-sided rotations, which keep small ones to full relative accuracy.

use tch::Kind;

use super::edge::Edge;
use crate::manifolds::frames::fused::{add_scaled, column_lengths};
use crate::numerics::double_double::Real;
use crate::numerics::wide::factor;
use crate::numerics::wide::jacobi::{diagonalise, orthogonalise_columns};
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed, transposed_times};
use crate::numerics::wide::precise::{
    Precise, add_identity, cholesky, divide_lower, subtract_lower, whiten,
};
use crate::numerics::wide::{Wide, for_each_processor};

/// A product F Fᵀ by its factor F = U Σ Vᵀ.
pub(super) struct Spectrum {
    /// U.
    vectors: Matrix,
    /// V.
    turn: Matrix,
    /// σ.
    roots: Vec<Wide>,
    /// ln σ².
    logs: Vec<Wide>,
}

impl Spectrum {
    fn new(n: usize) -> Self {
        Self {
            vectors: Matrix::zeros(n, n),
            turn: Matrix::zeros(n, n),
            roots: vec![Wide::ZERO; n],
            logs: vec![Wide::ZERO; n],
        }
    }

    fn of(&mut self, factor: &Matrix) {
        self.vectors.copy_from(factor);
        self.turn.set_identity();
        orthogonalise_columns(&mut self.vectors, &mut self.turn);
        self.finish();
    }

    /// As [`of`](Self::of), which leaves V out.
    fn without_turn(&mut self, factor: &Matrix, unused: &mut Matrix) {
        self.vectors.copy_from(factor);
        orthogonalise_columns(&mut self.vectors, unused);
        self.finish();
    }

    fn finish(&mut self) {
        column_lengths(&self.vectors, &mut self.roots);
        for (log, &root) in self.logs.iter_mut().zip(&self.roots) {
            *log = root.map(|root| 2.0 * root.ln());
        }
        let inverse: Vec<Wide> = self.roots.iter().map(|&root| Wide::ONE / root).collect();
        self.vectors.scale_columns(&inverse);
    }

    /// out = Vᵀ s V.
    fn turned(&self, s: &Matrix, work: &mut Matrix, out: &mut Matrix) {
        times(s, &self.turn, Onto::Nothing, work);
        transposed_times(&self.turn, work, Onto::Nothing, out);
    }
}

/// out = x a xᵀ, symmetric.
fn congruence(x: &Matrix, a: &Matrix, work: &mut Matrix, out: &mut Matrix) {
    times(x, a, Onto::Nothing, work);
    times_transposed(work, x, Onto::Nothing, out);
    out.symmetrise();
}

/// out = x diag(values) xᵀ, symmetric.
pub(super) fn recompose(x: &Matrix, values: &[Wide], work: &mut Matrix, out: &mut Matrix) {
    work.copy_from(x);
    work.scale_columns(values);
    times_transposed(work, x, Onto::Nothing, out);
    out.symmetrise();
}

/// out = a bᵀ + b aᵀ.
fn twice_symmetric_product(a: &Matrix, b: &Matrix, out: &mut Matrix) {
    times_transposed(a, b, Onto::Nothing, out);
    out.symmetrise();
    out.data.iter_mut().for_each(|x| *x = *x + *x);
}

fn greatest(a: &Matrix) -> Wide {
    let larger = |m: Wide, &x: &Wide| x.abs().max(m);
    a.data.iter().fold(Wide::ZERO, larger)
}

/// `then` in the lanes where a > b.
fn blend(a: Wide, b: Wide, then: &Matrix, into: &mut Matrix) {
    for (x, &y) in into.data.iter_mut().zip(&then.data) {
        *x = a.if_above(b, y, *x);
    }
}

/// sinh(t)/t, where e^t = r.
#[inline(always)]
fn sinhc(t: Wide, ratio: Wide) -> Wide {
    const SERIES: [f64; 8] = [
        1.0,
        1.0 / 6.0,
        1.0 / 120.0,
        1.0 / 5040.0,
        1.0 / 362_880.0,
        1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        1.0 / 1_307_674_368_000.0,
    ];
    let square = t * t;
    let mut series = Wide::ZERO;
    for &term in SERIES.iter().rev() {
        series = series.mul_add(square, Wide::splat(term));
    }
    let half = Wide::splat(0.5);
    let apart = t.abs().if_above(half, t, Wide::ONE);
    let direct = (ratio - Wide::ONE / ratio) * half / apart;
    t.abs().if_above(half, direct, series)
}

for_each_processor! {
    /// Divides entries by sinh(t)/t with t = ln σᵢ − ln σⱼ.
    fn divide_by_sinhc(spectrum: &Spectrum, a: &mut Matrix) {
        for i in 0..a.rows {
            for j in 0..i {
                let quotient = spectrum.sinhc(i, spectrum, j);
                a[(i, j)] = a[(i, j)] / quotient;
                a[(j, i)] = a[(j, i)] / quotient;
            }
        }
    }

    /// Multiplies entries by σᵢ σⱼ sinh(t)/t with t = ln σᵢ − ln σⱼ.
    fn multiply_by_exp_quotients(spectrum: &Spectrum, a: &mut Matrix) {
        let roots = &spectrum.roots;
        for i in 0..a.rows {
            for j in 0..=i {
                let quotient = roots[i] * roots[j] * spectrum.sinhc(i, spectrum, j);
                a[(i, j)] = a[(i, j)] * quotient;
                if i != j {
                    a[(j, i)] = a[(j, i)] * quotient;
                }
            }
        }
    }

    /// σᵢ μⱼ sinh(t)/t with t = ln σᵢ − ln μⱼ, σ of one spectrum and μ of another.
    fn mixed_quotients(rows: &Spectrum, columns: &Spectrum, out: &mut Matrix) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                out[(i, j)] = rows.roots[i] * columns.roots[j] * rows.sinhc(i, columns, j);
            }
        }
    }

    /// Divides entries by σᵢ/σⱼ + σⱼ/σᵢ.
    fn divide_by_sums(spectrum: &Spectrum, a: &mut Matrix) {
        let roots = &spectrum.roots;
        for i in 0..a.rows {
            for j in 0..a.cols {
                a[(i, j)] = a[(i, j)] / (roots[i] / roots[j] + roots[j] / roots[i]);
            }
        }
    }
}

impl Spectrum {
    /// sinh(t)/t with t = ln σᵢ − ln μⱼ, μ of the other.
    #[inline(always)]
    fn sinhc(&self, i: usize, other: &Self, j: usize) -> Wide {
        let apart = (self.logs[i] - other.logs[j]) * Wide::splat(0.5);
        sinhc(apart, self.roots[i] / other.roots[j])
    }
}

/// A point's spectrum, and tangents in it.
struct Point {
    l: Precise,
    precise: Precise,
    spectrum: Spectrum,
    white: Matrix,
    work: Matrix,
    unused: Matrix,
}

impl Point {
    fn new(n: usize) -> Self {
        Self {
            l: Precise::zeros(n, n),
            precise: Precise::zeros(n, n),
            spectrum: Spectrum::new(n),
            white: Matrix::zeros(n, n),
            work: Matrix::zeros(n, n),
            unused: Matrix::zeros(1, n),
        }
    }

    fn of(&mut self, p: &Matrix) {
        cholesky(p, &mut self.l);
        self.spectrum.of(&self.l.high);
    }

    /// As [`of`](Self::of) without V: for all but [`coordinates`](Self::coordinates).
    fn without_turn(&mut self, p: &Matrix) {
        cholesky(p, &mut self.l);
        self.spectrum.without_turn(&self.l.high, &mut self.unused);
    }

    /// s = Vᵀ L⁻¹ v L⁻ᵀ V, so that UᵀvU = Σ s Σ.
    fn coordinates(&mut self, v: &Matrix, s: &mut Matrix) {
        whiten(&self.l, v, &mut self.precise, &mut self.white);
        self.spectrum.turned(&self.white, &mut self.work, s);
    }
}

// ------------------------------------------------------------------------------- the cone itself

/// The symmetric part with |λ| for its eigenvalues λ; the symmetric part itself where it is
/// positive definite.
pub(super) fn project(n: usize) -> impl FnMut(&[Matrix; 1], &mut Matrix) {
    let mut l = Precise::zeros(n, n);
    let [mut diagonal, mut turn, mut work, mut sizes] = [(); 4].map(|()| Matrix::zeros(n, n));
    move |[z], out| {
        cholesky(z, &mut l);
        out.symmetric_part(z);
        let probe = (0..n).fold(Wide::ZERO, |sum, i| sum + l.high[(i, i)]);
        if probe.0.iter().all(|&probe| probe > 0.0) {
            return;
        }
        diagonal.copy_from(out);
        turn.set_identity();
        diagonalise(&mut diagonal, &mut turn);
        let values: Vec<Wide> = (0..n).map(|i| diagonal[(i, i)].abs()).collect();
        recompose(&turn, &values, &mut work, &mut sizes);
        std::mem::swap(&mut sizes.data, &mut out.data);
        blend(probe, Wide::ZERO, &sizes, out);
    }
}

/// Asymmetry, and by how much eigenvalues fail to be positive.
pub(super) fn point_defect(n: usize) -> impl FnMut(&[Matrix; 1]) -> Wide {
    let mut l = Precise::zeros(n, n);
    let [mut diagonal, mut turn] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p]| {
        cholesky(p, &mut l);
        let probe = (0..n).fold(Wide::ZERO, |sum, i| sum + l.high[(i, i)]);
        let size = greatest(p);
        let size = size.if_above(Wide::ZERO, size, Wide::ONE);
        let not_finite = p
            .data
            .iter()
            .fold(Wide::ZERO, |sum, &x| sum + x * Wide::ZERO);
        let mut asymmetry = Wide::ZERO;
        for i in 0..n {
            for j in 0..i {
                asymmetry = (p[(i, j)] - p[(j, i)]).abs().max(asymmetry);
            }
        }
        let defect = asymmetry / size + not_finite;
        if probe.0.iter().all(|&probe| probe > 0.0) {
            return defect;
        }
        diagonal.symmetric_part(p);
        turn.set_identity();
        diagonalise(&mut diagonal, &mut turn);
        let (mut least, mut most) = (diagonal[(0, 0)], Wide::ZERO);
        for i in 0..n {
            let value = diagonal[(i, i)];
            least = least.if_above(value, value, least);
            most = value.abs().max(most);
        }
        let most = most.if_above(Wide::ZERO, most, Wide::ONE);
        // Rounding may give a least eigenvalue above 0 where the factorisation still failed.
        let failure = Wide::ONE - least.if_above(Wide::ZERO, Wide::ZERO, least) / most;
        probe.if_above(Wide::ZERO, defect, defect + failure)
    }
}

// ------------------------------------------------------------------------------ affine-invariant

/// W = L⁻¹ q L⁻ᵀ = F Fᵀ with F = L⁻¹ L_q.
struct Relation {
    l: Precise,
    f: Precise,
    q_factor: Matrix,
    spectrum: Spectrum,
    unused: Matrix,
    /// F − 1.
    excess: Matrix,
    square: Matrix,
    turn: Matrix,
}

/// Entries of F − 1 below which W − 1 is diagonalised instead of W.
const NEAR: f64 = 0.125;

impl Relation {
    fn new(n: usize) -> Self {
        Self {
            l: Precise::zeros(n, n),
            f: Precise::zeros(n, n),
            q_factor: Matrix::zeros(n, n),
            spectrum: Spectrum::new(n),
            unused: Matrix::zeros(1, n),
            excess: Matrix::zeros(n, n),
            square: Matrix::zeros(n, n),
            turn: Matrix::zeros(n, n),
        }
    }

    fn relate(&mut self, p: &Matrix, q: &Matrix) {
        cholesky(p, &mut self.l);
        cholesky(q, &mut self.f);
        self.q_factor.copy_from(&self.f.high);
        // F − 1 from L_q − L: all digits where q is near p, and 0 where it is p.
        subtract_lower(&self.l, &mut self.f);
        divide_lower(&self.l, &mut self.f);
        self.excess.copy_from(&self.f.high);
        add_identity(&mut self.f);
    }

    /// Eigenvectors and logarithms of eigenvalues of W, in `spectrum.vectors` and `.logs`.
    fn decompose(&mut self, p: &Matrix, q: &Matrix) {
        self.relate(p, q);
        let apart = greatest(&self.excess);
        let near = apart.0.iter().filter(|&&apart| apart < NEAR).count();
        if near < apart.0.len() {
            self.spectrum.without_turn(&self.f.high, &mut self.unused);
        }
        if near > 0 {
            self.diagonalise_excess();
            for (log, i) in self.spectrum.logs.iter_mut().zip(0..) {
                let value = self.square[(i, i)].map(f64::ln_1p);
                *log = Wide::splat(NEAR).if_above(apart, value, *log);
            }
            blend(
                Wide::splat(NEAR),
                apart,
                &self.turn,
                &mut self.spectrum.vectors,
            );
        }
    }

    /// W − 1 = E + Eᵀ + E Eᵀ, E = F − 1, made diagonal in `square`.
    fn diagonalise_excess(&mut self) {
        times_transposed(&self.excess, &self.excess, Onto::Nothing, &mut self.square);
        for i in 0..self.excess.rows {
            for j in 0..self.excess.rows {
                let sum = self.excess[(i, j)] + self.excess[(j, i)];
                self.square[(i, j)] += sum;
            }
        }
        self.turn.set_identity();
        diagonalise(&mut self.square, &mut self.turn);
    }
}

/// |ln eigenvalues of W|
pub(super) fn affine_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut relation = Relation::new(n);
    move |[p, q]| {
        relation.decompose(p, q);
        let logs = relation.spectrum.logs.iter();
        logs.fold(Wide::ZERO, |sum, &log| log.mul_add(log, sum))
            .sqrt()
    }
}

/// log W
pub(super) fn whitened_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut relation = Relation::new(n);
    let mut work = Matrix::zeros(n, n);
    move |[p, q], out| {
        relation.decompose(p, q);
        let spectrum = &relation.spectrum;
        recompose(&spectrum.vectors, &spectrum.logs, &mut work, out);
    }
}

/// L log W Lᵀ
pub(super) fn affine_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut relation = Relation::new(n);
    let [mut columns, mut work] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, q], out| {
        relation.decompose(p, q);
        let spectrum = &relation.spectrum;
        times(
            &relation.l.high,
            &spectrum.vectors,
            Onto::Nothing,
            &mut columns,
        );
        recompose(&columns, &spectrum.logs, &mut work, out);
    }
}

/// Eigenvalues of a velocity below which a point moves by an increment.
const SHORT: f64 = 0.5;

/// L e^S Lᵀ with S = L⁻¹ v L⁻ᵀ; p + L (e^S − 1) Lᵀ for short v.
pub(super) fn affine_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut edge = Edge::new(n, kind);
    let (mut l, mut precise) = (Precise::zeros(n, n), Precise::zeros(n, n));
    let [mut white, mut turn, mut columns] = [(); 3].map(|()| Matrix::zeros(n, n));
    let [mut work, mut moved] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, v], out| {
        cholesky(p, &mut l);
        whiten(&l, v, &mut precise, &mut white);
        turn.set_identity();
        diagonalise(&mut white, &mut turn);
        times(&l.high, &turn, Onto::Nothing, &mut columns);
        let values: Vec<Wide> = (0..n).map(|i| white[(i, i)]).collect();
        let longest = values.iter().fold(Wide::ZERO, |m, x| x.abs().max(m));
        let of = |f: fn(f64) -> f64| values.iter().map(|x| x.map(f)).collect::<Vec<_>>();
        recompose(&columns, &of(f64::exp_m1), &mut work, &mut moved);
        out.symmetric_part(p);
        add_scaled(&moved, 1.0, out);
        if !longest.0.iter().all(|&longest| longest < SHORT) {
            recompose(&columns, &of(f64::exp), &mut work, &mut moved);
            // What is not known to be short is long.
            std::mem::swap(&mut moved.data, &mut out.data);
            blend(Wide::splat(SHORT), longest, &moved, out);
        }
        edge.keep(out);
    }
}

/// L_q O S Oᵀ L_qᵀ with S = L⁻¹ v L⁻ᵀ and O = V Uᵀ.
pub(super) fn affine_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let mut relation = Relation::new(n);
    let mut precise = Precise::zeros(n, n);
    let [mut white, mut work, mut inner, mut columns] = [(); 4].map(|()| Matrix::zeros(n, n));
    move |[p, q, v], out| {
        relation.relate(p, q);
        relation.spectrum.of(&relation.f.high);
        whiten(&relation.l, v, &mut precise, &mut white);
        let spectrum = &relation.spectrum;
        times(&white, &spectrum.vectors, Onto::Nothing, &mut work);
        transposed_times(&spectrum.vectors, &work, Onto::Nothing, &mut inner);
        times(
            &relation.q_factor,
            &spectrum.turn,
            Onto::Nothing,
            &mut columns,
        );
        congruence(&columns, &inner, &mut work, out);
    }
}

/// L_q S L_qᵀ with S = L⁻¹ v L⁻ᵀ.
pub(super) fn affine_vector_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let [mut l, mut l_q, mut precise] = [(); 3].map(|()| Precise::zeros(n, n));
    let [mut white, mut work] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, q, v], out| {
        cholesky(p, &mut l);
        cholesky(q, &mut l_q);
        whiten(&l, v, &mut precise, &mut white);
        congruence(&l_q.high, &white, &mut work, out);
    }
}

/// tr p⁻¹u p⁻¹v
pub(super) fn affine_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
    let (mut l, mut precise) = (Precise::zeros(n, n), Precise::zeros(n, n));
    let [mut first, mut second] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, u, v]| {
        cholesky(p, &mut l);
        whiten(&l, u, &mut precise, &mut first);
        whiten(&l, v, &mut precise, &mut second);
        dot(&first, &second)
    }
}

/// p + v + v p⁻¹ v/2
pub(super) fn affine_retract(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut edge = Edge::new(n, kind);
    let [mut l, mut sum, mut half] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, v], out| {
        sum.symmetric_part(v);
        half.copy_from(&sum);
        l.symmetric_part(p);
        add_scaled(&l, 1.0, &mut sum);
        factor::cholesky(&mut l);
        factor::divide_by_transpose(&mut half, &l);
        times_transposed(&half, &half, Onto::Nothing, out);
        out.data.iter_mut().for_each(|x| *x = *x * Wide::splat(0.5));
        add_scaled(&sum, 1.0, out);
        out.symmetrise();
        edge.keep(out);
    }
}

/// p e p
pub(super) fn affine_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let [mut point, mut gradient, mut work] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.symmetric_part(p);
        gradient.symmetric_part(e);
        congruence(&point, &gradient, &mut work, out);
    }
}

for_each_processor! {
    /// Σ aᵢⱼ bᵢⱼ
    fn dot(a: &Matrix, b: &Matrix) -> Wide {
        let mut sum = Wide::ZERO;
        for (&a, &b) in a.data.iter().zip(&b.data) {
            sum = a.mul_add(b, sum);
        }
        sum
    }
}

// --------------------------------------------------------------------------------- log-Euclidean

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
pub(super) fn log_difference(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut logs = LogDifference::new(n);
    move |[p, q], out| logs.of(p, q, out)
}

/// |log q − log p|
pub(super) fn log_euclidean_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut logs = LogDifference::new(n);
    let mut out = Matrix::zeros(n, n);
    move |[p, q]| {
        logs.of(p, q, &mut out);
        dot(&out, &out).sqrt()
    }
}

/// Dexp at log p of log q − log p.
pub(super) fn log_euclidean_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut logs = LogDifference::new(n);
    let [mut difference, mut inner] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, q], out| {
        logs.of(p, q, &mut difference);
        logs.p.exp_velocity(&difference, &mut inner, out);
    }
}

/// log p, or its derivative in direction v, in ambient coordinates.
pub(super) fn log_velocity(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let mut inner = Matrix::zeros(n, n);
    move |[p, v], out| {
        point.of(p);
        point.log_velocity(v, &mut inner);
        congruence(&point.spectrum.vectors, &inner, &mut point.work, out);
    }
}

/// exp(log p + Dlog_p[v])
pub(super) fn log_euclidean_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(super) fn log_euclidean_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
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
pub(super) fn log_euclidean_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
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
pub(super) fn log_euclidean_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let [mut inner, mut once, mut symmetric] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.without_turn(p);
        symmetric.symmetric_part(e);
        point.exp_velocity(&symmetric, &mut inner, &mut once);
        point.exp_velocity(&once, &mut inner, out);
    }
}

// ---------------------------------------------------------------------------------- log-Cholesky

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
pub(super) fn log_cholesky_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
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
pub(super) fn log_cholesky_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(super) fn log_cholesky_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(super) fn log_cholesky_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
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
pub(super) fn log_cholesky_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
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
pub(super) fn log_cholesky_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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

// ----------------------------------------------------------------------------- Bures–Wasserstein

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
pub(super) fn alignment(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut alignment = Alignment::new(n);
    move |[p, q], out| alignment.of(p, q, out)
}

/// |K|
pub(super) fn bures_wasserstein_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut alignment = Alignment::new(n);
    let mut out = Matrix::zeros(n, n);
    move |[p, q]| {
        alignment.of(p, q, &mut out);
        dot(&out, &out).sqrt()
    }
}

/// K Lᵀ + L Kᵀ
pub(super) fn bures_wasserstein_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut alignment = Alignment::new(n);
    let mut between = Matrix::zeros(n, n);
    move |[p, q], out| {
        alignment.of(p, q, &mut between);
        twice_symmetric_product(&alignment.p.l.high, &between, out);
    }
}

/// X of pX + Xp = v.
pub(super) fn lyapunov(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut point = Point::new(n);
    let mut inner = Matrix::zeros(n, n);
    move |[p, v], out| {
        point.of(p);
        point.lyapunov(v, &mut inner);
        congruence(&point.spectrum.vectors, &inner, &mut point.work, out);
    }
}

/// p + v + X p X
pub(super) fn bures_wasserstein_exp(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(super) fn bures_wasserstein_retract(
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
pub(super) fn bures_wasserstein_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let [mut point, mut gradient] = [(); 2].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.symmetric_part(p);
        gradient.symmetric_part(e);
        add_scaled(&gradient.clone(), 1.0, &mut gradient);
        twice_symmetric_product(&point, &gradient, out);
    }
}

/// tr(X v)/2
pub(super) fn bures_wasserstein_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
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

/// U, V and σ of any square matrices, for formulas in tensors.
pub(super) fn singular_values(n: usize) -> impl FnMut(&[Matrix; 1], &mut [Matrix; 3]) {
    let mut spectrum = Spectrum::new(n);
    move |[f], [vectors, turn, roots]| {
        spectrum.of(f);
        vectors.copy_from(&spectrum.vectors);
        turn.copy_from(&spectrum.turn);
        roots.data.copy_from_slice(&spectrum.roots);
    }
}
