//! What only normal coordinates have: the frame, other models of hyperbolic space, hyperplanes.

use tch::Tensor;

use super::EuclideanParametrised;
use super::fused::kernels;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::operation::Operation;
use crate::numerics::{check_points, dot_keep, in_f64, safe_sqrt, special, sum_keep};
use crate::{Lorentz, PoincareBall, Result};

impl EuclideanParametrised {
    /// A tangent at p in the frame: its parallel transport to the origin, where the metric is the
    /// dot product.
    ///
    /// ```text
    /// v_∥ + (sinh ρ/ρ) v_⊥,  ρ = √c|p|
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n]`
    pub fn to_frame(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("to_frame", [p, v])
            .row(|space, [p, v], out| kernels::stretch_across(space, p, v, out))
            .or(|[p, v]| self.scale_across(&p, &v, 1))
    }

    /// The inverse of [`to_frame`](Self::to_frame).
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n]`
    pub fn from_frame(&self, p: &Tensor, u: &Tensor) -> Tensor {
        self.operation("from_frame", [p, u])
            .row(|space, [p, u], out| kernels::shrink_across(space, p, u, out))
            .or(|[p, u]| self.scale_across(&p, &u, -1))
    }

    /// The exponential map of a vector in the frame at p.
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n]`
    ///
    /// # Examples
    ///
    /// A geodesic of length 400 from the point (300, 0), at a right angle to the radius.
    ///
    /// ```
    /// use holonomy::{EuclideanParametrised, Geodesic};
    /// use holonomy::tch::Tensor;
    ///
    /// let space = EuclideanParametrised::new(2, -1.0)?;
    /// let p = Tensor::from_slice(&[300.0, 0.0]);
    /// let up = Tensor::from_slice(&[0.0, 400.0]);
    /// let q = space.exp_in_frame(&p, &up);
    /// assert!((space.dist(&p, &q).double_value(&[]) - 400.0).abs() < 1e-12);
    /// assert!((space.log_in_frame(&p, &q) - up).abs().max().double_value(&[]) < 1e-12);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn exp_in_frame(&self, p: &Tensor, u: &Tensor) -> Tensor {
        self.operation("exp_in_frame", [p, u])
            .row(|space, [p, u], out| kernels::exp_in_frame(space, p, u, out))
            .or(|[p, u]| self.exp_frame(&p, &u))
    }

    /// [`log`](crate::Geodesic::log) in the frame at p.
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n]`
    pub fn log_in_frame(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("log_in_frame", [p, q])
            .row(|space, [p, q], out| kernels::log_in_frame(space, p, q, out))
            .or(|[p, q]| self.log_frame(&p, &q))
    }

    /// Parallel transport of a vector in the frame at p to one in the frame at q: the rotation in
    /// the plane of p and q by the angle defect of the geodesic triangle (0, p, q), which is c
    /// times its area.
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]`, `[.., n]` → `[.., n]`
    pub fn transport_in_frame(&self, p: &Tensor, q: &Tensor, u: &Tensor) -> Tensor {
        self.operation("transport_in_frame", [p, q, u])
            .row(|space, [p, q, u], out| kernels::transport_in_frame(space, p, q, u, out))
            .or(|[p, q, u]| self.turn(&p, &q, &u))
    }

    /// The Poincaré ball of the same dimension and curvature.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a learnable curvature is no
    /// longer finite and negative.
    pub fn ball(&self) -> Result<PoincareBall> {
        PoincareBall::new(self.n, self.kappa.clone())
    }

    /// The hyperboloid of the same dimension and curvature.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a learnable curvature is no
    /// longer finite and negative.
    pub fn lorentz(&self) -> Result<Lorentz> {
        Lorentz::new(self.n, self.kappa.clone())
    }

    /// The isometry to the Poincaré ball of the same curvature.
    ///
    /// ```text
    /// z ↦ tanh(ρ/2)/ρ z,  ρ = √c|z|
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., n]`
    ///
    /// # Accuracy
    ///
    /// Beyond √c|z| = 37 (f64) or 17 (f32) the result rounds to the boundary.
    pub fn to_ball(&self, z: &Tensor) -> Tensor {
        check_points("to_ball", self.n, &[z]);
        in_f64([z], |[z]| {
            let w = sum_keep(&z.square()) * self.c();
            special::tanhc(&(w / 4.0)) / 2.0 * z
        })
    }

    /// The inverse of [`to_ball`](Self::to_ball).
    ///
    /// ```text
    /// x ↦ asinh(s)/s · 2x/α,  s = 2√c|x|/α,  α = 1 − c|x|²
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., n]`; not finite for points on the boundary.
    pub fn from_ball(&self, x: &Tensor) -> Tensor {
        check_points("from_ball", self.n, &[x]);
        in_f64([x], |[x]| {
            let ball = PoincareBall::with_curvature(self.n, &self.kappa);
            self.lowered(&(&x * 2.0 / ball.alpha(&x)))
        })
    }

    /// The isometry to the hyperboloid of the same curvature.
    ///
    /// ```text
    /// z ↦ (cosh ρ/√c, sinh(ρ)/ρ z),  ρ = √c|z|
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., n + 1]`
    pub fn to_lorentz(&self, z: &Tensor) -> Tensor {
        check_points("to_lorentz", self.n, &[z]);
        in_f64([z], |[z]| {
            let w = sum_keep(&z.square()) * self.c();
            let time = special::cosh(&w) / self.c().sqrt();
            Tensor::cat(&[time, special::sinhc(&w) * z], -1)
        })
    }

    /// The inverse of [`to_lorentz`](Self::to_lorentz). The time coordinate is ignored.
    ///
    /// ```text
    /// x ↦ asinh(√c|x|)/(√c|x|) x,  x the spatial part
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]` → `[.., n]`
    pub fn from_lorentz(&self, x: &Tensor) -> Tensor {
        check_points("from_lorentz", self.n + 1, &[x]);
        in_f64([x], |[x]| self.lowered(&x.narrow(-1, 1, self.n)))
    }

    /// The signed distance to a hyperplane. The hyperplane meets the ray from the origin along
    /// `direction` at a right angle, at the distance `offset` from the origin. The result is
    /// positive on the side to which `direction` points.
    ///
    /// ```text
    /// sinh(√c h) = cosh a sinh ρ cos θ − sinh a cosh ρ,  a = √c offset
    ///            = sinh(ρ − a) − 2 sin²(θ/2) cosh a sinh ρ
    /// ```
    ///
    /// where θ is the angle between z and the direction e. On the hyperboloid this is √c⟨w, x⟩_L
    /// with the unit normal w = (sinh a, cosh a ê), as in mishne2023, section 4.2.
    ///
    /// # Shapes
    ///
    /// `z` and `direction` `[.., n]`, `offset` `[.., 1]` → `[..]`. The length of `direction` has
    /// no effect, but must not be 0.
    ///
    /// # Gradient
    ///
    /// That of the tensor formula, right for √c(|z| + |offset|) ≤ 700.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::EuclideanParametrised;
    /// use holonomy::tch::Tensor;
    ///
    /// let space = EuclideanParametrised::new(2, -1.0)?;
    /// let z = Tensor::from_slice(&[300.0, 0.0]);
    /// let direction = Tensor::from_slice(&[2.0, 0.0]);
    /// let offset = Tensor::from_slice(&[290.0]);
    /// let h = space.hyperplane_distance(&z, &direction, &offset);
    /// assert!((h.double_value(&[]) - 10.0).abs() < 1e-12);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the last dimension of `offset` is not 1, or kinds or devices differ.
    #[track_caller]
    pub fn hyperplane_distance(&self, z: &Tensor, direction: &Tensor, offset: &Tensor) -> Tensor {
        check_points("hyperplane_distance", self.n, &[z, direction]);
        check_points("hyperplane_distance", 1, &[offset]);
        self.with_kernels(Operation::on([z, direction, offset]))
            .scalar(|space, [z, direction, offset]| {
                kernels::distance_to_hyperplane(space, z, direction, offset[0])
            })
            .or(|[z, direction, offset]| {
                let unit = &direction / safe_sqrt(&dot_keep(&direction, &direction));
                self.height(&z, &unit, &offset).squeeze_dim(-1)
            })
    }
}
