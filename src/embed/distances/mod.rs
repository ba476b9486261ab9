//! Points from distances: in closed form, or by training in any product of spaces.

pub mod hmds;
mod products;

pub use products::{
    DistanceConfig, DistanceEmbedding, DistanceLoss, DistanceProgress, DistanceTrainer, Factor,
    Signature,
};
