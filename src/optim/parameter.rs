//! A tensor to optimise, together with its manifold.

use tch::Tensor;

use super::gradient::Gradient;
use super::rule::Motion;
use crate::numerics::no_grad;
use crate::numerics::rows::copy_into;
use crate::{Geodesic, Manifold, Result};

/// A leaf tensor whose rows are points of a manifold.
///
/// The tensor `[.., point..]` requires a gradient and owns its memory. Optimisers write into that
/// memory, so that a [`shallow_clone`](Tensor::shallow_clone) or a view of the tensor sees every
/// step. An embedding table has the shape `[rows, point..]`.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::optim::ManifoldParameter;
/// use holonomy::tch::{Kind, Tensor};
///
/// let value = Tensor::from_slice(&[3.0, 4.0]);
/// let parameter = ManifoldParameter::new(Box::new(Euclidean::new(2)?), &value)?;
/// parameter.tensor().square().sum(Kind::Double).backward();
/// assert_eq!(parameter.tensor().grad(), Tensor::from_slice(&[6.0, 8.0]));
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct ManifoldParameter {
    motion: Motion,
    name: Option<String>,
    tensor: Tensor,
    given: Option<Gradient>,
}

impl ManifoldParameter {
    /// A parameter that is updated by retraction, and its momentum by vector transport. Copies
    /// `value`.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`](crate::Error::NotOnManifold) if a row is not a point;
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the shape is wrong or the kind
    /// is neither f64 nor f32.
    pub fn new(manifold: Box<dyn Manifold>, value: &Tensor) -> Result<Self> {
        Self::build(Motion::Retraction(manifold), value)
    }

    /// A parameter that is updated along geodesics, and its momentum by parallel transport. Copies
    /// `value`.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn geodesic(manifold: Box<dyn Geodesic>, value: &Tensor) -> Result<Self> {
        Self::build(Motion::Exact(manifold), value)
    }

    /// A parameter that shares the memory of a leaf, whose rows are points.
    pub(crate) fn adopt(motion: Motion, leaf: &Tensor, name: &str) -> Self {
        Self {
            motion,
            name: Some(name.to_owned()),
            tensor: leaf.shallow_clone(),
            given: None,
        }
    }

    fn build(motion: Motion, value: &Tensor) -> Result<Self> {
        const OP: &str = "ManifoldParameter::new";
        crate::numerics::require_floating(OP, "points", value)?;
        let found = motion.manifold().check_point(value);
        found.map_err(|error| error.told_by(OP))?;
        let tensor = value.detach().contiguous().copy().set_requires_grad(true);
        Ok(Self {
            motion,
            name: None,
            tensor,
            given: None,
        })
    }

    /// The same parameter with a name, which error messages show.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The manifold.
    pub fn manifold(&self) -> &dyn Manifold {
        self.motion.manifold()
    }

    /// How the parameter is updated.
    pub fn motion(&self) -> &Motion {
        &self.motion
    }

    /// The leaf tensor.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The gradient for the next step: the one from [`set_gradient`](Self::set_gradient),
    /// otherwise the one that `backward` stored in the leaf, otherwise none.
    ///
    /// # Panics
    ///
    /// If the leaf's gradient is sparse in more than its first dimension.
    #[track_caller]
    pub fn gradient(&self) -> Option<Gradient> {
        if let Some(given) = &self.given {
            return Some(given.shallow_clone());
        }
        let gradient = self.tensor.grad();
        gradient.defined().then(|| Gradient::from_tensor(&gradient))
    }

    /// Sets the gradient for the next steps directly, in place of the one that `backward` stores
    /// in the leaf. It remains until [`zero_grad`](Self::zero_grad). For a row-sparse gradient
    /// this synchronises with the device.
    ///
    /// # Panics
    ///
    /// If the shape, kind or device does not fit the parameter, or a row number is out of range or
    /// occurs twice.
    #[track_caller]
    pub fn set_gradient(&mut self, gradient: Gradient) {
        gradient.check_parts();
        let size = self.tensor.size();
        let (values, rows) = gradient.parts();
        let fits = match rows {
            None => values.size() == size,
            Some(rows) => {
                self.has_rows()
                    && values.dim() == size.len()
                    && values.size()[1..] == size[1..]
                    && values.size()[..1] == rows.size()
            }
        };
        assert!(
            fits && values.kind() == self.tensor.kind() && values.device() == self.tensor.device(),
            "optim: a gradient {values:?} does not fit the parameter {:?}",
            self.tensor
        );
        gradient.check_rows_below(size.first().copied().unwrap_or(1));
        self.given = Some(gradient);
    }

    /// Clears the gradient: drops the one from [`set_gradient`](Self::set_gradient), and sets that
    /// of the leaf to 0.
    ///
    /// The bindings cannot remove the dense gradient of a leaf. So a parameter that no longer
    /// enters the objective has the gradient 0 rather than none, and still moves along its
    /// momentum.
    pub fn zero_grad(&mut self) {
        self.given = None;
        self.tensor.zero_grad();
    }

    /// Whether the leading dimension counts rows, which a sparse gradient can address.
    pub(crate) fn has_rows(&self) -> bool {
        self.tensor.dim() > self.manifold().point_shape().len()
    }

    /// Writes new points into the leaf's memory: all rows, or the given ones.
    pub(crate) fn write(&mut self, rows: Option<&Tensor>, points: &Tensor) {
        no_grad(|| match rows {
            None => copy_into(&mut self.tensor, points),
            Some(rows) => {
                let _ = self.tensor.index_copy_(0, rows, points);
            }
        });
    }
}
