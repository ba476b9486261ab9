//! Hierarchies, and other graphs whose true neighbours are to be near: training by pairs, and the start
//! without training.

mod config;
mod half_spaces;
pub(super) mod kernel;
mod native;
mod plan;
mod resume;
mod space;
mod tensor;
mod trainer;

pub use config::{Decay, Start, TrainConfig, TrainPath};
pub use half_spaces::nested_half_spaces;
pub use space::TrainingSpace;
pub use trainer::{Embedding, Progress, Trainer, pair_step};
