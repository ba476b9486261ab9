//! Classes of unknown rows by the distances from known ones.

use holonomy::Result;
use holonomy::embed::{
    Bandwidth, DiffusionConfig, DiffusionOperator, FeatureDistance, HyperbolicDiffusion, Kernel,
    affinity, feature_distances,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::data::features::{Split, Table, table};
use crate::harness::spread::Spread;

/// The part of each class that is known.
const KNOWN: f64 = 0.7;
/// The ε that makes Gaussian affinities of chords what the paper's public program has, exp(−(1 − cos)/2).
const PROGRAM_EPSILON: f64 = 4.0;
/// Neighbours that vote.
const VOTERS: [usize; 2] = [1, 5];

/// Which distances decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Measure {
    /// Between directions of the rows.
    Chord,
    /// Hyperbolic diffusion from chords, as the paper's public program makes it.
    ChordDiffusion,
    /// Between standardised rows.
    Euclidean,
    /// Hyperbolic diffusion from standardised rows, ε the squared median distance.
    EuclideanDiffusion,
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [
        Self::Chord,
        Self::ChordDiffusion,
        Self::Euclidean,
        Self::EuclideanDiffusion,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chord => "cosine",
            Self::ChordDiffusion => "diffusion from cosine",
            Self::Euclidean => "Euclidean, standardised",
            Self::EuclideanDiffusion => "diffusion from Euclidean, standardised",
        }
    }

    pub(super) fn is_diffusion(self) -> bool {
        matches!(self, Self::ChordDiffusion | Self::EuclideanDiffusion)
    }
}

/// The parts of unknown rows that got their own class, over the splits.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Accuracy {
    pub(super) table: &'static str,
    pub(super) rows: usize,
    pub(super) scales: u32,
    pub(super) measure: Measure,
    /// By the nearest known row, and by a vote of the nearest five.
    pub(super) neighbours: [Spread; 2],
    /// By the nearest mean of a class.
    pub(super) centres: Spread,
}

/// All distances of one measure, and how those from means of classes are made.
enum Distances {
    /// Rows in Euclidean space.
    Flat(Tensor),
    Diffused(HyperbolicDiffusion),
}

impl Distances {
    fn of(table: &Table, scales: u32, measure: Measure) -> Result<Self> {
        let diffused = |features: &Tensor, how, bandwidth| {
            let distances = feature_distances(features, how)?;
            let affinity = affinity(&distances, Kernel::Gaussian, bandwidth)?;
            let operator = DiffusionOperator::from_affinity(&affinity)?;
            let config = DiffusionConfig::new(scales);
            HyperbolicDiffusion::new(operator, config).map(Self::Diffused)
        };
        match measure {
            Measure::Chord => {
                let lengths = table
                    .features
                    .square()
                    .sum_dim_intlist(1, true, Kind::Double);
                Ok(Self::Flat(&table.features / lengths.sqrt()))
            }
            Measure::ChordDiffusion => {
                let bandwidth = Bandwidth::Fixed(PROGRAM_EPSILON);
                diffused(&table.features, FeatureDistance::Chord, bandwidth)
            }
            Measure::Euclidean => Ok(Self::Flat(table.standardised())),
            Measure::EuclideanDiffusion => {
                let bandwidth = Bandwidth::Median(1.0);
                diffused(&table.standardised(), FeatureDistance::Euclidean, bandwidth)
            }
        }
    }

    fn between_rows(&self) -> Result<Tensor> {
        match self {
            Self::Flat(rows) => feature_distances(rows, FeatureDistance::Euclidean),
            Self::Diffused(embedding) => Ok(embedding.distances()),
        }
    }

    fn to_centres(&self, weights: &Tensor) -> Tensor {
        match self {
            Self::Flat(rows) => {
                let apart = rows.unsqueeze(1) - weights.matmul(rows).unsqueeze(0);
                apart
                    .square()
                    .sum_dim_intlist(-1, false, Kind::Double)
                    .sqrt()
            }
            Self::Diffused(embedding) => embedding.distances_to_centers(weights),
        }
    }
}

/// Animals by their traits, flowers by their measures, splinters of glass by their oxides, with the number of scales of
/// the paper's public program.
pub(super) fn tables() -> Result<Vec<(Table, u32)>> {
    [("zoo", 4), ("iris", 6), ("glass", 5)]
        .into_iter()
        .map(|(name, scales)| Ok((table(name)?, scales)))
        .collect()
}

/// The accuracies of all measures on a table, each over the same splits.
pub(super) fn accuracies(
    table: &Table,
    scales: u32,
    splits: usize,
    seed: u64,
) -> Result<Vec<Accuracy>> {
    Measure::ALL
        .into_iter()
        .map(|measure| accuracy(table, scales, measure, splits, seed))
        .collect()
}

fn accuracy(
    table: &Table,
    scales: u32,
    measure: Measure,
    splits: usize,
    seed: u64,
) -> Result<Accuracy> {
    let distances = Distances::of(table, scales, measure)?;
    let rows = Vec::<f64>::try_from(distances.between_rows()?.contiguous().view(-1));
    let rows = rows.unwrap_or_default();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut shares: [Vec<f64>; 3] = Default::default();
    for _ in 0..splits {
        let split = Split::of(table, KNOWN, &mut rng);
        let row = |row: usize| &rows[row * table.rows()..(row + 1) * table.rows()];
        for (share, voters) in shares.iter_mut().zip(VOTERS) {
            let right = |&at: &&usize| {
                vote(row(*at), &split.known, &table.labels, voters) == table.labels[*at]
            };
            share.push(part(&split.unknown, right));
        }
        let to_centres = distances.to_centres(&means(table, &split.known));
        let nearest = Vec::<i64>::try_from(to_centres.argmin(1, false)).unwrap_or_default();
        let right = |&at: &&usize| nearest[*at] as usize == table.labels[*at];
        shares[2].push(part(&split.unknown, right));
    }
    let [nearest, voted, centres] = shares.map(Spread::of_sample);
    Ok(Accuracy {
        table: table.name,
        rows: table.rows(),
        scales,
        measure,
        neighbours: [nearest, voted],
        centres,
    })
}

fn part(of: &[usize], right: impl Fn(&&usize) -> bool) -> f64 {
    of.iter().filter(right).count() as f64 / of.len() as f64
}

/// The class that most of the nearest known rows have; of several, that of the nearest.
fn vote(distances: &[f64], known: &[usize], labels: &[usize], voters: usize) -> usize {
    let mut nearest = known.to_vec();
    nearest.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    nearest.truncate(voters);
    let votes = |class: usize| nearest.iter().filter(|&&row| labels[row] == class).count();
    let mut best = labels[nearest[0]];
    for &row in &nearest {
        if votes(labels[row]) > votes(best) {
            best = labels[row];
        }
    }
    best
}

/// For each class the weights `[classes, rows]` of the mean of its known rows.
fn means(table: &Table, known: &[usize]) -> Tensor {
    let mut weights = vec![0.0; table.classes.len() * table.rows()];
    for &row in known {
        let class = table.labels[row];
        let size = known.iter().filter(|&&other| table.labels[other] == class);
        weights[class * table.rows() + row] = 1.0 / size.count() as f64;
    }
    Tensor::from_slice(&weights)
        .view([table.classes.len() as i64, table.rows() as i64])
        .to_device(Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_decide_and_ties_go_to_the_nearest_of_all() {
        let distances = [3.0, 1.0, 2.0, 4.0, 5.0];
        let labels = [0, 1, 0, 1, 0];
        let known = [0, 1, 2, 3, 4];
        assert_eq!(vote(&distances, &known, &labels, 1), 1);
        assert_eq!(vote(&distances, &known, &labels, 3), 0);
        assert_eq!(vote(&distances, &known, &labels, 4), 1);
        assert_eq!(vote(&distances, &known[..1], &labels, 4), 0);
    }

    #[test]
    fn means_weigh_the_known_rows_of_a_class_alike() {
        let iris = table("iris").unwrap();
        let weights = means(&iris, &[0, 1, 50, 149]);
        let sums = weights.sum_dim_intlist(1, false, Kind::Double);
        assert!((sums - 1.0).abs().max().double_value(&[]) < 1e-14);
        assert_eq!(weights.double_value(&[0, 1]), 0.5);
    }
}
