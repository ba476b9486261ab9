//! The end of a run: the report, the tables on the screen, and where everything lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holonomy::Result;
use holonomy::device::Choice;
use serde::Serialize;

use crate::harness::ledger::without_options;
use crate::harness::machine::{self, Machine, Versions};
use crate::harness::report::{Claim, Report, Summary, command_line};
use crate::harness::{Outcome, Paper, files, output, results};

/// The options of every paper whose experiments run on the CPU in one go.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunOptions {
    /// Folder for the report and the pictures [default: one of the paper's name in target/papers of the
    /// checkout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// A short run that shows that everything works; its figures mean little
    #[arg(long)]
    pub(crate) quick: bool,
}

impl RunOptions {
    /// The folder to write to, by default the one of this name.
    pub(crate) fn folder(&self, usual: &str) -> PathBuf {
        let default = || results::default_folder().join(usual);
        self.out.clone().unwrap_or_else(default)
    }
}

/// The option of papers whose work is spread over threads.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ThreadOptions {
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

impl ThreadOptions {
    pub(crate) fn threads(&self) -> usize {
        let given = self.threads.map(|threads| threads as usize);
        given.unwrap_or_else(machine::cores)
    }
}

/// What a run found, ready for the report and for people.
pub(crate) struct Publication<'a, D> {
    pub(crate) paper: &'a Paper,
    pub(crate) folder: &'a Path,
    pub(crate) quick: bool,
    /// Whether the user let it come to its end.
    pub(crate) complete: bool,
    pub(crate) threads: usize,
    /// Why it ran on the CPU.
    pub(crate) reason: &'static str,
    pub(crate) metrics: BTreeMap<String, Option<f64>>,
    pub(crate) claims: Vec<Claim>,
    /// This paper's part of the report.
    pub(crate) details: D,
    /// The files already written beside the report.
    pub(crate) files: &'a [String],
    /// What the screen shows.
    pub(crate) tables: String,
}

/// A paper's part of the report, with the names of the files beside it.
#[derive(Serialize)]
struct WithFiles<'a, D> {
    #[serde(flatten)]
    details: D,
    files: &'a [String],
}

impl<D: Serialize> Publication<'_, D> {
    /// Writes `report.json`, prints the tables and says what lies where.
    pub(crate) fn publish(self) -> Result<Outcome> {
        let cpu = Choice {
            device: tch::Device::Cpu,
            reason: self.reason.into(),
        };
        let summary = Summary {
            key: self.paper.key.into(),
            title: self.paper.title.into(),
            command: command_line(without_options(std::env::args())),
            quick: self.quick,
            interrupted: !self.complete,
            versions: Versions::current(),
            machine: Machine::new(&cpu, self.threads),
            metrics: self.metrics,
            claims: self.claims,
        };
        let report = Report {
            summary: &summary,
            details: &WithFiles {
                details: self.details,
                files: self.files,
            },
        };
        files::write_json(&self.folder.join("report.json"), &report)?;
        output::print(&self.tables)?;
        let names = [&["report.json".to_owned()], self.files]
            .concat()
            .join(", ");
        output::print(&format!(
            "\nWritten to {}: {names}\n",
            self.folder.display()
        ))?;
        Ok(if self.complete {
            Outcome::Complete
        } else {
            Outcome::Interrupted
        })
    }
}
