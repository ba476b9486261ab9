//! The options of `papers run bunch2021` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::publication::{RunOptions, ThreadOptions};
use crate::harness::scikit_learn::PeerOptions;

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Nothing is trained. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Draws of each set with outliers, of which shapes have five at most [default: 20; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    draws: Option<u32>,

    /// Seed of the draws
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
    pub(crate) draws: usize,
    pub(crate) draws_of_shapes: usize,
    pub(crate) seed: u64,
    /// Points of a shape.
    pub(crate) points: usize,
    /// Numbers of points for which nearest neighbours are timed.
    pub(crate) sizes: Vec<i64>,
    #[serde(skip)]
    pub(crate) scikit_learn: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

/// With 1,500 points they hardly differ.
const MOST_DRAWS_OF_SHAPES: usize = 5;

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let quick = self.run.quick;
        let of = |whole, small| if quick { small } else { whole };
        let draws = self.draws.map_or(of(20, 2), |draws| draws as usize);
        Settings {
            draws_of_shapes: draws.min(MOST_DRAWS_OF_SHAPES),
            draws,
            seed: self.seed,
            points: of(1500, 100),
            sizes: if quick {
                vec![1000]
            } else {
                vec![10_000, 100_000, 1_000_000]
            },
            scikit_learn: self.peers.python(),
            threads: self.threads.threads(),
            quick,
            out: self.run.folder(key),
        }
    }
}
