//! Outliers by weights: rows of one class among those of the others.

use std::collections::BTreeMap;
use std::path::Path;

use holonomy::magnitude::{OutlierConfig, OutlierDetector, OutlierScore, Scale};
use holonomy::{Error, Euclidean, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::Tensor;

use super::area;
use crate::data::features::{Standardised, Table, table};
use crate::harness::scikit_learn;
use crate::harness::spread::Spread;

/// Tables, the class whose rows are outliers, and how many of them there are: as in the usual benchmark sets (rayana2016), the
/// digits in proportion.
const SETS: [(&str, &str, usize); 5] = [
    ("wine", "1", 10),
    ("breast cancer", "malignant", 21),
    ("glass", "6", 8),
    ("ionosphere", "bad", 100),
    ("digits", "0", 20),
];
/// The sets of a quick run.
const SMALL: usize = 1;
/// The part of the other rows that a draw takes.
const INLIERS: f64 = 0.8;

const METHODS: [(&str, OutlierScore, Scale); 7] = [
    ("weight, t = 1", OutlierScore::Weight, Scale::Fixed(1.0)),
    ("weight, share 0.1", OutlierScore::Weight, Scale::Share(0.1)),
    ("weight, share 0.5", OutlierScore::Weight, Scale::Share(0.5)),
    ("weight, share 0.9", OutlierScore::Weight, Scale::Share(0.9)),
    ("gain, share 0.5", OutlierScore::Gain, Scale::Share(0.5)),
    ("unseen, share 0.1", OutlierScore::Unseen, Scale::Share(0.1)),
    ("unseen, share 0.5", OutlierScore::Unseen, Scale::Share(0.5)),
];

/// Areas under the ROC curve on one set.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Areas {
    pub(super) set: &'static str,
    pub(super) rows: usize,
    pub(super) outliers: usize,
    pub(super) features: i64,
    /// Of each method, over the draws: ours first, then scikit-learn's.
    pub(super) methods: Vec<(String, Spread)>,
    /// How many of them are ours.
    pub(super) ours: usize,
    /// The version of scikit-learn that the others are of.
    pub(super) scikit_learn: Option<String>,
}

/// Rows of a table, and which of them are outliers.
#[derive(Serialize)]
struct Draw {
    rows: Vec<usize>,
    outlier: Vec<bool>,
}

/// A table as scikit-learn's side reads it.
#[derive(Serialize)]
struct Task {
    features: Vec<Vec<f64>>,
    draws: Vec<Draw>,
}

/// All methods on all sets.
pub(super) fn study(
    draws: usize,
    seed: u64,
    quick: bool,
    peer: Option<&Path>,
    folder: &Path,
) -> Result<Vec<Areas>> {
    let sets = &SETS[..if quick { SMALL } else { SETS.len() }];
    let (mut found, mut tasks) = (Vec::new(), Vec::new());
    for &(name, class, count) in sets {
        let table = table(name)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let draws: Vec<Draw> = (0..draws)
            .map(|_| draw(&table, class, count, &mut rng))
            .collect::<Result<_>>()?;
        let methods: Vec<(String, Spread)> = METHODS
            .into_iter()
            .map(|(name, score, scale)| {
                let config = OutlierConfig {
                    scale,
                    score,
                    ..OutlierConfig::default()
                };
                let areas = draws.iter().map(|draw| area_of(&table, draw, &config));
                Ok((
                    name.to_owned(),
                    Spread::of_sample(areas.collect::<Result<Vec<_>>>()?),
                ))
            })
            .collect::<Result<_>>()?;
        found.push(Areas {
            set: table.name,
            rows: draws[0].rows.len(),
            outliers: count,
            features: table.features.size()[1],
            ours: methods.len(),
            scikit_learn: None,
            methods,
        });
        tasks.push(Task {
            features: table.numbers(),
            draws,
        });
    }
    if let Some(python) = peer {
        let task = BTreeMap::from([("outliers", &tasks)]);
        let answer = scikit_learn::ask(python, folder, &task)?;
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

/// `count` random rows of a class, and most of the others.
fn draw(table: &Table, class: &str, count: usize, rng: &mut Xoshiro256PlusPlus) -> Result<Draw> {
    let class = table.classes.iter().position(|name| name == class);
    let class = class.ok_or_else(|| Error::invalid("draw", "a class of the table", table.name))?;
    let (mut outliers, mut inliers): (Vec<usize>, Vec<usize>) =
        (0..table.rows()).partition(|&row| table.labels[row] == class);
    outliers.shuffle(rng);
    inliers.shuffle(rng);
    outliers.truncate(count);
    inliers.truncate((INLIERS * inliers.len() as f64).round() as usize);
    Ok(Draw {
        outlier: (0..inliers.len() + count)
            .map(|place| place >= inliers.len())
            .collect(),
        rows: [inliers, outliers].concat(),
    })
}

/// Of the scores of the rows themselves, standardised all together.
fn area_of(table: &Table, draw: &Draw, config: &OutlierConfig) -> Result<f64> {
    let (rows, _) = table.at(&draw.rows);
    let rows = Standardised::of(&rows).apply(&rows);
    let space = Box::new(Euclidean::new(rows.size()[1])?);
    let detector = OutlierDetector::fit(space, &rows, config)?;
    area(detector.scores(), &Tensor::from_slice(&draw.outlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_has_the_outliers_that_it_says() {
        let wine = table("wine").unwrap();
        let draw = draw(&wine, "1", 10, &mut Xoshiro256PlusPlus::seed_from_u64(1)).unwrap();
        assert_eq!(draw.rows.len(), 10 + 95);
        for (&row, &outlier) in draw.rows.iter().zip(&draw.outlier) {
            assert_eq!(wine.classes[wine.labels[row]] == "1", outlier);
        }
    }
}
