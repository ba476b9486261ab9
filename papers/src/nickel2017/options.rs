//! The options of `papers run nickel2017` and what they mean together.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use holonomy::device::{self, Choice, Request};
use holonomy::embed::{Decay, Model, RankedNodes, Start, TrainConfig, TrainPath};
use holonomy::{Error, Result};
use serde::Serialize;

use super::task::{Task, TaskOptions};
use crate::harness::arguments::EdgeListArgs;
use crate::harness::arguments::model;
use crate::harness::ledger::CheckpointOptions;
use crate::harness::{machine, results};

/// As the user gave them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Ctrl-C finishes the epoch, saves what is there and says so; a second Ctrl-C stops at once.
A stopped or killed run goes on with the same options and --resume.
Training time excludes reading the data, evaluation and drawing.")]
pub(crate) struct Options {
    /// Dimension of the main embedding
    #[arg(
        long,
        default_value_t = 5,
        value_name = "N",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    dim: u32,

    /// Space of the main embedding
    #[arg(long, default_value_t = Model::Ball, value_parser = model())]
    manifold: Model,

    /// Hierarchy to embed
    #[arg(long, value_enum, default_value_t = Dataset::Mammals, conflicts_with = "edges")]
    dataset: Dataset,

    /// Embed your own hierarchy instead: a file with an edge a line, child then parent (CSV, TSV, or as SNAP,
    /// KONECT, Matrix Market and networkx write it), of which the transitive closure is taken
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,

    #[command(flatten)]
    edge_list: EdgeListArgs,

    /// Where the points are before training: near the origin at random, or where the hierarchy puts
    /// them as nested half-spaces [default: random; for the nouns half-spaces]
    #[arg(long, value_name = "START", value_parser = start())]
    start: Option<Start>,

    /// Passes over the pairs [default: 300, and from half-spaces 100; with --quick 20, for the nouns 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    epochs: Option<u32>,

    /// Passes at the beginning with a small learning rate and negatives drawn by degree
    /// [default: a third of all; from half-spaces none]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    burn_in: Option<u32>,

    /// Learning rate after the burn-in [default: 0.6; euclidean 0.1; from half-spaces 1.5, falling
    /// linearly to 0.03]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = learning_rate)]
    lr: Option<f64>,

    /// Negative samples for each pair [default: 50; for the task network 10]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    negatives: Option<u32>,

    /// Seeds, one run each; figures are medians over them [default: 1,2,3; with --quick 1]
    #[arg(
        long,
        visible_alias = "seeds",
        value_name = "SEED,...",
        value_delimiter = ','
    )]
    #[arg(allow_negative_numbers = true, value_parser = seed)]
    seed: Vec<u64>,

    /// Tasks reconstruction and links: nodes to rank for MAP and mean rank, each against all others: all, or a number drawn at random by
    /// the seed, which gives figures with a standard error [default: all; in hierarchies of more than
    /// 200,000 nodes 10,000, with --quick in those of more than 10,000 nodes 2,000]
    #[arg(long, value_name = "all|N", allow_negative_numbers = true, value_parser = ranked)]
    ranked: Option<Ranked>,

    /// Device to train on: auto (CUDA where there is any), cpu, cuda or cuda:INDEX; the cpu trains
    /// with the native kernel, CUDA with batched tensor operations [default: cpu]
    #[arg(long)]
    device: Option<Request>,

    /// Pairs in one step of the tensor operations; their gradients are added
    /// [default: 32; on CUDA 1024]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    batch: Option<u32>,

    /// Threads of the CPU to use [default: all]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// Folder for the report, the embedding and the picture [default: target/papers/nickel2017 in
    /// the checkout, with the task's name behind it for tasks other than reconstruction, and
    /// "nouns" for the nouns]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) checkpoints: CheckpointOptions,

    /// Make the main embedding alone, without the Euclidean one and the drawing beside it
    #[arg(long)]
    alone: bool,

    /// A short run that shows that everything works; its figures mean nothing
    #[arg(long)]
    quick: bool,

    #[command(flatten)]
    pub(super) task: TaskOptions,
}

/// The hierarchies that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dataset {
    /// The mammals of WordNet 3.0: 1,182 nodes
    Mammals,
    /// All nouns of WordNet 3.0: 82,115 nodes
    Nouns,
}

/// How many nodes are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ranked {
    All,
    Sample(usize),
}

/// What all runs share.
#[derive(Debug, Serialize)]
pub(crate) struct Settings {
    /// The run that the metrics are of, with the first seed.
    pub(crate) main: TrainConfig,
    /// The learning rate as the user gave it, for all runs.
    #[serde(skip)]
    pub(crate) learning_rate: Option<f64>,
    pub(crate) dataset: Option<Dataset>,
    pub(crate) edges: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) edge_list: EdgeListArgs,
    pub(crate) seeds: Vec<u64>,
    /// As the user gave it; see [`Settings::ranked_nodes`].
    #[serde(skip)]
    ranked: Option<Ranked>,
    /// Whether the main run has no others beside it.
    pub(crate) alone: bool,
    pub(crate) quick: bool,
    #[serde(skip)]
    pub(crate) device: Choice,
    #[serde(skip)]
    pub(crate) out: PathBuf,
}

impl Options {
    /// What the options mean on this machine.
    pub(crate) fn settings(&self, key: &str) -> Result<Settings> {
        self.check_ranked()?;
        let device = self.choose_device()?;
        let seeds: &[u64] = if self.quick { &[1] } else { &[1, 2, 3] };
        let seeds = if self.seed.is_empty() {
            seeds.to_vec()
        } else {
            self.seed.clone()
        };
        let out = self.out.clone();
        Ok(Settings {
            main: TrainConfig {
                seed: seeds[0],
                ..self.main(&device)
            },
            learning_rate: self.lr,
            dataset: self.edges.is_none().then_some(self.dataset),
            edges: self.edges.clone(),
            edge_list: self.edge_list,
            seeds,
            ranked: self.ranked,
            alone: self.alone,
            quick: self.quick,
            device,
            out: out.unwrap_or_else(|| results::default_folder().join(self.folder(key))),
        })
    }

    fn check_ranked(&self) -> Result<()> {
        let ranks = matches!(self.task.task, Task::Reconstruction | Task::Links);
        if self.ranked.is_none() || ranks {
            return Ok(());
        }
        let expected = "the task reconstruction or links with --ranked";
        Err(Error::invalid(
            "nickel2017",
            expected,
            self.task.task.name(),
        ))
    }

    /// The folder for the results, unless the user names one: runs on other data keep apart.
    fn folder(&self, key: &str) -> String {
        let data = if self.is_nouns() { "-nouns" } else { "" };
        format!("{}{data}", self.task.folder(key))
    }

    fn is_nouns(&self) -> bool {
        self.edges.is_none() && self.dataset == Dataset::Nouns
    }

    fn start(&self) -> Start {
        let usual = if self.is_nouns() && self.manifold != Model::Euclidean {
            Start::HalfSpaces
        } else {
            Start::Random
        };
        self.start.unwrap_or(usual)
    }

    fn main(&self, device: &Choice) -> TrainConfig {
        let default = recipe(self.start(), self.manifold);
        let usual = match (self.quick, self.is_nouns()) {
            (false, _) => default.epochs,
            (true, false) => QUICK_EPOCHS,
            (true, true) => 1,
        };
        let epochs = self.epochs.map_or(usual, |epochs| epochs as usize);
        let burn_in = match default.start {
            Start::Random => epochs / 3,
            Start::HalfSpaces => 0,
        };
        TrainConfig {
            model: self.manifold,
            path: if device.device == tch::Device::Cpu {
                TrainPath::Native
            } else {
                TrainPath::Tensor
            },
            dim: self.dim as usize,
            epochs,
            learning_rate: self.lr.unwrap_or(default.learning_rate),
            burn_in_epochs: self.burn_in.map_or(burn_in, |epochs| epochs as usize),
            negatives: self.negatives() as usize,
            batch: match self.batch {
                Some(batch) => batch as usize,
                None if device.device == tch::Device::Cpu => default.batch,
                None => CUDA_BATCH,
            },
            threads: self
                .threads
                .map_or_else(machine::cores, |threads| threads as usize),
            ..default
        }
    }

    fn negatives(&self) -> u32 {
        let usual = if self.task.task == Task::Network {
            10
        } else {
            50
        };
        self.negatives.unwrap_or(usual)
    }

    fn choose_device(&self) -> Result<Choice> {
        match self.device {
            Some(request) => device::choose(request),
            None => Ok(Choice {
                device: tch::Device::Cpu,
                reason: "the default: training has a native kernel there".into(),
            }),
        }
    }
}

const QUICK_EPOCHS: usize = 20;

/// Up to so many nodes all are ranked, of more so many: in a quick run, and in any other.
const QUICK_RANKED: [usize; 2] = [10_000, 2_000];
const RANKED: [usize; 2] = [200_000, 10_000];

impl Settings {
    /// How many of so many nodes are ranked.
    pub(crate) fn ranked(&self, nodes: usize) -> Ranked {
        let [all_up_to, sample] = if self.quick { QUICK_RANKED } else { RANKED };
        self.ranked.unwrap_or(if nodes > all_up_to {
            Ranked::Sample(sample)
        } else {
            Ranked::All
        })
    }

    /// Which of so many nodes a run with this seed ranks.
    pub(crate) fn ranked_nodes(&self, nodes: usize, seed: u64) -> RankedNodes {
        match self.ranked(nodes) {
            Ranked::All => RankedNodes::All,
            Ranked::Sample(nodes) => RankedNodes::Sample { nodes, seed },
        }
    }
}

/// Enough work for a GPU in one step; a first guess, not measured on one.
const CUDA_BATCH: usize = 1024;

/// The settings that serve a start and a model well. The half-spaces' come from some twenty trials on
/// the nouns in ten dimensions with seed 1, by MAP and mean rank. Rates from 0.1 to 5 were among them,
/// but with different epochs and samplings, so that 1.5 is a good rate and not shown to be the best.
pub(crate) fn recipe(start: Start, model: Model) -> TrainConfig {
    let random = TrainConfig {
        model,
        learning_rate: learning_rate_for(model),
        ..TrainConfig::default()
    };
    match start {
        Start::Random => random,
        Start::HalfSpaces => TrainConfig {
            start,
            epochs: 100,
            learning_rate: 1.5,
            schedule: Decay::Linear { last: 0.02 },
            burn_in_epochs: 0,
            ..random
        },
    }
}

/// A learning rate that serves the mammals well: of 0.01, 0.03, 0.05, 0.1, 0.3, 0.6 and 1 the one
/// with the best MAP in flat space, and the library's own recipe in the others.
pub(crate) fn learning_rate_for(model: Model) -> f64 {
    match model {
        Model::Ball | Model::Lorentz => TrainConfig::default().learning_rate,
        Model::Euclidean => 0.1,
    }
}

/// How people call a space.
pub(crate) fn title(model: Model) -> &'static str {
    match model {
        Model::Ball => "Poincaré ball",
        Model::Lorentz => "hyperboloid",
        Model::Euclidean => "Euclidean",
    }
}

fn start() -> impl TypedValueParser<Value = Start> {
    PossibleValuesParser::new([
        PossibleValue::new("random").help("Near the origin"),
        PossibleValue::new("half-spaces").help("Nested as the hierarchy is"),
    ])
    .try_map(|name| name.parse::<Start>())
}

fn ranked(text: &str) -> std::result::Result<Ranked, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(Ranked::All),
        (_, Ok(nodes)) if nodes >= 2 => Ok(Ranked::Sample(nodes)),
        _ => Err("expected all, or a number of nodes from 2".into()),
    }
}

fn seed(text: &str) -> std::result::Result<u64, String> {
    let expected = |_| format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(expected)
}

fn learning_rate(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("expected a finite number above 0".into()),
    }
}
