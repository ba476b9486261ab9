//! `checkpoint.safetensors`: what an unfinished run has done so far.
//!
//! A run consists of trainings, each with a label. The file holds what the run was asked for, the
//! outcome and the points, or the last state, of every finished training, and the state of the one in
//! progress. It is replaced as a whole, and removed when the run is complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use holonomy::checkpoint::Checkpoint;
use holonomy::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tch::Tensor;

use crate::harness::{files, output};

const FILE: &str = "checkpoint.safetensors";

/// What the file says that it is, and the version of what it holds.
const CONTENT: &str = "an unfinished run of papers";
const VERSION: u32 = 1;

/// The options that decide when checkpoints are written and what becomes of them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckpointOptions {
    /// Go on with the unfinished run in the folder; where there is none, begin one
    #[arg(long, conflicts_with = "restart")]
    resume: bool,

    /// Begin again, and drop the unfinished run in the folder
    #[arg(long)]
    restart: bool,

    /// Time between two checkpoints while training; 0 writes one after every epoch
    #[arg(long, default_value_t = 2.0, value_name = "MINUTES", value_parser = minutes)]
    #[arg(allow_negative_numbers = true)]
    checkpoint_minutes: f64,
}

impl CheckpointOptions {
    /// Refuses the options that go on with a run or drop it, for a task without checkpoints.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where one of them is given.
    pub(crate) fn refuse(&self, paper: &'static str, tasks: &str) -> Result<()> {
        if !(self.resume || self.restart) {
            return Ok(());
        }
        let expected = format!("--resume and --restart with {tasks} alone");
        Err(Error::invalid(
            paper,
            expected,
            "another task, which writes no checkpoints",
        ))
    }
}

/// The words of a command line without those that only say how it was begun.
pub(crate) fn without_options(words: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    words.filter(|word| word != "--resume" && word != "--restart")
}

/// What a run was asked for: it can be resumed only if all of this is the same. The first difference
/// is named, so the most telling come first.
pub(crate) type Request = Vec<(&'static str, Value)>;

/// The checkpoints of a run.
pub(crate) struct Ledger {
    path: PathBuf,
    paper: &'static str,
    request: Checkpoint,
    finished: Checkpoint,
    /// The training that was in progress when the file was written.
    begun: Option<(String, Checkpoint)>,
    every: Duration,
    last_attempt: Instant,
    failures: usize,
    last_failed: bool,
}

impl Ledger {
    /// The checkpoints of a run in `folder`, where files of about `bytes` bytes can be written.
    ///
    /// # Errors
    ///
    /// When there is no room, when the folder has an unfinished run and the options do not say what
    /// to do with it, and when it is to be resumed but is damaged or was asked for something else.
    pub(crate) fn open(
        options: &CheckpointOptions,
        folder: &Path,
        paper: &'static str,
        request: &Request,
        bytes: u64,
    ) -> Result<Self> {
        let mut ledger = Self {
            path: folder.join(FILE),
            paper,
            request: settings_of(request)?,
            finished: Checkpoint::new(),
            begun: None,
            every: Duration::from_secs_f64(60.0 * options.checkpoint_minutes),
            last_attempt: Instant::now(),
            failures: 0,
            last_failed: false,
        };
        files::reserve(folder, bytes)?;
        match ledger.path.symlink_metadata() {
            Ok(_) if options.resume => ledger.read(request).map_err(with_hint)?,
            Ok(_) if options.restart => ledger.remove()?,
            Ok(_) => return Err(ledger.refused(UNFINISHED)),
            Err(_) if options.resume => output::note(&format!(
                "nothing to resume in {}: starting from the beginning",
                folder.display()
            )),
            Err(_) => {}
        }
        Ok(ledger)
    }

    fn read(&mut self, request: &Request) -> Result<()> {
        let file = Checkpoint::load(&self.path)?;
        let is = |key, expected: &str| file.get::<String>(key).is_ok_and(|got| got == expected);
        if !is("content", CONTENT) {
            return Err(self.refused("a checkpoint, but not of an unfinished run"));
        }
        let version: u32 = file.get("version")?;
        if version != VERSION || !is("paper", self.paper) {
            let paper: String = file.get("paper")?;
            return Err(self.refused(format!(
                "a run of {paper} in version {version}, not of {} in version {VERSION}",
                self.paper
            )));
        }
        let asked = file.part("request");
        for (name, value) in request {
            let Ok(difference) = asked.difference(name, value) else {
                let reason = format!("the unfinished run is of another task, without {name:?}");
                return Err(self.refused(reason));
            };
            if let Some(difference) = difference {
                return Err(self.refused(format!(
                    "the unfinished run was begun with other options: {difference}"
                )));
            }
        }
        self.finished = file.part("finished");
        if let Ok(label) = file.get::<String>("begun") {
            self.begun = Some((label, file.part("training")));
        }
        self.tell();
        Ok(())
    }

    fn tell(&self) {
        let labels = self
            .finished
            .names()
            .filter_map(|name| name.rsplit_once('/'));
        let finished = labels
            .map(|(label, _)| label)
            .collect::<BTreeSet<_>>()
            .len();
        let begun = match &self.begun {
            Some((label, _)) => format!(", {label} in progress"),
            None => String::new(),
        };
        output::note(&format!(
            "resuming from {}: {finished} finished{begun}",
            self.path.display()
        ));
    }

    /// The outcome and the points of a finished training.
    pub(crate) fn outcome<T: DeserializeOwned>(&self, label: &str) -> Result<Option<(T, Tensor)>> {
        let part = self.finished.part(label);
        if part.names().next().is_none() {
            return Ok(None);
        }
        let points = part.tensor("points")?.shallow_clone();
        Ok(Some((part.get("outcome")?, points)))
    }

    /// The state of this training, when it was the one in progress.
    pub(crate) fn begun(&self, label: &str) -> Option<&Checkpoint> {
        let (begun, checkpoint) = self.begun.as_ref()?;
        (begun == label).then_some(checkpoint)
    }

    /// The last state of this training, which was finished or in progress when the file was written.
    pub(crate) fn state(&self, label: &str) -> Option<Checkpoint> {
        let finished = self.finished.part(label);
        if finished.names().next().is_some() {
            return Some(finished);
        }
        self.begun(label).cloned()
    }

    /// Writes down the state of a training after an epoch, if that was the last one, if the run stops
    /// there, or if it is time.
    pub(crate) fn note_epoch(
        &mut self,
        label: &str,
        (epoch, epochs): (usize, usize),
        stops: bool,
        state: impl FnOnce() -> Result<Checkpoint>,
    ) {
        if epoch == epochs {
            let written = state().and_then(|state| {
                self.finished.insert_part(label, state);
                self.begun = None;
                self.write(None)
            });
            self.note_attempt(written);
        } else if stops || self.is_due() {
            self.write_training(label, state());
        }
    }

    /// Whether it is time for a checkpoint.
    pub(crate) fn is_due(&self) -> bool {
        self.last_attempt.elapsed() >= self.every
    }

    /// Writes down how far the training in progress is.
    pub(crate) fn write_training(&mut self, label: &str, state: Result<Checkpoint>) {
        let written = state.and_then(|state| self.write(Some((label, state))));
        self.note_attempt(written);
    }

    /// Writes down that a training is finished.
    pub(crate) fn write_outcome(
        &mut self,
        label: &str,
        outcome: &impl Serialize,
        points: &Tensor,
    ) -> Result<()> {
        let mut part = Checkpoint::new();
        part.set("outcome", outcome)?;
        part.insert("points", points)?;
        self.finished.insert_part(label, part);
        self.begun = None;
        let written = self.write(None);
        self.note_attempt(written);
        Ok(())
    }

    fn write(&self, training: Option<(&str, Checkpoint)>) -> Result<()> {
        let mut file = Checkpoint::new();
        file.set("content", &CONTENT)?;
        file.set("version", &VERSION)?;
        file.set("paper", &self.paper)?;
        file.insert_part("request", self.request.clone());
        file.insert_part("finished", self.finished.clone());
        if let Some((label, state)) = training {
            file.set("begun", &label)?;
            file.insert_part("training", state);
        }
        file.save(&self.path)
    }

    /// A failure costs this checkpoint, not the training.
    fn note_attempt(&mut self, written: Result<()>) {
        self.last_attempt = Instant::now();
        self.last_failed = written.is_err();
        if let Err(error) = written {
            self.failures += 1;
            tracing::warn!("no checkpoint this time, training goes on: {error}");
        }
    }

    /// Ends a complete run, whose files are written: its checkpoint goes.
    pub(crate) fn close(self) -> Result<()> {
        self.tell_failures();
        self.remove()
    }

    /// Ends an interrupted run, whose checkpoint stays.
    pub(crate) fn leave(self) {
        self.tell_failures();
        if self.last_failed {
            output::note("the last checkpoint is missing: --resume goes on from an older one");
        } else {
            output::note("--resume goes on from here");
        }
    }

    fn tell_failures(&self) {
        if self.failures > 0 {
            let count = self.failures;
            output::note(&format!("{count} checkpoint(s) could not be written"));
        }
    }

    fn remove(&self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, reason: impl Into<String>) -> Error {
        Error::Data {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }
}

const UNFINISHED: &str = "the folder has an unfinished run: --resume goes on with it, --restart \
                          drops it, --out names another folder";

fn settings_of(request: &Request) -> Result<Checkpoint> {
    let mut settings = Checkpoint::new();
    for (name, value) in request {
        settings.set(name, value)?;
    }
    Ok(settings)
}

/// A file that cannot be resumed keeps nobody from beginning again.
fn with_hint(error: Error) -> Error {
    match error {
        Error::Data { path, reason } => Error::Data {
            path,
            reason: format!("{reason} (--restart begins again without it)"),
        },
        other => other,
    }
}

fn minutes(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.0..=MOST_MINUTES).contains(&minutes) => Ok(minutes),
        _ => Err(format!("expected minutes from 0 to {MOST_MINUTES}")),
    }
}

/// A year.
const MOST_MINUTES: f64 = 525_600.0;

#[cfg(test)]
mod tests;
