//! Which nodes lead to which.

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

/// The edges (u, v) of a transitive closure for which no w has edges (u, w) and (w, v), in their
/// order.
///
/// For a closed relation without cycles this is the transitive reduction: the direct links.
///
/// # Examples
///
/// ```
/// let closure = [(0, 1), (0, 2), (1, 2)];
/// assert_eq!(holonomy::graph::direct_edges(&closure), [(0, 1), (1, 2)]);
/// ```
pub fn direct_edges(closure: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let most = closure.iter().map(|&(a, b)| a.max(b) as usize + 1).max();
    let nodes = most.unwrap_or(0);
    let above = Places::by_child(nodes, closure);
    let mut is_direct = vec![false; closure.len()];
    // The last node that reaches each node by way of another.
    let mut reached_by = vec![u32::MAX; nodes];
    for child in 0..nodes as u32 {
        for &place in above.of(child) {
            let between = closure[place].1;
            if between == child {
                continue;
            }
            for &place in above.of(between) {
                let ancestor = closure[place].1;
                if ancestor != between {
                    reached_by[ancestor as usize] = child;
                }
            }
        }
        for &place in above.of(child) {
            is_direct[place] = reached_by[closure[place].1 as usize] != child;
        }
    }
    let edges = closure.iter().zip(is_direct);
    edges
        .filter(|(_, is_direct)| *is_direct)
        .map(|(edge, _)| *edge)
        .collect()
}

/// The places of edges in their list, by child.
struct Places {
    starts: Vec<usize>,
    places: Vec<usize>,
}

impl Places {
    fn by_child(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; nodes + 1];
        for &(child, _) in edges {
            starts[child as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut places = vec![0; edges.len()];
        for (place, &(child, _)) in edges.iter().enumerate() {
            places[next[child as usize]] = place;
            next[child as usize] += 1;
        }
        Self { starts, places }
    }

    fn of(&self, child: u32) -> &[usize] {
        let child = child as usize;
        &self.places[self.starts[child]..self.starts[child + 1]]
    }
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
