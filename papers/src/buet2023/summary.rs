//! The figures as people read them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use holonomy::Result;
use holonomy::plot::{CurvePlot, SpacePlot};
use tch::Tensor;

use super::cloud::{Cloud, CloudOutcome};
use super::path::Ways;
use crate::harness::report::Claim;
use crate::harness::table;

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

pub(super) fn table(ways: &Ways, clouds: &[CloudOutcome], quick: bool) -> String {
    let rows: Vec<Vec<String>> = ways
        .found
        .iter()
        .map(|way| {
            vec![
                way.name.to_owned(),
                format!("{:.6}", way.length),
                format!("{:.1e}", way.largest_third_weight),
            ]
        })
        .collect();
    let mut text = format!(
        "\nFrom a line to a plane in space (distance {:.6})\n{}",
        ways.distance,
        table::layout(&["way", "length", "largest third weight"], &rows)
    );
    let _ = writeln!(
        text,
        "  The way of least energy is at most {:.1e} from the geodesic.",
        ways.deviation
    );
    text.push_str("\nDimensions of a curve that ends on a surface, found right, in percent\n");
    let rows: Vec<Vec<String>> = clouds
        .iter()
        .map(|cloud| {
            vec![
                cloud.settings.noise.to_string(),
                percent(cloud.right),
                percent(cloud.right_away_from_junction),
                percent(cloud.curve_right_away),
                percent(cloud.surface_right_away),
            ]
        })
        .collect();
    let header = [
        "noise",
        "all points",
        "away from the junction",
        "on the curve",
        "on the surface",
    ];
    text.push_str(&table::layout(&header, &rows));
    if quick {
        text.push_str("\nA quick run: these figures only show that the program works.\n");
    }
    text
}

pub(super) fn metrics(ways: &Ways, clouds: &[CloudOutcome]) -> BTreeMap<String, Option<f64>> {
    let mut metrics = BTreeMap::new();
    metrics.insert("line_to_plane_distance".to_owned(), Some(ways.distance));
    metrics.insert("descent_deviation".to_owned(), Some(ways.deviation));
    for cloud in clouds {
        let name = format!("right_away_noise_{}", cloud.settings.noise);
        metrics.insert(name, Some(cloud.right_away_from_junction));
    }
    metrics
}

pub(super) fn claims(ways: &Ways, clouds: &[CloudOutcome]) -> Vec<Claim> {
    let geodesic = &ways.found[0];
    let straight = &ways.found[2];
    let shares: Vec<String> = clouds
        .iter()
        .map(|cloud| {
            format!(
                "noise {}: {} %",
                cloud.settings.noise,
                percent(cloud.right_away_from_junction)
            )
        })
        .collect();
    vec![
        Claim {
            statement:
                "A geodesic joins a line to a plane without passing through a higher dimension"
                    .into(),
            ours: format!(
                "largest third weight {:.1e} on the geodesic, {:.2} on the straight way between the \
                 matrices; the way found by descent is within {:.1e} of it",
                geodesic.largest_third_weight, straight.largest_third_weight, ways.deviation
            ),
            published: "no figures".into(),
        },
        Claim {
            statement: "Discrete flagfolds tell the local dimension of sets of mixed dimension"
                .into(),
            ours: format!("points away from the junction: {}", shares.join(", ")),
            published: "no figures".into(),
        },
    ]
}

/// What cannot be drawn costs the pictures and a warning.
pub(super) fn draw(folder: &Path, ways: &Ways, clouds: &[Cloud]) -> Vec<String> {
    draw_all(folder, ways, clouds).unwrap_or_else(|error| {
        tracing::warn!("no pictures: {error}");
        Vec::new()
    })
}

fn draw_all(folder: &Path, ways: &Ways, clouds: &[Cloud]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut plot = CurvePlot::new()
        .title("From a line to a plane")
        .x_label("part of the way")
        .y_label("weights");
    for (way, name) in [(&ways.found[0], "geodesic"), (&ways.found[2], "straight")] {
        let steps = (way.weights.len() - 1) as f64;
        for index in [1, 2] {
            let point = |(k, w): (usize, &[f64; 3])| (k as f64 / steps, w[index]);
            let points: Vec<(f64, f64)> = way.weights.iter().enumerate().map(point).collect();
            let order = if index == 1 { "second" } else { "third" };
            plot = plot.line(format!("{name}, {order}"), &points);
        }
    }
    let picture = plot.draw()?;
    for name in ["line_to_plane.svg", "line_to_plane.png"] {
        picture.save(folder.join(name))?;
        files.push(name.to_owned());
    }
    // With a little noise, if there is such a cloud.
    if let Some(cloud) = clouds.get(1).or(clouds.first()) {
        let of_dimension = |k: i64| -> Tensor {
            let chosen = cloud.dimensions.eq(k).nonzero().squeeze_dim(1);
            cloud.points.index_select(0, &chosen)
        };
        let mut plot = SpacePlot::new()
            .title(format!(
                "Dimension found at each point, noise {}",
                cloud.outcome.settings.noise
            ))
            .seen_from(0.7, 0.35);
        for (k, name) in [(1, "1"), (2, "2"), (3, "3")] {
            let points = of_dimension(k);
            if points.size()[0] > 0 {
                plot = plot.points(name, &points);
            }
        }
        let picture = plot.draw()?;
        // An SVG of thousands of discs is of no use.
        picture.save(folder.join("dimensions.png"))?;
        files.push("dimensions.png".to_owned());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::cloud::{CloudSettings, measure};
    use super::super::path::compare;

    #[test]
    fn descent_comes_near_the_geodesic() {
        assert!(compare(8, 0).unwrap().deviation > 0.1);
        let ways = compare(8, 600).unwrap();
        assert!(ways.deviation < 0.02, "{}", ways.deviation);
        assert!((ways.found[0].length - ways.distance).abs() < 1e-6);
        assert!(ways.found[1].length >= ways.distance - 1e-9);
        assert!(ways.found[0].largest_third_weight < 1e-14);
        assert!(ways.found[2].largest_third_weight > 0.05);
    }

    #[test]
    fn dimensions_are_found_without_noise() {
        let cloud = measure(CloudSettings {
            curve_points: 400,
            surface_points: 3_000,
            noise: 0.0,
            radius: 0.25,
            seed: 1,
        });
        let cloud = cloud.unwrap();
        assert!(
            cloud.outcome.right_away_from_junction > 0.98,
            "{:?}",
            cloud.outcome
        );
        assert_eq!(cloud.points.size(), [3_400, 3]);
    }
}
