//! The options of `papers run mishne2023` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::arguments::positive;
use crate::harness::publication::{RunOptions, ThreadOptions};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
References are computed in big floats of up to 10,000 bits. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Data sets and embeddings per classification, each of another seed [default: 3; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000))]
    seeds: Option<u32>,

    /// Weight C of the hinges against the margin in every SVM
    #[arg(long, value_name = "C", default_value_t = 1.0, value_parser = positive)]
    penalty: f64,

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
    pub(crate) seeds: u64,
    pub(crate) penalty: f64,
    pub(crate) seed: u64,
    /// Random cases behind each point of the curves of digits.
    pub(crate) cases: usize,
    /// Points of each class in a generated data set, for training and again for the test.
    pub(crate) points: i64,
    /// Steps of an SVM's training.
    pub(crate) steps: u64,
    /// Epochs of the embedding of WordNet mammals.
    pub(crate) epochs: usize,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let quick = |short, usual| if self.run.quick { short } else { usual };
        Settings {
            seeds: self.seeds.map_or(quick(2, 3), u64::from),
            penalty: self.penalty,
            seed: self.seed,
            cases: quick(1, 4) as usize,
            points: quick(10, 50) as i64,
            steps: quick(30, 200),
            epochs: quick(3, 300) as usize,
            threads: self.threads.threads(),
            quick: self.run.quick,
            out: self.run.folder(key),
        }
    }
}
