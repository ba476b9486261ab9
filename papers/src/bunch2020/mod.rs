//! Bunch, Dickinson, Kline and Fung, Practical applications of metric space magnitude and weighting
//! vectors (2020).

mod active;
mod classes;
mod options;
mod pictures;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::data::features::{self, Table};
use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
pub(crate) use options::Options;
use options::Settings;

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    classes: Vec<classes::Accuracies>,
    active: Vec<active::Curve>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Bunch2020;

impl Experiment for Bunch2020 {
    const PAPER: Paper = Paper {
        key: "bunch2020",
        title: "Practical applications of metric space magnitude and weighting vectors",
        authors: "Bunch, Dickinson, Kline and Fung",
        year: 2020,
        subject: "Classes and active learning by weighting vectors (Bunch et al., 2020)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Bunch2020::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let figures = tch::no_grad(|| figures(&settings))?;
        let files = pictures::draw(&settings.out, &figures.active);
        Publication {
            paper: &Bunch2020::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&figures),
            claims: summary::claims(&figures),
            details: Details {
                settings: &settings,
                figures: &figures,
            },
            files: &files,
            tables: summary::table(&figures, settings.splits, settings.quick),
        }
        .publish()
    }
}

fn figures(settings: &Settings) -> Result<Figures> {
    let tables: Vec<Table> = settings
        .tables
        .iter()
        .map(|name| features::table(name))
        .collect::<Result<_>>()?;
    let peer = settings.scikit_learn.as_deref();
    let classes = classes::study(&tables, settings.splits, settings.seed, peer, &settings.out)?;
    output::note("classes: done");
    let mut active = Vec::new();
    for table in &tables {
        active.extend(active::study(table, settings.splits, settings.seed)?);
        output::note(&format!("active learning, {}: done", table.name));
    }
    Ok(Figures { classes, active })
}
