//! Values and gradients of matrix manifolds.

use std::f64::consts::{FRAC_PI_2, PI};

use holonomy::numerics::with_tensor_formulas;
use holonomy::{
    Error, Flag, Geodesic, Grassmann, Manifold, Sample, SpdAffineInvariant, SpdBuresWasserstein,
    SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal, Stiefel, StiefelMetric,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn seeded(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn leaf(x: &Tensor) -> Tensor {
    x.detach().copy().set_requires_grad(true)
}

fn number(x: &Tensor) -> f64 {
    x.double_value(&[])
}

fn largest(x: &Tensor) -> f64 {
    number(&x.abs().max())
}

fn all_finite(x: &Tensor) -> bool {
    x.isfinite().all().int64_value(&[]) == 1
}

fn is_nan(x: &Tensor) -> bool {
    x.isnan().all().int64_value(&[]) == 1
}

/// The columns of the identity with these numbers.
fn columns(n: i64, which: &[i64]) -> Tensor {
    Tensor::eye(n, DOUBLE).index_select(1, &Tensor::from_slice(which))
}

fn diagonal(entries: &[f64]) -> Tensor {
    Tensor::from_slice(entries).diag(0)
}

/// The distances, the same with and without gradients bit for bit, and the gradients of their sum.
#[track_caller]
fn with_gradients(m: &dyn Geodesic, p: &Tensor, q: &Tensor) -> (Tensor, [Tensor; 2]) {
    let leaves = [leaf(p), leaf(q)];
    let dist = m.dist(&leaves[0], &leaves[1]);
    assert_eq!(dist.detach(), m.dist(p, q), "with and without gradients");
    let mut found = Tensor::run_backward(&[dist.sum(Kind::Double)], &leaves, false, false);
    let second = found.pop().unwrap();
    (dist.detach(), [found.pop().unwrap(), second])
}

/// The lengths of the Riemannian gradients.
fn lengths(m: &dyn Manifold, p: &Tensor, gradient: &Tensor) -> Tensor {
    m.norm(p, &m.rgrad(p, gradient))
}

/// With a gradient the distance of orthogonal planes was NaN, and so was every gradient of the batch to a
/// point that they shared.
#[test]
fn right_angles_have_a_distance_and_a_gradient() {
    let space = Grassmann::new(6, 2).unwrap();
    let p = columns(6, &[0, 1]);
    let (sin, cos) = 0.3_f64.sin_cos();
    // e₁ turned by 0.3, e₂ by a right angle.
    let mixed = columns(6, &[0, 3]) * Tensor::from_slice(&[cos, 1.0]);
    let mixed = mixed + columns(6, &[4, 3]) * Tensor::from_slice(&[sin, 0.0]);
    let near = space.exp(&p, &(columns(6, &[5, 4]) * 0.2));
    let q = Tensor::stack(&[&columns(6, &[2, 3]), &near, &mixed], 0);
    let (dist, [to_p, to_q]) = with_gradients(&space, &p, &q);
    let root = |square: f64| square.sqrt();
    let exact = [
        FRAC_PI_2 * root(2.0),
        0.2 * root(2.0),
        root(FRAC_PI_2 * FRAC_PI_2 + 0.09),
    ];
    assert!(largest(&(dist - Tensor::from_slice(&exact))) < 4e-15);
    assert!(all_finite(&to_p) && all_finite(&to_q));

    // The regular row is not touched, and of the angles 0.3 and π/2 only the first has a slope.
    let (_, [_, alone]) = with_gradients(&space, &p, &near);
    assert!(largest(&(to_q.get(1) - alone)) < 1e-14);
    let slopes = lengths(&space, &q, &to_q);
    let want = Tensor::from_slice(&[0.0, 1.0, 0.3 / exact[2]]);
    assert!(largest(&(slopes - want)) < 1e-14);
}

/// Infinite, as documented; it was 8.6, the tangent of π/2 in f64.
#[test]
fn the_martin_distance_of_orthogonal_planes_is_infinite() {
    for kind in [Kind::Double, Kind::Float] {
        let space = Grassmann::new(4, 2).unwrap();
        let [p, q] = [[0, 1], [2, 1]].map(|which| columns(4, &which).to_kind(kind));
        assert_eq!(number(&space.martin_dist(&p, &q)), f64::INFINITY);
        let p = leaf(&p);
        let dist = space.binet_cauchy_dist(&p, &q);
        assert_eq!(number(&dist), 1.0);
        let found = Tensor::run_backward(&[&dist], &[&p], false, false);
        assert!(all_finite(&found[0]));
    }
}

/// √k π for k half turns of n dimensions.
fn half_turns(n: i64, k: i64) -> (Tensor, f64) {
    let entries: Vec<f64> = (0..n).map(|i| if i < 2 * k { -1.0 } else { 1.0 }).collect();
    (diagonal(&entries), PI * (k as f64).sqrt())
}

/// In more than three dimensions the distance of half turns was NaN, in two and three it was with a
/// gradient.
#[test]
fn half_turns_have_a_distance_and_a_gradient() {
    for n in 2..=8 {
        let rotations = SpecialOrthogonal::new(n).unwrap();
        let motions = SpecialEuclidean::new(n).unwrap();
        let one = Tensor::eye(n, DOUBLE);
        let turn = rotations.random_point(&mut seeded(1), &[], DOUBLE);
        let start = rotations.random_point(&mut seeded(2), &[], DOUBLE);
        let shift = Tensor::ones([n], DOUBLE);
        for k in 1..=n / 2 {
            let (half, exact) = half_turns(n, k);
            let turned = start.matmul(&turn).matmul(&half).matmul(&turn.tr());
            for (p, q) in [(&one, &half), (&start, &turned)] {
                let (dist, gradients) = with_gradients(&rotations, p, q);
                assert!(
                    (number(&dist) / exact - 1.0).abs() < 4e-15,
                    "{n}, {k}: {dist}"
                );
                for (base, gradient) in [p, q].iter().zip(&gradients) {
                    let slope = number(&lengths(&rotations, base, gradient));
                    assert!(slope <= 1.0 + 1e-14, "{n}, {k}: {slope}");
                }
                let joined = |r: &Tensor, t: f64| motions.join(r, &(&shift * t));
                let (dist, gradients) = with_gradients(&motions, &joined(p, 0.0), &joined(q, 2.0));
                let exact = (exact * exact + 4.0 * n as f64).sqrt();
                assert!((number(&dist) / exact - 1.0).abs() < 4e-15);
                assert!(gradients.iter().all(all_finite));
                // The way of the translation goes on.
                let shifted = gradients[1].narrow(-1, n, 1).squeeze();
                assert!(largest(&(shifted - &shift * 2.0 / exact)) < 1e-14);
            }
        }
    }
}

/// Several planes near a half turn.
#[test]
fn distances_near_half_turns_keep_their_digits() {
    for n in [4, 5, 7, 8] {
        let m = SpecialOrthogonal::new(n).unwrap();
        let basis = m.random_point(&mut seeded(3), &[], DOUBLE);
        let p = m.random_point(&mut seeded(4), &[], DOUBLE);
        for gap in [1e-3, 1e-6, 1e-8, 1e-10, 1e-13, 1e-15] {
            let x = Tensor::zeros([n, n], DOUBLE);
            let angles = [PI - gap, PI - 2.0 * gap];
            for (i, &angle) in angles.iter().enumerate() {
                let i = 2 * i as i64;
                let _ = x.get(i).get(i + 1).fill_(-angle);
                let _ = x.get(i + 1).get(i).fill_(angle);
            }
            let x = basis.matmul(&x).matmul(&basis.tr());
            let q = m.exp(&p, &p.matmul(&x));
            let exact = angles.iter().map(|a| a * a).sum::<f64>().sqrt();
            let (dist, gradients) = with_gradients(&m, &p, &q);
            assert!(
                (number(&dist) / exact - 1.0).abs() < 2e-15,
                "{n}, {gap:e}: {dist}"
            );
            assert!(gradients.iter().all(all_finite), "{n}, {gap:e}");
        }
    }
}

/// The logarithm of a half turn in the plane and in space is one of two, and its gradient that of its way: it
/// was NaN.
#[test]
fn logarithms_of_half_turns_have_gradients() {
    for n in [2, 3] {
        let m = SpecialOrthogonal::new(n).unwrap();
        let (half, _) = half_turns(n, 1);
        let one = Tensor::eye(n, DOUBLE);
        let q = leaf(&half);
        let log = m.log(&one, &q);
        assert_eq!(log.detach(), m.log(&one, &half));
        let weight = m.log(&one, &half);
        let found =
            Tensor::run_backward(&[(&log * &weight).sum(Kind::Double)], &[&q], false, false);
        // Σ log² grows by 2|log| along the way: ∂ ½|log|² = log at the end of the way.
        let along = half.matmul(&weight);
        let slope = (m.rgrad(&half, &found[0]) / 2.0 - along).abs();
        assert!(largest(&slope) < 1e-14, "{n}: {slope}");
    }
}

/// The gradient of a rounding that the distance of a point from itself consisted of, up to 20.5.
#[test]
fn the_distance_of_a_point_from_itself_has_no_slope() {
    let affine = SpdAffineInvariant::new(4).unwrap();
    let points = affine.random_point(&mut seeded(5), &[200], DOUBLE);
    let spaces: [&dyn Geodesic; 3] = [
        &affine,
        &SpdLogEuclidean::new(4).unwrap(),
        &SpdLogCholesky::new(4).unwrap(),
    ];
    for m in spaces {
        let (dist, gradients) = with_gradients(m, &points, &points);
        assert_eq!(largest(&dist), 0.0, "{m:?}");
        assert!(gradients.iter().all(|g| largest(g) == 0.0), "{m:?}");
        // A few roundings away it is a unit vector, or still 0.
        for size in [1e-17, 1e-16, 1e-12, 1e-8] {
            let q = &points * (1.0 + size);
            let (_, [to_p, to_q]) = with_gradients(m, &points, &q);
            for slopes in [lengths(m, &points, &to_p), lengths(m, &q, &to_q)] {
                assert!(largest(&slopes) < 1.0 + 1e-10, "{m:?}, {size:e}");
            }
        }
    }
    let bures = SpdBuresWasserstein::new(4).unwrap();
    let p = leaf(&points);
    let dist = bures.dist(&p, &points);
    let found = Tensor::run_backward(&[dist.sum(Kind::Double)], &[&p], false, false);
    assert_eq!(largest(&found[0]), 0.0);
}

/// The rotation nearest to a matrix of rank n − 1 was NaN; it is unique.
#[test]
fn a_matrix_of_rank_n_less_one_has_a_nearest_rotation() {
    let space = SpecialOrthogonal::new(3).unwrap();
    let flat = diagonal(&[1.0, 1.0, 0.0]);
    assert!(largest(&(space.project(&flat) - Tensor::eye(3, DOUBLE))) < 1e-15);
    for n in 2..=6 {
        let m = SpecialOrthogonal::new(n).unwrap();
        let [u, v] = [6, 7].map(|seed| m.random_point(&mut seeded(seed), &[], DOUBLE));
        // The zero stands first, so that no order of singular values helps.
        for sign in [1.0, -1.0] {
            let mut values: Vec<f64> = (0..n).map(|i| i as f64).collect();
            values[n as usize - 1] *= sign;
            let z = u.matmul(&diagonal(&values)).matmul(&v.tr());
            let mut signs = vec![1.0; n as usize];
            signs[n as usize - 1] = sign;
            signs[0] = sign;
            let exact = u.matmul(&diagonal(&signs)).matmul(&v.tr());
            let z = leaf(&z);
            for p in [m.project(&z), with_tensor_formulas(|| m.project(&z))] {
                assert!(largest(&(p.detach() - &exact)) < 1e-14, "{n}, {sign}");
                let weight = v.matmul(&u.tr());
                let sum = (&p * &weight).sum(Kind::Double);
                let gradient = Tensor::run_backward(&[sum], &[&z], false, false);
                let step = tch::no_grad(|| m.random_point(&mut seeded(8), &[], DOUBLE)) * 1e-5;
                let value = |z: Tensor| number(&(m.project(&z) * &weight).sum(Kind::Double));
                let change = value(z.detach() + &step) - value(z.detach() - &step);
                let slope = number(&(&gradient[0] * &step).sum(Kind::Double)) * 2.0;
                assert!(
                    (change - slope).abs() < 1e-8 * step.numel() as f64,
                    "{n}, {sign}"
                );
            }
        }
    }
    // Lower ranks have a circle of nearest ones, and say so by both paths.
    let line = diagonal(&[1.0, 0.0, 0.0]);
    assert!(is_nan(&space.project(&line)));
    assert!(is_nan(&with_tensor_formulas(|| space.project(&line))));
}

/// Frames of dependent columns gave matrices that were no frames by tensor formulas, and so did nearly
/// dependent ones, whose polar factor is well determined.
#[test]
fn polar_factors_by_formulas_are_frames_or_nan() {
    let m = Stiefel::new(4, 2, StiefelMetric::Euclidean).unwrap();
    let nearly = columns(4, &[0, 1]) * Tensor::from_slice(&[1.0, 1e-12]);
    let dependent = columns(4, &[0, 0]);
    let batch = Tensor::stack(&[&nearly, &dependent, &columns(4, &[2, 3])], 0);
    let frames = with_tensor_formulas(|| m.project(&batch));
    assert!(largest(&(frames.get(0) - columns(4, &[0, 1]))) < 1e-14);
    assert!(is_nan(&frames.get(1)));
    assert_eq!(frames.get(2), columns(4, &[2, 3]));
}

/// A matrix that is not finite took from the others of its batch the steps that they needed.
#[test]
fn formulas_of_a_batch_are_not_harmed_by_one_row() {
    let m = Grassmann::new(5, 2).unwrap();
    let p = m.random_point(&mut seeded(9), &[], DOUBLE);
    let v = m.random_tangent(&mut seeded(10), &p) * 3.0;
    let short = &v * 0.2;
    let q = m.exp(&p, &short);
    let with_bad = |x: &Tensor| Tensor::stack(&[x, &(x * f64::NAN)], 0);
    with_tensor_formulas(|| {
        assert_eq!(m.exp(&p, &with_bad(&v)).get(0), m.exp(&p, &v));
        assert_eq!(m.log(&p, &with_bad(&q)).get(0), m.log(&p, &q));
        assert_eq!(m.retract(&p, &with_bad(&v)).get(0), m.retract(&p, &v));
    });
    let rotations = SpecialOrthogonal::new(5).unwrap();
    let p = rotations.random_point(&mut seeded(9), &[], DOUBLE);
    let v = rotations.random_tangent(&mut seeded(10), &p) * 3.0;
    with_tensor_formulas(|| {
        let got = rotations.exp(&p, &with_bad(&v)).get(0);
        assert_eq!(got, rotations.exp(&p, &v));
    });
}

#[track_caller]
fn reason(result: holonomy::Result<Tensor>, at: usize) -> &'static str {
    match result {
        Err(Error::NoLogarithm { row, reason, .. }) => {
            assert_eq!(row, at);
            reason
        }
        other => panic!("{other:?}"),
    }
}

/// "no convergence after 1 iterations: residual 8.98e307".
#[test]
fn frames_without_a_logarithm_are_told_why() {
    for metric in [StiefelMetric::Euclidean, StiefelMetric::Canonical] {
        for (n, k) in [(3, 1), (4, 2), (5, 3), (4, 4)] {
            let m = Stiefel::new(n, k, metric).unwrap();
            for kind in [Kind::Double, Kind::Float] {
                let p = Tensor::eye(n, DOUBLE).narrow(1, 0, k).to_kind(kind);
                let pair = |q: &Tensor| Tensor::stack(&[&p, q], 0);
                assert!(reason(m.log(&p, &pair(&p.neg())), 1).contains("cut locus"));
                let one = Tensor::ones([k], (kind, Device::Cpu));
                let _ = one.narrow(0, 0, k.min(2)).fill_(-1.0);
                let q = &p * one;
                assert!(reason(m.dist(&p, &pair(&q)), 1).contains("cut locus"));
            }
        }
        let whole = Stiefel::new(3, 3, metric).unwrap();
        let mirror = diagonal(&[1.0, 1.0, -1.0]);
        let got = reason(whole.log(&Tensor::eye(3, DOUBLE), &mirror), 0);
        assert!(got.contains("orientation"), "{got}");
    }
}

#[test]
fn flags_without_a_logarithm_are_told_why() {
    let flags = Flag::new(4, &[1, 2]).unwrap();
    let p = columns(4, &[0, 1]);
    let q = Tensor::stack(&[&p, &columns(4, &[2, 1])], 0);
    assert!(reason(flags.log(&p, &q), 1).contains("right angle"));
    // Lines that change places.
    assert!(reason(flags.dist(&p, &columns(4, &[1, 0])), 0).contains("right angle"));
}

/// A batch with a point that is not finite was told as "not finite" in the row of another failure.
#[test]
fn the_first_pair_that_fails_is_told_with_its_own_reason() {
    let not_finite_at = |result: holonomy::Result<Tensor>, at: usize| match result {
        Err(Error::NotFinite { place, .. }) => assert_eq!(place, format!("row {at}")),
        other => panic!("{other:?}"),
    };
    for metric in [StiefelMetric::Euclidean, StiefelMetric::Canonical] {
        for (n, k) in [(3, 1), (4, 2)] {
            let m = Stiefel::new(n, k, metric).unwrap();
            let p = Tensor::eye(n, DOUBLE).narrow(1, 0, k);
            let nan = &p * f64::NAN;
            let q = Tensor::stack(&[&p.neg(), &p, &p, &nan], 0);
            assert!(reason(m.log(&p, &q), 0).contains("cut locus"));
            let q = Tensor::stack(&[&p, &p, &nan, &p.neg()], 0);
            not_finite_at(m.log(&p, &q), 2);
            not_finite_at(m.log(&q, &p), 2);
            not_finite_at(m.dist(&q, &q), 2);
        }
    }
    let flags = Flag::new(4, &[1, 2]).unwrap();
    let (p, turned) = (columns(4, &[0, 1]), columns(4, &[2, 1]));
    let nan = &p * f64::NAN;
    let q = Tensor::stack(&[&turned, &p, &nan], 0);
    assert!(reason(flags.log(&p, &q), 0).contains("right angle"));
    let q = Tensor::stack(&[&p, &nan, &turned], 0);
    not_finite_at(flags.log(&p, &q), 1);
}

/// Two errors of one method had two names of it.
#[test]
fn a_transport_has_one_name() {
    let m = SpdBuresWasserstein::new(2).unwrap();
    let p = Tensor::eye(2, DOUBLE);
    let error = m.parallel_transport(&p, &p, &(&p * f64::NAN)).unwrap_err();
    let Error::NotFinite { op, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(op, "SpdBuresWasserstein::parallel_transport");
}

/// Long steps, where rounding leaves no positive eigenvalue: the next operation was NaN.
#[test]
fn steps_of_any_length_end_at_points() {
    for kind in [Kind::Double, Kind::Float] {
        let options = (kind, Device::Cpu);
        for n in [1, 2, 3, 6] {
            let affine = SpdAffineInvariant::new(n).unwrap();
            let others: [&dyn Manifold; 3] = [
                &SpdLogEuclidean::new(n).unwrap(),
                &SpdLogCholesky::new(n).unwrap(),
                &SpdBuresWasserstein::new(n).unwrap(),
            ];
            let p = affine.random_point(&mut seeded(12), &[40], options);
            let v = affine.random_tangent(&mut seeded(13), &p);
            for length in [1.0, 1e2, 1e4, 1e8] {
                let q = affine.retract(&p, &(&v * length));
                affine.check_point(&q).unwrap();
                assert!(
                    all_finite(&affine.dist(&p, &q)),
                    "{kind:?}, {n}, {length:e}"
                );
                // Exponentials overflow beyond, and say so.
                if length <= 10.0 || kind == Kind::Double && length <= 100.0 {
                    affine.check_point(&affine.exp(&p, &(&v * length))).unwrap();
                }
            }
            for m in others {
                let q = m.retract(&p, &(&v * if kind == Kind::Double { 50.0 } else { 5.0 }));
                m.check_point(&q).unwrap();
            }
        }
    }
}

/// What the edge costs: entries of what is not a point move by the edge, and points not at all.
#[test]
fn the_edge_moves_what_is_no_point_alone() {
    let m = SpdAffineInvariant::new(3).unwrap();
    let one = Tensor::eye(3, DOUBLE);
    let turns = SpecialOrthogonal::new(3).unwrap();
    let turns = turns.random_point(&mut seeded(14), &[50], DOUBLE);
    let edge = SpdAffineInvariant::EDGE * 3.0 * f64::EPSILON;
    // Condition numbers e^32 = 8e13 and e^46 = 9e19.
    for (length, bound) in [(16.0, 256.0 * f64::EPSILON), (23.0, 32.0 * edge)] {
        let v = turns
            .matmul(&diagonal(&[length, 0.0, -length]))
            .matmul(&turns.transpose(-2, -1));
        let q = m.exp(&one, &v);
        m.check_point(&q).unwrap();
        let sizes = diagonal(&[length, 0.0, -length].map(f64::exp));
        let exact = turns.matmul(&sizes).matmul(&turns.transpose(-2, -1));
        let moved = largest(&(q - exact)) / f64::exp(length);
        assert!(moved < bound, "{length}: {moved:e}");
        assert!(length < 20.0 || moved > edge / 8.0, "{length}: {moved:e}");
    }
}

/// The gradient beside a right angle was off by 1,000 roundings: it came from a polynomial whose values
/// were exact to 20.
#[test]
fn the_gradient_of_a_distance_beside_a_right_angle_is_exact() {
    let space = Grassmann::new(3, 1).unwrap();
    let line = |angle: f64| Tensor::from_slice(&[angle.cos(), angle.sin(), 0.0]).view([3, 1]);
    for beside in [0.5, 1e-3, 1e-8, 1e-12] {
        let (p, q) = (line(0.3), line(0.3 + FRAC_PI_2 - beside));
        let (_, gradients) = with_gradients(&space, &p, &q);
        for (base, gradient) in [&p, &q].into_iter().zip(&gradients) {
            let off = (number(&lengths(&space, base, gradient)) - 1.0).abs();
            assert!(off < 16.0 * f64::EPSILON, "{beside:e}: {off:e}");
        }
    }
}
