//! The pixels of an image and their distances.

use tch::{Kind, Tensor};

use super::windows::Part;
use super::{OP, PixelMetric};
use crate::magnitude::similarity::to_vec;
use crate::{Error, Result};

/// The largest intensity, multiplied by its weight, of which the square is a number.
const LARGEST_INTENSITY: f64 = 1e150;

/// The intensities of an image, multiplied by their weight.
pub(super) struct Pixels {
    pub(super) height: usize,
    pub(super) width: usize,
    /// One value for each channel, row and column, in this order.
    values: Vec<f64>,
}

impl Pixels {
    pub(super) fn new(image: &Tensor, weight: f64) -> Result<Self> {
        let shape = image.size();
        let (&[height, width] | &[_, height, width]) = &shape[..] else {
            return Err(wrong_shape(&shape));
        };
        if image.numel() == 0 {
            return Err(wrong_shape(&shape));
        }
        if !matches!(image.kind(), Kind::Double | Kind::Float) {
            let got = format!("{:?}", image.kind());
            return Err(Error::invalid(OP, "an image in f32 or f64", got));
        }
        let mut values = to_vec(&image.to_kind(Kind::Double));
        let pixels = (height * width) as usize;
        for (index, value) in values.iter_mut().enumerate() {
            let weighted = *value * weight;
            // NaN is not below.
            if !(value.is_finite() && weighted.abs() <= LARGEST_INTENSITY) {
                let (row, column) = (index % pixels / width as usize, index % width as usize);
                let expected = "finite intensities, with their weight up to 1e150";
                let got = format!("{value} in row {row}, column {column}");
                return Err(Error::invalid(OP, expected, got));
            }
            *value = weighted;
        }
        Ok(Self {
            height: height as usize,
            width: width as usize,
            values,
        })
    }

    /// An image of one intensity.
    pub(super) fn blank(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            values: vec![0.0; height * width],
        }
    }

    /// The distances of the pixels of a part, row by row.
    pub(super) fn distances(&self, part: &Part, metric: PixelMetric) -> Result<Tensor> {
        let n = part.rows.len() * part.columns.len();
        let mut distances = Vec::new();
        if distances.try_reserve_exact(n.saturating_mul(n)).is_err() {
            let got = format!("{n} pixels in one system");
            return Err(Error::invalid(OP, "distances that fit into memory", got));
        }
        distances.resize(n * n, 0.0);
        let points = self.points(part);
        for (i, p) in points.iter().enumerate() {
            for (j, q) in points[..i].iter().enumerate() {
                let distance = metric.between(p, q);
                distances[i * n + j] = distance;
                distances[j * n + i] = distance;
            }
        }
        Ok(Tensor::from_slice(&distances).view([n as i64, n as i64]))
    }

    /// Row, column and channels of each pixel.
    fn points(&self, part: &Part) -> Vec<Vec<f64>> {
        let channels = || self.values.chunks(self.height * self.width);
        let point = |row: usize, column: usize| {
            let place = row * self.width + column;
            let intensities = channels().map(|channel| channel[place]);
            [row as f64, column as f64]
                .into_iter()
                .chain(intensities)
                .collect()
        };
        (part.rows.clone())
            .flat_map(|row| part.columns.clone().map(move |column| (row, column)))
            .map(|(row, column)| point(row, column))
            .collect()
    }
}

fn wrong_shape(shape: &[i64]) -> Error {
    let expected = "an image [height, width] or [channels, height, width] with pixels";
    Error::invalid(OP, expected, format!("{shape:?}"))
}

impl PixelMetric {
    fn between(self, p: &[f64], q: &[f64]) -> f64 {
        let differences = p.iter().zip(q).map(|(x, y)| (x - y).abs());
        match self {
            Self::L1 => differences.sum(),
            Self::L2 => differences.map(|x| x * x).sum::<f64>().sqrt(),
        }
    }
}
