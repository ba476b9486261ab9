//! Embeddings of graphs and hierarchies, trained and measured.
//!
//! # The objective
//!
//! A pair (x, y) of a node and a true neighbour is compared with k *negatives* N, drawn at random
//! among the nodes that are no true neighbours of x:
//!
//! ```text
//! loss(x, y) = −log ( e^−d(x,y) / Σ_{z ∈ N ∪ {y}} e^−d(x,z) )
//! ```
//!
//! and x, y and every negative move at once, each by `exp_p(−rate · grad)` with the Riemannian
//! gradient at the state before the step. Pairs come in a new random order in every epoch. During the
//! *burn-in* the rate is multiplied by a small factor and negatives are drawn in proportion to
//! (1 + in-degree)^0.75, else uniformly; negatives are distinct, and none is the node itself.
//! Where the paper moves along a straight line and pulls back what leaves the ball, the exact
//! exponential map is used: it does not leave.

mod config;
mod evaluation;
mod kernel;
mod native;
mod sampler;
mod table;
mod tensor;
mod trainer;

pub use config::{Model, Schedule, TrainConfig, TrainPath};
pub use evaluation::{Reconstruction, reconstruction, reconstruction_of};
pub use trainer::{Embedding, EpochRecord, Progress, Trainer, pair_step};
