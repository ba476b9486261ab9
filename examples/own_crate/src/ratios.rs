//! Positive numbers with a metric in which ratios count: the distance from 1 to 2 is that from 100
//! to 200.
//!
//! Points are n positive numbers, tangent vectors any n numbers. The metric is Σ uᵢ vᵢ / pᵢ², and the
//! curvature is 0, as pᵢ ↦ ln pᵢ is an isometry to Euclidean space.

use holonomy::numerics::sum_last;
use holonomy::random::random_normal;
use holonomy::rand::Rng;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Geodesic, Manifold, Sample};

/// The space of n positive numbers.
#[derive(Debug)]
pub struct Ratios {
    pub n: i64,
}

impl Manifold for Ratios {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n]
    }
    fn dim(&self) -> i64 {
        self.n
    }
    /// The count of numbers that are not positive; NaN where one is not finite.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        sum_last(&(p * 0.0 + p.le(0.0).to_kind(p.kind())))
    }
    /// 0; NaN where a number is not finite.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        sum_last(&((p + v) * 0.0))
    }
    fn project(&self, z: &Tensor) -> Tensor {
        z.abs()
    }
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        z + p * 0.0
    }
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        sum_last(&((u / p) * (v / p)))
    }
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        egrad * p.square()
    }
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.exp(p, v)
    }
}

impl Geodesic for Ratios {
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        p * (v / p).exp()
    }
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        p * (q / p).log()
    }
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        v / p * q
    }
    /// Infinite: means are unique.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }
}

impl Sample for Ratios {
    /// Exponentials of standard normal numbers.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        random_normal(rng, &[batch, &[self.n]].concat(), options.0, options.1).exp()
    }
    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        random_normal(rng, &p.size(), p.kind(), p.device()) * p
    }
}

// One test for each law, in f64 and in f32.
#[cfg(test)]
holonomy::manifold_laws! { ratios: Ratios { n: 3 } }
