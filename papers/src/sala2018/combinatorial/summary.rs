//! The figures as people read them.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::fmt::Write;

use super::super::options::Settings;
use super::{Check, Row};
use crate::harness::report::Claim;
use crate::harness::table;

/// The scale of the authors' program for the balanced tree is above this, ours below.
const AUTHORS_SCALE: f64 = 20.0;

pub(super) fn tables(settings: &Settings, rows: &[Row], checks: &[Check]) -> String {
    let header = [
        "",
        "tree",
        "dim",
        "ε",
        "scale",
        "bits",
        "MAP",
        "average",
        "worst",
        "graph av.",
        "graph worst",
        "from",
        "s",
    ];
    let cells = |row: &Row| {
        let quality = &row.quality;
        vec![
            row.data.clone(),
            row.spanning.to_owned(),
            row.dim.to_string(),
            row.epsilon.to_string(),
            format!("{:.2}", row.scale),
            row.bits.to_string(),
            format!("{:.4}", row.map()),
            format!("{:.4}", quality.tree.average),
            format!("{:.4}", quality.tree.worst_case),
            format!("{:.3}", quality.graph.average),
            format!("{:.1}", quality.graph.worst_case),
            quality.sources.to_string(),
            format!("{:.1}", row.embed_seconds + row.measure_seconds),
        ]
    };
    let body: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let mut text = format!(
        "\nTrees by construction: MAP of the graph's edges, distortion against the tree and the graph\n{}",
        table::layout(&header, &body)
    );
    for check in checks {
        let _ = writeln!(text, "\n{}", sentence(check));
    }
    if settings.quick {
        text.push_str("\nA quick run: large trees are measured from few nodes.\n");
    }
    text
}

fn sentence(check: &Check) -> String {
    format!(
        "{}: distances composed in f64 and those between coordinates of {} bits differ by {:.1e} at most, \
         relatively, over {} pairs.",
        check.data, check.bits, check.worst_relative_difference, check.pairs
    )
}

/// `nouns_kept_2d_map` and the like, for the embeddings in two dimensions with the smallest ε.
pub(super) fn metrics(rows: &[Row], checks: &[Check]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    for row in rows {
        let data = row
            .data
            .split([' ', ','])
            .filter(|word| word.chars().all(char::is_alphabetic));
        let data: Vec<&str> = data.filter(|word| *word != "WordNet").collect();
        let tree = row.spanning.split(' ').next().unwrap_or_default();
        let prefix = format!("{}_{tree}_{}d_eps{}", data.join("_"), row.dim, row.epsilon);
        let mut put = |name: &str, value: f64| {
            // The first embedding of a kind counts: others have a scale of their own.
            let entry = metrics.entry(format!("{prefix}_{name}"));
            entry.or_insert(value.is_finite().then_some(value));
        };
        put("map", row.map());
        put("average_distortion", row.quality.tree.average);
        put("worst_distortion", row.quality.tree.worst_case);
        put("bits", row.bits);
        put("seconds", row.embed_seconds + row.measure_seconds);
    }
    if let Some(check) = checks.first() {
        metrics.insert(
            "composed_against_big_floats".into(),
            Some(check.worst_relative_difference),
        );
    }
    metrics
}

pub(super) fn claims(rows: &[Row], checks: &[Check]) -> Vec<Claim> {
    let mut claims = Vec::new();
    let of = |data: &str, tree: &str, dim: usize, epsilon: f64| {
        let fits = |row: &&Row| {
            row.data.contains(data)
                && row.spanning.contains(tree)
                && row.dim == dim
                && row.epsilon == epsilon
        };
        rows.iter().find(fits)
    };
    if let Some(row) = of("nouns", "between", 2, super::EPSILON) {
        let other = of("nouns", "breadth", 2, super::EPSILON);
        let other = other.map_or(String::new(), |other| {
            format!(
                "; {:.4} with the breadth-first tree, {} bits",
                other.map(),
                other.bits
            )
        });
        claims.push(Claim {
            statement: "WordNet nouns in 2 dimensions: MAP".into(),
            ours: format!(
                "{:.4}, {} bits, tree distortion {:.4} on average and {:.4} at worst{other}; {} nodes, {} edges, from \
                 {} nodes",
                row.map(),
                row.bits,
                row.quality.tree.average,
                row.quality.tree.worst_case,
                row.nodes,
                row.graph_edges,
                row.quality.sources
            ),
            published: "0.989 (74,374 nodes, 75,834 edges); 0.87 by optimisation in 200 dimensions".into(),
        });
    }
    let of_authors = |row: &&Row| row.data.contains("balanced") && row.scale > AUTHORS_SCALE;
    if let Some(row) = rows.iter().find(of_authors) {
        claims.push(Claim {
            statement: "the balanced tree of 40 nodes in 2 dimensions, ε = 0.1".into(),
            ours: format!(
                "MAP {}, distortion {:.6} on average, {:.6} at worst, scale {:.3}",
                row.map(),
                row.quality.tree.average,
                row.quality.tree.worst_case,
                row.scale
            ),
            published:
                "MAP 1.0, 0.012939, 1.022360, scale 23.769 (documentation of the authors' program)"
                    .into(),
        });
    }
    if let (Some(two), Some(ten)) = (
        of("nouns", "between", 2, super::EPSILON),
        of("nouns", "between", 10, super::EPSILON),
    ) {
        let degrees = |row: &Row| 180.0 / PI * row.least_angle;
        claims.push(Claim {
            statement:
                "more dimensions leave room for wider angles, and take fewer bits a coordinate"
                    .into(),
            ours: format!(
                "nouns: {:.2}° and {} bits in 2 dimensions, {:.1}° and {} bits in 10",
                degrees(two),
                two.bits,
                degrees(ten),
                ten.bits
            ),
            published: "bits fall with the dimension up to log(largest degree) + 1".into(),
        });
    }
    for check in checks {
        claims.push(Claim {
            statement: "distances without coordinates are those of big floats".into(),
            ours: sentence(check),
            published: "none".into(),
        });
    }
    claims
}
