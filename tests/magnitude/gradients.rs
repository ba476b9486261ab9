//! Gradients through the solve, against differences.

use holonomy::magnitude::{
    Derivatives, Solver, WeightingConfig, differentiable_magnitude, differentiable_weights,
};
use holonomy::metric::differentiable_distances;
use holonomy::{Error, Euclidean, Geodesic, Grassmann, Lorentz, Sample, Sphere};
use tch::{Kind, Tensor};

use super::{
    F64, apart, assert_close, cloud, complete_bipartite, copies, random_points, seeded, weigh,
    with_solver,
};

const H: f64 = 1e-3;

const SOLVERS: [Solver; 5] = [
    Solver::Cholesky,
    Solver::Shifted,
    Solver::PivotedCholesky,
    Solver::Indefinite,
    Solver::Spectral,
];

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
    let expected = weigh(&holonomy::metric::pairwise_distances(space, &points), t).magnitude;
    assert_close(value.double_value(&[]), expected, 1e-13);
    value.backward();
    let gradient = space.rgrad(&points, &leaf.grad());
    for seed in 0..3 {
        let v = space.random_tangent(&mut seeded(seed), &points) * 0.3;
        let along = space.inner(&points, &gradient, &v).sum(Kind::Double);
        let exact = slope(|s| {
            let moved = space.exp(&points, &(&v * s));
            weigh(&holonomy::metric::pairwise_distances(space, &moved), t).magnitude
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
    for solver in SOLVERS {
        let config = with_solver(solver);
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

/// Second derivatives along a direction of distances, through every solver.
#[test]
fn second_derivatives_in_distances_through_every_solver() {
    let d = cloud(&Euclidean::new(3).unwrap(), 1, 9);
    let direction = cloud(&Euclidean::new(3).unwrap(), 2, 9) * 0.1;
    let t = 0.15;
    let at = |s: f64| weigh(&(&d + &direction * s), t);
    // (−f(2h) + 16f(h) − 30f(0) + 16f(−h) − f(−2h))/12h²
    let second = |f: &dyn Fn(f64) -> f64| {
        let h = 0.02;
        (16.0 * (f(h) + f(-h)) - f(2.0 * h) - f(-2.0 * h) - 30.0 * f(0.0)) / (12.0 * h * h)
    };
    let of_magnitude = second(&|s| at(s).magnitude);
    let of_weight = second(&|s| at(s).weights.double_value(&[4]));
    for solver in SOLVERS {
        let config = with_solver(solver);
        let s = Tensor::from(0.0).set_requires_grad(true);
        let (moved, t) = (&d + &direction * &s, Tensor::from(t));
        let magnitude = differentiable_magnitude(&moved, &t, Derivatives::Second, &config);
        let weights = differentiable_weights(&moved, &t, Derivatives::Second, &config);
        let weight = weights.unwrap().get(4);
        for (value, exact) in [(magnitude.unwrap(), of_magnitude), (weight, of_weight)] {
            let first = Tensor::run_backward(&[&value], &[&s], true, true);
            let found = Tensor::run_backward(&[&first[0]], &[&s], true, false);
            let error = (found[0].double_value(&[]) - exact).abs();
            assert!(
                error < 1e-6 * exact.abs().max(1.0),
                "{solver}: {error:e} of {exact}"
            );
        }
    }
}

/// The step that carries the second derivative does not spoil the first where Z is singular to rounding.
#[test]
fn first_derivatives_are_the_same_by_both_ways() {
    let config = WeightingConfig::default();
    let space = Euclidean::new(3).unwrap();
    for (seed, scale) in (0..8).flat_map(|seed| [0.5, 1e-6, 1e-10, 1e-30].map(|t| (seed, t))) {
        let d = cloud(&space, seed, 12);
        let exact = weigh(&d, scale).scale_derivative(&d).unwrap();
        for derivatives in [Derivatives::First, Derivatives::Second] {
            let t = Tensor::from(scale).set_requires_grad(true);
            let value = differentiable_magnitude(&d, &t, derivatives, &config).unwrap();
            value.backward();
            assert_close(t.grad().double_value(&[]), exact, 1e-12);
        }
    }
}

/// Each component has the gradient that it has alone, at every scale.
#[test]
fn gradients_of_components_are_their_own() {
    let d = cloud(&Euclidean::new(3).unwrap(), 3, 12);
    let config = WeightingConfig::default();
    let gradient = |distances: &Tensor, scale: f64| {
        let t = Tensor::from(scale).set_requires_grad(true);
        let w = differentiable_weights(distances, &t, Derivatives::First, &config).unwrap();
        assert_eq!(apart(&w, &weigh(distances, scale).weights), 0.0);
        w.get(7).backward();
        let of_weight = t.grad().double_value(&[]);
        let t = Tensor::from(scale).set_requires_grad(true);
        loss(distances, &t).backward();
        [of_weight, t.grad().double_value(&[])]
    };
    for scale in [0.5, 1e-6, 1e-16] {
        let (one, two) = (gradient(&d, scale), gradient(&copies(&d, 2), scale));
        // The derivative of weights is right to rounding times the condition of Z, 4e17 at the last.
        let right_to = if scale > 1e-10 { 1e-8 } else { 1.0 };
        assert_close(two[0], one[0], right_to);
        assert_close(two[1], 2.0 * one[1], 1e-12);
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

/// Weights of points that stay together: half the weight, and half the gradient, of one.
#[test]
fn weights_of_points_that_stay_together() {
    let once = cloud(&Euclidean::new(3).unwrap(), 6, 5);
    let index = Tensor::from_slice(&[3_i64, 0, 1, 2, 3, 4]);
    let twice = once.index_select(0, &index).index_select(1, &index);
    let config = WeightingConfig::default();
    let run = |distances: &Tensor, point: i64| {
        let d = distances.copy().set_requires_grad(true);
        let t = Tensor::from(0.8);
        let w = differentiable_weights(&d, &t, Derivatives::First, &config).unwrap();
        assert_eq!(apart(&w, &weigh(distances, 0.8).weights), 0.0);
        w.get(point).backward();
        let grad = d.grad();
        (w.double_value(&[point]), &grad + grad.transpose(0, 1))
    };
    let (weight, gradient) = run(&once, 3);
    let (shared, spread_out) = run(&twice, 0);
    assert_close(shared, weight / 2.0, 1e-15);
    // To both points of the class goes half of what half the weight has.
    let of_class = spread_out.get(0) + spread_out.get(4);
    for (x, column) in [(0, 1), (1, 2), (2, 3), (4, 5)] {
        let expected = gradient.double_value(&[3, x]) / 2.0;
        assert_close(of_class.double_value(&[column]), expected, 1e-12);
        let alone = spread_out.double_value(&[0, column]);
        assert_close(alone, expected / 2.0, 1e-12);
    }
    assert_close(
        spread_out.double_value(&[1, 2]),
        gradient.double_value(&[0, 1]) / 2.0,
        1e-12,
    );
}

/// Sums of f32 numbers round; means of equal ones must not.
#[test]
fn equal_single_precision_points_keep_their_distances() {
    let once = cloud(&Euclidean::new(3).unwrap(), 7, 6).to_kind(Kind::Float);
    let which: Vec<i64> = (0..42).map(|x| x % 6).collect();
    let index = Tensor::from_slice(&which);
    let many = once.index_select(0, &index).index_select(1, &index);
    for scale in [1e-4, 1.0] {
        let exact = weigh(&once, scale);
        let d = many.copy().set_requires_grad(true);
        let value = loss(&d, &Tensor::from(scale));
        assert_eq!(value.double_value(&[]), weigh(&many, scale).magnitude);
        assert_close(value.double_value(&[]), exact.magnitude, 1e-15);
        value.backward();
        assert_eq!(d.grad().kind(), Kind::Float);
        assert!(apart(&d.grad(), &d.grad().transpose(0, 1)) == 0.0);
    }
}

#[test]
fn differentiable_distances_of_few_points() {
    for n in [0, 1] {
        let sphere = Sphere::new(3, 1.0).unwrap();
        let grassmann = Grassmann::new(5, 2).unwrap();
        let on_sphere = differentiable_distances(&sphere, &random_points(&sphere, 1, n));
        let subspaces = differentiable_distances(&grassmann, &random_points(&grassmann, 1, n));
        for d in [on_sphere, subspaces] {
            assert_eq!(d.size(), [n, n]);
            let value = loss(&d, &Tensor::from(1.0)).double_value(&[]);
            assert_eq!(value, n as f64);
        }
    }
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
