//! The figures as people read them.

use std::collections::BTreeMap;
use std::fmt::Write;

use holonomy::metric::Rescaling;

use super::Figures;
use super::classes::Accuracy;
use super::hierarchies::{ALPHA, SCALES, Study, Walk};
use crate::harness::report::Claim;
use crate::harness::table;

/// The published average distortion of the balanced tree.
const PUBLISHED: f64 = 0.144;

fn short(rescaling: Rescaling) -> &'static str {
    match rescaling {
        Rescaling::Unscaled => "unscaled",
        Rescaling::MeanRatio => "mean ratio",
        Rescaling::MedianRatio => "median ratio",
        Rescaling::LeastSquares => "least squares",
        Rescaling::RelativeLeastSquares => "relative l. s.",
        Rescaling::LargestDistance => "largest",
        Rescaling::Best => "least",
    }
}

/// All tables.
pub(super) fn table(figures: &Figures, quick: bool) -> String {
    let mut text = String::new();
    for study in &figures.hierarchies {
        text.push_str(&hierarchy(study));
    }
    if !figures.classes.is_empty() {
        text.push_str(&classes(&figures.classes, figures.splits));
    }
    if quick {
        text.push_str("\nA quick run: few scales and splits, a small part of the data.\n");
    }
    text
}

fn hierarchy(study: &Study) -> String {
    let mut header = vec!["walk", "MAP", "worst case"];
    header.extend(Rescaling::ALL.map(short));
    let row = |walk: Walk| {
        let fit = study.main_fit(walk)?;
        let mut cells = vec![
            walk.name().to_owned(),
            format!("{:.4}", fit.map),
            format!("{:.2}", fit.worst_case),
        ];
        let averages = Rescaling::ALL.map(|rescaling| fit.average_of(rescaling));
        cells.extend(averages.map(|average| format!("{average:.3}")));
        Some(cells)
    };
    let rows: Vec<Vec<String>> = Walk::ALL.into_iter().filter_map(row).collect();
    let mut text = format!(
        "\n{}, {} nodes: {SCALES} scales, α = {ALPHA}; average distortion by the choice of a common factor\n{}",
        study.name,
        study.nodes,
        table::layout(&header, &rows)
    );
    for (walk, negative_part, clipped) in &study.left_out {
        if *negative_part > 1e-4 || *clipped > 1e-4 {
            let _ = writeln!(
                text,
                "  {}: {:.1} % of the spectrum is negative and left out; at the smallest time the negative \
                 entries of a density add up to {:.0} % at most",
                walk.name(),
                100.0 * negative_part.abs(),
                100.0 * clipped
            );
        }
    }
    text
}

fn classes(accuracies: &[Accuracy], splits: usize) -> String {
    let header = [
        "data and distance",
        "scales",
        "1 neighbour",
        "5 neighbours",
        "nearest mean",
    ];
    let row = |accuracy: &Accuracy| {
        vec![
            format!("{}, {}", accuracy.table, accuracy.measure.name()),
            scales(accuracy),
            accuracy.neighbours[0].percent(),
            accuracy.neighbours[1].percent(),
            accuracy.centres.percent(),
        ]
    };
    let rows: Vec<Vec<String>> = accuracies.iter().map(row).collect();
    format!(
        "\nRows that get their class, in percent, over {splits} splits (70 % known)\n{}",
        table::layout(&header, &rows)
    )
}

/// None where nothing is diffused.
fn scales(accuracy: &Accuracy) -> String {
    if accuracy.measure.is_diffusion() {
        accuracy.scales.to_string()
    } else {
        String::new()
    }
}

/// The main figures.
pub(super) fn metrics(figures: &Figures) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: String, value: f64| {
        metrics.insert(name, value.is_finite().then_some(value));
    };
    for study in &figures.hierarchies {
        for walk in Walk::ALL {
            let Some(fit) = study.main_fit(walk) else {
                continue;
            };
            let name = format!("{}_{walk:?}", study.name.replace([' ', ','], "_")).to_lowercase();
            put(format!("{name}_map"), fit.map);
            put(
                format!("{name}_unscaled"),
                fit.average_of(Rescaling::Unscaled),
            );
            put(format!("{name}_least"), fit.average_of(Rescaling::Best));
        }
    }
    for accuracy in &figures.classes {
        let name = format!("{}_{:?}", accuracy.table, accuracy.measure).to_lowercase();
        put(format!("{name}_1nn"), accuracy.neighbours[0].mean);
        put(format!("{name}_5nn"), accuracy.neighbours[1].mean);
        put(format!("{name}_mean"), accuracy.centres.mean);
    }
    metrics
}

/// The claims as all reports have them.
pub(super) fn claims(figures: &Figures) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some(study) = figures.hierarchies.first() {
        let maps: Vec<String> = Walk::ALL
            .into_iter()
            .filter_map(|walk| {
                Some(format!(
                    "{:.4} with {}",
                    study.main_fit(walk)?.map,
                    walk.name()
                ))
            })
            .collect();
        claims.push(Claim {
            statement: "every node of the balanced tree has its neighbours nearest (MAP)".into(),
            ours: format!("{}; {SCALES} scales", maps.join(", ")),
            published: "1.0 (40 nodes)".into(),
        });
        let averages: Vec<String> = Walk::ALL
            .into_iter()
            .filter_map(|walk| {
                let fit = study.main_fit(walk)?;
                Some(format!(
                    "{}: {:.3} unscaled, {:.3} by least squares, {:.3} at least",
                    walk.name(),
                    fit.average_of(Rescaling::Unscaled),
                    fit.average_of(Rescaling::LeastSquares),
                    fit.average_of(Rescaling::Best)
                ))
            })
            .collect();
        claims.push(Claim {
            statement: "average distortion on the balanced tree".into(),
            ours: averages.join("; "),
            published: format!("{PUBLISHED}, without a word on scaling"),
        });
    }
    claims.extend(class_claim(figures));
    claims
}

fn class_claim(figures: &Figures) -> Option<Claim> {
    let best = |diffused: bool, table: &str| {
        let of_kind = figures.classes.iter().filter(|accuracy| {
            accuracy.measure.is_diffusion() == diffused && accuracy.table == table
        });
        let means = of_kind.map(|accuracy| 100.0 * accuracy.centres.mean);
        means.fold(0.0, f64::max)
    };
    let mut tables: Vec<&str> = figures.classes.iter().map(|a| a.table).collect();
    tables.dedup();
    if tables.is_empty() {
        return None;
    }
    let line = |table: &&str| {
        let (diffused, flat) = (best(true, table), best(false, table));
        format!("{table} {diffused:.1} % (without diffusion {flat:.1} %)")
    };
    let lines: Vec<String> = tables.iter().map(line).collect();
    Some(Claim {
        statement: "diffusion distances tell classes apart by the nearest mean".into(),
        ours: format!(
            "{}, the better of two distances, {} splits",
            lines.join(", "),
            figures.splits
        ),
        published:
            "best of the methods compared on three of four sets; the splits are not published"
                .into(),
    })
}
