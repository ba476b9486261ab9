//! Values and gradients of matrix manifolds.
