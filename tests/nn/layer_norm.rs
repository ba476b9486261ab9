//! Mirror of `src/nn/layer_norm.rs`.

use holonomy::nn::{HyperbolicModel, LayerNorm};
use holonomy::{Lorentz, PoincareBall};
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{features, store};

/// In both models, from points near the origin to far ones, whose squares overflow.
#[test]
fn spatial_parts_have_the_mean_and_the_length_that_are_learned() {
    fn check<M: HyperbolicModel>(space: &M, sizes: &[f64]) {
        let store = store(Kind::Double);
        let layer = LayerNorm::new(store.root(), space, 1e-5).unwrap();
        let (g, b) = (features(&[4]) * 0.5 + 1.0, features(&[5]).narrow(0, 1, 4));
        tch::no_grad(|| {
            store.get("weight").unwrap().copy_(&g);
            store.get("bias").unwrap().copy_(&b);
        });
        for size in sizes {
            let w = features(&[6, 4]) * *size;
            let y = space.spatial(&layer.forward(&space.with_spatial(&w)));
            // Of w/size with ε/size².
            let unit = &w / *size;
            let centred = &unit - unit.mean_dim(-1, true, Kind::Double);
            let variance = centred.square().mean_dim(-1, true, Kind::Double);
            let expected = centred / (variance + 1e-5 / size / size).sqrt() * &g + &b;
            let error = (y - expected).abs().max().double_value(&[]);
            assert!(error < 1e-12, "{size:e}: {error:e}");
        }
    }
    check(&PoincareBall::new(4, -0.7).unwrap(), &[1e-3, 1.0, 30.0]);
    check(&Lorentz::new(4, -0.7).unwrap(), &[1e-3, 1.0, 1e10, 1e100]);
}

/// Equal coordinates have no variance.
#[test]
fn equal_coordinates_give_the_bias_and_a_finite_gradient() {
    let space = Lorentz::new(3, -1.0).unwrap();
    let store = store(Kind::Double);
    let layer = LayerNorm::new(store.root(), &space, 1e-5).unwrap();
    let w = Tensor::from_slice(&[0.4, 0.4, 0.4]).set_requires_grad(true);
    let y = space.spatial(&layer.forward(&space.with_spatial(&w)));
    // A rounding of the mean over √ε.
    assert!(y.abs().max().double_value(&[]) < 1e-13);
    (y * Tensor::from_slice(&[1.0, 2.0, -1.0]))
        .sum(Kind::Double)
        .backward();
    assert_eq!(w.grad().isfinite().all().int64_value(&[]), 1);
    for eps in [0.0, -1.0, f64::NAN] {
        assert!(LayerNorm::new(&store.root() / "other", &space, eps).is_err());
    }
}
