//! Nickel and Kiela, Poincaré Embeddings for Learning Hierarchical Representations (2017).

mod artefacts;
mod data;
mod entailment;
mod experiment;
mod findings;
mod hyperlex;
mod links;
mod network;
mod options;
mod outcome;
mod published;
mod summary;
mod task;
mod tasks;
mod training;

use std::collections::BTreeMap;

use holonomy::Result;
use serde::Serialize;
use serde_json::json;

use crate::harness::ledger::{self, Ledger};
use crate::harness::machine::{self, Machine, Versions};
use crate::harness::progress::showing;
use crate::harness::report::{Report, Summary, command_line};
use crate::harness::{Experiment, Outcome, Paper, files, interrupt, output};
use data::{Data, Description};
use experiment::{DRAWN_AT_MOST, Plan, Role, Runs};
use options::Options;
use options::Settings;
use outcome::{Figures, Sampled};
use published::{AUTHORS_ON_MAMMALS, PAPER_ON_MAMMALS, PAPER_ON_NOUNS, Published};
use task::Task;

/// This paper's part of the report.
#[derive(Debug, Serialize)]
struct Details<'a> {
    data: &'a Description,
    settings: &'a Settings,
    runs: &'a [Runs],
    published: Vec<Published>,
    /// The files beside the report.
    files: Vec<&'static str>,
    notes: &'static str,
}

const NOTES: &str = "train_seconds is the wall-clock time of the training loop and of making the \
                     points that it starts from: reading the data, evaluation and drawing are not in it. metrics are medians over the seeds of \
                     the main run.";

/// Its entry in the catalogue.
pub(crate) struct Nickel2017;

impl Experiment for Nickel2017 {
    const PAPER: Paper = Paper {
        key: "nickel2017",
        title: "Poincaré Embeddings for Learning Hierarchical Representations",
        authors: "Nickel and Kiela",
        year: 2017,
        subject: "Poincaré embeddings of a hierarchy (Nickel and Kiela, 2017)",
    };
    type Options = Options;

    fn run(options: &Options) -> Result<Outcome> {
        let settings = options.settings(Nickel2017::PAPER.key)?;
        settings.main.validate()?;
        let _occupied = files::occupy(&settings.out)?;
        let threads = settings.main.threads;
        machine::use_threads(threads)?;
        output::note(&format!("device: {}, {threads} threads", settings.device));
        if options.task.task != Task::Reconstruction {
            let paper = &Nickel2017::PAPER;
            return tasks::run(paper, &options.task, &options.checkpoints, &settings);
        }
        let data = showing("reading the hierarchy and its closure", || {
            data::load(&settings)
        })?;
        let nodes = data.description.nodes;
        let plans = Plan::all(&settings, nodes);
        let mut ledger = open_ledger(options, &settings, &data, &plans)?;
        interrupt::listen();
        output::note(&format!(
            "data: {}; Ctrl-C saves and stops",
            data.description
        ));

        let planned = plans.len();
        let runs = execute(plans, &settings, &data, &mut ledger)?;
        let interrupted = runs.len() < planned || !runs.iter().all(|runs| runs.complete(&settings));
        let files = showing("writing the embedding", || {
            write_artefacts(&settings, &data, &runs)
        })?;
        let summary = Summary {
            key: Nickel2017::PAPER.key.into(),
            title: Nickel2017::PAPER.title.into(),
            command: command_line(ledger::without_options(std::env::args())),
            quick: settings.quick,
            interrupted,
            versions: Versions::current(),
            machine: Machine::new(&settings.device, threads),
            metrics: metrics(&runs),
            claims: summary::claims(&settings, &data.description, &runs),
        };
        write_report(&settings, &data, &runs, &summary, files.clone())?;
        output::print(&summary::table(&settings, &data.description, &runs))?;
        output::print(&format!(
            "\nWritten to {}: report.json, {}\n",
            settings.out.display(),
            files.join(", ")
        ))?;
        if interrupted {
            output::note("interrupted: what was trained up to then is saved, the rest is missing");
            ledger.leave();
            return Ok(Outcome::Interrupted);
        }
        ledger.close()?;
        Ok(Outcome::Complete)
    }
}

/// The checkpoints of this run, which can be resumed with the same plans, seeds and data.
fn open_ledger(
    options: &Options,
    settings: &Settings,
    data: &Data,
    plans: &[Plan],
) -> Result<Ledger> {
    let Description { nodes, pairs, .. } = data.description;
    let mut request = vec![("seeds", json!(settings.seeds))];
    for plan in plans {
        request.push((plan.role.name(), json!(plan.config)));
    }
    request.push(("quick", json!(settings.quick)));
    request.push(("ranked", json!(settings.ranked(nodes))));
    let data = json!({"nodes": nodes, "pairs": pairs, "sha256": data.digest()});
    request.push(("data", data));
    let bytes = plans.iter().map(|plan| plan.bytes(settings, nodes)).sum();
    Ledger::open(
        &options.checkpoints,
        &settings.out,
        Nickel2017::PAPER.key,
        &request,
        bytes,
    )
}

fn execute(
    plans: Vec<Plan>,
    settings: &Settings,
    data: &Data,
    ledger: &mut Ledger,
) -> Result<Vec<Runs>> {
    let mut runs = Vec::new();
    for plan in plans {
        runs.extend(plan.execute(&data.closure, settings, ledger)?);
    }
    Ok(runs)
}

fn write_artefacts(settings: &Settings, data: &Data, runs: &[Runs]) -> Result<Vec<&'static str>> {
    let mut files = Vec::new();
    if let Some(main) = runs.iter().find(|runs| runs.plan.role == Role::Main) {
        files.extend(artefacts::write_embedding(
            &settings.out,
            data,
            main,
            settings,
        )?);
    }
    let drawn = runs.iter().find(|runs| runs.plan.can_be_drawn());
    if let Some(drawn) = drawn.filter(|_| data.description.nodes <= DRAWN_AT_MOST) {
        files.extend(artefacts::draw(&settings.out, data, drawn, settings)?);
    }
    Ok(files)
}

fn write_report(
    settings: &Settings,
    data: &Data,
    runs: &[Runs],
    summary: &Summary,
    files: Vec<&'static str>,
) -> Result<()> {
    let mut published = Vec::new();
    if summary::is_mammals(settings) {
        published.push(AUTHORS_ON_MAMMALS);
        published.push(PAPER_ON_MAMMALS);
    }
    if settings.dataset.is_some() {
        published.extend(PAPER_ON_NOUNS);
    }
    let details = Details {
        data: &data.description,
        settings,
        runs,
        published,
        files,
        notes: NOTES,
    };
    let report = Report {
        summary,
        details: &details,
    };
    files::write_json(&settings.out.join("report.json"), &report)
}

/// The figures of the main run, and under `euclidean_` those beside them.
fn metrics(runs: &[Runs]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    for (role, prefix) in [(Role::Main, ""), (Role::Comparison, "euclidean_")] {
        if let Some(runs) = runs.iter().find(|runs| runs.plan.role == role) {
            let Figures {
                map,
                mean_rank,
                train_seconds,
            } = runs.median;
            for (name, value) in [
                ("map", map),
                ("mean_rank", mean_rank),
                ("train_seconds", train_seconds),
            ] {
                metrics.insert(
                    format!("{prefix}{name}"),
                    value.is_finite().then_some(value),
                );
            }
            for (name, value) in standard_errors(runs.sampled) {
                metrics.insert(format!("{prefix}{name}"), Some(value));
            }
        }
    }
    metrics
}

/// Of the figures, where not all nodes were ranked.
fn standard_errors(sampled: Option<Sampled>) -> Vec<(&'static str, f64)> {
    sampled.map_or_else(Vec::new, |Sampled { sampling, .. }| {
        vec![
            ("map_standard_error", sampling.map_error),
            ("mean_rank_standard_error", sampling.mean_rank_error),
        ]
    })
}
