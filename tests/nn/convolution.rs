//! Mirror of `src/nn/convolution.rs` and `src/nn/pooling.rs`.

use holonomy::nn::{
    Convolution, ConvolutionConfig, HyperbolicModel, LinearModel, Pooling, PoolingForm,
    beta_concatenate, lorentz_concatenate,
};
use holonomy::random::generator;
use holonomy::{Lorentz, Manifold, PoincareBall};
use tch::nn::{Module, ModuleT};
use tch::{Kind, Tensor};

use super::{DOUBLE, features, store};

fn close(a: &Tensor, b: &Tensor, tolerance: f64) {
    assert_eq!(a.size(), b.size());
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "{error:e}");
}

/// Each window by itself, its points concatenated row by row, through the same linear layer.
fn is_that_of_windows<M: LinearModel>(
    (from, to): (&M, &M),
    concatenate: impl Fn(&M, &[Tensor]) -> Tensor,
) {
    let (one, two) = (store(Kind::Double), store(Kind::Double));
    let config = ConvolutionConfig {
        stride: 2,
        padding: 1,
    };
    let layer = Convolution::new(one.root(), from, to, &[2, 3], config, &mut generator(3)).unwrap();
    let window = from.with_dim(6 * from.dim());
    let linear = M::linear(&two.root(), &window, to, &mut generator(3)).unwrap();
    let v = features(&[4, 5, 3]) * 0.5;
    let y = layer.forward(&from.exp_at_origin(&v));
    assert_eq!(y.size()[..2], [3, 3]);
    let origin = || from.exp_at_origin(&Tensor::zeros([3], DOUBLE));
    for row in 0..3 {
        for column in 0..3 {
            let places =
                (0..2).flat_map(|i| (0..3).map(move |j| (2 * row + i - 1, 2 * column + j - 1)));
            let parts: Vec<Tensor> = places
                .map(|(i, j)| {
                    if (0..4).contains(&i) && (0..5).contains(&j) {
                        from.exp_at_origin(&v.get(i).get(j))
                    } else {
                        origin()
                    }
                })
                .collect();
            let expected = linear.forward_t(&concatenate(&window, &parts), false);
            close(&y.get(row).get(column), &expected, 1e-13);
        }
    }
}

#[test]
fn convolutions_are_linear_layers_of_windows() {
    let ball = |n, kappa| PoincareBall::new(n, kappa).unwrap();
    is_that_of_windows((&ball(3, -0.7), &ball(2, -1.4)), beta_concatenate);
    let space = |n, kappa| Lorentz::new(n, kappa).unwrap();
    is_that_of_windows((&space(3, -0.7), &space(2, -1.4)), lorentz_concatenate);
}

/// On the hyperboloid without the column of the time, which is 1/√c.
#[test]
fn small_curvatures_give_the_flat_convolution() {
    let space = |n| Lorentz::new(n, -1e-12).unwrap();
    let store = store(Kind::Double);
    let config = ConvolutionConfig {
        stride: 1,
        padding: 2,
    };
    let layer = Convolution::new(
        store.root(),
        &space(3),
        &space(2),
        &[3, 3],
        config,
        &mut generator(3),
    )
    .unwrap();
    let mut weight = store.get("weight").unwrap();
    let _ = tch::no_grad(|| weight.narrow(1, 0, 1).zero_());
    let bias = Tensor::from_slice(&[0.3, -0.2]);
    tch::no_grad(|| store.get("bias").unwrap().copy_(&bias));
    let v = features(&[2, 6, 7, 3]);
    let y = space(2).spatial(&layer.forward(&space(3).exp_at_origin(&v)));
    // [m, places, n] → [m, n, places]
    weight = weight
        .narrow(1, 1, 27)
        .view([2, 3, 3, 3])
        .permute([0, 3, 1, 2]);
    let flat = v
        .permute([0, 3, 1, 2])
        .conv2d(&weight, Some(&bias), [1, 1], [2, 2], [1, 1], 1);
    close(&y, &flat.permute([0, 2, 3, 1]), 1e-9);
}

#[test]
fn three_axes_and_one_row_are_grids_too() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let store = store(Kind::Double);
    let config = ConvolutionConfig::default();
    let rng = &mut generator(1);
    let layer = Convolution::new(store.root(), &space, &space, &[2, 1, 2], config, rng).unwrap();
    let x = space.exp_at_origin(&features(&[3, 1, 4, 2]));
    assert_eq!(layer.forward(&x).size(), [2, 1, 3, 3]);
    for (kernel, stride, padding) in [
        (vec![], 1, 0),
        (vec![0], 1, 0),
        (vec![2], 0, 0),
        (vec![2], 1, -1),
    ] {
        let config = ConvolutionConfig { stride, padding };
        let path = &store.root() / "other";
        assert!(Convolution::new(path, &space, &space, &kernel, config, rng).is_err());
    }
}

#[test]
#[should_panic(expected = "a grid of at least [2, 1, 2]")]
fn grids_smaller_than_the_kernel_are_refused() {
    let space = Lorentz::new(2, -1.0).unwrap();
    let store = store(Kind::Double);
    let config = ConvolutionConfig::default();
    let rng = &mut generator(1);
    let layer = Convolution::new(store.root(), &space, &space, &[2, 1, 2], config, rng).unwrap();
    let _ = layer.forward(&space.exp_at_origin(&features(&[1, 1, 4, 2])));
}

#[test]
fn centroids_of_windows_move_with_isometries() {
    let ball = PoincareBall::new(3, -1.3).unwrap();
    let layer = Pooling::new(&ball, PoolingForm::Centroid, &[2], 1).unwrap();
    let x = ball.exp_at_origin(&(features(&[4, 3]) * 0.8));
    let p = Tensor::from_slice(&[0.3, 0.5, -0.2]);
    let moved = layer.forward(&ball.mobius_add(&p, &x));
    close(&moved, &ball.mobius_add(&p, &layer.forward(&x)), 1e-13);
    let pair = x.narrow(0, 1, 2);
    let expected = ball.gyromidpoint(&pair, &Tensor::ones([2], DOUBLE));
    close(&layer.forward(&x).get(1), &expected, 1e-15);
}

#[test]
fn pooling_takes_the_windows_that_fit() {
    let space = Lorentz::new(2, -0.8).unwrap();
    let v = features(&[2, 5, 7, 2]);
    let x = space.exp_at_origin(&v);
    let layer = Pooling::new(&space, PoolingForm::Maximum, &[2, 3], 2).unwrap();
    let y = space.log_at_origin(&layer.forward(&x));
    assert_eq!(y.size(), [2, 2, 3, 2]);
    let window = v.narrow(1, 2, 2).narrow(2, 4, 3);
    close(
        &y.select(1, 1).select(1, 2),
        &window.amax([1, 2], false),
        1e-13,
    );
    let all = Pooling::global(&space, PoolingForm::Maximum, 2).forward(&x);
    close(&space.log_at_origin(&all), &v.amax([1, 2], false), 1e-13);
    let none = Pooling::global(&space, PoolingForm::Centroid, 0).forward(&x);
    close(&none, &x, 1e-14);
    assert!(Pooling::new(&space, PoolingForm::Maximum, &[], 1).is_err());
    space
        .check_point(&layer.forward(&x.to_kind(Kind::Float)))
        .unwrap();
}
