//! Embeddings of trees in hyperbolic space, constructed without optimisation.
//!
//! Every node gets its own orthonormal frame. In this frame its edges leave in well separated
//! directions, and the edge to the parent has the direction e₁. The end of an edge of weight w
//! lies at the distance τ·w:
//!
//! ```text
//! p_child = exp_{p_parent}( τ·w·e ),   e ∈ C_k, the directions of a node with k edges
//! ```
//!
//! The frame of the child is the parent's frame, parallel transported along the edge and then
//! reflected so that the direction back to the parent is e₁. In two dimensions this is Sarkar's
//! construction, in higher dimensions that of sala2018.
//!
//! # Directions
//!
//! In two dimensions, k directions at angles of 2π/k. In d > 2 dimensions, the vertices of a
//! simplex for k ≤ d + 1 (angle arccos(−1/(k − 1))) and ±eᵢ for k ≤ 2d (angle 90°), both of which
//! are optimal. For larger k, the one of the following with the largest angle:
//!
//! - the roots (±eᵢ ± eⱼ)/√2, for k ≤ 2d(d − 1): 60°;
//! - layers of constant latitude around e₁, with the same angle between layers as within a layer.
//!   Each layer is itself a layered code of one dimension less. The angle is the largest that
//!   gives k vectors;
//! - (±1, …, ±1)/√d with the signs of a greedy binary code of distance h: arccos(1 − 2h/d). This
//!   is the choice of the paper.
//!
//! The smallest angle of each of these sets is known. No random numbers are used.
//!
//! # Scale
//!
//! Edge lengths are exact, and no distance is longer than its path in the tree. A path loses some
//! length at each corner. With α the smallest angle between edges and ℓ the length of the shortest
//! edge,
//!
//! ```text
//! tan(ψ/2) = e^−ℓ cot((α − ψ)/2)        ν = −2 ln sin((α − ψ)/2)
//! d(x, y) ≥ Σ ℓᵢ − (m − 1) ν            for a path of m edges
//! ```
//!
//! Here ψ bounds the angle, seen from the end of an edge, between that edge and any point behind
//! it. At a corner, the direction to the start x of a path therefore makes an angle of at least α
//! − ψ with the next edge. The Gromov product at a corner of angle θ is (x|y) ≤ −ln sin(θ/2). So
//! all distances are within a factor 1 + ε of τ times those in the tree if
//!
//! ```text
//! τ = (1 + ε)/ε · ν · (m − 1)/m / (smallest weight)      for the longest path, of m edges
//! ```
//!
//! Since ν depends on ℓ, this is solved for τ by bisection. In two dimensions ν ≈ 2 ln(k/π) for
//! the largest degree k. The bound of the paper, by cones, has ν = −2 ln tan(β/2) for a β < π/k,
//! about 2 ln(2k/π), and no factor (m − 1)/m.
//!
//! # Bits
//!
//! A point at the distance R from the origin of the ball has 1 − |x| = 2/(e^R + 1). To distinguish
//! it from the boundary, and to have distances to 2⁻¹⁰, a coordinate needs
//!
//! ```text
//! bits = R/ln 2 + 10,   R ≤ ½ · τ · longest path        with the centre of the tree at the origin
//! ```
//!
//! This is O(m/ε · ln k) for a longest path of m edges, as in the paper. Up to 53 bits, f64 is
//! enough ([`TreeEmbedding::points`]); beyond that, use big floats
//! ([`TreeEmbedding::precise_points`]).
//!
//! # Distances without points
//!
//! Since every node lies at a known place in its parent's frame, distances can be composed along
//! the paths: the source is expressed in polar coordinates (r, n) of one node after another. This
//! needs only f64, however many bits the points need ([`TreeEmbedding::distances_from`]). Use it
//! to measure a large embedding ([`TreeEmbedding::measure`]).

mod directions;
mod precise;
mod quality;
mod scale;
mod tree;
mod walk;

use std::collections::HashMap;

use tch::Tensor;

use self::directions::{Directions, spread};
pub use self::precise::PrecisePoints;
pub use self::quality::TreeQuality;
use self::tree::RootedTree;
use self::walk::Edges;
use super::model::table::tensor_of;
use crate::graph::Graph;
use crate::{Error, Result};

const OP: &str = "embed_tree";

/// The most dimensions: more than enough, as ever more of them gain ever less.
const LARGEST_DIM: usize = 64;

/// The bits of an f64.
const F64_BITS: f64 = 53.0;

/// The settings of [`embed_tree`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TreeConfig {
    /// The dimensions of the space, 2 to 64.
    pub dim: usize,
    /// ε > 0: the wanted worst-case distortion is 1 + ε. Ignored where a scale is given.
    pub epsilon: f64,
    /// The length τ of an edge of weight 1; [`TreeEmbedding::distortion_bound`] then bounds the
    /// distortion. `None`: the smallest τ that guarantees the wanted distortion.
    pub scale: Option<f64>,
    /// The node at the origin. `None`: the centre of the tree, which needs the fewest bits.
    pub root: Option<u32>,
}

impl Default for TreeConfig {
    /// Two dimensions, ε = 0.1, scale and root found.
    fn default() -> Self {
        Self {
            dim: 2,
            epsilon: 0.1,
            scale: None,
            root: None,
        }
    }
}

/// A tree embedded in hyperbolic space of curvature −1. Each node is stored relative to its
/// parent.
///
/// Made by [`embed_tree`].
#[derive(Debug)]
pub struct TreeEmbedding {
    tree: RootedTree,
    dim: usize,
    scale: f64,
    /// By degree.
    directions: HashMap<usize, Directions>,
    /// By place.
    lengths: Vec<f64>,
    edges: Box<dyn Edges>,
    angle: f64,
    bound: f64,
    radius: f64,
}

/// Embeds a tree in hyperbolic space: every distance is the path length in the tree times the
/// scale τ, up to a factor between 1/(1 + ε) and 1. Where the scale is given, the factor is
/// between 1/[`distortion_bound`](TreeEmbedding::distortion_bound) and 1. The [module's
/// page](self) describes the construction.
///
/// The directions of the edges are ignored; their weights are lengths. Use a [spanning
/// tree](crate::graph::spanning_tree) to make a tree of any connected graph.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a graph that is not connected or has a cycle, with the names of
/// nodes; for an edge of length 0; for a root that is not a node; for fewer than 2 or more than 64
/// dimensions; and for an ε or a scale that is not positive and finite, or with which lengths are
/// not normal numbers.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{TreeConfig, embed_tree};
/// use holonomy::graph::Graph;
///
/// let names = ["root", "a", "b", "c", "a's"].map(String::from).to_vec();
/// let tree = Graph::new(names, vec![(1, 0), (2, 0), (3, 0), (4, 1)], None)?;
/// let embedding = embed_tree(&tree, &TreeConfig { epsilon: 0.25, ..TreeConfig::default() })?;
///
/// assert!(embedding.distortion_bound() <= 1.25 + 1e-9);
/// let (edge, path) = (embedding.distance(4, 1), embedding.distance(4, 2));
/// assert!((edge / embedding.scale() - 1.0).abs() < 1e-12);
/// assert!((3.0 / 1.25..=3.0).contains(&(path / embedding.scale())));
/// assert!(embedding.fits_f64());
/// assert_eq!(embedding.points()?.size(), [5, 2]);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// sala2018, section 3.
pub fn embed_tree(graph: &Graph, config: &TreeConfig) -> Result<TreeEmbedding> {
    check(config)?;
    let tree = RootedTree::new(graph, config.root)?;
    let mut directions = HashMap::new();
    for place in 0..tree.len() {
        let degree = tree.degree(place);
        directions
            .entry(degree)
            .or_insert_with(|| spread(degree, config.dim));
    }
    let angle = least(directions.values().map(|directions| directions.angle));
    let shortest = least((1..tree.len()).map(|place| tree.weight(place)));
    let hops = tree.hops();
    let scale = match config.scale {
        Some(scale) => scale,
        None => found_scale(angle, hops, config.epsilon, shortest)?,
    };
    let lengths: Vec<f64> = (0..tree.len())
        .map(|place| scale * tree.weight(place))
        .collect();
    let mut depths = vec![0.0; tree.len()];
    tree.fill_paths(0, &mut depths);
    let radius = scale * depths.into_iter().fold(0.0, f64::max);
    if !radius.is_finite() || (tree.len() > 1 && scale * shortest < f64::MIN_POSITIVE) {
        let expected = "weights whose multiples by the scale are normal numbers";
        return Err(Error::invalid(OP, expected, format!("scale {scale:e}")));
    }
    let edges = walk::edges(
        config.dim,
        &lengths,
        &edge_directions(&tree, &directions, config.dim),
    );
    Ok(TreeEmbedding {
        dim: config.dim,
        scale,
        lengths,
        edges,
        angle,
        bound: scale::distortion_bound(angle, scale * shortest, hops),
        radius,
        tree,
        directions,
    })
}

fn check(config: &TreeConfig) -> Result<()> {
    if !(2..=LARGEST_DIM).contains(&config.dim) {
        let expected = format!("2 to {LARGEST_DIM} dimensions");
        return Err(Error::invalid(OP, expected, config.dim));
    }
    let is_positive = |x: f64| x.is_finite() && x > 0.0;
    if !is_positive(config.epsilon) {
        return Err(Error::invalid(OP, "a finite ε > 0", config.epsilon));
    }
    match config.scale {
        Some(scale) if !is_positive(scale) => Err(Error::invalid(OP, "a finite scale > 0", scale)),
        _ => Ok(()),
    }
}

/// The smallest; infinite for none.
fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// The smallest scale with the wanted distortion; 1 where every one has it.
fn found_scale(angle: f64, hops: usize, epsilon: f64, shortest: f64) -> Result<f64> {
    let length = scale::shortest_edge(angle, hops, epsilon);
    let scale = if length > 0.0 { length / shortest } else { 1.0 };
    if scale.is_finite() {
        return Ok(scale);
    }
    let expected = "edges that are long enough for a finite scale";
    Err(Error::invalid(OP, expected, format!("{shortest:e}")))
}

/// The direction of the edge above each place in the frame of the upper node; e₁ for the root.
fn edge_directions<'a>(
    tree: &RootedTree,
    directions: &'a HashMap<usize, Directions>,
    dim: usize,
) -> Vec<&'a [f64]> {
    let of = |place: usize| -> &'a [f64] {
        let upper = tree.parent(place).unwrap_or(place);
        let vectors = &directions[&tree.degree(upper)].vectors;
        vectors
            .get(tree.rank(place))
            .map_or(&[], |vector| &vector[..dim])
    };
    (0..tree.len()).map(of).collect()
}

impl TreeEmbedding {
    /// The dimensions of the space.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.tree.len()
    }

    /// The node at the origin.
    pub fn root(&self) -> u32 {
        self.tree.nodes()[0]
    }

    /// The length τ of an edge of weight 1.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The smallest angle α between two edges that meet.
    pub fn least_angle(&self) -> f64 {
        self.angle
    }

    /// An upper bound of the worst-case distortion; infinite where the edges are too short for a
    /// bound.
    pub fn distortion_bound(&self) -> f64 {
        self.bound
    }

    /// The distance of the farthest node from the origin.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The number of bits that a coordinate in the ball needs, rounded up; see the [module](self).
    pub fn bits(&self) -> f64 {
        scale::bits(self.radius)
    }

    /// Whether f64 has enough bits for the points: [`bits`](Self::bits) is at most 53.
    pub fn fits_f64(&self) -> bool {
        self.bits() <= F64_BITS
    }

    /// The parent of a node; `None` for the root.
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn parent(&self, node: u32) -> Option<u32> {
        let parent = self.tree.parent(self.tree.place(node))?;
        Some(self.tree.nodes()[parent])
    }

    /// The edge from a node's parent to the node: its length, and its direction as a unit vector
    /// in the parent's frame. `None` for the root.
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn edge(&self, node: u32) -> Option<(f64, &[f64])> {
        let place = self.tree.place(node);
        self.tree.parent(place)?;
        Some((self.lengths[place], self.direction(place)))
    }

    /// The direction of the edge above a place other than the root's.
    fn direction(&self, place: usize) -> &[f64] {
        let upper = self.tree.parent(place).unwrap_or(place);
        &self.directions[&self.tree.degree(upper)].vectors[self.tree.rank(place)]
    }

    /// The distance between two nodes, in time proportional to the number of edges between them.
    ///
    /// # Accuracy
    ///
    /// The relative error against big floats is at most 2e-14 in the tests' trees at the scale
    /// that is found, at any distance. It is at most 1e-12 at scales too small, or with weights
    /// too different, for a tree-like embedding.
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn distance(&self, a: u32, b: u32) -> f64 {
        let (from, to) = (self.tree.place(a), self.tree.place(b));
        self.edges.distance(&self.tree, from, to)
    }

    /// The distances of all nodes from one, by node number, in time proportional to the number of
    /// nodes.
    ///
    /// # Accuracy
    ///
    /// That of [`TreeEmbedding::distance`].
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn distances_from(&self, node: u32) -> Vec<f64> {
        let source = self.tree.place(node);
        let mut by_place = vec![0.0; self.tree.len()];
        self.edges.walker(&self.tree)(source, &mut by_place);
        let mut distances = vec![0.0; self.tree.len()];
        for (&node, distance) in self.tree.nodes().iter().zip(by_place) {
            distances[node as usize] = distance;
        }
        distances
    }

    /// The points in the Poincaré ball of curvature −1.
    ///
    /// # Shapes
    ///
    /// `[nodes, dim]`, f64 on the CPU.
    ///
    /// # Accuracy
    ///
    /// Each coordinate is within 1.01 units in the last place. Distances follow from them to about
    /// 2^([bits](TreeEmbedding::bits) − 63).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where more than 53 bits are needed.
    pub fn points(&self) -> Result<Tensor> {
        if !self.fits_f64() {
            let expected =
                "a tree and a scale for which 53 bits are enough (precise_points has more)";
            return Err(Error::invalid(
                "TreeEmbedding::points",
                expected,
                format!("{} bits", self.bits()),
            ));
        }
        let points = precise::points(self, F64_BITS as usize + 64)?;
        Ok(tensor_of(&points.rounded(), self.dim))
    }

    /// The points in the Poincaré ball of curvature −1, with `bits` bits for each coordinate; take
    /// [`TreeEmbedding::bits`] or more.
    ///
    /// Every coordinate is rounded to nearest. The time grows with the number of nodes and a
    /// little more than linearly with the bits; the memory is nodes · dim · bits/8 bytes and more.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for 0 bits, and where more than 2²⁰ are wanted or needed.
    pub fn precise_points(&self, bits: usize) -> Result<PrecisePoints> {
        precise::points(self, bits)
    }
}
