//! The files of a run beside its report: embedding and picture.

use std::path::Path;

use holonomy::Result;
use holonomy::embed::NamedEmbedding;
use holonomy::graph::direct_edges;
use holonomy::plot::DiskPlot;

use super::data::Data;
use super::experiment::Runs;
use super::options::Settings;
use super::summary::is_mammals;
use crate::data::wordnet::{BRANCHES, FAMOUS, named};

/// How many of a hierarchy's nodes are labelled where nobody knows which are famous.
const LABELS: usize = 24;

/// The hyperbolic radius within which 95 of 100 points are drawn: farther out they would crowd the
/// rim, so that nothing but the rim could be seen. [`CAPTION`] says so in the picture.
const DRAWN_RADIUS: f64 = 3.5;
const CAPTION: &str = "in the Poincaré disk (distances from the centre scaled to fit)";

/// Writes `embedding.safetensors` and `embedding.tsv`; returns their names.
pub(crate) fn write_embedding(
    folder: &Path,
    data: &Data,
    runs: &Runs,
    settings: &Settings,
) -> Result<Vec<&'static str>> {
    let names = data.closure.names().to_vec();
    let embedding = NamedEmbedding::new(runs.plan.config.model, names, &runs.kept)?;
    let mut checkpoint = embedding.to_checkpoint()?;
    checkpoint.set("data", &data.description)?;
    checkpoint.set("run", &runs.plan)?;
    checkpoint.set("seed", &runs.kept_seed)?;
    checkpoint.set("settings", settings)?;
    checkpoint.save(folder.join("embedding.safetensors"))?;
    embedding.write(folder.join("embedding.tsv"))?;
    Ok(vec!["embedding.safetensors", "embedding.tsv"])
}

/// Draws `disk.svg` and `disk.png`; returns their names.
///
/// A hierarchy that cannot be drawn, say for a name that no label can hold, costs the picture and
/// a warning, not the run.
pub(crate) fn draw(
    folder: &Path,
    data: &Data,
    runs: &Runs,
    settings: &Settings,
) -> Result<Vec<&'static str>> {
    let picture = match plot(data, runs, settings).draw() {
        Ok(picture) => picture,
        Err(error) => {
            tracing::warn!("no picture: {error}");
            return Ok(Vec::new());
        }
    };
    let files = vec!["disk.svg", "disk.png"];
    for file in &files {
        picture.save(folder.join(file))?;
    }
    Ok(files)
}

fn plot(data: &Data, runs: &Runs, settings: &Settings) -> DiskPlot {
    let mammals = is_mammals(settings);
    let edges = if mammals {
        data.direct.edges().to_vec()
    } else {
        direct_edges(data.closure.edges())
    };
    let labels = labels(data, settings);
    let plot = DiskPlot::new()
        .size(1400, 1000)
        .title(format!("{} {CAPTION}", data.description.title))
        .points(&runs.kept)
        .edges(&edges)
        .labels(&borrowed(&labels))
        .centered_on(with_most_descendants(data)[0])
        .fit_radius(DRAWN_RADIUS);
    if mammals {
        let branches = named(&data.closure, BRANCHES);
        plot.branches(&borrowed(&branches))
    } else {
        plot.color_by_depth()
    }
}

fn borrowed(texts: &[(u32, String)]) -> Vec<(u32, &str)> {
    texts
        .iter()
        .map(|(node, text)| (*node, text.as_str()))
        .collect()
}

/// The nodes to label and their texts.
fn labels(data: &Data, settings: &Settings) -> Vec<(u32, String)> {
    if is_mammals(settings) {
        named(&data.closure, FAMOUS)
    } else {
        with_most_descendants(data)
            .into_iter()
            .map(|node| (node, data.closure.names()[node as usize].clone()))
            .collect()
    }
}

fn with_most_descendants(data: &Data) -> Vec<u32> {
    let mut descendants = vec![0_usize; data.closure.node_count()];
    for &(_, ancestor) in data.closure.edges() {
        descendants[ancestor as usize] += 1;
    }
    let mut nodes: Vec<u32> = (0..descendants.len() as u32).collect();
    nodes.sort_by_key(|&node| std::cmp::Reverse(descendants[node as usize]));
    nodes.truncate(LABELS);
    nodes
}
