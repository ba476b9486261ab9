//! The hyperboloid's operations on single rows of f64, for the fused CPU path.
//!
//! A row is a point or tangent without its time coordinate, which follows from the rest. Vectors
//! are split into a part along the base point's spatial direction x̂ and a part across; the split
//! is made in double-double, because far from the origin the part along is longer by e^distance.

use crate::manifolds::poincare::fused::{asinh, asinhc};
use crate::numerics::double_double::{DoubleDouble, dot as exact_dot, two_product, two_sum};

/// Below this spatial norm (times √c) a point counts as the origin, where the radial direction has
/// no meaning; it costs a relative 1e-100.
const ORIGIN: f64 = 1e-100;

/// The hyperboloid of curvature −c.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hyperboloid {
    c: f64,
    root_c: f64,
}

#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(y) {
        sum = x.mul_add(*y, sum);
    }
    sum
}

/// A base point: its spatial square, norm and time.
#[derive(Clone, Copy)]
struct Base {
    square: DoubleDouble,
    norm: f64,
    time: f64,
    at_origin: bool,
}

/// How q lies as seen from p.
#[derive(Clone, Copy)]
struct Pair {
    p: Base,
    norm_q: f64,
    time_q: f64,
    /// The quotient (δ·x)/(x·x), which the across part subtracts.
    quotient: DoubleDouble,
    /// |q_⊥|², the part of q across p.
    across_square: f64,
    /// q · p̂
    along_q: f64,
    /// |q| − q·p̂
    gap: f64,
    /// sinh of the difference of the two distances from the origin, times √c
    sinh_radial: f64,
    /// sinh²(√c dist/2)
    half_sinh_squared: f64,
}

impl Hyperboloid {
    pub(crate) fn new(c: f64) -> Self {
        Self {
            c,
            root_c: c.sqrt(),
        }
    }

    #[inline(always)]
    pub(crate) fn time(&self, x: &[f64]) -> f64 {
        self.time_of_norm(dot(x, x).sqrt())
    }

    /// x·v/x₀, the time coordinate of the tangent v at x.
    #[inline(always)]
    pub(crate) fn tangent_time(&self, x: &[f64], v: &[f64]) -> f64 {
        dot(x, v) / self.time(x)
    }

    /// √(1/c + r²), for r up to the largest f64.
    #[inline(always)]
    fn time_of_norm(&self, norm: f64) -> f64 {
        let scaled = self.root_c * norm;
        if scaled < 1e8 {
            scaled.mul_add(scaled, 1.0).sqrt() / self.root_c
        } else {
            norm
        }
    }

    #[inline(always)]
    fn base(&self, x: &[f64]) -> Base {
        let square = exact_dot(x, x);
        let norm = square.high.sqrt();
        let at_origin = self.root_c * norm < ORIGIN;
        Base {
            square,
            norm,
            time: self.time_of_norm(norm),
            at_origin,
        }
    }

    #[inline(always)]
    fn pair(&self, x: &[f64], y: &[f64]) -> Pair {
        let p = self.base(x);
        let (mut square_high, mut square_low) = (0.0, 0.0);
        let (mut high, mut low) = (0.0, 0.0);
        let mut square_q = 0.0;
        for (&x, &y) in x.iter().zip(y) {
            let (d, d_error) = two_sum(y, -x);
            let (product, product_error) = two_product(d, x);
            let (sum, sum_error) = two_sum(high, product);
            high = sum;
            low += d_error.mul_add(x, product_error + sum_error);
            // ⟨δ, x + y⟩ = |y|² − |x|²
            let s = x + y;
            let (product, product_error) = two_product(d, s);
            let (sum, sum_error) = two_sum(square_high, product);
            square_high = sum;
            square_low += d_error.mul_add(s, product_error + sum_error);
            square_q = y.mul_add(y, square_q);
        }
        let norm_q = square_q.sqrt();
        let time_q = self.time_of_norm(norm_q);
        let quotient = if p.at_origin {
            DoubleDouble {
                high: 0.0,
                low: 0.0,
            }
        } else {
            DoubleDouble { high, low }.divided_by(p.square)
        };
        let mut across_square = 0.0;
        for (&x, &y) in x.iter().zip(y) {
            let a = across(x, y, quotient);
            across_square = a.mul_add(a, across_square);
        }
        let along_q = if p.at_origin {
            0.0
        } else {
            p.norm * (1.0 + quotient.high)
        };
        let gap = if along_q > 0.0 {
            across_square / (norm_q + along_q)
        } else {
            norm_q - along_q
        };
        let cross = norm_q.mul_add(p.time, p.norm * time_q);
        let sinh_radial = if cross > 0.0 {
            (square_high + square_low) / cross
        } else {
            0.0
        };
        let hypotenuse = if sinh_radial.abs() < 1e8 {
            sinh_radial.mul_add(sinh_radial, 1.0).sqrt()
        } else {
            sinh_radial.abs()
        };
        let radial = sinh_radial / (2.0 * (1.0 + hypotenuse)) * sinh_radial;
        let angular = if p.at_origin {
            0.0
        } else {
            0.5 * self.c * p.norm * gap
        };
        Pair {
            p,
            norm_q,
            time_q,
            quotient,
            across_square,
            along_q,
            gap,
            sinh_radial,
            half_sinh_squared: radial + angular,
        }
    }

    #[inline(always)]
    pub(crate) fn dist(&self, x: &[f64], y: &[f64]) -> f64 {
        2.0 / self.root_c * asinh(self.pair(x, y).half_sinh_squared.sqrt())
    }

    /// The part along x̂ is x₀(sinhΔ − c x₀(|y| − y·x̂)), the part across is that of y; both
    /// times D/sinh D.
    #[inline(always)]
    pub(crate) fn log(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let pair = self.pair(x, y);
        let half = pair.half_sinh_squared.sqrt();
        let factor = asinhc(half) / (1.0 + pair.half_sinh_squared).sqrt();
        if pair.p.at_origin {
            for (out, y) in out.iter_mut().zip(y) {
                *out = factor * y;
            }
            return;
        }
        let along = pair.p.time * (pair.sinh_radial - self.c * pair.p.time * pair.gap);
        let along = factor * along / pair.p.norm;
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = along.mul_add(x, factor * across(x, y, pair.quotient));
        }
    }

    /// Riemannian components of a tangent along x̂ and across it: u·x̂/(√c x₀) and u − (u·x̂)x̂.
    #[inline(always)]
    fn split(&self, base: &Base, x: &[f64], u: &[f64]) -> (DoubleDouble, f64, f64) {
        if base.at_origin {
            return (
                DoubleDouble {
                    high: 0.0,
                    low: 0.0,
                },
                0.0,
                dot(u, u).sqrt(),
            );
        }
        let quotient = exact_dot(u, x).divided_by(base.square);
        let mut across_square = 0.0;
        for (&x, &u) in x.iter().zip(u) {
            let a = remainder(x, u, quotient);
            across_square = a.mul_add(a, across_square);
        }
        (
            quotient,
            quotient.high * base.norm / (self.root_c * base.time),
            across_square.sqrt(),
        )
    }

    #[inline(always)]
    pub(crate) fn norm(&self, x: &[f64], u: &[f64]) -> f64 {
        let (_, along, across) = self.split(&self.base(x), x, u);
        along.hypot(across)
    }

    #[inline(always)]
    pub(crate) fn inner(&self, x: &[f64], u: &[f64], v: &[f64]) -> f64 {
        let base = self.base(x);
        if base.at_origin {
            return dot(u, v);
        }
        let quotient_u = exact_dot(u, x).divided_by(base.square);
        let quotient_v = exact_dot(v, x).divided_by(base.square);
        let mut across = 0.0;
        for ((&x, &u), &v) in x.iter().zip(u).zip(v) {
            across = remainder(x, u, quotient_u).mul_add(remainder(x, v, quotient_v), across);
        }
        let scale = base.norm / (self.root_c * base.time);
        (quotient_u.high * scale).mul_add(quotient_v.high * scale, across)
    }

    /// With ρ the distance of x from the origin (times √c), n the length of u and φ its angle to
    /// x̂: the part along is (sinh(ρ − n) + (1 + cos φ) sinh n cosh ρ)/√c inwards, and
    /// cosh(n)|x| + sinh(n)/n u·x̂ outwards; the part across is sinh(n)/n u_⊥.
    #[inline(always)]
    pub(crate) fn exp(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        let base = self.base(x);
        let (quotient, along, across_norm) = self.split(&base, x, u);
        let length = along.hypot(across_norm);
        if length == 0.0 {
            out.copy_from_slice(x);
            return;
        }
        let n = self.root_c * length;
        let sinhc = if n < 1e-5 {
            1.0 + n * n / 6.0
        } else {
            n.sinh() / n
        };
        if base.at_origin {
            for (out, u) in out.iter_mut().zip(u) {
                *out = sinhc * u;
            }
            return;
        }
        let (kept, growth) =
            self.radial_growth(&base, n, sinhc, along / length, across_norm / length);
        for ((out, &x), &u) in out.iter_mut().zip(x).zip(u) {
            *out = growth.mul_add(x, sinhc * remainder(x, u, quotient)) + kept * x;
        }
    }

    /// The factor of x in exp, as an exact part, 0 or 1, and the rest: a short step keeps the
    /// digits of x, a long one inwards does not subtract them.
    #[inline(always)]
    fn radial_growth(&self, base: &Base, n: f64, sinhc: f64, cos: f64, sin: f64) -> (f64, f64) {
        let sinh_rho = self.root_c * base.norm;
        let cosh_rho = self.root_c * base.time;
        if cos >= 0.0 {
            let half = (0.5 * n).sinh();
            return (
                1.0,
                2.0 * half * half + sinhc * n * cos * cosh_rho / sinh_rho,
            );
        }
        let rho = asinh(sinh_rho);
        let bend = sin * sin / (1.0 - cos) * n * sinhc * cosh_rho;
        if n < 1.0 {
            // sinh(ρ − n) − sinh ρ = −2 sinh(n/2) cosh(ρ − n/2)
            (
                1.0,
                (bend - 2.0 * (0.5 * n).sinh() * (rho - 0.5 * n).cosh()) / sinh_rho,
            )
        } else {
            (0.0, ((rho - n).sinh() + bend) / sinh_rho)
        }
    }

    /// Rotates the components of v along x̂ and along the direction of y across it by ψ, the angle θ
    /// at the origin plus the area of the triangle (0, x, y), and sets them up again at y.
    #[inline(always)]
    pub(crate) fn transport(&self, x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) {
        let pair = self.pair(x, y);
        let (x_time, y_time) = (self.root_c * pair.p.time, self.root_c * pair.time_q);
        let (quotient, along, _) = self.split(&pair.p, x, v);
        if pair.p.at_origin || self.root_c * pair.norm_q < ORIGIN {
            self.transport_radially(x, y, v, quotient, &pair, out);
            return;
        }
        let across_norm = pair.across_square.sqrt();
        let (cos, sin) = (pair.along_q / pair.norm_q, across_norm / pair.norm_q);
        // Unit vector across x̂ towards y, as `toward · across(y)`.
        let toward = if across_norm > 0.0 {
            1.0 / across_norm
        } else {
            0.0
        };
        let mut sideways = 0.0;
        for ((&x, &y), &v) in x.iter().zip(y).zip(v) {
            sideways =
                (toward * across(x, y, pair.quotient)).mul_add(remainder(x, v, quotient), sideways);
        }
        // T = tanh(ρ_x/2) tanh(ρ_y/2) and 1 − T²
        let tanh = self.c * pair.p.norm * pair.norm_q / ((1.0 + x_time) * (1.0 + y_time));
        let rest = 2.0 * (x_time / (1.0 + y_time) + y_time / (1.0 + y_time)) / (1.0 + x_time);
        // 1 − 2T cos θ + T² = (1 − T)² + 2T (1 − cos θ)
        let (less, one_minus_cos) = (rest / (1.0 + tanh), pair.gap / pair.norm_q);
        let den = less.mul_add(less, 2.0 * tanh * one_minus_cos);
        let sin_turn = sin * rest / den;
        let cos_turn = (less * less - one_minus_cos * tanh.mul_add(tanh, 1.0)) / den;
        let new_along = along * cos_turn + sideways * sin_turn;
        let new_sideways = sideways * cos_turn - along * sin_turn;
        // ŷ and the unit vector across it: ŷ = cos x̂ + sin ê, ê_y = cos ê − sin x̂.
        let along_y = new_along * y_time / pair.norm_q;
        let on_x = -new_sideways * sin / pair.p.norm;
        let on_e = (new_sideways * cos - sideways) * toward;
        for (((out, &x), &y), &v) in out.iter_mut().zip(x).zip(y).zip(v) {
            let e = across(x, y, pair.quotient);
            *out = along_y * y + on_x * x + on_e * e + remainder(x, v, quotient);
        }
    }

    /// Transport where one end is the origin: only the part along the radius changes its spatial
    /// length, by the ratio of the times.
    #[inline(always)]
    fn transport_radially(
        &self,
        x: &[f64],
        y: &[f64],
        v: &[f64],
        quotient: DoubleDouble,
        pair: &Pair,
        out: &mut [f64],
    ) {
        if pair.p.at_origin {
            let base = self.base(y);
            if base.at_origin {
                out.copy_from_slice(v);
                return;
            }
            let along = dot(v, y) / base.square.high;
            let stretch = along * self.c * base.square.high / (1.0 + self.root_c * base.time);
            for ((out, &y), &v) in out.iter_mut().zip(y).zip(v) {
                *out = stretch.mul_add(y, v);
            }
        } else {
            let shrunk = quotient.high / (self.root_c * pair.p.time);
            for ((out, &x), &v) in out.iter_mut().zip(x).zip(v) {
                *out = shrunk.mul_add(x, remainder(x, v, quotient));
            }
        }
    }

    /// egrad + c(x₀ e₀ + x·e) x, spatial part; `egrad` has its time first.
    #[inline(always)]
    pub(crate) fn rgrad(&self, x: &[f64], egrad: &[f64], out: &mut [f64]) {
        let spatial = &egrad[1..];
        let scale = self.c * (self.time(x) * egrad[0] + dot(x, spatial));
        for ((out, &x), &g) in out.iter_mut().zip(x).zip(spatial) {
            *out = scale.mul_add(x, g);
        }
    }
}

/// One coordinate of y − (1 + q)x for a double-double q = (δ·x)/(x·x): the part of y across x.
#[inline(always)]
fn across(x: f64, y: f64, quotient: DoubleDouble) -> f64 {
    let (d, d_error) = two_sum(y, -x);
    let (product, product_error) = two_product(quotient.high, x);
    (d - product) + (d_error - product_error - quotient.low * x)
}

/// One coordinate of u − q x for a double-double q = (u·x)/(x·x): the part of u across x.
#[inline(always)]
fn remainder(x: f64, u: f64, quotient: DoubleDouble) -> f64 {
    let (product, product_error) = two_product(quotient.high, x);
    (u - product) - quotient.low.mul_add(x, product_error)
}
