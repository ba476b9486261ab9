//! The state of a training between two epochs, as a checkpoint.
//!
//! An epoch's order of pairs and its negatives follow from the seed and the epoch alone, so the
//! state is the points, the epochs done and their records.

use std::cell::OnceCell;

use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use super::config::TrainConfig;
use super::plan::EpochRecord;
use super::table::{rows_of, tensor_of};
use crate::checkpoint::{Checkpoint, Difference};
use crate::{Error, Result};

/// What a checkpoint says that it is, and the version of what it holds.
const CONTENT: &str = "holonomy::embed::Trainer";
const VERSION: u32 = 1;

const OP: &str = "Trainer::resuming_from";

/// The numbers that a record has beside its epoch: loss, seconds, learning rate.
const RECORD_WIDTH: usize = 3;

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

impl Identity {
    pub(super) fn new(config: TrainConfig, nodes: usize, pairs: &[(u32, u32)]) -> Self {
        Self {
            config,
            nodes,
            pairs: pairs.to_vec(),
            digest: OnceCell::new(),
        }
    }

    pub(super) fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The pairs in the order in which they were given.
    pub(super) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    fn pairs_digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hash = Sha256::new();
            for (source, target) in &self.pairs {
                hash.update(source.to_le_bytes());
                hash.update(target.to_le_bytes());
            }
            format!("{:x}", hash.finalize())
        })
    }

    /// A checkpoint of the training as it stands after the epochs of `history`.
    pub(super) fn checkpoint(
        &self,
        points: &Tensor,
        history: &[EpochRecord],
    ) -> Result<Checkpoint> {
        let records: Vec<f64> = history
            .iter()
            .flat_map(|record| [record.loss, record.seconds, record.learning_rate])
            .collect();
        let mut checkpoint = Checkpoint::new();
        checkpoint.set("content", &CONTENT)?;
        checkpoint.set("version", &VERSION)?;
        checkpoint.set("config", &self.config)?;
        checkpoint.set("nodes", &self.nodes)?;
        checkpoint.set("pairs", &self.pairs.len())?;
        checkpoint.set("pairs_sha256", &self.pairs_digest())?;
        checkpoint.insert("points", points)?;
        checkpoint.insert("history", &tensor_of(&records, RECORD_WIDTH))?;
        Ok(checkpoint)
    }

    /// The state that a checkpoint of this very training holds.
    pub(super) fn state(&self, checkpoint: &Checkpoint) -> Result<State> {
        check_content(checkpoint)?;
        self.check_same(checkpoint)?;
        let points = checkpoint.tensor("points")?;
        Ok(State {
            kind: points.kind(),
            points: self.points(points)?,
            history: self.history(checkpoint.tensor("history")?)?,
        })
    }

    fn check_same(&self, checkpoint: &Checkpoint) -> Result<()> {
        let differences = [
            checkpoint.difference("config", &self.config)?,
            checkpoint.difference("nodes", &self.nodes)?,
            checkpoint.difference("pairs", &self.pairs.len())?,
            checkpoint.difference("pairs_sha256", &self.pairs_digest())?,
        ];
        let Some(difference) = differences.into_iter().flatten().next() else {
            return Ok(());
        };
        let Difference {
            setting,
            stored,
            given,
        } = difference;
        let expected = format!("{setting} = {stored}, as in the checkpoint");
        Err(Error::invalid(OP, expected, given))
    }

    fn points(&self, points: &Tensor) -> Result<Tensor> {
        let width = self.config.model.width(self.config.dim);
        check_shape("points", points, [self.nodes, width])?;
        Ok(tensor_of(&rows_of(OP, self.config.model, points)?, width))
    }

    fn history(&self, records: &Tensor) -> Result<Vec<EpochRecord>> {
        let done = records.size().first().map_or(0, |&rows| rows as usize);
        check_shape("history", records, [done, RECORD_WIDTH])?;
        if done > self.config.epochs || records.kind() != Kind::Double {
            let expected = format!("at most {} records in f64", self.config.epochs);
            let got = format!("{done} in {:?}", records.kind());
            return Err(Error::invalid(OP, expected, got));
        }
        let numbers = Vec::<f64>::try_from(records.contiguous().view(-1))
            .map_err(|source| Error::Torch { op: OP, source })?;
        let record = |(index, record): (usize, &[f64])| EpochRecord {
            epoch: index + 1,
            loss: record[0],
            seconds: record[1],
            learning_rate: record[2],
        };
        Ok(numbers
            .chunks_exact(RECORD_WIDTH)
            .enumerate()
            .map(record)
            .collect())
    }
}

fn check_content(checkpoint: &Checkpoint) -> Result<()> {
    let content = checkpoint.get::<String>("content").ok();
    let version = checkpoint.get::<u32>("version").ok();
    if content.as_deref() == Some(CONTENT) && version == Some(VERSION) {
        return Ok(());
    }
    let expected = format!("a checkpoint of {CONTENT}, version {VERSION}");
    let got = match (content, version) {
        (Some(content), Some(version)) => format!("one of {content}, version {version}"),
        _ => "one of something else".into(),
    };
    Err(Error::invalid(OP, expected, got))
}

fn check_shape(name: &str, tensor: &Tensor, [rows, width]: [usize; 2]) -> Result<()> {
    if tensor.size() == [rows as i64, width as i64] {
        return Ok(());
    }
    let expected = format!("{name} of shape [{rows}, {width}]");
    Err(Error::invalid(OP, expected, format!("{:?}", tensor.size())))
}
