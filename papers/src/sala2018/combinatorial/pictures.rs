//! The balanced tree and the mammals in the disk.

use std::path::Path;

use holonomy::Result;
use holonomy::embed::{TreeConfig, embed_tree};
use holonomy::graph::{SpanningTree, spanning_tree};
use holonomy::plot::{DiskPlot, Picture};

use super::{EPSILON, top};
use crate::data::graphs::Named;
use crate::data::wordnet::{BRANCHES, FAMOUS, named};

/// The distance of the farthest node from the centre: about the farthest that f64 tells from the rim.
const FARTHEST: f64 = 28.0;

/// Within this radius 95 of 100 points are drawn.
const DRAWN_RADIUS: f64 = 4.5;

/// Draws both, as SVG and PNG; returns the names of the files. What cannot be drawn costs the picture
/// and a warning, not the run.
pub(super) fn draw(folder: &Path, tree: &Named, mammals: &Named) -> Vec<String> {
    let mut files = Vec::new();
    for (name, picture) in [
        ("balanced_tree", balanced(tree)),
        ("mammals", of_mammals(mammals)),
    ] {
        let saved = picture.and_then(|picture| {
            ["svg", "png"]
                .map(|ending| format!("{name}.{ending}"))
                .into_iter()
                .map(|file| picture.save(folder.join(&file)).map(|()| file))
                .collect::<Result<Vec<_>>>()
        });
        match saved {
            Ok(saved) => files.extend(saved),
            Err(error) => tracing::warn!("no picture of {name}: {error}"),
        }
    }
    files
}

/// With edges so short that all of it can be seen: at the scale of a small distortion nearly all nodes are on
/// the rim.
fn balanced(tree: &Named) -> Result<Picture> {
    let config = TreeConfig {
        scale: Some(1.2),
        ..TreeConfig::default()
    };
    let embedding = embed_tree(&tree.graph, &config)?;
    DiskPlot::new()
        .title("Balanced tree, edges of length 1.2, in the Poincaré disk")
        .points(&embedding.points()?)
        .edges(tree.graph.edges())
        .color_by_depth()
        .draw()
}

fn of_mammals(mammals: &Named) -> Result<Picture> {
    let root = top(&mammals.graph);
    let tree = spanning_tree(&mammals.graph, SpanningTree::BreadthFirst { root })?;
    let config = |scale| TreeConfig {
        epsilon: EPSILON,
        scale,
        ..TreeConfig::default()
    };
    let depth = embed_tree(&tree, &config(Some(1.0)))?.radius();
    let embedding = embed_tree(&tree, &config(Some(FARTHEST / depth)))?;
    let labels = named(&tree, FAMOUS);
    let branches = named(&tree, BRANCHES);
    DiskPlot::new()
        .size(1400, 1000)
        .title(format!(
            "{}, edges of length {:.1}, in the Poincaré disk (distances from the centre scaled to fit)",
            mammals.name,
            embedding.scale()
        ))
        .points(&embedding.points()?)
        .edges(tree.edges())
        .labels(&as_texts(&labels))
        .branches(&as_texts(&branches))
        .fit_radius(DRAWN_RADIUS)
        .draw()
}

fn as_texts(texts: &[(u32, String)]) -> Vec<(u32, &str)> {
    texts
        .iter()
        .map(|(node, text)| (*node, text.as_str()))
        .collect()
}
