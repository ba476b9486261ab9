//! Figures of merit.

mod classification;
mod precision;
mod rank;
