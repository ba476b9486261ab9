//! Edges of generated images under noise, beside the truth.

use holonomy::Result;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use super::detectors::Detector;
use super::options::Settings;
use super::score::{Score, score};
use super::shapes::{Shape, edges};

/// The standard deviation of the blur of the soft images, in pixels.
const SOFTNESS: f64 = 1.0;

/// What one detector found, as means over shapes and seeds.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) detector: Detector,
    pub(super) name: String,
    /// Whether the images were blurred before the noise.
    pub(super) soft: bool,
    /// The standard deviation of the noise; black and white are 1 apart.
    pub(super) noise: f64,
    pub(super) images: usize,
    #[serde(flatten)]
    pub(super) score: Score,
}

/// Scores every detector on every shape.
pub(super) fn study(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for soft in [false, true] {
        for &noise in &settings.noise {
            rows.extend(of_images(settings, soft, noise)?);
        }
    }
    Ok(rows)
}

fn of_images(settings: &Settings, soft: bool, noise: f64) -> Result<Vec<Row>> {
    let seeds = if noise == 0.0 { 1 } else { settings.seeds };
    let mut scores: Vec<Vec<Score>> = vec![Vec::new(); Detector::ALL.len()];
    for seed in 0..seeds {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed.wrapping_add(seed));
        for shape in Shape::ALL {
            let sharp = shape.image(settings.size);
            let truth = edges(&sharp);
            let clean = if soft { sharp.blurred(SOFTNESS) } else { sharp };
            let image = clean.noisy(noise, &mut rng);
            for (detector, scores) in Detector::ALL.iter().zip(&mut scores) {
                scores.push(score(&detector.map(&image)?.values, &truth));
            }
        }
    }
    let row = |(&detector, scores): (&Detector, &Vec<Score>)| Row {
        detector,
        name: detector.name(),
        soft,
        noise,
        images: scores.len(),
        score: mean(scores),
    };
    Ok(Detector::ALL.iter().zip(&scores).map(row).collect())
}

fn mean(scores: &[Score]) -> Score {
    let of = |part: fn(&Score) -> f64| scores.iter().map(part).sum::<f64>() / scores.len() as f64;
    Score {
        average_precision: of(|score| score.average_precision),
        f1: of(|score| score.f1),
        precision: of(|score| score.precision),
        recall: of(|score| score.recall),
    }
}

/// What this detector found.
pub(super) fn find(rows: &[Row], detector: Detector, soft: bool, noise: f64) -> Option<&Row> {
    rows.iter()
        .find(|row| row.detector == detector && row.soft == soft && row.noise == noise)
}
