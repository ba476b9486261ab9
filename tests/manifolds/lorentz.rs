//! Isometries and charts of the hyperboloid.

use holonomy::{Geodesic, Lorentz, Manifold, PoincareBall, Sample};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, far_points, seeded};

fn spaces() -> (PoincareBall, Lorentz) {
    let ball = PoincareBall::new(3, -0.7).unwrap();
    let space = ball.lorentz().unwrap();
    (ball, space)
}

#[test]
fn ball_and_hyperboloid_are_isometric() {
    let (ball, space) = spaces();
    for distance in [0.1, 4.0, 12.0] {
        let (x, y) = (
            far_points(&ball, 1, 60, distance),
            far_points(&ball, 2, 60, distance),
        );
        let (p, q) = (ball.to_lorentz(&x), ball.to_lorentz(&y));
        assert!(space.check_point(&p).is_ok());
        assert_close(&space.dist(&p, &q), &ball.dist(&x, &y), 1e-14);
        assert_close(&space.to_ball(&p), &x, 1e-15);
    }
}

#[test]
fn the_differential_carries_tangents_and_transport_over() {
    let (ball, space) = spaces();
    let (x, y) = (far_points(&ball, 1, 60, 3.0), far_points(&ball, 2, 60, 3.0));
    let v = ball.random_tangent(&mut seeded(3), &x);
    let (p, q, u) = (
        ball.to_lorentz(&x),
        ball.to_lorentz(&y),
        ball.to_lorentz_tangent(&x, &v),
    );
    assert!(space.check_tangent(&p, &u).is_ok());
    assert_close(&space.norm(&p, &u), &ball.norm(&x, &v), 1e-14);
    assert_close(&space.to_ball_tangent(&p, &u), &v, 1e-14);
    assert_close(&space.to_ball(&space.exp(&p, &u)), &ball.exp(&x, &v), 1e-13);
    assert_close(
        &space.log(&p, &q),
        &ball.to_lorentz_tangent(&x, &ball.log(&x, &y)),
        1e-12,
    );
    let moved = ball.to_lorentz_tangent(&y, &ball.parallel_transport(&x, &y, &v));
    assert_close(&space.parallel_transport(&p, &q, &u), &moved, 1e-12);
}

#[test]
fn boosts_move_the_origin_and_keep_distances() {
    let (_, space) = spaces();
    let p = far_points(&space, 1, 20, 2.0);
    let boost = space.boost(&p);
    assert_eq!(boost.size(), [20, 4, 4]);
    assert_close(&space.apply(&boost, &space.origin()), &p, 1e-14);
    let (x, y) = (
        far_points(&space, 2, 20, 1.0),
        far_points(&space, 3, 20, 1.0),
    );
    let moved = space.dist(&space.apply(&boost, &x), &space.apply(&boost, &y));
    assert_close(&moved, &space.dist(&x, &y), 1e-12);
    let metric = Tensor::from_slice(&[-1.0, 1.0, 1.0, 1.0]).diag(0);
    let kept = boost.transpose(-1, -2).matmul(&metric).matmul(&boost);
    assert_close(&kept, &metric.expand([20, 4, 4], false), 1e-11);
}

#[test]
fn boosts_agree_with_parallel_transport_from_the_origin() {
    let (_, space) = spaces();
    let p = far_points(&space, 1, 20, 2.0);
    let origin = space.origin().expand([20, 4], false);
    let v = space.random_tangent(&mut seeded(3), &origin);
    let moved = space.parallel_transport(&origin, &p, &v);
    assert_close(&space.apply(&space.boost(&p), &v), &moved, 1e-13);
}

#[test]
fn rotations_fix_the_origin_and_keep_distances() {
    let (_, space) = spaces();
    let (sin, cos) = 0.4_f64.sin_cos();
    let turn = Tensor::from_slice(&[cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0]).view([3, 3]);
    let isometry = space.rotation(&turn);
    assert_close(
        &space.apply(&isometry, &space.origin()),
        &space.origin(),
        1e-15,
    );
    let (x, y) = (
        far_points(&space, 2, 20, 2.0),
        far_points(&space, 3, 20, 2.0),
    );
    let moved = space.dist(&space.apply(&isometry, &x), &space.apply(&isometry, &y));
    assert_close(&moved, &space.dist(&x, &y), 1e-13);
}

#[test]
#[should_panic(expected = "rotation: expected a matrix [.., 3, 3], got [2, 2]")]
fn a_rotation_of_the_wrong_size_is_named() {
    let _ = spaces().1.rotation(&Tensor::eye(2, DOUBLE));
}

#[test]
fn the_centroid_is_the_normalised_sum() {
    let (_, space) = spaces();
    let points = far_points(&space, 1, 5, 1.0);
    let weights = Tensor::from_slice(&[1.0, 2.0, 0.5, 0.0, 3.0]);
    let sum = (&points * weights.unsqueeze(-1)).sum_dim_intlist(0, false, Kind::Double);
    let spatial = sum.narrow(0, 1, 3);
    let mass = (sum.get(0).square() - spatial.square().sum(Kind::Double)).sqrt();
    let expected = sum / mass / 0.7_f64.sqrt();
    assert_close(&space.centroid(&points, &weights), &expected, 1e-13);
}

#[test]
fn klein_makes_geodesics_straight() {
    let (_, space) = spaces();
    let (p, q) = (
        far_points(&space, 1, 30, 2.0),
        far_points(&space, 2, 30, 2.0),
    );
    let middle = space.geodesic(&p, &q, &Tensor::from(0.3));
    let [p, q, middle] = [&p, &q, &middle].map(|x| space.to_klein(x));
    let (chord, part) = (&q - &p, &middle - &p);
    let along = (&chord * &part).sum_dim_intlist(-1, true, None)
        / chord.square().sum_dim_intlist(-1, true, None);
    assert!((part - along * chord).abs().max().double_value(&[]) < 1e-14);
    assert_close(&space.to_klein(&space.from_klein(&p)), &p, 1e-14);
}

#[test]
fn half_space_distance_is_the_textbook_one() {
    let (_, space) = spaces();
    let (p, q) = (
        far_points(&space, 1, 60, 2.0),
        far_points(&space, 2, 60, 2.0),
    );
    let (a, b) = (space.to_half_space(&p), space.to_half_space(&q));
    let (height_a, height_b) = (a.select(-1, 2), b.select(-1, 2));
    let square = (&a - &b).square().sum_dim_intlist(-1, false, None);
    let expected = (square / (height_a * height_b) / 2.0 + 1.0).acosh() / 0.7_f64.sqrt();
    assert_close(&space.dist(&p, &q), &expected, 1e-12);
    assert_close(&space.from_half_space(&a), &p, 1e-12);
}

#[test]
fn half_space_keeps_digits_high_up_and_far_down() {
    let space = Lorentz::new(2, -1.0).unwrap();
    for height in [1e-8, 1.0, 1e8] {
        let z = Tensor::from_slice(&[0.25 * height, height]);
        assert_close(&space.to_half_space(&space.from_half_space(&z)), &z, 1e-14);
    }
}
