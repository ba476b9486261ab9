//! A subtree of WordNet's mammals against the rest, told from an embedding.

use std::collections::HashSet;
use std::ops::ControlFlow;

use holonomy::embed::{TrainConfig, Trainer};
use holonomy::graph::Graph;
use holonomy::{EuclideanParametrised, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::Tensor;

use super::classify::{self, Split};
use super::options::Settings;
use crate::data::wordnet;
use crate::harness::output;

/// Subtrees of very different size.
const ROOTS: [&str; 5] = [
    "ungulate.n.01",
    "carnivore.n.01",
    "rodent.n.01",
    "primate.n.02",
    "cetacean.n.01",
];

/// What the classifiers reached on one subtree in embeddings of one dimension.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) dim: usize,
    pub(super) root: &'static str,
    /// The share of the nodes that is in the subtree.
    pub(super) share: f64,
    pub(super) scores: Vec<classify::Row>,
}

/// Of all roots, in 2 and 5 dimensions, each seed with an embedding and a split of its own.
pub(super) fn rows(settings: &Settings) -> Result<Vec<Row>> {
    let mammals = wordnet::mammals()?;
    let closure = mammals.transitive_closure();
    let mut rows = Vec::new();
    for dim in [2, 5] {
        let mut scores = vec![Vec::new(); ROOTS.len()];
        for seed in 0..settings.seeds {
            let points = embed(settings, &closure, dim, settings.seed + seed)?;
            for (scores, root) in scores.iter_mut().zip(ROOTS) {
                let labels = inside(&mammals, &closure, root)?;
                let split = split(&points, &labels, settings.seed + seed);
                scores.push(classify::scores(&split, settings)?);
            }
        }
        for (scores, root) in scores.iter().zip(ROOTS) {
            let labels = inside(&mammals, &closure, root)?;
            rows.push(Row {
                dim,
                root,
                share: labels.iter().sum::<i64>() as f64 / labels.len() as f64,
                scores: classify::rows(root, scores),
            });
        }
        output::note(&format!("subtrees of mammals in {dim} dimensions: done"));
    }
    Ok(rows)
}

/// An embedding in the ball, in normal coordinates.
fn embed(settings: &Settings, closure: &Graph, dim: usize, seed: u64) -> Result<Tensor> {
    let config = TrainConfig {
        dim,
        epochs: settings.epochs,
        burn_in_epochs: settings.epochs / 3,
        seed,
        // Several would not give the same embedding twice.
        threads: 1,
        ..TrainConfig::default()
    };
    let trainer = Trainer::new(config, closure.node_count(), closure.edges())?;
    let embedding = trainer.run(|_| ControlFlow::Continue(()))?;
    let space = EuclideanParametrised::new(dim as i64, -1.0)?;
    Ok(space.from_ball(&embedding.points))
}

/// 1 for the nodes of the subtree, 0 for the others, in the closure's order.
fn inside(mammals: &Graph, closure: &Graph, root: &str) -> Result<Vec<i64>> {
    let subtree = mammals.subtree(root)?;
    let names: HashSet<&String> = subtree.names().iter().collect();
    let label = |name: &String| i64::from(names.contains(name));
    Ok(closure.names().iter().map(label).collect())
}

/// Half of each class for training, the rest for the test.
fn split(points: &Tensor, labels: &[i64], seed: u64) -> Split {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for class in [0, 1] {
        let of_class = |&(_, &label): &(usize, &i64)| label == class;
        let mut rows: Vec<i64> = (labels.iter().enumerate())
            .filter(of_class)
            .map(|(row, _)| row as i64)
            .collect();
        rows.shuffle(&mut rng);
        let half = rows.len() / 2;
        train.extend_from_slice(&rows[..half]);
        test.extend_from_slice(&rows[half..]);
    }
    let labels = Tensor::from_slice(labels);
    let part = |rows: &[i64]| {
        let rows = Tensor::from_slice(rows);
        (points.index_select(0, &rows), labels.index_select(0, &rows))
    };
    Split {
        train: part(&train),
        test: part(&test),
    }
}
