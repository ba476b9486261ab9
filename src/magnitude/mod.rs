//! Magnitude.
mod condition;
mod derivative;
mod duplicates;
mod factor;
mod function;
mod gradient;
mod pivoted;
mod similarity;
mod solve;
mod weighting;

pub use function::{MagnitudeFunction, magnitude_dimension, magnitude_function, spread};
pub use gradient::{
    Derivatives, differentiable_distances, differentiable_magnitude, differentiable_weights,
};
pub use weighting::{
    Solver, Weighting, WeightingConfig, magnitude, weighting, weighting_of_points,
};
