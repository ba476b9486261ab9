//! What the models of hyperbolic space share.

pub(crate) mod scalars;
