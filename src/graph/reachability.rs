//! Which nodes lead to which.

use std::collections::HashSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

/// The (descendant, ancestor) pairs of the edges child → parent, sorted.
///
/// Strongly connected components come out of petgraph with every component after those that it
/// leads to, so that one pass suffices: a component reaches its parents and all that they reach.
/// Nodes on a common cycle reach each other; pairs (x, x) are left out.
pub(crate) fn ancestor_pairs(node_count: usize, edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    const NONE: u32 = u32::MAX;
    let graph = petgraph(node_count, edges);
    let components = kosaraju_scc(&graph);
    let component_of = component_of(node_count, &components);
    let mut reached_by: Vec<Vec<u32>> = Vec::with_capacity(components.len());
    let mut last_reached_by = vec![NONE; node_count];
    for (component, members) in (0_u32..).zip(&components) {
        let mut reached = Vec::new();
        let mut reach = |node: u32| {
            if std::mem::replace(&mut last_reached_by[node as usize], component) != component {
                reached.push(node);
            }
        };
        if members.len() > 1 {
            members.iter().copied().map(id).for_each(&mut reach);
        }
        for parent in members.iter().flat_map(|&member| graph.neighbors(member)) {
            let of_parent = component_of[parent.index()];
            if of_parent != component {
                reach(id(parent));
                reached_by[of_parent as usize]
                    .iter()
                    .copied()
                    .for_each(&mut reach);
            }
        }
        reached.sort_unstable();
        reached_by.push(reached);
    }
    pairs(&component_of, &reached_by)
}

/// The edges of a transitive closure that no chain of two others replaces, in their order.
///
/// For a closed relation without cycles (such as all pairs of a word and a more general one) these
/// are the direct links: a transitive reduction.
///
/// # Examples
///
/// ```
/// let closure = [(0, 1), (0, 2), (1, 2)];
/// assert_eq!(holonomy::graph::direct_edges(&closure), [(0, 1), (1, 2)]);
/// ```
pub fn direct_edges(closure: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let known: HashSet<(u32, u32)> = closure.iter().copied().collect();
    let nodes = closure.iter().map(|&(a, b)| a.max(b) as usize + 1).max();
    let mut parents = vec![Vec::new(); nodes.unwrap_or(0)];
    for &(child, parent) in closure {
        parents[child as usize].push(parent);
    }
    let replaced = |&(child, ancestor): &(u32, u32)| {
        parents[child as usize].iter().any(|&between| {
            between != child && between != ancestor && known.contains(&(between, ancestor))
        })
    };
    closure.iter().copied().filter(|e| !replaced(e)).collect()
}

/// For each node, whether it is the root or leads to it along edges child → parent.
pub(super) fn is_below(node_count: usize, edges: &[(u32, u32)], root: u32) -> Vec<bool> {
    let graph = petgraph(node_count, edges);
    let mut search = Dfs::new(Reversed(&graph), NodeIndex::new(root as usize));
    let mut below = vec![false; node_count];
    while let Some(node) = search.next(Reversed(&graph)) {
        below[node.index()] = true;
    }
    below
}

pub(super) fn petgraph(node_count: usize, edges: &[(u32, u32)]) -> DiGraph<(), ()> {
    let mut graph = DiGraph::with_capacity(node_count, edges.len());
    for _ in 0..node_count {
        graph.add_node(());
    }
    graph.extend_with_edges(edges);
    graph
}

fn component_of(node_count: usize, components: &[Vec<NodeIndex>]) -> Vec<u32> {
    let mut component_of = vec![0; node_count];
    for (component, members) in (0_u32..).zip(components) {
        for member in members {
            component_of[member.index()] = component;
        }
    }
    component_of
}

fn pairs(component_of: &[u32], reached_by: &[Vec<u32>]) -> Vec<(u32, u32)> {
    (0_u32..)
        .zip(component_of)
        .flat_map(|(node, &component)| {
            reached_by[component as usize]
                .iter()
                .filter(move |&&ancestor| ancestor != node)
                .map(move |&ancestor| (node, ancestor))
        })
        .collect()
}

fn id(node: NodeIndex) -> u32 {
    node.index() as u32
}
