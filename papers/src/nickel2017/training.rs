//! One training and its evaluation.

use std::ops::ControlFlow;

use holonomy::Result;
use holonomy::embed::{Embedding, TrainConfig, Trainer, reconstruction};
use holonomy::graph::Graph;
use tch::{Device, Kind, Tensor};

use super::experiment::{Figures, Outcome};
use super::options::title;
use crate::interrupt;
use crate::progress::Progress;

/// Embeds the pairs of `closure`, and measures how well the embedding holds them.
pub(crate) fn train(
    config: TrainConfig,
    closure: &Graph,
    device: Device,
) -> Result<(Outcome, Tensor)> {
    let seed = config.seed;
    let label = format!("{} {}-d, seed {seed}", title(config.model), config.dim);
    let progress = Progress::start(label.clone(), config.epochs as u64);
    let embedding = Trainer::new(config, closure.node_count(), closure.edges())?
        .with_options((Kind::Double, device))?
        .run(|epoch| {
            progress.epoch(epoch.record.epoch as u64, epoch.record.loss);
            if interrupt::requested() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
    let outcome = evaluate(seed, closure, &embedding)?;
    progress.finish(&format!("{label}: {outcome}"));
    Ok((outcome, embedding.points))
}

fn evaluate(seed: u64, closure: &Graph, embedding: &Embedding) -> Result<Outcome> {
    let score = reconstruction(embedding.model, &embedding.points, closure.edges())?;
    let last = embedding.history.last();
    Ok(Outcome {
        seed,
        epochs: embedding.history.len(),
        loss: last.map_or(f64::NAN, |epoch| epoch.loss),
        figures: Figures {
            map: score.map,
            mean_rank: score.mean_rank,
            train_seconds: embedding.seconds,
        },
    })
}
