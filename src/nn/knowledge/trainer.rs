//! Training on the facts of a knowledge graph.

use std::borrow::Borrow;

use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::KnowledgeModel;
use crate::checkpoint::Checkpoint;
use crate::graph::{KnowledgeGraph, Split, Triple};
use crate::numerics::{require_at_least_one, special, with_grad};
use crate::optim::{Optimizer, UpdateRule, during};
use crate::random::{generator, mix};
use crate::{Error, Result};

/// What a [`KnowledgeTrainer`] makes small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnowledgeObjective {
    /// Cross-entropy of the right tail among all entities. A step of B queries needs a few matrices `[B, N]`.
    /// Biases of heads have no effect, and are not learned.
    ///
    /// ```text
    /// −score(h, r, t) + ln Σ_u exp score(h, r, u)
    /// ```
    AllTails,
    /// Binary cross-entropy of the right tail and of so many others, drawn uniformly from the other
    /// entities. Some may be right, too.
    ///
    /// ```text
    /// (ln(1 + e^−score(h, r, t)) + Σ_u ln(1 + e^score(h, r, u))) / (1 + count)
    /// ```
    Negatives(usize),
}

/// The settings of a [`KnowledgeTrainer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnowledgeTraining {
    /// What is made small.
    pub objective: KnowledgeObjective,
    /// The number of queries in one step, whose losses are averaged.
    pub batch: usize,
    /// Seeds the order of the facts and the negatives.
    pub seed: u64,
}

impl Default for KnowledgeTraining {
    /// All tails, batches of 256, seed 0. For graphs of many thousand entities, negatives cost less.
    fn default() -> Self {
        Self {
            objective: KnowledgeObjective::AllTails,
            batch: 256,
            seed: 0,
        }
    }
}

/// Trains a [`KnowledgeModel`] on the training part of a graph, with each fact (h, r, t) also as its
/// inverse (t, r + R, h).
///
/// Any optimiser of the store of the model does. With one thread a seed fixes the training bit for bit.
///
/// # Examples
///
/// See [`KnowledgeModel`].
///
/// # References
///
/// balazevic2019 ([`KnowledgeObjective::Negatives`], 50 of them); lacroix2018 (inverses, all tails);
/// chami2020.
#[derive(Debug)]
pub struct KnowledgeTrainer<M, R> {
    model: M,
    optimizer: Optimizer<R>,
    /// Facts and their inverses.
    triples: Vec<Triple>,
    settings: KnowledgeTraining,
    epochs: u64,
}

const OP: &str = "KnowledgeTrainer";

impl<M: Borrow<KnowledgeModel>, R: UpdateRule> KnowledgeTrainer<M, R> {
    /// A trainer before its first epoch, with an optimiser of the store in which the model is.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting of 0, and if the model has other numbers of entities or
    /// relations than the graph.
    pub fn new(
        model: M,
        optimizer: Optimizer<R>,
        graph: &KnowledgeGraph,
        settings: KnowledgeTraining,
    ) -> Result<Self> {
        require_at_least_one(OP, "batch", settings.batch)?;
        if let KnowledgeObjective::Negatives(count) = settings.objective {
            require_at_least_one(OP, "negatives", count)?;
        }
        super::ranking::check_counts(OP, model.borrow(), graph)?;
        let relations = graph.relations().len() as u32;
        let facts = graph.triples(Split::Train);
        let inverses = facts.iter().map(|&[h, r, t]| [t, r + relations, h]);
        Ok(Self {
            model,
            optimizer,
            triples: facts.iter().copied().chain(inverses).collect(),
            settings,
            epochs: 0,
        })
    }

    /// The model.
    pub fn model(&self) -> &KnowledgeModel {
        self.model.borrow()
    }

    /// The optimiser, to change its learning rate.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<R> {
        &mut self.optimizer
    }

    /// The number of epochs done.
    pub fn epochs_done(&self) -> u64 {
        self.epochs
    }

    /// Visits each fact and each inverse once, in a new order; the mean loss of a visit, before its step.
    ///
    /// # Errors
    ///
    /// Those of [`Optimizer::step`]: gradients or parameters that are not finite, as a far too large learning
    /// rate makes them.
    pub fn epoch(&mut self) -> Result<f64> {
        let mut rng = generator(mix(self.settings.seed, self.epochs));
        let mut order = self.triples.clone();
        order.shuffle(&mut rng);
        let model = self.model.borrow();
        let device = model.entities().device();
        let mut total = Tensor::zeros([], (Kind::Double, device));
        for batch in order.chunks(self.settings.batch) {
            let column = |place: usize| {
                let numbers: Vec<i64> = batch
                    .iter()
                    .map(|triple| i64::from(triple[place]))
                    .collect();
                Tensor::from_slice(&numbers).to_device(device)
            };
            let [heads, relations, tails] = [0, 1, 2].map(column);
            let count = batch.len() as f64;
            let loss = match self.settings.objective {
                KnowledgeObjective::AllTails => with_grad(|| {
                    model
                        .scores_of_all(&heads, &relations)
                        .cross_entropy_for_logits(&tails)
                }),
                KnowledgeObjective::Negatives(negatives) => {
                    let others = model.entity_count() as i64 - 1;
                    let drawn = |&[_, _, tail]: &Triple| {
                        let tail = i64::from(tail);
                        let draw = || {
                            let other = rng.random_range(0..others);
                            other + i64::from(other >= tail)
                        };
                        let others = std::iter::repeat_with(draw).take(negatives);
                        std::iter::once(tail).chain(others.collect::<Vec<i64>>())
                    };
                    let tails: Vec<i64> = batch.iter().flat_map(drawn).collect();
                    let tails = Tensor::from_slice(&tails).to_device(device);
                    let tails = tails.view([batch.len() as i64, -1]);
                    with_grad(|| {
                        let scores = model.scores_of(&heads, &relations, &tails);
                        let right = scores.narrow(1, 0, 1).neg();
                        let wrong = scores.narrow(1, 1, negatives as i64);
                        special::softplus(&Tensor::cat(&[right, wrong], 1)).mean(Kind::Double)
                    })
                }
            };
            let place = || format!("epoch {}", self.epochs + 1);
            let stepped = self.optimizer.backward_step(&loss);
            stepped.map_err(during(OP, place()))?;
            total += loss.detach() * count;
        }
        self.epochs += 1;
        let total = f64::try_from(&total.to_device(Device::Cpu))
            .map_err(|source| Error::Torch { op: OP, source })?;
        Ok(total / self.triples.len() as f64)
    }

    /// All that a training needs to go on: the parameters and the optimiser, settings, and the number of
    /// epochs done.
    ///
    /// # Errors
    ///
    /// Those of [`Optimizer::state`].
    pub fn state(&self) -> Result<Checkpoint> {
        let mut state = Checkpoint::new();
        state.insert_part("optimizer", self.optimizer.state()?);
        state.set("model", self.model.borrow().config())?;
        state.set("settings", &self.settings)?;
        state.set("triples", &self.triples.len())?;
        state.set("epochs", &self.epochs)?;
        Ok(state)
    }

    /// Goes on from a saved [`state`](Self::state). With one thread the following epochs are bit for bit
    /// those of a training without the interruption.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the difference if the state is of another model, other settings
    /// or other data; those of [`Optimizer::load_state`]. The trainer is then unchanged.
    pub fn load_state(&mut self, state: &Checkpoint) -> Result<()> {
        let differences = [
            state.difference("model", self.model.borrow().config())?,
            state.difference("settings", &self.settings)?,
            state.difference("triples", &self.triples.len())?,
        ];
        if let Some(difference) = differences.into_iter().flatten().next() {
            let expected = format!(
                "{} = {}, as in the state",
                difference.setting, difference.stored
            );
            return Err(Error::invalid(
                "KnowledgeTrainer::load_state",
                expected,
                difference.given,
            ));
        }
        let epochs = state.get("epochs")?;
        self.optimizer.load_state(&state.part("optimizer"))?;
        self.epochs = epochs;
        Ok(())
    }
}
