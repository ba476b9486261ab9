//! Pictures: geometry and labels behind them, files, and what is refused.

#![allow(clippy::unwrap_used)]

// The private parts are compiled once more here, so that they are tested on numbers, not on pixels.
#[allow(dead_code)]
#[path = "../../src/plot/arcs.rs"]
mod arcs;
#[allow(dead_code)]
#[path = "../../src/plot/labels.rs"]
mod labels;

mod curves;
mod disk;
mod files;
mod geometry;
mod placement;

/// The corners of all polylines with this colour in an SVG, in pixels.
fn polylines(svg: &str, color: &str) -> Vec<Vec<[f64; 2]>> {
    let stroke = format!("stroke=\"{color}\"");
    svg.lines()
        .filter(|line| line.starts_with("<polyline") && line.contains(&stroke))
        .map(|line| {
            let points = line.split("points=\"").nth(1).unwrap();
            let points = points.split('"').next().unwrap();
            points
                .split_whitespace()
                .map(|pair| {
                    let (x, y) = pair.split_once(',').unwrap();
                    [
                        x.parse::<f64>().unwrap() / 16.0,
                        y.parse::<f64>().unwrap() / 16.0,
                    ]
                })
                .collect()
        })
        .collect()
}

/// Centre, radius and colour of all circles of an SVG, in pixels.
fn circles(svg: &str) -> Vec<(f64, f64, f64, String)> {
    let attribute = |line: &str, name: &str| {
        let rest = line.split(&format!(" {name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_string()
    };
    let number = |line: &str, name: &str| attribute(line, name).parse::<f64>().unwrap() / 16.0;
    svg.lines()
        .filter(|line| line.starts_with("<circle"))
        .map(|line| {
            (
                number(line, "cx"),
                number(line, "cy"),
                number(line, "r"),
                attribute(line, "fill"),
            )
        })
        .collect()
}
