//! One training and its evaluation.

use std::ops::ControlFlow;

use holonomy::Result;
use holonomy::embed::{Embedding, TrainConfig, Trainer, reconstruction};
use holonomy::graph::Graph;
use tch::{Device, Kind, Tensor};

use super::experiment::{Figures, Outcome};
use super::options::title;
use crate::interrupt;
use crate::ledger::Ledger;
use crate::progress::Progress;

/// Embeds the pairs of `closure`, and measures how well the embedding holds them; goes on where the
/// ledger's training of that label stopped.
pub(crate) fn train(
    config: TrainConfig,
    closure: &Graph,
    device: Device,
    label: &str,
    ledger: &mut Ledger,
) -> Result<(Outcome, Tensor)> {
    let seed = config.seed;
    let title = format!("{} {}-d, seed {seed}", title(config.model), config.dim);
    let progress = Progress::start(title.clone(), config.epochs as u64);
    let trainer = Trainer::new(config, closure.node_count(), closure.edges())?
        .with_options((Kind::Double, device))?;
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
    let outcome = evaluate(seed, closure, &embedding)?;
    if !embedding.stopped_early {
        ledger.write_outcome(label, &outcome, &embedding.points)?;
    }
    progress.finish(&format!("{title}: {outcome}"));
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
