//! What the training of one seed came to.

use std::fmt;

use holonomy::embed::{Reconstruction, Sampling};
use indicatif::HumanCount;
use serde::{Deserialize, Serialize};

/// One seed's result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    /// Epochs made: fewer than planned when the user stopped the run.
    pub(crate) epochs: usize,
    /// The mean loss of the last epoch.
    pub(crate) loss: f64,
    /// Wall-clock time of ranking all nodes once, after the training.
    #[serde(default)]
    pub(crate) evaluation_seconds: f64,
    /// How well the points before training hold the hierarchy, where they come from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<Reconstruction>,
    /// How sure the figures are, where not all nodes were ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sampled: Option<Sampled>,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What was ranked instead of all nodes, and what that says of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sampled {
    /// How many nodes were ranked.
    pub(crate) nodes: usize,
    #[serde(flatten)]
    pub(crate) sampling: Sampling,
}

impl Sampled {
    /// `None` where all nodes were ranked.
    pub(crate) fn of(nodes: usize, sampling: Option<Sampling>) -> Option<Self> {
        sampling.map(|sampling| Self { nodes, sampling })
    }
}

/// As in "10,000 of 1,038,021 nodes ranked".
impl fmt::Display for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ranked, all] = [self.nodes, self.sampling.population].map(|n| HumanCount(n as u64));
        write!(f, "{ranked} of {all} nodes ranked")
    }
}

/// "± 0.0012" behind a space, where there is a standard error.
pub(crate) fn plus_minus(error: Option<f64>) -> String {
    error.map_or_else(String::new, |error| match error {
        small if small < 0.1 => format!(" ± {small:.4}"),
        _ => format!(" ± {error:.2}"),
    })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures {
            map,
            mean_rank,
            train_seconds,
        } = self.figures;
        write!(
            f,
            "{} epochs, {train_seconds:.1} s, loss {:.4}, MAP {map:.4}{}, mean rank {mean_rank:.3}{}",
            self.epochs,
            self.loss,
            plus_minus(self.sampled.map(|sampled| sampled.sampling.map_error)),
            plus_minus(self.sampled.map(|sampled| sampled.sampling.mean_rank_error)),
        )?;
        match &self.sampled {
            Some(sampled) => write!(f, ", {sampled} in {:.1} s", self.evaluation_seconds)?,
            None => write!(f, ", ranked in {:.1} s", self.evaluation_seconds)?,
        }
        match &self.start {
            Some(start) => write!(
                f,
                " (before training {:.4}, {:.3})",
                start.map, start.mean_rank
            ),
            None => Ok(()),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) map: f64,
    pub(crate) mean_rank: f64,
    /// Wall-clock time of the training loop and of making the points that it starts from.
    pub(crate) train_seconds: f64,
}
