//! The figures as people read them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::Runs;
use super::measure::Outcome;
use super::network::Head;
use crate::harness::report::Claim;
use crate::harness::table;

/// A measure's name and its value.
type Measure = (&'static str, fn(&Outcome) -> f64);

const MEASURES: [Measure; 4] = [
    ("accuracy", |o| 100.0 * o.accuracy),
    ("train_accuracy", |o| 100.0 * o.train_accuracy),
    ("within_class_angle", |o| o.within_class_angle),
    ("transfer", |o| 100.0 * o.transfer),
];
const HEADER: [&str; 5] = [
    "last layer",
    "accuracy, %",
    "on training images, %",
    "angle within a class, °",
    "transfer, %",
];

/// Mean and standard deviation over the seeds.
fn statistics(runs: &Runs, figure: fn(&Outcome) -> f64) -> (f64, f64) {
    let values: Vec<f64> = runs.outcomes.iter().map(figure).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

pub(super) fn table(runs: &[Runs], quick: bool) -> String {
    let row = |runs: &Runs| -> Vec<String> {
        let cells = MEASURES.map(|(_, figure)| {
            let (mean, deviation) = statistics(runs, figure);
            format!("{mean:.2} ± {deviation:.2}")
        });
        std::iter::once(runs.name.clone()).chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    let mut text = format!("\n{}", table::layout(&HEADER, &rows));
    let seeds = runs.first().map_or(0, |runs| runs.outcomes.len());
    let _ = write!(
        text,
        "  Mean ± standard deviation over {seeds} seed(s) on the test half. Transfer: a linear \
         classifier of the digits 5 to 9\n  on features that were trained on 0 to 4.\n"
    );
    if quick {
        text.push_str("\nA quick run: these figures only show that the program works.\n");
    }
    text
}

/// Names such as `grassmann_8_accuracy`, in percent or degrees.
pub(super) fn metrics(runs: &[Runs]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    for runs in runs {
        let prefix = match runs.head {
            Head::Softmax => "softmax".to_owned(),
            Head::Cosine => "cosine".to_owned(),
            Head::Grassmann(k) => format!("grassmann_{k}"),
        };
        for (name, figure) in MEASURES {
            let (mean, deviation) = statistics(runs, figure);
            let finite = |value: f64| value.is_finite().then_some(value);
            metrics.insert(format!("{prefix}_{name}"), finite(mean));
            metrics.insert(format!("{prefix}_{name}_sd"), finite(deviation));
        }
    }
    metrics
}

pub(super) fn claims(runs: &[Runs]) -> Vec<Claim> {
    let line = |figure: fn(&Outcome) -> f64| {
        let cells = runs.iter().map(|runs| {
            let (mean, deviation) = statistics(runs, figure);
            format!("{} {mean:.2} ± {deviation:.2}", runs.name)
        });
        format!("optical digits: {}", cells.collect::<Vec<_>>().join(", "))
    };
    let claim = |statement: &str, ours, published: &str| Claim {
        statement: statement.into(),
        ours,
        published: published.into(),
    };
    vec![
        claim(
            "Subspaces classify better than vectors, and better with more dimensions up to 8",
            line(MEASURES[0].1),
            "ImageNet, ResNet50-D, not to be compared by value: vector 78.05; k = 1, 4, 8, 16, 32: \
             78.42, 78.68, 79.26, 79.21, 78.63 %",
        ),
        claim(
            "Features of one class vary more as k grows (angle in degrees)",
            line(MEASURES[2].1),
            "stated without figures that are certain",
        ),
        claim(
            "Features transfer better as k grows",
            line(MEASURES[3].1),
            "linear transfer from ImageNet, mean over data sets, not to be compared by value: \
             vector 77.98, subspaces up to 79.70 %",
        ),
    ]
}

/// Accuracy and transfer by k; what cannot be drawn costs the pictures and a warning.
pub(super) fn draw(folder: &Path, runs: &[Runs]) -> Vec<String> {
    draw_all(folder, runs).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, runs: &[Runs]) -> Result<Vec<String>> {
    let dims: Vec<(i64, &Runs)> = runs
        .iter()
        .filter_map(|runs| match runs.head {
            Head::Grassmann(k) => Some((k, runs)),
            _ => None,
        })
        .collect();
    let softmax = runs.iter().find(|runs| runs.head == Head::Softmax);
    let (Some(softmax), true) = (softmax, dims.len() > 1) else {
        return Ok(Vec::new());
    };
    let picture = |stem: &str, title: &str, label: &str, figure: fn(&Outcome) -> f64| {
        let points = |value: &dyn Fn(&Runs) -> f64| -> Vec<(f64, f64)> {
            dims.iter()
                .map(|&(k, runs)| (k as f64, value(runs)))
                .collect()
        };
        let plot = CurvePlot::new()
            .title(title)
            .x_label("dimension k of a class")
            .y_label(label)
            .line("subspaces", &points(&|runs| statistics(runs, figure).0))
            .line("softmax", &points(&|_| statistics(softmax, figure).0));
        let picture = plot.draw()?;
        let names = ["svg", "png"].map(|ending| format!("{stem}.{ending}"));
        for name in &names {
            picture.save(folder.join(name))?;
        }
        Ok(names.to_vec())
    };
    let files: Vec<Vec<String>> = vec![
        picture(
            "accuracy",
            "Classes as subspaces",
            "test accuracy, %",
            MEASURES[0].1,
        )?,
        picture(
            "variability",
            "Features of one class",
            "mean angle, °",
            MEASURES[2].1,
        )?,
        picture(
            "transfer",
            "Transfer to new digits",
            "accuracy of a linear probe, %",
            MEASURES[3].1,
        )?,
    ];
    Ok(files.concat())
}
