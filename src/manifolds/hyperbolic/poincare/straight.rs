//! The straight step p + v as a retraction.

use tch::Tensor;

use super::PoincareBall;
use crate::numerics::in_f64;
use crate::{Error, Result};

impl PoincareBall {
    /// Where published implementations stop a straight step: at √c·norm = 1 − 10⁻⁵, a hyperbolic
    /// distance of 12.2/√c from the origin.
    pub const STRAIGHT_EDGE: f64 = 1.0 - 1e-5;

    /// The same ball with the straight line p + v as its retraction.
    ///
    /// ```text
    /// retract(p, v) = p + v, shortened to √c·norm = max(edge, √c|p|) where it is longer
    /// ```
    ///
    /// It is a retraction of first order. For κ = −1 and near the boundary, a step of hyperbolic
    /// length ℓ away from the origin covers the distance −log(1 − ℓ), and one towards the origin
    /// log(1 + ℓ). A step of length 1 or more can leave the ball. It then ends on the edge, so
    /// that no step reaches a point beyond the edge. A point that is already beyond the edge stays
    /// where it is or moves inwards. In f32 the edge is at most [`PoincareBall::edge`].
    ///
    /// All other operations are unchanged. In particular `vector_transport` is parallel transport
    /// between the ends of the step.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 0 < edge ≤ [`PoincareBall::edge`] of f64.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::{Manifold, PoincareBall};
    /// use holonomy::tch::Tensor;
    ///
    /// let ball = PoincareBall::new(2, -1.0)?.with_straight_retraction(PoincareBall::STRAIGHT_EDGE)?;
    /// let p = Tensor::from_slice(&[0.25, 0.0]);
    /// let step = |x: f64, y: f64| ball.retract(&p, &Tensor::from_slice(&[x, y]));
    /// assert_eq!(step(0.25, 0.5), Tensor::from_slice(&[0.5, 0.5]));
    /// assert_eq!(step(3.75, 0.0), Tensor::from_slice(&[PoincareBall::STRAIGHT_EDGE, 0.0]));
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    ///
    /// # References
    ///
    /// nickel2017, equation 5; becigneul2019, section 5.
    pub fn with_straight_retraction(self, edge: f64) -> Result<Self> {
        let farthest = Self::edge(tch::Kind::Double);
        if !(edge > 0.0 && edge <= farthest) {
            return Err(Error::invalid(
                "PoincareBall::with_straight_retraction",
                format!("0 < edge ≤ {farthest}"),
                edge,
            ));
        }
        Ok(Self {
            straight_edge: Some(edge),
            ..self
        })
    }

    pub(super) fn straight_step(&self, p: &Tensor, v: &Tensor, edge: f64) -> Tensor {
        in_f64([p, v], |[p, v]| {
            let limit = self.scaled_norm(&p).clamp_min(edge);
            self.pull_within(&(p + v), &limit)
        })
    }
}
