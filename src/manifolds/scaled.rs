//! Manifolds with their metric multiplied by a constant.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::{Error, Result};

/// A manifold whose lengths are multiplied by a factor c > 0: the metric is c² times the original
/// one.
///
/// Points, tangents and geodesics are the same, and so are `exp`, `log`, retraction and
/// transports; distances are multiplied by c and Riemannian gradients divided by c². In a
/// [`Product`](crate::Product) this sets the weight of a factor.
///
/// # Shapes
///
/// Those of the original manifold.
///
/// # Examples
///
/// ```
/// use holonomy::{Geodesic, Scaled, Sphere};
/// use holonomy::tch::Tensor;
///
/// let degrees = Scaled::new(Sphere::new(1, 1.0)?, 180.0 / std::f64::consts::PI)?;
/// let p = Tensor::from_slice(&[1.0, 0.0]);
/// let q = Tensor::from_slice(&[0.0, 1.0]);
/// assert!((degrees.dist(&p, &q).double_value(&[]) - 90.0).abs() < 1e-13);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scaled<M> {
    manifold: M,
    factor: f64,
}

impl<M: Manifold> Scaled<M> {
    /// A manifold with its lengths multiplied by `factor`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the factor and its square are finite and positive.
    pub fn new(manifold: M, factor: f64) -> Result<Self> {
        let square = factor * factor;
        if !(factor > 0.0 && square > 0.0 && square.is_finite()) {
            return Err(Error::invalid("Scaled::new", "a finite factor > 0", factor));
        }
        Ok(Self { manifold, factor })
    }

    /// The original manifold, with its own metric.
    pub fn manifold(&self) -> &M {
        &self.manifold
    }

    /// The factor c by which lengths are multiplied.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    fn square(&self) -> f64 {
        self.factor * self.factor
    }
}

impl<M: Manifold> Manifold for Scaled<M> {
    fn point_shape(&self) -> Vec<i64> {
        self.manifold.point_shape()
    }

    fn dim(&self) -> i64 {
        self.manifold.dim()
    }

    fn has_learnable_curvature(&self) -> bool {
        self.manifold.has_learnable_curvature()
    }

    fn curvatures(&self) -> Vec<f64> {
        self.manifold.curvatures()
    }

    fn carried(&self, p: &Tensor, before: &[f64]) -> Tensor {
        self.manifold.carried(p, before)
    }

    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.manifold.point_defect(p)
    }

    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.tangent_defect(p, v)
    }

    fn project(&self, z: &Tensor) -> Tensor {
        self.manifold.project(z)
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.manifold.project_tangent(p, z)
    }

    /// c² times the manifold's.
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.inner(p, u, v) * self.square()
    }

    /// The manifold's, divided by c².
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.manifold.rgrad(p, egrad) / self.square()
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.retract(p, v)
    }

    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.vector_transport(p, q, v)
    }

    /// c times the manifold's.
    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.norm(p, v) * self.factor
    }

    /// c² times the manifold's.
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.component_inner(p, u, v) * self.square()
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        self.manifold.retract_transport(p, v, w)
    }
}

impl<M: Geodesic> Geodesic for Scaled<M> {
    /// c times that of the manifold.
    fn convexity_radius(&self) -> f64 {
        self.factor * self.manifold.convexity_radius()
    }

    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.exp(p, v)
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.manifold.log(p, q)
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.manifold.parallel_transport(p, q, v)
    }

    /// c times the manifold's.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.manifold.dist(p, q) * self.factor
    }

    fn geodesic(&self, p: &Tensor, q: &Tensor, t: &Tensor) -> Tensor {
        self.manifold.geodesic(p, q, t)
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        self.manifold.exp_transport(p, v, w)
    }
}

impl<M: Sample> Sample for Scaled<M> {
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        self.manifold.random_point(rng, batch, options)
    }

    /// The manifold's, divided by c.
    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.manifold.random_tangent(rng, p) / self.factor
    }
}
