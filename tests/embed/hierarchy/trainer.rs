//! The training loop: repeatability, threads, callbacks, settings and errors.

use std::ops::ControlFlow;

use holonomy::Error;
use holonomy::embed::{
    Decay, Embedding, Model, TrainConfig, TrainPath, Trainer, pair_step, reconstruction,
};
use tch::{Device, Kind, Tensor};

use crate::embed::{MODELS, numbers, random_points, seeded, tree_closure};

const NODES: usize = 40;

fn small(model: Model) -> TrainConfig {
    TrainConfig {
        model,
        dim: 3,
        epochs: 60,
        burn_in_epochs: 20,
        burn_in_factor: 0.1,
        negatives: 10,
        threads: 1,
        ..TrainConfig::default()
    }
}

fn train(config: &TrainConfig) -> Embedding {
    let pairs = tree_closure(NODES as u32, 3);
    let trainer = Trainer::new(config.clone(), NODES, &pairs).unwrap();
    trainer.run(|_| ControlFlow::Continue(())).unwrap()
}

fn score(embedding: &Embedding) -> f64 {
    let pairs = tree_closure(NODES as u32, 3);
    reconstruction(embedding.model, &embedding.points, &pairs)
        .unwrap()
        .map
}

#[test]
fn one_thread_repeats_bit_for_bit() {
    for model in MODELS {
        let config = small(model);
        let bits = |config: &TrainConfig| {
            let embedding = train(config);
            let points: Vec<u64> = numbers(&embedding.points)
                .iter()
                .map(|x| x.to_bits())
                .collect();
            let losses: Vec<u64> = embedding.history.iter().map(|e| e.loss.to_bits()).collect();
            (points, losses)
        };
        assert_eq!(bits(&config), bits(&config));
        assert_ne!(
            bits(&config),
            bits(&TrainConfig {
                seed: 1,
                ..config.clone()
            })
        );
    }
}

#[test]
fn a_tree_is_learned_with_any_number_of_threads() {
    for model in [Model::Ball, Model::Lorentz] {
        for threads in [1, 2, 16] {
            let config = TrainConfig {
                threads,
                epochs: 150,
                ..small(model)
            };
            let map = score(&train(&config));
            assert!(map > 0.95, "{model} with {threads} threads: {map}");
        }
    }
    let map = score(&train(&TrainConfig {
        epochs: 150,
        ..small(Model::Euclidean)
    }));
    assert!(map > 0.5, "{map}");
}

#[test]
fn the_tensor_path_learns_too() {
    let pairs = tree_closure(13, 3);
    for (kind, model) in [(Kind::Double, Model::Ball), (Kind::Float, Model::Lorentz)] {
        let config = TrainConfig {
            path: TrainPath::Tensor,
            batch: 7,
            epochs: 40,
            ..small(model)
        };
        let trainer = Trainer::new(config, 13, &pairs).unwrap();
        let trainer = trainer.with_options((kind, Device::Cpu)).unwrap();
        let embedding = trainer.run(|_| ControlFlow::Continue(())).unwrap();
        assert_eq!(embedding.points.kind(), kind);
        let map = reconstruction(model, &embedding.points, &pairs)
            .unwrap()
            .map;
        assert!(map > 0.95, "{model} {kind:?}: {map}");
    }
}

#[test]
fn an_epoch_of_one_pair_is_one_step() {
    for model in MODELS {
        for path in [TrainPath::Native, TrainPath::Tensor] {
            // Of three nodes only node 2 can be drawn.
            let start = random_points(model, 3, 3, 1.0, &mut seeded(9));
            let config = TrainConfig {
                path,
                epochs: 1,
                burn_in_epochs: 0,
                negatives: 5,
                ..small(model)
            };
            let rate = config.learning_rate;
            let trainer = Trainer::new(config, 3, &[(0, 1)]).unwrap();
            let embedding = trainer
                .starting_from(&start)
                .unwrap()
                .run(|_| ControlFlow::Continue(()))
                .unwrap();
            let (expected, loss) = pair_step(path, model, &start, (0, 1), &[2], rate).unwrap();
            assert_eq!(
                numbers(&embedding.points),
                numbers(&expected),
                "{path} {model}"
            );
            assert!((embedding.history[0].loss - loss).abs() < 1e-15);
        }
    }
}

/// What moves nothing is no training; see also `issues::scale`.
#[test]
fn without_strangers_there_is_nothing_to_train() {
    for path in [TrainPath::Native, TrainPath::Tensor] {
        let config = TrainConfig {
            path,
            ..small(Model::Ball)
        };
        let trainer = Trainer::new(config, 3, &[(0, 1), (0, 2)]);
        assert!(matches!(trainer.err(), Some(Error::InvalidArgument { .. })));
    }
}

#[test]
fn callbacks_see_every_epoch_and_can_stop() {
    let pairs = tree_closure(NODES as u32, 3);
    let mut seen = Vec::new();
    let trainer = Trainer::new(small(Model::Lorentz), NODES, &pairs).unwrap();
    let embedding = trainer
        .run(|progress| {
            seen.push(progress.record);
            assert_eq!(progress.epochs, 60);
            assert_eq!(progress.points().size(), [NODES as i64, 4]);
            if progress.record.epoch == 30 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert!(embedding.stopped_early);
    assert_eq!(seen, embedding.history);
    let epochs: Vec<usize> = seen.iter().map(|record| record.epoch).collect();
    assert_eq!(epochs, (1..=30).collect::<Vec<_>>());
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].seconds <= pair[1].seconds)
    );
    assert!(seen[29].loss < seen[0].loss);
    assert_eq!(
        (seen[19].learning_rate, seen[20].learning_rate),
        (0.06, 0.6)
    );
    // What was learned until then is kept, and is a point of the hyperboloid.
    let manifold = Model::Lorentz.manifold(3).unwrap();
    manifold.check_point(&embedding.points).unwrap();
}

#[test]
fn the_rate_follows_its_schedule() {
    let config = TrainConfig {
        epochs: 21,
        burn_in_epochs: 10,
        learning_rate: 2.0,
        burn_in_factor: 0.1,
        ..TrainConfig::default()
    };
    let rates = |schedule| {
        let config = TrainConfig {
            schedule,
            ..config.clone()
        };
        [0, 9, 10, 15, 20].map(|epoch| (config.rate_at(epoch) * 1e12).round() / 1e12)
    };
    assert_eq!(rates(Decay::Constant), [0.2, 0.2, 2.0, 2.0, 2.0]);
    assert_eq!(
        rates(Decay::Linear { last: 0.5 }),
        [0.2, 0.2, 2.0, 1.5, 1.0]
    );
    assert_eq!(
        rates(Decay::Cosine { last: 0.0 }),
        [0.2, 0.2, 2.0, 1.0, 0.0]
    );
}

/// A linear rate went on falling, below 0, and a cosine rose again.
#[test]
fn after_the_last_epoch_the_rate_stays() {
    for schedule in [
        Decay::Constant,
        Decay::Linear { last: 0.1 },
        Decay::Cosine { last: 0.1 },
    ] {
        for burn_in_epochs in [0, 10, 19, 20] {
            let config = TrainConfig {
                epochs: 20,
                burn_in_epochs,
                schedule,
                ..TrainConfig::default()
            };
            for epoch in [20, 21, 50, usize::MAX] {
                assert_eq!(config.rate_at(epoch), config.rate_at(19), "{schedule:?}");
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_stop_the_training() {
    for model in [Model::Lorentz, Model::Euclidean] {
        let config = TrainConfig {
            learning_rate: 1e308,
            burn_in_epochs: 0,
            ..small(model)
        };
        let pairs = tree_closure(NODES as u32, 3);
        let result = Trainer::new(config, NODES, &pairs)
            .unwrap()
            .run(|_| ControlFlow::Continue(()));
        let Err(Error::NotFinite { place, .. }) = result else {
            panic!("{model}: {result:?}");
        };
        assert!(place.contains("epoch 1"), "{place}");
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let good = TrainConfig::default();
    good.validate().unwrap();
    let bad = [
        (
            "dim",
            TrainConfig {
                dim: 0,
                ..good.clone()
            },
        ),
        (
            "epochs",
            TrainConfig {
                epochs: 0,
                ..good.clone()
            },
        ),
        (
            "negatives",
            TrainConfig {
                negatives: 0,
                ..good.clone()
            },
        ),
        (
            "batch",
            TrainConfig {
                batch: 0,
                ..good.clone()
            },
        ),
        (
            "learning_rate",
            TrainConfig {
                learning_rate: 0.0,
                ..good.clone()
            },
        ),
        (
            "learning_rate",
            TrainConfig {
                learning_rate: f64::INFINITY,
                ..good.clone()
            },
        ),
        (
            "burn_in_factor",
            TrainConfig {
                burn_in_factor: -1.0,
                ..good.clone()
            },
        ),
        (
            "burn_in_epochs",
            TrainConfig {
                burn_in_epochs: 301,
                ..good.clone()
            },
        ),
        (
            "init_scale",
            TrainConfig {
                init_scale: f64::NAN,
                ..good.clone()
            },
        ),
        (
            "init_scale",
            TrainConfig {
                init_scale: 0.5,
                ..good.clone()
            },
        ),
        (
            "schedule",
            TrainConfig {
                schedule: Decay::Linear { last: 2.0 },
                ..good.clone()
            },
        ),
        (
            "schedule",
            TrainConfig {
                schedule: Decay::Cosine { last: f64::NAN },
                ..good.clone()
            },
        ),
    ];
    for (name, config) in bad {
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(name), "{name}: {message}");
        assert!(Trainer::new(config, 3, &[(0, 1)]).is_err());
    }
}

#[test]
fn data_that_cannot_be_trained_is_refused() {
    let good = TrainConfig::default();
    let new = |nodes, pairs: &[(u32, u32)]| Trainer::new(good.clone(), nodes, pairs).is_err();
    assert!(new(1, &[(0, 0)]) && new(3, &[]) && new(3, &[(0, 3)]) && new(3, &[(1, 1)]));
    let trainer = || Trainer::new(good.clone(), 3, &[(0, 1)]).unwrap();
    assert!(trainer().with_options((Kind::Float, Device::Cpu)).is_err());
    assert!(trainer().with_options((Kind::Half, Device::Cpu)).is_err());
    let wrong_shape = Tensor::zeros([3, 4], (Kind::Double, Device::Cpu));
    assert!(trainer().starting_from(&wrong_shape).is_err());
    let outside = Tensor::ones([3, 5], (Kind::Double, Device::Cpu));
    let refused = trainer().starting_from(&outside);
    assert!(matches!(refused.err(), Some(Error::NotOnManifold { .. })));
}

#[test]
fn settings_survive_serialisation() {
    let config = TrainConfig {
        schedule: Decay::Linear { last: 0.1 },
        ..small(Model::Lorentz)
    };
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), config);
    let default: TrainConfig = serde_json::from_str("{}").unwrap();
    assert_eq!(default, TrainConfig::default());
    assert!(serde_json::from_str::<TrainConfig>(r#"{"epoch": 3}"#).is_err());
    for model in MODELS {
        assert_eq!(model.to_string().parse::<Model>().unwrap(), model);
    }
    for path in [TrainPath::Native, TrainPath::Tensor] {
        assert_eq!(path.to_string().parse::<TrainPath>().unwrap(), path);
    }
    let message = "disk".parse::<Model>().unwrap_err().to_string();
    assert!(message.contains("ball, lorentz or euclidean"), "{message}");
}
