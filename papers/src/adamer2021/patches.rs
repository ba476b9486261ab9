//! Weights patch by patch beside those of the whole image.

use std::time::Instant;

use holonomy::Result;
use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig, Patches, PixelMetric};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::options::Settings;
use super::photographs::{Photograph, photographs};
use crate::harness::output;

/// One way to cut one photograph.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) photograph: &'static str,
    pub(super) metric: PixelMetric,
    pub(super) scale: f64,
    pub(super) size: usize,
    pub(super) halo: usize,
    /// max |w − exact| / max exact
    pub(super) worst: f64,
    /// The same of the root of the mean square.
    pub(super) typical: f64,
    /// |magnitude/exact − 1|
    pub(super) magnitude: f64,
    pub(super) seconds: f64,
}

/// The whole of a photograph at once.
#[derive(Debug, Serialize)]
pub(super) struct Whole {
    pub(super) photograph: &'static str,
    pub(super) pixels: usize,
    pub(super) metric: PixelMetric,
    pub(super) scale: f64,
    pub(super) magnitude: f64,
    pub(super) condition: f64,
    pub(super) seconds: f64,
}

/// All ways and what they are compared with.
#[derive(Debug, Serialize)]
pub(super) struct Study {
    pub(super) whole: Vec<Whole>,
    pub(super) rows: Vec<Row>,
}

/// Cuts the first photographs, made smaller, in every way.
pub(super) fn study(settings: &Settings) -> Result<Study> {
    let mut study = Study {
        whole: Vec::new(),
        rows: Vec::new(),
    };
    for photograph in photographs()?.iter().take(settings.cut_photographs) {
        let factor = photograph.image.height / settings.cut_side;
        let image = photograph.image.smaller(factor).tensor();
        for (metric, scale) in [
            (PixelMetric::L1, 1.0),
            (PixelMetric::L2, 1.0),
            (PixelMetric::L2, 2.0),
        ] {
            let config = ImageMagnitudeConfig {
                metric,
                scale,
                patches: None,
                ..ImageMagnitudeConfig::default()
            };
            cut(settings, photograph, &image, &config, &mut study)?;
        }
        output::note(&format!("{} cut into patches: done", photograph.name));
    }
    Ok(study)
}

fn cut(
    settings: &Settings,
    photograph: &Photograph,
    image: &Tensor,
    config: &ImageMagnitudeConfig,
    study: &mut Study,
) -> Result<()> {
    let (exact, seconds) = timed(image, config)?;
    study.whole.push(Whole {
        photograph: photograph.name,
        pixels: image.numel(),
        metric: config.metric,
        scale: config.scale,
        magnitude: exact.magnitude,
        condition: exact.condition,
        seconds,
    });
    let largest = exact.weights.abs().max().double_value(&[]);
    for &size in &settings.patch_sizes {
        for &halo in &settings.halos {
            let config = ImageMagnitudeConfig {
                patches: Some(Patches { size, halo }),
                ..config.clone()
            };
            let (found, seconds) = timed(image, &config)?;
            let error = &found.weights - &exact.weights;
            let mean_square = error.square().mean(Kind::Double).double_value(&[]);
            study.rows.push(Row {
                photograph: photograph.name,
                metric: config.metric,
                scale: config.scale,
                size,
                halo,
                worst: error.abs().max().double_value(&[]) / largest,
                typical: mean_square.sqrt() / largest,
                magnitude: (found.magnitude / exact.magnitude - 1.0).abs(),
                seconds,
            });
        }
    }
    Ok(())
}

fn timed(image: &Tensor, config: &ImageMagnitudeConfig) -> Result<(ImageMagnitude, f64)> {
    let start = Instant::now();
    let found = ImageMagnitude::new(image, config)?;
    Ok((found, start.elapsed().as_secs_f64()))
}
