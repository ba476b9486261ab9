//! The update rule of an optimiser.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::Tensor;

use crate::{Error, Geodesic, Manifold, Result};

/// How a point moves along a tangent vector.
#[derive(Debug)]
pub enum Motion {
    /// By retraction; other tangents are moved by vector transport.
    Retraction(Box<dyn Manifold>),
    /// By the exponential map; other tangents are moved by parallel transport.
    Exact(Box<dyn Geodesic>),
}

impl Motion {
    /// The manifold.
    pub fn manifold(&self) -> &dyn Manifold {
        match self {
            Self::Retraction(manifold) => manifold.as_ref(),
            Self::Exact(manifold) => manifold.as_ref(),
        }
    }

    /// The point reached from `p` along `v`.
    pub fn advance(&self, p: &Tensor, v: &Tensor) -> Tensor {
        match self {
            Self::Retraction(manifold) => manifold.retract(p, v),
            Self::Exact(manifold) => manifold.exp(p, v),
        }
    }

    /// The point reached from `p` along `v`, and the tangent `w` transported there.
    pub fn advance_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        match self {
            Self::Retraction(manifold) => manifold.retract_transport(p, v, w),
            Self::Exact(manifold) => manifold.exp_transport(p, v, w),
        }
    }
}

/// The learning rate and the count of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The present learning rate.
    pub learning_rate: f64,
    /// The number of steps of the parameter, including this one: 1 at the first step.
    pub count: i64,
}

/// A tensor that an optimiser keeps for each parameter, such as its momentum.
#[derive(Debug, Clone, Copy)]
pub struct Buffer {
    /// Its name in a saved state.
    pub name: &'static str,
    /// Its shape.
    pub shape: BufferShape,
    /// Its value before the first step.
    pub initial: f64,
}

/// The shape of a [`Buffer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BufferShape {
    /// The shape of the parameter: tangents at its points.
    Point,
    /// The shape of [`Manifold::component_inner`]: one value per factor of a product, `[.., 1, …]`
    /// for a manifold that is not a product.
    Component,
}

/// The result of an update rule for a batch of points.
#[derive(Debug)]
pub struct Update {
    /// The new points, in the shape and kind of the old ones.
    pub points: Tensor,
    /// The new buffers, in the order of [`UpdateRule::buffers`], in the shape and kind of the old ones.
    pub buffers: Vec<Tensor>,
}

/// An update rule, together with its settings.
///
/// A rule receives a batch of points, their gradients, and its own buffers for these points. They
/// may be a whole parameter or a few of its rows. It runs without autograd.
pub trait UpdateRule: Clone + Debug + Send + Serialize + DeserializeOwned {
    /// The name of the optimiser, written into its saved state.
    const NAME: &'static str;

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] with the name of the setting.
    fn validate(&self) -> Result<()>;

    /// The learning rate in the settings.
    fn learning_rate(&self) -> f64;

    /// The tensors that the rule keeps for each parameter.
    fn buffers(&self) -> Vec<Buffer>;

    /// The new points and the new buffers after a step with the Euclidean gradient `egrad` at
    /// `points`.
    ///
    /// An implementation must not write into `points`, `egrad` or `buffers`, which are kept if the
    /// step is not finite. The new buffers must not share memory with `egrad`, which belongs to
    /// the caller.
    fn update(
        &self,
        motion: &Motion,
        step: Step,
        points: &Tensor,
        egrad: &Tensor,
        buffers: &[Tensor],
    ) -> Update;
}

/// The Riemannian gradient of the objective with weight decay: of `f(p) + (decay/2) Σ p²`, the sum
/// over the ambient coordinates, as PyTorch adds it to the gradient.
pub(crate) fn decayed_rgrad(
    motion: &Motion,
    points: &Tensor,
    egrad: &Tensor,
    decay: f64,
) -> Tensor {
    if decay == 0.0 {
        return motion.manifold().rgrad(points, egrad);
    }
    motion.manifold().rgrad(points, &(points * decay + egrad))
}

/// `numerator · factor / denominator` in one pass over the numerator when the denominator is one
/// value per point; with the roundings of `addcdiv` when it is one value per coordinate.
pub(crate) fn scaled_ratio(numerator: &Tensor, factor: f64, denominator: &Tensor) -> Tensor {
    if denominator.numel() == numerator.numel() {
        (numerator * factor).divide_(denominator)
    } else {
        numerator * (denominator.reciprocal() * factor)
    }
}

/// Refuses a setting that is not finite or does not meet its condition.
pub(crate) fn require(
    op: &'static str,
    name: &str,
    value: f64,
    condition: &str,
    met: bool,
) -> Result<()> {
    if value.is_finite() && met {
        return Ok(());
    }
    Err(Error::invalid(op, format!("{name} {condition}"), value))
}
