//! Products: shapes, factors, and what a product can do when a factor cannot.

use holonomy::{Error, Euclidean, Geodesic, Lorentz, Manifold, Product, Sample, Space, Sphere};
use tch::Tensor;

use super::{DOUBLE, assert_close, seeded};

fn space() -> Product {
    Product::new(vec![
        Box::new(Sphere::new(2, 1.0).unwrap()),
        Box::new(Lorentz::new(3, -0.5).unwrap()),
        Box::new(Euclidean::new(2).unwrap()),
    ])
    .unwrap()
}

#[test]
fn a_point_is_the_points_of_the_factors_one_after_another() {
    let m = space();
    assert_eq!((m.point_shape(), m.dim()), (vec![3 + 4 + 2], 2 + 3 + 2));
    let p = m.random_point(&mut seeded(1), &[2, 5], DOUBLE);
    let parts = m.split(&p);
    assert_eq!(
        parts.iter().map(|t| t.size()[2]).collect::<Vec<_>>(),
        [3, 4, 2]
    );
    assert!(m.join(&parts).equal(&p));
}

#[test]
fn distances_and_inner_products_add_up() {
    let m = space();
    let mut rng = seeded(2);
    let (p, q) = (
        m.random_point(&mut rng, &[9], DOUBLE),
        m.random_point(&mut rng, &[9], DOUBLE),
    );
    let (parts_p, parts_q) = (m.split(&p), m.split(&q));
    let squares: Vec<Tensor> = m
        .factors()
        .zip(parts_p.iter().zip(&parts_q))
        .map(|(factor, (p, q))| factor.dist(p, q).square())
        .collect();
    assert_close(
        &m.dist(&p, &q).square(),
        &(&squares[0] + &squares[1] + &squares[2]),
        1e-14,
    );
}

#[test]
fn component_inner_repeats_one_value_over_each_factor() {
    let m = space();
    let mut rng = seeded(3);
    let p = m.random_point(&mut rng, &[4], DOUBLE);
    let u = m.random_tangent(&mut rng, &p);
    let component = m.component_inner(&p, &u, &u);
    assert_eq!(component.size(), p.size());
    let parts = m.split(&component);
    assert!(
        parts[0]
            .narrow(-1, 0, 1)
            .expand([4, 3], false)
            .equal(&parts[0])
    );
    assert!(
        parts[1]
            .narrow(-1, 0, 1)
            .expand([4, 4], false)
            .equal(&parts[1])
    );
    // Euclidean space is a product of lines: every coordinate has its own.
    assert!(parts[2].equal(&m.split(&u)[2].square()));
}

#[test]
fn products_nest() {
    let inner: Box<dyn Space> = Box::new(space());
    let m = Product::new(vec![inner, Box::new(Euclidean::new(1).unwrap())]).unwrap();
    let p = m.random_point(&mut seeded(4), &[3], DOUBLE);
    assert!(m.check_point(&p).is_ok());
    assert_eq!(m.dim(), 8);
}

#[test]
fn factors_may_lack_an_ability() {
    let factors: Vec<Box<dyn Manifold>> = vec![Box::new(Sphere::new(2, 1.0).unwrap())];
    let m = Product::of(factors).unwrap();
    assert_eq!(m.dim(), 2);
}

#[test]
fn a_product_of_nothing_is_refused() {
    assert!(matches!(
        Product::new(vec![]),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
#[should_panic(expected = "split: expected points of shape [.., 9], got [4, 8]")]
fn a_wrong_width_is_named() {
    let _ = space().split(&Tensor::zeros([4, 8], DOUBLE));
}
