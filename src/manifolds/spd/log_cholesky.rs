//! The log-Cholesky metric.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::formula::{cholesky, symmetric, whiten};
use super::{Cone, dot, fused, spd_operations, spd_type};
use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::frames::{OfMatrices, frobenius, transposed};

/// Symmetric positive definite matrices with the flat metric of their Cholesky factors, with
/// logarithms on the diagonal.
///
/// A tangent v at p = L Lᵀ is given by the lower triangle T with v = L Tᵀ + T Lᵀ. With ⌊·⌋ for the
/// part below the diagonal and D for the diagonal:
///
/// ```text
/// ⟨u, v⟩ = ⟨⌊T_u⌋, ⌊T_v⌋⟩ + ⟨D(T_u)/D(L), D(T_v)/D(L)⟩
/// dist² = |⌊L_q⌋ − ⌊L_p⌋|² + |ln D(L_q) − ln D(L_p)|²
/// exp_p v = K Kᵀ,  K = ⌊L⌋ + ⌊T⌋ + D(L) e^(D(T)/D(L))
/// ```
///
/// The metric is flat, and operations on triangles make it the cheapest of the four. The distance
/// depends on the order of rows and columns, and changes when all matrices are multiplied by the
/// same number.
///
/// # Shapes
///
/// Points and tangents `[.., n, n]`, symmetric.
///
/// # Accuracy
///
/// Worst error of all operations against high-precision references, for n up to 8 and condition
/// numbers up to 1e12: 6e-16. Errors of numbers are relative; those of matrices are relative to
/// the largest entry. For points that differ by 1e-9 of their smallest eigenvalue: `dist` 1.6e-16,
/// `log` 4e-14 at a condition number of 1e6.
///
/// Other devices use tensor formulas in plain f64, whose errors grow with the condition number:
/// 1.5e-15, 6e-12 and 4e-10 at 100, 1e6 and 1e12. For nearby points they also lose the digits that
/// cancel in q − p.
///
/// # Gradient
///
/// All operations have derivatives of every order, except `dist` at p = q, where the gradient is
/// 0.
///
/// # Examples
///
/// ```
/// use holonomy::{Geodesic, SpdLogCholesky};
/// use holonomy::tch::Tensor;
///
/// let spd = SpdLogCholesky::new(2)?;
/// // Factors [[1, 0], [3, 1]] and [[e, 0], [0, 1]].
/// let e = std::f64::consts::E;
/// let p = spd.from_matrices(&Tensor::from_slice2(&[[1.0, 3.0], [3.0, 10.0]]))?;
/// let q = spd.from_matrices(&Tensor::from_slice2(&[[e * e, 0.0], [0.0, 1.0]]))?;
/// assert!((spd.dist(&p, &q).double_value(&[]) - 10.0_f64.sqrt()).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// lin2019.
#[derive(Clone)]
pub struct SpdLogCholesky {
    cone: Cone,
}

spd_type!(SpdLogCholesky);

/// ⌊a⌋ and D(a), `[.., n]`.
fn parts(a: &Tensor) -> (Tensor, Tensor) {
    (a.tril(-1), diagonal(a))
}

fn diagonal(a: &Tensor) -> Tensor {
    a.diagonal(0, -2, -1)
}

/// ⌊a⌋ with this diagonal.
fn triangle(below: &Tensor, diagonal: &Tensor) -> Tensor {
    below + diagonal.diag_embed(0, -2, -1)
}

/// ⌊T⌋ and D(T)/D(L) of v = L Tᵀ + T Lᵀ.
fn coordinates(l: &Tensor, v: &Tensor) -> (Tensor, Tensor) {
    let (below, diagonal) = parts(&whiten(l, v));
    let half = diagonal * 0.5;
    (l.matmul(&triangle(&below, &half)).tril(-1), half)
}

/// L Tᵀ + T Lᵀ for D(T)/D(L) on the diagonal.
fn tangent(l: &Tensor, below: &Tensor, ratio: &Tensor) -> Tensor {
    let product = l.matmul(&transposed(&triangle(below, &(ratio * diagonal(l)))));
    &product + transposed(&product)
}

/// What [`coordinates`] of the logarithm are.
fn between(p: &Tensor, q: &Tensor) -> (Tensor, Tensor) {
    let (from, to) = (parts(p), parts(q));
    (to.0 - from.0, to.1.log() - from.1.log())
}

impl Manifold for SpdLogCholesky {
    spd_operations!();

    /// ```text
    /// ⟨⌊T_u⌋, ⌊T_v⌋⟩ + ⟨D(T_u)/D(L), D(T_v)/D(L)⟩
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("inner", [p, u, v])
            .number(|| fused::log_cholesky_inner(self.cone.size()))
            .or(|[p, u, v]| {
                let l = cholesky(&p);
                let (u, v) = (coordinates(&l, &u), coordinates(&l, &v));
                dot(&triangle(&u.0, &u.1), &triangle(&v.0, &v.1))
            })
    }

    /// ```text
    /// L Tᵀ + T Lᵀ,  T = 2⌊eL⌋ + 2 D(eL) D(L)²,  e = egrad, made symmetric
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.cone
            .operation("rgrad", [p, egrad])
            .matrix(|| fused::log_cholesky_rgrad(self.cone.size()))
            .or(|[p, e]| {
                let l = cholesky(&p);
                let (below, on) = parts(&(symmetric(&e).matmul(&l) * 2.0));
                tangent(&l, &below, &(on * diagonal(&l)))
            })
    }

    /// The same as [`exp`](Geodesic::exp); no retraction of second order is cheaper.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.exp(p, v)
    }

    /// [`parallel_transport`](Geodesic::parallel_transport), which does not depend on the path.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.parallel_transport(p, q, v)
    }
}

impl Geodesic for SpdLogCholesky {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    /// ```text
    /// K Kᵀ,  K = ⌊L⌋ + ⌊T⌋ + D(L) e^(D(T)/D(L))
    /// ```
    ///
    /// Rounding after long steps is corrected as [`EDGE`](Self::EDGE) says. Not finite where an
    /// entry overflows, which can happen from |v| = 354 on in f64 and 44 in f32.
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.cone.operation("exp", [p, v]);
        let kind = p.kind();
        operation
            .matrix(|| fused::log_cholesky_exp(self.cone.size(), kind))
            .or(|[p, v]| {
                let l = cholesky(&p);
                let (below, ratio) = coordinates(&l, &v);
                let factor = triangle(&(l.tril(-1) + below), &(diagonal(&l) * ratio.exp()));
                symmetric(&factor.matmul(&transposed(&factor)))
            })
    }

    /// ```text
    /// L Tᵀ + T Lᵀ,  T = ⌊L_q⌋ − ⌊L⌋ + D(L) ln(D(L_q)/D(L))
    /// ```
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("log", [p, q])
            .matrix(|| fused::log_cholesky_log(self.cone.size()))
            .or(|[p, q]| {
                let l = cholesky(&p);
                let (below, ratio) = between(&l, &cholesky(&q));
                tangent(&l, &below, &ratio)
            })
    }

    /// ```text
    /// L_q Sᵀ + S L_qᵀ,  S = ⌊T⌋ + D(L_q) D(T)/D(L)
    /// ```
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("parallel_transport", [p, q, v])
            .matrix(|| fused::log_cholesky_transport(self.cone.size()))
            .or(|[p, q, v]| {
                let (below, ratio) = coordinates(&cholesky(&p), &v);
                tangent(&cholesky(&q), &below, &ratio)
            })
    }

    /// ```text
    /// √(|⌊L_q⌋ − ⌊L_p⌋|² + |ln D(L_q) − ln D(L_p)|²)
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("dist", [p, q])
            .number(|| fused::log_cholesky_dist(self.cone.size()))
            .or(|[p, q]| {
                let (below, ratio) = between(&cholesky(&p), &cholesky(&q));
                frobenius(&triangle(&below, &ratio))
            })
    }
}

impl Sample for SpdLogCholesky {
    /// The matrix exponential of a standard normal tangent at the identity in the affine-invariant
    /// metric.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        self.cone.random_point(rng, batch, options)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.cone.random_tangent(rng, p, |p, g| {
            // Coordinates beside the diagonal of a symmetric matrix come twice, shared.
            let below = g.tril(-1) * std::f64::consts::SQRT_2;
            tangent(&cholesky(p), &below, &diagonal(g))
        })
    }
}
