//! Convolutions over grids of points.

use std::borrow::Borrow;

use rand::Rng;
use tch::Tensor;
use tch::nn::Module;

use super::windows::Windows;
use super::{Coordinates, Layer, LinearModel, Path, SpatialLinear};
use crate::numerics::check_points;
use crate::{Error, Result};

/// The settings of a [`Convolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionConfig {
    /// The steps of the window, along each axis.
    pub stride: i64,
    /// How many origins are added on each side of each axis.
    pub padding: i64,
}

impl Default for ConvolutionConfig {
    /// Stride 1, no padding.
    fn default() -> Self {
        Self {
            stride: 1,
            padding: 0,
        }
    }
}

/// A convolution over a sequence, an image or a volume of points: the points of each window, concatenated, go
/// through one [linear layer](LinearModel::linear).
///
/// The concatenation is [`beta_concatenate`](super::beta_concatenate) in the ball and
/// [`lorentz_concatenate`](super::lorentz_concatenate) on the hyperboloid. A flat convolution is the limit
/// κ → 0, in the ball but for the factors of β.
///
/// # Shapes
///
/// Points last: `[.., L, coordinates]` for a kernel of one axis, `[.., H, W, coordinates]` for two → the
/// same with ⌊(L + 2·padding − kernel)/stride⌋ + 1 places along each axis. The variables are `weight` and
/// `bias` of the linear layer; the places of a window stand row by row.
///
/// # Initialisation
///
/// That of the linear layer.
///
/// # Accuracy
///
/// That of the concatenation, in f64 in the ball, and of the linear layer.
///
/// # References
///
/// shimizu2021; bdeir2024; vanspengler2023
///
/// # Examples
///
/// ```
/// use holonomy::nn::{Convolution, ConvolutionConfig, HyperbolicModel, Store};
/// use holonomy::tch::{Device, Kind, Tensor, nn::Module};
/// use holonomy::{Lorentz, random};
///
/// let (store, mut rng) = (Store::new(Device::Cpu, Kind::Float)?, random::generator(1));
/// let (from, to) = (Lorentz::new(3, -1.0)?, Lorentz::new(8, -1.0)?);
/// let config = ConvolutionConfig { stride: 2, padding: 1 };
/// let layer = Convolution::new(store.root(), &from, &to, &[3, 3], config, &mut rng)?;
/// let image = Tensor::zeros([10, 28, 28, 3], (Kind::Float, Device::Cpu));
/// assert_eq!(layer.forward(&from.exp_at_origin(&image)).size(), [10, 14, 14, 9]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct Convolution<M: LinearModel> {
    from: M,
    window: M,
    to: M,
    windows: Windows,
    padding: i64,
    linear: M::Linear,
}

impl<M: LinearModel> Convolution<M> {
    /// A layer from one space to another of the same model, with a kernel of this size along each axis.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a kernel without axes, a size or stride below 1, a negative padding, or a path
    /// that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &M,
        to: &M,
        kernel: &[i64],
        config: ConvolutionConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        const OP: &str = "Convolution::new";
        let windows = Windows::new(OP, kernel, config.stride)?;
        if config.padding < 0 {
            return Err(Error::invalid(OP, "padding ≥ 0", config.padding));
        }
        let window = from.with_dim(from.dim() * windows.places());
        Ok(Self {
            linear: M::linear(path.borrow(), &window, to, rng)?,
            from: from.clone(),
            to: to.clone(),
            padding: config.padding,
            window,
            windows,
        })
    }
}

impl<M: LinearModel> Module for Convolution<M> {
    /// # Panics
    ///
    /// If a padded grid is smaller than the kernel.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        const OP: &str = "Convolution::forward";
        check_points(OP, self.from.point_shape()[0], &[x]);
        let parts = self.from.part(x, self.windows.places());
        let mut padding = vec![0, 0];
        padding.extend(vec![self.padding; 2 * self.windows.axes()]);
        let parts = if self.padding > 0 && x.dim() > self.windows.axes() {
            parts.constant_pad_nd(&padding)
        } else {
            parts
        };
        let windows = self.windows.over(OP, &parts).flatten(-2, -1);
        let spatial = self.linear.forward_spatial(&self.window.of_parts(&windows));
        self.to
            .with_exact_spatial(&spatial.to_kind(tch::Kind::Double), x.kind())
    }
}

impl<M: LinearModel> Layer for Convolution<M> {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
