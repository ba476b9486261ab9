//! Edges of photographs and digits, where no truth is known: how alike the maps are.

use std::path::Path;

use holonomy::Result;
use serde::Serialize;

use super::detectors::Detector;
use super::options::Settings;
use super::raster::Raster;
use super::score::rank_correlation;
use crate::data::digits::Images;

/// The share of the pixels that is taken for edges.
const MARKED: f64 = 0.1;
/// The side of a digit in pixels.
const DIGIT: usize = 8;

/// A picture with its name.
#[derive(Debug)]
pub(super) struct Photograph {
    pub(super) name: &'static str,
    pub(super) image: Raster,
}

/// How alike the maps of two detectors are.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) picture: String,
    pub(super) first: String,
    pub(super) second: String,
    /// Spearman's.
    pub(super) rank_correlation: f64,
    /// The share of the strongest tenth of one that is among the strongest tenth of the other.
    pub(super) overlap: f64,
}

/// The photographs that come with the program.
pub(super) fn photographs() -> Result<Vec<Photograph>> {
    [
        (
            "camera",
            &include_bytes!("../../data/photographs/camera.png")[..],
        ),
        (
            "astronaut",
            include_bytes!("../../data/photographs/astronaut.png"),
        ),
        ("cell", include_bytes!("../../data/photographs/cell.png")),
        ("brick", include_bytes!("../../data/photographs/brick.png")),
    ]
    .into_iter()
    .map(|(name, bytes)| {
        let image = Raster::decode(bytes, Path::new(name))?;
        Ok(Photograph { name, image })
    })
    .collect()
}

/// The first images of digits, from 0 to 1.
pub(super) fn digits(count: usize) -> Result<Vec<Raster>> {
    let pixels = Images::load()?.pixels.to_kind(tch::Kind::Double);
    let side = DIGIT as i64;
    let digit = |row: i64| Raster::from_tensor(&pixels.get(row).view([side, side]));
    Ok((0..count as i64).map(digit).collect())
}

/// Which maps are compared.
fn pairs() -> [(Detector, Detector); 5] {
    [
        (Detector::MAGNITUDE, Detector::SOBEL),
        (Detector::BEST, Detector::SOBEL),
        (
            Detector::BEST.after_a_blur(),
            Detector::SOBEL.after_a_blur(),
        ),
        (Detector::MAGNITUDE, Detector::BEST),
        (Detector::LINES, Detector::MAGNITUDE),
    ]
}

/// Compares the maps of every photograph, and of digits on average.
pub(super) fn study(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for photograph in photographs()? {
        let image = photograph.image.smaller(settings.shrink);
        rows.extend(compare(photograph.name, &[image])?);
    }
    rows.extend(compare("digits", &digits(settings.digits)?)?);
    Ok(rows)
}

/// The means over these images.
pub(super) fn compare(picture: &str, images: &[Raster]) -> Result<Vec<Row>> {
    pairs()
        .into_iter()
        .map(|(first, second)| {
            let (mut correlation, mut overlap) = (0.0, 0.0);
            for image in images {
                let (a, b) = (first.map(image)?.values, second.map(image)?.values);
                correlation += rank_correlation(&a, &b)? / images.len() as f64;
                overlap += overlap_of(&a, &b) / images.len() as f64;
            }
            Ok(Row {
                picture: picture.into(),
                first: first.name(),
                second: second.name(),
                rank_correlation: correlation,
                overlap,
            })
        })
        .collect()
}

/// The share of the strongest of `b` that is among the strongest of `a`.
fn overlap_of(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (strongest(a), strongest(b));
    let both = a.iter().zip(&b).filter(|(a, b)| **a && **b).count();
    both as f64 / b.iter().filter(|marked| **marked).count() as f64
}

/// The strongest tenth of a map, with all that are as strong as its last.
fn strongest(map: &[f64]) -> Vec<bool> {
    let mut sorted = map.to_vec();
    sorted.sort_by(|x, y| y.total_cmp(x));
    let count = (MARKED * map.len() as f64).ceil() as usize;
    let threshold = sorted[count - 1];
    map.iter().map(|&strength| strength >= threshold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_are_those_that_are_known() {
        let mean = |image: &Raster| image.values.iter().sum::<f64>() / image.values.len() as f64;
        for Photograph { name, image } in photographs().unwrap() {
            assert_eq!((image.height, image.width), (128, 128), "{name}");
            assert!(
                (0.15..0.6).contains(&mean(&image)),
                "{name}: {}",
                mean(&image)
            );
        }
        let digits = digits(10).unwrap();
        assert_eq!((digits[9].height, digits[9].width), (8, 8));
        assert!(digits.iter().all(|digit| (0.1..0.6).contains(&mean(digit))));
    }

    #[test]
    fn a_map_overlaps_itself_and_not_its_opposite() {
        let map: Vec<f64> = (0..50).map(f64::from).collect();
        let opposite: Vec<f64> = map.iter().map(|x| -x).collect();
        assert_eq!(
            (overlap_of(&map, &map), overlap_of(&map, &opposite)),
            (1.0, 0.0)
        );
    }
}
