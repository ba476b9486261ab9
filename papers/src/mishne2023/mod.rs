//! Mishne, Wan, Wang and Yang, The Numerical Stability of Hyperbolic Representation Learning (2023).

mod classify;
mod digits;
mod gradients;
mod limits;
mod options;
mod pictures;
mod spaces;
mod subtrees;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
pub(crate) use options::Options;
use options::Settings;

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    limits: Vec<limits::Limit>,
    digits: Vec<digits::Curve>,
    gradients: Vec<gradients::Row>,
    mixtures: Vec<classify::Row>,
    depth: Vec<classify::Row>,
    subtrees: Vec<subtrees::Row>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Mishne2023;

impl Experiment for Mishne2023 {
    const PAPER: Paper = Paper {
        key: "mishne2023",
        title: "The Numerical Stability of Hyperbolic Representation Learning",
        authors: "Mishne, Wan, Wang and Yang",
        year: 2023,
        subject: "The limits of floating point in hyperbolic space (Mishne et al., 2023)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Mishne2023::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let figures = figures(&settings)?;
        let files = pictures::draw(&settings.out, &figures);
        Publication {
            paper: &Mishne2023::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its tensors are small",
            metrics: summary::metrics(&figures),
            claims: summary::claims(&figures),
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
    let limits = limits::all();
    output::note("round trips: done");
    let digits = digits::curves(settings)?;
    output::note("digits of every operation: done");
    let gradients = gradients::rows()?;
    output::note("gradients: done");
    let mixtures = classify::mixtures(settings)?;
    output::note("mixtures: done");
    let depth = classify::depth(settings)?;
    output::note("groups one behind the other: done");
    let subtrees = subtrees::rows(settings)?;
    Ok(Figures {
        limits,
        digits,
        gradients,
        mixtures,
        depth,
        subtrees,
    })
}
