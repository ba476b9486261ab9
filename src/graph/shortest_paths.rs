//! Lengths of shortest paths.

use std::collections::VecDeque;

use petgraph::Directed;
use petgraph::algo::dijkstra;
use petgraph::csr::Csr;
use tch::Tensor;

use super::Graph;
use crate::numerics::rows::fill_rows;
use crate::{Error, Result};

/// The lengths of the shortest paths between all pairs of nodes. Edges are undirected, and their
/// weights are lengths.
///
/// ```text
/// d(x, y) = min over the paths x = x₀, x₁, …, x_k = y of Σ length(xᵢ, xᵢ₊₁),   +∞ where there is none
/// ```
///
/// In a graph without weights each edge has the length 1. Of an edge and its reverse the shorter
/// one counts.
///
/// # Shapes
///
/// `[nodes, nodes]`, f64 on the CPU: 8·nodes² bytes.
///
/// # Accuracy
///
/// Exact for unweighted graphs; otherwise lengths are added along the path, from the node with the
/// smaller number, so that the matrix is symmetric to the last bit. The result does not depend on
/// the number of threads.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{Graph, shortest_paths};
///
/// let names = ["poodle", "dog", "cat", "mammal"].map(String::from).to_vec();
/// let graph = Graph::new(names, vec![(0, 1), (1, 3), (2, 3)], None)?;
/// assert_eq!(shortest_paths(&graph).double_value(&[0, 2]), 3.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn shortest_paths(graph: &Graph) -> Tensor {
    let all: Vec<u32> = (0..graph.node_count() as u32).collect();
    let paths = Roads::of(graph).lengths(&all, &|_| {});
    if graph.weights().is_none() {
        return paths;
    }
    // Sums of rounded lengths depend on the direction.
    paths.triu(0) + paths.triu(1).transpose(0, 1)
}

/// [`shortest_paths`] from the nodes `sources` only: one row for each.
///
/// `progress` is called with every source that is done, from any thread.
///
/// # Shapes
///
/// `[sources, nodes]`, f64 on the CPU.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a source that is not a node.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{Graph, shortest_paths_from};
///
/// let names = ["a", "b", "c"].map(String::from).to_vec();
/// let graph = Graph::new(names, vec![(0, 1), (2, 1)], Some(vec![0.5, 2.0]))?;
/// let from_a = shortest_paths_from(&graph, &[0], |_| {})?;
/// assert_eq!(Vec::<f64>::try_from(from_a.view(-1)).unwrap(), [0.0, 0.5, 2.5]);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn shortest_paths_from(
    graph: &Graph,
    sources: &[u32],
    progress: impl Fn(u32) + Sync,
) -> Result<Tensor> {
    let nodes = graph.node_count();
    if let Some(source) = sources.iter().find(|&&source| source as usize >= nodes) {
        return Err(Error::invalid(
            "shortest_paths_from",
            format!("sources below the number of nodes, {nodes}"),
            source,
        ));
    }
    Ok(Roads::of(graph).lengths(sources, &progress))
}

/// The edges of a graph, to be walked both ways.
pub(crate) struct Roads {
    neighbours: Csr<(), f64, Directed, u32>,
    all_of_length_1: bool,
}

impl Roads {
    pub(crate) fn of(graph: &Graph) -> Self {
        let length = |edge: usize| graph.weights().map_or(1.0, |weights| weights[edge]);
        let mut edges: Vec<(u32, u32, f64)> = Vec::with_capacity(2 * graph.edge_count());
        for (edge, &(a, b)) in graph.edges().iter().enumerate() {
            edges.extend([(a, b, length(edge)), (b, a, length(edge))]);
        }
        edges.sort_unstable_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(x.2.total_cmp(&y.2)));
        edges.dedup_by_key(|edge| (edge.0, edge.1));
        Self {
            neighbours: compressed(graph.node_count(), &edges),
            all_of_length_1: graph.weights().is_none(),
        }
    }

    fn lengths(&self, sources: &[u32], progress: &(impl Fn(u32) + Sync)) -> Tensor {
        fill_rows(sources.len(), self.neighbours.node_count(), |row, out| {
            self.fill(sources[row], out);
            progress(sources[row]);
        })
    }

    /// The lengths of the shortest paths from one node to all.
    pub(crate) fn fill(&self, source: u32, lengths: &mut [f64]) {
        lengths.fill(f64::INFINITY);
        if self.all_of_length_1 {
            self.breadth_first(source, lengths);
            return;
        }
        for (node, length) in dijkstra(&self.neighbours, source, None, |e| *e.weight()) {
            lengths[node as usize] = length;
        }
    }

    fn breadth_first(&self, source: u32, lengths: &mut [f64]) {
        let mut queue = VecDeque::from([source]);
        lengths[source as usize] = 0.0;
        while let Some(node) = queue.pop_front() {
            let next = lengths[node as usize] + 1.0;
            for &neighbour in self.neighbours.neighbors_slice(node) {
                let length = &mut lengths[neighbour as usize];
                if length.is_infinite() {
                    *length = next;
                    queue.push_back(neighbour);
                }
            }
        }
    }
}

/// The rows of neighbours of edges that are sorted and different.
fn compressed(nodes: usize, edges: &[(u32, u32, f64)]) -> Csr<(), f64, Directed, u32> {
    let mut rows = Csr::from_sorted_edges(edges).unwrap_or_else(|_| Csr::with_nodes(nodes));
    // petgraph makes nodes up to the last that has an edge.
    while rows.node_count() < nodes {
        rows.add_node(());
    }
    rows
}
