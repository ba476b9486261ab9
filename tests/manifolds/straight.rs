//! The straight retraction of the ball, and what its edge costs.

use holonomy::{Error, Geodesic, Manifold, PoincareBall};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, far_points};

fn ball(n: i64, kappa: f64) -> PoincareBall {
    let ball = PoincareBall::new(n, kappa).unwrap();
    ball.with_straight_retraction(PoincareBall::STRAIGHT_EDGE)
        .unwrap()
}

fn radius(ball: &PoincareBall, p: &Tensor) -> f64 {
    ball.dist(&p.zeros_like(), p).double_value(&[])
}

/// The point at this hyperbolic distance from the origin in the plane of curvature −1.
fn at(radius: f64) -> Tensor {
    Tensor::from_slice(&[(radius / 2.0).tanh(), 0.0])
}

/// A step of this hyperbolic length along the first axis.
fn outwards(ball: &PoincareBall, p: &Tensor, length: f64) -> Tensor {
    let v = Tensor::from_slice(&[1.0, 0.0]).to_kind(p.kind());
    let unit = ball.norm(p, &v).double_value(&[]);
    v * (length / unit)
}

#[test]
fn the_edge_costs_all_beyond_a_distance_of_12_2() {
    for kind in [Kind::Double, Kind::Float] {
        let ball = ball(2, -1.0);
        let p = at(1.0).to_kind(kind);
        for length in [1.5, 1e3, 1e30] {
            let q = ball.retract(&p, &outwards(&ball, &p, length));
            assert!(ball.check_point(&q).is_ok());
            let farthest = radius(&ball, &q);
            assert!((farthest - 12.206).abs() < 0.02, "{kind:?}: {farthest}");
        }
    }
    let wide = PoincareBall::new(2, -1.0).unwrap();
    let p = at(11.0);
    let exact = radius(&wide, &wide.exp(&p, &outwards(&wide, &p, 10.0)));
    assert!((exact - 21.0).abs() < 1e-6, "{exact}");
}

#[test]
fn a_step_has_the_documented_length_near_the_boundary() {
    let ball = ball(2, -1.0);
    let p = at(8.0);
    for (length, expected) in [(0.5, -(0.5_f64.ln())), (-0.5, -(1.5_f64.ln()))] {
        let q = ball.retract(&p, &outwards(&ball, &p, length));
        let gone = radius(&ball, &q) - 8.0;
        assert!((gone - expected).abs() < 1e-3, "{length}: {gone}");
    }
}

#[test]
fn points_beyond_the_edge_stay_or_come_inwards() {
    let ball = ball(2, -1.0);
    let p = at(14.0);
    assert_eq!(ball.retract(&p, &p.zeros_like()), p);
    let stopped = ball.retract(&p, &outwards(&ball, &p, 0.1));
    assert_close(&stopped, &p, 1e-15);
    let inwards = ball.retract(&p, &outwards(&ball, &p, -0.1));
    assert!((radius(&ball, &inwards) - 14.0 + 1.1_f64.ln()).abs() < 1e-3);
}

#[test]
fn inside_the_edge_it_is_the_sum_for_any_curvature() {
    for kappa in [-0.25, -1.0, -3.0] {
        let straight = ball(5, kappa);
        let p = far_points(&straight, 1, 50, 2.0);
        let v = Tensor::ones([50, 5], DOUBLE) * 1e-3;
        assert_close(&straight.retract(&p, &v), &(&p + &v), 1e-15);
        let far = straight.retract(&p, &(&v * 1e6));
        let norm = far.square().sum_dim_intlist(-1, false, Kind::Double).sqrt() * (-kappa).sqrt();
        assert_close(
            &norm,
            &(norm.ones_like() * PoincareBall::STRAIGHT_EDGE),
            1e-14,
        );
    }
}

#[test]
fn an_edge_outside_of_the_ball_is_refused() {
    for edge in [0.0, -0.5, 1.0, 2.0, f64::NAN] {
        let made = PoincareBall::new(2, -1.0)
            .unwrap()
            .with_straight_retraction(edge);
        assert!(
            matches!(made, Err(Error::InvalidArgument { .. })),
            "{edge}: {made:?}"
        );
    }
}
