//! Detectors and classifiers by weights.

mod active;
mod boundary;
mod classifier;
mod measured;
mod outliers;

pub use active::{ActiveConfig, ActiveSelector, SelectionRule};
pub use boundary::{BoundaryConfig, BoundaryDetector};
pub use classifier::{ClassRule, ClassifierConfig, MagnitudeClassifier};
pub use outliers::{OutlierConfig, OutlierDetector, OutlierScore};
