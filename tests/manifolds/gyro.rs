//! The ball's gyrovector operations, by their defining identities.

use holonomy::{Geodesic, Manifold, PoincareBall, Sample};
use tch::Tensor;

use super::{DOUBLE, assert_close, far_points, seeded};

fn ball() -> PoincareBall {
    PoincareBall::new(3, -0.7).unwrap()
}

fn three(distance: f64) -> [Tensor; 3] {
    [1, 2, 3].map(|seed| far_points(&ball(), seed, 50, distance))
}

#[test]
fn addition_is_the_textbook_formula() {
    let (c, [x, y, _]) = (0.7, three(0.5));
    let dot = |a: &Tensor, b: &Tensor| (a * b).sum_dim_intlist(-1, true, None);
    let (xy, xx, yy) = (dot(&x, &y), dot(&x, &x), dot(&y, &y));
    let numerator = (&xy * (2.0 * c) + &yy * c + 1.0) * &x + (1.0 - &xx * c) * &y;
    let expected = numerator / (&xy * (2.0 * c) + &xx * &yy * (c * c) + 1.0);
    assert_close(&ball().mobius_add(&x, &y), &expected, 1e-14);
}

#[test]
fn the_negative_is_the_left_inverse() {
    let [x, y, _] = three(3.0);
    let back = ball().mobius_add(&-&x, &ball().mobius_add(&x, &y));
    assert_close(&back, &y, 1e-12);
}

#[test]
fn exp_is_a_left_translation_of_exp_at_the_origin() {
    let ball = ball();
    let p = far_points(&ball, 1, 50, 2.0);
    let v = ball.random_tangent(&mut seeded(2), &p);
    let alpha = 1.0 - p.square().sum_dim_intlist(-1, true, None) * 0.7;
    let at_origin = ball.exp(&p.zeros_like(), &(&v / alpha));
    assert_close(&ball.mobius_add(&p, &at_origin), &ball.exp(&p, &v), 1e-13);
}

#[test]
fn scalar_multiples_lie_on_the_ray_at_the_multiple_of_the_distance() {
    let (ball, [x, _, _]) = (ball(), three(2.0));
    let r = Tensor::from(0.3);
    let scaled = ball.mobius_scale(&r, &x);
    let origin = x.zeros_like();
    assert_close(
        &ball.dist(&origin, &scaled),
        &(ball.dist(&origin, &x) * 0.3),
        1e-14,
    );
    let twice = ball.mobius_scale(&Tensor::from(2.0), &x);
    assert_close(&twice, &ball.mobius_add(&x, &x), 1e-14);
    assert_close(&ball.mobius_scale(&Tensor::from(1.0), &x), &x, 1e-15);
}

#[test]
fn matrices_act_in_the_tangent_space_at_the_origin() {
    let (ball, [x, _, _]) = (ball(), three(1.0));
    let twice = Tensor::eye(3, DOUBLE) * 2.0;
    assert_close(
        &ball.mobius_matvec(&twice, &x),
        &ball.mobius_scale(&Tensor::from(2.0), &x),
        1e-14,
    );
    let projection = Tensor::from_slice(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).view([2, 3]);
    assert_eq!(ball.mobius_matvec(&projection, &x).size(), [50, 2]);
}

#[test]
#[should_panic(expected = "mobius_matvec: expected a matrix [m, 3], got [3, 2]")]
fn a_matrix_of_the_wrong_shape_is_named() {
    let _ = ball().mobius_matvec(&Tensor::zeros([3, 2], DOUBLE), &Tensor::zeros([3], DOUBLE));
}

#[test]
fn gyration_measures_how_addition_fails_to_associate() {
    let (ball, [x, y, z]) = (ball(), three(1.0));
    let sum = ball.mobius_add(&x, &y);
    let expected = ball.mobius_add(&-sum, &ball.mobius_add(&x, &ball.mobius_add(&y, &z)));
    assert_close(&ball.gyration(&x, &y, &z), &expected, 1e-12);
}

#[test]
fn gyration_keeps_lengths_and_gives_parallel_transport() {
    let (ball, [x, y, _]) = (ball(), three(6.0));
    let v = ball.random_tangent(&mut seeded(4), &x);
    let turned = ball.gyration(&y, &-&x, &v);
    let norm = |v: &Tensor| v.square().sum_dim_intlist(-1, false, None).sqrt();
    assert_close(&norm(&turned), &norm(&v), 1e-14);
    let transported = ball.parallel_transport(&x, &y, &v);
    assert_close(
        &(&transported / norm(&transported).unsqueeze(-1)),
        &(&turned / norm(&turned).unsqueeze(-1)),
        1e-13,
    );
}

#[test]
fn the_midpoint_of_two_points_is_the_geodesic_midpoint() {
    for distance in [1.0, 12.0] {
        let (ball, [x, y, _]) = (ball(), three(distance));
        let points = Tensor::stack(&[&x, &y], -2);
        let weights = Tensor::ones([50, 2], DOUBLE);
        let middle = ball.gyromidpoint(&points, &weights);
        let gap = ball.dist(&middle, &x) - ball.dist(&middle, &y);
        assert!(
            gap.abs().max().double_value(&[]) < 1e-6 * distance,
            "{gap:?}"
        );
        let along = ball.geodesic(&x, &y, &Tensor::from(0.5));
        assert_close(&middle, &along, 1e-11);
    }
}

#[test]
fn the_midpoint_of_a_cluster_near_the_boundary_keeps_its_digits() {
    let ball = ball();
    let p = far_points(&ball, 1, 20, 14.0);
    let v = ball.random_tangent(&mut seeded(2), &p) * 1e-3;
    let points = Tensor::stack(&[&ball.exp(&p, &v), &ball.exp(&p, &-&v)], -2);
    let middle = ball.gyromidpoint(&points, &Tensor::ones([20, 2], DOUBLE));
    // Rounding of the coordinates alone moves points by about e^14 · 1e-16.
    assert!(ball.dist(&middle, &p).max().double_value(&[]) < 1e-8);
}

#[test]
fn a_weight_pulls_the_midpoint_and_weight_zero_ignores_a_point() {
    let (ball, [x, y, z]) = (ball(), three(2.0));
    let points = Tensor::stack(&[&x, &y, &z], -2);
    let weights = Tensor::from_slice(&[0.0, 1.0, 0.0]).expand([50, 3], false);
    assert_close(&ball.gyromidpoint(&points, &weights), &y, 1e-12);
}

#[test]
fn hyperplane_distance_is_the_least_distance_to_its_points() {
    let ball = PoincareBall::new(2, -0.7).unwrap();
    let x = far_points(&ball, 1, 1, 1.0);
    let p = far_points(&ball, 2, 1, 0.5);
    let a = Tensor::from_slice(&[0.6, -1.1]).view([1, 2]);
    // The hyperplane is the geodesic through p across a.
    let along = Tensor::from_slice(&[1.1, 0.6]).view([1, 2]);
    let t = Tensor::linspace(-6.0, 6.0, 240_001, DOUBLE).unsqueeze(-1);
    let plane = ball.exp(
        &p,
        &(t * along
            / ball
                .norm(&p, &Tensor::from_slice(&[1.1, 0.6]).view([1, 2]))
                .unsqueeze(-1)),
    );
    let least = ball.dist(&x, &plane).min();
    let signed = ball.hyperplane_dist(&x, &p, &a);
    assert_close(&signed.abs().view([] as [i64; 0]), &least, 1e-8);
    let mirrored = ball.hyperplane_dist(&x, &p, &-&a);
    assert_close(&mirrored, &-signed, 1e-15);
    assert!(
        ball.hyperplane_dist(&p, &p, &a)
            .abs()
            .max()
            .double_value(&[])
            < 1e-15
    );
}
