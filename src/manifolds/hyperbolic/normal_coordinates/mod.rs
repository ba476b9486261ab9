//! Hyperbolic space in normal coordinates: a point is the vector that the exponential map at the
//! origin takes to it.
//!
//! z ∈ ℝⁿ stands for exp₀(z), the point at distance |z| from the origin in the direction of z. With
//! c = −κ > 0 and ρ = √c|z| the metric measures the part of a vector along z as it is and the part
//! across z times sinh(ρ)/ρ. The curvature is κ everywhere. Every vector of ℝⁿ is a point, and every
//! vector is tangent.
//!
//! # Why
//!
//! The ball in f64 ends at distance 36 from the origin, and on the hyperboloid 1/c is lost beside
//! the squares of the coordinates from distance 19 on. The length of z is the distance itself, and
//! only e^r limits it, at [`EuclideanParametrised::EDGE`]. An optimiser for Euclidean space can
//! train it, as in mishne2023, since [`Manifold::retract`] is z + v.
//!
//! # Tangents, and the frame
//!
//! See [`EuclideanParametrised`].
//!
//! # References
//!
//! mishne2023, section 4.

mod charts;
mod formula;
pub(super) mod fused;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::Curvature;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::{
    broadcast_to_both, check_points, dot_keep, finite_defect, no_grad, safe_sqrt, sum_last,
};
use crate::random::random_normal;
use crate::{Error, Result};

use fused::{Polar, kernels};

/// Hyperbolic space of dimension n and curvature κ < 0 in normal coordinates at the origin.
///
/// z ∈ ℝⁿ stands for the point exp₀(z), at distance |z| from the origin in the direction of z.
/// Every vector of ℝⁿ is a point, and every vector is tangent. With ρ = √c|z| and c = −κ the
/// metric is that of ℝⁿ along z, and is multiplied by (sinh(ρ)/ρ)² across z:
///
/// ```text
/// ⟨u, v⟩ = u_∥ v_∥ + (sinh ρ/ρ)² u_⊥·v_⊥
/// ```
///
/// These coordinates reach much farther from the origin than those of the other models: to
/// distance 700/√c in f64, where the ball ends at 36/√c and the hyperboloid at 350/√c.
///
/// # Tangents and the frame
///
/// Tangents are velocities of z. The part across z of a tangent of Riemannian length 1 has
/// Euclidean length ρ/sinh ρ, which is 1e-128 at ρ = 300. From ρ = 37 on it is below the rounding
/// of a part along z, unless z lies on an axis. Where that matters, use the *frame*:
/// [`to_frame`](Self::to_frame) multiplies the part across z by sinh(ρ)/ρ, which is parallel
/// transport to the origin. In the frame every tangent space is ℝⁿ with the dot product.
/// [`log_in_frame`](Self::log_in_frame), [`exp_in_frame`](Self::exp_in_frame) and
/// [`transport_in_frame`](Self::transport_in_frame) keep all digits at any radius.
///
/// # Shapes
///
/// Points and tangents `[.., n]`.
///
/// # Range
///
/// All operations keep full precision up to √c|z| = 300 in f64. From there to the edge at 700,
/// parts across z below 1e-154 count as 0, because their squares underflow. This affects points
/// closer than 1e-9 to each other and the direction of geodesics longer than 600/√c.
///
/// `retract` and `project` return points at most at [`EuclideanParametrised::EDGE`]. `exp` returns
/// points up to √c|z| = 1,400, beyond which e^(r/2) overflows. A longer step ends at the edge, in
/// the direction in which the geodesic goes. On devices other than the CPU all results of `exp`
/// are at most at the edge.
///
/// Gradients of functions of two points have the same range, except for points near each other
/// with √c(|p| + |q|) > 704. The gradient of `exp` is right for √c|v| ≤ 705. For longer steps it
/// is finite, but wrong where the step leads towards the origin.
///
/// In f32 points have the same range. But the part of a tangent across z underflows from √c|z| =
/// 88 on, and so do `log` and `rgrad` in coordinates.
///
/// # Accuracy
///
/// Worst relative error of `dist`, and of `exp`, `log` and `parallel_transport` in the frame,
/// against 1000-digit references for radii from 1e-9 to 300 and separations from 1e-9 to 600:
/// 1.4e-15 in f64, 6e-8 in f32. On devices other than the CPU, and in gradients, the rounding of
/// directions is multiplied by e^ρ.
///
/// # Gradient
///
/// All operations are differentiable in points, tangents and κ, also at z = 0; at p = q the
/// gradient of `dist` is 0.
///
/// # References
///
/// mishne2023, section 4.
///
/// # Examples
///
/// Two points at distance 300 from the origin, a right angle apart.
///
/// ```
/// use holonomy::{EuclideanParametrised, Geodesic};
/// use holonomy::tch::Tensor;
///
/// let space = EuclideanParametrised::new(2, -1.0)?;
/// let p = Tensor::from_slice(&[300.0, 0.0]);
/// let q = Tensor::from_slice(&[0.0, 300.0]);
/// // cosh d = cosh² 300, so d = 600 − ln 2 but for e^{−600}
/// let d = space.dist(&p, &q).double_value(&[]);
/// assert!((d - (600.0 - 2.0_f64.ln())).abs() < 1e-12);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EuclideanParametrised {
    n: i64,
    kappa: Curvature,
}

impl EuclideanParametrised {
    /// The space of dimension `n` and curvature `kappa`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1 or a curvature that is not finite and negative.
    pub fn new(n: i64, kappa: impl Into<Curvature>) -> Result<Self> {
        const OP: &str = "EuclideanParametrised::new";
        if n < 1 {
            return Err(Error::invalid(OP, "n ≥ 1", n));
        }
        Ok(Self {
            n,
            kappa: kappa.into().require(OP, -1.0)?,
        })
    }

    /// The largest √c|z| that `retract` and `project` return, 700. A step of `exp` that leads
    /// beyond twice this distance ends here too.
    pub const EDGE: f64 = fused::EDGE;

    /// The space of a curvature that another space of this sign has.
    pub(crate) fn with_curvature(n: i64, kappa: &Curvature) -> Self {
        Self {
            n,
            kappa: kappa.clone(),
        }
    }

    /// The curvature κ.
    pub fn curvature(&self) -> &Curvature {
        &self.kappa
    }
}

impl Model for EuclideanParametrised {
    type Kernels = Polar;

    fn kappa(&self) -> &Curvature {
        &self.kappa
    }

    fn kernels_at(c: f64) -> Polar {
        Polar::new(c)
    }

    fn width(&self) -> i64 {
        self.n
    }
}

impl Manifold for EuclideanParametrised {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n]
    }

    fn dim(&self) -> i64 {
        self.n
    }

    fn has_learnable_curvature(&self) -> bool {
        self.kappa.is_learnable()
    }

    fn curvatures(&self) -> Vec<f64> {
        vec![self.curvature().value()]
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        check_points("point_defect", self.n, &[p]);
        sum_last(&finite_defect(p))
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        check_points("tangent_defect", self.n, &[p, v]);
        sum_last(&(finite_defect(p) + finite_defect(v)))
    }

    /// z itself within [`EuclideanParametrised::EDGE`]; elsewhere the point of the edge on the ray
    /// of z.
    fn project(&self, z: &Tensor) -> Tensor {
        self.operation("project", [z])
            .row(|space, [z], out| {
                out.copy_from_slice(z);
                kernels::project(space, out);
            })
            .or(|[z]| self.pull_within(&z))
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        check_points("project_tangent", self.n, &[p, z]);
        broadcast_to_both(z, p)
    }

    /// ```text
    /// u_∥ v_∥ + (sinh ρ/ρ)² u_⊥·v_⊥,  ρ = √c|p|
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.operation("inner", [p, u, v])
            .scalar(|space, [p, u, v]| kernels::inner(space, p, u, v))
            .or(|[p, u, v]| {
                let (u, v) = (self.scale_across(&p, &u, 1), self.scale_across(&p, &v, 1));
                dot_keep(&u, &v).squeeze_dim(-1)
            })
    }

    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("norm", [p, v])
            .scalar(|space, [p, v]| kernels::norm(space, p, v))
            .or(|[p, v]| {
                let v = self.scale_across(&p, &v, 1);
                safe_sqrt(&dot_keep(&v, &v)).squeeze_dim(-1)
            })
    }

    /// ```text
    /// e_∥ + (ρ/sinh ρ)² e_⊥,  e = egrad
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.operation("rgrad", [p, egrad])
            .row(|space, [p, e], out| kernels::rgrad(space, p, e, out))
            .or(|[p, e]| self.scale_across(&p, &e, -2))
    }

    /// p + v, at most at [`EuclideanParametrised::EDGE`]. It agrees with `exp` to first order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("retract", [p, v])
            .row(|space, [p, v], out| kernels::retract(space, p, v, out))
            .or(|[p, v]| self.pull_within(&(p + v)))
    }

    /// [`parallel_transport`](Geodesic::parallel_transport).
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.parallel_transport(p, q, v)
    }
}

impl Geodesic for EuclideanParametrised {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    /// Let n = √c|v|, with the Riemannian length |v|, and φ the angle from p to v in the frame.
    /// The end is at distance r/√c from the origin, at an angle θ from p:
    ///
    /// ```text
    /// sinh²(r/2) = sinh²((ρ − n)/2) + sinh ρ sinh n cos²(φ/2),  sinh r sin θ = sinh n sin φ
    /// ```
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("exp", [p, v])
            .row(|space, [p, v], out| kernels::exp(space, p, v, out))
            .or(|[p, v]| self.exp_frame(&p, &self.scale_across(&p, &v, 1)))
    }

    /// The vector of Riemannian length d/√c = `dist(p, q)` at an angle π − β to p:
    ///
    /// ```text
    /// sinh d cos β = sinh(ρ − σ) + (1 − cos θ) cosh ρ sinh σ,  sinh d sin β = sinh σ sin θ
    /// ```
    ///
    /// for points at distances ρ/√c and σ/√c from the origin, at an angle θ to each other.
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("log", [p, q])
            .row(|space, [p, q], out| kernels::log(space, p, q, out))
            .or(|[p, q]| self.scale_across(&p, &self.log_frame(&p, &q), -1))
    }

    /// In the frame: the rotation in the plane of p and q by the angle defect of the geodesic
    /// triangle (0, p, q), which is c times its area.
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.operation("parallel_transport", [p, q, v])
            .row(|space, [p, q, v], out| kernels::transport(space, p, q, v, out))
            .or(|[p, q, v]| {
                let turned = self.turn(&p, &q, &self.scale_across(&p, &v, 1));
                self.scale_across(&q, &turned, -1)
            })
    }

    /// ```text
    /// sinh²(√c d/2) = sinh²((ρ − σ)/2) + sinh ρ sinh σ sin²(θ/2)
    /// ```
    ///
    /// for points at distances ρ/√c and σ/√c from the origin, at an angle θ to each other.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("dist", [p, q])
            .scalar(|space, [p, q]| kernels::dist(space, p, q))
            .or(|[p, q]| self.distance(&p, &q).squeeze_dim(-1))
    }
}

impl Sample for EuclideanParametrised {
    /// Normal coordinates with standard deviation 1/√c: the wrapped normal distribution, as on the
    /// ball and the hyperboloid.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n]].concat();
        let z = random_normal(rng, &size, Kind::Double, device);
        (z / (-self.kappa.value()).sqrt()).to_kind(kind)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        check_points("random_tangent", self.n, &[p]);
        let u = random_normal(rng, &p.size(), p.kind(), p.device());
        no_grad(|| self.from_frame(p, &u))
    }
}
