//! Generated images, whose edges are known.

use serde::Serialize;

use super::raster::Raster;

/// What is drawn, white on black.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    Disk,
    Bars,
    Checkerboard,
    Triangle,
}

impl Shape {
    pub(super) const ALL: [Self; 4] = [Self::Disk, Self::Bars, Self::Checkerboard, Self::Triangle];

    /// A square image of it.
    pub(super) fn image(self, size: usize) -> Raster {
        Raster::of(size, size, |row, column| {
            let middle = |place: usize| (place as f64 + 0.5) / size as f64;
            f64::from(u8::from(self.is_white(middle(row), middle(column))))
        })
    }

    /// Whether the point is white, both coordinates from 0 to 1.
    fn is_white(self, y: f64, x: f64) -> bool {
        let odd = |place: f64, count: f64| (place * count) as usize % 2 == 1;
        match self {
            Self::Disk => (y - 0.5).hypot(x - 0.5) < 0.3,
            Self::Bars => odd(x, 8.0),
            Self::Checkerboard => odd(x, 4.0) != odd(y, 4.0),
            Self::Triangle => y > 0.2 && y < 0.8 && (x - 0.5).abs() < 0.6 * (y - 0.2),
        }
    }
}

/// The pixels beside which there is one of another value: above, below, left or right.
pub(super) fn edges(image: &Raster) -> Vec<bool> {
    let differs = |row: usize, column: usize| {
        let (row, column) = (row as isize, column as isize);
        let own = image.at(row, column);
        [(-1, 0), (1, 0), (0, -1), (0, 1)]
            .iter()
            .any(|(down, right)| image.at(row + down, column + right) != own)
    };
    let places =
        (0..image.height).flat_map(|row| (0..image.width).map(move |column| (row, column)));
    places.map(|(row, column)| differs(row, column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_edges_on_both_sides() {
        for shape in Shape::ALL {
            let image = shape.image(32);
            let edges = edges(&image);
            let count = |value: f64| {
                let marked = edges.iter().zip(&image.values);
                marked
                    .filter(|(edge, pixel)| **edge && **pixel == value)
                    .count()
            };
            assert!(count(0.0) > 10 && count(1.0) > 10, "{shape:?}");
        }
        // Seven steps of two pixels in each row.
        let bars = edges(&Shape::Bars.image(32));
        assert_eq!(bars.iter().filter(|edge| **edge).count(), 32 * 14);
    }
}
