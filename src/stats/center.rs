//! Fréchet means, geometric medians and variances.

use tch::{Kind, Tensor};

use super::sample::Data;
use crate::manifold::Geodesic;
use crate::{Error, Result};

/// When the search for a mean or median ends.
#[derive(Debug, Clone, PartialEq)]
pub struct CenterConfig {
    /// The gradient, as a part of the points' root mean square distance, at which it has ended.
    pub tolerance: f64,
    /// The steps after which it has failed.
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

/// A mean or median, and what is known of it.
#[derive(Debug)]
pub struct Center {
    /// The point, in the shape of one point.
    pub point: Tensor,
    /// What it minimises: Σ wᵢ d² for a mean, Σ wᵢ d for a median, weights adding up to 1.
    pub objective: f64,
    /// The largest distance of a point with weight from it.
    pub radius: f64,
    /// Whether it is known to be the only one, see [`Geodesic::convexity_radius`]. If not, it is a
    /// local one.
    pub is_unique: bool,
    /// Steps made.
    pub iterations: usize,
    /// The length of the gradient of half the objective (mean) or of the objective (median) there.
    pub gradient_norm: f64,
}

/// The Fréchet mean: the point with the least mean square distance.
///
/// ```text
/// argmin_x Σ wᵢ d(x, pᵢ)²,  gradient of half of it −Σ wᵢ log(x, pᵢ)
/// ```
///
/// By gradient descent with steps that are halved until they descend, from the point of the data
/// that is the best of up to 16. Where all points lie in a ball of the manifold's
/// [convexity radius](Geodesic::convexity_radius) around the result it is the only mean.
///
/// # Shapes
///
/// Points `[count, point..]`, weights `[count]` of at least 0, which are scaled to add up to 1.
///
/// # Accuracy
///
/// The gradient is at most the tolerance; the mean is as near to the exact one or nearer, but for
/// positive curvature at large distances, where the objective is flat.
///
/// # Errors
///
/// [`Error::InvalidArgument`] without points, for another shape, and for weights that are negative,
/// not finite or all 0; [`Error::NotOnManifold`] for what is no point; [`Error::NoConvergence`].
///
/// # Examples
///
/// ```
/// use holonomy::Sphere;
/// use holonomy::stats::{CenterConfig, frechet_mean};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// let sphere = Sphere::new(2, 1.0)?;
/// let axes = Tensor::eye(3, (Kind::Double, Device::Cpu));
/// let mean = frechet_mean(&sphere, &axes, None, &CenterConfig::default())?;
/// let expected = Tensor::from_slice(&[1.0 / 3.0_f64.sqrt(); 3]);
/// assert!((&mean.point - expected).abs().max().double_value(&[]) < 1e-9);
/// assert!(mean.is_unique);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// frechet1948; karcher1977; afsari2011 (uniqueness).
pub fn frechet_mean<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &CenterConfig,
) -> Result<Center> {
    const OP: &str = "frechet_mean";
    let data = Data::new(OP, m, points, weights, 1)?;
    tch::no_grad(|| {
        let start = Mean::at(m, &data, best_of_data(m, &data, 2));
        let (here, iterations) = descend(OP, config, start, |here, step| {
            let v = &here.descent * step;
            Mean::at(m, &data, m.exp(&here.point, &v))
        })?;
        let radius = radius(&data, &here.distances);
        Ok(Center {
            is_unique: radius < m.convexity_radius(),
            objective: here.objective,
            gradient_norm: here.gradient,
            point: here.point,
            radius,
            iterations,
        })
    })
}

/// The geometric median: the point with the least mean distance, which outliers move little.
///
/// ```text
/// argmin_x Σ wᵢ d(x, pᵢ)
/// ```
///
/// By Weiszfeld's steps Σ (wᵢ/dᵢ) log(x, pᵢ) / Σ wᵢ/dᵢ, halved until they descend; at a point of the
/// data, where the objective has no gradient, by Vardi and Zhang's rule.
///
/// # Shapes
///
/// As for [`frechet_mean`].
///
/// # Errors
///
/// As for [`frechet_mean`].
///
/// # Accuracy
///
/// As for [`frechet_mean`]. [`Center::is_unique`] says that no other point is a median; it asks for a
/// ball of half the convexity radius, and for points that do not all lie on one geodesic.
///
/// # References
///
/// fletcher2009; vardi2000; afsari2011.
pub fn geometric_median<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &CenterConfig,
) -> Result<Center> {
    const OP: &str = "geometric_median";
    let data = Data::new(OP, m, points, weights, 1)?;
    tch::no_grad(|| {
        let start = Median::at(m, &data, best_of_data(m, &data, 1));
        let (here, iterations) = descend(OP, config, start, |here, step| {
            let v = &here.descent * step;
            Median::at(m, &data, m.exp(&here.point, &v))
        })?;
        let radius = radius(&data, &here.distances);
        Ok(Center {
            is_unique: radius < 0.5 * m.convexity_radius() && here.is_spread(m, &data),
            objective: here.objective,
            gradient_norm: here.gradient,
            point: here.point,
            radius,
            iterations,
        })
    })
}

/// The mean square distance of points from one point: their Fréchet variance, if that is their mean.
///
/// ```text
/// Σ wᵢ d(x, pᵢ)²
/// ```
///
/// # Errors
///
/// As for [`frechet_mean`].
pub fn variance_about<M: Geodesic + ?Sized>(
    m: &M,
    center: &Tensor,
    points: &Tensor,
    weights: Option<&Tensor>,
) -> Result<f64> {
    let data = Data::new("variance_about", m, points, weights, 1)?;
    m.check_point(center)?;
    let distances = tch::no_grad(|| m.dist(center, &data.points));
    Ok(data.mean_of(&distances.square()))
}

/// A place on the way down.
trait Place {
    fn objective(&self) -> f64;
    /// The length of the gradient.
    fn gradient(&self) -> f64;
    /// The root mean square distance of the points.
    fn spread(&self) -> f64;
}

/// Steps down until the gradient is small, halving steps that do not descend.
///
/// Near the end rounding hides the objective's changes; there a smaller gradient is as good a sign.
fn descend<P: Place>(
    op: &'static str,
    config: &CenterConfig,
    start: P,
    step_from: impl Fn(&P, f64) -> P,
) -> Result<(P, usize)> {
    const SHORTEST_STEP: f64 = 1e-6;
    let mut here = start;
    let mut step = 1.0;
    for iteration in 0..=config.max_iterations {
        if !(here.objective().is_finite() && here.gradient().is_finite()) {
            let (what, place) = ("the objective", format!("iteration {iteration}"));
            return Err(Error::NotFinite { op, what, place });
        }
        if here.gradient() <= config.tolerance * here.spread() {
            return Ok((here, iteration));
        }
        let descends = |next: &P| {
            next.objective() < here.objective() - 1e-12 * here.objective()
                || next.gradient() < here.gradient()
        };
        let mut next = step_from(&here, step);
        while !descends(&next) && step > SHORTEST_STEP {
            step *= 0.5;
            next = step_from(&here, step);
        }
        if !descends(&next) {
            return Err(not_converged(op, config, &here, iteration));
        }
        here = next;
        step = f64::min(1.0, 1.5 * step);
    }
    Err(not_converged(op, config, &here, config.max_iterations))
}

fn not_converged(
    op: &'static str,
    config: &CenterConfig,
    here: &impl Place,
    iterations: usize,
) -> Error {
    Error::NoConvergence {
        op,
        iterations,
        residual: here.gradient(),
        tolerance: config.tolerance * here.spread(),
    }
}

struct Mean {
    point: Tensor,
    distances: Tensor,
    objective: f64,
    descent: Tensor,
    gradient: f64,
}

impl Mean {
    fn at<M: Geodesic + ?Sized>(m: &M, data: &Data, point: Tensor) -> Self {
        let logs = m.log(&point, &data.points);
        let distances = m.dist(&point, &data.points);
        let descent = Data::combine(&logs, &data.weights);
        Self {
            objective: data.mean_of(&distances.square()),
            gradient: length(m, &point, &descent),
            point,
            distances,
            descent,
        }
    }
}

impl Place for Mean {
    fn objective(&self) -> f64 {
        self.objective
    }

    fn gradient(&self) -> f64 {
        self.gradient
    }

    fn spread(&self) -> f64 {
        self.objective.sqrt()
    }
}

struct Median {
    point: Tensor,
    distances: Tensor,
    logs: Tensor,
    objective: f64,
    spread: f64,
    descent: Tensor,
    gradient: f64,
}

impl Median {
    fn at<M: Geodesic + ?Sized>(m: &M, data: &Data, point: Tensor) -> Self {
        let logs = m.log(&point, &data.points);
        let distances = m.dist(&point, &data.points).to_kind(Kind::Double);
        let spread = data.mean_of(&distances.square()).sqrt();
        // A point nearer than rounding is at the place itself.
        let at_place = distances.le(1e-14 * spread);
        let safe = distances.where_self(&at_place.logical_not(), &distances.ones_like());
        let pull = (&data.weights / &safe).masked_fill(&at_place, 0.0);
        let held = data.weights.masked_fill(&at_place.logical_not(), 0.0);
        let held = held.sum(Kind::Double).double_value(&[]);
        let sum = Data::combine(&logs, &pull);
        let force = length(m, &point, &sum);
        let total = pull.sum(Kind::Double).double_value(&[]);
        // What is left of the force when the points at the place have held against it.
        let gradient = (force - held).max(0.0);
        let share = if force > 0.0 { gradient / force } else { 0.0 };
        let descent = if total > 0.0 {
            sum * (share / total)
        } else {
            sum
        };
        Self {
            objective: data.mean_of(&distances),
            spread: if spread > 0.0 { 1.0 } else { 0.0 },
            gradient,
            point,
            distances,
            logs,
            descent,
        }
    }

    /// Whether the points lie on more than one geodesic through the place.
    fn is_spread<M: Geodesic + ?Sized>(&self, m: &M, data: &Data) -> bool {
        let heavy = (&self.distances * &data.weights).argmax(0, false);
        let longest = self.logs.index_select(0, &heavy.view([1])).squeeze_dim(0);
        let size = length(m, &self.point, &longest);
        if size == 0.0 {
            return true;
        }
        let along = m
            .inner(&self.point, &longest, &self.logs)
            .to_kind(Kind::Double)
            / size;
        let across = self.distances.square() - along.square();
        let across = (across * data.weights.gt(0.0)).max().double_value(&[]);
        across > 1e-12 * size * size
    }
}

impl Place for Median {
    fn objective(&self) -> f64 {
        self.objective
    }

    fn gradient(&self) -> f64 {
        self.gradient
    }

    /// A median's gradient has no unit: it is a sum of unit vectors.
    fn spread(&self) -> f64 {
        self.spread
    }
}

fn length<M: Geodesic + ?Sized>(m: &M, p: &Tensor, v: &Tensor) -> f64 {
    m.norm(p, v).to_kind(Kind::Double).double_value(&[])
}

fn radius(data: &Data, distances: &Tensor) -> f64 {
    let counted = distances
        .to_kind(Kind::Double)
        .masked_fill(&data.weights.le(0.0), 0.0);
    counted.max().double_value(&[])
}

/// The point of the data, among up to 16 spread over it, from which the sum of powers of the
/// distances is least.
fn best_of_data<M: Geodesic + ?Sized>(m: &M, data: &Data, power: i32) -> Tensor {
    const TRIED: i64 = 16;
    let candidates = (0..data.count.min(TRIED)).map(|i| {
        let point = data.points.get(i * data.count / data.count.min(TRIED));
        let distances = m.dist(&point, &data.points).to_kind(Kind::Double);
        (
            data.mean_of(&distances.pow_tensor_scalar(i64::from(power))),
            point,
        )
    });
    let best = candidates.min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or_else(|| data.points.get(0), |(_, point)| point)
}
