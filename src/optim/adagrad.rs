//! Riemannian Adagrad.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::Optimizer;
use super::rule::{
    Buffer, BufferShape, Motion, Step, Update, UpdateRule, decayed_rgrad, require, scaled_ratio,
};
use crate::Result;

/// Riemannian Adagrad.
///
/// ```text
/// g = rgrad(p, ∂f + weight_decay·p)
/// s ← s + ⟨g, g⟩                         one value per irreducible factor
/// p ← p moved along −learning_rate/(1 + (t − 1)·learning_rate_decay) · g / (√s + ε)
/// ```
///
/// at step t = 1, 2, …, with s = `initial_sum` at first.
///
/// In Euclidean space it equals `torch.optim.Adagrad`.
///
/// # References
///
/// becigneul2019, section 3.3, with the squared Riemannian length in each factor of a product.
pub type RiemannianAdagrad = Optimizer<AdagradConfig>;

/// Settings of [`RiemannianAdagrad`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdagradConfig {
    /// The learning rate, ≥ 0.
    pub learning_rate: f64,
    /// The decay of the learning rate per step, ≥ 0: see the formula of [`RiemannianAdagrad`].
    pub learning_rate_decay: f64,
    /// ε, added to the root of the sum, ≥ 0.
    pub eps: f64,
    /// The value of s before the first step, ≥ 0.
    pub initial_sum: f64,
    /// Adds `weight_decay·p`, in ambient coordinates, to the Euclidean gradient, ≥ 0. It pulls
    /// points to the origin of the ball and of the hyperboloid, and has no effect on the sphere.
    pub weight_decay: f64,
}

impl Default for AdagradConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-2,
            learning_rate_decay: 0.0,
            eps: 1e-10,
            initial_sum: 0.0,
            weight_decay: 0.0,
        }
    }
}

impl AdagradConfig {
    /// The default settings with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            ..Self::default()
        }
    }
}

impl UpdateRule for AdagradConfig {
    const NAME: &'static str = "RiemannianAdagrad";

    fn validate(&self) -> Result<()> {
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("learning_rate_decay", self.learning_rate_decay),
            ("eps", self.eps),
            ("initial_sum", self.initial_sum),
            ("weight_decay", self.weight_decay),
        ] {
            require(Self::NAME, name, value, "≥ 0", value >= 0.0)?;
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn buffers(&self) -> Vec<Buffer> {
        vec![Buffer {
            name: "squared_sum",
            shape: BufferShape::Component,
            initial: self.initial_sum,
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
        let [sum] = buffers else {
            unreachable!("one buffer is declared above");
        };
        let gradient = decayed_rgrad(motion, points, egrad, self.weight_decay);
        let squared = motion
            .manifold()
            .component_inner(points, &gradient, &gradient);
        let sum = sum + squared;
        let denominator = sum.sqrt().g_add_scalar_(self.eps);
        let learning_rate =
            step.learning_rate / (1.0 + (step.count - 1) as f64 * self.learning_rate_decay);
        Update {
            points: motion.advance(
                points,
                &scaled_ratio(&gradient, -learning_rate, &denominator),
            ),
            buffers: vec![sum],
        }
    }
}
