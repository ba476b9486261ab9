//! The drawing of the disk, read back from its SVG.

use holonomy::graph::direct_edges;
use holonomy::plot::{Color, DiskPlot};
use tch::{Kind, Tensor};

use super::{circles, polylines};

fn rows(points: &[[f64; 2]]) -> Tensor {
    Tensor::from_slice2(points).view([-1, 2])
}

/// A plot of 400 × 400 pixels without labels: the disk is centred at (200, 200), radius 192.
fn plot() -> DiskPlot {
    DiskPlot::new().size(400, 400)
}

fn in_disk([x, y]: [f64; 2]) -> [f64; 2] {
    [(x - 200.0) / 192.0, (200.0 - y) / 192.0]
}

#[test]
fn edges_are_circle_arcs_that_meet_the_rim_at_right_angles() {
    let (p, q) = ([0.9f64, 0.1f64], [0.1f64, -0.95f64]);
    let svg = plot()
        .points(&rows(&[p, q]))
        .edges(&[(0, 1)])
        .edge_style(Color::ORANGE, 1.0)
        .draw()
        .unwrap()
        .to_svg()
        .unwrap();
    let lines = polylines(&svg, "#DE9400");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].len() > 5);
    // 2⟨z, centre⟩ = 1 + |z|² at both ends.
    let (a, b) = (
        (1.0 + p[0] * p[0] + p[1] * p[1]) / 2.0,
        (1.0 + q[0] * q[0] + q[1] * q[1]) / 2.0,
    );
    let d = p[0] * q[1] - p[1] * q[0];
    let center = [(a * q[1] - b * p[1]) / d, (b * p[0] - a * q[0]) / d];
    let radius = (center[0].powi(2) + center[1].powi(2) - 1.0).sqrt();
    for corner in &lines[0] {
        let z = in_disk(*corner);
        let miss = (z[0] - center[0]).hypot(z[1] - center[1]) - radius;
        assert!(miss.abs() * 192.0 < 0.08, "{miss} off the circle");
    }
}

#[test]
fn a_point_lies_where_its_coordinates_say() {
    for kind in [Kind::Double, Kind::Float] {
        let points = rows(&[[0.5, -0.25]]).to_kind(kind);
        let svg = plot().points(&points).draw().unwrap().to_svg().unwrap();
        let (x, y, _, color) = circles(&svg).pop().unwrap();
        assert_eq!((x, y), (200.0 + 96.0, 200.0 + 48.0));
        assert_eq!(color, "#0072B2");
    }
}

#[test]
fn curvature_sets_the_radius_of_the_ball() {
    let svg = plot()
        .curvature(-0.25)
        .points(&rows(&[[1.0, 0.0]]))
        .draw()
        .unwrap()
        .to_svg()
        .unwrap();
    assert_eq!(circles(&svg).pop().unwrap().0, 200.0 + 96.0);
}

#[test]
fn centering_takes_the_row_to_the_middle_and_moves_the_others_by_an_isometry() {
    let points = [[0.6f64, 0.5f64], [-0.7, 0.2]];
    let svg = plot()
        .points(&rows(&points))
        .centered_on(0)
        .dot_size(3.0)
        .draw();
    let svg = svg.unwrap().to_svg().unwrap();
    let dots: Vec<_> = circles(&svg)
        .into_iter()
        .filter(|c| c.3 == "#0072B2")
        .collect();
    assert_eq!((dots[0].0, dots[0].1), (200.0, 200.0));
    let moved = in_disk([dots[1].0, dots[1].1]);
    let dist = 2.0 * moved[0].hypot(moved[1]).atanh();
    let delta = (1.3f64).hypot(0.3);
    let alpha = |z: [f64; 2]| 1.0 - z[0] * z[0] - z[1] * z[1];
    let expected = 2.0 * (delta / (alpha(points[0]) * alpha(points[1])).sqrt()).asinh();
    assert!((dist - expected).abs() < 0.02, "{dist} {expected}");
}

#[test]
fn fitting_brings_crowded_points_in_from_the_rim() {
    let at = |i: i32| {
        let (s, c) = f64::from(i).sin_cos();
        [0.99999 * c, 0.99999 * s]
    };
    let points: Vec<[f64; 2]> = (0..40).map(at).collect();
    let svg = plot()
        .points(&rows(&points))
        .fit_radius(2.0)
        .draw()
        .unwrap();
    let svg = svg.to_svg().unwrap();
    for (x, y, _, _) in circles(&svg).into_iter().filter(|c| c.3 == "#0072B2") {
        let [a, b] = in_disk([x, y]);
        assert!((a.hypot(b) - 1.0f64.tanh()).abs() < 1e-3);
    }
}

#[test]
fn branches_color_all_below_them_and_leave_the_rest_grey() {
    let points = rows(&[[0.0, 0.0], [0.3, 0.0], [0.6, 0.0], [-0.3, 0.0], [0.0, 0.5]]);
    let svg = plot()
        .points(&points)
        .edges(&[(1, 0), (2, 1), (3, 0), (4, 0)])
        .branches(&[(1, "one & all"), (3, "two")])
        .draw()
        .unwrap()
        .to_svg()
        .unwrap();
    let color_at = |x: f64, y: f64| {
        let here = |c: &&(f64, f64, f64, String)| (c.0 - x).hypot(c.1 - y) < 0.2;
        circles(&svg).iter().rfind(here).unwrap().3.clone()
    };
    assert_eq!(color_at(200.0 + 57.6, 200.0), "#0072B2");
    assert_eq!(color_at(200.0 + 115.2, 200.0), "#0072B2");
    assert_eq!(color_at(200.0 - 57.6, 200.0), "#D55E00");
    assert_eq!(color_at(200.0, 200.0), "#969EA6");
    assert_eq!(color_at(200.0, 104.0), "#969EA6");
    assert!(svg.contains("one &amp; all"));
}

#[test]
fn dots_shrink_with_depth() {
    let points = rows(&[[0.0, 0.0], [0.3, 0.0], [0.6, 0.0]]);
    let svg = plot()
        .points(&points)
        .edges(&[(1, 0), (2, 1)])
        .draw()
        .unwrap();
    let radii: Vec<f64> = circles(&svg.to_svg().unwrap())
        .into_iter()
        .filter(|c| c.3 == "#0072B2")
        .map(|c| c.2)
        .collect();
    assert!(radii[0] < radii[1] && radii[1] < radii[2], "{radii:?}");
}

#[test]
fn arrows_are_tangents_in_the_disks_coordinates() {
    let base = rows(&[[0.5, 0.0]]);
    let svg = plot()
        .arrows(&base, &rows(&[[0.0, 0.25]]), Color::GREEN)
        .draw()
        .unwrap()
        .to_svg()
        .unwrap();
    let head = svg
        .lines()
        .find(|l| l.contains("polygon") && l.contains("#009E73"));
    let tip = head.unwrap().split("points=\"").nth(1).unwrap();
    let tip = tip.split(' ').next().unwrap();
    assert_eq!(
        tip,
        format!("{},{}", (200.0 + 96.0) * 16.0, (200.0 - 48.0) * 16.0)
    );
}

#[test]
fn every_label_is_drawn_and_drawing_twice_gives_the_same() {
    let at = |i: u32| {
        let (s, c) = (f64::from(i) * 0.02).sin_cos();
        [0.97 * c, 0.97 * s]
    };
    let points: Vec<[f64; 2]> = (0..25).map(at).collect();
    let names: Vec<String> = (0..25).map(|i| format!("name {i}")).collect();
    let labels: Vec<(u32, &str)> = (0..25).map(|i| (i, names[i as usize].as_str())).collect();
    let draw = || {
        let plot = DiskPlot::new().size(700, 600).points(&rows(&points));
        plot.labels(&labels).draw().unwrap().to_svg().unwrap()
    };
    let svg = draw();
    for name in &names {
        assert!(svg.contains(&format!(">\n{name}\n</text>")));
    }
    assert_eq!(svg, draw());
}

#[test]
fn empty_plots_and_empty_batches_are_drawn() {
    assert_eq!(plot().draw().unwrap().size(), (400, 400));
    let none = Tensor::zeros([0, 2], (Kind::Double, tch::Device::Cpu));
    let svg = plot()
        .points(&none)
        .fit_radius(3.0)
        .draw()
        .unwrap()
        .to_svg();
    assert_eq!(circles(&svg.unwrap()).len(), 1);
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_reason() {
    let one = rows(&[[0.1, 0.2]]);
    let refused = [
        (plot().points(&rows(&[[0.0, 0.0], [1.0, 0.0]])), "row 1"),
        (plot().points(&rows(&[[0.0, f64::NAN]])), "row 0"),
        (
            plot().curvature(-4.0).points(&rows(&[[0.6, 0.0]])),
            "radius 0.5",
        ),
        (plot().points(&Tensor::from_slice(&[0.1, 0.2])), "[n, 2]"),
        (plot().points(&one.view([1, 1, 2])), "[n, 2]"),
        (plot().points(&one).edges(&[(0, 1)]), "row 1"),
        (plot().points(&one).labels(&[(7, "x")]), "row 7"),
        (plot().points(&one).labels(&[(0, "a\nb")]), "one line"),
        (plot().points(&one).centered_on(1), "row 1"),
        (plot().points(&one).groups(&[1], &["only"]), "1 names"),
        (plot().points(&one).groups(&[], &["only"]), "one a point"),
        (plot().points(&one).groups(&[0], &["g"; 9]), "at most 8"),
        (plot().points(&one).branches(&[(3, "x")]), "row 3"),
        (plot().points(&one).fit_radius(0.0), "radius > 0"),
        (plot().curvature(1.0), "curvature < 0"),
        (plot().size(10, 400), "from 50 to 6000"),
        (plot().size(400, 60_000), "from 50 to 6000"),
        (plot().title("two\nlines"), "one line"),
        (plot().curve(&rows(&[[2.0, 0.0]]), Color::BLUE), "radius 1"),
        (
            plot().arrows(&one, &rows(&[[f64::INFINITY, 0.0]]), Color::BLUE),
            "finite",
        ),
        (
            plot().arrows(&one, &rows(&[[0.0, 0.0], [0.0, 0.0]]), Color::BLUE),
            "one a base",
        ),
    ];
    for (plot, reason) in refused {
        let error = plot.draw().unwrap_err().to_string();
        assert!(error.contains(reason), "{error:?} does not tell {reason:?}");
    }
}

#[test]
fn labels_without_room_are_refused() {
    let points = rows(&[[0.0, 0.0]; 30]);
    let labels: Vec<(u32, &str)> = (0..30).map(|i| (i, "a very long label indeed")).collect();
    let error = DiskPlot::new()
        .size(60, 60)
        .points(&points)
        .labels(&labels)
        .draw();
    assert!(error.unwrap_err().to_string().contains("room"));
}

#[test]
fn direct_edges_undo_the_closure_of_a_hierarchy() {
    // 0 below 1 and 2, both below 3, which is below 4; 5 below 4 directly.
    let direct = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 4)];
    let mut closure = direct.to_vec();
    closure.extend([(0, 3), (0, 4), (1, 4), (2, 4)]);
    let mut found = direct_edges(&closure);
    found.sort_unstable();
    assert_eq!(found, direct);
    assert!(direct_edges(&[]).is_empty());
}
