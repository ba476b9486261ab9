//! Subspaces do not depend on their bases, and bad input is named.

use holonomy::{Error, Geodesic, Grassmann, Manifold, Sample, Sphere};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::{DOUBLE, assert_close, seeded};

/// Random orthogonal k × k matrices: half of them reflections.
fn turns(rng: &mut Xoshiro256PlusPlus, count: i64, k: i64) -> Tensor {
    let tall = Grassmann::new(2 * k, k).unwrap();
    let square = tall.random_point(rng, &[count], DOUBLE).narrow(-2, 0, k);
    Tensor::linalg_qr(&square, "reduced").0
}

#[test]
fn no_result_depends_on_a_basis() {
    for (n, k) in [(4, 2), (7, 3), (5, 4), (64, 8)] {
        let mut rng = seeded(5);
        let space = Grassmann::new(n, k).unwrap();
        let p = space.random_point(&mut rng, &[9], DOUBLE);
        let v = space.random_tangent(&mut rng, &p) * 0.1;
        let w = space.random_tangent(&mut rng, &p);
        let q = space.exp(&p, &(space.random_tangent(&mut rng, &p) * 0.1));
        let (a, b) = (turns(&mut rng, 9, k), turns(&mut rng, 9, k));
        let (pa, va, wa, qb) = (p.matmul(&a), v.matmul(&a), w.matmul(&a), q.matmul(&b));
        let near = |x: &Tensor, y: &Tensor| assert_close(x, y, 1e-13);

        near(&space.dist(&pa, &qb), &space.dist(&p, &q));
        near(
            &space.principal_angles(&pa, &qb),
            &space.principal_angles(&p, &q),
        );
        near(&space.chordal_dist(&pa, &qb), &space.chordal_dist(&p, &q));
        near(
            &space.projection_dist(&pa, &qb),
            &space.projection_dist(&p, &q),
        );
        near(
            &space.binet_cauchy_dist(&pa, &qb),
            &space.binet_cauchy_dist(&p, &q),
        );
        near(&space.martin_dist(&pa, &qb), &space.martin_dist(&p, &q));
        near(&space.inner(&pa, &va, &wa), &space.inner(&p, &v, &w));
        // Points in the basis that came with the argument, tangents in that of their point.
        near(&space.exp(&pa, &va), &space.exp(&p, &v).matmul(&a));
        near(&space.retract(&pa, &va), &space.retract(&p, &v).matmul(&a));
        near(&space.project(&pa), &p.matmul(&a));
        near(&space.log(&pa, &qb), &space.log(&p, &q).matmul(&a));
        near(
            &space.parallel_transport(&pa, &qb, &wa),
            &space.parallel_transport(&p, &q, &w).matmul(&b),
        );
        near(
            &space.vector_transport(&pa, &qb, &wa),
            &space.vector_transport(&p, &q, &w).matmul(&b),
        );
        near(&space.projector(&pa), &space.projector(&p));
    }
}

#[test]
fn another_basis_is_the_same_point() {
    let mut rng = seeded(5);
    let space = Grassmann::new(6, 3).unwrap();
    let p = space.random_point(&mut rng, &[8], DOUBLE);
    let q = p.matmul(&turns(&mut rng, 8, 3));
    assert_close(&space.dist(&p, &q), &Tensor::zeros([8], DOUBLE), 5e-15);
    assert_close(
        &space.principal_angles(&p, &q),
        &Tensor::zeros([8, 3], DOUBLE),
        5e-15,
    );
}

/// dist of lines is the angle between them, of either orientation.
#[test]
fn lines_are_points_of_a_sphere_up_to_sign() {
    let mut rng = seeded(5);
    let (lines, sphere) = (Grassmann::new(4, 1).unwrap(), Sphere::new(3, 1.0).unwrap());
    let p = sphere.random_point(&mut rng, &[20], DOUBLE);
    let q = sphere.random_point(&mut rng, &[20], DOUBLE);
    let expected = sphere.dist(&p, &q).minimum(&sphere.dist(&p, &-&q));
    let column = |t: &Tensor| t.unsqueeze(-1);
    assert_close(&lines.dist(&column(&p), &column(&q)), &expected, 1e-14);
}

/// The distance between orthogonal complements is that of the subspaces.
#[test]
fn complements_are_as_far_apart() {
    let mut rng = seeded(5);
    let (lines, planes) = (Grassmann::new(3, 1).unwrap(), Grassmann::new(3, 2).unwrap());
    let [p, q] = [(); 2].map(|()| planes.random_point(&mut rng, &[20], DOUBLE));
    let normal = |p: &Tensor| {
        p.select(-1, 0)
            .linalg_cross(&p.select(-1, 1), -1)
            .unsqueeze(-1)
    };
    assert_close(
        &planes.dist(&p, &q),
        &lines.dist(&normal(&p), &normal(&q)),
        1e-14,
    );
}

#[test]
fn projectors_and_bases_convert() {
    let mut rng = seeded(5);
    for kind in [Kind::Double, Kind::Float] {
        let space = Grassmann::new(5, 2).unwrap();
        let p = space.random_point(&mut rng, &[2, 3], (kind, Device::Cpu));
        let back = space.from_projector(&space.projector(&p)).unwrap();
        space.check_point(&back).unwrap();
        assert_eq!(back.kind(), kind);
        let bound = if kind == Kind::Double { 1e-14 } else { 1e-6 };
        let zeros = Tensor::zeros([2, 3], (kind, Device::Cpu));
        assert_close(&space.dist(&p, &back), &zeros, bound);
    }
}

#[test]
fn what_projects_on_nothing_is_named() {
    let space = Grassmann::new(3, 1).unwrap();
    let p = space.random_point(&mut seeded(5), &[4], DOUBLE);
    let projector = space.projector(&p);
    let broken = |index: i64, change: Tensor| {
        let mut matrices = projector.copy();
        matrices.get(index).copy_(&change);
        let _ = &mut matrices;
        match space.from_projector(&matrices) {
            Err(Error::NotOnManifold {
                op, row, defect, ..
            }) => {
                assert_eq!((op, row), ("Grassmann::from_projector", index as usize));
                defect
            }
            other => panic!("{other:?}"),
        }
    };
    let good = projector.get(2);
    let eye = Tensor::eye(3, DOUBLE);
    // Twice a projector, one of rank two, one that is not symmetric, and no numbers.
    assert!((broken(2, &good * 2.0) - good.abs().max().double_value(&[])).abs() < 1e-12);
    assert!(broken(2, &eye - &good) > 0.1);
    assert!(broken(1, &good + Tensor::from_slice(&[0.0, 1e-3, 0.0])) > 4e-4);
    assert!(broken(3, &good * f64::NAN).is_nan());
    let wrong = space.from_projector(&Tensor::zeros([2, 2], DOUBLE));
    assert!(matches!(wrong, Err(Error::InvalidArgument { .. })));
}

#[test]
fn sizes_that_leave_no_subspace_are_refused() {
    for (n, k) in [(3, 0), (3, 3), (2, 5), (0, 0), (-1, -2)] {
        assert!(
            matches!(Grassmann::new(n, k), Err(Error::InvalidArgument { .. })),
            "{n}, {k}"
        );
    }
}

#[test]
fn dependent_columns_and_bad_numbers_are_found() {
    let space = Grassmann::new(4, 2).unwrap();
    let p = space.random_point(&mut seeded(5), &[3], DOUBLE);
    let first = p.get(1).select(-1, 0).copy();
    p.get(1).select(-1, 1).copy_(&first);
    match space.check_point(&p) {
        Err(Error::NotOnManifold { row: 1, defect, .. }) => assert!((defect - 1.0).abs() < 1e-12),
        other => panic!("{other:?}"),
    }
    // Their span has no basis of two: the others are not harmed.
    let projected = space.project(&p);
    assert!(projected.get(1).isnan().any().int64_value(&[]) == 1);
    space.check_point(&projected.get(0)).unwrap();
    space.check_point(&projected.get(2)).unwrap();
    let _ = p.get(0).fill_(f64::NAN);
    assert!(matches!(
        space.check_point(&p),
        Err(Error::NotOnManifold { row: 0, .. })
    ));
    assert!(space.dist(&p, &p).get(0).double_value(&[]).is_nan());
}

#[test]
fn right_angles_have_a_distance_and_no_logarithm() {
    let space = Grassmann::new(4, 2).unwrap();
    let columns =
        |a: i64, b: i64| Tensor::eye(4, DOUBLE).index_select(1, &Tensor::from_slice(&[a, b]));
    let (p, q) = (columns(0, 1), columns(2, 3));
    let exact = std::f64::consts::FRAC_PI_2 * 2.0_f64.sqrt();
    assert!((space.dist(&p, &q).double_value(&[]) - exact).abs() < 4e-15);
    assert!(space.log(&p, &q).isnan().all().int64_value(&[]) == 1);
    assert!(space.martin_dist(&p, &q).double_value(&[]) > 8.0);
}

#[test]
fn long_tangents_turn_all_the_way_round() {
    let space = Grassmann::new(3, 1).unwrap();
    let p = Tensor::from_slice(&[1.0, 0.0, 0.0]).view([3, 1]);
    for turns in [1.0, 7.0, 1e3] {
        let v = Tensor::from_slice(&[0.0, std::f64::consts::PI * turns, 0.0]).view([3, 1]);
        let end = space.exp(&p, &v);
        assert!(space.dist(&p, &end).double_value(&[]) < 1e-15 * (1.0 + 4.0 * turns));
    }
}

/// Each matrix by itself gives the bits that it has in a batch.
#[test]
fn a_batch_changes_no_bit() {
    let mut rng = seeded(5);
    let space = Grassmann::new(9, 4).unwrap();
    let p = space.random_point(&mut rng, &[19], DOUBLE);
    let q = space.random_point(&mut rng, &[19], DOUBLE);
    let (dist, log) = (space.dist(&p, &q), space.log(&p, &q));
    for row in 0..19 {
        let (p, q) = (p.get(row), q.get(row));
        assert!(space.dist(&p, &q).equal(&dist.get(row)), "row {row}");
        assert!(space.log(&p, &q).equal(&log.get(row)), "row {row}");
    }
}
