//! Main directions.

use holonomy::stats::{CenterConfig, principal_geodesics, tangent_pca};
use holonomy::{Euclidean, Geodesic, Grassmann, Lorentz, Manifold, Sample, Space, Sphere};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, normal, seeded};

fn config() -> CenterConfig {
    CenterConfig::default()
}

/// |cos| of the angles between corresponding rows.
fn alignment(m: &dyn Space, p: &Tensor, a: &Tensor, b: &Tensor) -> Tensor {
    m.inner(p, a, b).abs() / (m.norm(p, a) * m.norm(p, b))
}

#[test]
fn flat_space_has_the_usual_components() {
    let m = Euclidean::new(3).unwrap();
    let points = normal(1, &[80, 3]) * Tensor::from_slice(&[3.0, 1.0, 0.3]);
    let found = tangent_pca(&m, &points, 2, &config()).unwrap();
    let centered = &points - points.mean_dim([0].as_slice(), true, Kind::Double);
    let (values, vectors) = (centered.tr().matmul(&centered) / 80.0).linalg_eigh("L");
    let (values, rows) = (values.flip([0]), vectors.tr().flip([0]));
    assert_near(&found.variances, &values.narrow(0, 0, 2), 1e-12);
    let cosines =
        (&found.directions * rows.narrow(0, 0, 2)).sum_dim_intlist(-1, false, Kind::Double);
    assert_near(&cosines.abs(), &Tensor::ones([2], DOUBLE), 1e-12);
    assert_near(
        &found.scores,
        &centered.matmul(&found.directions.tr()),
        1e-12,
    );
    assert!(
        (found.total_variance - centered.square().sum(Kind::Double).double_value(&[]) / 80.0).abs()
            < 1e-12
    );

    // There geodesics are lines, and the nearest ones are the same.
    let exact = principal_geodesics(&m, &points, 2, &config()).unwrap();
    assert_near(&exact.directions.abs(), &found.directions.abs(), 1e-8);
    let left = found.total_variance - found.variances.cumsum(0, Kind::Double);
    assert_near(&exact.residuals, &left, 1e-10);
}

/// Points on one geodesic: one direction has all the variance, and the submanifold all the points.
#[test]
fn a_geodesic_is_found_on_every_space() {
    let spaces: Vec<Box<dyn Space>> = vec![
        Box::new(Sphere::new(3, 1.0).unwrap()),
        Box::new(Lorentz::new(2, -1.0).unwrap()),
        Box::new(Grassmann::new(5, 2).unwrap()),
    ];
    for m in spaces {
        let mut rng = seeded(2);
        let p = m.random_point(&mut rng, &[], DOUBLE);
        let v = m.random_tangent(&mut rng, &p);
        let v = &v / m.norm(&p, &v);
        let t = Tensor::linspace(-0.4, 0.4, 9, DOUBLE);
        let mut spread = t.shallow_clone();
        for _ in m.point_shape() {
            spread = spread.unsqueeze(-1);
        }
        let points = m.exp(&p, &(spread * &v));
        let pca = tangent_pca(&*m, &points, 1, &config()).unwrap();
        assert!((pca.total_variance - pca.variances.double_value(&[0])).abs() < 1e-12);
        assert!(m.dist(&pca.mean.point, &p).double_value(&[]) < 1e-9);
        let exact = principal_geodesics(&*m, &points, 1, &config()).unwrap();
        assert!(exact.residuals.double_value(&[0]) < 1e-16);
        assert_near(&exact.scores.squeeze_dim(1).abs(), &t.abs(), 1e-8);
        let cosine = alignment(&*m, &p, &exact.directions.get(0), &v);
        assert_near(&cosine, &Tensor::from(1.0), 1e-9);
    }
}

/// On a curved space the nearest geodesic is no further away than that of the linearisation.
#[test]
fn geodesics_fit_no_worse_than_tangents() {
    let m = Sphere::new(2, 1.0).unwrap();
    let north = Tensor::from_slice(&[0.0, 0.0, 1.0]);
    let noise = normal(3, &[60, 2]) * Tensor::from_slice(&[0.6, 0.25]);
    let v = Tensor::cat(&[noise, Tensor::zeros([60, 1], DOUBLE)], 1);
    let points = m.exp(&north, &v);
    let start = tangent_pca(&m, &points, 2, &config()).unwrap();
    let found = principal_geodesics(&m, &points, 2, &config()).unwrap();
    // The distance of a point from a great circle is the angle over the circle's plane.
    let residual = |direction: &Tensor| {
        let normal = start.mean.point.linalg_cross(direction, -1);
        let height = points.matmul(&normal.unsqueeze(1)).asin();
        height.square().mean(Kind::Double).double_value(&[])
    };
    let (tangent, exact) = (
        residual(&start.directions.get(0)),
        residual(&found.directions.get(0)),
    );
    assert!((exact - found.residuals.double_value(&[0])).abs() < 1e-10);
    assert!(exact < tangent, "{exact:e} {tangent:e}");
    for turned in [-0.01, 0.01] {
        let direction = &found.directions.get(0) + &found.directions.get(1) * turned;
        assert!(residual(&(&direction / direction.norm())) > exact);
    }
    // Two directions span the sphere.
    assert!(found.residuals.double_value(&[1]) < 1e-16);
}

#[test]
fn directions_are_orthonormal_tangents() {
    let m = Grassmann::new(6, 2).unwrap();
    let mut rng = seeded(4);
    let p = m.random_point(&mut rng, &[], DOUBLE);
    let base = p.expand([40, 6, 2], false).contiguous();
    let points = m.exp(&base, &(m.random_tangent(&mut rng, &base) * 0.1));
    let pca = tangent_pca(&m, &points, 8, &config()).unwrap();
    let exact = principal_geodesics(&m, &points, 2, &config()).unwrap();
    for (mean, directions) in [
        (&pca.mean, &pca.directions),
        (&exact.mean, &exact.directions),
    ] {
        m.check_tangent(&mean.point, directions).unwrap();
        let products = m.inner(
            &mean.point,
            &directions.unsqueeze(0),
            &directions.unsqueeze(1),
        );
        assert_near(&products, &Tensor::eye(directions.size()[0], DOUBLE), 1e-12);
    }
    let total = pca.variances.sum(Kind::Double).double_value(&[]);
    assert!(
        (total - pca.total_variance).abs() < 1e-12,
        "all eight dimensions"
    );
    assert!(exact.residuals.double_value(&[1]) < exact.residuals.double_value(&[0]));
}

#[test]
fn bad_input_is_named() {
    let m = Sphere::new(2, 1.0).unwrap();
    let points = m.random_point(&mut seeded(5), &[5], DOUBLE);
    let refused = |points: &Tensor, components| {
        expected_of(tangent_pca(
            &m,
            points,
            components,
            &CenterConfig::default(),
        ))
    };
    assert_eq!(refused(&points, 0), "1 to 2 components");
    assert_eq!(refused(&points, 3), "1 to 2 components");
    assert_eq!(refused(&points.narrow(0, 0, 1), 1), "at least 2 points");
}
