//! Deterministic solvers: descents of functions that are known as a whole.

pub(crate) mod descent;
pub(crate) mod trust_region;
