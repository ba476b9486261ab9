//! The tensor training path: batches of pairs through libtorch and a [`Geodesic`] manifold, on any
//! device.
//!
//! A batch names each row once, however often its pairs do: the row moves by the sum of its
//! gradients, and no other row is touched. Negatives are drawn on the CPU, for many batches ahead,
//! and copied to the device together; a step itself copies nothing and reads nothing back.
//!
//! Where curvatures are learned, a step moves all rows, and waits for the device.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::plan::{EpochPlan, StepTaker};
use crate::embed::model::Model;
use crate::embed::training::sampler::Seen;
use crate::numerics::{no_grad, with_grad};
use crate::{Error, Geodesic, Result};

/// The manifold of a training.
pub(super) enum Held<'a> {
    Made(Box<dyn Geodesic>),
    Given(&'a dyn Geodesic),
}

impl Held<'_> {
    fn get(&self) -> &dyn Geodesic {
        match self {
            Self::Made(manifold) => manifold.as_ref(),
            Self::Given(manifold) => *manifold,
        }
    }
}

/// A curvature that is learned together with the points.
#[derive(Debug)]
pub(super) struct LearnedCurvature {
    /// The leaf that the manifold follows.
    pub(super) kappa: Tensor,
    pub(super) learning_rate: f64,
}

impl LearnedCurvature {
    pub(super) fn value(&self) -> f64 {
        let place = vec![0; self.kappa.dim()];
        self.kappa.double_value(&place)
    }
}

/// The tensor path of a [`Trainer`](crate::embed::Trainer).
pub(super) struct TensorPath<'a> {
    manifold: Held<'a>,
    points: Tensor,
    batch: usize,
    learned: &'a [LearnedCurvature],
}

/// A base point, and of all points the direction and the distance there, in each component of the
/// space: what a change of curvature keeps.
struct Chart {
    base: Tensor,
    directions: Tensor,
    /// Squares of distances, which broadcast to the directions.
    squared: Tensor,
    points: Tensor,
    /// The points without a direction, antipodes of the base.
    lost: Tensor,
}

impl<'a> TensorPath<'a> {
    pub(super) fn new(
        manifold: Held<'a>,
        batch: usize,
        start: &Tensor,
        (kind, device): (Kind, Device),
        learned: &'a [LearnedCurvature],
    ) -> Self {
        Self {
            manifold,
            points: start.to_kind(kind).to_device(device).copy(),
            batch,
            learned,
        }
    }

    /// Moves every row that the batch names, all by the gradient of the batch's summed loss, and
    /// returns that loss, a scalar. Without learned curvatures nothing here waits for the device.
    fn step(&mut self, batch: &OnDevice, rate: f64) -> Result<Tensor> {
        let chart = (!self.learned.is_empty()).then(|| no_grad(|| self.chart()));
        let manifold = self.manifold.get();
        let (rows, loss, gradients) = with_grad(|| {
            let rows = match &chart {
                None => self.points.index_select(0, &batch.nodes),
                // The same rows, but they follow the curvatures.
                Some(chart) => chart.of(&batch.nodes).points(manifold),
            };
            // What follows the curvatures is no leaf.
            let rows = if rows.requires_grad() {
                rows
            } else {
                rows.set_requires_grad(true)
            };
            let loss = loss_of(manifold, batch, &rows);
            let leaves: Vec<&Tensor> = std::iter::once(&rows)
                .chain(self.learned.iter().map(|learned| &learned.kappa))
                .collect();
            let gradients = Tensor::f_run_backward(&[&loss], &leaves, false, false);
            (rows, loss, gradients)
        });
        let gradients = gradients.map_err(|source| Error::Torch {
            op: "Trainer::run",
            source,
        })?;
        if gradients.iter().any(|gradient| !gradient.defined()) {
            let expected = "curvatures that the manifold follows";
            let got = "one that has no effect on the distances";
            return Err(Error::invalid("Trainer::run", expected, got));
        }
        no_grad(|| {
            let rows = rows.detach();
            let step = manifold.rgrad(&rows, &gradients[0]) * -rate;
            let moved = manifold.project(&manifold.exp(&rows, &step));
            let _ = self.points.index_copy_(0, &batch.nodes, &moved);
            match chart {
                None => Ok(()),
                Some(mut chart) => {
                    chart.update(manifold, &batch.nodes, &moved);
                    take_step(self.learned, &gradients[1..], batch.sources.size()[0])?;
                    self.points = chart.points(manifold);
                    Ok(())
                }
            }
        })?;
        Ok(loss.detach())
    }

    /// Where all points are, seen from their mean.
    fn chart(&self) -> Chart {
        let manifold = self.manifold.get();
        let mean = self.points.mean_dim(0, false, self.points.kind());
        let base = manifold.project(&mean);
        // The mean of points all over a sphere may have no projection.
        let base = if base.isfinite().all().int64_value(&[]) == 0 {
            self.points.get(0)
        } else {
            base
        };
        Chart::new(manifold, base, &self.points)
    }
}

/// A step of each curvature along the mean gradient of the pairs with respect to ln |κ|.
fn take_step(learned: &[LearnedCurvature], gradients: &[Tensor], pairs: i64) -> Result<()> {
    let ahead = |(learned, gradient): (&LearnedCurvature, &Tensor)| {
        let kappa = learned.value();
        let along = kappa * gradient.double_value(&vec![0; gradient.dim()]);
        let next = kappa * (-along * learned.learning_rate / pairs as f64).exp();
        // Neither 0 nor infinite, or there is no way back.
        next.is_normal().then_some(next).ok_or(Error::NotFinite {
            op: "Trainer::run",
            what: "a curvature",
            place: format!("the step from {kappa}"),
        })
    };
    let pairs_of = learned.iter().zip(gradients);
    let values = pairs_of.map(ahead).collect::<Result<Vec<f64>>>()?;
    set_curvatures(learned, &values);
    Ok(())
}

/// Gives learned curvatures these values.
pub(super) fn set_curvatures(learned: &[LearnedCurvature], values: &[f64]) {
    for (learned, &value) in learned.iter().zip(values) {
        let _ = no_grad(|| learned.kappa.shallow_clone().fill_(value));
    }
}

impl Chart {
    fn new(manifold: &dyn Geodesic, base: Tensor, points: &Tensor) -> Self {
        let directions = manifold.log(&base, points);
        let lost = directions.isfinite().logical_not();
        let dims: Vec<i64> = (1..lost.dim() as i64).collect();
        let lost = lost.any_dims(dims.as_slice(), true);
        let directions = directions.masked_fill(&lost, 0.0);
        Self {
            squared: manifold.component_inner(&base, &directions, &directions),
            directions,
            base,
            points: points.shallow_clone(),
            lost,
        }
    }

    /// Some points have moved; the others, and the base, stay.
    fn update(&mut self, manifold: &dyn Geodesic, nodes: &Tensor, moved: &Tensor) {
        let new = Self::new(manifold, self.base.shallow_clone(), moved);
        for (all, some) in [
            (&mut self.directions, new.directions),
            (&mut self.squared, new.squared),
            (&mut self.points, new.points),
            (&mut self.lost, new.lost),
        ] {
            *all = all.index_copy(0, nodes, &some);
        }
    }

    /// Of some points alone.
    fn of(&self, nodes: &Tensor) -> Self {
        Self {
            base: self.base.shallow_clone(),
            directions: self.directions.index_select(0, nodes),
            squared: self.squared.index_select(0, nodes),
            points: self.points.index_select(0, nodes),
            lost: self.lost.index_select(0, nodes),
        }
    }

    /// The points, at the present curvatures.
    fn points(&self, manifold: &dyn Geodesic) -> Tensor {
        let base = manifold.project(&self.base);
        let now = manifold.component_inner(&base, &self.directions, &self.directions);
        let apart = self.squared.gt(0.0);
        let now = now.where_self(&apart, &now.ones_like());
        let before = self.squared.where_self(&apart, &self.squared.ones_like());
        let ahead = manifold.exp(&base, &(&self.directions * (before / now).sqrt()));
        manifold
            .project(&self.points)
            .where_self(&self.lost, &ahead)
    }
}

/// The summed loss of a batch.
fn loss_of(manifold: &dyn Geodesic, batch: &OnDevice, rows: &Tensor) -> Tensor {
    let sources = rows.index_select(0, &batch.sources).unsqueeze(1);
    let shape = [&[sources.size()[0], -1], &rows.size()[1..]].concat();
    let candidates = rows
        .index_select(0, &batch.candidates)
        .view(shape.as_slice());
    let dist = manifold.dist(&sources, &candidates);
    let absent = batch.absent.view_as(&dist);
    let scores = dist.neg().masked_fill(&absent, f64::NEG_INFINITY);
    -scores
        .log_softmax(-1, scores.kind())
        .select(-1, 0)
        .sum(scores.kind())
}

impl StepTaker for TensorPath<'_> {
    fn epoch(&mut self, plan: &EpochPlan<'_>) -> Result<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(plan.seed);
        let nodes = plan.sampler.nodes();
        let mut builder = BatchBuilder::new(nodes, plan.negatives + 1);
        let mut seen = Seen::new(nodes);
        let mut negatives = Vec::with_capacity(plan.negatives);
        let mut total = Tensor::zeros([], (Kind::Double, self.points.device()));
        let mut cargo = Cargo::default();
        let batches = plan.pairs.len().div_ceil(self.batch);
        for (index, pairs) in plan.pairs.chunks(self.batch).enumerate() {
            for &(source, target) in pairs {
                negatives.clear();
                let wanted = plan.negatives;
                plan.sampler.draw_into(
                    plan.law,
                    source,
                    wanted,
                    &mut seen,
                    &mut rng,
                    &mut negatives,
                );
                builder.add(source, target, &negatives);
            }
            cargo.load(&builder.finish());
            if cargo.is_full() || index + 1 == batches {
                for batch in cargo.deliver(self.points.device()) {
                    total += self.step(&batch, plan.rate)?;
                }
            }
            (plan.on_pairs)(pairs.len());
        }
        f64::try_from(&total).map_err(|source| Error::Torch {
            op: "Trainer::run",
            source,
        })
    }

    fn points(&self) -> Tensor {
        self.points.copy()
    }

    fn first_bad_row(&self) -> Option<usize> {
        let bad = self
            .points
            .isfinite()
            .flatten(1, -1)
            .all_dim(-1, false)
            .logical_not()
            .nonzero();
        (bad.size()[0] > 0).then(|| bad.int64_value(&[0, 0]) as usize)
    }
}

/// One step with given negatives, in f64 on the CPU.
pub(super) fn pair_step(
    model: Model,
    points: Tensor,
    (source, target): (u32, u32),
    negatives: &[u32],
    rate: f64,
) -> Result<(Tensor, f64)> {
    let size = points.size();
    let dim = size[1] as usize + 1 - model.width(1);
    let mut path = TensorPath {
        manifold: Held::Made(model.manifold(dim)?),
        points,
        batch: 1,
        learned: &[],
    };
    let mut builder = BatchBuilder::new(size[0] as usize, negatives.len() + 1);
    builder.add(source, target, negatives);
    let mut cargo = Cargo::default();
    cargo.load(&builder.finish());
    let mut loss = 0.0;
    for batch in cargo.deliver(path.points.device()) {
        loss += path.step(&batch, rate)?.double_value(&[]);
    }
    Ok((path.points, loss))
}

/// The rows that one step reads and writes, each once, and who is compared with whom.
#[derive(Default)]
struct Batch {
    /// The nodes of the rows.
    nodes: Vec<i64>,
    /// One position among the rows for each pair.
    sources: Vec<i64>,
    /// As many positions for each pair as the longest list can have; the true neighbour first.
    candidates: Vec<i64>,
    /// Which candidates only fill a short list up.
    absent: Vec<bool>,
}

/// A batch's numbers on the device of the points.
struct OnDevice {
    nodes: Tensor,
    sources: Tensor,
    candidates: Tensor,
    absent: Tensor,
}

/// Batches that go to the device together, so that the steps need not wait for copies.
#[derive(Default)]
struct Cargo {
    numbers: Vec<i64>,
    /// How many of the numbers are nodes, sources, candidates, and marks of absence, batch by batch.
    lengths: Vec<[i64; 4]>,
}

/// 32 MiB.
const FULL_CARGO: usize = 1 << 22;

impl Cargo {
    fn load(&mut self, batch: &Batch) {
        let parts = [&batch.nodes, &batch.sources, &batch.candidates];
        let [nodes, sources, candidates] = parts.map(|part| part.len() as i64);
        self.lengths.push([nodes, sources, candidates, candidates]);
        for part in parts {
            self.numbers.extend_from_slice(part);
        }
        self.numbers
            .extend(batch.absent.iter().copied().map(i64::from));
    }

    fn is_full(&self) -> bool {
        self.numbers.len() >= FULL_CARGO
    }

    /// The batches in their order, and nothing is left.
    fn deliver(&mut self, device: Device) -> Vec<OnDevice> {
        let numbers = Tensor::from_slice(&self.numbers).to_device(device);
        self.numbers.clear();
        let mut from = 0;
        let mut next = |length| {
            from += length;
            numbers.narrow(0, from - length, length)
        };
        let unload = |lengths: [i64; 4]| {
            let [nodes, sources, candidates, absent] = lengths.map(&mut next);
            OnDevice {
                nodes,
                sources,
                candidates,
                absent: absent.to_kind(Kind::Bool),
            }
        };
        self.lengths.drain(..).map(unload).collect()
    }
}

/// Gives the nodes of a batch their positions.
struct BatchBuilder {
    batch: Batch,
    /// Of each node in the batch; [`NOWHERE`] for all others.
    positions: Vec<i64>,
    candidates_per_pair: usize,
}

const NOWHERE: i64 = -1;

impl BatchBuilder {
    fn new(nodes: usize, candidates_per_pair: usize) -> Self {
        Self {
            batch: Batch::default(),
            positions: vec![NOWHERE; nodes],
            candidates_per_pair,
        }
    }

    fn add(&mut self, source: u32, target: u32, negatives: &[u32]) {
        let source = self.position(source);
        self.batch.sources.push(source);
        let target = self.position(target);
        self.batch.candidates.push(target);
        self.batch.absent.push(false);
        for index in 0..self.candidates_per_pair - 1 {
            let negative = negatives.get(index).copied();
            let position = negative.map_or(target, |node| self.position(node));
            self.batch.candidates.push(position);
            self.batch.absent.push(negative.is_none());
        }
    }

    fn position(&mut self, node: u32) -> i64 {
        let position = &mut self.positions[node as usize];
        if *position == NOWHERE {
            *position = self.batch.nodes.len() as i64;
            self.batch.nodes.push(i64::from(node));
        }
        *position
    }

    /// The batch, and an empty one in its place.
    fn finish(&mut self) -> Batch {
        for &node in &self.batch.nodes {
            self.positions[node as usize] = NOWHERE;
        }
        std::mem::take(&mut self.batch)
    }
}
