//! The sectional curvature of a space form: a number, fixed or learnable.

use tch::{Device, Kind, Tensor};

use crate::numerics::no_grad;
use crate::numerics::special::{softplus, softplus_inverse};
use crate::{Error, Result};

/// A signed sectional curvature κ: negative is hyperbolic, positive is spherical.
///
/// Made from a number (`(-1.0).into()`), by [`Curvature::learnable`] from a tensor of one value, or
/// by [`Curvature::softplus`] from a tensor that an optimiser may move anywhere. The operations of
/// the manifold propagate gradients to that tensor.
pub struct Curvature {
    /// One f64: a number, or the caller's own tensor.
    value: Tensor,
    form: Form,
}

/// How a curvature depends on its tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// κ is a number.
    Number,
    /// κ is the one entry of the caller's tensor.
    Plain,
    /// κ = sign · ln(1 + eᵘ) of an entry u of `[count]`, or of the one entry.
    Softplus { sign: f64, entry: Option<i64> },
}

impl Curvature {
    /// A curvature that follows a tensor: one `Kind::Double` value on the CPU, usually a leaf with
    /// `set_requires_grad(true)`. The tensor is shared, so an in-place update of the leaf changes
    /// the curvature, and so does turning its gradient on or off.
    ///
    /// The caller must keep the sign of κ; [`softplus`](Self::softplus) does that by itself. The
    /// caller must also move the points, whose coordinates do not change with κ. Points of the
    /// ball may then lie outside it, where `dist` is NaN; points of the hyperboloid and of the
    /// sphere are no longer on the manifold. [`check_point`](crate::Manifold::check_point) finds
    /// the first such row, and [`project`](crate::Manifold::project) moves all points back: call
    /// it after every change of κ. Optimisers carry their own points along.
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
            form: Form::Plain,
        })
    }

    /// A curvature that keeps the sign of `sign` wherever an optimiser moves its tensor; below u = −745
    /// it is 0.
    ///
    /// ```text
    /// κ = sign(sign) ln(1 + eᵘ)
    /// ```
    ///
    /// `u` is one f64, shared as in [`learnable`](Self::learnable). It may be on any device, that of
    /// the points. [`softplus_start`](Self::softplus_start) is the u of a wanted κ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the tensor is one f64 and `sign` is not 0.
    pub fn softplus(u: &Tensor, sign: f64) -> Result<Self> {
        const OP: &str = "Curvature::softplus";
        if u.numel() != 1 || u.kind() != Kind::Double {
            return Err(Error::invalid(OP, "one f64 value", format!("{u:?}")));
        }
        Ok(Self {
            value: u.shallow_clone(),
            form: Form::Softplus {
                sign: sign_of(OP, sign)?,
                entry: None,
            },
        })
    }

    /// The u of which [`softplus`](Self::softplus) is the curvature κ: ln(e^|κ| − 1).
    pub fn softplus_start(kappa: f64) -> f64 {
        softplus_inverse(kappa.abs())
    }

    /// The present value of κ.
    pub fn value(&self) -> f64 {
        match self.form {
            Form::Number | Form::Plain => self.value.double_value(&vec![0; self.value.dim()]),
            Form::Softplus { .. } => no_grad(|| self.tensor()).double_value(&[]),
        }
    }

    /// κ as a scalar f64 tensor, through which gradients flow; on the CPU but for
    /// [`softplus`](Self::softplus) of a tensor that is elsewhere.
    ///
    /// Call this again after every update of the leaf: a tensor kept from an earlier call may not
    /// be connected to the updated leaf, and does not follow `set_requires_grad`.
    pub fn tensor(&self) -> Tensor {
        let entry = |value: &Tensor| {
            if value.dim() == 0 {
                value.shallow_clone()
            } else {
                value.view([] as [i64; 0])
            }
        };
        match self.form {
            Form::Number | Form::Plain => entry(&self.value),
            Form::Softplus { sign, entry: None } => softplus(&entry(&self.value)) * sign,
            Form::Softplus {
                sign,
                entry: Some(index),
            } => softplus(&self.value.select(0, index)) * sign,
        }
    }

    /// Whether κ requires a gradient.
    pub fn is_learnable(&self) -> bool {
        self.value.requires_grad()
    }

    /// Whether both are one curvature: the same number, or the same tensor in the same way.
    pub fn is_same(&self, other: &Self) -> bool {
        if self.form == Form::Number && other.form == Form::Number {
            return self.value() == other.value();
        }
        self.form == other.form && self.value.data_ptr() == other.value.data_ptr()
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
            form: self.form,
        }
    }
}

impl From<f64> for Curvature {
    fn from(kappa: f64) -> Self {
        Self {
            value: Tensor::from(kappa),
            form: Form::Number,
        }
    }
}

/// The sign ±1 of a number that has one.
fn sign_of(op: &'static str, number: f64) -> Result<f64> {
    if number.is_nan() || number == 0.0 {
        return Err(Error::invalid(op, "a sign", number));
    }
    Ok(number.signum())
}

/// A curvature for each of several heads, relations or layers, in one tensor `[count]`.
///
/// ```text
/// κᵢ = sign ln(1 + e^uᵢ)
/// ```
///
/// as in [`Curvature::softplus`]. [`at`](Self::at) is the curvature of a space, for the operations of
/// one head. [`of`](Self::of) are the curvatures of many rows, such as those of a batch of relations.
/// Spaces of different curvature are similar: d_κ(x, y) = d₋₁(√c x, √c y)/√c with c = −κ, in the ball
/// and on the hyperboloid. So the operations at κ = −1 serve rows of any curvatures.
#[derive(Debug)]
pub struct Curvatures {
    value: Tensor,
    sign: f64,
}

impl Curvatures {
    /// Curvatures that follow a tensor `[count]` of f64, which is shared.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape or kind, or a sign of 0.
    pub fn softplus(u: &Tensor, sign: f64) -> Result<Self> {
        const OP: &str = "Curvatures::softplus";
        if u.dim() != 1 || u.kind() != Kind::Double {
            return Err(Error::invalid(OP, "f64 values [count]", format!("{u:?}")));
        }
        Ok(Self {
            value: u.shallow_clone(),
            sign: sign_of(OP, sign)?,
        })
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        self.value.size()[0]
    }

    /// The curvature number `index`, which follows the tensor.
    ///
    /// # Panics
    ///
    /// Unless 0 ≤ index < count.
    #[track_caller]
    pub fn at(&self, index: i64) -> Curvature {
        assert!(
            (0..self.count()).contains(&index),
            "Curvatures::at: expected an index below {}, got {index}",
            self.count()
        );
        Curvature {
            value: self.value.shallow_clone(),
            form: Form::Softplus {
                sign: self.sign,
                entry: Some(index),
            },
        }
    }

    /// All curvatures, `[count]`, through which gradients flow.
    pub fn tensor(&self) -> Tensor {
        softplus(&self.value) * self.sign
    }

    /// The curvatures of these numbers, i64 `[..]` → `[..]`.
    ///
    /// # Panics
    ///
    /// Unless the numbers are i64.
    #[track_caller]
    pub fn of(&self, numbers: &Tensor) -> Tensor {
        assert!(
            numbers.kind() == Kind::Int64,
            "Curvatures::of: expected numbers of kind Int64, got {:?}",
            numbers.kind()
        );
        let flat = self.tensor().index_select(0, &numbers.flatten(0, -1));
        flat.view(numbers.size().as_slice())
    }
}
