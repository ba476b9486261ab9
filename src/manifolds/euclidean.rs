//! Euclidean space: vectors ℝⁿ, or arrays of any shape.
//!
//! Points and tangent vectors are n numbers; the metric is the dot product; the curvature is 0.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::{self, check_batches};
use crate::random::random_normal;
use crate::{Error, Result};

/// Euclidean space ℝⁿ with the dot product as its metric; also of matrices and other arrays, whose
/// dot product is the sum of all products of entries.
///
/// `retract` and `exp` are p + v, `log` is q − p, and transport leaves v unchanged.
///
/// # Shapes
///
/// Points and tangents `[.., n]`, or `[.., shape..]` of [`of_shape`](Self::of_shape).
#[derive(Debug, Clone)]
pub struct Euclidean {
    shape: Vec<i64>,
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
        Ok(Self { shape: vec![n] })
    }

    /// The space of arrays of this shape, such as the weights of a layer; `[]` for numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a dimension below 1.
    pub fn of_shape(shape: &[i64]) -> Result<Self> {
        if let Some(n) = shape.iter().find(|n| **n < 1) {
            return Err(Error::invalid("Euclidean::of_shape", "dimensions ≥ 1", n));
        }
        Ok(Self {
            shape: shape.to_vec(),
        })
    }

    /// [`of_shape`](Self::of_shape) of the weights of a layer, which may have no entries.
    pub(crate) fn of_entries(shape: &[i64]) -> Self {
        Self {
            shape: shape.to_vec(),
        }
    }

    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        check_batches(op, &self.shape, tensors);
    }

    /// The sum over the dimensions of a point.
    fn sum(&self, x: &Tensor) -> Tensor {
        match self.shape.len() {
            0 => x.shallow_clone(),
            1 => numerics::sum_last(x),
            dims => numerics::sum_last(&x.flatten(-(dims as i64), -1)),
        }
    }
}

impl Manifold for Euclidean {
    fn point_shape(&self) -> Vec<i64> {
        self.shape.clone()
    }

    fn dim(&self) -> i64 {
        self.shape.iter().product()
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        self.sum(&numerics::finite_defect(p))
    }

    /// 0 where every coordinate is finite, NaN elsewhere.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        self.sum(&(numerics::finite_defect(p) + numerics::finite_defect(v)))
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
        self.sum(&numerics::broadcast_to_both(&(u * v), p))
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

    /// For vectors: the functions that ask for it read coordinates `[.., n]`.
    fn dist_is_euclidean(&self) -> bool {
        self.shape.len() == 1
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
        numerics::safe_sqrt(&self.sum(&(q - p).square()))
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
        random_normal(rng, &[batch, &self.shape].concat(), kind, device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        random_normal(rng, &p.size(), p.kind(), p.device())
    }
}
