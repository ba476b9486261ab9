//! Lengths of shortest paths against the algorithm of Floyd and Warshall, which shares nothing with ours.

use std::sync::atomic::{AtomicUsize, Ordering};

use holonomy::Error;
use holonomy::graph::{Graph, shortest_paths, shortest_paths_from};
use proptest::prelude::*;

use super::numbered;

fn rows(graph: &Graph) -> Vec<f64> {
    Vec::try_from(shortest_paths(graph).view(-1)).unwrap()
}

fn floyd_warshall(graph: &Graph) -> Vec<f64> {
    let n = graph.node_count();
    let mut d = vec![f64::INFINITY; n * n];
    for node in 0..n {
        d[node * n + node] = 0.0;
    }
    for (edge, &(a, b)) in graph.edges().iter().enumerate() {
        let (a, b) = (a as usize, b as usize);
        let length = graph.weights().map_or(1.0, |weights| weights[edge]);
        d[a * n + b] = length.min(d[a * n + b]);
        d[b * n + a] = d[a * n + b];
    }
    for via in 0..n {
        for a in 0..n {
            for b in 0..n {
                d[a * n + b] = d[a * n + b].min(d[a * n + via] + d[via * n + b]);
            }
        }
    }
    d
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(u32, u32)>, Vec<f64>)> {
    (1_usize..25).prop_flat_map(|nodes| {
        let edge = (0..nodes as u32, 0..nodes as u32);
        let edges = prop::collection::btree_set(edge, 0..2 * nodes);
        let edges = edges.prop_map(|edges| edges.into_iter().filter(|(a, b)| a != b).collect());
        (
            Just(nodes),
            edges,
            prop::collection::vec(0.0..10.0_f64, 2 * nodes),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_are_those_of_floyd_and_warshall((nodes, edges, weights) in graphs()) {
        let weights = weights[..edges.len()].to_vec();
        let unweighted = numbered(nodes, edges.clone(), None);
        prop_assert_eq!(rows(&unweighted), floyd_warshall(&unweighted));

        let weighted = numbered(nodes, edges, Some(weights));
        for (ours, theirs) in rows(&weighted).into_iter().zip(floyd_warshall(&weighted)) {
            prop_assert!(ours == theirs || (ours - theirs).abs() <= 1e-13 * theirs);
        }
    }

    #[test]
    fn weighted_paths_are_symmetric_to_the_last_bit((nodes, edges, weights) in graphs()) {
        let weights = weights[..edges.len()].to_vec();
        let d = shortest_paths(&numbered(nodes, edges, Some(weights)));
        prop_assert!(d.equal(&d.transpose(0, 1)));
    }
}

#[test]
fn of_edges_there_and_back_the_shorter_counts() {
    let graph = numbered(2, vec![(0, 1), (1, 0)], Some(vec![3.0, 2.0]));
    assert_eq!(rows(&graph), [0.0, 2.0, 2.0, 0.0]);
}

#[test]
fn what_no_path_reaches_is_infinitely_far() {
    let graph = numbered(3, vec![(1, 0)], None);
    let far = f64::INFINITY;
    assert_eq!(rows(&graph), [0.0, 1.0, far, 1.0, 0.0, far, far, far, 0.0]);
}

#[test]
fn a_graph_without_nodes_has_an_empty_matrix() {
    assert_eq!(shortest_paths(&numbered(0, vec![], None)).size(), [0, 0]);
}

#[test]
fn some_sources_give_their_rows_and_report_progress() {
    let graph = numbered(40, (1..40).map(|node| (node, node / 2)).collect(), None);
    let told = AtomicUsize::new(0);
    let sources = [7, 0, 39];
    let some = shortest_paths_from(&graph, &sources, |source| {
        told.fetch_add(source as usize, Ordering::Relaxed);
    })
    .unwrap();
    let all = shortest_paths(&graph);
    for (row, &source) in (0..).zip(&sources) {
        assert!(some.get(row).equal(&all.get(i64::from(source))));
    }
    assert_eq!(told.into_inner(), 46);
}

#[test]
fn a_source_that_is_no_node_is_refused() {
    let error = shortest_paths_from(&numbered(2, vec![], None), &[0, 2], |_| {}).unwrap_err();
    assert!(
        matches!(&error, Error::InvalidArgument { got, .. } if got == "2"),
        "{error}"
    );
}
