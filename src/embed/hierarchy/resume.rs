//! The state of a hierarchy's training between two epochs, as a checkpoint.
//!
//! An epoch's order of pairs and its negatives follow from the seed and the epoch alone, so the
//! state is the points, the epochs done and their records.

use std::cell::OnceCell;

use serde_json::{Value, json};
use tch::{Kind, Tensor};

use super::config::TrainConfig;
use super::space::TrainingSpace;
use super::tensor::LearnedCurvature;
use crate::checkpoint::Checkpoint;
use crate::embed::training::epochs;
use crate::embed::training::epochs::{EpochRecord, Resumable};
use crate::numerics::no_grad;
use crate::{Error, Result};

/// What has to be the same for a training to be the same.
pub(super) struct Identity {
    config: TrainConfig,
    /// Where the settings do not say it.
    space: Option<String>,
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
        let digest = self.digest.get_or_init(|| epochs::digest_of(&self.pairs));
        let mut data = vec![
            ("nodes", json!(self.nodes)),
            ("pairs", json!(self.pairs.len())),
            ("pairs_sha256", json!(digest)),
        ];
        data.extend(self.space.iter().map(|space| ("space", json!(space))));
        data
    }
}

impl Identity {
    pub(super) fn new(
        config: TrainConfig,
        space: Option<String>,
        nodes: usize,
        pairs: &[(u32, u32)],
    ) -> Self {
        Self {
            config,
            space,
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
        learned: &[LearnedCurvature],
        history: &[EpochRecord],
    ) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        epochs::describe(self, history, &mut checkpoint)?;
        checkpoint.insert("points", points)?;
        if !learned.is_empty() {
            checkpoint.insert(CURVATURES, &numbers_of(learned))?;
        }
        Ok(checkpoint)
    }

    /// The state that a checkpoint of this very training holds.
    /// Curvatures that are learned take the values that they have there.
    pub(super) fn state(
        &self,
        checkpoint: &Checkpoint,
        space: &impl TrainingSpace,
        learned: &[LearnedCurvature],
        size: &[i64],
    ) -> Result<State> {
        let history = epochs::records(self, checkpoint)?;
        let points = checkpoint.tensor("points")?;
        if points.size() != size {
            let expected = format!("points of shape {size:?}");
            let got = format!("{:?}", points.size());
            return Err(Error::invalid(Self::RESUMING, expected, got));
        }
        restore(checkpoint, learned)?;
        Ok(State {
            kind: points.kind(),
            points: space.checked(Self::RESUMING, points)?,
            history,
        })
    }
}

/// The name of learned curvatures in a checkpoint.
const CURVATURES: &str = "curvatures";

fn numbers_of(learned: &[LearnedCurvature]) -> Tensor {
    let all: Vec<Tensor> = learned
        .iter()
        .map(|learned| learned.kappa.detach().reshape(1))
        .collect();
    Tensor::cat(&all, 0)
}

fn restore(checkpoint: &Checkpoint, learned: &[LearnedCurvature]) -> Result<()> {
    const OP: &str = Identity::RESUMING;
    let stored = checkpoint.tensor(CURVATURES).ok();
    let count = stored.map_or(0, Tensor::numel);
    let finite = stored.is_none_or(|stored| {
        stored.kind() == Kind::Double && stored.isfinite().all().int64_value(&[]) != 0
    });
    if count != learned.len() || !finite {
        let expected = format!("{count} learned curvatures, as in the checkpoint");
        return Err(Error::invalid(OP, expected, learned.len()));
    }
    for (index, learned) in learned.iter().enumerate() {
        let Some(stored) = stored else { continue };
        no_grad(|| {
            let kappa = stored.narrow(0, index as i64, 1);
            learned
                .kappa
                .shallow_clone()
                .copy_(&kappa.view_as(&learned.kappa));
        });
    }
    Ok(())
}
