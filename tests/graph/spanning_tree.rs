//! Trees within graphs.

use holonomy::graph::{Graph, SpanningTree, shortest_paths, shortest_paths_from, spanning_tree};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbered_names;

/// A connected graph: a random tree with `more` random edges.
fn connected(nodes: u32, more: usize, seed: u64) -> Graph {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut edges: std::collections::BTreeSet<(u32, u32)> = (1..nodes)
        .map(|node| (node, rng.random_range(0..node)))
        .collect();
    for _ in 0..more {
        let (a, b) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
        if a != b {
            edges.insert((a, b));
        }
    }
    Graph::new(
        numbered_names(nodes as usize),
        edges.into_iter().collect(),
        None,
    )
    .unwrap()
}

fn kept_share(graph: &Graph, tree: &Graph) -> f64 {
    let mut pairs: Vec<(u32, u32)> = graph
        .edges()
        .iter()
        .map(|&(a, b)| (a.min(b), a.max(b)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let degree = |node: u32| {
        pairs
            .iter()
            .filter(|&&(a, b)| a == node || b == node)
            .count() as f64
    };
    tree.edges()
        .iter()
        .map(|&(a, b)| 1.0 / degree(a) + 1.0 / degree(b))
        .sum()
}

#[test]
fn edges_between_nodes_of_many_neighbours_go_first() {
    // Two hubs joined directly and through a node that has no other neighbours.
    let mut edges = vec![(0, 1), (2, 0), (2, 1)];
    edges.extend((3..8).map(|leaf| (leaf, leaf % 2)));
    let weights = (0..edges.len()).map(|edge| edge as f64).collect();
    let graph = Graph::new(numbered_names(8), edges, Some(weights)).unwrap();
    let tree = spanning_tree(&graph, SpanningTree::KeepNeighbors).unwrap();
    assert_eq!(tree.edges(), &graph.edges()[1..]);
    assert_eq!(tree.weights().unwrap(), &graph.weights().unwrap()[1..]);
    assert_eq!(tree.names(), graph.names());
    let by_depth = spanning_tree(&graph, SpanningTree::BreadthFirst { root: 0 }).unwrap();
    assert!(by_depth.edges().contains(&(0, 1)) && !by_depth.edges().contains(&(2, 1)));
}

#[test]
fn graphs_in_pieces_and_roots_that_do_not_exist_are_refused() {
    let graph = Graph::new(numbered_names(3), vec![(1, 0)], None).unwrap();
    for rule in [
        SpanningTree::KeepNeighbors,
        SpanningTree::BreadthFirst { root: 1 },
    ] {
        let error = spanning_tree(&graph, rule).unwrap_err().to_string();
        assert!(
            error.contains("no path between") && error.contains("\"node2\""),
            "{error}"
        );
    }
    let negative = SpanningTree::Between {
        root: 1,
        weight: -1.0,
    };
    let error = spanning_tree(&graph, negative).unwrap_err().to_string();
    assert!(error.contains("a finite weight ≥ 0"), "{error}");
    let error = spanning_tree(&graph, SpanningTree::BreadthFirst { root: 3 }).unwrap_err();
    assert!(error.to_string().contains("a root below 3"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn trees_span_and_are_the_best_of_their_kind(nodes in 1_u32..25, more in 0_usize..30, seed: u64) {
        let graph = connected(nodes, more, seed);
        let root = (seed % u64::from(nodes)) as u32;
        let by_depth = spanning_tree(&graph, SpanningTree::BreadthFirst { root }).unwrap();
        let precise = spanning_tree(&graph, SpanningTree::KeepNeighbors).unwrap();
        for tree in [&by_depth, &precise] {
            prop_assert_eq!(tree.edge_count() as u32, nodes - 1);
            prop_assert!(tree.edges().iter().all(|edge| graph.edges().contains(edge)));
            prop_assert!(shortest_paths(tree).isfinite().all().int64_value(&[]) == 1);
        }
        let between = |weight| {
            spanning_tree(&graph, SpanningTree::Between { root, weight }).unwrap()
        };
        prop_assert!(between(0.0) == precise && between(1e6) == by_depth);
        let share = |tree: &Graph| kept_share(&graph, tree);
        prop_assert!(share(&between(0.2)) >= share(&by_depth) - 1e-9);
        prop_assert!(share(&between(0.2)) <= share(&precise) + 1e-9);
        let depths = |graph: &Graph| shortest_paths_from(graph, &[root], |_| {}).unwrap();
        prop_assert!(depths(&graph).equal(&depths(&by_depth)));
        let share = kept_share(&graph, &precise);
        prop_assert!(share >= kept_share(&graph, &by_depth) - 1e-9);
        // No exchange of one edge for another makes it better.
        let worth = |&(a, b): &(u32, u32)| {
            let one = Graph::new(graph.names().to_vec(), vec![(a, b)], None).unwrap();
            kept_share(&graph, &one)
        };
        for edge in graph.edges().iter().filter(|edge| !precise.edges().contains(edge)) {
            for index in 0..precise.edge_count() {
                let mut edges = precise.edges().to_vec();
                let out = edges.swap_remove(index);
                if worth(edge) > worth(&out) + 1e-9 && !edges.contains(edge) {
                    edges.push(*edge);
                    let exchanged = Graph::new(graph.names().to_vec(), edges, None).unwrap();
                    prop_assert!(shortest_paths(&exchanged).isfinite().all().int64_value(&[]) == 0);
                }
            }
        }
    }
}
