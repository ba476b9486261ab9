//! What one optimiser does with one gradient, apart from all bookkeeping.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::Tensor;

use crate::{Error, Geodesic, Manifold, Result};

/// How a point moves along a tangent vector.
#[derive(Debug)]
pub enum Motion {
    /// By retraction; other tangents follow by vector transport.
    Retraction(Box<dyn Manifold>),
    /// Along the geodesic; other tangents follow by parallel transport.
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

    /// The point reached from `p` along `v`, and the tangent `w` carried there.
    pub fn advance_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        match self {
            Self::Retraction(manifold) => manifold.retract_transport(p, v, w),
            Self::Exact(manifold) => manifold.exp_transport(p, v, w),
        }
    }
}

/// The learning rate and the number of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The learning rate now.
    pub lr: f64,
    /// The steps that the parameter has made, this one included: 1 at the first.
    pub count: i64,
}

/// A tensor that an optimiser keeps beside each parameter.
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
    /// That of the parameter.
    Point,
    /// That of [`Manifold::component_inner`]: one value per irreducible factor, `[.., 1]` on a
    /// single manifold.
    Component,
}

/// What a rule makes of a batch of points and of its own buffers for them.
#[derive(Debug)]
pub struct Update {
    /// The new points, in the shape and kind of the old ones.
    pub points: Tensor,
    /// The new buffers, in the order of [`UpdateRule::buffers`], in the shape and kind of the old ones.
    pub buffers: Vec<Tensor>,
}

/// The settings of an optimiser, and the update that they stand for.
///
/// A rule sees a batch of points, their gradients, and its own buffers for them. It does not know
/// whether they are a whole table or a few gathered rows. It runs without autograd.
pub trait UpdateRule: Clone + Debug + Send + Serialize + DeserializeOwned {
    /// The name of the optimiser, written into its saved state.
    const NAME: &'static str;

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the setting.
    fn validate(&self) -> Result<()>;

    /// The learning rate in the settings.
    fn lr(&self) -> f64;

    /// The tensors that the rule keeps beside each parameter.
    fn buffers(&self) -> Vec<Buffer>;

    /// The new points after the gradient `egrad` at `points`, and the new buffers.
    ///
    /// Must not write into `points`, `egrad` or `buffers`, which stay when the step is not finite;
    /// and the new buffers must not share the memory of `egrad`, which belongs to the caller.
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
