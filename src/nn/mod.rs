//! Layers whose weights live on a manifold, and linear classifiers of points on one.
//!
//! The constructor of a layer returns the layer and its
//! [`ManifoldParameter`](crate::optim::ManifoldParameter)s. Pass these to an optimiser: it updates
//! the weights in the same memory that the layer reads.
//!
//! | item | what |
//! | --- | --- |
//! | [`GrassmannClassifier`] | each class is a subspace, its logit the norm of the projection on it |
//! | [`HyperbolicSvm`] | one hyperplane for each class, in three parametrisations of hyperbolic space, or in Euclidean space |

mod grassmann_classifier;
mod hyperbolic_svm;

pub use grassmann_classifier::{GrassmannClassifier, GrassmannClassifierConfig};
pub use hyperbolic_svm::{HyperbolicSvm, SvmConfig, SvmForm};
