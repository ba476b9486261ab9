//! One run: burn-in, then one optimiser at one learning rate, with its curves.

use holonomy::embed::{NegativeLaw, NegativeSampler};
use holonomy::{Geodesic, PoincareBall, Result};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Kind, Tensor};

use super::method::{Map, Method, Rule, Steps, ball};
use super::options::Settings;
use super::ranking::Ranking;
use super::split::{Pair, Split};
use crate::interrupt;

/// What a run measures, epoch by epoch after the burn-in.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Curves {
    /// The mean loss of a pair over each epoch, while its points move.
    pub(crate) losses: Vec<f64>,
    /// The MAPs after some epochs, the first straight after the burn-in.
    pub(crate) maps: Vec<Maps>,
}

/// How well an embedding ranks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Maps {
    pub(crate) epoch: usize,
    /// Of the pairs that are trained on.
    pub(crate) train: f64,
    /// Of the pairs held out.
    pub(crate) held_out: f64,
}

/// All that the runs of one seed share: data and the state after the burn-in.
pub(crate) struct Start {
    train: Vec<Pair>,
    sampler: NegativeSampler,
    train_ranking: Ranking,
    held_out_ranking: Ranking,
    /// Row by row.
    points: Vec<f64>,
    dim: usize,
    seed: u64,
}

/// The seeds of the numbers drawn before and after the burn-in.
const AFTER_BURN_IN: u64 = 1 << 63;

impl Start {
    /// Splits the pairs, and trains all that comes before the methods part: with RSGD and the
    /// retraction, at a small rate and with negatives by degree. `None` if the user stops it.
    pub(crate) fn new(
        nodes: usize,
        closure: &[Pair],
        split: Split,
        settings: &Settings,
        seed: u64,
    ) -> Result<Option<Self>> {
        let most = settings.evaluated_nodes;
        let mut start = Self {
            sampler: NegativeSampler::new(nodes, &split.train)?,
            train_ranking: Ranking::new(nodes, &split.train, closure, most),
            held_out_ranking: Ranking::new(nodes, &split.held_out, closure, most),
            train: split.train,
            points: Vec::new(),
            dim: settings.dim,
            seed,
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let scale = settings.init_scale;
        let random = |_| rng.random_range(-scale..scale);
        start.points = (0..nodes * settings.dim).map(random).collect();
        let rsgd = Method {
            map: Map::Retraction,
            rule: Rule::Rsgd,
        };
        let mut optimizer = rsgd.start(&start.tensor(), settings.burn_in_rate)?;
        let mut epochs = Epochs::new(&start, settings, NegativeLaw::ByDegree, seed)?;
        for _ in 0..settings.burn_in_epochs {
            if interrupt::requested() {
                return Ok(None);
            }
            epochs.run(optimizer.as_mut());
        }
        let size = nodes * settings.dim;
        start.points = vec![0.0; size];
        let end = optimizer.points().detach().contiguous();
        end.copy_data(&mut start.points, size);
        Ok(Some(start))
    }

    fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.points).view([-1, self.dim as i64])
    }

    /// Trains from here on. `None` if the user stops it. Ends early once the loss is not finite.
    pub(crate) fn run(
        &self,
        method: Method,
        rate: f64,
        settings: &Settings,
        mut report: impl FnMut(f64),
    ) -> Result<Option<Curves>> {
        let mut optimizer = method.start(&self.tensor(), rate)?;
        let mut epochs = Epochs::new(
            self,
            settings,
            NegativeLaw::Uniform,
            self.seed ^ AFTER_BURN_IN,
        )?;
        let mut curves = Curves::default();
        curves.maps.push(self.maps(0, optimizer.as_ref())?);
        for epoch in 1..=settings.epochs {
            if interrupt::requested() {
                return Ok(None);
            }
            let loss = epochs.run(optimizer.as_mut());
            report(loss);
            curves.losses.push(loss);
            if !loss.is_finite() {
                break;
            }
            if epoch % settings.evaluate_every == 0 || epoch == settings.epochs {
                curves.maps.push(self.maps(epoch, optimizer.as_ref())?);
            }
        }
        Ok(Some(curves))
    }

    fn maps(&self, epoch: usize, optimizer: &dyn Steps) -> Result<Maps> {
        let points = optimizer.points().detach();
        let ball = ball(self.dim as i64)?;
        Ok(Maps {
            epoch,
            train: self.train_ranking.map(&ball, &points)?,
            held_out: self.held_out_ranking.map(&ball, &points)?,
        })
    }
}

/// Passes over the pairs in a new order each.
struct Epochs<'a> {
    sampler: &'a NegativeSampler,
    law: NegativeLaw,
    negatives: usize,
    batch: usize,
    ball: PoincareBall,
    rng: Xoshiro256PlusPlus,
    pairs: Vec<Pair>,
}

impl<'a> Epochs<'a> {
    fn new(start: &'a Start, settings: &Settings, law: NegativeLaw, seed: u64) -> Result<Self> {
        Ok(Self {
            sampler: &start.sampler,
            law,
            negatives: settings.negatives,
            batch: settings.batch,
            ball: ball(start.dim as i64)?,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            pairs: start.train.clone(),
        })
    }

    /// One pass; the mean loss of a pair.
    fn run(&mut self, optimizer: &mut dyn Steps) -> f64 {
        self.pairs.shuffle(&mut self.rng);
        let points = optimizer.points();
        let mut sum = 0.0;
        for pairs in self.pairs.chunks(self.batch) {
            let batch = Batch::draw(pairs, self.sampler, self.law, self.negatives, &mut self.rng);
            optimizer.zero_grad();
            let loss = batch.loss(&self.ball, &points);
            loss.backward();
            optimizer.step();
            sum += loss.double_value(&[]);
        }
        sum / self.pairs.len() as f64
    }
}

/// Pairs with their negatives.
struct Batch {
    /// `[pairs, 2 + negatives]`: node, ancestor, negatives.
    rows: Tensor,
    /// `[pairs, 1 + negatives]`: which of ancestor and negatives only fill a short list up.
    absent: Tensor,
}

impl Batch {
    fn draw(
        pairs: &[Pair],
        sampler: &NegativeSampler,
        law: NegativeLaw,
        count: usize,
        rng: &mut dyn Rng,
    ) -> Self {
        let mut rows = Vec::with_capacity(pairs.len() * (2 + count));
        let mut absent = Vec::with_capacity(pairs.len() * (1 + count));
        for &(node, ancestor) in pairs {
            let negatives = sampler.draw(law, node, count, rng);
            let missing = count - negatives.len();
            rows.extend([node, ancestor].map(i64::from));
            rows.extend(negatives.iter().copied().map(i64::from));
            rows.extend(std::iter::repeat_n(i64::from(ancestor), missing));
            absent.extend(std::iter::repeat_n(false, 1 + negatives.len()));
            absent.extend(std::iter::repeat_n(true, missing));
        }
        let count = count as i64;
        Self {
            rows: Tensor::from_slice(&rows).view([-1, 2 + count]),
            absent: Tensor::from_slice(&absent).view([-1, 1 + count]),
        }
    }

    /// −log(e^−d(x,y) / Σ_{z ∈ N ∪ {y}} e^−d(x,z)), summed over the pairs (x, y) with negatives N.
    /// The gradient at `points` is row-sparse.
    fn loss(&self, ball: &PoincareBall, points: &Tensor) -> Tensor {
        let read = Tensor::embedding(points, &self.rows, -1, false, true);
        let candidates = self.absent.size()[1];
        let dist = ball.dist(&read.narrow(1, 0, 1), &read.narrow(1, 1, candidates));
        let scores = dist.neg().masked_fill(&self.absent, f64::NEG_INFINITY);
        let log_likelihood = scores.log_softmax(-1, Kind::Double).select(-1, 0);
        -log_likelihood.sum(Kind::Double)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_the_papers_and_its_gradient_row_sparse() {
        let ball = ball(1).unwrap();
        // Distances from node 0: 1 to node 1, 2 to node 2, 3 to node 3.
        let places = [0.0_f64, 0.5, 1.0, 1.5].map(f64::tanh);
        let points = Tensor::from_slice(&places)
            .view([4, 1])
            .set_requires_grad(true);
        let batch = Batch {
            rows: Tensor::from_slice(&[0_i64, 1, 2, 1]).view([1, 4]),
            absent: Tensor::from_slice(&[false, false, true]).view([1, 3]),
        };
        let loss = batch.loss(&ball, &points);
        let expected = -((-1.0_f64).exp() / ((-1.0_f64).exp() + (-2.0_f64).exp())).ln();
        assert!((loss.double_value(&[]) - expected).abs() < 1e-14);
        loss.backward();
        let gradient = points.grad();
        assert!(gradient.is_sparse());
        assert_eq!(
            gradient.to_dense(Kind::Double, false).double_value(&[3, 0]),
            0.0
        );
    }

    #[test]
    fn a_node_with_few_strangers_gets_few_negatives() {
        let sampler = NegativeSampler::new(4, &[(0, 1), (0, 2)]).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let batch = Batch::draw(&[(0, 1)], &sampler, NegativeLaw::Uniform, 2, &mut rng);
        assert_eq!(
            batch.rows,
            Tensor::from_slice(&[0_i64, 1, 3, 1]).view([1, 4])
        );
        let absent = Tensor::from_slice(&[false, false, true]).view([1, 3]);
        assert_eq!(batch.absent, absent);
    }
}
