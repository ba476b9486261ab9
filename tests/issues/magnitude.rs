//! Weighting vectors and magnitudes.
