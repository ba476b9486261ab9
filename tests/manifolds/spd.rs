//! Symmetric positive definite matrices: invariances, agreement of the metrics, bad input, derivatives.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{
    Error, Geodesic, Manifold, Sample, SpdAffineInvariant, SpdBuresWasserstein, SpdLogCholesky,
    SpdLogEuclidean,
};
use nalgebra::DMatrix;
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, seeded};
use holonomy::random::random_normal;

const N: i64 = 4;

/// Of two points, or of a point and a tangent.
type Function<'a> = dyn Fn(&Tensor, &Tensor) -> Tensor + 'a;

fn points(seed: u64, count: i64) -> [Tensor; 2] {
    let m = SpdAffineInvariant::new(N).unwrap();
    let mut rng = seeded(seed);
    [(); 2].map(|()| m.random_point(&mut rng, &[count], DOUBLE))
}

fn rotations(rng: &mut dyn rand::Rng, size: &[i64]) -> Tensor {
    Tensor::linalg_qr(&random_normal(rng, size, DOUBLE.0, DOUBLE.1), "reduced").0
}

fn commuting(seed: u64, count: i64) -> [Tensor; 2] {
    let mut rng = seeded(seed);
    let turn = rotations(&mut rng, &[N, N]);
    [(); 2].map(|()| {
        let values = random_normal(&mut rng, &[count, 1, N], DOUBLE.0, DOUBLE.1).exp();
        let p = (&turn * values).matmul(&turn.transpose(-2, -1));
        (&p + p.transpose(-2, -1)) * 0.5
    })
}

fn conjugate(g: &Tensor, p: &Tensor) -> Tensor {
    let moved = g.matmul(p).matmul(&g.transpose(-2, -1));
    (&moved + moved.transpose(-2, -1)) * 0.5
}

fn inverse(p: &Tensor) -> Tensor {
    let inverse = p.inverse();
    (&inverse + inverse.transpose(-2, -1)) * 0.5
}

fn number(x: &Tensor) -> f64 {
    x.double_value(&[])
}

#[test]
fn affine_distance_is_that_of_congruent_and_of_inverse_matrices() {
    let m = SpdAffineInvariant::new(N).unwrap();
    let [p, q] = points(1, 50);
    let g = random_normal(&mut seeded(2), &[50, N, N], DOUBLE.0, DOUBLE.1);
    let dist = m.dist(&p, &q);
    assert_close(
        &m.dist(&conjugate(&g, &p), &conjugate(&g, &q)),
        &dist,
        1e-10,
    );
    assert_close(&m.dist(&inverse(&p), &inverse(&q)), &dist, 1e-12);
}

#[test]
fn flat_distances_have_their_invariances() {
    let [p, q] = points(3, 50);
    let turn = rotations(&mut seeded(4), &[50, N, N]);
    let m = SpdLogEuclidean::new(N).unwrap();
    let dist = m.dist(&p, &q);
    assert_close(
        &m.dist(&conjugate(&turn, &p), &conjugate(&turn, &q)),
        &dist,
        1e-12,
    );
    assert_close(&m.dist(&inverse(&p), &inverse(&q)), &dist, 1e-12);
    assert_close(&m.dist(&(&p * 9.0), &(&q * 9.0)), &dist, 1e-12);

    let m = SpdBuresWasserstein::new(N).unwrap();
    let dist = m.dist(&p, &q);
    assert_close(
        &m.dist(&conjugate(&turn, &p), &conjugate(&turn, &q)),
        &dist,
        1e-12,
    );
    assert_close(&m.dist(&(&p * 9.0), &(&q * 9.0)), &(dist * 3.0), 1e-12);
}

#[test]
fn the_metrics_agree_as_far_as_they_must_on_matrices_that_commute() {
    let [p, q] = commuting(5, 50);
    let affine = SpdAffineInvariant::new(N).unwrap();
    let flat = SpdLogEuclidean::new(N).unwrap();
    assert_close(&flat.dist(&p, &q), &affine.dist(&p, &q), 1e-13);
    assert_close(&flat.log(&p, &q), &affine.log(&p, &q), 1e-12);

    // Transport of Gaussians whose covariances commute moves each axis by itself.
    let bures = SpdBuresWasserstein::new(N).unwrap();
    let root = |p: &Tensor| affine.geodesic(&Tensor::eye(N, DOUBLE), p, &Tensor::from(0.5));
    let apart = (root(&q) - root(&p)).square();
    let want = apart.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
    assert_close(&bures.dist(&p, &q).square(), &want, 1e-12);
}

#[test]
fn numbers_are_matrices_of_order_one() {
    let (a, b) = (0.3_f64, 7.0_f64);
    let [p, q] = [a, b].map(|x| Tensor::from_slice(&[x]).view([1, 1]));
    let log = (b / a).ln();
    let close = |got: Tensor, want: f64| assert!((number(&got) - want).abs() < 1e-15 * want.abs());
    close(SpdAffineInvariant::new(1).unwrap().dist(&p, &q), log);
    close(SpdLogEuclidean::new(1).unwrap().dist(&p, &q), log);
    close(SpdLogCholesky::new(1).unwrap().dist(&p, &q), log / 2.0);
    // Standard deviations of Gaussians on a line.
    let between = b.sqrt() - a.sqrt();
    close(SpdBuresWasserstein::new(1).unwrap().dist(&p, &q), between);
}

fn to_nalgebra(p: &Tensor) -> DMatrix<f64> {
    let n = p.size()[0] as usize;
    let numbers = Vec::<f64>::try_from(p.reshape([-1])).unwrap();
    DMatrix::from_row_slice(n, n, &numbers)
}

fn root(p: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = p.clone().symmetric_eigen();
    let values = DMatrix::from_diagonal(&eigen.eigenvalues.map(f64::sqrt));
    &eigen.eigenvectors * values * eigen.eigenvectors.transpose()
}

#[test]
fn distances_are_those_of_textbook_formulas() {
    let affine = SpdAffineInvariant::new(N).unwrap();
    let bures = SpdBuresWasserstein::new(N).unwrap();
    let [p, q] = points(6, 20);
    for row in 0..20 {
        let (p, q) = (p.get(row), q.get(row));
        let (a, b) = (to_nalgebra(&p), to_nalgebra(&q));
        let half = root(&a);
        let overlap: f64 = root(&(&half * &b * &half)).trace();
        let want = (a.trace() + b.trace() - 2.0 * overlap).sqrt();
        let got = number(&bures.dist(&p, &q));
        assert!((got - want).abs() < 1e-10 * want, "{got} {want}");

        let inverse = half.try_inverse().unwrap();
        let white = (&inverse * &b * &inverse).symmetric_eigenvalues();
        let want = white.map(|x| x.ln().powi(2)).sum().sqrt();
        let got = number(&affine.dist(&p, &q));
        assert!((got - want).abs() < 1e-10 * want, "{got} {want}");
    }
}

#[test]
fn bures_exp_and_log_are_inverse() {
    let m = SpdBuresWasserstein::new(N).unwrap();
    let [p, q] = points(7, 50);
    let v = m.log(&p, &q);
    assert_close(&m.exp(&p, &v), &q, 1e-12);
    assert_close(&m.norm(&p, &v), &m.dist(&p, &q), 1e-12);
    assert_close(&m.dist(&q, &p), &m.dist(&p, &q), 1e-13);
    let middle = m.geodesic(&p, &q, &Tensor::from(0.25));
    assert_close(&m.dist(&p, &middle), &(m.dist(&p, &q) * 0.25), 1e-12);
    assert_close(&m.dist(&middle, &q), &(m.dist(&p, &q) * 0.75), 1e-12);
    // Nothing between p and itself.
    assert_eq!(number(&m.log(&p, &p).abs().max()), 0.0);
    assert_eq!(number(&m.dist(&p, &p).max()), 0.0);
}

#[test]
fn near_matrices_keep_their_distance() {
    // Powers of two: p, q and their difference are exact.
    let p = Tensor::from_slice2(&[[2.0, 1.0], [1.0, 4.0]]);
    let h = 0.5_f64.powi(40);
    let q = &p * (1.0 + h);
    let size = number(&p.trace());
    for (got, want) in [
        (
            SpdAffineInvariant::new(2).unwrap().dist(&p, &q),
            2.0_f64.sqrt() * h.ln_1p(),
        ),
        (
            SpdLogEuclidean::new(2).unwrap().dist(&p, &q),
            2.0_f64.sqrt() * h.ln_1p(),
        ),
        (
            SpdBuresWasserstein::new(2).unwrap().dist(&p, &q),
            size.sqrt() * (h / (1.0 + (1.0 + h).sqrt())),
        ),
    ] {
        assert!((number(&got) / want - 1.0).abs() < 1e-14, "{got} {want}");
    }
}

#[test]
fn multiples_at_any_size() {
    let m = SpdAffineInvariant::new(N).unwrap();
    let [p, q] = points(8, 10);
    for scale in [1e-100, 1e100] {
        let got = m.dist(&(&p * scale), &(&q * scale));
        assert_close(&got, &m.dist(&p, &q), 1e-12);
    }
}

#[test]
fn matrices_that_are_no_points_are_refused_with_their_row() {
    let m = SpdAffineInvariant::new(2).unwrap();
    let one = [1.0, 0.0, 0.0, 1.0];
    let rows = |bad: [f64; 4]| Tensor::from_slice(&[one, bad, one].concat()).view([3, 2, 2]);
    let refused = |bad: [f64; 4]| match m.from_matrices(&rows(bad)) {
        Err(Error::NotOnManifold {
            op, row, defect, ..
        }) => {
            assert_eq!((op, row), ("from_matrices", 1));
            defect
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(refused([2.0, 1.0, 0.5, 2.0]), 0.25);
    assert!((refused([1.0, 2.0, 2.0, 1.0]) - 4.0 / 3.0).abs() < 1e-15);
    assert_eq!(refused([1.0, 1.0, 1.0, 1.0]), 1.0);
    assert_eq!(refused([0.0; 4]), 1.0);
    assert_eq!(refused([-1.0, 0.0, 0.0, -1.0]), 2.0);
    assert!(refused([1.0, f64::NAN, f64::NAN, 1.0]).is_nan());
    assert!(refused([f64::INFINITY, 0.0, 0.0, 1.0]).is_nan());
    // As on devices without kernels.
    with_tensor_formulas(|| {
        assert!((refused([1.0, 2.0, 2.0, 1.0]) - 4.0 / 3.0).abs() < 1e-15);
        assert_eq!(refused([1.0, 1.0, 1.0, 1.0]), 1.0);
        assert!(refused([1.0, f64::NAN, f64::NAN, 1.0]).is_nan());
    });

    // A rounding apart from symmetric is made symmetric.
    let almost = rows([1.0, 0.5, 0.5 + 1e-12, 1.0]);
    let p = m.from_matrices(&almost).unwrap();
    assert_eq!(p, p.transpose(-2, -1));
    assert!(matches!(
        m.from_matrices(&Tensor::zeros([3, 3], DOUBLE)),
        Err(Error::InvalidArgument { .. })
    ));
    assert!(matches!(
        m.from_matrices(&Tensor::zeros([2, 2], (Kind::Int64, tch::Device::Cpu))),
        Err(Error::InvalidArgument { .. })
    ));
    assert!(matches!(
        SpdAffineInvariant::new(0),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
fn operations_on_what_is_no_point_are_nan_in_its_row_alone() {
    let bad = Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 1.0]).view([2, 2, 2]);
    let q = Tensor::eye(2, DOUBLE) * 2.0;
    let affine = SpdAffineInvariant::new(2).unwrap();
    let flat = SpdLogEuclidean::new(2).unwrap();
    let triangles = SpdLogCholesky::new(2).unwrap();
    let bures = SpdBuresWasserstein::new(2).unwrap();
    let judge = || {
        for dist in [
            affine.dist(&bad, &q),
            affine.dist(&q, &bad),
            flat.dist(&bad, &q),
            triangles.dist(&bad, &q),
            bures.dist(&bad, &q),
        ] {
            assert!(dist.double_value(&[0]).is_finite() && dist.double_value(&[1]).is_nan());
        }
    };
    judge();
    with_tensor_formulas(judge);
}

#[test]
fn projection_leaves_points_and_mends_the_rest() {
    let m = SpdLogEuclidean::new(N).unwrap();
    let [p, _] = points(9, 9);
    assert_eq!(m.project(&p), p);
    let z = Tensor::from_slice2(&[[1.0, 2.0], [2.0, 1.0]]);
    let mended = SpdLogEuclidean::new(2).unwrap().project(&z);
    assert_close(
        &mended,
        &Tensor::from_slice2(&[[2.0, 1.0], [1.0, 2.0]]),
        1e-15,
    );
}

/// Kernels and formulas, which laws do not set beside each other.
#[test]
fn kernels_and_formulas_agree() {
    fn close(m: &dyn Geodesic, p: &Tensor, q: &Tensor, v: &Tensor) {
        let all = || {
            [
                m.exp(p, v),
                m.log(p, q),
                m.parallel_transport(p, q, v),
                m.dist(p, q),
                m.retract(p, v),
                m.vector_transport(p, q, v),
                m.inner(p, v, v),
                m.rgrad(p, v),
                m.project(v),
            ]
        };
        for (kernel, formula) in all().iter().zip(with_tensor_formulas(all)) {
            assert_close(kernel, &formula, 1e-11);
        }
    }
    let [p, q] = points(10, 17);
    let v = SpdAffineInvariant::new(N)
        .unwrap()
        .random_tangent(&mut seeded(11), &p);
    close(&SpdAffineInvariant::new(N).unwrap(), &p, &q, &v);
    close(&SpdLogEuclidean::new(N).unwrap(), &p, &q, &v);
    close(&SpdLogCholesky::new(N).unwrap(), &p, &q, &v);
    let m = SpdBuresWasserstein::new(N).unwrap();
    let all = || {
        [
            m.exp(&p, &v),
            m.log(&p, &q),
            m.dist(&p, &q),
            m.inner(&p, &v, &v),
        ]
    };
    for (kernel, formula) in all().iter().zip(with_tensor_formulas(all)) {
        assert_close(kernel, &formula, 1e-11);
    }
}

/// ½ ∂dist²/∂q, Riemannian, is −log(q, p): at the identity all eigenvalues coincide.
#[test]
fn gradients_hold_for_repeated_eigenvalues() {
    let one = Tensor::eye(N, DOUBLE);
    let twice = &one * 2.0;
    let mut rng = seeded(12);
    let v = SpdAffineInvariant::new(N)
        .unwrap()
        .random_tangent(&mut rng, &one);
    let near = &one + v * 0.01;
    let affine = SpdAffineInvariant::new(N).unwrap();
    let flat = SpdLogEuclidean::new(N).unwrap();
    let triangles = SpdLogCholesky::new(N).unwrap();
    let bures = SpdBuresWasserstein::new(N).unwrap();
    let judge = |m: &dyn Manifold, dist: &Function, log: &Function| {
        for (p, q) in [(&one, &twice), (&twice, &one), (&one, &near), (&near, &one)] {
            let q = q.copy().set_requires_grad(true);
            (dist(p, &q).square() * 0.5).backward();
            let gradient = m.rgrad(&q.detach(), &q.grad());
            assert_close(&gradient, &-log(&q.detach(), p), 1e-10);
        }
        // At p = q there is no gradient, and no NaN.
        let q = one.copy().set_requires_grad(true);
        dist(&one, &q).backward();
        assert_eq!(number(&q.grad().abs().max()), 0.0);
    };
    judge(&affine, &|p, q| affine.dist(p, q), &|p, q| affine.log(p, q));
    judge(&flat, &|p, q| flat.dist(p, q), &|p, q| flat.log(p, q));
    judge(&triangles, &|p, q| triangles.dist(p, q), &|p, q| {
        triangles.log(p, q)
    });
    judge(&bures, &|p, q| bures.dist(p, q), &|p, q| bures.log(p, q));
}

/// exp and log of the Bures–Wasserstein metric, which laws do not know.
#[test]
fn bures_gradients_are_differences() {
    let m = SpdBuresWasserstein::new(N).unwrap();
    let [p, q] = points(13, 1);
    let (p, q) = (p.get(0), q.get(0));
    let mut rng = seeded(14);
    let weights = random_normal(&mut rng, &[N, N], DOUBLE.0, DOUBLE.1);
    let [u, v] = [(); 2]
        .map(|()| m.project_tangent(&p, &random_normal(&mut rng, &[N, N], DOUBLE.0, DOUBLE.1)));
    let size = number(&p.linalg_eigvalsh("L").min()) * 0.1;
    let v = v * size;
    let judge = |f: &Function, x: &Tensor, y: &Tensor, place: &str| {
        let sum = |x: &Tensor, y: &Tensor| (f(x, y) * &weights).sum(Kind::Double);
        let leaves = [x, y].map(|x| x.copy().set_requires_grad(true));
        let gradients = Tensor::run_backward(&[sum(&leaves[0], &leaves[1])], &leaves, false, false);
        let h = 1e-6 * size;
        let step = &u * h;
        let along = |a: [&Tensor; 2], b: [&Tensor; 2]| {
            (number(&sum(a[0], a[1])) - number(&sum(b[0], b[1]))) / (2.0 * h)
        };
        let want = [
            along([&(x + &step), y], [&(x - &step), y]),
            along([x, &(y + &step)], [x, &(y - &step)]),
        ];
        for (gradient, want) in gradients.iter().zip(want) {
            let got = number(&(gradient * &u).sum(Kind::Double));
            let scale = number(&gradient.abs().sum(Kind::Double));
            assert!((got - want).abs() < 1e-6 * scale, "{place}: {got} {want}");
        }
    };
    judge(&|p, q| m.log(p, q), &p, &q, "log");
    judge(&|p, q| m.dist(p, q), &p, &q, "dist");
    judge(&|p, v| m.exp(p, v), &p, &v, "exp");
}

/// λ + 1/λ = 2 + 4/h for the eigenvalues λ and 1/λ of p⁻¹q.
#[test]
fn the_distance_of_ill_conditioned_matrices_in_two_bases_keeps_its_digits() {
    let m = SpdAffineInvariant::new(2).unwrap();
    for h in [0.5_f64.powi(10), 0.5_f64.powi(38), 0.5_f64.powi(50)] {
        let p = Tensor::from_slice2(&[[1.0, 1.0], [1.0, 1.0 + h]]);
        let q = Tensor::from_slice2(&[[1.0, -1.0], [-1.0, 1.0 + h]]);
        let want = 8.0_f64.sqrt() * h.powf(-0.5).asinh();
        let got = number(&m.dist(&p, &q));
        assert!((got / want - 1.0).abs() < 1e-15, "{h:e}: {got} {want}");
        // The way back is as good as the coordinates of the logarithm.
        let v = m.log(&p, &q);
        let least = number(&p.linalg_eigvalsh("L").min());
        let bound = f64::EPSILON * number(&v.abs().max()) / least;
        assert_close(&m.exp(&p, &v), &q, bound);
    }
}

/// A step much shorter than a rounding of the point's size leaves just what it adds.
#[test]
fn short_steps_move_by_their_velocity() {
    let [p, _] = points(15, 20);
    let v = SpdAffineInvariant::new(N)
        .unwrap()
        .random_tangent(&mut seeded(16), &p);
    let h = 0.5_f64.powi(26);
    for m in [
        &SpdAffineInvariant::new(N).unwrap() as &dyn Geodesic,
        &SpdLogEuclidean::new(N).unwrap(),
    ] {
        assert_eq!(m.exp(&p, &(&v * 0.0)), p);
        // The second-order term of the difference is h² |v|² of the point.
        let moved = (m.exp(&p, &(&v * h)) - m.exp(&p, &(&v * -h))) / (2.0 * h);
        assert_close(&moved, &v, 1e-8);
    }
}

/// Transport keeps inner products, takes the velocity along, and comes back.
#[test]
fn bures_transport_is_parallel() {
    let m = SpdBuresWasserstein::new(N).unwrap();
    let [p, q] = points(21, 12);
    let mut rng = seeded(22);
    let (u, v) = (
        m.random_tangent(&mut rng, &p),
        m.random_tangent(&mut rng, &p),
    );
    let there = |v: &Tensor| m.parallel_transport(&p, &q, v).unwrap();
    assert_close(
        &m.inner(&q, &there(&u), &there(&v)),
        &m.inner(&p, &u, &v),
        1e-11,
    );
    assert_close(&m.norm(&q, &there(&u)), &m.norm(&p, &u), 1e-11);
    assert_close(&there(&m.log(&p, &q)), &-m.log(&q, &p), 1e-11);
    assert_close(
        &m.parallel_transport(&q, &p, &there(&v)).unwrap(),
        &v,
        1e-10,
    );
    // In two halves as at once.
    let middle = m.geodesic(&p, &q, &Tensor::from(0.4));
    let half = m.parallel_transport(&p, &middle, &v).unwrap();
    assert_close(
        &m.parallel_transport(&middle, &q, &half).unwrap(),
        &there(&v),
        1e-10,
    );
    assert_close(&m.parallel_transport(&p, &p, &v).unwrap(), &v, 1e-12);
}

/// Matrices that commute: p = x², and v moves by q^½ p^(−½).
#[test]
fn bures_transport_of_matrices_that_commute_is_that_of_their_roots() {
    let m = SpdBuresWasserstein::new(3).unwrap();
    let diagonal = |numbers: [f64; 3]| Tensor::from_slice(&numbers).diag(0);
    let (p, q) = (diagonal([4.0, 1.0, 0.25]), diagonal([1.0, 9.0, 1e-6]));
    let v = diagonal([1.0, -2.0, 0.5]);
    let moved = m.parallel_transport(&p, &q, &v).unwrap();
    assert_close(&moved, &diagonal([0.5, -6.0, 1e-3]), 1e-13);
}

/// Discrete transport by geodesic parallelograms (Schild's ladder) comes to the same.
#[test]
fn bures_transport_is_the_limit_of_a_ladder() {
    let m = SpdBuresWasserstein::new(3).unwrap();
    let mut rng = seeded(23);
    let p = m.random_point(&mut rng, &[], DOUBLE);
    let v = m.random_tangent(&mut rng, &p);
    let q = m.exp(&p, &(m.random_tangent(&mut rng, &p) * 0.1));
    let exact = m.parallel_transport(&p, &q, &v).unwrap();
    let ladder = |rungs: i32| {
        let (mut here, mut side) = (p.shallow_clone(), &v / f64::from(rungs));
        for rung in 1..=rungs {
            let next = m.geodesic(&p, &q, &Tensor::from(f64::from(rung) / f64::from(rungs)));
            let middle = m.geodesic(&m.exp(&here, &side), &next, &Tensor::from(0.5));
            let corner = m.exp(&here, &(m.log(&here, &middle) * 2.0));
            (side, here) = (m.log(&next, &corner), next);
        }
        let error = (side * f64::from(rungs) - &exact).abs().max();
        number(&error) / number(&exact.abs().max())
    };
    let (coarse, fine) = (ladder(16), ladder(64));
    assert!(fine < 5e-3 && fine < 0.4 * coarse, "{coarse:e} {fine:e}");
}
