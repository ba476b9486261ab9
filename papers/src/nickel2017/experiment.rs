//! Runs over several seeds, and their medians.

use holonomy::Result;
use holonomy::embed::{Model, Start, TrainConfig};
use holonomy::graph::Graph;
use serde::Serialize;
use tch::Tensor;

use super::options::{Settings, recipe};
use super::outcome::{Figures, Outcome, Sampled};
use super::training;
use crate::harness::interrupt;
use crate::harness::ledger::Ledger;

/// What one run is about; its seed is that of its first training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Plan {
    pub(crate) role: Role,
    #[serde(flatten)]
    pub(crate) config: TrainConfig,
}

/// Why a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// What the options ask for, and what the metrics are of.
    Main,
    /// Flat space at the same dimension, beside it.
    Comparison,
    /// Two dimensions, to be drawn.
    Picture,
}

impl Role {
    /// As a report writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Comparison => "comparison",
            Self::Picture => "picture",
        }
    }
}

/// A run over seeds, as a report shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Runs {
    #[serde(flatten)]
    pub(crate) plan: Plan,
    pub(crate) results: Vec<Outcome>,
    pub(crate) median: Figures,
    /// What the medians were taken of, where not all nodes were ranked: in the run that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sampled: Option<Sampled>,
    /// The seed whose embedding is kept: the one with the median MAP, the lower of two.
    pub(crate) kept_seed: u64,
    #[serde(skip)]
    pub(crate) kept: Tensor,
}

impl Runs {
    /// Whether every seed made all its epochs.
    pub(crate) fn complete(&self, settings: &Settings) -> bool {
        self.results.len() == self.plan.seeds(settings).len()
            && self
                .results
                .iter()
                .all(|result| result.epochs == self.plan.config.epochs)
    }
}

/// More nodes make no picture: they would cover it.
pub(crate) const DRAWN_AT_MOST: usize = 50_000;

impl Plan {
    /// The runs that the settings ask for, the most important first.
    pub(crate) fn all(settings: &Settings, nodes: usize) -> Vec<Self> {
        let main = &settings.main;
        let own = |role, config| Self { role, config };
        let mut plans = vec![own(Role::Main, main.clone())];
        if settings.alone {
            return plans;
        }
        if main.model != Model::Euclidean {
            plans.push(own(
                Role::Comparison,
                beside(settings, Model::Euclidean, main.dim),
            ));
        }
        if !plans[0].can_be_drawn() && nodes <= DRAWN_AT_MOST {
            plans.push(own(Role::Picture, beside(settings, Model::Ball, 2)));
        }
        plans
    }

    /// Whether the embedding lies in the Poincaré disk.
    pub(crate) fn can_be_drawn(&self) -> bool {
        self.config.model == Model::Ball && self.config.dim == 2
    }

    /// The seeds to run; a picture needs one.
    fn seeds<'a>(&self, settings: &'a Settings) -> &'a [u64] {
        match self.role {
            Role::Picture => &settings.seeds[..1],
            _ => &settings.seeds,
        }
    }

    /// What a checkpoint with every training of this run holds of them, in bytes.
    pub(crate) fn bytes(&self, settings: &Settings, nodes: usize) -> u64 {
        let TrainConfig {
            model, dim, epochs, ..
        } = self.config;
        let points = self.seeds(settings).len() * nodes * model.width(dim);
        let records = 3 * epochs;
        (size_of::<f64>() * (points + records)) as u64
    }

    /// Trains and evaluates for each seed until the user stops it; `None` when that was before
    /// the first. What the ledger has is not made again.
    pub(crate) fn execute(
        self,
        closure: &Graph,
        settings: &Settings,
        ledger: &mut Ledger,
    ) -> Result<Option<Runs>> {
        let mut results = Vec::new();
        for (index, &seed) in self.seeds(settings).iter().enumerate() {
            // The index tells apart what a user asks for twice.
            let label = format!("{} {}, seed {seed}", self.role.name(), index + 1);
            if let Some(finished) = ledger.outcome(&label)? {
                results.push(finished);
                continue;
            }
            if interrupt::requested() {
                break;
            }
            let config = TrainConfig {
                seed,
                ..self.config.clone()
            };
            results.push(training::train(config, closure, settings, &label, ledger)?);
        }
        Ok(self.summarise(results))
    }

    fn summarise(self, results: Vec<(Outcome, Tensor)>) -> Option<Runs> {
        let (results, mut points): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        let kept = median_position(&results)?;
        Some(Runs {
            median: medians(&results),
            sampled: results[kept].sampled,
            kept_seed: results[kept].seed,
            kept: points.swap_remove(kept),
            plan: self,
            results,
        })
    }
}

/// The settings of a run beside the main one: like it, but in a space that wants its own learning
/// rate, and from a random start where the main one's does not exist.
fn beside(settings: &Settings, model: Model, dim: usize) -> TrainConfig {
    let main = &settings.main;
    let start = if model == Model::Euclidean {
        Start::Random
    } else {
        main.start
    };
    let usual = recipe(start, model);
    let learning_rate = settings.learning_rate.unwrap_or(usual.learning_rate);
    let like_main = TrainConfig {
        model,
        dim,
        learning_rate,
        ..main.clone()
    };
    if start == main.start {
        return like_main;
    }
    TrainConfig {
        start,
        schedule: usual.schedule,
        burn_in_epochs: main.epochs / 3,
        ..like_main
    }
}

/// The position of the result with the median MAP; the lower of two.
fn median_position(results: &[Outcome]) -> Option<usize> {
    let mut order: Vec<usize> = (0..results.len()).collect();
    order.sort_by(|&a, &b| results[a].figures.map.total_cmp(&results[b].figures.map));
    order.get(results.len().checked_sub(1)? / 2).copied()
}

fn medians(results: &[Outcome]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| {
        median(
            results
                .iter()
                .map(|result| figure(&result.figures))
                .collect(),
        )
    };
    Figures {
        map: of(|figures| figures.map),
        mean_rank: of(|figures| figures.mean_rank),
        train_seconds: of(|figures| figures.train_seconds),
    }
}

/// The middle value, or the mean of the two in the middle; NaN for none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(seed: u64, map: f64) -> Outcome {
        Outcome {
            seed,
            epochs: 1,
            loss: 0.0,
            evaluation_seconds: 0.0,
            start: None,
            sampled: None,
            figures: Figures {
                map,
                mean_rank: 10.0 * map,
                train_seconds: 1.0 / map,
            },
        }
    }

    #[test]
    fn medians_are_taken_figure_by_figure() {
        let results = [outcome(1, 0.5), outcome(2, 0.25), outcome(3, 1.0)];
        let expected = Figures {
            map: 0.5,
            mean_rank: 5.0,
            train_seconds: 2.0,
        };
        assert_eq!(medians(&results), expected);
        assert_eq!(median_position(&results), Some(0));
        assert_eq!(medians(&results[..2]).map, 0.375);
        assert_eq!(median_position(&results[..2]), Some(1));
        assert_eq!(median_position(&[]), None);
    }
}
