//! The linear layer of which layers in both models are made.

use rand::Rng;

use super::{
    HyperbolicModel, LorentzLinear, Path, PoincareLinear, PoincareLinearConfig, SpatialLinear,
};
use crate::{Lorentz, PoincareBall, Result};

/// A model with a linear layer of its own, of which convolutions and attention are made.
pub trait LinearModel: HyperbolicModel {
    /// [`PoincareLinear`] in the ball, [`LorentzLinear`] on the hyperboloid.
    type Linear: SpatialLinear;

    /// The [`Linear`](Self::Linear) layer from one space to another, with the default settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path that is taken.
    fn linear(path: &Path, from: &Self, to: &Self, rng: &mut dyn Rng) -> Result<Self::Linear>;
}

impl LinearModel for PoincareBall {
    type Linear = PoincareLinear<Self>;

    fn linear(path: &Path, from: &Self, to: &Self, rng: &mut dyn Rng) -> Result<Self::Linear> {
        PoincareLinear::new(path, from, to, PoincareLinearConfig::default(), rng)
    }
}

impl LinearModel for Lorentz {
    type Linear = LorentzLinear;

    fn linear(path: &Path, from: &Self, to: &Self, rng: &mut dyn Rng) -> Result<Self::Linear> {
        LorentzLinear::new(path, from, to, rng)
    }
}
