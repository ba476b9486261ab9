//! Finite metric spaces: distances between points, matrices of distances, and how they compare.
//!
//! | task | look at |
//! | --- | --- |
//! | distances of points | [`pairwise_distances`], [`cross_distances`]; with gradients [`differentiable_distances`] |
//! | a matrix of distances from a file | [`read_distances`] |
//! | compare distances with true ones | [`distortion`], [`Rescaling`] |
//! | how close to a tree a space is | [`gromov_hyperbolicity`], [`sampled_hyperbolicity`] |
//!
//! Functions of points take any [`Distance`](crate::Distance); every
//! [`Geodesic`](crate::Geodesic) is one.
//!
//! # One rule of symmetry
//!
//! A matrix of distances counts as symmetric with 0 on the diagonal when what differs is at most
//! 1e-10 of its largest finite entry (in f32 1e-5), which rounding can make. Then the mean of an
//! entry and its mirror image counts, and 0 on the diagonal; the first time that an operation
//! meets such a matrix, a warning says so. A greater difference is an error that names the pair.

mod checked;
mod distortion;
mod hyperbolicity;
mod pairwise;
mod reading;
mod rescaling;

pub(crate) use checked::{
    Diagonal, Distances, check_square, checked_distances, first_true, mirrored, rounding, symmetry,
    tiles,
};
pub(crate) use distortion::Ratios;
pub use distortion::{Distortion, distortion};
pub use hyperbolicity::{SampledHyperbolicity, gromov_hyperbolicity, sampled_hyperbolicity};
pub use pairwise::{cross_distances, differentiable_distances, pairwise_distances};
pub use reading::{DistanceMatrix, read_distances};
pub use rescaling::Rescaling;
