//! Mankovich and Birdal, Chordal Averaging on Flag Manifolds and Its Applications (2023).

mod averaging;
mod convergence;
mod data;
mod descent;
mod options;
mod outliers;
mod pictures;
mod summary;
mod timing;

use holonomy::Result;
use serde::Serialize;

use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine};
use data::Noise;
pub(crate) use options::Options;
use options::Settings;

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    convergence: Vec<convergence::Study>,
    outliers: Vec<outliers::Row>,
    averaging: Vec<averaging::Averaging>,
    timing: timing::Timing,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Mankovich2023;

impl Experiment for Mankovich2023 {
    const PAPER: Paper = Paper {
        key: "mankovich2023",
        title: "Chordal Averaging on Flag Manifolds and Its Applications",
        authors: "Mankovich and Birdal",
        year: 2023,
        subject: "Means and medians of flags in the chordal distance (Mankovich and Birdal, 2023)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Mankovich2023::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let figures = tch::no_grad(|| figures(&settings))?;
        let files = pictures::draw(&settings.out, &figures.outliers);
        Publication {
            paper: &Mankovich2023::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&figures),
            claims: summary::claims(&settings, &figures),
            details: Details {
                settings: &settings,
                figures: &figures,
            },
            files: &files,
            tables: summary::table(&settings, &figures),
        }
        .publish()
    }
}

fn figures(settings: &Settings) -> Result<Figures> {
    let convergence = [Noise::Uniform, Noise::Normal].map(|n| convergence::study(settings, n));
    Ok(Figures {
        convergence: convergence.into_iter().collect::<Result<_>>()?,
        outliers: outliers::sweep(settings)?,
        averaging: vec![
            averaging::subspaces(settings)?,
            averaging::rotations(settings)?,
        ],
        timing: timing::measure(settings)?,
    })
}
