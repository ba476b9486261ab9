//! A geodesic through points that depend on a number.

use tch::{Kind, Tensor};

use super::center::{CenterConfig, frechet_mean};
use super::sample::Data;
use crate::manifold::Geodesic;
use crate::{Error, Result};

/// A geodesic, as the straight line of a regression.
#[derive(Debug)]
pub struct GeodesicRegression {
    /// Where the geodesic is at x = 0.
    pub intercept: Tensor,
    /// Its velocity there: how it moves while x grows by 1.
    pub slope: Tensor,
    /// Σ d(exp(intercept, xᵢ slope), yᵢ)² / count
    pub residual: f64,
    /// 1 − residual / Fréchet variance; NaN if all points are equal.
    pub r_squared: f64,
    /// Steps made.
    pub iterations: usize,
}

impl GeodesicRegression {
    /// The points of the geodesic at numbers `[count]`: `[count, point..]`.
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

/// The geodesic nearest to points, each of which belongs to a number.
///
/// ```text
/// argmin_{p, v} Σᵢ d(exp(p, xᵢ v), yᵢ)²
/// ```
///
/// From the Fréchet mean and the slope of the logarithms there, by steps that would be exact on flat
/// space, in the middle of the numbers, where p and v do not depend on each other to first order.
///
/// # Shapes
///
/// Numbers `[count]`, points `[count, point..]`.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than two points, numbers that are not finite or all equal,
/// or wrong shapes; [`Error::NotOnManifold`] for what is no point; [`Error::NoConvergence`] with what
/// is left of the gradient, over the root mean square distance.
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
    let mean = frechet_mean(m, y, None, config)?;
    let search = Search {
        m,
        power: centered.square().sum(Kind::Double).double_value(&[]),
        x: centered,
        y: data.points.to_kind(Kind::Double),
        count: data.count as f64,
    };
    let (p, v, residual, iterations) = search.run(
        OP,
        &mean.point.to_kind(Kind::Double),
        config,
        mean.objective.sqrt(),
    )?;
    // From the middle back to x = 0.
    let (intercept, slope) = tch::no_grad(|| m.exp_transport(&p, &(&v * -middle), &v));
    Ok(GeodesicRegression {
        intercept: intercept.to_kind(y.kind()),
        slope: slope.to_kind(y.kind()),
        residual,
        r_squared: 1.0 - residual / mean.objective,
        iterations,
    })
}

fn check_numbers(op: &'static str, x: &Tensor, count: i64) -> Result<Tensor> {
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

struct Search<'a, M: ?Sized> {
    m: &'a M,
    /// With mean 0.
    x: Tensor,
    y: Tensor,
    /// Σ x²
    power: f64,
    count: f64,
}

/// A geodesic on trial: half of Σ d² falls fastest along these.
struct Trial {
    p: Tensor,
    v: Tensor,
    objective: f64,
    p_step: Tensor,
    v_step: Tensor,
    /// The length of both steps, in the units of a distance.
    gradient: f64,
}

impl<M: Geodesic + ?Sized> Search<'_, M> {
    fn at(&self, p: &Tensor, v: &Tensor) -> Trial {
        let (p, v) = (p.detach().copy(), v.detach().copy());
        let (objective, by_p, by_v) = tch::with_grad(|| {
            // A change of p takes v along in parallel: p moved by a, v moved there with it and by b.
            let a = v.zeros_like().set_requires_grad(true);
            let b = v.zeros_like().set_requires_grad(true);
            let (start, velocity) = self.m.exp_transport(&p, &a, &(&v + &b));
            let mut x = self.x.shallow_clone();
            for _ in self.m.point_shape() {
                x = x.unsqueeze(-1);
            }
            let ends = self.m.exp(&start, &(x * velocity));
            let sum = self.m.dist(&ends, &self.y).square().sum(Kind::Double);
            let gradients = Tensor::run_backward(&[&sum], &[&a, &b], false, false);
            (
                sum.double_value(&[]),
                gradients[0].detach(),
                gradients[1].detach(),
            )
        });
        tch::no_grad(|| {
            let p_step = self.m.rgrad(&p, &by_p) * (-0.5 / self.count);
            let v_step = self.m.rgrad(&p, &by_v) * (-0.5 / self.power);
            let length = |t: &Tensor| self.m.norm(&p, t).double_value(&[]);
            let gradient =
                length(&p_step).hypot(length(&v_step) * (self.power / self.count).sqrt());
            Trial {
                p,
                v,
                objective,
                p_step,
                v_step,
                gradient,
            }
        })
    }

    fn run(
        &self,
        op: &'static str,
        p: &Tensor,
        config: &CenterConfig,
        spread: f64,
    ) -> Result<(Tensor, Tensor, f64, usize)> {
        const SHORTEST_STEP: f64 = 1e-6;
        // The slope of the logarithms at the mean.
        let logs = tch::no_grad(|| self.m.log(p, &self.y));
        let v = Data::combine(&logs, &(&self.x / self.power));
        let mut here = self.at(p, &v);
        let mut step = 1.0;
        for iterations in 0..=config.max_iterations {
            if here.gradient <= config.tolerance * spread {
                return Ok((here.p, here.v, here.objective / self.count, iterations));
            }
            let descends = |next: &Trial| {
                next.objective < here.objective * (1.0 - 1e-12) || next.gradient < here.gradient
            };
            let moved = |step: f64| {
                let (p, v) = tch::no_grad(|| {
                    let v = &here.v + &here.v_step * step;
                    self.m.exp_transport(&here.p, &(&here.p_step * step), &v)
                });
                self.at(&p, &v)
            };
            let mut next = moved(step);
            while !descends(&next) && step > SHORTEST_STEP {
                step *= 0.5;
                next = moved(step);
            }
            if !descends(&next) {
                break;
            }
            here = next;
            step = f64::min(1.0, 1.5 * step);
        }
        Err(Error::NoConvergence {
            op,
            iterations: config.max_iterations,
            residual: here.gradient,
            tolerance: config.tolerance * spread,
        })
    }
}
