//! What the leaves add to a hierarchy that misses pairs.

use std::collections::HashSet;

use holonomy::graph::Graph;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbered_names;

type Pairs = HashSet<(u32, u32)>;

fn graph(nodes: u32, edges: Vec<(u32, u32)>) -> Graph {
    Graph::new(numbered_names(nodes as usize), edges, None).unwrap()
}

fn pairs(graph: &Graph) -> Pairs {
    graph.edges().iter().copied().collect()
}

/// A hierarchy without cycles: parents have smaller numbers.
fn random_hierarchy(rng: &mut Xoshiro256PlusPlus) -> Graph {
    let nodes = rng.random_range(2..30);
    let mut edges = Pairs::new();
    for node in 1..nodes {
        for _ in 0..rng.random_range(1..3) {
            edges.insert((node, rng.random_range(0..node)));
        }
    }
    let mut edges: Vec<_> = edges.into_iter().collect();
    edges.sort_unstable();
    edges.shuffle(rng);
    edges.truncate(rng.random_range(0..=edges.len()));
    graph(nodes, edges)
}

/// The definition, word by word.
fn by_definition(graph: &Graph) -> Pairs {
    let mut all = pairs(&graph.transitive_closure());
    let closure = all.clone();
    let nodes = 0..graph.node_count() as u32;
    let is_leaf = |node| !closure.iter().any(|&(_, above)| above == node);
    let leaves = |node| -> HashSet<u32> {
        let below = closure.iter().filter(|pair| pair.1 == node);
        below.map(|pair| pair.0).filter(|&x| is_leaf(x)).collect()
    };
    for u in nodes.clone() {
        for v in nodes.clone() {
            let (lower, upper) = (leaves(u), leaves(v));
            if !lower.is_empty() && lower.len() < upper.len() && lower.is_subset(&upper) {
                all.insert((u, v));
            }
        }
    }
    all
}

#[test]
fn agrees_with_the_definition_and_is_a_closed_hierarchy() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut added = 0;
    for trial in 0..200 {
        let known = random_hierarchy(&mut rng);
        let completed = known.completed_by_leaves();
        assert_eq!(pairs(&completed), by_definition(&known), "trial {trial}");
        assert_eq!(completed.transitive_closure().edges(), completed.edges());
        let cyclic = |&&(u, v): &&(u32, u32)| pairs(&completed).contains(&(v, u));
        assert_eq!(completed.edges().iter().find(cyclic), None);
        added += completed.edge_count() - known.transitive_closure().edge_count();
    }
    assert!(added > 100, "{added}");
}

#[test]
fn brings_back_what_a_tree_lost_between_its_inner_nodes() {
    // Every inner node has three children, so no two have the same leaves.
    let nodes = 121;
    let tree = graph(
        nodes,
        (1..nodes).map(|node| (node, (node - 1) / 3)).collect(),
    );
    let whole = pairs(&tree.transitive_closure());
    let is_leaf = |node: u32| 3 * node + 1 >= nodes;
    let kept: Vec<_> = whole.iter().copied().filter(|&(u, _)| is_leaf(u)).collect();
    assert!(kept.len() < whole.len());
    assert_eq!(pairs(&graph(nodes, kept).completed_by_leaves()), whole);
}

#[test]
fn leaves_cycles_and_empty_graphs_alone() {
    let ring = graph(3, vec![(0, 1), (1, 2), (2, 0)]);
    assert_eq!(ring.completed_by_leaves().edge_count(), 6);
    assert_eq!(graph(2, Vec::new()).completed_by_leaves().edge_count(), 0);
}
