//! What the weights of an image say about its edges.

use std::collections::BTreeMap;

use rayon::prelude::*;
use tch::Tensor;

use super::pixels::Pixels;
use super::windows::{Part, windows};
use super::{ImageMagnitude, ImageMagnitudeConfig, OP, PixelMetric, on_device, solve};
use crate::magnitude::similarity::to_vec;
use crate::{Error, Result};

/// The excess that a pixel of an edge has at least.
const SMALLEST_EXCESS: f64 = 1e-9;

/// What rounding makes of weights, over the largest one: so many times ε times the condition.
const ROUNDINGS: f64 = 4.0;

impl ImageMagnitude {
    /// The relative excess of each pixel's weight w over its weight w₀ in a blank image of the
    /// same size and patches: the strength of an edge there.
    ///
    /// ```text
    /// w/w₀ − 1
    /// ```
    ///
    /// In ℓ1, an edge that meets the frame of the image at a right angle has the same excess at
    /// the frame as inside, since w and w₀ are both products with the weights along the frame. In
    /// ℓ1, w₀ is known in closed form; in ℓ2 it is computed once for each shape of a patch with
    /// its halo.
    ///
    /// # Shapes
    ///
    /// `[height, width]`, f64, on the device of the image; negative for pixels that are similar to
    /// heavier pixels at an edge nearby, as on the outer side of a thin stripe.
    ///
    /// # Accuracy
    ///
    /// The error is that of the weights, divided by w₀. In ℓ1, the weights inside a blank image
    /// are tanh²(t/2), and those of its corners are near 1/4 at t ≪ 1. The excess of a blank image
    /// of 11 × 13 pixels has an error of 1e-15 at t = 1, of 1e-8 at t = 0.01, and of more than 1
    /// at t = 1e-6.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where a blank image has weights that are not positive, as in ℓ2
    /// at t ≤ 0.5 near the frame; those of [`weighting`](crate::magnitude::weighting).
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig};
    /// use holonomy::tch::Tensor;
    ///
    /// // Three pixels in ℓ1 are points on a line, here with the gaps 1 and 1 + 2.
    /// let image = Tensor::from_slice(&[0.0, 0.0, 2.0]).view([1, 3]);
    /// let excess = ImageMagnitude::new(&image, &ImageMagnitudeConfig::default())?.excess()?;
    /// let half = |gap: f64| (gap / 2.0).tanh();
    /// let exact = (half(1.0) + half(3.0)) / (2.0 * half(1.0)) - 1.0;
    /// assert!((excess.double_value(&[0, 1]) - exact).abs() < 1e-14);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn excess(&self) -> Result<Tensor> {
        self.excess_over(&self.blank()?)
    }

    /// The pixels on edges: those whose [`excess`](Self::excess) is above this quantile of all
    /// pixels, and above rounding errors.
    ///
    /// At most a share of 1 − `quantile` of the pixels is marked, and none in a blank image. An
    /// excess counts only if it is at least 1e-9 and at least 4ε · condition · max |w|/w₀. The
    /// latter is larger at t ≪ 1, where the weights inside are small compared with those in the
    /// corners.
    ///
    /// # Shapes
    ///
    /// `[height, width]` of booleans, on the device of the image.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a quantile that is not between 0 and 1; those of
    /// [`excess`](Self::excess).
    pub fn edges(&self, quantile: f64) -> Result<Tensor> {
        if !(0.0..=1.0).contains(&quantile) {
            return Err(Error::invalid(OP, "a quantile from 0 to 1", quantile));
        }
        let blank = self.blank()?;
        let excess = self.excess_over(&blank)?;
        let mut sorted = to_vec(&excess);
        sorted.sort_by(f64::total_cmp);
        let below = (quantile * sorted.len() as f64).ceil() as usize;
        let quantile = match below {
            0 => f64::NEG_INFINITY,
            _ => sorted[below - 1],
        };
        let largest = self.weights.abs().max().double_value(&[]);
        let rounding = ROUNDINGS * f64::EPSILON * self.condition * largest;
        let smallest = (rounding / blank).clamp_min(SMALLEST_EXCESS);
        Ok(excess
            .gt(quantile)
            .logical_and(&excess.gt_tensor(&smallest)))
    }

    fn excess_over(&self, blank: &Tensor) -> Result<Tensor> {
        let smallest = blank.min().double_value(&[]);
        if smallest <= 0.0 {
            let expected = "a scale at which all weights of a blank image are above 0";
            let got = format!("t = {} with a weight {smallest:.1e}", self.config.scale);
            return Err(Error::invalid(OP, expected, got));
        }
        Ok(&self.weights / blank - 1.0)
    }

    /// The weights of a blank image of the same size.
    fn blank(&self) -> Result<Tensor> {
        let size = self.weights.size();
        let pixels = Pixels::blank(size[0] as usize, size[1] as usize);
        let windows = windows(pixels.height, pixels.width, self.config.patches);
        let mut shapes: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
        for window in &windows {
            shapes.insert(window.size(), Vec::new());
        }
        let config = &self.config;
        shapes.par_iter_mut().try_for_each(|(&size, weights)| {
            *weights = blank_window(size, config)?;
            Ok::<(), Error>(())
        })?;
        let mut weights = vec![0.0; pixels.height * pixels.width];
        for window in &windows {
            window.keep(&shapes[&window.size()], &mut weights, pixels.width);
        }
        Ok(on_device(&weights, &pixels, self.weights.device()))
    }
}

fn blank_window(
    (height, width): (usize, usize),
    config: &ImageMagnitudeConfig,
) -> Result<Vec<f64>> {
    if config.metric == PixelMetric::L1 {
        let (down, across) = (path(height, config.scale), path(width, config.scale));
        let row = |weight: &f64| across.iter().map(|x| x * weight).collect::<Vec<_>>();
        return Ok(down.iter().flat_map(row).collect());
    }
    let pixels = Pixels::blank(height, width);
    let all = Part {
        rows: 0..height,
        columns: 0..width,
    };
    Ok(solve(&pixels, &all, config)?.weights)
}

/// The weights of points on a line, one pixel apart: 1/(1 + e^(−t)) at both ends, tanh(t/2) between.
fn path(length: usize, t: f64) -> Vec<f64> {
    if length == 1 {
        return vec![1.0];
    }
    let mut weights = vec![(t / 2.0).tanh(); length];
    let end = 1.0 / (1.0 + (-t).exp());
    weights[0] = end;
    weights[length - 1] = end;
    weights
}
