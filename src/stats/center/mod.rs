//! Fréchet means, geometric medians and variances.

mod mean;
mod median;
mod start;

use tch::Tensor;

use self::mean::SquaredDistances;
use self::median::Distances;
use self::start::{Spread, beyond_saddle, start};
use super::sample::{Data, check_one, widened};
use crate::Result;
use crate::manifold::Geodesic;
use crate::numerics::no_grad;
use crate::optim::solve::descent::{CenterConfig, Descended, Ending, descend};

/// The part of a radius that rounding does not take for more: points just at the convexity radius, such as two at
/// a half turn from each other, have several means.
const CERTAINLY: f64 = 1.0 - 1e-9;

/// A mean or median, with diagnostics.
#[derive(Debug)]
pub struct Center {
    /// The point, in the shape of one point and the kind of the data.
    pub point: Tensor,
    /// The value of the objective: Σ wᵢ d² for a mean, Σ wᵢ d for a median, with weights that sum
    /// to 1.
    pub objective: f64,
    /// The largest distance from the center to a point of positive weight.
    pub radius: f64,
    /// Whether it is known to be the unique global minimum, see [`Geodesic::convexity_radius`]. If
    /// not, it may be only a local minimum.
    pub is_unique: bool,
    /// The number of steps.
    pub iterations: usize,
    /// The length of the gradient of half the objective (mean) or of the objective (median) at the
    /// point, before the point is rounded to the kind of the data.
    pub gradient_norm: f64,
    /// How the search ended.
    pub ending: Ending,
}

impl Center {
    /// In the kind of the data.
    pub(super) fn rounded<M: Geodesic + ?Sized>(mut self, m: &M, data: &Data) -> Self {
        self.point = data.rounded(m, &self.point);
        self
    }
}

/// The Fréchet mean: the point with the least mean square distance.
///
/// ```text
/// argmin_x f(x),  f(x) = Σ wᵢ d(x, pᵢ)²,  ½ grad f(x) = −Σ wᵢ log(x, pᵢ)
/// ```
///
/// The search starts at the best of up to 16 of the points and makes limited-memory BFGS steps.
/// The first step is the mean of the logarithms. A step is accepted if it lowers the objective, or
/// if it leaves the objective the same to rounding and shortens the gradient; otherwise it is
/// shortened.
///
/// If all points lie in a ball of the manifold's [convexity radius](Geodesic::convexity_radius)
/// around the result, it is the unique mean. If not, the search restarts from a small perturbation
/// of the result, to check that it is a minimum and not a saddle point.
///
/// # Shapes
///
/// Points `[count, point..]`. Weights `[count]`, at least 0, are scaled to sum to 1; by default
/// all are equal. Points of weight 0 are ignored.
///
/// # Accuracy
///
/// Computed in f64 for points of both kinds, and rounded once. The gradient is at most the
/// tolerance, or as small as the point's coordinates in f64 allow; [`Center::ending`] says which.
/// The distance from the exact mean is at most about the length of the gradient. It can be larger
/// in positive curvature with points far apart, where the objective is flat.
///
/// # Errors
///
/// - [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there are no points, for another
///   shape, and for weights that are negative, not finite or all 0.
/// - [`Error::NotOnManifold`](crate::Error::NotOnManifold) for a row that is not a point.
/// - [`Error::NotFinite`](crate::Error::NotFinite) if the search finds no start, because distances
///   or logarithms are not finite at and near every point that it tries.
/// - [`Error::NoConvergence`](crate::Error::NoConvergence) after `config.max_iterations` steps.
///
/// # Examples
///
/// ```
/// use holonomy::Sphere;
/// use holonomy::stats::{CenterConfig, frechet_mean};
/// use holonomy::tch::Tensor;
///
/// let sphere = Sphere::new(2, 1.0)?;
/// let axes = Tensor::eye(3, (tch::Kind::Double, tch::Device::Cpu));
/// let mean = frechet_mean(&sphere, &axes, None, &CenterConfig::default())?;
/// let expected = Tensor::from_slice(&[1.0 / 3.0_f64.sqrt(); 3]);
/// assert!((&mean.point - expected).abs().max().double_value(&[]) < 1e-9);
/// assert!(mean.is_unique);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// frechet1948; karcher1977; afsari2011 (uniqueness); huang2015 (BFGS on manifolds).
pub fn frechet_mean<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &CenterConfig,
) -> Result<Center> {
    const OP: &str = "frechet_mean";
    let data = Data::new(OP, m, points, weights, 1)?;
    Ok(mean_of(OP, m, &data, config)?.rounded(m, &data))
}

/// The Fréchet mean of checked data, in f64.
pub(super) fn mean_of<M: Geodesic + ?Sized>(
    op: &'static str,
    m: &M,
    data: &Data,
    config: &CenterConfig,
) -> Result<Center> {
    no_grad(|| {
        let problem = SquaredDistances { m, data };
        let place = start(op, m, data, &problem)?;
        let is_unique = |radius: f64| radius < CERTAINLY * m.convexity_radius();
        let found = lowest(
            op,
            m,
            &problem,
            config,
            descend(op, &problem, config, place)?,
            is_unique,
        )?;
        let place = found.place;
        let radius = problem.radius(&place.point);
        Ok(Center {
            is_unique: is_unique(radius),
            objective: 2.0 * place.value,
            gradient_norm: place.slope.gradient,
            point: place.point.point,
            radius,
            iterations: found.iterations,
            ending: found.ending,
        })
    })
}

/// The geometric median: the point with the least mean distance, which is robust to outliers.
///
/// ```text
/// argmin_x Σ wᵢ d(x, pᵢ)
/// ```
///
/// The search is that of [`frechet_mean`], with the Weiszfeld step Σ (wᵢ/dᵢ) log(x, pᵢ) / Σ wᵢ/dᵢ
/// in place of the mean of the logarithms. At a given point pᵢ, where the objective has no
/// gradient, it follows the rule of Vardi and Zhang. The given points nearest to the search are
/// tried as medians too.
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
/// As for [`frechet_mean`]. [`Center::is_unique`] is true if the points lie in a ball of half the
/// convexity radius around the median, and not all on one geodesic through it.
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
    no_grad(|| {
        let problem = Distances::new(m, &data);
        let place = start(OP, m, &data, &problem)?;
        let is_convex = |radius: f64| radius < 0.5 * CERTAINLY * m.convexity_radius();
        let found = lowest(
            OP,
            m,
            &problem,
            config,
            descend(OP, &problem, config, place)?,
            is_convex,
        )?;
        let place = found.place;
        let radius = problem.radius(&place.point);
        let center = Center {
            is_unique: is_convex(radius) && problem.is_spread(&place.point),
            objective: place.value,
            gradient_norm: place.slope.gradient,
            point: place.point.point,
            radius,
            iterations: found.iterations,
            ending: found.ending,
        };
        Ok(center.rounded(m, &data))
    })
}

/// Where a descent ended, if nothing lower can be near, and otherwise where it leads from beside there.
fn lowest<M: Geodesic + ?Sized, P: Spread>(
    op: &'static str,
    m: &M,
    problem: &P,
    config: &CenterConfig,
    mut found: Descended<P::Point>,
    is_convex: impl Fn(f64) -> bool,
) -> Result<Descended<P::Point>> {
    const SADDLES: u64 = 8;
    for seed in 0..SADDLES {
        if is_convex(problem.radius(&found.place.point)) {
            break;
        }
        let Some(lower) = beyond_saddle(op, m, problem, &found.place, seed) else {
            break;
        };
        let iterations = found.iterations + lower.iterations;
        found = descend(op, problem, config, lower.place)?;
        found.iterations += iterations;
    }
    Ok(found)
}

/// The mean square distance of points from `center`: their Fréchet variance if that is their mean.
///
/// ```text
/// Σ wᵢ d(x, pᵢ)²
/// ```
///
/// Computed in f64 for points of both kinds. Weights as for [`frechet_mean`].
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) and
/// [`Error::NotOnManifold`](crate::Error::NotOnManifold) as for [`frechet_mean`], and for a
/// `center` that is not one point, without batch dimensions.
pub fn variance_about<M: Geodesic + ?Sized>(
    m: &M,
    center: &Tensor,
    points: &Tensor,
    weights: Option<&Tensor>,
) -> Result<f64> {
    const OP: &str = "variance_about";
    let data = Data::new(OP, m, points, weights, 1)?;
    check_one(OP, m, "a center", center)?;
    let center = center.to_device(data.points.device());
    let distances = no_grad(|| m.dist(&widened(m, &center), &data.points));
    Ok(data.mean_of(&distances.square()))
}
