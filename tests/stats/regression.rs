//! Geodesic regression.

use holonomy::stats::{CenterConfig, geodesic_regression};
use holonomy::{Euclidean, Grassmann, Lorentz, Sample, Space, Sphere};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, normal, seeded};

#[test]
fn flat_space_has_the_usual_line() {
    let m = Euclidean::new(2).unwrap();
    let x = normal(1, &[30]) + 5.0;
    let y = normal(2, &[30, 2]);
    let found = geodesic_regression(&m, &x, &y, &CenterConfig::default()).unwrap();
    let centered = &x - x.mean(Kind::Double);
    let slope =
        centered.unsqueeze(0).matmul(&y).squeeze_dim(0) / centered.square().sum(Kind::Double);
    let intercept = y.mean_dim([0].as_slice(), false, Kind::Double) - x.mean(Kind::Double) * &slope;
    assert_near(&found.slope, &slope, 1e-12);
    assert_near(&found.intercept, &intercept, 1e-12);
    let residual = (found.predict(&m, &x) - &y)
        .square()
        .sum(Kind::Double)
        .double_value(&[])
        / 30.0;
    assert!((found.residual - residual).abs() < 1e-12);
    let variance = (&y - y.mean_dim([0].as_slice(), true, Kind::Double)).square();
    let variance = variance.sum(Kind::Double).double_value(&[]) / 30.0;
    assert!((found.r_squared - (1.0 - residual / variance)).abs() < 1e-12);
}

fn spaces() -> Vec<Box<dyn Space>> {
    vec![
        Box::new(Sphere::new(3, 1.0).unwrap()),
        Box::new(Lorentz::new(2, -1.0).unwrap()),
        Box::new(Grassmann::new(5, 2).unwrap()),
    ]
}

/// A point, a velocity of length 1 and numbers from −0.2 to 0.6.
fn line(m: &dyn Space) -> (Tensor, Tensor, Tensor) {
    let mut rng = seeded(3);
    let p = m.random_point(&mut rng, &[], DOUBLE);
    let v = m.random_tangent(&mut rng, &p);
    let v = &v / m.norm(&p, &v);
    (p, v, Tensor::linspace(-0.2, 0.6, 12, DOUBLE))
}

fn along(m: &dyn Space, p: &Tensor, v: &Tensor, x: &Tensor) -> Tensor {
    let mut x = x.shallow_clone();
    for _ in m.point_shape() {
        x = x.unsqueeze(-1);
    }
    m.exp(p, &(x * v))
}

#[test]
fn a_geodesic_is_recovered_on_every_space() {
    for m in spaces() {
        let (p, v, x) = line(&*m);
        let y = along(&*m, &p, &v, &x);
        let found = geodesic_regression(&*m, &x, &y, &CenterConfig::default()).unwrap();
        assert!(found.residual < 1e-18, "{m:?}: {:e}", found.residual);
        assert!((found.r_squared - 1.0).abs() < 1e-12);
        assert!(m.dist(&found.intercept, &p).double_value(&[]) < 1e-9);
        m.check_tangent(&found.intercept, &found.slope).unwrap();
        let length = m.norm(&found.intercept, &found.slope).double_value(&[]);
        assert!((length - 1.0).abs() < 1e-9);
        let off = m.dist(&found.predict(&*m, &x), &y).max().double_value(&[]);
        assert!(off < 1e-9);
    }
}

/// With noise no geodesic nearby fits better.
#[test]
fn the_fit_is_a_minimum() {
    for m in spaces() {
        let (p, v, x) = line(&*m);
        let clean = along(&*m, &p, &v, &x);
        let y = m.exp(&clean, &(m.random_tangent(&mut seeded(4), &clean) * 0.05));
        let found = geodesic_regression(&*m, &x, &y, &CenterConfig::default()).unwrap();
        let (p, v) = (&found.intercept, &found.slope);
        let residual = |p: &Tensor, v: &Tensor| {
            m.dist(&along(&*m, p, v, &x), &y)
                .square()
                .mean(Kind::Double)
                .double_value(&[])
        };
        assert!((residual(p, v) - found.residual).abs() < 1e-12);
        for seed in 0..6 {
            let change = m.random_tangent(&mut seeded(seed), p) * 1e-3;
            let (q, moved) = m.exp_transport(p, &change, v);
            assert!(residual(&q, &moved) > found.residual, "{m:?}, point {seed}");
            assert!(
                residual(p, &(v + &change)) > found.residual,
                "{m:?}, slope {seed}"
            );
        }
    }
}

#[test]
fn bad_input_is_named() {
    let m = Sphere::new(2, 1.0).unwrap();
    let y = m.random_point(&mut seeded(5), &[3], DOUBLE);
    let refused = |x: &[f64]| {
        let x = Tensor::from_slice(x);
        expected_of(geodesic_regression(&m, &x, &y, &CenterConfig::default()))
    };
    assert_eq!(refused(&[1.0, 2.0]), "one number for each of 3 points");
    assert_eq!(refused(&[1.0, f64::INFINITY, 2.0]), "finite numbers");
    assert_eq!(refused(&[1.0, 1.0, 1.0]), "numbers that differ");
}
