//! A manifold of your own, tested with all laws of the crate.
//!
//! The upper half-plane, a model of the hyperbolic plane: points (x, y) with y > 0 and the metric
//! (dx² + dy²)/y². Only the required methods are written, and no geodesics.

use holonomy::laws::Subject;
use holonomy::numerics::sum_last;
use holonomy::rand::Rng;
use holonomy::random::random_normal;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Manifold, Sample};

#[derive(Debug)]
struct HalfPlane;

/// The second coordinate, kept as a dimension.
fn height(p: &Tensor) -> Tensor {
    p.narrow(-1, 1, 1)
}

impl Manifold for HalfPlane {
    fn point_shape(&self) -> Vec<i64> {
        vec![2]
    }
    fn dim(&self) -> i64 {
        2
    }
    fn point_defect(&self, p: &Tensor) -> Tensor {
        // 0 p is NaN where p is not finite.
        sum_last(&(p * 0.0)) + (height(p).squeeze_dim(-1) * -1.0).clamp_min(0.0)
    }
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        sum_last(&((p + v) * 0.0))
    }
    fn project(&self, z: &Tensor) -> Tensor {
        Tensor::cat(&[z.narrow(-1, 0, 1), height(z).abs()], -1)
    }
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        z + p * 0.0
    }
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        sum_last(&((u / height(p)) * (v / height(p))))
    }
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        egrad * height(p).square()
    }
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        // y e^{v/y} = y + v + O(v²) stays above 0.
        let up = height(p) * (height(v) / height(p)).exp();
        Tensor::cat(&[(p + v).narrow(-1, 0, 1), up], -1)
    }
}

impl Sample for HalfPlane {
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        let z = random_normal(rng, &[batch, &[2]].concat(), options.0, options.1);
        Tensor::cat(&[z.narrow(-1, 0, 1), height(&z).exp()], -1)
    }
    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        random_normal(rng, &p.size(), p.kind(), p.device()) * height(p)
    }
}

// In the tests of your crate, this line is all you need.
#[cfg(test)]
holonomy::manifold_laws! { half_plane: HalfPlane, without Geodesic }

fn main() {
    let subject = Subject::new(&HalfPlane);
    for law in subject.laws() {
        let verdict = subject.verify(law.name, Kind::Double, None);
        println!(
            "{:40} {}",
            law.name,
            if verdict.is_ok() { "holds" } else { "broken" }
        );
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}
