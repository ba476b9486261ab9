//! The pictures of the task `products`: a tree that unfolds, and what incomplete distances cost.

use std::ops::ControlFlow;

use holonomy::embed::{DistanceConfig, DistanceProgress, DistanceTrainer};
use holonomy::graph::shortest_paths;
use holonomy::plot::{CurvePlot, DiskPlot};
use holonomy::{Lorentz, Result};
use tch::Tensor;

use super::options::Settings;
use crate::data::graphs::Named;

/// The epochs after which a picture is drawn.
const FRAMES: [usize; 8] = [1, 10, 20, 40, 80, 160, 400, 1000];

/// Nodes that a picture can still show.
const MOST_NODES: usize = 2000;

/// A series of pictures of the graph in the plane H2 while it is fitted; returns the names of the files.
///
/// What cannot be drawn costs the pictures and a warning, not the run.
pub(super) fn draw(settings: &Settings, named: &Named) -> Vec<String> {
    if named.graph.node_count() > MOST_NODES {
        return Vec::new();
    }
    draw_all(settings, named).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(settings: &Settings, named: &Named) -> Result<Vec<String>> {
    let frames = if settings.quick {
        &FRAMES[..3]
    } else {
        &FRAMES
    };
    let last = frames[frames.len() - 1];
    let config = DistanceConfig {
        epochs: last,
        seed: settings.seed,
        ..DistanceConfig::new("H2".parse()?)
    };
    let mut files = Vec::new();
    let mut failed = None;
    DistanceTrainer::new(config, &shortest_paths(&named.graph))?.run(|progress| {
        if !frames.contains(&progress.record.epoch) {
            return ControlFlow::Continue(());
        }
        match frame(settings, named, progress) {
            Ok(file) => files.push(file),
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    failed.map_or(Ok(files), Err)
}

fn frame(settings: &Settings, named: &Named, progress: &DistanceProgress<'_>) -> Result<String> {
    let (space, points) = progress.embedding()?;
    let points = space.split(&points).remove(0);
    let epoch = progress.record.epoch;
    let file = format!("unfolding_{epoch:04}.png");
    DiskPlot::new()
        .size(700, 700)
        .title(format!(
            "{}, epoch {epoch}, loss {:.3}",
            named.name, progress.record.loss
        ))
        .points(&in_the_unit_disk(&points)?)
        .edges(named.graph.edges())
        .color_by_depth()
        .save(settings.out.join(&file))?;
    Ok(file)
}

/// The points of a hyperboloid of any curvature in the Poincaré disk of curvature −1, which looks the same.
fn in_the_unit_disk(points: &Tensor) -> Result<Tensor> {
    let time = points.narrow(-1, 0, 1);
    let space = points.narrow(-1, 1, 2);
    let radius = (time.square() - space.square().sum_dim_intlist(-1, true, points.kind())).sqrt();
    Ok(Lorentz::new(2, -1.0)?.to_ball(&(points / radius)))
}

/// The curve of (per cent known, distortion of the known, of the hidden); returns the names of the files.
pub(super) fn draw_incomplete(settings: &Settings, name: &str, rows: &[[f64; 3]]) -> Vec<String> {
    let line = |column: usize| -> Vec<(f64, f64)> {
        rows.iter().map(|row| (row[0], row[column])).collect()
    };
    let drawn = CurvePlot::new()
        .title(format!("Distances left out: {name} in H10"))
        .x_label("known distances in %")
        .y_label("average distortion")
        .log_x()
        .line("known distances", &line(1))
        .line("hidden distances", &line(2))
        .draw();
    let saved = drawn.and_then(|picture| {
        let names = ["svg", "png"].map(|ending| format!("incomplete.{ending}"));
        for name in &names {
            picture.save(settings.out.join(name))?;
        }
        Ok(names.to_vec())
    });
    saved.unwrap_or_else(|error| {
        tracing::warn!("no picture: {error}");
        Vec::new()
    })
}
