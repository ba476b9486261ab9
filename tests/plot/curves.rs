//! Curves and their axes, read back from SVG.

use holonomy::plot::CurvePlot;

use super::polylines;

#[test]
fn a_logarithmic_axis_spaces_equal_ratios_equally() {
    let data: Vec<(f64, f64)> = [1.0, 10.0, 100.0].map(|x| (x, x)).to_vec();
    let svg = CurvePlot::new().log_x().log_y().line("power", &data).draw();
    let line = polylines(&svg.unwrap().to_svg().unwrap(), "#0072B2").remove(0);
    let step = |i: usize, j: usize| line[i + 1][j] - line[i][j];
    assert!((step(0, 0) - step(1, 0)).abs() <= 0.13 && step(0, 0) > 100.0);
    assert!((step(0, 1) - step(1, 1)).abs() <= 0.13 && step(0, 1) < -100.0);
}

#[test]
fn ticks_are_round_and_cover_the_range() {
    let data = [(0.0, 0.000_2), (300.0, 3.0)];
    let plot = CurvePlot::new()
        .x_label("epoch")
        .y_label("loss")
        .title("Loss");
    let svg = plot
        .clone()
        .log_y()
        .line("a", &data)
        .draw()
        .unwrap()
        .to_svg()
        .unwrap();
    for text in ["0.001", "0.1", "1", "100", "300", "epoch", "loss", "Loss"] {
        assert!(svg.contains(&format!(">\n{text}\n</text>")), "no {text:?}");
    }
    let near = [(0.0, 0.4), (1.0, 6.0)];
    let svg = plot.clone().log_y().line("a", &near).draw().unwrap();
    let svg = svg.to_svg().unwrap();
    for text in ["0.5", "1", "2", "5"] {
        assert!(svg.contains(&format!(">\n{text}\n</text>")), "no {text:?}");
    }
    let svg = plot.line("a", &data).draw().unwrap().to_svg().unwrap();
    for text in ["0", "1", "2", "3"] {
        assert!(svg.contains(&format!(">\n{text}\n</text>")), "no {text:?}");
    }
}

#[test]
fn names_at_the_ends_of_equal_curves_do_not_overlap() {
    let data = [(0.0, 1.0), (1.0, 2.0)];
    let plot = (0..5).fold(CurvePlot::new(), |p, i| p.line(format!("run {i}"), &data));
    let svg = plot.draw().unwrap().to_svg().unwrap();
    let lines: Vec<&str> = svg.lines().collect();
    let mut heights: Vec<f64> = (0..5)
        .map(|i| {
            let name = format!("run {i}");
            let at = lines.iter().position(|l| *l == name).unwrap();
            let y = lines[at - 1].split(" y=\"").nth(1).unwrap();
            y.split('"').next().unwrap().parse::<f64>().unwrap() / 16.0
        })
        .collect();
    heights.sort_by(f64::total_cmp);
    assert!(
        heights.windows(2).all(|w| w[1] - w[0] > 15.0),
        "{heights:?}"
    );
}

#[test]
fn sharp_corners_are_rounded_not_spiked() {
    let zigzag: Vec<(f64, f64)> = (0..40).map(|i| (f64::from(i), f64::from(i % 2))).collect();
    let svg = CurvePlot::new()
        .size(120, 300)
        .line("z", &zigzag)
        .draw()
        .unwrap();
    let lines = polylines(&svg.to_svg().unwrap(), "#0072B2");
    assert_eq!(lines.len(), 39, "one stroke between corners");
    assert!(
        lines.windows(2).all(|w| w[0][1] == w[1][0]),
        "the strokes join"
    );
}

#[test]
fn constant_and_single_points_are_drawn() {
    let svg = CurvePlot::new()
        .line("flat", &[(0.0, 0.0), (1.0, 0.0)])
        .draw()
        .unwrap();
    let line = polylines(&svg.to_svg().unwrap(), "#0072B2").remove(0);
    assert!(line.iter().all(|z| z[1] == line[0][1]));
    assert!(
        (200.0..300.0).contains(&line[0][1]),
        "{line:?} is not in the middle"
    );
    CurvePlot::new().line("dot", &[(2.0, 3.0)]).draw().unwrap();
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_reason() {
    let refused = [
        (CurvePlot::new(), "1 to 8"),
        (CurvePlot::new().line("none", &[]), "at least one point"),
        (
            CurvePlot::new().line("a", &[(0.0, f64::NAN)]),
            "NaN in point 0",
        ),
        (
            CurvePlot::new()
                .log_y()
                .line("a", &[(0.0, 1.0), (1.0, 0.0)]),
            "point 1",
        ),
        (
            CurvePlot::new().log_x().line("a", &[(0.0, 1.0)]),
            "logarithmic",
        ),
        (
            CurvePlot::new().size(0, 10).line("a", &[(0.0, 1.0)]),
            "pixels",
        ),
        (CurvePlot::new().line("a\tb", &[(0.0, 1.0)]), "one line"),
    ];
    for (plot, reason) in refused {
        let error = plot.draw().unwrap_err().to_string();
        assert!(error.contains(reason), "{error:?} does not tell {reason:?}");
    }
}
