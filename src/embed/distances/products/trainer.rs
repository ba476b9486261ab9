//! The descent.

use std::ops::ControlFlow;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use super::config::DistanceConfig;
use super::state::{Part, Start, State, split};
use crate::checkpoint::Checkpoint;
use crate::embed::training::epochs;
use crate::embed::training::epochs::{EpochRecord, Resumable, Resumed, Training};
use crate::metric::{Distances, mirrored};
use crate::numerics::no_grad;
use crate::optim::{Schedule, during};
use crate::random::mix;
use crate::{Error, Product, Result, Space};

/// The share of the learning rate that is left at the end.
const LAST_RATE: f64 = 0.01;
const OP: &str = "DistanceTrainer";

/// Points of a product fitted to distances.
#[derive(Debug)]
pub struct DistanceEmbedding {
    /// The space: the factors of the signature with their curvatures.
    pub space: Product<dyn Space>,
    /// The curvature of each factor; 0 for Euclidean ones.
    pub curvatures: Vec<f64>,
    /// The points, `[n, width]` in the layout of [`Product`].
    pub points: Tensor,
    /// The records of all epochs.
    pub history: Vec<EpochRecord>,
    /// The training time in seconds, without callbacks.
    pub seconds: f64,
    /// Whether a callback ended the training before its last epoch.
    pub stopped_early: bool,
}

/// What a callback sees after each epoch.
#[derive(Debug)]
pub struct DistanceProgress<'a> {
    /// This epoch.
    pub record: EpochRecord,
    /// The number of epochs in the settings.
    pub epochs: usize,
    running: &'a Running<'a>,
    history: &'a [EpochRecord],
}

impl DistanceProgress<'_> {
    /// The space and the points as they are now, `[n, width]`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when a curvature overflows or underflows.
    pub fn embedding(&self) -> Result<(Product<dyn Space>, Tensor)> {
        let (space, _, points) = self.running.state.embedding(self.running.trainer.unit)?;
        Ok((space, points))
    }

    /// Everything that [`DistanceTrainer::resuming_from`] needs to continue after this epoch:
    /// settings, a digest of the distances, the state of the optimiser and the records.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] or [`Error::Torch`] when a part cannot be copied.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = self.running.state.checkpoint()?;
        epochs::describe(self.running.trainer, self.history, &mut checkpoint)?;
        Ok(checkpoint)
    }
}

/// Fits points in a product of hyperbolic, spherical and Euclidean spaces to distances, by
/// gradient descent.
///
/// ```text
/// minimise over the points x and the curvatures κ   the mean over known pairs of loss(d(xᵢ, xⱼ), Dᵢⱼ)
/// d(x, y)² = Σ over factors f of d_f(x_f, y_f)²
/// ```
///
/// Each curved factor is a space of curvature ∓1, scaled by a learned radius r: κ = ∓1/r². So a
/// point keeps its unit coordinates when the curvature changes. Distances are measured in units of
/// their mean, so that the result does not depend on the unit of D. The gradient uses the closed
/// form grad_x d_f² = −2 log_x y. For every batch of points, an epoch takes one step of
/// [`RiemannianAdam`](crate::optim::RiemannianAdam) along geodesics, for the points and for the
/// logarithms of the radii. Runs on one machine are bitwise reproducible.
///
/// A distance that is NaN (not known) or infinite (no path) is ignored; a point without known
/// distances stays where it started. The distance of antipodal points of a spherical factor has no
/// gradient; they do not move each other in that factor.
///
/// # Accuracy
///
/// In a hyperbolic factor of curvature −1 the gradient at a point at distance r from the origin
/// has a relative error of some e^{2r} roundings: 1e-8 at r = 8, 6e-6 at 12, 2e-3 at 15. Steps
/// stay on the manifold, and the loss is computed to full precision.
///
/// # Shapes
///
/// Distances `[n, n]`, f64 or f32; the points have their kind and device.
///
/// # Examples
///
/// The distances of a cycle fit on a great circle; the curvature of the sphere is learned.
///
/// ```
/// use std::ops::ControlFlow;
/// use holonomy::embed::{DistanceConfig, DistanceTrainer};
/// use holonomy::metric::{distortion, pairwise_distances};
/// use holonomy::graph::{Graph, shortest_paths};
///
/// let names = (0..12).map(|node| node.to_string()).collect();
/// let cycle = Graph::new(names, (0..12).map(|node| (node, (node + 1) % 12)).collect(), None)?;
/// let distances = shortest_paths(&cycle);
///
/// let config = DistanceConfig::new("S2".parse()?);
/// let found = DistanceTrainer::new(config, &distances)?.run(|_| ControlFlow::Continue(()))?;
/// let error = distortion(&distances, &pairwise_distances(&found.space, &found.points))?;
/// assert!(error.average < 0.01);
/// let radius = found.curvatures[0].powf(-0.5);
/// assert!((radius - 6.0 / std::f64::consts::PI).abs() < 0.05);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// gu2019, section 3 (products, learned curvature, the loss); sala2018, section 4 (incomplete distances).
#[derive(Debug)]
pub struct DistanceTrainer {
    config: DistanceConfig,
    /// Distances in units of their mean; 1 where one is not known.
    truth: Tensor,
    /// 1 where a distance is known, else 0.
    known: Tensor,
    /// The mean distance.
    unit: f64,
    /// Of the distances as they were given.
    digest: String,
    start: Option<Start>,
    resumed: Option<Resumed>,
}

/// A training that has begun.
#[derive(Debug)]
struct Running<'a> {
    trainer: &'a DistanceTrainer,
    state: State,
    schedule: Schedule,
}

impl Training for Running<'_> {
    const OP: &'static str = OP;

    fn rate(&self, epoch: usize) -> f64 {
        self.trainer.config.learning_rate * self.schedule.factor(epoch as u64)
    }

    fn epoch(&mut self, epoch: usize) -> Result<f64> {
        let state = &mut self.state;
        state.optimizer.apply_schedule(&self.schedule, epoch as u64);
        no_grad(|| self.trainer.epoch(state, epoch))
            .map_err(during(OP, format!("epoch {}", epoch + 1)))
    }
}

impl Resumable for DistanceTrainer {
    const CONTENT: &'static str = "holonomy::embed::DistanceTrainer";
    const VERSION: u32 = 1;
    const RESUMING: &'static str = "DistanceTrainer::resuming_from";
    type Config = DistanceConfig;

    fn config(&self) -> &DistanceConfig {
        &self.config
    }

    fn epochs(&self) -> usize {
        self.config.epochs
    }

    fn data(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("points", json!(self.truth.size()[0])),
            ("kind", json!(format!("{:?}", self.truth.kind()))),
            ("distances_sha256", json!(self.digest)),
        ]
    }
}

impl DistanceTrainer {
    /// A trainer for these distances.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a setting out of range, a matrix that is not square,
    /// symmetric and 0 on the diagonal (up to rounding, 1e-10 of the largest distance, in f32
    /// 1e-5), a distance ≤ 0 between different points, or no known distance; the message names the
    /// pair.
    pub fn new(config: DistanceConfig, distances: &Tensor) -> Result<Self> {
        config.validate()?;
        let checked = Distances::with_gaps(OP, distances)?;
        let distances = mirrored(OP, distances)?.detach();
        let (unit, pairs) = mean_distance(&checked)?;
        if pairs == 0 {
            return Err(Error::invalid(OP, "at least one known distance", "none"));
        }
        let n = distances.size()[0];
        let eye = Tensor::eye(n, (Kind::Bool, distances.device()));
        let known = distances.isfinite().logical_and(&eye.logical_not());
        let truth = (&distances / unit).where_self(&known, &distances.ones_like());
        Ok(Self {
            config,
            truth,
            known: known.to_kind(distances.kind()),
            unit,
            digest: digest_of(&checked),
            start: None,
            resumed: None,
        })
    }

    /// Continues from a [`DistanceProgress::checkpoint`], including its history and training time,
    /// wherever that training had started. With as many threads, and on the same kind of processor,
    /// the result is bitwise that of an uninterrupted training.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the difference when the checkpoint is not one of such
    /// a training, or when its settings or its distances differ. Whether its points fit is checked
    /// by [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use holonomy::embed::{DistanceConfig, DistanceTrainer};
    /// use holonomy::tch::Tensor;
    ///
    /// let line = Tensor::from_slice2(&[[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]]);
    /// let config = DistanceConfig { epochs: 9, ..DistanceConfig::new("H2".parse()?) };
    /// let mut checkpoint = None;
    /// let whole = DistanceTrainer::new(config.clone(), &line)?.run(|progress| {
    ///     if progress.record.epoch == 5 {
    ///         checkpoint = progress.checkpoint().ok();
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// let resumed = DistanceTrainer::new(config, &line)?.resuming_from(&checkpoint.unwrap())?;
    /// let resumed = resumed.run(|_| ControlFlow::Continue(()))?;
    /// assert_eq!(resumed.points, whole.points);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn resuming_from(mut self, checkpoint: &Checkpoint) -> Result<Self> {
        self.resumed = Some(Resumed::from(&self, checkpoint)?);
        Ok(self)
    }

    /// Starts from these points, `[n, width]` in the layout of [`Product`], instead of random ones; the
    /// factors have the curvatures `curvatures`, which is ignored for Euclidean ones.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape or kind, another number of curvatures than of
    /// factors, or a curvature of the wrong sign or not finite. Whether the rows are points is checked by
    /// [`run`](Self::run).
    pub fn starting_at(mut self, points: &Tensor, curvatures: &[f64]) -> Result<Self> {
        crate::numerics::require_defined(OP, &[points])?;
        let factors = self.config.signature.factors();
        let width: i64 = factors.iter().map(|factor| factor.width()).sum();
        let size = [self.truth.size()[0], width];
        if points.size() != size || points.kind() != self.truth.kind() {
            let expected = format!("points {size:?} of {:?}", self.truth.kind());
            return Err(Error::invalid(OP, expected, format!("{points:?}")));
        }
        if curvatures.len() != factors.len() {
            let expected = format!("{} curvatures", factors.len());
            return Err(Error::invalid(OP, expected, curvatures.len()));
        }
        for (factor, &kappa) in factors.iter().zip(curvatures) {
            let curved = factor.sign() != 0.0;
            if curved && !(kappa.is_finite() && kappa * factor.sign() > 0.0) {
                let expected = format!("a finite curvature of the sign of {factor}");
                return Err(Error::invalid(OP, expected, kappa));
            }
        }
        let radii = factors.iter().zip(curvatures);
        let radii: Vec<f64> = radii
            .map(|(f, kappa)| f.radius(*kappa, self.unit))
            .collect();
        let points: Vec<Tensor> = split(factors, points)
            .zip(&radii)
            .map(|(part, radius)| (part / *radius).to_device(self.truth.device()))
            .collect();
        let radii = radii.iter().map(|radius| radius / self.unit).collect();
        self.start = Some(Start { points, radii });
        self.resumed = None;
        Ok(self)
    }

    /// Trains, and calls `on_epoch` after every epoch; `ControlFlow::Break` ends the training there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] with the epoch, and the row, when the loss, a gradient or a point is
    /// not finite; [`Error::NotOnManifold`] for a row given to [`starting_at`](Self::starting_at)
    /// that is not a point.
    pub fn run(
        self,
        mut on_epoch: impl FnMut(&DistanceProgress<'_>) -> ControlFlow<()>,
    ) -> Result<DistanceEmbedding> {
        let mut state = State::new(&self.config, self.start.as_ref(), &self.truth)
            .map_err(|error| error.told_by(OP))?;
        let mut history = Vec::new();
        if let Some(Resumed {
            state: saved,
            records,
        }) = &self.resumed
        {
            state
                .restore(saved)
                .map_err(|error| error.told_by(Self::RESUMING))?;
            history.clone_from(records);
        }
        let epochs = self.config.epochs;
        let schedule = Schedule::linear(epochs as u64, LAST_RATE)?;
        let mut running = Running {
            trainer: &self,
            state,
            schedule,
        };
        let trained = epochs::train(&mut running, epochs, history, |running, history| {
            on_epoch(&DistanceProgress {
                record: history[history.len() - 1],
                epochs,
                running,
                history,
            })
        })?;
        let (space, curvatures, points) = running.state.embedding(self.unit)?;
        if points.isfinite().all().int64_value(&[]) == 0 {
            return Err(Error::NotFinite {
                op: OP,
                what: "a point",
                place: format!("epoch {}", trained.history.len()),
            });
        }
        Ok(DistanceEmbedding {
            space,
            curvatures,
            points,
            history: trained.history,
            seconds: trained.seconds,
            stopped_early: trained.stopped_early,
        })
    }

    /// Moves every point once; the mean loss, each taken just before its point's step.
    fn epoch(&self, state: &mut State, epoch: usize) -> Result<f64> {
        let n = self.truth.size()[0];
        let mut order: Vec<i64> = (0..n).collect();
        let seed = mix(self.config.seed, epoch as u64);
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        let pairs = self.known.sum(Kind::Double);
        let mut total = Tensor::zeros([], (Kind::Double, self.truth.device()));
        for rows in order.chunks(self.config.batch) {
            let rows = Tensor::from_slice(rows).to_device(self.truth.device());
            total += self.step(state, &rows, &pairs)?;
        }
        Ok((total / pairs).double_value(&[]))
    }

    /// Moves these points by their distances to all points; the summed loss before.
    fn step(&self, state: &mut State, rows: &Tensor, pairs: &Tensor) -> Result<Tensor> {
        let (truth, known) = (
            self.truth.index_select(0, rows),
            self.known.index_select(0, rows),
        );
        let parts: Vec<Part> = state.parts(rows).collect();
        let squared = parts.iter().map(|part| &part.squared * part.radius_squared);
        let squared: Tensor = squared.sum();
        let (loss, derivative) = self.config.loss.with_derivative(&squared, &truth);
        let derivative = derivative * &known;
        let gradients: Vec<Tensor> = parts
            .iter()
            .map(|part| part.gradient(&derivative, pairs))
            .collect();
        let of_log_radii = parts
            .iter()
            .filter(|part| part.factor.sign() != 0.0)
            .map(|part| {
                let by_radius = (&derivative * &part.squared).sum(Kind::Double);
                by_radius * (2.0 * part.radius_squared) / pairs
            });
        let of_log_radii: Vec<Tensor> = of_log_radii.collect();
        state.give(rows, gradients, &of_log_radii);
        state.optimizer.step()?;
        Ok((loss * known).sum(Kind::Double))
    }
}

/// The SHA-256 of distances; what is not known counts as one number, whatever its bits are.
fn digest_of(distances: &Distances) -> String {
    let mut hash = Sha256::new();
    for x in 0..distances.len() {
        for &distance in distances.row(x) {
            let distance = if distance.is_nan() {
                f64::NAN
            } else {
                distance
            };
            hash.update(distance.to_le_bytes());
        }
    }
    format!("{:x}", hash.finalize())
}

/// The mean of the known distances between different points, and how many there are.
fn mean_distance(distances: &Distances) -> Result<(f64, usize)> {
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for x in 0..distances.len() {
        for (y, &distance) in distances.row(x).iter().enumerate().take(x) {
            if distance == 0.0 {
                let got = format!("0 at ({x}, {y})");
                return Err(Error::invalid(
                    OP,
                    "distances > 0 between different points",
                    got,
                ));
            }
            if distance.is_finite() {
                sum += distance;
                pairs += 1;
            }
        }
    }
    Ok((sum / pairs as f64, pairs))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tch::Device;

    use super::super::signature::Factor;
    use super::*;
    use crate::embed::distances::products::DistanceLoss;
    use crate::random::random_normal;

    /// What the parameters are given is the gradient that autograd finds of the same loss.
    #[test]
    fn gradients_are_those_of_autograd() {
        for loss in [
            DistanceLoss::SquaredRatio,
            DistanceLoss::Distortion,
            DistanceLoss::Stress,
        ] {
            check_gradients(loss).unwrap_or_else(|error| panic!("{loss:?}: {error}"));
        }
    }

    fn check_gradients(loss: DistanceLoss) -> Result<()> {
        let config = DistanceConfig {
            loss,
            ..DistanceConfig::new("H2xS2xE1".parse()?)
        };
        let (mut state, trainer) = far_from_the_origin(config)?;
        let factors = state.factors.clone();
        let points: Vec<Tensor> = state
            .points
            .iter()
            .map(|x| x.copy().set_requires_grad(true))
            .collect();
        let log_radii = state.log_radii.copy().set_requires_grad(true);
        let mean = mean_loss(&trainer, &factors, &points, &log_radii)?;
        mean.backward();

        let rows = Tensor::arange(6, (Kind::Int64, Device::Cpu));
        let pairs = trainer.known.sum(Kind::Double);
        let _ = no_grad(|| trainer.step(&mut state, &rows, &pairs))?;
        let given: Vec<Tensor> = state
            .optimizer
            .parameters()
            .map(|parameter| parameter.gradient().map(|g| g.parts().0.copy()))
            .collect::<Option<_>>()
            .unwrap_or_default();
        for ((factor, x), given) in factors.iter().zip(&points).zip(&given) {
            let space = factor.space(1.0)?;
            let x_detached = x.detach();
            let [ours, theirs] = [given, &x.grad()].map(|egrad| space.rgrad(&x_detached, egrad));
            let error = space.norm(&x_detached, &(&ours - &theirs)).max();
            let scale = space.norm(&x_detached, &theirs).max();
            assert!((error / scale).double_value(&[]) < 1e-9, "{factor}");
        }
        let error = (&given[3] - log_radii.grad()).abs().max();
        assert!(error.double_value(&[]) < 1e-12, "{error}");
        Ok(())
    }

    /// Six points of radius about 3, with distances that do not fit and one that is not known.
    fn far_from_the_origin(config: DistanceConfig) -> Result<(State, DistanceTrainer)> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let mut points = Vec::new();
        for factor in config.signature.factors() {
            let space = factor.space(1.0)?;
            let spread = if factor.sign() < 0.0 { 3.0 } else { 0.5 };
            let around = space.random_point(&mut rng, &[6], (Kind::Double, Device::Cpu));
            let origin = around.narrow(0, 0, 1).expand_as(&around);
            let tangent = space.random_tangent(&mut rng, &origin) * spread;
            points.push(space.exp(&origin, &tangent));
        }
        let distances = random_normal(&mut rng, &[6, 6], Kind::Double, Device::Cpu).abs() + 1.0;
        let distances = distances.triu(1);
        let distances = &distances + distances.transpose(0, 1);
        for (x, y) in [(1, 4), (4, 1)] {
            let _ = distances.get(x).get(y).fill_(f64::NAN);
        }
        let trainer = DistanceTrainer::new(config, &distances)?;
        let trainer = DistanceTrainer {
            start: Some(Start {
                points,
                radii: vec![0.7, 1.3, 1.0],
            }),
            ..trainer
        };
        Ok((
            State::new(&trainer.config, trainer.start.as_ref(), &trainer.truth)?,
            trainer,
        ))
    }

    fn mean_loss(
        trainer: &DistanceTrainer,
        factors: &[Factor],
        points: &[Tensor],
        log_radii: &Tensor,
    ) -> Result<Tensor> {
        let mut squared = Tensor::zeros([6, 6], (Kind::Double, Device::Cpu));
        for (index, (factor, x)) in factors.iter().zip(points).enumerate() {
            let distances = factor.space(1.0)?.dist(&x.unsqueeze(1), x);
            let radius = match factor.sign() {
                0.0 => Tensor::from(1.0),
                _ => log_radii.get(index as i64).exp(),
            };
            squared += (distances * radius).square();
        }
        // Away from the diagonal, where the root has no derivative.
        let squared = squared + Tensor::eye(6, (Kind::Double, Device::Cpu));
        let (loss, _) = trainer
            .config
            .loss
            .with_derivative(&squared, &trainer.truth);
        Ok((loss * &trainer.known).sum(Kind::Double) / trainer.known.sum(Kind::Double))
    }
}
