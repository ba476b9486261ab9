//! One case for every bug that was fixed, failing before the fix.

mod boundary;
mod files;
mod magnitude;
mod matrices;
mod optimisers;
mod recording;
mod scale;
mod statistics;
mod tensors;
mod values;
