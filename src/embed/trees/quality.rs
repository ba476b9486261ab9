//! Distortion and mean average precision, measured by walks from node after node.

use rayon::prelude::*;

use super::TreeEmbedding;
use crate::graph::{Graph, Neighbours, Roads, both_ways};
use crate::metric::{Distortion, Ratios};
use crate::scores::average_precision;
use crate::{Error, Result};

const OP: &str = "TreeEmbedding::measure";

/// Nodes that are farther than a neighbour by no more than this part of the shortest edge count as equally far:
/// rounding must not decide between nodes that are.
const TIE: f64 = 1e-9;

/// How well an embedded tree keeps the neighbours and the distances of a graph; see
/// [`TreeEmbedding::measure`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct TreeQuality {
    /// The mean average precision of the graph's own edges, over the sources that have edges.
    /// `None` where every such source is a neighbour of all other nodes, so that there is nothing
    /// to rank.
    pub map: Option<f64>,
    /// The distortion against the distances along the tree's edges.
    pub tree: Distortion,
    /// The distortion against the shortest-path distances in the graph; equal to `tree` if the
    /// graph is the tree.
    pub graph: Distortion,
    /// The number of nodes from which distances were measured.
    pub sources: usize,
}

/// What one source, or some of them, add.
#[derive(Default)]
struct Part {
    precision: f64,
    with_neighbours: usize,
    tree: Ratios,
    graph: Ratios,
}

/// What a walk from one source needs.
struct Rows<'a> {
    walker: super::walk::Walker<'a>,
    /// By place.
    embedded: Vec<f64>,
    along_tree: Vec<f64>,
    /// By node.
    by_node: Vec<f64>,
    in_graph: Vec<f64>,
}

/// What all walks share.
struct Measure<'a> {
    embedding: &'a TreeEmbedding,
    neighbours: Neighbours,
    roads: Roads,
    is_source: Vec<bool>,
    tie: f64,
}

impl TreeEmbedding {
    /// Measures the embedding of a tree against `graph`, on the same nodes: the graph that the tree spans, or
    /// the tree itself.
    ///
    /// ```text
    /// MAP         as mean_average_precision, for the neighbours in the graph
    /// distortion  as distortion, of d/τ, once against the tree's and once against the graph's distances
    /// ```
    ///
    /// Distances are measured from the nodes `sources` to all nodes; every pair counts once.
    /// `None` takes all nodes: the figures are then exact, and the time grows with the square of
    /// the number of nodes. No distances are stored. `progress` is called with every source that
    /// is done, from any thread.
    ///
    /// A node that is farther than a neighbour by up to 1e-9 of the shortest edge counts as
    /// equally far, against the embedding. At distances of 5e4 shortest edges and more the
    /// [rounding error](TreeEmbedding::distance) is larger than that, and may decide between equal
    /// distances.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a graph with another number of nodes or without edges, for
    /// different nodes at distance 0, for a source that is not a node or is given twice, for
    /// sources without neighbours, and for fewer than two nodes; [`Error::NotFinite`] for a
    /// distance that is not finite when divided by the scale, with the pair.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::embed::{TreeConfig, embed_tree};
    /// use holonomy::graph::{Graph, SpanningTree, spanning_tree};
    ///
    /// // A triangle with a tail: one of its sides is not in the tree.
    /// let names = ["a", "b", "c", "d"].map(String::from).to_vec();
    /// let graph = Graph::new(names, vec![(0, 1), (1, 2), (2, 0), (3, 2)], None)?;
    /// let tree = spanning_tree(&graph, SpanningTree::BreadthFirst { root: 2 })?;
    /// let embedding = embed_tree(&tree, &TreeConfig::default())?;
    /// let found = embedding.measure(&graph, None, |_| {})?;
    /// assert!(found.tree.worst_case <= 1.1);
    /// assert!((found.graph.worst_case - 2.0).abs() < 0.2);
    /// assert!(found.map.unwrap() < 1.0);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn measure(
        &self,
        graph: &Graph,
        sources: Option<&[u32]>,
        progress: impl Fn(u32) + Sync,
    ) -> Result<TreeQuality> {
        let all: Vec<u32> = (0..self.node_count() as u32).collect();
        let sources = sources.unwrap_or(&all);
        let measure = Measure::new(self, graph, sources)?;
        let part = sources
            .par_iter()
            .map_init(
                || Rows::new(self),
                |rows, &source| {
                    let part = measure.part(source, rows);
                    progress(source);
                    part
                },
            )
            .try_reduce(Part::default, |a, b| Ok(a.with(&b)))?;
        if part.with_neighbours == 0 {
            return Err(Error::invalid(OP, "sources with neighbours", "none"));
        }
        let can_be_ranked = sources
            .iter()
            .any(|&source| measure.neighbours.can_be_ranked(source));
        Ok(TreeQuality {
            map: can_be_ranked.then(|| part.precision / part.with_neighbours as f64),
            tree: part.tree.distortion(OP)?,
            graph: part.graph.distortion(OP)?,
            sources: sources.len(),
        })
    }
}

impl<'a> Rows<'a> {
    fn new(embedding: &'a TreeEmbedding) -> Self {
        let row = || vec![0.0; embedding.node_count()];
        Self {
            walker: embedding.edges.walker(&embedding.tree),
            embedded: row(),
            along_tree: row(),
            by_node: row(),
            in_graph: row(),
        }
    }
}

impl<'a> Measure<'a> {
    fn new(embedding: &'a TreeEmbedding, graph: &Graph, sources: &[u32]) -> Result<Self> {
        let nodes = embedding.node_count();
        if graph.node_count() != nodes {
            let expected = format!("a graph on {nodes} nodes");
            return Err(Error::invalid(OP, expected, graph.node_count()));
        }
        let mut is_source = vec![false; nodes];
        for &source in sources {
            match is_source.get_mut(source as usize) {
                Some(known) if !*known => *known = true,
                _ => {
                    let expected = format!("different sources below {nodes}");
                    return Err(Error::invalid(OP, expected, source));
                }
            }
        }
        let lengths = embedding.lengths.iter().skip(1);
        Ok(Self {
            embedding,
            neighbours: Neighbours::new(nodes, &both_ways(graph.edges())),
            roads: Roads::of(graph),
            is_source,
            tie: TIE * lengths.fold(f64::INFINITY, |least, &length| least.min(length)),
        })
    }

    fn part(&self, source: u32, rows: &mut Rows<'_>) -> Result<Part> {
        let tree = &self.embedding.tree;
        (rows.walker)(tree.place(source), &mut rows.embedded);
        tree.fill_paths(tree.place(source), &mut rows.along_tree);
        self.roads.fill(source, &mut rows.in_graph);
        for (&node, distance) in tree.nodes().iter().zip(&rows.embedded) {
            rows.by_node[node as usize] = *distance;
        }
        let mut part = Part::default();
        let own = self.neighbours.of(source);
        let found = average_precision(&rows.by_node, source as usize, own, self.tie);
        if let Some(precision) = found {
            part.precision = precision;
            part.with_neighbours = 1;
        }
        for (place, &node) in tree.nodes().iter().enumerate() {
            let pair = (source as usize, node as usize);
            if node == source || (node < source && self.is_source[pair.1]) {
                continue;
            }
            let distance = rows.embedded[place] / self.embedding.scale;
            part.tree.add(OP, pair, rows.along_tree[place], distance)?;
            if rows.in_graph[pair.1].is_finite() {
                part.graph.add(OP, pair, rows.in_graph[pair.1], distance)?;
            }
        }
        Ok(part)
    }
}

impl Part {
    fn with(mut self, other: &Self) -> Self {
        self.precision += other.precision;
        self.with_neighbours += other.with_neighbours;
        self.tree.merge(&other.tree);
        self.graph.merge(&other.graph);
        self
    }
}
