//! Fung, Bunch and Dickinson, Approximating the Convex Hull via Metric Space Magnitude (2019).

mod clouds;
mod options;
mod pictures;
mod study;
mod summary;
mod vertices;

use holonomy::Result;
use rayon::prelude::*;
use serde::Serialize;

use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
use clouds::Body;
pub(crate) use options::Options;
use options::Settings;
use study::Trial;

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    trials: &'a [Trial],
}

/// Its entry in the catalogue.
pub(crate) struct Fung2019;

impl Experiment for Fung2019 {
    const PAPER: Paper = Paper {
        key: "fung2019",
        title: "Approximating the Convex Hull via Metric Space Magnitude",
        authors: "Fung, Bunch and Dickinson",
        year: 2019,
        subject: "Points that stand for a convex hull (Fung et al., 2019)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Fung2019::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let trials = trials(&settings)?;
        let files = pictures::draw(&settings, &trials);
        Publication {
            paper: &Fung2019::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&trials),
            claims: summary::claims(&trials),
            details: Details {
                settings: &settings,
                trials: &trials,
            },
            files: &files,
            tables: summary::tables(&trials, &settings),
        }
        .publish()
    }
}

/// One body and dimension after the other, the clouds of each side by side.
fn trials(settings: &Settings) -> Result<Vec<Trial>> {
    let mut all = Vec::new();
    for body in Body::ALL {
        for &d in &settings.dimensions {
            let of_kind: Result<Vec<Trial>> = (0..settings.clouds)
                .into_par_iter()
                .map(|cloud| study::trial(body, d, settings.seed.wrapping_add(cloud), settings))
                .collect();
            all.extend(of_kind?);
            output::note(&format!("{body}, {d} dimensions: done"));
        }
    }
    Ok(all)
}
