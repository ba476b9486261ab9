//! Classifiers of points.

mod hyperbolic_svm;
