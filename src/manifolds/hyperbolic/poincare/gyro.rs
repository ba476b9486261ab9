//! What only the ball has: Möbius (gyrovector) operations, hyperplanes, and the map to the
//! hyperboloid.

use tch::{Kind, Tensor};

use super::PoincareBall;
use crate::Result;
use crate::manifold::Geodesic;
use crate::manifolds::Lorentz;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::{
    batch_of, check_broadcast, check_numbers, check_points, check_weights, dot_keep, in_f64,
    no_grad, norm_keep, norm_last, over_norm, sum_keep,
};

impl PoincareBall {
    /// Möbius addition x ⊕ y, the left translation of y by x.
    ///
    /// ```text
    /// x ⊕ y = ((1 + 2c⟨x,y⟩ + c|y|²) x + (1 − c|x|²) y) / (1 + 2c⟨x,y⟩ + c²|x|²|y|²)
    /// ```
    ///
    /// computed as x + α_x (y + c|y|² x)/(α_x α_y + c|x + y|²), with α_x = 1 − c|x|².
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n]`; the result is at most at [`PoincareBall::edge`].
    ///
    /// # References
    ///
    /// ungar2009
    pub fn mobius_add(&self, x: &Tensor, y: &Tensor) -> Tensor {
        check_points("mobius_add", self.n, &[x, y]);
        let edge = Self::edge(x.kind());
        in_f64([x, y], |[x, y]| {
            self.pull_inside(&self.add(&x, &y, &self.alpha(&y)), edge)
        })
    }

    /// Möbius scalar multiplication r ⊗ x: the point on the ray of x at r times its distance from
    /// the origin.
    ///
    /// ```text
    /// r ⊗ x = tanh(r artanh(√c|x|)) x/(√c|x|) = exp₀(r log₀ x)
    /// ```
    ///
    /// # Shapes
    ///
    /// `r` is a scalar or `[.., 1]`; `x` is `[.., n]`.
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn mobius_scale(&self, r: &Tensor, x: &Tensor) -> Tensor {
        check_points("mobius_scale", self.n, &[x]);
        check_numbers("mobius_scale", &[r]);
        assert!(
            r.dim() == 0 || r.size().ends_with(&[1]),
            "mobius_scale: expected a scalar or numbers [.., 1], got {:?}",
            r.size()
        );
        let batch = batch_of(r, 1.min(r.dim()));
        check_broadcast("mobius_scale", &[batch.as_slice(), &batch_of(x, 1)]);
        let origin = x.zeros_like();
        self.exp(&origin, &(self.log(&origin, x) * r.to_kind(x.kind())))
    }

    /// Möbius matrix multiplication M ⊗ x: the linear map M applied in the tangent space at the
    /// origin.
    ///
    /// ```text
    /// M ⊗ x = tanh(|Mx|/|x| artanh(√c|x|)) Mx/(√c|Mx|) = exp₀(M log₀ x)
    /// ```
    ///
    /// # Shapes
    ///
    /// `matrix` `[m, n]`, `x` `[.., n]` → `[.., m]`, a point of the ball of dimension m and the
    /// same curvature.
    ///
    /// # Panics
    ///
    /// If the matrix does not have n columns, or kinds or devices differ.
    #[track_caller]
    pub fn mobius_matvec(&self, matrix: &Tensor, x: &Tensor) -> Tensor {
        check_points("mobius_matvec", self.n, &[x]);
        check_numbers("mobius_matvec", &[matrix, x]);
        let size = matrix.size();
        assert!(
            size.len() == 2 && size[1] == self.n && size[0] > 0,
            "mobius_matvec: expected a matrix [m, {}], got {size:?}",
            self.n
        );
        let image = self.log(&x.zeros_like(), x).matmul(&matrix.transpose(0, 1));
        let codomain = Self {
            n: size[0],
            ..self.clone()
        };
        codomain.exp(&image.zeros_like(), &image)
    }

    /// Gyration: the rotation by which Möbius addition fails to be associative.
    ///
    /// ```text
    /// gyr[x, y] v = −(x ⊕ y) ⊕ (x ⊕ (y ⊕ v))
    /// ```
    ///
    /// computed in closed form; it is linear in v and an isometry of ℝⁿ.
    ///
    /// # Shapes
    ///
    /// `[.., n]` each → `[.., n]`
    pub fn gyration(&self, x: &Tensor, y: &Tensor, v: &Tensor) -> Tensor {
        check_points("gyration", self.n, &[x, y, v]);
        in_f64([x, y, v], |[x, y, v]| self.gyrate(&-y, &x, &v))
    }

    /// The weighted Möbius gyromidpoint of k points: the hyperbolic centroid, which is
    /// [`Lorentz::centroid`] mapped to the ball. Equivariant under isometries.
    ///
    /// ```text
    /// ½ ⊗ (Σ wᵢ λᵢ xᵢ / Σ wᵢ (λᵢ − 1)),  λᵢ = 2/(1 − c|xᵢ|²)
    /// ```
    ///
    /// computed twice: first as the centroid on the hyperboloid, then again after a translation of
    /// that result to the origin, which keeps the accuracy for a cluster near the boundary.
    ///
    /// # Shapes
    ///
    /// `points` `[.., k, n]`, `weights` `[.., k]` (non-negative, not all 0) → `[.., n]`
    ///
    /// # Accuracy
    ///
    /// That of the coordinates, whose rounding moves a point at distance r by e^{√c r} roundings.
    /// This holds up to [`PoincareBall::edge`], at any distance of the points from each other.
    /// Points of weight 0 have no effect.
    ///
    /// # Gradient
    ///
    /// In points, weights and κ, also where points coincide.
    ///
    /// # References
    ///
    /// ungar2009, chapter 4
    ///
    /// # Panics
    ///
    /// If `points` has fewer than two dimensions or no points, or if there is not one weight per
    /// point.
    #[track_caller]
    pub fn gyromidpoint(&self, points: &Tensor, weights: &Tensor) -> Tensor {
        check_points("gyromidpoint", self.n, &[points]);
        check_weights("gyromidpoint", points, weights);
        let edge = Self::edge(points.kind());
        in_f64([points, weights], |[points, weights]| {
            let total = weights.sum_dim_intlist(-1, true, Kind::Double);
            let weights = weights / total;
            // The midpoint does not depend on where the ball is translated to, so neither does its
            // gradient.
            let near = no_grad(|| {
                let near = self.midpoint_on_hyperboloid(&points, &weights.unsqueeze(-1));
                self.pull_inside(&near, edge)
            });
            self.pull_inside(&self.midpoint_seen_from(&near, &points, &weights), edge)
                .squeeze_dim(-2)
        })
    }

    /// The gyromidpoint `[.., 1, n]` by the normalised sum of the points X on the hyperboloid, each with its
    /// time T, to the digits of T and |X|.
    ///
    /// The norm of a sum with time T and spatial part V is the product of T + |V| and T − |V|, in which
    /// T − |X| = (α/(1 + √c|x|)²)/√c and |X| − X·V/|V| = |X| |x̂ − V̂|²/2 are positive.
    fn midpoint_on_hyperboloid(&self, points: &Tensor, weights: &Tensor) -> Tensor {
        let root_c = self.c().sqrt();
        let over_points = |t: Tensor| t.sum_dim_intlist(-2, true, Kind::Double);
        let alpha = self.alpha(points);
        let norm = norm_keep(points);
        let length = &norm * 2.0 / &alpha;
        let rest = &alpha / (&norm * &root_c + 1.0).square() / &root_c;
        let sum = over_points(weights * 2.0 / &alpha * points);
        let sum_norm = norm_keep(&sum);
        let chord = over_norm(points, &norm) - over_norm(&sum, &sum_norm);
        let off = sum_keep(&chord.square()) * &length / 2.0;
        let less = over_points(weights * (&rest + off));
        let time = over_points(weights * (length + rest));
        let mass = (less * (&time + sum_norm)).sqrt();
        sum / (mass + time) / root_c
    }

    /// The gyromidpoint, computed after a translation of `base` `[.., 1, n]` to the origin.
    fn midpoint_seen_from(&self, base: &Tensor, points: &Tensor, weights: &Tensor) -> Tensor {
        let (alpha_base, alpha_points) = (self.alpha(base), self.alpha(points));
        let (numerator, dd) = self.subtract_numerator(base, points, &alpha_base);
        let product = &alpha_base * &alpha_points;
        // The translated points are z = numerator/den with 1 − c|z|² = product/den, so that
        // λ z = 2 numerator/product and λ − 1 = 1 + 2c|δ|²/product.
        let total = weights.unsqueeze(-1);
        let share = &total * 2.0 / product;
        let over_points = |t: Tensor| t.sum_dim_intlist(-2, true, Kind::Double);
        let spatial = over_points(&share * numerator);
        let time = over_points(total + share * dd * self.c());
        let mass = (time.square() - sum_keep(&spatial.square()) * self.c()).sqrt();
        let midpoint = spatial / (time + mass);
        self.add(base, &midpoint, &self.alpha(&midpoint))
    }

    /// The signed distance of x from the hyperbolic hyperplane through p with normal a. Up to a
    /// factor it is the logit of hyperbolic multinomial logistic regression.
    ///
    /// ```text
    /// (1/√c) asinh(2√c ⟨(−p) ⊕ x, a⟩ / ((1 − c|(−p) ⊕ x|²) |a|))
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` each → `[..]`; positive on the side to which a points. NaN for a = 0.
    ///
    /// # References
    ///
    /// ganea2018, equation 25
    pub fn hyperplane_dist(&self, x: &Tensor, p: &Tensor, a: &Tensor) -> Tensor {
        check_points("hyperplane_dist", self.n, &[x, p, a]);
        in_f64([x, p, a], |[x, p, a]| {
            let alpha_p = self.alpha(&p);
            let (numerator, _) = self.subtract_numerator(&p, &x, &alpha_p);
            let root_c = self.c().sqrt();
            let den = alpha_p * self.alpha(&x) * norm_last(&a).unsqueeze(-1);
            let sinh = dot_keep(&numerator, &a) * 2.0 * &root_c / den;
            (sinh.asinh() / root_c).squeeze_dim(-1)
        })
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

    /// The isometry to the hyperboloid of the same curvature.
    ///
    /// ```text
    /// x ↦ ((1 + c|x|²)/√c, 2x) / (1 − c|x|²)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., n + 1]`, the time coordinate first.
    ///
    /// # Accuracy
    ///
    /// A few roundings, at any distance from the origin.
    pub fn to_lorentz(&self, x: &Tensor) -> Tensor {
        check_points("to_lorentz", self.n, &[x]);
        in_f64([x], |[x]| {
            let alpha = self.alpha(&x);
            let time = (2.0 - &alpha) / (&alpha * self.c().sqrt());
            Tensor::cat(&[time, x * 2.0 / alpha], -1)
        })
    }

    /// The differential of [`to_lorentz`](Self::to_lorentz) at x, applied to the tangent v.
    ///
    /// ```text
    /// v ↦ (4√c⟨x,v⟩, 2α v + 4c⟨x,v⟩ x) / α²,  α = 1 − c|x|²
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n]`, `[.., n]` → `[.., n + 1]`, the time coordinate first.
    pub fn to_lorentz_tangent(&self, x: &Tensor, v: &Tensor) -> Tensor {
        check_points("to_lorentz_tangent", self.n, &[x, v]);
        in_f64([x, v], |[x, v]| {
            let alpha = self.alpha(&x);
            let slope = dot_keep(&x, &v) * 4.0 / alpha.square();
            let spatial = v * 2.0 / alpha + &slope * self.c() * &x;
            Tensor::cat(&[slope * self.c().sqrt(), spatial], -1)
        })
    }
}
