//! One training and its evaluation.

use std::ops::ControlFlow;
use std::time::Instant;

use holonomy::Result;
use holonomy::embed::{
    Model, Reconstruction, Start, TrainConfig, Trainer, reconstruction, reconstruction_of,
};
use holonomy::graph::Graph;
use tch::{Kind, Tensor};

use super::experiment::{Figures, Outcome};
use super::options::{Settings, title};
use crate::interrupt;
use crate::ledger::Ledger;
use crate::progress::Progress;

/// Embeds the pairs of `closure`, and measures how well the embedding holds them; goes on where the
/// ledger's training of that label stopped.
pub(crate) fn train(
    config: TrainConfig,
    closure: &Graph,
    settings: &Settings,
    label: &str,
    ledger: &mut Ledger,
) -> Result<(Outcome, Tensor)> {
    let seed = config.seed;
    let title = format!("{} {}-d, seed {seed}", title(config.model), config.dim);
    let progress = Progress::start(title.clone(), config.epochs as u64);
    let from_hierarchy = config.start == Start::HalfSpaces;
    let model = config.model;
    let clock = Instant::now();
    let trainer = Trainer::new(config, closure.node_count(), closure.edges())?
        .with_options((Kind::Double, settings.device.device))?;
    let start_seconds = clock.elapsed().as_secs_f64();
    let start = if from_hierarchy {
        Some(score(model, trainer.start(), closure, settings)?)
    } else {
        None
    };
    let trainer = match ledger.begun(label) {
        Some(checkpoint) => trainer.resuming_from(checkpoint)?,
        None => trainer,
    };
    let embedding = trainer.run(|epoch| {
        progress.epoch(epoch.record.epoch as u64, epoch.record.loss);
        let stop = interrupt::requested();
        if stop || ledger.is_due() {
            ledger.write_training(label, epoch.checkpoint());
        }
        if stop {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let clock = Instant::now();
    let score = score(embedding.model, &embedding.points, closure, settings)?;
    let evaluation_seconds = clock.elapsed().as_secs_f64();
    let last = embedding.history.last();
    let outcome = Outcome {
        seed,
        epochs: embedding.history.len(),
        loss: last.map_or(f64::NAN, |epoch| epoch.loss),
        evaluation_seconds,
        start,
        figures: Figures {
            map: score.map,
            mean_rank: score.mean_rank,
            train_seconds: start_seconds + embedding.seconds,
        },
    };
    if !embedding.stopped_early {
        ledger.write_outcome(label, &outcome, &embedding.points)?;
    }
    progress.finish(&format!("{title}: {outcome}"));
    Ok((outcome, embedding.points))
}

/// Up to so many nodes a quick run ranks all; of more every [`QUICK_STRIDE`]th.
const QUICK_NODES: usize = 10_000;
const QUICK_STRIDE: usize = 50;

fn score(
    model: Model,
    points: &Tensor,
    closure: &Graph,
    settings: &Settings,
) -> Result<Reconstruction> {
    if settings.quick && closure.node_count() > QUICK_NODES {
        let sources: Vec<u32> = (0..closure.node_count() as u32)
            .step_by(QUICK_STRIDE)
            .collect();
        return reconstruction_of(model, points, closure.edges(), &sources);
    }
    reconstruction(model, points, closure.edges())
}
