use holonomy::numerics::with_tensor_formulas;
use holonomy::{
    Curvature, Error, EuclideanParametrised, Geodesic, Lorentz, Manifold, PoincareBall, Sample,
};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_close, far_points, seeded};

fn space(n: i64, kappa: f64) -> EuclideanParametrised {
    EuclideanParametrised::new(n, kappa).unwrap()
}

fn row(values: &[f64]) -> Tensor {
    Tensor::from_slice(values)
}

#[test]
fn arguments_out_of_range_are_refused() {
    for (n, kappa) in [(0, -1.0), (2, 0.0), (2, 1.0), (2, f64::NAN)] {
        let refused = EuclideanParametrised::new(n, kappa);
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })));
    }
    let bad = row(&[0.0, f64::NAN]);
    assert!(space(2, -1.0).check_point(&bad).is_err());
}

#[test]
fn charts_are_isometries_and_invert_each_other() {
    for (n, kappa) in [(2, -1.0), (5, -0.3)] {
        let m = space(n, kappa);
        let unit = 1.0 / (-kappa).sqrt();
        let p = far_points(&m, 1, 20, 6.0 * unit);
        let q = far_points(&m, 2, 20, 3.0 * unit);
        let d = m.dist(&p, &q);
        let ball = m.ball().unwrap();
        let lorentz = m.lorentz().unwrap();
        assert_close(&ball.dist(&m.to_ball(&p), &m.to_ball(&q)), &d, 1e-11);
        assert_close(
            &lorentz.dist(&m.to_lorentz(&p), &m.to_lorentz(&q)),
            &d,
            1e-11,
        );
        assert_close(&m.from_ball(&m.to_ball(&p)), &p, 1e-11);
        assert_close(&m.from_lorentz(&m.to_lorentz(&p)), &p, 1e-14);
        lorentz.check_point(&m.to_lorentz(&p)).unwrap();
    }
}

#[test]
fn at_the_origin_charts_and_operations_are_the_identity() {
    let m = space(3, -1.0);
    let zero = Tensor::zeros([3], DOUBLE);
    let z = row(&[0.3, -0.4, 1.2]);
    for got in [m.exp(&zero, &z), m.log(&zero, &z), m.to_frame(&zero, &z)] {
        assert_eq!(got, z);
    }
    assert_close(&m.log(&z, &zero), &-&z, 1e-15);
    assert_eq!(m.dist(&zero, &zero).double_value(&[]), 0.0);
    assert_eq!(m.to_ball(&zero), zero);
    assert_eq!(m.from_ball(&zero), zero);
}

#[test]
fn the_frame_has_the_dot_product_and_is_transport_to_the_origin() {
    let m = space(4, -0.5);
    let mut rng = seeded(3);
    let p = far_points(&m, 4, 10, 9.0);
    let u = m.random_tangent(&mut rng, &p);
    let v = m.random_tangent(&mut rng, &p);
    let (a, b) = (m.to_frame(&p, &u), m.to_frame(&p, &v));
    let dot = (&a * &b).sum_dim_intlist(-1, false, Kind::Double);
    assert_close(&dot, &m.inner(&p, &u, &v), 1e-13);
    assert_close(&m.parallel_transport(&p, &p.zeros_like(), &u), &a, 1e-12);
    let back = m.from_frame(&p, &a);
    assert_close(&m.to_frame(&p, &(back - u)), &a.zeros_like(), 1e-9);
}

/// On an axis coordinates keep what the frame keeps.
#[test]
fn coordinates_and_frame_agree_at_radius_300() {
    let m = space(2, -1.0);
    let p = row(&[300.0, 0.0]);
    for u in [[1.0, 0.0], [0.0, 1.0], [0.3, -2.0], [-400.0, 1.0]] {
        let u = row(&u);
        let q = m.exp_in_frame(&p, &u);
        assert_close(&m.exp(&p, &m.from_frame(&p, &u)), &q, 1e-14);
        assert_close(&m.log_in_frame(&p, &q), &u, 1e-12);
        assert_close(&m.to_frame(&p, &m.log(&p, &q)), &u, 1e-12);
        let d = m.dist(&p, &q).double_value(&[]);
        let length = m.norm(&p, &m.log(&p, &q)).double_value(&[]);
        assert!((d / length - 1.0).abs() < 1e-13, "{d:e} {length:e}");
    }
}

#[test]
fn nothing_overflows_up_to_radius_700() {
    let m = space(3, -1.0);
    let mut rng = seeded(5);
    let mut direction = || {
        let v = m.random_point(&mut rng, &[50], DOUBLE);
        &v / v.square().sum_dim_intlist(-1, true, Kind::Double).sqrt()
    };
    for radius in [40.0, 100.0, 300.0, 700.0] {
        let (p, q) = (row(&[radius, 0.0, 0.0]), direction() * radius);
        let u = direction();
        let d = m.dist(&p, &q);
        let log = m.log_in_frame(&p, &q);
        let length = log.square().sum_dim_intlist(-1, false, Kind::Double).sqrt();
        assert_close(&length, &d, 1e-14);
        // The angle at p is e^{−radius}; its square must not underflow.
        if radius <= 300.0 {
            assert_close(&m.exp_in_frame(&p, &log), &q, 1e-12);
        }
        let moved = m.transport_in_frame(&p, &q, &u);
        let p = p.expand_as(&q);
        let size = moved.square().sum_dim_intlist(-1, false, Kind::Double);
        assert_close(&size, &size.ones_like(), 1e-14);
        let rgrad = m.rgrad(&p, &u);
        assert_eq!(rgrad.isfinite().all().int64_value(&[]), 1);
        let single = m.dist(&p.to_kind(Kind::Float), &q.to_kind(Kind::Float));
        assert_close(&single.to_kind(Kind::Double), &d, 1e-5);
    }
}

#[test]
fn hyperplanes_are_those_of_the_ball() {
    for kappa in [-1.0, -0.25] {
        let m = space(3, kappa);
        let ball = m.ball().unwrap();
        let z = far_points(&m, 6, 30, 4.0);
        let direction = row(&[2.0, -1.0, 0.5]);
        let unit = &direction / direction.square().sum(Kind::Double).sqrt();
        for offset in [-3.0, -0.2, 0.0, 1.5] {
            let got = m.hyperplane_distance(&z, &direction, &row(&[offset]));
            let foot = m.to_ball(&(&unit * offset));
            let want = ball.hyperplane_dist(&m.to_ball(&z), &foot, &direction);
            assert_close(&got, &want, 1e-11);
            let formula =
                with_tensor_formulas(|| m.hyperplane_distance(&z, &direction, &row(&[offset])));
            assert_close(&got, &formula, 1e-12);
        }
    }
}

#[test]
fn hyperplane_distances_keep_their_digits_far_out() {
    let m = space(2, -1.0);
    let right = row(&[1.0, 0.0]);
    let at = |z: [f64; 2], a: f64| {
        m.hyperplane_distance(&row(&z), &right, &row(&[a]))
            .double_value(&[])
    };
    for r in [10.0, 300.0, 700.0] {
        assert!((at([r, 0.0], r - 2.0) - 2.0).abs() < 1e-12);
        assert!((at([r, 0.0], r + 2.0) + 2.0).abs() < 1e-12);
        assert!((at([-r, 0.0], r) + 2.0 * r).abs() < 1e-12 * r);
        // At a right angle: sinh h = −sinh a cosh r, so h = −(a + r − ln 2) but for e^−2r.
        let bound = 2.0 * (-2.0 * r).exp() + 1e-15 * r;
        assert!((at([0.0, r], r) + 2.0 * r - 2.0_f64.ln()).abs() < bound);
        assert_eq!(at([r, 0.0], r), 0.0);
        assert!((at([0.0, 0.0], r) + r).abs() < 1e-12);
    }
}

/// asinh(cosh a sinh r cos θ − sinh a cosh r) of 700 digits: where the point lies across the direction both
/// parts may be small, though sinh r is not.
#[test]
fn points_across_the_direction_of_a_hyperplane_keep_their_digits() {
    let m = space(2, -1.0);
    let cases: [([f64; 2], f64, f64); 12] = [
        ([0.0, 20.0], 0.0, 0.0),
        ([0.0, 50.0], 0.0, 0.0),
        ([1e-20, 50.0], 0.0, 0.497_671_068_658_732_34),
        ([-1e-20, 300.0], 0.0, -248.244_515_665_462_9),
        ([0.0, 300.0], 1e-20, -253.948_298_140_119_09),
        ([-0.5, 300.0], 1e-9, -293.603_486_222_274_86),
        ([3.0, 4.0], 0.25, 3.995_751_754_826_261_4),
        ([60.0, -250.0], 0.0, 255.644_085_192_951_03),
        ([0.001, 30.0], -2.0, 31.288_401_965_840_397),
        ([200.0, 250.0], 3.0, -321.472_259_809_352_62),
        ([-40.0, -41.0], 0.001, -56.922_373_129_649_84),
        ([150.0, 260.0], 0.5, 297.006_124_521_694_6),
    ];
    for (z, a, want) in cases {
        let distance = || {
            let d = m.hyperplane_distance(&row(&z), &row(&[2.0, 0.0]), &row(&[a]));
            d.double_value(&[])
        };
        for got in [distance(), with_tensor_formulas(distance)] {
            let allowed = 4.0 * f64::EPSILON * want.abs().max(1.0);
            assert!((got - want).abs() <= allowed, "{z:?}, {a}: {got} {want}");
        }
    }
    // Where the products overflow: h = ln 2 (cosh a sinh r cos θ − sinh a cosh r).
    let far = m.hyperplane_distance(&row(&[0.0, 700.0]), &row(&[1.0, 0.0]), &row(&[1.0]));
    let want = -(700.0 + 1.0_f64.sinh().ln());
    assert!((far.double_value(&[]) - want).abs() < 1e-12);
}

#[test]
fn points_beside_the_origin_are_at_their_own_distance() {
    let m = space(2, -1.0);
    let (p, q) = (row(&[3e-120, 0.0]), row(&[0.0, 4e-120]));
    assert_eq!(m.dist(&p, &p).double_value(&[]), 0.0);
    assert_eq!(m.log(&p, &p).abs().max().double_value(&[]), 0.0);
    assert_eq!(m.log_in_frame(&p, &p).abs().max().double_value(&[]), 0.0);
    assert!((m.log(&p, &q).double_value(&[0]) + 3e-120).abs() < 1e-135);
    let origin = row(&[0.0, 0.0]);
    assert_eq!(m.dist(&origin, &origin).double_value(&[]), 0.0);
    assert_eq!(m.dist(&origin, &row(&[3.0, 4.0])).double_value(&[]), 5.0);
}

/// ∂ dist/∂p is the unit vector away from q, in the frame.
#[test]
fn gradients_are_right_at_radius_300() {
    let m = space(2, -1.0);
    for (p, q) in [
        ([300.0, 0.0], [0.0, 300.0]),
        ([300.0, 0.0], [-200.0, 0.0]),
        ([300.0, 0.0], [302.0, 0.0]),
        ([0.0, 0.0], [0.0, 300.0]),
    ] {
        let (p, q) = (row(&p).set_requires_grad(true), row(&q));
        m.dist(&p, &q).backward();
        let log = m.log_in_frame(&p.detach(), &q);
        let away = -&log / log.square().sum(Kind::Double).sqrt();
        assert_close(&m.from_frame(&p.detach(), &p.grad()), &away, 1e-12);
    }
}

#[test]
fn hyperplane_gradients_are_differences() {
    let m = space(2, -0.8);
    let h = 1e-5;
    for z in [[0.0, 0.0], [0.4, 1.0], [-30.0, 2.0], [300.0, 1.0]] {
        let leaves = [row(&z), row(&[1.5, 0.7]), row(&[0.4])].map(|x| x.set_requires_grad(true));
        let [z, direction, offset] = &leaves;
        m.hyperplane_distance(z, direction, offset).backward();
        for (which, leaf) in leaves.iter().enumerate() {
            for index in 0..leaf.size()[0] {
                let value = |step: f64| {
                    let moved: Vec<Tensor> = leaves.iter().map(|x| x.detach().copy()).collect();
                    let _ = moved[which].get(index).g_add_scalar_(step);
                    m.hyperplane_distance(&moved[0], &moved[1], &moved[2])
                        .double_value(&[])
                };
                let want = (value(h) - value(-h)) / (2.0 * h);
                let got = leaf.grad().double_value(&[index]);
                assert!(
                    (got - want).abs() < 1e-7 * (1.0 + want.abs()),
                    "{got} {want}"
                );
            }
        }
    }
}

#[test]
fn gradients_reach_the_curvature() {
    let (p, q) = (row(&[0.3, 1.2]), row(&[-2.0, 0.4]));
    let dist = |kappa: f64| space(2, kappa).dist(&p, &q).double_value(&[]);
    let kappa = Tensor::from(-0.7).set_requires_grad(true);
    let curvature = Curvature::learnable(&kappa).unwrap();
    let m = EuclideanParametrised::new(2, curvature).unwrap();
    m.dist(&p, &q).backward();
    let h = 1e-6;
    let want = (dist(-0.7 + h) - dist(-0.7 - h)) / (2.0 * h);
    assert!((kappa.grad().double_value(&[]) - want).abs() < 1e-8);
}

/// The models that the charts lead to have the same shape of points as promised.
#[test]
fn models_have_the_same_curvature_and_dimension() {
    let m = space(3, -2.0);
    let ball: PoincareBall = m.ball().unwrap();
    let lorentz: Lorentz = m.lorentz().unwrap();
    assert_eq!(ball.curvature().value(), -2.0);
    assert_eq!(lorentz.curvature().value(), -2.0);
    assert_eq!((ball.dim(), lorentz.dim()), (3, 3));
}
