//! One run: burn-in, then one optimiser at one learning rate, with its curves.

use holonomy::embed::{NegativeLaw, NegativeSampler};
use holonomy::optim::Gradient;
use holonomy::{Error, Geodesic, Manifold, PoincareBall, Result};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Kind, Tensor};

use super::method::{Map, Method, Rule, Steps, ball};
use super::options::Settings;
use super::ranking::Ranking;
use super::split::{Pair, Split};
use crate::harness::interrupt;

/// One complete run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Run {
    #[serde(flatten)]
    pub(crate) method: Method,
    pub(crate) rate: f64,
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) curves: Curves,
}

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
            epochs.run(optimizer.as_mut())?;
        }
        let size = nodes * settings.dim;
        start.points = vec![0.0; size];
        let end = optimizer.points().contiguous();
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
            let loss = match epochs.run(optimizer.as_mut()) {
                Err(Error::ParameterNotFinite { .. }) => f64::NAN,
                loss => loss?,
            };
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
        let points = optimizer.points();
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
    fn run(&mut self, optimizer: &mut dyn Steps) -> Result<f64> {
        self.pairs.shuffle(&mut self.rng);
        let points = optimizer.points();
        let mut sum = 0.0;
        for pairs in self.pairs.chunks(self.batch) {
            let batch = Batch::draw(pairs, self.sampler, self.law, self.negatives, &mut self.rng);
            let (loss, gradient) = batch.loss(&self.ball, &points);
            optimizer.step(gradient)?;
            sum += loss;
        }
        Ok(sum / self.pairs.len() as f64)
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

    /// The loss −log(e^−d(x,y) / Σ_{z ∈ N ∪ {y}} e^−d(x,z)), summed over the pairs (x, y) with
    /// negatives N, and its Euclidean gradient at the rows that take part.
    ///
    /// The Riemannian gradient of d(x, z) at x is −log_x(z)/d(x, z), 0 for x = z. Written down, it
    /// spares autograd's many small operations, which on a few hundred rows are all overhead.
    fn loss(&self, ball: &PoincareBall, points: &Tensor) -> (f64, Gradient) {
        let rows = self.rows.view(-1);
        let dim = points.size()[1];
        let candidates = self.absent.size()[1];
        let read = points
            .index_select(0, &rows)
            .view([-1, 1 + candidates, dim]);
        let (x, z) = (read.narrow(1, 0, 1), read.narrow(1, 1, candidates));
        let dist = ball.dist(&x, &z);
        let scores = dist.neg().masked_fill(&self.absent, f64::NEG_INFINITY);
        let log_likelihood = scores.log_softmax(-1, Kind::Double);
        // ∂loss/∂d(x, z): 1 at the true neighbour less its probability under the softmax.
        let slope = log_likelihood.exp().neg();
        let _ = slope.select(1, 0).g_add_scalar_(1.0);
        let factor = -(slope / dist.clamp_min(f64::MIN_POSITIVE)).unsqueeze(-1);
        let at_x = (ball.log(&x, &z) * &factor).sum_dim_intlist(1, true, Kind::Double);
        let at_z = ball.log(&z, &x) * factor;
        let gradient = Tensor::cat(&[at_x, at_z], 1) * metric(ball, &read);
        let loss = -log_likelihood.select(-1, 0).sum(Kind::Double);
        let gradient = Gradient::from_rows(&rows, &gradient.view([-1, dim]));
        (loss.double_value(&[]), gradient)
    }
}

/// The squared length that the metric gives a Euclidean unit vector, `[.., 1]`.
fn metric(ball: &PoincareBall, points: &Tensor) -> Tensor {
    let dim = points.size()[points.dim() - 1];
    let unit = Tensor::full(
        [dim],
        (dim as f64).sqrt().recip(),
        (Kind::Double, points.device()),
    );
    ball.inner(points, &unit, &unit).unsqueeze(-1)
}

#[cfg(test)]
mod tests {
    use holonomy::Sample;
    use tch::Device;

    use super::*;

    #[test]
    fn the_loss_is_the_papers() {
        // Distances from node 0: 1 to node 1, 2 to node 2; the third candidate is absent.
        let places = [0.0_f64, 0.5, 1.0].map(f64::tanh);
        let points = Tensor::from_slice(&places).view([3, 1]);
        let batch = Batch {
            rows: Tensor::from_slice(&[0_i64, 1, 2, 1]).view([1, 4]),
            absent: Tensor::from_slice(&[false, false, true]).view([1, 3]),
        };
        let (loss, _) = batch.loss(&ball(1).unwrap(), &points);
        let expected = -((-1.0_f64).exp() / ((-1.0_f64).exp() + (-2.0_f64).exp())).ln();
        assert!((loss - expected).abs() < 1e-14);
    }

    #[test]
    fn the_gradient_is_what_autograd_gives() {
        let ball = ball(3).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let random = ball.random_point(&mut rng, &[20], (Kind::Double, Device::Cpu));
        let points = random.set_requires_grad(true);
        let sampler = NegativeSampler::new(20, &[(0, 1), (2, 1), (3, 4)]).unwrap();
        let pairs = [(0, 1), (2, 1), (3, 4)];
        let batch = Batch::draw(&pairs, &sampler, NegativeLaw::Uniform, 6, &mut rng);
        let _ = batch.absent.get(1).get(6).fill_(1);
        let read = points.index_select(0, &batch.rows.view(-1)).view([3, 8, 3]);
        let dist = ball.dist(&read.narrow(1, 0, 1), &read.narrow(1, 1, 7));
        let scores = dist.neg().masked_fill(&batch.absent, f64::NEG_INFINITY);
        let expected = -scores
            .log_softmax(-1, Kind::Double)
            .select(-1, 0)
            .sum(Kind::Double);
        expected.backward();
        let (loss, gradient) = batch.loss(&ball, &points.detach());
        assert!((loss - expected.double_value(&[])).abs() < 1e-12);
        let Gradient::Rows { rows, values } = gradient else {
            panic!("the gradient is of rows");
        };
        let dense = points.grad().zeros_like().index_add(0, &rows, &values);
        let error = (dense - points.grad()).abs().max().double_value(&[]);
        assert!(error < 1e-11, "{error}");
        assert!(rows.size()[0] < 20 && points.grad().abs().max().double_value(&[]) > 0.1);
    }

    #[test]
    fn nodes_at_one_place_have_no_gradient_towards_each_other() {
        let points = Tensor::from_slice(&[0.5, 0.5, 0.25]).view([3, 1]);
        let batch = Batch {
            rows: Tensor::from_slice(&[0_i64, 1, 2]).view([1, 3]),
            absent: Tensor::from_slice(&[false, false]).view([1, 2]),
        };
        let (_, Gradient::Rows { values, .. }) = batch.loss(&ball(1).unwrap(), &points) else {
            panic!("the gradient is of rows");
        };
        assert_eq!(values.double_value(&[1, 0]), 0.0);
        assert!(values.double_value(&[2, 0]).is_finite());
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
