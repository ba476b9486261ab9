//! The figures.

use std::path::Path;

use holonomy::Result;
use holonomy::plot::CurvePlot;

use super::Figures;
use super::classify::{CLASSIFIERS, DEPTHS};
use super::digits::{Curve, Measure};
use super::gradients::Row;
use super::spaces::{Model, Precision};

/// What stands for no error, and for a point that the model cannot hold, on the logarithmic axis.
const LEAST: f64 = 1e-17;
const LOST: f64 = 10.0;
/// Where curves of the three models are compared.
const SHOWN: f64 = 60.0;

/// Draws all; what cannot be drawn costs the pictures and a warning.
pub(super) fn draw(folder: &Path, figures: &Figures) -> Vec<String> {
    draw_all(folder, figures).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, figures: &Figures) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for (stem, plot) in [
        ("digits_f64", digits(figures, Precision::F64)),
        ("digits_f32", digits(figures, Precision::F32)),
        ("end_f64", ends(figures)),
        ("gradients", gradients(&figures.gradients)),
        ("depth", depth(figures)),
    ] {
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(folder.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}

fn points(curve: &Curve) -> Vec<(f64, f64)> {
    let shown = curve.errors.iter().filter(|(radius, _)| *radius <= SHOWN);
    shown
        .map(|&(radius, error)| (radius, error.clamp(LEAST, LOST)))
        .collect()
}

/// dist and log of the three models.
fn digits(figures: &Figures, precision: Precision) -> CurvePlot {
    let start = CurvePlot::new()
        .title(format!("Worst relative error in {precision}, separation 1"))
        .x_label("distance from the origin")
        .y_label("relative error")
        .log_y();
    let chosen = figures.digits.iter().filter(|curve| {
        curve.precision == precision && matches!(curve.measure, Measure::Dist | Measure::Transport)
    });
    chosen.fold(start, |plot, curve| {
        let name = format!("{}, {}", curve.measure.name(), curve.model);
        plot.line(name, &points(curve))
    })
}

/// How far the stored end of a geodesic is from the true one.
fn ends(figures: &Figures) -> CurvePlot {
    let start = CurvePlot::new()
        .title("The end of a step of length 1, f64")
        .x_label("distance from the origin")
        .y_label("distance of the stored end from the true one")
        .log_y();
    let chosen = figures
        .digits
        .iter()
        .filter(|curve| curve.precision == Precision::F64 && curve.measure == Measure::End);
    chosen.fold(start, |plot, curve| {
        plot.line(curve.model.to_string(), &points(curve))
    })
}

fn gradients(rows: &[Row]) -> CurvePlot {
    let mut plot = CurvePlot::new()
        .title("One gradient of length 1 in coordinates")
        .x_label("distance from the origin")
        .y_label("Euclidean norm")
        .log_y();
    for model in Model::ALL {
        let of_model = || {
            rows.iter()
                .filter(move |row| row.model == model && row.radius <= 36.0)
        };
        let partial: Vec<(f64, f64)> = of_model().map(|row| (row.radius, row.euclidean)).collect();
        let riemannian: Vec<(f64, f64)> =
            of_model().map(|row| (row.radius, row.riemannian)).collect();
        plot = plot
            .line(format!("{model}, partial derivatives"), &partial)
            .line(format!("{model}, Riemannian"), &riemannian);
    }
    plot
}

fn depth(figures: &Figures) -> CurvePlot {
    let start = CurvePlot::new()
        .title("Two groups one behind the other")
        .x_label("distance from the origin")
        .y_label("accuracy, %")
        .log_x();
    CLASSIFIERS.into_iter().fold(start, |plot, classifier| {
        let of_classifier = figures
            .depth
            .iter()
            .filter(|row| row.classifier == classifier);
        let points: Vec<(f64, f64)> = DEPTHS
            .into_iter()
            .zip(of_classifier)
            .map(|(radius, row)| (radius, 100.0 * row.accuracy.mean))
            .collect();
        plot.line(classifier, &points)
    })
}
