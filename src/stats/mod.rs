//! Statistics of points on manifolds.
//!
//! - [`flag_mean`] and [`flag_median`]: means and medians of flags in the chordal distance, with
//!   subspaces ([`grassmann_mean`], [`grassmann_median`]) and rotations ([`rotation_mean`],
//!   [`rotation_median`]) as special cases.
//! - [`nested_pca`]: principal components as a flag.
//!
//! Points come as one tensor with the number of points first. Everything is computed in f64 and rounded to
//! the kind of the points once. Results carry no gradient.

mod chordal;
mod flag_mean;
mod flag_median;
mod input;
mod nested;
mod rotations;
mod trust_region;

pub use flag_mean::{ChordalMean, MeanConfig, flag_mean, grassmann_mean};
pub use flag_median::{ChordalMedian, MedianConfig, flag_median, grassmann_median};
pub use nested::{NestedPca, accumulated_unexplained_variance, nested_pca};
pub use rotations::{rotation_mean, rotation_median};
