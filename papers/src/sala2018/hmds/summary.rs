//! The figures as people read them.

use std::collections::BTreeMap;
use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::Results;
use super::study::{GraphFit, Noise, Recovery, Reduction, Timing};
use crate::harness::report::Claim;
use crate::harness::table;

/// A small number, or 0.
fn small(x: f64) -> String {
    format!("{x:.1e}")
}

pub(super) fn tables(results: &Results) -> String {
    let mut text = String::new();
    let mut add = |title: &str, header: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let title = ["\n", title, "\n"].concat();
            text.push_str(&title);
            text.push_str(&table::layout(header, &rows));
        }
    };
    add(
        "Points back from their distances: max |Δd|",
        &[
            "points",
            "dim",
            "radius",
            "neighbours at",
            "spectral",
            "refined",
            "steps",
        ],
        results.recovery.iter().map(recovery_row).collect(),
    );
    let row = |r: &Reduction| {
        vec![
            r.dim.to_string(),
            format!("{:.4}", r.spectral),
            format!("{:.4}", r.refined),
        ]
    };
    add(
        "Fewer dimensions than the ten of the points: average distortion",
        &["dim", "spectral", "refined"],
        results.reduction.iter().map(row).collect(),
    );
    let row = |n: &Noise| vec![small(n.level), small(n.spectral), small(n.refined)];
    add(
        "Noise on distances, and how far the result is from the distances without it (root mean squares)",
        &["noise", "spectral", "refined"],
        results.noise.iter().map(row).collect(),
    );
    add(
        "Graphs, with the scale sought",
        &[
            "graph",
            "dim",
            "refinement",
            "scale",
            "MAP",
            "distortion",
            "max |Δd|",
            "s",
        ],
        results.graphs.iter().map(graph_row).collect(),
    );
    let row = |t: &Timing| {
        vec![
            t.points.to_string(),
            t.products.to_string(),
            format!("{:.2}", t.seconds),
            format!("{:.2}", t.full_seconds),
            format!("{:.1}", t.full_seconds / t.seconds),
            small(t.difference),
        ]
    };
    add(
        "h-MDS in ten dimensions beside the full eigendecomposition",
        &[
            "points",
            "products",
            "h-MDS s",
            "linalg_eigh s",
            "ratio",
            "eigenvalues off by",
        ],
        results.timing.iter().map(row).collect(),
    );
    text
}

fn recovery_row(r: &Recovery) -> Vec<String> {
    vec![
        r.points.to_string(),
        r.dim.to_string(),
        r.radius.to_string(),
        r.apart.map_or("–".into(), small),
        small(r.spectral),
        small(r.refined),
        r.steps.to_string(),
    ]
}

fn graph_row(g: &GraphFit) -> Vec<String> {
    vec![
        g.graph.clone(),
        g.dim.to_string(),
        g.refinement.into(),
        format!("{:.3}", g.scale),
        format!("{:.3}", g.map),
        format!("{:.4}", g.distortion),
        format!("{:.2}", g.largest_error),
        format!("{:.1}", g.seconds),
    ]
}

/// The largest error of recovered points: (before, after the refinement).
fn worst(results: &Results) -> Option<(f64, f64)> {
    let errors = results.recovery.iter().map(|r| (r.spectral, r.refined));
    errors.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))
}

/// The largest error against the noise that went in.
fn amplification(results: &Results) -> Option<f64> {
    let parts = results.noise.iter().map(|n| n.refined / n.level);
    parts.reduce(f64::max)
}

pub(super) fn metrics(results: &Results) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    if let Some((spectral, refined)) = worst(results) {
        metrics.insert("hmds_worst_recovery_spectral".to_owned(), Some(spectral));
        metrics.insert("hmds_worst_recovery".to_owned(), Some(refined));
    }
    if let Some(part) = amplification(results) {
        metrics.insert("hmds_error_over_noise".to_owned(), Some(part));
    }
    for timing in &results.timing {
        let name = format!("hmds_times_faster_than_eigh_n{}", timing.points);
        metrics.insert(name, Some(timing.full_seconds / timing.seconds));
        let name = format!("hmds_eigenvalue_difference_n{}", timing.points);
        metrics.insert(name, Some(timing.difference));
    }
    metrics
}

pub(super) fn claims(results: &Results) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some((spectral, refined)) = worst(results) {
        claims.push(Claim {
            statement: "Points come back exactly from their distances".into(),
            ours: format!(
                "max |Δd| {refined:.1e} over all sizes and radii up to 12, neighbours 1e-4 apart among \
                 them ({spectral:.1e} without the refinement)"
            ),
            published: "proved; no figures".into(),
        });
    }
    if let Some(part) = amplification(results) {
        claims.push(Claim {
            statement: "Noise on distances comes out bounded".into(),
            ours: format!("at most {part:.2} of the noise that went in, in root mean squares"),
            published: "a bound; no figures".into(),
        });
    }
    if let (Some(first), Some(last)) = (results.reduction.first(), results.reduction.last()) {
        claims.push(Claim {
            statement: "Fewer dimensions keep what varies most".into(),
            ours: format!(
                "points in ten dimensions: average distortion {:.3} in one, {:.3} in five, {:.1e} in ten",
                first.refined,
                results.reduction[4].refined,
                last.refined
            ),
            published: "proved; no figures on these points".into(),
        });
    }
    claims
}

/// Noise and dimensions; what cannot be drawn costs the pictures and a warning.
pub(super) fn draw(folder: &Path, results: &Results) -> Vec<String> {
    if results.noise.is_empty() {
        return Vec::new();
    }
    draw_all(folder, results).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, results: &Results) -> Result<Vec<String>> {
    let noise = |of: fn(&Noise) -> f64| -> Vec<(f64, f64)> {
        results.noise.iter().map(|n| (n.level, of(n))).collect()
    };
    let noise = CurvePlot::new()
        .title("Noise on distances")
        .x_label("standard deviation of the noise")
        .y_label("error of distances without it (root mean square)")
        .log_x()
        .log_y()
        .line("as large as the noise", &noise(|n| n.level))
        .line("spectral", &noise(|n| n.spectral))
        .line("refined", &noise(|n| n.refined));
    let reduction = |of: fn(&Reduction) -> f64| -> Vec<(f64, f64)> {
        let below_all = results
            .reduction
            .split_last()
            .map_or(&[][..], |(_, rest)| rest);
        below_all.iter().map(|r| (r.dim as f64, of(r))).collect()
    };
    let reduction = CurvePlot::new()
        .title("Points of ten dimensions in fewer")
        .x_label("dimensions")
        .y_label("average distortion")
        .log_y()
        .line("spectral", &reduction(|r| r.spectral))
        .line("refined", &reduction(|r| r.refined));
    let mut files = Vec::new();
    for (stem, plot) in [("hmds-noise", noise), ("hmds-dimensions", reduction)] {
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(folder.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}
