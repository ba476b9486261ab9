//! A graph that is a tree, hung up at one of its nodes.

use std::collections::VecDeque;

use petgraph::unionfind::UnionFind;

use super::OP;
use crate::graph::Graph;
use crate::{Error, Result};

/// What marks the root in [`RootedTree::parents`].
const NONE: u32 = u32::MAX;

/// A rooted tree whose nodes are renumbered by *places*: parents before children, and every subtree
/// in one piece.
#[derive(Debug)]
pub(super) struct RootedTree {
    /// The node of each place.
    nodes: Vec<u32>,
    /// The place of each node.
    places: Vec<u32>,
    /// By place; `NONE` for the root, which has place 0.
    parents: Vec<u32>,
    /// The edge above each place, as it is in the graph; 0 for the root.
    weights: Vec<f64>,
    /// How many edges meet at each place.
    degrees: Vec<u32>,
    /// Among the edges of its parent, counted from the one that leads upwards, by place.
    ranks: Vec<u32>,
}

impl RootedTree {
    /// Hangs the graph up at `root`, or at its centre.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a graph that is not a tree.
    pub(super) fn new(graph: &Graph, root: Option<u32>) -> Result<Self> {
        let count = graph.node_count();
        if count == 0 {
            return Err(Error::invalid(OP, "a tree with at least one node", "none"));
        }
        if let Some(root) = root.filter(|&root| root as usize >= count) {
            let expected = format!("a root below the number of nodes, {count}");
            return Err(Error::invalid(OP, expected, root));
        }
        check_tree(graph)?;
        let neighbours = Neighbours::new(graph);
        let root = root.unwrap_or_else(|| neighbours.center());
        Ok(Self::hang(&neighbours, root))
    }

    fn hang(neighbours: &Neighbours, root: u32) -> Self {
        let count = neighbours.starts.len() - 1;
        let mut tree = Self {
            nodes: Vec::with_capacity(count),
            places: vec![NONE; count],
            parents: Vec::with_capacity(count),
            weights: Vec::with_capacity(count),
            degrees: Vec::with_capacity(count),
            ranks: Vec::with_capacity(count),
        };
        let mut pending = vec![(root, NONE, 0.0, 0)];
        while let Some((node, parent, weight, rank)) = pending.pop() {
            let place = tree.nodes.len() as u32;
            let around = neighbours.of(node);
            tree.nodes.push(node);
            tree.places[node as usize] = place;
            tree.parents.push(parent);
            tree.weights.push(weight);
            tree.degrees.push(around.len() as u32);
            tree.ranks.push(rank);
            let above = tree.nodes.get(parent as usize).copied();
            let below = around.iter().filter(|&&(other, _)| Some(other) != above);
            let first = u32::from(above.is_some());
            let ranked = (first..).zip(below);
            pending.extend(ranked.map(|(rank, &(child, weight))| (child, place, weight, rank)));
        }
        tree
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node at each place.
    pub(super) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    pub(super) fn place(&self, node: u32) -> usize {
        self.places[node as usize] as usize
    }

    /// The place of the parent.
    pub(super) fn parent(&self, place: usize) -> Option<usize> {
        let parent = self.parents[place];
        (parent != NONE).then_some(parent as usize)
    }

    /// The weight of the edge above a place.
    pub(super) fn weight(&self, place: usize) -> f64 {
        self.weights[place]
    }

    pub(super) fn degree(&self, place: usize) -> usize {
        self.degrees[place] as usize
    }

    /// Which of its parent's edges leads to this place; 0 is the parent's own upward edge, where it
    /// has one.
    pub(super) fn rank(&self, place: usize) -> usize {
        self.ranks[place] as usize
    }

    /// The sums of the weights from a place to all, by place.
    pub(super) fn fill_paths(&self, source: usize, lengths: &mut [f64]) {
        lengths[source] = 0.0;
        let mut path = vec![source];
        let mut place = source;
        while let Some(parent) = self.parent(place) {
            lengths[parent] = lengths[place] + self.weights[place];
            path.push(parent);
            place = parent;
        }
        for place in 0..self.len() {
            if path.last() == Some(&place) {
                path.pop();
            } else if let Some(parent) = self.parent(place) {
                lengths[place] = lengths[parent] + self.weights[place];
            }
        }
    }

    /// The number of edges of the longest path.
    pub(super) fn hops(&self) -> usize {
        let mut heights = vec![0_usize; self.len()];
        let mut longest = 0;
        for place in (1..self.len()).rev() {
            let parent = self.parents[place] as usize;
            let height = heights[place] + 1;
            longest = longest.max(heights[parent] + height);
            heights[parent] = heights[parent].max(height);
        }
        longest
    }
}

/// The neighbours of every node, one list after the other.
struct Neighbours {
    starts: Vec<usize>,
    /// With the weight of the edge.
    of_all: Vec<(u32, f64)>,
}

impl Neighbours {
    fn new(graph: &Graph) -> Self {
        let mut starts = vec![0; graph.node_count() + 1];
        for &(a, b) in graph.edges() {
            starts[a as usize + 1] += 1;
            starts[b as usize + 1] += 1;
        }
        for node in 1..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut next = starts.clone();
        let mut of_all = vec![(0, 0.0); 2 * graph.edge_count()];
        for (edge, &(a, b)) in graph.edges().iter().enumerate() {
            let weight = weight(graph, edge);
            for (from, to) in [(a, b), (b, a)] {
                of_all[next[from as usize]] = (to, weight);
                next[from as usize] += 1;
            }
        }
        Self { starts, of_all }
    }

    fn of(&self, node: u32) -> &[(u32, f64)] {
        let node = node as usize;
        &self.of_all[self.starts[node]..self.starts[node + 1]]
    }

    /// The node from which the farthest other one is nearest.
    fn center(&self) -> u32 {
        let (from, _) = self.farthest(0);
        let (to, path) = self.farthest(from);
        let length = path[to as usize].0;
        let (mut node, mut best) = (to, to);
        let farther_end = |node: u32| path[node as usize].0.max(length - path[node as usize].0);
        while node != from {
            node = path[node as usize].1;
            if farther_end(node) < farther_end(best) {
                best = node;
            }
        }
        best
    }

    /// The node farthest from `start`; for all nodes their distance from it and the step towards it.
    fn farthest(&self, start: u32) -> (u32, Vec<(f64, u32)>) {
        let mut path = vec![(f64::NAN, start); self.starts.len() - 1];
        path[start as usize].0 = 0.0;
        let mut queue = VecDeque::from([start]);
        let mut farthest = start;
        while let Some(node) = queue.pop_front() {
            let distance = path[node as usize].0;
            if distance > path[farthest as usize].0 {
                farthest = node;
            }
            for &(other, weight) in self.of(node) {
                if path[other as usize].0.is_nan() {
                    path[other as usize] = (distance + weight, node);
                    queue.push_back(other);
                }
            }
        }
        (farthest, path)
    }
}

/// The weight of an edge.
pub(super) fn weight(graph: &Graph, edge: usize) -> f64 {
    graph.weights().map_or(1.0, |weights| weights[edge])
}

fn check_tree(graph: &Graph) -> Result<()> {
    let mut parts = UnionFind::<u32>::new(graph.node_count());
    let name = |node: u32| format!("{:?}", graph.names()[node as usize]);
    for (edge, &(a, b)) in graph.edges().iter().enumerate() {
        if !parts.union(a, b) {
            let got = format!(
                "a cycle, closed by the edge from {} to {}",
                name(a),
                name(b)
            );
            return Err(Error::invalid(OP, "a tree", got));
        }
        if weight(graph, edge) <= 0.0 {
            let got = format!("a weight of 0 between {} and {}", name(a), name(b));
            return Err(Error::invalid(OP, "lengths above 0", got));
        }
    }
    let first = parts.find_mut(0);
    let mut others = 1..graph.node_count() as u32;
    match others.find(|&node| parts.find_mut(node) != first) {
        Some(node) => {
            let got = format!("no path between {} and {}", name(0), name(node));
            Err(Error::invalid(OP, "a tree", got))
        }
        None => Ok(()),
    }
}
