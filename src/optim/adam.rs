//! Riemannian Adam and AMSGrad.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::Optimizer;
use super::rule::{
    Buffer, BufferShape, Motion, Step, Update, UpdateRule, decayed_rgrad, require, scaled_ratio,
};
use crate::Result;
use crate::numerics::operation::Operation;

/// Riemannian Adam, and AMSGrad with [`AdamConfig::amsgrad`].
///
/// ```text
/// g = rgrad(p, ∂f + weight_decay·p)
/// m ← β₁ m + (1 − β₁) g
/// s ← β₂ s + (1 − β₂) ⟨g, g⟩            one value per irreducible factor
/// s' = s, or the largest s so far with amsgrad
/// d = m / (1 − β₁ᵗ) / (√(s' / (1 − β₂ᵗ)) + ε)
/// p ← p moved along −learning_rate·d, m transported along
/// ```
///
/// at step t = 1, 2, …. Euclidean space is a product of lines, so that it equals
/// `torch.optim.Adam` there.
///
/// # References
///
/// becigneul2019, section 4 (figure 1), with kingma2015's bias correction.
pub type RiemannianAdam = Optimizer<AdamConfig>;

/// Settings of [`RiemannianAdam`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// The learning rate, ≥ 0.
    pub learning_rate: f64,
    /// The decay β₁ of the mean gradient, in [0, 1).
    pub beta1: f64,
    /// The decay β₂ of the mean squared length, in [0, 1).
    pub beta2: f64,
    /// ε, added to the root of the second moment, ≥ 0. For ε = 0, a gradient that has been 0 since
    /// the first step leads to 0/0 = NaN.
    pub eps: f64,
    /// Adds `weight_decay·p`, in ambient coordinates, to the Euclidean gradient, ≥ 0. It pulls
    /// points to the origin of the ball and of the hyperboloid, and has no effect on the sphere.
    pub weight_decay: f64,
    /// Divide by the largest second moment so far, as AMSGrad does.
    pub amsgrad: bool,
    /// Correct the bias of both moments towards their start at 0, as Adam does.
    pub bias_correction: bool,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            bias_correction: true,
        }
    }
}

impl AdamConfig {
    /// The default settings with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            ..Self::default()
        }
    }

    /// 1 − β₁ᵗ and √(1 − β₂ᵗ), or 1 and 1 without bias correction.
    fn corrections(&self, count: i64) -> (f64, f64) {
        if !self.bias_correction {
            return (1.0, 1.0);
        }
        let count = count as f64;
        (
            1.0 - self.beta1.powf(count),
            (1.0 - self.beta2.powf(count)).sqrt(),
        )
    }
}

/// What a gradient makes of the buffers, and the way to go.
struct Moments {
    momentum: Tensor,
    second: Tensor,
    largest: Option<Tensor>,
    direction: Tensor,
}

impl AdamConfig {
    /// From the momentum, the gradient, its squared length and the second moment.
    fn moments(
        &self,
        step: Step,
        [momentum, gradient, squared, second]: [&Tensor; 4],
        largest: Option<&Tensor>,
    ) -> Moments {
        let momentum = momentum.lerp(gradient, 1.0 - self.beta1);
        let second = (second * self.beta2).g_add_(&(squared * (1.0 - self.beta2)));
        let largest = largest.map(|largest| largest.maximum(&second));
        let (first_correction, second_correction) = self.corrections(step.count);
        let denominator = largest
            .as_ref()
            .unwrap_or(&second)
            .sqrt()
            .g_div_scalar_(second_correction)
            .g_add_scalar_(self.eps);
        let direction = scaled_ratio(
            &momentum,
            -(step.learning_rate / first_correction),
            &denominator,
        );
        Moments {
            momentum,
            second,
            largest,
            direction,
        }
    }

    /// [`moments`](Self::moments) for one second moment a point: in one pass over memory where kernels serve.
    fn moments_by_rows(&self, step: Step, moments: [&Tensor; 4], width: i64) -> Moments {
        let [shape, _, _, scalars] = moments.map(Tensor::size);
        let [momentum, gradient, squared, second] = moments;
        let (first_correction, second_correction) = self.corrections(step.count);
        let factor = -(step.learning_rate / first_correction);
        let rows = [
            (momentum, width),
            (gradient, width),
            (squared, 1),
            (second, 1),
        ]
        .map(|(t, width)| t.reshape([-1, width]));
        Operation::on(rows.each_ref())
            .at(|| ())
            .rows(
                [width as usize, 1, width as usize],
                |(), [momentum, gradient, squared, second], [new, new_second, direction]| {
                    new_second[0] = second[0] * self.beta2 + squared[0] * (1.0 - self.beta2);
                    let denominator = new_second[0].sqrt() / second_correction + self.eps;
                    for (i, direction) in direction.iter_mut().enumerate() {
                        new[i] = momentum[i] + (gradient[i] - momentum[i]) * (1.0 - self.beta1);
                        *direction = new[i] * factor / denominator;
                    }
                },
            )
            .map(|[momentum, second, direction]| Moments {
                momentum: momentum.view(shape.as_slice()),
                second: second.view(scalars.as_slice()),
                largest: None,
                direction: direction.view(shape.as_slice()),
            })
            .or_else(|| self.moments(step, moments, None))
    }
}

impl UpdateRule for AdamConfig {
    const NAME: &'static str = "RiemannianAdam";

    fn validate(&self) -> Result<()> {
        let op = Self::NAME;
        require(
            op,
            "learning_rate",
            self.learning_rate,
            "≥ 0",
            self.learning_rate >= 0.0,
        )?;
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            require(op, name, beta, "in [0, 1)", (0.0..1.0).contains(&beta))?;
        }
        require(op, "eps", self.eps, "≥ 0", self.eps >= 0.0)?;
        let decay = self.weight_decay;
        require(op, "weight_decay", decay, "≥ 0", decay >= 0.0)
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn buffers(&self) -> Vec<Buffer> {
        let buffer = |name, shape| Buffer {
            name,
            shape,
            initial: 0.0,
        };
        let mut buffers = vec![
            buffer("momentum", BufferShape::Point),
            buffer("second_moment", BufferShape::Component),
        ];
        if self.amsgrad {
            buffers.push(buffer("largest_second_moment", BufferShape::Component));
        }
        buffers
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
        let [momentum, second, largest @ ..] = buffers else {
            unreachable!("two or three buffers are declared above");
        };
        let squared = motion
            .manifold()
            .component_inner(points, &gradient, &gradient);
        let moments = [momentum, &gradient, &squared, second];
        let width: i64 = motion.manifold().point_shape().iter().product();
        let is_one_a_point = second.numel() as i64 * width == momentum.numel() as i64;
        let Moments {
            momentum,
            second,
            largest,
            direction,
        } = match largest.first() {
            None if is_one_a_point => self.moments_by_rows(step, moments, width),
            largest => self.moments(step, moments, largest),
        };
        let (points, carried) = motion.advance_transport(points, &direction, &momentum);
        let buffers = [carried, second].into_iter().chain(largest).collect();
        Update { points, buffers }
    }
}
