//! Descent on manifolds by quasi-Newton steps that never increase the objective and always end.

mod memory;
mod neighbours;
mod search;

use tch::Tensor;

pub(crate) use neighbours::{nearest_points, some_tangent};
pub(crate) use search::descend;

/// When the search for a mean, a median or a geodesic ends.
#[derive(Debug, Clone, PartialEq)]
pub struct CenterConfig {
    /// The length of the gradient at which the search ends. It is relative to the points' root
    /// mean square distance; for a median, whose gradient has no unit, it is absolute. The search
    /// also ends where the coordinates in f64 can represent no better point
    /// ([`Ending::Resolution`]).
    pub tolerance: f64,
    /// The maximal number of steps; more are an error.
    pub max_iterations: usize,
}

impl Default for CenterConfig {
    /// 1e-10 and 1,000.
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            max_iterations: 1_000,
        }
    }
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The gradient is at most the tolerance.
    Tolerance,
    /// The gradient is above the tolerance, but not above the change of the gradient that a few
    /// roundings of the point's coordinates in f64 cause: f64 can represent no better point. This
    /// happens far from the origin of hyperbolic spaces, and for points very close to each other.
    Resolution,
}

/// A function of the points of a space, to be made small.
pub(crate) trait Problem {
    /// A point, with what the value there left behind.
    type Point;

    /// The value at a point.
    fn value(&self, at: &Self::Point) -> f64;

    /// The way down from a point.
    fn slope(&self, at: &mut Self::Point) -> Slope;

    /// The end of a step, a tangent at `from`.
    fn moved(&self, from: &Self::Point, step: &Tensor) -> Self::Point;

    /// Tangents `[count, ..]` moved from one point to the next.
    fn transport(&self, from: &Self::Point, to: &Self::Point, tangents: &Tensor) -> Tensor;

    /// The inner products of tangents, whose leading dimensions broadcast.
    fn inner(&self, at: &Self::Point, u: &Tensor, v: &Tensor) -> Tensor;

    /// Points that differ from one by a few roundings of its coordinates, and the tangents to them.
    fn neighbours(&self, at: &Self::Point) -> Vec<(Self::Point, Tensor)>;

    /// A point whose value is no higher than that of a place, known by other means than its slope.
    fn shortcut(&self, from: &Self::Point) -> Option<Self::Point> {
        let _ = from;
        None
    }
}

/// The way down from a point.
pub(crate) struct Slope {
    /// Minus the gradient; where there is none, minus the least of the subgradients.
    pub(crate) pull: Tensor,
    /// Its length.
    pub(crate) gradient: f64,
    /// The step that flat space would take is this many times the pull.
    pub(crate) scale: f64,
    /// What the tolerance is a part of.
    pub(crate) unit: f64,
}

/// Where a descent is.
pub(crate) struct Place<P> {
    pub(crate) point: P,
    pub(crate) value: f64,
    pub(crate) slope: Slope,
}

impl<P> Place<P> {
    /// The point with its value and its way down, where both exist.
    pub(crate) fn at<Q: Problem<Point = P>>(problem: &Q, mut point: P) -> Option<Self> {
        let value = problem.value(&point);
        if !value.is_finite() {
            return None;
        }
        let slope = problem.slope(&mut point);
        slope.gradient.is_finite().then_some(Self {
            point,
            value,
            slope,
        })
    }
}

/// Where a descent ended, and how.
pub(crate) struct Descended<P> {
    pub(crate) place: Place<P>,
    pub(crate) iterations: usize,
    pub(crate) ending: Ending,
}
