//! Trainings of networks and of distances that stop and go on.

use std::ops::ControlFlow;

use holonomy::Error;
use holonomy::checkpoint::Checkpoint;
use holonomy::embed::{
    DistanceConfig, DistanceEmbedding, DistanceTrainer, NetworkConfig, NetworkEmbedding,
    NetworkTrainer, TrainConfig, Trainer,
};
use holonomy::graph::Graph;
use holonomy::graph::shortest_paths;
use tch::{Kind, Tensor};

const EPOCHS: usize = 6;
const EDGES: [(u32, u32); 8] = [
    (0, 1),
    (0, 2),
    (1, 2),
    (2, 3),
    (3, 4),
    (3, 5),
    (4, 5),
    (5, 6),
];

fn network(config: &NetworkConfig) -> NetworkTrainer {
    NetworkTrainer::new(config.clone(), 8, &EDGES).unwrap()
}

fn network_config() -> NetworkConfig {
    NetworkConfig {
        dim: 2,
        epochs: EPOCHS,
        batch: 3,
        learn_radius: true,
        ..NetworkConfig::default()
    }
}

/// The whole training, and a checkpoint after each epoch.
fn whole_network(config: &NetworkConfig) -> (NetworkEmbedding, Vec<Checkpoint>) {
    let mut checkpoints = Vec::new();
    let trained = network(config).run(|progress| {
        checkpoints.push(progress.checkpoint().unwrap());
        ControlFlow::Continue(())
    });
    (trained.unwrap(), checkpoints)
}

fn tree_distances() -> Tensor {
    let names = (0..9).map(|node| node.to_string()).collect();
    let edges = (1..9).map(|node| (node, (node - 1) / 2)).collect();
    shortest_paths(&Graph::new(names, edges, None).unwrap())
}

fn distance_config(signature: &str, learn_curvature: bool) -> DistanceConfig {
    DistanceConfig {
        epochs: EPOCHS,
        batch: 4,
        learn_curvature,
        ..DistanceConfig::new(signature.parse().unwrap())
    }
}

fn distances(config: &DistanceConfig, truth: &Tensor) -> DistanceTrainer {
    DistanceTrainer::new(config.clone(), truth).unwrap()
}

fn whole_distances(trainer: DistanceTrainer) -> (DistanceEmbedding, Vec<Checkpoint>) {
    let mut checkpoints = Vec::new();
    let trained = trainer.run(|progress| {
        checkpoints.push(progress.checkpoint().unwrap());
        ControlFlow::Continue(())
    });
    (trained.unwrap(), checkpoints)
}

/// What is in a file goes on as what is in memory does.
fn through_a_file(checkpoint: &Checkpoint) -> Checkpoint {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    checkpoint.save(&path).unwrap();
    Checkpoint::load(&path).unwrap()
}

fn refusal<T>(result: Result<T, Error>) -> String {
    match result.err() {
        Some(error @ Error::InvalidArgument { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_goes_on_bit_for_bit() {
    for learn_radius in [false, true] {
        let config = NetworkConfig {
            learn_radius,
            ..network_config()
        };
        let (whole, checkpoints) = whole_network(&config);
        assert_eq!(checkpoints.len(), EPOCHS);
        for (done, checkpoint) in checkpoints.iter().enumerate() {
            let trainer = network(&config).resuming_from(&through_a_file(checkpoint));
            let mut epochs = 0;
            let resumed = trainer.unwrap().run(|progress| {
                epochs += 1;
                assert_eq!(progress.epochs, EPOCHS);
                ControlFlow::Continue(())
            });
            let resumed = resumed.unwrap();
            assert_eq!(epochs, EPOCHS - done - 1);
            assert_eq!(resumed.embedding.points, whole.embedding.points);
            assert_eq!(resumed.edges, whole.edges);
            assert!(!resumed.embedding.stopped_early);
            let losses = |trained: &NetworkEmbedding| {
                let history = &trained.embedding.history;
                let of = |record: &holonomy::embed::EpochRecord| {
                    (record.epoch, record.loss, record.learning_rate)
                };
                history.iter().map(of).collect::<Vec<_>>()
            };
            assert_eq!(losses(&resumed), losses(&whole));
            assert!(resumed.embedding.seconds >= whole.embedding.history[done].seconds);
        }
    }
}

#[test]
fn distances_go_on_bit_for_bit() {
    let truth = tree_distances();
    for (signature, learns) in [("H2xS2xE1", true), ("H2xS2", false), ("E2", true)] {
        for kind in [Kind::Double, Kind::Float] {
            let (config, truth) = (distance_config(signature, learns), truth.to_kind(kind));
            let (whole, checkpoints) = whole_distances(distances(&config, &truth));
            for (done, checkpoint) in checkpoints.iter().enumerate() {
                let checkpoint = through_a_file(checkpoint);
                let resumed = distances(&config, &truth)
                    .resuming_from(&checkpoint)
                    .unwrap();
                let resumed = resumed.run(|_| ControlFlow::Continue(())).unwrap();
                assert_eq!(resumed.points, whole.points, "{signature} after {done}");
                assert_eq!(resumed.curvatures, whole.curvatures);
                assert_eq!(resumed.history.len(), EPOCHS);
            }
        }
    }
}

#[test]
fn curvatures_that_are_not_learned_come_from_the_checkpoint() {
    let (truth, config) = (tree_distances(), distance_config("H2", false));
    let (_, first) = whole_distances(distances(&config, &truth));
    let (_, points) = {
        let mut last = None;
        let trainer = distances(&config, &truth);
        let trained = trainer.run(|progress| {
            last = progress.embedding().ok();
            ControlFlow::Continue(())
        });
        trained.unwrap();
        last.unwrap()
    };
    let curvature = 0.5 * distances_curvature(&truth);
    let started = distances(&config, &truth).starting_at(&(points * 2_f64.sqrt()), &[curvature]);
    let (whole, checkpoints) = whole_distances(started.unwrap());
    let resumed = distances(&config, &truth).resuming_from(&checkpoints[2]);
    let resumed = resumed.unwrap().run(|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(resumed.curvatures, whole.curvatures);
    assert_eq!(resumed.points, whole.points);
    assert!(distances(&config, &truth).resuming_from(&first[2]).is_ok());
}

/// That of the factor of a plane before training: −1 over the square of the mean distance.
fn distances_curvature(truth: &Tensor) -> f64 {
    let n = truth.size()[0] as f64;
    let mean = truth.sum(Kind::Double).double_value(&[]) / (n * (n - 1.0));
    -1.0 / (mean * mean)
}

#[test]
fn another_training_is_refused_with_what_differs() {
    let (_, checkpoints) = whole_network(&network_config());
    let state = &checkpoints[1];
    let config = NetworkConfig {
        batch: 4,
        ..network_config()
    };
    let message = refusal(network(&config).resuming_from(state).map(|_| ()));
    assert!(
        message.contains("config.batch = 3, as in the checkpoint"),
        "{message}"
    );
    let others = NetworkTrainer::new(network_config(), 8, &EDGES[1..]).unwrap();
    let message = refusal(others.resuming_from(state).map(|_| ()));
    assert!(
        message.contains("pairs = 16, as in the checkpoint"),
        "{message}"
    );
    let mut turned = EDGES;
    turned.reverse();
    let others = NetworkTrainer::new(network_config(), 8, &turned).unwrap();
    let message = refusal(others.resuming_from(state).map(|_| ()));
    assert!(message.contains("pairs_sha256"), "{message}");

    let (truth, config) = (tree_distances(), distance_config("H2", true));
    let (_, of_distances) = whole_distances(distances(&config, &truth));
    let trainer = distances(&config, &(&truth * 2.0));
    let message = refusal(trainer.resuming_from(&of_distances[1]).map(|_| ()));
    assert!(message.contains("distances_sha256"), "{message}");
    let message = refusal(distances(&config, &truth).resuming_from(state).map(|_| ()));
    assert!(
        message.contains("a checkpoint of holonomy::embed::DistanceTrainer"),
        "{message}"
    );
    let message = refusal(
        network(&network_config())
            .resuming_from(&of_distances[1])
            .map(|_| ()),
    );
    assert!(
        message.contains("a checkpoint of holonomy::embed::NetworkTrainer"),
        "{message}"
    );
    let hierarchy = Trainer::new(TrainConfig::default(), 8, &EDGES).unwrap();
    let message = refusal(hierarchy.resuming_from(state).map(|_| ()));
    assert!(
        message.contains("a checkpoint of holonomy::embed::Trainer,"),
        "{message}"
    );
}

#[test]
fn a_checkpoint_with_a_wrong_part_is_refused() {
    let (_, checkpoints) = whole_network(&network_config());
    let mut state = checkpoints[1].clone();
    state
        .insert(
            "0.point",
            &Tensor::zeros([3, 2], (Kind::Double, tch::Device::Cpu)),
        )
        .unwrap();
    let trainer = network(&network_config()).resuming_from(&state).unwrap();
    assert!(matches!(
        trainer.run(|_| ControlFlow::Continue(())),
        Err(Error::InvalidArgument { .. })
    ));
    let mut state = checkpoints[1].clone();
    let records = state.tensor("history").unwrap().repeat([9, 1]);
    state.insert("history", &records).unwrap();
    let message = refusal(network(&network_config()).resuming_from(&state).map(|_| ()));
    assert!(message.contains("at most 6 records"), "{message}");

    let (truth, config) = (tree_distances(), distance_config("H2", true));
    let (_, checkpoints) = whole_distances(distances(&config, &truth));
    let mut state = checkpoints[1].clone();
    state
        .insert("log_radii", &Tensor::from_slice(&[f64::NAN]))
        .unwrap();
    let trainer = distances(&config, &truth).resuming_from(&state).unwrap();
    assert!(matches!(
        trainer.run(|_| ControlFlow::Continue(())),
        Err(Error::InvalidArgument { .. })
    ));
}

/// Who breaks off after the last epoch has stopped nothing.
#[test]
fn a_break_after_the_last_epoch_is_no_early_end() {
    for stop in [EPOCHS - 1, EPOCHS] {
        let at = |epoch: usize| {
            if epoch == stop {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let early = stop < EPOCHS;
        let trained = network(&network_config()).run(|progress| at(progress.record.epoch));
        assert_eq!(trained.unwrap().embedding.stopped_early, early);
        let trainer = distances(&distance_config("H2", true), &tree_distances());
        let trained = trainer.run(|progress| at(progress.record.epoch));
        assert_eq!(trained.unwrap().stopped_early, early);
        let config = TrainConfig {
            epochs: EPOCHS,
            burn_in_epochs: 2,
            threads: 1,
            ..TrainConfig::default()
        };
        let trainer = Trainer::new(config, 8, &EDGES).unwrap();
        let trained = trainer.run(|progress| at(progress.record.epoch));
        assert_eq!(trained.unwrap().stopped_early, early);
    }
}
