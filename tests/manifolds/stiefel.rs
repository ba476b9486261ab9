//! Geodesics of the Stiefel manifold, which the laws do not know of, and the orders of its
//! retractions.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;
use std::panic::AssertUnwindSafe;

use holonomy::StiefelMetric::{Canonical, Euclidean};
use holonomy::numerics::with_tensor_formulas;
use holonomy::{Error, Geodesic, Manifold, Retraction, Sample, Sphere, Stiefel, StiefelMetric};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, seeded};

const SIZES: [(i64, i64); 9] = [
    (2, 1),
    (3, 2),
    (4, 2),
    (5, 4),
    (5, 5),
    (9, 3),
    (10, 4),
    (9, 8),
    (30, 8),
];

fn spaces() -> impl Iterator<Item = Stiefel> {
    let of = |(n, k)| [Euclidean, Canonical].map(|metric| Stiefel::new(n, k, metric).unwrap());
    SIZES.into_iter().flat_map(of)
}

/// Points, velocities of the given length there, and the ends of their geodesics.
fn geodesics(m: &Stiefel, seed: u64, count: i64, length: f64) -> (Tensor, Tensor, Tensor) {
    let mut rng = seeded(seed);
    let p = m.random_point(&mut rng, &[count], DOUBLE);
    let v = m.random_tangent(&mut rng, &p);
    let v = &v * (length / m.norm(&p, &v)).view([count, 1, 1]);
    let q = m.exp(&p, &v);
    (p, v, q)
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

#[test]
fn log_finds_the_velocity_again() {
    for (seed, m) in spaces().enumerate() {
        for length in [1e-12, 1e-6, 0.1, 0.25 * PI, 0.5 * PI] {
            let (p, v, q) = geodesics(&m, seed as u64, 20, length);
            let error = largest(&m.norm(&p, &(m.log(&p, &q).unwrap() - v)));
            assert!(
                error < 1e-13 * length + 4e-15,
                "{m:?} at {length}: {error:e}"
            );
        }
    }
}

#[test]
fn geodesics_end_on_the_manifold() {
    for (seed, m) in spaces().enumerate() {
        for length in [0.5, 3.0, 40.0] {
            let (_, _, q) = geodesics(&m, seed as u64, 9, length);
            assert!(largest(&m.point_defect(&q)) < 4e-15, "{m:?} at {length}");
        }
    }
}

#[test]
fn speed_is_constant() {
    for (seed, m) in spaces().enumerate() {
        let (p, v, _) = geodesics(&m, seed as u64, 10, 1.4);
        for (from, to) in [(0.0, 0.3), (0.3, 1.0), (0.45, 0.55)] {
            let ends = [from, to].map(|t| m.exp(&p, &(&v * t)));
            let dist = m.dist(&ends[0], &ends[1]).unwrap();
            assert!(largest(&(dist - 1.4 * (to - from))) < 1e-13, "{m:?}");
        }
    }
}

/// exp(p, t v) has no second derivative but what the metric's connection says: the length of the
/// velocity is the same at every t, by central differences of exp itself.
#[test]
fn velocities_keep_their_length() {
    const STEP: f64 = 1e-5;
    for (seed, m) in spaces().enumerate() {
        let (p, v, _) = geodesics(&m, seed as u64, 10, 1.0);
        for t in [0.5, 2.0, 5.0] {
            let at = |t: f64| m.exp(&p, &(&v * t));
            let velocity = (at(t + STEP) - at(t - STEP)) / (2.0 * STEP);
            assert!(
                largest(&(m.norm(&at(t), &velocity) - 1.0)) < 1e-9,
                "{m:?} at {t}"
            );
        }
    }
}

#[test]
fn frames_of_one_vector_are_the_sphere() {
    let sphere = Sphere::new(4, 1.0).unwrap();
    for metric in [Euclidean, Canonical] {
        let m = Stiefel::new(5, 1, metric).unwrap();
        let (p, v, q) = geodesics(&m, 3, 30, 1.5);
        let flat = |x: &Tensor| x.squeeze_dim(-1);
        assert_close(&flat(&q), &sphere.exp(&flat(&p), &flat(&v)), 1e-15);
        assert_close(
            &flat(&m.log(&p, &q).unwrap()),
            &sphere.log(&flat(&p), &flat(&q)),
            1e-14,
        );
        assert_close(
            &m.dist(&p, &q).unwrap(),
            &sphere.dist(&flat(&p), &flat(&q)),
            1e-14,
        );
    }
}

/// A pair is solved as it is alone, whatever stands beside it.
#[test]
fn one_hard_pair_does_not_spoil_the_others() {
    let m = Stiefel::new(4, 2, Canonical).unwrap();
    let (p, v, q) = geodesics(&m, 5, 5, 1.0);
    let (hard_p, hard_v, hard_q) = geodesics(&m, 6, 1, 0.6 * PI);
    let both =
        |a: &Tensor, b: &Tensor| Tensor::cat(&[&a.narrow(0, 0, 3), b, &a.narrow(0, 3, 2)], 0);
    let (p, v, q) = (both(&p, &hard_p), both(&v, &hard_v), both(&q, &hard_q));
    let together = m.log(&p, &q).unwrap();
    assert!(largest(&(&together - v)) < 1e-13);
    for row in 0..6 {
        assert_eq!(together.get(row), m.log(&p.get(row), &q.get(row)).unwrap());
    }
}

#[test]
fn a_pair_without_a_geodesic_is_refused() {
    for metric in [Euclidean, Canonical] {
        let m = Stiefel::new(3, 3, metric).unwrap();
        let p = Tensor::eye(3, DOUBLE);
        // Of the other component.
        let q = Tensor::from_slice(&[1.0, 1.0, -1.0]).diag(0);
        let pair = |q: &Tensor| m.log(&p, &Tensor::stack(&[&p, q], 0));
        match pair(&q) {
            Err(Error::NoLogarithm { row, reason, .. }) => {
                assert!(row == 1 && reason.contains("orientation"));
            }
            other => panic!("{other:?}"),
        }
        match pair(&(&q * f64::NAN)) {
            Err(Error::NotFinite { place, .. }) => assert_eq!(place, "row 1"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn batches_broadcast_and_may_be_empty() {
    let m = Stiefel::new(5, 2, Euclidean).unwrap();
    let (p, _, q) = geodesics(&m, 8, 3, 1.0);
    let near = p.unsqueeze(1);
    let v = m.project_tangent(&near, &q);
    assert_eq!(m.exp(&near, &v).size(), [3, 3, 5, 2]);
    let empty = p.narrow(0, 0, 0);
    assert_eq!(m.log(&empty, &empty).unwrap().size(), [0, 5, 2]);
    assert_eq!(m.exp(&empty, &empty).size(), [0, 5, 2]);
    assert_eq!(m.dist(&p.narrow(0, 0, 1), &q).unwrap().size(), [3]);
}

#[test]
fn single_precision_is_rounded_double() {
    for m in spaces() {
        let (p, _, q) = geodesics(&m, 9, 10, 1.0);
        let [p, q] = [p, q].map(|x| x.to_kind(Kind::Float));
        let v = m.log(&p, &q).unwrap();
        assert_eq!(v.kind(), Kind::Float);
        let end = m.exp(&p, &v);
        assert!(largest(&(end - q).to_kind(Kind::Double)) < 1e-6, "{m:?}");
    }
}

#[test]
fn exp_by_formulas_is_exp_by_kernels() {
    for (seed, m) in spaces().enumerate() {
        for length in [0.0, 1e-9, 0.3, 2.0] {
            let (p, v, q) = geodesics(&m, seed as u64, 10, length);
            let formula = with_tensor_formulas(|| m.exp(&p, &v));
            assert_close(&formula, &q, 1e-14);
        }
    }
}

/// ∂ exp along the velocity is the velocity at the end, by autograd and by differences.
#[test]
fn exp_has_its_derivative() {
    const STEP: f64 = 1e-6;
    for (seed, m) in spaces().enumerate() {
        let (p, v, _) = geodesics(&m, seed as u64, 4, 1.0);
        let weights = m.random_tangent(&mut seeded(1), &p);
        let leaf = v.copy().set_requires_grad(true);
        (m.exp(&p, &leaf) * &weights).sum(Kind::Double).backward();
        let w = m.random_tangent(&mut seeded(2), &p);
        let at = |h: f64| (m.exp(&p, &(&v + &w * h)) * &weights).sum(Kind::Double);
        let want = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let got = (leaf.grad() * w).sum(Kind::Double);
        assert!(largest(&(got - want)) < 1e-8, "{m:?}");
    }
}

#[test]
fn dist_has_its_gradient() {
    const STEP: f64 = 1e-6;
    for (seed, m) in spaces().enumerate() {
        let (p, _, q) = geodesics(&m, seed as u64, 4, 1.0);
        let leaves = [&p, &q].map(|x| x.copy().set_requires_grad(true));
        let dist = m.dist(&leaves[0], &leaves[1]).unwrap();
        dist.sum(Kind::Double).backward();
        let ways = [&p, &q].map(|x| m.random_tangent(&mut seeded(4), x));
        let at = |h: f64| {
            let moved = [m.exp(&p, &(&ways[0] * h)), m.exp(&q, &(&ways[1] * h))];
            m.dist(&moved[0], &moved[1]).unwrap().sum(Kind::Double)
        };
        let want = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let got: Tensor = (0..2)
            .map(|i| (leaves[i].grad() * &ways[i]).sum(Kind::Double))
            .sum();
        assert!(largest(&(got - want)) < 1e-8, "{m:?}");
    }
    let m = Stiefel::new(5, 2, Canonical).unwrap();
    let p = m
        .random_point(&mut seeded(1), &[], DOUBLE)
        .set_requires_grad(true);
    m.dist(&p, &p).unwrap().backward();
    assert_eq!(largest(&p.grad()), 0.0);
}

/// The power of |v| that the difference from the geodesic falls with.
fn order(m: &Stiefel, metric: StiefelMetric) -> f64 {
    let geodesic = Stiefel::new(7, 3, metric).unwrap();
    let (p, v, _) = geodesics(&geodesic, 11, 1, 1.0);
    let difference = |h: f64| {
        let v = &v * h;
        largest(&(m.retract(&p, &v) - geodesic.exp(&p, &v)))
    };
    (difference(0.02) / difference(0.01)).log2()
}

#[test]
fn retractions_have_their_orders() {
    for (retraction, metric, want) in [
        (Retraction::Polar, Euclidean, 3.0),
        (Retraction::Polar, Canonical, 2.0),
        (Retraction::Qr, Euclidean, 2.0),
        (Retraction::Qr, Canonical, 2.0),
        (Retraction::Cayley, Euclidean, 2.0),
        (Retraction::Cayley, Canonical, 3.0),
    ] {
        let m = Stiefel::new(7, 3, metric)
            .unwrap()
            .with_retraction(retraction);
        let order = order(&m, metric);
        assert!(
            (order - want).abs() < 0.1,
            "{retraction:?} {metric:?}: {order}"
        );
    }
}

/// (1 − W/2)⁻¹(1 + W/2) p in n × n matrices.
#[test]
fn cayley_is_the_transform_of_its_rotation() {
    for (n, k) in SIZES {
        let m = Stiefel::new(n, k, Canonical)
            .unwrap()
            .with_retraction(Retraction::Cayley);
        let (p, v, _) = geodesics(&m, 12, 5, 3.0);
        let outer = |a: &Tensor, b: &Tensor| a.matmul(&b.transpose(-2, -1));
        let along = p.transpose(-2, -1).matmul(&v);
        let w = outer(&v, &p) - outer(&p, &v) - outer(&p.matmul(&along), &p);
        let one = Tensor::eye(n, DOUBLE);
        let want = Tensor::linalg_solve(&(&one - &w * 0.5), &(&one + w * 0.5).matmul(&p), true);
        assert_close(&m.retract(&p, &v), &want, 1e-14);
    }
}

#[test]
fn sizes_are_checked() {
    for (n, k) in [(3, 0), (3, 4), (0, 0)] {
        let refused = Stiefel::new(n, k, Euclidean);
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })));
    }
    let m = Stiefel::new(5, 2, Euclidean).unwrap();
    assert_eq!(
        (m.dim(), m.retraction(), m.metric()),
        (7, Retraction::Polar, Euclidean)
    );
}

#[test]
fn every_retraction_refuses_other_shapes() {
    for retraction in [Retraction::Polar, Retraction::Qr, Retraction::Cayley] {
        let m = Stiefel::new(5, 2, StiefelMetric::Canonical)
            .unwrap()
            .with_retraction(retraction);
        for size in [[6, 2], [5, 3]] {
            let p = Tensor::zeros(size, DOUBLE);
            let refused = std::panic::catch_unwind(AssertUnwindSafe(|| m.retract(&p, &p)));
            let message = *refused.unwrap_err().downcast::<String>().unwrap();
            assert!(message.starts_with("retract: "), "{message}");
        }
    }
}
