//! The ball's operations on single rows of f64, for the fused CPU path.

use crate::manifolds::lorentz::fused::radial_growth;
use crate::numerics::across::{Across, pivot};
use crate::numerics::double_double::{dot as exact_dot, one_minus_product};

/// A ball of curvature −c.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ball {
    c: f64,
    root_c: f64,
}

/// x·y
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(y) {
        sum = x.mul_add(*y, sum);
    }
    sum
}

#[inline(always)]
fn difference_dots(x: &[f64], y: &[f64], v: &[f64]) -> (f64, f64) {
    let (mut dd, mut dv) = (0.0, 0.0);
    for ((x, y), v) in x.iter().zip(y).zip(v) {
        let d = y - x;
        dd = d.mul_add(d, dd);
        dv = d.mul_add(*v, dv);
    }
    (dd, dv)
}

impl Ball {
    pub(crate) fn new(c: f64) -> Self {
        Self {
            c,
            root_c: c.sqrt(),
        }
    }

    /// 1 − c|x|² to full relative precision.
    #[inline(always)]
    pub(crate) fn alpha(&self, x: &[f64]) -> f64 {
        one_minus_product(self.c, exact_dot(x, x))
    }

    /// sinh(√c·dist/2): √c|δ| / √(α_x α_y). NaN outside of the ball.
    #[inline(always)]
    fn half_sinh(&self, dd: f64, alpha_x: f64, alpha_y: f64) -> f64 {
        self.root_c * dd.sqrt() / (alpha_x.sqrt() * alpha_y.sqrt())
    }

    #[inline(always)]
    pub(crate) fn dist(&self, x: &[f64], y: &[f64]) -> f64 {
        let (dd, _) = difference_dots(x, y, x);
        2.0 / self.root_c * asinh(self.half_sinh(dd, self.alpha(x), self.alpha(y)))
    }

    /// (α_x δ − c|δ|² x) · asinh(w)/(w √(1+w²) α_y) with w = sinh(√c·dist/2).
    #[inline(always)]
    pub(crate) fn log(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let (dd, _) = difference_dots(x, y, x);
        let (alpha_x, alpha_y) = (self.alpha(x), self.alpha(y));
        let w = self.half_sinh(dd, alpha_x, alpha_y);
        let scale = asinhc(w) / (w.mul_add(w, 1.0).sqrt() * alpha_y);
        let (along_difference, along_x) = (scale * alpha_x, scale * self.c * dd);
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            *out = along_difference * (y - x) - along_x * x;
        }
    }

    /// The Möbius sum of x and t = rapidity · u/|u|, where `rapidity` maps √c|u|/α_x to (τ, 1 − τ²).
    ///
    /// With z = x + t, α_t = 1 − τ²: den = α_x α_t + c|z|², all terms positive, and
    /// y = x + α_x (t + c|t|² x)/den.
    #[inline(always)]
    fn add_along(
        &self,
        x: &[f64],
        u: &[f64],
        out: &mut [f64],
        rapidity: impl Fn(f64) -> (f64, f64),
    ) {
        let uu = dot(u, u);
        if uu == 0.0 {
            out.copy_from_slice(x);
            return;
        }
        let alpha_x = self.alpha(x);
        let length = uu.sqrt();
        let (tau, alpha_t) = rapidity(self.root_c * length / alpha_x);
        let scale = tau / (self.root_c * length);
        let mut zz = 0.0;
        for (x, u) in x.iter().zip(u) {
            let z = u.mul_add(scale, *x);
            zz = z.mul_add(z, zz);
        }
        let quotient = alpha_x / alpha_x.mul_add(alpha_t, self.c * zz);
        let (along_u, along_x) = (quotient * scale, quotient * tau * tau);
        for ((out, x), u) in out.iter_mut().zip(x).zip(u) {
            *out = x + (along_u * u + along_x * x);
        }
    }

    #[inline(always)]
    pub(crate) fn exp(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        let xu = dot(x, u);
        if xu < 0.0 && self.exp_inwards(x, u, xu, out) {
            return;
        }
        self.add_along(x, u, out, |s| {
            let decay = (-2.0 * s).exp();
            (s.tanh(), 4.0 * decay / ((1.0 + decay) * (1.0 + decay)))
        });
    }

    /// exp for a long step towards the origin, where the Möbius sum subtracts nearly equal
    /// numbers, by way of the hyperboloid; `false`, with nothing done, for other steps.
    #[inline(always)]
    fn exp_inwards(&self, x: &[f64], u: &[f64], xu: f64, out: &mut [f64]) -> bool {
        let (xx, uu) = (dot(x, x), dot(u, u));
        let alpha = self.alpha(x);
        let length = uu.sqrt();
        let n = 2.0 * self.root_c * length / alpha;
        // A step at a right angle to the radius, or shorter than 1, keeps its digits anyway.
        if n < 1.0 || xu * xu < 0.01 * xx * uu {
            return false;
        }
        let across = Across::new(x, u, pivot(x), xx);
        let (cos, sin) = (xu / (xx.sqrt() * length), across.square.sqrt() / length);
        let sinh_n = n.sinh();
        let (sinh_rho, cosh_rho) = (2.0 * self.root_c * xx.sqrt() / alpha, (2.0 - alpha) / alpha);
        let (_, growth) = radial_growth(sinh_rho, cosh_rho, n, sinh_n, cos, sin);
        // Spatial part on the hyperboloid, times √c: growth·sinh ρ x̂ + sinh n û_⊥.
        let (on_x, on_across) = (growth * 2.0 * self.root_c / alpha, sinh_n / length);
        let mut square = 0.0;
        for ((out, &x), &u) in out.iter_mut().zip(x).zip(u) {
            *out = on_x.mul_add(x, on_across * across.coordinate(x, u));
            square = out.mul_add(*out, square);
        }
        let scale = 1.0 / (self.root_c * (1.0 + (1.0 + square).sqrt()));
        for out in out {
            *out *= scale;
        }
        true
    }

    #[inline(always)]
    pub(crate) fn retract(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        self.add_along(x, u, out, |s| {
            let hypotenuse = s.mul_add(s, 1.0);
            (s / hypotenuse.sqrt(), 1.0 / hypotenuse)
        });
    }

    /// (α_y/α_x)(v + 2((a−b) x + a δ)/(α_x α_y + c|δ|²)), with a and a−b as in the module doc.
    #[inline(always)]
    pub(crate) fn transport(&self, x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) {
        let c = self.c;
        let (alpha_x, alpha_y) = (self.alpha(x), self.alpha(y));
        let (dd, dv) = difference_dots(x, y, v);
        let (xx, xv) = (dot(x, x), dot(x, v));
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
        if norm > edge {
            for z in z {
                *z *= edge / norm;
            }
        }
    }
}

/// asinh for t ≥ 0 without the sign handling and the hypotenuse of the standard one.
#[inline(always)]
pub(crate) fn asinh(t: f64) -> f64 {
    if t < 1e8 {
        (t + t * t / (1.0 + t.mul_add(t, 1.0).sqrt())).ln_1p()
    } else {
        t.ln() + std::f64::consts::LN_2
    }
}

/// asinh(t)/t for t ≥ 0.
#[inline(always)]
pub(crate) fn asinhc(t: f64) -> f64 {
    if t < 1e-9 {
        1.0 - t * t / 6.0
    } else {
        asinh(t) / t
    }
}
