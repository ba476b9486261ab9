//! Mirror of `src/nn/svdd.rs`.

use holonomy::nn::{HyperbolicModel, Svdd};
use holonomy::stats::{CenterConfig, frechet_mean};
use holonomy::{Geodesic, Lorentz, PoincareBall, Sphere};
use tch::{Kind, Tensor};

use super::{features, store};

#[test]
fn scores_are_distances_to_the_frechet_mean() {
    fn check<M: Geodesic + Clone>(space: &M, normal: &Tensor, x: &Tensor) {
        let store = store(Kind::Double);
        let svdd = Svdd::new(store.root(), space, normal).unwrap();
        let mean = frechet_mean(space, normal, None, &CenterConfig::default())
            .unwrap()
            .point;
        let expected = space.dist(&mean, x);
        assert!((svdd.scores(x) - &expected).abs().max().double_value(&[]) < 1e-13);
        let loss = svdd.loss(x).double_value(&[]);
        assert!((loss - expected.mean(Kind::Double).double_value(&[])).abs() < 1e-13);
        svdd.set_center(x).unwrap();
        let moved = frechet_mean(space, x, None, &CenterConfig::default())
            .unwrap()
            .point;
        let found = store.get("center").unwrap();
        assert!(!found.requires_grad());
        assert!(space.dist(&found, &moved).double_value(&[]) < 1e-12);
    }
    let (a, b) = (
        features(&[8, 3]) * 0.3 + 0.2,
        features(&[11, 3]).narrow(0, 5, 6) * 0.5,
    );
    let ball = PoincareBall::new(3, -1.2).unwrap();
    check(&ball, &ball.exp_at_origin(&a), &ball.exp_at_origin(&b));
    let space = Lorentz::new(3, -0.4).unwrap();
    check(&space, &space.exp_at_origin(&a), &space.exp_at_origin(&b));
    let sphere = Sphere::new(2, 1.0).unwrap();
    let unit = |t: &Tensor| t / t.square().sum_dim_intlist(-1, true, Kind::Double).sqrt();
    check(&sphere, &unit(&a), &unit(&(b + 1.0)));
}

#[test]
fn the_loss_pulls_points_to_the_center_and_is_at_rest_there() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let store = store(Kind::Double);
    let normal = ball.exp_at_origin(&(features(&[6, 2]) * 0.2));
    let svdd = Svdd::new(store.root(), &ball, &normal).unwrap();
    let center = store.get("center").unwrap();
    let x = Tensor::stack(&[center.copy(), center + 0.3], 0).set_requires_grad(true);
    svdd.loss(&x).backward();
    assert_eq!(x.grad().get(0).abs().max().double_value(&[]), 0.0);
    assert!(x.grad().get(1).min().double_value(&[]) > 0.0);
    let f32 = svdd.scores(&x.detach().to_kind(Kind::Float));
    assert_eq!(f32.kind(), Kind::Float);
    assert_eq!(svdd.loss(&normal.narrow(0, 0, 0)).double_value(&[]), 0.0);
    assert!(Svdd::new(&store.root() / "x", &ball, &normal.narrow(0, 0, 0)).is_err());
}
