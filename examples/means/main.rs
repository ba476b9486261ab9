//! Fréchet means and geometric medians of random sets on every space with geodesics: how many fail, how
//! many are not unique, how many steps they take.
//!
//! ```text
//! cargo run --release --example means -- [sets in all, 10000] [part of a space's name]
//! ```
//!
//! Each set has 2 to 50 points, in f64 or f32, within a distance of up to 16 from their centre in
//! hyperbolic spaces, or close together at a distance of up to 30. Some points are equal, some
//! weights are 0. From some results one of 24 short steps decreases the objective: `wrongly unique`
//! counts those with `is_unique`, `not minimal` those without. Failures and wrongly unique results
//! make the program fail.

mod study;

use std::process::ExitCode;

use study::{Middle, Tally, fields};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let sets = arguments.next().map_or(Ok(10_000), |text| text.parse());
    let Ok(sets) = sets else {
        eprintln!("usage: means [sets] [part of a space's name]");
        return ExitCode::FAILURE;
    };
    match run(sets, &arguments.next().unwrap_or_default()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("means: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a table; how many results were wrong.
fn run(sets: u64, part: &str) -> holonomy::Result<usize> {
    let fields = fields()?;
    let each = sets.div_ceil(fields.len() as u64);
    let mut wrong = 0;
    for (title, middle) in [
        ("Fréchet mean", Middle::Mean),
        ("geometric median", Middle::Median),
    ] {
        println!("{title}\n");
        println!(
            "| space | sets | failed | wrongly unique | not minimal | not unique | at resolution | steps: mean | most | ms a set |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        let mut notes = Vec::new();
        for field in fields.iter().filter(|field| field.name.contains(part)) {
            let tally = Tally::of(field, 0..each, middle);
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {:.1} | {} | {:.2} |",
                field.name,
                tally.sets,
                tally.failed.len(),
                tally.wrongly_unique.len(),
                tally.not_minimal.len(),
                tally.not_unique,
                tally.at_resolution,
                tally.iterations as f64 / tally.sets as f64,
                tally.most_iterations,
                tally.time.as_secs_f64() * 1e3 / tally.sets as f64,
            );
            wrong += tally.failed.len() + tally.wrongly_unique.len();
            let told = tally.failed.into_iter().chain(tally.wrongly_unique);
            notes.extend(told.chain(tally.not_minimal));
        }
        println!();
        for note in notes {
            println!("{note}");
        }
    }
    Ok(wrong)
}
