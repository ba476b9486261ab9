//! The linear layer of Ganea, Bécigneul and Hofmann.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::linear::uniform;
use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::{Error, Manifold, PoincareBall, Result};

/// Möbius matrix multiplication and addition of a bias that is a point.
///
/// ```text
/// y = (W ⊗ x) ⊕ b,  W ⊗ x = exp₀(W log₀ x)
/// ```
///
/// # Shapes
///
/// Points `[.., n]` of the ball → points `[.., m]` of one of the same curvature; the variables are `weight`
/// `[m, n]` and `bias` `[m]`, a point.
///
/// # Initialisation
///
/// Weights uniform in ±√(12/(n + m)), Xavier's bound of gain √2; the bias at the origin.
///
/// # Gradient
///
/// Finite also where W log₀ x = 0.
///
/// # References
///
/// ganea2018, section 3.2
#[derive(Debug)]
pub struct MobiusLinear {
    from: PoincareBall,
    to: PoincareBall,
    weight: Tensor,
    bias: Tensor,
}

impl MobiusLinear {
    /// A layer from one ball to another of the same curvature.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the curvatures differ, or the path
    /// is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &PoincareBall,
        to: &PoincareBall,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        if !from.curvature().is_same(to.curvature()) {
            let expected = format!("balls of one curvature, {}", from.coordinates());
            return Err(Error::invalid(
                "MobiusLinear::new",
                expected,
                to.coordinates(),
            ));
        }
        let path = path.borrow();
        let (n, m) = (from.dim(), to.dim());
        let bound = (12.0 / (n + m) as f64).sqrt();
        let origin = Tensor::zeros([m], (Kind::Double, path.device()));
        Ok(Self {
            from: from.clone(),
            to: to.clone(),
            weight: path.variable("weight", &uniform(rng, &[m, n], bound))?,
            bias: path.point("bias", to, &origin)?,
        })
    }
}

impl Module for MobiusLinear {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let image = self.from.mobius_matvec(&self.weight, x);
        self.to.mobius_add(&image, &self.bias)
    }
}

impl Layer for MobiusLinear {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
