//! Wang et al., Get the Best of Both Worlds: Improving Accuracy and Transferability by Grassmann
//! Class Representation (2023).

mod measure;
mod network;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::data::digits::Images;
use crate::harness::Outcome as Ending;
use crate::harness::arguments::positive;
use crate::harness::publication::{Publication, RunOptions};
use crate::harness::{Experiment, Paper, files, interrupt, machine, output};
use measure::Outcome;
use network::{Head, Recipe};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Dimensions of the classes to try, below 64
    #[arg(
        long,
        value_name = "K,...",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    #[arg(default_values_t = [1, 2, 4, 8], value_parser = clap::value_parser!(i64).range(1..64))]
    subspace_dims: Vec<i64>,

    /// Seeds: of the split, the initial weights and the order [default: 1 to 10; with --quick 1]
    #[arg(
        long,
        value_name = "SEED,...",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    seeds: Vec<u64>,

    /// Passes over the training images [default: 60; with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    epochs: Option<u32>,

    /// Learning rate of the subspaces
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.1,
        allow_negative_numbers = true
    )]
    #[arg(value_parser = positive)]
    subspace_rate: f64,

    /// The length that features are scaled to
    #[arg(
        long,
        value_name = "LENGTH",
        default_value_t = 25.0,
        allow_negative_numbers = true
    )]
    #[arg(value_parser = positive)]
    scale: f64,

    #[command(flatten)]
    run: RunOptions,
}

/// One last layer over all seeds.
#[derive(Debug, Serialize)]
struct Runs {
    head: Head,
    name: String,
    outcomes: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    data: &'static str,
    recipe: &'a Recipe,
    runs: &'a [Runs],
}

const DATA: &str =
    "UCI optical digits, 1,797 images of 8 × 8 pixels, half of each digit for training";

/// Its entry in the catalogue.
pub(crate) struct Wang2023;

impl Experiment for Wang2023 {
    const PAPER: Paper = Paper {
        key: "wang2023",
        title: "Improving Accuracy and Transferability by Grassmann Class Representation",
        authors: "Wang et al.",
        year: 2023,
        subject: "Classes as subspaces (Wang et al., 2023)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Ending> {
        let out = options.run.folder(Wang2023::PAPER.key);
        files::prepare(&out)?;
        // Small networks: more threads than one only wait for each other.
        machine::use_threads(1)?;
        interrupt::listen();
        output::note(&format!(
            "data: {DATA}; Ctrl-C saves what is complete and stops"
        ));
        let recipe = Recipe {
            epochs: options
                .epochs
                .unwrap_or(if options.run.quick { 2 } else { 60 }) as usize,
            batch: 32,
            rate: 1e-3,
            subspace_rate: options.subspace_rate,
            momentum: 0.9,
            scale: options.scale,
        };
        let (runs, complete) = all_runs(options, &recipe)?;
        let files = summary::draw(&out, &runs);
        Publication {
            paper: &Wang2023::PAPER,
            folder: &out,
            quick: options.run.quick,
            complete,
            threads: 1,
            reason: "its networks are small",
            metrics: summary::metrics(&runs),
            claims: summary::claims(&runs),
            details: Details {
                data: DATA,
                recipe: &recipe,
                runs: &runs,
            },
            files: &files,
            tables: summary::table(&runs, options.run.quick),
        }
        .publish()
    }
}

fn all_runs(options: &Options, recipe: &Recipe) -> Result<(Vec<Runs>, bool)> {
    let images = Images::load()?;
    let default_seeds = if options.run.quick { 1..=1 } else { 1..=10 };
    let seeds = if options.seeds.is_empty() {
        default_seeds.collect()
    } else {
        options.seeds.clone()
    };
    let subspaces = options.subspace_dims.iter().map(|&k| Head::Grassmann(k));
    let heads = [Head::Softmax, Head::Cosine].into_iter().chain(subspaces);
    let mut runs = Vec::new();
    for head in heads {
        let mut outcomes = Vec::new();
        for &seed in &seeds {
            if interrupt::requested() {
                return Ok((runs, false));
            }
            outcomes.push(measure::outcome(head, &images, recipe, seed)?);
        }
        let name = head.name();
        output::note(&format!("{name}: done"));
        runs.push(Runs {
            head,
            name,
            outcomes,
        });
    }
    Ok((runs, true))
}
