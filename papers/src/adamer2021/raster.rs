//! Grey images: read, generated, blurred and made noisy.

use std::path::Path;

use holonomy::random::random_normal;
use holonomy::{Error, Result};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

/// How far the Gaussian of a blur reaches, in standard deviations.
const REACH: f64 = 4.0;

/// A grey image, black at 0 and white at 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raster {
    pub(super) height: usize,
    pub(super) width: usize,
    /// Row by row.
    pub(super) values: Vec<f64>,
}

impl Raster {
    /// A PNG; colours become grey.
    pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let fail = |error: image::ImageError| Error::Data {
            path: path.into(),
            reason: error.to_string(),
        };
        let image = image::load_from_memory_with_format(bytes, image::ImageFormat::Png);
        let grey = image.map_err(fail)?.into_luma16();
        Ok(Self {
            height: grey.height() as usize,
            width: grey.width() as usize,
            values: grey
                .iter()
                .map(|&value| f64::from(value) / f64::from(u16::MAX))
                .collect(),
        })
    }

    /// The image with this value in each row and column.
    pub(super) fn of(height: usize, width: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let places = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        Self {
            height,
            width,
            values: places.map(|(row, column)| value(row, column)).collect(),
        }
    }

    /// Of a tensor `[height, width]` in f64.
    pub(super) fn from_tensor(image: &Tensor) -> Self {
        let size = image.size();
        let mut values = vec![0.0; image.numel()];
        image.contiguous().copy_data(&mut values, image.numel());
        Self {
            height: size[0] as usize,
            width: size[1] as usize,
            values,
        }
    }

    /// `[height, width]`, f64.
    pub(super) fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.values).view([self.height as i64, self.width as i64])
    }

    /// The value there; outside of the image that of the nearest pixel.
    pub(super) fn at(&self, row: isize, column: isize) -> f64 {
        let within = |place: isize, side: usize| place.clamp(0, side as isize - 1) as usize;
        self.values[within(row, self.height) * self.width + within(column, self.width)]
    }

    pub(super) fn transposed(&self) -> Self {
        Self::of(self.width, self.height, |row, column| {
            self.values[column * self.width + row]
        })
    }

    /// Convolved with a Gaussian of this standard deviation, in pixels.
    pub(super) fn blurred(&self, sigma: f64) -> Self {
        self.blurred_along_rows(sigma)
            .transposed()
            .blurred_along_rows(sigma)
            .transposed()
    }

    fn blurred_along_rows(&self, sigma: f64) -> Self {
        let reach = (REACH * sigma).ceil() as isize;
        let weight = |offset: isize| (-(offset as f64 / sigma).powi(2) / 2.0).exp();
        let total: f64 = (-reach..=reach).map(weight).sum();
        Self::of(self.height, self.width, |row, column| {
            let along = |offset| weight(offset) * self.at(row as isize, column as isize + offset);
            (-reach..=reach).map(along).sum::<f64>() / total
        })
    }

    /// With independent Gaussian noise of this standard deviation.
    pub(super) fn noisy(&self, deviation: f64, rng: &mut Xoshiro256PlusPlus) -> Self {
        let size = [self.height as i64, self.width as i64];
        let noise = random_normal(rng, &size, Kind::Double, Device::Cpu);
        Self::from_tensor(&(self.tensor() + noise * deviation))
    }

    /// Means of squares of `factor` by `factor` pixels; what is left over at the right and below is dropped.
    pub(super) fn smaller(&self, factor: usize) -> Self {
        Self::of(self.height / factor, self.width / factor, |row, column| {
            let line = |down: usize| {
                let start = (row * factor + down) * self.width + column * factor;
                self.values[start..][..factor].iter().sum::<f64>()
            };
            (0..factor).map(line).sum::<f64>() / (factor * factor) as f64
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_blur_keeps_the_mean_and_spreads_a_point_like_a_gaussian() {
        let point = Raster::of(21, 21, |row, column| {
            f64::from(u8::from((row, column) == (10, 10)))
        });
        let blurred = point.blurred(1.0);
        assert!((blurred.values.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let ratio = blurred.at(10, 11) / blurred.at(10, 10);
        assert!((ratio - (-0.5_f64).exp()).abs() < 1e-12);
        let turned = blurred.transposed();
        let mut pairs = blurred.values.iter().zip(&turned.values);
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn noise_has_its_deviation_and_a_smaller_image_the_means() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let flat = Raster::of(100, 80, |_, _| 0.5);
        let noisy = flat.noisy(0.1, &mut rng);
        let squares: f64 = noisy.values.iter().map(|value| (value - 0.5).powi(2)).sum();
        assert!(((squares / 8000.0).sqrt() - 0.1).abs() < 5e-3);
        let ramp = Raster::of(5, 7, |row, column| (10 * row + column) as f64);
        let smaller = ramp.smaller(2);
        assert_eq!((smaller.height, smaller.width), (2, 3));
        assert_eq!(smaller.values[0], 5.5);
        assert_eq!(ramp.at(-3, 99), 6.0);
    }
}
