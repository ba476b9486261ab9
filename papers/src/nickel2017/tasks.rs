//! The tasks beside reconstruction.

use holonomy::Result;
use serde::Serialize;

use super::options::Settings;
use super::task::{Task, TaskOptions};
use super::{entailment, links, network};
use crate::harness::ledger::{self, CheckpointOptions, Ledger};
use crate::harness::machine::{Machine, Versions};
use crate::harness::report::{Report, Summary, command_line};
use crate::harness::{Outcome, Paper, files, interrupt, output};

/// The report's part that all these tasks have.
#[derive(Serialize)]
struct Details<'a> {
    task: Task,
    settings: &'a Settings,
    #[serde(flatten)]
    own: &'a serde_json::Value,
}

/// Does a task other than reconstruction, writes its report and prints its table.
pub(super) fn run(
    paper: &Paper,
    options: &TaskOptions,
    checkpoints: &CheckpointOptions,
    settings: &Settings,
) -> Result<Outcome> {
    if options.task != Task::Network {
        checkpoints.refuse(paper.key, "the tasks reconstruction and network")?;
    }
    interrupt::listen();
    let (findings, ledger) = match options.task {
        Task::Links | Task::Reconstruction => (links::run(options, settings)?, None),
        Task::Network => {
            let (findings, ledger) = network::run(options, checkpoints, settings)?;
            (findings, Some(ledger))
        }
        Task::Entailment => (entailment::run(options, settings)?, None),
    };
    let summary = Summary {
        key: paper.key.into(),
        title: paper.title.into(),
        command: command_line(ledger::without_options(std::env::args())),
        quick: settings.quick,
        interrupted: !findings.complete,
        versions: Versions::current(),
        machine: Machine::new(&settings.device, settings.main.threads),
        metrics: findings
            .metrics
            .iter()
            .map(|(name, value)| (name.clone(), value.is_finite().then_some(*value)))
            .collect(),
        claims: findings.claims,
    };
    let details = Details {
        task: options.task,
        settings,
        own: &findings.details,
    };
    let report = Report {
        summary: &summary,
        details: &details,
    };
    files::write_json(&settings.out.join("report.json"), &report)?;
    output::print(&findings.table)?;
    if settings.quick {
        output::print("\nA quick run: these figures only show that the program works.\n")?;
    }
    let folder = settings.out.display();
    output::print(&format!("\nWritten to {folder}: report.json\n"))?;
    if findings.complete {
        ledger.map_or(Ok(()), Ledger::close)?;
        return Ok(Outcome::Complete);
    }
    output::note("interrupted: what was measured up to then is in the report, the rest is missing");
    if let Some(ledger) = ledger {
        ledger.leave();
    }
    Ok(Outcome::Interrupted)
}
