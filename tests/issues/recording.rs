//! Training where the caller has turned recording off, and recording after a panic.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holonomy::embed::hmds::{HmdsConfig, Refinement, hmds};
use holonomy::embed::{
    DistanceConfig, DistanceTrainer, Model, NetworkConfig, NetworkTrainer, TrainConfig, TrainPath,
    Trainer,
};
use holonomy::learn::{HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::metric::pairwise_distances;
use holonomy::optim::{
    Buffer, Gradient, ManifoldParameter, Motion, Optimizer, Step, Update, UpdateRule,
};
use holonomy::random::generator;
use holonomy::stats::{CenterConfig, geodesic_regression, principal_geodesics};
use holonomy::{Euclidean, Lorentz, PoincareBall, Sample, Sphere};
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

/// The same bits with recording on and off.
#[track_caller]
fn as_with_recording(what: &str, f: impl Fn() -> Tensor) {
    let expected = f();
    let found = tch::no_grad(&f);
    assert!(found.equal(&expected), "{what}");
    assert!(
        Tensor::ones([1], DOUBLE)
            .set_requires_grad(true)
            .square()
            .requires_grad()
    );
}

/// Some of these ended the program: there is nothing to go back through.
#[test]
fn what_trains_by_gradients_trains_without_recording() {
    let go_on = ControlFlow::Continue;
    let pairs = [
        (1, 0),
        (2, 0),
        (3, 1),
        (3, 0),
        (4, 1),
        (4, 0),
        (5, 2),
        (5, 0),
    ];
    for path in [TrainPath::Native, TrainPath::Tensor] {
        as_with_recording("Trainer", || {
            let config = TrainConfig {
                path,
                dim: 3,
                epochs: 3,
                burn_in_epochs: 1,
                threads: 1,
                ..TrainConfig::default()
            };
            let trainer = Trainer::new(config, 6, &pairs).unwrap();
            trainer.run(|_| go_on(())).unwrap().points
        });
    }
    as_with_recording("NetworkTrainer", || {
        let config = NetworkConfig {
            model: Model::Lorentz,
            dim: 3,
            epochs: 3,
            learn_radius: true,
            ..NetworkConfig::default()
        };
        let edges = [(0, 1), (1, 2), (3, 4), (4, 5)];
        let trainer = NetworkTrainer::new(config, 6, &edges).unwrap();
        trainer.run(|_| go_on(())).unwrap().embedding.points
    });
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let points = ball.random_point(&mut generator(1), &[8], DOUBLE);
    let distances = pairwise_distances(&ball, &points);
    as_with_recording("DistanceTrainer", || {
        let config = DistanceConfig {
            epochs: 3,
            ..DistanceConfig::new("H2xS2xE1".parse().unwrap())
        };
        let trainer = DistanceTrainer::new(config, &distances).unwrap();
        trainer.run(|_| go_on(())).unwrap().points
    });
    as_with_recording("hmds", || {
        let config = HmdsConfig {
            refinement: Refinement::Distortion {
                steps: 5,
                learning_rate: 0.01,
            },
            ..HmdsConfig::default()
        };
        hmds(&distances, &config).unwrap().points
    });
    let labels = Tensor::from_slice(&[0_i64, 1, 0, 1, 0, 1, 0, 1]);
    let space = Lorentz::new(2, -1.0).unwrap();
    let far = space.random_point(&mut generator(2), &[8], DOUBLE);
    as_with_recording("HyperbolicSvm", || {
        let config = SvmConfig {
            steps: 5,
            ..SvmConfig::default()
        };
        let form = SvmForm::Hyperboloid(space.clone());
        let fitted = HyperbolicSvm::fit(form, &far, &labels, &config).unwrap();
        fitted.decision(&far).unwrap().detach()
    });
    let sphere = Sphere::new(2, 1.0).unwrap();
    let near = sphere.random_point(&mut generator(3), &[8], DOUBLE) * 0.2;
    let near = holonomy::Manifold::project(&sphere, &(near + Tensor::from_slice(&[1.0, 0.0, 0.0])));
    let config = CenterConfig::default();
    as_with_recording("geodesic_regression", || {
        let x = Tensor::arange(8, DOUBLE);
        geodesic_regression(&sphere, &x, &near, &config)
            .unwrap()
            .slope
    });
    as_with_recording("principal_geodesics", || {
        principal_geodesics(&sphere, &near, 1, &config)
            .unwrap()
            .directions
    });
}

/// A rule of somebody else's that fails.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Fails;

impl UpdateRule for Fails {
    const NAME: &'static str = "Fails";

    fn validate(&self) -> holonomy::Result<()> {
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        1.0
    }

    fn buffers(&self) -> Vec<Buffer> {
        Vec::new()
    }

    fn update(&self, _: &Motion, _: Step, _: &Tensor, _: &Tensor, _: &[Tensor]) -> Update {
        panic!("as it is meant to")
    }
}

/// A distance that fails where it is asked.
#[derive(Debug)]
struct Refuses;

impl holonomy::Distance for Refuses {
    fn shape(&self) -> Vec<i64> {
        vec![2]
    }

    fn check(&self, _: &Tensor) -> holonomy::Result<()> {
        Ok(())
    }

    fn between(&self, _: &Tensor, _: &Tensor) -> Tensor {
        panic!("as it is meant to")
    }
}

#[test]
fn a_distance_that_panics_leaves_recording_as_it_was() {
    let points = Tensor::zeros([3, 2], DOUBLE);
    let measure = || holonomy::metric::pairwise_distances(&Refuses, &points);
    assert!(catch_unwind(AssertUnwindSafe(measure)).is_err());
    let leaf = points.set_requires_grad(true);
    assert!((&leaf * 2.0).requires_grad());
}

/// Who catches a panic, as a property test does, got no gradients from then on.
#[test]
fn a_panic_leaves_recording_as_it_was() {
    let line = Euclidean::new(2).unwrap();
    let start = Tensor::zeros([3, 2], DOUBLE);
    let mut parameter = ManifoldParameter::new(Box::new(line), &start).unwrap();
    parameter.set_gradient(Gradient::Dense(start.ones_like()));
    let mut optimizer = Optimizer::new(vec![parameter], Fails).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| optimizer.step())).is_err());
    let leaf = start.set_requires_grad(true);
    assert!(leaf.square().requires_grad());
}
