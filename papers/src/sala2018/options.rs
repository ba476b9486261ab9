//! The options of `papers run sala2018` and what they mean together.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::{machine, results};

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
walked both ways. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// What to run
    #[arg(long, value_enum, default_value_t = Task::Combinatorial)]
    task: Task,

    /// Embed the graph of this edge list instead of the data that comes with the program
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,

    /// Seed of all random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    /// Threads [default: all cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// Folder for the report and the pictures [default: target/papers/sala2018 in the checkout, with
    /// the task's name behind it for tasks other than the first]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// A short run that shows that everything works; its figures mean little
    #[arg(long)]
    quick: bool,
}

/// What all tasks share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) task: Task,
    pub(crate) edges: Option<PathBuf>,
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
        let usual = || results::default_folder().join(self.task.folder());
        Settings {
            task: self.task,
            edges: self.edges.clone(),
            seed: self.seed,
            threads: self
                .threads
                .map_or_else(machine::cores, |threads| threads as usize),
            quick: self.quick,
            out: self.out.clone().unwrap_or_else(usual),
        }
    }
}
