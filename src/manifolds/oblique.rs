//! The oblique manifold: matrices with unit columns.
//!
//! A point is an n × k matrix whose columns have length 1: k points of the sphere Sⁿ⁻¹, side by
//! side. Each column of a tangent is orthogonal to that of the point, and the metric is tr uᵀv.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::transposed;
use super::{Power, Sphere};
use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::check_batches;
use crate::{Error, Result};

/// The manifold of n × k matrices with columns of length 1.
///
/// A point is k points of the sphere Sⁿ⁻¹, side by side. Each column of a tangent is orthogonal to
/// the same column of the point, and the metric is tr uᵀv.
///
/// # Shapes
///
/// Points and tangents `[.., n, k]`, one vector per column. For one vector per row, `[.., k, n]`,
/// use [`Power`] of a [`Sphere`], which is the same manifold transposed.
///
/// # Accuracy
///
/// That of [`Sphere`].
///
/// # Gradient
///
/// That of [`Sphere`], column by column. Columns that agree or are antipodal contribute 0 to the
/// gradient of `dist`.
///
/// # References
///
/// absil2006.
///
/// # Examples
///
/// ```
/// use holonomy::{Manifold, Oblique};
/// use holonomy::tch::Tensor;
///
/// let columns = Oblique::new(2, 3)?;
/// let z = Tensor::from_slice2(&[[3.0, 0.0, 1.0], [4.0, 2.0, 0.0]]);
/// let p = Tensor::from_slice2(&[[0.6, 0.0, 1.0], [0.8, 1.0, 0.0]]);
/// assert!((columns.project(&z) - p).abs().max().double_value(&[]) < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Oblique {
    /// The columns as rows.
    rows: Power<Sphere>,
}

impl Oblique {
    /// The n × k matrices with unit columns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 2 or k < 1.
    pub fn new(n: i64, k: i64) -> Result<Self> {
        if n < 2 || k < 1 {
            let got = format!("n = {n}, k = {k}");
            return Err(Error::invalid("Oblique::new", "n ≥ 2 and k ≥ 1", got));
        }
        let rows = Power::new(Sphere::new(n - 1, 1.0)?, k)?;
        Ok(Self { rows })
    }

    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        check_batches(op, &self.point_shape(), tensors);
    }
}

impl Manifold for Oblique {
    fn point_shape(&self) -> Vec<i64> {
        let mut shape = self.rows.point_shape();
        shape.reverse();
        shape
    }

    fn dim(&self) -> i64 {
        self.rows.dim()
    }

    /// The sum over columns of | |p| − 1 |.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        self.rows.point_defect(&transposed(p))
    }

    /// The sum over columns of |p·v| / |v|.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        self.rows.tangent_defect(&transposed(p), &transposed(v))
    }

    /// Each column scaled to length 1; NaN for a column of zeros.
    fn project(&self, z: &Tensor) -> Tensor {
        self.check("project", &[z]);
        transposed(&self.rows.project(&transposed(z)))
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.check("project_tangent", &[p, z]);
        transposed(&self.rows.project_tangent(&transposed(p), &transposed(z)))
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        let [p, u, v] = [p, u, v].map(transposed);
        self.rows.inner(&p, &u, &v)
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.check("rgrad", &[p, egrad]);
        self.project_tangent(p, egrad)
    }

    /// Each column of p + v scaled to length 1.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("retract", &[p, v]);
        transposed(&self.rows.retract(&transposed(p), &transposed(v)))
    }

    /// The inner product of each column, `[.., 1, k]`.
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("component_inner", &[p, u, v]);
        let [p, u, v] = [p, u, v].map(transposed);
        transposed(&self.rows.component_inner(&p, &u, &v))
    }
}

impl Geodesic for Oblique {
    /// π/2, as on the unit sphere.
    fn convexity_radius(&self) -> f64 {
        std::f64::consts::FRAC_PI_2
    }

    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("exp", &[p, v]);
        transposed(&self.rows.exp(&transposed(p), &transposed(v)))
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("log", &[p, q]);
        transposed(&self.rows.log(&transposed(p), &transposed(q)))
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("parallel_transport", &[p, q, v]);
        let [p, q, v] = [p, q, v].map(transposed);
        transposed(&self.rows.parallel_transport(&p, &q, &v))
    }

    /// √Σ θ² over the angles θ between corresponding columns.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.check("dist", &[p, q]);
        self.rows.dist(&transposed(p), &transposed(q))
    }
}

impl Sample for Oblique {
    /// Independent columns, uniform on the sphere.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        transposed(&self.rows.random_point(rng, batch, options))
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        transposed(&self.rows.random_tangent(rng, &transposed(p)))
    }
}
