//! Trainings by pairs.

#[cfg(feature = "cuda-tests")]
mod cuda;
mod half_spaces;
mod in_space;
mod resume;
mod step;
mod trainer;
