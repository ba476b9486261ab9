//! The ball's operations on single rows of f64, for the fused CPU path.

use crate::manifolds::hyperbolic::scalars::{asinh_of_root, length_over_sinh, radial_growth};
use crate::numerics::across::{Across, pivot};
use crate::numerics::double_double::{Real, one_minus_product};
use crate::numerics::lanes::{
    Lanes, dot, exact_square, methods_for_each_processor, stretch_to, sums,
};

/// A ball of curvature −c.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ball {
    c: f64,
    root_c: f64,
    inverse_root_c: f64,
}

/// The kernels as functions of whole rows.
pub(crate) mod kernels {
    use super::{Ball, methods_for_each_processor};

    methods_for_each_processor! {
        Ball {
            fn point_defect(x: &[f64]) -> f64;
            fn dist(x: &[f64], y: &[f64]) -> f64;
            fn log(x: &[f64], y: &[f64], out: &mut [f64]);
            fn exp(x: &[f64], u: &[f64], edge: f64, out: &mut [f64]);
            fn retract(x: &[f64], u: &[f64], edge: f64, out: &mut [f64]);
            fn transport(x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]);
            fn inner(x: &[f64], u: &[f64], v: &[f64]) -> f64;
            fn norm(x: &[f64], v: &[f64]) -> f64;
            fn rgrad(x: &[f64], egrad: &[f64], out: &mut [f64]);
            fn project(z: &mut [f64], edge: f64);
        }
    }
}

/// |y − x|² and (y − x)·v
#[inline(always)]
fn difference_dots(x: &[f64], y: &[f64], v: &[f64]) -> (f64, f64) {
    let [dd, dv] = sums([x, y, v], |[x, y, v], [dd, dv]| {
        let d = y - x;
        [d.mul_add(d, dd), d.mul_add(v, dv)]
    });
    (dd, dv)
}

impl Ball {
    pub(crate) fn new(c: f64) -> Self {
        let root_c = c.sqrt();
        Self {
            c,
            root_c,
            inverse_root_c: 1.0 / root_c,
        }
    }

    /// 1 − c|x|² to full relative precision.
    #[inline(always)]
    pub(crate) fn alpha(&self, x: &[f64]) -> f64 {
        one_minus_product(self.c, exact_square(x))
    }

    /// c|x|² outside of the ball, 0 in it.
    #[inline(always)]
    pub(crate) fn point_defect(&self, x: &[f64]) -> f64 {
        let alpha = self.alpha(x);
        if alpha > 0.0 { 0.0 } else { 1.0 - alpha }
    }

    /// sinh²(√c·dist/2) = c|δ|²/(α_x α_y). NaN outside of the ball, also for two points there.
    #[inline(always)]
    fn half_sinh_squared(&self, dd: f64, alpha_x: f64, alpha_y: f64) -> f64 {
        let product = if alpha_x > 0.0 {
            alpha_x * alpha_y
        } else {
            f64::NAN
        };
        self.c * dd / product
    }

    #[inline(always)]
    pub(crate) fn dist(&self, x: &[f64], y: &[f64]) -> f64 {
        let (dd, _) = difference_dots(x, y, x);
        let s = self.half_sinh_squared(dd, self.alpha(x), self.alpha(y));
        2.0 * self.inverse_root_c * asinh_of_root(s).0
    }

    /// (α_x δ − c|δ|² x) · asinh(√s)/(√s √(1+s) α_y) with s = sinh²(√c·dist/2).
    #[inline(always)]
    pub(crate) fn log(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let (dd, _) = difference_dots(x, y, x);
        let (alpha_x, alpha_y) = (self.alpha(x), self.alpha(y));
        let scale = length_over_sinh(self.half_sinh_squared(dd, alpha_x, alpha_y)) / alpha_y;
        let (along_difference, along_x) = (scale * alpha_x, scale * self.c * dd);
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            *out = along_difference * (y - x) - along_x * x;
        }
    }

    /// The Möbius sum of x and t = τ u/|u|, for s ↦ (τ, 1 − τ²) of s = √c|u|/α_x.
    ///
    /// With z = x + t, α_t = 1 − τ²: den = α_x α_t + c|z|², all terms positive, and
    /// y = x + α_x (t + c|t|² x)/den. Where z nearly vanishes the rounding of t would count, and
    /// the sum goes by way of the hyperboloid.
    #[inline(always)]
    fn add_along(
        &self,
        x: &[f64],
        u: &[f64],
        out: &mut [f64],
        rapidity: impl Fn(f64) -> (f64, f64),
    ) {
        /// √c|z| below which a rounding of t would be more than four of z.
        const NEARLY_OPPOSITE: f64 = 0.25;
        /// 1 − τ² below which t lies at the boundary for all that the sum can show; beyond it the
        /// hyperboloid's coordinates would overflow.
        const ENDLESS: f64 = 1e-100;
        let length = dot(u, u).sqrt();
        if length == 0.0 {
            out.copy_from_slice(x);
            return;
        }
        if length == f64::INFINITY {
            self.add_endless(x, u, out);
            return;
        }
        let alpha_x = self.alpha(x);
        let (tau, alpha_t) = rapidity(self.root_c * length / alpha_x);
        let scale = tau / (self.root_c * length);
        let scales = Lanes::splat(scale);
        let [zz] = sums([x, u], |[x, u], [zz]| {
            let z = u.mul_add(scales, x);
            [z.mul_add(z, zz)]
        });
        let opposite = self.c * zz < NEARLY_OPPOSITE * NEARLY_OPPOSITE && tau > NEARLY_OPPOSITE;
        if opposite && alpha_t > ENDLESS {
            self.add_opposite(x, u, length, alpha_x, (tau, alpha_t), out);
            return;
        }
        let quotient = alpha_x / alpha_x.mul_add(alpha_t, self.c * zz);
        let (along_u, along_x) = (quotient * scale, quotient * tau * tau);
        for ((out, x), u) in out.iter_mut().zip(x).zip(u) {
            *out = x + (along_u * u + along_x * x);
        }
    }

    /// The Möbius sum of x and the end t = û/√c of a vector so long that its square overflows.
    #[cold]
    #[inline(never)]
    fn add_endless(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        out.copy_from_slice(u);
        stretch_to(out, self.inverse_root_c);
        let zz = x.iter().zip(&*out).map(|(x, t)| (x + t) * (x + t));
        let quotient = self.alpha(x) / (self.c * zz.sum::<f64>());
        for (out, x) in out.iter_mut().zip(x) {
            *out = x + quotient * (*out + x);
        }
    }

    /// The Möbius sum of x and t = τ u/|u| of nearly opposite vectors.
    #[inline(always)]
    fn add_opposite(
        &self,
        x: &[f64],
        u: &[f64],
        length: f64,
        alpha_x: f64,
        (tau, alpha_t): (f64, f64),
        out: &mut [f64],
    ) {
        let xx = dot(x, x);
        let norm = xx.sqrt();
        let across = Across::new(x, u, pivot(x), xx);
        let (cos, sin) = (dot(x, u) / (norm * length), across.square.sqrt() / length);
        // Of the step, whose half has hyperbolic tangent τ, and of x.
        let (sinh_n, cosh_n_minus_1) = (2.0 * tau / alpha_t, 2.0 * tau * tau / alpha_t);
        let (sinh_rho, cosh_rho) = (
            2.0 * self.root_c * norm / alpha_x,
            (2.0 - alpha_x) / alpha_x,
        );
        let (kept, growth) =
            radial_growth((sinh_rho, cosh_rho), (sinh_n, cosh_n_minus_1), (cos, sin));
        // Spatial part on the hyperboloid, times √c: (kept + growth) sinh ρ x̂ + sinh n û_⊥.
        let (on_x, on_across) = (
            (kept + growth) * 2.0 * self.root_c / alpha_x,
            sinh_n / length,
        );
        let mut square = 0.0;
        for ((out, &x), &u) in out.iter_mut().zip(x).zip(u) {
            *out = on_x.mul_add(x, on_across * across.coordinate(x, u));
            square = out.mul_add(*out, square);
        }
        let scale = 1.0 / (self.root_c * (1.0 + (1.0 + square).sqrt()));
        for out in out {
            *out *= scale;
        }
    }

    /// The exponential map, pulled back to the edge.
    #[inline(always)]
    pub(crate) fn exp(&self, x: &[f64], u: &[f64], edge: f64, out: &mut [f64]) {
        self.add_along(x, u, out, |s| {
            // tanh s = (1 − d)/(1 + d) and 1/cosh²s = 4d/(1 + d)² with d = e^{−2s}; d and 1 − d
            // both without cancellation.
            let (decay, rest) = if s < 0.35 {
                let m = (-2.0 * s).exp_m1();
                (1.0 + m, -m)
            } else {
                let decay = (-2.0 * s).exp();
                (decay, 1.0 - decay)
            };
            let inverse = 1.0 / (1.0 + decay);
            (rest * inverse, 4.0 * decay * inverse * inverse)
        });
        self.project(out, edge);
    }

    /// The retraction, pulled back to the edge.
    #[inline(always)]
    pub(crate) fn retract(&self, x: &[f64], u: &[f64], edge: f64, out: &mut [f64]) {
        /// Beyond it 1/(1 + s²) is 0 beside all that it is added to, and s² overflows.
        const LONGEST: f64 = 1e150;
        self.add_along(x, u, out, |s| {
            let s = s.min(LONGEST);
            let inverse = 1.0 / s.mul_add(s, 1.0);
            (s * inverse.sqrt(), inverse)
        });
        self.project(out, edge);
    }

    /// (α_y/α_x)(v + 2((a−b) x + a δ)/(α_x α_y + c|δ|²)) with a−b = c(α_x⟨δ,v⟩ − c|δ|²⟨x,v⟩) and
    /// a = −c(α_y⟨x,v⟩ + c|x|²⟨δ,v⟩ + c|δ|²⟨x,v⟩).
    #[inline(always)]
    pub(crate) fn transport(&self, x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) {
        let c = self.c;
        let (alpha_x, alpha_y) = (self.alpha(x), self.alpha(y));
        let (dd, dv) = difference_dots(x, y, v);
        let [xx, xv] = sums([x, v], |[x, v], [xx, xv]| {
            [x.mul_add(x, xx), x.mul_add(v, xv)]
        });
        let ratio = alpha_y / alpha_x;
        let factor = 2.0 * ratio * c / alpha_x.mul_add(alpha_y, c * dd);
        let a_minus_b = factor * (alpha_x * dv - c * dd * xv);
        let a = -factor * (alpha_y * xv + c * dv * xx + c * dd * xv);
        for (((out, x), y), v) in out.iter_mut().zip(x).zip(y).zip(v) {
            *out = ratio * v + a_minus_b * x + a * (y - x);
        }
    }

    /// (2/α_x)² ⟨u, v⟩.
    #[inline(always)]
    pub(crate) fn inner(&self, x: &[f64], u: &[f64], v: &[f64]) -> f64 {
        let factor = 2.0 / self.alpha(x);
        factor * (factor * dot(u, v))
    }

    /// (2/α_x) |v|.
    #[inline(always)]
    pub(crate) fn norm(&self, x: &[f64], v: &[f64]) -> f64 {
        2.0 / self.alpha(x) * dot(v, v).sqrt()
    }

    /// (α_x/2)² times the Euclidean gradient.
    #[inline(always)]
    pub(crate) fn rgrad(&self, x: &[f64], egrad: &[f64], out: &mut [f64]) {
        let factor = self.alpha(x) / 2.0;
        for (out, g) in out.iter_mut().zip(egrad) {
            *out = factor * (factor * g);
        }
    }

    /// `z`, pulled back along its ray to norm `edge`/√c when it is beyond.
    #[inline(always)]
    pub(crate) fn project(&self, z: &mut [f64], edge: f64) {
        let norm = self.root_c * dot(z, z).sqrt();
        if norm == f64::INFINITY {
            stretch_to(z, edge * self.inverse_root_c);
        } else if norm > edge {
            for z in z {
                *z *= edge / norm;
            }
        }
    }
}
