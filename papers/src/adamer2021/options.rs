//! The options of `papers run adamer2021` and what they mean together.

use std::path::PathBuf;

use serde::Serialize;

use crate::harness::publication::{RunOptions, ThreadOptions};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Nothing is trained. Ctrl-C stops at once and leaves no report.")]
pub(crate) struct Options {
    /// Draw the edges of this PNG instead of the studies; colours become grey
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,

    /// Seed of the noise
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
    pub(super) image: Option<PathBuf>,
    pub(super) seed: u64,
    /// Draws of the noise at each level.
    pub(super) seeds: u64,
    /// The side of generated images, in pixels.
    pub(super) size: usize,
    pub(super) noise: Vec<f64>,
    /// How many photographs are cut into patches, and their side.
    pub(super) cut_photographs: usize,
    pub(super) cut_side: usize,
    pub(super) patch_sizes: Vec<usize>,
    pub(super) halos: Vec<usize>,
    /// By how much the photographs are made smaller before their edges are compared.
    pub(super) shrink: usize,
    pub(super) digits: usize,
    #[serde(skip)]
    pub(super) threads: usize,
    pub(super) quick: bool,
    #[serde(skip)]
    pub(super) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(super) fn settings(&self, key: &str) -> Settings {
        let quick = self.run.quick;
        let either = |short: usize, long: usize| if quick { short } else { long };
        let list =
            |short: &[usize], long: &[usize]| if quick { short.to_vec() } else { long.to_vec() };
        Settings {
            image: self.image.clone(),
            seed: self.seed,
            seeds: if quick { 1 } else { 3 },
            size: either(24, 64),
            noise: if quick {
                vec![0.0, 0.2]
            } else {
                vec![0.0, 0.05, 0.1, 0.2, 0.4]
            },
            cut_photographs: either(1, 2),
            cut_side: either(16, 64),
            patch_sizes: list(&[8], &[8, 16, 32]),
            halos: list(&[0, 2, 4], &[0, 1, 2, 4, 8]),
            shrink: either(4, 1),
            digits: either(5, 100),
            threads: self.threads.threads(),
            quick,
            out: self.run.folder(key),
        }
    }
}
