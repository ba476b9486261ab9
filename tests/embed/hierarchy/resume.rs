//! A training that is stopped and goes on from its checkpoint.

use std::ops::ControlFlow;

use holonomy::checkpoint::Checkpoint;
use holonomy::embed::{Decay, Embedding, Model, Progress, TrainConfig, TrainPath, Trainer};
use holonomy::{Error, Result};
use tch::{Device, Kind, Tensor};

use crate::embed::{MODELS, numbers, tree_closure};

const NODES: usize = 40;
const EPOCHS: usize = 9;

/// Stops are tried before, at and after the end of the burn-in.
fn small(model: Model, path: TrainPath) -> TrainConfig {
    TrainConfig {
        model,
        path,
        dim: 3,
        epochs: EPOCHS,
        burn_in_epochs: 4,
        burn_in_factor: 0.1,
        schedule: Decay::Linear { last: 0.1 },
        negatives: 10,
        threads: 1,
        batch: 40,
        ..TrainConfig::default()
    }
}

fn trainer(config: &TrainConfig, kind: Kind) -> Trainer {
    let pairs = tree_closure(NODES as u32, 3);
    let trainer = Trainer::new(config.clone(), NODES, &pairs).unwrap();
    trainer.with_options((kind, Device::Cpu)).unwrap()
}

/// Stops after these epochs; the checkpoint taken there, by way of a file.
fn stopped_after(epochs: usize, trainer: Trainer) -> Checkpoint {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let stop = |progress: &Progress| {
        if progress.record.epoch < epochs {
            return ControlFlow::Continue(());
        }
        progress.checkpoint().unwrap().save(&path).unwrap();
        ControlFlow::Break(())
    };
    trainer.run(stop).unwrap();
    Checkpoint::load(&path).unwrap()
}

fn finish(trainer: Trainer) -> Embedding {
    trainer.run(|_| ControlFlow::Continue(())).unwrap()
}

/// All that must repeat: points, losses and rates, as bits. Seconds do not.
fn bits(embedding: &Embedding) -> Vec<u64> {
    let points = numbers(&embedding.points).into_iter();
    let records = embedding.history.iter();
    points
        .chain(records.flat_map(|epoch| [epoch.epoch as f64, epoch.loss, epoch.learning_rate]))
        .map(f64::to_bits)
        .collect()
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one_bit_for_bit() {
    for model in MODELS {
        for (path, kind) in [
            (TrainPath::Native, Kind::Double),
            (TrainPath::Tensor, Kind::Double),
            (TrainPath::Tensor, Kind::Float),
        ] {
            let config = small(model, path);
            let whole = finish(trainer(&config, kind));
            for epochs in [1, 4, 6, EPOCHS] {
                let checkpoint = stopped_after(epochs, trainer(&config, kind));
                let resumed = trainer(&config, kind).resuming_from(&checkpoint).unwrap();
                let resumed = finish(resumed);
                assert_eq!(
                    bits(&resumed),
                    bits(&whole),
                    "{model} {path} {kind:?} {epochs}"
                );
                assert!(!resumed.stopped_early);
                assert_eq!(resumed.points.kind(), kind);
            }
        }
    }
}

#[test]
fn a_training_may_be_stopped_after_every_epoch() {
    let config = small(Model::Ball, TrainPath::Native);
    let whole = finish(trainer(&config, Kind::Double));
    let mut checkpoint = stopped_after(1, trainer(&config, Kind::Double));
    for epochs in 2..=EPOCHS {
        let resumed = trainer(&config, Kind::Double)
            .resuming_from(&checkpoint)
            .unwrap();
        checkpoint = stopped_after(epochs, resumed);
    }
    let resumed = trainer(&config, Kind::Double)
        .resuming_from(&checkpoint)
        .unwrap();
    assert_eq!(bits(&finish(resumed)), bits(&whole));
}

#[test]
fn records_and_seconds_go_on() {
    let config = small(Model::Lorentz, TrainPath::Native);
    let checkpoint = stopped_after(5, trainer(&config, Kind::Double));
    let resumed = trainer(&config, Kind::Double)
        .resuming_from(&checkpoint)
        .unwrap();
    let mut first = None;
    let resumed = resumed
        .run(|progress| {
            first.get_or_insert(progress.record.epoch);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(first, Some(6));
    let seconds: Vec<f64> = resumed.history.iter().map(|epoch| epoch.seconds).collect();
    assert!(
        seconds.windows(2).all(|pair| pair[0] < pair[1]),
        "{seconds:?}"
    );
    assert_eq!(resumed.seconds, seconds[EPOCHS - 1]);
}

#[test]
fn new_starting_points_begin_a_new_training() {
    let config = small(Model::Ball, TrainPath::Native);
    let checkpoint = stopped_after(5, trainer(&config, Kind::Double));
    let start = Tensor::full([NODES as i64, 3], 0.01, (Kind::Double, Device::Cpu));
    let begun = trainer(&config, Kind::Double)
        .starting_from(&start)
        .unwrap();
    let resumed = trainer(&config, Kind::Double)
        .resuming_from(&checkpoint)
        .unwrap();
    let again = resumed.starting_from(&start).unwrap();
    assert_eq!(bits(&finish(again)), bits(&finish(begun)));
}

fn refusal(result: Result<Trainer>) -> String {
    match result.err() {
        Some(error @ Error::InvalidArgument { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_setting_is_named() {
    let config = small(Model::Ball, TrainPath::Native);
    let checkpoint = stopped_after(3, trainer(&config, Kind::Double));
    let good = || config.clone();
    for (expected, other) in [
        (
            "model = \"ball\"",
            TrainConfig {
                model: Model::Euclidean,
                ..good()
            },
        ),
        (
            "path = \"native\"",
            TrainConfig {
                path: TrainPath::Tensor,
                ..good()
            },
        ),
        ("dim = 3", TrainConfig { dim: 4, ..good() }),
        (
            "epochs = 9",
            TrainConfig {
                epochs: 10,
                ..good()
            },
        ),
        (
            "learning_rate = 0.6",
            TrainConfig {
                learning_rate: 0.61,
                ..good()
            },
        ),
        (
            "schedule = {\"linear\":{\"last\":0.1}}",
            TrainConfig {
                schedule: Decay::Constant,
                ..good()
            },
        ),
        (
            "schedule.linear.last = 0.1",
            TrainConfig {
                schedule: Decay::Linear { last: 0.2 },
                ..good()
            },
        ),
        (
            "burn_in_epochs = 4",
            TrainConfig {
                burn_in_epochs: 5,
                ..good()
            },
        ),
        (
            "burn_in_factor = 0.1",
            TrainConfig {
                burn_in_factor: 0.2,
                ..good()
            },
        ),
        (
            "negatives = 10",
            TrainConfig {
                negatives: 11,
                ..good()
            },
        ),
        (
            "init_scale = 0.001",
            TrainConfig {
                init_scale: 0.002,
                ..good()
            },
        ),
        ("seed = 0", TrainConfig { seed: 1, ..good() }),
        (
            "threads = 1",
            TrainConfig {
                threads: 2,
                ..good()
            },
        ),
        ("batch = 40", TrainConfig { batch: 8, ..good() }),
    ] {
        let message = refusal(trainer(&other, Kind::Double).resuming_from(&checkpoint));
        assert!(
            message.contains(&format!("config.{expected}")),
            "{expected}: {message}"
        );
        assert!(message.contains("as in the checkpoint"), "{message}");
    }
}

#[test]
fn other_data_are_refused() {
    let config = small(Model::Ball, TrainPath::Native);
    let checkpoint = stopped_after(3, trainer(&config, Kind::Double));
    let pairs = tree_closure(NODES as u32, 3);
    let resume = |nodes, pairs: &[(u32, u32)]| {
        let trainer = Trainer::new(config.clone(), nodes, pairs).unwrap();
        refusal(trainer.resuming_from(&checkpoint))
    };
    assert!(resume(NODES + 1, &pairs).contains("nodes = 40"));
    let fewer = resume(NODES, &pairs[1..]);
    assert!(
        fewer.contains(&format!("pairs = {}", pairs.len())),
        "{fewer}"
    );
    let mut swapped = pairs.clone();
    swapped.swap(0, 1);
    assert!(resume(NODES, &swapped).contains("pairs_sha256"));
    let mut changed = pairs.clone();
    changed[5].1 = 39;
    assert!(resume(NODES, &changed).contains("pairs_sha256"));
}

#[test]
fn another_kind_is_refused() {
    let config = small(Model::Ball, TrainPath::Tensor);
    let checkpoint = stopped_after(3, trainer(&config, Kind::Float));
    let resumed = trainer(&config, Kind::Double)
        .resuming_from(&checkpoint)
        .unwrap();
    let error = resumed
        .run(|_| ControlFlow::Continue(()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("kind Float, as in the checkpoint, got Double"),
        "{error}"
    );
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let config = small(Model::Ball, TrainPath::Native);
    let resume = |checkpoint: &Checkpoint| trainer(&config, Kind::Double).resuming_from(checkpoint);
    let good = || stopped_after(3, trainer(&config, Kind::Double));
    let with = |change: &dyn Fn(&mut Checkpoint)| {
        let mut checkpoint = good();
        change(&mut checkpoint);
        refusal(resume(&checkpoint))
    };

    let empty = refusal(resume(&Checkpoint::new()));
    assert!(empty.contains("got one of something else"), "{empty}");
    let newer = with(&|checkpoint| checkpoint.set("version", &2).unwrap());
    assert!(
        newer.contains("version 1, got one of holonomy::embed::Trainer, version 2"),
        "{newer}"
    );
    let foreign = with(&|checkpoint| checkpoint.set("content", &"optimiser").unwrap());
    assert!(foreign.contains("got one of optimiser"), "{foreign}");

    let tensor = |name: &'static str, shape: [i64; 2]| {
        let zeros = Tensor::zeros(shape, (Kind::Double, Device::Cpu));
        with(&|checkpoint| checkpoint.insert(name, &zeros).unwrap())
    };
    assert!(tensor("points", [NODES as i64, 4]).contains("points of shape [40, 3]"));
    assert!(tensor("points", [NODES as i64 - 1, 3]).contains("points of shape [40, 3]"));
    assert!(tensor("history", [3, 4]).contains("history of shape [3, 3]"));
    assert!(tensor("history", [10, 3]).contains("at most 9 records"));

    let mut outside = good();
    let ones = Tensor::ones([NODES as i64, 3], (Kind::Double, Device::Cpu));
    outside.insert("points", &ones).unwrap();
    assert!(matches!(
        resume(&outside).err(),
        Some(Error::NotOnManifold { row: 0, .. })
    ));
    outside.insert("points", &(ones * f64::NAN)).unwrap();
    assert!(matches!(
        resume(&outside).err(),
        Some(Error::NotFinite { .. })
    ));
}
