//! The options of `papers run mankovich2023` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::publication::{RunOptions, ThreadOptions};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Everything is synthetic and takes some seconds. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Repetitions of the convergence study and of every point of the outlier sweep
    /// [default: 50; with --quick 3]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    trials: Option<u32>,

    /// Seed of all random numbers
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
    pub(crate) trials: usize,
    pub(crate) seed: u64,
    /// Flags in one trial.
    pub(crate) points: i64,
    /// Flags in the timed mean.
    pub(crate) timed_points: i64,
    pub(crate) timed_repeats: usize,
    /// The greatest number of outliers among the points.
    pub(crate) most_outliers: i64,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let usual = if self.run.quick { 3 } else { 50 };
        Settings {
            trials: self.trials.map_or(usual, |trials| trials as usize),
            seed: self.seed,
            points: 100,
            timed_points: 10_000,
            timed_repeats: if self.run.quick { 2 } else { 9 },
            most_outliers: 19,
            threads: self.threads.threads(),
            quick: self.run.quick,
            out: self.run.folder(key),
        }
    }
}
