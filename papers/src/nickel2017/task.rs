//! What is measured, and the options of single tasks.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::data::networks::Network;
use crate::harness::arguments::positive;

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
    #[arg(default_values_t = Network::ALL, help_heading = "Options of single tasks")]
    pub(super) network: Vec<Network>,

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
    pub(super) fn folder(&self, key: &str) -> String {
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
