//! The pictures: accuracy over the number of known rows.

use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::active::Curve;

/// Draws as SVG and PNG; returns the names of the files. What cannot be drawn costs the pictures
/// and a warning, not the run.
pub(super) fn draw(folder: &Path, curves: &[Curve]) -> Vec<String> {
    draw_all(folder, curves).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, curves: &[Curve]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for of_table in curves.chunk_by(|a, b| a.table == b.table) {
        let table = of_table[0].table;
        let plot = CurvePlot::new()
            .title(format!("Active learning: {table}"))
            .x_label("rows with a known class")
            .y_label("accuracy of the nearest of them");
        let plot = of_table.iter().fold(plot, |plot, curve| {
            let means = curve.nearest.iter().map(|spread| spread.mean);
            let points: Vec<(f64, f64)> = curve
                .sizes
                .iter()
                .map(|&size| size as f64)
                .zip(means)
                .collect();
            plot.line(curve.strategy.name(), &points)
        });
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("active-{}.{ending}", table.replace(' ', "-"));
            picture.save(folder.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}
