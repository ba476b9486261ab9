//! The probability of an edge between two points of a network.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::numerics::require_positive;
use crate::numerics::{check_broadcast, check_numbers};
use crate::{Error, Result};

/// The Fermi–Dirac distribution of edges: an edge is likely between points nearer than a radius r.
///
/// ```text
/// P(edge | d) = 1 / (e^((d − r)/t) + 1)
/// ```
///
/// At distance r the probability is ½; the temperature t is the width of the fall from 1 to 0
/// around r. A negative r is allowed, where edges are rare: then the probability is below ½ at every
/// distance.
///
/// # Examples
///
/// ```
/// use holonomy::embed::FermiDirac;
/// use holonomy::tch::Tensor;
///
/// let edges = FermiDirac { radius: 2.0, temperature: 0.5 };
/// let dist = Tensor::from_slice(&[2.0, 3.0]);
/// let p = edges.probability(&dist);
/// assert_eq!(p.double_value(&[0]), 0.5);
/// assert!((p.double_value(&[1]) - 1.0 / (2.0_f64.exp() + 1.0)).abs() < 1e-16);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, equation 7, after krioukov2010.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FermiDirac {
    /// The distance r at which the probability of an edge is ½; any finite number.
    pub radius: f64,
    /// The temperature t > 0: over each distance t the odds of an edge fall by a factor e.
    pub temperature: f64,
}

impl FermiDirac {
    /// Checks that the distribution is defined.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the radius is finite and the temperature finite and > 0.
    pub fn validate(&self) -> Result<()> {
        const OP: &str = "FermiDirac";
        if !self.radius.is_finite() {
            return Err(Error::invalid(OP, "a finite radius", self.radius));
        }
        require_positive(OP, "temperature", self.temperature)
    }

    /// The probability of an edge at each distance; shape and kind of `dist`.
    ///
    /// # Panics
    ///
    /// For a kind other than f64 and f32.
    #[track_caller]
    pub fn probability(&self, dist: &Tensor) -> Tensor {
        check_numbers("FermiDirac::probability", &[dist]);
        self.log_odds(dist).sigmoid()
    }

    /// The log-likelihood of the observation at each distance: an edge or none.
    ///
    /// ```text
    /// x = (r − d)/t
    /// log P(edge)    = −softplus(−x) = min(x, 0) − log(1 + e^−|x|)
    /// log P(no edge) = −softplus(x)
    /// ```
    ///
    /// Its mean with the sign changed is the cross-entropy loss.
    ///
    /// # Shapes
    ///
    /// `dist` `[..]`, `is_edge` of kind `Bool` and a shape that broadcasts with it.
    ///
    /// # Accuracy
    ///
    /// Full relative precision at any distance: nothing is subtracted from 1, and no exponential
    /// overflows.
    ///
    /// # Gradient
    ///
    /// ∂/∂d = −P(no edge)/t for an edge and P(edge)/t for none; finite everywhere.
    ///
    /// # Panics
    ///
    /// For distances of a kind other than f64 and f32, for `is_edge` of a kind other than `Bool`
    /// or on another device, and for shapes that do not broadcast.
    #[track_caller]
    pub fn log_likelihood(&self, dist: &Tensor, is_edge: &Tensor) -> Tensor {
        const OP: &str = "FermiDirac::log_likelihood";
        check_numbers(OP, &[dist]);
        assert!(
            is_edge.defined() && is_edge.kind() == Kind::Bool && is_edge.device() == dist.device(),
            "{OP}: expected is_edge of kind Bool on the device of the distances, got {is_edge:?}"
        );
        check_broadcast(OP, &[dist.size().as_slice(), &is_edge.size()]);
        let log_odds = self.log_odds(dist);
        let towards = log_odds.where_self(is_edge, &-&log_odds);
        towards.log_sigmoid()
    }

    /// log(P(edge) / P(no edge)).
    fn log_odds(&self, dist: &Tensor) -> Tensor {
        (self.radius - dist) / self.temperature
    }
}
