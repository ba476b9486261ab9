//! The operations on single rows of f64, for the fused CPU path.
//!
//! Everything is a triangle with one corner at the origin, of which two sides and the angle between
//! them are known. Hyperbolic sines enter by their square roots, half-angles by their sines, so that
//! no intermediate number is greater than e^{r/2} and nothing is subtracted from 1.

use crate::numerics::across::{Across, pivot};
use crate::numerics::double_double::{two_product, two_sum};
use crate::numerics::lanes::{dot, exact_square, methods_for_each_processor, stretch_to};

/// Below this distance from the origin (times √c) a point counts as the origin, where the radial
/// direction has no meaning; that moves it by less than 1e-100/√c.
const ORIGIN: f64 = 1e-100;

/// √c|z| of the farthest points: e^ρ is squared by no operation, and is finite up to 709.
pub(super) const EDGE: f64 = 700.0;

/// Hyperbolic space of curvature −c in normal coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polar {
    root_c: f64,
    /// √c − `root_c`
    root_c_low: f64,
    inverse_root_c: f64,
}

/// The kernels as functions of whole rows.
pub(crate) mod kernels {
    use super::{Polar, methods_for_each_processor};

    methods_for_each_processor! {
        Polar {
            fn dist(x: &[f64], y: &[f64]) -> f64;
            fn log(x: &[f64], y: &[f64], out: &mut [f64]);
            fn log_in_frame(x: &[f64], y: &[f64], out: &mut [f64]);
            fn exp(x: &[f64], v: &[f64], out: &mut [f64]);
            fn exp_in_frame(x: &[f64], u: &[f64], out: &mut [f64]);
            fn retract(x: &[f64], v: &[f64], out: &mut [f64]);
            fn project(z: &mut [f64]);
            fn transport(x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]);
            fn transport_in_frame(x: &[f64], y: &[f64], u: &[f64], out: &mut [f64]);
            fn stretch_across(x: &[f64], v: &[f64], out: &mut [f64]);
            fn shrink_across(x: &[f64], u: &[f64], out: &mut [f64]);
            fn inner(x: &[f64], u: &[f64], v: &[f64]) -> f64;
            fn norm(x: &[f64], v: &[f64]) -> f64;
            fn rgrad(x: &[f64], egrad: &[f64], out: &mut [f64]);
            fn distance_to_hyperplane(x: &[f64], direction: &[f64], offset: f64) -> f64;
            fn chord(x: &[f64], direction: &[f64]) -> f64;
        }
    }
}

/// A side of a triangle, times √c: its length, what the length has beyond an f64, and the root of its
/// hyperbolic sine. e^r feels a rounding of r r-fold.
#[derive(Clone, Copy)]
struct Side {
    length: f64,
    low: f64,
    root_sinh: f64,
}

impl Side {
    /// A side of length `length` + `low`.
    #[inline(always)]
    fn new(length: f64, low: f64) -> Self {
        let root_sinh = (0.5 * length).exp() * (-0.5 * (-2.0 * length).exp_m1()).sqrt();
        let correction = if low == 0.0 {
            1.0
        } else {
            1.0 + 0.5 * low / length.tanh()
        };
        Self {
            length,
            low,
            root_sinh: root_sinh * correction,
        }
    }

    /// sinh(Δ/2) and cosh(Δ/2) of the difference Δ to another side.
    #[inline(always)]
    fn half_difference(&self, other: &Self) -> (f64, f64) {
        let (high, error) = two_sum(self.length, -other.length);
        let (half, low) = (0.5 * high, 0.5 * (error + (self.low - other.low)));
        let (sinh, cosh) = (half.sinh(), half.cosh());
        (low.mul_add(cosh, sinh), low.mul_add(sinh, cosh))
    }

    /// sinh(length)/length.
    #[inline(always)]
    fn stretch(&self) -> f64 {
        if self.length < 1e-5 {
            1.0 + self.length * self.length / 6.0
        } else {
            self.root_sinh * (self.root_sinh / self.length)
        }
    }
}

/// A point: its distance from the origin in coordinates and as a side.
#[derive(Clone, Copy)]
struct Base {
    square: (f64, f64),
    norm: f64,
    side: Side,
    at_origin: bool,
}

/// An angle between 0 and π by its half.
#[derive(Clone, Copy)]
struct HalfAngle {
    cos: f64,
    sin: f64,
}

impl HalfAngle {
    /// Half the angle of a vector with a component along an axis and one across it, ≥ 0; and the
    /// length of the vector.
    #[inline(always)]
    fn new(along: f64, across: f64) -> (Self, f64) {
        let length = along.hypot(across);
        let (cos, sin) = (along / length, across / length);
        let half = if along >= 0.0 {
            let half_cos = (0.5 + 0.5 * cos).sqrt();
            Self {
                cos: half_cos,
                sin: 0.5 * sin / half_cos,
            }
        } else {
            let half_sin = (0.5 - 0.5 * cos).sqrt();
            Self {
                cos: 0.5 * sin / half_sin,
                sin: half_sin,
            }
        };
        (half, length)
    }

    /// Half of what is missing to π.
    #[inline(always)]
    fn supplement(self) -> Self {
        Self {
            cos: self.sin,
            sin: self.cos,
        }
    }
}

/// The third side of a triangle, and the angle where it meets the first.
#[derive(Clone, Copy)]
struct Third {
    length: f64,
    cos: f64,
    sin: f64,
}

/// sinh(length/2) of the third side, from its parts: the difference Δ of the first two and their
/// angle θ.
///
/// sinh²(d/2) = sinh²(Δ/2) + sinh a sinh b sin²(θ/2)
#[derive(Clone, Copy)]
struct HalfSinh {
    radial: f64,
    /// cosh(Δ/2)
    radial_cosh: f64,
    angular: f64,
    both: f64,
}

impl HalfSinh {
    #[inline(always)]
    fn new(first: Side, second: Side, angle: HalfAngle) -> Self {
        let (radial, radial_cosh) = first.half_difference(&second);
        let angular = first.root_sinh * (second.root_sinh * angle.sin);
        Self {
            radial,
            radial_cosh,
            angular,
            both: radial.hypot(angular),
        }
    }
}

/// Solves a triangle by two sides and the angle between them:
///
/// ```text
/// sinh a sinh d cos β = sinh Δ sinh a + (1 − cos θ) sinh a sinh b cosh a
///        sinh d sin β = sinh b sin θ
/// ```
/// both divided by sinh d = 2 sinh(d/2) cosh(d/2).
#[inline(always)]
fn third_side(first: Side, second: Side, angle: HalfAngle) -> Third {
    let half = HalfSinh::new(first, second, angle);
    if half.both == 0.0 {
        return Third {
            length: 0.0,
            cos: 1.0,
            sin: 0.0,
        };
    }
    let inverse_cosh = 1.0 / half.both.hypot(1.0);
    let (radial, angular) = (half.radial / half.both, half.angular / half.both);
    let along = radial * half.radial_cosh + angular * half.angular / first.length.tanh();
    let across = angular * angle.cos * (second.root_sinh / first.root_sinh);
    Third {
        length: 2.0 * half.both.asinh(),
        cos: along * inverse_cosh,
        sin: across * inverse_cosh,
    }
}

impl Polar {
    pub(crate) fn new(c: f64) -> Self {
        let root_c = c.sqrt();
        Self {
            root_c,
            root_c_low: (-root_c).mul_add(root_c, c) / (2.0 * root_c),
            inverse_root_c: 1.0 / root_c,
        }
    }

    /// The radius is kept in two numbers: e^r feels its rounding r-fold.
    #[inline(always)]
    fn base(&self, x: &[f64]) -> Base {
        let square = exact_square(x);
        let norm = square.0.sqrt();
        let at_origin = self.root_c * norm < ORIGIN;
        let side = if at_origin {
            Side {
                length: 0.0,
                low: 0.0,
                root_sinh: 0.0,
            }
        } else {
            let norm_low = ((-norm).mul_add(norm, square.0) + square.1) / (2.0 * norm);
            let (length, error) = two_product(self.root_c, norm);
            let low = self.root_c_low.mul_add(norm, self.root_c * norm_low) + error;
            Side::new(length, low)
        };
        Base {
            square,
            norm,
            side,
            at_origin,
        }
    }

    /// The part of u across the point x.
    #[inline(always)]
    fn across(base: &Base, x: &[f64], u: &[f64]) -> Across {
        Across::new(x, u, pivot(x), base.square.0)
    }

    #[inline(always)]
    pub(crate) fn dist(&self, x: &[f64], y: &[f64]) -> f64 {
        let (p, q) = (self.base(x), self.base(y));
        match (p.at_origin, q.at_origin) {
            (false, false) => {}
            (true, false) => return q.norm,
            (false, true) => return p.norm,
            // Both may be beside it.
            (true, true) => {
                let squares = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y));
                return squares.sum::<f64>().sqrt();
            }
        }
        let across = Self::across(&p, x, y).square.sqrt();
        let (angle, _) = HalfAngle::new(dot(x, y) / p.norm, across);
        let half = HalfSinh::new(p.side, q.side, angle);
        2.0 * self.inverse_root_c * half.both.asinh()
    }

    /// y as seen from x, in the frame at x: the part along the radius, and the factor of the part
    /// of y across x.
    #[inline(always)]
    fn seen(&self, p: &Base, x: &[f64], y: &[f64]) -> (f64, f64, Across) {
        let q = self.base(y);
        if q.at_origin {
            return (-1.0, 0.0, Across::NONE);
        }
        let across = Self::across(p, x, y);
        let across_norm = across.square.sqrt();
        let (angle, _) = HalfAngle::new(dot(x, y) / p.norm, across_norm);
        let third = third_side(p.side, q.side, angle);
        let length = self.inverse_root_c * third.length;
        let sideways = if across_norm > 0.0 {
            length * third.sin / across_norm
        } else {
            0.0
        };
        (-length * third.cos / p.norm, sideways, across)
    }

    #[inline(always)]
    pub(crate) fn log_in_frame(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        if p.at_origin {
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                *out = y - x;
            }
            return;
        }
        let (along, sideways, across) = self.seen(&p, x, y);
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = along.mul_add(x, sideways * across.coordinate(x, y));
        }
    }

    #[inline(always)]
    pub(crate) fn log(&self, x: &[f64], y: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        if p.at_origin {
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                *out = y - x;
            }
            return;
        }
        let (along, sideways, across) = self.seen(&p, x, y);
        let sideways = sideways / p.side.stretch();
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = along.mul_add(x, sideways * across.coordinate(x, y));
        }
    }

    /// The exponential map; an end beyond twice the edge is put at the edge.
    #[inline(always)]
    pub(crate) fn exp(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        let stretch = |p: &Base| p.side.stretch();
        self.exp_stretched(x, v, stretch, out);
        self.end(out, |out| self.endless(x, v, stretch, out));
    }

    /// [`exp`](Self::exp) of a vector in the frame.
    #[inline(always)]
    pub(crate) fn exp_in_frame(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        self.exp_stretched(x, u, |_| 1.0, out);
        self.end(out, |out| self.endless(x, u, |_| 1.0, out));
    }

    /// x + v, pulled back to the edge.
    #[inline(always)]
    pub(crate) fn retract(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        for ((out, x), v) in out.iter_mut().zip(x).zip(v) {
            *out = x + v;
        }
        self.settle(out);
    }

    /// z, pulled back along its ray to the edge where it is beyond.
    #[inline(always)]
    pub(crate) fn project(&self, z: &mut [f64]) {
        self.settle(z);
    }

    /// Pulls a point beyond the edge back along its ray.
    #[inline(always)]
    fn settle(&self, z: &mut [f64]) {
        let farthest = EDGE * self.inverse_root_c;
        if dot(z, z) <= farthest * farthest {
            return;
        }
        stretch_to(z, farthest);
    }

    /// Puts the end of a step beyond twice the edge at the edge: along its ray, or where it is not finite in the
    /// direction that `again` computes.
    #[inline(always)]
    fn end(&self, z: &mut [f64], again: impl FnOnce(&mut [f64])) {
        let farthest = 2.0 * EDGE * self.inverse_root_c;
        if dot(z, z) <= farthest * farthest {
            return;
        }
        if !z.iter().all(|z| z.is_finite()) {
            again(z);
        }
        stretch_to(z, EDGE * self.inverse_root_c);
    }

    /// The direction in which the geodesic from x along v ends: at an angle θ to x with
    /// tan θ = sin φ/(cos φ cosh ρ + sinh ρ) for v at an angle φ to x.
    #[cold]
    #[inline(never)]
    fn endless(&self, x: &[f64], v: &[f64], stretch: impl Fn(&Base) -> f64, out: &mut [f64]) {
        out.copy_from_slice(v);
        stretch_to(out, 1.0);
        let p = self.base(x);
        if p.at_origin {
            return;
        }
        let across = Self::across(&p, x, out);
        let across_norm = across.square.sqrt();
        let (along, sideways) = (dot(x, out) / p.norm, stretch(&p) * across_norm);
        let length = along.hypot(sideways);
        let (cos, sin) = (along / length, sideways / length);
        let tanh = p.side.length.tanh();
        let sech = 1.0 / p.side.length.cosh();
        let along = if cos >= 0.0 {
            cos + tanh
        } else {
            // tanh ρ − 1 = −e^{−ρ}/cosh ρ
            sin * sin / (1.0 - cos) - (-p.side.length).exp() * sech
        };
        let on_x = along / p.norm;
        let on_across = if across_norm > 0.0 {
            sin * sech / across_norm
        } else {
            0.0
        };
        for (out, &x) in out.iter_mut().zip(x) {
            *out = on_x.mul_add(x, on_across * across.coordinate(x, *out));
        }
    }

    /// The exponential map of a vector whose part across x is to be multiplied by `stretch`. Not finite
    /// where e^{r/2} overflows, far beyond the edge.
    #[inline(always)]
    fn exp_stretched(&self, x: &[f64], v: &[f64], stretch: impl Fn(&Base) -> f64, out: &mut [f64]) {
        let p = self.base(x);
        if p.at_origin {
            for ((out, &x), &v) in out.iter_mut().zip(x).zip(v) {
                *out = x + v;
            }
            return;
        }
        let across = Self::across(&p, x, v);
        let across_norm = across.square.sqrt();
        let (along, sideways) = (dot(x, v) / p.norm, stretch(&p) * across_norm);
        let (angle, length) = HalfAngle::new(along, sideways);
        if length == 0.0 {
            out.copy_from_slice(x);
            return;
        }
        let step = Side::new(self.root_c * length, 0.0);
        let third = third_side(p.side, step, angle.supplement());
        let radius = self.inverse_root_c * third.length;
        let on_x = radius * third.cos / p.norm;
        let on_across = if across_norm > 0.0 {
            radius * third.sin / across_norm
        } else {
            0.0
        };
        for ((out, &x), &v) in out.iter_mut().zip(x).zip(v) {
            *out = on_x.mul_add(x, on_across * across.coordinate(x, v));
        }
    }

    /// Turns u in the plane of x and y by the area of the triangle (0, x, y), from y towards x:
    /// with T = tanh(√c|x|/2) tanh(√c|y|/2) the tangent of half the area is T sin θ/(1 − T cos θ).
    #[inline(always)]
    pub(crate) fn transport_in_frame(&self, x: &[f64], y: &[f64], u: &[f64], out: &mut [f64]) {
        out.copy_from_slice(u);
        self.turn(&self.base(x), x, y, out);
    }

    #[inline(always)]
    fn turn(&self, p: &Base, x: &[f64], y: &[f64], u: &mut [f64]) {
        let q = self.base(y);
        if p.at_origin || q.at_origin {
            return;
        }
        let across = Self::across(p, x, y);
        let across_norm = across.square.sqrt();
        if across_norm == 0.0 {
            return;
        }
        let (angle, _) = HalfAngle::new(dot(x, y) / p.norm, across_norm);
        let rest = |side: Side| 2.0 / (side.length.exp() + 1.0);
        let (p_rest, q_rest) = (rest(p.side), rest(q.side));
        let tanh = (1.0 - p_rest) * (1.0 - q_rest);
        let real = p_rest + (1.0 - p_rest) * q_rest + 2.0 * tanh * angle.sin * angle.sin;
        let imaginary = 2.0 * tanh * angle.sin * angle.cos;
        let size = real.hypot(imaginary);
        let (half_cos, half_sin) = (real / size, imaginary / size);
        let (sin, cos_less_1) = (2.0 * half_cos * half_sin, -2.0 * half_sin * half_sin);
        let (mut along, mut sideways) = (0.0, 0.0);
        for ((&u, &x), &y) in u.iter().zip(x).zip(y) {
            along = u.mul_add(x, along);
            sideways = u.mul_add(across.coordinate(x, y), sideways);
        }
        let (along, sideways) = (along / p.norm, sideways / across_norm);
        let on_x = cos_less_1.mul_add(along, sin * sideways) / p.norm;
        let on_across = cos_less_1.mul_add(sideways, -sin * along) / across_norm;
        for ((u, &x), &y) in u.iter_mut().zip(x).zip(y) {
            *u += on_x.mul_add(x, on_across * across.coordinate(x, y));
        }
    }

    #[inline(always)]
    pub(crate) fn transport(&self, x: &[f64], y: &[f64], v: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        out.copy_from_slice(v);
        Self::scale_across(&p, x, out, p.side.stretch());
        self.turn(&p, x, y, out);
        let q = self.base(y);
        Self::scale_across(&q, y, out, 1.0 / q.side.stretch());
    }

    /// Multiplies the part of v across x by a factor.
    #[inline(always)]
    fn scale_across(p: &Base, x: &[f64], v: &mut [f64], factor: f64) {
        if p.at_origin {
            return;
        }
        let across = Self::across(p, x, v);
        let along = dot(x, v) / p.square.0;
        for (v, &x) in v.iter_mut().zip(x) {
            *v = along.mul_add(x, factor * across.coordinate(x, *v));
        }
    }

    #[inline(always)]
    pub(crate) fn stretch_across(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        out.copy_from_slice(v);
        Self::scale_across(&p, x, out, p.side.stretch());
    }

    #[inline(always)]
    pub(crate) fn shrink_across(&self, x: &[f64], u: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        out.copy_from_slice(u);
        Self::scale_across(&p, x, out, 1.0 / p.side.stretch());
    }

    /// As [`shrink_across`](Self::shrink_across) twice.
    #[inline(always)]
    pub(crate) fn rgrad(&self, x: &[f64], egrad: &[f64], out: &mut [f64]) {
        let p = self.base(x);
        let shrink = 1.0 / p.side.stretch();
        out.copy_from_slice(egrad);
        Self::scale_across(&p, x, out, shrink * shrink);
    }

    #[inline(always)]
    pub(crate) fn inner(&self, x: &[f64], u: &[f64], v: &[f64]) -> f64 {
        let p = self.base(x);
        if p.at_origin {
            return dot(u, v);
        }
        let stretch = p.side.stretch();
        let (across_u, across_v) = (Self::across(&p, x, u), Self::across(&p, x, v));
        let mut across = 0.0;
        for ((&x, &u), &v) in x.iter().zip(u).zip(v) {
            let u = stretch * across_u.coordinate(x, u);
            across = (stretch * across_v.coordinate(x, v)).mul_add(u, across);
        }
        (dot(x, u) / p.norm).mul_add(dot(x, v) / p.norm, across)
    }

    #[inline(always)]
    pub(crate) fn norm(&self, x: &[f64], v: &[f64]) -> f64 {
        let p = self.base(x);
        if p.at_origin {
            return dot(v, v).sqrt();
        }
        let across = p.side.stretch() * Self::across(&p, x, v).square.sqrt();
        (dot(x, v) / p.norm).hypot(across)
    }

    /// 1 − |cos θ| of the angle between two vectors that are not 0.
    #[inline(always)]
    pub(crate) fn chord(&self, x: &[f64], direction: &[f64]) -> f64 {
        let p = self.base(x);
        let across = Self::across(&p, x, direction).square.sqrt();
        let (angle, _) = HalfAngle::new((dot(x, direction) / p.norm).abs(), across);
        2.0 * angle.sin * angle.sin
    }

    /// asinh of cosh a sinh r cos θ − sinh a cosh r, where θ is the angle to the direction. Where x lies near
    /// the direction or opposite to it these nearly cancel, and it is written as
    /// sinh(r − a) − 2 sin²(θ/2) cosh a sinh r or 2 cos²(θ/2) cosh a sinh r − sinh(r + a).
    #[inline(always)]
    pub(crate) fn distance_to_hyperplane(&self, x: &[f64], direction: &[f64], offset: f64) -> f64 {
        let p = self.base(x);
        let offset = self.root_c * offset;
        let direction_norm = dot(direction, direction).sqrt();
        if p.at_origin || direction_norm == 0.0 {
            return -offset * self.inverse_root_c;
        }
        let along = dot(x, direction) / p.norm;
        // √(cosh a sinh r), as √cosh a = e^{|a|/2} √((1 + e^{−2|a|})/2)
        let root_cosh =
            (0.5 * offset.abs()).exp() * (0.5 + 0.5 * (-2.0 * offset.abs()).exp()).sqrt();
        let root = root_cosh * p.side.root_sinh;
        let cos = along / direction_norm;
        if cos.abs() <= COS_ASIDE {
            return self.inverse_root_c * distance_aside(&p.side, offset, root, cos);
        }
        let across = Self::across(&p, x, direction).square.sqrt();
        let (angle, _) = HalfAngle::new(along, across);
        let acute = along >= 0.0;
        let (rapidity, half) = if acute {
            (p.side.length - offset, angle.sin)
        } else {
            (p.side.length + offset, angle.cos)
        };
        let signed = asinh_of_difference(rapidity, root * half);
        self.inverse_root_c * if acute { signed } else { -signed }
    }
}

/// |cos θ| up to which a point lies aside of a direction: cosh a sinh r cos θ and sinh a cosh r are alike
/// for small a only.
pub(in crate::manifolds::hyperbolic) const COS_ASIDE: f64 = 0.5;

/// asinh(root² cos θ − sinh a cosh r).
#[inline(always)]
fn distance_aside(side: &Side, offset: f64, root: f64, cos: f64) -> f64 {
    /// The sum of the arguments up to which no product overflows.
    const MODERATE: f64 = 600.0;
    let size = offset.abs();
    if side.length + size < MODERATE {
        let cosh = side.length.cosh() * side.low.mul_add(side.length.tanh(), 1.0);
        return (root * root).mul_add(cos, -offset.sinh() * cosh).asinh();
    }
    // ln 2 sinh|a|, and ln 2 cosh r.
    let log_sinh = size + (-(-2.0 * size).exp_m1()).ln();
    let log_cosh = side.length + side.low + (-2.0 * side.length).exp().ln_1p();
    let log_product = 2.0 * root.ln() + cos.abs().ln() + std::f64::consts::LN_2;
    let log_other = log_sinh + log_cosh - std::f64::consts::LN_2;
    asinh_of_half((cos, log_product), (offset, log_other))
}

/// asinh(sinh t − 2g²) for g ≥ 0, also where the squares and the sines overflow.
#[inline(always)]
fn asinh_of_difference(t: f64, g: f64) -> f64 {
    let bend = 2.0 * g.ln() + 2.0 * std::f64::consts::LN_2;
    if t.abs() < 2.0 * FAR && bend < 2.0 * FAR {
        return (t.sinh() - 2.0 * g * g).asinh();
    }
    // Twice the argument is ±e^{|t|} − e^{bend}, up to e^{−80}.
    asinh_of_half((t, t.abs()), (1.0, bend))
}

/// Beyond it a hyperbolic sine is half an exponential.
const FAR: f64 = 40.0;

/// asinh of half the difference of ±e^p and ±e^q, each given with a number of its sign; p or q is large.
#[inline(always)]
fn asinh_of_half((sign_p, p): (f64, f64), (sign_q, q): (f64, f64)) -> f64 {
    // The larger is taken out.
    let top = p.max(q);
    let inner = (p - top).exp().copysign(sign_p) - (q - top).exp().copysign(sign_q);
    if inner == 0.0 {
        return 0.0;
    }
    // asinh(w/2) of w = inner · e^top, by logarithms where it is far from 0.
    let log = inner.abs().ln() + top;
    if log > FAR {
        log.copysign(inner)
    } else {
        (0.5 * log.exp().copysign(inner)).asinh()
    }
}
