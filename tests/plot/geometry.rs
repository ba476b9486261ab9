//! Geodesics and translations behind the pictures.

use super::arcs::{Vec2, View, add, geodesic, length, scale, sub};

fn square(z: Vec2) -> f64 {
    z[0] * z[0] + z[1] * z[1]
}

fn alpha(z: Vec2) -> f64 {
    1.0 - square(z)
}

fn cross(p: Vec2, q: Vec2) -> f64 {
    p[0] * q[1] - p[1] * q[0]
}

/// |z|² + 1 = 2⟨z, centre⟩ for every point of a circle that meets the rim at right angles.
fn orthogonal_center(p: Vec2, q: Vec2) -> Vec2 {
    let (a, b) = (0.5 + square(p) / 2.0, 0.5 + square(q) / 2.0);
    let d = cross(p, q);
    [(a * q[1] - b * p[1]) / d, (b * p[0] - a * q[0]) / d]
}

#[test]
fn geodesics_lie_on_circles_that_meet_the_rim_at_right_angles() {
    for (p, q) in [
        ([0.3, 0.1], [-0.2, 0.7]),
        ([0.9, 0.1], [0.1, -0.95]),
        ([0.999, 0.01], [0.99, -0.1]),
    ] {
        let center = orthogonal_center(p, q);
        let radius = length(sub(p, center));
        let arc = geodesic(p, q, 1e-4);
        assert!(arc.len() > 8);
        for z in &arc {
            assert!((length(sub(*z, center)) - radius).abs() < 1e-9 * radius.max(1.0));
            assert!(length(*z) < 1.0);
        }
        assert_eq!(arc[0], p);
        assert_eq!(arc[arc.len() - 1], q);
    }
}

#[test]
fn chords_of_the_polyline_stay_within_the_tolerance() {
    let (p, q) = ([0.9, 0.1], [0.1, -0.95]);
    let tolerance = 1e-3;
    let center = orthogonal_center(p, q);
    let radius = length(sub(p, center));
    let arc = geodesic(p, q, tolerance);
    for pair in arc.windows(2) {
        let middle = scale(add(pair[0], pair[1]), 0.5);
        assert!((length(sub(middle, center)) - radius).abs() <= 1.01 * tolerance);
    }
    assert!(arc.len() < 40, "{} corners are wasteful", arc.len());
}

#[test]
fn diameters_and_single_points_are_straight() {
    let arc = geodesic([-0.5, -0.25], [0.5, 0.25], 1e-3);
    assert_eq!(arc, vec![[-0.5, -0.25], [0.5, 0.25]]);
    assert_eq!(geodesic([0.2, 0.3], [0.2, 0.3], 1e-3).len(), 2);
}

#[test]
fn nearly_ideal_neighbours_are_joined_by_a_half_circle() {
    let at = |angle: f64| [(1.0 - 1e-13) * angle.cos(), (1.0 - 1e-13) * angle.sin()];
    let arc = geodesic(at(0.0), at(0.01), 1e-6);
    let depth = arc.iter().map(|z| 1.0 - length(*z)).fold(0.0, f64::max);
    // The half circle orthogonal to the rim over an angle of 0.01 is sec − tan of 0.005 away.
    let expected = 1.0 - (1.0 / 0.005f64.cos() - 0.005f64.tan());
    assert!((depth - expected).abs() < 1e-5, "{depth} {expected}");
}

#[test]
fn a_view_is_an_isometry_that_moves_its_center_to_the_origin() {
    let view = View {
        center: [0.7, -0.6],
        radial: 1.0,
    };
    assert_eq!(view.point([0.7, -0.6]), [0.0, 0.0]);
    let origin = View {
        center: [0.0, 0.0],
        radial: 1.0,
    };
    let z = [-0.2, 0.9];
    assert!((origin.radius(view.point(z)) - view.radius(z)).abs() < 1e-12);
    let shrunk = View {
        radial: 0.25,
        ..view
    };
    assert!((origin.radius(shrunk.point(z)) - 0.25 * view.radius(z)).abs() < 1e-12);
}

#[test]
fn a_view_keeps_lengths_of_tangents() {
    let view = View {
        center: [0.7, -0.6],
        radial: 1.0,
    };
    let (z, v) = ([0.3, 0.5], [0.01, -0.02]);
    let before = length(v) / alpha(z);
    let after = length(view.tangent(z, v)) / alpha(view.point(z));
    assert!((after / before - 1.0).abs() < 1e-8);
}
