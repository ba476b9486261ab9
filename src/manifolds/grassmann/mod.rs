//! The Grassmannian: linear subspaces.
//!
//! A point is a k-dimensional subspace of ℝⁿ, given by any n × k matrix p with pᵀp = 1 whose columns
//! span it; p and pA are the same point for orthogonal A. Tangents at p are matrices v with pᵀv = 0
//! (*horizontal*: vA at pA is the same tangent), the metric is tr uᵀv, and the sectional curvature
//! lies between 0 and 2.
//!
//! Every operation here is a function of the subspaces: another basis of an argument gives the same
//! number, the same subspace, or the same tangent in the basis of its point. Every formula is in
//! products of matrices, C = pᵀq, R = q − pC and smooth functions of them: no decomposition that
//! degenerates where angles coincide.
//!
//! # References
//!
//! edelman1998; bendokat2024; ye2016 (distances); knyazev2002 (small angles).

mod fused;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::series::{
    angle_over_sine, at_matrices, cosine_and_sinc, reciprocal_of_one_plus,
};
use super::frames::{
    self, OfMatrices, frobenius, identity_like, newton_schulz, orthonormality_defect, polar,
    square_sum, transposed, transposed_times,
};
use crate::manifold::{Geodesic, Manifold, Sample, require_points};
use crate::numerics::wide::map::map_matrices;
use crate::numerics::{in_f64, is_recorded, no_grad, norm_last, safe_sqrt};
use crate::random::random_normal;
use crate::{Error, Result};

/// The manifold Gr(n, k) of k-dimensional subspaces of ℝⁿ.
///
/// A point is given by any n × k matrix p with pᵀp = 1 whose columns span the subspace; p and pA
/// are the same point for orthogonal A. Tangents at p are horizontal: matrices v with pᵀv = 0,
/// where vA at pA is the same tangent. The metric is tr uᵀv, and the sectional curvature lies
/// between 0 and 2.
///
/// No result depends on the choice of bases: with other bases for the arguments an operation
/// returns the same number, the same subspace, or the same tangent in the basis of its base point.
///
/// # Shapes
///
/// Points and tangents `[.., n, k]`. The columns of points are orthonormal, and tangents are
/// horizontal.
///
/// # Accuracy
///
/// For any two bases the absolute error of distances, logarithms and angles is a few ε. It is a
/// few ε relative to the result where q is near p in the same basis, also for tiny angles. The
/// error of the logarithm grows as 1/cos θ with the largest principal angle θ. The logarithm is
/// NaN for θ = π/2, where the shortest geodesic is not unique.
///
/// # Gradient
///
/// All operations of the traits have derivatives of every order, also where angles coincide or
/// vanish. At p = q the gradient of `dist` is 0. Where a principal angle is π/2 there are several
/// shortest geodesics; the gradient of `dist` is their mean, to which this angle contributes 0,
/// and has no derivative itself. [`principal_angles`](Self::principal_angles) has first
/// derivatives, of angles that differ from the others.
///
/// On devices other than the CPU `dist` is NaN where an angle is π/2.
///
/// # References
///
/// edelman1998; bendokat2024; ye2016 (distances); knyazev2002 (small angles).
///
/// # Examples
///
/// Two planes in space that meet at an angle of 0.3.
///
/// ```
/// use holonomy::{Geodesic, Grassmann};
/// use holonomy::tch::Tensor;
///
/// let planes = Grassmann::new(3, 2)?;
/// let (sin, cos) = 0.3_f64.sin_cos();
/// let p = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
/// let q = Tensor::from_slice2(&[[0.0, cos], [1.0, 0.0], [0.0, sin]]);
/// assert!((planes.dist(&p, &q).double_value(&[]) - 0.3).abs() < 1e-15);
/// let angles = Vec::<f64>::try_from(planes.principal_angles(&p, &q)).unwrap();
/// assert!(angles[0] < 1e-15 && (angles[1] - 0.3).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Grassmann {
    n: i64,
    k: i64,
}

/// C = pᵀq and R = q − pC.
struct Relation {
    cosine: Tensor,
    across: Tensor,
}

impl Relation {
    fn of(p: &Tensor, q: &Tensor) -> Self {
        let difference = q - p;
        let along = transposed_times(p, &difference);
        Self {
            across: &difference - p.matmul(&along),
            // For frames of one kind pᵀp is 1 to rounding, and along vanishes with q − p.
            cosine: along + identity_like(p),
        }
    }

    /// O and |C| of the polar decomposition C = O |C|.
    fn polar(&self) -> (Tensor, Tensor) {
        let turn = polar(&self.cosine);
        let size = transposed_times(&turn, &self.cosine);
        let symmetric = (&size + transposed(&size)) * 0.5;
        (turn, symmetric)
    }

    /// The principal angles with the gradient that they have for a constant Z.
    fn angles(&self, turn: &Tensor) -> Tensor {
        let length = |m: &Tensor| {
            let columns = m.matmul(turn).square();
            safe_sqrt(&columns.sum_dim_intlist(-2, false, Kind::Double))
        };
        length(&self.across).atan2(&length(&self.cosine))
    }
}

impl Grassmann {
    /// The manifold of `k`-dimensional subspaces of ℝⁿ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 1 ≤ k < n.
    pub fn new(n: i64, k: i64) -> Result<Self> {
        if k < 1 || k >= n {
            let got = format!("n = {n}, k = {k}");
            return Err(Error::invalid("Grassmann::new", "1 ≤ k < n", got));
        }
        Ok(Self { n, k })
    }

    /// The dimension n of the ambient space.
    pub fn ambient_dim(&self) -> i64 {
        self.n
    }

    /// The dimension k of the subspaces.
    pub fn subspace_dim(&self) -> i64 {
        self.k
    }

    /// The principal angles between subspaces, from the smallest to the largest, in [0, π/2].
    ///
    /// ```text
    /// θᵢ = atan2(|R zᵢ|, |C zᵢ|),  C = pᵀq, R = q − pC, zᵢ the right singular vectors of C and R
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., k]`, in radians.
    ///
    /// # Accuracy
    ///
    /// An absolute error of a few ε, for tiny angles and for those near π/2.
    ///
    /// # Gradient
    ///
    /// First derivatives, of angles that differ from the others and from 0 and π/2. The gradient
    /// of an angle 0 is 0.
    ///
    /// # References
    ///
    /// knyazev2002; bjorck1973.
    pub fn principal_angles(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("principal_angles", &[p, q]);
        in_f64([p, q], |[p, q]| {
            let (exact, turn) = self.principal(&p, &q);
            if !(is_recorded(&p) || is_recorded(&q)) {
                return exact;
            }
            let plain = Relation::of(&p, &q).angles(&turn);
            crate::numerics::with_gradient_of(&exact, &plain)
        })
    }

    /// The principal angles and Z, constants for autograd.
    fn principal(&self, p: &Tensor, q: &Tensor) -> (Tensor, Tensor) {
        let (n, k) = self.sizes();
        let on_cpu = [p, q].map(|t| t.detach().to_device(Device::Cpu));
        let [values, turn] = map_matrices(on_cpu.each_ref(), [(k, 2), (k, k)], || {
            fused::principal(n, k)
        });
        let angles = values.select(-1, 0).atan2(&values.select(-1, 1));
        (angles.to_device(p.device()), turn.to_device(p.device()))
    }

    /// The chordal distance √Σ sin² θᵢ = |ppᵀ − qqᵀ|/√2, in the Frobenius norm; `[..]`.
    ///
    /// # References
    ///
    /// ye2016, table 2; edelman1998, section 4.3.
    pub fn chordal_dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("chordal_dist", &[p, q]);
        in_f64([p, q], |[p, q]| frobenius(&Relation::of(&p, &q).across))
    }

    /// The projection distance: the sine of the largest principal angle, |ppᵀ − qqᵀ| in the
    /// spectral norm; `[..]`.
    ///
    /// # References
    ///
    /// ye2016, table 2.
    pub fn projection_dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.principal_angles(p, q).select(-1, self.k - 1).sin()
    }

    /// The Binet–Cauchy distance √(1 − Π cos² θᵢ); `[..]`.
    ///
    /// # Accuracy
    ///
    /// There is no cancellation for nearby subspaces: the square is computed as −expm1(Σ ln cos²
    /// θᵢ).
    ///
    /// # References
    ///
    /// ye2016, table 2.
    pub fn binet_cauchy_dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        safe_sqrt(&(-self.log_cosines(p, q)).expm1().neg())
    }

    /// The Martin distance √(−Σ ln cos² θᵢ); `[..]`. Infinite, with gradient 0, where an angle is
    /// π/2 to rounding.
    ///
    /// # References
    ///
    /// ye2016, table 2.
    pub fn martin_dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        safe_sqrt(&self.log_cosines(p, q))
    }

    /// −Σ ln cos² θᵢ = Σ ln(1 + tan² θᵢ)
    fn log_cosines(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let angles = self.principal_angles(p, q);
        // π/2 is rounded down, and its tangent is a number.
        let right = angles.ge(std::f64::consts::FRAC_PI_2);
        let terms = angles.tan().square().log1p();
        let terms = terms.masked_fill(&right, f64::INFINITY);
        terms.sum_dim_intlist(-1, false, p.kind())
    }

    /// The orthogonal projectors ppᵀ onto the subspaces, `[.., n, n]`, which do not depend on the
    /// bases.
    pub fn projector(&self, p: &Tensor) -> Tensor {
        self.check("projector", &[p]);
        in_f64([p], |[p]| p.matmul(&transposed(&p)))
    }

    /// Orthonormal bases `[.., n, k]` of the subspaces onto which the matrices `[.., n, n]`
    /// project.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] if a matrix is not an orthogonal projector of rank k, with its row
    /// and the largest entry of its difference from the nearest one; [`Error::InvalidArgument`]
    /// for another shape, or a kind other than f64 and f32.
    pub fn from_projector(&self, projector: &Tensor) -> Result<Tensor> {
        const OP: &str = "Grassmann::from_projector";
        crate::numerics::require_floating(OP, "projectors", projector)?;
        let n = self.n;
        if !projector.size().ends_with(&[n, n]) {
            let got = format!("{:?}", projector.size());
            return Err(Error::invalid(OP, format!("shape [.., {n}, {n}]"), got));
        }
        let p = projector.to_kind(Kind::Double);
        // The eigenvectors of the eigenvalue 1 come last.
        let symmetric = (&p + transposed(&p)) * 0.5;
        let safe = symmetric.nan_to_num(0.0, 0.0, 0.0);
        let (_, vectors) = safe.linalg_eigh("L");
        let basis = vectors.narrow(-1, n - self.k, self.k).contiguous();
        let error = (basis.matmul(&transposed(&basis)) - &p).abs();
        let defect = error.amax([-2, -1].as_slice(), false);
        let kind = projector.kind();
        require_points(OP, || format!("{self:?}"), &defect, kind)?;
        Ok(basis.to_kind(kind))
    }

    fn sizes(&self) -> (usize, usize) {
        (self.n as usize, self.k as usize)
    }
}

/// z − p pᵀz
fn horizontal(p: &Tensor, z: &Tensor) -> Tensor {
    z - p.matmul(&transposed_times(p, z))
}

impl OfMatrices for Grassmann {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.k]
    }
}

impl Manifold for Grassmann {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n, self.k]
    }

    fn dim(&self) -> i64 {
        self.k * (self.n - self.k)
    }

    /// The largest entry of |pᵀp − 1|.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        in_f64([p], |[p]| orthonormality_defect(&p))
    }

    /// ```text
    /// |pᵀv| / |v|, 0 for v = 0
    /// ```
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let size = frobenius(&v);
            let zero = size.eq(0.0);
            let size = size.where_self(&zero.logical_not(), &size.ones_like());
            frobenius(&transposed_times(&p, &v)) / size
        })
    }

    /// The polar factor z (zᵀz)^(−½), the nearest matrix with orthonormal columns, whose span is
    /// that of z. NaN where the columns of z are linearly dependent to rounding.
    fn project(&self, z: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("project", [z])
            .matrix(|| frames::fused::project(n, k))
            .or(|[z]| polar(&z))
    }

    /// ```text
    /// z − p pᵀz
    /// ```
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("project_tangent", [p, z])
            .matrix(|| fused::project_tangent(n, k))
            .or(|[p, z]| {
                let once = horizontal(&p, &z);
                horizontal(&p, &once)
            })
    }

    /// ```text
    /// tr uᵀv
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        in_f64([p, u, v], |[p, u, v]| {
            let product = crate::numerics::broadcast_to_both(&(u * v), &p);
            product.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double)
        })
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.project_tangent(p, egrad)
    }

    /// The span of p + v, in the basis of its polar factor
    ///
    /// ```text
    /// (p + v)(1 + vᵀv)^(−½)
    /// ```
    ///
    /// which agrees with `exp` to second order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("retract", [p, v])
            .matrix(|| frames::fused::polar_step(n, k))
            .or(|[p, v]| polar(&(p + v)))
    }

    /// The projection in the space of projectors, which does not depend on the bases:
    ///
    /// ```text
    /// (1 − qqᵀ)(v pᵀ + p vᵀ) q
    /// ```
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("vector_transport", &[p, q, v]);
        in_f64([p, q, v], |[p, q, v]| {
            let moved = v.matmul(&transposed_times(&p, &q)) + p.matmul(&transposed_times(&v, &q));
            let once = horizontal(&q, &moved);
            horizontal(&q, &once)
        })
    }
}

impl Geodesic for Grassmann {
    /// π/4: the injectivity radius is π/2, and the sectional curvature is at most 2.
    fn convexity_radius(&self) -> f64 {
        std::f64::consts::FRAC_PI_4
    }

    /// ```text
    /// p cos √W + v sin √W/√W,  W = vᵀv
    /// ```
    ///
    /// This basis is the end of the horizontal lift of the geodesic.
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("exp", [p, v])
            .matrix(|| fused::exp(n, k))
            .or(|[p, v]| {
                let (cosine, sinc) = cosine_and_sinc(&transposed_times(&v, &v));
                newton_schulz(&(p.matmul(&cosine) + v.matmul(&sinc)))
            })
    }

    /// ```text
    /// R h(|C|) Oᵀ,  h(cos θ) = θ/sin θ,  C = pᵀq = O|C|,  R = q − pC
    /// ```
    ///
    /// NaN where the largest angle is π/2.
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("log", [p, q])
            .matrix(|| fused::log(n, k))
            .or(|[p, q]| {
                let relation = Relation::of(&p, &q);
                let (turn, size) = relation.polar();
                let stretched = relation
                    .across
                    .matmul(&at_matrices(angle_over_sine(), &size));
                horizontal(&p, &stretched.matmul(&transposed(&turn)))
            })
    }

    /// ```text
    /// (v − (R (1 + |C|)⁻¹ + p O) Rᵀv) O,  C = pᵀq = O|C|,  R = q − pC
    /// ```
    ///
    /// in the basis of q; NaN where the largest angle is π/2.
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("parallel_transport", [p, q, v])
            .matrix(|| fused::transport(n, k))
            .or(|[p, q, v]| {
                let relation = Relation::of(&p, &q);
                let (turn, size) = relation.polar();
                let along = transposed_times(&relation.across, &v);
                let inverse = at_matrices(reciprocal_of_one_plus(), &size);
                let way = relation.across.matmul(&inverse) + p.matmul(&turn);
                horizontal(&q, &(v - way.matmul(&along)).matmul(&turn))
            })
    }

    /// ```text
    /// √Σ θᵢ² = |R h(|C|)|,  h(cos θ) = θ/sin θ
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        let dist = self
            .operation("dist", [p, q])
            .number(|| fused::dist(n, k))
            .map(|dist| {
                // Right angles alone, where the first formula is not finite.
                let none = dist.zeros_like().to_kind(Kind::Bool);
                (dist, none)
            });
        dist.or_beyond(
            |[p, q]| {
                let relation = Relation::of(&p, &q);
                let (_, size) = relation.polar();
                let stretched = relation
                    .across
                    .matmul(&at_matrices(angle_over_sine(), &size));
                safe_sqrt(&square_sum(&stretched))
            },
            |[p, q]| norm_last(&Relation::of(&p, &q).angles(&self.principal(&p, &q).1)),
        )
    }
}

impl Sample for Grassmann {
    /// Uniform: the distribution that is invariant under rotations of ℝⁿ.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n, self.k]].concat();
        let z = random_normal(rng, &size, Kind::Double, Device::Cpu);
        no_grad(|| self.project(&z)).to_kind(kind).to_device(device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        let z = random_normal(rng, &p.size(), Kind::Double, p.device());
        no_grad(|| self.project_tangent(&p.to_kind(Kind::Double), &z)).to_kind(p.kind())
    }
}
