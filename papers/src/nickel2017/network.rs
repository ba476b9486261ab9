//! Embeddings of social networks, by the probability of their edges.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use holonomy::Result;
use holonomy::embed::{
    FermiDirac, LinkPrediction, Model, NetworkConfig, NetworkTrainer, Split, SplitConfig,
    link_prediction, reconstruction,
};
use holonomy::graph::Graph;
use holonomy::graph::both_ways;
use holonomy::scores::roc_auc;
use serde::Serialize;
use tch::Tensor;

use super::experiment::median;
use super::findings::{Findings, go_on, json, seeds};
use super::options::{Settings, title};
use super::published::PAPER_NETWORKS;
use super::task::TaskOptions;
use crate::data::graphs::digest;
use crate::harness::Experiment;
use crate::harness::ledger::{CheckpointOptions, Ledger};
use crate::harness::progress::Progress;
use crate::harness::report::Claim;
use crate::harness::{interrupt, output, table};

/// The radii and temperatures that the validation set chooses from.
const RADII: [f64; 2] = [1.0, 2.0];
const TEMPERATURES: [f64; 3] = [0.25, 0.5, 1.0];

/// At most so many pairs without an edge go into the area under the curve; all where there are fewer.
const NON_EDGES: usize = 200_000;

/// A network to embed.
struct Network {
    name: String,
    graph: Graph,
}

impl Network {
    fn load(options: &TaskOptions, settings: &Settings) -> Result<Vec<Self>> {
        if let Some(path) = &settings.edges {
            return Ok(vec![Self {
                name: path.display().to_string(),
                graph: settings.edge_list.read(path)?,
            }]);
        }
        let shipped = options.network.iter().map(|name| {
            Ok(Self {
                name: name.title().to_owned(),
                graph: name.graph()?,
            })
        });
        shipped.collect()
    }

    fn nodes(&self) -> usize {
        self.graph.node_count()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edges = self.graph.edge_count();
        write!(f, "{}: {} nodes, {edges} edges", self.name, self.nodes())
    }
}

/// A network in one space, over seeds.
#[derive(Debug, Serialize)]
struct Runs {
    network: String,
    nodes: usize,
    edges: usize,
    model: Model,
    results: Vec<Outcome>,
}

/// One seed's result; the seed decides the split too.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    seed: u64,
    /// What the validation set chose, or the user gave.
    fermi_dirac: FermiDirac,
    validation: LinkPrediction,
    test: LinkPrediction,
    /// How often a test edge is shorter than a pair without an edge.
    test_auc: f64,
    /// MAP of all edges, with all trained on.
    reconstruction_map: f64,
    /// Training for the figures of the test alone.
    train_seconds: f64,
}

impl Runs {
    fn median(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.results.iter().map(figure).collect())
    }

    fn figures(&self) -> [(&'static str, f64); 4] {
        [
            (
                "reconstruction_map",
                self.median(|result| result.reconstruction_map),
            ),
            ("map", self.median(|result| result.test.map)),
            ("mean_rank", self.median(|result| result.test.mean_rank)),
            ("auc", self.median(|result| result.test_auc)),
        ]
    }

    fn row(&self) -> Vec<String> {
        let mut row = vec![format!("{}, {}", self.network, title(self.model))];
        row.extend(self.figures().map(|(_, value)| format!("{value:.3}")));
        row.push(self.chosen());
        row.push(self.results.len().to_string());
        row
    }

    /// Radius and temperature of each seed, those that differ.
    fn chosen(&self) -> String {
        let mut chosen: Vec<String> = self
            .results
            .iter()
            .map(|result| {
                let FermiDirac {
                    radius,
                    temperature,
                } = result.fermi_dirac;
                format!("{radius}, {temperature}")
            })
            .collect();
        chosen.dedup();
        chosen.join("; ")
    }
}

const HEADER: [&str; 7] = [
    "",
    "MAP, all edges",
    "MAP, held out",
    "rank",
    "AUC",
    "r, t",
    "runs",
];

/// Embeds every network in the main space and in flat space beside it; the checkpoints stay until the report
/// is written.
pub(super) fn run(
    options: &TaskOptions,
    checkpoints: &CheckpointOptions,
    settings: &Settings,
) -> Result<(Findings, Ledger)> {
    let networks = Network::load(options, settings)?;
    let mut ledger = open_ledger(options, checkpoints, settings, &networks)?;
    let mut models = vec![settings.main.model];
    if settings.main.model != Model::Euclidean {
        models.push(Model::Euclidean);
    }
    let mut runs = Vec::new();
    for network in &networks {
        output::note(&format!("data: {network}; Ctrl-C stops"));
        for &model in &models {
            let place = runs.len();
            runs.push(Runs {
                network: network.name.clone(),
                nodes: network.nodes(),
                edges: network.graph.edge_count(),
                model,
                results: over_seeds(network, (place, model), options, settings, &mut ledger)?,
            });
        }
    }
    let count = settings.seeds.len();
    let complete = runs.iter().all(|runs| runs.results.len() == count);
    runs.retain(|runs| !runs.results.is_empty());
    let shipped = settings.edges.is_none();
    let findings = Findings {
        details: serde_json::json!({
            "config": config(settings, settings.main.model, settings.main.seed, FIRST),
            "held_out": options.held_out,
            "radii": grid(options, settings).0,
            "temperatures": grid(options, settings).1,
            "runs": json(&runs),
            "published": PAPER_NETWORKS,
            "notes": NOTES,
        }),
        metrics: metrics(settings, &runs),
        claims: claims(&runs, shipped),
        table: text(settings, &runs),
        complete,
    };
    Ok((findings, ledger))
}

/// The checkpoints of this run, which can be resumed with the same settings, seeds and networks.
fn open_ledger(
    options: &TaskOptions,
    checkpoints: &CheckpointOptions,
    settings: &Settings,
    networks: &[Network],
) -> Result<Ledger> {
    let (radii, temperatures) = grid(options, settings);
    let main = config(settings, settings.main.model, settings.main.seed, FIRST);
    let width = main.model.width(main.dim);
    let nodes: usize = networks.iter().map(Network::nodes).sum();
    let trainings = 2 * settings.seeds.len() * (radii.len() * temperatures.len() + 1);
    let description = |network: &Network| {
        serde_json::json!({
            "nodes": network.nodes(),
            "edges": network.graph.edge_count(),
            "sha256": digest(&network.graph),
        })
    };
    let request = vec![
        ("task", serde_json::json!("network")),
        ("seeds", serde_json::json!(settings.seeds)),
        ("config", serde_json::json!(main)),
        ("held_out", serde_json::json!(options.held_out)),
        ("radii", serde_json::json!(radii)),
        ("temperatures", serde_json::json!(temperatures)),
        ("threads", serde_json::json!(settings.main.threads)),
        ("quick", serde_json::json!(settings.quick)),
        ("networks", networks.iter().map(description).collect()),
    ];
    let bytes = size_of::<f64>() * trainings * (nodes * width + 3 * main.epochs);
    let key = super::Nickel2017::PAPER.key;
    Ledger::open(checkpoints, &settings.out, key, &request, bytes as u64)
}

const NOTES: &str = "Each seed draws a split of its own. Radius and temperature are those with the \
                     best MAP on the validation edges, and serve the reconstruction too. Each held-out \
                     edge is ranked from both of its ends, among the nodes without an edge in any part.";

const FIRST: FermiDirac = FermiDirac {
    radius: RADII[0],
    temperature: TEMPERATURES[0],
};

/// The radii and temperatures to choose from.
fn grid(options: &TaskOptions, settings: &Settings) -> (Vec<f64>, Vec<f64>) {
    let choice = |given: Option<f64>, all: &[f64]| match given {
        Some(value) => vec![value],
        None if settings.quick => vec![all[1]],
        None => all.to_vec(),
    };
    (
        choice(options.radius, &RADII),
        choice(options.temperature, &TEMPERATURES),
    )
}

fn config(settings: &Settings, model: Model, seed: u64, edges: FermiDirac) -> NetworkConfig {
    let usual = NetworkConfig::default();
    NetworkConfig {
        model,
        dim: settings.main.dim,
        edges,
        epochs: settings.main.epochs,
        learning_rate: settings.learning_rate.unwrap_or(usual.learning_rate),
        negatives: settings.main.negatives,
        seed,
        ..usual
    }
}

fn over_seeds(
    network: &Network,
    (place, model): (usize, Model),
    options: &TaskOptions,
    settings: &Settings,
    ledger: &mut Ledger,
) -> Result<Vec<Outcome>> {
    let mut results = Vec::new();
    // Refuses what cannot be trained before it is split: what is held out has no edge.
    let (nodes, edges) = (network.nodes(), network.graph.edges());
    NetworkTrainer::new(config(settings, model, 0, FIRST), nodes, edges)?;
    for (index, &seed) in settings.seeds.iter().enumerate() {
        let shares = SplitConfig {
            validation: options.held_out,
            test: options.held_out,
            seed,
        };
        let split = Split::of_network(network.nodes(), network.graph.edges(), &shares)?;
        let candidates = candidates(options, settings);
        let title = format!("{}, {}, seed {seed}", network.name, title(model));
        let trainings = candidates.len() as u64 + 1;
        let progress = Progress::start(title.clone(), trainings * settings.main.epochs as u64);
        let config = |edges| config(settings, model, seed, edges);
        // The index tells apart what a user asks for twice.
        let label = format!("network {place}, run {}", index + 1);
        let mut train = |name: &str, edges, pairs: &[(u32, u32)]| {
            let label = format!("{label}, {name}");
            train(
                &label,
                config(edges),
                network.nodes(),
                pairs,
                &progress,
                ledger,
            )
        };
        let mut best: Option<Outcome> = None;
        for edges in candidates {
            let name = format!("r {}, t {}", edges.radius, edges.temperature);
            let Some(points) = train(&name, edges, &split.train)? else {
                break;
            };
            let outcome = evaluate(model, &split, &points, edges, seed)?;
            if best
                .as_ref()
                .is_none_or(|best| outcome.validation.map > best.validation.map)
            {
                best = Some(outcome);
            }
        }
        let whole = match &best {
            Some(best) => train("all edges", best.fermi_dirac, &split.all())?,
            None => None,
        };
        let (Some(mut best), Some(whole)) = (best, whole) else {
            break;
        };
        best.reconstruction_map =
            reconstruction(model, &whole.points, &both_ways(&split.all()))?.map;
        progress.finish(&format!(
            "{title}: MAP {:.4} of held-out edges",
            best.test.map
        ));
        results.push(best);
    }
    Ok(results)
}

fn candidates(options: &TaskOptions, settings: &Settings) -> Vec<FermiDirac> {
    let (radii, temperatures) = grid(options, settings);
    let with = |&radius| {
        temperatures.iter().map(move |&temperature| FermiDirac {
            radius,
            temperature,
        })
    };
    radii.iter().flat_map(with).collect()
}

/// A trained embedding, as far as it is needed here.
struct Trained {
    points: Tensor,
    seconds: f64,
}

/// Trains to the end, from where the ledger's training of that label is; `None` where the user stopped it.
fn train(
    label: &str,
    config: NetworkConfig,
    nodes: usize,
    edges: &[(u32, u32)],
    progress: &Progress,
    ledger: &mut Ledger,
) -> Result<Option<Trained>> {
    if interrupt::requested() {
        return Ok(None);
    }
    let mut trainer = NetworkTrainer::new(config, nodes, edges)?;
    if let Some(state) = ledger.state(label) {
        trainer = trainer.resuming_from(&state)?;
        progress.bar().inc(trainer.epochs_done() as u64);
    }
    let trained = trainer.run(|epoch| {
        progress.advance(epoch.record.loss);
        let stops = interrupt::requested();
        let done = (epoch.record.epoch, epoch.epochs);
        ledger.note_epoch(label, done, stops, || epoch.checkpoint());
        go_on()
    });
    let trained = trained?.embedding;
    Ok((!trained.stopped_early).then_some(Trained {
        points: trained.points,
        seconds: trained.seconds,
    }))
}

fn evaluate(
    model: Model,
    split: &Split,
    trained: &Trained,
    fermi_dirac: FermiDirac,
    seed: u64,
) -> Result<Outcome> {
    let all = both_ways(&split.all());
    let rank =
        |edges: &[(u32, u32)]| link_prediction(model, &trained.points, &both_ways(edges), &all);
    Ok(Outcome {
        seed,
        fermi_dirac,
        validation: rank(&split.validation)?,
        test: rank(&split.test)?,
        test_auc: auc(model, &trained.points, split)?,
        reconstruction_map: f64::NAN,
        train_seconds: trained.seconds,
    })
}

/// How often a test edge is shorter than a pair without an edge.
fn auc(model: Model, points: &Tensor, split: &Split) -> Result<f64> {
    let nodes = points.size()[0] as u32;
    let non_edges = non_edges(nodes, &split.all());
    let nearness = |pairs: &[(u32, u32)]| nearness(model, points, pairs);
    roc_auc(&nearness(&split.test)?, &nearness(&non_edges)?)
}

/// All pairs without an edge, or evenly spaced ones where they are too many.
fn non_edges(nodes: u32, edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let edges: HashSet<&(u32, u32)> = edges.iter().collect();
    let nodes_wide = u64::from(nodes);
    let pairs = (nodes_wide * (nodes_wide - 1) / 2) as usize;
    (0..nodes)
        .flat_map(|u| (u + 1..nodes).map(move |v| (u, v)))
        .step_by(pairs.div_ceil(NON_EDGES).max(1))
        .filter(|pair| !edges.contains(pair))
        .collect()
}

/// Minus the distance of each pair.
fn nearness(model: Model, points: &Tensor, pairs: &[(u32, u32)]) -> Result<Vec<f64>> {
    let manifold = model.manifold(points.size()[1] as usize + 1 - model.width(1))?;
    let rows = |nodes: Vec<i64>| points.index_select(0, &Tensor::from_slice(&nodes));
    let sources = rows(pairs.iter().map(|pair| i64::from(pair.0)).collect());
    let targets = rows(pairs.iter().map(|pair| i64::from(pair.1)).collect());
    let dists = -manifold.dist(&sources, &targets);
    Vec::try_from(&dists).map_err(|source| holonomy::Error::Torch {
        op: "nickel2017",
        source,
    })
}

/// The figures of the main space, each under the name of its network.
fn metrics(settings: &Settings, runs: &[Runs]) -> BTreeMap<String, f64> {
    let main = runs.iter().filter(|runs| runs.model == settings.main.model);
    main.flat_map(|runs| {
        let figures = runs.figures().into_iter();
        figures.map(|(name, value)| (format!("{}: {name}", runs.network), value))
    })
    .collect()
}

fn text(settings: &Settings, runs: &[Runs]) -> String {
    let rows: Vec<Vec<String>> = runs.iter().map(Runs::row).collect();
    let mut text = format!("\nNetworks in {} dimensions\n", settings.main.dim);
    text.push_str(&table::layout(&HEADER, &rows));
    text.push_str(
        "  Medians over the runs, each with a split of its own. r and t: the best on the validation\n  \
         edges, seed by seed where they differ.\n\
         \nThe paper's own figures, on other networks and so not to be compared with the above:\nMAP in \
         10 dimensions\n",
    );
    let theirs: Vec<Vec<String>> = PAPER_NETWORKS
        .iter()
        .map(|network| {
            vec![
                format!("{}, {}", network.data, network.what),
                network.reconstruction_map.to_string(),
                network.map.to_string(),
            ]
        })
        .collect();
    text.push_str(&table::layout(&HEADER[..3], &theirs));
    text
}

fn claims(runs: &[Runs], shipped: bool) -> Vec<Claim> {
    if !shipped {
        return Vec::new();
    }
    let ours = runs.iter().map(|runs| {
        let [(_, whole), (_, map), _, (_, auc)] = runs.figures();
        format!(
            "{}, {}: MAP {whole:.3} of all edges, {map:.3} of held-out ones, AUC {auc:.3} ({})",
            runs.network,
            title(runs.model),
            seeds(runs.results.len())
        )
    });
    vec![Claim {
        statement:
            "Networks are embedded, and their missing edges predicted, better in hyperbolic than \
                    in Euclidean space of few dimensions"
                .into(),
        ours: ours.collect::<Vec<_>>().join("; "),
        published: "none for these networks: the paper embeds four of scientific collaboration"
            .into(),
    }]
}
