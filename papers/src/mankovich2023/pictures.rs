//! The picture of the outlier sweep.

use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::outliers::Row;
use crate::harness::spread::Spread;

/// Draws it as SVG and PNG; returns the names of the files. What cannot be drawn costs the picture
/// and a warning, not the run.
pub(crate) fn draw(folder: &Path, rows: &[Row]) -> Vec<String> {
    draw_all(folder, rows).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, rows: &[Row]) -> Result<Vec<String>> {
    let line = |of: fn(&Row) -> Spread| -> Vec<(f64, f64)> {
        let point = |row: &Row| (row.outliers as f64, of(row).mean);
        rows.iter().map(point).collect()
    };
    let picture = CurvePlot::new()
        .title("Outliers among flags of Fl(1, 3; 10)")
        .x_label("outliers in %")
        .y_label("mean chordal distance from the centre")
        .log_y()
        .line("flag mean", &line(|row| row.flag_mean))
        .line("flag median", &line(|row| row.flag_median))
        .line("Euclidean mean", &line(|row| row.euclidean_mean))
        .draw()?;
    let names = ["svg", "png"].map(|ending| format!("outliers.{ending}"));
    for name in &names {
        picture.save(folder.join(name))?;
    }
    Ok(names.to_vec())
}
