//! Symmetric positive definite matrices, with four metrics.
//!
//! A point is a symmetric n × n matrix p whose eigenvalues are positive: a covariance, a diffusion
//! tensor, a Gram matrix. The points form an open cone, and every symmetric matrix is tangent at
//! every point. There are four types, which differ in the metric:
//!
//! | type | ⟨u, v⟩ at p | curvature | isometries |
//! | --- | --- | --- | --- |
//! | [`SpdAffineInvariant`] | tr p⁻¹u p⁻¹v | ≤ 0 | p ↦ gpgᵀ for every invertible g, and p ↦ p⁻¹ |
//! | [`SpdLogEuclidean`] | ⟨D log\[u\], D log\[v\]⟩ | 0 | p ↦ OpOᵀ for orthogonal O, p ↦ cp for c > 0, and p ↦ p⁻¹ |
//! | [`SpdLogCholesky`] | Euclidean in the triangle L of p = LLᵀ, with logarithms on the diagonal | 0 | L ↦ ⌊L⌋ + ⌊M⌋ + D(L)D(M) for every triangle M with positive diagonal |
//! | [`SpdBuresWasserstein`] | ½ tr v X, pX + Xp = u | ≥ 0 | p ↦ OpOᵀ for orthogonal O |
//!
//! Here ⌊·⌋ is the part below the diagonal and D(·) the diagonal.
//!
//! The first three metrics are complete: singular matrices are infinitely far away, and exactly
//! one geodesic joins any two points. The last is the 2-Wasserstein distance of centred Gaussians,
//! in which singular matrices lie at finite distance.
//!
//! # Accuracy
//!
//! On the CPU results come from Cholesky factors in double-double and from singular values by
//! one-sided Jacobi rotations. So they are accurate for matrices with condition numbers up to
//! 1e12: distances are right to 1e-14 or better where eigenvalues of p⁻¹q in f64 have no correct
//! digit. Each type states its errors.
//!
//! # Gradient
//!
//! Gradients are right also where eigenvalues coincide, at the identity and at p = q. Each type
//! says which operations have higher derivatives.
//!
//! # References
//!
//! pennec2006; bhatia2007; arsigny2007; lin2019; malago2018; bhatia2019.

mod affine_invariant;
mod bures_transport;
mod bures_wasserstein;
mod edge;
mod formula;
mod fused;
mod log_cholesky;
mod log_euclidean;

pub use affine_invariant::SpdAffineInvariant;
pub use bures_wasserstein::SpdBuresWasserstein;
pub use log_cholesky::SpdLogCholesky;
pub use log_euclidean::SpdLogEuclidean;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::{OfMatrices, frobenius, transposed};
use crate::manifold::require_points;
use crate::numerics::wide::map::map_to_matrix;
use crate::numerics::{finite_defect, in_f64, no_grad};
use crate::{Error, Result};
use formula::symmetric;

/// The set of symmetric positive definite n × n matrices, without a metric.
#[derive(Debug, Clone, Copy)]
struct Cone {
    n: i64,
}

impl OfMatrices for Cone {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.n]
    }
}

impl Cone {
    fn new(op: &'static str, n: i64) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid(op, "n ≥ 1", format!("n = {n}")));
        }
        Ok(Self { n })
    }

    /// n, for kernels.
    fn size(self) -> usize {
        self.n as usize
    }

    fn point_defect(self, p: &Tensor) -> Tensor {
        self.operation("point_defect", [p])
            .number(|| fused::point_defect(self.size()))
            .or(|[p]| {
                let (_, info) = symmetric(&p).linalg_cholesky_ex(false, false);
                let safe = symmetric(&p).nan_to_num(0.0, 0.0, 0.0);
                let values = safe.linalg_eigvalsh("L");
                let most = values.abs().amax([-1], false);
                let least = values.amin([-1], false).clamp_max(0.0);
                let most = most.where_self(&most.gt(0.0), &most.ones_like());
                let failure = info.not_equal(0).to_kind(Kind::Double) * (1.0 - least / most);
                asymmetry(&p) + failure
            })
    }

    fn tangent_defect(self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        in_f64([p, v], |[p, v]| {
            crate::numerics::broadcast_to_both(&asymmetry(&v), &p.select(-1, 0).select(-1, 0))
        })
    }

    fn project(self, z: &Tensor) -> Tensor {
        self.operation("project", [z])
            .matrix(|| fused::project(self.size()))
            .or(|[z]| formula::size(&z))
    }

    fn project_tangent(self, p: &Tensor, z: &Tensor) -> Tensor {
        self.check("project_tangent", &[p, z]);
        in_f64([p, z], |[p, z]| {
            crate::numerics::broadcast_to_both(&symmetric(&z), &p)
        })
    }

    fn checked_points(self, space: &dyn crate::Manifold, matrices: &Tensor) -> Result<Tensor> {
        const OP: &str = "from_matrices";
        crate::numerics::require_floating(OP, "matrices", matrices)?;
        let n = self.n;
        if !matrices.size().ends_with(&[n, n]) {
            let got = format!("{:?}", matrices.size());
            return Err(Error::invalid(OP, format!("shape [.., {n}, {n}]"), got));
        }
        let defect = self.point_defect(matrices);
        require_points(OP, || format!("{space:?}"), &defect, matrices.kind())?;
        Ok(in_f64([matrices], |[m]| symmetric(&m)))
    }

    /// The exponential of matrices with independent normal coordinates.
    fn random_point(self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        let size = [batch, &[self.n, self.n]].concat();
        let (kind, device) = options;
        let v = formula::random_symmetric(rng, &size, Device::Cpu);
        let one = Tensor::eye(self.n, (Kind::Double, Device::Cpu));
        no_grad(|| {
            map_to_matrix([&one.expand_as(&v), &v], || {
                fused::affine_exp(self.size(), Kind::Double)
            })
        })
        .to_kind(kind)
        .to_device(device)
    }

    /// A tangent made in f64 from standard normal coordinates.
    fn random_tangent(
        self,
        rng: &mut dyn Rng,
        p: &Tensor,
        of_coordinates: impl FnOnce(&Tensor, &Tensor) -> Tensor,
    ) -> Tensor {
        self.check("random_tangent", &[p]);
        let coordinates = formula::random_symmetric(rng, &p.size(), p.device());
        no_grad(|| symmetric(&of_coordinates(&p.to_kind(Kind::Double), &coordinates)))
            .to_kind(p.kind())
    }
}

/// The largest entry of |a − aᵀ| as a part of that of |a|.
fn asymmetry(a: &Tensor) -> Tensor {
    let greatest = |x: &Tensor| x.abs().amax([-2, -1].as_slice(), false);
    let size = greatest(a);
    let regular = size.gt(0.0);
    let safe = size.where_self(&regular, &size.ones_like());
    let sum = finite_defect(a).sum_dim_intlist([-2, -1].as_slice(), false, a.kind());
    greatest(&(a - transposed(a))) / safe + sum
}

/// |a|, where a vanishes for p = q: there exactly 0, and so is its gradient. Rounding of a would make
/// it a direction.
fn length_between(p: &Tensor, q: &Tensor, a: &Tensor) -> Tensor {
    let same = p.eq_tensor(q).all_dim(-1, true).all_dim(-2, true);
    frobenius(&a.masked_fill(&same, 0.0))
}

/// Σ a b, over the last two dimensions.
fn dot(a: &Tensor, b: &Tensor) -> Tensor {
    (a * b).sum_dim_intlist([-2, -1].as_slice(), false, a.kind())
}

/// What is the same for every metric: constructor, accessor, conversion.
macro_rules! spd_type {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("n", &self.cone.n)
                    .finish()
            }
        }

        impl $name {
            /// The smallest eigenvalue of a corrected result of `retract`, or of `exp` in the
            /// complete metrics, in units of n ε times the largest eigenvalue.
            ///
            /// After long steps the condition number can exceed about 1/ε (4e15 in f64, 8e6 in
            /// f32). The rounded matrix may then not be positive definite. If so, its eigenvalues
            /// below `EDGE`·n·ε times the largest are raised to that value. A result that is
            /// positive definite after rounding is returned unchanged. Devices other than the CPU
            /// make no correction. Where the largest eigenvalue overflows or underflows, some or
            /// all entries are not finite.
            pub const EDGE: f64 = super::edge::EDGE;

            /// The manifold of symmetric positive definite n × n matrices.
            ///
            /// # Errors
            ///
            /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless n ≥ 1.
            pub fn new(n: i64) -> crate::Result<Self> {
                let cone = super::Cone::new(concat!(stringify!($name), "::new"), n)?;
                Ok(Self { cone })
            }

            /// The number n of rows and columns of a point.
            pub fn order(&self) -> i64 {
                self.cone.n
            }

            /// Checks that matrices `[.., n, n]` are points, and makes them exactly symmetric.
            ///
            /// # Errors
            ///
            /// [`Error::NotOnManifold`](crate::Error::NotOnManifold) with the first row that is not
            /// symmetric (to the [`tolerance`](crate::manifold::tolerance) of the kind), not positive
            /// definite or not finite, and its [`point_defect`](crate::Manifold::point_defect);
            /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for another shape or kind.
            pub fn from_matrices(&self, matrices: &tch::Tensor) -> crate::Result<tch::Tensor> {
                self.cone.checked_points(self, matrices)
            }
        }
    };
}
use spd_type;

/// The methods of [`Manifold`](crate::Manifold) that do not depend on the metric.
macro_rules! spd_operations {
    () => {
        fn point_shape(&self) -> Vec<i64> {
            vec![self.cone.n, self.cone.n]
        }

        fn dim(&self) -> i64 {
            self.cone.n * (self.cone.n + 1) / 2
        }

        /// The largest entry of |p − pᵀ| divided by that of |p|. Where p is not positive definite,
        /// plus
        ///
        /// ```text
        /// 1 − min(λ, 0)/|λ|max
        /// ```
        ///
        /// with the smallest eigenvalue λ, which is at least 1: a singular matrix is not a point
        /// either. NaN where p is not finite.
        fn point_defect(&self, p: &Tensor) -> Tensor {
            self.cone.point_defect(p)
        }

        /// The largest entry of |v − vᵀ| divided by that of |v|; 0 for v = 0.
        fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
            self.cone.tangent_defect(p, v)
        }

        /// The symmetric part of z where it is positive definite, and elsewhere
        ///
        /// ```text
        /// U |λ| Uᵀ,  (z + zᵀ)/2 = U λ Uᵀ
        /// ```
        ///
        /// which needs no lower bound on eigenvalues. A singular z stays singular, so that
        /// [`check_point`](crate::Manifold::check_point) refuses the result.
        ///
        /// # Gradient
        ///
        /// First derivatives; of every order where z is positive definite.
        fn project(&self, z: &Tensor) -> Tensor {
            self.cone.project(z)
        }

        /// (z + zᵀ)/2
        fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
            self.cone.project_tangent(p, z)
        }
    };
}
use spd_operations;
