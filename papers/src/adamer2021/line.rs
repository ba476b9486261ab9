//! One row of many pixels: the weight at a step, in closed form and as published.

use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig};
use holonomy::{Error, Result};
use serde::Serialize;

use super::raster::Raster;

/// Pixels of the row.
const LENGTH: usize = 300;
/// The distance of neighbours, δ.
const SPACING: f64 = 1e-2;
/// The heights Δ of the steps.
const HEIGHTS: [f64; 6] = [0.1, 0.3, 1.0, 2.0, 4.0, 8.0];

/// Weights beside steps of one height, in ℓ1.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) height: f64,
    /// On both sides of a single step up: they are equal.
    pub(super) step: f64,
    /// (tanh(δ/2) + tanh((δ + Δ)/2))/2, the weight of a point on a line with these gaps.
    pub(super) line: f64,
    /// (δ + 1 − e^(−Δ))/2, the formula of the paper's public program.
    pub(super) published: f64,
    /// Within and outside of a stripe, a step up and one down.
    pub(super) inside: f64,
    pub(super) outside: f64,
}

/// Weighs steps of all heights.
pub(super) fn study() -> Result<Vec<Row>> {
    HEIGHTS.into_iter().map(row).collect()
}

fn row(height: f64) -> Result<Row> {
    let weights = |white: std::ops::Range<usize>| {
        let image = Raster::of(1, LENGTH, |_, column| {
            f64::from(u8::from(white.contains(&column)))
        });
        let config = ImageMagnitudeConfig {
            scale: SPACING,
            intensity: height / SPACING,
            patches: None,
            ..ImageMagnitudeConfig::default()
        };
        let found = ImageMagnitude::new(&image.tensor(), &config)?;
        Ok::<_, Error>(Raster::from_tensor(&found.weights))
    };
    let step = weights(LENGTH / 2..LENGTH)?;
    let start = LENGTH / 3;
    let stripe = weights(start..2 * start)?;
    let gap = SPACING + height;
    Ok(Row {
        height,
        step: step.values[LENGTH / 2],
        line: f64::midpoint((SPACING / 2.0).tanh(), (gap / 2.0).tanh()),
        published: f64::midpoint(SPACING, -(-height).exp_m1()),
        inside: stripe.values[start],
        outside: stripe.values[start - 1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_weighs_as_on_a_line() {
        for row in study().unwrap() {
            assert!((row.step - row.line).abs() < 1e-11, "{row:?}");
            assert!(row.inside > row.outside, "{row:?}");
        }
    }
}
