//! The state of a hierarchy's training between two epochs, as a checkpoint.
//!
//! An epoch's order of pairs and its negatives follow from the seed and the epoch alone, so the
//! state is the points, the epochs done and their records.

use std::cell::OnceCell;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use super::config::TrainConfig;
use super::epochs::{self, EpochRecord, Resumable, check_shape};
use super::table::{rows_of, tensor_of};
use crate::Result;
use crate::checkpoint::Checkpoint;

/// The digest of pairs in their order.
pub(super) fn digest_of(pairs: &[(u32, u32)]) -> String {
    let mut hash = Sha256::new();
    for (source, target) in pairs {
        hash.update(source.to_le_bytes());
        hash.update(target.to_le_bytes());
    }
    format!("{:x}", hash.finalize())
}

/// What has to be the same for a training to be the same.
pub(super) struct Identity {
    config: TrainConfig,
    nodes: usize,
    pairs: Vec<(u32, u32)>,
    /// Made when first asked for: a training without checkpoints does not need it.
    digest: OnceCell<String>,
}

/// Where a training goes on.
pub(super) struct State {
    pub(super) points: Tensor,
    /// The kind in which the path held the points.
    pub(super) kind: Kind,
    pub(super) history: Vec<EpochRecord>,
}

impl Resumable for Identity {
    const CONTENT: &'static str = "holonomy::embed::Trainer";
    const VERSION: u32 = 1;
    const RESUMING: &'static str = "Trainer::resuming_from";
    type Config = TrainConfig;

    fn config(&self) -> &TrainConfig {
        &self.config
    }

    fn epochs(&self) -> usize {
        self.config.epochs
    }

    fn data(&self) -> Vec<(&'static str, Value)> {
        let digest = self.digest.get_or_init(|| digest_of(&self.pairs));
        vec![
            ("nodes", json!(self.nodes)),
            ("pairs", json!(self.pairs.len())),
            ("pairs_sha256", json!(digest)),
        ]
    }
}

impl Identity {
    pub(super) fn new(config: TrainConfig, nodes: usize, pairs: &[(u32, u32)]) -> Self {
        Self {
            config,
            nodes,
            pairs: pairs.to_vec(),
            digest: OnceCell::new(),
        }
    }

    /// The pairs in the order in which they were given.
    pub(super) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// A checkpoint of the training as it stands after the epochs of `history`.
    pub(super) fn checkpoint(
        &self,
        points: &Tensor,
        history: &[EpochRecord],
    ) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        epochs::describe(self, history, &mut checkpoint)?;
        checkpoint.insert("points", points)?;
        Ok(checkpoint)
    }

    /// The state that a checkpoint of this very training holds.
    pub(super) fn state(&self, checkpoint: &Checkpoint) -> Result<State> {
        let history = epochs::records(self, checkpoint)?;
        let points = checkpoint.tensor("points")?;
        Ok(State {
            kind: points.kind(),
            points: self.points(points)?,
            history,
        })
    }

    fn points(&self, points: &Tensor) -> Result<Tensor> {
        let width = self.config.model.width(self.config.dim);
        check_shape(Self::RESUMING, "points", points, [self.nodes, width])?;
        let rows = rows_of(Self::RESUMING, self.config.model, points)?;
        Ok(tensor_of(&rows, width))
    }
}
