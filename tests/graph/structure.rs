//! What a graph accepts and gives back.

use holonomy::Error;
use holonomy::graph::Graph;

use super::{named_edges, numbered_names};

fn rejection(names: &[&str], edges: &[(u32, u32)], weights: Option<&[f64]>) -> (String, String) {
    let names = names.iter().copied().map(String::from).collect();
    match Graph::new(names, edges.to_vec(), weights.map(<[f64]>::to_vec)) {
        Err(Error::InvalidArgument { expected, got, .. }) => (expected, got),
        other => panic!("{other:?}"),
    }
}

#[test]
fn gives_back_what_it_was_made_of() {
    let edges = vec![(2, 0), (1, 0), (0, 3)];
    let graph = Graph::new(numbered_names(5), edges.clone(), Some(vec![0.5, 0.0, 2.0])).unwrap();
    assert_eq!((graph.node_count(), graph.edge_count()), (5, 3));
    assert_eq!(graph.names(), numbered_names(5));
    assert_eq!(graph.edges(), edges);
    assert_eq!(graph.weights(), Some([0.5, 0.0, 2.0].as_slice()));
    for (node, name) in (0..).zip(graph.names()) {
        assert_eq!(graph.index_of(name), Some(node));
    }
    assert_eq!(graph.index_of("node"), None);
    let unweighted = Graph::new(numbered_names(5), edges, None).unwrap();
    assert_eq!(unweighted.weights(), None);
}

#[test]
fn may_be_empty() {
    let graph = Graph::new(Vec::new(), Vec::new(), None).unwrap();
    assert_eq!(graph.transitive_closure().node_count(), 0);
}

#[test]
fn rejects_wrong_arguments() {
    let ab = ["a", "b"];
    for (got, part) in [
        (rejection(&["a", "b", "a"], &[], None), "\"a\" twice"),
        (rejection(&["a", ""], &[], None), "an empty name for node 1"),
        (rejection(&ab, &[(0, 1), (1, 2)], None), "the edge (1, 2)"),
        (rejection(&ab, &[(1, 1)], None), "the edge (1, 1)"),
        (
            rejection(&ab, &[(0, 1), (1, 0), (0, 1)], None),
            "the edge (0, 1)",
        ),
        (rejection(&ab, &[(0, 1)], Some(&[1.0, 1.0])), "2"),
        (rejection(&ab, &[(0, 1)], Some(&[-0.5])), "-0.5"),
        (rejection(&ab, &[(0, 1)], Some(&[f64::NAN])), "NaN"),
        (rejection(&ab, &[(0, 1)], Some(&[f64::INFINITY])), "inf"),
    ] {
        assert_eq!(got.1, part, "expected {}", got.0);
    }
}

#[test]
fn subtree_keeps_all_below_the_root_and_the_weights_among_them() {
    // 4 → 2 → 1 → 0, 3 → 1, 4 → 5 (outside), 3 → 0 (passes the root by).
    let edges = vec![(1, 0), (2, 1), (3, 1), (3, 0), (4, 2), (4, 5)];
    let weights = (1..=6).map(f64::from).collect();
    let graph = Graph::new(numbered_names(6), edges, Some(weights)).unwrap();
    let subtree = graph.subtree("node1").unwrap();
    assert_eq!(subtree.names(), ["node1", "node2", "node3", "node4"]);
    let expected = [("node2", "node1"), ("node3", "node1"), ("node4", "node2")];
    assert_eq!(named_edges(&subtree), expected);
    assert_eq!(subtree.weights(), Some([2.0, 3.0, 5.0].as_slice()));
    for (node, name) in (0..).zip(subtree.names()) {
        assert_eq!(subtree.index_of(name), Some(node));
    }
    assert_eq!(subtree.index_of("node0"), None);
}

#[test]
fn subtree_of_a_leaf_is_the_leaf_and_of_no_node_an_error() {
    let graph = Graph::new(numbered_names(2), vec![(0, 1)], None).unwrap();
    let leaf = graph.subtree("node0").unwrap();
    assert_eq!((leaf.names().len(), leaf.edge_count()), (1, 0));
    let message = graph.subtree("nobody").unwrap_err().to_string();
    assert_eq!(
        message,
        "Graph::subtree: expected the name of a node, got \"nobody\""
    );
}
