//! What the tasks beside reconstruction share.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use holonomy::Result;
use holonomy::embed::{Embedding, TrainConfig, Trainer};
use serde::Serialize;
use tch::{Device, Kind};

use super::options::title;
use super::training::tell_untrained;
use crate::harness::interrupt;
use crate::harness::progress::{Progress, showing};
use crate::harness::report::Claim;

/// What a task found.
pub(super) struct Findings {
    /// This task's part of the report.
    pub(super) details: serde_json::Value,
    /// The main figures by name.
    pub(super) metrics: BTreeMap<String, f64>,
    pub(super) claims: Vec<Claim>,
    /// What is printed.
    pub(super) table: String,
    /// Whether all that was planned was done.
    pub(super) complete: bool,
}

/// Embeds these pairs until the epochs are done or the user stops it; `start` may change where
/// training starts.
pub(super) fn fit(
    config: TrainConfig,
    nodes: usize,
    pairs: &[(u32, u32)],
    device: Device,
    start: impl FnOnce(Trainer) -> Result<Trainer>,
) -> Result<Embedding> {
    let label = format!(
        "{} {}-d, seed {}",
        title(config.model),
        config.dim,
        config.seed
    );
    let epochs = config.epochs;
    let trainer = showing(format!("{label}, points to start from"), || {
        start(Trainer::new(config, nodes, pairs)?)?.with_options((Kind::Double, device))
    })?;
    tell_untrained(&trainer, pairs.len());
    let progress = Progress::by_pairs(label.clone(), epochs, pairs.len());
    let bar = progress.bar();
    let embedding = trainer
        .on_pairs(move |pairs| bar.inc(pairs as u64))
        .run(|epoch| {
            progress.epoch(epoch.record.epoch as u64, epoch.record.loss);
            go_on()
        })?;
    let seconds = embedding.seconds;
    progress.finish(&format!("{label}: {seconds:.1} s"));
    Ok(embedding)
}

/// Until the user asks to stop.
pub(super) fn go_on() -> ControlFlow<()> {
    if interrupt::requested() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// "one seed" or "median of 3 seeds".
pub(super) fn seeds(count: usize) -> String {
    match count {
        1 => "one seed".to_owned(),
        count => format!("median of {count} seeds"),
    }
}

/// As JSON, for a report.
pub(super) fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or(serde_json::Value::Null)
}
