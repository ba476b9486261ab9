//! Mirror of `src/nn/dropout.rs`.

use holonomy::nn::{Dropout, HyperbolicModel, LorentzDropout};
use holonomy::random::generator;
use holonomy::{Lorentz, Manifold};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::{DOUBLE, features, store};

#[test]
fn the_wanted_part_is_dropped_and_the_mean_stays() {
    let store = store(Kind::Double);
    let dropout = Dropout::new(store.root(), 0.3, &mut generator(1)).unwrap();
    let ones = Tensor::ones([400, 500], DOUBLE);
    let y = dropout.forward_t(&ones, true);
    let kept = y.gt(0.0).to_kind(Kind::Double);
    // 200,000 draws have a deviation of 0.001.
    assert!((kept.mean(Kind::Double).double_value(&[]) - 0.7).abs() < 0.005);
    assert!((y.max().double_value(&[]) - 1.0 / 0.7).abs() < 1e-15);
    // No row, column or neighbour tells about another.
    for dim in [0, 1] {
        let means = kept.mean_dim(dim, false, Kind::Double);
        let spread = means.std(true).double_value(&[]);
        let expected = (0.21 / if dim == 0 { 400.0_f64 } else { 500.0 }).sqrt();
        assert!(
            (spread / expected - 1.0).abs() < 0.15,
            "{spread} {expected}"
        );
    }
    let centred = kept.flatten(0, 1) - 0.7;
    for lag in [1, 2, 3, 64, 500] {
        let n = 200_000 - lag;
        let product = centred.narrow(0, 0, n) * centred.narrow(0, lag, n);
        assert!(
            product.mean(Kind::Double).double_value(&[]).abs() < 0.21 * 0.012,
            "{lag}"
        );
    }
    assert!(dropout.forward_t(&ones, false).equal(&ones));
    assert!(!dropout.forward_t(&ones, true).equal(&y));
}

#[test]
fn masks_go_on_where_they_were_saved() {
    let (one, two) = (store(Kind::Float), store(Kind::Float));
    let first = Dropout::new(one.root(), 0.5, &mut generator(1)).unwrap();
    let second = Dropout::new(two.root(), 0.5, &mut generator(2)).unwrap();
    let x = features(&[20, 7]).to_kind(Kind::Float);
    assert!(!first.forward_t(&x, true).equal(&second.forward_t(&x, true)));
    let _ = first.forward_t(&x, true);
    two.load_state(&one.state().unwrap()).unwrap();
    for _ in 0..3 {
        assert!(first.forward_t(&x, true).equal(&second.forward_t(&x, true)));
    }
    let _ = first.forward_t(&x.narrow(0, 0, 0), true);
}

#[test]
fn dropped_points_are_points() {
    let space = Lorentz::new(6, -0.4).unwrap();
    let store = store(Kind::Double);
    let dropout = LorentzDropout::new(store.root(), &space, 0.5, &mut generator(1)).unwrap();
    let x = space
        .exp_at_origin(&features(&[10, 6]))
        .set_requires_grad(true);
    let y = dropout.forward_t(&x, true);
    space.check_point(&y).unwrap();
    assert!(!y.equal(&x));
    y.sum(Kind::Double).backward();
    assert_eq!(x.grad().isfinite().all().int64_value(&[]), 1);
    assert!(dropout.forward_t(&x, false).equal(&x));
    assert!(Dropout::new(&store.root() / "a", 1.0, &mut generator(1)).is_err());
    assert!(Dropout::new(&store.root() / "a", -0.1, &mut generator(1)).is_err());
}
