//! Buet et al., Flagfolds (2023).

mod cloud;
mod path;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::harness::arguments::{not_negative, positive};
use crate::harness::publication::{Publication, RunOptions};
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
use cloud::{Cloud, CloudOutcome, CloudSettings};
use path::Ways;

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Standard deviations of the noise on the points of curve and surface
    #[arg(
        long,
        value_name = "SIZE,...",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    #[arg(default_values_t = [0.0, 0.01, 0.02, 0.05], value_parser = not_negative)]
    noise: Vec<f64>,

    /// Radius of the ball from which a flag is made
    #[arg(
        long,
        value_name = "LENGTH",
        default_value_t = 0.25,
        allow_negative_numbers = true
    )]
    #[arg(value_parser = positive)]
    radius: f64,

    /// Of the points and their noise
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    seed: u64,
    ways: &'a Ways,
    clouds: &'a [CloudOutcome],
}

/// Its entry in the catalogue.
pub(crate) struct Buet2023;

impl Experiment for Buet2023 {
    const PAPER: Paper = Paper {
        key: "buet2023",
        title: "Flagfolds",
        authors: "Buet and Pennec",
        year: 2023,
        subject: "Weighted flags, and sets of mixed dimension (Buet and Pennec, 2023)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let out = options.run.folder(Buet2023::PAPER.key);
        files::prepare(&out)?;
        let threads = machine::cores();
        machine::use_threads(threads)?;
        let ways = path::compare(24, if options.run.quick { 200 } else { 4_000 })?;
        output::note("from a line to a plane: done");
        let clouds = options.noise.iter().map(|&noise| {
            cloud::measure(CloudSettings {
                curve_points: if options.run.quick { 300 } else { 1_000 },
                surface_points: if options.run.quick { 1_500 } else { 6_000 },
                noise,
                radius: options.radius,
                seed: options.seed,
            })
        });
        let clouds = clouds.collect::<Result<Vec<Cloud>>>()?;
        let outcomes: Vec<CloudOutcome> = clouds.iter().map(|cloud| cloud.outcome).collect();
        let files = summary::draw(&out, &ways, &clouds);
        Publication {
            paper: &Buet2023::PAPER,
            folder: &out,
            quick: options.run.quick,
            complete: true,
            threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&ways, &outcomes),
            claims: summary::claims(&ways, &outcomes),
            details: Details {
                seed: options.seed,
                ways: &ways,
                clouds: &outcomes,
            },
            files: &files,
            tables: summary::table(&ways, &outcomes, options.run.quick),
        }
        .publish()
    }
}
