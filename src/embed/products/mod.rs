//! Points in products of spaces of constant curvature, fitted to distances.

mod loss;
mod signature;
mod state;
mod trainer;

pub use loss::DistanceLoss;
pub use signature::{Factor, Signature};
pub use trainer::{DistanceConfig, DistanceEmbedding, DistanceProgress, DistanceTrainer};
