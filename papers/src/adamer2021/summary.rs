//! The figures as people read them.

use std::collections::BTreeMap;

use super::Figures;
use super::detectors::PUBLISHED_HALO;
use super::detectors::{Detector, symbol};
use super::noise::{Row, find};
use super::patches;
use super::{line, photographs};
use crate::harness::report::Claim;
use crate::harness::table;

/// All tables.
pub(super) fn table(figures: &Figures, quick: bool) -> String {
    let mut text = String::new();
    if !figures.line.is_empty() {
        text.push_str(&of_lines(&figures.line));
    }
    for soft in [false, true] {
        if !figures.noise.is_empty() {
            text.push_str(&of_noise(&figures.noise, soft));
        }
    }
    if !figures.patches.rows.is_empty() {
        text.push_str(&of_whole(&figures.patches.whole));
        text.push_str(&of_patches(&figures.patches.rows));
    }
    text.push_str(&of_photographs(&figures.photographs));
    if quick {
        text.push_str("\nA quick run: small images, few levels of noise, one seed.\n");
    }
    text
}

fn of_lines(rows: &[line::Row]) -> String {
    let header = [
        "height of the step",
        "weight beside it",
        "on a line",
        "as published",
        "in a stripe",
        "outside of it",
    ];
    let cells = |row: &line::Row| {
        let numbers = [
            row.height,
            row.step,
            row.line,
            row.published,
            row.inside,
            row.outside,
        ];
        numbers.map(|number| format!("{number:.4}")).to_vec()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    format!(
        "\nA row of 300 pixels, ℓ1: weights beside a step, and beside a stripe's side\n{}",
        table::layout(&header, &rows)
    )
}

fn of_noise(rows: &[Row], soft: bool) -> String {
    let levels: Vec<f64> = levels(rows);
    let names: Vec<String> = levels
        .iter()
        .map(|noise| format!("noise {noise}"))
        .collect();
    let mut header = vec!["detector"];
    header.extend(names.iter().map(String::as_str));
    let cells = |detector: Detector| {
        let mut cells = vec![detector.name()];
        for &noise in &levels {
            let score = find(rows, detector, soft, noise).map(|row| row.score);
            let cell =
                score.map(|score| format!("{:.3} / {:.3}", score.average_precision, score.f1));
            cells.push(cell.unwrap_or_default());
        }
        cells
    };
    let lines: Vec<Vec<String>> = Detector::ALL.into_iter().map(cells).collect();
    let kind = if soft { "soft" } else { "sharp" };
    format!(
        "\nEdges of {kind} shapes: average precision / best F1\n{}",
        table::layout(&header, &lines)
    )
}

fn levels(rows: &[Row]) -> Vec<f64> {
    let mut levels: Vec<f64> = rows.iter().map(|row| row.noise).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    levels
}

fn of_whole(rows: &[patches::Whole]) -> String {
    let header = ["at once", "pixels", "magnitude", "condition", "seconds"];
    let cells = |row: &patches::Whole| {
        vec![
            format!(
                "{}, {}, t = {}",
                row.photograph,
                symbol(row.metric),
                row.scale
            ),
            row.pixels.to_string(),
            format!("{:.3}", row.magnitude),
            format!("{:.0e}", row.condition),
            format!("{:.2}", row.seconds),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    format!("\nAll pixels at once\n{}", table::layout(&header, &rows))
}

fn of_patches(rows: &[patches::Row]) -> String {
    let header = [
        "patch by patch",
        "size",
        "halo",
        "worst error",
        "typical",
        "magnitude",
        "seconds",
    ];
    let cells = |row: &patches::Row| {
        let errors = [row.worst, row.typical, row.magnitude].map(|error| format!("{error:.1e}"));
        let [worst, typical, magnitude] = errors;
        vec![
            format!(
                "{}, {}, t = {}",
                row.photograph,
                symbol(row.metric),
                row.scale
            ),
            row.size.to_string(),
            row.halo.to_string(),
            worst,
            typical,
            magnitude,
            format!("{:.3}", row.seconds),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    format!(
        "\nErrors of the weights over the largest weight, and of the magnitude\n{}",
        table::layout(&header, &rows)
    )
}

fn of_photographs(rows: &[photographs::Row]) -> String {
    let header = [
        "picture and maps",
        "rank correlation",
        "strongest tenth in common",
    ];
    let cells = |row: &photographs::Row| {
        vec![
            format!("{}: {} and {}", row.picture, row.first, row.second),
            format!("{:.3}", row.rank_correlation),
            format!("{:.0} %", 100.0 * row.overlap),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    format!(
        "\nHow alike two maps are\n{}",
        table::layout(&header, &rows)
    )
}

/// The main figures.
pub(super) fn metrics(figures: &Figures) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: String, value: f64| {
        metrics.insert(name, value.is_finite().then_some(value));
    };
    for (name, detector) in [
        ("sobel", Detector::SOBEL),
        ("magnitude_l1_1", Detector::MAGNITUDE),
        ("magnitude_l2_2", Detector::BEST),
        ("sobel_blur", Detector::SOBEL.after_a_blur()),
        ("magnitude_l2_2_blur", Detector::BEST.after_a_blur()),
    ] {
        for row in figures
            .noise
            .iter()
            .filter(|row| row.detector == detector && !row.soft)
        {
            put(
                format!("ap_{name}_noise_{}", row.noise),
                row.score.average_precision,
            );
        }
    }
    for row in &figures.patches.rows {
        let metric = format!("{:?}", row.metric).to_lowercase();
        let name = format!(
            "patch_{}_{metric}_t{}_{}_halo_{}",
            row.photograph, row.scale, row.size, row.halo
        );
        put(format!("{name}_worst"), row.worst);
    }
    for row in figures
        .photographs
        .iter()
        .filter(|row| row.second == Detector::SOBEL.name())
    {
        let name = if row.first == Detector::BEST.name() {
            "l2_2"
        } else {
            "l1_1"
        };
        put(
            format!("correlation_{}_{name}", row.picture),
            row.rank_correlation,
        );
    }
    metrics
}

/// The claims as all reports have them.
pub(super) fn claims(figures: &Figures) -> Vec<Claim> {
    let mut claims = vec![on_a_line(&figures.line), edges(&figures.noise)];
    claims.extend(cut(&figures.patches));
    claims.push(photographs_alike(&figures.photographs));
    claims
}

fn on_a_line(rows: &[line::Row]) -> Claim {
    let far = |of: fn(&line::Row) -> f64| {
        let errors = rows.iter().map(|row| (of(row) / row.step - 1.0).abs());
        errors.fold(0.0, f64::max)
    };
    let negative = rows
        .iter()
        .map(|row| row.outside)
        .fold(f64::INFINITY, f64::min);
    Claim {
        statement: "in one dimension the weight at a step has a closed form".into(),
        ours: format!(
            "one step: points on a line to {:.0e}, the published formula is off by up to {:.0} %; a stripe: it does not \
             hold, weights outside down to {negative:.2}",
            far(|row| row.line),
            100.0 * far(|row| row.published)
        ),
        published: "(δ + 1 − e^(−Δ))/2, by the public program".into(),
    }
}

fn edges(rows: &[Row]) -> Claim {
    let line = |detector: Detector| {
        let precisions: Vec<String> = levels(rows)
            .into_iter()
            .filter_map(|noise| find(rows, detector, false, noise))
            .map(|row| format!("{:.2}", row.score.average_precision))
            .collect();
        format!("{} {}", detector.name(), precisions.join(", "))
    };
    let detectors = [
        Detector::MAGNITUDE,
        Detector::BEST,
        Detector::SOBEL,
        Detector::BEST.after_a_blur(),
        Detector::SOBEL.after_a_blur(),
    ];
    let noise: Vec<String> = levels(rows).iter().map(f64::to_string).collect();
    Claim {
        statement: "magnitude finds edges, competitive with Sobel".into(),
        ours: format!(
            "average precision on sharp shapes at noise {}: {}",
            noise.join(", "),
            detectors.map(line).join("; ")
        ),
        published: "photographs with marked edges, with a learned metric".into(),
    }
}

fn cut(study: &patches::Study) -> Option<Claim> {
    let size = study.rows.iter().map(|row| row.size).min()?;
    let chosen = || {
        study
            .rows
            .iter()
            .filter(move |row| row.size == size && row.halo == PUBLISHED_HALO)
    };
    let errors: Vec<String> = study
        .whole
        .iter()
        .filter_map(|whole| {
            let alike = |row: &&patches::Row| {
                row.photograph == whole.photograph
                    && (row.metric, row.scale) == (whole.metric, whole.scale)
            };
            let row = chosen().find(alike)?;
            Some(format!(
                "{}, {}, t = {}: {:.1e} in {:.2} s for {:.2} s",
                row.photograph,
                symbol(row.metric),
                row.scale,
                row.worst,
                row.seconds,
                whole.seconds
            ))
        })
        .collect();
    Some(Claim {
        statement: "patches with an overlap give nearly the same weights, faster".into(),
        ours: format!(
            "largest error over largest weight with patches of {size} and a halo of {PUBLISHED_HALO}: {}",
            errors.join("; ")
        ),
        published: "an overlap of 2 pixels, by the public program".into(),
    })
}

fn photographs_alike(rows: &[photographs::Row]) -> Claim {
    let (first, second) = (Detector::BEST.name(), Detector::SOBEL.name());
    let chosen = rows
        .iter()
        .filter(|row| row.first == first && row.second == second);
    let parts: Vec<String> = chosen
        .map(|row| format!("{} {:.2}", row.picture, row.rank_correlation))
        .collect();
    Claim {
        statement: "magnitude and Sobel see the same edges in photographs".into(),
        ours: format!(
            "rank correlation of {first} and {second}: {}",
            parts.join(", ")
        ),
        published: "side by side in pictures".into(),
    }
}
