//! The pictures: profiles of the balanced tree, and MAP and distortion over scales and α.

use std::path::Path;

use holonomy::Result;
use holonomy::metric::Rescaling;
use holonomy::plot::CurvePlot;

use super::hierarchies::{ALPHA, Fit, Study, Walk};

/// Draws as SVG and PNG; returns the names of the files. What cannot be drawn costs the pictures
/// and a warning, not the run.
pub(super) fn draw(folder: &Path, studies: &[Study], alphas: &[f64]) -> Vec<String> {
    draw_all(folder, studies, alphas).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, studies: &[Study], alphas: &[f64]) -> Result<Vec<String>> {
    let mut plots = Vec::new();
    for (index, study) in studies.iter().enumerate() {
        let name = |stem: &str| format!("{stem}-{}", index + 1);
        plots.push((name("profile"), profile(study)));
        let walks = Walk::ALL.map(|walk| (walk.name().to_owned(), walk, ALPHA));
        let least = |fit: &Fit| fit.average_of(Rescaling::Best);
        let map = over_scales(study, "MAP", &walks, |fit| fit.map);
        plots.push((name("map"), map));
        let label = "least average distortion of any scale";
        plots.push((name("distortion"), over_scales(study, label, &walks, least)));
        let curves: Vec<(String, Walk, f64)> = alphas
            .iter()
            .map(|&alpha| (format!("α = {alpha}"), Walk::Heat, alpha))
            .collect();
        if alphas.len() > 1 && index == 0 {
            let label = format!("{label}, {}", Walk::Heat.name());
            plots.push((name("alpha"), over_scales(study, &label, &curves, least)));
        }
    }
    let mut files = Vec::new();
    for (stem, plot) in plots {
        let picture = plot.draw()?;
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(folder.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}

fn profile(study: &Study) -> CurvePlot {
    let all = study.profiles.iter().flat_map(|profile| &profile.points);
    let largest = all.map(|point| point.0).fold(1.0, f64::max);
    let plot = CurvePlot::new()
        .title(format!("Distances in the {}", study.name))
        .x_label("edges between two nodes")
        .y_label("mean diffusion distance, rescaled")
        .line("the tree's own", &[(1.0, 1.0), (largest, largest)]);
    study.profiles.iter().fold(plot, |plot, profile| {
        plot.line(profile.walk.name(), &profile.points)
    })
}

fn over_scales(
    study: &Study,
    label: &str,
    curves: &[(String, Walk, f64)],
    of: impl Fn(&Fit) -> f64,
) -> CurvePlot {
    let plot = CurvePlot::new()
        .title(study.name.clone())
        .x_label("scales")
        .y_label(label);
    curves.iter().fold(plot, |plot, (name, walk, alpha)| {
        let fits = study.fits.iter();
        let points: Vec<(f64, f64)> = fits
            .filter(|fit| fit.walk == *walk && fit.alpha == *alpha)
            .map(|fit| (f64::from(fit.scales), of(fit)))
            .collect();
        plot.line(name.clone(), &points)
    })
}
