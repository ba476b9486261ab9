//! Spanning trees.

use petgraph::unionfind::UnionFind;

use super::Graph;
use crate::{Error, Result};

const OP: &str = "spanning_tree";

/// The rule by which [`spanning_tree`] keeps edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpanningTree {
    /// A breadth-first tree: the fewest edges between every node and the root.
    ///
    /// Of several neighbours that are nearer to the root, a node keeps the one of the smallest
    /// degree.
    BreadthFirst {
        /// The root.
        root: u32,
    },
    /// The tree that keeps the largest share of every node's neighbours, on average over the
    /// nodes:
    ///
    /// ```text
    /// max Σ 1/k(u) + 1/k(v) over the kept edges (u, v),   k(u): the number of neighbours of u
    /// ```
    ///
    /// With the distances of the tree, the mean average precision of the graph's edges is this sum
    /// divided by the number of nodes, plus the contribution of the lost neighbours, which is
    /// small unless they remain near. Edges are mainly lost between nodes of high degree, where
    /// they count least. Paths become longer.
    KeepNeighbors,
    /// A compromise of the two: it keeps neighbours, but not at the cost of making many paths
    /// longer.
    ///
    /// ```text
    /// max Σ 1/k(u) + 1/k(v) + weight · s(u, v) over the kept edges,
    /// s(u, v): how many nodes hang on the edge in the breadth-first tree; 0 for edges outside of it
    /// ```
    ///
    /// The weight 0 gives [`KeepNeighbors`](Self::KeepNeighbors), a large weight
    /// [`BreadthFirst`](Self::BreadthFirst). For the nouns of WordNet, 1/50 has most of the
    /// advantages of both.
    Between {
        /// The root of the breadth-first tree.
        root: u32,
        /// The weight of s(u, v), ≥ 0.
        weight: f64,
    },
}

/// A spanning tree of a connected graph.
///
/// Edges are treated as undirected. Kept edges keep their order, direction and weight. Of an edge
/// and its reverse at most one is kept.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a graph that is not connected, with names of nodes, for a root that
/// is not a node, and for a weight that is negative or not finite.
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
        SpanningTree::BreadthFirst { root } => {
            let mut keeps = vec![false; graph.edge_count()];
            for edge in Shallow::new(graph, root, &degrees)?
                .kept
                .into_iter()
                .flatten()
            {
                keeps[edge] = true;
            }
            keeps
        }
        SpanningTree::KeepNeighbors => {
            most_precise(graph, &degrees, &vec![0.0; graph.edge_count()])?
        }
        SpanningTree::Between { root, weight } => {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::invalid(OP, "a finite weight ≥ 0", weight));
            }
            let mut bonus = Shallow::new(graph, root, &degrees)?.sizes(graph);
            for size in &mut bonus {
                *size *= weight;
            }
            most_precise(graph, &degrees, &bonus)?
        }
    };
    Ok(graph.with_edges(&kept))
}

/// The breadth-first tree of a graph.
struct Shallow {
    /// For each node but the root the edge that it keeps.
    kept: Vec<Option<usize>>,
    /// The root, and the nodes from there.
    order: Vec<u32>,
}

impl Shallow {
    fn new(graph: &Graph, root: u32, degrees: &[u32]) -> Result<Self> {
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
        let mut kept = vec![None; nodes];
        let mut order = vec![root];
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            let depth = depths[node as usize];
            // All nodes nearer to the root have their depths by now.
            let nearer = around[node as usize]
                .iter()
                .filter(|(other, _)| depths[*other as usize] < depth);
            kept[node as usize] = nearer
                .min_by_key(|(other, _)| degrees[*other as usize])
                .map(|&(_, edge)| edge);
            for &(other, _) in &around[node as usize] {
                if depths[other as usize] == u32::MAX {
                    depths[other as usize] = depth + 1;
                    order.push(other);
                }
            }
        }
        match depths.iter().position(|&depth| depth == u32::MAX) {
            Some(node) => Err(apart(graph, root, node as u32)),
            None => Ok(Self { kept, order }),
        }
    }

    /// For each edge the nodes that hang on it; 0 for those that are not kept.
    fn sizes(&self, graph: &Graph) -> Vec<f64> {
        let mut of_nodes = vec![1.0; graph.node_count()];
        let mut of_edges = vec![0.0; graph.edge_count()];
        for &node in self.order.iter().rev() {
            if let Some(edge) = self.kept[node as usize] {
                let (a, b) = graph.edges()[edge];
                let parent = if a == node { b } else { a };
                of_edges[edge] = of_nodes[node as usize];
                of_nodes[parent as usize] += of_nodes[node as usize];
            }
        }
        of_edges
    }
}

/// For each edge whether it is in a spanning tree of the largest sum of 1/k(u) + 1/k(v) and the bonus
/// (Kruskal).
fn most_precise(graph: &Graph, degrees: &[u32], bonus: &[f64]) -> Result<Vec<bool>> {
    let share = |node: u32| 1.0 / f64::from(degrees[node as usize]);
    let worth: Vec<f64> = graph
        .edges()
        .iter()
        .zip(bonus)
        .map(|(&(a, b), bonus)| share(a) + share(b) + bonus)
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
