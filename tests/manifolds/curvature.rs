//! Curvature: its sign, and gradients that reach it.

use holonomy::{Curvature, Error, Geodesic, Lorentz, PoincareBall, Sphere};
use tch::{Device, Kind, Tensor};

#[test]
fn a_curvature_of_the_wrong_sign_is_refused() {
    for kappa in [0.0, 1.0, f64::NAN, f64::NEG_INFINITY] {
        for result in [
            PoincareBall::new(2, kappa).map(|_| ()),
            Lorentz::new(2, kappa).map(|_| ()),
        ] {
            assert!(
                matches!(result, Err(Error::InvalidArgument { .. })),
                "{kappa}"
            );
        }
        assert!(Sphere::new(2, -kappa).is_err());
    }
    assert!(PoincareBall::new(0, -1.0).is_err());
}

#[test]
fn a_learnable_curvature_must_be_one_f64_on_the_cpu() {
    assert!(Curvature::learnable(&Tensor::from_slice(&[-1.0, -2.0])).is_err());
    assert!(Curvature::learnable(&Tensor::from(-1.0_f32)).is_err());
    assert!(Curvature::learnable(&Tensor::from(-1.0_f64)).is_ok());
}

/// d(dist)/dκ by autograd and by central differences.
fn slopes(distance: impl Fn(Curvature) -> Tensor, kappa: f64) -> (f64, f64) {
    let leaf = Tensor::from(kappa).set_requires_grad(true);
    let d = distance(Curvature::learnable(&leaf).unwrap());
    let gradient = Tensor::run_backward(&[d], &[&leaf], false, false)[0].double_value(&[]);
    let h = 1e-5;
    let at = |kappa: f64| distance(kappa.into()).double_value(&[]);
    (gradient, (at(kappa + h) - at(kappa - h)) / (2.0 * h))
}

#[test]
fn gradients_reach_the_curvature_of_every_space() {
    let p = Tensor::from_slice(&[0.1, 0.3, -0.2]);
    let v = Tensor::from_slice(&[0.4, -0.1, 0.2]);
    let ball = |kappa| {
        let m = PoincareBall::new(3, kappa).unwrap();
        m.dist(&p, &m.exp(&p, &v)) + m.parallel_transport(&p, &v, &p).sum(Kind::Double)
    };
    let lorentz = |kappa| {
        let m = Lorentz::new(2, kappa).unwrap();
        m.dist(&p, &m.exp(&p, &v)) + m.log(&p, &v).sum(Kind::Double)
    };
    let sphere = |kappa: Curvature| {
        let radius = kappa.tensor().sqrt().reciprocal();
        let m = Sphere::new(2, kappa).unwrap();
        let (p, q) = (
            Tensor::from_slice(&[1.0, 0.0, 0.0]),
            Tensor::from_slice(&[0.0, 0.6, 0.8]),
        );
        m.dist(&(p * &radius), &(q * radius))
    };
    for (got, expected) in [
        slopes(ball, -0.8),
        slopes(lorentz, -0.8),
        slopes(sphere, 0.8),
    ] {
        assert!(
            (got - expected).abs() < 1e-8 * expected.abs().max(1.0),
            "{got} {expected}"
        );
        assert!(expected.abs() > 1e-3);
    }
}

#[test]
fn an_update_of_the_leaf_changes_the_space() {
    let mut leaf = Tensor::from(-1.0).set_requires_grad(true);
    let ball = PoincareBall::new(1, Curvature::learnable(&leaf).unwrap()).unwrap();
    let (p, q) = (
        Tensor::zeros([1], (Kind::Double, Device::Cpu)),
        Tensor::from_slice(&[0.5]),
    );
    let before = ball.dist(&p, &q).double_value(&[]);
    tch::no_grad(|| leaf.copy_(&Tensor::from(-0.25)));
    let after = ball.dist(&p, &q).double_value(&[]);
    assert!((before - 2.0 * 0.5_f64.atanh()).abs() < 1e-15);
    assert!((after - 4.0 * 0.25_f64.atanh()).abs() < 1e-15);
}
