//! Geodesic regression.

use tch::{Kind, Tensor};

use super::center::mean_of;
use super::sample::Data;
use crate::manifold::Geodesic;
use crate::numerics::{no_grad, with_grad};
use crate::optim::solve::descent::{
    CenterConfig, Descended, Ending, Place, Problem, Slope, descend, nearest_points,
};
use crate::{Error, Result};

/// The result of a geodesic regression: x ↦ exp(intercept, x · slope).
#[derive(Debug)]
pub struct GeodesicRegression {
    /// The point of the geodesic at x = 0.
    pub intercept: Tensor,
    /// The velocity of the geodesic at x = 0, a tangent at the intercept.
    pub slope: Tensor,
    /// Σ d(exp(intercept, xᵢ slope), yᵢ)² / count
    pub residual: f64,
    /// 1 − residual / Fréchet variance; not finite if all points are equal.
    pub r_squared: f64,
    /// The number of steps.
    pub iterations: usize,
    /// How the search ended.
    pub ending: Ending,
}

impl GeodesicRegression {
    /// The points `[count, point..]` of the geodesic at the numbers `x` `[count]`.
    ///
    /// # Panics
    ///
    /// For an undefined tensor.
    #[track_caller]
    pub fn predict<M: Geodesic + ?Sized>(&self, m: &M, x: &Tensor) -> Tensor {
        assert!(
            x.defined(),
            "predict: expected numbers, got an undefined tensor"
        );
        let mut x = x.to_kind(self.slope.kind());
        for _ in m.point_shape() {
            x = x.unsqueeze(-1);
        }
        m.exp(&self.intercept, &(x * &self.slope))
    }
}

/// The geodesic nearest to points yᵢ that depend on numbers xᵢ, in the sense of least squares.
///
/// ```text
/// argmin_{p, v} Σᵢ d(exp(p, xᵢ v), yᵢ)²
/// ```
///
/// The search starts at the Fréchet mean, with the linear regression of the logarithms there, and
/// makes limited-memory BFGS steps. It is preconditioned so that the first step would be exact in
/// flat space. The search uses the point and the velocity at the mean of the xᵢ, where the two are
/// uncorrelated to first order. Computed in f64 for points of both kinds.
///
/// # Shapes
///
/// Numbers `[count]`, points `[count, point..]`.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than two points, numbers that are not finite or all equal,
/// or wrong shapes or kinds; [`Error::NotOnManifold`] for a row that is not a point; [`Error::NotFinite`]
/// if the residual or its gradient is not finite at the start; [`Error::NoConvergence`] with the
/// remaining gradient, if it exceeds `config.tolerance` times the root mean square distance from
/// the mean.
///
/// # Examples
///
/// ```
/// use holonomy::{Geodesic, Sphere};
/// use holonomy::stats::{CenterConfig, geodesic_regression};
/// use holonomy::tch::Tensor;
///
/// let sphere = Sphere::new(2, 1.0)?;
/// let x = Tensor::from_slice(&[0.0, 0.5, 1.0]);
/// let y = Tensor::stack(&[x.cos(), x.sin(), x.zeros_like()], 1);
/// let line = geodesic_regression(&sphere, &x, &y, &CenterConfig::default())?;
/// let slope = Vec::<f64>::try_from(&line.slope).unwrap();
/// assert!((slope[1] - 1.0).abs() < 1e-12 && line.residual < 1e-24);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// fletcher2013.
pub fn geodesic_regression<M: Geodesic + ?Sized>(
    m: &M,
    x: &Tensor,
    y: &Tensor,
    config: &CenterConfig,
) -> Result<GeodesicRegression> {
    const OP: &str = "geodesic_regression";
    let data = Data::new(OP, m, y, None, 2)?;
    let x = check_numbers(OP, x, data.count)?.to_device(y.device());
    let middle = x.mean(Kind::Double).double_value(&[]);
    let centered = x - middle;
    let mean = mean_of(OP, m, &data, config)?;
    let problem = Residual {
        m,
        power: centered.square().mean(Kind::Double).double_value(&[]),
        x: centered,
        data: &data,
        spread: mean.objective.sqrt(),
    };
    let found = problem.solve(OP, &mean.point, config)?;
    let Trial { p, v, value, .. } = found.place.point;
    // From the middle back to x = 0.
    let (intercept, slope) = no_grad(|| m.exp_transport(&p, &(&v * -middle), &v));
    let residual = 2.0 * value;
    Ok(GeodesicRegression {
        intercept: no_grad(|| data.rounded(m, &intercept)),
        slope: slope.to_kind(y.kind()),
        residual,
        r_squared: 1.0 - residual / mean.objective,
        iterations: found.iterations,
        ending: found.ending,
    })
}

fn check_numbers(op: &'static str, x: &Tensor, count: i64) -> Result<Tensor> {
    crate::numerics::require_floating(op, "numbers x", x)?;
    if x.size() != [count] {
        let expected = format!("one number for each of {count} points");
        return Err(Error::invalid(op, expected, format!("{:?}", x.size())));
    }
    let x = x.detach().to_kind(Kind::Double);
    let bad = x.isfinite().logical_not().nonzero();
    if bad.size()[0] > 0 {
        let index = bad.int64_value(&[0, 0]);
        let got = format!("{} at {index}", x.double_value(&[index]));
        return Err(Error::invalid(op, "finite numbers", got));
    }
    if x.max().double_value(&[]) == x.min().double_value(&[]) {
        return Err(Error::invalid(
            op,
            "numbers that differ",
            "one number for all points",
        ));
    }
    Ok(x)
}

/// Half the mean square distance of the points from a geodesic, as a function of where it is in the middle of the
/// numbers and of its velocity there.
struct Residual<'a, M: ?Sized> {
    m: &'a M,
    /// With mean 0.
    x: Tensor,
    data: &'a Data,
    /// The mean of x²: a change of the velocity counts as much as what it moves the points by.
    power: f64,
    /// The root mean square distance of the points from their mean.
    spread: f64,
}

/// A geodesic on trial, and minus the derivatives of the value.
struct Trial {
    p: Tensor,
    v: Tensor,
    value: f64,
    by_p: Tensor,
    by_v: Tensor,
}

impl<M: Geodesic + ?Sized> Residual<'_, M> {
    fn solve(
        &self,
        op: &'static str,
        p: &Tensor,
        config: &CenterConfig,
    ) -> Result<Descended<Trial>> {
        // The slope of the logarithms at the mean, or none if that leads where there is no residual.
        let logs = no_grad(|| self.m.log(p, &self.data.points));
        let count = self.data.count as f64;
        let v = Data::combine(&logs, &(&self.x / (self.power * count)));
        let starts = [v.shallow_clone(), v.zeros_like()];
        let place = starts.iter().find_map(|v| Place::at(self, self.at(p, v)));
        let place = place.ok_or_else(|| Error::NotFinite {
            op,
            what: "the residual or its gradient",
            place: "the Fréchet mean".to_owned(),
        })?;
        descend(op, self, config, place)
    }

    fn at(&self, p: &Tensor, v: &Tensor) -> Trial {
        let (p, v) = (p.detach(), v.detach());
        let (value, by_p, by_v) = with_grad(|| {
            // A change of p takes v along in parallel: p moved by a, v moved there with it and by b.
            let a = v.zeros_like().set_requires_grad(true);
            let b = v.zeros_like().set_requires_grad(true);
            let (start, velocity) = self.m.exp_transport(&p, &a, &(&v + &b));
            let mut x = self.x.shallow_clone();
            for _ in self.m.point_shape() {
                x = x.unsqueeze(-1);
            }
            let ends = self.m.exp(&start, &(x * velocity));
            let squares = self.m.dist(&ends, &self.data.points).square();
            let value = squares.mean(Kind::Double) * 0.5;
            let gradients = Tensor::run_backward(&[&value], &[&a, &b], false, false);
            let [by_a, by_b] = [&gradients[0], &gradients[1]].map(Tensor::detach);
            (value.double_value(&[]), by_a, by_b)
        });
        no_grad(|| Trial {
            by_p: -self.m.rgrad(&p, &by_p),
            by_v: -self.m.rgrad(&p, &by_v) / self.power,
            p,
            v,
            value,
        })
    }
}

impl<M: Geodesic + ?Sized> Problem for Residual<'_, M> {
    type Point = Trial;

    fn value(&self, at: &Trial) -> f64 {
        at.value
    }

    /// Tangents `[.., 2, point..]`: the change of the point and that of the velocity.
    fn slope(&self, at: &mut Trial) -> Slope {
        let pull = Tensor::stack(&[&at.by_p, &at.by_v], 0);
        Slope {
            gradient: self.inner(at, &pull, &pull).double_value(&[]).sqrt(),
            pull,
            scale: 1.0,
            unit: self.spread,
        }
    }

    fn moved(&self, from: &Trial, step: &Tensor) -> Trial {
        let (p, v) = no_grad(|| {
            let v = &from.v + step.get(1);
            self.m.exp_transport(&from.p, &step.get(0), &v)
        });
        self.at(&p, &v)
    }

    fn transport(&self, from: &Trial, to: &Trial, tangents: &Tensor) -> Tensor {
        no_grad(|| self.m.parallel_transport(&from.p, &to.p, tangents))
    }

    fn inner(&self, at: &Trial, u: &Tensor, v: &Tensor) -> Tensor {
        let products = no_grad(|| self.m.inner(&at.p, u, v));
        products.select(-1, 0) + products.select(-1, 1) * self.power
    }

    fn neighbours(&self, at: &Trial) -> Vec<(Trial, Tensor)> {
        let points = no_grad(|| nearest_points(self.m, &at.p)).into_iter();
        let with_way = points.map(|p| {
            let (way, v) = no_grad(|| {
                let v = self.m.parallel_transport(&at.p, &p, &at.v);
                (self.m.log(&at.p, &p), v)
            });
            (
                self.at(&p, &v),
                Tensor::stack(&[&way, &way.zeros_like()], 0),
            )
        });
        with_way.collect()
    }
}
