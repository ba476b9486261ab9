//! Bunch, Kline, Dickinson, Bhat and Fung, Weighting vectors for machine learning: numerical harmonic
//! analysis applied to boundary detection (2021).

mod nearest;
mod options;
mod outliers;
mod pictures;
mod shapes;
mod summary;
mod svm;

use holonomy::Result;
use holonomy::scores::roc_auc;
use serde::Serialize;
use tch::Tensor;

use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
pub(crate) use options::Options;
use options::Settings;

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    outliers: Vec<outliers::Areas>,
    shapes: Vec<shapes::Found>,
    svm: Vec<svm::Comparison>,
    nearest: Vec<nearest::Errors>,
    times: Vec<nearest::Time>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Bunch2021;

impl Experiment for Bunch2021 {
    const PAPER: Paper = Paper {
        key: "bunch2021",
        title: "Weighting vectors for machine learning: numerical harmonic analysis applied to boundary detection",
        authors: "Bunch, Kline, Dickinson, Bhat and Fung",
        year: 2021,
        subject: "Boundaries and outliers by weighting vectors (Bunch et al., 2021)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Bunch2021::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let figures = tch::no_grad(|| figures(&settings))?;
        let files = pictures::draw(
            &settings.out,
            &figures.shapes,
            settings.points,
            settings.seed,
        );
        Publication {
            paper: &Bunch2021::PAPER,
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
            tables: summary::table(&figures, &settings),
        }
        .publish()
    }
}

/// The area under the ROC curve of scores, for labels that are true of positives.
fn area(scores: &Tensor, positive: &Tensor) -> Result<f64> {
    let of = |mask: &Tensor| Vec::<f64>::try_from(scores.masked_select(mask)).unwrap_or_default();
    roc_auc(&of(positive), &of(&positive.logical_not()))
}

fn figures(settings: &Settings) -> Result<Figures> {
    let (draws, seed) = (settings.draws, settings.seed);
    let peer = settings.scikit_learn.as_deref();
    let outliers = outliers::study(draws, seed, settings.quick, peer, &settings.out)?;
    output::note("outliers: done");
    let svm = svm::study(seed, peer, &settings.out)?;
    let shapes = shapes::study(settings.points, settings.draws_of_shapes, seed)?;
    output::note("boundaries: done");
    let nearest = nearest::errors(settings.points as i64, seed)?;
    let times = nearest::times(&settings.sizes, seed)?;
    output::note("nearest neighbours: done");
    Ok(Figures {
        outliers,
        shapes,
        svm,
        nearest,
        times,
    })
}
