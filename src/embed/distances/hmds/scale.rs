//! The search for a scale.

use super::check::Largest;
use super::distances::Distances;
use super::spectrum::Search;
use crate::Result;
use crate::manifolds::Lorentz;

/// Scales that are tried first, evenly in their logarithm.
const GRID: u32 = 12;
/// Golden sections of the two cells around the best of them.
const SECTIONS: u32 = 14;

/// The scale of least average distortion among those that bring the largest distance into `extent`.
pub(super) fn best(search: &mut Search, largest: &Largest, extent: (f64, f64)) -> Result<f64> {
    // Points that coincide fit at any scale.
    if largest.value == 0.0 {
        return Ok(1.0);
    }
    let logs = (extent.0.ln(), extent.1.ln());
    let cell = (logs.1 - logs.0) / f64::from(GRID - 1);
    let mut measure = |log: f64| -> Result<f64> {
        let scale = log.exp() / largest.value;
        distortion(search, &search.distances.at_scale(scale))
    };
    let mut best = (f64::INFINITY, logs.0);
    for step in 0..GRID {
        let log = logs.0 + cell * f64::from(step);
        let found = measure(log)?;
        if found < best.0 {
            best = (found, log);
        }
    }
    let range = ((best.1 - cell).max(logs.0), (best.1 + cell).min(logs.1));
    let refined = golden_section(&mut measure, range)?;
    let log = if refined.0 < best.0 {
        refined.1
    } else {
        best.1
    };
    Ok(log.exp() / largest.value)
}

fn distortion(search: &mut Search, distances: &Distances) -> Result<f64> {
    let dim = search.config.dim;
    let points = search.at(distances)?.points(dim);
    Ok(distances.fit(&Lorentz::new(dim, -1.0)?, &points).distortion)
}

/// (least value, where) of the places that golden sections of the range look at.
fn golden_section(
    measure: &mut impl FnMut(f64) -> Result<f64>,
    (mut low, mut high): (f64, f64),
) -> Result<(f64, f64)> {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let mut at = |x: f64| -> Result<(f64, f64)> { Ok((measure(x)?, x)) };
    let mut left = at(high - ratio * (high - low))?;
    let mut right = at(low + ratio * (high - low))?;
    for _ in 0..SECTIONS {
        if left.0 < right.0 {
            high = right.1;
            right = left;
            left = at(high - ratio * (high - low))?;
        } else {
            low = left.1;
            left = right;
            right = at(low + ratio * (high - low))?;
        }
    }
    Ok(if left.0 < right.0 { left } else { right })
}
