//! A progress bar on a terminal; elsewhere one plain line when a run is done.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const TEMPLATE: &str = "{prefix} {wide_bar} {pos}/{len} epochs  {msg}  {eta} left";

/// The progress of one training run.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts a bar, which draws nothing unless standard error is a terminal.
    pub(crate) fn start(label: impl Into<Cow<'static, str>>, epochs: u64) -> Self {
        let bar = ProgressBar::new(epochs).with_prefix(label);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Shows that `epoch` epochs are done, the last with this mean loss.
    pub(crate) fn epoch(&self, epoch: u64, loss: f64) {
        self.bar.set_message(format!("loss {loss:.4}"));
        self.bar.set_position(epoch);
    }

    /// Shows one epoch more, of any of several trainings, with this mean loss.
    pub(crate) fn advance(&self, loss: f64) {
        self.bar.set_message(format!("loss {loss:.4}"));
        self.bar.inc(1);
    }

    /// Replaces the bar by one line.
    pub(crate) fn finish(self, line: &str) {
        self.bar.finish_and_clear();
        output::note(line);
    }
}
