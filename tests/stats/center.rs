//! Means and medians.

use holonomy::stats::{CenterConfig, frechet_mean, geometric_median, variance_about};
use holonomy::{
    Error, Euclidean, Geodesic, Grassmann, Lorentz, Manifold, PoincareBall, Product, Sample, Space,
    Sphere,
};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, normal, seeded};

fn config() -> CenterConfig {
    CenterConfig::default()
}

/// Points at normally distributed tangents, some `spread` long, from a random point.
fn cloud<M: Geodesic + Sample + ?Sized>(m: &M, seed: u64, count: i64, spread: f64) -> Tensor {
    let mut rng = seeded(seed);
    let center = m.random_point(&mut rng, &[], DOUBLE);
    let base = center.expand([&[count], &m.point_shape()[..]].concat(), false);
    let v = m.random_tangent(&mut rng, &base.contiguous());
    m.exp(&center, &(v * (spread / (m.dim() as f64).sqrt())))
}

fn spaces() -> Vec<Box<dyn Space>> {
    let product: Vec<Box<dyn Space>> = vec![
        Box::new(Sphere::new(2, 1.0).unwrap()),
        Box::new(Lorentz::new(3, -0.5).unwrap()),
    ];
    vec![
        Box::new(Euclidean::new(3).unwrap()),
        Box::new(Sphere::new(4, 0.5).unwrap()),
        Box::new(PoincareBall::new(3, -1.0).unwrap()),
        Box::new(Lorentz::new(3, -2.0).unwrap()),
        Box::new(Grassmann::new(6, 2).unwrap()),
        Box::new(Product::new(product).unwrap()),
    ]
}

#[test]
fn of_flat_space_they_are_the_mean_and_the_median() {
    let space = Euclidean::new(2).unwrap();
    let points = normal(1, &[50, 2]);
    let weights = normal(2, &[50]).abs();
    let mean = frechet_mean(&space, &points, Some(&weights), &config()).unwrap();
    let exact = (&points * weights.unsqueeze(1)).sum_dim_intlist(0, false, Kind::Double)
        / weights.sum(Kind::Double);
    assert_near(&mean.point, &exact, 1e-14);
    assert!(mean.is_unique && mean.iterations <= 2);

    // On a line the median is the middle point; of four corners the crossing of the diagonals.
    let line = Euclidean::new(1).unwrap();
    let numbers = Tensor::from_slice(&[7.0, -1.0, 2.0, 100.0, 3.0]).view([5, 1]);
    let median = geometric_median(&line, &numbers, None, &config()).unwrap();
    assert_near(&median.point, &Tensor::from_slice(&[3.0]), 1e-12);
    let corners = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 0.0], [5.0, 5.0], [0.0, 1.0]]);
    let median = geometric_median(&space, &corners, None, &config()).unwrap();
    assert_near(&median.point, &Tensor::from_slice(&[0.5, 0.5]), 1e-9);
    assert!(median.is_unique);
}

#[test]
fn gradients_vanish_on_every_space() {
    for m in spaces() {
        let points = cloud(&*m, 3, 40, 0.3);
        let mean = frechet_mean(&*m, &points, None, &config()).unwrap();
        let pull = m.log(&mean.point, &points);
        let sum = pull.mean_dim([0].as_slice(), false, Kind::Double);
        let length = m.norm(&mean.point, &sum).double_value(&[]);
        assert!(length <= 1e-10 * mean.objective.sqrt(), "{m:?}: {length:e}");
        m.check_point(&mean.point).unwrap();
        assert!(mean.is_unique, "{m:?}: {}", mean.radius);

        let median = geometric_median(&*m, &points, None, &config()).unwrap();
        let distances = m.dist(&median.point, &points);
        assert!((median.objective - distances.mean(Kind::Double).double_value(&[])).abs() < 1e-14);
        assert!(
            median.objective
                <= m.dist(&mean.point, &points)
                    .mean(Kind::Double)
                    .double_value(&[])
        );
        assert!(median.gradient_norm <= 1e-10);
    }
}

#[test]
fn two_points_have_their_mean_in_the_middle_by_their_weights() {
    for m in spaces() {
        let pair = cloud(&*m, 4, 2, 0.5);
        let (p, q) = (pair.get(0), pair.get(1));
        let weights = Tensor::from_slice(&[3.0, 1.0]);
        let mean = frechet_mean(&*m, &pair, Some(&weights), &config()).unwrap();
        let quarter = m.geodesic(&p, &q, &Tensor::from(0.25));
        let error = m.dist(&mean.point, &quarter).double_value(&[]);
        assert!(error < 1e-9, "{m:?}: {error:e}");
    }
}

/// Far out in hyperbolic space, where steps that flat space would take overshoot.
#[test]
fn far_points_of_hyperbolic_space_have_a_mean() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let angles = Tensor::linspace(0.0, 4.0, 5, DOUBLE);
    let directions = Tensor::stack(&[angles.cos(), angles.sin()], 1);
    let points = directions * (12.0_f64 / 2.0).tanh();
    let mean = frechet_mean(&ball, &points, None, &config()).unwrap();
    let sum = ball
        .log(&mean.point, &points)
        .mean_dim([0].as_slice(), false, Kind::Double);
    assert!(ball.norm(&mean.point, &sum).double_value(&[]) < 1e-8);
    assert!(mean.is_unique && mean.radius > 5.0);
}

#[test]
fn outliers_move_the_median_less() {
    for m in spaces() {
        let points = cloud(&*m, 5, 40, 0.05);
        let clean = frechet_mean(&*m, &points, None, &config()).unwrap().point;
        let v = m.random_tangent(&mut seeded(6), &clean);
        let v = &v * (0.6 / m.norm(&clean, &v).double_value(&[]));
        let outliers = m
            .exp(&clean, &v)
            .unsqueeze(0)
            .repeat_interleave_self_int(8, 0, None);
        let all = Tensor::cat(&[points, outliers], 0);
        let mean = frechet_mean(&*m, &all, None, &config()).unwrap().point;
        let median = geometric_median(&*m, &all, None, &config()).unwrap().point;
        let distance = |p: &Tensor| m.dist(&clean, p).double_value(&[]);
        assert!(distance(&mean) > 0.08, "{m:?}: {}", distance(&mean));
        assert!(distance(&median) < 0.03, "{m:?}: {}", distance(&median));
    }
}

/// Half of the weight on one point holds the median there, whatever the others do.
#[test]
fn a_heavy_point_is_the_median() {
    for m in spaces() {
        let points = cloud(&*m, 7, 5, 0.4);
        let weights = Tensor::from_slice(&[1.0, 1.0, 4.0, 1.0, 1.0]);
        let median = geometric_median(&*m, &points, Some(&weights), &config()).unwrap();
        let error = m.dist(&median.point, &points.get(2)).double_value(&[]);
        assert!(error < 1e-9, "{m:?}: {error:e}");
    }
}

#[test]
fn uniqueness_is_claimed_only_where_it_is_known() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let config = config();
    // Around the equator every pole is as good.
    let turn = Tensor::from_slice2(&[
        [1.0, 0.0, 0.1],
        [-0.5, 0.75_f64.sqrt(), 0.1],
        [-0.5, -(0.75_f64.sqrt()), 0.1],
    ]);
    let around = sphere.project(&turn);
    let mean = frechet_mean(&sphere, &around, None, &config).unwrap();
    assert_near(&mean.point, &Tensor::from_slice(&[0.0, 0.0, 1.0]), 1e-9);
    assert!(mean.is_unique && mean.radius < std::f64::consts::FRAC_PI_2);
    let below = sphere.project(&(turn * Tensor::from_slice(&[1.0, 1.0, -0.5])));
    let both = Tensor::cat(&[around, below], 0);
    assert!(
        !frechet_mean(&sphere, &both, None, &config)
            .unwrap()
            .is_unique
    );

    // An even number of points on a line: every point between the middle ones is a median.
    let plane = Euclidean::new(2).unwrap();
    let line = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [5.0, 5.0]]);
    assert!(
        !geometric_median(&plane, &line, None, &config)
            .unwrap()
            .is_unique
    );
}

#[test]
fn one_point_and_equal_points_are_their_own_mean() {
    for m in spaces() {
        let p = cloud(&*m, 8, 1, 0.3);
        for count in [1, 5] {
            let points = p.repeat_interleave_self_int(count, 0, None);
            for center in [
                frechet_mean(&*m, &points, None, &config()).unwrap(),
                geometric_median(&*m, &points, None, &config()).unwrap(),
            ] {
                assert_near(&center.point, &p.get(0), 0.0);
                assert_eq!((center.objective, center.iterations), (0.0, 0), "{m:?}");
            }
        }
    }
}

#[test]
fn variance_is_the_mean_square_distance() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let points = cloud(&ball, 9, 30, 1.0);
    let mean = frechet_mean(&ball, &points, None, &config()).unwrap();
    let at_mean = variance_about(&ball, &mean.point, &points, None).unwrap();
    assert!((at_mean - mean.objective).abs() < 1e-14);
    let elsewhere = variance_about(&ball, &points.get(0), &points, None).unwrap();
    assert!(elsewhere > at_mean);
}

#[test]
fn single_precision_is_accepted() {
    let sphere = Sphere::new(3, 1.0).unwrap();
    let points = cloud(&sphere, 10, 20, 0.3);
    let exact = frechet_mean(&sphere, &points, None, &config())
        .unwrap()
        .point;
    let loose = CenterConfig {
        tolerance: 1e-5,
        ..config()
    };
    let single = frechet_mean(&sphere, &points.to_kind(Kind::Float), None, &loose)
        .unwrap()
        .point;
    assert_eq!(single.kind(), Kind::Float);
    assert_near(&single.to_kind(Kind::Double), &exact, 1e-5);
}

#[test]
fn bad_input_is_named() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let points = cloud(&sphere, 11, 4, 0.3);
    let mean = |points: &Tensor, weights: Option<&Tensor>| {
        frechet_mean(&sphere, points, weights, &CenterConfig::default())
    };
    assert_eq!(
        expected_of(mean(&points.narrow(0, 0, 0), None)),
        "at least one point"
    );
    assert_eq!(
        expected_of(mean(&points.get(0), None)),
        "points of shape [count, 3]"
    );
    let weights = |numbers: &[f64]| expected_of(mean(&points, Some(&Tensor::from_slice(numbers))));
    assert_eq!(weights(&[1.0, 1.0]), "one weight for each of 4 points");
    assert_eq!(
        weights(&[1.0, -1.0, 1.0, 1.0]),
        "finite weights of at least 0"
    );
    assert_eq!(
        weights(&[1.0, f64::NAN, 1.0, 1.0]),
        "finite weights of at least 0"
    );
    assert_eq!(weights(&[0.0; 4]), "a weight above 0");
    let outside = &points * 1.1;
    assert!(matches!(
        mean(&outside, None),
        Err(Error::NotOnManifold { row: 0, .. })
    ));
    let none = CenterConfig {
        max_iterations: 0,
        ..CenterConfig::default()
    };
    let failed = frechet_mean(&sphere, &points, None, &none);
    assert!(matches!(
        failed,
        Err(Error::NoConvergence { iterations: 0, .. })
    ));
}
