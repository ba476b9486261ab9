//! Buet et al., Flagfolds (2023).

mod cloud;
mod path;
mod summary;

use std::path::PathBuf;

use holonomy::Result;
use holonomy::device::Choice;
use serde::Serialize;

use crate::catalogue::Paper;
use crate::cli::Outcome;
use crate::machine::{self, Machine, Versions};
use crate::report::{Report, Summary, command_line};
use crate::{files, output, results};
use cloud::{Cloud, CloudOutcome, CloudSettings};
use path::Ways;

/// Its entry in the catalogue.
pub(crate) const PAPER: Paper = Paper {
    key: "buet2023",
    title: "Flagfolds",
    authors: "Buet and Pennec",
    year: 2023,
};

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

    /// Folder for the report and the pictures [default: target/papers/buet2023 in the checkout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// A short run that shows that everything works; its figures mean nothing
    #[arg(long)]
    quick: bool,
}

fn not_negative(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("expected a finite number of at least 0".into()),
    }
}

fn positive(text: &str) -> std::result::Result<f64, String> {
    not_negative(text).and_then(|value| match value {
        0.0 => Err("expected a finite number above 0".into()),
        value => Ok(value),
    })
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    seed: u64,
    ways: &'a Ways,
    clouds: &'a [CloudOutcome],
    files: &'a [String],
}

/// Finds the ways and the dimensions, writes the files and prints the tables.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let default_out = || results::default_folder().join(PAPER.key);
    let out = options.out.clone().unwrap_or_else(default_out);
    files::prepare(&out)?;
    let threads = machine::cores();
    machine::use_threads(threads)?;
    let ways = path::compare(24, if options.quick { 200 } else { 4_000 })?;
    output::note("from a line to a plane: done");
    let clouds = options.noise.iter().map(|&noise| {
        cloud::measure(CloudSettings {
            curve_points: if options.quick { 300 } else { 1_000 },
            surface_points: if options.quick { 1_500 } else { 6_000 },
            noise,
            radius: options.radius,
            seed: options.seed,
        })
    });
    let clouds = clouds.collect::<Result<Vec<Cloud>>>()?;
    let outcomes: Vec<CloudOutcome> = clouds.iter().map(|cloud| cloud.outcome).collect();
    let files = summary::draw(&out, &ways, &clouds);
    let summary = Summary {
        key: PAPER.key.into(),
        title: PAPER.title.into(),
        command: command_line(std::env::args()),
        quick: options.quick,
        interrupted: false,
        versions: Versions::current(),
        machine: Machine::new(&on_the_cpu(), threads),
        metrics: summary::metrics(&ways, &outcomes),
        claims: summary::claims(&ways, &outcomes),
    };
    let details = Details {
        seed: options.seed,
        ways: &ways,
        clouds: &outcomes,
        files: &files,
    };
    let report = Report {
        summary: &summary,
        details: &details,
    };
    files::write_json(&out.join("report.json"), &report)?;
    output::print(&summary::table(&ways, &outcomes, options.quick))?;
    let names = [&["report.json".to_owned()], &files[..]]
        .concat()
        .join(", ");
    output::print(&format!("\nWritten to {}: {names}\n", out.display()))?;
    Ok(Outcome::Complete)
}

fn on_the_cpu() -> Choice {
    Choice {
        device: tch::Device::Cpu,
        reason: "its matrices are small".into(),
    }
}
