//! Trees and networks in products of spaces, by descent on distortion.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;

use holonomy::embed::{DistanceConfig, DistanceEmbedding, DistanceTrainer, Signature};
use holonomy::graph::shortest_paths;
use holonomy::metric::{distortion, pairwise_distances};
use holonomy::scores::mean_average_precision;
use holonomy::{Error, Result};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use serde_json::json;
use tch::Tensor;

use super::options::Settings;
use super::{Findings, unfolding};
use crate::data::graphs::{self, Named};
use crate::harness::Experiment;
use crate::harness::ledger::{CheckpointOptions, Ledger};
use crate::harness::progress::Progress;
use crate::harness::report::Claim;
use crate::harness::table;

/// The spaces compared, all of ten dimensions but the last.
const SIGNATURES: [&str; 7] = ["E10", "H10", "S10", "H5xH5", "H5xS5", "H5xE5", "H2"];
/// Those that a large graph is given.
const FEW: [&str; 3] = ["E10", "H10", "H2"];
/// Nodes from which on a graph counts as large, and epochs are fewer.
const LARGE: usize = 500;
/// The spaces of three dimensions that each suit one of the small graphs.
const MATCHING: [&str; 4] = ["E3", "H3", "S3", "H2xS1"];
/// The epochs of small graphs.
const MOST_EPOCHS: usize = 2000;
/// The seeds of small graphs.
const SEEDS: u64 = 3;
/// The shares of distances that are known, in per cent.
const KNOWN: [u32; 5] = [100, 50, 20, 10, 5];

/// A graph in a space: the seed whose loss is the least.
#[derive(Debug, Serialize)]
struct Fit {
    graph: String,
    nodes: usize,
    signature: Signature,
    curvatures: Vec<f64>,
    average_distortion: f64,
    worst_case: f64,
    map: f64,
    /// Of each seed, the average distortion.
    seeds: Vec<f64>,
    /// Of one training.
    seconds: f64,
}

/// What is left when distances are hidden.
#[derive(Debug, Serialize)]
struct Incomplete {
    known_percent: u32,
    /// Of the distances that were known.
    known_distortion: f64,
    /// Of those that were hidden; none when all are known.
    hidden_distortion: Option<f64>,
    map: f64,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    fits: &'a [Fit],
    incomplete: &'a [Incomplete],
}

/// The checkpoints stay until the report is written.
pub(super) fn run(
    settings: &Settings,
    checkpoints: &CheckpointOptions,
) -> Result<(Findings, Ledger)> {
    let own = graphs::own(settings.edges.as_deref(), settings.edge_list)?;
    let plan = plan(settings, own.as_ref())?;
    let mut ledger = open_ledger(settings, checkpoints, &plan)?;
    let mut fits = Vec::new();
    for (index, (graph, signatures)) in plan.into_iter().enumerate() {
        for signature in signatures {
            fits.push(fit(settings, (index, &graph), signature, &mut ledger)?);
        }
    }
    let tree = match own {
        Some(own) => own,
        None => graphs::balanced_tree(3, 3)?,
    };
    let incomplete = incomplete(settings, &tree, &mut ledger)?;
    let mut files = unfolding::draw(settings, &tree);
    files.extend(unfolding::draw_incomplete(
        settings,
        &tree.name,
        &curve(&incomplete),
    ));
    let details = Details {
        fits: &fits,
        incomplete: &incomplete,
    };
    let findings = Findings {
        details: serde_json::to_value(details).map_err(|error| Error::Data {
            path: settings.out.join("report.json"),
            reason: error.to_string(),
        })?,
        metrics: metrics(&fits),
        claims: claims(&fits, &incomplete),
        tables: tables(settings, &fits, &incomplete, &tree.name),
        files,
    };
    Ok((findings, ledger))
}

/// The checkpoints of this run, which can be resumed with the same settings and graphs.
fn open_ledger(
    settings: &Settings,
    checkpoints: &CheckpointOptions,
    plan: &[(Named, Vec<Signature>)],
) -> Result<Ledger> {
    let graphs = plan.iter().map(|(named, signatures)| {
        let (nodes, edges) = (named.graph.node_count(), named.graph.edge_count());
        let digest = graphs::digest(&named.graph);
        json!({"nodes": nodes, "edges": edges, "sha256": digest, "signatures": signatures})
    });
    let request = vec![
        ("signatures", json!(settings.signatures)),
        ("epochs", json!(settings.epochs)),
        ("seed", json!(settings.seed)),
        ("quick", json!(settings.quick)),
        ("threads", json!(settings.threads)),
        ("graphs", graphs.collect()),
    ];
    // Points and two moments of each, and the records; as many again for the distances that are incomplete.
    let numbers = |(named, signatures): &(Named, Vec<Signature>)| {
        let width = |s: &Signature| {
            s.factors()
                .iter()
                .map(|f| f.dim() as usize + 1)
                .sum::<usize>()
        };
        3 * SEEDS as usize * named.graph.node_count() * signatures.iter().map(width).sum::<usize>()
    };
    let nodes = plan.iter().map(|(named, _)| named.graph.node_count());
    let trainings: usize = plan.iter().map(|(_, signatures)| signatures.len()).sum();
    let trainings = KNOWN.len() + SEEDS as usize * trainings;
    let incomplete = 3 * 11 * KNOWN.len() * nodes.max().unwrap_or(0);
    let records = 3 * trainings * settings.epochs.unwrap_or(MOST_EPOCHS);
    let points: usize = plan.iter().map(numbers).sum();
    let bytes = size_of::<f64>() * (points + incomplete + records);
    let key = super::Sala2018::PAPER.key;
    Ledger::open(checkpoints, &settings.out, key, &request, bytes as u64)
}

/// Which graph goes into which spaces.
fn plan(settings: &Settings, own: Option<&Named>) -> Result<Vec<(Named, Vec<Signature>)>> {
    let parse = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<_>>>()
    };
    if let Some(own) = own {
        let usual: &[&str] = if own.graph.node_count() > LARGE {
            &FEW
        } else {
            &SIGNATURES
        };
        let signatures = match settings.signatures.as_slice() {
            [] => parse(usual)?,
            chosen => chosen.to_vec(),
        };
        return Ok(vec![(own.clone(), signatures)]);
    }
    let ten = match settings.signatures.as_slice() {
        [] if settings.quick => parse(&["E3", "H3"])?,
        [] => parse(&SIGNATURES)?,
        chosen => chosen.to_vec(),
    };
    let mut plan = vec![(graphs::balanced_tree(3, 3)?, ten.clone())];
    if settings.quick {
        return Ok(plan);
    }
    for network in graphs::networks()? {
        plan.push((network, ten.clone()));
    }
    if settings.signatures.is_empty() {
        for graph in [
            graphs::cycle(10)?,
            graphs::balanced_tree(3, 3)?,
            graphs::ring_of_trees()?,
        ] {
            plan.push((graph, parse(&MATCHING)?));
        }
        plan.push((graphs::mammals()?, parse(&FEW)?));
    }
    Ok(plan)
}

fn config(settings: &Settings, nodes: usize, signature: Signature, seed: u64) -> DistanceConfig {
    let usual = match (settings.quick, nodes > LARGE) {
        (true, _) => 60,
        (false, true) => 300,
        (false, false) => MOST_EPOCHS,
    };
    DistanceConfig {
        epochs: settings.epochs.unwrap_or(usual),
        seed,
        ..DistanceConfig::new(signature)
    }
}

/// A graph, with its place in the plan, in a space.
fn fit(
    settings: &Settings,
    (index, named): (usize, &Named),
    signature: Signature,
    ledger: &mut Ledger,
) -> Result<Fit> {
    let truth = shortest_paths(&named.graph);
    let nodes = named.graph.node_count();
    let seeds = if settings.quick || nodes > LARGE {
        1
    } else {
        SEEDS
    };
    let (mut best, mut averages): (Option<(DistanceEmbedding, Tensor)>, _) = (None, Vec::new());
    for seed in 0..seeds {
        let config = config(settings, nodes, signature.clone(), settings.seed + seed);
        let title = format!("{} in {signature}", named.name);
        let label = format!("graph {index} in {signature}, seed {seed}");
        let found = train(&title, &label, config, &truth, ledger)?;
        let distances = pairwise_distances(&found.space, &found.points);
        averages.push(distortion(&truth, &distances)?.average);
        if best
            .as_ref()
            .is_none_or(|(best, _)| last_loss(&found) < last_loss(best))
        {
            best = Some((found, distances));
        }
    }
    let Some((found, distances)) = best else {
        return Err(Error::invalid("sala2018", "at least one seed", 0));
    };
    let quality = distortion(&truth, &distances)?;
    Ok(Fit {
        graph: named.name.clone(),
        nodes,
        signature,
        curvatures: found.curvatures,
        average_distortion: quality.average,
        worst_case: quality.worst_case,
        map: mean_average_precision(&named.graph, &distances)?,
        seeds: averages,
        seconds: found.seconds,
    })
}

/// Trains from where the ledger's training of that label is.
fn train(
    title: &str,
    label: &str,
    config: DistanceConfig,
    truth: &Tensor,
    ledger: &mut Ledger,
) -> Result<DistanceEmbedding> {
    let progress = Progress::start(title.to_owned(), config.epochs as u64);
    let mut trainer = DistanceTrainer::new(config, truth)?;
    if let Some(state) = ledger.state(label) {
        trainer = trainer.resuming_from(&state)?;
    }
    let found = trainer.run(|epoch| {
        progress.epoch(epoch.record.epoch as u64, epoch.record.loss);
        let done = (epoch.record.epoch, epoch.epochs);
        ledger.note_epoch(label, done, false, || epoch.checkpoint());
        ControlFlow::Continue(())
    })?;
    progress.finish(&format!(
        "{title}: loss {:.4}, {:.1} s",
        last_loss(&found),
        found.seconds
    ));
    Ok(found)
}

fn last_loss(found: &DistanceEmbedding) -> f64 {
    found
        .history
        .last()
        .map_or(f64::INFINITY, |record| record.loss)
}

/// The tree from parts of its distances, drawn at random.
fn incomplete(settings: &Settings, named: &Named, ledger: &mut Ledger) -> Result<Vec<Incomplete>> {
    let truth = shortest_paths(&named.graph);
    let n = truth.size()[0];
    let signature: Signature = "H10".parse()?;
    let mut rows = Vec::new();
    let shares = if settings.quick { &KNOWN[..2] } else { &KNOWN };
    for &percent in shares {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
        // An edge's length is always known: without it the graph would not be.
        let hide = |edge: bool| !edge && rng.random_range(0..100) >= percent;
        let hidden = symmetric_mask(n, &truth, hide);
        let known = truth.masked_fill(&hidden, f64::NAN);
        let rest = truth.masked_fill(&hidden.logical_not(), f64::NAN);
        let config = config(settings, n as usize, signature.clone(), settings.seed);
        let label = format!("{}, {percent} % of distances known", named.name);
        let state = format!("{percent} % known");
        let found = train(&label, &state, config, &known, ledger)?;
        let distances = pairwise_distances(&found.space, &found.points);
        let some_hidden = rest.isfinite().any().int64_value(&[]) == 1;
        rows.push(Incomplete {
            known_percent: percent,
            known_distortion: distortion(&known, &distances)?.average,
            hidden_distortion: if some_hidden {
                Some(distortion(&rest, &distances)?.average)
            } else {
                None
            },
            map: mean_average_precision(&named.graph, &distances)?,
        });
    }
    Ok(rows)
}

/// Which pairs are hidden: a symmetric matrix, false on the diagonal.
fn symmetric_mask(n: i64, truth: &Tensor, mut hide: impl FnMut(bool) -> bool) -> Tensor {
    let mut hidden = vec![false; (n * n) as usize];
    let lengths: Vec<f64> = Vec::try_from(truth.view(-1)).unwrap_or_default();
    for x in 0..n as usize {
        for y in 0..x {
            let (there, back) = (x * n as usize + y, y * n as usize + x);
            hidden[there] = hide(lengths[there] <= 1.0);
            hidden[back] = hidden[there];
        }
    }
    Tensor::from_slice(&hidden).view([n, n])
}

fn curve(rows: &[Incomplete]) -> Vec<[f64; 3]> {
    let row = |row: &Incomplete| {
        [
            f64::from(row.known_percent),
            row.known_distortion,
            row.hidden_distortion.unwrap_or(row.known_distortion),
        ]
    };
    rows.iter().map(row).collect()
}

fn metrics(fits: &[Fit]) -> BTreeMap<String, Option<f64>> {
    let figure = |fit: &Fit| {
        let key = format!("average_distortion/{}/{}", fit.graph, fit.signature);
        (key, Some(fit.average_distortion))
    };
    fits.iter().map(figure).collect()
}

fn claims(fits: &[Fit], incomplete: &[Incomplete]) -> Vec<Claim> {
    let of = |graph: &str, signature: &str| {
        let found = fits
            .iter()
            .find(|fit| fit.graph.starts_with(graph) && fit.signature.to_string() == signature);
        found.map(|fit| fit.average_distortion)
    };
    let mut claims = Vec::new();
    let mut claim = |statement: &str, graph: &str, spaces: &[&str], published: &str| {
        let ours = spaces
            .iter()
            .map(|space| Some(format!("{space} {:.4}", of(graph, space)?)));
        if let Some(ours) = ours.collect::<Option<Vec<_>>>() {
            claims.push(Claim {
                statement: statement.into(),
                ours: ours.join(", "),
                published: published.into(),
            });
        }
    };
    claim(
        "A tree fits hyperbolic space better than a flat or a spherical one of ten dimensions (average distortion)",
        "balanced tree",
        &["H10", "E10", "S10"],
        "so said (sala2018, gu2019)",
    );
    claim(
        "A cycle fits a sphere (gu2019; three dimensions)",
        "cycle",
        &["S3", "E3", "H3", "H2xS1"],
        "so said",
    );
    claim(
        "A tree fits hyperbolic space (gu2019; three dimensions)",
        "balanced tree",
        &["H3", "E3", "S3", "H2xS1"],
        "so said",
    );
    claim(
        "A ring of trees fits the product H2xS1 better than any single space (gu2019; three dimensions)",
        "ring of trees",
        &["H2xS1", "E3", "H3", "S3"],
        "so said",
    );
    if let Some(row) = incomplete.iter().find(|row| row.known_percent == 20)
        && let Some(hidden) = row.hidden_distortion
    {
        claims.push(Claim {
            statement: "Incomplete distances suffice".into(),
            ours: format!("20 % known: average distortion {hidden:.4} on those hidden"),
            published: "so said, without a figure for this".into(),
        });
    }
    claims
}

fn tables(settings: &Settings, fits: &[Fit], incomplete: &[Incomplete], tree: &str) -> String {
    let mut text = String::new();
    let mut graphs: Vec<&str> = Vec::new();
    for fit in fits {
        if !graphs.contains(&fit.graph.as_str()) {
            graphs.push(&fit.graph);
        }
    }
    let header = [
        "space",
        "distortion",
        "worst case",
        "MAP",
        "of all seeds",
        "curvatures",
        "seconds",
    ];
    for graph in graphs {
        let of_it = fits.iter().filter(|fit| fit.graph == graph);
        let nodes = of_it.clone().next().map_or(0, |fit| fit.nodes);
        let rows: Vec<Vec<String>> = of_it.map(row).collect();
        let table = table::layout(&header, &rows);
        let _ = write!(
            text,
            "\n{graph} ({nodes} nodes), average distortion\n{table}"
        );
    }
    let header = ["known", "distortion of the known", "of the hidden", "MAP"];
    let rows = incomplete.iter().map(|row| {
        vec![
            format!("{} %", row.known_percent),
            format!("{:.4}", row.known_distortion),
            row.hidden_distortion
                .map_or("—".into(), |hidden| format!("{hidden:.4}")),
            format!("{:.3}", row.map),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let _ = write!(
        text,
        "\n{tree} in H10 from a part of its distances, edges always known\n{}",
        table::layout(&header, &rows)
    );
    if settings.quick {
        text.push_str("\nA quick run: few epochs.\n");
    }
    text
}

fn row(fit: &Fit) -> Vec<String> {
    let numbers = |numbers: &[f64], digits: usize| {
        let texts: Vec<String> = numbers.iter().map(|n| format!("{n:.digits$}")).collect();
        texts.join(" ")
    };
    vec![
        fit.signature.to_string(),
        format!("{:.4}", fit.average_distortion),
        format!("{:.2}", fit.worst_case),
        format!("{:.3}", fit.map),
        numbers(&fit.seeds, 4),
        numbers(&fit.curvatures, 3),
        format!("{:.1}", fit.seconds),
    ]
}

/// Says that these options are for another task.
pub(super) fn refuse_options(settings: &Settings) -> Result<()> {
    if settings.signatures.is_empty() && settings.epochs.is_none() {
        return Ok(());
    }
    Err(Error::invalid(
        "sala2018",
        "--task products beside --signature or --epochs",
        "another task",
    ))
}
