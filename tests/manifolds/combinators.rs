//! Powers, scaled manifolds and matrices with unit columns, beside what they are made of.

#![allow(clippy::unwrap_used)]

use holonomy::{
    Error, Geodesic, Lorentz, Manifold, Oblique, Power, Product, Sample, Scaled, Sphere,
};
use tch::Tensor;

use super::{DOUBLE, assert_close, seeded};

#[test]
fn a_power_is_a_product_of_equal_factors() {
    let factor = || Lorentz::new(2, -1.0).unwrap();
    let power = Power::new(factor(), 3).unwrap();
    let factors = (0..3).map(|_| Box::new(factor())).collect();
    let product = Product::of(factors).unwrap();
    let p = power.random_point(&mut seeded(1), &[4], DOUBLE);
    let v = power.random_tangent(&mut seeded(2), &p);
    let q = power.exp(&p, &v);
    let flat = |x: &Tensor| x.flatten(-2, -1);
    let [fp, fq, fv] = [&p, &q, &v].map(flat);
    assert_eq!((power.dim(), power.count()), (product.dim(), 3));
    assert_eq!(power.factor().point_shape(), factor().point_shape());
    assert_close(&fq, &product.exp(&fp, &fv), 1e-15);
    assert_close(&power.dist(&p, &q), &product.dist(&fp, &fq), 1e-15);
    assert_close(
        &power.inner(&p, &v, &v),
        &product.inner(&fp, &fv, &fv),
        1e-15,
    );
    let component = power.component_inner(&p, &v, &v).expand_as(&p);
    assert_close(
        &flat(&component),
        &product.component_inner(&fp, &fv, &fv),
        1e-15,
    );
}

#[test]
#[should_panic(expected = "expected points of shape [.., 3, 3]")]
fn one_copy_does_not_stand_for_all() {
    let power = Power::new(Sphere::new(2, 1.0).unwrap(), 3).unwrap();
    let p = power.random_point(&mut seeded(1), &[], DOUBLE);
    let _ = power.dist(&p, &p.narrow(0, 0, 1));
}

#[test]
fn arguments_are_checked() {
    let sphere = || Sphere::new(2, 1.0).unwrap();
    assert!(matches!(
        Power::new(sphere(), 0),
        Err(Error::InvalidArgument { .. })
    ));
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200, 1e200] {
        let refused = Scaled::new(sphere(), factor);
        assert!(
            matches!(refused, Err(Error::InvalidArgument { .. })),
            "{factor}"
        );
    }
    for (n, k) in [(1, 1), (2, 0)] {
        assert!(matches!(
            Oblique::new(n, k),
            Err(Error::InvalidArgument { .. })
        ));
    }
}

/// A sphere of radius c is the unit sphere with lengths multiplied by c.
#[test]
fn a_scaled_sphere_is_a_larger_sphere() {
    let (unit, large) = (Sphere::new(3, 1.0).unwrap(), Sphere::new(3, 0.25).unwrap());
    let scaled = Scaled::new(unit.clone(), 2.0).unwrap();
    let p = unit.random_point(&mut seeded(1), &[9], DOUBLE);
    let q = unit.random_point(&mut seeded(2), &[9], DOUBLE);
    assert_close(
        &scaled.dist(&p, &q),
        &large.dist(&(&p * 2.0), &(&q * 2.0)),
        1e-15,
    );
    assert_eq!((scaled.factor(), scaled.manifold().dim()), (2.0, 3));
    let v = scaled.log(&p, &q);
    assert_close(&scaled.norm(&p, &v), &scaled.dist(&p, &q), 1e-14);
    assert_close(&scaled.rgrad(&p, &q), &(unit.rgrad(&p, &q) * 0.25), 1e-15);
}

#[test]
fn columns_are_points_of_a_sphere() {
    let (m, sphere) = (Oblique::new(3, 2).unwrap(), Sphere::new(2, 1.0).unwrap());
    let p = m.random_point(&mut seeded(1), &[5], DOUBLE);
    let q = m.random_point(&mut seeded(2), &[5], DOUBLE);
    let v = m.log(&p, &q);
    assert_eq!((p.size(), m.dim()), (vec![5, 3, 2], 4));
    for j in 0..2 {
        let column = |x: &Tensor| x.select(-1, j);
        assert_close(&column(&v), &sphere.log(&column(&p), &column(&q)), 1e-15);
        let component = m.component_inner(&p, &v, &v);
        let square = sphere.dist(&column(&p), &column(&q)).square();
        assert_close(&component.select(-1, j).squeeze_dim(-1), &square, 1e-14);
    }
}
