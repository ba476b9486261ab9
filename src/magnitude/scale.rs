//! Scales by what they show.

use tch::{Kind, Tensor};

use super::components::components;
use super::derivative::scale_derivative;
use super::duplicates::Classes;
use super::similarity::check_scale;
use super::weighting::{WeightingConfig, weighting_of_distinct};
use crate::metric::check_distances;
use crate::{Error, Result};

const OP: &str = "scale_of_magnitude";

/// How often the scale is multiplied or divided by this, until the magnitude is passed.
const STRIDE: f64 = 4.0;
const STRIDES: usize = 100;
/// Steps of the search between two scales.
const STEPS: usize = 100;
/// The relative change of the scale that ends it.
const CLOSE: f64 = 1e-13;

/// The scale that an application looks at its points from.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scale {
    /// This t.
    Fixed(f64),
    /// The t at which the magnitude is this share of the number of different points, between 0 and 1: the same whatever the
    /// distances' unit. See [`scale_of_magnitude`].
    Share(f64),
}

impl Scale {
    /// The scale t for a matrix of distances.
    ///
    /// # Errors
    ///
    /// Those of [`scale_of_magnitude`], and [`Error::InvalidArgument`] for a share that is not between 0 and 1. One
    /// point, or none, has any share at any scale: then 1.
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
        check_distances("Scale::Share", distances)?;
        let classes = Classes::of("Scale::Share", distances)?;
        let distinct = classes.map_or(distances.size()[0], |classes| classes.count());
        if distinct <= 1 {
            return Ok(1.0);
        }
        scale_of_magnitude(distances, share * distinct as f64, config)
    }
}

/// The scale t at which a metric space has this magnitude, |tX| = `magnitude`.
///
/// Found from outside in: the scale is multiplied or divided by 4 until the magnitude is passed, then by Newton's
/// steps in log t and log|tX| from both sides. Where several scales have the magnitude, as in spaces that are not positive
/// definite, it is one of them.
///
/// # Shapes
///
/// `distances`: `[n, n]`.
///
/// # Accuracy
///
/// t to 1e-13, relatively, or to what the magnitude's own roundings leave.
///
/// # Errors
///
/// Those of [`weighting`](super::weighting), and [`Error::InvalidArgument`] for a magnitude that no scale from 4^−100 to 4^100 of the mean distance has:
/// most spaces have those above the number of components and below the number of different points.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{WeightingConfig, scale_of_magnitude};
/// use tch::Tensor;
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
    check_distances(OP, distances)?;
    let start = 1.0 / mean_distance(distances, magnitude)?;
    let distinct = tch::no_grad(|| {
        Ok::<_, Error>(match Classes::of(OP, distances)? {
            Some(classes) => classes.distinct(distances),
            None => distances.detach(),
        })
    })?
    .to_kind(Kind::Double);
    let search = Search {
        components: components(&distinct),
        distinct,
        magnitude,
        config,
    };
    let mut last = search.at(start)?;
    if last.excess == 0.0 {
        return Ok(last.t);
    }
    let stride = if last.excess < 0.0 {
        STRIDE
    } else {
        1.0 / STRIDE
    };
    for _ in 0..STRIDES {
        let next = search.at(last.t * stride)?;
        if next.excess == 0.0 {
            return Ok(next.t);
        }
        if (next.excess > 0.0) != (last.excess > 0.0) {
            return search.between(last, next);
        }
        last = next;
    }
    Err(unreached(magnitude))
}

fn unreached(magnitude: f64) -> Error {
    let wanted = "a magnitude above the number of components and below that of different points";
    Error::invalid(OP, wanted, magnitude)
}

/// Of points at finite distances above 0.
fn mean_distance(distances: &Tensor, magnitude: f64) -> Result<f64> {
    let distances = distances.detach();
    let apart = distances.isfinite().logical_and(&distances.gt(0.0));
    let mean = distances.masked_select(&apart).mean(Kind::Double);
    let mean = mean.double_value(&[]);
    if mean.is_finite() && mean > 0.0 && magnitude.is_finite() {
        return Ok(mean);
    }
    Err(unreached(magnitude))
}

struct Search<'a> {
    distinct: Tensor,
    components: Vec<Tensor>,
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
    fn at(&self, t: f64) -> Result<Trial> {
        let solve =
            || weighting_of_distinct(OP, &self.distinct, &self.components, t, None, self.config);
        let found = tch::no_grad(solve)?;
        let slope = t * scale_derivative(&self.distinct, t, &found.weights) / found.magnitude;
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
        Ok(best.t)
    }
}
