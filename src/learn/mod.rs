//! Classifiers of points.
//!
//! | item | what |
//! | --- | --- |
//! | [`Classifier`] | what every fitted classifier offers |
//! | [`HyperbolicSvm`] | one hyperplane for each class, in three parametrisations of hyperbolic space, or in Euclidean space |
//!
//! [`MagnitudeClassifier`](crate::magnitude::MagnitudeClassifier), by weights of points, is one too.

mod classifier;
mod hyperbolic_svm;

pub use classifier::Classifier;
pub use hyperbolic_svm::{HyperbolicSvm, SvmConfig, SvmForm};
