//! Rabenoro and Pennec, A Geometric Framework for Asymptotic Inference of Principal Subspaces in
//! PCA (2022).

mod study;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::harness::publication::{Publication, RunOptions, ThreadOptions};
use crate::harness::{Experiment, Outcome, Paper, files, interrupt, machine, output};
use study::{Coverage, MODELS, Power};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Points in a sample [default: 30,100,300,1000,3000,10000; with --quick 30,100]
    #[arg(
        long,
        value_name = "N,...",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    #[arg(value_parser = clap::value_parser!(i64).range(10..=1_000_000))]
    counts: Vec<i64>,

    /// Samples of each size [default: 4000; with --quick 50]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    trials: Option<i64>,

    /// Of all random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    threads: ThreadOptions,

    #[command(flatten)]
    run: RunOptions,
}

const COUNTS: [i64; 6] = [30, 100, 300, 1_000, 3_000, 10_000];
const QUICK_COUNTS: [i64; 2] = [30, 100];

/// What the trials gave.
#[derive(Debug, Serialize)]
struct Findings {
    trials: i64,
    seed: u64,
    coverage: Vec<Coverage>,
    /// Of the first covariance.
    power: Vec<Power>,
    #[serde(skip)]
    complete: bool,
}

impl Findings {
    fn power_counts(&self) -> Vec<i64> {
        let mut counts: Vec<i64> = self.power.iter().map(|power| power.count).collect();
        counts.dedup();
        counts
    }
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    #[serde(flatten)]
    findings: &'a Findings,
    models: [study::Model; 3],
}

/// Its entry in the catalogue.
pub(crate) struct Rabenoro2022;

impl Experiment for Rabenoro2022 {
    const PAPER: Paper = Paper {
        key: "rabenoro2022",
        title: "A Geometric Framework for Asymptotic Inference of Principal Subspaces in PCA",
        authors: "Rabenoro and Pennec",
        year: 2022,
        subject: "Confidence regions of principal subspaces (Rabenoro and Pennec, 2022)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let out = options.run.folder(Rabenoro2022::PAPER.key);
        files::prepare(&out)?;
        let threads = options.threads.threads();
        machine::use_threads(threads)?;
        interrupt::listen();
        output::note("normally distributed samples; Ctrl-C saves what is complete and stops");
        let findings = find(options)?;
        let files = summary::draw(&out, &findings);
        Publication {
            paper: &Rabenoro2022::PAPER,
            folder: &out,
            quick: options.run.quick,
            complete: findings.complete,
            threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&findings),
            claims: summary::claims(&findings),
            details: Details {
                findings: &findings,
                models: MODELS,
            },
            files: &files,
            tables: summary::table(&findings, options.run.quick),
        }
        .publish()
    }
}

fn find(options: &Options) -> Result<Findings> {
    let default_counts: &[i64] = if options.run.quick {
        &QUICK_COUNTS
    } else {
        &COUNTS
    };
    let counts = if options.counts.is_empty() {
        default_counts
    } else {
        &options.counts
    };
    let trials = options
        .trials
        .unwrap_or(if options.run.quick { 50 } else { 4_000 });
    let mut findings = Findings {
        trials,
        seed: options.seed,
        coverage: Vec::new(),
        power: Vec::new(),
        complete: false,
    };
    for model in MODELS {
        for &count in counts {
            if interrupt::requested() {
                return Ok(findings);
            }
            findings
                .coverage
                .push(study::coverage(model, count, trials, options.seed)?);
        }
        output::note(&format!("eigenvalues {}: done", model.name));
    }
    let angles: Vec<f64> = (0..=12).map(|step| 0.025 * f64::from(step)).collect();
    for &count in counts
        .iter()
        .filter(|&&count| (100..=1_000).contains(&count))
    {
        if interrupt::requested() {
            return Ok(findings);
        }
        let power = study::power(MODELS[0], count, &angles, trials, options.seed)?;
        findings.power.extend(power);
    }
    findings.complete = true;
    Ok(findings)
}
