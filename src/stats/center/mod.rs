//! Fréchet means, geometric medians and variances.

mod mean;
mod median;
mod start;

use tch::Tensor;

use self::mean::SquaredDistances;
use self::median::Distances;
use self::start::{Spread, beyond_saddle, start};
use super::descent::{CenterConfig, Descended, Ending, descend};
use super::sample::{Data, widened};
use crate::Result;
use crate::manifold::Geodesic;

/// The part of a radius that rounding does not take for more: points just at the convexity radius, such as two at
/// a half turn from each other, have several means.
const CERTAINLY: f64 = 1.0 - 1e-9;

/// A mean or median, and what is known of it.
#[derive(Debug)]
pub struct Center {
    /// The point, in the shape of one point and the kind of the data.
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
    /// The length of the gradient of half the objective (mean) or of the objective (median) there, before
    /// the point is rounded to the kind of the data.
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
/// argmin_x Σ wᵢ d(x, pᵢ)²,  gradient of half of it −Σ wᵢ log(x, pᵢ)
/// ```
///
/// By limited-memory BFGS steps from the point of the data that is the best of up to 16. The first step
/// is the mean of the logarithms, and where such steps leave little of the gradient they are all
/// that is done. A step counts if it lowers the objective, or leaves it as it is to rounding and shortens the
/// gradient; other steps are shortened. Where all points lie in a ball of the manifold's
/// [convexity radius](Geodesic::convexity_radius) around the result it is the only mean; where they do not, a
/// short step in a direction of no meaning makes sure that it is a minimum and no saddle.
///
/// # Shapes
///
/// Points `[count, point..]`, weights `[count]` of at least 0, which are scaled to add up to 1. Points
/// of weight 0 do not enter: their distances are not looked at.
///
/// # Accuracy
///
/// Computed in f64 for points of both kinds, and rounded once. The gradient is at most the tolerance, or as small
/// as the point's coordinates in f64 allow ([`Center::ending`] says which); the mean is as near to
/// the exact one or nearer, but for positive curvature at large distances, where the objective is flat.
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) without points, for another shape, and for weights that
/// are negative, not finite or all 0; [`Error::NotOnManifold`](crate::Error::NotOnManifold) for what is no
/// point; [`Error::NotFinite`](crate::Error::NotFinite) if the distances and logarithms exist neither at any
/// tried point of the data nor near the best one;
/// [`Error::NoConvergence`](crate::Error::NoConvergence) after the allowed steps.
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
    tch::no_grad(|| {
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

/// The geometric median: the point with the least mean distance, which outliers move little.
///
/// ```text
/// argmin_x Σ wᵢ d(x, pᵢ)
/// ```
///
/// As for [`frechet_mean`], with Weiszfeld's steps Σ (wᵢ/dᵢ) log(x, pᵢ) / Σ wᵢ/dᵢ in place of the mean of the
/// logarithms; at a point of the data, where the objective has no gradient, by Vardi and Zhang's rule. The
/// points of the data that come nearest are tried as medians themselves.
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

/// The mean square distance of points from one point: their Fréchet variance, if that is their mean.
///
/// ```text
/// Σ wᵢ d(x, pᵢ)²
/// ```
///
/// Computed in f64 for points of both kinds. Points of weight 0 do not enter.
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
    let distances = tch::no_grad(|| m.dist(&widened(m, center), &data.points));
    Ok(data.mean_of(&distances.square()))
}
