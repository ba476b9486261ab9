//! Steps that are not finite, and gradients that do not fit.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holonomy::Error;
use holonomy::embed::{
    DistanceConfig, DistanceTrainer, Model, NetworkConfig, NetworkTrainer, TrainConfig, TrainPath,
    Trainer,
};
use holonomy::graph::{Graph, shortest_paths};
use holonomy::optim::{
    AdagradConfig, AdamConfig, Gradient, ManifoldParameter, Optimizer, RiemannianAdam,
    RiemannianSgd, Schedule, SgdConfig, UpdateRule,
};
use holonomy::{
    Curvature, Euclidean, EuclideanParametrised, Geodesic, Lorentz, Manifold, PoincareBall, Space,
    SpdAffineInvariant, SpdLogCholesky, SpdLogEuclidean, Sphere,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const OPTIONS: (Kind, Device) = (Kind::Double, Device::Cpu);

fn points(space: &dyn Space, rows: i64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    space.random_point(&mut rng, &[rows], OPTIONS)
}

/// A tensor of ones but for one entry.
fn ones_but(size: &[i64], at: i64, value: f64) -> Tensor {
    let ones = Tensor::ones(size, OPTIONS);
    let _ = ones.view(-1).get(at).fill_(value);
    ones
}

/// All tensors of an optimiser, as bits.
fn bits<R: UpdateRule>(optimizer: &Optimizer<R>) -> Vec<(String, Vec<u64>)> {
    let state = optimizer.state().unwrap();
    let bits_of = |name: &str| {
        let flat = state.tensor(name).unwrap().contiguous().view(-1);
        let values = Vec::<f64>::try_from(flat.to_kind(Kind::Double)).unwrap();
        values.into_iter().map(f64::to_bits).collect()
    };
    let mut all: Vec<_> = state.names().map(|n| (n.to_owned(), bits_of(n))).collect();
    all.sort();
    all
}

fn give<R: UpdateRule>(optimizer: &mut Optimizer<R>, parameter: usize, gradient: Gradient) {
    let parameter = optimizer.parameters_mut().nth(parameter).unwrap();
    parameter.set_gradient(gradient);
}

/// What, parameter, name, row and step of the error.
fn refusal<R: UpdateRule>(
    optimizer: &mut Optimizer<R>,
) -> (&'static str, usize, Option<String>, usize, Option<i64>) {
    match optimizer.step() {
        Err(Error::ParameterNotFinite {
            op,
            what,
            parameter,
            name,
            row,
            step,
            ..
        }) => {
            assert_eq!(op, R::NAME);
            (what, parameter, name, row, step)
        }
        other => panic!("{other:?}"),
    }
}

fn a_bad_gradient_changes_nothing<R: UpdateRule>(config: &R) {
    let space = || -> Box<dyn Geodesic> { Box::new(Lorentz::new(3, -1.0).unwrap()) };
    let start = points(&Lorentz::new(3, -1.0).unwrap(), 5);
    let build = || {
        let parameter = |name| {
            ManifoldParameter::geodesic(space(), &start)
                .unwrap()
                .named(name)
        };
        let parameters = vec![parameter("first"), parameter("second")];
        let mut optimizer = Optimizer::new(parameters, config.clone()).unwrap();
        for index in 0..2 {
            let gradient = ones_but(&[5, 4], 6, 0.5) * 0.1;
            give(&mut optimizer, index, Gradient::Dense(gradient));
        }
        optimizer.step().unwrap();
        optimizer
    };
    let (mut disturbed, mut quiet) = (build(), build());
    let good = || Gradient::Dense(ones_but(&[5, 4], 13, -0.5) * 0.1);
    let rows = Tensor::from_slice(&[4_i64, 1]);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for sparse in [false, true] {
            let before = bits(&disturbed);
            let bad = if sparse {
                Gradient::from_rows(&rows, &ones_but(&[2, 4], 2, value))
            } else {
                Gradient::Dense(ones_but(&[5, 4], 18, value))
            };
            give(&mut disturbed, 0, good());
            give(&mut disturbed, 1, bad);
            let expected = ("gradient", 1, Some("second".to_owned()), 4, Some(2));
            assert_eq!(
                refusal(&mut disturbed),
                expected,
                "{config:?} {value} {sparse}"
            );
            assert_eq!(bits(&disturbed), before, "{config:?} {value} {sparse}");
        }
    }
    for optimizer in [&mut disturbed, &mut quiet] {
        give(optimizer, 0, good());
        give(optimizer, 1, good());
        optimizer.step().unwrap();
    }
    assert_eq!(
        bits(&disturbed),
        bits(&quiet),
        "{config:?}: count or buffers"
    );
}

#[test]
fn a_gradient_that_is_not_finite_is_named_and_nothing_moves() {
    a_bad_gradient_changes_nothing(&SgdConfig::new(0.1));
    a_bad_gradient_changes_nothing(&SgdConfig {
        momentum: 0.9,
        ..SgdConfig::new(0.1)
    });
    a_bad_gradient_changes_nothing(&AdamConfig::new(0.1));
    a_bad_gradient_changes_nothing(&AdamConfig {
        amsgrad: true,
        ..AdamConfig::new(0.1)
    });
    a_bad_gradient_changes_nothing(&AdagradConfig::new(0.1));
}

#[test]
fn a_message_tells_parameter_row_and_step() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let parameter = ManifoldParameter::new(line, &Tensor::zeros([3, 2], OPTIONS)).unwrap();
    let mut optimizer =
        RiemannianAdam::new(vec![parameter.named("weights")], AdamConfig::new(0.1)).unwrap();
    give(
        &mut optimizer,
        0,
        Gradient::Dense(ones_but(&[3, 2], 3, f64::NAN)),
    );
    assert_eq!(
        optimizer.step().unwrap_err().to_string(),
        "RiemannianAdam: the gradient of parameter 0 \"weights\" is not finite in row 1 at step 1"
    );
}

#[test]
fn a_check_that_is_turned_off_is_off() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let parameter = ManifoldParameter::new(line, &Tensor::zeros([3, 2], OPTIONS)).unwrap();
    let mut optimizer = RiemannianSgd::plain(vec![parameter], 0.1).unwrap();
    assert!(optimizer.check_finite());
    optimizer.set_check_finite(false);
    give(
        &mut optimizer,
        0,
        Gradient::Dense(ones_but(&[3, 2], 3, f64::NAN)),
    );
    optimizer.step().unwrap();
    let point = optimizer.parameters().next().unwrap().tensor();
    assert!(point.double_value(&[1, 1]).is_nan());
}

#[test]
fn finite_numbers_whose_sum_overflows_pass() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let start = Tensor::full([3, 2], 1e308, OPTIONS);
    let parameter = ManifoldParameter::new(line, &start).unwrap();
    let mut optimizer = RiemannianSgd::plain(vec![parameter], 0.0).unwrap();
    give(&mut optimizer, 0, Gradient::Dense(start.shallow_clone()));
    optimizer.step().unwrap();
}

/// A squared length beyond the numbers would leave a second moment of ∞, and points that never move again.
#[test]
fn a_buffer_that_overflows_is_named() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let parameter = ManifoldParameter::new(line, &Tensor::zeros([3, 2], OPTIONS)).unwrap();
    let mut optimizer = RiemannianAdam::new(vec![parameter], AdamConfig::new(0.1)).unwrap();
    give(
        &mut optimizer,
        0,
        Gradient::Dense(ones_but(&[3, 2], 4, 1e200)),
    );
    let expected = ("second_moment", 0, None, 2, Some(1));
    assert_eq!(refusal(&mut optimizer), expected);
}

#[test]
fn any_learning_rate_gives_finite_points_or_an_error() {
    let spaces: [fn() -> Box<dyn Space>; 8] = [
        || Box::new(Euclidean::new(3).unwrap()),
        || Box::new(Sphere::new(3, 1.0).unwrap()),
        || Box::new(PoincareBall::new(3, -1.0).unwrap()),
        || Box::new(Lorentz::new(3, -1.0).unwrap()),
        || Box::new(EuclideanParametrised::new(3, -1.0).unwrap()),
        || Box::new(SpdAffineInvariant::new(3).unwrap()),
        || Box::new(SpdLogEuclidean::new(3).unwrap()),
        || Box::new(SpdLogCholesky::new(3).unwrap()),
    ];
    for make in spaces {
        for learning_rate in [1.0, 1e2, 1e8, 1e154, 1e300] {
            for exact in [false, true] {
                let start = points(make().as_ref(), 4);
                let parameter = if exact {
                    ManifoldParameter::geodesic(make(), &start).unwrap()
                } else {
                    ManifoldParameter::new(make(), &start).unwrap()
                };
                let mut optimizer = RiemannianSgd::plain(vec![parameter], learning_rate).unwrap();
                for _ in 0..3 {
                    let size = start.size();
                    give(&mut optimizer, 0, Gradient::Dense(ones_but(&size, 2, -0.3)));
                    let stopped = optimizer.step().is_err();
                    let point = optimizer.parameters().next().unwrap().tensor();
                    let finite = point.isfinite().all().int64_value(&[]) == 1;
                    assert!(
                        finite,
                        "{:?} learning_rate {learning_rate} exact {exact}",
                        make()
                    );
                    if stopped {
                        break;
                    }
                }
            }
        }
    }
}

/// Points that were in the ball are outside of it after a step of κ: the gradient is NaN, and the error says why.
#[test]
fn a_step_of_kappa_that_leaves_points_outside_is_told() {
    let kappa = Tensor::from_slice(&[-1.0]).set_requires_grad(true);
    let ball = PoincareBall::new(2, Curvature::learnable(&kappa).unwrap()).unwrap();
    let start = Tensor::from_slice(&[0.1, 0.0, 0.0, 0.6, 0.0, 0.7]).view([3, 2]);
    let parameter = ManifoldParameter::geodesic(Box::new(ball.clone()), &start).unwrap();
    let p = parameter.tensor().shallow_clone();
    let mut optimizer =
        RiemannianAdam::new(vec![parameter.named("points")], AdamConfig::new(0.1)).unwrap();
    let _ = tch::no_grad(|| kappa.shallow_clone().fill_(-4.0));
    let origin = Tensor::zeros([2], OPTIONS);
    ball.dist(&origin, &p).sum(Kind::Double).backward();
    let error = optimizer.step().unwrap_err();
    let Error::ParameterNotFinite { row, cause, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*row, 1);
    assert!(matches!(
        cause.as_deref(),
        Some(Error::NotOnManifold { row: 1, .. })
    ));
    let text = error.to_string();
    assert!(
        text.contains("row 1 is not a point of PoincareBall"),
        "{text}"
    );
    assert!(text.contains("\"points\""), "{text}");
}

#[test]
fn a_learning_rate_beyond_the_numbers_is_refused() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let parameter = ManifoldParameter::new(line, &Tensor::zeros([3, 2], OPTIONS)).unwrap();
    let mut optimizer = RiemannianSgd::plain(vec![parameter], 0.1).unwrap();
    optimizer.set_check_finite(false);
    optimizer.apply_schedule(&Schedule::exponential(2.0).unwrap(), 5_000);
    assert!(matches!(
        optimizer.step(),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
fn a_schedule_from_a_file_is_checked() {
    let good = serde_json::to_string(&Schedule::step(3, 0.5).unwrap()).unwrap();
    let read = serde_json::from_str::<Schedule>(&good).unwrap();
    assert_eq!(read, Schedule::step(3, 0.5).unwrap());
    let bad = good.replace('3', "0");
    assert!(serde_json::from_str::<Schedule>(&bad).is_err(), "{bad}");
}

#[test]
fn a_saved_buffer_that_is_not_finite_is_refused() {
    let build = || {
        let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
        let parameter = ManifoldParameter::new(line, &Tensor::zeros([3, 2], OPTIONS)).unwrap();
        RiemannianAdam::new(vec![parameter], AdamConfig::new(0.1)).unwrap()
    };
    let mut state = build().state().unwrap();
    let momentum = ones_but(&[3, 2], 5, f64::NAN);
    state.insert("0.momentum", &momentum).unwrap();
    let mut optimizer = build();
    let before = bits(&optimizer);
    assert!(matches!(
        optimizer.load_state(&state),
        Err(Error::ParameterNotFinite {
            what: "momentum",
            parameter: 0,
            row: 2,
            step: Some(0),
            ..
        })
    ));
    assert_eq!(bits(&optimizer), before);
}

#[test]
fn clipping_names_the_row() {
    let line = || -> Box<dyn Manifold> { Box::new(Euclidean::new(2).unwrap()) };
    let zero = Tensor::zeros([3, 2], OPTIONS);
    let parameters = (0..2).map(|_| ManifoldParameter::new(line(), &zero).unwrap());
    let mut optimizer = RiemannianSgd::plain(parameters.collect(), 0.1).unwrap();
    give(
        &mut optimizer,
        0,
        Gradient::Dense(ones_but(&[3, 2], 0, 1.0)),
    );
    let rows = Tensor::from_slice(&[2_i64, 0]);
    let gradient = Gradient::from_rows(&rows, &ones_but(&[2, 2], 1, f64::NAN));
    give(&mut optimizer, 1, gradient);
    assert!(matches!(
        optimizer.clip_grad_norm(1.0),
        Err(Error::ParameterNotFinite {
            parameter: 1,
            row: 2,
            step: None,
            ..
        })
    ));
}

/// One sentence of ours, and where the caller stands.
fn sentence(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap()).to_owned());
    assert!(!text.contains('\n') && !text.contains("Torch"), "{text}");
    text
}

#[test]
fn gradients_that_do_not_fit_are_refused_in_one_sentence() {
    let line: Box<dyn Manifold> = Box::new(Euclidean::new(2).unwrap());
    let zero = Tensor::zeros([2, 2], OPTIONS);
    let mut parameter = ManifoldParameter::new(line, &zero).unwrap();
    let ones = Tensor::ones([2, 2], OPTIONS);
    let rows = |rows: &[i64]| Tensor::from_slice(rows);
    let far = sentence(|| parameter.set_gradient(Gradient::from_rows(&rows(&[0, 5]), &ones)));
    assert_eq!(
        far,
        "optim: a gradient names row 5 of a parameter with 2 rows"
    );
    let negative = sentence(|| parameter.set_gradient(Gradient::from_rows(&rows(&[-1, 0]), &ones)));
    assert!(negative.contains("row -1"), "{negative}");
    let twice = Gradient::Rows {
        rows: rows(&[1, 1]),
        values: ones.shallow_clone(),
    };
    let twice = sentence(|| parameter.set_gradient(twice));
    assert!(twice.contains("row 1 twice"), "{twice}");
    sentence(|| parameter.set_gradient(Gradient::Dense(Tensor::new())));
    sentence(|| parameter.set_gradient(Gradient::Dense(ones.to_kind(Kind::Float))));
    sentence(|| parameter.set_gradient(Gradient::Dense(ones.to_kind(Kind::Int64))));
    sentence(|| drop(Gradient::from_rows(&Tensor::new(), &ones)));
    sentence(|| drop(Gradient::from_rows(&rows(&[0, 1]), &Tensor::new())));
    let flags = ones.to_kind(Kind::Bool);
    sentence(|| drop(Gradient::from_rows(&rows(&[0, 1]), &flags)));
    sentence(|| drop(Gradient::from_rows(&rows(&[0, 1]).view([2, 1]), &ones)));
    sentence(|| drop(Gradient::from_rows(&rows(&[0, 1, 0]), &ones)));
}

/// A training ends in finite points, or in an error that tells the epoch.
fn ends_in_words(what: &str, points: holonomy::Result<Tensor>) {
    match points {
        Ok(points) => {
            let finite = points.isfinite().all().int64_value(&[]) == 1;
            assert!(finite, "{what}");
        }
        Err(Error::NotFinite { place, .. }) => {
            assert!(place.starts_with("epoch"), "{what}: {place}");
        }
        Err(Error::InvalidArgument { .. }) => {}
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn trainers_stop_with_the_epoch_at_any_learning_rate() {
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
    for learning_rate in [1e8, 1e160, 1e300] {
        for model in [Model::Ball, Model::Lorentz, Model::Euclidean] {
            for path in [TrainPath::Native, TrainPath::Tensor] {
                let config = TrainConfig {
                    model,
                    path,
                    dim: 3,
                    epochs: 3,
                    burn_in_epochs: 0,
                    threads: 1,
                    learning_rate,
                    ..TrainConfig::default()
                };
                let trained = Trainer::new(config, 6, &pairs)
                    .unwrap()
                    .run(|_| ControlFlow::Continue(()));
                let what = format!("{model} {path:?} {learning_rate}");
                ends_in_words(&what, trained.map(|embedding| embedding.points));
            }
            let config = NetworkConfig {
                model,
                dim: 3,
                epochs: 3,
                learning_rate,
                learn_radius: true,
                ..NetworkConfig::default()
            };
            let trained = NetworkTrainer::new(config, 6, &[(0, 1), (1, 2), (3, 4), (4, 5)])
                .unwrap()
                .run(|_| ControlFlow::Continue(()));
            let what = format!("network {model} {learning_rate}");
            ends_in_words(&what, trained.map(|network| network.embedding.points));
        }
        let names = (0..6).map(|node| node.to_string()).collect();
        let cycle = (0..6).map(|node| (node, (node + 1) % 6)).collect();
        let distances = shortest_paths(&Graph::new(names, cycle, None).unwrap());
        let config = DistanceConfig {
            epochs: 3,
            learning_rate,
            ..DistanceConfig::new("H2xS2xE1".parse().unwrap())
        };
        let trained = DistanceTrainer::new(config, &distances)
            .unwrap()
            .run(|_| ControlFlow::Continue(()));
        let what = format!("distances {learning_rate}");
        ends_in_words(&what, trained.map(|embedding| embedding.points));
    }
}
