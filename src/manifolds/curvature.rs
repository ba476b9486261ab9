//! The sectional curvature of a space form: a number, fixed or learnable.

use tch::{Device, Kind, Tensor};

use crate::{Error, Result};

/// A signed sectional curvature κ: negative is hyperbolic, positive is spherical.
///
/// Made from a number (`(-1.0).into()`), or by [`Curvature::learnable`] from a tensor of one
/// value, to which the operations of the manifold then propagate gradients.
pub struct Curvature {
    /// One f64: a number, or the caller's own tensor.
    value: Tensor,
}

impl Curvature {
    /// A curvature that follows a tensor: one `Kind::Double` value on the CPU, usually a leaf with
    /// `set_requires_grad(true)`. The tensor is shared, so an in-place update of the leaf changes
    /// the curvature, and so does turning its gradient on or off.
    ///
    /// The caller must keep the sign of κ, for instance by optimising log |κ| or the argument of a
    /// softplus. The caller must also move the points, whose coordinates do not change with κ.
    /// Points of the ball may then lie outside it, where `dist` is NaN; points of the hyperboloid
    /// and of the sphere are no longer on the manifold.
    /// [`check_point`](crate::Manifold::check_point) finds the first such row, and
    /// [`project`](crate::Manifold::project) moves all points back: call it after every change of
    /// κ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the tensor is one f64 on the CPU.
    pub fn learnable(kappa: &Tensor) -> Result<Self> {
        if kappa.numel() != 1 || kappa.kind() != Kind::Double || kappa.device() != Device::Cpu {
            return Err(Error::invalid(
                "Curvature::learnable",
                "one f64 value on the CPU",
                format!("{kappa:?}"),
            ));
        }
        Ok(Self {
            value: kappa.shallow_clone(),
        })
    }

    /// The present value of κ.
    pub fn value(&self) -> f64 {
        self.value.double_value(&vec![0; self.value.dim()])
    }

    /// κ as a scalar f64 tensor on the CPU, through which gradients flow.
    ///
    /// Call this again after every update of the leaf: a tensor kept from an earlier call may not
    /// be connected to the updated leaf, and does not follow `set_requires_grad`.
    pub fn tensor(&self) -> Tensor {
        if self.value.dim() == 0 {
            self.value.shallow_clone()
        } else {
            self.value.view([] as [i64; 0])
        }
    }

    /// Whether κ requires a gradient.
    pub fn is_learnable(&self) -> bool {
        self.value.requires_grad()
    }

    /// Refuses a value that is not finite or not of the wanted sign.
    pub(crate) fn require(self, op: &'static str, sign: f64) -> Result<Self> {
        let kappa = self.value();
        if kappa.is_finite() && kappa * sign > 0.0 {
            return Ok(self);
        }
        let wanted = if sign > 0.0 {
            "a finite curvature > 0"
        } else {
            "a finite curvature < 0"
        };
        Err(Error::invalid(op, wanted, kappa))
    }
}

impl std::fmt::Debug for Curvature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// Shares the tensor, as [`Curvature::learnable`] does.
impl Clone for Curvature {
    fn clone(&self) -> Self {
        Self {
            value: self.value.shallow_clone(),
        }
    }
}

impl From<f64> for Curvature {
    fn from(kappa: f64) -> Self {
        Self {
            value: Tensor::from(kappa),
        }
    }
}
