//! Riemannian stochastic gradient descent with momentum.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::rule::{Buffer, BufferShape, Motion, Step, Update, UpdateRule, decayed_rgrad, require};
use super::{ManifoldParameter, Optimizer};
use crate::{Error, Result};

/// Riemannian stochastic gradient descent with momentum, dampening and Nesterov's variant.
///
/// ```text
/// g = rgrad(p, ∂f + weight_decay·p)
/// b ← momentum·b + (1 − dampening)·g        (b ← g at the first step)
/// d = g + momentum·b with nesterov, else b  (d = g without momentum)
/// p ← p moved along −learning_rate·d, b transported along
/// ```
///
/// In Euclidean space it equals `torch.optim.SGD`.
///
/// # References
///
/// bonnabel2013; nickel2017, equation 5, for the ball.
pub type RiemannianSgd = Optimizer<SgdConfig>;

/// Settings of [`RiemannianSgd`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdConfig {
    /// The learning rate, ≥ 0.
    pub learning_rate: f64,
    /// The factor of the previous direction, in [0, 1); 0 means no momentum.
    pub momentum: f64,
    /// The gradient enters the momentum with the factor 1 − dampening; in [0, 1].
    pub dampening: f64,
    /// Nesterov's momentum; requires momentum > 0 and dampening = 0.
    pub nesterov: bool,
    /// Adds `weight_decay·p`, in ambient coordinates, to the Euclidean gradient, ≥ 0. It pulls
    /// points to the origin of the ball and of the hyperboloid, and has no effect on the sphere.
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }
}

impl SgdConfig {
    /// Plain gradient descent with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            ..Self::default()
        }
    }
}

impl UpdateRule for SgdConfig {
    const NAME: &'static str = "RiemannianSgd";

    fn validate(&self) -> Result<()> {
        let op = Self::NAME;
        require(
            op,
            "learning_rate",
            self.learning_rate,
            "≥ 0",
            self.learning_rate >= 0.0,
        )?;
        let kept = (0.0..1.0).contains(&self.momentum);
        require(op, "momentum", self.momentum, "in [0, 1)", kept)?;
        let withheld = (0.0..=1.0).contains(&self.dampening);
        require(op, "dampening", self.dampening, "in [0, 1]", withheld)?;
        let decay = self.weight_decay;
        require(op, "weight_decay", decay, "≥ 0", decay >= 0.0)?;
        if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            return Err(Error::invalid(
                op,
                "momentum > 0 and dampening = 0 with nesterov",
                format!(
                    "momentum {} and dampening {}",
                    self.momentum, self.dampening
                ),
            ));
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn buffers(&self) -> Vec<Buffer> {
        if self.momentum == 0.0 {
            return Vec::new();
        }
        vec![Buffer {
            name: "momentum",
            shape: BufferShape::Point,
            initial: 0.0,
        }]
    }

    fn update(
        &self,
        motion: &Motion,
        step: Step,
        points: &Tensor,
        egrad: &Tensor,
        buffers: &[Tensor],
    ) -> Update {
        let gradient = decayed_rgrad(motion, points, egrad, self.weight_decay);
        let [momentum] = buffers else {
            return Update {
                points: motion.advance(points, &(gradient * -step.learning_rate)),
                buffers: Vec::new(),
            };
        };
        let momentum = if step.count == 1 {
            // The Riemannian gradient may be the caller's own tensor.
            gradient.copy()
        } else if self.dampening == 0.0 {
            (momentum * self.momentum).g_add_(&gradient)
        } else {
            (momentum * self.momentum).g_add_(&(&gradient * (1.0 - self.dampening)))
        };
        let direction = if self.nesterov {
            (&momentum * self.momentum).g_add_(&gradient) * -step.learning_rate
        } else {
            &momentum * -step.learning_rate
        };
        let (points, carried) = motion.advance_transport(points, &direction, &momentum);
        Update {
            points,
            buffers: vec![carried],
        }
    }
}

impl RiemannianSgd {
    /// An optimiser for plain gradient descent with this learning rate.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless learning_rate is finite and ≥ 0.
    pub fn plain(parameters: Vec<ManifoldParameter>, learning_rate: f64) -> Result<Self> {
        Self::new(parameters, SgdConfig::new(learning_rate))
    }
}
