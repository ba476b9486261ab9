//! The options of `papers run fung2019` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::publication::{RunOptions, ThreadOptions};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Points are uniform in cubes, in balls and on spheres of 2 to 6 dimensions. Nothing is trained. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Points of each cloud [default: 300; with --quick 60]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(10..=10_000))]
    points: Option<u32>,

    /// Clouds of each kind and dimension [default: 10; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    clouds: Option<u32>,

    /// Seed of the first cloud; the others have the numbers after it
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    threads: ThreadOptions,

    #[command(flatten)]
    run: RunOptions,
}

/// What all clouds share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) points: usize,
    pub(crate) clouds: u64,
    pub(crate) seed: u64,
    pub(crate) dimensions: Vec<usize>,
    /// Directions in which hulls are compared.
    pub(crate) directions: usize,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let quick = self.run.quick;
        let usual = |short: u32, long: u32| if quick { short } else { long };
        Settings {
            points: self.points.unwrap_or(usual(60, 300)) as usize,
            clouds: self.clouds.unwrap_or(usual(2, 10)).into(),
            seed: self.seed,
            dimensions: if quick { vec![2, 3] } else { (2..=6).collect() },
            directions: usual(200, 1000) as usize,
            threads: self.threads.threads(),
            quick,
            out: self.run.folder(key),
        }
    }
}
