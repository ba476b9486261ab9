//! The best rate of each method, and what it reaches.

use serde::Serialize;

use super::method::Method;
use super::options::Settings;
use super::training::Run;

/// The end of the runs of one method at one rate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reached {
    #[serde(flatten)]
    pub(crate) method: Method,
    pub(crate) rate: f64,
    /// One for each seed, in the order of the settings; for the first alone where the rate was not
    /// worth more.
    pub(crate) results: Vec<Figures>,
}

/// What one run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// The mean loss of a pair over the last [`LAST`] epochs.
    pub(crate) loss: f64,
    /// At the end.
    pub(crate) train_map: f64,
    /// At the end.
    pub(crate) held_out_map: f64,
    /// The mean over the course after the burn-in: high when MAP rises early.
    pub(crate) held_out_map_on_the_way: f64,
}

/// The loss of one epoch alone would be noisy.
const LAST: usize = 5;

/// The figures of every method at every rate, of the first seeds without a gap.
pub(crate) fn reached(settings: &Settings, runs: &[Run]) -> Vec<Reached> {
    let mut all = Vec::new();
    for method in Method::all() {
        for &rate in &settings.rates {
            let of_seed = |seed: &u64| {
                let of_job = |run: &&Run| run.method == method && run.rate == rate;
                let mut runs = runs.iter().filter(of_job);
                runs.find(|run| run.seed == *seed)
            };
            let runs = settings.seeds.iter().map_while(of_seed);
            let results: Vec<Figures> = runs.map(|run| figures(run, settings)).collect();
            if !results.is_empty() {
                all.push(Reached {
                    method,
                    rate,
                    results,
                });
            }
        }
    }
    all
}

fn figures(run: &Run, settings: &Settings) -> Figures {
    let curves = &run.curves;
    let complete = curves.losses.len() == settings.epochs;
    let last = &curves.losses[curves.losses.len().saturating_sub(LAST)..];
    let after_burn_in = curves.maps.get(1..).unwrap_or_default();
    let end = after_burn_in.last().filter(|_| complete);
    Figures {
        loss: if complete { mean(last) } else { f64::NAN },
        train_map: end.map_or(f64::NAN, |maps| maps.train),
        held_out_map: end.map_or(f64::NAN, |maps| maps.held_out),
        held_out_map_on_the_way: mean(
            &after_burn_in
                .iter()
                .map(|maps| maps.held_out)
                .collect::<Vec<_>>(),
        ),
    }
}

/// The rate of each method with the lowest loss at the end, of the first seed.
pub(crate) fn best(reached: &[Reached]) -> Vec<&Reached> {
    let loss = |reached: &Reached| reached.results[0].loss;
    let of = |method: Method| {
        let rates = reached.iter().filter(|reached| reached.method == method);
        let finite = rates.filter(|reached| loss(reached).is_finite());
        finite.min_by(|a, b| loss(a).total_cmp(&loss(b)))
    };
    Method::all().into_iter().filter_map(of).collect()
}

/// How many seeds the methods have: fewer than asked for when the user stopped the run.
pub(crate) fn seeds(best: &[&Reached]) -> usize {
    best.iter()
        .map(|best| best.results.len())
        .max()
        .unwrap_or(0)
}

/// The rates below and above.
pub(crate) fn neighbours(settings: &Settings, rate: f64) -> Vec<f64> {
    let rates = &settings.rates;
    let below = rates.iter().copied().rfind(|&other| other < rate);
    let above = rates.iter().copied().find(|&other| other > rate);
    [below, above].into_iter().flatten().collect()
}

impl Reached {
    /// The mean of a figure over the seeds.
    pub(crate) fn mean(&self, figure: fn(&Figures) -> f64) -> f64 {
        mean(&self.all(figure))
    }

    /// A figure of each seed.
    pub(crate) fn all(&self, figure: fn(&Figures) -> f64) -> Vec<f64> {
        self.results.iter().map(figure).collect()
    }
}

/// The mean; NaN of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::method::{Map, Rule};
    use super::*;

    fn at(rule: Rule, rate: f64, losses: &[f64]) -> Reached {
        let figures = |&loss: &f64| Figures {
            loss,
            train_map: 0.5,
            held_out_map: 0.5,
            held_out_map_on_the_way: 0.5,
        };
        Reached {
            method: Method {
                map: Map::Exp,
                rule,
            },
            rate,
            results: losses.iter().map(figures).collect(),
        }
    }

    #[test]
    fn the_lowest_loss_is_best_and_a_diverged_run_never_is() {
        let reached = [
            at(Rule::Rsgd, 0.1, &[1.6]),
            at(Rule::Rsgd, 0.3, &[1.5, 1.5]),
            at(Rule::Rsgd, 1.0, &[f64::NAN]),
            at(Rule::Radam, 0.1, &[f64::NAN, 1.0]),
        ];
        let rates: Vec<f64> = best(&reached).iter().map(|best| best.rate).collect();
        assert_eq!(rates, [0.3]);
    }
}
