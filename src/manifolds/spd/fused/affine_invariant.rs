//! The affine-invariant metric.

use tch::Kind;

use super::spectrum::{SHORT, Spectrum, blend, congruence, dot, greatest, recompose};
use crate::manifolds::frames::fused::add_scaled;
use crate::manifolds::spd::edge::Edge;
use crate::numerics::double_double::Real;
use crate::numerics::wide::Wide;
use crate::numerics::wide::factor;
use crate::numerics::wide::jacobi::diagonalise;
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed, transposed_times};
use crate::numerics::wide::precise::{
    Precise, add_identity, cholesky, divide_lower, subtract_lower, whiten,
};

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
pub(crate) fn affine_dist(n: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut relation = Relation::new(n);
    move |[p, q]| {
        relation.decompose(p, q);
        let logs = relation.spectrum.logs.iter();
        logs.fold(Wide::ZERO, |sum, &log| log.mul_add(log, sum))
            .sqrt()
    }
}

/// log W
pub(crate) fn whitened_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut relation = Relation::new(n);
    let mut work = Matrix::zeros(n, n);
    move |[p, q], out| {
        relation.decompose(p, q);
        let spectrum = &relation.spectrum;
        recompose(&spectrum.vectors, &spectrum.logs, &mut work, out);
    }
}

/// L log W Lᵀ
pub(crate) fn affine_log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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

/// L e^S Lᵀ with S = L⁻¹ v L⁻ᵀ; p + L (e^S − 1) Lᵀ for short v.
pub(crate) fn affine_exp(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(crate) fn affine_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
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
pub(crate) fn affine_vector_transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
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
pub(crate) fn affine_inner(n: usize) -> impl FnMut(&[Matrix; 3]) -> Wide {
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
pub(crate) fn affine_retract(n: usize, kind: Kind) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
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
pub(crate) fn affine_rgrad(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let [mut point, mut gradient, mut work] = [(); 3].map(|()| Matrix::zeros(n, n));
    move |[p, e], out| {
        point.symmetric_part(p);
        gradient.symmetric_part(e);
        congruence(&point, &gradient, &mut work, out);
    }
}
