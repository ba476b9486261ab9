//! The hyperboloid (Lorentz) model of hyperbolic space.
//!
//! With c = −κ > 0 and the Lorentz product ⟨x, y⟩_L = −x₀y₀ + Σ xᵢyᵢ the set is
//! {x ∈ ℝⁿ⁺¹ : ⟨x, x⟩_L = −1/c, x₀ > 0}; tangents at x satisfy ⟨x, v⟩_L = 0; the metric is the
//! Lorentz product, positive on tangents. The curvature is κ everywhere.
//!
//! # The spatial part is the point
//!
//! The time coordinate x₀ comes first and follows from the others, x₀ = √(1/c + |x|²), as that of
//! a tangent follows from tangency, v₀ = ⟨x, v⟩/x₀. Every operation recomputes both from the
//! spatial parts and returns consistent ones, so a time coordinate that drifted does no harm, and
//! gradients flow through spatial coordinates alone.
//!
//! # Digits far from the origin
//!
//! Nothing is computed from −⟨x, y⟩_L by acosh. Distances come from non-negative parts, radial and
//! angular; tangents are split along and across the base point's direction.
//!
//! # The edge
//!
//! Squares of coordinates overflow at a distance of 355/√c from the origin (f64). `exp`, `retract`
//! and `project` give points whose spatial part is at most [`Lorentz::edge`] long, a distance of
//! 350/√c (f64) or 88/√c (f32) for c ≥ 1: a step that leads beyond ends at the edge, in the
//! direction in which the geodesic (or p + v) goes. Up to there no operation overflows.
//!
//! # References
//!
//! nickel2018; J. M. Lee, *Introduction to Riemannian Manifolds* (lee2018), chapter 3.

pub(crate) mod centroid;
mod charts;
pub(crate) mod fused;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::manifold::{Geodesic, Manifold, Sample};
use crate::manifolds::Curvature;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::{
    check_points, dot_keep, in_f64, no_grad, norm_keep, pull_within, safe_sqrt, special, sum_keep,
};
use crate::random::random_normal;
use crate::{Error, Result};

use fused::{Hyperboloid, kernels};

/// The hyperboloid (Lorentz) model of hyperbolic space, of dimension n and curvature κ < 0.
///
/// With c = −κ and the Lorentz product ⟨x, y⟩_L = −x₀y₀ + Σ xᵢyᵢ the set is
/// {x ∈ ℝⁿ⁺¹ : ⟨x, x⟩_L = −1/c, x₀ > 0}. Tangents at x satisfy ⟨x, v⟩_L = 0, and the metric is the
/// Lorentz product.
///
/// Operations read the spatial parts of points and tangents only, and compute the time coordinates
/// x₀ = √(1/c + |x|²) and v₀ = x·v/x₀ from them. So an error in a time coordinate does no harm,
/// and gradients flow through the spatial coordinates alone. The exceptions are the checks of
/// points and tangents, [`apply`](Self::apply), and the ambient second argument of
/// `project_tangent` and `rgrad`.
///
/// # Shapes
///
/// Points and tangents `[.., n + 1]`, the time coordinate first.
///
/// # Accuracy
///
/// Worst relative error (of spatial parts) against 320-digit references, for base points up to
/// distance 30 from the origin and separations from 1e-9 to 20: `dist` 6e-16, `exp` 1.2e-14,
/// `parallel_transport` 6e-15, `log` 3e-13 up to distance 8 and 8e-10 beyond
/// (`cargo run --release --features laws --example accuracy`).
///
/// All operations are finite up to [`Lorentz::edge`], a distance of 350/√c in f64 for c ≥ 1, and
/// keep 13 digits there. But a rounding of the coordinates moves a point at distance r by e^{√c r}
/// roundings. So beyond 37/√c two points either lie on one ray or are far apart.
///
/// On devices other than the CPU the error of `exp`, `log` and `parallel_transport` is e^{2√c r}
/// roundings at distance r.
///
/// # Gradient
///
/// All operations are differentiable in points, tangents and κ; at p = q the gradient of `dist`
/// is 0. Gradients come from the tensor formulas and have their accuracy, that of other devices.
/// The gradient of `exp` is right for √c|v|_L ≤ 354. For longer steps it is finite, but wrong
/// where the step leads towards the origin.
///
/// # References
///
/// nickel2018; lee2018, chapter 3.
///
/// # Examples
///
/// The point at distance r from the origin has spatial norm sinh r for κ = −1.
///
/// ```
/// use holonomy::{Geodesic, Lorentz};
/// use holonomy::tch::Tensor;
///
/// let space = Lorentz::new(2, -1.0)?;
/// let origin = Tensor::from_slice(&[1.0, 0.0, 0.0]);
/// let v = Tensor::from_slice(&[0.0, 3.0, 0.0]);
/// let p = space.exp(&origin, &v);
/// assert!((p.double_value(&[1]) - 3.0_f64.sinh()).abs() < 1e-14);
/// assert!((space.dist(&origin, &p).double_value(&[]) - 3.0).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lorentz {
    n: i64,
    kappa: Curvature,
}

impl Lorentz {
    /// The hyperboloid of dimension `n` and curvature `kappa`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1 or a curvature that is not finite and negative.
    pub fn new(n: i64, kappa: impl Into<Curvature>) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid("Lorentz::new", "n ≥ 1", n));
        }
        Ok(Self {
            n,
            kappa: kappa.into().require("Lorentz::new", -1.0)?,
        })
    }

    /// The space of a curvature that another space of this sign has.
    pub(crate) fn with_curvature(n: i64, kappa: &Curvature) -> Self {
        Self {
            n,
            kappa: kappa.clone(),
        }
    }

    /// The curvature κ.
    pub fn curvature(&self) -> &Curvature {
        &self.kappa
    }

    /// The greatest Euclidean length of the spatial part of a point that `exp`, `retract` and
    /// `project` return, in units of min(1/√c, 1): 2⁵⁰⁴ in f64, 2¹²⁶ in f32.
    ///
    /// A step that leads farther ends at this length, in the direction in which the geodesic (for
    /// `retract`, p + v) goes. For c ≥ 1 the edge is at distance 350.0/√c (f64) or 88.0/√c (f32)
    /// from the origin; for c < 1 it is nearer by ln(1/√c)/√c.
    ///
    /// Within the edge the squares of coordinates do not overflow in f64, nor the coordinates in
    /// f32. Coordinates of tangents may be as large as e^{2√c r} at distance r. In f32, `rgrad`
    /// may therefore overflow beyond distance 44/√c.
    pub fn edge(kind: Kind) -> f64 {
        if kind == Kind::Double {
            2f64.powi(504)
        } else {
            2f64.powi(126)
        }
    }

    /// The formula, of spatial parts alone.
    fn by_spatial<const N: usize>(
        &self,
        formula: impl Fn([Tensor; N]) -> Tensor,
    ) -> impl Fn([Tensor; N]) -> Tensor {
        move |inputs| formula(inputs.map(|t| self.spatial(&t)))
    }

    /// The spatial part of rows `[.., n + 1]`.
    fn spatial(&self, x: &Tensor) -> Tensor {
        x.narrow(-1, 1, self.n)
    }

    /// √(1/c + |x|²) of spatial parts, `[.., 1]`.
    fn time(&self, x: &Tensor) -> Tensor {
        (sum_keep(&x.square()) + self.c().reciprocal()).sqrt()
    }

    /// A point `[.., n + 1]` from its spatial part.
    fn point(&self, x: &Tensor) -> Tensor {
        Tensor::cat(&[self.time(x), x.shallow_clone()], -1)
    }

    /// The point with the spatial part x, which is pulled back along its ray where it is beyond the edge.
    fn point_within(&self, x: &Tensor, edge: f64) -> Tensor {
        let limit = self.c().sqrt().reciprocal().clamp_max(1.0) * edge;
        self.point(&pull_within(x, &norm_keep(x), &limit))
    }

    /// A step u at x, and n² of its length n times √c. A step that is longer than anything up to the edge
    /// is cut short, or its hyperbolic sine would overflow.
    fn shortened(&self, x: &Tensor, u: &Tensor) -> (Tensor, Tensor) {
        const LONGEST: f64 = 354.0;
        // Long coordinates are scaled before they are squared.
        let largest = u.detach().abs().amax([-1], true);
        let scale = largest.where_self(&largest.gt(1e100), &largest.ones_like());
        let scaled = u / &scale;
        let square = self.lorentz_product(x, &scaled, &scaled) * self.c();
        let length = square.detach().sqrt() * &scale;
        let cut = length.reciprocal() * LONGEST;
        let cut = cut.where_self(&length.gt(LONGEST), &scale.ones_like()) * &scale;
        (scaled * &cut, square * cut.square())
    }

    /// A tangent `[.., n + 1]` at the spatial part x from its spatial part v.
    fn tangent(&self, x: &Tensor, v: &Tensor) -> Tensor {
        Tensor::cat(&[dot_keep(x, v) / self.time(x), v.shallow_clone()], -1)
    }

    /// Runs a formula of spatial parts in f64.
    fn on_spatial<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        formula: impl Fn([Tensor; N]) -> Tensor,
    ) -> Tensor {
        in_f64(inputs, |inputs| formula(inputs.map(|t| self.spatial(&t))))
    }

    /// ⟨u, v⟩_L of tangents at x from spatial parts, `[.., 1]`.
    ///
    /// Away from the origin split across and along x̂, u_⊥·v_⊥ + u_∥v_∥/(c x₀²); near it, where x̂
    /// may not exist, u·v − (x·u)(x·v)/x₀², which cancels no more than half there.
    fn lorentz_product(&self, x: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let xx = sum_keep(&x.square());
        let (xu, xv) = (dot_keep(x, u), dot_keep(x, v));
        let time_squared = &xx + self.c().reciprocal();
        let far = (&xx * self.c().detach()).gt(1.0);
        let safe = xx.where_self(&far, &xx.ones_like());
        let (along_u, along_v) = (&xu / &safe, &xv / &safe);
        let across = dot_keep(&(u - &along_u * x), &(v - &along_v * x));
        let split = across + along_u * along_v * safe / (self.c() * &time_squared);
        let time = time_squared.sqrt();
        let plain = dot_keep(u, v) - xu / &time * (xv / time);
        split.where_self(&far, &plain)
    }

    /// sinh²(√c·dist/2), `[.., 1]`, in one of three forms of the same quantity:
    ///
    /// - both points near the origin: (c/4)(|δ|² − (y₀ − x₀)²);
    /// - one near it: (c(x₀y₀ − x·y) − 1)/2;
    /// - none: sinh²(Δ/2) + (c/4)(|x|/|y|)|δ − (|y| − |x|)x̂|², |x| ≤ |y|.
    fn half_sinh_squared(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let c = self.c();
        let (xx, yy) = (sum_keep(&x.square()), sum_keep(&y.square()));
        let (x_time, y_time) = (self.time(x), self.time(y));
        let difference = y - x;
        let square_difference = dot_keep(&difference, &(x + y));
        let time_difference = &square_difference / (&x_time + &y_time);
        let near = (dot_keep(&difference, &difference) - time_difference.square()) * (&c / 4.0);

        let (smaller, larger) = (xx.minimum(&yy) * c.detach(), xx.maximum(&yy) * c.detach());
        let mixed_side = smaller.le(1.0).logical_and(&larger.gt(4.0));
        let mixed = ((&x_time * &y_time - dot_keep(x, y)) * &c - 1.0) / 2.0;

        let far_side = smaller.gt(1.0);
        let square_difference = square_difference.where_self(&far_side, &xx.zeros_like());
        let one = xx.ones_like();
        let x_norm = xx.where_self(&far_side, &one).sqrt();
        let y_norm = yy.where_self(&far_side, &one).sqrt();
        let sinh = &square_difference / (&y_norm * &x_time + &x_norm * &y_time);
        let radial = sinh.square() / (((sinh.square() + 1.0).sqrt() + 1.0) * 2.0);
        let swap = x_norm.gt_tensor(&y_norm);
        // Selected, since at equal norms the gradient of a minimum is half of each.
        let low_norm = y_norm.where_self(&swap, &x_norm);
        let high_norm = x_norm.where_self(&swap, &y_norm);
        let inner = y.where_self(&swap, x);
        let gap = square_difference / (x_norm + y_norm);
        let across = difference - gap / &low_norm * inner;
        let angular = sum_keep(&across.square()) * (c / 4.0) * low_norm / high_norm;

        let far = radial + angular;
        far.where_self(&far_side, &mixed.where_self(&mixed_side, &near))
    }
}

impl Model for Lorentz {
    type Kernels = Hyperboloid;

    fn kappa(&self) -> &Curvature {
        &self.kappa
    }

    fn kernels_at(c: f64) -> Hyperboloid {
        Hyperboloid::new(c)
    }

    fn width(&self) -> i64 {
        self.n + 1
    }
}

impl Manifold for Lorentz {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n + 1]
    }

    fn dim(&self) -> i64 {
        self.n
    }

    fn has_learnable_curvature(&self) -> bool {
        self.curvature().is_learnable()
    }

    fn curvatures(&self) -> Vec<f64> {
        vec![self.curvature().value()]
    }

    /// ```text
    /// |p₀ − √(1/c + |p|²)| / √(1/c + |p|²)
    /// ```
    fn point_defect(&self, p: &Tensor) -> Tensor {
        check_points("point_defect", self.n + 1, &[p]);
        in_f64([p], |[p]| {
            let time = self.time(&self.spatial(&p));
            ((p.narrow(-1, 0, 1) - &time).abs() / time).squeeze_dim(-1)
        })
    }

    /// ```text
    /// |v₀ − p·v/p₀| / (|v₀| + |v|), 0 for v = 0
    /// ```
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        check_points("tangent_defect", self.n + 1, &[p, v]);
        in_f64([p, v], |[p, v]| {
            let (x, u) = (self.spatial(&p), self.spatial(&v));
            let time = v.narrow(-1, 0, 1);
            let size = time.abs() + safe_sqrt(&sum_keep(&u.square()));
            let zero = size.eq(0.0);
            let size = size.where_self(&zero.logical_not(), &size.ones_like());
            ((time - dot_keep(&x, &u) / self.time(&x)).abs() / size).squeeze_dim(-1)
        })
    }

    /// The point with the spatial part of z, whatever the time coordinate of z is. A spatial part
    /// beyond [`Lorentz::edge`] is shortened to it.
    fn project(&self, z: &Tensor) -> Tensor {
        let operation = self.operation("project", [z]);
        let edge = Self::edge(z.kind());
        operation
            .row(|space, [x], point| kernels::project(space, &x[1..], edge, point))
            .or(self.by_spatial(|[x]| self.point_within(&x, edge)))
    }

    /// The Lorentz-orthogonal projection.
    ///
    /// ```text
    /// z + c⟨p, z⟩_L p
    /// ```
    ///
    /// # Accuracy
    ///
    /// The time coordinate of z enters with a factor of up to c p₀², so that at distance r from
    /// the origin its rounding is multiplied by e^{2√c r}.
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        check_points("project_tangent", self.n + 1, &[p, z]);
        in_f64([p, z], |[p, z]| {
            let (x, u) = (self.spatial(&p), self.spatial(&z));
            let product = dot_keep(&x, &u) - self.time(&x) * z.narrow(-1, 0, 1);
            let u = u + product * self.c() * &x;
            self.tangent(&x, &u)
        })
    }

    /// ```text
    /// u·v − u₀v₀ = u_⊥·v_⊥ + u_∥v_∥/(c p₀²)
    /// ```
    ///
    /// in spatial parts, along (∥) and across (⊥) the direction of p.
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.operation("inner", [p, u, v])
            .scalar(|space, [p, u, v]| kernels::inner(space, &p[1..], &u[1..], &v[1..]))
            .or(self.by_spatial(|[p, u, v]| self.lorentz_product(&p, &u, &v).squeeze_dim(-1)))
    }

    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("norm", [p, v])
            .scalar(|space, [p, v]| kernels::norm(space, &p[1..], &v[1..]))
            .or(self
                .by_spatial(|[p, v]| safe_sqrt(&self.lorentz_product(&p, &v, &v)).squeeze_dim(-1)))
    }

    /// ```text
    /// J e + c⟨p, J e⟩_L p,  J = diag(−1, 1, …, 1),  e = egrad
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.operation("rgrad", [p, egrad])
            .row(|space, [p, e], out| {
                tangent_row(space, &p[1..], out, |out| {
                    kernels::rgrad(space, &p[1..], e, out);
                });
            })
            .or(|[p, e]| {
                let (x, g) = (self.spatial(&p), self.spatial(&e));
                let product = self.time(&x) * e.narrow(-1, 0, 1) + dot_keep(&x, &g);
                self.tangent(&x, &(g + product * self.c() * &x))
            })
    }

    /// The point whose spatial part is that of p + v, at most at [`Lorentz::edge`]. It agrees with
    /// `exp` to first order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.operation("retract", [p, v]);
        let edge = Self::edge(p.kind());
        operation
            .row(|space, [x, v], point| kernels::retract(space, &x[1..], &v[1..], edge, point))
            .or(self.by_spatial(|[x, v]| self.point_within(&(x + v), edge)))
    }

    /// [`parallel_transport`](Geodesic::parallel_transport), which is as cheap as a projection and
    /// preserves lengths.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.parallel_transport(p, q, v)
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let operation = self.operation("retract_transport", [p, v, w]);
        let (edge, width) = (Self::edge(p.kind()), self.n as usize + 1);
        operation
            .rows([width, width], |space, [p, v, w], [q, moved]| {
                kernels::retract(space, &p[1..], &v[1..], edge, q);
                transport_row(space, p, q, w, moved);
            })
            .map(|[q, w]| (q, w))
            .or_else(|| {
                let q = self.retract(p, v);
                let w = self.vector_transport(p, &q, w);
                (q, w)
            })
    }
}

/// A tangent at a point with the spatial part x, of which a kernel makes the spatial part.
fn tangent_row(space: &Hyperboloid, x: &[f64], out: &mut [f64], fill: impl FnOnce(&mut [f64])) {
    fill(&mut out[1..]);
    out[0] = kernels::tangent_time(space, x, &out[1..]);
}

/// A tangent w at p, moved along the geodesic to q.
fn transport_row(space: &Hyperboloid, p: &[f64], q: &[f64], w: &[f64], out: &mut [f64]) {
    tangent_row(space, &q[1..], out, |out| {
        kernels::transport(space, &p[1..], &q[1..], &w[1..], out);
    });
}

impl Geodesic for Lorentz {
    /// Infinite.
    fn convexity_radius(&self) -> f64 {
        f64::INFINITY
    }

    /// ```text
    /// cosh(n) p + sinh(n)/n v,  n = √c|v|_L
    /// ```
    ///
    /// at most at [`Lorentz::edge`].
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.operation("exp", [p, v]);
        let edge = Self::edge(p.kind());
        operation
            .row(|space, [x, v], point| kernels::exp(space, &x[1..], &v[1..], edge, point))
            .or(self.by_spatial(|[x, u]| {
                let (u, w) = self.shortened(&x, &u);
                let end = special::cosh(&w) * &x + special::sinhc(&w) * u;
                self.point_within(&end, edge)
            }))
    }

    /// ```text
    /// D/sinh D · (q − p − 2s p),  D = √c·dist(p, q),  s = sinh²(D/2)
    /// ```
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("log", [p, q])
            .row(|space, [p, q], out| {
                tangent_row(space, &p[1..], out, |out| {
                    kernels::log(space, &p[1..], &q[1..], out);
                });
            })
            .or(self.by_spatial(|[x, y]| {
                let s = self.half_sinh_squared(&x, &y);
                let factor = special::asinhc(&s) / (&s + 1.0).sqrt();
                // Not s x, which may overflow.
                let along = s * 2.0 * &factor;
                self.tangent(&x, &(factor * (y - &x) - along * &x))
            }))
    }

    /// ```text
    /// v + c⟨q, v⟩_L/(2(1 + s)) (p + q),  s = sinh²(√c·dist(p, q)/2)
    /// ```
    ///
    /// The CPU kernel rotates the polar components of v instead, which is more accurate.
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.operation("parallel_transport", [p, q, v])
            .row(|space, [p, q, v], out| transport_row(space, p, q, v, out))
            .or(self.by_spatial(|[x, y, v]| {
                let s = self.half_sinh_squared(&x, &y);
                let (x_time, y_time) = (self.time(&x), self.time(&y));
                let difference = &y - &x;
                let time_difference = dot_keep(&difference, &(&x + &y)) / (&x_time + y_time);
                let product =
                    dot_keep(&difference, &v) - time_difference * dot_keep(&x, &v) / x_time;
                let moved = v + product * self.c() / ((s + 1.0) * 2.0) * (x + &y);
                self.tangent(&y, &moved)
            }))
    }

    /// ```text
    /// (2/√c) asinh √s,  s = sinh²(Δ/2) + (c/4)(|p|/|q|)|δ − (|q| − |p|)p̂|²
    /// ```
    ///
    /// for |p| ≤ |q|, where p, q and δ = q − p are spatial parts and Δ is √c times the difference
    /// of the distances from the origin.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("dist", [p, q])
            .scalar(|space, [p, q]| kernels::dist(space, &p[1..], &q[1..]))
            .or(self.by_spatial(|[x, y]| {
                let half_sinh = safe_sqrt(&self.half_sinh_squared(&x, &y));
                (half_sinh.asinh() * 2.0 / self.c().sqrt()).squeeze_dim(-1)
            }))
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let operation = self.operation("exp_transport", [p, v, w]);
        let (edge, width) = (Self::edge(p.kind()), self.n as usize + 1);
        operation
            .rows([width, width], |space, [p, v, w], [q, moved]| {
                kernels::exp(space, &p[1..], &v[1..], edge, q);
                transport_row(space, p, q, w, moved);
            })
            .map(|[q, w]| (q, w))
            .or_else(|| {
                let q = self.exp(p, v);
                let w = self.parallel_transport(p, &q, w);
                (q, w)
            })
    }
}

impl Sample for Lorentz {
    /// The exponential at the origin of a normal tangent vector with standard deviation 1/√c in
    /// each orthonormal coordinate (the wrapped normal distribution).
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n]].concat();
        let v = random_normal(rng, &size, Kind::Double, device);
        no_grad(|| {
            let root_c = self.c().sqrt();
            self.point(&(special::sinhc(&sum_keep(&v.square())) * v / root_c))
                .to_kind(kind)
        })
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        check_points("random_tangent", self.n + 1, &[p]);
        let size = self.spatial(p).size();
        let g = random_normal(rng, &size, Kind::Double, p.device());
        no_grad(|| {
            let x = self.spatial(&p.to_kind(Kind::Double));
            // The boost from the origin to p, which is an isometry of tangent spaces.
            let stretch = dot_keep(&g, &x) * self.c() / (self.time(&x) * self.c().sqrt() + 1.0);
            self.tangent(&x, &(stretch * &x + g)).to_kind(p.kind())
        })
    }
}
