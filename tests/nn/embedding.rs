//! Mirror of `src/nn/embedding.rs`.

use holonomy::nn::{Embedding, HyperbolicModel, Layer, PositionalEncoding, chain};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::generator;
use holonomy::{Geodesic, Lorentz, Manifold, PoincareBall};
use tch::nn::{Module, ModuleT};
use tch::{Kind, Tensor};

use super::{features, store};

#[test]
fn words_are_points_that_train_on_their_manifold() {
    for kind in [Kind::Double, Kind::Float] {
        let store = store(kind);
        let space = Lorentz::new(3, store.root().curvature("kappa", -0.7).unwrap()).unwrap();
        let layer =
            Embedding::new(&store.root() / "words", &space, 5, 0.3, &mut generator(1)).unwrap();
        let words = Tensor::from_slice(&[2_i64, 0, 2]);
        let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.1)).unwrap();
        let loss = || {
            let points = layer.forward(&words);
            space.dist(&points.get(1), &points).sum(kind)
        };
        let first = loss().double_value(&[]);
        loss().backward();
        // A word that stands twice has the sum of both gradients, one that is not there none.
        let gradient = layer.points().grad();
        assert_eq!(gradient.get(4).abs().max().double_value(&[]), 0.0);
        assert!(gradient.get(2).abs().max().double_value(&[]) > 0.0);
        adam.zero_grad();
        for _ in 0..30 {
            adam.backward_step(&loss()).unwrap();
        }
        assert!(loss().double_value(&[]) < first / 2.0);
        space.check_point(layer.points()).unwrap();
    }
}

/// Where κ moved by itself: the spatial part stays, and the time follows.
#[test]
fn words_are_points_of_the_present_curvature() {
    let store = store(Kind::Double);
    let space = Lorentz::new(3, store.root().curvature("kappa", -0.7).unwrap()).unwrap();
    let layer = Embedding::new(&store.root() / "words", &space, 5, 0.3, &mut generator(1)).unwrap();
    let words = Tensor::from_slice(&[2_i64, 0]);
    let u = store.get("kappa").unwrap();
    let time = |step: f64| {
        tch::no_grad(|| {
            let _ = u.shallow_clone().g_add_scalar_(step);
        });
        let points = layer.forward(&words);
        space.check_point(&points).unwrap();
        points.select(-1, 0).sum(Kind::Double)
    };
    let _ = time(0.5);
    let expected = (time(1e-6).double_value(&[]) - time(-2e-6).double_value(&[])) / 2e-6;
    time(1e-6).backward();
    let got = u.grad().double_value(&[]);
    assert!((got - expected).abs() < 1e-8, "{got} {expected}");
}

#[test]
fn words_stand_in_any_shape_at_the_start_of_a_chain() {
    let store = store(Kind::Double);
    let ball = PoincareBall::new(4, -0.7).unwrap();
    let p = store.root();
    let net = chain()
        .then(Embedding::new(&p / "words", &ball, 10, 0.01, &mut generator(1)).unwrap())
        .unwrap()
        .then(PositionalEncoding::new(&p / "places", &ball, 3, &mut generator(2)).unwrap())
        .unwrap();
    let words = Tensor::from_slice(&[1_i64, 2, 3, 4, 5, 6]).view([2, 3]);
    assert_eq!(net.forward_t(&words, true).size(), [2, 3, 4]);
    assert_eq!(net.takes().to_string(), "numbers of words");
    let wrong = net.then(Embedding::new(&p / "more", &ball, 10, 0.01, &mut generator(1)).unwrap());
    let error = wrong.unwrap_err().to_string();
    assert!(
        error.contains("numbers of words, got 4 coordinates of the ball"),
        "{error}"
    );
    for (words, deviation) in [(0, 0.1), (3, 0.0), (3, f64::NAN)] {
        let path = &p / "wrong";
        assert!(Embedding::new(path, &ball, words, deviation, &mut generator(1)).is_err());
    }
}

#[test]
#[should_panic(expected = "whole numbers of kind Int64")]
fn words_are_whole_numbers() {
    let store = store(Kind::Double);
    let ball = PoincareBall::new(4, -0.7).unwrap();
    let layer = Embedding::new(store.root(), &ball, 10, 0.01, &mut generator(1)).unwrap();
    let _ = layer.forward(&Tensor::from_slice(&[1.0]));
}

#[test]
fn places_are_added_as_residuals() {
    let store = store(Kind::Double);
    let space = Lorentz::new(3, -0.7).unwrap();
    let layer = PositionalEncoding::new(store.root(), &space, 6, &mut generator(1)).unwrap();
    let x = space.exp_at_origin(&features(&[2, 4, 3]));
    let y = layer.forward(&x);
    let points = store.get("points").unwrap();
    let sum = x.get(1).get(2) + points.get(2);
    let signs = Tensor::from_slice(&[1.0, -1.0, -1.0, -1.0]);
    let square = (&sum * &sum * signs).sum(Kind::Double);
    let expected = sum / (square * 0.7_f64).sqrt();
    let error = (y.get(1).get(2) - expected).abs().max().double_value(&[]);
    assert!(error < 1e-13, "{error:e}");
    // Without weight nothing is added.
    let _ = tch::no_grad(|| store.get("log_weight").unwrap().fill_(-60.0));
    assert!(space.dist(&layer.forward(&x), &x).max().double_value(&[]) < 1e-12);
    let none = layer.forward(&x.narrow(1, 0, 0));
    assert_eq!(none.size(), [2, 0, 4]);
}

#[test]
#[should_panic(expected = "L ≤ 2")]
fn sequences_are_no_longer_than_the_table() {
    let store = store(Kind::Double);
    let ball = PoincareBall::new(3, -0.7).unwrap();
    let layer = PositionalEncoding::new(store.root(), &ball, 2, &mut generator(1)).unwrap();
    let _ = layer.forward(&ball.exp_at_origin(&features(&[3, 3])));
}
