//! Hyperbolic diffusion: distances that recover a latent hierarchy from affinities.
//!
//! | step | look at |
//! | --- | --- |
//! | features or distances to affinities | [`feature_distances`], [`affinity`] |
//! | affinities, or a graph, to a random walk and its powers | [`DiffusionOperator`] |
//! | the walk to points of a product of half-spaces, and distances | [`HyperbolicDiffusion`] |
//!
//! # References
//!
//! lin2023; coifman2006.

mod affinity;
mod hyperbolic;
mod operator;

pub use affinity::{Bandwidth, FeatureDistance, Kernel, affinity, feature_distances};
pub use hyperbolic::{DiffusionConfig, HyperbolicDiffusion};
pub use operator::DiffusionOperator;
