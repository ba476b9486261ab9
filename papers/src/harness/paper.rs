//! A paper, and the experiment that reproduces it.

use holonomy::Result;

/// A paper as `papers list` shows it.
pub(crate) struct Paper {
    /// Its folder under `papers/src` and its key in `papers/refs.bib`.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) authors: &'static str,
    pub(crate) year: u16,
    /// What is reproduced, for the help of `papers run`.
    pub(crate) subject: &'static str,
}

/// How a command ended that did not fail.
pub(crate) enum Outcome {
    Complete,
    /// The user stopped it; what there was is saved.
    Interrupted,
}

/// What `papers run KEY` does.
pub(crate) trait Experiment {
    const PAPER: Paper;
    type Options: clap::Args;

    /// Runs the experiment, writes the files and prints the tables.
    fn run(options: &Self::Options) -> Result<Outcome>;
}
