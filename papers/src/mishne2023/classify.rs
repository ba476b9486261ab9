//! Support vector machines on generated points: groups at random, and one behind the other far out.

use holonomy::learn::{Classifier, HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::random::random_normal;
use holonomy::scores::ClassificationScore;
use holonomy::{Euclidean, EuclideanParametrised, Lorentz, PoincareBall, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::options::Settings;
use crate::harness::spread::Spread;

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);
/// Groups of a mixture.
const GROUPS: i64 = 5;
/// The standard deviation of a group, in each direction.
const SPREAD: f64 = 0.7;

/// The classifiers that are compared.
pub(super) const CLASSIFIERS: [&str; 5] = [
    "ball",
    "hyperboloid",
    "parametrised",
    "Euclidean, ball",
    "Euclidean, normal",
];

/// What one classifier reached on the test sets of one kind of data, over seeds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) data: String,
    pub(super) classifier: &'static str,
    pub(super) accuracy: Spread,
    pub(super) macro_f1: Spread,
}

/// Points in normal coordinates with their labels, for training and for the test.
pub(super) struct Split {
    pub(super) train: (Tensor, Tensor),
    pub(super) test: (Tensor, Tensor),
}

/// The scores of every classifier, each on points as its model holds them.
pub(super) fn scores(split: &Split, settings: &Settings) -> Result<Vec<ClassificationScore>> {
    let config = SvmConfig {
        penalty: settings.penalty,
        steps: settings.steps,
        ..SvmConfig::default()
    };
    let n = split.train.0.size()[1];
    let space = EuclideanParametrised::new(n, -1.0)?;
    let ball = PoincareBall::new(n, -1.0)?;
    // What rounds to the boundary of the ball is pulled back to its edge.
    let to_ball = |z: &Tensor| holonomy::Manifold::project(&ball, &space.to_ball(z));
    let to_lorentz = |z: &Tensor| space.to_lorentz(z);
    let as_is = |z: &Tensor| z.shallow_clone();
    let score = |form: SvmForm, chart: &dyn Fn(&Tensor) -> Tensor| {
        let ((train, labels), (test, truth)) = (&split.train, &split.test);
        let svm = HyperbolicSvm::fit(form, &chart(train), labels, &config)?;
        svm.score(&chart(test), truth)
    };
    Ok(vec![
        score(SvmForm::Ball(ball.clone()), &to_ball)?,
        score(SvmForm::Hyperboloid(Lorentz::new(n, -1.0)?), &to_lorentz)?,
        score(SvmForm::Parametrised(space.clone()), &as_is)?,
        score(SvmForm::Euclidean(Euclidean::new(n)?), &to_ball)?,
        score(SvmForm::Euclidean(Euclidean::new(n)?), &as_is)?,
    ])
}

/// One row a classifier, over data sets of several seeds.
pub(super) fn rows(data: &str, scores: &[Vec<ClassificationScore>]) -> Vec<Row> {
    let row = |(index, classifier): (usize, &'static str)| {
        let of = |value: fn(&ClassificationScore) -> f64| {
            Spread::of_sample(scores.iter().map(|scores| value(&scores[index])))
        };
        Row {
            data: data.to_owned(),
            classifier,
            accuracy: of(|score| score.accuracy),
            macro_f1: of(|score| score.macro_f1),
        }
    };
    CLASSIFIERS.into_iter().enumerate().map(row).collect()
}

fn generator(settings: &Settings, study: u64, seed: u64) -> Xoshiro256PlusPlus {
    let stream = settings.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (study << 32) ^ seed;
    Xoshiro256PlusPlus::seed_from_u64(stream)
}

/// Wrapped normal points around each center `[groups, n]`, training and test.
fn groups(
    rng: &mut Xoshiro256PlusPlus,
    centers: &Tensor,
    spread: f64,
    per_group: i64,
) -> Result<Split> {
    let (count, n) = centers.size2().unwrap_or_default();
    let space = EuclideanParametrised::new(n, -1.0)?;
    let mut draw = || {
        let steps = random_normal(rng, &[count, per_group, n], DOUBLE.0, DOUBLE.1) * spread;
        let points = tch::no_grad(|| space.exp_in_frame(&centers.unsqueeze(1), &steps));
        let labels = Tensor::arange(count, (Kind::Int64, Device::Cpu));
        let labels = labels.unsqueeze(1).expand([count, per_group], false);
        (points.reshape([-1, n]), labels.reshape([-1]))
    };
    Ok(Split {
        train: draw(),
        test: draw(),
    })
}

/// Five wrapped normal groups around wrapped normal centers, in 2 and 5 dimensions, near the origin
/// and farther out.
pub(super) fn mixtures(settings: &Settings) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for (n, scale) in [(2, 1.5), (2, 4.0), (5, 1.5)] {
        let mut scores_of_seeds = Vec::new();
        for seed in 0..settings.seeds {
            let study = n as u64 * 100 + (scale * 10.0) as u64;
            let mut rng = generator(settings, study, seed);
            let centers = random_normal(&mut rng, &[GROUPS, n], DOUBLE.0, DOUBLE.1) * scale;
            let split = groups(&mut rng, &centers, SPREAD, settings.points)?;
            scores_of_seeds.push(scores(&split, settings)?);
        }
        let data = format!("{n} dimensions, centers {scale}");
        found.extend(rows(&data, &scores_of_seeds));
    }
    Ok(found)
}

/// Radii at which two groups lie one behind the other.
pub(super) const DEPTHS: [f64; 9] = [2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 100.0, 300.0];

/// Two wrapped normal groups on one axis, 2 nearer and 2 farther than a radius.
///
/// On an axis, because off it the direction of a point at radius 37 and beyond cannot be written down
/// in any of the models.
pub(super) fn depth(settings: &Settings) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for radius in DEPTHS {
        let mut scores_of_seeds = Vec::new();
        for seed in 0..settings.seeds {
            let mut rng = generator(settings, 1_000 + radius as u64, seed);
            let centers = Tensor::from_slice2(&[[radius - 2.0, 0.0], [radius + 2.0, 0.0]]);
            let split = groups(&mut rng, &centers, 0.5, settings.points)?;
            scores_of_seeds.push(scores(&split, settings)?);
        }
        found.extend(rows(&format!("radius {radius} ∓ 2"), &scores_of_seeds));
    }
    Ok(found)
}
