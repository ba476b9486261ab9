//! One file a space.

mod curvature;
mod euclidean;

pub use curvature::Curvature;
pub use euclidean::Euclidean;
