//! What trainings share: the loop of epochs, and who is compared with whom.

pub(super) mod epochs;
pub(super) mod sampler;

pub use epochs::EpochRecord;
pub use sampler::{NegativeLaw, NegativeSampler};
