//! Sala, De Sa, Gu and Ré, Representation Tradeoffs for Hyperbolic Embeddings (2018).

mod combinatorial;
mod hmds;
mod options;
mod products;
mod unfolding;

use std::collections::BTreeMap;

use holonomy::Result;
use serde::Serialize;

use crate::harness::ledger::Ledger;
use crate::harness::publication::Publication;
use crate::harness::report::Claim;
use crate::harness::{Experiment, Outcome, Paper, files, machine};
pub(crate) use options::Options;
use options::{Settings, Task};

/// What a task found, as the report and the screen show it.
struct Findings {
    /// The task's own part of the report.
    details: serde_json::Value,
    metrics: BTreeMap<String, Option<f64>>,
    claims: Vec<Claim>,
    /// The tables on the screen.
    tables: String,
    /// The files written beside the report.
    files: Vec<String>,
}

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    findings: &'a serde_json::Value,
}

/// Its entry in the catalogue.
pub(crate) struct Sala2018;

impl Experiment for Sala2018 {
    const PAPER: Paper = Paper {
        key: "sala2018",
        title: "Representation Tradeoffs for Hyperbolic Embeddings",
        authors: "Sala, De Sa, Gu and Ré",
        year: 2018,
        subject: "Trees and distances in hyperbolic space (Sala et al., 2018)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings();
        if settings.task != Task::Products {
            products::refuse_options(&settings)?;
            let key = Sala2018::PAPER.key;
            options.checkpoints.refuse(key, "--task products")?;
        }
        let _occupied = files::occupy(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let (findings, ledger) = match settings.task {
            Task::Combinatorial => (combinatorial::run(&settings)?, None),
            Task::Hmds => (hmds::run(&settings)?, None),
            Task::Products => {
                let (findings, ledger) = products::run(&settings, &options.checkpoints)?;
                (findings, Some(ledger))
            }
        };
        let own_data = settings.edges.is_some();
        let outcome = Publication {
            paper: &Sala2018::PAPER,
            folder: &settings.out,
            quick: settings.quick,
            complete: true,
            threads: settings.threads,
            reason: "its kernels are for it",
            metrics: findings.metrics,
            claims: if own_data {
                Vec::new()
            } else {
                findings.claims
            },
            details: Details {
                settings: &settings,
                findings: &findings.details,
            },
            files: &findings.files,
            tables: findings.tables,
        }
        .publish()?;
        ledger.map_or(Ok(()), Ledger::close)?;
        Ok(outcome)
    }
}
