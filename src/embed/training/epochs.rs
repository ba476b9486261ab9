//! The epochs of a training: the one loop of all trainers, its records, and what a checkpoint says about them.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use crate::checkpoint::{Checkpoint, Difference};
use crate::embed::model::table::tensor_of;
use crate::{Error, Result};

/// The record of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The number of epochs done, this one included.
    pub epoch: usize,
    /// The mean loss of the pairs, each computed just before its step.
    pub loss: f64,
    /// The training time in seconds so far, without callbacks.
    pub seconds: f64,
    /// The learning rate in this epoch.
    pub learning_rate: f64,
}

/// A training, as its epochs see it.
pub(in crate::embed) trait Training {
    /// What errors of the training name.
    const OP: &'static str;

    /// The learning rate in an epoch, counted from 0.
    fn rate(&self, epoch: usize) -> f64;

    /// Trains for one epoch; the mean loss.
    fn epoch(&mut self, epoch: usize) -> Result<f64>;

    /// The first row that is not a finite point; none where an optimiser has checked the points.
    fn first_bad_row(&self) -> Option<usize> {
        None
    }
}

/// How the epochs of a training went.
pub(in crate::embed) struct Trained {
    pub(in crate::embed) history: Vec<EpochRecord>,
    pub(in crate::embed) seconds: f64,
    pub(in crate::embed) stopped_early: bool,
}

/// Trains until `epochs` are done, of which `history` has the first ones, or until `on_epoch` breaks off.
///
/// # Errors
///
/// Those of the epochs, and [`Error::NotFinite`] at the first one whose loss or points are not finite.
pub(in crate::embed) fn train<T: Training>(
    training: &mut T,
    epochs: usize,
    mut history: Vec<EpochRecord>,
    mut on_epoch: impl FnMut(&T, &[EpochRecord]) -> ControlFlow<()>,
) -> Result<Trained> {
    let mut seconds = history.last().map_or(0.0, |record| record.seconds);
    let mut stopped_early = false;
    for epoch in history.len()..epochs {
        let clock = Instant::now();
        let loss = training.epoch(epoch)?;
        check_finite(T::OP, epoch + 1, loss, training.first_bad_row())?;
        seconds += clock.elapsed().as_secs_f64();
        history.push(EpochRecord {
            epoch: epoch + 1,
            loss,
            seconds,
            learning_rate: training.rate(epoch),
        });
        if on_epoch(training, &history).is_break() {
            stopped_early = epoch + 1 < epochs;
            break;
        }
    }
    Ok(Trained {
        history,
        seconds,
        stopped_early,
    })
}

fn check_finite(op: &'static str, epoch: usize, loss: f64, bad_row: Option<usize>) -> Result<()> {
    let not_finite = |what, place| Error::NotFinite { op, what, place };
    if let Some(row) = bad_row {
        return Err(not_finite("a point", format!("epoch {epoch}, row {row}")));
    }
    if !loss.is_finite() {
        return Err(not_finite("the loss", format!("epoch {epoch}")));
    }
    Ok(())
}

/// What has to be the same for a training to be the same, as its checkpoints say it.
pub(in crate::embed) trait Resumable {
    /// What a checkpoint says that it is.
    const CONTENT: &'static str;
    /// The version of what it holds.
    const VERSION: u32;
    /// What errors name.
    const RESUMING: &'static str;
    /// The settings.
    type Config: Serialize;

    fn config(&self) -> &Self::Config;

    /// The number of epochs in the settings.
    fn epochs(&self) -> usize;

    /// What is known of the data, by names.
    fn data(&self) -> Vec<(&'static str, Value)>;
}

/// What is done already of a training that goes on from a checkpoint: its state, and the records of its epochs.
#[derive(Debug)]
pub(in crate::embed) struct Resumed {
    pub(in crate::embed) state: Checkpoint,
    pub(in crate::embed) records: Vec<EpochRecord>,
}

impl Resumed {
    /// # Errors
    ///
    /// Those of [`records`].
    pub(in crate::embed) fn from<R: Resumable>(
        training: &R,
        checkpoint: &Checkpoint,
    ) -> Result<Self> {
        Ok(Self {
            records: records(training, checkpoint)?,
            state: checkpoint.clone(),
        })
    }
}

/// The numbers that a record has beside its epoch: loss, seconds, learning rate.
const RECORD_WIDTH: usize = 3;

/// Writes into a checkpoint what training it is of, and the records of its epochs.
pub(in crate::embed) fn describe<R: Resumable>(
    training: &R,
    history: &[EpochRecord],
    checkpoint: &mut Checkpoint,
) -> Result<()> {
    let records: Vec<f64> = history
        .iter()
        .flat_map(|record| [record.loss, record.seconds, record.learning_rate])
        .collect();
    checkpoint.set("content", &R::CONTENT)?;
    checkpoint.set("version", &R::VERSION)?;
    checkpoint.set("config", training.config())?;
    for (name, value) in training.data() {
        checkpoint.set(name, &value)?;
    }
    checkpoint.insert("history", &tensor_of(&records, RECORD_WIDTH))
}

/// The records in a checkpoint of this very training.
///
/// # Errors
///
/// [`Error::InvalidArgument`] that names the difference for one of another training.
pub(in crate::embed) fn records<R: Resumable>(
    training: &R,
    checkpoint: &Checkpoint,
) -> Result<Vec<EpochRecord>> {
    check_content::<R>(checkpoint)?;
    let mut difference = checkpoint.difference("config", training.config())?;
    if difference.is_none() {
        for (name, value) in training.data() {
            difference = difference.or(checkpoint.difference(name, &value)?);
        }
    }
    if let Some(difference) = difference {
        let Difference {
            setting,
            stored,
            given,
        } = difference;
        let expected = format!("{setting} = {stored}, as in the checkpoint");
        return Err(Error::invalid(R::RESUMING, expected, given));
    }
    history_of(training, checkpoint.tensor("history")?)
}

fn check_content<R: Resumable>(checkpoint: &Checkpoint) -> Result<()> {
    let content = checkpoint.get::<String>("content").ok();
    let version = checkpoint.get::<u32>("version").ok();
    if content.as_deref() == Some(R::CONTENT) && version == Some(R::VERSION) {
        return Ok(());
    }
    let expected = format!("a checkpoint of {}, version {}", R::CONTENT, R::VERSION);
    let got = match (content, version) {
        (Some(content), Some(version)) => format!("one of {content}, version {version}"),
        _ => "one of something else".into(),
    };
    Err(Error::invalid(R::RESUMING, expected, got))
}

fn history_of<R: Resumable>(training: &R, records: &Tensor) -> Result<Vec<EpochRecord>> {
    let op = R::RESUMING;
    let done = records.size().first().map_or(0, |&rows| rows as usize);
    check_shape(op, "history", records, [done, RECORD_WIDTH])?;
    let epochs = training.epochs();
    if done > epochs || records.kind() != Kind::Double {
        let expected = format!("at most {epochs} records in f64");
        let got = format!("{done} in {:?}", records.kind());
        return Err(Error::invalid(op, expected, got));
    }
    let numbers = Vec::<f64>::try_from(records.contiguous().view(-1))
        .map_err(|source| Error::Torch { op, source })?;
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

/// Checks the shape of a tensor of a checkpoint.
pub(in crate::embed) fn check_shape(
    op: &'static str,
    name: &str,
    tensor: &Tensor,
    [rows, width]: [usize; 2],
) -> Result<()> {
    if tensor.size() == [rows as i64, width as i64] {
        return Ok(());
    }
    let expected = format!("{name} of shape [{rows}, {width}]");
    Err(Error::invalid(op, expected, format!("{:?}", tensor.size())))
}

/// The digest of pairs in their order.
pub(in crate::embed) fn digest_of(pairs: &[(u32, u32)]) -> String {
    let mut hash = Sha256::new();
    for (source, target) in pairs {
        hash.update(source.to_le_bytes());
        hash.update(target.to_le_bytes());
    }
    format!("{:x}", hash.finalize())
}
