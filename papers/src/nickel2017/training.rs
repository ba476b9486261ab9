//! One training and its evaluation.

use std::ops::ControlFlow;
use std::time::Instant;

use holonomy::Result;
use holonomy::embed::{Model, RankedNodes, Ranking, Reconstruction, Start, TrainConfig, Trainer};
use holonomy::graph::Graph;
use tch::{Kind, Tensor};

use super::options::{Settings, title};
use super::outcome::{Figures, Outcome, Sampled};
use crate::harness::ledger::Ledger;
use crate::harness::progress::{Progress, showing};
use crate::harness::{interrupt, output};

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
    let epochs = config.epochs;
    let title = format!("{} {}-d, seed {seed}", title(config.model), config.dim);
    let ranked = settings.ranked_nodes(closure.node_count(), seed);
    let from_hierarchy = config.start == Start::HalfSpaces;
    let model = config.model;
    let clock = Instant::now();
    let trainer = showing(format!("{title}, points to start from"), || {
        Trainer::new(config, closure.node_count(), closure.edges())?
            .with_options((Kind::Double, settings.device.device))
    })?;
    let start_seconds = clock.elapsed().as_secs_f64();
    tell_untrained(&trainer, closure.edge_count());
    let start = if from_hierarchy {
        let title = format!("{title}, ranking before training");
        Some(score(
            title,
            model,
            trainer.start(),
            closure.edges(),
            ranked,
        )?)
    } else {
        None
    };
    let trainer = match ledger.begun(label) {
        Some(checkpoint) => trainer.resuming_from(checkpoint)?,
        None => trainer,
    };
    let progress = Progress::by_pairs(title.clone(), epochs, closure.edge_count());
    let bar = progress.bar();
    let trainer = trainer.on_pairs(move |pairs| bar.inc(pairs as u64));
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
    progress.done();
    let clock = Instant::now();
    let ranking = format!("{title}, ranking");
    let score = score(ranking, model, &embedding.points, closure.edges(), ranked)?;
    let evaluation_seconds = clock.elapsed().as_secs_f64();
    let last = embedding.history.last();
    let outcome = Outcome {
        seed,
        epochs: embedding.history.len(),
        loss: last.map_or(f64::NAN, |epoch| epoch.loss),
        evaluation_seconds,
        start,
        sampled: Sampled::of(score.nodes, score.sampling),
        figures: Figures {
            map: score.map,
            mean_rank: score.mean_rank,
            train_seconds: start_seconds + embedding.seconds,
        },
    };
    if !embedding.stopped_early {
        ledger.write_outcome(label, &outcome, &embedding.points)?;
    }
    output::note(&format!("{title}: {outcome}"));
    Ok((outcome, embedding.points))
}

/// Says how many pairs cannot be learned, if there are any.
pub(super) fn tell_untrained(trainer: &Trainer, pairs: usize) {
    let untrained = trainer.untrained_pairs();
    if untrained > 0 {
        output::note(&format!(
            "{untrained} of {pairs} pairs are not trained: their nodes are related to all others, so \
             that there are no negatives"
        ));
    }
}

fn score(
    title: String,
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
    nodes: RankedNodes,
) -> Result<Reconstruction> {
    let progress = Progress::by_nodes(title);
    let score = ranking(model, points, nodes, &progress)?.reconstruction(pairs)?;
    progress.done();
    Ok(score)
}

/// A ranking of these nodes, whose progress is shown.
pub(super) fn ranking(
    model: Model,
    points: &Tensor,
    nodes: RankedNodes,
    progress: &Progress,
) -> Result<Ranking<'static>> {
    let bar = progress.bar();
    let on_progress = move |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let ranking = Ranking::new(model, points)?.of_nodes(nodes)?;
    Ok(ranking.on_progress(on_progress))
}
