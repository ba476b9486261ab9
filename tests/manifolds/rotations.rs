//! Rotations and rigid motions: near a half turn, as a group, beside the Stiefel manifold.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use holonomy::numerics::with_tensor_formulas;
use holonomy::{
    Error, Geodesic, Manifold, Sample, SpecialEuclidean, SpecialOrthogonal, Stiefel, StiefelMetric,
};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, seeded};

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

/// Skew-symmetric matrices with these angles in random planes, `[count, n, n]`.
fn generators(n: i64, seed: u64, count: i64, angles: &[f64]) -> Tensor {
    let block = Tensor::zeros([n, n], DOUBLE);
    for (i, &angle) in angles.iter().enumerate() {
        let i = 2 * i as i64;
        let _ = block.get(i).get(i + 1).fill_(-angle);
        let _ = block.get(i + 1).get(i).fill_(angle);
    }
    let m = SpecialOrthogonal::new(n).unwrap();
    let basis = m.random_point(&mut seeded(seed), &[count], DOUBLE);
    let x = basis.matmul(&block).matmul(&basis.transpose(-2, -1));
    (&x - x.transpose(-2, -1)) * 0.5
}

/// The worst error of log(p, exp(p, v)), for random p and v with these angles.
fn round_trip(n: i64, angles: &[f64]) -> f64 {
    const COUNT: i64 = 40;
    let m = SpecialOrthogonal::new(n).unwrap();
    let p = m.random_point(&mut seeded(7), &[COUNT], DOUBLE);
    let v = p.matmul(&generators(n, n as u64, COUNT, angles));
    let again = m.log(&p, &m.exp(&p, &v));
    largest(&(again - v))
}

#[test]
fn log_is_right_for_every_angle() {
    for n in [2, 3, 4, 5, 8] {
        for angle in [
            1e-300,
            1e-12,
            1e-4,
            0.5,
            2.0,
            3.0,
            PI - 1e-3,
            PI - 1e-6,
            PI - 1e-9,
            PI - 1e-12,
        ] {
            let error = round_trip(n, &[angle]);
            let bound = 1e-14 * f64::min(angle, 1.0) + if angle < 1e-3 { 2e-16 } else { 0.0 };
            assert!(error < bound, "n = {n}, angle {angle}: {error:e}");
        }
    }
}

#[test]
fn log_is_right_for_several_angles() {
    for (n, angles) in [
        (4, vec![1.0, 1.0]),
        (4, vec![3.1, 1e-8]),
        (5, vec![PI - 1e-9, 1.0]),
        (6, vec![PI - 1e-5, 1e-5, 2.0]),
        (7, vec![2.0, 2.0, 2.0]),
        (8, vec![3.0, 3.0, 0.0, 3.0]),
    ] {
        let error = round_trip(n, &angles);
        assert!(error < 1e-13, "n = {n}, angles {angles:?}: {error:e}");
    }
    // Two planes near a half turn are uncertain by a rounding over the distance from it.
    for gap in [1e-2, 1e-4, 1e-6] {
        let error = round_trip(5, &[PI - gap, PI - 2.0 * gap]);
        assert!(error < 1e-14 / gap, "gap {gap}: {error:e}");
    }
}

#[test]
fn tiny_turns_keep_their_digits() {
    for n in [2, 3, 4, 6] {
        let m = SpecialOrthogonal::new(n).unwrap();
        let one = Tensor::eye(n, DOUBLE);
        let x = generators(n, 3, 10, &[1e-11]);
        let v = m.log(&one, &(&one + &x));
        assert!(largest(&(v - x)) < 1e-11 * 1e-15, "n = {n}");
    }
}

#[test]
fn a_half_turn_has_length_pi() {
    for n in [2, 3] {
        let m = SpecialOrthogonal::new(n).unwrap();
        let half = Tensor::from_slice(&[-1.0, -1.0, 1.0])
            .narrow(0, 0, n)
            .diag(0);
        let v = m.log(&Tensor::eye(n, DOUBLE), &half);
        assert_close(&m.exp(&Tensor::eye(n, DOUBLE), &v), &half, 1e-15);
        assert!((m.dist(&half, &Tensor::eye(n, DOUBLE)).double_value(&[]) - PI).abs() < 1e-15);
    }
}

#[test]
fn log_by_formulas_is_log_by_kernels() {
    for n in [2, 3, 5] {
        let m = SpecialOrthogonal::new(n).unwrap();
        let p = m.random_point(&mut seeded(1), &[30], DOUBLE);
        let v = p.matmul(&generators(n, 2, 30, &[2.5]));
        let q = m.exp(&p, &v);
        let formula = with_tensor_formulas(|| [m.log(&p, &q), m.exp(&p, &v)]);
        assert_close(&formula[0], &v, 1e-13);
        assert_close(&formula[1], &q, 1e-14);
        let z = m.random_tangent(&mut seeded(4), &p) + &p * 0.3;
        assert_close(
            &with_tensor_formulas(|| m.project(&z)),
            &m.project(&z),
            1e-13,
        );
    }
}

/// No rotation is nearer, also to what is nearer to a reflection.
#[test]
fn project_gives_the_nearest_rotation() {
    let m = SpecialOrthogonal::new(4).unwrap();
    let z = holonomy::random::random_normal(&mut seeded(5), &[50, 4, 4], Kind::Double, DOUBLE.1);
    let p = m.project(&z);
    assert!(largest(&m.point_defect(&p)) < 1e-14);
    let distance = |p: &Tensor| {
        (p - &z)
            .square()
            .sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double)
    };
    for seed in 0..50 {
        let v = m.random_tangent(&mut seeded(seed), &p) * 10.0_f64.powi(-(seed as i32 % 4));
        let excess = distance(&m.exp(&p, &v)) - distance(&p);
        assert!(excess.min().double_value(&[]) > -1e-13);
    }
}

#[test]
fn reflections_are_no_rotations() {
    let m = SpecialOrthogonal::new(3).unwrap();
    let mirror = Tensor::from_slice(&[1.0, 1.0, -1.0]).diag(0);
    assert!(matches!(
        m.check_point(&mirror),
        Err(Error::NotOnManifold { .. })
    ));
    assert!(matches!(
        SpecialOrthogonal::new(1),
        Err(Error::InvalidArgument { .. })
    ));
}

/// A frame of n − 1 vectors has one last vector that makes it a rotation, and the canonical metric
/// is the group's.
#[test]
fn frames_short_of_one_vector_are_rotations() {
    for n in [2, 3, 5] {
        let rotations = SpecialOrthogonal::new(n).unwrap();
        let frames = Stiefel::new(n, n - 1, StiefelMetric::Canonical).unwrap();
        let p = rotations.random_point(&mut seeded(6), &[20], DOUBLE);
        let v = rotations.random_tangent(&mut seeded(7), &p);
        let v = &v / rotations.norm(&p, &v).view([20, 1, 1]);
        let q = rotations.exp(&p, &v);
        let first = |x: &Tensor| x.narrow(-1, 0, n - 1);
        assert_close(&frames.exp(&first(&p), &first(&v)), &first(&q), 2e-15);
        assert_close(
            &frames.norm(&first(&p), &first(&v)),
            &rotations.norm(&p, &v),
            1e-15,
        );
        let back = frames.log(&first(&p), &first(&q)).unwrap();
        assert_close(&back, &first(&rotations.log(&p, &q)), 1e-13);
    }
}

/// All frames of n vectors have the same geodesics, in every metric.
#[test]
fn whole_frames_are_rotations() {
    let rotations = SpecialOrthogonal::new(4).unwrap();
    let p = rotations.random_point(&mut seeded(8), &[20], DOUBLE);
    let v = p.matmul(&generators(4, 9, 20, &[1.2, 0.4]));
    let q = rotations.exp(&p, &v);
    for metric in [StiefelMetric::Canonical, StiefelMetric::Euclidean] {
        let frames = Stiefel::new(4, 4, metric).unwrap();
        assert_close(&frames.exp(&p, &v), &q, 2e-15);
        assert_close(&frames.log(&p, &q).unwrap(), &v, 1e-13);
    }
}

#[test]
fn motions_form_a_group() {
    let m = SpecialEuclidean::new(3).unwrap();
    let mut rng = seeded(10);
    let [a, b, c] = [(); 3].map(|()| m.random_point(&mut rng, &[20], DOUBLE));
    let left = m.compose(&m.compose(&a, &b), &c);
    assert_close(&left, &m.compose(&a, &m.compose(&b, &c)), 1e-14);
    let one = m.join(&Tensor::eye(3, DOUBLE), &Tensor::zeros([3], DOUBLE));
    assert_close(&m.compose(&a, &m.inverse(&a)), &one.expand_as(&a), 1e-14);
    assert_eq!(m.compose(&a.unsqueeze(1), &b).size(), [20, 20, 3, 4]);
}

/// The exponential and logarithm of matrices [Ω u; 0 0], at every angle.
#[test]
fn screw_motions_have_their_twists() {
    for n in [2, 3, 4] {
        let m = SpecialEuclidean::new(n).unwrap();
        for angle in [0.0, 1e-300, 1e-9, 1e-3, 1.0, 3.0, PI - 1e-6] {
            for reach in [1e-8, 1.0, 1e6] {
                let turn = generators(n, 11, 20, &[angle]);
                let shift = holonomy::random::random_normal(
                    &mut seeded(12),
                    &[20, n],
                    Kind::Double,
                    DOUBLE.1,
                );
                let twist = m.join(&turn, &(shift * reach));
                let motion = m.group_exp(&twist);
                let (r, t) = m.split(&motion);
                let again = m.group_log(&motion);
                let (back, returned) = m.split(&again);
                assert!(
                    largest(&(back - &turn)) < 2e-14,
                    "n = {n}, {angle}, {reach}"
                );
                let shift = m.split(&twist).1;
                assert!(
                    largest(&(returned - &shift)) < 3e-14 * reach * 4.0,
                    "n = {n}, {angle}, {reach}"
                );
                // By the series of the left Jacobian.
                let (mut term, mut sum) = (shift.unsqueeze(-1), Tensor::zeros([20, n, 1], DOUBLE));
                for j in 1..40 {
                    sum += &term / f64::from(j);
                    term = turn.matmul(&term) / f64::from(j);
                }
                assert!(largest(&(sum.squeeze_dim(-1) - t)) < 1e-14 * reach * 8.0);
                assert_close(
                    &r,
                    &SpecialOrthogonal::new(n)
                        .unwrap()
                        .exp(&Tensor::eye(n, DOUBLE), &turn),
                    4e-15,
                );
            }
        }
    }
}

#[test]
fn screw_motions_have_gradients_at_rest() {
    const STEP: f64 = 1e-6;
    let m = SpecialEuclidean::new(3).unwrap();
    for size in [0.0, 1e-9, 0.8] {
        let twist = m.join(
            &generators(3, 13, 1, &[size]),
            &Tensor::full([1, 3], size, DOUBLE),
        );
        let leaf = twist.copy().set_requires_grad(true);
        let way = m.join(&generators(3, 14, 1, &[1.0]), &Tensor::ones([1, 3], DOUBLE));
        let back = m.group_log(&m.group_exp(&leaf));
        (&back * &way).sum(Kind::Double).backward();
        let got = (leaf.grad() * &way).sum(Kind::Double).double_value(&[]);
        let want = (&way * &way).sum(Kind::Double).double_value(&[]);
        assert!((got - want).abs() < 1e-13, "{size}: {got} {want}");
        let weights = m.random_point(&mut seeded(15), &[1], DOUBLE);
        let leaf = twist.copy().set_requires_grad(true);
        (m.group_exp(&leaf) * &weights).sum(Kind::Double).backward();
        let at = |h: f64| (m.group_exp(&(&twist + &way * h)) * &weights).sum(Kind::Double);
        let want = ((at(STEP) - at(-STEP)) / (2.0 * STEP)).double_value(&[]);
        let got = (leaf.grad() * &way).sum(Kind::Double).double_value(&[]);
        assert!((got - want).abs() < 1e-8, "{size}: {got} {want}");
    }
}

#[test]
fn motions_turn_and_shift_apart() {
    let m = SpecialEuclidean::new(3).unwrap();
    let turns = SpecialOrthogonal::new(3).unwrap();
    let mut rng = seeded(16);
    let [p, q] = [(); 2].map(|()| m.random_point(&mut rng, &[30], DOUBLE));
    let ((r, s), (t, u)) = (m.split(&p), m.split(&q));
    let want = (turns.dist(&r, &t).square()
        + (u - s).square().sum_dim_intlist(-1, false, Kind::Double))
    .sqrt();
    assert_close(&m.dist(&p, &q), &want, 1e-15);
}
