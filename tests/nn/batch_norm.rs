//! Mirror of `src/nn/batch_norm.rs`.

use holonomy::nn::{BatchCenter, BatchNorm, BatchNormConfig, HyperbolicModel, Store};
use holonomy::stats::{CenterConfig, frechet_mean};
use holonomy::{Geodesic, Lorentz, PoincareBall};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::{DOUBLE, features, store};

fn norm<M: HyperbolicModel>(space: &M, config: BatchNormConfig) -> (Store, BatchNorm<M>) {
    let store = store(Kind::Double);
    let norm = BatchNorm::new(store.root(), space, config).unwrap();
    (store, norm)
}

fn set(store: &Store, name: &str, value: &Tensor) {
    let mut variable = store.get(name).unwrap();
    tch::no_grad(|| variable.copy_(value));
}

fn distances<M: Geodesic>(m: &M, x: &Tensor) -> Tensor {
    m.dist(&x.unsqueeze(0), &x.unsqueeze(1))
}

fn close(a: &Tensor, b: &Tensor, tolerance: f64) {
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "{error:e}");
}

/// Normalised batches have their centroid at β, exactly where nothing is scaled, and variance γ v/(v + ε).
fn has_mean_and_variance<M: HyperbolicModel>(space: &M) {
    let (store, norm) = norm(space, BatchNormConfig::default());
    let shift = Tensor::from_slice(&[0.3, -0.1, 0.2]);
    set(&store, "shift", &shift);
    set(&store, "log_variance", &Tensor::from(0.4_f64));
    let x = space.exp_at_origin(&(features(&[30, 3]) * 0.5 + 0.8));
    let y = norm.forward_t(&x, true);
    space.check_point(&y).unwrap();
    let beta = space.exp_at_origin(&shift);
    let square = space
        .dist(&y, &beta)
        .square()
        .mean(Kind::Double)
        .double_value(&[]);
    assert!((square / 0.4_f64.exp() - 1.0).abs() < 1e-4, "{square}");
    let mean = space.centroid(&x, &Tensor::ones([30], DOUBLE));
    let v = space
        .dist(&x, &mean)
        .square()
        .mean(Kind::Double)
        .double_value(&[]);
    set(&store, "log_variance", &Tensor::from((v + 1e-5).ln()));
    let y = norm.forward_t(&x, true);
    let centre = space.centroid(&y, &Tensor::ones([30], DOUBLE));
    assert!(space.dist(&centre, &beta).double_value(&[]) < 1e-12);
    close(&distances(space, &y), &distances(space, &x), 1e-11);
}

#[test]
fn batches_get_the_mean_and_the_variance() {
    has_mean_and_variance(&PoincareBall::new(3, -0.7).unwrap());
    has_mean_and_variance(&Lorentz::new(3, -0.7).unwrap());
}

#[test]
fn the_place_of_a_batch_has_no_effect_but_a_turn() {
    let ball = PoincareBall::new(3, -1.3).unwrap();
    let (_store, norm) = norm(&ball, BatchNormConfig::default());
    let x = ball.exp_at_origin(&(features(&[10, 3]) * 0.4));
    let moved = ball.mobius_add(&Tensor::from_slice(&[0.3, 0.5, -0.2]), &x);
    let (a, b) = (norm.forward_t(&x, true), norm.forward_t(&moved, true));
    close(&distances(&ball, &a), &distances(&ball, &b), 1e-12);
    // The same layer on the hyperboloid, in any shape of batch.
    let space = ball.lorentz().unwrap();
    let (_store, other) = self::norm(&space, BatchNormConfig::default());
    let c = other.forward_t(&ball.to_lorentz(&x).view([2, 5, 4]), true);
    close(&c.view([10, 4]), &ball.to_lorentz(&a), 1e-12);
}

#[test]
fn running_statistics_serve_in_evaluation() {
    let ball = PoincareBall::new(3, -0.7).unwrap();
    let config = BatchNormConfig {
        momentum: 1.0,
        ..Default::default()
    };
    let (store, norm) = norm(&ball, config);
    let x = ball.exp_at_origin(&(features(&[12, 3]) * 0.5 + 0.2));
    let before = norm.forward_t(&x, false);
    // At the start they are those of the origin and 1.
    let scale = (1.0_f64 / (1.0 + 1e-5)).sqrt();
    close(
        &ball.log_at_origin(&before),
        &(ball.log_at_origin(&x) * scale),
        1e-12,
    );
    let trained = norm.forward_t(&x, true);
    close(&norm.forward_t(&x, false), &trained, 1e-12);
    // One row as in the batch; an empty batch changes nothing.
    close(&norm.forward_t(&x.get(3), false), &trained.get(3), 1e-12);
    let mean = store.get("mean").unwrap().copy();
    let empty = norm.forward_t(&x.narrow(0, 0, 0), true);
    assert_eq!(empty.size(), [0, 3]);
    assert!(store.get("mean").unwrap().equal(&mean));
    assert!(!store.get("mean").unwrap().requires_grad());
    // A part of the way.
    let config = BatchNormConfig {
        momentum: 0.25,
        ..Default::default()
    };
    let (_store, norm) = self::norm(&ball, config);
    let _ = norm.forward_t(&x, true);
    let centre = ball.centroid(&x, &Tensor::ones([12], DOUBLE));
    let origin = centre.zeros_like();
    let part = ball.dist(&origin, &norm.running_mean()) / ball.dist(&origin, &centre);
    assert!((part.double_value(&[]) - 0.25).abs() < 1e-12);
}

#[test]
fn batches_of_one_point_and_of_equal_points_have_finite_gradients() {
    for space_of in [1, 4] {
        let space = Lorentz::new(3, -0.7).unwrap();
        let (store, norm) = norm(&space, BatchNormConfig::default());
        let v = (Tensor::ones([space_of, 3], DOUBLE) * 0.3).set_requires_grad(true);
        let y = norm.forward_t(&space.exp_at_origin(&v), true);
        close(&y, &space.exp_at_origin(&v.zeros_like()), 1e-9);
        (y * features(&[space_of, 4])).sum(Kind::Double).backward();
        assert_eq!(v.grad().isfinite().all().int64_value(&[]), 1);
        for name in ["shift", "log_variance"] {
            let gradient = store.get(name).unwrap().grad();
            assert_eq!(gradient.isfinite().all().int64_value(&[]), 1);
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    for (momentum, eps) in [
        (1.5, 1e-5),
        (-0.1, 1e-5),
        (f64::NAN, 1e-5),
        (0.1, 0.0),
        (0.1, f64::INFINITY),
    ] {
        let store = store(Kind::Double);
        let config = BatchNormConfig {
            momentum,
            eps,
            ..Default::default()
        };
        assert!(BatchNorm::new(store.root(), &ball, config).is_err());
        assert!(store.names().is_empty());
    }
}

#[test]
fn gradients_of_normalised_batches_are_those_of_differences() {
    fn check<M: HyperbolicModel>(space: &M, center: BatchCenter) {
        let config = BatchNormConfig {
            center,
            ..Default::default()
        };
        let (_store, norm) = norm(space, config);
        let v = (features(&[5, 3]) * 0.4 + 0.1).set_requires_grad(true);
        let loss = |v: &Tensor| {
            let y = space.log_at_origin(&norm.forward_t(&space.exp_at_origin(v), true));
            (y * features(&[5, 3])).sum(Kind::Double)
        };
        loss(&v).backward();
        let direction = features(&[16]).narrow(0, 1, 15).view([5, 3]);
        let got = (v.grad() * &direction).sum(Kind::Double).double_value(&[]);
        let at = |t: f64| tch::no_grad(|| loss(&(&v + &direction * t))).double_value(&[]);
        let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((got - expected).abs() < 1e-8, "{got} {expected}");
    }
    for center in [BatchCenter::Centroid, BatchCenter::Frechet] {
        check(&PoincareBall::new(3, -0.7).unwrap(), center);
        check(&Lorentz::new(3, -0.7).unwrap(), center);
    }
}

/// A pass in training moves the statistics before a gradient through an evaluation is taken.
#[test]
fn gradients_through_an_evaluation_outlive_a_pass_in_training() {
    fn check<M: HyperbolicModel>(make: impl Fn(holonomy::Curvature) -> M) {
        let store = store(Kind::Double);
        let space = make(store.root().curvature("kappa", -0.7).unwrap());
        let path = &store.root() / "norm";
        let norm = BatchNorm::new(&path, &space, BatchNormConfig::default()).unwrap();
        let x = space.exp_at_origin(&features(&[6, 3])).detach();
        let _ = norm.forward_t(&x, true);
        let mean = store.get("norm.mean").unwrap();
        let start = mean.copy();
        let gradient = |also_trains: bool| {
            store.get("kappa").unwrap().zero_grad();
            tch::no_grad(|| mean.shallow_clone().copy_(&start));
            let y = norm.forward_t(&x, false);
            if also_trains {
                let _ = norm.forward_t(&x, true);
            }
            y.sum(Kind::Double).backward();
            store.get("kappa").unwrap().grad().double_value(&[])
        };
        assert_eq!(gradient(false), gradient(true));
    }
    check(|kappa| PoincareBall::new(3, kappa).unwrap());
    check(|kappa| Lorentz::new(3, kappa).unwrap());
}

fn of_frechet() -> BatchNormConfig {
    BatchNormConfig {
        momentum: 1.0,
        center: BatchCenter::Frechet,
        ..Default::default()
    }
}

/// However far the batch spreads; with outliers too.
#[test]
fn the_centre_is_the_frechet_mean() {
    fn check<M: HyperbolicModel>(space: &M) {
        for (spread, outlier) in [
            (0.0, 0.0),
            (1e-6, 0.0),
            (0.5, 0.0),
            (3.0, 0.0),
            (8.0, 0.0),
            (0.3, 12.0),
        ] {
            let (_store, norm) = norm(space, of_frechet());
            let v = features(&[20, 3]) * spread + 0.3;
            let _ = v.get(4).g_add_scalar_(outlier);
            let x = space.exp_at_origin(&v);
            let _ = norm.forward_t(&x, true);
            let mean = frechet_mean(space, &x, None, &CenterConfig::default()).unwrap();
            let error = space
                .dist(&norm.running_mean(), &mean.point)
                .double_value(&[]);
            assert!(error < 1e-9, "{spread} {outlier}: {error:e}");
        }
    }
    check(&PoincareBall::new(3, -0.7).unwrap());
    check(&Lorentz::new(3, -1.6).unwrap());
}

#[test]
fn batches_get_the_frechet_mean_and_the_variance() {
    let space = Lorentz::new(3, -0.7).unwrap();
    let (store, norm) = norm(&space, of_frechet());
    let shift = Tensor::from_slice(&[0.3, -0.1, 0.2]);
    set(&store, "shift", &shift);
    set(&store, "log_variance", &Tensor::from(0.4_f64));
    let y = norm.forward_t(
        &space.exp_at_origin(&(features(&[30, 3]) * 0.9 + 0.8)),
        true,
    );
    let mean = frechet_mean(&space, &y, None, &CenterConfig::default()).unwrap();
    let beta = space.exp_at_origin(&shift);
    assert!(space.dist(&mean.point, &beta).double_value(&[]) < 1e-9);
    assert!((mean.objective / 0.4_f64.exp() - 1.0).abs() < 1e-4);
}

/// By κ at coordinates that are held: spatial parts on the hyperboloid.
#[test]
fn the_frechet_mean_follows_a_learned_curvature() {
    fn check<M: HyperbolicModel>(make: impl Fn(holonomy::Curvature) -> M) {
        let store = store(Kind::Double);
        let kappa = store.root().curvature("kappa", -0.7).unwrap();
        let space = make(kappa);
        let norm = BatchNorm::new(&store.root() / "norm", &space, of_frechet()).unwrap();
        let w = features(&[6, 3]) * 0.2 + 0.1;
        let loss = || {
            let y = norm.forward_t(&space.with_spatial(&w), true);
            (space.log_at_origin(&y) * features(&[6, 3])).sum(Kind::Double)
        };
        loss().backward();
        let mut u = store.get("kappa").unwrap();
        let got = u.grad().double_value(&[]);
        let mut at = |t: f64| {
            tch::no_grad(|| {
                let _ = u.g_add_scalar_(t);
                let loss = loss().double_value(&[]);
                let _ = u.g_add_scalar_(-t);
                loss
            })
        };
        let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((got - expected).abs() < 1e-8, "{got} {expected}");
    }
    check(|kappa| PoincareBall::new(3, kappa).unwrap());
    check(|kappa| Lorentz::new(3, kappa).unwrap());
}
