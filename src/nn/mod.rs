//! Layers whose weights live on a manifold.
//!
//! A layer's constructor gives the layer and its [`ManifoldParameter`](crate::optim::ManifoldParameter)s:
//! the layer reads the weights, the optimiser that the parameters go to writes them, in the same
//! memory.
//!
//! | layer | what |
//! | --- | --- |
//! | [`GrassmannClassifier`] | a class is a subspace, its logit the length of the projection on it |

mod grassmann_classifier;

pub use grassmann_classifier::{GrassmannClassifier, GrassmannClassifierConfig};
