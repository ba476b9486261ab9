//! Images as metric spaces, and the detection of their edges.

mod edges;
mod pixels;
mod windows;

use rayon::prelude::*;
use tch::{Device, Tensor};

use super::config::WeightingConfig;
use super::similarity::{check_scale, to_vec};
use super::weighting::weighting;
use crate::numerics::compensated::{rounded, sum};
use crate::{Error, Result};
use pixels::Pixels;
use windows::{Part, Window, windows};

const OP: &str = "ImageMagnitude";

/// The distance between two pixels, from their positions in pixels and their intensities times λ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum PixelMetric {
    /// The sum of the absolute differences of row, column and every channel.
    L1,
    /// The square root of the sum of the squared differences.
    L2,
}

/// The patches into which an image is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patches {
    /// The rows and columns of a patch; the last patches may be smaller.
    pub size: usize,
    /// The width, on every side of a patch, of the margin that is solved with it and whose weights
    /// are discarded.
    pub halo: usize,
}

impl Default for Patches {
    /// Patches of 16 × 16 pixels with a halo of 4, within 24 × 24.
    fn default() -> Self {
        Self { size: 16, halo: 4 }
    }
}

/// The settings of an [`ImageMagnitude`].
#[derive(Debug, Clone, PartialEq)]
pub struct ImageMagnitudeConfig {
    /// The distance between pixels.
    pub metric: PixelMetric,
    /// λ ≥ 0: a difference of 1 in intensity counts as a distance of λ pixels.
    pub intensity: f64,
    /// The scale t, per pixel of distance.
    pub scale: f64,
    /// The patches. `None` solves for all pixels at once, for images of up to some thousand
    /// pixels.
    pub patches: Option<Patches>,
    /// How each system is solved.
    pub weighting: WeightingConfig,
}

impl Default for ImageMagnitudeConfig {
    /// ℓ1, λ = 1, t = 1, the default patches.
    fn default() -> Self {
        Self {
            metric: PixelMetric::L1,
            intensity: 1.0,
            scale: 1.0,
            patches: Some(Patches::default()),
            weighting: WeightingConfig::default(),
        }
    }
}

impl ImageMagnitudeConfig {
    /// Whether every setting has a value that the function is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        check_scale(OP, self.scale)?;
        if !(self.intensity >= 0.0 && self.intensity.is_finite()) {
            let expected = "a finite weight of intensities ≥ 0";
            return Err(Error::invalid(OP, expected, self.intensity));
        }
        if self.patches.is_some_and(|patches| patches.size == 0) {
            return Err(Error::invalid(OP, "patches of at least one pixel", 0));
        }
        Ok(())
    }
}

/// The weights of the pixels of an image, its *magnitude vector*. They are large at edges and
/// along the frame.
///
/// Every pixel is a point, given by its position and its intensities I in one or more channels.
///
/// ```text
/// Zw = 1,   Z = e^(−t d(p, q))
/// d = |Δrow| + |Δcolumn| + λ Σ |ΔI|              PixelMetric::L1
/// d = √(Δrow² + Δcolumn² + λ² Σ ΔI²)             PixelMetric::L2
/// ```
///
/// Pixels never coincide, since their positions differ. At t ≪ 1 the weights depend on the whole
/// image; for t → ∞ they all go to 1.
///
/// With [`patches`](ImageMagnitudeConfig::patches), each patch is solved separately, together with
/// a halo of neighbouring pixels, and the weights in the halo are discarded. So n pixels take
/// n/size² · (size + 2 halo)⁶ operations instead of n³, on all threads of rayon. Since a weight
/// hardly depends on pixels far away, the loss of accuracy is small; see below. The magnitude is
/// then the sum of the kept weights.
///
/// # Edges
///
/// Pixels along the frame of the image have neighbours on fewer sides, and therefore larger
/// weights: in ℓ1 at t = 1, a blank image has 1.6 times the inner weights along the frame, and 2.5
/// times in the corners. [`excess`](Self::excess) divides by the weights of a blank image of the
/// same size, which removes the effect of the frame, and [`edges`](Self::edges) marks the pixels
/// with the largest excess.
///
/// # Shapes
///
/// Image `[height, width]` or `[channels, height, width]`, f32 or f64, on any device, with
/// intensities in any unit; [`intensity`](ImageMagnitudeConfig::intensity) is in pixels per that
/// unit. Computed on the CPU in f64.
///
/// # Accuracy
///
/// Without patches, that of [`weighting`]. With patches, the error decreases with the width of the
/// halo, faster at larger t, and hardly depends on the size of the patches. The table is for two
/// photographs of 64 × 64 pixels with intensities from 0 to 1, λ = 1 and patches of 16 × 16. It
/// has max |w − exact| relative to the largest weight, the larger of the two images; the last row
/// has |magnitude/exact − 1| (`cargo papers run adamer2021`):
///
/// | halo | 0 | 1 | 2 | 4 | 8 |
/// | --- | --- | --- | --- | --- | --- |
/// | ℓ1, t = 1 | 6e-1 | 7e-2 | 3e-2 | 4e-3 | 5e-5 |
/// | ℓ2, t = 1 | 7e-1 | 1e-1 | 2e-2 | 6e-4 | 7e-6 |
/// | ℓ2, t = 2 | 3e-1 | 1e-2 | 2e-3 | 9e-6 | 2e-9 |
/// | ℓ1, t = 1, magnitude | 1e-1 | 1e-3 | 3e-4 | 1e-5 | 2e-7 |
///
/// In ℓ1 a halo of one pixel is exact where the intensities are monotone along one side and
/// constant along the other. A halo as large as the image is always exact.
///
/// # Memory
///
/// For a system of m pixels up to five m × m matrices of f64 are in memory: the distances, and
/// what [`weighting`] makes of them. Without patches, m is the number of all pixels: 0.7 GB for 64
/// × 64. With patches m is up to (size + 2 halo)², so that a matrix has (size + 2 halo)⁴ · 8
/// bytes, 2.7 MB by default, and each thread of rayon has a system of its own.
///
/// # Gradient
///
/// None.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, an image without pixels or channels,
/// intensities that are not finite or above 1e150 when multiplied by λ, a scale or λ out of range,
/// patches without pixels, and where memory for the distances of a system cannot be allocated;
/// those of [`weighting`]. Where memory suffices for the distances but not for the solve, the
/// process aborts.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // Black on the left, white from the sixth column on.
/// let image = Tensor::zeros([8, 12], (Kind::Float, Device::Cpu));
/// let _ = image.narrow(1, 6, 6).fill_(1.0);
/// let found = ImageMagnitude::new(&image, &ImageMagnitudeConfig::default())?;
/// let marked = found.edges(0.8)?;
/// assert_eq!(marked.sum_dim_intlist(0, false, Kind::Int64), Tensor::from_slice(&[0_i64, 0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// adamer2021 (images as metric spaces, edges, patches with an overlap); leinster2013 (products, points on a line).
#[derive(Debug)]
pub struct ImageMagnitude {
    /// w, `[height, width]`, f64, on the device of the image.
    pub weights: Tensor,
    /// Σ w.
    pub magnitude: f64,
    /// ‖Zw − 1‖∞, the largest over all systems.
    pub residual: f64,
    /// The largest [condition](super::Weighting::condition) over all systems.
    pub condition: f64,
    /// The number of systems that were solved.
    pub systems: usize,
    config: ImageMagnitudeConfig,
}

impl ImageMagnitude {
    /// Computes the weights of the pixels of an image.
    ///
    /// # Errors
    ///
    /// See [`ImageMagnitude`].
    pub fn new(image: &Tensor, config: &ImageMagnitudeConfig) -> Result<Self> {
        config.validate()?;
        let pixels = Pixels::new(image, config.intensity)?;
        let windows = windows(pixels.height, pixels.width, config.patches);
        let solve = |window: &Window| solve(&pixels, &window.solved, config);
        let solved: Vec<Solved> = windows.par_iter().map(solve).collect::<Result<_>>()?;
        let mut weights = vec![0.0; pixels.height * pixels.width];
        for (window, solved) in windows.iter().zip(&solved) {
            window.keep(&solved.weights, &mut weights, pixels.width);
        }
        let largest = |of: fn(&Solved) -> f64| solved.iter().map(of).fold(0.0, f64::max);
        Ok(Self {
            magnitude: rounded(sum(&weights)),
            weights: on_device(&weights, &pixels, image.device()),
            residual: largest(|solved| solved.residual),
            condition: largest(|solved| solved.condition),
            systems: solved.len(),
            config: config.clone(),
        })
    }
}

fn on_device(numbers: &[f64], pixels: &Pixels, device: Device) -> Tensor {
    Tensor::from_slice(numbers)
        .view([pixels.height as i64, pixels.width as i64])
        .to_device(device)
}

/// The weights of one window.
struct Solved {
    weights: Vec<f64>,
    residual: f64,
    condition: f64,
}

/// Solves for a part of an image, apart from the rest.
fn solve(pixels: &Pixels, part: &Part, config: &ImageMagnitudeConfig) -> Result<Solved> {
    let distances = pixels.distances(part, config.metric)?;
    let found = weighting(&distances, config.scale, &config.weighting)?;
    Ok(Solved {
        weights: to_vec(&found.weights),
        residual: found.residual,
        condition: found.condition,
    })
}
