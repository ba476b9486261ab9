//! Lin, Coifman, Mishne and Talmon, Hyperbolic Diffusion Embedding and Distance for Hierarchical
//! Representation Learning (2023).

mod classes;
mod hierarchies;
mod options;
mod pictures;
mod summary;

use holonomy::Result;
use serde::Serialize;

use crate::data::graphs::{self, Named};
use crate::harness::publication::Publication;
use crate::harness::{Experiment, Outcome, Paper, files, machine, output};
use hierarchies::ALPHA;
pub(crate) use options::Options;
use options::Settings;

/// The α of the sweep on a small tree.
const ALPHAS: [f64; 4] = [0.25, ALPHA, 0.75, 1.0];
/// The part of the mammals that a quick run takes.
const QUICK_ROOT: &str = "feline.n.01";

/// What all studies found.
#[derive(Debug, Serialize)]
struct Figures {
    hierarchies: Vec<hierarchies::Study>,
    splits: usize,
    classes: Vec<classes::Accuracy>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    figures: &'a Figures,
}

/// Its entry in the catalogue.
pub(crate) struct Lin2023;

impl Experiment for Lin2023 {
    const PAPER: Paper = Paper {
        key: "lin2023",
        title: "Hyperbolic Diffusion Embedding and Distance for Hierarchical Representation Learning",
        authors: "Lin, Coifman, Mishne and Talmon",
        year: 2023,
        subject: "Distances of a hidden hierarchy from diffusion (Lin et al., 2023)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Lin2023::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let figures = tch::no_grad(|| figures(&settings))?;
        let files = pictures::draw(&settings.out, &figures.hierarchies, &ALPHAS);
        let own_data = settings.edges.is_some();
        Publication {
            paper: &Lin2023::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its matrices are small",
            metrics: summary::metrics(&figures),
            claims: if own_data {
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

fn figures(settings: &Settings) -> Result<Figures> {
    if let Some(path) = &settings.edges {
        let graph = settings.edge_list.read(path)?;
        if graph.weights().is_some() {
            output::note("its weights are ignored: every edge has length 1");
        }
        let own = Named {
            graph: hierarchies::connected(&graph)?,
            name: path.display().to_string(),
        };
        return Ok(Figures {
            hierarchies: vec![hierarchies::study(&own, &ALPHAS, settings.scales)?],
            splits: 0,
            classes: Vec::new(),
        });
    }
    let mut tree = graphs::balanced_tree(3, 3)?;
    tree.name = "balanced tree".into();
    let mut hierarchies = vec![hierarchies::study(&tree, &ALPHAS, settings.scales)?];
    output::note("balanced tree: done");
    let mut mammals = graphs::mammals()?;
    if settings.quick {
        mammals.name = format!("WordNet 3.0 below {QUICK_ROOT}");
        mammals.graph = mammals.graph.subtree(QUICK_ROOT)?;
    }
    hierarchies.push(hierarchies::study(&mammals, &[ALPHA], settings.scales)?);
    output::note("mammals: done");
    let mut classes = Vec::new();
    for (table, scales) in classes::tables()? {
        classes.extend(classes::accuracies(
            &table,
            scales,
            settings.splits,
            settings.seed,
        )?);
        output::note(&format!("{}: done", table.name));
    }
    Ok(Figures {
        hierarchies,
        splits: settings.splits,
        classes,
    })
}
