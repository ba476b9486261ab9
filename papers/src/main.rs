//! Reproductions of papers with holonomy: `cargo papers list | run KEY | report`, and a look
//! into the embeddings that they write: `neighbors`, `distance`, `convert`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod adamer2021;
mod becigneul2019;
mod buet2023;
mod bunch2020;
mod bunch2021;
mod catalogue;
mod cli;
mod data;
mod embedding;
mod fung2019;
mod harness;
mod lin2023;
mod mankovich2023;
mod mishne2023;
mod nickel2017;
mod rabenoro2022;
#[cfg(test)]
mod rooms;
mod sala2018;
mod wang2023;

use std::io::IsTerminal;
use std::process::ExitCode;

use harness::{Outcome, interrupt, output};

fn main() -> ExitCode {
    let command = cli::parse();
    show_warnings();
    match command.execute() {
        Ok(Outcome::Complete) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::INTERRUPTED),
        Err(error) => {
            output::note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn show_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
}
