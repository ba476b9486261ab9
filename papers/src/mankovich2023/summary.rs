//! The figures as people read them: tables on the screen, claims in the report.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Figures;
use super::averaging::{Averaging, OUTLIERS};
use super::convergence::Study;
use super::options::Settings;
use super::outliers::Row;
use crate::harness::report::Claim;
use crate::harness::table;

/// All tables.
pub(crate) fn table(settings: &Settings, figures: &Figures) -> String {
    let mut text = String::new();
    for study in &figures.convergence {
        text.push_str(&convergence(settings, study));
    }
    text.push_str(&outliers(&figures.outliers));
    text.push_str(&averaging(&figures.averaging));
    text.push_str(&timing(figures));
    if settings.quick {
        text.push_str("\nA quick run: few trials.\n");
    }
    text
}

fn convergence(settings: &Settings, study: &Study) -> String {
    let header = ["", "iterations", "cost", "distance to centre", "converged"];
    let row = |method: &super::convergence::Method| {
        vec![
            method.name.to_owned(),
            method.iterations.to_string(),
            method.cost.to_string(),
            method.distance_to_center.to_string(),
            format!("{:.0} %", 100.0 * method.success),
        ]
    };
    let rows: Vec<Vec<String>> = study.methods.iter().map(row).collect();
    format!(
        "\n{} flags around a centre of Fl(1, 3; 10), noise {}, {} trials\n{}  The Stiefel form of the \
         cost differs from the sum of squared distances by {:.0e} at most.\n",
        settings.points,
        study.noise,
        settings.trials,
        table::layout(&header, &rows),
        study.reformulation_error
    )
}

fn outliers(rows: &[Row]) -> String {
    let header = ["outliers", "flag mean", "flag median", "Euclidean mean"];
    let cells = |row: &Row| {
        vec![
            format!("{} %", row.outliers),
            format!("{:.2e}", row.flag_mean.mean),
            format!("{:.2e}", row.flag_median.mean),
            format!("{:.2e}", row.euclidean_mean.mean),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    format!(
        "\nChordal distance from the centre of the inliers, means over the trials\n{}",
        table::layout(&header, &rows)
    )
}

fn averaging(of: &[Averaging]) -> String {
    let mut text = String::new();
    for one in of {
        let header = ["", "no outliers", "with outliers"];
        let row =
            |name: &str, a: &crate::harness::spread::Spread, b: &crate::harness::spread::Spread| {
                vec![name.to_owned(), a.to_string(), b.to_string()]
            };
        let rows = [
            row("mean", &one.mean, &one.mean_with_outliers),
            row("median", &one.median, &one.median_with_outliers),
            row(one.other, &one.other_mean, &one.other_mean_with_outliers),
        ];
        let _ = write!(
            text,
            "\n{}: {}, {OUTLIERS} % outliers\n{}  The first and the last differ by {}.\n",
            one.space,
            one.distance,
            table::layout(&header, &rows),
            one.apart
        );
    }
    text
}

fn timing(figures: &Figures) -> String {
    let mut text = format!("\n{} flags of Fl(1, 3; 10)\n", figures.timing.points);
    for one in &figures.timing.spreads {
        let _ = writeln!(
            text,
            "  noise {}: mean in {:.4} s ({} steps), median in {:.3} s ({} means)",
            one.noise,
            one.mean_seconds,
            one.mean_iterations,
            one.median_seconds,
            one.median_iterations
        );
    }
    text
}

/// The main figures.
pub(crate) fn metrics(figures: &Figures) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: String, value: f64| {
        metrics.insert(name, value.is_finite().then_some(value));
    };
    let prefixes = ["mean", "mean_from_eigenvectors", "descent"];
    if let Some(study) = figures.convergence.first() {
        for (prefix, method) in prefixes.iter().zip(&study.methods) {
            put(format!("{prefix}_iterations"), method.iterations.mean);
            put(format!("{prefix}_cost"), method.cost.mean);
            put(format!("{prefix}_distance"), method.distance_to_center.mean);
            put(format!("{prefix}_success"), method.success);
        }
    }
    if let Some(row) = figures.outliers.last() {
        put(
            format!("mean_{}_outliers", row.outliers),
            row.flag_mean.mean,
        );
        put(
            format!("median_{}_outliers", row.outliers),
            row.flag_median.mean,
        );
    }
    for one in &figures.timing.spreads {
        put(format!("seconds_noise_{}", one.noise), one.mean_seconds);
    }
    metrics
}

/// The claims as all reports have them.
pub(crate) fn claims(settings: &Settings, figures: &Figures) -> Vec<Claim> {
    let mut claims = Vec::new();
    let trials = settings.trials;
    if let Some(study) = figures.convergence.first() {
        let what = format!(
            "{} flags, noise {}, {trials} trials",
            settings.points, study.noise
        );
        let figures_of = |method: &super::convergence::Method| {
            format!(
                "{}: {} iterations, cost {}, distance to the centre {}, {:.0} % of trials; {what}",
                method.name,
                method.iterations,
                method.cost,
                method.distance_to_center,
                100.0 * method.success
            )
        };
        claims.push(Claim {
            statement: "the flag mean converges in 2 iterations to the mean near the centre".into(),
            ours: figures_of(&study.methods[0]),
            published:
                "2.0 ± 0.0 iterations, cost 2.06e-4 ± 4.9e-6, distance 1.42e-4 ± 2.0e-5, 100 % of \
                        50 trials"
                    .into(),
        });
        claims.push(Claim {
            statement:
                "optimising on the flag manifold itself takes more iterations and ends farther off"
                    .into(),
            ours: figures_of(&study.methods[2]),
            published: "9.72 ± 2.73 iterations, cost 1.56e-3, distance 3.0e-3".into(),
        });
    }
    if let (Some(first), Some(last)) = (figures.outliers.first(), figures.outliers.last()) {
        let at = |row: &Row| {
            format!(
                "mean {}, median {} with {} % outliers",
                row.flag_mean, row.flag_median, row.outliers
            )
        };
        claims.push(Claim {
            statement: "the flag median stays with the inliers where the mean follows the outliers"
                .into(),
            ours: format!("{}; {} ({trials} trials)", at(first), at(last)),
            published: "a figure without numbers, 0 to 19 % outliers".into(),
        });
    }
    claims
}
