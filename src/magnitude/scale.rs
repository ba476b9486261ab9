//! The choice of a scale.

use tch::{Kind, Tensor};

use super::config::WeightingConfig;
use super::similarity::check_scale;
use super::similarity::derivative::scale_derivative;
use super::similarity::distinct::Distinct;
use super::weighting::weighting_of_distinct;
use crate::metric::checked_distances;
use crate::numerics::no_grad;
use crate::{Error, Result};

const OP: &str = "scale_of_magnitude";

/// How often the scale is multiplied or divided by this, until the magnitude is passed.
const STRIDE: f64 = 4.0;
const STRIDES: usize = 100;
/// Steps of the search between two scales.
const STEPS: usize = 100;
/// The relative change of the scale that ends it.
const CLOSE: f64 = 1e-13;
/// The relative difference of the magnitude that the roundings of an ill-conditioned space may leave.
const NEAR: f64 = 1e-6;

/// How an application chooses the scale t.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scale {
    /// This value of t.
    Fixed(f64),
    /// The t at which the magnitude is at this share, in (0, 1), of the way from its limit at t →
    /// 0, the number c of components, to its limit at t → ∞, the number n of distinct points: |tX|
    /// = c + share · (n − c). The choice does not depend on the unit of the distances. At finite
    /// distances c = 1. See [`scale_of_magnitude`].
    Share(f64),
}

impl Scale {
    /// The scale t for a matrix of distances.
    ///
    /// # Errors
    ///
    /// Those of [`scale_of_magnitude`], and [`Error::InvalidArgument`] for a share that is not
    /// between 0 and 1.
    ///
    /// Where no distinct points are at a finite distance from each other, the magnitude does not
    /// depend on the scale, and the result is 1.
    pub fn of(self, distances: &Tensor, config: &WeightingConfig) -> Result<f64> {
        let share = match self {
            Self::Fixed(t) => {
                check_scale("Scale::Fixed", t)?;
                return Ok(t);
            }
            Self::Share(share) => share,
        };
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid(
                "Scale::Share",
                "a share between 0 and 1",
                share,
            ));
        }
        let space = Space::new("Scale::Share", distances)?;
        let (fewest, most) = space.range();
        if fewest == most {
            return Ok(1.0);
        }
        space.scale_of(fewest + share * (most - fewest), config)
    }
}

/// The scale t at which a metric space has a given magnitude, |tX| = `magnitude`.
///
/// The scale is bracketed by factors of 4, then found by Newton steps in log t and log|tX| within
/// the bracket. Where several scales have the magnitude, as is possible in spaces that are not
/// positive definite, the result is one of them; in such spaces an existing scale may also be
/// missed.
///
/// # Shapes
///
/// `distances`: `[n, n]`.
///
/// # Accuracy
///
/// t has a relative error of 1e-13, or more where rounding errors of the magnitude limit it.
///
/// # Errors
///
/// Those of [`weighting`](super::weighting), and [`Error::InvalidArgument`] for a magnitude that
/// is not above the number of components and below the number of distinct points, or that was not
/// found; the message then says where the search ended. Positive definite spaces have all
/// magnitudes in between.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{WeightingConfig, scale_of_magnitude};
/// use holonomy::tch::Tensor;
///
/// // Two points at distance d have magnitude 1 + tanh(t d/2).
/// let pair = Tensor::from_slice(&[0.0, 3.0, 3.0, 0.0]).view([2, 2]);
/// let t = scale_of_magnitude(&pair, 1.5, &WeightingConfig::default())?;
/// assert!((t - 2.0 * 0.5_f64.atanh() / 3.0).abs() < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn scale_of_magnitude(
    distances: &Tensor,
    magnitude: f64,
    config: &WeightingConfig,
) -> Result<f64> {
    Space::new(OP, distances)?.scale_of(magnitude, config)
}

/// The different points of a space.
struct Space(Distinct);

impl Space {
    fn new(op: &'static str, distances: &Tensor) -> Result<Self> {
        let distances = &checked_distances(op, distances)?;
        let distinct = no_grad(|| Distinct::of(op, distances))?;
        Ok(Self(distinct.alone()))
    }

    /// The magnitudes seen from afar and from near: the numbers of components and of points.
    fn range(&self) -> (f64, f64) {
        let points = self.0.distances.size()[0] as f64;
        (self.0.components.len() as f64, points)
    }

    fn scale_of(&self, magnitude: f64, config: &WeightingConfig) -> Result<f64> {
        let (fewest, most) = self.range();
        let within = magnitude > fewest && magnitude < most;
        if !within {
            let expected = format!("a magnitude above {fewest} and below {most}");
            return Err(Error::invalid(OP, expected, magnitude));
        }
        Search {
            space: self,
            magnitude,
            config,
        }
        .run()
    }

    /// Of points at finite distances.
    fn mean_distance(&self) -> f64 {
        let distances = &self.0.distances;
        let apart = distances.isfinite().logical_and(&distances.gt(0.0));
        let finite = distances.masked_select(&apart);
        // The sum of large distances may overflow.
        let largest = finite.max().double_value(&[]);
        (finite / largest).mean(Kind::Double).double_value(&[]) * largest
    }
}

struct Search<'a> {
    space: &'a Space,
    magnitude: f64,
    config: &'a WeightingConfig,
}

/// A scale, and how much its magnitude is too large.
#[derive(Clone, Copy)]
struct Trial {
    t: f64,
    excess: f64,
    /// By what log t changes to Newton's next.
    step: f64,
}

impl Search<'_> {
    fn run(&self) -> Result<f64> {
        let mut last = self.at(1.0 / self.space.mean_distance())?;
        let stride = if last.excess < 0.0 {
            STRIDE
        } else {
            1.0 / STRIDE
        };
        for _ in 0..STRIDES {
            if last.excess == 0.0 {
                return Ok(last.t);
            }
            let next = self.at(last.t * stride)?;
            if (next.excess > 0.0) != (last.excess > 0.0) {
                return self.between(last, next);
            }
            last = next;
        }
        Err(self.passed_by(last))
    }

    /// The magnitude jumps over the one that was asked for, or never comes near it.
    fn passed_by(&self, trial: Trial) -> Error {
        let expected = format!("a scale at which the magnitude is {}", self.magnitude);
        let got = format!("{} at t = {:e}", trial.excess + self.magnitude, trial.t);
        Error::invalid(OP, expected, got)
    }

    fn at(&self, t: f64) -> Result<Trial> {
        let Space(distinct) = self.space;
        let found = no_grad(|| weighting_of_distinct(OP, distinct, t, self.config))?;
        let slope = t * scale_derivative(&distinct.distances, t, &found.weights) / found.magnitude;
        Ok(Trial {
            t,
            excess: found.magnitude - self.magnitude,
            step: (self.magnitude / found.magnitude).ln() / slope,
        })
    }

    /// Newton's steps as long as they stay between the two, halves otherwise.
    fn between(&self, from: Trial, to: Trial) -> Result<f64> {
        let (mut low, mut high) = if from.t < to.t {
            (from, to)
        } else {
            (to, from)
        };
        let mut best = if from.excess.abs() < to.excess.abs() {
            from
        } else {
            to
        };
        for _ in 0..STEPS {
            let newton = best.t * best.step.exp();
            let inside = newton > low.t && newton < high.t;
            let t = if inside {
                newton
            } else {
                (low.t * high.t).sqrt()
            };
            let trial = self.at(t)?;
            let change = (trial.t / best.t - 1.0).abs();
            if (trial.excess > 0.0) == (low.excess > 0.0) {
                low = trial;
            } else {
                high = trial;
            }
            // A half may lie farther off; then the ends decide.
            if trial.excess.abs() < best.excess.abs() || !inside {
                best = trial;
            }
            let closed = high.t / low.t - 1.0 <= CLOSE;
            if trial.excess == 0.0 || closed || inside && change <= CLOSE {
                break;
            }
        }
        // A sign also changes at a pole.
        if best.excess.abs() > NEAR * self.magnitude {
            return Err(self.passed_by(best));
        }
        Ok(best.t)
    }
}
