//! The options of `papers run bunch2020` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::publication::{RunOptions, ThreadOptions};
use crate::harness::scikit_learn::PeerOptions;

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Nothing is trained. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Splits of each table into 70 % with known and 30 % with unknown classes [default: 20; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    splits: Option<u32>,

    /// Seed of the splits
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    peers: PeerOptions,

    #[command(flatten)]
    threads: ThreadOptions,

    #[command(flatten)]
    run: RunOptions,
}

/// What all studies share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) splits: usize,
    pub(crate) seed: u64,
    pub(crate) tables: Vec<&'static str>,
    #[serde(skip)]
    pub(crate) scikit_learn: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

const TABLES: [&str; 7] = [
    "iris",
    "wine",
    "breast cancer",
    "ionosphere",
    "glass",
    "zoo",
    "digits",
];
/// Those of a quick run.
const SMALL: usize = 2;

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let quick = self.run.quick;
        Settings {
            splits: self
                .splits
                .map_or(if quick { 2 } else { 20 }, |splits| splits as usize),
            seed: self.seed,
            tables: TABLES[..if quick { SMALL } else { TABLES.len() }].to_vec(),
            scikit_learn: self.peers.python(),
            threads: self.threads.threads(),
            quick,
            out: self.run.folder(key),
        }
    }
}
