//! The settings of a training run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::embed::model::Model;
use crate::numerics::{require_at_least_one, require_positive};
use crate::optim::Schedule;
use crate::{Error, Result};

/// Which implementation computes the training steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainPath {
    /// A fused kernel on the CPU in f64, pair by pair, on any number of threads.
    #[default]
    Native,
    /// Batched libtorch operations with autograd, on any device.
    Tensor,
}

impl fmt::Display for TrainPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Tensor => "tensor",
        })
    }
}

impl FromStr for TrainPath {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is `native` or `tensor`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "native" => Ok(Self::Native),
            "tensor" => Ok(Self::Tensor),
            _ => Err(Error::invalid("TrainPath", "native or tensor", text)),
        }
    }
}

/// Where the points are before training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Near the origin: each coordinate uniformly distributed in ±[`init_scale`](TrainConfig::init_scale).
    #[default]
    Random,
    /// The construction from the pairs (node, ancestor); see
    /// [`nested_half_spaces`](crate::embed::nested_half_spaces). In hyperbolic space only.
    HalfSpaces,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random",
            Self::HalfSpaces => "half-spaces",
        })
    }
}

impl FromStr for Start {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is `random` or `half-spaces`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "random" => Ok(Self::Random),
            "half-spaces" => Ok(Self::HalfSpaces),
            _ => Err(Error::invalid("Start", "random or half-spaces", text)),
        }
    }
}

/// The learning rate over the epochs after the burn-in.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// The learning rate stays constant.
    #[default]
    Constant,
    /// It falls linearly to `last` times the learning rate in the last epoch.
    Linear {
        /// The factor that the last epoch has, from 0 to 1.
        last: f64,
    },
    /// It falls along half a cosine wave to `last` times the learning rate in the last epoch.
    Cosine {
        /// The factor that the last epoch has, from 0 to 1.
        last: f64,
    },
}

impl Decay {
    /// Its factors for so many epochs after the burn-in.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the last factor is from 0 to 1.
    pub fn over(self, epochs: usize) -> Result<Schedule> {
        let steps = epochs.max(2) as u64 - 1;
        match self {
            Self::Constant => Ok(Schedule::constant()),
            Self::Linear { last } => Schedule::linear(steps, last),
            Self::Cosine { last } => Schedule::cosine(steps, last),
        }
    }
}

/// The settings of a [`Trainer`](crate::embed::Trainer).
///
/// The default suits a hierarchy of about a thousand nodes in 5 dimensions; the [module](crate::embed)
/// has its results.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, TrainConfig};
///
/// let config = TrainConfig { model: Model::Lorentz, dim: 10, ..TrainConfig::default() };
/// assert!(config.validate().is_ok());
/// assert!(TrainConfig { epochs: 0, ..config }.validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// The space.
    pub model: Model,
    /// The implementation of the training steps.
    pub path: TrainPath,
    /// The dimension of the space.
    pub dim: usize,
    /// Where the points are before training.
    pub start: Start,
    /// The number of epochs, burn-in included; each visits every pair once.
    pub epochs: usize,
    /// The learning rate: the length of the step of one pair for a gradient of length 1.
    pub learning_rate: f64,
    /// How the learning rate changes after the burn-in.
    pub schedule: Decay,
    /// The number of burn-in epochs at the start. In them the learning rate is small and negatives
    /// are drawn in proportion to (1 + in-degree)^0.75, so that nodes find their angular
    /// positions.
    pub burn_in_epochs: usize,
    /// The factor on the learning rate in the burn-in epochs.
    pub burn_in_factor: f64,
    /// The number of negatives of a pair.
    pub negatives: usize,
    /// The bound on the absolute coordinates of a random start (the spatial ones on the
    /// hyperboloid).
    pub init_scale: f64,
    /// Seeds the initial points, the order of the pairs and the negatives.
    pub seed: u64,
    /// The threads of the native path; 0 takes all processors. With one thread, runs on the same
    /// kind of processor are bitwise reproducible.
    pub threads: usize,
    /// The number of pairs in one step of the tensor path. Their gradients are added, not
    /// averaged, so that to first order a batch moves points as far as its pairs would one by one.
    /// The native path ignores this and takes one pair at a time.
    pub batch: usize,
}

impl Default for TrainConfig {
    /// The ball in 5 dimensions, native path, 300 epochs at rate 0.6, the first 100 of them
    /// burn-in at 0.025 times the rate, 50 negatives, start in ±1e-3, seed 0, all processors,
    /// batches of 32.
    fn default() -> Self {
        Self {
            model: Model::Ball,
            path: TrainPath::Native,
            dim: 5,
            start: Start::Random,
            epochs: 300,
            learning_rate: 0.6,
            schedule: Decay::Constant,
            burn_in_epochs: 100,
            burn_in_factor: 0.025,
            negatives: 50,
            init_scale: 1e-3,
            seed: 0,
            threads: 0,
            batch: 32,
        }
    }
}

const OP: &str = "TrainConfig";

impl TrainConfig {
    /// Whether every setting has a value that training is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        require_at_least_one(OP, "dim", self.dim)?;
        require_at_least_one(OP, "epochs", self.epochs)?;
        require_at_least_one(OP, "negatives", self.negatives)?;
        require_at_least_one(OP, "batch", self.batch)?;
        require_positive(OP, "learning_rate", self.learning_rate)?;
        require_positive(OP, "burn_in_factor", self.burn_in_factor)?;
        require_positive(OP, "init_scale", self.init_scale)?;
        if self.burn_in_epochs > self.epochs {
            let expected = format!("burn_in_epochs ≤ epochs = {}", self.epochs);
            return Err(Error::invalid(OP, expected, self.burn_in_epochs));
        }
        if self.start == Start::HalfSpaces && (self.model == Model::Euclidean || self.dim < 2) {
            let got = format!("{}, {} dimensions", self.model, self.dim);
            let expected =
                "a hyperbolic model of at least two dimensions for the start half-spaces";
            return Err(Error::invalid(OP, expected, got));
        }
        if let Decay::Linear { last } | Decay::Cosine { last } = self.schedule
            && !(0.0..=1.0).contains(&last)
        {
            return Err(Error::invalid(OP, "0 ≤ schedule's last factor ≤ 1", last));
        }
        let corner = self.init_scale * (self.dim as f64).sqrt();
        if self.model == Model::Ball && corner >= 1.0 {
            let expected = "init_scale·√dim < 1, so that all points start inside the ball";
            return Err(Error::invalid(OP, expected, corner));
        }
        Ok(())
    }

    pub(super) fn is_burn_in(&self, epoch: usize) -> bool {
        epoch < self.burn_in_epochs
    }

    /// The learning rate of an epoch, counted from 0; after the last epoch, the rate of the last
    /// one. NaN where the [`schedule`](Self::schedule) is one that [`validate`](Self::validate) refuses.
    pub fn rate_at(&self, epoch: usize) -> f64 {
        let epoch = epoch.min(self.epochs.saturating_sub(1));
        if self.is_burn_in(epoch) {
            return self.learning_rate * self.burn_in_factor;
        }
        let schedule = self.schedule.over(self.epochs - self.burn_in_epochs);
        let step = epoch - self.burn_in_epochs;
        let factor = schedule.map_or(f64::NAN, |schedule| schedule.factor(step as u64));
        self.learning_rate * factor
    }
}
