//! Classes by the weight that a row would have among the rows of each.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::features::{Split, Standardised, Table};
use crate::harness::scikit_learn;
use crate::harness::spread::Spread;
use holonomy::learn::Classifier;
use holonomy::magnitude::{
    ClassRule, ClassifierConfig, MagnitudeClassifier, Scale, WeightingConfig,
};
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

/// The part of each class that is known.
pub(super) const KNOWN: f64 = 0.7;

/// The rules and scales that are compared. The paper's public program has the first and the third.
const METHODS: [(&str, ClassRule, Scale); 5] = [
    ("weight, t = 1", ClassRule::Weight, Scale::Fixed(1.0)),
    ("gain, t = 1", ClassRule::Gain, Scale::Fixed(1.0)),
    ("rank, t = 1", ClassRule::Rank, Scale::Fixed(1.0)),
    ("weight, share 0.5", ClassRule::Weight, Scale::Share(0.5)),
    ("gain, share 0.5", ClassRule::Gain, Scale::Share(0.5)),
];

/// The accuracies of one table.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Accuracies {
    pub(super) table: &'static str,
    pub(super) rows: usize,
    pub(super) features: i64,
    pub(super) classes: usize,
    /// Of each method, over the splits: ours first, then scikit-learn's.
    pub(super) methods: Vec<(String, Spread)>,
    /// How many of them are ours.
    pub(super) ours: usize,
    /// The version of scikit-learn that the others are of.
    pub(super) scikit_learn: Option<String>,
}

/// A table as scikit-learn's side reads it.
#[derive(Serialize)]
struct Task<'a> {
    features: Vec<Vec<f64>>,
    labels: &'a [usize],
    splits: Vec<Split>,
}

/// All methods on all tables; each table's splits are those of the same seed.
pub(super) fn study(
    tables: &[Table],
    splits: usize,
    seed: u64,
    peer: Option<&Path>,
    folder: &Path,
) -> Result<Vec<Accuracies>> {
    let tasks: Vec<Task> = tables
        .iter()
        .map(|table| {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            Task {
                features: table.numbers(),
                labels: &table.labels,
                splits: (0..splits)
                    .map(|_| Split::of(table, KNOWN, &mut rng))
                    .collect(),
            }
        })
        .collect();
    let mut found = Vec::new();
    for (table, task) in tables.iter().zip(&tasks) {
        let methods: Vec<(String, Spread)> = METHODS
            .into_iter()
            .map(|(name, rule, scale)| {
                let config = ClassifierConfig {
                    scale,
                    rule,
                    weighting: WeightingConfig::default(),
                };
                let values = task
                    .splits
                    .iter()
                    .map(|split| accuracy(table, split, &config));
                Ok((
                    name.to_owned(),
                    Spread::of_sample(values.collect::<Result<Vec<_>>>()?),
                ))
            })
            .collect::<Result<_>>()?;
        found.push(Accuracies {
            table: table.name,
            rows: table.rows(),
            features: table.features.size()[1],
            classes: table.classes.len(),
            ours: methods.len(),
            scikit_learn: None,
            methods,
        });
    }
    if let Some(python) = peer {
        let tasks = BTreeMap::from([("classes", &tasks)]);
        let answer = scikit_learn::ask(python, folder, &tasks)?;
        answer.check_tables(found.len(), python)?;
        for (found, theirs) in found.iter_mut().zip(answer.tables) {
            let theirs = theirs
                .into_iter()
                .map(|(name, values)| (name, Spread::of_sample(values)));
            found.methods.extend(theirs);
            found.scikit_learn = Some(answer.version.clone());
        }
    }
    Ok(found)
}

/// Of a classifier that knows some rows, standardised by them.
fn accuracy(table: &Table, split: &Split, config: &ClassifierConfig) -> Result<f64> {
    let [(known, known_labels), (unknown, labels)] =
        [&split.known, &split.unknown].map(|rows| table.at(rows));
    let standard = Standardised::of(&known);
    let space = Box::new(Euclidean::new(known.size()[1])?);
    let classifier =
        MagnitudeClassifier::fit(space, &standard.apply(&known), &known_labels, config)?;
    Ok(classifier
        .score(&standard.apply(&unknown), &labels)?
        .accuracy)
}
