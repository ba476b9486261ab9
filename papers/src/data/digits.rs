//! The handwritten digits that come with the program, and their splits.

use std::io::Read;

use flate2::read::GzDecoder;
use holonomy::{Error, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

const FILE: &[u8] = include_bytes!("../../data/optical_digits.tsv.gz");
const NAME: &str = "papers/data/optical_digits.tsv.gz";

/// Of 8 × 8 pixels.
pub(crate) const PIXELS: i64 = 64;
/// The largest pixel.
const WHITE: f32 = 16.0;
/// The part of each digit's images that is trained on.
const TRAINED_ON: f64 = 0.5;

/// Images `[count, 64]` in f32, from 0 to 1, with their labels `[count]`.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) pixels: Tensor,
    pub(crate) labels: Tensor,
}

impl Images {
    /// All 1,797 images.
    pub(crate) fn load() -> Result<Self> {
        let fail = |reason: String| Error::Data {
            path: NAME.into(),
            reason,
        };
        let mut text = String::new();
        let mut reader = GzDecoder::new(FILE);
        reader
            .read_to_string(&mut text)
            .map_err(|error| fail(error.to_string()))?;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate().skip(1) {
            let numbers: Option<Vec<u8>> = line.split('\t').map(|t| t.parse().ok()).collect();
            let numbers = numbers.filter(|numbers| numbers.len() as i64 == PIXELS + 1);
            let numbers = numbers.ok_or_else(|| fail(format!("line {} is no image", index + 1)))?;
            labels.push(i64::from(numbers[0]));
            pixels.extend(numbers[1..].iter().map(|&pixel| f32::from(pixel) / WHITE));
        }
        Ok(Self {
            pixels: Tensor::from_slice(&pixels).view([-1, PIXELS]),
            labels: Tensor::from_slice(&labels),
        })
    }

    pub(crate) fn count(&self) -> i64 {
        self.labels.size()[0]
    }

    /// The images of digits from `first` to before `end`, labels counted from 0.
    pub(crate) fn digits(&self, first: i64, end: i64) -> Self {
        let wanted = self.labels.ge(first).logical_and(&self.labels.lt(end));
        let chosen = self.at(&wanted.nonzero().squeeze_dim(1));
        Self {
            labels: &chosen.labels - first,
            ..chosen
        }
    }

    pub(crate) fn at(&self, indices: &Tensor) -> Self {
        Self {
            pixels: self.pixels.index_select(0, indices),
            labels: self.labels.index_select(0, indices),
        }
    }

    /// Half of each digit's images, and the other half.
    pub(crate) fn split(&self, seed: u64) -> (Self, Self) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let labels: Vec<i64> = self.labels.iter::<i64>().into_iter().flatten().collect();
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for label in 0..=labels.iter().copied().max().unwrap_or(0) {
            let of_label = (0..).zip(&labels).filter(|&(_, &l)| l == label);
            let mut indices: Vec<i64> = of_label.map(|(index, _)| index).collect();
            indices.shuffle(&mut rng);
            let kept = (TRAINED_ON * indices.len() as f64).round() as usize;
            test.extend_from_slice(&indices[kept..]);
            indices.truncate(kept);
            train.append(&mut indices);
        }
        let [train, test] = [train, test].map(|part| self.at(&Tensor::from_slice(&part)));
        (train, test)
    }
}
