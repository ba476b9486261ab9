//! Adamer, De Brouwer, O'Bray and Rieck, The magnitude vector of images (2021).

mod detectors;
mod line;
mod mosaic;
mod noise;
mod options;
mod patches;
mod photographs;
mod pictures;
mod raster;
mod score;
mod shapes;
mod summary;

use std::path::Path;

use holonomy::{Error, Result};
use serde::Serialize;

use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
pub(crate) use options::Options;
use options::Settings;
use raster::Raster;

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    line: Vec<line::Row>,
    noise: Vec<noise::Row>,
    patches: patches::Study,
    photographs: Vec<photographs::Row>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Adamer2021;

impl Experiment for Adamer2021 {
    const PAPER: Paper = Paper {
        key: "adamer2021",
        title: "The magnitude vector of images",
        authors: "Adamer, De Brouwer, O'Bray and Rieck",
        year: 2021,
        subject: "Edges of images from the weights of their pixels (Adamer et al., 2021)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Adamer2021::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let own = settings.image.as_deref().map(read).transpose()?;
        let figures = tch::no_grad(|| match &own {
            Some(image) => of_own(image),
            None => figures(&settings),
        })?;
        let files = tch::no_grad(|| pictures::draw(&settings, &figures, own.as_ref()));
        Publication {
            paper: &Adamer2021::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its systems are small",
            metrics: summary::metrics(&figures),
            claims: if own.is_some() {
                Vec::new()
            } else {
                summary::claims(&figures)
            },
            details: Details {
                settings: &settings,
                figures: &figures,
            },
            files: &files,
            tables: summary::table(&figures, settings.quick),
        }
        .publish()
    }
}

fn read(path: &Path) -> Result<Raster> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    Raster::decode(&bytes, path)
}

fn figures(settings: &Settings) -> Result<Figures> {
    let line = line::study()?;
    let noise = noise::study(settings)?;
    output::note("generated images: done");
    let patches = patches::study(settings)?;
    let photographs = photographs::study(settings)?;
    output::note("photographs and digits: done");
    Ok(Figures {
        line,
        noise,
        patches,
        photographs,
    })
}

/// How alike the maps of the user's image are.
fn of_own(image: &Raster) -> Result<Figures> {
    Ok(Figures {
        line: Vec::new(),
        noise: Vec::new(),
        patches: patches::Study {
            whole: Vec::new(),
            rows: Vec::new(),
        },
        photographs: photographs::compare("image", std::slice::from_ref(image))?,
    })
}
