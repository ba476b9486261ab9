//! The exact operations in big floats, by textbook formulas that the crate does not use.
//!
//! The f32 rows of the study need them: a case's inputs are given in f64, and rounding them to f32
//! gives other points, to which the case's `expected` no longer belongs.

use std::cell::{Cell, RefCell};
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float::{BigFloat, Consts, RoundingMode};

use super::{Case, Op, SpaceForm};

/// Bits of a number: enough for cosh² of radius 100 beside a separation of 1e-9, with 100 to spare.
const BITS: usize = 640;
/// Bits more for each unit of radius in normal coordinates, whose points go as far as one likes:
/// cosh⁴ of the radius.
const BITS_PER_RADIUS: f64 = 6.0;
const ROUNDING: RoundingMode = RoundingMode::ToEven;

thread_local! {
    static PRECISION: Cell<usize> = const { Cell::new(BITS) };
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for constants"));
}

/// The exact result of a case's operation for exactly its arguments, rounded at the end: one number
/// for `dist`, the coordinates otherwise. The case's `expected` is not looked at.
pub fn exact(case: &Case) -> Vec<f64> {
    with_precision_for(case, || {
        let [x, y, u, v] = [&case.x, &case.y, &case.u, &case.v].map(|values| Vector::of(values));
        let result = apply(case, case.op, [&x, &y, &u, &v]);
        result.0.iter().map(Big::to_f64).collect()
    })
}

/// The exact distance from a point to the true end of a case of `exp`.
pub fn distance_to_end(case: &Case, point: &[f64]) -> f64 {
    with_precision_for(case, || {
        let [x, u, point] = [&case.x[..], &case.u, point].map(Vector::of);
        let none = Vector::of(&[]);
        let end = apply(case, Op::Exp, [&x, &none, &u, &none]);
        apply(case, Op::Dist, [&point, &end, &none, &none]).0[0].to_f64()
    })
}

fn with_precision_for<T>(case: &Case, compute: impl FnOnce() -> T) -> T {
    if case.manifold == SpaceForm::Parametrised {
        let sizes = [&case.x, &case.y, &case.u].map(|z| z.iter().map(|t| t.abs()).sum::<f64>());
        let radius = case.curvature.abs().sqrt() * sizes.iter().sum::<f64>();
        PRECISION.set(BITS + (BITS_PER_RADIUS * radius) as usize);
    }
    let result = compute();
    PRECISION.set(BITS);
    result
}

fn apply(case: &Case, op: Op, [x, y, u, v]: [&Vector; 4]) -> Vector {
    let c = Big::from(case.curvature.abs());
    match case.manifold {
        SpaceForm::Poincare => Ball { c }.apply(op, x, y, u, v),
        SpaceForm::Lorentz => Hyperboloid { c }.apply(op, x, y, u, v),
        SpaceForm::Sphere => Sphere { c }.apply(op, x, y, u, v),
        SpaceForm::Parametrised => Normal(Hyperboloid { c }).apply(op, x, y, u, v),
    }
}

/// Whether 1 + κ|x|² > 0 exactly: the point is inside the ball of curvature κ < 0.
pub fn inside_ball(curvature: f64, x: &[f64]) -> bool {
    let x = Vector::of(x);
    (Big::from(1.0) + Big::from(curvature) * x.dot(&x)).sign() > 0
}

/// The ball of curvature -c by Möbius addition and gyration.
struct Ball {
    c: Big,
}

impl Ball {
    fn apply(&self, op: Op, x: &Vector, y: &Vector, u: &Vector, v: &Vector) -> Vector {
        match op {
            Op::Dist => Vector(vec![self.dist(x, y)]),
            Op::Exp => self.exp(x, u),
            Op::Log => self.log(x, y),
            Op::Transport => self.transport(x, y, v),
            Op::Project => x.clone(),
        }
    }

    fn plus(&self, a: &Vector, b: &Vector) -> Vector {
        let c = &self.c;
        let (ab, aa, bb) = (a.dot(b), a.dot(a), b.dot(b));
        let one = Big::from(1.0);
        let twice = Big::from(2.0) * c * &ab;
        let left = &one + &twice + c * &bb;
        let right = &one - c * &aa;
        let bottom = one + twice + c * c * &aa * &bb;
        (a * &left + b * &right) * &(Big::from(1.0) / bottom)
    }

    /// 2 / (1 − c|x|²).
    fn conformal(&self, x: &Vector) -> Big {
        Big::from(2.0) / (Big::from(1.0) - &self.c * x.dot(x))
    }

    fn dist(&self, x: &Vector, y: &Vector) -> Big {
        let root = self.c.sqrt();
        let gap = self.plus(&-x, y).norm();
        Big::from(2.0) * (&root * gap).atanh() / root
    }

    fn exp(&self, x: &Vector, u: &Vector) -> Vector {
        let (length, root) = (u.norm(), self.c.sqrt());
        if length.is_zero() {
            return x.clone();
        }
        let half = &root * self.conformal(x) * &length / Big::from(2.0);
        self.plus(x, &(u * &(half.tanh() / (root * length))))
    }

    fn log(&self, x: &Vector, y: &Vector) -> Vector {
        let gap = self.plus(&-x, y);
        let (length, root) = (gap.norm(), self.c.sqrt());
        if length.is_zero() {
            return gap;
        }
        let angle = Big::from(2.0) * (&root * &length).atanh();
        gap * &(angle / (root * self.conformal(x) * length))
    }

    /// gyr[y, −x] v by its definition, for v shortened into the ball: gyr is linear.
    fn transport(&self, x: &Vector, y: &Vector, v: &Vector) -> Vector {
        let length = v.norm();
        if length.is_zero() {
            return v.clone();
        }
        let short = Big::from(0.5) / (self.c.sqrt() * length);
        let back = -x;
        let moved = self.plus(y, &self.plus(&back, &(v * &short)));
        let gyrated = self.plus(&-&self.plus(y, &back), &moved);
        gyrated * &(self.conformal(x) / self.conformal(y) / short)
    }
}

/// The hyperboloid of curvature -c, given by spatial parts.
struct Hyperboloid {
    c: Big,
}

impl Hyperboloid {
    fn apply(&self, op: Op, x: &Vector, y: &Vector, u: &Vector, v: &Vector) -> Vector {
        match op {
            Op::Dist => Vector(vec![self.angle(x, y) / self.c.sqrt()]),
            Op::Exp => self.exp(x, u),
            Op::Log => self.log(x, y),
            Op::Transport => self.transport(x, y, v),
            Op::Project => Vector([vec![self.time(x)], x.0.clone()].concat()),
        }
    }

    fn time(&self, x: &Vector) -> Big {
        (Big::from(1.0) / &self.c + x.dot(x)).sqrt()
    }

    /// The Minkowski product of the tangents (or points) with these times and spatial parts.
    fn form((a0, a): (&Big, &Vector), (b0, b): (&Big, &Vector)) -> Big {
        a.dot(b) - a0 * b0
    }

    /// √c · distance.
    fn angle(&self, x: &Vector, y: &Vector) -> Big {
        if x == y {
            return Big::from(0.0);
        }
        let cosh = -(&self.c * Self::form((&self.time(x), x), (&self.time(y), y)));
        cosh.acosh()
    }

    fn exp(&self, x: &Vector, u: &Vector) -> Vector {
        let u0 = x.dot(u) / self.time(x);
        let s = (&self.c * Self::form((&u0, u), (&u0, u))).sqrt();
        if s.is_zero() {
            return x.clone();
        }
        x * &s.cosh() + u * &(s.sinh() / s)
    }

    fn log(&self, x: &Vector, y: &Vector) -> Vector {
        let s = self.angle(x, y);
        if s.is_zero() {
            return x * &s;
        }
        (y - &(x * &s.cosh())) * &(&s / s.sinh())
    }

    fn transport(&self, x: &Vector, y: &Vector, v: &Vector) -> Vector {
        let (x0, y0) = (self.time(x), self.time(y));
        let v0 = x.dot(v) / &x0;
        let bottom = Big::from(1.0) - &self.c * Self::form((&x0, x), (&y0, y));
        let share = &self.c * Self::form((&y0, y), (&v0, v)) / bottom;
        v + &((x + y) * &share)
    }
}

/// Normal coordinates with tangents in the frame, by way of the hyperboloid.
struct Normal(Hyperboloid);

impl Normal {
    fn apply(&self, op: Op, x: &Vector, y: &Vector, u: &Vector, v: &Vector) -> Vector {
        let (p, q) = (self.spatial(x), self.spatial(y));
        match op {
            Op::Dist => Vector(vec![self.0.angle(&p, &q) / self.0.c.sqrt()]),
            Op::Exp => self.coordinates(&self.0.exp(&p, &self.push(x, u))),
            Op::Log => self.pull(x, &self.0.log(&p, &q)),
            Op::Transport => self.pull(y, &self.0.transport(&p, &q, &self.push(x, v))),
            Op::Project => x.clone(),
        }
    }

    fn radius(&self, z: &Vector) -> Big {
        self.0.c.sqrt() * z.norm()
    }

    fn spatial(&self, z: &Vector) -> Vector {
        let r = self.radius(z);
        if r.is_zero() {
            return z.clone();
        }
        z * &(r.sinh() / r)
    }

    fn coordinates(&self, x: &Vector) -> Vector {
        let s = self.radius(x);
        if s.is_zero() {
            return x.clone();
        }
        x * &(s.asinh() / s)
    }

    /// The spatial part of a tangent in the frame at z.
    fn push(&self, z: &Vector, v: &Vector) -> Vector {
        Self::scale_along(z, v, &self.radius(z).cosh())
    }

    fn pull(&self, z: &Vector, v: &Vector) -> Vector {
        Self::scale_along(z, v, &(Big::from(1.0) / self.radius(z).cosh()))
    }

    fn scale_along(z: &Vector, v: &Vector, factor: &Big) -> Vector {
        let square = z.dot(z);
        if square.is_zero() {
            return v.clone();
        }
        let part = z * &(z.dot(v) / square);
        &part * factor + (v - &part)
    }
}

/// The sphere of curvature c. A point in f64 is not quite on it: it is scaled to it, exactly.
struct Sphere {
    c: Big,
}

impl Sphere {
    fn apply(&self, op: Op, x: &Vector, y: &Vector, u: &Vector, v: &Vector) -> Vector {
        let p = self.point(x);
        match op {
            Op::Dist => Vector(vec![self.angle(&p, &self.point(y)) / self.c.sqrt()]),
            Op::Exp => self.exp(&p, &self.tangent(&p, u)),
            Op::Log => self.log(&p, &self.point(y)),
            Op::Transport => self.transport(&p, &self.point(y), &self.tangent(&p, v)),
            Op::Project => p,
        }
    }

    fn point(&self, x: &Vector) -> Vector {
        x * &(Big::from(1.0) / (self.c.sqrt() * x.norm()))
    }

    fn tangent(&self, p: &Vector, u: &Vector) -> Vector {
        u - &(p * &(&self.c * p.dot(u)))
    }

    /// √c · distance: the angle whose sine and cosine are those of p and q, in [0, π].
    fn angle(&self, p: &Vector, q: &Vector) -> Big {
        if p == q {
            return Big::from(0.0);
        }
        let cos = &self.c * p.dot(q);
        let sin = self.c.sqrt() * self.tangent(p, q).norm();
        // Half the angle is at most π/2, so tan(angle/2) = sin / (1 + cos) never meets a branch.
        Big::from(2.0) * (sin / (Big::from(1.0) + cos)).atan()
    }

    fn exp(&self, p: &Vector, u: &Vector) -> Vector {
        let s = self.c.sqrt() * u.norm();
        if s.is_zero() {
            return p.clone();
        }
        p * &s.cos() + u * &(s.sin() / s)
    }

    fn log(&self, p: &Vector, q: &Vector) -> Vector {
        let s = self.angle(p, q);
        if s.is_zero() {
            return p * &s;
        }
        self.tangent(p, q) * &(&s / s.sin())
    }

    fn transport(&self, p: &Vector, q: &Vector, v: &Vector) -> Vector {
        let share = &self.c * q.dot(v) / (Big::from(1.0) + &self.c * p.dot(q));
        v - &((p + q) * &share)
    }
}

/// A big float with operators.
#[derive(Clone, Debug, PartialEq)]
struct Big(BigFloat);

impl From<f64> for Big {
    fn from(value: f64) -> Self {
        Big(BigFloat::from_f64(value, PRECISION.get()))
    }
}

impl Big {
    /// Rounded to the nearest f64.
    fn to_f64(&self) -> f64 {
        self.0.to_string().parse().unwrap_or(f64::NAN)
    }

    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    fn sign(&self) -> i32 {
        if self.is_zero() {
            0
        } else if self.0.is_negative() {
            -1
        } else {
            1
        }
    }

    fn sqrt(&self) -> Big {
        Big(self.0.sqrt(PRECISION.get(), ROUNDING))
    }
}

/// Functions that need the library's cache of constants.
macro_rules! functions {
    ($($name:ident)*) => {
        impl Big {
            $(fn $name(&self) -> Big {
                CONSTANTS.with_borrow_mut(|constants| Big(self.0.$name(PRECISION.get(), ROUNDING, constants)))
            })*
        }
    };
}
functions! { tanh atanh sinh cosh asinh acosh sin cos atan }

/// An operator for all four ways of owning its arguments.
macro_rules! operator {
    ($trait:ident $name:ident) => {
        impl $trait<&Big> for &Big {
            type Output = Big;
            fn $name(self, other: &Big) -> Big {
                Big(self.0.$name(&other.0, PRECISION.get(), ROUNDING))
            }
        }
        impl $trait<Big> for &Big {
            type Output = Big;
            fn $name(self, other: Big) -> Big {
                self.$name(&other)
            }
        }
        impl $trait<&Big> for Big {
            type Output = Big;
            fn $name(self, other: &Big) -> Big {
                (&self).$name(other)
            }
        }
        impl $trait for Big {
            type Output = Big;
            fn $name(self, other: Big) -> Big {
                (&self).$name(&other)
            }
        }
    };
}
operator! { Add add }
operator! { Sub sub }
operator! { Mul mul }
operator! { Div div }

impl Neg for Big {
    type Output = Big;
    fn neg(self) -> Big {
        Big(self.0.neg())
    }
}

impl Sum for Big {
    fn sum<I: Iterator<Item = Big>>(terms: I) -> Big {
        terms.fold(Big::from(0.0), |total, term| total + term)
    }
}

/// A vector of big floats.
#[derive(Clone, Debug, PartialEq)]
struct Vector(Vec<Big>);

impl Vector {
    fn of(values: &[f64]) -> Self {
        Vector(values.iter().copied().map(Big::from).collect())
    }

    fn dot(&self, other: &Vector) -> Big {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    fn norm(&self) -> Big {
        self.dot(self).sqrt()
    }

    fn zip(&self, other: &Vector, f: impl Fn(&Big, &Big) -> Big) -> Vector {
        Vector(self.0.iter().zip(&other.0).map(|(a, b)| f(a, b)).collect())
    }
}

impl Add for &Vector {
    type Output = Vector;
    fn add(self, other: &Vector) -> Vector {
        self.zip(other, |a, b| a + b)
    }
}

impl Add for Vector {
    type Output = Vector;
    fn add(self, other: Vector) -> Vector {
        &self + &other
    }
}

impl Sub for &Vector {
    type Output = Vector;
    fn sub(self, other: &Vector) -> Vector {
        self.zip(other, |a, b| a - b)
    }
}

impl Neg for &Vector {
    type Output = Vector;
    fn neg(self) -> Vector {
        Vector(self.0.iter().map(|a| -a.clone()).collect())
    }
}

impl Mul<&Big> for &Vector {
    type Output = Vector;
    fn mul(self, factor: &Big) -> Vector {
        Vector(self.0.iter().map(|a| a * factor).collect())
    }
}

impl Mul<&Big> for Vector {
    type Output = Vector;
    fn mul(self, factor: &Big) -> Vector {
        &self * factor
    }
}
