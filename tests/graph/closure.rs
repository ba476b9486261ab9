//! The transitive closure against a search from every node.

use holonomy::graph::Graph;
use rand::RngExt;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbered_names;

fn graph(nodes: usize, edges: &[(u32, u32)]) -> Graph {
    Graph::new(numbered_names(nodes), edges.to_vec(), None).unwrap()
}

/// All pairs by the definition: follow edges until nothing new turns up.
fn pairs_by_search(nodes: usize, edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for start in 0..nodes as u32 {
        let mut reached = vec![false; nodes];
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for &(_, parent) in edges.iter().filter(|edge| edge.0 == node) {
                if !std::mem::replace(&mut reached[parent as usize], true) {
                    open.push(parent);
                }
            }
        }
        let ancestors = (0..nodes as u32).filter(|&node| reached[node as usize] && node != start);
        pairs.extend(ancestors.map(|ancestor| (start, ancestor)));
    }
    pairs
}

fn random_edges(rng: &mut Xoshiro256PlusPlus, nodes: u32, count: usize) -> Vec<(u32, u32)> {
    let mut edges: Vec<(u32, u32)> = (0..count)
        .map(|_| (rng.random_range(0..nodes), rng.random_range(0..nodes)))
        .filter(|edge| edge.0 != edge.1)
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

#[test]
fn agrees_with_a_search_on_random_graphs_with_and_without_cycles() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut cyclic = 0;
    for trial in 0..200 {
        let nodes = rng.random_range(2..40);
        let count = rng.random_range(0..3 * nodes as usize);
        let mut edges = random_edges(&mut rng, nodes, count);
        if trial % 2 == 0 {
            edges.retain(|edge| edge.0 < edge.1);
        }
        let expected = pairs_by_search(nodes as usize, &edges);
        cyclic += usize::from(expected.iter().any(|&(x, y)| expected.contains(&(y, x))));
        let closure = graph(nodes as usize, &edges).transitive_closure();
        assert_eq!(closure.edges(), expected, "trial {trial}");
        assert_eq!(
            closure.transitive_closure().edges(),
            expected,
            "closed twice, trial {trial}"
        );
    }
    assert!((50..=100).contains(&cyclic), "{cyclic} cyclic graphs");
}

#[test]
fn does_not_depend_on_the_order_of_the_edges_and_drops_weights() {
    let edges = [(0, 1), (1, 2), (3, 1), (2, 4)];
    let reversed: Vec<_> = edges.iter().rev().copied().collect();
    let weighted = Graph::new(numbered_names(5), reversed, Some(vec![2.0; 4])).unwrap();
    let closure = weighted.transitive_closure();
    assert_eq!(closure, graph(5, &edges).transitive_closure());
    assert_eq!(closure.weights(), None);
}

#[test]
fn nodes_on_a_cycle_are_ancestors_of_each_other_but_not_of_themselves() {
    let closure = graph(4, &[(0, 1), (1, 2), (2, 0), (2, 3)]).transitive_closure();
    let expected = [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 0),
        (1, 2),
        (1, 3),
        (2, 0),
        (2, 1),
        (2, 3),
    ];
    assert_eq!(closure.edges(), expected);
}

#[test]
fn a_long_chain_and_a_long_cycle_need_no_deep_stack() {
    let nodes = 200_000;
    let mut edges: Vec<_> = (1..nodes).map(|node| (node, node - 1)).collect();
    let chain = graph(nodes as usize, &edges);
    assert_eq!(chain.subtree("node100000").unwrap().node_count(), 100_000);
    edges.truncate(1_000);
    edges.push((0, 1_000));
    let cycle = graph(nodes as usize, &edges).transitive_closure();
    assert_eq!(cycle.edge_count(), 1_001 * 1_000);
}
