//! What only the hyperboloid has: its isometries as matrices, and other charts of hyperbolic space.

use tch::{Kind, Tensor};

use super::Lorentz;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::{
    batch_of, check_batches, check_broadcast, check_numbers, check_points, dot_keep, in_f64,
    sum_keep,
};
use crate::{PoincareBall, Result};

impl Lorentz {
    /// The origin (1/√c, 0, …, 0), `[n + 1]` in f64 on the CPU.
    pub fn origin(&self) -> Tensor {
        self.point(&Tensor::zeros([self.n], (Kind::Double, tch::Device::Cpu)))
    }

    /// The boost that moves the origin to p: the symmetric Lorentz matrix B with B·origin = p.
    ///
    /// ```text
    /// B = ⎡ √c p₀    √c pᵀ                  ⎤
    ///     ⎣ √c p     I + c p pᵀ/(1 + √c p₀) ⎦
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]` → `[.., n + 1, n + 1]`
    pub fn boost(&self, p: &Tensor) -> Tensor {
        check_points("boost", self.n + 1, &[p]);
        self.on_spatial([p], |[x]| {
            let root_c = self.c().sqrt();
            let time = self.time(&x) * &root_c;
            let row = &x * &root_c;
            let block = row.unsqueeze(-1) * row.unsqueeze(-2) / (&time + 1.0).unsqueeze(-1);
            let identity = Tensor::eye(self.n, (x.kind(), x.device()));
            let top = Tensor::cat(&[time, row.shallow_clone()], -1).unsqueeze(-2);
            let rest = Tensor::cat(&[row.unsqueeze(-1), block + identity], -1);
            Tensor::cat(&[top, rest], -2)
        })
    }

    /// The isometry diag(1, R), which applies the orthogonal matrix R to the spatial coordinates
    /// and fixes the origin.
    ///
    /// # Shapes
    ///
    /// `[.., n, n]` → `[.., n + 1, n + 1]`
    ///
    /// # Panics
    ///
    /// If the matrix is not n × n. Whether it is orthogonal is not checked.
    #[track_caller]
    pub fn rotation(&self, matrix: &Tensor) -> Tensor {
        check_numbers("rotation", &[matrix]);
        let size = matrix.size();
        assert!(
            size.ends_with(&[self.n, self.n]),
            "rotation: expected a matrix [.., {n}, {n}], got {size:?}",
            n = self.n
        );
        let padded = matrix.constant_pad_nd([1, 0, 1, 0]);
        let corner = Tensor::zeros([self.n + 1], (matrix.kind(), matrix.device()));
        let _ = corner.get(0).fill_(1.0);
        padded + corner.diag(0)
    }

    /// Applies a linear isometry, such as a [`boost`](Self::boost), to points or tangents.
    ///
    /// # Shapes
    ///
    /// `isometry` `[.., n + 1, n + 1]`, `x` `[.., n + 1]` → `[.., n + 1]`
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn apply(&self, isometry: &Tensor, x: &Tensor) -> Tensor {
        let square = [self.n + 1, self.n + 1];
        check_batches("apply", &square, &[isometry]);
        check_points("apply", self.n + 1, &[x]);
        check_numbers("apply", &[isometry, x]);
        check_broadcast(
            "apply",
            &[batch_of(isometry, 2).as_slice(), &batch_of(x, 1)],
        );
        in_f64([isometry, x], |[isometry, x]| {
            isometry.matmul(&x.unsqueeze(-1)).squeeze_dim(-1)
        })
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

    /// The isometry to the Poincaré ball of the same curvature, the stereographic projection.
    ///
    /// ```text
    /// x ↦ x/(1 + √c x₀)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]` → `[.., n]`
    ///
    /// # Accuracy
    ///
    /// Beyond a distance of about 37/√c from the origin (f64) the result rounds to the boundary.
    pub fn to_ball(&self, x: &Tensor) -> Tensor {
        check_points("to_ball", self.n + 1, &[x]);
        self.on_spatial([x], |[x]| {
            let den = self.time(&x) * self.c().sqrt() + 1.0;
            x / den
        })
    }

    /// The differential of [`to_ball`](Self::to_ball) at x, applied to the tangent v.
    ///
    /// ```text
    /// v ↦ (v − √c v₀ x/(1 + √c x₀)) / (1 + √c x₀)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]`, `[.., n + 1]` → `[.., n]`
    pub fn to_ball_tangent(&self, x: &Tensor, v: &Tensor) -> Tensor {
        check_points("to_ball_tangent", self.n + 1, &[x, v]);
        self.on_spatial([x, v], |[x, v]| {
            let root_c = self.c().sqrt();
            let time = self.time(&x);
            let den = &time * &root_c + 1.0;
            let slope = dot_keep(&x, &v) / time * root_c;
            (v - slope * x / &den) / den
        })
    }

    /// The Klein (projective) chart, in which geodesics are straight chords.
    ///
    /// ```text
    /// x ↦ x/(√c x₀)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]` → `[.., n]`, of norm below 1/√c
    ///
    /// # Accuracy
    ///
    /// Beyond a distance of about 18/√c from the origin (f64) the result rounds to the boundary.
    pub fn to_klein(&self, x: &Tensor) -> Tensor {
        check_points("to_klein", self.n + 1, &[x]);
        self.on_spatial([x], |[x]| {
            let time = self.time(&x) * self.c().sqrt();
            x / time
        })
    }

    /// The inverse of [`to_klein`](Self::to_klein).
    ///
    /// ```text
    /// k ↦ (1/√c, k)/√(1 − c|k|²)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., n + 1]`; not finite for points on the boundary or outside the ball.
    pub fn from_klein(&self, k: &Tensor) -> Tensor {
        check_points("from_klein", self.n, &[k]);
        in_f64([k], |[k]| {
            let alpha = PoincareBall::from_lorentz(self).alpha(&k);
            self.point(&(k / alpha.sqrt()))
        })
    }

    /// The upper half-space chart, whose last coordinate is the positive height. Its point at
    /// infinity is the end of the positive last spatial axis.
    ///
    /// ```text
    /// x ↦ (x₁, …, xₙ₋₁, 1/√c) / (√c(x₀ − xₙ))
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n + 1]` → `[.., n]`
    ///
    /// # Accuracy
    ///
    /// x₀ − xₙ is formed as (1/c + x₁² + … + xₙ₋₁²)/(x₀ + xₙ) where xₙ > 0: no digits are lost.
    pub fn to_half_space(&self, x: &Tensor) -> Tensor {
        check_points("to_half_space", self.n + 1, &[x]);
        self.on_spatial([x], |[x]| {
            let side = x.narrow(-1, 0, self.n - 1);
            let up = x.narrow(-1, self.n - 1, 1);
            let inverse_c = self.c().reciprocal();
            // (x₀ + xₙ)(x₀ − xₙ) = 1/c + |side|², whatever the sign of xₙ.
            let product = sum_keep(&side.square()) + &inverse_c;
            let sum = self.time(&x) + up.abs();
            let other = &product / &sum;
            let rising = up.gt(0.0);
            let den = other.where_self(&rising, &sum) * self.c().sqrt();
            Tensor::cat(&[side, den.ones_like() * inverse_c.sqrt()], -1) / den
        })
    }

    /// The inverse of [`to_half_space`](Self::to_half_space).
    ///
    /// ```text
    /// (a, h) ↦ (a/(√c h), (|a|² + h² − 1/c)/(2h))
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` with positive last coordinate → `[.., n + 1]`
    pub fn from_half_space(&self, z: &Tensor) -> Tensor {
        check_points("from_half_space", self.n, &[z]);
        in_f64([z], |[z]| {
            let side = z.narrow(-1, 0, self.n - 1);
            let height = z.narrow(-1, self.n - 1, 1);
            let inverse_root_c = self.c().sqrt().reciprocal();
            let rise = (&height - &inverse_root_c) * (&height + &inverse_root_c);
            let up = (sum_keep(&side.square()) + rise) / (&height * 2.0);
            self.point(&Tensor::cat(&[side * inverse_root_c / height, up], -1))
        })
    }
}
