//! Mirror of `src/nn/spectral_norm.rs`.

use holonomy::nn::{DimensionScaling, SpectralLinear, Store};
use holonomy::random::generator;
use tch::nn::{Module, ModuleT};
use tch::{Kind, Tensor};

use super::{features, store};

fn layer(kind: Kind, n: i64, m: i64) -> (Store, SpectralLinear) {
    let store = store(kind);
    let layer = SpectralLinear::new(store.root(), n, m, &mut generator(4)).unwrap();
    (store, layer)
}

fn largest(store: &Store) -> f64 {
    let weight = store.get("weight").unwrap().to_kind(Kind::Double);
    let values = weight.matmul(&weight.tr()).linalg_eigvalsh("L");
    values.max().sqrt().double_value(&[])
}

#[test]
fn weights_are_divided_by_their_largest_singular_value() {
    for (kind, tolerance) in [(Kind::Double, 1e-10), (Kind::Float, 1e-5)] {
        for (n, m) in [(7, 3), (3, 7), (1, 4), (4, 1)] {
            let (store, layer) = layer(kind, n, m);
            let x = features(&[5, n]).to_kind(kind);
            for _ in 0..300 {
                let _ = layer.forward_t(&x, true);
            }
            let expected = largest(&store);
            let sigma = layer.sigma().double_value(&[]);
            assert!(
                (sigma / expected - 1.0).abs() < tolerance,
                "{sigma} {expected}"
            );
            let y = layer.forward_t(&x, false);
            let (weight, bias) = (store.get("weight").unwrap(), store.get("bias").unwrap());
            let plain = x.matmul(&(weight / expected).tr()) + bias;
            assert!((y - plain).abs().max().double_value(&[]) < 10.0 * tolerance);
        }
    }
}

#[test]
fn training_turns_the_vector_and_evaluation_does_not() {
    let (store, layer) = layer(Kind::Double, 6, 5);
    let x = features(&[2, 6]);
    let u = || store.get("u").unwrap().copy();
    let before = u();
    let _ = layer.forward_t(&x, false);
    assert!(u().equal(&before));
    let _ = layer.forward_t(&x, true);
    assert!(!u().equal(&before));
    // An estimate from below.
    assert!(layer.sigma().double_value(&[]) <= largest(&store) * (1.0 + 1e-14));
    assert!(!store.get("u").unwrap().requires_grad());
}

#[test]
fn the_gradient_is_that_of_the_normalised_weights() {
    let (store, layer) = layer(Kind::Double, 4, 3);
    let x = features(&[5, 4]);
    for _ in 0..500 {
        let _ = layer.forward_t(&x, true);
    }
    let loss = || (layer.forward_t(&x, true) * features(&[5, 3])).sum(Kind::Double);
    loss().backward();
    let mut weight = store.get("weight").unwrap();
    let direction = features(&[13]).narrow(0, 1, 12).view([3, 4]);
    let got = (weight.grad() * &direction)
        .sum(Kind::Double)
        .double_value(&[]);
    let start = weight.detach().copy();
    let bias = store.get("bias").unwrap().detach();
    let mut at = |t: f64| {
        let moved = &start + &direction * t;
        tch::no_grad(|| weight.copy_(&moved));
        let normal = &moved / largest(&store);
        ((x.matmul(&normal.tr()) + &bias) * features(&[5, 3]))
            .sum(Kind::Double)
            .double_value(&[])
    };
    let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
    assert!((got - expected).abs() < 1e-8, "{got} {expected}");
}

#[test]
fn weights_of_zero_give_the_bias() {
    let (store, layer) = layer(Kind::Double, 4, 3);
    let _ = tch::no_grad(|| store.get("weight").unwrap().zero_());
    let y = layer.forward_t(&features(&[2, 4]), true);
    assert!(
        (y - store.get("bias").unwrap())
            .abs()
            .max()
            .double_value(&[])
            < 1e-15
    );
    // Weights that come back are normalised.
    let weight = features(&[3, 4]) * 5.0;
    tch::no_grad(|| store.get("weight").unwrap().copy_(&weight));
    for _ in 0..300 {
        let _ = layer.forward_t(&features(&[2, 4]), true);
    }
    assert!((layer.sigma().double_value(&[]) / largest(&store) - 1.0).abs() < 1e-10);
    assert!(SpectralLinear::new(store.root(), 0, 3, &mut generator(1)).is_err());
    assert!(DimensionScaling::new(0).is_err());
    let scaled = DimensionScaling::new(4)
        .unwrap()
        .forward(&Tensor::ones([2, 4], (Kind::Float, tch::Device::Cpu)));
    assert!((scaled - 0.5).abs().max().double_value(&[]) < 1e-7);
}
