//! Layers whose weights live on a manifold.
//!
//! The constructor of a layer returns the layer and its
//! [`ManifoldParameter`](crate::optim::ManifoldParameter)s. Pass these to an optimiser: it updates
//! the weights in the same memory that the layer reads.
//!
//! | item | what |
//! | --- | --- |
//! | [`GrassmannClassifier`] | each class is a subspace, its logit the norm of the projection on it |

mod grassmann_classifier;

pub use grassmann_classifier::{GrassmannClassifier, GrassmannClassifierConfig};
