//! Link prediction: pairs of the hierarchy that training did not see.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use holonomy::Result;
use holonomy::embed::{
    LinkPrediction, NegativeSampler, Sampling, Split, SplitConfig, Start, TrainConfig,
    nested_half_spaces,
};
use holonomy::graph::Graph;
use serde::Serialize;

use super::data::{self, Data, Description};
use super::experiment::{Plan, Role, median};
use super::findings::{Findings, fit, json, seeds};
use super::options::{Settings, title};
use super::outcome::{Sampled, plus_minus};
use super::published::PAPER_LINKS_ON_NOUNS;
use super::task::TaskOptions;
use super::training::ranking;
use crate::harness::progress::Progress;
use crate::harness::report::Claim;
use crate::harness::{interrupt, output, table};

const HEADER: [&str; 7] = [
    "",
    "dim",
    "MAP",
    "mean rank",
    "MAP, validation",
    "MAP, training pairs",
    "runs",
];

/// A run over seeds.
#[derive(Debug, Serialize)]
struct Runs {
    #[serde(flatten)]
    plan: Plan,
    results: Vec<Outcome>,
}

/// One seed's result; the seed decides the split too.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    seed: u64,
    epochs: usize,
    train_seconds: f64,
    training_pairs: usize,
    validation: LinkPrediction,
    test: LinkPrediction,
    /// How well the pairs trained on are found again, none taken out.
    training_map: f64,
    /// The share of test pairs that follow from the pairs trained on by transitivity.
    implied: f64,
    /// The share of them that is known or guessed from the leaves below their ends.
    told_by_leaves: f64,
}

impl Runs {
    fn median(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.results.iter().map(figure).collect())
    }

    fn map(&self) -> f64 {
        self.median(|result| result.test.map)
    }

    fn mean_rank(&self) -> f64 {
        self.median(|result| result.test.mean_rank)
    }

    /// The median standard error of a figure on the test pairs, where not all nodes were ranked.
    fn error(&self, error: impl Fn(&Sampling) -> f64) -> String {
        let of = |result: &Outcome| result.test.sampling.as_ref().map_or(f64::NAN, &error);
        plus_minus(Some(self.median(of)).filter(|error| error.is_finite()))
    }

    fn row(&self) -> Vec<String> {
        let map_error = self.error(|sampling| sampling.map_error);
        let rank_error = self.error(|sampling| sampling.mean_rank_error);
        vec![
            format!("holonomy, {}", title(self.plan.config.model)),
            self.plan.config.dim.to_string(),
            format!("{:.4}{map_error}", self.map()),
            format!("{:.3}{rank_error}", self.mean_rank()),
            format!("{:.4}", self.median(|result| result.validation.map)),
            format!("{:.4}", self.median(|result| result.training_map)),
            self.results.len().to_string(),
        ]
    }

    fn sentence(&self) -> String {
        format!(
            "{}, {}-d: MAP {:.4}{}, mean rank {:.3}{} ({})",
            title(self.plan.config.model),
            self.plan.config.dim,
            self.map(),
            self.error(|sampling| sampling.map_error),
            self.mean_rank(),
            self.error(|sampling| sampling.mean_rank_error),
            seeds(self.results.len())
        )
    }
}

/// Splits, trains and ranks for each seed.
pub(super) fn run(options: &TaskOptions, settings: &Settings) -> Result<Findings> {
    let data = data::load(settings)?;
    output::note(&format!("data: {}; Ctrl-C stops", data.description));
    check_comparable(&data.closure)?;
    let plans = Plan::all(settings, data.description.nodes);
    let plans = plans.into_iter().filter(|plan| plan.role != Role::Picture);
    let mut runs = Vec::new();
    for plan in plans {
        let results = over_seeds(&plan, options, settings, &data)?;
        runs.push(Runs { plan, results });
    }
    let complete = runs.iter().all(|runs| {
        let epochs = runs.plan.config.epochs;
        runs.results.len() == settings.seeds.len()
            && runs.results.iter().all(|result| result.epochs == epochs)
    });
    runs.retain(|runs| !runs.results.is_empty());
    Ok(Findings {
        details: serde_json::json!({
            "data": data.description,
            "held_out": options.held_out,
            "keep_direct": options.keep_direct,
            "runs": json(&runs),
            "published": PAPER_LINKS_ON_NOUNS,
            "notes": NOTES,
        }),
        metrics: metrics(&runs),
        claims: claims(settings, &data.description, &runs),
        table: text(options, &data.description, &runs),
        complete,
    })
}

/// Refuses what cannot be ranked before it is trained on.
fn check_comparable(closure: &Graph) -> Result<()> {
    let sampler = NegativeSampler::new(closure.node_count(), closure.edges())?;
    sampler.comparable(closure.edges()).map(drop)
}

const NOTES: &str = "Each seed draws a split of its own. Held out are pairs between nodes that are \
                     neither leaf nor root; each is ranked by distance among the nodes that are no \
                     true neighbour in any part. metrics are medians over the seeds on the test \
                     pairs.";

fn over_seeds(
    plan: &Plan,
    options: &TaskOptions,
    settings: &Settings,
    data: &Data,
) -> Result<Vec<Outcome>> {
    let mut results = Vec::new();
    for &seed in &settings.seeds {
        if interrupt::requested() {
            break;
        }
        let split = split(options, &data.closure, seed)?;
        let config = TrainConfig {
            seed,
            ..plan.config.clone()
        };
        results.push(measure(config, options, &data.closure, &split, settings)?);
    }
    Ok(results)
}

fn split(options: &TaskOptions, closure: &Graph, seed: u64) -> Result<Split> {
    let config = SplitConfig {
        validation: options.held_out,
        test: options.held_out,
        seed,
    };
    let of = if options.keep_direct {
        Split::of_implied
    } else {
        Split::of_closure
    };
    of(closure.node_count(), closure.edges(), &config)
}

fn measure(
    config: TrainConfig,
    options: &TaskOptions,
    closure: &Graph,
    split: &Split,
    settings: &Settings,
) -> Result<Outcome> {
    let (model, seed) = (config.model, config.seed);
    let device = settings.device.device;
    let nodes = closure.node_count();
    let known = Graph::new(closure.names().to_vec(), split.train.clone(), None)?;
    let by_leaves = config.start == Start::HalfSpaces && !options.as_given;
    let dim = config.dim;
    let embedding = fit(config, nodes, &split.train, device, |trainer| {
        if !by_leaves {
            return Ok(trainer);
        }
        let completed = known.completed_by_leaves();
        let points = nested_half_spaces(model, dim, nodes, completed.edges(), seed)?;
        trainer.starting_from(&points)
    })?;
    let all = split.all();
    let progress = Progress::by_nodes(format!("{}, seed {seed}, ranking", title(model)));
    let nodes = settings.ranked_nodes(nodes, seed);
    let ranking = ranking(model, &embedding.points, nodes, &progress)?;
    let rank = |held_out| ranking.link_prediction(held_out, &all);
    let outcome = Outcome {
        seed,
        epochs: embedding.history.len(),
        train_seconds: embedding.seconds,
        training_pairs: split.train.len(),
        validation: rank(&split.validation)?,
        test: rank(&split.test)?,
        training_map: ranking.reconstruction(&split.train)?.map,
        implied: share_in(&known.transitive_closure(), split),
        told_by_leaves: share_in(&known.completed_by_leaves(), split),
    };
    progress.done();
    Ok(outcome)
}

/// The share of test pairs that are edges of the graph.
fn share_in(graph: &Graph, split: &Split) -> f64 {
    let edges: HashSet<&(u32, u32)> = graph.edges().iter().collect();
    let count = split.test.iter().filter(|pair| edges.contains(pair));
    count.count() as f64 / split.test.len() as f64
}

fn metrics(runs: &[Runs]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for runs in runs {
        let prefix = match runs.plan.role {
            Role::Main => "",
            _ => "euclidean_",
        };
        metrics.insert(format!("{prefix}map"), runs.map());
        metrics.insert(format!("{prefix}mean_rank"), runs.mean_rank());
    }
    metrics
}

fn text(options: &TaskOptions, data: &Description, runs: &[Runs]) -> String {
    let rows: Vec<Vec<String>> = runs.iter().map(Runs::row).collect();
    let mut text = format!("\nLink prediction on {data}\n");
    text.push_str(&table::layout(&HEADER, &rows));
    if let Some(first) = runs.first().and_then(|runs| runs.results.first()) {
        let kept = if options.keep_direct {
            ", direct links kept"
        } else {
            ""
        };
        let _ = write!(
            text,
            "  Medians over the runs, each with a split of its own: {} pairs to train on, {} for \
             validation,\n  {} for the test (neither leaf nor root{kept}); of the test pairs {:.0} % \
             follow from those\n  trained on by transitivity. Ranked among nodes that are no true \
             neighbour in any part.\n",
            first.training_pairs,
            first.validation.pairs,
            first.test.pairs,
            100.0 * runs[0].median(|result| result.implied),
        );
        if let Some(sampled) = Sampled::of(first.test.nodes, first.test.sampling) {
            let _ = writeln!(
                text,
                "  ±: the standard error of one run's figure; {sampled}, drawn at random, each against \
                 all\n  others; for validation and training pairs as many."
            );
        }
    }
    let theirs: Vec<Vec<String>> = PAPER_LINKS_ON_NOUNS
        .iter()
        .map(|published| {
            vec![
                published.what.to_owned(),
                published.dim.to_string(),
                published.map.to_string(),
                published.mean_rank.to_string(),
            ]
        })
        .collect();
    text.push_str(
        "\nThe paper's own figures: link prediction on all WordNet nouns (82,115 nodes), to be compared\n\
         with that data alone; the sizes of its splits are not stated\n",
    );
    text.push_str(&table::layout(&HEADER[..4], &theirs));
    text
}

fn claims(settings: &Settings, data: &Description, runs: &[Runs]) -> Vec<Claim> {
    if settings.edges.is_some() {
        return Vec::new();
    }
    let statement = |role| match role {
        Role::Main => "Links that were held out are predicted as well as those trained on",
        _ => "Euclidean space of the same dimension predicts held-out links far worse",
    };
    runs.iter()
        .map(|runs| Claim {
            statement: statement(runs.plan.role).into(),
            ours: format!("{}: {}", data.name, runs.sentence()),
            published: format!(
                "all WordNet nouns (the paper, table 1), to be compared with that data alone: {}",
                theirs(runs)
            ),
        })
        .collect()
}

/// The paper's figures for this kind of space.
fn theirs(runs: &Runs) -> String {
    let what = match runs.plan.role {
        Role::Main => "Poincaré ball",
        _ => "Euclidean",
    };
    let figures = PAPER_LINKS_ON_NOUNS.iter().filter(|p| p.what == what);
    let figures: Vec<String> = figures
        .map(|p| format!("{}-d MAP {}, mean rank {}", p.dim, p.map, p.mean_rank))
        .collect();
    figures.join("; ")
}
