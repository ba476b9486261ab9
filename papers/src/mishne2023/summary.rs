//! The figures as people read them: tables on the screen, claims in the report.

use std::collections::BTreeMap;

use super::Figures;
use super::classify::Row;
use super::digits::Curve;
use super::limits::Limit;
use super::options::Settings;
use super::spaces::{Model, Precision};
use crate::harness::report::Claim;
use crate::harness::table;

/// All tables.
pub(crate) fn table(settings: &Settings, figures: &Figures) -> String {
    let mut text = limits(&figures.limits);
    for precision in Precision::ALL {
        text.push_str(&digits(settings, precision, &figures.digits));
    }
    text.push_str(&gradients(figures));
    let title = format!(
        "\nFive groups of wrapped normal points, percent of {} test sets",
        settings.seeds
    );
    text.push_str(&classified(&title, &figures.mixtures));
    text.push_str(&classified(
        "\nTwo groups, one behind the other",
        &figures.depth,
    ));
    for row in &figures.subtrees {
        let title = format!(
            "\n{} ({:.1} % of the mammals), embedding in {} dimensions",
            row.root,
            100.0 * row.share,
            row.dim
        );
        text.push_str(&classified(&title, &row.scores));
    }
    if settings.quick {
        text.push_str("\nA quick run: few cases, short trainings.\n");
    }
    text
}

fn limits(limits: &[Limit]) -> String {
    let header = ["", "kind", "textbook", "exp and log here"];
    let row = |limit: &Limit| {
        vec![
            limit.model.to_string(),
            limit.precision.to_string(),
            radius(limit.textbook),
            radius(limit.round_trip),
        ]
    };
    let rows: Vec<Vec<String>> = limits.iter().map(row).collect();
    format!(
        "\nThe largest radius of points that can be written down\n{}",
        table::layout(&header, &rows)
    )
}

/// A limit, or that the search ended without any.
fn radius(limit: f64) -> String {
    if limit >= super::limits::END - 1.0 {
        format!("above {:.0}", super::limits::END)
    } else {
        format!("{limit:.1}")
    }
}

fn digits(settings: &Settings, precision: Precision, curves: &[Curve]) -> String {
    let losses = precision.losses();
    let names: Vec<String> = losses
        .iter()
        .map(|(digits, _)| format!("{digits} lost"))
        .collect();
    let mut header = vec!["", "operation"];
    header.extend(names.iter().map(|name| &**name));
    let row = |curve: &Curve| {
        let mut cells = vec![curve.model.to_string(), curve.measure.name().to_owned()];
        cells.extend(losses.iter().map(|&(_, bound)| {
            let first = curve.first_above(bound);
            first.map_or_else(|| "–".to_owned(), |radius| format!("{radius}"))
        }));
        cells
    };
    let of_kind = curves.iter().filter(|curve| curve.precision == precision);
    let rows: Vec<Vec<String>> = of_kind.map(row).collect();
    format!(
        "\nThe first radius at which an operation of this crate has lost digits, {precision}, worst of {} \
         cases of separation 1\n{}",
        settings.cases,
        table::layout(&header, &rows)
    )
}

fn gradients(figures: &Figures) -> String {
    let header = [
        "",
        "radius",
        "partial derivatives",
        "Riemannian",
        "moved, exp",
        "moved, plain",
    ];
    let shown = [1.0, 5.0, 10.0, 20.0, 30.0, 36.0, 60.0];
    let chosen = figures
        .gradients
        .iter()
        .filter(|row| shown.contains(&row.radius));
    let rows: Vec<Vec<String>> = chosen
        .map(|row| {
            vec![
                row.model.to_string(),
                format!("{}", row.radius),
                format!("{:.2e}", row.euclidean),
                format!("{:.2e}", row.riemannian),
                format!("{:.4}", row.moved),
                format!("{:.2e}", row.plain),
            ]
        })
        .collect();
    format!(
        "\nThe gradient of one distance, of Riemannian length 1, as numbers; and what a step of 0.1 against it \
         moves\n{}",
        table::layout(&header, &rows)
    )
}

fn classified(title: &str, rows: &[Row]) -> String {
    let header = ["", "classifier", "accuracy", "macro-F1"];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.data.clone(),
                row.classifier.to_owned(),
                row.accuracy.percent(),
                row.macro_f1.percent(),
            ]
        })
        .collect();
    format!("{title}\n{}", table::layout(&header, &rows))
}

/// The mean over all rows of a classifier.
fn mean(rows: &[&Row], classifier: &str, value: impl Fn(&Row) -> f64) -> Option<f64> {
    let values: Vec<f64> = rows
        .iter()
        .filter(|row| row.classifier == classifier)
        .map(|row| value(row))
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn subtree_rows(figures: &Figures) -> Vec<&Row> {
    figures
        .subtrees
        .iter()
        .flat_map(|row| &row.scores)
        .collect()
}

pub(super) fn metrics(figures: &Figures) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    for limit in &figures.limits {
        let name = format!("{}_{}", limit.model, limit.precision);
        metrics.insert(format!("{name}_textbook_radius"), Some(limit.textbook));
        metrics.insert(format!("{name}_round_trip_radius"), Some(limit.round_trip));
    }
    for (index, classifier) in super::classify::CLASSIFIERS.into_iter().enumerate() {
        let name = [
            "ball",
            "hyperboloid",
            "parametrised",
            "euclidean_ball",
            "euclidean_normal",
        ][index];
        let mixtures: Vec<&Row> = figures.mixtures.iter().collect();
        metrics.insert(
            format!("mixtures_{name}_accuracy"),
            mean(&mixtures, classifier, |row| row.accuracy.mean),
        );
        metrics.insert(
            format!("subtrees_{name}_macro_f1"),
            mean(&subtree_rows(figures), classifier, |row| row.macro_f1.mean),
        );
    }
    metrics
}

/// The textbook's limit and that of this crate's round trip.
fn limit_of(figures: &Figures, model: Model, precision: Precision) -> (f64, f64) {
    let found = figures
        .limits
        .iter()
        .find(|limit| limit.model == model && limit.precision == precision);
    found.map_or((f64::NAN, f64::NAN), |limit| {
        (limit.textbook, limit.round_trip)
    })
}

pub(super) fn claims(figures: &Figures) -> Vec<Claim> {
    let percent =
        |value: Option<f64>| value.map_or_else(|| "none".into(), |v| format!("{:.1}", 100.0 * v));
    let mixtures: Vec<&Row> = figures.mixtures.iter().collect();
    let accuracy = |classifier| percent(mean(&mixtures, classifier, |row| row.accuracy.mean));
    let subtrees = subtree_rows(figures);
    let f1 = |classifier| percent(mean(&subtrees, classifier, |row| row.macro_f1.mean));
    let (ball, _) = limit_of(figures, Model::Ball, Precision::F64);
    let (hyperboloid, recomputed) = limit_of(figures, Model::Hyperboloid, Precision::F64);
    let parametrised = Precision::ALL.map(|precision| {
        let (textbook, round_trip) = limit_of(figures, Model::Parametrised, precision);
        format!(
            "{precision}: points to radius {}, exp and log {}",
            radius(textbook),
            radius(round_trip)
        )
    });
    vec![
        Claim {
            statement: "In f64 the ball holds points to a larger radius than the hyperboloid"
                .into(),
            ours: format!(
                "{ball:.1} and {hyperboloid:.1} by textbook formulas; with the time coordinate recomputed the \
                 hyperboloid goes to {recomputed:.0}"
            ),
            published: "about 38 and 19".into(),
        },
        Claim {
            statement: "The Euclidean parametrisation has no such limit".into(),
            ours: parametrised.join("; "),
            published: "stated".into(),
        },
        Claim {
            statement: "The parametrised hyperplane improves hyperbolic SVMs".into(),
            ours: format!(
                "accuracy on mixtures {} % (ball {}, hyperboloid {}, Euclidean in the ball {}, Euclidean in normal \
                 coordinates {}); macro-F1 on subtrees of mammals {} % (ball {}, hyperboloid {}, Euclidean in the \
                 ball {}, Euclidean in normal coordinates {})",
                accuracy("parametrised"),
                accuracy("ball"),
                accuracy("hyperboloid"),
                accuracy("Euclidean, ball"),
                accuracy("Euclidean, normal"),
                f1("parametrised"),
                f1("ball"),
                f1("hyperboloid"),
                f1("Euclidean, ball"),
                f1("Euclidean, normal")
            ),
            published:
                "better than SVMs in the Lorentz model and in Euclidean space, on other data".into(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::super::classify::CLASSIFIERS;
    use super::*;
    use crate::harness::spread::Spread;

    #[test]
    fn claims_say_what_was_found_with_every_classifier() {
        let limit = |precision, textbook, round_trip| Limit {
            model: Model::Parametrised,
            precision,
            textbook,
            round_trip,
        };
        let row = |(index, classifier): (usize, &'static str)| Row {
            data: "a mixture".into(),
            classifier,
            accuracy: Spread::of_sample([0.1 * (index + 1) as f64; 2]),
            macro_f1: Spread::of_sample([0.0; 2]),
        };
        let figures = Figures {
            limits: vec![
                limit(Precision::F64, 799.9, 123.4),
                limit(Precision::F32, 55.0, 66.0),
            ],
            digits: Vec::new(),
            gradients: Vec::new(),
            mixtures: CLASSIFIERS.into_iter().enumerate().map(row).collect(),
            depth: Vec::new(),
            subtrees: Vec::new(),
        };
        let claims = claims(&figures);
        assert_eq!(
            claims[1].ours,
            "f64: points to radius above 800, exp and log 123.4; f32: points to radius 55.0, exp and log 66.0"
        );
        for share in ["10.0", "20.0", "30.0", "40.0", "50.0"] {
            assert!(claims[2].ours.contains(share), "{}", claims[2].ours);
        }
    }
}
