//! Riemannian trust regions with truncated conjugate gradients (absil2008, chapter 7), for functions
//! of one small matrix.

use tch::{Kind, Tensor};

use crate::{Error, Result};

/// A function on matrices with the metric tr uᵀv, and its derivatives.
pub(crate) trait Objective {
    fn value(&self, y: &Tensor) -> f64;
    fn gradient(&self, y: &Tensor) -> Tensor;
    /// The Hessian at y, as a map of tangents.
    fn hessian<'b>(&'b self, y: &'b Tensor) -> Box<dyn Fn(&Tensor) -> Tensor + 'b>;
    fn retract(&self, y: &Tensor, u: &Tensor) -> Tensor;
}

/// Where the descent ended.
pub(crate) struct Minimum {
    pub(crate) point: Tensor,
    pub(crate) gradient_norm: f64,
    /// Steps tried, those that were refused among them.
    pub(crate) iterations: usize,
}

/// A radius that no tangent of an orthonormal frame needs to exceed.
const GREATEST_RADIUS: f64 = 2.0;

/// Differences of values below this, as a part of 1, are rounding.
const VALUE_ROUNDING: f64 = 1e3 * f64::EPSILON;

/// Descends from `start` until the gradient is at most `tolerance` long.
pub(crate) fn minimise(
    op: &'static str,
    objective: &dyn Objective,
    start: &Tensor,
    tolerance: f64,
    max_iterations: usize,
) -> Result<Minimum> {
    let mut point = start.shallow_clone();
    let mut value = objective.value(&point);
    let mut radius = GREATEST_RADIUS / 8.0;
    let mut iterations = 0;
    loop {
        let gradient = objective.gradient(&point);
        let gradient_norm = norm(&gradient);
        if gradient_norm <= tolerance {
            return Ok(Minimum {
                point,
                gradient_norm,
                iterations,
            });
        }
        if iterations == max_iterations || !gradient_norm.is_finite() {
            return Err(Error::NoConvergence {
                op,
                iterations,
                residual: gradient_norm,
                tolerance,
            });
        }
        iterations += 1;
        let step = {
            let hessian = objective.hessian(&point);
            truncated_gradients(&gradient, &*hessian, radius)
        };
        let candidate = objective.retract(&point, &step.tangent);
        let candidate_value = objective.value(&candidate);
        // Both numbers are rounding near the minimum; their quotient must then be near 1.
        let rounding = VALUE_ROUNDING * value.abs().max(1.0);
        let quotient = (value - candidate_value + rounding) / (step.predicted + rounding);
        if quotient < 0.25 {
            radius *= 0.25;
        } else if quotient > 0.75 && step.at_edge {
            radius = (2.0 * radius).min(GREATEST_RADIUS);
        }
        if quotient > 0.1 {
            point = candidate;
            value = candidate_value;
        }
    }
}

struct Step {
    tangent: Tensor,
    /// The decrease of the quadratic model, positive.
    predicted: f64,
    at_edge: bool,
}

/// Steihaug's conjugate gradients: minimises ⟨g, u⟩ + ½⟨u, Hu⟩ over |u| ≤ radius.
fn truncated_gradients(
    gradient: &Tensor,
    hessian: &dyn Fn(&Tensor) -> Tensor,
    radius: f64,
) -> Step {
    let most = gradient.numel();
    let length = norm(gradient);
    // Superlinear: the residual falls with the square of the gradient, to no less than rounding.
    let target = length * length.clamp(1e-8, 0.1);
    let mut u = gradient.zeros_like();
    let mut hu = gradient.zeros_like();
    let mut residual = gradient.copy();
    let mut direction = -gradient;
    let mut square = length * length;
    let mut at_edge = false;
    for _ in 0..most {
        let image = hessian(&direction);
        let curvature = dot(&direction, &image);
        let size = square / curvature;
        let next = &u + &direction * size;
        if curvature <= 0.0 || norm(&next) >= radius {
            let to_edge = way_to_edge(&u, &direction, radius);
            u += &direction * to_edge;
            hu += image * to_edge;
            at_edge = true;
            break;
        }
        u = next;
        hu += &image * size;
        residual += image * size;
        let next_square = dot(&residual, &residual);
        if next_square.sqrt() <= target {
            break;
        }
        direction = direction * (next_square / square) - &residual;
        square = next_square;
    }
    Step {
        predicted: -(dot(gradient, &u) + 0.5 * dot(&u, &hu)),
        tangent: u,
        at_edge,
    }
}

/// The t > 0 with |u + t v| = radius.
fn way_to_edge(u: &Tensor, v: &Tensor, radius: f64) -> f64 {
    let (uu, uv, vv) = (dot(u, u), dot(u, v), dot(v, v));
    let room = (radius * radius - uu).max(0.0);
    let root = (uv * uv + vv * room).sqrt();
    // The form without a difference of nearly equal numbers.
    if uv > 0.0 {
        room / (uv + root)
    } else {
        (root - uv) / vv
    }
}

fn dot(u: &Tensor, v: &Tensor) -> f64 {
    (u * v).sum(Kind::Double).double_value(&[])
}

fn norm(u: &Tensor) -> f64 {
    dot(u, u).sqrt()
}
