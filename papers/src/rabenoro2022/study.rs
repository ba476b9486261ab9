//! How often regions hold the truth, and tests find out what is not true.

use holonomy::Result;
use holonomy::random::random_normal;
use holonomy::stats::{PrincipalFlag, SubspaceTest};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

/// A covariance: eigenvalues in blocks.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) eigenvalues: &'static [f64],
    pub(super) sizes: &'static [i64],
}

pub(super) const MODELS: [Model; 3] = [
    Model {
        name: "5, 2, 2, 0.5, 0.5",
        eigenvalues: &[5.0, 2.0, 2.0, 0.5, 0.5],
        sizes: &[1, 2, 2],
    },
    Model {
        name: "4, 4, 1, 1, 1, 1",
        eigenvalues: &[4.0, 4.0, 1.0, 1.0, 1.0, 1.0],
        sizes: &[2, 4],
    },
    Model {
        name: "1.5, 1.5, 1, 1",
        eigenvalues: &[1.5, 1.5, 1.0, 1.0],
        sizes: &[2, 2],
    },
];

pub(super) const LEVELS: [f64; 3] = [0.9, 0.95, 0.99];
/// The level of the tests whose power is measured.
pub(super) const TEST_SIZE: f64 = 0.05;

/// Parts of the trials in which a region of each level held the truth.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Coverage {
    pub(super) model: &'static str,
    /// The points of one trial.
    pub(super) count: i64,
    pub(super) trials: i64,
    /// Of the whole flag, at the levels 0.9, 0.95, 0.99.
    pub(super) flag: [f64; 3],
    /// Of the first eigenspace.
    pub(super) subspace: [f64; 3],
}

/// The part of the trials in which a flag turned by an angle was rejected.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Power {
    pub(super) count: i64,
    /// In radians, in the plane of the last axis of the first block and the first of the second.
    pub(super) angle: f64,
    pub(super) rejected: f64,
}

/// Data sets of one model, in a random basis, `[trials, count, n]`, and the true flag.
struct Draws {
    model: Model,
    frame: Tensor,
    rng: Xoshiro256PlusPlus,
}

impl Draws {
    fn new(model: Model, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let n = model.eigenvalues.len() as i64;
        let z = random_normal(&mut rng, &[n, n], Kind::Double, Device::Cpu);
        let (frame, _) = Tensor::linalg_qr(&z, "reduced");
        Self { model, frame, rng }
    }

    /// Fits of so many trials, in parts that fit into memory; each goes to `visit`.
    fn fits(
        &mut self,
        trials: i64,
        count: i64,
        mut visit: impl FnMut(&PrincipalFlag) -> Result<()>,
    ) -> Result<()> {
        const NUMBERS_AT_ONCE: i64 = 8_000_000;
        let n = self.model.eigenvalues.len() as i64;
        let at_once = (NUMBERS_AT_ONCE / (count * n)).max(1);
        let roots = Tensor::from_slice(self.model.eigenvalues).sqrt();
        let mut left = trials;
        while left > 0 {
            let now = left.min(at_once);
            let size = [now, count, n];
            let z = random_normal(&mut self.rng, &size, Kind::Double, Device::Cpu);
            let points = (z * &roots).matmul(&self.frame.tr());
            visit(&PrincipalFlag::fit(&points, self.model.sizes)?)?;
            left -= now;
        }
        Ok(())
    }
}

fn hits(test: &SubspaceTest, level: f64) -> Result<f64> {
    let held = test.is_within(level)?;
    Ok(held
        .to_kind(Kind::Double)
        .sum(Kind::Double)
        .double_value(&[]))
}

pub(super) fn coverage(model: Model, count: i64, trials: i64, seed: u64) -> Result<Coverage> {
    let mut draws = Draws::new(model, seed);
    let truth = draws.frame.shallow_clone();
    let first = truth.narrow(1, 0, model.sizes[0]);
    let (mut flag, mut subspace) = ([0.0; 3], [0.0; 3]);
    draws.fits(trials, count, |found| {
        let tests = [found.test_flag(&truth)?, found.test_subspace(0, &first)?];
        for (test, sums) in tests.iter().zip([&mut flag, &mut subspace]) {
            for (sum, &level) in sums.iter_mut().zip(&LEVELS) {
                *sum += hits(test, level)?;
            }
        }
        Ok(())
    })?;
    Ok(Coverage {
        model: model.name,
        count,
        trials,
        flag: flag.map(|sum| sum / trials as f64),
        subspace: subspace.map(|sum| sum / trials as f64),
    })
}

pub(super) fn power(
    model: Model,
    count: i64,
    angles: &[f64],
    trials: i64,
    seed: u64,
) -> Result<Vec<Power>> {
    let mut draws = Draws::new(model, seed);
    let (before, after) = (model.sizes[0] - 1, model.sizes[0]);
    let turned: Vec<Tensor> = angles
        .iter()
        .map(|angle| {
            let (sin, cos) = angle.sin_cos();
            let [a, b] = [before, after].map(|column| draws.frame.select(1, column).copy());
            let frame = draws.frame.copy();
            frame.select(1, before).copy_(&(&a * cos + &b * sin));
            frame.select(1, after).copy_(&(b * cos - a * sin));
            frame
        })
        .collect();
    let mut held = vec![0.0; angles.len()];
    draws.fits(trials, count, |found| {
        for (held, frame) in held.iter_mut().zip(&turned) {
            *held += hits(&found.test_flag(frame)?, 1.0 - TEST_SIZE)?;
        }
        Ok(())
    })?;
    let power = |(&angle, held): (&f64, f64)| Power {
        count,
        angle,
        rejected: 1.0 - held / trials as f64,
    };
    Ok(angles.iter().zip(held).map(power).collect())
}
