//! The figures as people read them.

use std::collections::BTreeMap;
use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::Findings;
use super::study::{Coverage, LEVELS, MODELS};
use crate::harness::report::Claim;
use crate::harness::table;

const HEADER: [&str; 8] = [
    "eigenvalues",
    "points",
    "flag 90 %",
    "95 %",
    "99 %",
    "first space 90 %",
    "95 %",
    "99 %",
];
/// Where 95 stands among the levels.
const MIDDLE: usize = 1;
/// Points from which on the law of large samples is asked for.
const LARGE: i64 = 1_000;

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

pub(super) fn table(findings: &Findings, quick: bool) -> String {
    let row = |coverage: &Coverage| {
        let mut cells = vec![coverage.model.to_owned(), coverage.count.to_string()];
        cells.extend(
            coverage
                .flag
                .iter()
                .chain(&coverage.subspace)
                .map(|&share| percent(share)),
        );
        cells
    };
    let rows: Vec<Vec<String>> = findings.coverage.iter().map(row).collect();
    let mut text = format!(
        "\nHow often confidence regions hold the truth, in percent of {} trials\n{}",
        findings.trials,
        table::layout(&HEADER, &rows)
    );
    text.push_str("\nHow often the flag is rejected at 5 % when it is turned, in percent\n");
    let rows: Vec<Vec<String>> = findings
        .power
        .iter()
        .map(|power| {
            let angle = format!("{:.3}", power.angle);
            vec![power.count.to_string(), angle, percent(power.rejected)]
        })
        .collect();
    text.push_str(&table::layout(&["points", "angle", "rejected"], &rows));
    if quick {
        text.push_str("\nA quick run: these figures only show that the program works.\n");
    }
    text
}

/// The largest distance from the nominal level, in points, of samples that are large.
fn worst(findings: &Findings) -> Option<f64> {
    let errors = findings
        .coverage
        .iter()
        .filter(|c| c.count >= LARGE)
        .flat_map(|coverage| {
            let both = [coverage.flag, coverage.subspace];
            both.into_iter().flat_map(|shares| {
                let error = |(share, level): (f64, f64)| 100.0 * (share - level).abs();
                shares.into_iter().zip(LEVELS).map(error)
            })
        });
    errors.reduce(f64::max)
}

pub(super) fn metrics(findings: &Findings) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    metrics.insert(
        "worst_coverage_error_from_1000_points".to_owned(),
        worst(findings),
    );
    for coverage in &findings.coverage {
        let index = MODELS.iter().position(|model| model.name == coverage.model);
        let name = format!(
            "model_{}_n{}",
            index.unwrap_or_default() + 1,
            coverage.count
        );
        metrics.insert(format!("{name}_flag_95"), Some(coverage.flag[MIDDLE]));
        metrics.insert(
            format!("{name}_subspace_95"),
            Some(coverage.subspace[MIDDLE]),
        );
    }
    metrics
}

pub(super) fn claims(findings: &Findings) -> Vec<Claim> {
    let ours = match worst(findings) {
        None => "no sample of 1,000 points or more in this run".into(),
        Some(worst) => format!(
            "at most {worst:.1} points from 90, 95 and 99 % with 1,000 points or more, three \
             covariances, {} trials each",
            findings.trials
        ),
    };
    vec![Claim {
        statement:
            "Regions by the flag's tangent space have their nominal coverage in large samples"
                .into(),
        ours,
        published: "proved; no figures".into(),
    }]
}

/// Coverage by points and power by angle; what cannot be drawn costs the pictures and a warning.
pub(super) fn draw(folder: &Path, findings: &Findings) -> Vec<String> {
    draw_all(folder, findings).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, findings: &Findings) -> Result<Vec<String>> {
    let mut coverage = CurvePlot::new()
        .title("Regions of 95 %")
        .x_label("points in a sample")
        .y_label("trials in which the region held the true flag, %")
        .log_x();
    for model in MODELS {
        let of_model = findings.coverage.iter().filter(|c| c.model == model.name);
        let points: Vec<(f64, f64)> = of_model
            .map(|c| (c.count as f64, 100.0 * c.flag[MIDDLE]))
            .collect();
        coverage = coverage.line(model.name, &points);
    }
    let mut power = CurvePlot::new()
        .title("A flag turned away from the truth")
        .x_label("angle, radians")
        .y_label("rejected at 5 %, %");
    for count in findings.power_counts() {
        let of_count = findings.power.iter().filter(|p| p.count == count);
        let points: Vec<(f64, f64)> = of_count.map(|p| (p.angle, 100.0 * p.rejected)).collect();
        power = power.line(format!("{count} points"), &points);
    }
    let mut files = Vec::new();
    for (stem, plot) in [("coverage", coverage), ("power", power)] {
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(folder.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}
