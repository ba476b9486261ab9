//! Maps of how strong an edge is at each pixel.

use holonomy::Result;
use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig, Patches, PixelMetric};
use serde::Serialize;

use super::raster::Raster;

/// The patches of the claims: the overlap of the paper's public program.
pub(super) const PUBLISHED_HALO: usize = 2;

/// The standard deviation of the blur before a detector that asks for one, in pixels.
const BLUR: f64 = 1.0;

/// A way to find edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Detector {
    pub(super) method: Method,
    /// Whether the image is blurred first.
    pub(super) blurred: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    /// The length of the gradient.
    Sobel,
    /// Weights beside those of a blank image.
    Magnitude { metric: PixelMetric, scale: f64 },
    /// |w| within a margin of one pixel, patches overlapping by two, as the paper's public program has it: ℓ1, t = 1.
    Published,
    /// Products of the weights of row and column, each as if it were a line on which intensities rise, beside those of
    /// a blank image: ℓ1, t = 1.
    Lines,
}

const fn magnitude(metric: PixelMetric, scale: f64) -> Method {
    Method::Magnitude { metric, scale }
}

impl Detector {
    /// What the paper has: ℓ1 at t = 1.
    pub(super) const MAGNITUDE: Self = Self::plain(magnitude(PixelMetric::L1, 1.0));
    /// What finds edges best here.
    pub(super) const BEST: Self = Self::plain(magnitude(PixelMetric::L2, 2.0));
    pub(super) const SOBEL: Self = Self::plain(Method::Sobel);
    pub(super) const LINES: Self = Self::plain(Method::Lines);

    pub(super) const ALL: [Self; 9] = [
        Self::SOBEL,
        Self::plain(Method::Published),
        Self::MAGNITUDE,
        Self::plain(magnitude(PixelMetric::L1, 2.0)),
        Self::plain(magnitude(PixelMetric::L2, 1.0)),
        Self::BEST,
        Self::LINES,
        Self::SOBEL.after_a_blur(),
        Self::BEST.after_a_blur(),
    ];

    /// Those that the pictures show.
    pub(super) const MAIN: [Self; 6] = [
        Self::SOBEL,
        Self::MAGNITUDE,
        Self::BEST,
        Self::plain(Method::Published),
        Self::SOBEL.after_a_blur(),
        Self::BEST.after_a_blur(),
    ];

    const fn plain(method: Method) -> Self {
        Self {
            method,
            blurred: false,
        }
    }

    pub(super) const fn after_a_blur(self) -> Self {
        Self {
            blurred: true,
            ..self
        }
    }

    pub(super) fn name(self) -> String {
        let method = match self.method {
            Method::Sobel => "Sobel".into(),
            Method::Magnitude { metric, scale } => {
                format!("magnitude, {}, t = {scale}", symbol(metric))
            }
            Method::Published => "|w| as published".into(),
            Method::Lines => "product of lines".into(),
        };
        let after = if self.blurred { " after a blur" } else { "" };
        format!("{method}{after}")
    }

    /// The strength of an edge at each pixel.
    pub(super) fn map(self, image: &Raster) -> Result<Raster> {
        if self.blurred {
            return Self::plain(self.method).map(&image.blurred(BLUR));
        }
        match self.method {
            Method::Sobel => Ok(sobel(image)),
            Method::Magnitude { metric, scale } => excess(image, metric, scale),
            Method::Published => published(image),
            Method::Lines => Ok(lines(image)),
        }
    }
}

/// As papers write them.
pub(super) fn symbol(metric: PixelMetric) -> &'static str {
    match metric {
        PixelMetric::L1 => "ℓ1",
        PixelMetric::L2 => "ℓ2",
    }
}

fn excess(image: &Raster, metric: PixelMetric, scale: f64) -> Result<Raster> {
    let config = ImageMagnitudeConfig {
        metric,
        scale,
        ..ImageMagnitudeConfig::default()
    };
    let found = ImageMagnitude::new(&image.tensor(), &config)?;
    Ok(Raster::from_tensor(&found.excess()?))
}

/// The absolute weights of the image with one pixel more on every side, each a copy of the second one from there.
fn published(image: &Raster) -> Result<Raster> {
    let mirrored = |place: usize, side: usize| {
        let place = place.abs_diff(1);
        let last = side - 1;
        (if place > last {
            2 * last - place
        } else {
            place
        }) as isize
    };
    let (height, width) = (image.height, image.width);
    let padded = Raster::of(height + 2, width + 2, |row, column| {
        image.at(mirrored(row, height), mirrored(column, width))
    });
    let config = ImageMagnitudeConfig {
        patches: Some(Patches {
            halo: PUBLISHED_HALO,
            ..Patches::default()
        }),
        ..ImageMagnitudeConfig::default()
    };
    let found = ImageMagnitude::new(&padded.tensor(), &config)?;
    let weights = Raster::from_tensor(&found.weights);
    Ok(Raster::of(height, width, |row, column| {
        weights.at(row as isize + 1, column as isize + 1).abs()
    }))
}

/// The length of the gradient by Sobel's masks, in intensity per pixel; outside of the image every pixel is as the
/// nearest one inside.
///
/// ```text
/// √(G² + (Gᵀ)²),   G = [−1 0 1; −2 0 2; −1 0 1]/8 ∗ I
/// ```
pub(super) fn sobel(image: &Raster) -> Raster {
    let across = sobel_across(image);
    let down = sobel_across(&image.transposed()).transposed();
    Raster {
        values: across
            .values
            .iter()
            .zip(&down.values)
            .map(|(x, y)| x.hypot(*y))
            .collect(),
        ..across
    }
}

fn sobel_across(image: &Raster) -> Raster {
    Raster::of(image.height, image.width, |row, column| {
        let (row, column) = (row as isize, column as isize);
        let step =
            |down: isize| image.at(row + down, column + 1) - image.at(row + down, column - 1);
        (step(-1) + 2.0 * step(0) + step(1)) / 8.0
    })
}

/// [`Method::Lines`].
fn lines(image: &Raster) -> Raster {
    let across = along_rows(image);
    let down = along_rows(&image.transposed()).transposed();
    Raster {
        values: across
            .values
            .iter()
            .zip(&down.values)
            .map(|(x, y)| x * y - 1.0)
            .collect(),
        ..across
    }
}

/// Weights of points on a line with the gaps 1 + |ΔI|, beside those with the gaps 1.
fn along_rows(image: &Raster) -> Raster {
    let last = image.width as isize - 1;
    Raster::of(image.height, image.width, |row, column| {
        let (row, column) = (row as isize, column as isize);
        let half = |other: isize, with: f64| {
            if !(0..=last).contains(&other) {
                return 1.0;
            }
            let step = image.at(row, other) - image.at(row, column);
            let gap = 1.0 + with * step.abs();
            (gap / 2.0).tanh()
        };
        let weight = |with: f64| half(column - 1, with) + half(column + 1, with);
        weight(1.0) / weight(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(a: &Raster, b: &Raster) -> f64 {
        let pairs = a.values.iter().zip(&b.values);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_gradient_of_a_ramp_is_its_slope() {
        let ramp = Raster::of(6, 9, |row, column| 0.3 * row as f64 + 0.4 * column as f64);
        let found = sobel(&ramp);
        for (row, column) in [(1, 1), (2, 5), (4, 7)] {
            assert!((found.at(row, column) - 0.5).abs() < 1e-15);
        }
        // At a corner only the inner halves are left.
        assert!((found.at(0, 0) - 0.25).abs() < 1e-15);
    }

    #[test]
    fn lines_are_exact_where_intensities_rise_along_one_side() {
        let image = Raster::of(7, 8, |_, column| {
            [0.0, 0.0, 0.3, 0.3, 0.5, 1.0, 1.0, 1.5][column]
        });
        for image in [image.transposed(), image] {
            let found = Detector::LINES.map(&image).unwrap();
            assert!(apart(&found, &Detector::MAGNITUDE.map(&image).unwrap()) < 1e-13);
        }
    }

    #[test]
    fn the_margin_of_the_published_map_mirrors_the_image() {
        // A blank image has the weights of its inside everywhere.
        let blank = Raster::of(5, 6, |_, _| 0.7);
        let inside = 0.5_f64.tanh().powi(2);
        let found = published(&blank).unwrap();
        assert!(apart(&found, &Raster::of(5, 6, |_, _| inside)) < 1e-14);
    }

    #[test]
    fn every_detector_marks_a_step_and_nothing_beside_it() {
        let step = Raster::of(10, 12, |_, column| f64::from(u8::from(column > 5)));
        for detector in Detector::ALL {
            let map = detector.map(&step).unwrap();
            let (at, beside) = (map.at(5, 5), map.at(5, 1));
            assert!(at > beside + 0.03, "{}: {at} and {beside}", detector.name());
        }
    }
}
