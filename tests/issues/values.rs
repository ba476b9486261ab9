//! Values and gradients of spaces of constant curvature.
