//! What an epoch asks of the code that takes its steps.

use tch::Tensor;

use crate::Result;
use crate::embed::training::sampler::{NegativeLaw, NegativeSampler};

/// What one epoch asks of a path.
pub(super) struct EpochPlan<'a> {
    pub(super) pairs: &'a [(u32, u32)],
    pub(super) sampler: &'a NegativeSampler,
    pub(super) law: NegativeLaw,
    pub(super) negatives: usize,
    pub(super) rate: f64,
    pub(super) seed: u64,
    pub(super) on_pairs: &'a OnPairs,
}

/// Is told how many pairs more were visited.
pub(super) type OnPairs = dyn Fn(usize) + Send + Sync;

/// The code that takes an epoch's steps.
pub(super) trait StepTaker {
    /// Takes a step for every pair; the sum of the losses.
    fn epoch(&mut self, plan: &EpochPlan<'_>) -> Result<f64>;

    /// A copy of the points.
    fn points(&self) -> Tensor;

    /// The first row that is not a finite point.
    fn first_bad_row(&self) -> Option<usize>;
}
