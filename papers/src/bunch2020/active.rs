//! Which rows to ask for a class next: accuracies over the number of known classes.

use holonomy::learn::Classifier;
use holonomy::magnitude::{
    ActiveConfig, ActiveSelector, ClassifierConfig, MagnitudeClassifier, Scale, SelectionRule,
};
use holonomy::metric::cross_distances;
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::Tensor;

use super::classes::KNOWN;
use crate::data::features::{Split, Standardised, Table};
use crate::harness::spread::Spread;

/// Rows that are known at the start, drawn at random.
const START: usize = 5;
/// The numbers of known rows at which accuracy is measured.
const SIZES: [usize; 6] = [5, 10, 15, 20, 30, 40];

/// How the next row is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Strategy {
    Gain,
    Weight,
    /// The one farthest from all known ones.
    Farthest,
    Random,
}

impl Strategy {
    pub(super) const ALL: [Self; 4] = [Self::Gain, Self::Weight, Self::Farthest, Self::Random];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gain => "magnitude gain",
            Self::Weight => "weight",
            Self::Farthest => "farthest first",
            Self::Random => "random",
        }
    }
}

/// One strategy on one table.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Curve {
    pub(super) table: &'static str,
    pub(super) strategy: Strategy,
    /// Numbers of known rows.
    pub(super) sizes: Vec<usize>,
    /// Accuracy of the magnitude classifier at each, over the splits.
    pub(super) magnitude: Vec<Spread>,
    /// Accuracy of the nearest known row.
    pub(super) nearest: Vec<Spread>,
    /// By how much that is above the one of random rows in the same split, averaged over all sizes but the first, at which all
    /// know the same.
    pub(super) lead: Spread,
}

/// All strategies from the same starts, in the same splits.
pub(super) fn study(table: &Table, splits: usize, seed: u64) -> Result<Vec<Curve>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let splits: Vec<Split> = (0..splits)
        .map(|_| Split::of(table, KNOWN, &mut rng))
        .collect();
    let smallest = splits
        .iter()
        .map(|split| split.known.len())
        .min()
        .unwrap_or(0);
    let sizes: Vec<usize> = SIZES.into_iter().filter(|&size| size < smallest).collect();
    let mut found: Vec<[Vec<Vec<f64>>; 2]> =
        vec![[vec![Vec::new(); sizes.len()], vec![Vec::new(); sizes.len()]]; Strategy::ALL.len()];
    for split in &splits {
        let mut order = split.known.clone();
        order.shuffle(&mut rng);
        let run = Run::new(table, &order, &split.unknown)?;
        for (found, strategy) in found.iter_mut().zip(Strategy::ALL) {
            let chosen = run.choose(strategy, sizes.last().copied().unwrap_or(START))?;
            for (at, &size) in sizes.iter().enumerate() {
                let [magnitude, nearest] = run.accuracies(&chosen[..size])?;
                found[0][at].push(magnitude);
                found[1][at].push(nearest);
            }
        }
    }
    let random = means_of_splits(&found[Strategy::ALL.len() - 1][1]);
    let curve = |(strategy, [magnitude, nearest]): (Strategy, [Vec<Vec<f64>>; 2])| {
        let own = means_of_splits(&nearest);
        let leads = own.iter().zip(&random).map(|(own, random)| own - random);
        Curve {
            table: table.name,
            strategy,
            sizes: sizes.clone(),
            lead: Spread::of_sample(leads),
            magnitude: magnitude.into_iter().map(Spread::of_sample).collect(),
            nearest: nearest.into_iter().map(Spread::of_sample).collect(),
        }
    };
    Ok(Strategy::ALL.into_iter().zip(found).map(curve).collect())
}

/// For each split the mean accuracy over all sizes but the first.
fn means_of_splits(accuracies: &[Vec<f64>]) -> Vec<f64> {
    let later = &accuracies[1..];
    let mean = |split: usize| later.iter().map(|of| of[split]).sum::<f64>() / later.len() as f64;
    (0..accuracies[0].len()).map(mean).collect()
}

/// One pool in random order, whose first rows are known, and rows to test on; all standardised by the pool.
struct Run {
    space: Euclidean,
    pool: Tensor,
    labels: Vec<i64>,
    test: Tensor,
    test_labels: Tensor,
}

impl Run {
    fn new(table: &Table, pool: &[usize], test: &[usize]) -> Result<Self> {
        let (pool, labels) = table.at(pool);
        let (test, test_labels) = table.at(test);
        let standard = Standardised::of(&pool);
        Ok(Self {
            space: Euclidean::new(pool.size()[1])?,
            pool: standard.apply(&pool),
            labels: Vec::try_from(labels).unwrap_or_default(),
            test: standard.apply(&test),
            test_labels,
        })
    }

    /// Places in the pool, the known ones first.
    fn choose(&self, strategy: Strategy, count: usize) -> Result<Vec<i64>> {
        let start: Vec<i64> = (0..START as i64).collect();
        let rule = match strategy {
            Strategy::Random => return Ok((0..count as i64).collect()),
            Strategy::Farthest => return Ok(self.farthest(count)),
            Strategy::Gain => SelectionRule::Gain,
            Strategy::Weight => SelectionRule::Weight,
        };
        let config = ActiveConfig {
            rule,
            scale: Scale::Fixed(1.0),
        };
        let known = self.pool.narrow(0, 0, START as i64);
        let selector = ActiveSelector::fit(Box::new(self.space.clone()), &known, &config)?;
        let chosen = selector.select(&self.pool, count - START)?;
        Ok([start, chosen].concat())
    }

    fn farthest(&self, count: usize) -> Vec<i64> {
        let mut chosen: Vec<i64> = (0..START as i64).collect();
        let known = self.pool.narrow(0, 0, START as i64);
        let mut nearest = cross_distances(&self.space, &self.pool, &known).amin([1], false);
        while chosen.len() < count {
            let next = nearest.argmax(0, false).int64_value(&[]);
            let point = self.pool.narrow(0, next, 1);
            let distances = cross_distances(&self.space, &self.pool, &point).view(-1);
            nearest = nearest.minimum(&distances);
            chosen.push(next);
        }
        chosen
    }

    /// Of the magnitude classifier and of the nearest known row.
    fn accuracies(&self, known: &[i64]) -> Result<[f64; 2]> {
        let labels: Vec<i64> = known
            .iter()
            .map(|&place| self.labels[place as usize])
            .collect();
        let labels = Tensor::from_slice(&labels);
        let rows = self.pool.index_select(0, &Tensor::from_slice(known));
        let nearest = cross_distances(&self.space, &self.test, &rows).argmin(1, false);
        let right = labels
            .index_select(0, &nearest)
            .eq_tensor(&self.test_labels);
        let nearest = right
            .to_kind(tch::Kind::Double)
            .mean(tch::Kind::Double)
            .double_value(&[]);
        if labels.eq(labels.int64_value(&[0])).all().int64_value(&[]) == 1 {
            // Of one class alone, both say that.
            return Ok([nearest; 2]);
        }
        let config = ClassifierConfig::default();
        let classifier =
            MagnitudeClassifier::fit(Box::new(self.space.clone()), &rows, &labels, &config)?;
        let score = classifier.score(&self.test, &self.test_labels)?;
        Ok([score.accuracy, nearest])
    }
}
