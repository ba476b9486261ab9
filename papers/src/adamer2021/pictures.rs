//! The pictures: edges of photographs, digits and noisy shapes, precision over noise, errors over halos.

use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Figures;
use super::detectors::Detector;
use super::mosaic::{Mosaic, ink};
use super::options::Settings;
use super::photographs::{digits, photographs};
use super::raster::Raster;
use super::shapes::{Shape, edges};

/// Digits in their picture.
const DIGITS: usize = 10;
/// Noise in the picture of shapes.
const NOISE: [f64; 4] = [0.0, 0.1, 0.2, 0.4];

/// Draws all; what cannot be drawn costs the pictures and a warning.
pub(super) fn draw(settings: &Settings, figures: &Figures, own: Option<&Raster>) -> Vec<String> {
    let drawn = match own {
        Some(image) => draw_own(settings, image),
        None => draw_all(settings, figures),
    };
    drawn.unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_own(settings: &Settings, image: &Raster) -> Result<Vec<String>> {
    let mut mosaic = Mosaic::new(1);
    mosaic.push(vec![
        image.clone(),
        ink(&Detector::MAGNITUDE.map(image)?),
        ink(&Detector::BEST.map(image)?),
        ink(&Detector::SOBEL.map(image)?),
    ]);
    save(&settings.out, "edges", &mosaic).map(|name| vec![name])
}

fn draw_all(settings: &Settings, figures: &Figures) -> Result<Vec<String>> {
    let mut files = vec![
        save(&settings.out, "photographs", &of_photographs(settings)?)?,
        save(&settings.out, "digits", &of_digits()?)?,
        save(&settings.out, "shapes", &of_shapes(settings)?)?,
    ];
    for (stem, plot) in [
        ("noise", precision(figures, false)),
        ("noise_soft", precision(figures, true)),
        ("halo", errors(figures)),
    ] {
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(settings.out.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}

fn save(folder: &Path, stem: &str, mosaic: &Mosaic) -> Result<String> {
    let name = format!("{stem}.png");
    mosaic.save(&folder.join(&name))?;
    Ok(name)
}

/// Image, magnitude and Sobel, a row a photograph.
fn of_photographs(settings: &Settings) -> Result<Mosaic> {
    let mut mosaic = Mosaic::new(1);
    for photograph in photographs()? {
        let image = photograph.image.smaller(settings.shrink);
        let maps = [Detector::BEST, Detector::SOBEL].map(|detector| detector.map(&image));
        let [magnitude, sobel] = maps;
        mosaic.push(vec![image, ink(&magnitude?), ink(&sobel?)]);
    }
    Ok(mosaic)
}

/// Digits, below them their magnitude and Sobel.
fn of_digits() -> Result<Mosaic> {
    let mut mosaic = Mosaic::new(6);
    let images = digits(DIGITS)?;
    for detector in [Detector::BEST, Detector::SOBEL] {
        let maps = images.iter().map(|image| Ok(ink(&detector.map(image)?)));
        let maps = maps.collect::<Result<_>>()?;
        if detector == Detector::BEST {
            mosaic.push(images.clone());
        }
        mosaic.push(maps);
    }
    Ok(mosaic)
}

/// A disk under more and more noise: image, truth, magnitude, Sobel, and both after a blur.
fn of_shapes(settings: &Settings) -> Result<Mosaic> {
    let mut mosaic = Mosaic::new(2);
    let clean = Shape::Disk.image(settings.size);
    let truth = edges(&clean);
    let truth = Raster {
        values: truth
            .iter()
            .map(|&edge| f64::from(u8::from(!edge)))
            .collect(),
        ..clean
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
    for noise in NOISE {
        let image = clean.noisy(noise, &mut rng);
        let mut row = vec![image.clone(), truth.clone()];
        for detector in [Detector::BEST, Detector::SOBEL] {
            row.push(ink(&detector.map(&image)?));
        }
        for detector in [Detector::BEST, Detector::SOBEL] {
            row.push(ink(&detector.after_a_blur().map(&image)?));
        }
        mosaic.push(row);
    }
    Ok(mosaic)
}

/// Average precision over noise.
fn precision(figures: &Figures, soft: bool) -> CurvePlot {
    let kind = if soft { "soft" } else { "sharp" };
    let plot = CurvePlot::new()
        .title(format!("Edges of {kind} shapes under noise"))
        .x_label("standard deviation of the noise, black and white being 1 apart")
        .y_label("average precision");
    Detector::MAIN.into_iter().fold(plot, |plot, detector| {
        let rows = figures.noise.iter();
        let points: Vec<(f64, f64)> = rows
            .filter(|row| row.soft == soft && row.detector == detector)
            .map(|row| (row.noise, row.score.average_precision))
            .collect();
        plot.line(detector.name(), &points)
    })
}

/// The worst error of the smallest patches over the halo.
fn errors(figures: &Figures) -> CurvePlot {
    let size = figures
        .patches
        .rows
        .iter()
        .map(|row| row.size)
        .min()
        .unwrap_or(0);
    let plot = CurvePlot::new()
        .title(format!("Patches of {size} × {size} pixels"))
        .x_label("halo in pixels")
        .y_label("largest error over largest weight")
        .log_y();
    figures.patches.whole.iter().fold(plot, |plot, whole| {
        let rows = figures.patches.rows.iter();
        let points: Vec<(f64, f64)> = rows
            .filter(|row| {
                row.size == size
                    && row.photograph == whole.photograph
                    && (row.metric, row.scale) == (whole.metric, whole.scale)
            })
            .map(|row| (row.halo as f64, row.worst))
            .collect();
        let metric = super::detectors::symbol(whole.metric);
        plot.line(
            format!("{}, {metric}, t = {}", whole.photograph, whole.scale),
            &points,
        )
    })
}
