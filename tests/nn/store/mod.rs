//! Mirror of `src/nn/store`.

mod curvature;
mod state;

use holonomy::nn::{Path, Store};
use holonomy::optim::{
    AdagradConfig, AdamConfig, ManifoldParameter, RiemannianAdagrad, RiemannianAdam, RiemannianSgd,
    SgdConfig,
};
use holonomy::{Error, Geodesic, Lorentz, Manifold, PoincareBall};
use tch::nn::{Module, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use super::{DOUBLE, features, store};

fn disk() -> PoincareBall {
    PoincareBall::new(2, -1.0).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: holonomy::Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn bits(t: &Tensor) -> Vec<u64> {
    let values = Vec::<f64>::try_from(t.detach().flatten(0, -1).to_kind(Kind::Double)).unwrap();
    values.into_iter().map(f64::to_bits).collect()
}

/// A model with everything in it: a layer of tch, points on three spaces, curvatures, a buffer.
struct Everything {
    linear: tch::nn::Linear,
    ball: PoincareBall,
    space: Lorentz,
    points: Tensor,
    far: Tensor,
    heads: holonomy::manifolds::Curvatures,
    x: Tensor,
}

impl Everything {
    fn new(p: &Path, seed: i64) -> Self {
        tch::manual_seed(seed);
        let ball = PoincareBall::new(2, p.curvature("c", -0.7).unwrap()).unwrap();
        let space = Lorentz::new(2, p.curvature("d", -1.3).unwrap()).unwrap();
        let at = features(&[3, 2]) * (0.05 * seed as f64);
        let points = p.point("ball", &ball, &at).unwrap();
        let far = space.project(&Tensor::cat(&[Tensor::ones([3, 1], DOUBLE), at], -1));
        let far = p.geodesic_point("lorentz", &space, &far).unwrap();
        let _ = p.buffer("mean", &Tensor::from(0.5 * seed as f64)).unwrap();
        Self {
            linear: tch::nn::linear(p / "linear", 4, 2, tch::nn::LinearConfig::default()),
            heads: p.curvatures("heads", 3, -2.0).unwrap(),
            ball,
            space,
            points,
            far,
            x: features(&[3, 4]).to_kind(p.kind()),
        }
    }

    fn loss(&self) -> Tensor {
        let y = self.linear.forward(&self.x);
        let reached = self.ball.exp(&y.zeros_like(), &y);
        let far = self.space.project(&self.far);
        let apart = self.space.dist(&far.get(0), &far).square();
        let numbers = Tensor::from_slice(&[2_i64, 0, 2]);
        let d = self.ball.dist(&self.points, &reached).square() + apart;
        (d * self.heads.of(&numbers).to_kind(y.kind()).abs()).sum(y.kind())
    }
}

#[test]
fn everything_is_in_the_store_by_its_name() {
    let store = store(Kind::Double);
    let _model = Everything::new(&(store.root() / "m"), 1);
    let expected = [
        "m.ball",
        "m.c",
        "m.d",
        "m.heads",
        "m.linear.bias",
        "m.linear.weight",
        "m.lorentz",
        "m.mean",
    ];
    assert_eq!(store.names(), expected);
    let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.1)).unwrap();
    let names: Vec<&str> = optimizer.parameters().filter_map(|p| p.name()).collect();
    assert_eq!(names, &expected[..7]);
}

#[test]
fn flat_weights_step_as_those_of_the_usual_optimiser() {
    let x = features(&[20, 4]);
    let y = features(&[20, 3]);
    let build = |path: &dyn Fn(&str, &Tensor) -> Tensor| {
        let w = path("w", &(features(&[3, 4]) * 0.3));
        let b = path("b", &Tensor::zeros([3], DOUBLE));
        let s = path("s", &Tensor::from(0.7));
        (w, b, s)
    };
    let loss = |(w, b, s): &(Tensor, Tensor, Tensor)| {
        ((x.matmul(&w.tr()) + b).tanh() * s - &y)
            .square()
            .mean(Kind::Double)
    };
    for (amsgrad, decay) in [(false, 0.0), (true, 0.0), (false, 0.01)] {
        let ours = store(Kind::Double);
        let root = ours.root();
        let model = build(&|name, value| root.variable(name, value).unwrap());
        let config = AdamConfig {
            amsgrad,
            weight_decay: decay,
            ..AdamConfig::new(0.05)
        };
        let mut adam = RiemannianAdam::over(&ours, config).unwrap();
        let theirs = tch::nn::VarStore::new(Device::Cpu);
        let root = theirs.root();
        let other = build(&|name, value| root.add(name, value.copy(), true));
        let config = tch::nn::Adam::default().amsgrad(amsgrad).wd(decay);
        let mut their_adam = config.build(&theirs, 0.05).unwrap();
        for _ in 0..50 {
            adam.backward_step(&loss(&model)).unwrap();
            their_adam.backward_step(&loss(&other));
        }
        for (a, b) in [
            (&model.0, &other.0),
            (&model.1, &other.1),
            (&model.2, &other.2),
        ] {
            let error = (a - b).abs().max().double_value(&[]);
            assert!(error < 1e-13, "{error:e}");
        }
    }
}

#[test]
fn points_step_as_parameters_of_their_manifold() {
    let start = features(&[5, 2]) * 0.2;
    let target = Tensor::from_slice(&[0.3, -0.6]);
    for exact in [false, true] {
        let store = store(Kind::Double);
        let root = store.root();
        let (point, parameter) = if exact {
            let point = root.geodesic_point("p", &disk(), &start);
            (point, ManifoldParameter::geodesic(Box::new(disk()), &start))
        } else {
            let point = root.point("p", &disk(), &start);
            (point, ManifoldParameter::new(Box::new(disk()), &start))
        };
        let (point, parameter) = (point.unwrap(), parameter.unwrap());
        let other = parameter.tensor().shallow_clone();
        let config = AdamConfig::new(0.1);
        let mut optimizer = RiemannianAdam::over(&store, config.clone()).unwrap();
        let mut expected = RiemannianAdam::new(vec![parameter], config).unwrap();
        for _ in 0..10 {
            let loss = |p: &Tensor| disk().dist(p, &target).square().sum(Kind::Double);
            optimizer.backward_step(&loss(&point)).unwrap();
            expected.backward_step(&loss(&other)).unwrap();
        }
        assert_eq!(bits(&point), bits(&other));
        assert_ne!(bits(&point), bits(&start));
    }
}

#[test]
fn an_optimiser_of_tch_leaves_points_alone() {
    let store = store(Kind::Double);
    let model = Everything::new(&store.root(), 1);
    let before = bits(&model.points);
    let weight = bits(&model.linear.ws);
    let mut sgd = tch::nn::Sgd::default()
        .build(store.var_store(), 0.1)
        .unwrap();
    sgd.backward_step(&model.loss());
    assert_eq!(bits(&model.points), before);
    assert_ne!(bits(&model.linear.ws), weight);
}

#[test]
fn groups_have_rates_of_their_own() {
    let store = store(Kind::Double);
    let p = store.root();
    let a = p.variable("a", &Tensor::from(1.0)).unwrap();
    let b = p
        .set_group(2)
        .point("b", &disk(), &Tensor::from_slice(&[0.1, 0.2]))
        .unwrap();
    let c = (p.set_group(2) / "below")
        .variable("c", &Tensor::from(1.0))
        .unwrap();
    let mut sgd = RiemannianSgd::over(&store, SgdConfig::new(0.1)).unwrap();
    let sizes: Vec<usize> = sgd
        .groups()
        .iter()
        .map(|g| g.parameters().count())
        .collect();
    assert_eq!(sizes, [1, 0, 2]);
    sgd.groups_mut()[2].set_config(SgdConfig::new(0.0)).unwrap();
    let loss = || &a * 2.0 + b.square().sum(Kind::Double) + &c;
    sgd.backward_step(&loss()).unwrap();
    assert!((a.double_value(&[]) - 0.8).abs() < 1e-15);
    assert_eq!(bits(&b), bits(&Tensor::from_slice(&[0.1, 0.2])));
    assert_eq!(c.double_value(&[]), 1.0);
    // Momentum begins with the settings that have it.
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::new(0.1)
    };
    sgd.groups_mut()[2].set_config(momentum).unwrap();
    sgd.backward_step(&loss()).unwrap();
    sgd.backward_step(&loss()).unwrap();
    assert!((c.double_value(&[]) - (1.0 - 0.1 - 0.19)).abs() < 1e-15);
    assert!(
        sgd.groups_mut()[0]
            .set_config(SgdConfig::new(-1.0))
            .is_err()
    );
}

#[test]
fn what_is_frozen_does_not_move() {
    let mut store = store(Kind::Double);
    let model = Everything::new(&store.root(), 1);
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.01)).unwrap();
    adam.backward_step(&model.loss()).unwrap();
    (&store.root() / "linear").freeze();
    let (weight, points) = (bits(&model.linear.ws), bits(&model.points));
    // With a momentum, and a gradient from before.
    adam.backward_step(&model.loss()).unwrap();
    assert_eq!(bits(&model.linear.ws), weight);
    assert_ne!(bits(&model.points), points);
    (&store.root() / "linear").unfreeze();
    adam.backward_step(&model.loss()).unwrap();
    assert_ne!(bits(&model.linear.ws), weight);
    store.freeze();
    assert!(!model.loss().requires_grad());
    assert!(!model.ball.has_learnable_curvature());
    assert!(matches!(
        adam.backward_step(&model.loss()),
        Err(Error::Torch { .. })
    ));
    store.unfreeze();
    assert!(!store.get("mean").unwrap().requires_grad());
}

#[test]
fn a_prefix_of_a_name_is_not_a_place() {
    let store = store(Kind::Double);
    let p = store.root();
    let one = (&p / "l1").variable("w", &Tensor::from(1.0)).unwrap();
    let ten = (&p / "l10").variable("w", &Tensor::from(1.0)).unwrap();
    (&p / "l1").freeze();
    assert!(!one.requires_grad() && ten.requires_grad());
}

#[test]
fn names_are_taken_once() {
    let store = store(Kind::Double);
    let p = store.root();
    let value = Tensor::from_slice(&[0.1, 0.2]);
    let _ = p.variable("a", &value).unwrap();
    let taken = "expected a new name, got \"a\", which is taken";
    assert!(refusal(p.variable("a", &value)).contains(taken));
    assert!(refusal(p.buffer("a", &value)).contains(taken));
    assert!(refusal(p.point("a", &disk(), &value)).contains(taken));
    assert!(refusal(p.curvature("a", -1.0)).contains(taken));
    assert!(
        refusal(p.variable("a.b", &value))
            .contains("a name without a dot that does not end in __ and digits")
    );
    assert!(
        refusal(p.variable("", &value))
            .contains("a name without a dot that does not end in __ and digits")
    );
    assert!(refusal(p.variable("a__2", &value)).contains("does not end in __ and digits"));
    assert_eq!(store.names(), ["a"]);
    // Layers of tch rename what is taken.
    for _ in 0..2 {
        let _ = tch::nn::linear(&p / "l", 2, 2, tch::nn::LinearConfig::default());
    }
    let two = "got two variables named \"l.";
    assert!(refusal(RiemannianAdam::over(&store, AdamConfig::new(0.1))).contains(two));
    assert!(refusal(store.state()).contains(two));
}

#[test]
#[should_panic(
    expected = "Path::sub: expected a name without a dot that does not end in __ and digits, got \"a.b\""
)]
fn a_place_has_a_name_without_a_dot() {
    let _ = store(Kind::Double).root() / "a.b";
}

#[test]
fn values_that_cannot_be_are_refused() {
    let store = store(Kind::Float);
    let p = store.root();
    assert!(matches!(
        p.point(
            "p",
            &disk(),
            &Tensor::from_slice2(&[[0.1, 0.2], [0.9, 0.9]])
        ),
        Err(Error::NotOnManifold {
            op: "Path::point",
            row: 1,
            ..
        })
    ));
    // A point in f64, but on the boundary once it is rounded.
    assert!(
        p.point("p", &disk(), &Tensor::from_slice(&[1.0 - 1e-12, 0.0]))
            .is_err()
    );
    assert!(
        p.point("p", &disk(), &Tensor::from_slice(&[0.1, 0.2, 0.3]))
            .is_err()
    );
    assert!(p.variable("p", &Tensor::from_slice(&[1_i64])).is_err());
    assert!(p.variable("p", &Tensor::new()).is_err());
    for kappa in [0.0, f64::NAN, f64::INFINITY] {
        assert!(p.curvature("p", kappa).is_err());
    }
    assert!(p.curvatures("p", 0, -1.0).is_err());
    assert!(store.names().is_empty());
    assert!(refusal(RiemannianAdam::over(&store, AdamConfig::new(0.1))).contains("to train"));
    assert!(Store::new(Device::Cpu, Kind::Half).is_err());
}

#[test]
fn variables_after_the_optimiser_are_an_error() {
    let store = store(Kind::Double);
    let a = store.root().variable("a", &Tensor::from(1.0)).unwrap();
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.1)).unwrap();
    adam.backward_step(&a).unwrap();
    let before = a.double_value(&[]);
    let _ = store.root().variable("b", &Tensor::from(1.0)).unwrap();
    let error = refusal(adam.backward_step(&a));
    assert!(
        error.contains("the 1 variables that the store had at first, got 2"),
        "{error}"
    );
    assert_eq!(a.double_value(&[]), before);
}

#[test]
fn weights_without_dimensions_or_entries_are_weights() {
    let store = store(Kind::Double);
    let p = store.root();
    let scalar = p.variable("scalar", &Tensor::from(1.0)).unwrap();
    let cube = p.variable("cube", &features(&[2, 3, 4])).unwrap();
    let _ = p.variable("none", &Tensor::zeros([0, 3], DOUBLE)).unwrap();
    let mut adagrad = RiemannianAdagrad::over(&store, AdagradConfig::new(0.1)).unwrap();
    assert_eq!(adagrad.parameters().count(), 2);
    let before = cube.copy();
    let loss = &scalar * 3.0 + cube.sum(Kind::Double);
    adagrad.backward_step(&loss).unwrap();
    // Adagrad's first step has the length of the rate in each coordinate.
    assert!((scalar.double_value(&[]) - 0.9).abs() < 1e-9);
    assert!(((before - &cube) - 0.1).abs().max().double_value(&[]) < 1e-9);
    let copy = super::store(Kind::Double);
    let _ = copy.root().variable("scalar", &Tensor::from(2.0)).unwrap();
    let _ = copy
        .root()
        .variable("cube", &Tensor::zeros([2, 3, 4], DOUBLE))
        .unwrap();
    let _ = copy
        .root()
        .variable("none", &Tensor::zeros([0, 3], DOUBLE))
        .unwrap();
    copy.load_state(&store.state().unwrap()).unwrap();
    assert_eq!(bits(&copy.get("cube").unwrap()), bits(&cube));
}

#[test]
fn a_sparse_embedding_of_tch_moves_its_rows_alone() {
    let store = store(Kind::Double);
    let config = tch::nn::EmbeddingConfig {
        sparse: true,
        ..Default::default()
    };
    let table = tch::nn::embedding(store.root(), 5, 3, config);
    let before = table.ws.copy();
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.1)).unwrap();
    let rows = Tensor::from_slice(&[1_i64, 4]);
    adam.backward_step(&table.forward(&rows).square().sum(Kind::Double))
        .unwrap();
    let moved = (&table.ws - before)
        .abs()
        .sum_dim_intlist(-1, false, Kind::Double)
        .gt(0.0);
    assert_eq!(
        Vec::<bool>::try_from(moved).unwrap(),
        [false, true, false, false, true]
    );
}

#[test]
fn kinds_change_in_the_middle_of_a_training() {
    let mut store = store(Kind::Float);
    let mut model = Everything::new(&store.root(), 1);
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.01)).unwrap();
    let first = model.loss().double_value(&[]);
    for _ in 0..3 {
        adam.backward_step(&model.loss()).unwrap();
    }
    store.set_kind(Kind::Double).unwrap();
    model.x = model.x.to_kind(Kind::Double);
    assert_eq!(store.kind(), Kind::Double);
    for name in store.names() {
        assert_eq!(store.get(&name).unwrap().kind(), Kind::Double, "{name}");
    }
    for _ in 0..3 {
        adam.backward_step(&model.loss()).unwrap();
    }
    let state = adam.state().unwrap();
    assert_eq!(state.tensor("0.momentum").unwrap().kind(), Kind::Double);
    assert!(model.loss().double_value(&[]) < first);
    // Back again, which a point next to the boundary does not survive.
    store.set_kind(Kind::Float).unwrap();
    store.set_kind(Kind::Double).unwrap();
    let edge = Tensor::from_slice(&[1.0 - 1e-12, 0.0]);
    let edge = store.root().point("edge", &disk(), &edge).unwrap();
    assert!(matches!(
        store.set_kind(Kind::Float),
        Err(Error::NotOnManifold { .. })
    ));
    assert_eq!((edge.kind(), store.kind()), (Kind::Double, Kind::Double));
    assert!(store.set_kind(Kind::Half).is_err());
    let fresh = store
        .root()
        .variable("new", &Tensor::from_slice(&[1.0_f32]))
        .unwrap();
    assert_eq!(fresh.kind(), Kind::Double);
}

#[test]
fn steps_are_the_same_with_and_without_checks() {
    let run = |check| {
        let store = store(Kind::Double);
        let model = Everything::new(&store.root(), 1);
        let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
        adam.set_check_finite(check);
        for _ in 0..8 {
            adam.backward_step(&model.loss()).unwrap();
        }
        store
            .names()
            .iter()
            .map(|n| bits(&store.get(n).unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn frozen_points_with_momentum_survive_a_change_of_kind() {
    let mut store = store(Kind::Float);
    let mut model = Everything::new(&store.root(), 1);
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.01)).unwrap();
    adam.backward_step(&model.loss()).unwrap();
    let _ = model.points.set_requires_grad(false);
    store.set_kind(Kind::Double).unwrap();
    // A state from between two steps is one.
    let state = adam.state().unwrap();
    adam.load_state(&state).unwrap();
    model.x = model.x.to_kind(Kind::Double);
    adam.backward_step(&model.loss()).unwrap();
    model.ball.check_point(&model.points).unwrap();
    store.set_device(Device::Cpu);
    adam.backward_step(&model.loss()).unwrap();
}
