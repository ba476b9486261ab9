//! What the descent moves.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::config::DistanceConfig;
use super::signature::Factor;
use crate::checkpoint::Checkpoint;
use crate::numerics::no_grad;
use crate::optim::{AdamConfig, Gradient, ManifoldParameter, RiemannianAdam};
use crate::random::mix;
use crate::random::random_normal;
use crate::{Error, Euclidean, Geodesic, Product, Result, Space};

/// The name of the logarithms of the radii in a checkpoint.
const LOG_RADII: &str = "log_radii";

/// The random stream of the start; the epochs count up from 0.
const START_STREAM: u64 = u64::MAX - 29;

/// Where the descent begins: points of factors of curvature ∓1 and 0, and their radii in units of the
/// mean distance.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) points: Vec<Tensor>,
    pub(super) radii: Vec<f64>,
}

impl Start {
    pub(super) fn random(config: &DistanceConfig, like: &Tensor) -> Result<Self> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(config.seed, START_STREAM));
        let n = like.size()[0];
        let factors = config.signature.factors();
        let point = |factor: &Factor| {
            let space = factor.space(1.0)?;
            let mut origin = Tensor::zeros([n, factor.width()], (Kind::Double, Device::Cpu));
            if factor.sign() != 0.0 {
                let _ = origin.narrow(1, 0, 1).fill_(1.0);
            }
            let ambient = random_normal(&mut rng, &origin.size(), Kind::Double, Device::Cpu);
            let tangent = space.project_tangent(&origin, &ambient) * config.init_scale;
            origin = space.exp(&origin, &tangent);
            Ok(origin.to_kind(like.kind()).to_device(like.device()))
        };
        Ok(Self {
            points: factors.iter().map(point).collect::<Result<_>>()?,
            radii: vec![1.0; factors.len()],
        })
    }
}

/// The points of each factor in a layout of [`Product`].
pub(super) fn split(factors: &[Factor], points: &Tensor) -> impl Iterator<Item = Tensor> {
    let mut start = 0;
    factors.iter().map(move |factor| {
        let part = points.narrow(-1, start, factor.width());
        start += factor.width();
        part
    })
}

/// What is trained: the points of each factor, and the logarithms of the radii of the curved ones.
#[derive(Debug)]
pub(super) struct State {
    pub(super) factors: Vec<Factor>,
    pub(super) spaces: Vec<Box<dyn Space>>,
    /// The memory of the optimiser's parameters.
    pub(super) points: Vec<Tensor>,
    pub(super) log_radii: Tensor,
    pub(super) learns_radii: bool,
    pub(super) optimizer: RiemannianAdam,
}

impl State {
    pub(super) fn new(
        config: &DistanceConfig,
        start: Option<&Start>,
        truth: &Tensor,
    ) -> Result<Self> {
        let factors = config.signature.factors().to_vec();
        let random;
        let start = if let Some(start) = start {
            start
        } else {
            random = Start::random(config, truth)?;
            &random
        };
        let spaces: Vec<Box<dyn Space>> = factors
            .iter()
            .map(|f| f.space(1.0))
            .collect::<Result<_>>()?;
        let mut parameters = Vec::new();
        for (factor, points) in factors.iter().zip(&start.points) {
            let space: Box<dyn Geodesic> = factor.space(1.0)?;
            let parameter = ManifoldParameter::geodesic(space, points)?;
            parameters.push(parameter.named(format!("the points in {factor}")));
        }
        let points = parameters
            .iter()
            .map(|parameter| parameter.tensor().detach())
            .collect();
        let mut optimizer = RiemannianAdam::new(parameters, AdamConfig::new(config.learning_rate))?;
        let curved = factors
            .iter()
            .zip(&start.radii)
            .filter(|(factor, _)| factor.sign() != 0.0);
        let log_radii: Vec<f64> = curved.map(|(_, radius)| radius.ln()).collect();
        let mut log_radii = Tensor::from_slice(&log_radii);
        let learns_radii = config.learn_curvature && log_radii.numel() > 0;
        if learns_radii {
            let line = Euclidean::new(log_radii.numel() as i64)?;
            let parameter = ManifoldParameter::geodesic(Box::new(line), &log_radii)?;
            let parameter = parameter.named("the logarithms of the radii");
            log_radii = parameter.tensor().detach();
            optimizer.add_group(vec![parameter], AdamConfig::new(config.learning_rate))?;
        }
        Ok(Self {
            factors,
            spaces,
            points,
            log_radii,
            learns_radii,
            optimizer,
        })
    }

    /// Points, radii and what the optimiser remembers.
    pub(super) fn checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = self.optimizer.state()?;
        checkpoint.insert(LOG_RADII, &self.log_radii)?;
        Ok(checkpoint)
    }

    /// Goes back to a [`checkpoint`](Self::checkpoint) of a state with the same factors and number of points.
    pub(super) fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        const OP: &str = "DistanceTrainer::resuming_from";
        let log_radii = checkpoint.tensor(LOG_RADII)?;
        let fits = log_radii.size() == self.log_radii.size() && log_radii.kind() == Kind::Double;
        if !fits || log_radii.isfinite().all().int64_value(&[]) == 0 {
            let expected = format!("{} finite logarithms of radii", self.log_radii.numel());
            return Err(Error::invalid(OP, expected, format!("{log_radii:?}")));
        }
        self.optimizer.load_state(checkpoint)?;
        no_grad(|| self.log_radii.copy_(log_radii));
        Ok(())
    }

    /// The radius of each factor in units of the mean distance; 1 for flat ones.
    fn radii(&self) -> Vec<f64> {
        let mut curved = 0;
        let radius = |factor: &Factor| {
            if factor.sign() == 0.0 {
                return 1.0;
            }
            curved += 1;
            self.log_radii.double_value(&[curved - 1]).exp()
        };
        self.factors.iter().map(radius).collect()
    }

    /// What each factor contributes to the distances from these rows.
    pub(super) fn parts(&self, rows: &Tensor) -> impl Iterator<Item = Part<'_>> {
        let rows = rows.shallow_clone();
        let factors = self.factors.iter().zip(&self.spaces);
        factors.zip(&self.points).zip(self.radii()).map(
            move |(((factor, space), points), radius)| {
                let from = points.index_select(0, &rows).unsqueeze(1);
                Part {
                    factor: *factor,
                    squared: space.dist(&from, points).square(),
                    space: space.as_ref(),
                    from,
                    points,
                    radius_squared: radius * radius,
                }
            },
        )
    }

    /// Hands gradients to the optimiser: of the rows in each factor, and of the logarithms of the radii.
    pub(super) fn give(&mut self, rows: &Tensor, of_points: Vec<Tensor>, of_log_radii: &[Tensor]) {
        let all = rows.size()[0] == self.points[0].size()[0];
        let mut parameters = self.optimizer.parameters_mut();
        for (values, parameter) in of_points.into_iter().zip(parameters.by_ref()) {
            parameter.set_gradient(if all {
                Gradient::Dense(values.zeros_like().index_copy(0, rows, &values))
            } else {
                Gradient::Rows {
                    rows: rows.shallow_clone(),
                    values,
                }
            });
        }
        if self.learns_radii
            && let Some(parameter) = parameters.next()
        {
            let values = Tensor::stack(of_log_radii, 0).to_device(Device::Cpu);
            parameter.set_gradient(Gradient::Dense(values));
        }
    }

    /// The space, its curvatures and the points, with distances in the unit of the data.
    pub(super) fn embedding(&self, unit: f64) -> Result<(Product<dyn Space>, Vec<f64>, Tensor)> {
        let radii: Vec<f64> = self.radii().iter().map(|radius| radius * unit).collect();
        let kappas = self.factors.iter().zip(&radii);
        let kappas: Vec<f64> = kappas.map(|(f, r)| f.sign() / (r * r)).collect();
        let spaces = self
            .factors
            .iter()
            .zip(&kappas)
            .map(|(f, kappa)| f.space(kappa.abs()));
        let parts: Vec<Tensor> = self
            .points
            .iter()
            .zip(&radii)
            .map(|(x, r)| x * *r)
            .collect();
        Ok((
            Product::new(spaces.collect::<Result<_>>()?)?,
            kappas,
            Tensor::cat(&parts, -1),
        ))
    }
}

/// A factor's part in the distances from some rows.
pub(super) struct Part<'a> {
    pub(super) factor: Factor,
    pub(super) space: &'a dyn Space,
    pub(super) from: Tensor,
    pub(super) points: &'a Tensor,
    pub(super) squared: Tensor,
    pub(super) radius_squared: f64,
}

impl Part<'_> {
    /// The Euclidean gradient, in the sense of the manifold's `rgrad`, of the mean loss by the rows.
    ///
    /// Each pair counts from either end, hence 2 · (−2 log).
    pub(super) fn gradient(&self, derivative: &Tensor, pairs: &Tensor) -> Tensor {
        let mut log = self.space.log(&self.from, self.points);
        if matches!(self.factor, Factor::Spherical(_)) {
            // No direction leads to an antipode. A point that is NaN has a NaN loss, too.
            log = log.masked_fill(&log.isnan(), 0.0);
        }
        let sum = derivative.unsqueeze(1).matmul(&log).squeeze_dim(1);
        let gradient = sum * (-4.0 * self.radius_squared) / pairs.to_kind(log.kind());
        match self.factor {
            // The metric of the ambient space has the sign −1 there.
            Factor::Hyperbolic(_) => {
                let _ = gradient.narrow(-1, 0, 1).neg_();
                gradient
            }
            Factor::Spherical(_) | Factor::Euclidean(_) => gradient,
        }
    }
}
