//! Curvatures among the variables of a store.

use holonomy::optim::{AdamConfig, Motion, RiemannianAdam, RiemannianSgd, SgdConfig};
use holonomy::{Geodesic, Lorentz, Manifold, PoincareBall, Product, Sphere};
use tch::{Kind, Tensor};

use super::super::{features, store};
use super::disk;

#[test]
fn points_follow_a_learned_curvature() {
    for kind in [Kind::Double, Kind::Float] {
        let store = store(kind);
        let p = store.root();
        let space = Lorentz::new(2, p.curvature("kappa", -1.0).unwrap()).unwrap();
        let round = Sphere::new(2, p.curvature("round", 2.0).unwrap()).unwrap();
        let product = {
            let space = space.clone();
            move || Product::new(vec![Box::new(space.clone()), Box::new(round.clone())]).unwrap()
        };
        let both = product();
        let start = both.project(&features(&[4, 6]).to_kind(kind));
        let motion = move || Motion::Retraction(Box::new(product()));
        let points = p.point_with("points", motion, &start).unwrap();
        let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
        let loss = || {
            let on = both.project(&points);
            let d = both.dist(&on.unsqueeze(0), &on.unsqueeze(1));
            (d - 1.5).square().sum(kind)
        };
        let first = loss().double_value(&[]);
        let before = space.curvature().value();
        for _ in 0..60 {
            adam.backward_step(&loss()).unwrap();
            both.check_point(&points).unwrap();
        }
        assert_ne!(space.curvature().value(), before);
        assert!(space.curvature().value() < 0.0);
        assert!(loss().double_value(&[]) < first);
        // What the optimiser remembers is tangent where the points are now.
        let state = adam.state().unwrap();
        let index = adam
            .parameters()
            .position(|p| p.name() == Some("points"))
            .unwrap();
        let momentum = state.tensor(&format!("{index}.momentum")).unwrap();
        both.check_tangent(&points, momentum).unwrap();
    }
}

#[test]
fn curvatures_of_heads_follow_their_entries() {
    let store = store(Kind::Float);
    let heads = store.root().curvatures("heads", 3, -0.5).unwrap();
    let u = store.get("heads").unwrap();
    assert_eq!((u.kind(), u.size()), (Kind::Double, vec![3]));
    assert_eq!(heads.count(), 3);
    let head = heads.at(1);
    assert!((head.value() + 0.5).abs() < 1e-15);
    assert!(head.is_same(&heads.at(1)) && !head.is_same(&heads.at(2)));
    // κ = −ln(1 + eᵘ) has the slope κ' = −1/(1 + e⁻ᵘ) = −(1 − e^κ).
    let ball = PoincareBall::new(2, head).unwrap();
    let (p, q) = (
        Tensor::from_slice(&[0.1, 0.2]),
        Tensor::from_slice(&[-0.4, 0.3]),
    );
    ball.dist(&p, &q).backward();
    let gradient = Vec::<f64>::try_from(u.grad()).unwrap();
    assert_eq!((gradient[0], gradient[2]), (0.0, 0.0));
    let kappa = Tensor::from(-0.5).set_requires_grad(true);
    let plain = PoincareBall::new(2, holonomy::Curvature::learnable(&kappa).unwrap()).unwrap();
    plain.dist(&p, &q).backward();
    let expected = -kappa.grad().double_value(&[]) * (1.0 - (-0.5_f64).exp());
    assert!(
        (gradient[1] / expected - 1.0).abs() < 1e-13,
        "{} {expected}",
        gradient[1]
    );
    // Rows of any curvature by the operations at κ = −1.
    let numbers = Tensor::from_slice(&[1_i64, 1]).view([2, 1]);
    let root = (-heads.of(&numbers)).sqrt();
    let unit = disk().dist(&(&p * &root), &(&q * &root)) / root.squeeze_dim(-1);
    assert!((unit - ball.dist(&p, &q)).abs().max().double_value(&[]) < 1e-15);
}

#[test]
fn softplus_keeps_the_sign_at_any_value() {
    for u in [-600.0, -30.0, 0.0, 1.0, 25.0, 1e5] {
        let u = Tensor::from(u).set_requires_grad(true);
        let kappa = holonomy::Curvature::softplus(&u, -3.0).unwrap();
        assert!(kappa.value() < 0.0 && kappa.value().is_finite());
        assert_eq!(kappa.value(), kappa.tensor().double_value(&[]));
        kappa.tensor().backward();
        let slope = -1.0 / (1.0 + (-u.double_value(&[])).exp());
        let error = u.grad().double_value(&[]) - slope;
        assert!(error.abs() <= 1e-15 * slope.abs(), "{u:?} {error:e}");
    }
    for kappa in [-1e-9, -0.3, -1.0, -40.0, 5.0] {
        let u = Tensor::from(holonomy::Curvature::softplus_start(kappa));
        let back = holonomy::Curvature::softplus(&u, kappa).unwrap().value();
        assert!((back / kappa - 1.0).abs() < 1e-14, "{kappa} {back}");
    }
}

#[test]
fn far_points_of_the_ball_are_not_thrown_to_the_edge() {
    for kind in [Kind::Double, Kind::Float] {
        let store = store(kind);
        let p = store.root();
        let ball = PoincareBall::new(2, p.curvature("kappa", -1.0).unwrap()).unwrap();
        let start = Tensor::from_slice2(&[
            [(6.0_f64 / 2.0).tanh(), 0.0],
            [0.0, -(3.0_f64 / 2.0).tanh()],
        ]);
        let points = p.point("points", &ball, &start).unwrap();
        let mut sgd = RiemannianSgd::over(&store, SgdConfig::new(1.0)).unwrap();
        let u = store.get("kappa").unwrap();
        let origin = points.zeros_like().detach();
        let distances =
            || Vec::<f64>::try_from(ball.dist(&origin, &points).to_kind(Kind::Double)).unwrap();
        // The curvature alone moves, by 3 % and then by 50 %.
        for step in [0.05, 0.8] {
            let before = distances();
            sgd.backward_step(&(&u * -step + points.sum(Kind::Double).to_kind(Kind::Double) * 0.0))
                .unwrap();
            ball.check_point(&points).unwrap();
            for (d, before) in distances().iter().zip(before) {
                assert!(d - before < 1.0 && d - before > -1.0, "{step} {before} {d}");
            }
        }
        assert!(ball.curvature().value() < -1.4);
    }
}

#[test]
fn momenta_of_far_points_stay_as_long_as_they_are() {
    let store = store(Kind::Float);
    let p = store.root();
    let space = Lorentz::new(2, p.curvature("kappa", -1.0).unwrap()).unwrap();
    let start = space.project(&Tensor::from_slice(&[
        0.0_f32,
        0.6 * 11_013.0,
        0.8 * 11_013.0,
    ]));
    let points = p.point("points", &space, &start).unwrap();
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::new(1e-3)
    };
    let mut sgd = RiemannianSgd::over(&store, momentum).unwrap();
    let u = store.get("kappa").unwrap();
    let origin = space.project(&Tensor::from_slice(&[0.0_f32, 0.0, 0.0]));
    for step in 0..10 {
        // A pull to the origin at first, and a curvature that always moves.
        let pull = if step == 0 { 1.0 } else { 0.0 };
        let d = space.dist(&origin.detach(), &space.project(&points)) * pull;
        sgd.backward_step(&(d + (&u * -10.0).to_kind(Kind::Float)))
            .unwrap();
        let state = sgd.state().unwrap();
        let momentum = state.tensor("1.momentum").unwrap();
        let length = space.norm(&points, momentum).double_value(&[]);
        let expected = 0.9_f64.powi(step);
        assert!(
            (length / expected - 1.0).abs() < 0.2,
            "{step} {length} {expected}"
        );
    }
}
