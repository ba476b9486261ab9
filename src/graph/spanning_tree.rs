//! Trees within graphs.

use std::collections::VecDeque;

use petgraph::unionfind::UnionFind;

use super::Graph;
use crate::{Error, Result};

const OP: &str = "spanning_tree";

/// Which edges of a graph [`spanning_tree`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanningTree {
    /// The fewest edges between every node and the root.
    ///
    /// Of several neighbours that are nearer to the root, a node keeps the one with the fewest edges.
    BreadthFirst {
        /// The node that all paths lead to.
        root: u32,
    },
    /// The largest share of every node's neighbours, on average over the nodes:
    ///
    /// ```text
    /// max Σ 1/k(u) + 1/k(v) over the kept edges (u, v),   k(u): the number of neighbours of u
    /// ```
    ///
    /// If distances are those in the tree, the mean average precision of the graph's edges is this sum
    /// over the number of nodes, and what the neighbours that were lost add on top, which is little
    /// unless the nodes remain near. What is given up goes where it is felt least: between nodes of
    /// many neighbours. Paths become longer.
    KeepNeighbors,
}

/// A tree of edges of a connected graph, on the same nodes.
///
/// Edges may be walked both ways; those that are kept keep their order, direction and weight. Of an edge there
/// and one back only the first counts.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a graph that is not connected, with names of nodes, and for a root that
/// is no node.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{Graph, SpanningTree, spanning_tree};
///
/// // The pet is both a dog and a possession.
/// let names = ["thing", "dog", "possession", "pet", "car", "house"].map(String::from).to_vec();
/// let edges = vec![(1, 0), (2, 0), (3, 1), (3, 2), (4, 2), (5, 2)];
/// let graph = Graph::new(names, edges, None)?;
/// let tree = spanning_tree(&graph, SpanningTree::BreadthFirst { root: 0 })?;
/// assert_eq!(tree.edges(), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 2)]);
/// let tree = spanning_tree(&graph, SpanningTree::KeepNeighbors)?;
/// assert_eq!(tree.edge_count(), 5);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn spanning_tree(graph: &Graph, rule: SpanningTree) -> Result<Graph> {
    let mut degrees = vec![0_u32; graph.node_count()];
    let mut pairs: Vec<(u32, u32)> = graph
        .edges()
        .iter()
        .map(|&(a, b)| (a.min(b), a.max(b)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    for (a, b) in pairs {
        degrees[a as usize] += 1;
        degrees[b as usize] += 1;
    }
    let kept = match rule {
        SpanningTree::BreadthFirst { root } => towards(graph, root, &degrees)?,
        SpanningTree::KeepNeighbors => most_precise(graph, &degrees)?,
    };
    Ok(graph.with_edges(&kept))
}

/// For each edge whether it leads from a node to the one that it keeps.
fn towards(graph: &Graph, root: u32, degrees: &[u32]) -> Result<Vec<bool>> {
    let nodes = graph.node_count();
    if root as usize >= nodes {
        return Err(Error::invalid(OP, format!("a root below {nodes}"), root));
    }
    let mut around = vec![Vec::new(); nodes];
    for (edge, &(a, b)) in graph.edges().iter().enumerate() {
        around[a as usize].push((b, edge));
        around[b as usize].push((a, edge));
    }
    let mut depths = vec![u32::MAX; nodes];
    depths[root as usize] = 0;
    let mut queue = VecDeque::from([root]);
    let mut keeps = vec![false; graph.edge_count()];
    while let Some(node) = queue.pop_front() {
        let depth = depths[node as usize];
        // All nodes nearer to the root have their depths by now.
        let nearer = around[node as usize]
            .iter()
            .filter(|(other, _)| depths[*other as usize] < depth);
        if let Some(&(_, edge)) = nearer.min_by_key(|(other, _)| degrees[*other as usize]) {
            keeps[edge] = true;
        }
        for &(other, _) in &around[node as usize] {
            if depths[other as usize] == u32::MAX {
                depths[other as usize] = depth + 1;
                queue.push_back(other);
            }
        }
    }
    match depths.iter().position(|&depth| depth == u32::MAX) {
        Some(node) => Err(apart(graph, root, node as u32)),
        None => Ok(keeps),
    }
}

/// For each edge whether it is in a spanning tree of the largest sum (Kruskal).
fn most_precise(graph: &Graph, degrees: &[u32]) -> Result<Vec<bool>> {
    let share = |node: u32| 1.0 / f64::from(degrees[node as usize]);
    let worth: Vec<f64> = graph
        .edges()
        .iter()
        .map(|&(a, b)| share(a) + share(b))
        .collect();
    let mut order: Vec<usize> = (0..graph.edge_count()).collect();
    order.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
    let mut parts = UnionFind::<u32>::new(graph.node_count());
    let mut keeps = vec![false; graph.edge_count()];
    for edge in order {
        let (a, b) = graph.edges()[edge];
        keeps[edge] = parts.union(a, b);
    }
    let mut nodes = 1..graph.node_count() as u32;
    match nodes.find(|&node| !parts.equiv(0, node)) {
        Some(node) => Err(apart(graph, 0, node)),
        None => Ok(keeps),
    }
}

fn apart(graph: &Graph, a: u32, b: u32) -> Error {
    let [a, b] = [a, b].map(|node| &graph.names()[node as usize]);
    Error::invalid(
        OP,
        "a connected graph",
        format!("no path between {a:?} and {b:?}"),
    )
}
