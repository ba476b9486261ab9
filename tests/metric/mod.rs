//! Finite metric spaces.

mod distances;
mod distortion;
mod hyperbolicity;
mod pairwise;
mod reading;
