//! Euclidean space ℝⁿ.
//!
//! Points and tangent vectors are n numbers; the metric is the dot product; the curvature is 0.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::{self, check_points};
use crate::random::random_normal;
use crate::{Error, Result};

/// Euclidean space ℝⁿ with the dot product as its metric.
///
/// `retract` and `exp` are p + v, `log` is q − p, and transport leaves v unchanged.
///
/// # Shapes
///
/// Points and tangents `[.., n]`.
#[derive(Debug, Clone)]
pub struct Euclidean {
    n: i64,
}

impl Euclidean {
    /// The space ℝⁿ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1.
    pub fn new(n: i64) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid("Euclidean::new", "n ≥ 1", n));
        }
        Ok(Self { n })
    }

    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        check_points(op, self.n, tensors);
    }
}

impl Manifold for Euclidean {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n]
    }

    fn dim(&self) -> i64 {
        self.n
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        numerics::sum_last(&numerics::finite_defect(p))
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        numerics::sum_last(&(numerics::finite_defect(p) + numerics::finite_defect(v)))
    }

    fn project(&self, z: &Tensor) -> Tensor {
        self.check("project", &[z]);
        z.shallow_clone()
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.check("project_tangent", &[p, z]);
        numerics::broadcast_to_both(z, p)
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        numerics::sum_last(&numerics::broadcast_to_both(&(u * v), p))
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.check("rgrad", &[p, egrad]);
        numerics::broadcast_to_both(egrad, p)
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("retract", &[p, v]);
        p + v
    }

    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("component_inner", &[p, u, v]);
        numerics::broadcast_to_both(&(u * v), p)
    }
}

impl Geodesic for Euclidean {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    fn dist_is_euclidean(&self) -> bool {
        true
    }

    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("exp", &[p, v]);
        p + v
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("log", &[p, q]);
        q - p
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("parallel_transport", &[p, q, v]);
        numerics::broadcast_to_both(&numerics::broadcast_to_both(v, q), p)
    }

    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("dist", &[p, q]);
        numerics::norm_last(&(q - p))
    }
}

impl Sample for Euclidean {
    /// Independent standard normal coordinates.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        random_normal(rng, &[batch, &[self.n]].concat(), kind, device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        random_normal(rng, &p.size(), p.kind(), p.device())
    }
}
