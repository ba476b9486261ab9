//! The tasks of the paper beside reconstruction, and what they share.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::ValueEnum;
use holonomy::Result;
use holonomy::embed::{Embedding, TrainConfig, Trainer};
use serde::Serialize;
use tch::{Device, Kind};

use super::options::{Settings, title};
use super::training::tell_untrained;
use super::{PAPER, entailment, links, network};
use crate::cli::Outcome;
use crate::machine::{Machine, Versions};
use crate::progress::{Progress, showing};
use crate::report::{Claim, Report, Summary, command_line};
use crate::{files, interrupt, output};

/// What a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// Embed all pairs, and find them again
    Reconstruction,
    /// Embed some pairs of the hierarchy, and predict the others
    Links,
    /// Embed social networks by the probability of their edges
    Network,
    /// Say to what degree one word is a kind of another
    Entailment,
}

/// The options that belong to one task or another.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TaskOptions {
    /// What to measure
    #[arg(long, value_enum, default_value_t = Task::Reconstruction)]
    pub(super) task: Task,

    /// Tasks links and network: share of the links that may be held out which goes to the test, and
    /// as many again to validation
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    #[arg(
        allow_negative_numbers = true,
        help_heading = "Options of single tasks"
    )]
    pub(super) held_out: f64,

    /// Task links: hold out only links that others imply, never a direct one
    #[arg(long, help_heading = "Options of single tasks")]
    pub(super) keep_direct: bool,

    /// Task links: place the start by the training pairs as they are, not by those that the leaves
    /// below each node add to them
    #[arg(long, help_heading = "Options of single tasks")]
    pub(super) as_given: bool,

    /// Task network: the networks to embed; --edges embeds your own instead
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,...")]
    #[arg(default_values_t = network::Name::ALL, help_heading = "Options of single tasks")]
    pub(super) network: Vec<network::Name>,

    /// Task network: the distance at which an edge is as likely as not [default: the best on the
    /// validation set]
    #[arg(long, value_name = "R", value_parser = positive, allow_negative_numbers = true)]
    #[arg(help_heading = "Options of single tasks")]
    pub(super) radius: Option<f64>,

    /// Task network: how soon the odds of an edge fall beyond it [default: the best on the
    /// validation set]
    #[arg(long, value_name = "T", value_parser = positive, allow_negative_numbers = true)]
    #[arg(help_heading = "Options of single tasks")]
    pub(super) temperature: Option<f64>,

    /// Task entailment: rate the noun pairs of this file too, which is HyperLex or has its format: a
    /// header with WORD1, WORD2, POS and AVG_SCORE, columns between spaces
    #[arg(long, value_name = "FILE", help_heading = "Options of single tasks")]
    pub(super) hyperlex: Option<PathBuf>,
}

impl Task {
    /// As a user writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reconstruction => "reconstruction",
            Self::Links => "links",
            Self::Network => "network",
            Self::Entailment => "entailment",
        }
    }
}

impl TaskOptions {
    /// The folder of the task's results among those of all runs.
    pub(super) fn folder(&self) -> String {
        let key = PAPER.key;
        match self.task {
            Task::Reconstruction => key.to_owned(),
            task => format!("{key}-{}", task.name()),
        }
    }
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 0.5 => Ok(share),
        _ => Err("expected a share above 0 and at most 0.5".into()),
    }
}

fn positive(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a finite number above 0".into()),
    }
}

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

/// The report's part that all these tasks have.
#[derive(Serialize)]
struct Details<'a> {
    task: Task,
    settings: &'a Settings,
    #[serde(flatten)]
    own: &'a serde_json::Value,
}

/// Does a task other than reconstruction, writes its report and prints its table.
pub(super) fn run(options: &TaskOptions, settings: &Settings) -> Result<Outcome> {
    interrupt::listen();
    let findings = match options.task {
        Task::Links | Task::Reconstruction => links::run(options, settings)?,
        Task::Network => network::run(options, settings)?,
        Task::Entailment => entailment::run(options, settings)?,
    };
    let summary = Summary {
        key: PAPER.key.into(),
        title: PAPER.title.into(),
        command: command_line(std::env::args()),
        quick: settings.quick,
        interrupted: !findings.complete,
        versions: Versions::current(),
        machine: Machine::new(&settings.device, settings.main.threads),
        metrics: findings
            .metrics
            .iter()
            .map(|(name, value)| (name.clone(), value.is_finite().then_some(*value)))
            .collect(),
        claims: findings.claims,
    };
    let details = Details {
        task: options.task,
        settings,
        own: &findings.details,
    };
    let report = Report {
        summary: &summary,
        details: &details,
    };
    files::write_json(&settings.out.join("report.json"), &report)?;
    output::print(&findings.table)?;
    if settings.quick {
        output::print("\nA quick run: these figures only show that the program works.\n")?;
    }
    let folder = settings.out.display();
    output::print(&format!("\nWritten to {folder}: report.json\n"))?;
    if findings.complete {
        return Ok(Outcome::Complete);
    }
    output::note("interrupted: what was measured up to then is in the report, the rest is missing");
    Ok(Outcome::Interrupted)
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
