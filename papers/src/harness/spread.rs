//! A mean and how far single values lie from it.

use std::fmt;

use serde::Serialize;

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

impl Spread {
    /// The deviation of a sample, Σ (x − mean)²/(n − 1); NaN of fewer than two values.
    pub(crate) fn of_sample(values: impl IntoIterator<Item = f64>) -> Self {
        Self::with_fewer_degrees(values, 1.0)
    }

    /// The deviation of a population, Σ (x − mean)²/n; NaN of no values.
    pub(crate) fn of_population(values: impl IntoIterator<Item = f64>) -> Self {
        Self::with_fewer_degrees(values, 0.0)
    }

    fn with_fewer_degrees(values: impl IntoIterator<Item = f64>, fewer: f64) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        Self {
            mean,
            deviation: (squares / (count - fewer)).sqrt(),
        }
    }

    /// Both in percent.
    pub(crate) fn percent(self) -> String {
        format!("{:.1} ± {:.1}", 100.0 * self.mean, 100.0 * self.deviation)
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
        let spread = Spread::of_population([1.0, 3.0]);
        assert_eq!((spread.mean, spread.deviation), (2.0, 1.0));
        assert_eq!(spread.to_string(), "2.00 ± 1.00");
        assert_eq!(Spread::of_population([0.5]).to_string(), "0.5000 ± 0.0000");
        assert_eq!(
            Spread::of_population([2e-4]).to_string(),
            "2.000e-4 ± 0.0e0"
        );
        let sample = Spread::of_sample([0.1, 0.3]);
        assert!((sample.deviation - 0.02_f64.sqrt()).abs() < 1e-15);
        assert_eq!(sample.percent(), "20.0 ± 14.1");
        assert!(Spread::of_sample([0.5]).deviation.is_nan());
    }
}
