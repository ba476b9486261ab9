//! A sphere as a user's own crate would write it: the required methods alone, plain formulas.

use holonomy::numerics::{norm_last, sum_last};
use holonomy::random::random_normal;
use holonomy::{Geodesic, Manifold, Sample};
use rand::Rng;
use tch::{Device, Kind, Tensor};

/// The unit sphere around 0 in ℝⁿ.
#[derive(Debug)]
pub(crate) struct Globe {
    n: i64,
}

impl Globe {
    pub(crate) fn new(n: i64) -> Result<Self, String> {
        if n < 2 {
            Err(format!("n ≥ 2, got {n}"))
        } else {
            Ok(Self { n })
        }
    }
}

fn dot(x: &Tensor, y: &Tensor) -> Tensor {
    sum_last(&(x * y)).unsqueeze(-1)
}

fn norm(x: &Tensor) -> Tensor {
    norm_last(x).unsqueeze(-1)
}

/// sin(x)/x, whose derivatives at 0 are those of its series.
fn sinc(x: &Tensor) -> Tensor {
    let small = x.abs().lt(1e-3);
    let square = x * x;
    let series = (&square * (1.0 / 120.0) - 1.0 / 6.0) * &square + 1.0;
    let safe = x.where_self(&small.logical_not(), &x.ones_like());
    series.where_self(&small, &(safe.sin() / &safe))
}

impl Manifold for Globe {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n]
    }

    fn dim(&self) -> i64 {
        self.n - 1
    }

    fn point_defect(&self, p: &Tensor) -> Tensor {
        (norm_last(p) - 1.0).abs()
    }

    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let length = norm_last(v);
        let across = sum_last(&(p * v)).abs();
        let rest = length.eq(0.0);
        across.where_self(&rest.logical_not(), &across.zeros_like())
            / length.where_self(&rest.logical_not(), &length.ones_like())
    }

    fn project(&self, z: &Tensor) -> Tensor {
        z / norm(z)
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        z - dot(p, z) * p
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        sum_last(&(u * v + p * 0.0))
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.project_tangent(p, egrad)
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.project(&(p + v))
    }
}

impl Geodesic for Globe {
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let square = dot(v, v);
        let half = safe_root(&square) * 0.5;
        // cos x = 1 − 2 sin²(x/2), in x² so that it is smooth at 0.
        let cos = 1.0 - square * sinc(&half).square() * 0.5;
        cos * p + sinc(&(half * 2.0)) * v
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let delta = self.project_tangent(p, &(q - p));
        let angle = self.dist(p, q).unsqueeze(-1);
        delta / sinc(&angle)
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        // A reflection, which stays one to rounding beside antipodes, too: v is at right angles to p.
        let sum = p + q;
        v - dot(&sum, v) / dot(&sum, &sum) * 2.0 * &sum
    }

    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        norm_last(&(p - q)).atan2(&norm_last(&(p + q))) * 2.0
    }
}

/// √x with derivative 0 at 0, for use in even functions.
fn safe_root(x: &Tensor) -> Tensor {
    holonomy::numerics::safe_sqrt(x)
}

impl Sample for Globe {
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        self.project(&random_normal(
            rng,
            &[batch, &[self.n]].concat(),
            kind,
            device,
        ))
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.project_tangent(p, &random_normal(rng, &p.size(), p.kind(), p.device()))
    }
}
