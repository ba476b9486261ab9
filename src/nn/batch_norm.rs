//! Batch normalisation of points.

use std::borrow::Borrow;

use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::frechet::frechet_mean;
use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::numerics::{check_points, no_grad};
use crate::{Error, Result};

/// The settings of a [`BatchNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNormConfig {
    /// How much of the running statistics one batch replaces, in [0, 1].
    pub momentum: f64,
    /// ε > 0, added to the variance.
    pub eps: f64,
    /// What counts as the middle of a batch.
    pub center: BatchCenter,
}

/// The middle of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchCenter {
    /// The centroid, in the ball the gyromidpoint: one pass.
    #[default]
    Centroid,
    /// The Fréchet mean, with its gradient by implicit differentiation (lou2020): before ε, the Fréchet mean of
    /// a result is β, and its variance γ. A dozen Newton steps, each with a system of n equations.
    Frechet,
}

impl Default for BatchNormConfig {
    /// Momentum 0.1 and ε = 1e-5, as `torch.nn.BatchNorm1d`; the centroid.
    fn default() -> Self {
        Self {
            momentum: 0.1,
            eps: 1e-5,
            center: BatchCenter::Centroid,
        }
    }
}

/// Batch normalisation: the batch is moved to the mean β and scaled to the variance γ.
///
/// ```text
/// y = exp_β PT_{0→β} √(γ/(v + ε)) PT_{μ→0} log_μ x
/// ```
///
/// In the ball that is β ⊕ (√(γ/(v + ε)) ⊗ (⊖μ ⊕ x)). μ is the centroid of the batch or its Fréchet mean
/// ([`BatchCenter`]), and v the mean of d(μ, x)². The result does not depend on where the batch lies, but
/// for a turn about β.
///
/// # Shapes
///
/// Points `[.., coordinates]` → points `[.., coordinates]`; all rows form the batch. The variables are
/// `shift` `[n]`, of which exp₀ is β, and `log_variance` `[]`, ln γ. The buffers are `mean` `[n]`, of which
/// exp₀ is the running mean, and `variance` `[]`.
///
/// # Training and evaluation
///
/// Where `train` is set, μ and v are those of the batch. The running mean moves on the geodesic to μ by
/// the part `momentum`, the running variance likewise. Otherwise the running statistics serve. An empty
/// batch changes nothing.
///
/// # References
///
/// lou2020; with the centroid bdeir2024, whose code divides by the mean distance; here it is the root of
/// the mean squared distance.
#[derive(Debug)]
pub struct BatchNorm<M> {
    space: M,
    config: BatchNormConfig,
    shift: Tensor,
    log_variance: Tensor,
    mean: Tensor,
    variance: Tensor,
}

impl<M: HyperbolicModel> BatchNorm<M> {
    /// A layer over a space, with β at the origin and γ = 1.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if a setting is out of range or the path is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        config: BatchNormConfig,
    ) -> Result<Self> {
        const OP: &str = "BatchNorm::new";
        if !(0.0..=1.0).contains(&config.momentum) {
            return Err(Error::invalid(OP, "momentum in [0, 1]", config.momentum));
        }
        if !(config.eps.is_finite() && config.eps > 0.0) {
            return Err(Error::invalid(OP, "a finite eps above 0", config.eps));
        }
        let path = path.borrow();
        let options = (Kind::Double, path.device());
        let zero = Tensor::zeros([space.dim()], options);
        Ok(Self {
            space: space.clone(),
            config,
            shift: path.variable("shift", &zero)?,
            log_variance: path.variable("log_variance", &Tensor::from(0.0))?,
            mean: path.buffer("mean", &zero)?,
            variance: path.buffer("variance", &Tensor::from(1.0))?,
        })
    }

    /// The running mean, as a point.
    pub fn running_mean(&self) -> Tensor {
        self.space.exp_at_origin(&self.mean)
    }

    fn update(&self, mean: &Tensor, variance: &Tensor) {
        no_grad(|| {
            let part = Tensor::from(self.config.momentum)
                .to_kind(mean.kind())
                .to_device(mean.device());
            let next = self.space.geodesic(&self.running_mean(), mean, &part);
            let next = self.space.log_at_origin(&next);
            self.mean.shallow_clone().copy_(&next);
            let next = self.variance.lerp(variance, self.config.momentum);
            self.variance.shallow_clone().copy_(&next);
        });
    }
}

impl<M: HyperbolicModel> ModuleT for BatchNorm<M> {
    #[track_caller]
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let space = &self.space;
        let width = space.point_shape()[0];
        check_points("BatchNorm::forward_t", width, &[x]);
        if x.numel() == 0 {
            return x.shallow_clone();
        }
        let (mean, variance) = if train {
            let rows = x.reshape([-1, width]);
            let mean = match self.config.center {
                BatchCenter::Centroid => space.centroid(&rows, &rows.select(-1, 0).ones_like()),
                BatchCenter::Frechet => frechet_mean(space, &rows),
            };
            let variance = space.dist(&rows, &mean).square().mean(x.kind());
            self.update(&mean.detach(), &variance.detach());
            (mean, variance)
        } else {
            (self.running_mean(), self.variance.shallow_clone())
        };
        let origin = space.exp_at_origin(&self.shift.zeros_like());
        let shifted = space.exp_at_origin(&self.shift);
        let scale = (self.log_variance.exp() / (variance + self.config.eps)).sqrt();
        let tangent = space.parallel_transport(&mean, &origin, &space.log(&mean, x)) * scale;
        space.exp(
            &shifted,
            &space.parallel_transport(&origin, &shifted, &tangent),
        )
    }
}

impl<M: HyperbolicModel> Layer for BatchNorm<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
