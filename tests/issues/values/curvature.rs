//! A curvature that is learned.

use holonomy::optim::{AdamConfig, ManifoldParameter, RiemannianAdam};
use holonomy::{Curvature, Euclidean, Space};
use tch::nn::OptimizerConfig;
use tch::{Device, Kind, Tensor};

use super::{DOUBLE, MODELS, Model, is_finite, row};

/// The gradient of κ, which must not vanish, of a distance between points that do not move.
fn gradient_of_curvature(space: &dyn Space, model: Model, leaf: &Tensor) -> f64 {
    let p = model.point(model.sign(), 0.4, &[1.0, 0.0]);
    let q = model.point(model.sign(), 0.9, &[0.3, 1.0]);
    let d = space.dist(&p, &q);
    let gradient = Tensor::f_run_backward(&[d], &[leaf], false, false).unwrap();
    gradient[0].sum(Kind::Double).double_value(&[])
}

/// A view of a leaf of dimension 0 lost its edge at the first update in place: the gradient was 0 from the
/// second step on.
#[test]
fn the_curvature_keeps_its_gradient_after_updates_in_place() {
    for model in MODELS {
        for shape in [&[][..], &[1], &[1, 1]] {
            let mut leaf = Tensor::full(shape, model.sign(), DOUBLE).set_requires_grad(true);
            let space = model.space(2, Curvature::learnable(&leaf).unwrap());
            for step in 0..4 {
                let value = model.sign() * (1.0 + 0.1 * f64::from(step));
                tch::no_grad(|| leaf.copy_(&leaf.full_like(value)));
                let got = gradient_of_curvature(&*space, model, &leaf);
                let fresh = Tensor::full(shape, value, DOUBLE).set_requires_grad(true);
                let other = model.space(2, Curvature::learnable(&fresh).unwrap());
                let want = gradient_of_curvature(&*other, model, &fresh);
                assert_eq!(got, want, "{model:?} {shape:?} step {step}");
                assert!(got.abs() > 1e-3, "{model:?} {shape:?} step {step}: {got}");
            }
        }
    }
}

#[test]
fn the_curvature_follows_a_leaf_that_is_frozen_and_freed() {
    let leaf = Tensor::from(-1.0);
    let kappa = Curvature::learnable(&leaf).unwrap();
    assert!(!kappa.is_learnable());
    let leaf = leaf.set_requires_grad(true);
    assert!(kappa.is_learnable() && kappa.tensor().requires_grad());
    let leaf = leaf.set_requires_grad(false);
    assert!(!kappa.is_learnable() && !kappa.tensor().requires_grad());
    assert_eq!(kappa.value(), leaf.double_value(&[]));
}

/// The loss (d − target)², whose gradient with respect to κ is not 0 before the target is met.
fn loss(space: &dyn Space, model: Model, target: f64) -> Tensor {
    let p = model.point(model.sign(), 0.4, &[1.0, 0.0]);
    let q = model.point(model.sign(), 0.9, &[0.3, 1.0]);
    (space.dist(&p, &q) - target).square()
}

fn target(model: Model) -> f64 {
    let truth = model.space(2, (0.7 * model.sign()).into());
    loss(&*truth, model, 0.0).sqrt().double_value(&[])
}

#[test]
fn our_optimisers_and_those_of_tch_learn_a_curvature() {
    for model in MODELS {
        let target = target(model);
        let start = row(&[model.sign()]);
        let line = Box::new(Euclidean::new(1).unwrap());
        let parameter = ManifoldParameter::new(line, &start).unwrap();
        let kappa = Curvature::learnable(parameter.tensor()).unwrap();
        let leaf = parameter.tensor().shallow_clone();
        let space = model.space(2, kappa);
        let mut adam = RiemannianAdam::new(vec![parameter], AdamConfig::new(0.02)).unwrap();
        for _ in 0..400 {
            adam.zero_grad();
            loss(&*space, model, target).backward();
            adam.step().unwrap();
        }
        let got = leaf.double_value(&[0]);
        assert!((got - 0.7 * model.sign()).abs() < 1e-2, "{model:?}: {got}");

        let store = tch::nn::VarStore::new(Device::Cpu);
        let leaf = store.root().add(
            "kappa",
            Tensor::from(model.sign()).to_kind(Kind::Double),
            true,
        );
        let space = model.space(2, Curvature::learnable(&leaf).unwrap());
        let mut adam = tch::nn::adam(0.9, 0.999, 0.0).build(&store, 0.02).unwrap();
        for _ in 0..400 {
            adam.backward_step(&loss(&*space, model, target));
        }
        let got = leaf.double_value(&[]);
        assert!((got - 0.7 * model.sign()).abs() < 1e-2, "{model:?}: {got}");
    }
}

/// A step of κ does not move points: that is said by `check_point`, and mended by `project`.
#[test]
fn points_that_a_step_of_the_curvature_leaves_behind_are_named() {
    for model in [Model::Ball, Model::Hyperboloid, Model::Sphere] {
        let mut leaf = Tensor::from(model.sign()).set_requires_grad(true);
        let space = model.space(2, Curvature::learnable(&leaf).unwrap());
        let inner = model.point(model.sign(), 0.1, &[1.0, 0.0]);
        let outer = model.point(model.sign(), 2.5, &[0.3, 1.0]);
        let points = Tensor::stack(&[&outer, &inner], 0);
        space.check_point(&points).unwrap();
        tch::no_grad(|| leaf.copy_(&Tensor::from(1.5 * model.sign())));
        assert!(space.check_point(&points).is_err(), "{model:?}");
        let moved = space.project(&points).detach();
        space.check_point(&moved).unwrap();
        assert!(is_finite(&space.dist(&moved.get(0), &moved.get(1))));
    }
}
