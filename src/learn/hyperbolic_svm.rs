//! Support vector machines in hyperbolic and Euclidean space.

use std::fmt;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::Classifier;
use crate::numerics::{dot_keep, no_grad, safe_sqrt, special, sum_last, with_grad};
use crate::optim::{AdamConfig, ManifoldParameter, RiemannianAdam, Schedule, during};
use crate::scores::{classes_of, integer_labels};
use crate::{Error, Euclidean, EuclideanParametrised, Lorentz, Manifold, PoincareBall, Result};

/// The space of an SVM: the coordinates of its points and the parameters of its hyperplanes.
///
/// A hyperplane of hyperbolic space is {x : ⟨w, x⟩_L = 0} on the hyperboloid, for a w with ⟨w,
/// w⟩_L > 0. The three hyperbolic forms are different parametrisations of the same w; in exact
/// arithmetic they have the same minimum.
#[derive(Debug, Clone)]
pub enum SvmForm {
    /// Points in the ball; w is given by a point p on the hyperplane and a normal vector a at p
    /// (ganea2018).
    Ball(PoincareBall),
    /// Points on the hyperboloid; w itself is learned, and projected to ⟨w, w⟩_L > 0 after each
    /// step (cho2019).
    Hyperboloid(Lorentz),
    /// Points in normal coordinates; w = |z| (sinh √c a, cosh(√c a) e) with e = z/|z|, z ∈ ℝⁿ and
    /// a ∈ ℝ, where all z ≠ 0 and a give hyperplanes (mishne2023). Learned are e, a and log |z|.
    /// Steps of (e, a) use the metric da² + cosh²(√c a) |de|²/c, which accounts for the distance a
    /// of the hyperplane from the origin.
    Parametrised(EuclideanParametrised),
    /// The linear SVM w·x + b of Euclidean space.
    Euclidean(Euclidean),
}

impl SvmForm {
    fn manifold(&self) -> &dyn Manifold {
        match self {
            Self::Ball(ball) => ball,
            Self::Hyperboloid(space) => space,
            Self::Parametrised(space) => space,
            Self::Euclidean(space) => space,
        }
    }
}

impl fmt::Display for SvmForm {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Ball(_) => "ball",
            Self::Hyperboloid(_) => "hyperboloid",
            Self::Parametrised(_) => "parametrised",
            Self::Euclidean(_) => "Euclidean",
        })
    }
}

/// The settings of the training of a [`HyperbolicSvm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SvmConfig {
    /// C > 0, the weight of the hinge losses against the margin.
    pub penalty: f64,
    /// The initial learning rate of Adam, > 0; it falls to 0 along half a cosine wave.
    pub learning_rate: f64,
    /// The number of full-batch steps, ≥ 1.
    pub steps: u64,
}

impl Default for SvmConfig {
    /// C = 1, 500 steps from a learning rate of 0.1.
    fn default() -> Self {
        Self {
            penalty: 1.0,
            learning_rate: 0.1,
            steps: 500,
        }
    }
}

impl SvmConfig {
    /// Whether every setting has a value that training is defined for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] that names the first setting out of range and its range.
    pub fn validate(&self) -> Result<()> {
        for (name, value) in [
            ("penalty", self.penalty),
            ("learning_rate", self.learning_rate),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::invalid(
                    OP,
                    format!("{name} finite and above 0"),
                    value,
                ));
            }
        }
        if self.steps == 0 {
            return Err(Error::invalid(OP, "at least one step", 0));
        }
        Ok(())
    }
}

/// One-against-rest linear classifiers in hyperbolic or Euclidean space.
///
/// For each class the objective is minimised, over all points x with labels y = ±1 (1 in the
/// class) and curvature −c:
///
/// ```text
/// ½⟨w, w⟩_L + C Σ max(0, asinh 1 − y asinh(√c⟨w, x⟩_L))      hyperbolic (cho2019)
/// ½|w|² + C Σ max(0, 1 − y (w·x + b))                      Euclidean
/// ```
///
/// The optimiser is full-batch Riemannian Adam. It starts from the perpendicular bisector between
/// the mean of the class and the mean of the rest, both in normal coordinates. The prediction is
/// the class with the largest decision value: asinh(√c⟨w, x⟩_L), or w·x + b.
///
/// # Accuracy
///
/// Decision values of `Parametrised` keep full precision up to the distance 700/√c from the
/// origin. Training works up to 340/√c where directions are exact, as on a coordinate axis;
/// elsewhere from 37/√c on the rounding of directions outweighs differences of radius. `Ball`
/// needs points within 36/√c; `Hyperboloid` cannot resolve differences of radius from 19/√c on.
///
/// # Examples
///
/// ```
/// use holonomy::EuclideanParametrised;
/// use holonomy::learn::{Classifier, HyperbolicSvm, SvmConfig, SvmForm};
/// use holonomy::tch::Tensor;
///
/// // In one direction, 300 and 310 away from the origin.
/// let points = Tensor::from_slice2(&[[300.0, 0.0], [301.0, 0.0], [310.0, 0.0], [311.0, 0.0]]);
/// let labels = Tensor::from_slice(&[0_i64, 0, 1, 1]);
/// let form = SvmForm::Parametrised(EuclideanParametrised::new(2, -1.0)?);
/// let svm = HyperbolicSvm::fit(form, &points, &labels, &SvmConfig::default())?;
/// assert_eq!(svm.score(&points, &labels)?.accuracy, 1.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// cho2019; mishne2023, section 4.
#[derive(Debug)]
pub struct HyperbolicSvm {
    form: SvmForm,
    classes: Vec<i64>,
    /// Of all classes, `[classes, 1, ..]`: p, direction and log length of the normal; w; direction with
    /// offset and log length; w and b.
    weights: Vec<Tensor>,
}

const OP: &str = "HyperbolicSvm::fit";

/// The hyperboloid form keeps |w₀| ≤ (1 − this)|w|, so that ⟨w, w⟩_L > 0: hyperplanes farther than
/// 15.1/√c from the origin come as if they were there.
const SPACELIKE: f64 = 1e-13;

impl HyperbolicSvm {
    /// Learns one hyperplane for each class.
    ///
    /// # Shapes
    ///
    /// Points `[count, point..]` of the form's space, labels `[count]`, any integers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for settings out of range, points or labels of a wrong shape or
    /// kind, no points, or fewer than two classes; [`Error::NotOnManifold`] for a row that is not
    /// a point, or not finite; [`Error::NotFinite`] when training ends in hyperplanes that are not
    /// finite, as can happen with points farther than 340/√c from the origin.
    pub fn fit(
        form: SvmForm,
        points: &Tensor,
        labels: &Tensor,
        config: &SvmConfig,
    ) -> Result<Self> {
        config.validate()?;
        let points = checked_points(OP, &form, points)?;
        let labels = integer_labels(OP, labels, points.size()[0])?;
        let classes = classes_of(OP, &labels)?;
        let signs = signs(&classes, &labels, &points);
        let weights = form.start(&points, &signs)?;
        let weights = form.train(weights, &points.unsqueeze(0), &signs, config)?;
        Ok(Self {
            form,
            classes,
            weights,
        })
    }

    /// The form in which it was fitted.
    pub fn form(&self) -> &SvmForm {
        &self.form
    }

    /// The decision values of every class, `[count, classes]` in f64, on the device of the points
    /// that it was fitted to.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit) for the points.
    pub fn decision(&self, points: &Tensor) -> Result<Tensor> {
        let points = checked_points("HyperbolicSvm::decision", &self.form, points)?;
        let points = points.to_device(self.weights[0].device());
        let decide = || self.form.decide(&self.weights, &points.unsqueeze(0));
        Ok(no_grad(decide).transpose(0, 1).contiguous())
    }
}

impl Classifier for HyperbolicSvm {
    fn classes(&self) -> &[i64] {
        &self.classes
    }

    /// The greatest [`decision`](Self::decision) value decides, of equal ones the first.
    fn places(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.decision(points)?.argmax(-1, false))
    }
}

/// The points in f64, where they are on the manifold to its last digit: a time coordinate is that of the others.
fn checked_points(op: &'static str, form: &SvmForm, points: &Tensor) -> Result<Tensor> {
    crate::numerics::require_defined(op, &[points])?;
    let size = points.size();
    let width = form.manifold().point_shape();
    let floating = matches!(points.kind(), Kind::Double | Kind::Float);
    if size.len() != 2 || size[1..] != width || !floating {
        let expected = format!("points [count, {}] of kind Double or Float", width[0]);
        let got = format!("{size:?} of {:?}", points.kind());
        return Err(Error::invalid(op, expected, got));
    }
    if size[0] == 0 {
        return Err(Error::invalid(op, "at least one point", "none"));
    }
    let found = form.manifold().check_point(points);
    found.map_err(|error| error.told_by(op))?;
    let points = points.detach().to_kind(Kind::Double);
    Ok(no_grad(|| form.manifold().project(&points)))
}

/// 1 where a point is of the class, −1 elsewhere, `[classes, count]`.
fn signs(classes: &[i64], labels: &[i64], like: &Tensor) -> Tensor {
    let classes = Tensor::from_slice(classes).unsqueeze(-1);
    let same = classes.eq_tensor(&Tensor::from_slice(labels));
    (same.to_kind(Kind::Double) * 2.0 - 1.0).to_device(like.device())
}

impl SvmForm {
    /// The same space in normal coordinates; `None` for Euclidean space.
    fn normal_coordinates(&self) -> Result<Option<EuclideanParametrised>> {
        let curvature = match self {
            Self::Ball(ball) => ball.curvature(),
            Self::Hyperboloid(space) => space.curvature(),
            Self::Parametrised(space) => space.curvature(),
            Self::Euclidean(_) => return Ok(None),
        };
        EuclideanParametrised::new(self.manifold().dim(), curvature.value()).map(Some)
    }

    /// Perpendicular bisectors of the mean of a class and that of the rest.
    fn start(&self, points: &Tensor, signs: &Tensor) -> Result<Vec<ManifoldParameter>> {
        let space = self.normal_coordinates()?;
        let vectors = match (self, &space) {
            (Self::Ball(_), Some(space)) => space.from_ball(points),
            (Self::Hyperboloid(_), Some(space)) => space.from_lorentz(points),
            _ => points.shallow_clone(),
        };
        let mean = |of_class: Tensor| {
            let of_class = of_class.to_kind(Kind::Double);
            let total = of_class.sum_dim_intlist(-1, true, Kind::Double);
            (of_class.matmul(&vectors) / total).unsqueeze(1)
        };
        let (inside, outside) = (mean(signs.ge(0.0)), mean(signs.lt(0.0)));
        if let Some(space) = space {
            let step = space.log_in_frame(&inside, &outside);
            let middle = space.exp_in_frame(&inside, &(step / 2.0));
            let normal = unit(&space.log_in_frame(&middle, &inside));
            return self.hyperbolic(&space, &middle, &normal);
        }
        let normal = unit(&(&inside - &outside));
        let bias = -dot_keep(&normal, &((inside + outside) / 2.0));
        Ok(vec![flat(&normal)?, flat(&bias)?])
    }

    /// The hyperplanes through points `[classes, 1, n]` across unit vectors in the frame there, with
    /// |w| = 1.
    ///
    /// On the hyperboloid w = (u_∥ sinh r, u_⊥ + u_∥ cosh r x̂).
    fn hyperbolic(
        &self,
        space: &EuclideanParametrised,
        foot: &Tensor,
        normal: &Tensor,
    ) -> Result<Vec<ManifoldParameter>> {
        let root_c = (-space.curvature().value()).sqrt();
        let radius = safe_sqrt(&dot_keep(foot, foot)) * root_c;
        let radial = unit(foot);
        let along = dot_keep(normal, &radial);
        let across = normal - &along * &radial;
        let direction = unit(&(across + &along * radius.cosh() * radial));
        let offset = special::asinh(&(along * radius.sinh())) / root_c;
        let log_length = offset.zeros_like();
        match self {
            Self::Ball(ball) => {
                let foot = ball.project(&space.to_ball(foot));
                let foot = ManifoldParameter::new(Box::new(ball.clone()), &foot)?;
                Ok(vec![foot, flat(normal)?, flat(&log_length)?])
            }
            Self::Hyperboloid(_) => {
                // With a spatial part of length 1: w/cosh a.
                let time = (offset * root_c).tanh();
                Ok(vec![flat(&spacelike(&Tensor::cat(
                    &[time, direction],
                    -1,
                )))?])
            }
            Self::Parametrised(_) | Self::Euclidean(_) => {
                let hyperplanes = Hyperplanes {
                    n: space.dim(),
                    root_c,
                };
                let start = Tensor::cat(&[direction, offset], -1);
                let start = ManifoldParameter::new(Box::new(hyperplanes), &start)?;
                Ok(vec![start, flat(&log_length)?])
            }
        }
    }

    fn train(
        &self,
        parameters: Vec<ManifoldParameter>,
        points: &Tensor,
        signs: &Tensor,
        config: &SvmConfig,
    ) -> Result<Vec<Tensor>> {
        let weights: Vec<Tensor> = parameters
            .iter()
            .map(|parameter| parameter.tensor().shallow_clone())
            .collect();
        let mut optimizer = RiemannianAdam::new(parameters, AdamConfig::new(config.learning_rate))?;
        let schedule = Schedule::cosine(config.steps, 0.0)?;
        let edge = if matches!(self, Self::Euclidean(_)) {
            1.0
        } else {
            1.0_f64.asinh()
        };
        for step in 0..config.steps {
            optimizer.apply_schedule(&schedule, step);
            optimizer.zero_grad();
            with_grad(|| {
                let margins = self.decide(&weights, points) * signs;
                let hinges = (edge - margins).clamp_min(0.0).sum(Kind::Double);
                let loss = self.square(&weights).sum(Kind::Double) / 2.0 + hinges * config.penalty;
                loss.backward();
            });
            let when = format!(
                "step {} with learning_rate {}",
                step + 1,
                config.learning_rate
            );
            optimizer.step().map_err(during(OP, when))?;
            if let Self::Hyperboloid(_) = self {
                no_grad(|| {
                    let mut w = weights[0].shallow_clone();
                    w.copy_(&spacelike(&w));
                });
            }
        }
        let finite = |w: &Tensor| w.isfinite().all().int64_value(&[]) == 1;
        if weights.iter().all(finite) {
            return Ok(weights.iter().map(|w| w.detach().copy()).collect());
        }
        Err(Error::NotFinite {
            op: OP,
            what: "a hyperplane",
            place: format!(
                "the end of {} steps with learning_rate {}",
                config.steps, config.learning_rate
            ),
        })
    }

    /// ⟨w, w⟩_L of each class, or |w|².
    fn square(&self, weights: &[Tensor]) -> Tensor {
        match self {
            Self::Hyperboloid(_) => {
                let (time, spatial) = split(&weights[0]);
                sum_last(&spatial.square()) - time.square().squeeze_dim(-1)
            }
            Self::Ball(_) => (&weights[2] * 2.0).exp().squeeze_dim(-1),
            Self::Parametrised(_) => (&weights[1] * 2.0).exp().squeeze_dim(-1),
            Self::Euclidean(_) => sum_last(&weights[0].square()),
        }
    }

    /// The decision values `[classes, count]` of points `[1, count, ..]`.
    fn decide(&self, weights: &[Tensor], points: &Tensor) -> Tensor {
        match self {
            Self::Ball(ball) => {
                let distance = ball.hyperplane_dist(points, &weights[0], &weights[1]);
                scaled(&distance, &weights[2], ball.curvature().value())
            }
            Self::Hyperboloid(space) => {
                let (time, spatial) = split(&weights[0]);
                let (point_time, point) = split(points);
                let product = dot_keep(&spatial, &point) - time * point_time;
                let root_c = (-space.curvature().value()).sqrt();
                special::asinh(&(product.squeeze_dim(-1) * root_c))
            }
            Self::Parametrised(space) => {
                let (direction, offset) = parts(&weights[0]);
                let distance = space.hyperplane_distance(points, &direction, &offset);
                scaled(&distance, &weights[1], space.curvature().value())
            }
            Self::Euclidean(_) => (dot_keep(&weights[0], points) + &weights[1]).squeeze_dim(-1),
        }
    }
}

/// Numbers without a geometry.
fn flat(value: &Tensor) -> Result<ManifoldParameter> {
    let width = value.size()[value.dim() - 1];
    ManifoldParameter::new(Box::new(Euclidean::new(width)?), value)
}

/// v/|v|, of any length; the first axis where v = 0.
fn unit(v: &Tensor) -> Tensor {
    let first = v.zeros_like();
    let _ = first.narrow(-1, 0, 1).fill_(1.0);
    let largest = v.abs().amax([-1], true);
    let v = (v / &largest).where_self(&largest.gt(0.0), &first);
    &v / dot_keep(&v, &v).sqrt()
}

/// Time and spatial part.
fn split(x: &Tensor) -> (Tensor, Tensor) {
    let width = x.size()[x.dim() - 1];
    (x.narrow(-1, 0, 1), x.narrow(-1, 1, width - 1))
}

/// w with its time cut to where ⟨w, w⟩_L > 0.
fn spacelike(w: &Tensor) -> Tensor {
    let (time, spatial) = split(w);
    let limit = safe_sqrt(&dot_keep(&spatial, &spatial)) * (1.0 - SPACELIKE);
    Tensor::cat(&[time.minimum(&limit).maximum(&-limit), spatial], -1)
}

/// Direction and offset.
fn parts(hyperplane: &Tensor) -> (Tensor, Tensor) {
    let width = hyperplane.size()[hyperplane.dim() - 1];
    (
        hyperplane.narrow(-1, 0, width - 1),
        hyperplane.narrow(-1, width - 1, 1),
    )
}

/// asinh(|w| sinh(√c h)) of distances h `[classes, count]` and log |w|: ±(√c|h| + log |w|) where the
/// sine is large, with and without |w|.
fn scaled(distance: &Tensor, log_length: &Tensor, kappa: f64) -> Tensor {
    const FAR: f64 = 30.0;
    let rapidity = distance * (-kappa).sqrt();
    let log_length = log_length.squeeze_dim(-1);
    let far = (rapidity.abs() + log_length.clamp_max(0.0)).gt(FAR);
    let near = rapidity.where_self(&far.logical_not(), &rapidity.zeros_like());
    let asymptote = (rapidity.abs() + &log_length) * rapidity.sign();
    asymptote.where_self(&far, &(near.sinh() * log_length.exp()).asinh())
}

/// Oriented hyperplanes as a manifold: a unit vector e and an offset a, with the metric
/// da² + cosh²(√c a) |de|²/c, in which a turn counts by what it moves at the offset. Only what an
/// optimiser needs.
#[derive(Debug)]
struct Hyperplanes {
    n: i64,
    root_c: f64,
}

impl Hyperplanes {
    fn stretch(&self, offset: &Tensor) -> Tensor {
        (offset * self.root_c).cosh() / self.root_c
    }
}

impl Manifold for Hyperplanes {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n + 1]
    }

    fn dim(&self) -> i64 {
        self.n
    }

    fn point_defect(&self, p: &Tensor) -> Tensor {
        let (direction, offset) = parts(p);
        let finite = (offset * 0.0).squeeze_dim(-1);
        (sum_last(&direction.square()) - 1.0).abs() + finite
    }

    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let size = sum_last(&v.square()).sqrt().clamp_min(f64::MIN_POSITIVE);
        sum_last(&(parts(p).0 * parts(v).0)).abs() / size
    }

    fn project(&self, z: &Tensor) -> Tensor {
        let (direction, offset) = parts(z);
        let size = dot_keep(&direction, &direction).sqrt();
        Tensor::cat(&[direction / size, offset], -1)
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let (direction, v) = (parts(p).0, parts(z).0);
        let across = &v - dot_keep(&direction, &v) * direction;
        Tensor::cat(&[across, parts(z).1], -1)
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let stretch = self.stretch(&parts(p).1);
        let ((u, du), (v, dv)) = (parts(u), parts(v));
        (dot_keep(&(u * &stretch), &(v * stretch)) + du * dv).squeeze_dim(-1)
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        let stretch = self.stretch(&parts(p).1);
        let (turn, shift) = parts(&self.project_tangent(p, egrad));
        Tensor::cat(&[turn / &stretch / stretch, shift], -1)
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.project(&(p + v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// asinh(|w| sinh h) where only one of the two is large.
    #[test]
    fn decisions_far_from_a_short_hyperplane_keep_their_sign() {
        let at = |h: f64, log_length: f64| {
            let [h, log_length] = [h, log_length].map(|x| Tensor::from_slice(&[x]).view([1, 1]));
            scaled(&h, &log_length, -1.0).double_value(&[0, 0])
        };
        for (h, log_length, want) in [
            (31.0, -40.0, 0.5 * (-9.0_f64).exp()),
            (-31.0, -40.0, -0.5 * (-9.0_f64).exp()),
            (100.0, -100.0, 0.5_f64.asinh()),
            (100.0, -60.0, 40.0),
            (-700.0, 2.0, -702.0),
        ] {
            let got = at(h, log_length);
            assert!(
                (got - want).abs() < 1e-8 * want.abs(),
                "{h}, {log_length}: {got}"
            );
        }
    }
}
