//! The pictures: points by their weights, and how well a boundary is found over the scale.

use std::path::Path;

use holonomy::magnitude::{BoundaryConfig, BoundaryDetector, Scale};
use holonomy::plot::{CurvePlot, Picture, SpacePlot};
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use super::shapes::{Found, SHARES, Shape};

/// The scale of the picture of points, as the magnitude's share of their number.
const SHARE: f64 = 0.1;
/// Groups of points by weight, from the smallest: the part of all that each ends at.
const GROUPS: [(f64, &str); 4] = [
    (0.5, "smaller half of the weights"),
    (0.8, "next 30 %"),
    (0.9, "next 10 %"),
    (1.0, "largest 10 %"),
];

/// Draws as SVG and PNG; returns the names of the files. What cannot be drawn costs the pictures
/// and a warning, not the run.
pub(super) fn draw(folder: &Path, found: &[Found], points: usize, seed: u64) -> Vec<String> {
    draw_all(folder, found, points, seed).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, found: &[Found], points: usize, seed: u64) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut save = |stem: &str, picture: &Picture| -> Result<()> {
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(folder.join(&name))?;
            files.push(name);
        }
        Ok(())
    };
    let plot = CurvePlot::new()
        .title("The boundary by weights")
        .x_label("share of the magnitude, by the scale")
        .y_label("area under the ROC curve")
        .log_x();
    let plot = found.iter().fold(plot, |plot, found| {
        let means = found.weights.iter().map(|spread| spread.mean);
        let curve: Vec<(f64, f64)> = SHARES.into_iter().zip(means).collect();
        plot.line(found.shape.name(), &curve)
    });
    save("scales", &plot.draw()?)?;
    for (stem, shape) in [("ring", Shape::Ring), ("densities", Shape::TwoDensities)] {
        save(stem, &by_weight(shape, points, seed)?)?;
    }
    Ok(files)
}

/// Points from above, in a colour for each group of weights.
fn by_weight(shape: Shape, count: usize, seed: u64) -> Result<Picture> {
    let (points, _) = shape.points(count, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let config = BoundaryConfig {
        scale: Scale::Share(SHARE),
        ..BoundaryConfig::default()
    };
    let detector = BoundaryDetector::fit(Box::new(Euclidean::new(2)?), &points, &config)?;
    let (_, order) = detector.weights().sort(0, false);
    let flat = points.index_select(0, &order);
    let zero = Tensor::zeros([count as i64, 1], (Kind::Double, flat.device()));
    let in_space = Tensor::cat(&[flat, zero], 1);
    let plot = SpacePlot::new()
        .title(format!("{count} points by weight: {}", shape.name()))
        .seen_from(0.0, std::f64::consts::FRAC_PI_2);
    let mut start = 0;
    let plot = GROUPS.into_iter().fold(plot, |plot, (share, name)| {
        let end = (share * count as f64).round() as i64;
        let group = in_space.narrow(0, start, end - start);
        start = end;
        plot.points(name, &group)
    });
    plot.draw()
}
