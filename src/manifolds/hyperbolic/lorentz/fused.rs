//! The hyperboloid's operations on single rows of f64, for the fused CPU path.
//!
//! A row is a point or tangent without its time coordinate, which follows from the rest. Vectors
//! are split into a part along the base point's spatial direction x̂ and a part across, which
//! [`Across`] keeps to full relative precision: far from the origin the part along is longer by
//! e^distance, and an angle of one rounding moves the end of a geodesic by as much.

use crate::manifolds::hyperbolic::scalars::{
    asinh_of_root, length_over_sinh, radial_growth, sinhc,
};
use crate::numerics::across::{Across, pivot};
use crate::numerics::lanes::{
    difference, dot, exact_square, methods_for_each_processor, stretch_to,
};

/// Below this spatial norm (times √c) a point counts as the origin, where the radial direction has
/// no meaning; it costs a relative 1e-100.
const ORIGIN: f64 = 1e-100;

/// A number beyond which squares are taken of scaled numbers, or they would overflow, and the scale, 2⁻⁵¹².
const LONG: f64 = 1e150;
const SCALE_OF_LONG: f64 = 7.458_340_731_200_207e-155;

/// The hyperboloid of curvature −c.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hyperboloid {
    c: f64,
    pub(super) root_c: f64,
    pub(super) inverse_c: f64,
    inverse_root_c: f64,
}

/// The kernels as functions of whole rows.
pub(crate) mod kernels {
    use super::{Hyperboloid, methods_for_each_processor};

    methods_for_each_processor! {
        Hyperboloid {
            fn tangent_time(x: &[f64], v: &[f64]) -> f64;
            fn dist(x: &[f64], y: &[f64]) -> f64;
            fn log(x: &[f64], y: &[f64], out: &mut [f64]);
            fn exp(x: &[f64], u: &[f64], edge: f64, point: &mut [f64]);
            fn retract(x: &[f64], u: &[f64], edge: f64, point: &mut [f64]);
            fn project(x: &[f64], edge: f64, point: &mut [f64]);
            fn transport(x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]);
            fn inner(x: &[f64], u: &[f64], v: &[f64]) -> f64;
            fn norm(x: &[f64], v: &[f64]) -> f64;
            fn rgrad(x: &[f64], egrad: &[f64], out: &mut [f64]);
        }
    }
}

/// A base point: its spatial square and norm, and its time.
#[derive(Clone, Copy)]
struct Base {
    square: f64,
    norm: f64,
    time: f64,
    at_origin: bool,
}

/// The lengths of two points, and what follows from them alone.
#[derive(Clone, Copy)]
struct Lengths {
    p: Base,
    norm_q: f64,
    time_q: f64,
    /// |p||q|
    norms: f64,
    /// p·q
    xy: f64,
    /// sinh Δ, for the difference Δ of the distances from the origin, times √c
    sinh_radial: f64,
    /// sinh²(Δ/2)
    radial: f64,
}

impl Lengths {
    /// |p||q| − p·q, from the part of q across p.
    #[inline(always)]
    fn deficit(&self, across: &Across) -> f64 {
        std::hint::select_unpredictable(
            self.xy > 0.0,
            across.square_times_xx_over(self.norms + self.xy),
            self.norms - self.xy,
        )
    }
}

/// How q lies as seen from p.
#[derive(Clone, Copy)]
struct Pair {
    lengths: Lengths,
    /// The part of q across p.
    across: Across,
    /// |p||q| − p·q
    deficit: f64,
    /// sinh²(√c dist/2)
    half_sinh_squared: f64,
}

impl Hyperboloid {
    pub(crate) fn new(c: f64) -> Self {
        let root_c = c.sqrt();
        Self {
            c,
            root_c,
            inverse_c: 1.0 / c,
            inverse_root_c: 1.0 / root_c,
        }
    }

    #[inline(always)]
    pub(crate) fn time(&self, x: &[f64]) -> f64 {
        self.time_of_square(dot(x, x))
    }

    /// x·v/x₀, the time coordinate of the tangent v at x.
    #[inline(always)]
    pub(crate) fn tangent_time(&self, x: &[f64], v: &[f64]) -> f64 {
        dot(x, v) / self.time(x)
    }

    /// √(1/c + r²) of r².
    #[inline(always)]
    pub(super) fn time_of_square(&self, square: f64) -> f64 {
        (self.inverse_c + square).sqrt()
    }

    #[inline(always)]
    fn base(&self, x: &[f64]) -> Base {
        self.base_of_square(dot(x, x))
    }

    #[inline(always)]
    fn base_of_square(&self, square: f64) -> Base {
        let norm = square.sqrt();
        let at_origin = self.root_c * norm < ORIGIN;
        Base {
            square,
            norm,
            time: self.time_of_square(square),
            at_origin,
        }
    }

    /// The part of u across the base point x.
    #[inline(always)]
    fn across(base: &Base, x: &[f64], u: &[f64]) -> Across {
        if base.at_origin {
            Across::NONE
        } else {
            Across::new(x, u, pivot(x), base.square)
        }
    }

    #[inline(always)]
    fn lengths(&self, x: &[f64], y: &[f64]) -> Lengths {
        let (x_square, y_square) = (exact_square(x), exact_square(y));
        let (p, yy, xy) = (self.base_of_square(x_square.0), y_square.0, dot(x, y));
        let norm_q = yy.sqrt();
        let time_q = self.time_of_square(yy);
        let cross = norm_q.mul_add(p.time, p.norm * time_q);
        let (sinh_radial, radial) = if cross > 0.0 {
            let difference = difference(y_square, x_square);
            let scale = if difference.abs().max(cross) > LONG {
                SCALE_OF_LONG
            } else {
                1.0
            };
            let (difference, cross) = (difference * scale, cross * scale);
            // sinhΔ = difference/cross; sinh²Δ/(2(1 + cosh Δ)) with one division
            let root = difference.mul_add(difference, cross * cross).sqrt();
            (
                difference / cross,
                0.5 * difference * difference / (cross * (cross + root)),
            )
        } else {
            (0.0, 0.0)
        };
        Lengths {
            p,
            norm_q,
            time_q,
            norms: p.norm * norm_q,
            xy,
            sinh_radial,
            radial,
        }
    }

    #[inline(always)]
    fn pair(&self, x: &[f64], y: &[f64]) -> Pair {
        let lengths = self.lengths(x, y);
        let across = Self::across(&lengths.p, x, y);
        let deficit = lengths.deficit(&across);
        let half_sinh_squared = (0.5 * self.c).mul_add(deficit, lengths.radial);
        Pair {
            lengths,
            across,
            deficit,
            half_sinh_squared,
        }
    }

    #[inline(always)]
    pub(crate) fn dist(&self, x: &[f64], y: &[f64]) -> f64 {
        let lengths = self.lengths(x, y);
        // From an angle of 60° on, the difference keeps its digits.
        let plain = lengths.norms - lengths.xy;
        let deficit = if plain >= 0.5 * lengths.norms {
            plain
        } else {
            lengths.deficit(&Self::across(&lengths.p, x, y))
        };
        let half_sinh_squared = (0.5 * self.c).mul_add(deficit, lengths.radial);
        2.0 * self.inverse_root_c * asinh_of_root(half_sinh_squared).0
    }

    /// The part along x̂ is x₀(sinhΔ − c x₀(|y| − y·x̂)), the part across is that of y; both
    /// times D/sinh D.
    #[inline(always)]
    pub(crate) fn log(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let pair = self.pair(x, y);
        let factor = length_over_sinh(pair.half_sinh_squared);
        if pair.lengths.p.at_origin {
            for (out, y) in out.iter_mut().zip(y) {
                *out = factor * y;
            }
            return;
        }
        let inverse_norm = 1.0 / pair.lengths.p.norm;
        let bend = self.c * pair.lengths.p.time * (pair.deficit * inverse_norm);
        let along = factor * pair.lengths.p.time * (pair.lengths.sinh_radial - bend) * inverse_norm;
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = along.mul_add(x, factor * pair.across.coordinate(x, y));
        }
    }

    /// The Riemannian component of a tangent along x̂, u·x̂/(√c x₀).
    #[inline(always)]
    fn along(&self, base: &Base, x: &[f64], u: &[f64]) -> f64 {
        if base.at_origin {
            0.0
        } else {
            dot(u, x) / base.norm / (self.root_c * base.time)
        }
    }

    #[inline(always)]
    pub(crate) fn norm(&self, x: &[f64], u: &[f64]) -> f64 {
        let base = self.base(x);
        if base.at_origin {
            return dot(u, u).sqrt();
        }
        let along = self.along(&base, x, u);
        along
            .mul_add(along, Self::across(&base, x, u).square)
            .sqrt()
    }

    #[inline(always)]
    pub(crate) fn inner(&self, x: &[f64], u: &[f64], v: &[f64]) -> f64 {
        let base = self.base(x);
        if base.at_origin {
            return dot(u, v);
        }
        let (across_u, across_v) = (Self::across(&base, x, u), Self::across(&base, x, v));
        let mut across = 0.0;
        for ((&x, &u), &v) in x.iter().zip(u).zip(v) {
            across = across_u
                .coordinate(x, u)
                .mul_add(across_v.coordinate(x, v), across);
        }
        self.along(&base, x, u)
            .mul_add(self.along(&base, x, v), across)
    }

    /// The exponential map, pulled back to the edge.
    ///
    /// With ρ the distance of x from the origin (times √c), n the length of u and φ its angle to
    /// x̂: the part along is (sinh(ρ − n) + (1 + cos φ) sinh n cosh ρ)/√c inwards, and
    /// cosh(n)|x| + sinh(n)/n u·x̂ outwards; the part across is sinh(n)/n u_⊥.
    #[inline(always)]
    pub(crate) fn exp(&self, x: &[f64], u: &[f64], edge: f64, point: &mut [f64]) {
        let spatial = &mut point[1..];
        self.exp_spatial(x, u, spatial);
        self.settle(edge, point, |spatial| self.endless(x, u, spatial));
    }

    /// The spatial part of p + v, pulled back to the edge.
    #[inline(always)]
    pub(crate) fn retract(&self, x: &[f64], u: &[f64], edge: f64, point: &mut [f64]) {
        for ((out, x), u) in point[1..].iter_mut().zip(x).zip(u) {
            *out = x + u;
        }
        self.settle(edge, point, |_| {});
    }

    /// The point with the spatial part x, pulled back to the edge.
    #[inline(always)]
    pub(crate) fn project(&self, x: &[f64], edge: f64, point: &mut [f64]) {
        point[1..].copy_from_slice(x);
        self.settle(edge, point, |_| {});
    }

    /// The spatial length at the edge.
    #[inline(always)]
    fn farthest(&self, edge: f64) -> f64 {
        edge * self.inverse_root_c.min(1.0)
    }

    /// Completes the point whose spatial part is there. One beyond the edge is pulled back along its ray;
    /// one whose coordinates overflowed is `again` computed first, by its direction alone.
    #[inline(always)]
    fn settle(&self, edge: f64, point: &mut [f64], again: impl FnOnce(&mut [f64])) {
        let farthest = self.farthest(edge);
        let square = dot(&point[1..], &point[1..]);
        if square <= farthest * farthest {
            point[0] = self.time_of_square(square);
            return;
        }
        let spatial = &mut point[1..];
        if !spatial.iter().all(|x| x.is_finite()) {
            again(spatial);
        }
        stretch_to(spatial, farthest);
        point[0] = self.time(&point[1..]);
    }

    /// The direction in which the geodesic from x along u ends: that of exp as its length n grows, over
    /// eⁿ/2.
    #[cold]
    #[inline(never)]
    fn endless(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        out.copy_from_slice(u);
        stretch_to(out, 1.0);
        let base = self.base(x);
        if base.at_origin {
            return;
        }
        let across = Self::across(&base, x, out);
        let along = self.along(&base, x, out);
        let length = along.hypot(across.square.sqrt());
        let (cos, sin) = (along / length, across.square.sqrt() / length);
        let ratio = base.time / base.norm;
        let growth = if cos >= 0.0 {
            cos.mul_add(ratio, 1.0)
        } else {
            // 1 − cosh ρ/sinh ρ = −e^{−ρ}/sinh ρ
            let rest = self.inverse_c / (base.norm * (base.norm + base.time));
            (sin * sin / (1.0 - cos)).mul_add(ratio, -rest)
        };
        let on_across = self.inverse_root_c / length;
        for (out, &x) in out.iter_mut().zip(x) {
            *out = growth.mul_add(x, on_across * across.coordinate(x, *out));
        }
    }

    #[inline(always)]
    fn exp_spatial(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        let base = self.base(x);
        if base.at_origin {
            let n = self.root_c * dot(u, u).sqrt();
            let sinhc = sinhc(n);
            for ((out, x), u) in out.iter_mut().zip(x).zip(u) {
                *out = sinhc.mul_add(*u, *x);
            }
            return;
        }
        let across = Self::across(&base, x, u);
        let along = self.along(&base, x, u);
        let length = along.mul_add(along, across.square).sqrt();
        if length == 0.0 {
            out.copy_from_slice(x);
            return;
        }
        let n = self.root_c * length;
        // sinh n = m(m + 2)/(2(m + 1)) and cosh n − 1 = m²/(2(m + 1)) with m = eⁿ − 1
        let m = n.exp_m1();
        let half = 0.5 * m / (m + 1.0);
        let (sinh_n, cosh_n_minus_1) = (half * (m + 2.0), half * m);
        let (cos, sin) = (along / length, across.square.sqrt() / length);
        let radius = (self.root_c * base.norm, self.root_c * base.time);
        let (kept, growth) = radial_growth(radius, (sinh_n, cosh_n_minus_1), (cos, sin));
        let on_across = sinh_n / n;
        for ((out, &x), &u) in out.iter_mut().zip(x).zip(u) {
            *out = growth.mul_add(x, on_across * across.coordinate(x, u)) + kept * x;
        }
    }

    /// Rotates the components of v along x̂ and along the direction of y across it by ψ, the angle θ
    /// at the origin plus the area of the triangle (0, x, y), and sets them up again at y.
    #[inline(always)]
    pub(crate) fn transport(&self, x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) {
        let pair = self.pair(x, y);
        if pair.lengths.p.at_origin || self.root_c * pair.lengths.norm_q < ORIGIN {
            self.transport_radially(x, y, v, &pair, out);
            return;
        }
        let (x_time, y_time) = (
            self.root_c * pair.lengths.p.time,
            self.root_c * pair.lengths.time_q,
        );
        let across_v = Self::across(&pair.lengths.p, x, v);
        let along = self.along(&pair.lengths.p, x, v);
        let across_norm = pair.across.square.sqrt();
        let inverse_norms = 1.0 / pair.lengths.norms;
        let (cos, sin) = (
            pair.lengths.xy * inverse_norms,
            across_norm / pair.lengths.norm_q,
        );
        // The unit vector ê across x̂ towards y is `toward` times the part of y across x.
        let toward = if across_norm > 0.0 {
            1.0 / across_norm
        } else {
            0.0
        };
        let mut sideways = 0.0;
        for ((&x, &y), &v) in x.iter().zip(y).zip(v) {
            let e = toward * pair.across.coordinate(x, y);
            sideways = e.mul_add(across_v.coordinate(x, v), sideways);
        }
        // T = tanh(ρ_x/2) tanh(ρ_y/2) and 1 − T²
        let tanh =
            self.c * pair.lengths.p.norm * pair.lengths.norm_q / ((1.0 + x_time) * (1.0 + y_time));
        let rest = 2.0 * (x_time / (1.0 + y_time) + y_time / (1.0 + y_time)) / (1.0 + x_time);
        // 1 − 2T cos θ + T² = (1 − T)² + 2T (1 − cos θ)
        let (less, one_minus_cos) = (rest / (1.0 + tanh), pair.deficit * inverse_norms);
        let den = less.mul_add(less, 2.0 * tanh * one_minus_cos);
        let sin_turn = sin * rest / den;
        let cos_turn = (less * less - one_minus_cos * tanh.mul_add(tanh, 1.0)) / den;
        let new_along = along * cos_turn + sideways * sin_turn;
        let new_sideways = sideways * cos_turn - along * sin_turn;
        // ŷ = cos x̂ + sin ê and the unit vector across it, ê_y = cos ê − sin x̂.
        let along_y = new_along * y_time / pair.lengths.norm_q;
        let on_x = -new_sideways * sin / pair.lengths.p.norm;
        let on_e = (new_sideways * cos - sideways) * toward;
        for (((out, &x), &y), &v) in out.iter_mut().zip(x).zip(y).zip(v) {
            let e = pair.across.coordinate(x, y);
            *out = along_y * y + on_x * x + on_e * e + across_v.coordinate(x, v);
        }
    }

    /// Transport where one end is the origin: only the part along the radius changes its spatial
    /// length, by the ratio of the times.
    #[inline(always)]
    fn transport_radially(&self, x: &[f64], y: &[f64], v: &[f64], pair: &Pair, out: &mut [f64]) {
        if pair.lengths.p.at_origin {
            let base = self.base(y);
            if base.at_origin {
                out.copy_from_slice(v);
                return;
            }
            let stretch = dot(v, y) * self.c / (1.0 + self.root_c * base.time);
            for ((out, &y), &v) in out.iter_mut().zip(y).zip(v) {
                *out = stretch.mul_add(y, v);
            }
        } else {
            let across = Self::across(&pair.lengths.p, x, v);
            let along = self.along(&pair.lengths.p, x, v) / pair.lengths.p.norm;
            for ((out, &x), &v) in out.iter_mut().zip(x).zip(v) {
                *out = along.mul_add(x, across.coordinate(x, v));
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
