//! The trainer of hierarchies, by either path.

use std::ops::ControlFlow;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::config::{Start, TrainConfig, TrainPath};
use super::half_spaces::nested_half_spaces;
use super::native::{self, Instructions, NativePath, Negatives, Pass, Table};
use super::plan::{EpochPlan, OnPairs, StepTaker};
use super::resume::{Identity, State};
use super::space::{TrainingSpace, sealed::Space as _};
use super::tensor::{LearnedCurvature, TensorPath};
use crate::checkpoint::Checkpoint;
use crate::embed::model::Model;
use crate::embed::model::table::{check_pairs, check_rows, rows_of, tensor_of};
use crate::embed::training::epochs;
use crate::embed::training::epochs::{EpochRecord, Resumable, Training};
use crate::embed::training::sampler::{NegativeLaw, NegativeSampler};
use crate::numerics::require_positive;
use crate::{Error, Geodesic, Result};

/// What a callback sees after each epoch.
pub struct Progress<'a> {
    /// This epoch.
    pub record: EpochRecord,
    /// The number of epochs in the settings.
    pub epochs: usize,
    path: &'a dyn StepTaker,
    identity: &'a Identity,
    learned: &'a [LearnedCurvature],
    history: &'a [EpochRecord],
}

impl Progress<'_> {
    /// A copy of the embedding as it is now, `[nodes, width]`.
    pub fn points(&self) -> Tensor {
        self.path.points()
    }

    /// Everything that [`Trainer::resuming_from`] needs to continue after this epoch: settings, a
    /// digest of the pairs, points and records.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] or [`Error::Torch`] when a part cannot be copied.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        self.identity
            .checkpoint(&self.points(), self.learned, self.history)
    }
}

/// A trained embedding.
#[derive(Debug)]
pub struct Embedding<S = Model> {
    /// The space.
    pub model: S,
    /// One point per node: of a [`Model`] `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
    pub points: Tensor,
    /// The records of all epochs.
    pub history: Vec<EpochRecord>,
    /// The training time in seconds, without callbacks.
    pub seconds: f64,
    /// Whether a callback ended the training before its last epoch.
    pub stopped_early: bool,
}

/// Trains an embedding of the nodes 0 … n − 1 from pairs (node, true neighbour). In a hierarchy
/// these are the pairs (descendant, ancestor) of the transitive closure. The [module](crate::embed) has
/// the objective.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use holonomy::embed::{TrainConfig, Trainer, reconstruction};
///
/// // Two children of a root, with two children each.
/// let pairs = [(1, 0), (2, 0), (3, 1), (3, 0), (4, 1), (4, 0), (5, 2), (5, 0), (6, 2), (6, 0)];
/// let config = TrainConfig { dim: 2, threads: 1, ..TrainConfig::default() };
/// let embedding = Trainer::new(config, 7, &pairs)?.run(|_| ControlFlow::Continue(()))?;
/// let score = reconstruction(embedding.model, &embedding.points, &pairs)?;
/// assert!(score.map > 0.9);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub struct Trainer<S = Model> {
    space: S,
    identity: Identity,
    sampler: NegativeSampler,
    untrained: usize,
    start: Tensor,
    options: (Kind, Device),
    learned: Vec<LearnedCurvature>,
    resumed: Option<Resumed>,
    on_pairs: Box<OnPairs>,
}

/// What is done already of a training that goes on from a checkpoint.
struct Resumed {
    kind: Kind,
    history: Vec<EpochRecord>,
}

impl Trainer {
    /// A trainer that starts where [`TrainConfig::start`] says.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting out of range, fewer than two nodes, no pairs, a
    /// pair that is a node with itself or names a node that does not exist, and where no pair has
    /// a possible negative, as in a complete graph. For the start [`Start::HalfSpaces`] also where
    /// nodes are ancestors of each other.
    pub fn new(config: TrainConfig, nodes: usize, pairs: &[(u32, u32)]) -> Result<Self> {
        const OP: &str = "Trainer::new";
        config.validate()?;
        check_pairs(OP, nodes, pairs)?;
        let start = |config: &TrainConfig| match config.start {
            Start::Random => Ok(random_start(config, nodes)),
            Start::HalfSpaces => {
                nested_half_spaces(config.model, config.dim, nodes, pairs, config.seed)
            }
        };
        Self::in_space(OP, config.model, config, (nodes, pairs), start)
    }
}

impl Trainer<Box<dyn Geodesic>> {
    /// A trainer in any manifold with geodesics, a product or a sphere say, that starts at these points.
    ///
    /// [`TrainConfig::path`] must be [`TrainPath::Tensor`]; `model`, `dim`, `start` and `init_scale` of
    /// the settings have no effect. Points in f32 are projected in f64.
    ///
    /// # Shapes
    ///
    /// `start`: `[nodes, point_shape]`, a point per node. Where all are the same, no direction leads
    /// apart: draw them near each other.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Trainer::new) but for half-spaces, and of [`starting_from`](Self::starting_from).
    ///
    /// # Examples
    ///
    /// A ring of nodes on a sphere.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use holonomy::embed::{Ranking, TrainConfig, TrainPath, Trainer};
    /// use holonomy::graph::both_ways;
    /// use holonomy::tch::{Device, Kind};
    /// use holonomy::{Sample, Sphere};
    /// use rand::SeedableRng;
    ///
    /// let ring: Vec<(u32, u32)> = (0..8).map(|node| (node, (node + 1) % 8)).collect();
    /// let pairs = both_ways(&ring);
    /// let sphere = Sphere::new(2, 0.1)?;
    /// let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
    /// let start = sphere.random_point(&mut rng, &[8], (Kind::Double, Device::Cpu));
    /// let config = TrainConfig { path: TrainPath::Tensor, negatives: 5, ..TrainConfig::default() };
    /// let trainer = Trainer::on_manifold(Box::new(sphere), &start, config, &pairs)?;
    /// let embedding = trainer.run(|_| ControlFlow::Continue(()))?;
    /// let score = Ranking::by(&embedding.model, &embedding.points)?.reconstruction(&pairs)?;
    /// assert!(score.map > 0.9);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn on_manifold(
        manifold: Box<dyn Geodesic>,
        start: &Tensor,
        mut config: TrainConfig,
        pairs: &[(u32, u32)],
    ) -> Result<Self> {
        const OP: &str = "Trainer::on_manifold";
        let unused = TrainConfig::default();
        config.model = unused.model;
        config.dim = unused.dim;
        config.start = unused.start;
        config.init_scale = unused.init_scale;
        config.validate()?;
        if config.path != TrainPath::Tensor {
            let expected = "path: tensor, which knows any manifold";
            return Err(Error::invalid(OP, expected, config.path));
        }
        let is_single = start.defined() && start.kind() == Kind::Float;
        let mut start = manifold.checked(OP, start)?;
        if is_single {
            start = manifold.settled(start);
        }
        let nodes = start.size()[0] as usize;
        check_pairs(OP, nodes, pairs)?;
        Self::in_space(OP, manifold, config, (nodes, pairs), |_| Ok(start))
    }

    /// Learns a curvature together with the points, from the value that it has.
    ///
    /// `kappa` is the leaf that the [`Curvature`](crate::Curvature) of the manifold, or of a factor of it,
    /// [follows](crate::Curvature::learnable). After each batch
    ///
    /// ```text
    /// ln |κ| ← ln |κ| − rate · mean over the batch's pairs of d loss/d ln |κ|
    /// ```
    ///
    /// so that it keeps its sign. While κ changes the points keep their distances from their mean, in each
    /// factor of a product, and the coordinates of their directions there: they stay on the manifold, also
    /// near the boundary of a ball. The mean is that of the coordinates, projected, or the first point
    /// where that has no projection. On a sphere that shrinks, points beyond the antipode go round it, and
    /// the antipode is projected. Each batch moves all points, by a logarithm and an exponential, which
    /// costs time and a rounding.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a rate that is not finite and positive, unless `kappa` is a leaf of
    /// one f64 on the CPU that requires a gradient, for one that is learned already, and after
    /// [`resuming_from`](Self::resuming_from); from [`run`](Self::run) also where the manifold does not
    /// follow it.
    pub fn learning_curvature(mut self, kappa: &Tensor, learning_rate: f64) -> Result<Self> {
        const OP: &str = "Trainer::learning_curvature";
        crate::numerics::require_defined(OP, &[kappa])?;
        require_positive(OP, "learning_rate", learning_rate)?;
        let fits = kappa.numel() == 1
            && (kappa.kind(), kappa.device()) == (Kind::Double, Device::Cpu)
            && kappa.requires_grad()
            && kappa.is_leaf();
        if !fits {
            let expected = "a leaf of one f64 on the CPU that requires a gradient";
            return Err(Error::invalid(OP, expected, format!("{kappa:?}")));
        }
        let known = |learned: &LearnedCurvature| learned.kappa.data_ptr() == kappa.data_ptr();
        if self.learned.iter().any(known) {
            let expected = "each curvature once";
            return Err(Error::invalid(OP, expected, "one that is learned already"));
        }
        if self.resumed.is_some() {
            let expected = "curvatures to learn before Trainer::resuming_from";
            return Err(Error::invalid(OP, expected, "one after it"));
        }
        self.learned.push(LearnedCurvature {
            kappa: kappa.shallow_clone(),
            learning_rate,
        });
        Ok(self)
    }
}

impl<S: TrainingSpace> Trainer<S> {
    fn in_space(
        op: &'static str,
        space: S,
        config: TrainConfig,
        (nodes, pairs): (usize, &[(u32, u32)]),
        start: impl FnOnce(&TrainConfig) -> Result<Tensor>,
    ) -> Result<Self> {
        let sampler = NegativeSampler::new(nodes, pairs)?;
        let untrained = pairs.len() - sampler.comparable_for(op, pairs)?;
        Ok(Self {
            sampler,
            untrained,
            start: start(&config)?,
            options: (Kind::Double, Device::Cpu),
            learned: Vec::new(),
            resumed: None,
            on_pairs: Box::new(|_| {}),
            identity: Identity::new(config, space.description(), nodes, pairs),
            space,
        })
    }

    /// The points before training.
    pub fn start(&self) -> &Tensor {
        &self.start
    }

    /// The number of pairs whose node has all others as true neighbours. They have no negatives:
    /// their loss is 0, and they move no points.
    pub fn untrained_pairs(&self) -> usize {
        self.untrained
    }

    /// Starts from these points instead of [`TrainConfig::start`]. On the hyperboloid a
    /// time coordinate may have a relative error of 1e-4, as in f32.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless there is one per node, of the shape of [`start`](Self::start);
    /// [`Error::NotFinite`] or [`Error::NotOnManifold`] for a row that is not a point of the space.
    pub fn starting_from(mut self, points: &Tensor) -> Result<Self> {
        const OP: &str = "Trainer::starting_from";
        let checked = self.space.checked(OP, points)?;
        if checked.size() != self.start.size() {
            let expected = format!("points of shape {:?}", self.start.size());
            return Err(Error::invalid(
                OP,
                expected,
                format!("{:?}", checked.size()),
            ));
        }
        self.start = if points.kind() == Kind::Float {
            self.space.settled(checked)
        } else {
            checked
        };
        self.resumed = None;
        Ok(self)
    }

    /// Continues from a [`Progress::checkpoint`], including its history and training time.
    ///
    /// With one thread, and on the same kind of processor, the result is bitwise that of an
    /// uninterrupted training. A checkpoint taken after the last epoch gives its embedding at
    /// once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the difference when the checkpoint is not one of a
    /// training, or when its settings, its space, its nodes, or its pairs or their order differ;
    /// [`Error::NotFinite`] or [`Error::NotOnManifold`] for a row that is not a point of the
    /// space. Curvatures that are [learned](Trainer::learning_curvature) must be named before, in the
    /// same order, at the rates and the values that they began with; they take those of the checkpoint. The kind of [`with_options`](Self::with_options) must also agree, which
    /// [`run`](Self::run) checks; the device may differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use holonomy::embed::{TrainConfig, Trainer};
    ///
    /// let pairs = [(1, 0), (2, 0), (3, 1), (3, 0)];
    /// let config = TrainConfig { dim: 2, epochs: 9, burn_in_epochs: 3, threads: 1, ..Default::default() };
    /// let mut checkpoint = None;
    /// let whole = Trainer::new(config.clone(), 4, &pairs)?.run(|progress| {
    ///     if progress.record.epoch == 5 {
    ///         checkpoint = progress.checkpoint().ok();
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// let resumed = Trainer::new(config, 4, &pairs)?.resuming_from(&checkpoint.unwrap())?;
    /// let resumed = resumed.run(|_| ControlFlow::Continue(()))?;
    /// assert_eq!(resumed.points, whole.points);
    /// assert_eq!(resumed.history.len(), 9);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn resuming_from(mut self, checkpoint: &Checkpoint) -> Result<Self> {
        let State {
            points,
            kind,
            history,
        } = self
            .identity
            .state(checkpoint, &self.space, &self.learned, &self.start.size())?;
        self.start = points;
        self.resumed = Some(Resumed { kind, history });
        Ok(self)
    }

    /// The kind and device of the tensor path. The default is f64 on the CPU, the only choice for
    /// the native path.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a kind other than f64 and f32, and for anything but f64 on
    /// the CPU with the native path.
    pub fn with_options(mut self, (kind, device): (Kind, Device)) -> Result<Self> {
        const OP: &str = "Trainer::with_options";
        if !matches!(kind, Kind::Double | Kind::Float) {
            return Err(Error::invalid(
                OP,
                "Kind::Double or Kind::Float",
                format!("{kind:?}"),
            ));
        }
        if self.identity.config().path == TrainPath::Native
            && (kind, device) != (Kind::Double, Device::Cpu)
        {
            let got = format!("{kind:?} on {device:?}");
            return Err(Error::invalid(OP, "f64 on the CPU, or path: tensor", got));
        }
        self.options = (kind, device);
        Ok(self)
    }

    /// Reports progress within an epoch: calls `on_pairs` many times, from any thread, with the
    /// number of pairs visited since its last call.
    pub fn on_pairs(mut self, on_pairs: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_pairs = Box::new(on_pairs);
        self
    }

    /// Trains, and calls `on_epoch` after every epoch; `ControlFlow::Break` ends the training there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] at the first epoch whose loss or points are not finite, for example
    /// because the learning rate is far too large; [`Error::InvalidArgument`] when the threads
    /// cannot be started, or when the kind differs from the checkpoint's.
    pub fn run(
        self,
        mut on_epoch: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Embedding<S>> {
        let history = self.records_so_far()?;
        let config = self.identity.config();
        let path: Box<dyn StepTaker + '_> = match config.path {
            TrainPath::Native => Box::new(NativePath::new(config, &self.start)?),
            TrainPath::Tensor => Box::new(TensorPath::new(
                self.space.manifold(config)?,
                config.batch,
                &self.start,
                self.options,
                &self.learned,
            )),
        };
        let mut training = Running {
            pairs: Vec::with_capacity(self.identity.pairs().len()),
            trainer: &self,
            path,
        };
        let trained = epochs::train(&mut training, config.epochs, history, |running, history| {
            on_epoch(&Progress {
                record: history[history.len() - 1],
                epochs: config.epochs,
                path: running.path.as_ref(),
                identity: &self.identity,
                learned: &self.learned,
                history,
            })
        })?;
        let points = training.path.points();
        drop(training);
        Ok(Embedding {
            points,
            model: self.space,
            history: trained.history,
            seconds: trained.seconds,
            stopped_early: trained.stopped_early,
        })
    }

    /// The records of the epochs that the checkpoint holds; none without one.
    fn records_so_far(&self) -> Result<Vec<EpochRecord>> {
        let Some(resumed) = &self.resumed else {
            return Ok(Vec::new());
        };
        if resumed.kind != self.options.0 {
            let expected = format!("kind {:?}, as in the checkpoint", resumed.kind);
            let got = format!("{:?}", self.options.0);
            return Err(Error::invalid("Trainer::run", expected, got));
        }
        Ok(resumed.history.clone())
    }
}

/// A training that has begun.
struct Running<'a, S> {
    trainer: &'a Trainer<S>,
    path: Box<dyn StepTaker + 'a>,
    /// In the order of the epoch.
    pairs: Vec<(u32, u32)>,
}

impl<S> Training for Running<'_, S> {
    const OP: &'static str = "Trainer::run";

    fn rate(&self, epoch: usize) -> f64 {
        self.trainer.identity.config().rate_at(epoch)
    }

    fn epoch(&mut self, epoch: usize) -> Result<f64> {
        let identity = &self.trainer.identity;
        let config = identity.config();
        order_pairs(&mut self.pairs, identity.pairs(), config.seed, epoch);
        let plan = EpochPlan {
            pairs: &self.pairs,
            sampler: &self.trainer.sampler,
            law: if config.is_burn_in(epoch) {
                NegativeLaw::ByDegree
            } else {
                NegativeLaw::Uniform
            },
            negatives: config.negatives,
            rate: config.rate_at(epoch),
            seed: crate::random::mix(config.seed, epoch as u64),
            on_pairs: self.trainer.on_pairs.as_ref(),
        };
        Ok(self.path.epoch(&plan)? / self.pairs.len() as f64)
    }

    fn first_bad_row(&self) -> Option<usize> {
        self.path.first_bad_row()
    }
}

/// The random streams beside those of the epochs' negatives, which count up from 0.
const ORDER_STREAM: u64 = u64::MAX;
const START_STREAM: u64 = u64::MAX - 1;

/// Puts the pairs into the order of an epoch, which follows from the seed and the epoch alone.
fn order_pairs(pairs: &mut Vec<(u32, u32)>, given: &[(u32, u32)], seed: u64, epoch: usize) {
    let stream = crate::random::mix(crate::random::mix(seed, ORDER_STREAM), epoch as u64);
    pairs.clear();
    pairs.extend_from_slice(given);
    pairs.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(stream));
}

fn random_start(config: &TrainConfig, nodes: usize) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(crate::random::mix(config.seed, START_STREAM));
    let scale = config.init_scale;
    let mut rows = Vec::with_capacity(nodes * config.model.width(config.dim));
    for _ in 0..nodes {
        let point: Vec<f64> = (0..config.dim)
            .map(|_| scale * (2.0 * rng.random::<f64>() - 1.0))
            .collect();
        if config.model == Model::Lorentz {
            rows.push((1.0 + point.iter().map(|x| x * x).sum::<f64>()).sqrt());
        }
        rows.extend(point);
    }
    tensor_of(&rows, config.model.width(config.dim))
}

/// One training step for the pair (source, target) with the given negatives, on either path.
/// Returns the new points and the loss before the step.
///
/// The loss and the step are those of the [module](crate::embed). `points` is not modified; with
/// `learning_rate` 0 the result equals it.
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid; so is the result, in f64.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a wrong shape, a node that does not exist, a repeated node (also
/// among the negatives), or a learning rate that is negative or not finite; [`Error::NotFinite`]
/// or [`Error::NotOnManifold`] for a row that is not a point, before the step or after it.
pub fn pair_step(
    path: TrainPath,
    model: Model,
    points: &Tensor,
    (source, target): (u32, u32),
    negatives: &[u32],
    learning_rate: f64,
) -> Result<(Tensor, f64)> {
    const OP: &str = "pair_step";
    let mut rows = rows_of(OP, model, points)?;
    let width = points.size()[1] as usize;
    check_pairs(OP, rows.len() / width, &[(source, target)])?;
    for (index, &negative) in negatives.iter().enumerate() {
        check_pairs(
            OP,
            rows.len() / width,
            &[(source, negative), (target, negative)],
        )?;
        if negatives[..index].contains(&negative) {
            return Err(Error::invalid(OP, "distinct negatives", negative));
        }
    }
    if !(learning_rate.is_finite() && learning_rate >= 0.0) {
        return Err(Error::invalid(
            OP,
            "a finite learning rate ≥ 0",
            learning_rate,
        ));
    }
    if path == TrainPath::Tensor {
        let start = tensor_of(&rows, width);
        let (points, loss) =
            super::tensor::pair_step(model, start, (source, target), negatives, learning_rate)?;
        rows_of(OP, model, &points)?;
        return Ok((points, loss));
    }
    let pass = Pass {
        pairs: &[(source, target)],
        negatives: Negatives::Given(negatives),
        rate: learning_rate,
        seed: 0,
        instructions: Instructions::detect(),
        on_pairs: &|_| {},
    };
    let loss = native::run(model.into(), Table::new(&mut rows, width), &pass, None);
    check_rows(OP, model, &rows, width)?;
    Ok((tensor_of(&rows, width), loss))
}
