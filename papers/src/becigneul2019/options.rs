//! The options of `papers run becigneul2019` and what they mean together.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::harness::{machine, results};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Every optimiser is run with the exponential map and with the retraction, at every learning rate
with the first seed, and at its best rate with the others. Ctrl-C keeps the runs that are complete, says so and stops; a second Ctrl-C stops
at once.")]
pub(crate) struct Options {
    /// Hierarchy to embed
    #[arg(long, value_enum, default_value_t = Dataset::Mammals)]
    dataset: Dataset,

    /// Passes over the pairs after the burn-in [default: 50; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    epochs: Option<u32>,

    /// Learning rates to try [default: 0.001,0.003,0.01,0.03,0.1,0.3,1,3; with --quick 0.03,0.3]
    #[arg(long, value_name = "RATE,...", value_delimiter = ',')]
    #[arg(allow_negative_numbers = true, value_parser = rate)]
    rates: Vec<f64>,

    /// Seeds: of the held-out pairs, the initial points, the order and the negatives
    /// [default: 1,2,3; with --quick 1]
    #[arg(long, value_name = "SEED,...", value_delimiter = ',')]
    #[arg(allow_negative_numbers = true, value_parser = seed)]
    seeds: Vec<u64>,

    /// Pairs in one step; their gradients are added [default: 32; with --quick 256]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,

    /// Runs at the same time, each on one thread; the figures do not depend on it [default: all
    /// cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// Folder for the report and the pictures [default: target/papers/becigneul2019 in the
    /// checkout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// A short run that shows that everything works; its figures mean nothing
    #[arg(long)]
    quick: bool,
}

/// The hierarchies that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dataset {
    /// The mammals of WordNet 3.0: 1,182 nodes
    Mammals,
    /// All nouns, as in the paper: 82,115 nodes; an epoch takes minutes, so choose few rates and
    /// seeds
    Nouns,
}

/// What all runs share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) dataset: Dataset,
    pub(crate) dim: usize,
    pub(crate) epochs: usize,
    pub(crate) burn_in_epochs: usize,
    pub(crate) burn_in_rate: f64,
    /// Rising and distinct.
    pub(crate) rates: Vec<f64>,
    pub(crate) seeds: Vec<u64>,
    pub(crate) batch: usize,
    pub(crate) negatives: usize,
    /// Each coordinate starts uniformly distributed in ± this.
    pub(crate) init_scale: f64,
    /// The part of all pairs that is held out for link prediction.
    pub(crate) held_out: f64,
    /// MAP is measured after every so many epochs.
    pub(crate) evaluate_every: usize,
    /// MAP is the mean over at most so many nodes, evenly spread over those that have pairs.
    pub(crate) evaluated_nodes: usize,
    #[serde(skip)]
    pub(crate) threads: usize,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

/// The learning rates of the paper.
const RATES: [f64; 8] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Settings {
        let number = |given: Option<u32>, usual: usize, quick: usize| {
            let unless_given = if self.quick { quick } else { usual };
            given.map_or(unless_given, |given| given as usize)
        };
        let default_rates: &[f64] = if self.quick { &[0.03, 0.3] } else { &RATES };
        let mut rates = given_or(&self.rates, default_rates);
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let default_seeds: &[u64] = if self.quick { &[1] } else { &[1, 2, 3] };
        let mut seeds = given_or(&self.seeds, default_seeds);
        seeds.sort_unstable();
        seeds.dedup();
        let out = self.out.clone();
        Settings {
            dataset: self.dataset,
            dim: 5,
            epochs: number(self.epochs, 50, 2),
            burn_in_epochs: if self.quick { 2 } else { 20 },
            burn_in_rate: 0.03,
            rates,
            seeds,
            batch: number(self.batch, 32, 256),
            negatives: 10,
            init_scale: 1e-3,
            held_out: 0.02,
            evaluate_every: if self.quick { 1 } else { 2 },
            evaluated_nodes: if self.quick { 50 } else { 300 },
            threads: self
                .threads
                .map_or_else(machine::cores, |threads| threads as usize),
            quick: self.quick,
            out: out.unwrap_or_else(|| results::default_folder().join(key)),
        }
    }
}

fn given_or<T: Clone>(given: &[T], default: &[T]) -> Vec<T> {
    if given.is_empty() { default } else { given }.to_vec()
}

fn seed(text: &str) -> Result<u64, String> {
    let expected = |_| format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(expected)
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("expected a finite number above 0".into()),
    }
}
