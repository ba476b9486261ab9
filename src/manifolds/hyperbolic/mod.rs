//! The models of hyperbolic space, and what they share.

mod dispatch;
mod hyperplanes;
pub(crate) mod lorentz;
pub(crate) mod normal_coordinates;
pub(crate) mod poincare;
pub(crate) mod scalars;
