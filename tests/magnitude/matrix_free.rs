//! Conjugate gradients give the weights that the factorisations give.

use holonomy::magnitude::{
    MatrixFreeConfig, Solver, Weighting, WeightingConfig, matrix_free_weighting,
    weighting_of_points,
};
use holonomy::metric::pairwise_distances;
use holonomy::{
    Error, Euclidean, Geodesic, Grassmann, Lorentz, PoincareBall, Power, Sample, Sphere,
};
use tch::{Device, Kind, Tensor};

use super::seeded;

const CPU: (Kind, Device) = (Kind::Double, Device::Cpu);

fn random(space: &(impl Sample + ?Sized), n: i64) -> Tensor {
    space.random_point(&mut seeded(n as u64), &[n], CPU)
}

fn exact(space: &dyn Geodesic, points: &Tensor, t: f64) -> Weighting {
    weighting_of_points(space, points, t, &WeightingConfig::default()).unwrap()
}

fn found(space: &dyn Geodesic, points: &Tensor, t: f64) -> Weighting {
    matrix_free_weighting(space, points, t, &MatrixFreeConfig::default()).unwrap()
}

fn check(space: &dyn Geodesic, points: &Tensor, t: f64) {
    let (exact, found) = (exact(space, points, t), found(space, points, t));
    assert_eq!(found.solver, Solver::ConjugateGradients);
    assert!(found.residual <= 1e-8);
    let largest = exact.weights.abs().max().double_value(&[]);
    let error = (&found.weights - &exact.weights)
        .abs()
        .max()
        .double_value(&[]);
    // The residual times the norm of the inverse.
    assert!(
        error <= 1e-8 * exact.condition * largest,
        "t = {t}: {error:e}"
    );
    let of_sum = 1e-8 * exact.weights.abs().sum(Kind::Double).double_value(&[]);
    assert!((found.magnitude - exact.magnitude).abs() <= of_sum);
    // A lower bound, and not far below.
    let (values, _) = (pairwise_distances(space, points) * -t)
        .exp()
        .linalg_eigh("L");
    let condition = (values.max() / values.min()).double_value(&[]);
    assert!(
        found.condition <= condition * (1.0 + 1e-9),
        "{} {condition}",
        found.condition
    );
    assert!(
        found.condition >= condition / 10.0,
        "{} {condition}",
        found.condition
    );
}

#[test]
fn weights_are_those_of_the_factorisation() {
    let flat = Euclidean::new(5).unwrap();
    let points = random(&flat, 700);
    for t in [0.1, 1.0, 10.0] {
        check(&flat, &points, t);
    }
    let plane = Euclidean::new(2).unwrap();
    // Enough that every part of a product has blocks of both its kinds.
    check(&plane, &random(&plane, 2_500), 1.0);
    // More than a block and fewer than two, and fewer points than neighbours.
    for n in [129, 255, 40, 2] {
        check(&plane, &random(&plane, n), 1.0);
    }
}

#[test]
fn other_spaces_are_taken_in_tiles() {
    let hyperboloid = Lorentz::new(3, -1.0).unwrap();
    check(&hyperboloid, &random(&hyperboloid, 300), 1.0);
    let ball = PoincareBall::new(2, -0.5).unwrap();
    check(&ball, &random(&ball, 200), 0.5);
    let sphere = Sphere::new(2, 1.0).unwrap();
    check(&sphere, &random(&sphere, 250), 2.0);
}

/// The kernel for Euclidean space and the tiles solve the same system.
#[test]
fn both_ways_to_multiply_agree() {
    let (flat, power) = (
        Euclidean::new(6).unwrap(),
        Power::new(Euclidean::new(3).unwrap(), 2).unwrap(),
    );
    let points = random(&flat, 300);
    let one = found(&flat, &points, 1.0).weights;
    let other = found(&power, &points.view([300, 2, 3]), 1.0).weights;
    assert!((one - other).abs().max().double_value(&[]) < 1e-7);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let flat = Euclidean::new(3).unwrap();
    let points = random(&flat, 1_500);
    let weights = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let points = points.shallow_clone();
        pool.install(move || found(&Euclidean::new(3).unwrap(), &points, 1.0).weights)
    };
    assert_eq!(weights(1), weights(3));
    let other = MatrixFreeConfig {
        seed: 7,
        ..MatrixFreeConfig::default()
    };
    let other = matrix_free_weighting(&flat, &points, 1.0, &other)
        .unwrap()
        .weights;
    assert_ne!(weights(1), other);
}

#[test]
fn points_that_coincide_share_their_weight() {
    let plane = Euclidean::new(2).unwrap();
    let once = random(&plane, 150);
    let thrice = Tensor::cat(&[&once, &once.narrow(0, 0, 40), &once.narrow(0, 20, 30)], 0);
    let (single, many) = (found(&plane, &once, 1.0), found(&plane, &thrice, 1.0));
    assert_eq!(many.distinct, 150);
    assert!((single.magnitude - many.magnitude).abs() < 1e-7);
    // 30 … 39 stand thrice.
    let (w, shared) = (
        single.weights.double_value(&[35]),
        many.weights.double_value(&[35]),
    );
    assert!((w / 3.0 - shared).abs() < 1e-8);
    assert_eq!(shared, many.weights.double_value(&[150 + 35]));
    assert_eq!(shared, many.weights.double_value(&[190 + 15]));
    let sphere = Sphere::new(2, 1.0).unwrap();
    let poles = Tensor::from_slice(&[0.0, 0.0, 1.0]).expand([5, 3], false);
    let together = found(&sphere, &poles, 1.0);
    assert_eq!((together.magnitude, together.distinct), (1.0, 1));
    assert_eq!(together.weights.double_value(&[4]), 0.2);
}

#[test]
fn few_points_and_single_precision() {
    let plane = Euclidean::new(2).unwrap();
    assert_eq!(
        found(&plane, &Tensor::zeros([0, 2], CPU), 1.0).magnitude,
        0.0
    );
    assert_eq!(
        found(&plane, &Tensor::zeros([1, 2], CPU), 1.0).magnitude,
        1.0
    );
    let pair = Tensor::from_slice(&[0.0_f32, 0.0, 3.0, 4.0]).view([2, 2]);
    let size = found(&plane, &pair, 1.0).magnitude;
    assert!((size - 2.0 / (1.0 + (-5.0_f64).exp())).abs() < 1e-8);
}

/// The distances of a projective plane are not positive definite at small scales.
#[test]
fn spaces_that_are_not_positive_definite_are_refused() {
    let lines = Grassmann::new(3, 1).unwrap();
    let points = random(&lines, 300);
    assert!(exact(&lines, &points, 0.05).negative_eigenvalues > 0);
    let error = matrix_free_weighting(&lines, &points, 0.05, &MatrixFreeConfig::default());
    let message = error.unwrap_err().to_string();
    assert!(message.contains("positive definite"), "{message}");
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let plane = Euclidean::new(2).unwrap();
    let points = random(&plane, 300);
    let default = MatrixFreeConfig::default;
    let refused =
        |points: &Tensor, t, config| matrix_free_weighting(&plane, points, t, &config).unwrap_err();
    for (config, name) in [
        (
            MatrixFreeConfig {
                tolerance: 0.0,
                ..default()
            },
            "tolerance",
        ),
        (
            MatrixFreeConfig {
                tolerance: f64::NAN,
                ..default()
            },
            "tolerance",
        ),
        (
            MatrixFreeConfig {
                neighbours: 0,
                ..default()
            },
            "neighbours",
        ),
    ] {
        let message = refused(&points, 1.0, config).to_string();
        assert!(message.contains(name), "{message}");
    }
    assert!(
        refused(&points, 0.0, default())
            .to_string()
            .contains("scale")
    );
    let batch = refused(&points.view([2, 150, 2]), 1.0, default()).to_string();
    assert!(batch.contains("[n, point..]"), "{batch}");
    let short = MatrixFreeConfig {
        max_iterations: 3,
        ..default()
    };
    let error = refused(&points, 0.1, short);
    assert!(
        matches!(error, Error::NoConvergence { iterations: 3, .. }),
        "{error}"
    );
    let _ = points.get(17).fill_(f64::NAN);
    let error = refused(&points, 1.0, default());
    assert!(matches!(error, Error::NotOnManifold { .. }), "{error}");
}
