//! Large hierarchies, and those with nothing to train.

use std::ops::ControlFlow;

use holonomy::Error;
use holonomy::embed::{
    Model, NegativeSampler, NetworkConfig, NetworkTrainer, TrainConfig, TrainPath, Trainer,
    TreeConfig, embed_tree, link_prediction, nested_half_spaces, reconstruction, reconstruction_of,
};
use holonomy::graph::both_ways;
use holonomy::graph::{Graph, shortest_paths};
use holonomy::scores::mean_average_precision;
use tch::Tensor;

fn line(nodes: u32) -> Tensor {
    let places: Vec<f64> = (0..nodes).map(|node| f64::from(node) / 10.0).collect();
    Tensor::from_slice(&places).view([-1, 1])
}

/// Every pair of different nodes, in one direction.
fn complete(nodes: u32) -> Vec<(u32, u32)> {
    let below = |node| (0..node).map(move |other| (node, other));
    (0..nodes).flat_map(below).collect()
}

fn graph(nodes: u32, edges: Vec<(u32, u32)>) -> Graph {
    let names = (0..nodes).map(|node| format!("n{node}")).collect();
    Graph::new(names, edges, None).unwrap()
}

#[track_caller]
fn assert_refused<T>(result: holonomy::Result<T>, expected: &str) {
    match result {
        Err(error @ Error::InvalidArgument { .. }) => {
            let message = error.to_string();
            assert!(message.contains(expected), "{message}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_complete_graph_is_not_trained() {
    for nodes in [2, 3, 7] {
        let pairs = both_ways(&complete(nodes));
        for path in [TrainPath::Native, TrainPath::Tensor] {
            let config = TrainConfig {
                path,
                ..TrainConfig::default()
            };
            let trainer = Trainer::new(config, nodes as usize, &pairs);
            assert_refused(trainer, "nothing to train");
        }
        let sampler = NegativeSampler::new(nodes as usize, &pairs).unwrap();
        assert_refused(sampler.comparable(&pairs), "nothing to train");
        let config = NetworkConfig::default();
        let network = NetworkTrainer::new(config, nodes as usize, &complete(nodes));
        assert_refused(network, "nothing to train");
    }
    // One edge alone is a complete graph, in whichever direction.
    let trainer = Trainer::new(TrainConfig::default(), 2, &[(1, 0)]);
    assert_refused(trainer, "nothing to train");
}

#[test]
fn ranks_among_no_others_are_no_map_of_1() {
    for nodes in [2, 3, 7] {
        let pairs = both_ways(&complete(nodes));
        let points = line(nodes);
        let ranked = reconstruction(Model::Euclidean, &points, &pairs);
        assert_refused(ranked, "another that is none");
        let one = reconstruction_of(Model::Euclidean, &points, &pairs, &[1]);
        assert_refused(one, "another that is none");
        let links = link_prediction(Model::Euclidean, &points, &pairs[..1], &pairs[1..]);
        assert_refused(links, "another that is none");
        let graph = graph(nodes, complete(nodes));
        let map = mean_average_precision(&graph, &shortest_paths(&graph));
        assert_refused(map, "to rank");
    }
    // A tree of two nodes has a distortion, but no MAP.
    let tree = graph(2, vec![(1, 0)]);
    let embedding = embed_tree(&tree, &TreeConfig::default()).unwrap();
    let found = embedding.measure(&tree, None, |_| {}).unwrap();
    assert_eq!((found.map, found.tree.pairs), (None, 1));
    assert!(
        serde_json::to_string(&found)
            .unwrap()
            .contains("\"map\":null")
    );
}

/// In the closure of a chain the lowest node is related to all others, and its pairs teach nothing.
#[test]
fn pairs_without_negatives_are_counted_and_move_nothing() {
    let star = [(1, 0), (2, 0)];
    let trainer = Trainer::new(TrainConfig::default(), 3, &star).unwrap();
    assert_eq!(trainer.untrained_pairs(), 0);
    assert!(reconstruction(Model::Euclidean, &line(3), &star).is_ok());

    let chain = [(0, 1), (0, 2), (1, 2)];
    let points = line(3);
    let score = reconstruction(Model::Euclidean, &points, &chain).unwrap();
    assert_eq!((score.nodes, score.pairs), (2, 3));
    // Node 1 has one stranger, which is as far away as node 2: half of it. Node 0 has none: 1.
    assert_eq!(score.map, 0.75);

    for path in [TrainPath::Native, TrainPath::Tensor] {
        let config = TrainConfig {
            path,
            dim: 1,
            model: Model::Euclidean,
            epochs: 1,
            burn_in_epochs: 0,
            threads: 1,
            ..TrainConfig::default()
        };
        let train = |pairs: &[(u32, u32)], untrained| {
            let trainer = Trainer::new(config.clone(), 3, pairs).unwrap();
            assert_eq!(trainer.untrained_pairs(), untrained);
            let trainer = trainer.starting_from(&points).unwrap();
            trainer.run(|_| ControlFlow::Continue(())).unwrap()
        };
        let (all, one) = (train(&chain, 2), train(&chain[2..], 0));
        assert!((&all.points - &one.points).abs().max().double_value(&[]) < 1e-12);
        assert!((&one.points - &points).abs().max().double_value(&[]) > 1e-3);
        assert!((3.0 * all.history[0].loss - one.history[0].loss).abs() < 1e-12);
    }
}

/// Thirty levels do not fit one after the other, but across each other.
#[test]
fn a_deep_hierarchy_keeps_its_order() {
    // A chain of which every node has three leaves besides.
    let levels = 30;
    let mut edges: Vec<(u32, u32)> = (1..levels).map(|node| (node, node - 1)).collect();
    for leaf in 0..3 * levels {
        edges.push((levels + leaf, leaf / 3));
    }
    let nodes = 4 * levels;
    let closure = graph(nodes, edges).transitive_closure();
    for model in [Model::Ball, Model::Lorentz] {
        let points = nested_half_spaces(model, 10, nodes as usize, closure.edges(), 1).unwrap();
        let score = reconstruction(model, &points, closure.edges()).unwrap();
        assert!(
            score.map > 0.999 && score.mean_rank < 1.01,
            "{model}: {score:?}"
        );
    }
}
