//! Gradients through the solve, against differences.

use holonomy::magnitude::{
    Derivatives, Solver, WeightingConfig, differentiable_distances, differentiable_magnitude,
    differentiable_weights,
};
use holonomy::{Error, Euclidean, Geodesic, Grassmann, Lorentz, Sample, Sphere};
use tch::{Kind, Tensor};

use super::{F64, apart, assert_close, cloud, complete_bipartite, random_points, seeded, weigh};

const H: f64 = 1e-3;

/// (8(f(h) − f(−h)) − (f(2h) − f(−2h)))/12h, whose error is of fourth order.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(H) - f(-H)) - (f(2.0 * H) - f(-2.0 * H))) / (12.0 * H)
}

fn loss(distances: &Tensor, t: &Tensor) -> Tensor {
    let config = WeightingConfig::default();
    differentiable_magnitude(distances, t, Derivatives::First, &config).unwrap()
}

/// Along geodesics: d|X| = ⟨grad, v⟩.
fn assert_gradient(space: &(impl Geodesic + Sample), t: f64) {
    let points = random_points(space, 11, 8);
    let leaf = points.copy().set_requires_grad(true);
    let value = loss(&differentiable_distances(space, &leaf), &Tensor::from(t));
    let expected = weigh(&holonomy::embed::pairwise_distances(space, &points), t).magnitude;
    assert_close(value.double_value(&[]), expected, 1e-13);
    value.backward();
    let gradient = space.rgrad(&points, &leaf.grad());
    for seed in 0..3 {
        let v = space.random_tangent(&mut seeded(seed), &points) * 0.3;
        let along = space.inner(&points, &gradient, &v).sum(Kind::Double);
        let exact = slope(|s| {
            let moved = space.exp(&points, &(&v * s));
            weigh(&holonomy::embed::pairwise_distances(space, &moved), t).magnitude
        });
        let error = (along.double_value(&[]) - exact).abs();
        assert!(error < 1e-9 * exact.abs().max(1.0), "{space:?}: {error:e}");
    }
}

#[test]
fn gradients_in_points() {
    for t in [0.2, 1.5] {
        assert_gradient(&Euclidean::new(3).unwrap(), t);
        assert_gradient(&Lorentz::new(3, -1.0).unwrap(), t);
        assert_gradient(&Sphere::new(3, 1.0).unwrap(), t);
        assert_gradient(&Grassmann::new(5, 2).unwrap(), t);
    }
}

/// Through each solver: Cholesky, its pivoted form, Z − 11ᵀ, and the indefinite one.
#[test]
fn gradients_of_weights_through_every_solver() {
    let d = cloud(&Euclidean::new(3).unwrap(), 1, 9);
    let direction = cloud(&Euclidean::new(3).unwrap(), 2, 9) * 0.1;
    let t = 0.15;
    for solver in [
        Solver::Cholesky,
        Solver::Shifted,
        Solver::PivotedCholesky,
        Solver::Indefinite,
        Solver::Spectral,
    ] {
        let config = WeightingConfig {
            solver: Some(solver),
            ..WeightingConfig::default()
        };
        let s = Tensor::from(0.0).set_requires_grad(true);
        let moved = &d + &direction * &s;
        let w = differentiable_weights(&moved, &Tensor::from(t), Derivatives::First, &config);
        let w = w.unwrap();
        assert!(apart(&w, &weigh(&d, t).weights) < 1e-14);
        w.get(4).backward();
        let exact = slope(|s| weigh(&(&d + &direction * s), t).weights.double_value(&[4]));
        let error = (s.grad().double_value(&[]) - exact).abs();
        assert!(error < 1e-9, "{solver}: {error:e}");
    }
}

#[test]
fn gradients_in_the_scale() {
    for d in [
        cloud(&Euclidean::new(3).unwrap(), 3, 12),
        complete_bipartite(3, 2),
    ] {
        let t = Tensor::from(0.2).set_requires_grad(true);
        loss(&d, &t).backward();
        let exact = weigh(&d, 0.2).scale_derivative(&d).unwrap();
        assert_close(t.grad().double_value(&[]), exact, 1e-12);
    }
}

fn second_derivative(derivatives: Derivatives, of_weight: bool) -> f64 {
    let d = cloud(&Euclidean::new(3).unwrap(), 4, 8);
    let t = Tensor::from(0.6).set_requires_grad(true);
    let config = WeightingConfig::default();
    let value = if of_weight {
        differentiable_weights(&d, &t, derivatives, &config)
            .unwrap()
            .get(2)
    } else {
        differentiable_magnitude(&d, &t, derivatives, &config).unwrap()
    };
    let first = Tensor::run_backward(&[&value], &[&t], true, true);
    let second = Tensor::run_backward(&[&first[0]], &[&t], false, false);
    second[0].double_value(&[])
}

/// The second derivative too, where it is asked for; where not, it is wrong, as documented.
#[test]
fn second_derivatives() {
    let d = cloud(&Euclidean::new(3).unwrap(), 4, 8);
    let slope_at = |t: f64| weigh(&d, t).scale_derivative(&d).unwrap();
    let exact = slope(|s| slope_at(0.6 + s));
    assert_close(second_derivative(Derivatives::Second, false), exact, 1e-9);
    assert!((second_derivative(Derivatives::First, false) / exact - 1.0).abs() > 0.1);

    let weight = |t: f64| weigh(&d, t).weights.double_value(&[2]);
    let of_weight = |t: f64| slope(|s| weight(t + s));
    let exact = slope(|s| of_weight(0.6 + s));
    assert_close(second_derivative(Derivatives::Second, true), exact, 1e-6);
}

#[test]
fn two_uses_of_one_result_add_up() {
    let d = cloud(&Euclidean::new(3).unwrap(), 5, 6);
    let gradient = |twice: bool| {
        let t = Tensor::from(0.6).set_requires_grad(true);
        let value = loss(&d, &t);
        let sum = if twice { &value + &value } else { value };
        sum.backward();
        t.grad().double_value(&[])
    };
    assert_close(gradient(true), 2.0 * gradient(false), 1e-15);
}

#[test]
fn points_that_stay_together_share_the_gradient() {
    let x = Tensor::from_slice(&[0.0, 0.0, 1.0])
        .view([3, 1])
        .set_requires_grad(true);
    let d = differentiable_distances(&Euclidean::new(1).unwrap(), &x);
    loss(&d, &Tensor::from(1.0)).backward();
    let pull = 0.5 / 0.5_f64.cosh().powi(2);
    let expected = Tensor::from_slice(&[-pull / 2.0, -pull / 2.0, pull]).view([3, 1]);
    assert!(apart(&x.grad(), &expected) < 1e-15);
}

#[test]
fn infinite_distances_carry_no_gradient() {
    let d = Tensor::full([2, 2], f64::INFINITY, F64).fill_diagonal_(0.0, false);
    let d = d.set_requires_grad(true);
    let t = Tensor::from(1.0).set_requires_grad(true);
    loss(&d, &t).backward();
    assert_eq!(t.grad().double_value(&[]), 0.0);
    assert_eq!(
        d.grad()
            .fill_diagonal_(0.0, false)
            .abs()
            .max()
            .double_value(&[]),
        0.0
    );
}

#[test]
fn single_precision_points_get_single_precision_gradients() {
    let x = Tensor::from_slice(&[0.0_f32, 1.0, 3.0])
        .view([3, 1])
        .set_requires_grad(true);
    let d = differentiable_distances(&Euclidean::new(1).unwrap(), &x);
    let value = loss(&d, &Tensor::from(1.0));
    assert_eq!(value.kind(), Kind::Double);
    value.backward();
    assert_eq!(x.grad().kind(), Kind::Float);
    let pull = 0.5 / 1.0_f64.cosh().powi(2);
    assert!((x.grad().double_value(&[2, 0]) - pull).abs() < 1e-7);
}

#[test]
fn what_is_wrong_is_refused_here_too() {
    let d = cloud(&Euclidean::new(3).unwrap(), 5, 6);
    let config = WeightingConfig::default();
    for t in [Tensor::from(-1.0), Tensor::from_slice(&[1.0])] {
        let error = differentiable_magnitude(&d, &t, Derivatives::First, &config).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
    let none = Tensor::zeros([0, 0], F64);
    assert_eq!(loss(&none, &Tensor::from(1.0)).double_value(&[]), 0.0);
}
