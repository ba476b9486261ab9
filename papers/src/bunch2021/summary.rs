//! What a run says: tables, figures and claims.

use std::collections::BTreeMap;

use super::nearest::{Errors, NEIGHBOURS, Time};
use super::outliers::Areas;
use super::shapes::{Found, NEIGHBOURS as KTH, SHARES};
use super::svm::Comparison;
use super::{Figures, Settings};
use crate::harness::report::Claim;
use crate::harness::spread::Spread;
use crate::harness::table;

/// All tables.
pub(super) fn table(figures: &Figures, settings: &Settings) -> String {
    let mut text = String::new();
    for areas in &figures.outliers {
        text.push_str(&outliers(areas, settings.draws));
    }
    text.push_str(&shapes(&figures.shapes, settings.draws_of_shapes));
    text.push_str(&svm(&figures.svm));
    text.push_str(&nearest(&figures.nearest));
    text.push_str(&times(&figures.times));
    if settings.quick {
        text.push_str("\nA quick run: few draws, sets and points.\n");
    }
    text
}

fn outliers(areas: &Areas, draws: usize) -> String {
    let rows: Vec<Vec<String>> = areas
        .methods
        .iter()
        .map(|(name, spread)| vec![name.clone(), spread.percent()])
        .collect();
    format!(
        "\n{}: {} outliers among {} rows, {} features: area under the ROC curve in percent, over {draws} draws\n{}",
        areas.set,
        areas.outliers,
        areas.rows,
        areas.features,
        table::layout(&["score", "area"], &rows)
    )
}

fn shapes(found: &[Found], draws: usize) -> String {
    let shares: Vec<String> = SHARES
        .iter()
        .map(|share| format!("share {share}"))
        .collect();
    let kths: Vec<String> = KTH.iter().map(|k| format!("k = {k}")).collect();
    let header: Vec<&str> = std::iter::once("shape")
        .chain(shares.iter().chain(&kths).map(String::as_str))
        .collect();
    let row = |found: &Found| {
        let areas = found.weights.iter().chain(&found.neighbours);
        let mut cells = vec![found.shape.name().to_owned()];
        cells.extend(areas.map(|spread| spread.percent()));
        cells
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    format!(
        "\nThe tenth of the points nearest to the boundary: area under the ROC curve in percent, over {draws} draws; by weights at \
         the scale of a share, and by the distance of the kth neighbour\n{}",
        table::layout(&header, &rows)
    )
}

fn svm(comparisons: &[Comparison]) -> String {
    let header = [
        "scale",
        "|tX|",
        "negative weights",
        "conditions off by",
        "support vectors",
        "coefficients off by",
        "offset off by",
    ];
    let row = |found: &Comparison| {
        let mut cells = vec![
            format!("{}", found.scale),
            format!("{:.3}", found.magnitude),
            format!("{} of {}", found.negative_weights, found.points),
            if found.negative_weights == 0 {
                format!("{:.1e}", found.conditions)
            } else {
                "no minimum".to_owned()
            },
        ];
        if let Some(peer) = &found.peer {
            cells.extend([
                peer.support_vectors.to_string(),
                format!("{:.1e}", peer.coefficients),
                format!("{:.1e}", peer.offset),
            ]);
        }
        cells
    };
    let rows: Vec<Vec<String>> = comparisons.iter().map(row).collect();
    format!(
        "\nw/|X| as a one-class SVM with the kernel e^(-t d), beside scikit-learn's\n{}",
        table::layout(&header, &rows)
    )
}

fn nearest(found: &[Errors]) -> String {
    let numbers: Vec<String> = NEIGHBOURS.iter().map(|k| format!("k = {k}")).collect();
    let mut header = vec!["points, scale", "neighbours", "error of"];
    header.extend(numbers.iter().map(String::as_str));
    let rows = found.iter().flat_map(|errors| {
        let cells = |what: &str, values: &[f64]| {
            let mut cells = vec![
                format!(
                    "Gaussian in {} dimensions, t = {}",
                    errors.dim, errors.scale
                ),
                errors.from.name().to_owned(),
                what.to_owned(),
            ];
            cells.extend(values.iter().map(|value| format!("{value:.1e}")));
            cells
        };
        [
            cells("weights", &errors.weights),
            cells("magnitude", &errors.magnitude),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    format!(
        "\nWeights from nearest neighbours: |w - exact|/|exact|, and magnitude/exact - 1\n{}",
        table::layout(&header, &rows)
    )
}

fn times(found: &[Time]) -> String {
    let row = |time: &Time| {
        vec![
            time.points.to_string(),
            time.from.name().to_owned(),
            format!("{:.2}", time.seconds),
            format!("{:.1}", 1e6 * time.seconds / time.points as f64),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    format!(
        "\nTimes with 32 neighbours in three dimensions\n{}",
        table::layout(&["points", "neighbours", "seconds", "µs a point"], &rows)
    )
}

/// The main figures.
pub(super) fn metrics(figures: &Figures) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: String, value: f64| {
        let name = name
            .to_lowercase()
            .replace([' ', ',', '|', '=', '/', '(', ')', '.'], "_");
        metrics.insert(name, value.is_finite().then_some(value));
    };
    for areas in &figures.outliers {
        for (method, spread) in &areas.methods {
            put(format!("{}_{method}", areas.set), spread.mean);
        }
    }
    for found in &figures.shapes {
        for (share, spread) in SHARES.iter().zip(&found.weights) {
            put(format!("{}_{share}", found.shape.name()), spread.mean);
        }
        for (k, spread) in KTH.iter().zip(&found.neighbours) {
            put(format!("{}_neighbour_{k}", found.shape.name()), spread.mean);
        }
    }
    for found in &figures.svm {
        put(format!("svm_{}_conditions", found.scale), found.conditions);
        if let Some(peer) = &found.peer {
            put(
                format!("svm_{}_coefficients", found.scale),
                peer.coefficients,
            );
            put(format!("svm_{}_offset", found.scale), peer.offset);
        }
    }
    for errors in &figures.nearest {
        let name = format!(
            "nearest_{:?}_{}d_t{}",
            errors.from, errors.dim, errors.scale
        );
        for (k, (weights, magnitude)) in NEIGHBOURS
            .iter()
            .zip(errors.weights.iter().zip(&errors.magnitude))
        {
            put(format!("{name}_k{k}_weights"), *weights);
            put(format!("{name}_k{k}_magnitude"), *magnitude);
        }
    }
    for time in &figures.times {
        put(
            format!("nearest_{:?}_{}_seconds", time.from, time.points),
            time.seconds,
        );
    }
    metrics
}

/// What the weights are to the SVM.
fn equivalence(found: &Comparison) -> String {
    let peer = |what: &str| match &found.peer {
        Some(peer) => format!(
            "; scikit-learn's {} coefficients are {what} to {:.0e}, its offset their 1/|X| to {:.0e}",
            peer.support_vectors, peer.coefficients, peer.offset
        ),
        None => String::new(),
    };
    let (t, negative) = (found.scale, found.negative_weights);
    if negative == 0 {
        let off = found.conditions;
        let whose = peer("w/|X|");
        return format!(
            "t = {t}, all weights positive: w/|X| has the conditions of its minimum to {off:.0e}{whose}"
        );
    }
    let whose = peer("the weights of its own support vectors");
    format!("t = {t}: no, {negative} weights are negative{whose}")
}

/// How well the largest weights are found by those from most neighbours.
fn found_again(errors: &Errors) -> String {
    let last = NEIGHBOURS.len() - 1;
    format!(
        "{} dimensions, t = {}, {}: error {:.0e}, area {:.1} %",
        errors.dim,
        errors.scale,
        errors.from.name(),
        errors.weights[last],
        100.0 * errors.area[last]
    )
}

/// The claims as all reports have them.
pub(super) fn claims(figures: &Figures) -> Vec<Claim> {
    let percent = |spread: &Spread| 100.0 * spread.mean;
    let line = |areas: &Areas| {
        let (ours, theirs) = areas.methods.split_at(areas.ours);
        let best = theirs
            .iter()
            .map(|(_, spread)| percent(spread))
            .fold(f64::NAN, f64::max);
        let own = format!("{} {:.1} %", areas.set, percent(&ours[2].1));
        if theirs.is_empty() {
            own
        } else {
            format!("{own} (best of scikit-learn's four {best:.1} %)")
        }
    };
    let outliers: Vec<String> = figures.outliers.iter().map(line).collect();
    let best = |spreads: &[Spread]| spreads.iter().map(percent).fold(0.0, f64::max);
    let shape = |found: &Found| {
        format!(
            "{} {:.1} % (neighbours {:.1} %)",
            found.shape.name(),
            best(&found.weights),
            best(&found.neighbours)
        )
    };
    let shapes: Vec<String> = figures.shapes.iter().map(shape).collect();
    let svm: Vec<String> = figures.svm.iter().map(equivalence).collect();
    vec![
        Claim {
            statement: "outliers by weights at share 0.5, area under the ROC curve".into(),
            ours: outliers.join("; "),
            published: "competitive with or better than the state of the art; its figures are not repeated here".into(),
        },
        Claim {
            statement: "weights find the boundary of a set (the best of seven scales; of the distances of four neighbours)".into(),
            ours: shapes.join("; "),
            published: "pictures".into(),
        },
        Claim {
            statement: "positive weights solve a one-class SVM with the kernel e^(-t d)".into(),
            ours: svm.join("; "),
            published: "a theorem".into(),
        },
        Claim {
            statement: "weights from nearest neighbours, in near-linear time (k = 64; the tenth with the largest weights)".into(),
            ours: figures.nearest.iter().map(found_again).collect::<Vec<_>>().join("; "),
            published: "a bound under assumptions".into(),
        },
    ]
}
