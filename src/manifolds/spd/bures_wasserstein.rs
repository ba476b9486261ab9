//! The Bures–Wasserstein metric.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::formula::{Spectrum, cholesky, divide_transposed, lyapunov, root_of_square, symmetric};
use super::{Cone, bures_transport, dot, fused, length_between, spd_operations, spd_type};
use crate::Result;
use crate::manifold::{Distance, Manifold, Sample, per_point};
use crate::manifolds::frames::{OfMatrices, transposed, transposed_times};
use crate::numerics::no_grad;
use crate::numerics::operation::Operation;

/// Symmetric positive definite matrices with the metric of optimal transport between the centred
/// Gaussians that have these covariances.
///
/// ```text
/// ⟨u, v⟩ = ½ tr X v,  pX + Xp = u
/// dist² = tr p + tr q − 2 tr (p^½ q p^½)^½ = |K|²
/// log_p q = (qp)^½ + (pq)^½ − 2p = K Lᵀ + L Kᵀ
/// exp_p v = p + v + X p X,  pX + Xp = v
/// ```
///
/// with p = L Lᵀ and K = L_q O − L, for the orthogonal O that minimises |K|; no difference of
/// traces is computed. The curvature is not negative. Singular matrices lie at finite distance,
/// and geodesics end there: `exp` follows the geodesic as long as 1 + X is positive definite.
/// `log` is its inverse for any two points.
///
/// Parallel transport has no closed form and is integrated numerically, which may fail. So the
/// type does not implement [`Geodesic`](crate::Geodesic): `exp`, `log`, `dist`, `geodesic` and
/// `parallel_transport` are inherent methods.
///
/// # Shapes
///
/// Points and tangents `[.., n, n]`, symmetric.
///
/// # Accuracy
///
/// Worst error of all operations against high-precision references, for n up to 8 and condition
/// numbers up to 1e12: 2.5e-15. Errors of numbers are relative; those of matrices are relative to
/// the largest entry. For points that differ by 1e-9 of their smallest eigenvalue, at a condition
/// number of 1e6: `dist` 4e-15, `log` 1e-14, where a difference of traces has no correct digit.
///
/// Other devices use tensor formulas in plain f64, whose errors grow with the condition number:
/// 6e-15, 4e-13 and 4e-10 at 100, 1e6 and 1e12. For nearby points they also lose the digits that
/// cancel in q − p.
///
/// # Gradient
///
/// `inner`, `exp` and `retract` have first and second derivatives, `log` and `dist` first
/// derivatives. They are right also where eigenvalues coincide. At p = q the gradient of `dist` is
/// 0.
///
/// # Examples
///
/// For covariances that commute, the distance is |p^½ − q^½|.
///
/// ```
/// use holonomy::SpdBuresWasserstein;
/// use holonomy::tch::Tensor;
///
/// let spd = SpdBuresWasserstein::new(2)?;
/// let p = Tensor::from_slice2(&[[4.0, 0.0], [0.0, 1.0]]);
/// let q = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 9.0]]);
/// assert!((spd.dist(&p, &q).double_value(&[]) - 5.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// malago2018; bhatia2019.
#[derive(Clone)]
pub struct SpdBuresWasserstein {
    cone: Cone,
}

spd_type!(SpdBuresWasserstein);

impl SpdBuresWasserstein {
    const TRANSPORT: &'static str = "SpdBuresWasserstein::parallel_transport";

    /// K = L_q O − L, of f64 tensors.
    fn alignment(&self, p: &Tensor, q: &Tensor) -> Tensor {
        Operation::on([p, q])
            .matrix(|| fused::alignment(self.cone.size()))
            .or(|[p, q]| {
                // L_q O = L⁻ᵀ (Lᵀ q L)^½
                let l = cholesky(&p);
                let root = root_of_square(&transposed_times(&l, &cholesky(&q)));
                divide_transposed(&l, &root) - l
            })
    }

    /// The end of the geodesic that leaves `p` with velocity `v` after unit time.
    ///
    /// ```text
    /// p + v + X p X = (1 + X) p (1 + X),  pX + Xp = v
    /// ```
    ///
    /// This is the geodesic as long as 1 + X is positive definite. Where 1 + X is singular the
    /// result is a singular matrix, which is not a point. Beyond, it is a point that a shorter
    /// geodesic also reaches.
    ///
    /// # Shapes
    ///
    /// `[.., n, n]`
    pub fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("exp", [p, v])
            .matrix(|| fused::bures_wasserstein_exp(self.cone.size()))
            .or(|[p, v]| exp_formula(&p, &v))
    }

    /// The velocity at `p` of the shortest geodesic that reaches `q` in unit time; 0 where p = q.
    ///
    /// ```text
    /// K Lᵀ + L Kᵀ = (qp)^½ + (pq)^½ − 2p
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n, n]`
    pub fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("log", [p, q])
            .matrix(|| fused::bures_wasserstein_log(self.cone.size()))
            .or(|[p, q]| {
                let product = self.alignment(&p, &q).matmul(&transposed(&cholesky(&p)));
                &product + transposed(&product)
            })
    }

    /// The geodesic distance, `[..]`: the 2-Wasserstein distance of centred Gaussians.
    ///
    /// ```text
    /// |K| = √(tr p + tr q − 2 tr (p^½ q p^½)^½)
    /// ```
    pub fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.cone
            .operation("dist", [p, q])
            .number(|| fused::bures_wasserstein_dist(self.cone.size()))
            .or(|[p, q]| length_between(&p, &q, &self.alignment(&p, &q)))
    }

    /// The parallel transport of `v` from `p` to `q` along the shortest geodesic.
    ///
    /// ```text
    /// V₁ X₁ᵀ + X₁ V₁ᵀ,  X = L + tK,  V′ = X A,  XᵀX A + A XᵀX = VᵀK − KᵀV,  V₀ = YL,  pY + Yp = v
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n, n]`
    ///
    /// # Accuracy
    ///
    /// The integration stops when its last extrapolation changes the result by less than 1e-13 of
    /// its length. For moderate condition numbers lengths and angles are preserved to about that
    /// accuracy; the error grows with the condition number.
    ///
    /// # Gradient
    ///
    /// None: the result is detached.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`](crate::Error::NotFinite) for arguments that are not finite;
    /// [`Error::NoConvergence`](crate::Error::NoConvergence) when 64 integration intervals are not
    /// enough.
    pub fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Result<Tensor> {
        self.cone.check("parallel_transport", &[p, q, v]);
        if [p, q, v]
            .iter()
            .any(|t| t.isfinite().all().int64_value(&[]) == 0)
        {
            return Err(crate::Error::NotFinite {
                op: Self::TRANSPORT,
                what: "a number",
                place: "the points or the tangent".into(),
            });
        }
        no_grad(|| {
            let [p, q, wide] = [p, q, v].map(|t| t.to_kind(Kind::Double));
            let l = cholesky(&p);
            let k = self.alignment(&p, &q);
            let lift = lyapunov(&p, &wide).matmul(&l);
            let lift = crate::numerics::broadcast_to_both(&lift, &k);
            let end = bures_transport::transport(Self::TRANSPORT, &l, &k, &lift)?;
            let moved = end.matmul(&transposed(&(l + k)));
            Ok((&moved + transposed(&moved)).to_kind(v.kind()))
        })
    }

    /// The point at parameter `t` of the geodesic from `p` (t = 0) to `q` (t = 1), `[.., n, n]`;
    /// `t` has the batch shape, or is a scalar.
    pub fn geodesic(&self, p: &Tensor, q: &Tensor, t: &Tensor) -> Tensor {
        let t = per_point(2, p, t);
        self.exp(p, &(self.log(p, q) * t))
    }
}

fn exp_formula(p: &Tensor, v: &Tensor) -> Tensor {
    let x = lyapunov(p, v);
    symmetric(&(p + v + x.matmul(&symmetric(p)).matmul(&x)))
}

/// The Bures–Wasserstein distance.
impl Distance for SpdBuresWasserstein {
    fn shape(&self) -> Vec<i64> {
        self.point_shape()
    }

    fn check(&self, p: &Tensor) -> Result<()> {
        self.check_point(p)
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.dist(p, q)
    }
}

impl Manifold for SpdBuresWasserstein {
    spd_operations!();

    /// ```text
    /// ½ tr X v,  pX + Xp = u
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.cone
            .operation("inner", [p, u, v])
            .number(|| fused::bures_wasserstein_inner(self.cone.size()))
            .or(|[p, u, v]| dot(&lyapunov(&p, &u), &symmetric(&v)) * 0.5)
    }

    /// ```text
    /// 2 (p e + e p),  e = egrad, made symmetric
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.cone
            .operation("rgrad", [p, egrad])
            .matrix(|| fused::bures_wasserstein_rgrad(self.cone.size()))
            .or(|[p, e]| symmetric(&symmetric(&p).matmul(&symmetric(&e))) * 4.0)
    }

    /// The same as [`exp`](Self::exp), which never returns an indefinite matrix. A result that is
    /// singular to rounding is corrected as [`EDGE`](Self::EDGE) says.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.cone.operation("retract", [p, v]);
        let kind = p.kind();
        operation
            .matrix(|| fused::bures_wasserstein_retract(self.cone.size(), kind))
            .or(|[p, v]| exp_formula(&p, &v))
    }
}

impl Sample for SpdBuresWasserstein {
    /// The matrix exponential of a standard normal tangent at the identity in the affine-invariant
    /// metric.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        self.cone.random_point(rng, batch, options)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.cone.random_tangent(rng, p, |p, g| {
            let spectrum = Spectrum::of(&cholesky(p));
            let values = spectrum.roots.square();
            let sums = values.unsqueeze(-1) + values.unsqueeze(-2);
            spectrum.multiply_entries(g, &(sums * 2.0).sqrt())
        })
    }
}
