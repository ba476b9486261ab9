//! What the laws do not ask of flags: other representatives, subspaces and rotations as special
//! cases, geodesics.

use holonomy::numerics::with_tensor_formulas;
use holonomy::random::random_normal;
use holonomy::{
    Error, Flag, Geodesic, Grassmann, Manifold, Sample, SpecialOrthogonal, Stiefel, StiefelMetric,
};
use nalgebra::DMatrix;
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, seeded};

const TYPES: &[(i64, &[i64])] = &[
    (2, &[1]),
    (5, &[2]),
    (10, &[1, 3]),
    (6, &[2, 3, 5]),
    (4, &[1, 2, 3]),
    (3, &[1, 2, 3]),
];

fn every() -> impl Iterator<Item = Flag> {
    TYPES.iter().map(|(n, dims)| Flag::new(*n, dims).unwrap())
}

/// Points and tangents of a given length there.
fn drawn(flags: &Flag, seed: u64, count: i64, length: f64) -> (Tensor, Tensor) {
    let mut rng = seeded(seed);
    let p = flags.random_point(&mut rng, &[count], DOUBLE);
    let v = flags.random_tangent(&mut rng, &p);
    let size = flags.norm(&p, &v).unsqueeze(-1).unsqueeze(-1);
    (p, v * length / size)
}

/// Random orthogonal matrices that keep the blocks.
fn block_turns(flags: &Flag, seed: u64, count: i64) -> Tensor {
    let d = flags.frame_dim();
    let turn = Tensor::zeros([count, d, d], DOUBLE);
    for (start, size) in flags.blocks() {
        let mut rng = seeded(seed + start as u64);
        let z = random_normal(&mut rng, &[count, size, size], Kind::Double, DOUBLE.1);
        let (q, _) = Tensor::linalg_qr(&z, "reduced");
        turn.narrow(1, start, size).narrow(2, start, size).copy_(&q);
    }
    turn
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

#[test]
fn one_block_is_grassmann() {
    let (subspaces, flags) = (Grassmann::new(7, 3).unwrap(), Flag::new(7, &[3]).unwrap());
    let (p, v) = drawn(&flags, 1, 20, 1.1);
    let u = flags.random_tangent(&mut seeded(2), &p);
    let z = random_normal(&mut seeded(3), &p.size(), Kind::Double, DOUBLE.1);
    let q = subspaces.exp(&p, &v);
    assert_eq!(flags.dim(), subspaces.dim());
    assert_close(
        &flags.inner(&p, &u, &v),
        &subspaces.inner(&p, &u, &v),
        1e-14,
    );
    assert_close(
        &flags.project_tangent(&p, &z),
        &subspaces.project_tangent(&p, &z),
        1e-14,
    );
    assert_close(&flags.rgrad(&p, &z), &subspaces.rgrad(&p, &z), 1e-14);
    assert_close(&flags.retract(&p, &v), &subspaces.retract(&p, &v), 1e-14);
    let transported = subspaces.vector_transport(&p, &q, &u);
    assert_close(&flags.vector_transport(&p, &q, &u), &transported, 1e-14);
    assert_close(&flags.exp(&p, &v), &q, 1e-14);
    assert_close(&flags.log(&p, &q).unwrap(), &subspaces.log(&p, &q), 1e-13);
    assert_close(&flags.dist(&p, &q).unwrap(), &subspaces.dist(&p, &q), 1e-13);
    assert_close(
        &flags.chordal_dist(&p, &q),
        &subspaces.chordal_dist(&p, &q),
        1e-14,
    );
}

#[test]
fn full_flags_are_rotations() {
    let flags = Flag::new(3, &[1, 2, 3]).unwrap();
    let p = flags.random_point(&mut seeded(4), &[], DOUBLE);
    for angle in [1e-9, 0.4, 1.0_f64] {
        // About the second column.
        let (sin, cos) = angle.sin_cos();
        let turn = Tensor::from_slice2(&[[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]]);
        let q = p.matmul(&turn);
        let skew = Tensor::from_slice2(&[[0.0, 0.0, angle], [0.0; 3], [-angle, 0.0, 0.0]]);
        let v = p.matmul(&skew);
        let length = flags.norm(&p, &v).double_value(&[]);
        assert!((length / angle - 1.0).abs() < 1e-14, "{length}");
        assert_close(&flags.exp(&p, &v), &q, 1e-14);
        assert!(largest(&(flags.log(&p, &q).unwrap() - &v)) < 1e-15);
    }
    let without_last = Flag::new(3, &[1, 2]).unwrap();
    assert_eq!(without_last.dim(), 3);
    assert_eq!(flags.dim(), 3);
}

#[test]
fn nothing_depends_on_the_representative() {
    for flags in every() {
        let (p, v) = drawn(&flags, 5, 9, 0.8);
        let u = flags.random_tangent(&mut seeded(6), &p);
        let z = random_normal(&mut seeded(7), &p.size(), Kind::Double, DOUBLE.1);
        let q = flags.exp(&p, &v);
        let (at_p, at_q) = (block_turns(&flags, 8, 9), block_turns(&flags, 80, 9));
        let turned = |x: &Tensor| x.matmul(&at_p);
        let (p2, v2, u2, z2) = (turned(&p), turned(&v), turned(&u), turned(&z));
        let q2 = q.matmul(&at_q);
        let close = |got: &Tensor, want: &Tensor| assert_close(got, want, 4e-14);
        close(&flags.inner(&p2, &u2, &v2), &flags.inner(&p, &u, &v));
        close(&flags.project(&z2), &turned(&flags.project(&z)));
        close(
            &flags.project_tangent(&p2, &z2),
            &turned(&flags.project_tangent(&p, &z)),
        );
        close(&flags.rgrad(&p2, &z2), &turned(&flags.rgrad(&p, &z)));
        close(&flags.retract(&p2, &v2), &turned(&flags.retract(&p, &v)));
        close(&flags.exp(&p2, &v2), &turned(&q));
        close(
            &flags.vector_transport(&p2, &q2, &u2),
            &flags.vector_transport(&p, &q, &u).matmul(&at_q),
        );
        close(&flags.chordal_dist(&p2, &q2), &flags.chordal_dist(&p, &q));
        close(
            &flags.log(&p2, &q2).unwrap(),
            &turned(&flags.log(&p, &q).unwrap()),
        );
        close(&flags.block_projectors(&q2), &flags.block_projectors(&q));
        let by_qr = |p: &Tensor, v: &Tensor| flags.block_projectors(&flags.retract_qr(p, v));
        close(&by_qr(&p2, &v2), &by_qr(&p, &v));
    }
}

/// The rotation exp(X) with X = v pᵀ − p vᵀ + p (vᵀp) pᵀ as an n × n matrix.
fn exp_in_all_dimensions(p: &Tensor, v: &Tensor) -> Tensor {
    let (pt, vt) = (p.transpose(-2, -1), v.transpose(-2, -1));
    let generator = v.matmul(&pt) - p.matmul(&vt) + p.matmul(&vt.matmul(p)).matmul(&pt);
    let n = p.size()[1] as usize;
    let rotation = |generator: Tensor| {
        let entries = Vec::<f64>::try_from(generator.tr().reshape([-1])).unwrap();
        let rotation = DMatrix::from_vec(n, n, entries).exp();
        Tensor::from_slice(rotation.as_slice())
            .view([n as i64, n as i64])
            .tr()
    };
    let rotations: Vec<Tensor> = (0..p.size()[0])
        .map(|row| rotation(generator.get(row)))
        .collect();
    Tensor::stack(&rotations, 0).matmul(p)
}

#[test]
fn exp_is_the_orbit_of_a_rotation() {
    for flags in every() {
        for length in [0.0, 1e-9, 0.02, 0.045, 0.3, 2.0] {
            let (p, v) = drawn(&flags, 9, 9, length);
            let error = largest(&(flags.exp(&p, &v) - exp_in_all_dimensions(&p, &v)));
            assert!(error < 1e-14, "{flags:?} {length}: {error:e}");
        }
    }
}

#[test]
fn log_inverts_exp() {
    for flags in every() {
        for length in [0.0, 1e-12, 1e-5, 0.02, 0.045, 0.3, 0.8, 1.2] {
            let (p, v) = drawn(&flags, 10, 50, length);
            let q = flags.exp(&p, &v).matmul(&block_turns(&flags, 11, 50));
            let found = flags.log(&p, &q).unwrap();
            let error = largest(&(&found - &v));
            assert!(error < 1e-13, "{flags:?} {length}: {error:e}");
            let dist = flags.dist(&q, &p).unwrap();
            assert!(largest(&(dist - length)) < 1e-13, "{flags:?} {length}");
            flags.check_tangent(&p, &found).unwrap();
        }
    }
}

#[test]
fn far_rotations_are_as_far_as_the_nearest_signs_say() {
    let flags = Flag::new(3, &[1, 2, 3]).unwrap();
    let p = flags.random_point(&mut seeded(28), &[40], DOUBLE);
    let q = flags.random_point(&mut seeded(29), &[40], DOUBLE);
    let signs = Tensor::from_slice2(&[
        [1.0, 1.0, 1.0],
        [1.0, -1.0, -1.0],
        [-1.0, 1.0, -1.0],
        [-1.0, -1.0, 1.0],
    ]);
    for i in 0..40 {
        let (p, q) = (p.get(i), q.get(i));
        let turn = p.tr().matmul(&q);
        // All choices of determinant 1: the angle from the trace.
        let rotation = &turn * turn.det();
        let traces = (rotation.diagonal(0, 0, 1) * &signs).sum_dim_intlist(-1, false, Kind::Double);
        let angle = ((traces.max() - 1.0) * 0.5).acos().double_value(&[]);
        let dist = flags.dist(&p, &q).unwrap().double_value(&[]);
        assert!((dist - angle).abs() < 1e-13, "{dist} {angle}");
    }
}

#[test]
fn log_in_single_precision_is_rounded() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let (p, v) = drawn(&flags, 12, 20, 0.7);
    let q = flags.exp(&p, &v);
    let single = |x: &Tensor| x.to_kind(Kind::Float);
    let found = flags.log(&single(&p), &single(&q)).unwrap();
    assert_eq!(found.kind(), Kind::Float);
    assert!(largest(&(found.to_kind(Kind::Double) - v)) < 4e-7);
}

#[test]
fn log_says_when_there_is_none() {
    let flags = Flag::new(4, &[1, 2]).unwrap();
    let p = Tensor::eye(4, DOUBLE).narrow(-1, 0, 2);
    // Both lines at right angles: two shortest ways.
    let q = Tensor::eye(4, DOUBLE).narrow(-1, 2, 2);
    assert!(matches!(
        flags.log(&p, &q),
        Err(Error::NoLogarithm { row: 0, .. })
    ));
    assert!(matches!(
        flags.log(&p, &(q * f64::NAN)),
        Err(Error::NotFinite { .. })
    ));
}

#[test]
fn geodesics_are_no_longer_than_other_ways() {
    let flags = Flag::new(6, &[1, 3]).unwrap();
    let (p, v) = drawn(&flags, 13, 30, 0.9);
    let u = flags.random_tangent(&mut seeded(14), &p);
    let (q, r) = (flags.exp(&p, &v), flags.exp(&p, &(u * 0.1)));
    let detour = flags.dist(&p, &r).unwrap() + flags.dist(&r, &q).unwrap();
    assert!((detour - 0.9).min().double_value(&[]) > 0.0);
}

#[test]
fn chordal_distance_is_that_of_the_projectors() {
    for flags in every() {
        let p = flags.random_point(&mut seeded(15), &[12], DOUBLE);
        let q = flags.random_point(&mut seeded(16), &[12], DOUBLE);
        let difference = flags.block_projectors(&p) - flags.block_projectors(&q);
        let squares = difference.square();
        let want =
            (squares.sum_dim_intlist([-3, -2, -1].as_slice(), false, Kind::Double) * 0.5).sqrt();
        assert_close(&flags.chordal_dist(&p, &q), &want, 1e-14);
        let formula = with_tensor_formulas(|| flags.chordal_dist(&p, &q));
        assert_close(&formula, &want, 1e-14);
    }
}

#[test]
fn tiny_chordal_distances_keep_their_digits() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let (p, v) = drawn(&flags, 17, 5, 1e-6);
    let q = flags.exp(&p, &v).matmul(&block_turns(&flags, 18, 5));
    // To first order |v|, the Frobenius norm: blocks i and j both turn by their part of A.
    let want = v
        .square()
        .sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double)
        .sqrt();
    assert_close(&flags.chordal_dist(&p, &q), &want, 1e-9);
}

/// Σ gradient · direction against the extrapolated difference.
fn check_gradient(f: impl Fn(&Tensor) -> Tensor, x: &Tensor, direction: &Tensor) {
    let leaf = x.detach().copy().set_requires_grad(true);
    let value = f(&leaf).sum(Kind::Double);
    value.backward();
    let got = (leaf.grad() * direction)
        .sum(Kind::Double)
        .double_value(&[]);
    let at = |h: f64| tch::no_grad(|| f(&(x + direction * h)).sum(Kind::Double).double_value(&[]));
    let slope = |h: f64| (at(h) - at(-h)) / (2.0 * h);
    let want = (4.0 * slope(5e-4) - slope(1e-3)) / 3.0;
    assert!(
        (got - want).abs() < 1e-9 * (1.0 + want.abs()),
        "{got} {want}"
    );
}

#[test]
fn exp_and_distances_have_gradients() {
    for flags in every() {
        for length in [0.0, 0.7] {
            let (p, v) = drawn(&flags, 19, 3, length);
            let weights = random_normal(&mut seeded(20), &p.size(), Kind::Double, DOUBLE.1);
            let u = flags.random_tangent(&mut seeded(21), &p);
            check_gradient(|v| flags.exp(&p, v) * &weights, &v, &u);
            let q = flags.random_point(&mut seeded(22), &[3], DOUBLE);
            check_gradient(|q| flags.chordal_dist(&p, q), &q, &weights);
            check_gradient(|v| flags.retract_qr(&p, v) * &weights, &v, &u);
        }
    }
}

#[test]
fn retractions_agree_with_the_geodesic() {
    for flags in every() {
        let (p, v) = drawn(&flags, 23, 9, 1.0);
        let error = |h: f64| {
            let (polar, qr) = (
                flags.retract(&p, &(&v * h)),
                flags.retract_qr(&p, &(&v * h)),
            );
            let exact = flags.exp(&p, &(&v * h));
            let qr_error = flags.block_projectors(&qr) - flags.block_projectors(&exact);
            (largest(&(polar - exact)), largest(&qr_error))
        };
        let (coarse, fine) = (error(1e-2), error(1e-3));
        assert!(
            fine.0 < coarse.0 / 80.0 && fine.1 < coarse.1 / 80.0,
            "{flags:?}"
        );
        assert!(coarse.0 < 1e-3 && coarse.1 < 1e-3);
    }
}

#[test]
fn subspaces_make_a_flag_and_come_back() {
    let flags = Flag::new(8, &[1, 3, 4]).unwrap();
    let p = flags.random_point(&mut seeded(24), &[6], DOUBLE);
    // Other bases, of any lengths.
    let bases: Vec<Tensor> = flags
        .to_subspaces(&p)
        .iter()
        .map(|basis| {
            let d = basis.size()[2];
            let mix = random_normal(&mut seeded(25), &[6, d, d], Kind::Double, DOUBLE.1);
            basis.matmul(&mix)
        })
        .collect();
    let flag = flags.from_subspaces(&bases).unwrap();
    flags.check_point(&flag).unwrap();
    assert!(largest(&flags.chordal_dist(&p, &flag)) < 1e-12);
}

#[test]
fn what_is_no_flag_is_refused_with_its_place() {
    let flags = Flag::new(5, &[1, 3]).unwrap();
    let p = flags.random_point(&mut seeded(26), &[4], DOUBLE);
    let [line, space]: [Tensor; 2] = flags.to_subspaces(&p).try_into().unwrap();
    let message = |bases: &[Tensor]| flags.from_subspaces(bases).unwrap_err().to_string();

    let (tilted, other) = (
        line.copy(),
        flags.random_point(&mut seeded(27), &[], DOUBLE),
    );
    tilted.get(2).copy_(&other.narrow(-1, 0, 1));
    let found = message(&[tilted, space.copy()]);
    assert!(found.contains("subspace 0 within subspace 1"), "{found}");
    assert!(found.contains("row 2"), "{found}");

    let flat = space.copy();
    let mut last = flat.get(3).narrow(-1, 2, 1);
    last.copy_(&flat.get(3).narrow(-1, 1, 1));
    let found = message(&[line.copy(), flat]);
    assert!(
        found.contains("independent columns in subspace 1"),
        "{found}"
    );
    assert!(found.contains("row 3"), "{found}");

    let broken = line.copy();
    let _ = broken.get(1).fill_(f64::NAN);
    let found = message(&[broken, space.copy()]);
    assert!(
        found.contains("subspace 0") && found.contains("row 1"),
        "{found}"
    );

    let found = message(&[line.copy()]);
    assert!(found.contains("2 subspaces"), "{found}");
    let found = message(&[line.copy(), p.narrow(-1, 0, 2)]);
    assert!(found.contains("subspace 1 of shape [.., 5, 3]"), "{found}");
    let found = message(&[line.get(0), space.copy()]);
    assert!(found.contains("subspace 1 of the batch"), "{found}");
}

#[test]
fn dimensions_are_checked() {
    for (n, dims, part) in [
        (5, vec![], "at least one"),
        (5, vec![0, 2], "dimension 0 in 1..=5"),
        (5, vec![2, 2], "dimension 1 in 3..=5"),
        (5, vec![2, 6], "dimension 1 in 3..=5"),
        (5, vec![5], "smaller than"),
    ] {
        let error = Flag::new(n, &dims).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let flags = Flag::new(10, &[1, 3]).unwrap();
    assert_eq!(flags.dim(), 23);
    assert_eq!(flags.blocks().collect::<Vec<_>>(), [(0, 1), (1, 2)]);
}

#[test]
fn an_empty_batch_has_logarithms() {
    let flags = Flag::new(4, &[1, 2]).unwrap();
    let none = Tensor::zeros([0, 4, 2], DOUBLE);
    assert_eq!(flags.log(&none, &none).unwrap().size(), [0, 4, 2]);
    assert_eq!(flags.dist(&none, &none).unwrap().size(), [0]);
    assert_eq!(flags.exp(&none, &none).size(), [0, 4, 2]);
}

/// Blocks of one column: frames up to signs, with the canonical metric of the Stiefel manifold.
#[test]
fn blocks_of_one_are_canonical_frames() {
    for (n, dims) in [(5, &[1, 2, 3][..]), (4, &[1, 2, 3, 4]), (6, &[1, 2])] {
        let flags = Flag::new(n, dims).unwrap();
        let frames = Stiefel::new(n, flags.frame_dim(), StiefelMetric::Canonical).unwrap();
        let (p, v) = drawn(&flags, 31, 9, 0.7);
        frames.check_tangent(&p, &v).unwrap();
        assert_eq!(flags.dim(), frames.dim());
        assert_close(&flags.inner(&p, &v, &v), &frames.inner(&p, &v, &v), 1e-14);
        let end = flags.exp(&p, &v);
        assert_close(&end, &frames.exp(&p, &v), 1e-13);
        assert_close(
            &flags.dist(&p, &end).unwrap(),
            &frames.dist(&p, &end).unwrap(),
            1e-11,
        );
    }
}

/// Full flags have the metric and the geodesics of rotations.
#[test]
fn full_flags_move_as_rotations_do() {
    for n in [3, 4] {
        let dims: Vec<i64> = (1..=n).collect();
        let flags = Flag::new(n, &dims).unwrap();
        let rotations = SpecialOrthogonal::new(n).unwrap();
        let mut rng = seeded(32);
        let p = rotations.random_point(&mut rng, &[9], DOUBLE);
        let v = rotations.random_tangent(&mut rng, &p) * 0.2;
        assert_eq!(flags.dim(), rotations.dim());
        assert_close(
            &flags.inner(&p, &v, &v),
            &rotations.inner(&p, &v, &v),
            1e-14,
        );
        let end = flags.exp(&p, &v);
        assert_close(&end, &rotations.exp(&p, &v), 1e-13);
        assert_close(
            &flags.dist(&p, &end).unwrap(),
            &rotations.dist(&p, &end),
            1e-11,
        );
    }
}
