//! The one training loop of both paths.

use std::ops::ControlFlow;
use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::config::{Model, Start, TrainConfig, TrainPath};
use super::half_spaces::nested_half_spaces;
use super::native::{self, Instructions, NativePath, Negatives, Pass, Table};
use super::sampler::{NegativeLaw, NegativeSampler};
use super::table::{check_pairs, rows_of, tensor_of};
use crate::{Error, Result};

/// What is told of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// How many epochs are done.
    pub epoch: usize,
    /// The mean loss of the pairs, each taken just before its step.
    pub loss: f64,
    /// Training time so far; callbacks do not count.
    pub seconds: f64,
    /// The learning rate in this epoch.
    pub learning_rate: f64,
}

/// What a callback sees after each epoch.
pub struct Progress<'a> {
    /// This epoch.
    pub record: EpochRecord,
    /// How many epochs there will be.
    pub epochs: usize,
    points: &'a dyn Fn() -> Tensor,
}

impl Progress<'_> {
    /// A copy of the embedding as it is now, `[nodes, width]`.
    pub fn points(&self) -> Tensor {
        (self.points)()
    }
}

/// A trained embedding.
#[derive(Debug)]
pub struct Embedding {
    /// The space.
    pub model: Model,
    /// One row per node, `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
    pub points: Tensor,
    /// All epochs.
    pub history: Vec<EpochRecord>,
    /// Training time; callbacks do not count.
    pub seconds: f64,
    /// Whether a callback ended the training before its last epoch.
    pub stopped_early: bool,
}

/// What one epoch asks of a path.
pub(super) struct EpochPlan<'a> {
    pub(super) pairs: &'a [(u32, u32)],
    pub(super) sampler: &'a NegativeSampler,
    pub(super) law: NegativeLaw,
    pub(super) negatives: usize,
    pub(super) rate: f64,
    pub(super) seed: u64,
}

/// The code that takes an epoch's steps.
pub(super) trait StepTaker {
    /// Takes a step for every pair; the sum of the losses.
    fn epoch(&mut self, plan: &EpochPlan<'_>) -> Result<f64>;

    /// A copy of the points.
    fn points(&self) -> Tensor;

    /// The first row that is not a finite point.
    fn first_bad_row(&self) -> Option<usize>;
}

/// Trains an embedding of the nodes 0 … n − 1 from pairs (node, true neighbour): in a hierarchy
/// the closure's (child, ancestor).
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
pub struct Trainer {
    config: TrainConfig,
    pairs: Vec<(u32, u32)>,
    sampler: NegativeSampler,
    start: Tensor,
    options: (Kind, Device),
}

impl Trainer {
    /// A trainer that starts where [`TrainConfig::start`] says.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting out of range, fewer than two nodes, no pairs, or a
    /// pair that is a node with itself or names a node that does not exist; for the start
    /// [`Start::HalfSpaces`] also when nodes are ancestors of each other.
    pub fn new(config: TrainConfig, nodes: usize, pairs: &[(u32, u32)]) -> Result<Self> {
        config.validate()?;
        check_pairs("Trainer::new", nodes, pairs)?;
        let start = match config.start {
            Start::Random => random_start(&config, nodes),
            Start::HalfSpaces => {
                nested_half_spaces(config.model, config.dim, nodes, pairs, config.seed)?
            }
        };
        Ok(Self {
            sampler: NegativeSampler::new(nodes, pairs)?,
            pairs: pairs.to_vec(),
            start,
            options: (Kind::Double, Device::Cpu),
            config,
        })
    }

    /// The points before training.
    pub fn start(&self) -> &Tensor {
        &self.start
    }

    /// Starts from these points instead of those that the settings name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless they are `[nodes, width]`; [`Error::NotFinite`] or
    /// [`Error::NotOnManifold`] for a row that is not a point of the model.
    pub fn starting_from(mut self, points: &Tensor) -> Result<Self> {
        let rows = rows_of("Trainer::starting_from", self.config.model, points)?;
        if points.size() != self.start.size() {
            let expected = format!("points of shape {:?}", self.start.size());
            let got = format!("{:?}", points.size());
            return Err(Error::invalid("Trainer::starting_from", expected, got));
        }
        self.start = tensor_of(&rows, self.config.model.width(self.config.dim));
        Ok(self)
    }

    /// The kind and device that the tensor path works in; f64 on the CPU at first, which is all
    /// that the native path does.
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
        if self.config.path == TrainPath::Native && (kind, device) != (Kind::Double, Device::Cpu) {
            let got = format!("{kind:?} on {device:?}");
            return Err(Error::invalid(OP, "f64 on the CPU, or path: tensor", got));
        }
        self.options = (kind, device);
        Ok(self)
    }

    /// Trains, and calls `on_epoch` after every epoch; `ControlFlow::Break` ends the training there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] at the first epoch whose loss or points are not finite, as a far too
    /// large learning rate makes them; [`Error::InvalidArgument`] when the threads cannot be started.
    pub fn run(
        self,
        mut on_epoch: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Embedding> {
        let Self {
            config,
            mut pairs,
            sampler,
            start,
            options,
        } = self;
        let mut path: Box<dyn StepTaker> = match config.path {
            TrainPath::Native => Box::new(NativePath::new(&config, &start)?),
            TrainPath::Tensor => {
                Box::new(super::tensor::TensorPath::new(&config, &start, options)?)
            }
        };
        let mut order = Xoshiro256PlusPlus::seed_from_u64(native::mix(config.seed, ORDER_STREAM));
        let mut history = Vec::with_capacity(config.epochs);
        let mut seconds = 0.0;
        let mut stopped_early = false;
        for epoch in 0..config.epochs {
            let clock = Instant::now();
            pairs.shuffle(&mut order);
            let plan = EpochPlan {
                pairs: &pairs,
                sampler: &sampler,
                law: if config.is_burn_in(epoch) {
                    NegativeLaw::ByDegree
                } else {
                    NegativeLaw::Uniform
                },
                negatives: config.negatives,
                rate: config.rate_at(epoch),
                seed: native::mix(config.seed, epoch as u64),
            };
            let loss = path.epoch(&plan)? / pairs.len() as f64;
            check_finite(epoch + 1, loss, path.first_bad_row())?;
            seconds += clock.elapsed().as_secs_f64();
            let record = EpochRecord {
                epoch: epoch + 1,
                loss,
                seconds,
                learning_rate: plan.rate,
            };
            history.push(record);
            let progress = Progress {
                record,
                epochs: config.epochs,
                points: &|| path.points(),
            };
            if on_epoch(&progress).is_break() {
                stopped_early = epoch + 1 < config.epochs;
                break;
            }
        }
        Ok(Embedding {
            model: config.model,
            points: path.points(),
            history,
            seconds,
            stopped_early,
        })
    }
}

/// The random streams beside those of the epochs' negatives, which count up from 0.
const ORDER_STREAM: u64 = u64::MAX;
const START_STREAM: u64 = u64::MAX - 1;

fn random_start(config: &TrainConfig, nodes: usize) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(native::mix(config.seed, START_STREAM));
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

fn check_finite(epoch: usize, loss: f64, bad_row: Option<usize>) -> Result<()> {
    let not_finite = |what, place| Error::NotFinite {
        op: "Trainer::run",
        what,
        place,
    };
    if let Some(row) = bad_row {
        return Err(not_finite("a point", format!("epoch {epoch}, row {row}")));
    }
    if !loss.is_finite() {
        return Err(not_finite("the loss", format!("epoch {epoch}")));
    }
    Ok(())
}

/// One step of `learning_rate` for the pair (source, target) with the given negatives, on either path:
/// the new points and the loss before the step.
///
/// The loss and the step are those of the [module](super). `points` stays as it is; with
/// `learning_rate` 0 the points come back unchanged.
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid; so is the result, in f64.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a wrong shape, a node that does not exist, a repeated node, or a
/// learning rate that is negative or not finite; [`Error::NotFinite`] or [`Error::NotOnManifold`]
/// for a row that is not a point.
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
        return super::tensor::pair_step(model, start, (source, target), negatives, learning_rate);
    }
    let pass = Pass {
        pairs: &[(source, target)],
        negatives: Negatives::Given(negatives),
        rate: learning_rate,
        seed: 0,
        instructions: Instructions::detect(),
    };
    let loss = native::run(model.space(), Table::new(&mut rows, width), &pass, None);
    Ok((tensor_of(&rows, width), loss))
}
