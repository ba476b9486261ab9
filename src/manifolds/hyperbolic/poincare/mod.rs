//! The Poincaré ball: hyperbolic space as the inside of a Euclidean ball.
//!
//! With c = −κ > 0 the set is {x ∈ ℝⁿ : c|x|² < 1}, every vector of ℝⁿ is tangent, and the metric
//! is conformal: ⟨u, v⟩ₓ = (2/α_x)² u·v with α_x = 1 − c|x|². The curvature is κ everywhere.
//!
//! # Digits near the boundary
//!
//! Everything is written in the difference δ = y − x and in α, which is computed to full relative
//! precision instead of by subtraction from 1; there is no textbook Möbius sum and no clamp on the
//! way. A point at or outside of the boundary is an error of the input: [`Manifold::check_point`]
//! reports it, and operations give NaN there.
//!
//! The one place where results are moved is the very edge of the numbers: `exp`, `retract` and
//! `project` give points of norm at most [`PoincareBall::edge`]/√c, a hyperbolic distance of
//! 36.0/√c (f64) or 15.9/√c (f32) from the origin, because the next numbers lie on the boundary.
//! A step of any finite length ends there, in the direction in which it leads. A learnable curvature moves
//! the boundary and not the points: see [`Curvature::learnable`].
//! A ball made [`with_straight_retraction`](PoincareBall::with_straight_retraction) has a nearer
//! edge of its own for that one operation.
//!
//! # References
//!
//! nickel2017; A. A. Ungar, *A Gyrovector Space Approach to Hyperbolic Geometry* (ungar2009).

pub(crate) mod fused;
mod gyro;
mod straight;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::manifolds::{Curvature, Lorentz};
use crate::numerics::{
    broadcast_to_both, check_points, dot_keep, finite_defect, in_f64, no_grad, norm_keep,
    norm_last, pull_within, special, sum_keep, sum_last, with_gradient_of,
};
use crate::random::random_normal;
use crate::{Error, Result};

use fused::{Ball, kernels};

/// The Poincaré ball model of hyperbolic space, of dimension n and curvature κ < 0.
///
/// With c = −κ the set is {x ∈ ℝⁿ : c|x|² < 1}, and every vector of ℝⁿ is tangent. The metric is
/// ⟨u, v⟩ₓ = (2/α_x)² u·v with α_x = 1 − c|x|², which is computed to full relative precision.
/// Operations return NaN for points on or outside the boundary; [`Manifold::check_point`] reports
/// them.
///
/// `exp`, `retract` and `project` return points of norm at most [`PoincareBall::edge`]/√c, a
/// distance of 36.0/√c (f64) or 15.9/√c (f32) from the origin. A longer step ends there, in the
/// direction in which it leads.
///
/// # Shapes
///
/// Points and tangents `[.., n]`.
///
/// # Accuracy
///
/// Worst relative error of `dist`, `exp`, `log` and `parallel_transport` against 320-digit
/// references: 8e-16 for base points up to distance 30 from the origin, at separations from 1e-9 to
/// 20 (`cargo run --release --features laws --example accuracy`). On devices other than the CPU 1 − c|x|² has a
/// relative error of 1e-16 up to distance 16, 2e-11 at 30 and 4e-9 at 35 (in units of 1/√c).
///
/// # Gradient
///
/// All operations are differentiable in points, tangents and κ; at p = q the gradient of `dist`
/// is 0.
///
/// # References
///
/// nickel2017; ungar2009.
///
/// # Examples
///
/// The distance from the origin to x is 2 artanh|x| for κ = −1.
///
/// ```
/// use holonomy::{Geodesic, PoincareBall};
/// use holonomy::tch::Tensor;
///
/// let ball = PoincareBall::new(2, -1.0)?;
/// let origin = Tensor::from_slice(&[0.0, 0.0]);
/// let x = Tensor::from_slice(&[0.6, 0.0]);
/// let d = ball.dist(&origin, &x).double_value(&[]);
/// assert!((d - 2.0 * 0.6_f64.atanh()).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PoincareBall {
    n: i64,
    kappa: Curvature,
    /// Where straight steps end, if `retract` takes them.
    straight_edge: Option<f64>,
}

impl PoincareBall {
    /// The ball of dimension `n` and curvature `kappa`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1 or a curvature that is not finite and negative.
    pub fn new(n: i64, kappa: impl Into<Curvature>) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid("PoincareBall::new", "n ≥ 1", n));
        }
        Ok(Self {
            n,
            kappa: kappa.into().require("PoincareBall::new", -1.0)?,
            straight_edge: None,
        })
    }

    /// The ball of the dimension and curvature of a hyperboloid.
    pub(crate) fn from_lorentz(space: &Lorentz) -> Self {
        Self::with_curvature(space.dim(), space.curvature())
    }

    /// The ball of a dimension and curvature that another model of the space has.
    pub(crate) fn with_curvature(n: i64, kappa: &Curvature) -> Self {
        Self {
            n,
            kappa: kappa.clone(),
            straight_edge: None,
        }
    }

    /// The curvature κ.
    pub fn curvature(&self) -> &Curvature {
        &self.kappa
    }

    /// The largest √c|x| of the points x that `exp`, `retract` and `project` return: 1 − 2⁻⁵¹ in
    /// f64 and 1 − 2⁻²² in f32, two roundings below 1.
    pub fn edge(kind: Kind) -> f64 {
        if kind == Kind::Double {
            1.0 - 2.0 * f64::EPSILON
        } else {
            1.0 - 2.0 * f64::from(f32::EPSILON)
        }
    }

    /// 1 − c|x|² of f64 points, `[.., 1]`, by splitting the coordinates on a fixed grid so that
    /// the leading part of the sum of squares is exact.
    ///
    /// Relative error up to 1e-16 at distance 16 from the origin, 2e-11 at 30, 4e-9 at 35.
    pub(crate) fn alpha(&self, x: &Tensor) -> Tensor {
        let c = -self.kappa.value();
        let exact = no_grad(|| {
            let radius_above = 2f64.powi((1.0 / c.sqrt()).log2().ceil() as i32);
            let grid = 2f64.powi(26) / radius_above;
            let head = (x * grid).round() / grid;
            let tail = x - &head;
            let head_squares = sum_keep(&head.square());
            let rest = sum_keep(&(tail * (x + head)));
            let (product, error) = two_product(c, &head_squares);
            (1.0 - product) - (error + rest * c)
        });
        let plain = 1.0 - sum_keep(&x.square()) * self.c();
        with_gradient_of(&exact, &plain)
    }

    /// √c|δ|/√(α_x α_y) squared, `[.., 1]`: sinh²(√c·dist/2).
    fn half_sinh_squared(&self, dd: &Tensor, alpha_x: &Tensor, alpha_y: &Tensor) -> Tensor {
        // Two roots, so that two points outside of the ball give NaN and not a number.
        dd * self.c() / (alpha_x.sqrt() * alpha_y.sqrt()).square()
    }

    /// The Möbius sum x ⊕ t of a vector t with |t|² c = `tau_squared`, 1 − c|t|² = `alpha_t`.
    fn add(&self, x: &Tensor, t: &Tensor, alpha_t: &Tensor) -> Tensor {
        let alpha_x = self.alpha(x);
        let den = &alpha_x * alpha_t + sum_keep(&(x + t).square()) * self.c();
        x + alpha_x * (t + dot_keep(t, t) * self.c() * x) / den
    }

    /// The numerator of (−x) ⊕ y, α_x δ − c|δ|² x; the denominator is α_x α_y + c|δ|².
    fn subtract_numerator(&self, x: &Tensor, y: &Tensor, alpha_x: &Tensor) -> (Tensor, Tensor) {
        let difference = y - x;
        let dd = dot_keep(&difference, &difference);
        (alpha_x * difference - &dd * self.c() * x, dd)
    }

    /// gyr[y, −x] v in terms of δ = y − x.
    fn gyrate(&self, x: &Tensor, y: &Tensor, v: &Tensor) -> Tensor {
        let (alpha_x, alpha_y) = (self.alpha(x), self.alpha(y));
        let c = self.c();
        let difference = y - x;
        let dd = dot_keep(&difference, &difference);
        let dv = dot_keep(&difference, v);
        let xv = dot_keep(x, v);
        let factor = &c * 2.0 / (&alpha_x * &alpha_y + &c * &dd);
        let a_minus_b = &factor * (&alpha_x * &dv - &c * &dd * &xv);
        let a = -factor * (alpha_y * &xv + &c * dv * dot_keep(x, x) + &c * dd * xv);
        v + a_minus_b * x + a * difference
    }

    /// √c|z|, `[.., 1]`.
    fn scaled_norm(&self, z: &Tensor) -> Tensor {
        norm_keep(z) * self.c().sqrt()
    }

    /// v/α, and c times its square. A vector whose hyperbolic tangent has long been 1 is cut short, or its
    /// square would overflow.
    fn shortened(&self, v: &Tensor, alpha: &Tensor) -> (Tensor, Tensor) {
        const LONGEST: f64 = 1e50;
        let largest = v.detach().abs().amax([-1], true);
        let scale = largest.where_self(&largest.gt(LONGEST), &largest.ones_like());
        let u = v / &scale / alpha;
        let length = norm_keep(&u.detach()) * self.c().detach().sqrt();
        let u = u * scale.minimum(&(length.reciprocal() * LONGEST));
        let square = dot_keep(&u, &u) * self.c();
        (u, square)
    }

    /// `z`, pulled back along its ray to the edge where it is beyond.
    fn pull_inside(&self, z: &Tensor, edge: f64) -> Tensor {
        self.pull_within(z, &Tensor::from(edge))
    }

    /// `z`, pulled back along its ray to √c|z| = `limit` where it is beyond.
    fn pull_within(&self, z: &Tensor, limit: &Tensor) -> Tensor {
        pull_within(z, &self.scaled_norm(z), limit)
    }
}

/// `a · b` with its rounding error, for a number `a`, by splitting (Dekker): no fused
/// multiply-add among tensor operations.
fn two_product(a: f64, b: &Tensor) -> (Tensor, Tensor) {
    const SPLITTER: f64 = 134_217_729.0;
    let a_scaled = SPLITTER * a;
    let a_high = a_scaled - (a_scaled - a);
    let a_low = a - a_high;
    let b_scaled = b * SPLITTER;
    let b_high = &b_scaled - (&b_scaled - b);
    let b_low = b - &b_high;
    let product = b * a;
    let error = ((&b_high * a_high - &product) + &b_low * a_high + b_high * a_low) + b_low * a_low;
    (product, error)
}

impl Model for PoincareBall {
    type Kernels = Ball;

    fn kappa(&self) -> &Curvature {
        &self.kappa
    }

    fn kernels_at(c: f64) -> Ball {
        Ball::new(c)
    }

    fn width(&self) -> i64 {
        self.n
    }
}

impl Manifold for PoincareBall {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n]
    }

    fn dim(&self) -> i64 {
        self.n
    }

    fn has_learnable_curvature(&self) -> bool {
        self.kappa.is_learnable()
    }

    fn curvatures(&self) -> Vec<f64> {
        vec![self.curvature().value()]
    }

    /// The same coordinates, but where α = 1 − √c|x| would become less than half of what it was: there it
    /// becomes half. So no distance from the origin grows by more than about ln 2/√c, and no point that
    /// the ball leaves outside goes to the edge.
    fn carried(&self, p: &Tensor, before: &[f64]) -> Tensor {
        check_points("carried", self.n, &[p]);
        let [before] = before else {
            panic!("carried: expected one curvature, got {}", before.len());
        };
        let root_before = (-before).sqrt();
        let inside = in_f64([p], |[p]| {
            let root_c = self.c().sqrt();
            let norm = norm_keep(&p);
            let least = (1.0 - &norm * root_before) / 2.0;
            let limit = (1.0 - least) / root_c;
            pull_within(&p, &norm, &limit)
        });
        self.project(&inside)
    }

    /// 0 inside the ball, and c|p|² ≥ 1 on the boundary and outside.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.operation("point_defect", [p])
            .scalar(|ball, [p]| kernels::point_defect(ball, p))
            .or(|[p]| {
                let alpha = self.alpha(&p).squeeze_dim(-1);
                let outside = alpha.gt(0.0).logical_not();
                alpha
                    .rsub_scalar(1.0)
                    .where_self(&outside, &alpha.zeros_like())
            })
    }

    /// 0 where every coordinate is finite, NaN elsewhere, since all vectors are tangent.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        check_points("tangent_defect", self.n, &[p, v]);
        sum_last(&(finite_defect(p) + finite_defect(v)))
    }

    /// z itself within [`PoincareBall::edge`]; elsewhere the point of the edge on the ray of z.
    fn project(&self, z: &Tensor) -> Tensor {
        let operation = self.operation("project", [z]);
        let edge = Self::edge(z.kind());
        operation
            .row(|ball, [z], out| {
                out.copy_from_slice(z);
                kernels::project(ball, out, edge);
            })
            .or(|[z]| self.pull_inside(&z, edge))
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        check_points("project_tangent", self.n, &[p, z]);
        broadcast_to_both(z, p)
    }

    /// ```text
    /// ⟨u, v⟩ₚ = (2/α_p)² u·v
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.operation("inner", [p, u, v])
            .scalar(|ball, [p, u, v]| kernels::inner(ball, p, u, v))
            .or(|[p, u, v]| {
                let factor = self.alpha(&p).reciprocal() * 2.0;
                (&factor * (&factor * dot_keep(&u, &v))).squeeze_dim(-1)
            })
    }

    /// ```text
    /// (2/α_p) |v|
    /// ```
    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("norm", [p, v])
            .scalar(|ball, [p, v]| kernels::norm(ball, p, v))
            .or(|[p, v]| (norm_last(&v).unsqueeze(-1) * 2.0 / self.alpha(&p)).squeeze_dim(-1))
    }

    /// ```text
    /// (α_p/2)² egrad
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.operation("rgrad", [p, egrad])
            .row(|ball, [p, g], out| kernels::rgrad(ball, p, g, out))
            .or(|[p, g]| (self.alpha(&p) / 2.0).square() * g)
    }

    /// The exponential map with tanh s replaced by s/√(1+s²). It never leaves the ball, agrees
    /// with `exp` to second order, and needs a square root instead of tanh.
    ///
    /// ```text
    /// p ⊕ v/(α √(1+s²)),  s = √c|v|/α_p
    /// ```
    ///
    /// A ball made by [`with_straight_retraction`](PoincareBall::with_straight_retraction) takes a
    /// straight step instead.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.operation("retract", [p, v]);
        let edge = Self::edge(p.kind());
        if let Some(straight_edge) = self.straight_edge {
            return self.straight_step(p, v, straight_edge.min(edge));
        }
        operation
            .row(|ball, [p, v], out| kernels::retract(ball, p, v, edge, out))
            .or(|[p, v]| {
                let (u, square) = self.shortened(&v, &self.alpha(&p));
                let hypotenuse = square + 1.0;
                let t = u / hypotenuse.sqrt();
                self.pull_inside(&self.add(&p, &t, &hypotenuse.reciprocal()), edge)
            })
    }

    /// [`parallel_transport`](Geodesic::parallel_transport), which is cheap in the ball.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.parallel_transport(p, q, v)
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let operation = self.operation("retract_transport", [p, v, w]);
        let apart = || {
            let q = self.retract(p, v);
            let w = self.vector_transport(p, &q, w);
            (q, w)
        };
        if self.straight_edge.is_some() {
            return apart();
        }
        let (edge, n) = (Self::edge(p.kind()), self.n as usize);
        operation
            .rows([n, n], |ball, [p, v, w], [q, moved]| {
                kernels::retract(ball, p, v, edge, q);
                kernels::transport(ball, p, q, w, moved);
            })
            .map(|[q, w]| (q, w))
            .or_else(apart)
    }
}

impl Geodesic for PoincareBall {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    /// ```text
    /// t = tanh(s) v/(√c|v|),  s = √c|v|/α_p
    /// exp(p, v) = p + α_p (t + c|t|² p)/(α_p/cosh²s + c|p + t|²)
    /// ```
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.operation("exp", [p, v]);
        let edge = Self::edge(p.kind());
        operation
            .row(|ball, [p, v], out| kernels::exp(ball, p, v, edge, out))
            .or(|[p, v]| {
                let (u, w) = self.shortened(&v, &self.alpha(&p));
                let t = u * special::tanhc(&w);
                self.pull_inside(&self.add(&p, &t, &special::sech_squared(&w)), edge)
            })
    }

    /// ```text
    /// (α_p δ − c|δ|² p) asinh(w)/(w √(1+w²) α_q),  w = √c|δ|/√(α_p α_q),  δ = q − p
    /// ```
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("log", [p, q])
            .row(|ball, [p, q], out| kernels::log(ball, p, q, out))
            .or(|[p, q]| {
                let (alpha_p, alpha_q) = (self.alpha(&p), self.alpha(&q));
                let (numerator, dd) = self.subtract_numerator(&p, &q, &alpha_p);
                let w = self.half_sinh_squared(&dd, &alpha_p, &alpha_q);
                numerator * (special::asinhc(&w) / ((w + 1.0).sqrt() * alpha_q))
            })
    }

    /// ```text
    /// (α_q/α_p) gyr[q, −p] v
    /// ```
    ///
    /// computed from δ = q − p without cancellation.
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.operation("parallel_transport", [p, q, v])
            .row(|ball, [p, q, v], out| kernels::transport(ball, p, q, v, out))
            .or(|[p, q, v]| self.alpha(&q) / self.alpha(&p) * self.gyrate(&p, &q, &v))
    }

    /// ```text
    /// (2/√c) asinh(√c|δ|/√(α_p α_q)),  δ = q − p
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("dist", [p, q])
            .scalar(|ball, [p, q]| kernels::dist(ball, p, q))
            .or(|[p, q]| {
                let length = norm_last(&(&q - &p)).unsqueeze(-1);
                let root_c = self.c().sqrt();
                let half_sinh = length * &root_c / (self.alpha(&p).sqrt() * self.alpha(&q).sqrt());
                (half_sinh.asinh() * 2.0 / root_c).squeeze_dim(-1)
            })
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let operation = self.operation("exp_transport", [p, v, w]);
        let (edge, n) = (Self::edge(p.kind()), self.n as usize);
        operation
            .rows([n, n], |ball, [p, v, w], [q, moved]| {
                kernels::exp(ball, p, v, edge, q);
                kernels::transport(ball, p, q, w, moved);
            })
            .map(|[q, w]| (q, w))
            .or_else(|| {
                let q = self.exp(p, v);
                let w = self.parallel_transport(p, &q, w);
                (q, w)
            })
    }
}

impl Sample for PoincareBall {
    /// The exponential at the origin of a normal tangent vector with standard deviation 1/√c in
    /// each orthonormal coordinate (the wrapped normal distribution).
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n]].concat();
        let v = random_normal(rng, &size, Kind::Double, device) / (-self.kappa.value()).sqrt();
        no_grad(|| self.exp(&v.zeros_like(), &(v / 2.0))).to_kind(kind)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        check_points("random_tangent", self.n, &[p]);
        let v = random_normal(rng, &p.size(), Kind::Double, p.device());
        no_grad(|| v * self.alpha(&p.to_kind(Kind::Double)) / 2.0).to_kind(p.kind())
    }
}
