//! How well an embedding ranks true neighbours: of the pairs that it was made from, and of pairs held out.

mod by_distance;
mod entailment;
mod ranker;
mod ranking;
mod sample;
mod split;

use tch::Tensor;

use super::model::Model;
use crate::Result;
pub use entailment::is_a_scores;
pub use ranking::Ranking;
pub use sample::{RankedNodes, Sampling};
pub use split::{Split, SplitConfig};

/// How well an embedding's distances rank true neighbours before all other nodes.
///
/// For every node u with true neighbours N(u), all other nodes w ≠ u are ranked by their distance
/// to u. The *rank* of a true neighbour v is one more than the number of nodes that are not true
/// neighbours and not farther than v. The *average precision* of u is the mean, over its true
/// neighbours v, of the share of true neighbours among the nodes not farther than v.
///
/// ```text
/// rank(u, v)      = 1 + #{ w ∉ N(u) : d(u,w) ≤ d(u,v) }
/// precision(u, v) = #{ w ∈ N(u) : d(u,w) ≤ d(u,v) } / #{ w : d(u,w) ≤ d(u,v) }
/// mean_rank = mean of rank over all pairs (u, v)
/// map       = mean over u of the mean over v ∈ N(u) of precision
/// ```
///
/// Equal distances count against the embedding: a node as far away as a true neighbour is ranked
/// before it. An embedding in a single point gets the worst values, not the best. Without ties
/// these are the paper's definitions. A node whose true neighbours are all other nodes has average
/// precision 1 and ranks 1.
///
/// # References
///
/// nickel2017, section 4.1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reconstruction {
    /// The mean average precision: 1 when every true neighbour is ranked before every other node.
    pub map: f64,
    /// The mean rank of true neighbours: 1 when every true neighbour is ranked before every other
    /// node.
    pub mean_rank: f64,
    /// How many nodes were ranked: all that have a true neighbour, or a sample of them.
    pub nodes: usize,
    /// How many pairs were ranked.
    pub pairs: usize,
    /// The standard errors, where the figures come from a sample of the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// How well `points` reconstruct the pairs (node, true neighbour); see [`Reconstruction`].
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
///
/// # Accuracy
///
/// Distances are compared in f64 through a monotone function of them, which keeps its precision
/// near the boundary of the ball. Time grows with nodes², memory with nodes; the result does not
/// depend on the number of threads. Where this takes too long, [`Ranking`] ranks a sample of the
/// nodes.
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a wrong shape, no pairs, a pair that
/// is a node with itself or names a node that does not exist, and where the true neighbours of every
/// node that has any are all other nodes, so that there is nothing to rank;
/// [`Error::NotFinite`](crate::Error::NotFinite) or
/// [`Error::NotOnManifold`](crate::Error::NotOnManifold) for a row that is not a point.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, reconstruction};
/// use holonomy::tch::Tensor;
///
/// // On a line: the neighbour of node 0 is node 2, and node 1 lies before it.
/// let points = Tensor::from_slice(&[0.0, 0.1, 0.2]).view([3, 1]);
/// let score = reconstruction(Model::Euclidean, &points, &[(0, 2)])?;
/// assert_eq!((score.mean_rank, score.map), (2.0, 0.5));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, section 4.1.
pub fn reconstruction(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
) -> Result<Reconstruction> {
    Ranking::new(model, points)?.reconstruction(pairs)
}

/// [`reconstruction`] over these nodes alone, each ranked against all others. For an estimate of
/// the figures of all nodes, with its standard error, see [`Ranking::of_nodes`].
///
/// # Errors
///
/// Those of [`reconstruction`], and
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) when none of the nodes has a true
/// neighbour or one does not exist.
pub fn reconstruction_of(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
    sources: &[u32],
) -> Result<Reconstruction> {
    Ranking::new(model, points)?.reconstruction_of(pairs, sources)
}

/// How well an embedding's distances find pairs that it was not trained on.
///
/// As [`Reconstruction`], but only the held-out pairs are ranked. A node's other true neighbours,
/// on which it was trained, are removed from the ranking (a *filtered* ranking):
///
/// ```text
/// H(u) = held-out neighbours of u,   N(u) ⊇ H(u) all its true neighbours
/// rank(u, v)      = 1 + #{ w ∉ N(u) : d(u,w) ≤ d(u,v) }
/// precision(u, v) = #{ w ∈ H(u) : d(u,w) ≤ d(u,v) } / #{ w ∈ H(u) or ∉ N(u) : d(u,w) ≤ d(u,v) }
/// mean_rank = mean of rank over all held-out pairs (u, v)
/// map       = mean over u with held-out neighbours of the mean over v ∈ H(u) of precision
/// ```
///
/// As there, w ≠ u, and ties count against the embedding.
///
/// # References
///
/// nickel2017, section 4.1: each pair is ranked among the node's true negatives.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LinkPrediction {
    /// The mean average precision over the nodes that have held-out neighbours.
    pub map: f64,
    /// The mean rank of held-out neighbours: 1 when each is ranked before every node that is not a
    /// true neighbour.
    pub mean_rank: f64,
    /// How many nodes were ranked: all that have a held-out neighbour, or a sample of them.
    pub nodes: usize,
    /// How many pairs were ranked.
    pub pairs: usize,
    /// The standard errors, where the figures come from a sample of the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// How well `points` predict the pairs `held_out`, ranked among the nodes that are true neighbours
/// in neither list; see [`LinkPrediction`].
///
/// `known` are all other true pairs: those trained on, and those held out for another purpose; it
/// may be empty. A pair that is in both lists is ranked.
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
///
/// # Accuracy
///
/// That of [`reconstruction`], at the same cost for each node that has a held-out neighbour.
///
/// # Errors
///
/// Those of [`reconstruction`].
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, link_prediction};
/// use holonomy::tch::Tensor;
///
/// // On a line: node 1 was trained on, so that only node 2 lies before the held-out node 3.
/// let points = Tensor::from_slice(&[0.0, 0.1, 0.2, 0.3]).view([4, 1]);
/// let score = link_prediction(Model::Euclidean, &points, &[(0, 3)], &[(0, 1)])?;
/// assert_eq!((score.mean_rank, score.map), (2.0, 0.5));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, section 4.1.
pub fn link_prediction(
    model: Model,
    points: &Tensor,
    held_out: &[(u32, u32)],
    known: &[(u32, u32)],
) -> Result<LinkPrediction> {
    Ranking::new(model, points)?.link_prediction(held_out, known)
}
