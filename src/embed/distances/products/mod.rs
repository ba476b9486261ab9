//! Points in products of spaces of constant curvature, fitted to distances.

mod config;
mod loss;
mod signature;
mod state;
mod trainer;

pub use config::DistanceConfig;
pub use loss::DistanceLoss;
pub use signature::{Factor, Signature};
pub use trainer::{DistanceEmbedding, DistanceProgress, DistanceTrainer};
