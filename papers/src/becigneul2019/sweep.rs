//! Every method at every rate, on several threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use holonomy::graph::Graph;
use holonomy::{Error, Result};

use super::choice::{self, Reached};
use super::method::{MAPS, Method, Rule};
use super::options::Settings;
use super::split::hold_out;
use super::training::{Run, Start};
use crate::harness::interrupt;
use crate::harness::progress::Progress;

/// A run to make.
#[derive(Debug, Clone, Copy)]
struct Job {
    method: Method,
    rate: f64,
    seed: u64,
}

/// Makes every run with the first seed, and those at the rates that this finds worth it with the
/// other seeds. `false` if the user stopped it; the runs are then those that are complete.
pub(crate) fn execute(closure: &Graph, settings: &Settings) -> Result<(Vec<Run>, bool)> {
    let progress = Progress::start("runs", most_epochs(settings));
    let starts = burn_in(closure, settings)?;
    let epochs_done = AtomicUsize::new(settings.burn_in_epochs * starts.len());
    let run = |job: &Job| {
        let Some(start) = starts.get(&job.seed) else {
            return Ok(None);
        };
        let curves = start.run(job.method, job.rate, settings, |loss| {
            let done = epochs_done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.epoch(done as u64, loss);
        })?;
        Ok(curves.map(|curves| Run {
            method: job.method,
            rate: job.rate,
            seed: job.seed,
            curves,
        }))
    };
    let search = jobs(&settings.seeds[..1], &everything(settings));
    let mut runs = on_threads(&search, settings.threads, run)?;
    let mut planned = search.len();
    if runs.len() == planned {
        let reached = choice::reached(settings, &runs);
        let repeated = jobs(&settings.seeds[1..], &worth_repeating(settings, &reached));
        runs.extend(on_threads(&repeated, settings.threads, run)?);
        planned += repeated.len();
    }
    progress.finish(&format!("{} runs complete", runs.len()));
    let complete = runs.len() == planned;
    Ok((runs, complete))
}

/// Every method at every rate.
fn everything(settings: &Settings) -> Vec<(Method, f64)> {
    let at_rates = |method| settings.rates.iter().map(move |&rate| (method, rate));
    Method::all().into_iter().flat_map(at_rates).collect()
}

/// Every method at its best rate, and RSGD at the rates next to it, as in the paper's figures.
fn worth_repeating(settings: &Settings, reached: &[Reached]) -> Vec<(Method, f64)> {
    let mut chosen = Vec::new();
    for best in choice::best(reached) {
        chosen.push((best.method, best.rate));
        if best.method.rule == Rule::Rsgd {
            let rates = choice::neighbours(settings, best.rate);
            chosen.extend(rates.into_iter().map(|rate| (best.method, rate)));
        }
    }
    chosen
}

/// Seed by seed, so that a run that is stopped has all methods for some of them.
fn jobs(seeds: &[u64], choices: &[(Method, f64)]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for &seed in seeds {
        jobs.extend(
            choices
                .iter()
                .map(|&(method, rate)| Job { method, rate, seed }),
        );
    }
    jobs
}

fn most_epochs(settings: &Settings) -> u64 {
    let seeds = settings.seeds.len();
    let methods = Method::all().len();
    let runs = methods * settings.rates.len() + (methods + 2 * MAPS.len()) * (seeds - 1);
    (settings.burn_in_epochs * seeds + settings.epochs * runs) as u64
}

fn burn_in(closure: &Graph, settings: &Settings) -> Result<BTreeMap<u64, Start>> {
    let pairs = closure.edges();
    let start = |&seed: &u64| {
        let split = hold_out(pairs, settings.held_out, seed)?;
        let start = Start::new(closure.node_count(), pairs, split, settings, seed)?;
        Ok(start.map(|start| (seed, start)))
    };
    let starts = on_threads(&settings.seeds, settings.threads, start)?;
    Ok(starts.into_iter().collect())
}

/// `work` done on each item, by so many threads that take one item at a time. Results come in the order of the items; the first error ends it.
fn on_threads<T: Sync, U: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<Option<U>> + Sync,
) -> Result<Vec<U>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        // libtorch counts its threads for each thread that calls it.
        tch::set_num_threads(1);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index).filter(|_| !interrupt::requested()) else {
                return;
            };
            let result = work(item);
            if result.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            if let Ok(mut done) = done.lock() {
                done.push((index, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(take);
        }
    });
    let mut done = done
        .into_inner()
        .map_err(|_| Error::invalid("becigneul2019", "threads that end", "one that panicked"))?;
    done.sort_by_key(|&(index, _)| index);
    done.into_iter()
        .filter_map(|(_, result)| result.transpose())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_and_the_first_error_counts() {
        let items: Vec<usize> = (0..50).collect();
        let odd = |&n: &usize| Ok((n % 2 == 1).then_some(n));
        let expected: Vec<usize> = (0..50).filter(|n| n % 2 == 1).collect();
        for threads in [1, 4] {
            assert_eq!(on_threads(&items, threads, odd).unwrap(), expected);
        }
        let failing = |&n: &usize| match n {
            0..20 => Ok(Some(n)),
            _ => Err(Error::invalid("test", "a small number", n)),
        };
        let error = on_threads(&items, 1, failing).unwrap_err().to_string();
        assert!(error.contains("20"), "{error}");
    }
}
