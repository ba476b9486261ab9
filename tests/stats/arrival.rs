//! Means and medians of random sets on every space: the study of `examples/means` on fewer sets.

#[allow(dead_code)]
#[path = "../../examples/means/study.rs"]
mod study;

use study::{Middle, Tally, fields};

/// Sets of each space; the example takes 400.
const SETS: u64 = 12;

#[test]
fn every_set_has_a_mean_and_a_median() {
    for middle in [Middle::Mean, Middle::Median] {
        for field in fields().unwrap() {
            let tally = Tally::of(&field, 0..SETS, middle);
            assert!(tally.failed.is_empty(), "{:?}", tally.failed);
            assert!(tally.not_minimal.is_empty(), "{:?}", tally.not_minimal);
            assert!(
                tally.most_iterations < 150,
                "{}: {} steps",
                field.name,
                tally.most_iterations
            );
        }
    }
}
