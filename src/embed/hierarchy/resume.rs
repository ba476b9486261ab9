//! The state of a hierarchy's training between two epochs, as a checkpoint.
//!
//! An epoch's order of pairs and its negatives follow from the seed and the epoch alone, so the
//! state is the points, the epochs done and their records.

use std::cell::OnceCell;

use serde_json::{Value, json};
use tch::{Kind, Tensor};

use super::config::TrainConfig;
use super::space::TrainingSpace;
use super::tensor::{LearnedCurvature, set_curvatures};
use crate::checkpoint::Checkpoint;
use crate::embed::training::epochs::{self, EpochRecord, Resumable};
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
        data.extend(self.space.iter().map(|space| (SPACE, json!(space))));
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
            let values: Vec<f64> = learned.iter().map(LearnedCurvature::value).collect();
            checkpoint.set(CURVATURES, &values)?;
            checkpoint.set(RATES, &rates_of(learned))?;
        }
        Ok(checkpoint)
    }

    /// The state that a checkpoint of this very training holds. Curvatures that are learned take the
    /// values that they have there.
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
        if self.space.is_none() && checkpoint.get::<String>(SPACE).is_ok() {
            let expected = "the checkpoint of a training in a model";
            return Err(Error::invalid(
                Self::RESUMING,
                expected,
                "one on a manifold",
            ));
        }
        let stored = stored_curvatures(checkpoint, learned)?;
        let before: Vec<f64> = learned.iter().map(LearnedCurvature::value).collect();
        set_curvatures(learned, &stored);
        // Whether they are points depends on the curvatures.
        let checked = space.checked(Self::RESUMING, points);
        if checked.is_err() {
            set_curvatures(learned, &before);
        }
        Ok(State {
            kind: points.kind(),
            points: checked?,
            history,
        })
    }
}

/// The name of the space in a checkpoint.
const SPACE: &str = "space";

/// The name of learned curvatures in a checkpoint.
const CURVATURES: &str = "curvatures";

/// The name of the rates at which they are learned.
const RATES: &str = "curvature_rates";

fn rates_of(learned: &[LearnedCurvature]) -> Vec<f64> {
    learned
        .iter()
        .map(|learned| learned.learning_rate)
        .collect()
}

/// The values of learned curvatures in a checkpoint.
fn stored_curvatures(checkpoint: &Checkpoint, learned: &[LearnedCurvature]) -> Result<Vec<f64>> {
    const OP: &str = Identity::RESUMING;
    let stored: Vec<f64> = checkpoint.get(CURVATURES).unwrap_or_default();
    if stored.len() != learned.len() {
        let expected = format!("{} learned curvatures, as in the checkpoint", stored.len());
        return Err(Error::invalid(OP, expected, learned.len()));
    }
    let rates: Vec<f64> = checkpoint.get(RATES).unwrap_or_default();
    if rates != rates_of(learned) {
        let expected = format!("curvatures learned at the rates {rates:?}, as in the checkpoint");
        return Err(Error::invalid(
            OP,
            expected,
            format!("{:?}", rates_of(learned)),
        ));
    }
    let mut pairs = stored.iter().zip(learned);
    match pairs.find(|(stored, learned)| !stored.is_finite() || *stored * learned.value() <= 0.0) {
        None => Ok(stored),
        Some((stored, learned)) => {
            let expected =
                format!("a learned curvature with the sign of {stored}, as in the checkpoint");
            Err(Error::invalid(OP, expected, learned.value()))
        }
    }
}
