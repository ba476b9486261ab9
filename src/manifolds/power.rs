//! Powers: tuples of points of one manifold.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::{described, safe_sqrt, sum_last};
use crate::{Error, Result};

/// The product of m copies of one manifold, such as twenty points of a sphere.
///
/// The same manifold as a [`Product`](crate::Product) of m equal factors, but each operation makes
/// one call of the factor's operation instead of m: the copies are a batch dimension.
///
/// # Shapes
///
/// Points and tangents `[.., m, point..]`: those of the factor, stacked.
///
/// # Examples
///
/// The squared distances add up.
///
/// ```
/// use holonomy::{Geodesic, Power, Sphere};
/// use holonomy::tch::Tensor;
///
/// let pairs = Power::new(Sphere::new(1, 1.0)?, 2)?;
/// let p = Tensor::from_slice2(&[[1.0, 0.0], [1.0, 0.0]]);
/// let q = Tensor::from_slice2(&[[0.3_f64.cos(), 0.3_f64.sin()], [0.4_f64.cos(), 0.4_f64.sin()]]);
/// assert!((pairs.dist(&p, &q).double_value(&[]) - 0.5).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Power<M> {
    factor: M,
    count: i64,
}

impl<M: Manifold> Power<M> {
    /// The product of `count` copies of a manifold.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a count below 1.
    pub fn new(factor: M, count: i64) -> Result<Self> {
        if count < 1 {
            return Err(Error::invalid("Power::new", "at least one copy", count));
        }
        Ok(Self { factor, count })
    }

    /// The manifold that is repeated.
    pub fn factor(&self) -> &M {
        &self.factor
    }

    /// The number of copies.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The copies must be there, or one copy would broadcast to all.
    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        let shape = self.point_shape();
        for t in tensors {
            let size = t.size();
            assert!(
                size.ends_with(&shape),
                "{op}: expected points of shape {}, got {size:?}",
                described(&shape)
            );
        }
    }
}

impl<M: Manifold> Manifold for Power<M> {
    fn point_shape(&self) -> Vec<i64> {
        [&[self.count], self.factor.point_shape().as_slice()].concat()
    }

    fn dim(&self) -> i64 {
        self.count * self.factor.dim()
    }

    fn has_learnable_curvature(&self) -> bool {
        self.factor.has_learnable_curvature()
    }

    fn curvatures(&self) -> Vec<f64> {
        self.factor.curvatures()
    }

    fn carried(&self, p: &Tensor, before: &[f64]) -> Tensor {
        self.factor.carried(p, before)
    }

    /// The sum of the copies' defects.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        sum_last(&self.factor.point_defect(p))
    }

    /// The sum of the copies' defects.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        sum_last(&self.factor.tangent_defect(p, v))
    }

    fn project(&self, z: &Tensor) -> Tensor {
        self.check("project", &[z]);
        self.factor.project(z)
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.check("project_tangent", &[p, z]);
        self.factor.project_tangent(p, z)
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        sum_last(&self.factor.inner(p, u, v))
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.check("rgrad", &[p, egrad]);
        self.factor.rgrad(p, egrad)
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("retract", &[p, v]);
        self.factor.retract(p, v)
    }

    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("vector_transport", &[p, q, v]);
        self.factor.vector_transport(p, q, v)
    }

    /// The factor's value for each copy.
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("component_inner", &[p, u, v]);
        self.factor.component_inner(p, u, v)
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        self.check("retract_transport", &[p, v, w]);
        self.factor.retract_transport(p, v, w)
    }
}

impl<M: Geodesic> Geodesic for Power<M> {
    /// That of one factor.
    fn convexity_radius(&self) -> f64 {
        self.factor.convexity_radius()
    }

    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("exp", &[p, v]);
        self.factor.exp(p, v)
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("log", &[p, q]);
        self.factor.log(p, q)
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("parallel_transport", &[p, q, v]);
        self.factor.parallel_transport(p, q, v)
    }

    /// ```text
    /// √Σ dist²
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("dist", &[p, q]);
        safe_sqrt(&sum_last(&self.factor.dist(p, q).square()))
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        self.check("exp_transport", &[p, v, w]);
        self.factor.exp_transport(p, v, w)
    }
}

impl<M: Sample> Sample for Power<M> {
    /// Independent points of the factor.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        let batch = [batch, &[self.count]].concat();
        self.factor.random_point(rng, &batch, options)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        self.factor.random_tangent(rng, p)
    }
}
