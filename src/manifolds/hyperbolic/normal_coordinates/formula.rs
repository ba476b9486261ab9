//! The operations as tensor formulas of f64 points, for gradients and for devices without fused
//! kernels.
//!
//! Near the origin, where directions mean nothing, they are smooth functions of squares; beyond
//! [`NEAR`] they are written in radii and unit vectors.

use tch::Tensor;

use super::EuclideanParametrised;
use super::fused::{COS_ASIDE, EDGE};
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::{dot_keep, norm_keep, pull_within, safe_sqrt, special, sum_keep};

/// c|x|² up to which a point is near the origin.
const NEAR: f64 = 0.25;

/// A point by polar coordinates; each `[.., 1]` but the unit vector.
struct Polar {
    /// w = c|x|²
    square: Tensor,
    /// √w
    radius: Tensor,
    /// sinh(√w)/√w
    stretch: Tensor,
    /// cosh √w
    cosh: Tensor,
    far: Tensor,
    /// x/|x| of far points, x of others.
    unit: Tensor,
}

impl Polar {
    fn new(x: &Tensor, c: &Tensor) -> Self {
        let plain = sum_keep(&x.square());
        let square = &plain * c;
        let far = square.gt(NEAR);
        // A division, and not by √c|x|: on an axis it gives 1 without rounding.
        let unit = x / plain.where_self(&far, &plain.ones_like()).sqrt();
        Self {
            radius: safe_sqrt(&square),
            stretch: special::sinhc(&square),
            cosh: special::cosh(&square),
            square,
            far,
            unit,
        }
    }

    fn sinh(&self) -> Tensor {
        &self.stretch * &self.radius
    }

    /// Both points as of here have a direction.
    fn both_far(&self, other: &Self) -> Tensor {
        self.far.logical_and(&other.far)
    }

    /// (cosh r − 1)/r².
    fn versine(&self) -> Tensor {
        special::sinhc(&(&self.square / 4.0)).square() / 2.0
    }

    /// 1/cosh²(r/2) = 1 − |X|² of the point X in the unit ball.
    fn alpha(&self) -> Tensor {
        special::sech_squared(&(&self.square / 4.0))
    }
}

/// √c|u| of the longest step: beyond the way from the origin to the edge, and with a finite sinh.
const LONGEST: f64 = EDGE + 5.0;

/// asinh(size unit²), also where the product overflows.
fn asinh_of_product(size: &Tensor, unit: &Tensor) -> Tensor {
    const LONG: f64 = 200.0;
    let one = size.ones_like();
    let positive = size.where_self(&size.gt(0.0), &one);
    let logarithm = positive.log() + unit.log() * 2.0;
    let long = logarithm.gt(LONG);
    let short = one.where_self(&long, size) * unit.where_self(&long.logical_not(), &one).square();
    (logarithm + std::f64::consts::LN_2).where_self(&long, &special::asinh(&short))
}

/// sinh(√c·dist/2) of two points, whose square would overflow where both are far.
struct HalfSinh {
    /// sinh², in units of the square of `unit`.
    square: Tensor,
    unit: Tensor,
}

impl HalfSinh {
    /// D/sinh D of the distance D times √c, times the square of the unit.
    fn length_over_sinh(&self) -> Tensor {
        let far = self.unit.gt(1.0);
        let one = self.unit.ones_like();
        let square = self.square.where_self(&far.logical_not(), &one);
        let near = special::asinhc(&square) / (square + 1.0).sqrt();
        let apart = far.logical_and(&self.square.gt(0.0));
        let half = self.square.where_self(&apart, &one);
        let root = half.sqrt();
        let cosh = (half + self.unit.square().reciprocal()).sqrt();
        let beyond = special::asinh(&(&root * &self.unit)) / root / cosh;
        beyond.where_self(&apart, &near)
    }
}

/// e^t of half of what `size` is beyond 704, a constant: in the square of this unit e^size is finite. It is 1
/// unless two points are far.
fn unit_of_size(size: &Tensor) -> Tensor {
    ((size.detach() - 704.0).clamp_min(0.0) / 2.0).exp()
}

/// (sinh(t)/t − 1)/t² of w = t² ≤ [`NEAR`].
fn excess(w: &Tensor) -> Tensor {
    const SERIES: [f64; 7] = [
        1.0 / 6.0,
        1.0 / 120.0,
        1.0 / 5040.0,
        1.0 / 362_880.0,
        1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        1.0 / 1_307_674_368_000.0,
    ];
    let start = w.full_like(SERIES[SERIES.len() - 1]);
    let rest = SERIES.iter().rev().skip(1);
    rest.fold(start, |sum, &coefficient| sum * w + coefficient)
}

impl EuclideanParametrised {
    /// `z`, pulled back along its ray to the edge where it is beyond.
    pub(super) fn pull_within(&self, z: &Tensor) -> Tensor {
        pull_within(z, &(norm_keep(z) * self.c().sqrt()), &Tensor::from(EDGE))
    }

    /// The part of v across x multiplied by the stretch sinh(r)/r to the `power` 1, −1 or −2.
    pub(super) fn scale_across(&self, x: &Tensor, v: &Tensor, power: i32) -> Tensor {
        let c = self.c();
        let p = Polar::new(x, &c);
        let stretch = &p.stretch;
        let factor = match power {
            1 => stretch.shallow_clone(),
            -1 => stretch.reciprocal(),
            _ => stretch.reciprocal().square(),
        };
        // Twice, so that neither values nor gradients along x leave a part that is then scaled.
        let along = |v: &Tensor| dot_keep(&p.unit, v) * &p.unit;
        let across = |v: Tensor| &v - along(&v);
        let far = along(v) + across(&factor * across(v.shallow_clone()));
        let near_square = p
            .square
            .where_self(&p.far.logical_not(), &p.square.zeros_like());
        let excess = excess(&near_square);
        // (factor − 1)/w
        let slope = match power {
            1 => excess,
            -1 => -excess / stretch,
            _ => -excess * (stretch + 1.0) * &factor,
        };
        let near = v + slope * (&p.square * v - dot_keep(x, v) * c * x);
        far.where_self(&p.far, &near)
    }

    /// The hyperbolic distance of x and y, `[.., 1]`.
    pub(super) fn distance(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let half = self.half_sinh(x, y);
        let half_sinh = safe_sqrt(&half.square) * &half.unit;
        special::asinh(&half_sinh) * 2.0 / self.c().sqrt()
    }

    /// sinh²(√c·dist/2), `[.., 1]`, in one of three forms of the same quantity:
    ///
    /// - no point near the origin: sinh²(Δ/2) + sinh r sinh s |x̂ − ŷ|²/4;
    /// - one near it, the other not: (cosh r cosh s − σ(r) σ(s) c x·y − 1)/2;
    /// - both: (σ(r) σ(s) c|x − y|² + Δ² (σ(Δ/2)² − σ(r) σ(s)))/4
    ///
    /// with σ(t) = sinh(t)/t and Δ = r − s.
    fn half_sinh(&self, x: &Tensor, y: &Tensor) -> HalfSinh {
        /// w up to which the other point counts as near.
        const ALSO_NEAR: f64 = 2.25;
        let c = self.c();
        let (p, q) = (Polar::new(x, &c), Polar::new(y, &c));
        let unit = unit_of_size(&(&p.radius + &q.radius));
        let delta = self.radial_difference(x, y, &p, &q);
        let quarter = &delta.square() / 4.0;
        let chord = sum_keep(&(&p.unit - &q.unit).square());
        let angular = (p.sinh() / &unit) * (q.sinh() / &unit) * chord / 4.0;
        let far = ((&delta / 2.0).sinh() / &unit).square() + angular;

        let both_far = p.both_far(&q);
        let both_near = p.square.maximum(&q.square).le(ALSO_NEAR);
        // Finite also where both are far.
        let one = p.square.ones_like();
        let unless_far = |t: &Tensor| one.where_self(&both_far, t);
        let stretches = unless_far(&p.stretch) * unless_far(&q.stretch);
        let gap = sum_keep(&(y - x).square()) * &c / 4.0;
        let quarter = quarter.where_self(&both_near, &quarter.zeros_like());
        let near = &stretches * gap + &quarter * (special::sinhc(&quarter).square() - &stretches);
        let cosh = unless_far(&p.cosh) * unless_far(&q.cosh);
        let mixed = (cosh - stretches * dot_keep(x, y) * c - 1.0) / 2.0;
        let square = far.where_self(&both_far, &near.where_self(&both_near, &mixed));
        HalfSinh { square, unit }
    }

    /// √c(|x| − |y|) without cancellation; 0 where both are 0.
    fn radial_difference(&self, x: &Tensor, y: &Tensor, p: &Polar, q: &Polar) -> Tensor {
        let sum = &p.radius + &q.radius;
        let somewhere = sum.gt(0.0);
        let safe = sum.where_self(&somewhere, &sum.ones_like());
        dot_keep(&(x - y), &(x + y)) * self.c() / safe
    }

    /// In the frame at x: D/sinh D times the spatial part of y after the boost that moves x to the
    /// origin, in a form without cancellation where x is far.
    pub(super) fn log_frame(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let c = self.c();
        let (p, q) = (Polar::new(x, &c), Polar::new(y, &c));
        let half = self.half_sinh(x, y);
        let unit = &half.unit;
        let unit_square = unit.square();
        let spatial = &q.stretch * y;
        // 0 where x is far, or products would overflow.
        let near_side = p.far.logical_not();
        let origin = x.where_self(&near_side, &x.zeros_like());
        let stretch = special::sinhc(&(sum_keep(&origin.square()) * &c));
        let bend = p.versine() * &c * dot_keep(&origin, &spatial) - &q.cosh * stretch;
        let near = &spatial + bend * origin;

        let chord = sum_keep(&(&p.unit - &q.unit).square()) / 2.0;
        let root_c = c.sqrt();
        let with_direction = q.sinh() * chord;
        let without = q.sinh() - dot_keep(&p.unit, &spatial) * &root_c;
        let inwards = with_direction.where_self(&q.far, &without);
        let delta = self.radial_difference(y, x, &q, &p);
        let bent = (inwards / unit) * (&p.cosh / unit);
        let along = (delta.sinh() / &unit_square - bent) / root_c;
        let across = (&spatial - dot_keep(&p.unit, &spatial) * &p.unit) / &unit_square;
        let far = along * &p.unit + across;
        half.length_over_sinh() * far.where_self(&p.far, &near)
    }

    /// The exponential of u in the frame at x: the spatial part Y on the hyperboloid, and its
    /// logarithm at the origin; at most at the edge. A step longer than the way from the origin to the edge is
    /// cut short: from points that are not near the origin inwards, that is too short.
    pub(super) fn exp_frame(&self, x: &Tensor, u: &Tensor) -> Tensor {
        let c = self.c();
        let root_c = c.sqrt();
        let p = Polar::new(x, &c);
        let length = norm_keep(&u.detach()) * &root_c.detach();
        let cut =
            (length.reciprocal() * LONGEST).where_self(&length.gt(LONGEST), &length.ones_like());
        let u = u * &cut;
        let square = dot_keep(&u, &u) * &c;
        let (cosh, sinhc) = (special::cosh(&square), special::sinhc(&square));
        let near_side = p.far.logical_not();
        let origin = x.where_self(&near_side, &x.zeros_like());
        let lifted = &u + p.versine() * &c * dot_keep(&origin, &u) * &origin;
        let spatial =
            &cosh * special::sinhc(&(sum_keep(&origin.square()) * &c)) * &origin + &sinhc * lifted;
        let near = self.lowered(&spatial);

        // Both factors of a product of exponentials in this unit.
        let unit = unit_of_size(&(&p.radius + length * cut));
        let along = dot_keep(&p.unit, &u);
        let across = &u - &along * &p.unit;
        let (cosh, sinhc) = (cosh / &unit, sinhc / &unit);
        let outwards = p.sinh() / &unit * cosh + &p.cosh / &unit * &sinhc * &along * root_c;
        let inwards = self.radial_inwards(&p, &square, &along, &across, &unit);
        let radial = inwards.where_self(&along.lt(0.0), &outwards);
        let far = self.assembled(&p, &radial, &(sinhc / &unit * across), &unit);
        self.pull_within(&far.where_self(&p.far, &near))
    }

    /// √c times the radial part of Y for a step inwards, where two large parts nearly cancel:
    /// sinh(r − n) + (1 + cos φ) sinh n cosh r; in the square of a unit.
    fn radial_inwards(
        &self,
        p: &Polar,
        square: &Tensor,
        along: &Tensor,
        across: &Tensor,
        unit: &Tensor,
    ) -> Tensor {
        let c = self.c();
        let inwards = along.lt(0.0);
        let length = square.where_self(&inwards, &square.ones_like()).sqrt();
        let cos = along * c.sqrt() / &length;
        let cos = cos.where_self(&inwards, &cos.zeros_like());
        let sin_square = sum_keep(&across.square()) * c / length.square();
        let rise = sin_square / (-cos + 1.0) * (length.sinh() / unit) * (&p.cosh / unit);
        (&p.radius - length).sinh() / unit.square() + rise
    }

    /// The point whose spatial part on the hyperboloid is Y: asinh(√c|Y|)/(√c|Y|) Y.
    pub(super) fn lowered(&self, spatial: &Tensor) -> Tensor {
        let c = self.c();
        let size = norm_keep(spatial);
        let far = (&size * c.detach().sqrt()).gt(1.0);
        let beyond = size.where_self(&far, &size.ones_like());
        let far_factor = special::asinh(&(&beyond * c.sqrt())) / c.sqrt() / beyond;
        let near = spatial.where_self(&far.logical_not(), &spatial.zeros_like());
        let factor = special::asinhc(&(sum_keep(&near.square()) * c));
        far_factor.where_self(&far, &factor) * spatial
    }

    /// The point with a radial part of √c Y and a part of Y across, in the square of a unit. The cosine of its angle to x
    /// is written as 1 less what the part across takes: by the quotient of the parts, derivatives
    /// along the radius would cancel r-fold.
    fn assembled(&self, p: &Polar, radial: &Tensor, across: &Tensor, unit: &Tensor) -> Tensor {
        let root_c = self.c().sqrt();
        let across = across * &root_c;
        let size = norm_keep(&Tensor::cat(&[radial, &across], -1));
        let somewhere = size.gt(0.0);
        let size = size.where_self(&somewhere, &size.ones_like());
        let distance = asinh_of_product(&size, unit) / root_c;
        let sines = across / &size;
        let cos = radial.abs() / &size;
        let deficit = sum_keep(&sines.square()) / (cos + 1.0);
        let along = (-deficit + 1.0) * radial.sign() * &p.unit;
        distance * (along + sines)
    }

    /// u turned in the plane of x and y by the area of the triangle (0, x, y): the gyration of the
    /// unit ball's points X, Y. With W u = Y (X·u) − X (Y·u) and q = 1 − X·Y it is
    /// u + 2(W²u − q W u)/(1 − 2X·Y + |X|²|Y|²).
    pub(super) fn turn(&self, x: &Tensor, y: &Tensor, u: &Tensor) -> Tensor {
        let c = self.c();
        let (p, q) = (Polar::new(x, &c), Polar::new(y, &c));
        let far = p.both_far(&q);
        let in_ball = |x: &Tensor, w: &Tensor| x * special::tanhc(&(w / 4.0)) * c.sqrt() / 2.0;
        // Far out by unit vectors and the product T of the radii, near the origin by the points.
        let start = p.unit.where_self(&far, &in_ball(x, &p.square));
        let end = q.unit.where_self(&far, &in_ball(y, &q.square));
        let (p_alpha, q_alpha) = (p.alpha(), q.alpha());
        let (p_rest, q_rest) = (rest(&p.radius), rest(&q.radius));
        let p_tanh = -&p_rest + 1.0;
        let less = &p_rest + &q_rest * &p_tanh;
        let product: Tensor = p_tanh * (-q_rest + 1.0);
        let weight = product.where_self(&far, &product.ones_like());

        let gap = &end - &start;
        let gap_square = sum_keep(&gap.square());
        let near_real = (&p_alpha + &q_alpha + &gap_square) / 2.0;
        let real = (&less + &weight * &gap_square / 2.0).where_self(&far, &near_real);
        let near_size = p_alpha * q_alpha + &gap_square;
        let size = (less.square() + &weight * gap_square).where_self(&far, &near_size);
        let wedge = |u: &Tensor| {
            let turned = dot_keep(&start, u) * &gap - dot_keep(&gap, u) * &start;
            &weight * turned
        };
        let turned = wedge(u);
        u + (wedge(&turned) - real * turned) * 2.0 / size
    }

    /// The signed distance to a hyperplane, `[.., 1]`: of its sinh near the origin and aside of the direction
    /// cosh a σ(r) √c x·e − sinh a cosh r, else ±(sinh(r ∓ a) − cosh a sinh r |x̂ ∓ e|²/2).
    pub(super) fn height(&self, x: &Tensor, unit: &Tensor, offset: &Tensor) -> Tensor {
        let c = self.c();
        let p = Polar::new(x, &c);
        let a = offset * c.sqrt();
        let along = dot_keep(x, unit);
        let plain = a.cosh() * &p.stretch * &along * c.sqrt() - a.sinh() * &p.cosh;
        let side = along.lt(0.0).to_kind(along.kind()) * -2.0 + 1.0;
        let chord = sum_keep(&(&p.unit - &side * unit).square()) / 2.0;
        let rest = (&p.radius - &side * &a).sinh();
        let far = side * (rest - a.cosh() * p.sinh() * chord);
        let aligned = dot_keep(&p.unit, unit).abs().gt(COS_ASIDE);
        special::asinh(&far.where_self(&p.far.logical_and(&aligned), &plain)) / c.sqrt()
    }
}

/// 1 − tanh(r/2).
fn rest(radius: &Tensor) -> Tensor {
    ((radius.exp() + 1.0).reciprocal()) * 2.0
}
