//! What every paper's program shares: its options, its report, and how it speaks to the user. Knows no
//! paper.

pub(crate) mod arguments;
pub(crate) mod files;
pub(crate) mod interrupt;
pub(crate) mod ledger;
pub(crate) mod machine;
pub(crate) mod output;
mod paper;
pub(crate) mod progress;
pub(crate) mod publication;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod scikit_learn;
pub(crate) mod spread;
pub(crate) mod table;

pub(crate) use paper::{Experiment, Outcome, Paper};
