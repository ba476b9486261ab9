//! Sala, De Sa, Gu and Ré, Representation Tradeoffs for Hyperbolic Embeddings (2018).

mod combinatorial;
mod data;
mod hmds;
mod options;
mod products;

use std::collections::BTreeMap;

use holonomy::Result;
use holonomy::device::Choice;
use serde::Serialize;

use crate::catalogue::Paper;
use crate::cli::Outcome;
use crate::machine::{self, Machine, Versions};
use crate::report::{Claim, Report, Summary, command_line};
use crate::{files, output};
pub(crate) use options::Options;
use options::{Settings, Task};

/// Its entry in the catalogue.
pub(crate) const PAPER: Paper = Paper {
    key: "sala2018",
    title: "Representation Tradeoffs for Hyperbolic Embeddings",
    authors: "Sala, De Sa, Gu and Ré",
    year: 2018,
};

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
    files: &'a [String],
}

/// Runs the task, writes the files and prints the tables.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let settings = options.settings();
    files::prepare(&settings.out)?;
    machine::use_threads(settings.threads)?;
    let findings = match settings.task {
        Task::Combinatorial => combinatorial::run(&settings)?,
        Task::Hmds => hmds::run(&settings)?,
        Task::Products => products::run(&settings)?,
    };
    let own_data = settings.edges.is_some();
    let summary = Summary {
        key: PAPER.key.into(),
        title: PAPER.title.into(),
        command: command_line(std::env::args()),
        quick: settings.quick,
        interrupted: false,
        versions: Versions::current(),
        machine: Machine::new(&on_the_cpu(), settings.threads),
        metrics: findings.metrics,
        claims: if own_data {
            Vec::new()
        } else {
            findings.claims
        },
    };
    let details = Details {
        settings: &settings,
        findings: &findings.details,
        files: &findings.files,
    };
    let report = Report {
        summary: &summary,
        details: &details,
    };
    files::write_json(&settings.out.join("report.json"), &report)?;
    output::print(&findings.tables)?;
    let mut names = vec!["report.json"];
    names.extend(findings.files.iter().map(|file| &**file));
    output::print(&format!(
        "\nWritten to {}: {}\n",
        settings.out.display(),
        names.join(", ")
    ))?;
    Ok(Outcome::Complete)
}

fn on_the_cpu() -> Choice {
    Choice {
        device: tch::Device::Cpu,
        reason: "its kernels are for it".into(),
    }
}
