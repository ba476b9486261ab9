//! How far a run is: a bar on a terminal; elsewhere a plain line now and then, and one when a part is
//! done.

use std::borrow::Cow;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::harness::output;

const EPOCHS: &str = "{prefix} {wide_bar} {pos}/{len} epochs  {msg}  {eta} left";
const PAIRS: &str = "{prefix} {wide_bar} {percent}%  {msg}  {eta} left";
const NODES: &str = "{prefix} {wide_bar} {human_pos}/{human_len} nodes  {eta} left";
const NO_END: &str = "{spinner} {prefix}, {elapsed}";

/// The time after which a part of a run is worth a line where there is no bar, and the time between
/// two lines from then on.
const FIRST_LINE: Duration = Duration::from_secs(5);
const NEXT_LINE: Duration = Duration::from_secs(30);

/// The progress of one part of a run: a training, say, or the ranking of all nodes.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// How far an epoch moves the bar.
    per_epoch: u64,
    lines: Option<Lines>,
}

impl Progress {
    /// Of trainings with so many epochs in all.
    pub(crate) fn start(label: impl Into<Cow<'static, str>>, epochs: u64) -> Self {
        Self::new(label, EPOCHS, Some((epochs, "epochs")))
    }

    /// Of a training that visits so many pairs in every epoch, each of which moves the [bar](Self::bar).
    pub(crate) fn by_pairs(
        label: impl Into<Cow<'static, str>>,
        epochs: usize,
        pairs: usize,
    ) -> Self {
        let per_epoch = pairs as u64;
        let all = epochs as u64 * per_epoch;
        Self {
            per_epoch,
            ..Self::new(label, PAIRS, Some((all, "pairs")))
        }
    }

    /// Of a ranking of nodes, each of which moves the [bar](Self::bar).
    pub(crate) fn by_nodes(label: impl Into<Cow<'static, str>>) -> Self {
        Self::new(label, NODES, Some((0, "nodes")))
    }

    /// Of work of which nobody knows how far it is.
    pub(crate) fn without_end(label: impl Into<Cow<'static, str>>) -> Self {
        Self::new(label, NO_END, None)
    }

    fn new(
        label: impl Into<Cow<'static, str>>,
        template: &str,
        end: Option<(u64, &'static str)>,
    ) -> Self {
        let (bar, unit) = match end {
            Some((length, unit)) => (ProgressBar::new(length), unit),
            None => (ProgressBar::new_spinner(), ""),
        };
        bar.set_prefix(label);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let lines = bar.is_hidden().then(|| Lines::about(bar.clone(), unit));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            per_epoch: 1,
            lines,
        }
    }

    /// Shows that `epoch` epochs are done, the last with this mean loss.
    pub(crate) fn epoch(&self, epoch: u64, loss: f64) {
        let message = match self.per_epoch {
            1 => format!("loss {loss:.4}"),
            _ => format!("epoch {epoch}, loss {loss:.4}"),
        };
        self.bar.set_message(message);
        self.bar.set_position(epoch * self.per_epoch);
    }

    /// Shows one epoch more, of any of several trainings, with this mean loss.
    pub(crate) fn advance(&self, loss: f64) {
        self.bar.set_message(format!("loss {loss:.4}"));
        self.bar.inc(1);
    }

    /// The bar, to be moved from any thread.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Replaces the bar by one line.
    pub(crate) fn finish(self, line: &str) {
        self.bar.finish_and_clear();
        drop(self.lines);
        output::note(line);
    }

    /// Removes the bar; leaves a line where the work took long enough to be worth one.
    pub(crate) fn done(self) {
        let elapsed = self.bar.elapsed();
        let label = self.bar.prefix();
        self.bar.finish_and_clear();
        drop(self.lines);
        if elapsed >= FIRST_LINE {
            output::note(&format!("{label}: {:.1} s", elapsed.as_secs_f64()));
        }
    }
}

/// Does the work with a sign of life beside it.
pub(crate) fn showing<T>(label: impl Into<Cow<'static, str>>, work: impl FnOnce() -> T) -> T {
    let progress = Progress::without_end(label);
    let result = work();
    progress.done();
    result
}

/// A thread that writes down now and then how far a bar is which nobody sees.
struct Lines {
    /// Goes first, which ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    fn about(bar: ProgressBar, unit: &'static str) -> Self {
        let (stop, stopped) = mpsc::channel();
        let write = move || {
            let mut wait = FIRST_LINE;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                output::note(&line(&bar, unit));
                wait = NEXT_LINE;
            }
        };
        Self {
            stop: Some(stop),
            thread: Some(std::thread::spawn(write)),
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn line(bar: &ProgressBar, unit: &str) -> String {
    let elapsed = HumanDuration(bar.elapsed());
    let (label, message) = (bar.prefix(), bar.message());
    let state = match bar.length() {
        Some(length) if length > 0 => {
            let (done, all) = (HumanCount(bar.position()), HumanCount(length));
            format!("{done} of {all} {unit}, ")
        }
        _ => String::new(),
    };
    let message = if message.is_empty() {
        message
    } else {
        format!(", {message}")
    };
    format!("{label}: {state}{elapsed}{message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_a_bar_shows() {
        let bar = ProgressBar::hidden().with_prefix("ball, seed 1");
        assert_eq!(line(&bar, "pairs"), "ball, seed 1: 0 seconds");
        bar.set_length(1_000_000);
        bar.set_position(12_345);
        bar.set_message("epoch 2");
        let expected = "ball, seed 1: 12,345 of 1,000,000 pairs, 0 seconds, epoch 2";
        assert_eq!(line(&bar, "pairs"), expected);
    }
}
