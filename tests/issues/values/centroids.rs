//! Centroids of far points.

use holonomy::{Curvature, Lorentz, Manifold, PoincareBall};
use tch::{Kind, Tensor};

use super::{DOUBLE, Model, max, row, same};

fn centroid(model: Model, kappa: f64, points: &Tensor, weights: &Tensor) -> Tensor {
    match model {
        Model::Ball => PoincareBall::new(2, kappa)
            .unwrap()
            .gyromidpoint(points, weights),
        _ => Lorentz::new(2, kappa).unwrap().centroid(points, weights),
    }
}

/// time² − c·space² cancelled: off by 21 to 36, or NaN.
#[test]
fn the_centroid_of_two_far_points_is_the_geodesic_midpoint() {
    for (kind, far) in [(Kind::Double, 1.0), (Kind::Float, 0.74)] {
        for model in [Model::Ball, Model::Hyperboloid] {
            for kappa in [-1.0, -0.3, -3.0] {
                for (r, s) in [(20.0, 20.0), (19.0, 20.0), (12.0, 20.5), (1.0, 20.0)] {
                    for direction in [[0.0, 1.0], [1.0, 1.0], [-1.0, 1e-3]] {
                        let space = model.space(2, kappa.into());
                        let p = model.point(kappa, r * far, &[1.0, 0.0]).to_kind(kind);
                        let q = model.point(kappa, s * far, &direction).to_kind(kind);
                        let points = Tensor::stack(&[&p, &q], 0);
                        let middle = centroid(model, kappa, &points, &Tensor::ones([2], DOUBLE));
                        assert_eq!(middle.kind(), kind);
                        let [d, a, b] = [(&p, &q), (&p, &middle), (&middle, &q)]
                            .map(|(p, q)| space.dist(p, q).double_value(&[]));
                        // Coordinates resolve e^r roundings at distance r.
                        let origin = model.point(kappa, 0.0, &[1.0, 0.0]).to_kind(kind);
                        let r = space.dist(&origin, &middle).double_value(&[]);
                        let unit = if kind == Kind::Double { 1e-13 } else { 1e-6 };
                        let allowed = unit * (d + (r * (-kappa).sqrt()).exp());
                        assert!(
                            (a - d / 2.0).abs() < allowed && (b - d / 2.0).abs() < allowed,
                            "{model:?} {kappa} {kind:?} {r} {s} {direction:?}: {a} {b} of {d}"
                        );
                    }
                }
            }
        }
    }
}

/// Was 29.99983, NaN and NaN.
#[test]
fn the_centroid_of_equal_points_is_that_point() {
    let space = Lorentz::new(3, -1.0).unwrap();
    for r in [0.0, 1.0, 30.0, 40.0, 60.0, 300.0] {
        let p = Model::Hyperboloid.point(-1.0, r, &[0.3, -0.5, 0.2]);
        for weights in [vec![1.0], vec![0.5, 0.5], vec![0.2, 0.0, 3.0], vec![0.3; 7]] {
            let points = p.expand([weights.len() as i64, 4], false);
            let got = space.centroid(&points, &row(&weights));
            assert!(
                max(&(&got - &p)) <= 2e-15 * max(&p),
                "{r} {weights:?}: {got}"
            );
        }
    }
    let ball = PoincareBall::new(2, -1.0).unwrap();
    for r in [0.0, 1.0, 20.0, 35.0] {
        let p = Model::Ball.point(-1.0, r, &[0.3, -0.5]);
        for weights in [vec![1.0], vec![0.5, 0.5], vec![0.2, 0.0, 3.0], vec![0.3; 7]] {
            let points = p.expand([weights.len() as i64, 2], false);
            let got = ball.gyromidpoint(&points, &row(&weights));
            assert!(max(&(&got - &p)) <= 3e-16, "{r} {weights:?}: {got} {p}");
        }
    }
}

/// Spatial parts of points at distances 36, 60 and 39 from the origin, 1e-13 apart in direction.
const NEARLY_ONE_RAY: [[f64; 2]; 3] = [
    [1_793_580_738_867_897.8, -1_195_720_492_578_598.8],
    [4.751_037_924_160_98e25, -3.167_358_616_106_634e25],
    [3.602_503_215_525_009_6e16, -2.401_668_810_349_850_4e16],
];

/// The centroid with weights 1, 2 and 0.5, by sums of 700 digits, at distance 42.
const ITS_CENTROID: [f64; 2] = [7.875_003_037_440_791e17, -5.250_002_024_959_391_4e17];

#[test]
fn the_centroid_of_points_on_nearly_one_ray_keeps_its_digits() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let points = NEARLY_ONE_RAY.map(|x| [0.0, x[0], x[1]]);
    let points = space.project(&Tensor::from_slice2(&points));
    let got = space.centroid(&points, &row(&[1.0, 2.0, 0.5]));
    for (index, want) in ITS_CENTROID.iter().enumerate() {
        let got = got.double_value(&[index as i64 + 1]);
        assert!((got / want - 1.0).abs() < 2e-15, "{got} {want}");
    }
}

#[test]
fn weights_of_centroids_are_checked_and_broadcast() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let points = Tensor::stack(
        &[
            Model::Hyperboloid.point(-1.0, 1.0, &[1.0, 0.0]),
            Model::Hyperboloid.point(-1.0, 2.0, &[0.0, 1.0]),
        ],
        0,
    );
    let weights = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]);
    let got = space.centroid(&points, &weights);
    assert_eq!(got.size(), [3, 3]);
    assert!(max(&(got.get(0) - points.get(0))) < 1e-15);
    assert!(max(&(got.get(1) - points.get(1))) < 1e-14);
    let empty = space.centroid(&points.expand([0, 2, 3], false), &row(&[1.0, 1.0]));
    assert_eq!(empty.size(), [0, 3]);
}

#[test]
#[should_panic(expected = "centroid: expected weights [.., 2], one for each point, got [3]")]
fn a_wrong_number_of_weights_is_named() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let points = space.origin().expand([2, 3], false);
    let _ = space.centroid(&points, &row(&[1.0, 1.0, 1.0]));
}

/// The centroid of three points, weighed into one number.
fn weighed(model: Model, points: &Tensor, weights: &Tensor, kappa: &Tensor) -> Tensor {
    let kappa = Curvature::learnable(kappa).unwrap();
    let m = match model {
        Model::Ball => PoincareBall::new(2, kappa)
            .unwrap()
            .gyromidpoint(points, weights),
        _ => Lorentz::new(2, kappa).unwrap().centroid(points, weights),
    };
    (&m * Tensor::arange(m.size()[0], DOUBLE).cos()).sum(Kind::Double)
}

/// By points, weights and κ, where points agree too.
#[test]
fn gradients_of_centroids_are_differences() {
    let cases = [
        (Model::Ball, [0.0, 0.0, 0.0]),
        (Model::Ball, [1.0, 1.0, 1.0]),
        (Model::Ball, [2.0, 0.3, 3.0]),
        (Model::Hyperboloid, [0.0, 0.0, 0.0]),
        (Model::Hyperboloid, [1.0, 1.0, 1.0]),
        (Model::Hyperboloid, [2.0, 0.3, 3.0]),
    ];
    for (model, radii) in cases {
        for spread in [0.0, 1.0] {
            let directions = [
                [1.0, 0.2],
                [1.0 - spread, 0.2 + spread],
                [1.0, 0.2 - spread],
            ];
            let points: Vec<Tensor> = std::iter::zip(radii, directions)
                .map(|(r, d)| model.point(-0.8, r, &d))
                .collect();
            let leaves = [
                Tensor::stack(&points, 0).set_requires_grad(true),
                row(&[1.0, 0.5, 2.0]).set_requires_grad(true),
                Tensor::from(-0.8).set_requires_grad(true),
            ];
            let [points, weights, kappa] = &leaves;
            let with = weighed(model, points, weights, kappa);
            let without = tch::no_grad(|| weighed(model, points, weights, kappa));
            assert!(same(&with, &without));
            with.backward();
            for (which, leaf) in leaves.iter().enumerate() {
                let unit = max(leaf).max(0.1);
                let h = 1e-5 * unit;
                for index in 0..leaf.numel() as i64 {
                    let at = |step: f64| {
                        let moved = leaves.each_ref().map(|t| t.detach().copy());
                        let _ = moved[which].view([-1]).get(index).g_add_scalar_(step);
                        let [points, weights, kappa] = &moved;
                        weighed(model, points, weights, kappa).double_value(&[])
                    };
                    let want = (at(h) - at(-h)) / (2.0 * h);
                    let got = leaf.grad().view([-1]).double_value(&[index]);
                    let allowed = 1e-5 * max(&leaf.grad()) + 1e-7 * max(&without) / unit;
                    assert!(
                        (got - want).abs() <= allowed,
                        "{model:?} {radii:?} {spread} {which} {index}: {got} {want}"
                    );
                }
            }
        }
    }
}
