//! The options of `papers run sala2018` and what they mean together.

use std::path::PathBuf;

use clap::ValueEnum;
use holonomy::embed::Signature;
use serde::Serialize;

use crate::harness::arguments::EdgeListArgs;
use crate::harness::ledger::CheckpointOptions;
use crate::harness::publication::{RunOptions, ThreadOptions};

/// What of the paper is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// Trees by Sarkar's construction, the nouns of WordNet in two dimensions among them
    Combinatorial,
    /// Points from hyperbolic distances
    Hmds,
    /// Products of spaces with learned curvature, fitted to distances
    Products,
}

impl Task {
    /// The folder of its report, where the user names none.
    fn folder(self) -> &'static str {
        match self {
            Self::Combinatorial => "sala2018",
            Self::Hmds => "sala2018-hmds",
            Self::Products => "sala2018-products",
        }
    }
}

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
An edge list has two columns of names and, where edges have lengths, a third of numbers; an edge may be \
walked both ways. Ctrl-C stops at once and leaves no report; a run of --task products goes on from \
its last checkpoint with the same options and --resume.")]
pub(crate) struct Options {
    /// What to run
    #[arg(long, value_enum, default_value_t = Task::Combinatorial)]
    task: Task,

    /// Embed the graph of this edge list instead of the data that comes with the program
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,

    #[command(flatten)]
    edge_list: EdgeListArgs,

    /// The space of --task products, such as H2 or H5xS5 for a product of hyperbolic, spherical (S) and
    /// Euclidean (E) spaces; may come several times [default: a choice of ten dimensions]
    #[arg(long = "signature", value_name = "SPACE")]
    signatures: Vec<Signature>,

    /// Epochs of every training of --task products [default: 2000, for large graphs 300]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    epochs: Option<u32>,

    /// Seed of all random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    threads: ThreadOptions,

    #[command(flatten)]
    pub(super) checkpoints: CheckpointOptions,

    #[command(flatten)]
    run: RunOptions,
}

/// What all tasks share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) task: Task,
    pub(crate) edges: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) edge_list: EdgeListArgs,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) epochs: Option<usize>,
    pub(crate) seed: u64,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            task: self.task,
            edges: self.edges.clone(),
            edge_list: self.edge_list,
            signatures: self.signatures.clone(),
            epochs: self.epochs.map(|epochs| epochs as usize),
            seed: self.seed,
            threads: self.threads.threads(),
            quick: self.run.quick,
            out: self.run.folder(self.task.folder()),
        }
    }
}
