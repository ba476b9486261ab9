//! The options of `papers run lin2023` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::arguments::EdgeListArgs;
use crate::harness::publication::{RunOptions, ThreadOptions};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
An edge list has two columns of names; edges may be walked both ways and have length 1, weights are ignored. Nothing is trained. Ctrl-C stops at once and \
leaves no report.")]
pub(crate) struct Options {
    /// Measure the graph of this edge list (up to some thousand nodes, connected) instead of the data that comes
    /// with the program
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,

    #[command(flatten)]
    edge_list: EdgeListArgs,

    /// Splits of each table of features into 70 % with known and 30 % with unknown classes
    /// [default: 100; with --quick 5]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    splits: Option<u32>,

    /// Seed of the splits
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    threads: ThreadOptions,

    #[command(flatten)]
    run: RunOptions,
}

/// What all studies share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) edges: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) edge_list: EdgeListArgs,
    pub(crate) splits: usize,
    pub(crate) seed: u64,
    /// The scales of the sweeps.
    pub(crate) scales: u32,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let usual = if self.run.quick { 5 } else { 100 };
        Settings {
            edges: self.edges.clone(),
            edge_list: self.edge_list,
            splits: self.splits.map_or(usual, |splits| splits as usize),
            seed: self.seed,
            scales: if self.run.quick { 4 } else { 10 },
            threads: self.threads.threads(),
            quick: self.run.quick,
            out: self.run.folder(key),
        }
    }
}
