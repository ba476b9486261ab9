//! Functions of symmetric positive definite tensors whose derivatives hold for repeated eigenvalues.
//!
//! The derivative of a spectral function in a basis of eigenvectors multiplies entries by divided
//! differences (Daleckii and Krein), which have no pole where eigenvalues coincide. Spectra are
//! constants here; derivatives enter through terms that are 0 in value.
//!
//! # References
//!
//! daleckii1965; higham2008, section 3.2.

use tch::{Device, Kind, Tensor};

use super::fused;
use crate::manifolds::frames::{matrix_exponential, transposed, transposed_times};
use crate::numerics::operation::Operation;

/// (a + aᵀ)/2
pub(super) fn symmetric(a: &Tensor) -> Tensor {
    (a + transposed(a)) * 0.5
}

/// x a xᵀ, symmetric.
pub(super) fn congruence(x: &Tensor, a: &Tensor) -> Tensor {
    symmetric(&x.matmul(a).matmul(&transposed(x)))
}

/// The lower factor of the symmetric part of `p`, NaN where that is not positive definite.
pub(super) fn cholesky(p: &Tensor) -> Tensor {
    let (factor, info) = symmetric(p).linalg_cholesky_ex(false, false);
    let failed = info.not_equal(0).unsqueeze(-1).unsqueeze(-1);
    factor.masked_fill(&failed, f64::NAN)
}

/// L⁻¹ a
pub(super) fn divide(l: &Tensor, a: &Tensor) -> Tensor {
    l.linalg_solve_triangular(a, false, true, false)
}

/// L⁻ᵀ a
pub(super) fn divide_transposed(l: &Tensor, a: &Tensor) -> Tensor {
    transposed(l).linalg_solve_triangular(a, true, true, false)
}

/// L⁻¹ v L⁻ᵀ, symmetric.
pub(super) fn whiten(l: &Tensor, v: &Tensor) -> Tensor {
    let half = divide(l, &symmetric(v));
    symmetric(&divide(l, &transposed(&half)))
}

/// Rows and columns of square matrices.
fn order(matrices: &Tensor) -> usize {
    matrices.size()[matrices.dim() - 1] as usize
}

/// F = U Σ Vᵀ as constants.
pub(super) struct Spectrum {
    pub(super) vectors: Tensor,
    turn: Tensor,
    /// σ, `[.., n]`.
    pub(super) roots: Tensor,
}

impl Spectrum {
    pub(super) fn of(factor: &Tensor) -> Self {
        let factor = factor.detach();
        let n = order(&factor);
        Operation::on([&factor])
            .matrices([(n, n), (n, n), (n, 1)], || fused::singular_values(n))
            .map(|[vectors, turn, roots]| Self {
                vectors,
                turn,
                roots: roots.squeeze_dim(-1),
            })
            .or_else(|| {
                // The library refuses NaN; 0 · NaN brings it back.
                let unknown = &factor * 0.0;
                let safe = factor.nan_to_num(0.0, 0.0, 0.0);
                let (vectors, roots, turn) = safe.svd(true, true);
                Self {
                    vectors: vectors + &unknown,
                    turn,
                    roots,
                }
            })
    }

    fn column(&self) -> Tensor {
        self.roots.unsqueeze(-1)
    }

    fn row(&self) -> Tensor {
        self.roots.unsqueeze(-2)
    }

    /// σᵢ σⱼ sinh(t)/t with t = ln σᵢ − ln σⱼ: (σᵢ² − σⱼ²)/(ln σᵢ² − ln σⱼ²).
    pub(super) fn exp_quotients(&self) -> Tensor {
        self.row() * self.column() * self.sinhc()
    }

    /// sinh(t)/t with t = ln σᵢ − ln σⱼ.
    pub(super) fn sinhc(&self) -> Tensor {
        let apart = self.column().log() - self.row().log();
        let distinct = apart.not_equal(0.0);
        let safe = apart.where_self(&distinct, &apart.ones_like());
        (safe.sinh() / &safe).where_self(&distinct, &apart.ones_like())
    }

    /// U diag(values) Uᵀ
    fn recompose(&self, values: &Tensor) -> Tensor {
        (&self.vectors * values.unsqueeze(-2)).matmul(&transposed(&self.vectors))
    }

    /// U (factors ∘ UᵀaU) Uᵀ
    pub(super) fn multiply_entries(&self, a: &Tensor, factors: &Tensor) -> Tensor {
        let inner = transposed_times(&self.vectors, a).matmul(&self.vectors);
        congruence(&self.vectors, &(inner * factors))
    }

    /// A function of F Fᵀ with these values and these divided differences: what its first
    /// derivative is for any F, U and V fixed.
    fn function(&self, factor: &Tensor, values: &Tensor, quotients: &Tensor) -> Tensor {
        let change = factor - factor.detach();
        let inner = transposed_times(&self.vectors, &change).matmul(&self.turn);
        let half = inner * self.row();
        let change = (&half + transposed(&half)) * quotients;
        symmetric(&(self.recompose(values) + congruence(&self.vectors, &change)))
    }
}

/// log F Fᵀ, with first derivatives.
pub(super) fn log_of_square(factor: &Tensor) -> Tensor {
    let spectrum = Spectrum::of(factor);
    let values = spectrum.roots.log() * 2.0;
    spectrum.function(factor, &values, &spectrum.exp_quotients().reciprocal())
}

/// (F Fᵀ)^½, with first derivatives.
pub(super) fn root_of_square(factor: &Tensor) -> Tensor {
    let spectrum = Spectrum::of(factor);
    let quotients = (spectrum.row() + spectrum.column()).reciprocal();
    spectrum.function(factor, &spectrum.roots, &quotients)
}

/// The symmetric part with |λ| for its eigenvalues λ, with first derivatives.
pub(super) fn size(z: &Tensor) -> Tensor {
    let z = symmetric(z);
    let constant = z.detach();
    let unknown = &constant * 0.0;
    let (values, vectors) = constant.nan_to_num(0.0, 0.0, 0.0).linalg_eigh("L");
    let sizes = values.abs();
    let (column, row) = (values.unsqueeze(-1), values.unsqueeze(-2));
    let total = sizes.unsqueeze(-1) + sizes.unsqueeze(-2);
    let regular = total.gt(0.0);
    let safe = total.where_self(&regular, &total.ones_like());
    let quotients = ((column + row) / safe).where_self(&regular, &total.ones_like());
    let value = (&vectors * sizes.unsqueeze(-2)).matmul(&transposed(&vectors));
    let change = transposed_times(&vectors, &(&z - &constant)).matmul(&vectors);
    symmetric(&(value + congruence(&vectors, &(change * quotients)) + unknown))
}

/// The derivative of the exponential of matrices at x in direction y, with derivatives of every
/// order: a block of the exponential of [[x, y], [0, x]].
pub(super) fn exp_velocity(x: &Tensor, y: &Tensor) -> Tensor {
    let both = Tensor::broadcast_tensors(&[x, y]);
    let (x, y) = (&both[0], &both[1]);
    let n = x.size()[x.dim() - 1];
    let above = Tensor::cat(&[x, y], -1);
    let below = Tensor::cat(&[&x.zeros_like(), x], -1);
    let exponential = matrix_exponential(&Tensor::cat(&[above, below], -2));
    symmetric(&exponential.narrow(-2, 0, n).narrow(-1, n, n))
}

/// log p, with first derivatives.
pub(super) fn log(p: &Tensor) -> Tensor {
    log_of_square(&cholesky(p))
}

/// The derivative of the logarithm at p in direction v, with first derivatives.
pub(super) fn log_velocity(p: &Tensor, v: &Tensor) -> Tensor {
    let spectrum = Spectrum::of(&cholesky(&p.detach()));
    let inverse = spectrum.exp_quotients().reciprocal();
    let (fixed_p, fixed_v) = (p.detach(), v.detach());
    let n = order(p);
    let value = Operation::on([&fixed_p, &fixed_v])
        .matrix(|| fused::log_velocity(n))
        .or_else(|| spectrum.multiply_entries(&symmetric(&fixed_v), &inverse));
    // One of Newton's steps for Dexp[value] = v: exact to first order in p and v.
    let left = symmetric(v) - exp_velocity(&log(p), &value);
    &value + spectrum.multiply_entries(&(&left - left.detach()), &inverse)
}

/// X of pX + Xp = v, with first and second derivatives.
pub(super) fn lyapunov(p: &Tensor, v: &Tensor) -> Tensor {
    let (p, v) = (symmetric(p), symmetric(v));
    let spectrum = Spectrum::of(&cholesky(&p.detach()));
    let squares = spectrum.roots.square();
    let inverse = (squares.unsqueeze(-1) + squares.unsqueeze(-2)).reciprocal();
    let (fixed_p, fixed_v) = (p.detach(), v.detach());
    let n = order(&p);
    let mut x = Operation::on([&fixed_p, &fixed_v])
        .matrix(|| fused::lyapunov(n))
        .or_else(|| spectrum.multiply_entries(&fixed_v, &inverse));
    // Each of Newton's steps with a fixed inverse makes one more order of derivatives right.
    for _ in 0..2 {
        let half = p.matmul(&x);
        let left = &v - (&half + transposed(&half));
        x = &x + spectrum.multiply_entries(&(&left - left.detach()), &inverse);
    }
    x
}

/// Independent standard normal coordinates in an orthonormal basis of the symmetric matrices.
pub(super) fn random_symmetric(rng: &mut dyn rand::Rng, size: &[i64], device: Device) -> Tensor {
    symmetric(&crate::random::random_normal(
        rng,
        size,
        Kind::Double,
        device,
    ))
}
