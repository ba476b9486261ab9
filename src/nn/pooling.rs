//! Pooling over grids of points.

use tch::Tensor;
use tch::nn::Module;

use super::windows::Windows;
use super::{Coordinates, HyperbolicModel, Layer};
use crate::Result;
use crate::numerics::check_points;

/// What becomes of the points of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolingForm {
    /// Their centroid, which commutes with isometries (bdeir2024).
    Centroid,
    /// exp₀ of the largest coordinates of log₀ (vanspengler2023).
    Maximum,
}

/// Pooling over a sequence, an image or a volume of points.
///
/// # Shapes
///
/// Points last: `[.., L, coordinates]` for a window of one axis, `[.., H, W, coordinates]` for two → the same
/// with ⌊(L − window)/stride⌋ + 1 places along each axis; [`global`](Self::global) takes all places and
/// removes the axes. Points at the border that fill no window are left out.
#[derive(Debug)]
pub struct Pooling<M> {
    space: M,
    form: PoolingForm,
    windows: Option<Windows>,
    axes: usize,
}

impl<M: HyperbolicModel> Pooling<M> {
    /// A layer with a window of this size along each axis, which moves by `stride`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a window without axes, or a size or
    /// stride below 1.
    pub fn new(space: &M, form: PoolingForm, window: &[i64], stride: i64) -> Result<Self> {
        Ok(Self {
            space: space.clone(),
            form,
            windows: Some(Windows::new("Pooling::new", window, stride)?),
            axes: window.len(),
        })
    }

    /// A layer that makes one point of a whole grid of `axes` axes.
    pub fn global(space: &M, form: PoolingForm, axes: usize) -> Self {
        Self {
            space: space.clone(),
            form,
            windows: None,
            axes,
        }
    }
}

impl<M: HyperbolicModel> Module for Pooling<M> {
    /// # Panics
    ///
    /// If a grid is smaller than the window, or empty.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        const OP: &str = "Pooling::forward";
        check_points(OP, self.space.point_shape()[0], &[x]);
        let windows = match &self.windows {
            Some(windows) => windows.over(OP, x),
            None => self.whole(OP, x),
        };
        match self.form {
            PoolingForm::Centroid => {
                let weights = windows.select(-1, 0).ones_like();
                self.space.centroid(&windows, &weights)
            }
            PoolingForm::Maximum => {
                let tangents = self.space.log_at_origin(&windows);
                self.space.exp_at_origin(&tangents.amax([-2], false))
            }
        }
    }
}

impl<M: HyperbolicModel> Pooling<M> {
    /// All places of the grid as one axis.
    #[track_caller]
    fn whole(&self, op: &str, x: &Tensor) -> Tensor {
        let dim = x.dim();
        assert!(
            dim > self.axes && x.size()[dim - 1 - self.axes..].iter().all(|n| *n > 0),
            "{op}: expected [.., grid, coordinates] with {} axes that are not empty, got {:?}",
            self.axes,
            x.size()
        );
        if self.axes == 0 {
            return x.unsqueeze(-2);
        }
        x.flatten((dim - 1 - self.axes) as i64, dim as i64 - 2)
    }
}

impl<M: HyperbolicModel> Layer for Pooling<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
