//! Mirror of `src/nn/edge_convolution.rs`.

use holonomy::nn::{EdgeConvolution, EdgeConvolutionConfig, EdgeReduction, HyperbolicModel, Store};
use holonomy::random::generator;
use holonomy::{Lorentz, PoincareBall};
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{features, store};

fn layer<M: HyperbolicModel>(
    space: &M,
    k: i64,
    reduction: EdgeReduction,
) -> (Store, EdgeConvolution<M>) {
    let store = store(Kind::Double);
    let config = EdgeConvolutionConfig {
        neighbours: k,
        reduction,
    };
    let layer =
        EdgeConvolution::new(store.root(), space, space, config, &mut generator(4)).unwrap();
    (store, layer)
}

/// Point by point, with the operations of the ball.
#[test]
fn points_see_their_neighbours_from_where_they_are() {
    let ball = PoincareBall::new(3, -1.4).unwrap();
    let x = ball.exp_at_origin(&(features(&[6, 3]) * 0.6));
    for reduction in [EdgeReduction::Maximum, EdgeReduction::Mean] {
        let (store, layer) = layer(&ball, 3, reduction);
        let y = layer.forward(&x);
        let (weight, bias) = (store.get("weight").unwrap(), store.get("bias").unwrap());
        for i in 0..6 {
            let own = x.get(i);
            let mut by_distance: Vec<i64> = (0..6).collect();
            let distance =
                |j: i64| holonomy::Geodesic::dist(&ball, &own, &x.get(j)).double_value(&[]);
            by_distance.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
            assert_eq!(by_distance[0], i);
            let numbers: Vec<Tensor> = by_distance[..3]
                .iter()
                .map(|j| {
                    let seen = ball.log_at_origin(&ball.mobius_add(&(-&own), &x.get(*j)));
                    let pair = Tensor::cat(&[ball.log_at_origin(&own), seen], -1);
                    (weight.mv(&pair) + &bias).relu()
                })
                .collect();
            let all = Tensor::stack(&numbers, 0);
            let reduced = match reduction {
                EdgeReduction::Maximum => all.amax([0], false),
                EdgeReduction::Mean => all.mean_dim([0].as_slice(), false, Kind::Double),
            };
            let error = (y.get(i) - ball.exp_at_origin(&reduced))
                .abs()
                .max()
                .double_value(&[]);
            assert!(error < 1e-13, "{error:e}");
        }
    }
}

#[test]
fn both_models_see_the_same_up_to_the_length_of_vectors() {
    let ball = PoincareBall::new(3, -1.4).unwrap();
    let space = ball.lorentz().unwrap();
    let x = ball.exp_at_origin(&(features(&[2, 6, 3]) * 0.6));
    let (_one, in_ball) = layer(&ball, 4, EdgeReduction::Maximum);
    let (two, on_hyperboloid) = layer(&space, 4, EdgeReduction::Maximum);
    // A vector at the origin is twice as long on the hyperboloid.
    tch::no_grad(|| {
        let mut bias = two.get("bias").unwrap();
        let twice = &bias * 2.0;
        bias.copy_(&twice);
    });
    let y = ball.to_lorentz(&in_ball.forward(&x));
    let other = on_hyperboloid.forward(&ball.to_lorentz(&x));
    assert!((y - other).abs().max().double_value(&[]) < 1e-12);
}

#[test]
fn sets_hold_as_many_points_as_neighbours() {
    let space = Lorentz::new(3, -1.0).unwrap();
    let (_store, layer) = layer(&space, 4, EdgeReduction::Maximum);
    let x = space.exp_at_origin(&features(&[4, 3]));
    assert_eq!(
        layer.nearest(&x).select(1, 0),
        Tensor::arange(4, (Kind::Int64, tch::Device::Cpu))
    );
    // Itself first, also among equal points.
    let equal = x.narrow(0, 0, 1).expand([7, 4], false);
    assert_eq!(
        layer.nearest(&equal).select(1, 0),
        Tensor::arange(7, (Kind::Int64, tch::Device::Cpu))
    );
    let few = x.narrow(0, 0, 3);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| layer.forward(&few)));
    assert!(
        panic
            .unwrap_err()
            .downcast_ref::<String>()
            .unwrap()
            .contains("P ≥ 4")
    );
    let config = EdgeConvolutionConfig {
        neighbours: 0,
        ..Default::default()
    };
    let other = store(Kind::Double);
    assert!(EdgeConvolution::new(other.root(), &space, &space, config, &mut generator(1)).is_err());
}
