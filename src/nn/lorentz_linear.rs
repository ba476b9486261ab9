//! The linear layer of the hyperboloid: a matrix for the spatial part, the time computed.

use std::borrow::Borrow;

use rand::Rng;
use tch::Tensor;
use tch::nn::Module;

use super::linear::uniform;
use super::{Coordinates, HyperbolicModel, Layer, Path, SpatialLinear};
use crate::numerics::check_points;
use crate::{Lorentz, Manifold, Result};

/// y_s = W x + b, y₀ = √(1/c′ + |y_s|²).
///
/// W sees the time, so that the rows of any Lorentz matrix make the layer that isometry. The output may
/// have another curvature −c′.
///
/// # Shapes
///
/// Points `[.., n + 1]`, time first → points `[.., m + 1]`; the variables are `weight` `[m, n + 1]` and
/// `bias` `[m]`.
///
/// # Initialisation
///
/// Weights uniform in ±1/(2√(n + 1)), the bias 0.
///
/// # Accuracy
///
/// That of the matrix product in the kind of the input: W x of far points cancels as other sums do.
/// Results are at most at [`Lorentz::edge`].
///
/// # References
///
/// bdeir2024; yang2024
#[derive(Debug)]
pub struct LorentzLinear {
    from: Lorentz,
    to: Lorentz,
    weight: Tensor,
    bias: Tensor,
}

impl LorentzLinear {
    /// A layer from one hyperboloid to another.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &Lorentz,
        to: &Lorentz,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let path = path.borrow();
        let (n, m) = (from.dim() + 1, to.dim());
        let weight = uniform(rng, &[m, n], 0.5 / (n as f64).sqrt());
        let bias = Tensor::zeros([m], (path.kind(), path.device()));
        Ok(Self {
            from: from.clone(),
            to: to.clone(),
            weight: path.variable("weight", &weight)?,
            bias: path.variable("bias", &bias)?,
        })
    }
}

/// Points whose time follows a learned curvature, also those of a variable.
pub(super) fn with_time(space: &Lorentz, x: &Tensor) -> Tensor {
    if space.has_learnable_curvature() {
        space.with_spatial(&space.spatial(x))
    } else {
        x.shallow_clone()
    }
}

impl SpatialLinear for LorentzLinear {
    #[track_caller]
    fn forward_spatial(&self, x: &Tensor) -> Tensor {
        check_points("LorentzLinear::forward", self.from.dim() + 1, &[x]);
        let x = &with_time(&self.from, x);
        x.linear(&self.weight, Some(&self.bias))
    }
}

impl Module for LorentzLinear {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.to.with_spatial(&self.forward_spatial(x))
    }
}

impl Layer for LorentzLinear {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
