//! The settings of a training on distances.

use serde::{Deserialize, Serialize};

use super::loss::DistanceLoss;
use super::signature::Signature;
use crate::Result;
use crate::numerics::{require_at_least_one, require_positive};

/// The settings of a [`DistanceTrainer`](super::DistanceTrainer).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceConfig {
    /// The space.
    pub signature: Signature,
    /// What is minimised.
    pub loss: DistanceLoss,
    /// The number of epochs; each moves every point once.
    pub epochs: usize,
    /// The learning rate of Adam, in units of the mean distance; it falls linearly to a hundredth.
    pub learning_rate: f64,
    /// Whether the curvatures are learned. Unless [`starting_at`](super::DistanceTrainer::starting_at)
    /// gives others, they start at ∓1/D̄² for the mean distance D̄.
    pub learn_curvature: bool,
    /// The number of points in a step, each moved by its distances to all others.
    pub batch: usize,
    /// The standard deviation of the coordinates at the start, in units of the mean distance.
    pub init_scale: f64,
    /// Seeds the initial points and the order of batches.
    pub seed: u64,
}

impl DistanceConfig {
    /// Settings that suit most products: 500 epochs at rate 0.2, loss
    /// [`SquaredRatio`](DistanceLoss::SquaredRatio), learned curvatures, batches of 512,
    /// coordinates of standard deviation 0.01, seed 0.
    pub fn new(signature: Signature) -> Self {
        Self {
            signature,
            loss: DistanceLoss::SquaredRatio,
            epochs: 500,
            learning_rate: 0.2,
            learn_curvature: true,
            batch: 512,
            init_scale: 0.01,
            seed: 0,
        }
    }

    /// Whether every setting has a value that training is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        const OP: &str = "DistanceConfig";
        for (name, value) in [("epochs", self.epochs), ("batch", self.batch)] {
            require_at_least_one(OP, name, value)?;
        }
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("init_scale", self.init_scale),
        ] {
            require_positive(OP, name, value)?;
        }
        Ok(())
    }
}
