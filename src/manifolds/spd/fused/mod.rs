//! Operations on eight pairs of symmetric positive definite matrices at a time.
//!
//! What decides accuracy is the Cholesky factor p = L Lᵀ and what it is divided into, L⁻¹ v L⁻ᵀ and
//! L⁻¹ L_q: those are computed in double-double and rounded once. Singular values of triangular
//! factors come from one-sided rotations, which keep small ones to full relative accuracy.

mod affine_invariant;
mod bures_wasserstein;
mod log_cholesky;
mod log_euclidean;
mod point;
pub(super) mod spectrum;

use crate::numerics::wide::Wide;
use crate::numerics::wide::jacobi::diagonalise;
use crate::numerics::wide::matrix::Matrix;
use crate::numerics::wide::precise::{Precise, cholesky};
pub(super) use affine_invariant::{
    affine_dist, affine_exp, affine_inner, affine_log, affine_retract, affine_rgrad,
    affine_transport, affine_vector_transport, whitened_log,
};
pub(super) use bures_wasserstein::{
    alignment, bures_wasserstein_dist, bures_wasserstein_exp, bures_wasserstein_inner,
    bures_wasserstein_log, bures_wasserstein_retract, bures_wasserstein_rgrad, lyapunov,
};
pub(super) use log_cholesky::{
    log_cholesky_dist, log_cholesky_exp, log_cholesky_inner, log_cholesky_log, log_cholesky_rgrad,
    log_cholesky_transport,
};
pub(super) use log_euclidean::{
    log_difference, log_euclidean_dist, log_euclidean_exp, log_euclidean_inner, log_euclidean_log,
    log_euclidean_rgrad, log_euclidean_transport, log_velocity,
};
use spectrum::{Spectrum, blend, greatest, recompose};

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
