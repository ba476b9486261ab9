//! A mean and how far single values lie from it.

use std::fmt;

use serde::Serialize;

/// Mean and standard deviation (of the population, as the paper's program has it).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

impl Spread {
    /// NaN of no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        Self {
            mean,
            deviation: square.sqrt(),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { mean, deviation } = self;
        if *mean != 0.0 && mean.abs() < 0.01 {
            write!(f, "{mean:.3e} ± {deviation:.1e}")
        } else if *mean != 0.0 && mean.abs() < 1.0 {
            write!(f, "{mean:.4} ± {deviation:.4}")
        } else {
            write!(f, "{mean:.2} ± {deviation:.2}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_mean_and_deviation() {
        let spread = Spread::of([1.0, 3.0]);
        assert_eq!((spread.mean, spread.deviation), (2.0, 1.0));
        assert_eq!(spread.to_string(), "2.00 ± 1.00");
        assert_eq!(Spread::of([0.5]).to_string(), "0.5000 ± 0.0000");
        assert_eq!(Spread::of([2e-4]).to_string(), "2.000e-4 ± 0.0e0");
    }
}
