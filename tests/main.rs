//! The one test binary: every extra one would link libtorch again.
#![allow(clippy::unwrap_used)]

mod checkpoint;
mod device;
mod embed;
mod golden;
mod graph;
mod issues;
mod laws;
mod learn;
mod magnitude;
mod manifolds;
mod metric;
mod nn;
mod numerics;
mod optim;
#[cfg(feature = "plot")]
mod plot;
mod random;
mod scores;
mod stats;
