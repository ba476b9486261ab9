//! Mirror of `src/nn/grassmann_classifier.rs`.

use holonomy::nn::{GrassmannClassifier, GrassmannClassifierConfig, Store};
use holonomy::optim::{RiemannianSgd, SgdConfig};
use holonomy::{Error, Grassmann, Manifold};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::nn::Module;
use tch::{Device, Kind, Tensor};

use super::{DOUBLE, features};

fn config(k: i64, scale: Option<f64>) -> GrassmannClassifierConfig {
    GrassmannClassifierConfig {
        scale,
        ..GrassmannClassifierConfig::new(6, 4, k)
    }
}

fn classifier(k: i64, scale: Option<f64>) -> GrassmannClassifier {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let store = Store::new(Device::Cpu, Kind::Double).unwrap();
    GrassmannClassifier::new(store.root(), &config(k, scale), &mut rng).unwrap()
}

#[test]
fn logits_are_lengths_of_projections() {
    let layer = classifier(2, None);
    let x = features(&[5, 3, 6]);
    let logits = layer.forward(&x);
    assert_eq!(logits.size(), [5, 3, 4]);
    for class in 0..4 {
        let basis = layer.subspaces().get(class);
        let projection = x.matmul(&basis.matmul(&basis.tr()));
        let length = projection
            .square()
            .sum_dim_intlist(-1, false, Kind::Double)
            .sqrt();
        let error = (logits.select(-1, class) - length)
            .abs()
            .max()
            .double_value(&[]);
        assert!(error < 1e-14, "{error:e}");
    }
}

#[test]
fn scaled_features_lose_their_length_and_keep_their_direction() {
    let layer = classifier(3, Some(25.0));
    let x = features(&[7, 6]);
    let logits = layer.forward(&x);
    assert!(
        (layer.forward(&(&x * 100.0)) - &logits)
            .abs()
            .max()
            .double_value(&[])
            < 1e-12
    );
    let size = x.square().sum_dim_intlist(-1, true, Kind::Double).sqrt();
    let plain = classifier(3, None).forward(&(x * 25.0 / size));
    assert!((logits - plain).abs().max().double_value(&[]) < 1e-12);
}

#[test]
fn features_of_length_zero_have_finite_gradients() {
    for scale in [None, Some(25.0)] {
        let layer = classifier(2, scale);
        let x = Tensor::zeros([2, 6], DOUBLE).set_requires_grad(true);
        let logits = layer.forward(&x);
        assert_eq!(logits.abs().max().double_value(&[]), 0.0);
        logits.sum(Kind::Double).backward();
        assert_eq!(x.grad().abs().max().double_value(&[]), 0.0);
        assert!(layer.subspaces().grad().isfinite().all().int64_value(&[]) == 1);
    }
}

#[test]
fn the_optimiser_moves_the_layers_own_subspaces() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let store = Store::new(Device::Cpu, Kind::Double).unwrap();
    let layer = GrassmannClassifier::new(store.root(), &config(2, Some(5.0)), &mut rng).unwrap();
    let before = layer.subspaces().copy();
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::new(0.5)
    };
    let mut optimizer = RiemannianSgd::over(&store, momentum).unwrap();
    let x = features(&[40, 6]);
    // A teacher of the same kind, so that the task can be learned.
    let labels = classifier(2, Some(5.0)).forward(&x).argmax(-1, false);
    let loss = || layer.forward(&x).cross_entropy_for_logits(&labels);
    let first = loss().double_value(&[]);
    for _ in 0..200 {
        optimizer.backward_step(&loss()).unwrap();
    }
    let last = loss().double_value(&[]);
    assert!(last < 0.5 * first, "{first} {last}");
    assert!(!layer.subspaces().equal(&before));
    Grassmann::new(6, 2)
        .unwrap()
        .check_point(layer.subspaces())
        .unwrap();
}

#[test]
fn bad_settings_are_named() {
    let refused = |config: &GrassmannClassifierConfig| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let store = Store::new(Device::Cpu, Kind::Double).unwrap();
        match GrassmannClassifier::new(store.root(), config, &mut rng) {
            Err(Error::InvalidArgument { expected, .. }) => expected,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&config(6, None)), "1 ≤ k < n");
    assert_eq!(refused(&config(2, Some(0.0))), "a finite scale above 0");
    assert_eq!(
        refused(&config(2, Some(f64::NAN))),
        "a finite scale above 0"
    );
    let one = GrassmannClassifierConfig::new(6, 1, 2);
    assert_eq!(refused(&one), "at least two classes");
}

#[test]
#[should_panic(expected = "expected points of shape [.., 6]")]
fn features_of_another_width_are_refused() {
    let _ = classifier(2, None).forward(&features(&[2, 5]));
}
