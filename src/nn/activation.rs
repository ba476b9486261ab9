//! Functions of coordinates that keep a point in its space, and changes of curvature.

use std::fmt;

use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{Coordinates, HyperbolicModel, Layer};
use crate::numerics::check_points;
use crate::{Error, Lorentz, Manifold, Result};

/// A function in the tangent space at the origin: exp₀(f(log₀ x)), from one curvature to another.
///
/// # Shapes
///
/// Points `[.., coordinates]` → points `[.., coordinates]` of the same dimension
///
/// # References
///
/// ganea2018, section 3.2; chami2019, with two curvatures
pub struct TangentActivation<M, F> {
    from: M,
    to: M,
    function: F,
}

impl<M: HyperbolicModel, F: Fn(&Tensor) -> Tensor + Send> TangentActivation<M, F> {
    /// The layer that applies a function, such as `Tensor::relu`, to the tangents `[.., n]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the dimensions differ.
    pub fn new(from: &M, to: &M, function: F) -> Result<Self> {
        if from.dim() != to.dim() {
            let expected = format!("spaces of dimension {}", from.dim());
            return Err(Error::invalid("TangentActivation::new", expected, to.dim()));
        }
        Ok(Self {
            from: from.clone(),
            to: to.clone(),
            function,
        })
    }
}

impl<M: HyperbolicModel, F> fmt::Debug for TangentActivation<M, F> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "TangentActivation from {:?} to {:?}", self.from, self.to)
    }
}

impl<M: HyperbolicModel, F: Fn(&Tensor) -> Tensor + Send> Module for TangentActivation<M, F> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.to
            .exp_at_origin(&(self.function)(&self.from.log_at_origin(x)))
    }
}

impl<M: HyperbolicModel, F: Fn(&Tensor) -> Tensor + Send> Layer for TangentActivation<M, F> {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}

/// A function of the spatial part of points of the hyperboloid, whose time is computed again.
///
/// # Shapes
///
/// Points `[.., n + 1]` → points `[.., n + 1]`
///
/// # References
///
/// bdeir2024
pub struct LorentzActivation<F> {
    space: Lorentz,
    function: F,
}

impl<F: Fn(&Tensor) -> Tensor + Send> LorentzActivation<F> {
    /// The layer that applies a function, such as `Tensor::relu`, to spatial parts `[.., n]`.
    pub fn new(space: &Lorentz, function: F) -> Self {
        Self {
            space: space.clone(),
            function,
        }
    }
}

impl<F> fmt::Debug for LorentzActivation<F> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "LorentzActivation on {:?}", self.space)
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send> Module for LorentzActivation<F> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        check_points("LorentzActivation::forward", self.space.dim() + 1, &[x]);
        let changed = (self.function)(&self.space.spatial(x));
        self.space.with_spatial(&changed)
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send> Layer for LorentzActivation<F> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}

/// The similarity between spaces of one dimension: all distances times √(c/c′). Multiplies the coordinates
/// of ball or hyperboloid.
///
/// # Shapes
///
/// Points of `from` → points of `to`, `[.., coordinates]`
///
/// # Panics
///
/// If the dimensions differ, or the points are not as wide.
#[track_caller]
pub fn rescale<M: HyperbolicModel>(from: &M, to: &M, x: &Tensor) -> Tensor {
    check_dims("rescale", from, to, x);
    let ratio = (from.kappa().tensor() / to.kappa().tensor()).sqrt();
    to.project(&(x.to_kind(Kind::Double) * ratio).to_kind(x.kind()))
}

/// The point of another curvature with the same logarithm at the origin: exp₀′(log₀ x). Distances from the
/// origin remain, others do not.
///
/// # Shapes
///
/// Points of `from` → points of `to`, `[.., coordinates]`
///
/// # Panics
///
/// If the dimensions differ, or the points are not as wide.
#[track_caller]
pub fn recharge_at_origin<M: HyperbolicModel>(from: &M, to: &M, x: &Tensor) -> Tensor {
    check_dims("recharge_at_origin", from, to, x);
    to.exp_at_origin(&from.log_at_origin(x))
}

#[track_caller]
fn check_dims<M: HyperbolicModel>(op: &str, from: &M, to: &M, x: &Tensor) {
    assert!(
        from.dim() == to.dim(),
        "{op}: expected spaces of one dimension, got {} and {}",
        from.dim(),
        to.dim()
    );
    check_points(op, from.point_shape()[0], &[x]);
}
