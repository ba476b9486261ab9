//! Windows that slide over a grid of points.

use tch::Tensor;

use crate::{Error, Result};

/// The size of a window along each axis of a grid, and its steps.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    size: Vec<i64>,
    stride: i64,
}

impl Windows {
    pub(super) fn new(op: &'static str, size: &[i64], stride: i64) -> Result<Self> {
        if size.is_empty() || size.iter().any(|n| *n < 1) || stride < 1 {
            let expected = "a window of one axis at least, with sizes and stride ≥ 1";
            let got = format!("{size:?} with stride {stride}");
            return Err(Error::invalid(op, expected, got));
        }
        Ok(Self {
            size: size.to_vec(),
            stride,
        })
    }

    pub(super) fn axes(&self) -> usize {
        self.size.len()
    }

    /// The number of places in a window.
    pub(super) fn places(&self) -> i64 {
        self.size.iter().product()
    }

    /// All windows of a grid: `[.., grid, n]` → `[.., smaller grid, places, n]`.
    ///
    /// # Panics
    ///
    /// If the grid has fewer axes or is smaller than a window.
    #[track_caller]
    pub(super) fn over(&self, op: &str, x: &Tensor) -> Tensor {
        let (axes, dim) = (self.axes(), x.dim());
        let fits = dim > axes
            && x.size()[dim - 1 - axes..]
                .iter()
                .zip(&self.size)
                .all(|(n, size)| n >= size);
        assert!(
            fits,
            "{op}: expected [.., grid, coordinates] with a grid of at least {:?}, got {:?}",
            self.size,
            x.size()
        );
        // The places of each axis are appended behind, so that the axes stay where they are.
        let mut windows = x.shallow_clone();
        for (axis, size) in self.size.iter().enumerate() {
            windows = windows.unfold((dim - 1 - axes + axis) as i64, *size, self.stride);
        }
        // [.., grid, n, sizes] → [.., grid, sizes, n]
        let windows = windows.movedim_int(dim as i64 - 1, -1);
        windows.flatten(dim as i64 - 1, (dim + axes) as i64 - 2)
    }
}
