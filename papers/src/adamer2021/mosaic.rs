//! Rows of small pictures in one PNG.

use std::path::Path;

use holonomy::{Error, Result};
use image::{GrayImage, Luma};

use super::raster::Raster;

/// White pixels between pictures.
const GAP: u32 = 4;
/// The strength that is drawn black: at most this share of the pixels is stronger.
const BLACK: f64 = 0.02;

/// Pictures of one size, row by row.
#[derive(Debug, Default)]
pub(super) struct Mosaic {
    rows: Vec<Vec<Raster>>,
    /// How many pixels a side of a pixel takes.
    zoom: u32,
}

impl Mosaic {
    pub(super) fn new(zoom: u32) -> Self {
        Self {
            rows: Vec::new(),
            zoom,
        }
    }

    pub(super) fn push(&mut self, row: Vec<Raster>) {
        self.rows.push(row);
    }

    /// Writes a PNG.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let fail = |error: image::ImageError| Error::Data {
            path: path.into(),
            reason: error.to_string(),
        };
        let image = self.image();
        image
            .save_with_format(path, image::ImageFormat::Png)
            .map_err(fail)
    }

    fn image(&self) -> GrayImage {
        let all = || self.rows.iter().flatten();
        let width = all().map(|raster| raster.width).max().unwrap_or(1) as u32 * self.zoom + GAP;
        let height = all().map(|raster| raster.height).max().unwrap_or(1) as u32 * self.zoom + GAP;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(1) as u32;
        let size = (columns * width - GAP, self.rows.len() as u32 * height - GAP);
        let mut image = GrayImage::from_pixel(size.0, size.1, Luma([u8::MAX]));
        for (down, row) in self.rows.iter().enumerate() {
            for (across, raster) in row.iter().enumerate() {
                self.draw(
                    &mut image,
                    raster,
                    across as u32 * width,
                    down as u32 * height,
                );
            }
        }
        image
    }

    fn draw(&self, image: &mut GrayImage, raster: &Raster, left: u32, top: u32) {
        for (place, value) in raster.values.iter().enumerate() {
            let (row, column) = ((place / raster.width) as u32, (place % raster.width) as u32);
            let grey = Luma([(value.clamp(0.0, 1.0) * f64::from(u8::MAX)).round() as u8]);
            for (y, x) in (0..self.zoom).flat_map(|y| (0..self.zoom).map(move |x| (y, x))) {
                image.put_pixel(
                    left + column * self.zoom + x,
                    top + row * self.zoom + y,
                    grey,
                );
            }
        }
    }
}

/// Strengths of edges in ink: white at 0 and below, black at the largest but for the last few.
pub(super) fn ink(map: &Raster) -> Raster {
    let mut sorted = map.values.clone();
    sorted.sort_by(f64::total_cmp);
    let place = ((1.0 - BLACK) * (sorted.len() - 1) as f64) as usize;
    // Of a map without edges nothing is black.
    let black = if sorted[place] > 0.0 {
        sorted[place]
    } else {
        f64::INFINITY
    };
    Raster {
        values: map
            .values
            .iter()
            .map(|strength| 1.0 - strength / black)
            .collect(),
        ..*map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_side_by_side() {
        let dark = Raster::of(2, 3, |_, _| 0.0);
        let mut mosaic = Mosaic::new(2);
        mosaic.push(vec![dark.clone(), Raster::of(2, 3, |_, _| 0.5)]);
        mosaic.push(vec![dark]);
        let image = mosaic.image();
        assert_eq!(image.dimensions(), (6 + 4 + 6, 4 + 4 + 4));
        let at = |x, y| image.get_pixel(x, y).0[0];
        assert_eq!(
            [at(5, 3), at(6, 3), at(10, 0), at(0, 8), at(10, 8)],
            [0, 255, 128, 0, 255]
        );
    }

    #[test]
    fn strong_edges_are_black_and_no_edges_white() {
        let ramp = Raster::of(1, 101, |_, column| column as f64 - 1.0);
        let drawn = ink(&ramp);
        assert!(drawn.values[0] > 1.0 && drawn.values[1] == 1.0 && drawn.values[98] == 0.0);
        assert_eq!(ink(&Raster::of(1, 4, |_, _| 0.0)).values, [1.0; 4]);
    }
}
