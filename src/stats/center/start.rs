//! Where searches start, and where they go on from saddles.

use tch::Tensor;

use crate::manifold::Geodesic;
use crate::optim::solve::descent::{
    CenterConfig, Descended, Place, Problem, descend, some_tangent,
};
use crate::stats::sample::Data;
use crate::{Error, Result};

/// A function of the distances from points.
pub(super) trait Spread: Problem {
    /// At a point of the data.
    fn at_data(&self, index: i64) -> Self::Point;

    /// At any point.
    fn at(&self, point: Tensor) -> Self::Point;

    /// The point itself.
    fn base<'p>(&self, at: &'p Self::Point) -> &'p Tensor;

    /// The largest distance of a point of the data.
    fn radius(&self, at: &Self::Point) -> f64;

    /// Whether the function has no derivative there.
    fn is_corner(&self, at: &Self::Point) -> bool;
}

/// The lowest point of the data, among up to 16 spread over it. Where a logarithm does not exist there, a
/// point beside it, or the next lowest.
pub(super) fn start<M: Geodesic + ?Sized, P: Spread>(
    op: &'static str,
    m: &M,
    data: &Data,
    problem: &P,
) -> Result<Place<P::Point>> {
    const TRIED: i64 = 16;
    const BESIDE: [f64; 3] = [1e-6, 1e-3, 1e-1];
    let tried = data.count.min(TRIED);
    let mut candidates: Vec<(f64, P::Point)> = (0..tried)
        .map(|i| problem.at_data(i * data.count / tried))
        .map(|point| (problem.value(&point), point))
        .collect();
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, candidate) in candidates {
        let base = problem.base(&candidate).shallow_clone();
        let radius = problem.radius(&candidate);
        let unit = if radius.is_finite() { radius } else { 1.0 };
        let beside = |(seed, part): (u64, f64)| {
            let point = m.exp(&base, &some_tangent(m, &base, part * unit, seed));
            Place::at(problem, problem.at(point))
        };
        let place = Place::at(problem, candidate);
        if let Some(place) = place.or_else(|| (0..).zip(BESIDE).find_map(beside)) {
            return Ok(place);
        }
    }
    Err(Error::NotFinite {
        op,
        what: "a distance or logarithm",
        place: format!("each of {tried} points of the data, and near them"),
    })
}

/// A lower place that a short step aside leads to, if there is one: then the place is no minimum.
///
/// The descent from beside a minimum ends when the gradient of the step aside has gone; from beside a
/// saddle its part along the way down stays, and the value falls below that of the saddle before.
pub(super) fn beyond_saddle<M: Geodesic + ?Sized, P: Spread>(
    op: &'static str,
    m: &M,
    problem: &P,
    place: &Place<P::Point>,
    seed: u64,
) -> Option<Descended<P::Point>> {
    const ASIDE: f64 = 1e-3;
    const STEPS: usize = 50;
    const GONE: f64 = 0.05;
    const LOWER: f64 = 1e-9;
    let radius = problem.radius(&place.point);
    if radius == 0.0 || problem.is_corner(&place.point) {
        return None;
    }
    let base = problem.base(&place.point);
    let point = m.exp(base, &some_tangent(m, base, ASIDE * radius, seed));
    let beside = Place::at(problem, problem.at(point))?;
    let config = CenterConfig {
        tolerance: GONE * beside.slope.gradient / beside.slope.unit,
        max_iterations: STEPS,
    };
    let found = descend(op, problem, &config, beside).ok()?;
    (found.place.value < place.value - LOWER * place.value.abs()).then_some(found)
}
