//! The sphere.
//!
//! The set is {x ∈ ℝⁿ⁺¹ : |x| = R} with R = 1/√κ; tangents at x are orthogonal to x; the metric is
//! the dot product; the curvature is κ everywhere.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::Curvature;
use crate::numerics::{
    check_points, dot_keep, in_f64, no_grad, norm_last, safe_sqrt, special, sum_keep,
};
use crate::random::random_normal;
use crate::{Error, Result};

/// The sphere of dimension n and curvature κ > 0, of radius R = 1/√κ in ℝⁿ⁺¹.
///
/// The set is {x ∈ ℝⁿ⁺¹ : |x| = R}. Tangents at x are orthogonal to x, and the metric is the dot
/// product.
///
/// # Shapes
///
/// Points and tangents `[.., n + 1]`.
///
/// # Accuracy
///
/// A few roundings, for near and for nearly antipodal points: there is no acos of a dot product.
/// For long tangents the error of `exp` is one rounding of the angle √κ|v|; the result is NaN
/// where |v|² overflows. `retract` and `project` accept vectors of any length.
///
/// # Gradient
///
/// All operations are differentiable in points, tangents and κ, except at antipodal points, where
/// `log` and `parallel_transport` are undefined and return NaN. At p = q and p = −q the gradient
/// of `dist` is 0.
///
/// # References
///
/// absil2008, examples 3.5.1 and 4.1.1.
///
/// # Examples
///
/// A quarter of a great circle on the sphere of radius 2 has length π.
///
/// ```
/// use holonomy::{Geodesic, Sphere};
/// use holonomy::tch::Tensor;
///
/// let sphere = Sphere::new(2, 0.25)?;
/// let p = Tensor::from_slice(&[2.0, 0.0, 0.0]);
/// let q = Tensor::from_slice(&[0.0, 2.0, 0.0]);
/// assert!((sphere.dist(&p, &q).double_value(&[]) - std::f64::consts::PI).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sphere {
    n: i64,
    kappa: Curvature,
}

impl Sphere {
    /// The sphere of dimension `n` and curvature `kappa`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1 or a curvature that is not finite and positive.
    pub fn new(n: i64, kappa: impl Into<Curvature>) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid("Sphere::new", "n ≥ 1", n));
        }
        Ok(Self {
            n,
            kappa: kappa.into().require("Sphere::new", 1.0)?,
        })
    }

    /// The curvature κ.
    pub fn curvature(&self) -> &Curvature {
        &self.kappa
    }

    /// The part of q orthogonal to p, sin²(θ/2) and cos²(θ/2), `[.., 1]`, of the angle θ from p to
    /// q.
    fn half_angles(&self, p: &Tensor, q: &Tensor) -> (Tensor, Tensor, Tensor) {
        let quarter = self.kappa.tensor() / 4.0;
        let (difference, sum) = (q - p, q + p);
        let sin_squared = sum_keep(&difference.square()) * &quarter;
        let cos_squared = sum_keep(&sum.square()) * quarter;
        let shorter = difference.where_self(&sin_squared.lt_tensor(&cos_squared), &sum);
        (Self::across(p, &shorter), sin_squared, cos_squared)
    }

    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        check_points(op, self.n + 1, tensors);
    }

    /// R = 1/√κ.
    fn radius(&self) -> Tensor {
        self.kappa.tensor().sqrt().reciprocal()
    }

    /// z scaled to the sphere.
    fn normalise(&self, z: &Tensor) -> Tensor {
        z * self.radius() / sum_keep(&z.square()).sqrt()
    }

    /// z of any length scaled to the sphere: where squares would over- or underflow, in units of the
    /// largest coordinate.
    fn normalise_any(&self, z: &Tensor) -> Tensor {
        let largest = z.detach().abs().amax([-1], true);
        let moderate = largest.gt(1e-150).logical_and(&largest.lt(1e150));
        self.normalise(&(z / largest.ones_like().where_self(&moderate, &largest)))
    }

    /// z − ⟨p, z⟩/⟨p, p⟩ p: the rounded radius of an f32 point does not tilt the result.
    fn across(p: &Tensor, z: &Tensor) -> Tensor {
        z - dot_keep(p, z) / dot_keep(p, p) * p
    }
}

impl Manifold for Sphere {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n + 1]
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

    /// ```text
    /// | √κ|p| − 1 |
    /// ```
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        in_f64([p], |[p]| {
            (norm_last(&p) * self.kappa.tensor().sqrt() - 1.0).abs()
        })
    }

    /// ```text
    /// √κ |p·v| / |v|, 0 for v = 0
    /// ```
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let size = norm_last(&v);
            let zero = size.eq(0.0);
            let size = size.where_self(&zero.logical_not(), &size.ones_like());
            dot_keep(&p, &v).squeeze_dim(-1).abs() * self.kappa.tensor().sqrt() / size
        })
    }

    /// z/(√κ|z|); NaN for z = 0.
    fn project(&self, z: &Tensor) -> Tensor {
        self.check("project", &[z]);
        in_f64([z], |[z]| self.normalise_any(&z))
    }

    /// ```text
    /// z − ⟨p, z⟩/⟨p, p⟩ p
    /// ```
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.check("project_tangent", &[p, z]);
        in_f64([p, z], |[p, z]| Self::across(&p, &z))
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        in_f64([p, u, v], |[p, u, v]| {
            let product = u * v;
            sum_keep(&crate::numerics::broadcast_to_both(&product, &p)).squeeze_dim(-1)
        })
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.project_tangent(p, egrad)
    }

    /// ```text
    /// (p + v)/(√κ|p + v|)
    /// ```
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("retract", &[p, v]);
        in_f64([p, v], |[p, v]| self.normalise_any(&(p + v)))
    }
}

impl Geodesic for Sphere {
    /// π/(2√κ)
    fn convexity_radius(&self) -> f64 {
        std::f64::consts::FRAC_PI_2 / self.kappa.value().sqrt()
    }

    /// ```text
    /// cos(θ) p + sin(θ)/θ v,  θ = √κ|v|
    /// ```
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("exp", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let w = sum_keep(&v.square()) * self.kappa.tensor();
            self.normalise(&(special::cos(&w) * p + special::sinc(&w) * v))
        })
    }

    /// ```text
    /// θ/sin θ · w,  w = q − ⟨p, q⟩/⟨p, p⟩ p
    /// ```
    /// where w is computed from q − p, or from q + p for angles above π/2.
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("log", &[p, q]);
        in_f64([p, q], |[p, q]| {
            let (w, sin_squared, cos_squared) = self.half_angles(&p, &q);
            let near = sin_squared.lt_tensor(&cos_squared);
            let far = near.logical_not();

            let s = sin_squared.where_self(&near, &sin_squared.zeros_like());
            let short = special::asinc(&s) / s.rsub_scalar(1.0).sqrt();

            let s = cos_squared.where_self(&far, &(cos_squared.ones_like() / 2.0));
            let sin = (&s - s.square()).sqrt() * 2.0;
            let long = (std::f64::consts::PI - s.sqrt().asin() * 2.0) / sin;
            short.where_self(&near, &long) * w
        })
    }

    /// ```text
    /// v − κ⟨w, v⟩ (w/(1 + cos θ) + p),  w = q − ⟨p, q⟩/⟨p, p⟩ p
    /// ```
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("parallel_transport", &[p, q, v]);
        in_f64([p, q, v], |[p, q, v]| {
            let (w, _, cos_squared) = self.half_angles(&p, &q);
            let along = dot_keep(&w, &v) * self.kappa.tensor();
            v - along * (w / (cos_squared * 2.0) + p)
        })
    }

    /// ```text
    /// (2/√κ) atan2(|p − q|, |p + q|)
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("dist", &[p, q]);
        in_f64([p, q], |[p, q]| {
            let across = safe_sqrt(&sum_keep(&(&p - &q).square()));
            let along = safe_sqrt(&sum_keep(&(p + q).square()));
            (across.atan2(&along) * self.radius() * 2.0).squeeze_dim(-1)
        })
    }
}

impl Sample for Sphere {
    /// Uniform on the sphere.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n + 1]].concat();
        let z = random_normal(rng, &size, Kind::Double, device);
        no_grad(|| self.normalise(&z)).to_kind(kind)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        let z = random_normal(rng, &p.size(), Kind::Double, p.device());
        let p_wide = p.to_kind(Kind::Double);
        // Twice: what is left of numbers along p is short, and must be across too.
        no_grad(|| Self::across(&p_wide, &Self::across(&p_wide, &z))).to_kind(p.kind())
    }
}
