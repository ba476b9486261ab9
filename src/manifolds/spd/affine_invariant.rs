//! The affine-invariant metric.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::formula::{
    cholesky, congruence, divide, log_of_square, root_of_square, symmetric, whiten,
};
use super::{Cone, dot, fused, length_between, spd_operations, spd_type};
use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::frames::{OfMatrices, matrix_exponential, transposed};
use crate::numerics::operation::Operation;

/// Symmetric positive definite matrices with the metric tr p⁻¹u p⁻¹v.
///
/// With p = L Lᵀ and W = L⁻¹ q L⁻ᵀ:
///
/// ```text
/// dist(p, q) = |log W| = √Σ ln² λᵢ(p⁻¹q)
/// log_p q = L log(W) Lᵀ,  exp_p v = L exp(L⁻¹ v L⁻ᵀ) Lᵀ
/// P v = E v Eᵀ,  E = (q p⁻¹)^½
/// ```
///
/// It is twice the Fisher metric of centred Gaussians. The manifold is a symmetric space with
/// sectional curvature between −½ and 0. Isometries are p ↦ gpgᵀ for every invertible g, and p ↦
/// p⁻¹.
///
/// # Shapes
///
/// Points and tangents `[.., n, n]`, symmetric.
///
/// # Accuracy
///
/// Worst errors against high-precision references, for n up to 8 and condition numbers up to 1e12:
/// `dist` and `norm` 1.4e-15, `exp` 5e-15, `log` and `parallel_transport` 2e-14. Errors of numbers
/// are relative; those of matrices are relative to the largest entry. They hold for unrelated
/// eigenvectors too, where eigenvalues of p⁻¹q in f64 have no correct digit. For points that
/// differ by 1e-9 of their smallest eigenvalue: `dist` 7e-16, `log` 2e-13 at a condition number of
/// 1e6.
///
/// These errors are for the given f64 inputs. The problem itself is ill-conditioned: rounding an
/// entry of p changes the result by up to ε times the condition number.
///
/// Other devices use tensor formulas in plain f64, whose errors grow with the condition number:
/// 3e-15, 1.3e-9 and 3e-4 at 100, 1e6 and 1e12. For nearby points they also lose the digits that
/// cancel in q − p.
///
/// # Gradient
///
/// `exp`, `retract`, `vector_transport`, `inner` and `rgrad` have derivatives of every order; `log`,
/// `dist` and `parallel_transport` have first derivatives. All are right where eigenvalues
/// coincide; at p = q the gradient of `dist` is 0.
///
/// # Examples
///
/// The distance between multiples of one matrix.
///
/// ```
/// use holonomy::{Geodesic, SpdAffineInvariant};
/// use holonomy::tch::Tensor;
///
/// let spd = SpdAffineInvariant::new(2)?;
/// let p = spd.from_matrices(&Tensor::from_slice2(&[[2.0, 1.0], [1.0, 3.0]]))?;
/// let dist = spd.dist(&p, &(&p * 4.0)).double_value(&[]);
/// assert!((dist - 2.0_f64.sqrt() * 4.0_f64.ln()).abs() < 1e-15);
///
/// let middle = spd.geodesic(&p, &(&p * 4.0), &Tensor::from(0.5));
/// assert!((middle - &p * 2.0).abs().max().double_value(&[]) < 1e-14);
///
/// let indefinite = Tensor::from_slice2(&[[1.0, 2.0], [2.0, 1.0]]);
/// assert!(spd.from_matrices(&indefinite).is_err());
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// pennec2006; bhatia2007, chapter 6.
#[derive(Clone)]
pub struct SpdAffineInvariant {
    cone: Cone,
}

spd_type!(SpdAffineInvariant);

impl SpdAffineInvariant {
    /// log L⁻¹ q L⁻ᵀ, of f64 tensors.
    fn whitened_log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let n = self.cone.size();
        Operation::on([p, q])
            .matrix(|| fused::whitened_log(n))
            .or(|[p, q]| log_of_square(&divide(&cholesky(&p), &cholesky(&q))))
    }
}

impl Manifold for SpdAffineInvariant {
    spd_operations!();

    /// ```text
    /// tr p⁻¹u p⁻¹v
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("inner", [p, u, v])
            .number(|| fused::affine_inner(self.cone.size()))
            .or(|[p, u, v]| {
                let l = cholesky(&p);
                dot(&whiten(&l, &u), &whiten(&l, &v))
            })
    }

    /// ```text
    /// p e p,  e = egrad, made symmetric
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.cone
            .operation("rgrad", [p, egrad])
            .matrix(|| fused::affine_rgrad(self.cone.size()))
            .or(|[p, e]| congruence(&symmetric(&p), &symmetric(&e)))
    }

    /// ```text
    /// p + v + v p⁻¹ v/2
    /// ```
    ///
    /// which agrees with `exp` to second order and is positive definite for every v. Rounding
    /// after long steps is corrected as [`EDGE`](Self::EDGE) says.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.cone.operation("retract", [p, v]);
        let kind = p.kind();
        operation
            .matrix(|| fused::affine_retract(self.cone.size(), kind))
            .or(|[p, v]| {
                let half = divide(&cholesky(&p), &symmetric(&v));
                symmetric(&(p + v + transposed(&half).matmul(&half) * 0.5))
            })
    }

    /// ```text
    /// M v Mᵀ,  M = L_q L_p⁻¹
    /// ```
    ///
    /// with the Cholesky factors L. It preserves inner products.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("vector_transport", [p, q, v])
            .matrix(|| fused::affine_vector_transport(self.cone.size()))
            .or(|[p, q, v]| congruence(&cholesky(&q), &whiten(&cholesky(&p), &v)))
    }
}

impl Geodesic for SpdAffineInvariant {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    /// ```text
    /// L exp(L⁻¹ v L⁻ᵀ) Lᵀ,  p = L Lᵀ
    /// ```
    ///
    /// Rounding after long steps is corrected as [`EDGE`](Self::EDGE) says. Not finite where an
    /// eigenvalue overflows, which can happen from |v| = 709 on in f64 and 88 in f32.
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.cone.operation("exp", [p, v]);
        let kind = p.kind();
        operation
            .matrix(|| fused::affine_exp(self.cone.size(), kind))
            .or(|[p, v]| {
                let l = cholesky(&p);
                congruence(&l, &matrix_exponential(&whiten(&l, &v)))
            })
    }

    /// ```text
    /// L log(L⁻¹ q L⁻ᵀ) Lᵀ,  p = L Lᵀ
    /// ```
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("log", [p, q])
            .matrix(|| fused::affine_log(self.cone.size()))
            .or(|[p, q]| congruence(&cholesky(&p), &self.whitened_log(&p, &q)))
    }

    /// ```text
    /// E v Eᵀ,  E = (q p⁻¹)^½ = L W^½ L⁻¹,  W = L⁻¹ q L⁻ᵀ
    /// ```
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("parallel_transport", [p, q, v])
            .matrix(|| fused::affine_transport(self.cone.size()))
            .or(|[p, q, v]| {
                let l = cholesky(&p);
                let root = root_of_square(&divide(&l, &cholesky(&q)));
                congruence(&l.matmul(&root), &whiten(&l, &v))
            })
    }

    /// ```text
    /// √Σ ln² λᵢ(p⁻¹q)
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("dist", [p, q])
            .number(|| fused::affine_dist(self.cone.size()))
            .or(|[p, q]| length_between(&p, &q, &self.whitened_log(&p, &q)))
    }
}

impl Sample for SpdAffineInvariant {
    /// The exponential of a standard normal tangent at the identity.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        self.cone.random_point(rng, batch, options)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.cone
            .random_tangent(rng, p, |p, g| congruence(&cholesky(p), g))
    }
}
