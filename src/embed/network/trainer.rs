//! Embeddings of undirected networks, in which edges are more likely between near nodes.

use std::ops::ControlFlow;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use super::fermi_dirac::FermiDirac;
use crate::checkpoint::Checkpoint;
use crate::embed::hierarchy::Embedding;
use crate::embed::model::Model;
use crate::embed::model::table::check_pairs;
use crate::embed::training::epochs;
use crate::embed::training::epochs::{EpochRecord, Resumable, Resumed, Training};
use crate::embed::training::sampler::{NegativeLaw, NegativeSampler, Seen};
use crate::graph::both_ways;
use crate::numerics::{require_at_least_one, require_positive, with_grad};
use crate::optim::{ManifoldParameter, RiemannianSgd, Schedule, SgdConfig, during};
use crate::random::mix;
use crate::random::random_normal;
use crate::{Error, Euclidean, Geodesic, Result};

/// The settings of a [`NetworkTrainer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// The space.
    pub model: Model,
    /// Its dimension.
    pub dim: usize,
    /// The probability of an edge at a distance. The paper chooses r and t for each network on the
    /// validation set.
    pub edges: FermiDirac,
    /// Whether the radius is learned together with the points, starting from the given one, with
    /// the mean gradient of a batch. It has no bound and may become negative, as [`FermiDirac`]
    /// allows.
    pub learn_radius: bool,
    /// The number of epochs; each visits every edge twice, once from each end.
    pub epochs: usize,
    /// The learning rate: the length of the step of one edge for a gradient of length 1. It falls
    /// linearly to a tenth.
    pub learning_rate: f64,
    /// The number of negatives for each visit of an edge: nodes without an edge to the node of the
    /// visit. Where ten draws for each negative find fewer, fewer are used.
    pub negatives: usize,
    /// The number of visits in one step; their gradients are added.
    pub batch: usize,
    /// The standard deviation of the coordinates at the start.
    pub init_scale: f64,
    /// Seeds the initial points, the order of the edges and the negatives.
    pub seed: u64,
}

impl Default for NetworkConfig {
    /// The ball in 5 dimensions, r = 2 and t = 1 (not learned), 300 epochs at rate 0.3, 10
    /// negatives, batches of 32, coordinates of standard deviation 0.01, seed 0.
    fn default() -> Self {
        Self {
            model: Model::Ball,
            dim: 5,
            edges: FermiDirac {
                radius: 2.0,
                temperature: 1.0,
            },
            learn_radius: false,
            epochs: 300,
            learning_rate: 0.3,
            negatives: 10,
            batch: 32,
            init_scale: 1e-2,
            seed: 0,
        }
    }
}

/// The share of the learning rate that is left at the end.
const LAST_RATE: f64 = 0.1;

impl NetworkConfig {
    /// Whether every setting has a value that training is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        const OP: &str = "NetworkConfig";
        for (name, value) in [
            ("dim", self.dim),
            ("epochs", self.epochs),
            ("negatives", self.negatives),
            ("batch", self.batch),
        ] {
            require_at_least_one(OP, name, value)?;
        }
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("init_scale", self.init_scale),
        ] {
            require_positive(OP, name, value)?;
        }
        self.edges.validate()
    }
}

/// A trained embedding of a network.
#[derive(Debug)]
pub struct NetworkEmbedding {
    /// The points, and how the training went.
    pub embedding: Embedding,
    /// The probability of an edge at a distance, with the learned radius where it was learned.
    pub edges: FermiDirac,
}

/// Trains an embedding of an undirected network by the likelihood of its edges.
///
/// ```text
/// loss(u, v) = −log P(edge | d(u,v)) − Σ_{w ∈ N} log P(no edge | d(u,w))
/// ```
///
/// Here P is that of [`FermiDirac`], and N are the negatives: distinct nodes without an edge to u,
/// drawn uniformly. Every epoch visits each edge twice, as (u, v) and as (v, u), in a new order;
/// each batch is one step of [`RiemannianSgd`] along geodesics, in f64 on the CPU. Runs on one
/// machine are bitwise reproducible. Adam works worse here: its steps have nearly equal lengths,
/// and many nodes stay where the negatives first push them.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use holonomy::embed::{NetworkConfig, NetworkTrainer, reconstruction};
/// use holonomy::graph::both_ways;
///
/// // Two triangles, joined by an edge.
/// let edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)];
/// let config = NetworkConfig { dim: 2, epochs: 150, ..NetworkConfig::default() };
/// let embedding = NetworkTrainer::new(config, 6, &edges)?
///     .run(|_| ControlFlow::Continue(()))?
///     .embedding;
/// let score = reconstruction(embedding.model, &embedding.points, &both_ways(&edges))?;
/// assert!(score.map > 0.95);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, section 4.2.
pub struct NetworkTrainer {
    config: NetworkConfig,
    manifold: Box<dyn Geodesic>,
    /// In the order of the last epoch.
    pairs: Vec<(u32, u32)>,
    /// Of the pairs as they were given.
    digest: String,
    sampler: NegativeSampler,
    resumed: Option<Resumed>,
}

/// A training that has begun.
struct Running {
    trainer: NetworkTrainer,
    model: Parameters,
    schedule: Schedule,
}

impl Training for Running {
    const OP: &'static str = OP;

    fn rate(&self, epoch: usize) -> f64 {
        self.trainer.config.learning_rate * self.schedule.factor(epoch as u64)
    }

    fn epoch(&mut self, epoch: usize) -> Result<f64> {
        let model = &mut self.model;
        model.optimizer.apply_schedule(&self.schedule, epoch as u64);
        let done = self.trainer.epoch(model, epoch);
        done.map_err(during(OP, format!("epoch {}", epoch + 1)))
    }
}

/// What a callback sees after each epoch of a [`NetworkTrainer`].
pub struct NetworkProgress<'a> {
    /// This epoch.
    pub record: EpochRecord,
    /// The number of epochs in the settings.
    pub epochs: usize,
    running: &'a Running,
    history: &'a [EpochRecord],
}

impl NetworkProgress<'_> {
    /// A copy of the embedding as it is now, `[nodes, width]`.
    pub fn points(&self) -> Tensor {
        self.running.model.points.detach().copy()
    }

    /// Everything that [`NetworkTrainer::resuming_from`] needs to continue after this epoch:
    /// settings, a digest of the edges, the state of the optimiser and the records.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] or [`Error::Torch`] when a part cannot be copied.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = self.running.model.optimizer.state()?;
        epochs::describe(&self.running.trainer, self.history, &mut checkpoint)?;
        Ok(checkpoint)
    }
}

impl Resumable for NetworkTrainer {
    const CONTENT: &'static str = "holonomy::embed::NetworkTrainer";
    const VERSION: u32 = 1;
    const RESUMING: &'static str = "NetworkTrainer::resuming_from";
    type Config = NetworkConfig;

    fn config(&self) -> &NetworkConfig {
        &self.config
    }

    fn epochs(&self) -> usize {
        self.config.epochs
    }

    fn data(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("nodes", json!(self.sampler.nodes())),
            ("pairs", json!(self.pairs.len())),
            ("pairs_sha256", json!(self.digest)),
        ]
    }
}

const OP: &str = "NetworkTrainer";
/// The random stream of everything but the epochs, which count up from 0.
const START_STREAM: u64 = u64::MAX - 17;

impl NetworkTrainer {
    /// A trainer for the edges among the nodes 0 … n − 1, each given in one direction.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting out of range, fewer than two nodes, no edges, an
    /// edge from a node to itself or to one that does not exist, a repeated edge (in either
    /// direction), and for a complete network, which has no negatives.
    pub fn new(config: NetworkConfig, nodes: usize, edges: &[(u32, u32)]) -> Result<Self> {
        config.validate()?;
        check_pairs(OP, nodes, edges)?;
        let pairs = both_ways(edges);
        let mut sorted = pairs.clone();
        sorted.sort_unstable();
        if let Some([edge, _]) = sorted.array_windows().find(|[a, b]| a == b) {
            let got = format!("{edge:?} twice");
            return Err(Error::invalid(OP, "every edge once", got));
        }
        let sampler = NegativeSampler::new(nodes, &pairs)?;
        sampler.comparable_for(OP, &pairs)?;
        Ok(Self {
            manifold: config.model.manifold(config.dim)?,
            sampler,
            // Before an epoch changes the order.
            digest: epochs::digest_of(&pairs),
            pairs,
            config,
            resumed: None,
        })
    }

    /// Continues from a [`NetworkProgress::checkpoint`], including its history and training time.
    /// With as many threads, and on the same kind of processor, the result is bitwise that of an
    /// uninterrupted training.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the difference when the checkpoint is not one of such
    /// a training, or when its settings, its nodes, or its edges or their order differ. Whether
    /// its points fit is checked by [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use holonomy::embed::{NetworkConfig, NetworkTrainer};
    ///
    /// let edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)];
    /// let config = NetworkConfig { dim: 2, epochs: 9, ..NetworkConfig::default() };
    /// let mut checkpoint = None;
    /// let whole = NetworkTrainer::new(config.clone(), 6, &edges)?.run(|progress| {
    ///     if progress.record.epoch == 5 {
    ///         checkpoint = progress.checkpoint().ok();
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// let resumed = NetworkTrainer::new(config, 6, &edges)?.resuming_from(&checkpoint.unwrap())?;
    /// let resumed = resumed.run(|_| ControlFlow::Continue(()))?;
    /// assert_eq!(resumed.embedding.points, whole.embedding.points);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn resuming_from(mut self, checkpoint: &Checkpoint) -> Result<Self> {
        self.resumed = Some(Resumed::from(&self, checkpoint)?);
        Ok(self)
    }

    /// The number of epochs that a checkpoint has brought; 0 without one.
    pub fn epochs_done(&self) -> usize {
        self.resumed
            .as_ref()
            .map_or(0, |resumed| resumed.records.len())
    }

    /// Trains, and calls `on_epoch` after every epoch; `ControlFlow::Break` ends the training there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] with the epoch, and the row, when the loss, a gradient or a point is not finite, as a far
    /// too large learning rate makes them.
    pub fn run(
        mut self,
        mut on_epoch: impl FnMut(&NetworkProgress<'_>) -> ControlFlow<()>,
    ) -> Result<NetworkEmbedding> {
        let mut model = Parameters::new(&self)?;
        let mut history = Vec::new();
        if let Some(Resumed { state, records }) = self.resumed.take() {
            let restored = model.optimizer.load_state(&state);
            restored.map_err(|error| error.told_by(Self::RESUMING))?;
            history = records;
            // The order of an epoch is made from that of the epoch before.
            for epoch in 0..history.len() {
                self.order_pairs(epoch);
            }
        }
        let epochs = self.config.epochs;
        let schedule = Schedule::linear(epochs as u64, LAST_RATE)?;
        let mut running = Running {
            trainer: self,
            model,
            schedule,
        };
        let trained = epochs::train(&mut running, epochs, history, |running, history| {
            on_epoch(&NetworkProgress {
                record: history[history.len() - 1],
                epochs,
                running,
                history,
            })
        })?;
        let Running { trainer, model, .. } = running;
        Ok(NetworkEmbedding {
            edges: FermiDirac {
                radius: trainer.config.edges.radius + model.widening.double_value(&[]),
                ..trainer.config.edges
            },
            embedding: Embedding {
                model: trainer.config.model,
                points: model.points.detach().copy(),
                history: trained.history,
                seconds: trained.seconds,
                stopped_early: trained.stopped_early,
            },
        })
    }

    /// Puts the pairs into the order of an epoch; the generator for its negatives.
    fn order_pairs(&mut self, epoch: usize) -> Xoshiro256PlusPlus {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(self.config.seed, epoch as u64));
        self.pairs.shuffle(&mut rng);
        rng
    }

    /// Visits every edge from both ends; the mean loss of a visit.
    fn epoch(&mut self, model: &mut Parameters, epoch: usize) -> Result<f64> {
        let mut rng = self.order_pairs(epoch);
        let mut seen = Seen::new(self.sampler.nodes());
        let mut total = Tensor::zeros([], (Kind::Double, Device::Cpu));
        for pairs in self.pairs.chunks(self.config.batch) {
            let comparisons = self.comparisons(pairs, &mut seen, &mut rng);
            model.optimizer.zero_grad();
            let loss = with_grad(|| {
                let loss = self.loss(model, &comparisons);
                loss.backward();
                loss
            });
            model.optimizer.step()?;
            total += loss.detach();
        }
        let total = f64::try_from(&total).map_err(|source| Error::Torch { op: OP, source })?;
        Ok(total / self.pairs.len() as f64)
    }

    fn comparisons(
        &self,
        pairs: &[(u32, u32)],
        seen: &mut Seen,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Comparisons {
        let mut all = Comparisons::default();
        let mut negatives = Vec::with_capacity(self.config.negatives);
        for &(source, target) in pairs {
            negatives.clear();
            let (law, wanted) = (NegativeLaw::Uniform, self.config.negatives);
            self.sampler
                .draw_into(law, source, wanted, seen, rng, &mut negatives);
            all.add(source, target, true);
            for &negative in &negatives {
                all.add(source, negative, false);
            }
        }
        all
    }

    /// The summed loss, a scalar.
    fn loss(&self, model: &Parameters, comparisons: &Comparisons) -> Tensor {
        let at = |nodes: &[i64]| model.points.index_select(0, &Tensor::from_slice(nodes));
        let dist = self
            .manifold
            .dist(&at(&comparisons.sources), &at(&comparisons.others));
        // P depends on d − r alone, so a wider radius is a shorter distance.
        let dist = dist - &model.widening;
        let is_edge = Tensor::from_slice(&comparisons.is_edge);
        let log_likelihood = self.config.edges.log_likelihood(&dist, &is_edge);
        -log_likelihood.sum(Kind::Double)
    }

    /// Small random points.
    fn start(&self) -> Tensor {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(self.config.seed, START_STREAM));
        let width = self.config.model.width(self.config.dim) as i64;
        let size = [self.sampler.nodes() as i64, width];
        let options = (Kind::Double, Device::Cpu);
        let origin = self.manifold.project(&Tensor::zeros(size, options));
        let ambient = random_normal(&mut rng, &size, Kind::Double, Device::Cpu);
        let tangent = self.manifold.project_tangent(&origin, &ambient) * self.config.init_scale;
        self.manifold.exp(&origin, &tangent)
    }
}

/// What is trained, sharing its memory with the optimiser.
struct Parameters {
    points: Tensor,
    /// What the radius has grown by; stays 0 unless it is learned.
    widening: Tensor,
    optimizer: RiemannianSgd,
}

impl Parameters {
    fn new(trainer: &NetworkTrainer) -> Result<Self> {
        let config = &trainer.config;
        let manifold = config.model.manifold(config.dim)?;
        let points = ManifoldParameter::geodesic(manifold, &trainer.start())?.named("the points");
        let zero = Tensor::zeros([1], (Kind::Double, Device::Cpu));
        let line = Box::new(Euclidean::new(1)?);
        let widening = ManifoldParameter::geodesic(line, &zero)?.named("the radius");
        let mut parameters = Self {
            points: points.tensor().shallow_clone(),
            widening: zero,
            optimizer: RiemannianSgd::new(vec![points], SgdConfig::new(config.learning_rate))?,
        };
        if config.learn_radius {
            parameters.widening = widening.tensor().shallow_clone();
            // All edges share the radius, so that it follows their mean.
            let rate = config.learning_rate / config.batch as f64;
            parameters
                .optimizer
                .add_group(vec![widening], SgdConfig::new(rate))?;
        }
        Ok(parameters)
    }
}

/// Who is compared with whom in a batch, and whether they have an edge.
#[derive(Default)]
struct Comparisons {
    sources: Vec<i64>,
    others: Vec<i64>,
    is_edge: Vec<bool>,
}

impl Comparisons {
    fn add(&mut self, source: u32, other: u32, is_edge: bool) {
        self.sources.push(i64::from(source));
        self.others.push(i64::from(other));
        self.is_edge.push(is_edge);
    }
}
