//! What trainings share.

mod resume;
mod sampler;
