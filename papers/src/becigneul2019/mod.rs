//! Bécigneul and Ganea, Riemannian Adaptive Optimization Methods (2019).

mod choice;
mod claims;
mod method;
mod options;
mod pictures;
mod ranking;
mod split;
mod summary;
mod sweep;
mod training;

use holonomy::Result;
use holonomy::device::Choice;
use holonomy::graph::Graph;
use serde::Serialize;

use crate::data::wordnet;
use crate::harness::machine::{self, Machine, Versions};
use crate::harness::report::{Report, Summary, command_line};
use crate::harness::{Experiment, Outcome, Paper, files, interrupt, output};
use choice::Reached;
use claims::Checked;
pub(crate) use options::Options;
use options::{Dataset, Settings};
use training::Run;

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    data: &'a str,
    settings: &'a Settings,
    checked: &'a [Checked],
    /// Each method at its best rate.
    best: &'a [&'a Reached],
    /// Each method at all rates.
    reached: &'a [Reached],
    runs: &'a [Run],
    /// The files beside the report.
    files: &'a [String],
    notes: &'static str,
}

const NOTES: &str = "The best rate of a method is the one with the lowest training loss at the end, \
                     the mean of the last 5 epochs, with the first seed; the others are run at that \
                     rate, and RSGD at its neighbours too. A claim holds when all seeds \
                     agree and the mean difference is at least twice its standard error.";

/// Its entry in the catalogue.
pub(crate) struct Becigneul2019;

impl Experiment for Becigneul2019 {
    const PAPER: Paper = Paper {
        key: "becigneul2019",
        title: "Riemannian Adaptive Optimization Methods",
        authors: "Bécigneul and Ganea",
        year: 2019,
        subject: "Riemannian adaptive optimisers on an embedded hierarchy (Bécigneul and Ganea, 2019)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Becigneul2019::PAPER.key);
        files::prepare(&settings.out)?;
        machine::use_threads(settings.threads)?;
        let closure = hierarchy(settings.dataset)?.transitive_closure();
        let data = describe(settings.dataset, &closure);
        interrupt::listen();
        output::note(&format!(
            "data: {data}; Ctrl-C saves what is complete and stops"
        ));
        let (runs, complete) = sweep::execute(&closure, &settings)?;
        let reached = choice::reached(&settings, &runs);
        let best = choice::best(&reached);
        let checked = claims::check(&best);
        let files = pictures::draw(&settings.out, &settings, &runs, &reached, &best);
        let interrupted = !complete;
        let summary = Summary {
            key: Becigneul2019::PAPER.key.into(),
            title: Becigneul2019::PAPER.title.into(),
            command: command_line(std::env::args()),
            quick: settings.quick,
            interrupted,
            versions: Versions::current(),
            machine: Machine::new(&on_the_cpu(), settings.threads),
            metrics: summary::metrics(&best),
            claims: summary::claims(&data, choice::seeds(&best), &checked),
        };
        let details = Details {
            data: &data,
            settings: &settings,
            checked: &checked,
            best: &best,
            reached: &reached,
            runs: &runs,
            files: &files,
            notes: NOTES,
        };
        let report = Report {
            summary: &summary,
            details: &details,
        };
        files::write_json(&settings.out.join("report.json"), &report)?;
        output::print(&summary::table(&settings, &data, &reached, &best, &checked))?;
        let mut names = vec!["report.json"];
        names.extend(files.iter().map(|file| &**file));
        output::print(&format!(
            "\nWritten to {}: {}\n",
            settings.out.display(),
            names.join(", ")
        ))?;
        if interrupted {
            output::note("interrupted: the runs that were complete are saved, the rest is missing");
            return Ok(Outcome::Interrupted);
        }
        Ok(Outcome::Complete)
    }
}

fn hierarchy(dataset: Dataset) -> Result<Graph> {
    match dataset {
        Dataset::Nouns => wordnet::nouns(),
        Dataset::Mammals => wordnet::mammals(),
    }
}

fn describe(dataset: Dataset, closure: &Graph) -> String {
    let name = match dataset {
        Dataset::Mammals => "WordNet 3.0 mammals",
        Dataset::Nouns => "WordNet 3.0 nouns",
    };
    let (nodes, pairs) = (closure.node_count(), closure.edge_count());
    format!("{name}: {nodes} nodes, {pairs} pairs")
}

fn on_the_cpu() -> Choice {
    Choice {
        device: tch::Device::Cpu,
        reason: "its many small runs go side by side there".into(),
    }
}
