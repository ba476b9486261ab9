//! The accuracy of `dist`, `exp`, `log`, `transport` and `project`, measured against exact
//! references.
//!
//! ```text
//! cargo run --release --features laws --example accuracy -- [cases.json] [--json] [--path native|tensor]
//! ```
//!
//! Without a file the committed cases are used; `tests/golden/cases.py` makes them and describes the
//! format. `--json` prints an array of {manifold, op, kind, radius, count, median, worst} in place
//! of the table; an infinite error is written as 1.7976931348623157e308 there, as JSON has no
//! infinity. `--path tensor` gives the crate inputs that record gradients.
//!
//! The f32 rows round a case's inputs to f32 and compare with the exact result for the rounded
//! inputs, computed here in big floats (or with `expected`, where rounding changes nothing). Cases
//! that f32 cannot hold have no f32 row: a point that rounds out of the ball, a number that overflows.

use std::process::ExitCode;

use holonomy::laws::accuracy::{self as study, Path, Row};
use serde_json::json;

const USAGE: &str = "usage: accuracy [cases.json] [--json] [--path native|tensor]";
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cases.json");

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("accuracy: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    if options.help {
        println!("{USAGE}");
        return Ok(());
    }
    let file = &options.file;
    let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {file}: {e}"))?;
    let cases = study::parse(&text).map_err(|e| format!("{file}: {e}"))?;
    let (rows, skipped) = study::study(&cases, options.path).map_err(|e| format!("{file}: {e}"))?;
    if options.json {
        println!("{}", as_json(&rows));
    } else {
        print_table(&rows);
        println!("{} cases, of which f32 cannot hold {skipped}.", cases.len());
    }
    Ok(())
}

struct Options {
    file: String,
    json: bool,
    path: Path,
    help: bool,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            file: COMMITTED.into(),
            json: false,
            path: Path::Native,
            help: false,
        };
        let mut files = 0;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => options.json = true,
                "--help" | "-h" => options.help = true,
                "--path" => {
                    options.path = match arguments.next().as_deref() {
                        Some("native") => Path::Native,
                        Some("tensor") => Path::Tensor,
                        other => {
                            let got = other.unwrap_or("nothing");
                            return Err(format!(
                                "--path takes native or tensor, not {got}\n{USAGE}"
                            ));
                        }
                    }
                }
                other if other.starts_with('-') => {
                    return Err(format!("unknown option {other}\n{USAGE}"));
                }
                file => {
                    options.file = file.into();
                    files += 1;
                }
            }
        }
        if files > 1 {
            return Err(format!("one file of cases at most\n{USAGE}"));
        }
        Ok(options)
    }
}

fn print_table(rows: &[Row]) {
    println!("manifold  op         kind  radius  count   median    worst  worst case");
    for row in rows {
        println!(
            "{:<9} {:<10} {:<4} {:>7} {:>6} {:>8.1e} {:>8.1e}  {:>10}",
            row.manifold,
            row.op,
            row.kind,
            row.radius,
            row.count,
            row.median,
            row.worst,
            row.worst_case
        );
    }
}

fn as_json(rows: &[Row]) -> String {
    let finite = |error: f64| error.min(f64::MAX);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "manifold": row.manifold.to_string(),
                "op": row.op.to_string(),
                "kind": row.kind,
                "radius": row.radius,
                "count": row.count,
                "median": finite(row.median),
                "worst": finite(row.worst),
            })
        })
        .collect();
    serde_json::to_string_pretty(&rows).expect("rows of plain numbers")
}
