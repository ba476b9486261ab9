//! What a symmetric positive definite matrix is divided into, and functions of it.

use crate::manifolds::frames::fused::column_lengths;
use crate::numerics::double_double::Real;
use crate::numerics::wide::jacobi::orthogonalise_columns;
use crate::numerics::wide::matrix::{Matrix, Onto, times, times_transposed, transposed_times};
use crate::numerics::wide::{Wide, for_each_processor};

/// Eigenvalues of a velocity below which a point moves by an increment.
pub(super) const SHORT: f64 = 0.5;

/// A product F Fᵀ by its factor F = U Σ Vᵀ.
pub(crate) struct Spectrum {
    /// U.
    pub(super) vectors: Matrix,
    /// V.
    pub(super) turn: Matrix,
    /// σ.
    pub(super) roots: Vec<Wide>,
    /// ln σ².
    pub(super) logs: Vec<Wide>,
}

impl Spectrum {
    pub(super) fn new(n: usize) -> Self {
        Self {
            vectors: Matrix::zeros(n, n),
            turn: Matrix::zeros(n, n),
            roots: vec![Wide::ZERO; n],
            logs: vec![Wide::ZERO; n],
        }
    }

    pub(super) fn of(&mut self, factor: &Matrix) {
        self.vectors.copy_from(factor);
        self.turn.set_identity();
        orthogonalise_columns(&mut self.vectors, &mut self.turn);
        self.finish();
    }

    /// As [`of`](Self::of), which leaves V out.
    pub(super) fn without_turn(&mut self, factor: &Matrix, unused: &mut Matrix) {
        self.vectors.copy_from(factor);
        orthogonalise_columns(&mut self.vectors, unused);
        self.finish();
    }

    pub(super) fn finish(&mut self) {
        column_lengths(&self.vectors, &mut self.roots);
        for (log, &root) in self.logs.iter_mut().zip(&self.roots) {
            *log = root.map(|root| 2.0 * root.ln());
        }
        let inverse: Vec<Wide> = self.roots.iter().map(|&root| Wide::ONE / root).collect();
        self.vectors.scale_columns(&inverse);
    }

    /// out = Vᵀ s V.
    pub(super) fn turned(&self, s: &Matrix, work: &mut Matrix, out: &mut Matrix) {
        times(s, &self.turn, Onto::Nothing, work);
        transposed_times(&self.turn, work, Onto::Nothing, out);
    }
}

/// out = x a xᵀ, symmetric.
pub(super) fn congruence(x: &Matrix, a: &Matrix, work: &mut Matrix, out: &mut Matrix) {
    times(x, a, Onto::Nothing, work);
    times_transposed(work, x, Onto::Nothing, out);
    out.symmetrise();
}

/// out = x diag(values) xᵀ, symmetric.
pub(crate) fn recompose(x: &Matrix, values: &[Wide], work: &mut Matrix, out: &mut Matrix) {
    work.copy_from(x);
    work.scale_columns(values);
    times_transposed(work, x, Onto::Nothing, out);
    out.symmetrise();
}

/// out = a bᵀ + b aᵀ.
pub(super) fn twice_symmetric_product(a: &Matrix, b: &Matrix, out: &mut Matrix) {
    times_transposed(a, b, Onto::Nothing, out);
    out.symmetrise();
    out.data.iter_mut().for_each(|x| *x = *x + *x);
}

pub(super) fn greatest(a: &Matrix) -> Wide {
    let larger = |m: Wide, &x: &Wide| x.abs().max(m);
    a.data.iter().fold(Wide::ZERO, larger)
}

/// `then` in the lanes where a > b.
pub(super) fn blend(a: Wide, b: Wide, then: &Matrix, into: &mut Matrix) {
    for (x, &y) in into.data.iter_mut().zip(&then.data) {
        *x = a.if_above(b, y, *x);
    }
}

/// sinh(t)/t, where e^t = r.
#[inline(always)]
pub(super) fn sinhc(t: Wide, ratio: Wide) -> Wide {
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
    pub(super) fn divide_by_sinhc(spectrum: &Spectrum, a: &mut Matrix) {
        for i in 0..a.rows {
            for j in 0..i {
                let quotient = spectrum.sinhc(i, spectrum, j);
                a[(i, j)] = a[(i, j)] / quotient;
                a[(j, i)] = a[(j, i)] / quotient;
            }
        }
    }

    /// Multiplies entries by σᵢ σⱼ sinh(t)/t with t = ln σᵢ − ln σⱼ.
    pub(super) fn multiply_by_exp_quotients(spectrum: &Spectrum, a: &mut Matrix) {
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
    pub(super) fn mixed_quotients(rows: &Spectrum, columns: &Spectrum, out: &mut Matrix) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                out[(i, j)] = rows.roots[i] * columns.roots[j] * rows.sinhc(i, columns, j);
            }
        }
    }

    /// Divides entries by σᵢ/σⱼ + σⱼ/σᵢ.
    pub(super) fn divide_by_sums(spectrum: &Spectrum, a: &mut Matrix) {
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
    pub(super) fn sinhc(&self, i: usize, other: &Self, j: usize) -> Wide {
        let apart = (self.logs[i] - other.logs[j]) * Wide::splat(0.5);
        sinhc(apart, self.roots[i] / other.roots[j])
    }
}

for_each_processor! {
    /// Σ aᵢⱼ bᵢⱼ
    pub(super) fn dot(a: &Matrix, b: &Matrix) -> Wide {
        let mut sum = Wide::ZERO;
        for (&a, &b) in a.data.iter().zip(&b.data) {
            sum = a.mul_add(b, sum);
        }
        sum
    }
}
