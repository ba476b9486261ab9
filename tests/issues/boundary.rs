//! Near the edge of the ball.

use holonomy::{Geodesic, PoincareBall};
use tch::Tensor;

/// A step of the ball from artanh-distance `from` on an axis towards the origin and beyond.
fn step_inwards(from: f64, length: f64) -> (f64, f64) {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let x = (from / 2.0).tanh();
    let u = -length * (1.0 - x * x) / 2.0;
    let y = ball.exp(
        &Tensor::from_slice(&[x, 0.0]),
        &Tensor::from_slice(&[u, 0.0]),
    );
    (y.double_value(&[0]), ((from - length) / 2.0).tanh())
}

/// 1 − tanh² of a long step was taken from e^{−2s} − 1, and the point beyond the origin lost three
/// digits.
#[test]
fn the_far_end_of_a_long_step_through_the_origin_keeps_its_digits() {
    for length in [12.0, 16.0, 20.0] {
        let (got, expected) = step_inwards(4.0, length);
        assert!(
            (got / expected - 1.0).abs() < 2e-15,
            "{length}: {got} {expected}"
        );
    }
}

/// A step so long that sinh overflows gave NaN when it led inwards.
#[test]
fn an_endless_step_inwards_ends_at_the_edge() {
    for length in [100.0, 400.0, 1e5] {
        let (got, _) = step_inwards(4.0, length);
        assert!(got < -0.999_999 && got > -1.0, "{length}: {got}");
    }
}

/// Two points outside of the ball have a positive product of 1 − |x|², and passed for two inside.
#[test]
fn two_points_outside_of_the_ball_have_no_distance() {
    let ball = PoincareBall::new(1, -1.0).unwrap();
    let d = ball.dist(&Tensor::from_slice(&[2.0]), &Tensor::from_slice(&[3.0]));
    assert!(d.double_value(&[]).is_nan());
}
