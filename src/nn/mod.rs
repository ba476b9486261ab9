//! Layers whose weights live on a manifold, and linear classifiers of points on one.
//!
//! A layer's constructor gives the layer and its [`ManifoldParameter`](crate::optim::ManifoldParameter)s:
//! the layer reads the weights, the optimiser that the parameters go to writes them, in the same
//! memory.
//!
//! | layer | what |
//! | --- | --- |
//! | [`GrassmannClassifier`] | a class is a subspace, its logit the length of the projection on it |
//! | [`HyperbolicSvm`] | one hyperplane a class, in three forms of hyperbolic space |

mod grassmann_classifier;
mod hyperbolic_svm;

pub use grassmann_classifier::{GrassmannClassifier, GrassmannClassifierConfig};
pub use hyperbolic_svm::{HyperbolicSvm, SvmConfig, SvmForm};
