//! The pictures: points and hulls in the plane, and curves over dimensions, scales and numbers of points.

use std::f64::consts::FRAC_PI_2;

use holonomy::plot::{CurvePlot, SpacePlot};
use holonomy::{Error, Result};
use tch::{Kind as Number, Tensor};

use super::clouds::Body;
use super::options::Settings;
use super::study::{Cloud, HALF, Ranking, SCALES, SHARES, Trial};
use super::summary::{Kind, kinds};
use super::vertices::vertices;

/// The dimensions of which the sweeps over scales are drawn.
const SWEPT: [usize; 2] = [2, 4];

/// Draws as SVG and PNG; returns the names of the files. What cannot be drawn costs the pictures
/// and a warning, not the run.
pub(super) fn draw(settings: &Settings, trials: &[Trial]) -> Vec<String> {
    draw_all(settings, trials).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(settings: &Settings, trials: &[Trial]) -> Result<Vec<String>> {
    let kinds = kinds(trials);
    let mut pictures = Vec::new();
    for body in [Body::Cube, Body::Ball] {
        let cloud = Cloud::new(body, 2, settings.seed, settings)?;
        for ranking in [Ranking::Weight, Ranking::LeastLoss] {
            let name = format!("points-{body}-{ranking}").replace(' ', "-");
            pictures.push((name, in_the_plane(&cloud, body, ranking)?.draw()?));
        }
        let curves = over_dimensions(&kinds, body);
        pictures.push((format!("found-{body}"), curves.draw()?));
    }
    for kind in &kinds {
        let name = |stem: &str| format!("{stem}-{}-{}", kind.body, kind.dimension);
        pictures.push((name("lost"), over_counts(kind).draw()?));
        if kind.body != Body::Sphere && SWEPT.contains(&kind.dimension) {
            let found = |ranking, scaled| 100.0 * kind.found_at(ranking, scaled).mean;
            let curves = over_scales(kind, "vertices found, %", found);
            pictures.push((name("scale"), curves.draw()?));
            let lost = |ranking, scaled| 100.0 * kind.half_at(ranking, scaled).mean;
            let label = "worst loss with half of the number of vertices, % of the width";
            pictures.push((name("scale-half"), over_scales(kind, label, lost).draw()?));
        }
    }
    let mut files = Vec::new();
    for (stem, picture) in pictures {
        for ending in ["svg", "png"] {
            let name = format!("{stem}.{ending}");
            picture.save(settings.out.join(&name))?;
            files.push(name);
        }
    }
    Ok(files)
}

/// A cloud from above, with the first points of an order, half as many as there are vertices, and both hulls.
fn in_the_plane(cloud: &Cloud, body: Body, ranking: Ranking) -> Result<SpacePlot> {
    let order = cloud.order(ranking)?;
    let first = cloud.part(&order, HALF);
    let chosen = rows(&cloud.points, first);
    let of_chosen: Vec<usize> = vertices(&chosen)?.iter().map(|&at| first[at]).collect();
    let ring = |of: &[usize]| Ok::<_, Error>(in_space(&ring(&cloud.points, of)?).unsqueeze(0));
    let what = match body {
        Body::Cube => "square",
        Body::Ball | Body::Sphere => "disk",
    };
    Ok(SpacePlot::new()
        .size(560, 740)
        .seen_from(-FRAC_PI_2, FRAC_PI_2)
        .title(format!("Half as many points, by {ranking}: {what}"))
        .lines("hull of all points", &ring(&cloud.vertices)?)
        .lines("hull of the chosen points", &ring(&of_chosen)?)
        .points("all points", &in_space(&cloud.points))
        .points("chosen points", &in_space(&chosen)))
}

fn rows(points: &Tensor, of: &[usize]) -> Tensor {
    let of: Vec<i64> = of.iter().map(|&point| point as i64).collect();
    points.index_select(0, &Tensor::from_slice(&of))
}

/// With a third coordinate 0.
fn in_space(points: &Tensor) -> Tensor {
    let flat = points.narrow(1, 0, 1).zeros_like();
    Tensor::cat(&[points, &flat], 1)
}

/// Some vertices around their mean, the first once more at the end.
fn ring(points: &Tensor, of: &[usize]) -> Result<Tensor> {
    let corners = rows(points, of);
    let centred = &corners - corners.mean_dim(0, true, Number::Double);
    let angles = centred.select(1, 1).atan2(&centred.select(1, 0));
    let order = angles
        .f_argsort(0, false)
        .map_err(|source| Error::Torch { op: "ring", source })?;
    let around = corners.index_select(0, &order);
    Ok(Tensor::cat(&[&around, &around.narrow(0, 0, 1)], 0))
}

fn over_dimensions(kinds: &[Kind], body: Body) -> CurvePlot {
    let plot = CurvePlot::new()
        .title(format!("Vertices among as many points: {body}"))
        .x_label("dimensions")
        .y_label("vertices found, %");
    Ranking::BLIND.into_iter().fold(plot, |plot, ranking| {
        let of_body = kinds.iter().filter(|kind| kind.body == body);
        let point = |kind: &Kind| (kind.dimension as f64, 100.0 * kind.found(ranking).mean);
        let points: Vec<(f64, f64)> = of_body.map(point).collect();
        plot.line(ranking.to_string(), &points)
    })
}

fn over_counts(kind: &Kind) -> CurvePlot {
    let plot = CurvePlot::new()
        .title(format!(
            "{} in {} dimensions",
            title(kind.body),
            kind.dimension
        ))
        .x_label("points, in units of the number of vertices")
        .y_label("worst loss, % of the width");
    // Of a sphere the true vertices at random are points at random.
    let shown = Ranking::ALL
        .into_iter()
        .filter(|&ranking| kind.body != Body::Sphere || ranking != Ranking::Vertices);
    shown.fold(plot, |plot, ranking| {
        let points = SHARES.map(|share| (share, 100.0 * kind.lost(ranking, share).mean));
        // There are no more points than those of a sphere.
        let most = if kind.body == Body::Sphere { 1.0 } else { 2.0 };
        let points: Vec<_> = points.into_iter().filter(|point| point.0 <= most).collect();
        plot.line(ranking.to_string(), &points)
    })
}

fn over_scales(kind: &Kind, label: &str, of: impl Fn(Ranking, f64) -> f64) -> CurvePlot {
    let plot = CurvePlot::new()
        .title(format!(
            "{} in {} dimensions",
            title(kind.body),
            kind.dimension
        ))
        .x_label("t · median distance")
        .y_label(label)
        .log_x();
    Ranking::SCALED.into_iter().fold(plot, |plot, ranking| {
        let points = SCALES.map(|scaled| (scaled, of(ranking, scaled)));
        plot.line(ranking.to_string(), &points)
    })
}

fn title(body: Body) -> &'static str {
    match body {
        Body::Cube => "Cube",
        Body::Ball => "Ball",
        Body::Sphere => "Sphere",
    }
}
