//! Rankings of all nodes or of a sample, with their progress.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tch::Tensor;

use super::by_distance::ByDistance;
use super::ranker::{Ranker, Ranks, Targets};
use super::sample::{RankedNodes, sampling};
use super::{LinkPrediction, Reconstruction};
use crate::embed::model::Model;
use crate::embed::model::table::{check_pairs, rows_of};
use crate::graph::Neighbours;
use crate::{Distance, Error, Result};

/// Ranks nodes by the distances between points: all nodes, or a sample.
///
/// [`reconstruction`](super::reconstruction) and [`link_prediction`](super::link_prediction) do
/// this for all nodes. Ranking n nodes takes time proportional to n times the number of points.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, RankedNodes, Ranking, nested_half_spaces};
///
/// // A tree of a thousand nodes, each node but the root the child of a tenth of its number.
/// let pairs: Vec<(u32, u32)> = (1..1000).map(|node| (node, node / 10)).collect();
/// let points = nested_half_spaces(Model::Ball, 5, 1000, &pairs, 0)?;
///
/// let all = Ranking::new(Model::Ball, &points)?.reconstruction(&pairs)?;
/// let some = Ranking::new(Model::Ball, &points)?
///     .of_nodes(RankedNodes::Sample { nodes: 100, seed: 7 })?
///     .reconstruction(&pairs)?;
/// let sampling = some.sampling.unwrap();
/// assert_eq!((all.sampling, some.nodes, sampling.population), (None, 100, 999));
/// println!("{} ± {}, exactly {}", some.map, sampling.map_error, all.map);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub struct Ranking<'a> {
    ranker: Points<'a>,
    nodes: RankedNodes,
    on_progress: Option<OnProgress<'a>>,
}

/// Who ranks the points.
enum Points<'a> {
    OfModel(Ranker),
    ByDistance(ByDistance<'a>),
}

impl Points<'_> {
    fn nodes(&self) -> usize {
        match self {
            Self::OfModel(points) => points.nodes(),
            Self::ByDistance(points) => points.nodes(),
        }
    }

    fn rank(&self, sources: &[u32], targets: Targets, ranked: impl Fn(usize) + Sync) -> Vec<Ranks> {
        match self {
            Self::OfModel(points) => points.rank(sources, targets, ranked),
            Self::ByDistance(points) => points.rank(sources, targets, ranked),
        }
    }
}

type OnProgress<'a> = Box<dyn Fn(usize, usize) + Sync + 'a>;

impl fmt::Debug for Ranking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranking")
            .field("points", &self.ranker.nodes())
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}

impl<'a> Ranking<'a> {
    /// A ranking of all nodes by the distances of these points.
    ///
    /// # Shapes
    ///
    /// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a wrong shape; [`Error::NotFinite`] or
    /// [`Error::NotOnManifold`] for a row that is not a point.
    pub fn new(model: Model, points: &Tensor) -> Result<Self> {
        let rows = rows_of("Ranking::new", model, points)?;
        let width = points.size()[1] as usize;
        let ranker = Ranker::new(model, &rows, width);
        Ok(Self::of(Points::OfModel(ranker)))
    }

    /// A ranking of all nodes by any distance of these points: in a product of spaces, on a sphere, or at
    /// another curvature.
    ///
    /// # Shapes
    ///
    /// `points`: `[nodes, point..]`.
    ///
    /// # Accuracy
    ///
    /// That of the distance; one that is NaN counts as infinite. Each distance is computed, which takes
    /// longer than [`new`](Self::new), and those from some nodes to all are held in memory.
    ///
    /// # Errors
    ///
    /// Those of [`Distance::check`], and [`Error::InvalidArgument`] for another shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::Sphere;
    /// use holonomy::embed::Ranking;
    /// use holonomy::tch::Tensor;
    ///
    /// // On a circle: from node 0, node 1 is nearer than node 2.
    /// let circle = Sphere::new(1, 1.0)?;
    /// let points = Tensor::from_slice2(&[[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]);
    /// let score = Ranking::by(&circle, &points)?.reconstruction(&[(0, 2)])?;
    /// assert_eq!((score.mean_rank, score.map), (2.0, 0.5));
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn by(distance: &'a dyn Distance, points: &Tensor) -> Result<Self> {
        let points = ByDistance::new("Ranking::by", distance, points)?;
        Ok(Self::of(Points::ByDistance(points)))
    }

    fn of(ranker: Points<'a>) -> Self {
        Self {
            ranker,
            nodes: RankedNodes::All,
            on_progress: None,
        }
    }

    /// Ranks these nodes, each against all others.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a sample of fewer than two nodes, which gives no standard
    /// error.
    pub fn of_nodes(mut self, nodes: RankedNodes) -> Result<Self> {
        if let RankedNodes::Sample { nodes: count, .. } = nodes
            && count < 2
        {
            let expected = "a sample of at least two nodes";
            return Err(Error::invalid("Ranking::of_nodes", expected, count));
        }
        self.nodes = nodes;
        Ok(self)
    }

    /// Calls `on_progress` from time to time, from any thread, with the number of nodes ranked so
    /// far and the number of nodes to be ranked.
    pub fn on_progress(mut self, on_progress: impl Fn(usize, usize) + Sync + 'a) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// How well the points reconstruct the pairs (node, true neighbour).
    ///
    /// # Errors
    ///
    /// Those of [`reconstruction`](super::reconstruction) about the pairs.
    pub fn reconstruction(&self, pairs: &[(u32, u32)]) -> Result<Reconstruction> {
        const OP: &str = "reconstruction";
        check_pairs(OP, self.ranker.nodes(), pairs)?;
        let neighbours = Neighbours::new(self.ranker.nodes(), pairs);
        self.rank(OP, Targets::of(&neighbours), self.nodes, self.all())
    }

    /// [`reconstruction`](Self::reconstruction) over these nodes alone.
    pub(super) fn reconstruction_of(
        &self,
        pairs: &[(u32, u32)],
        sources: &[u32],
    ) -> Result<Reconstruction> {
        const OP: &str = "reconstruction_of";
        let nodes = self.ranker.nodes();
        check_pairs(OP, nodes, pairs)?;
        if let Some(&node) = sources.iter().find(|&&node| node as usize >= nodes) {
            return Err(Error::invalid(OP, format!("nodes below {nodes}"), node));
        }
        let neighbours = Neighbours::new(nodes, pairs);
        let sources = sources.iter().copied();
        self.rank(OP, Targets::of(&neighbours), RankedNodes::All, sources)
    }

    /// How well the points predict the pairs `held_out`, where `known` are all other true pairs; see
    /// [`link_prediction`](super::link_prediction).
    ///
    /// # Errors
    ///
    /// Those of [`link_prediction`](super::link_prediction) about the pairs.
    pub fn link_prediction(
        &self,
        held_out: &[(u32, u32)],
        known: &[(u32, u32)],
    ) -> Result<LinkPrediction> {
        const OP: &str = "link_prediction";
        let nodes = self.ranker.nodes();
        check_pairs(OP, nodes, held_out)?;
        if !known.is_empty() {
            check_pairs(OP, nodes, known)?;
        }
        let targets = Targets {
            ranked: &Neighbours::new(nodes, held_out),
            known: Some(&Neighbours::new(nodes, known)),
        };
        let ranked = self.rank(OP, targets, self.nodes, self.all())?;
        Ok(LinkPrediction {
            map: ranked.map,
            mean_rank: ranked.mean_rank,
            nodes: ranked.nodes,
            pairs: ranked.pairs,
            sampling: ranked.sampling,
        })
    }

    fn all(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.ranker.nodes() as u32
    }

    fn rank(
        &self,
        op: &'static str,
        targets: Targets,
        nodes: RankedNodes,
        sources: impl Iterator<Item = u32>,
    ) -> Result<Reconstruction> {
        let candidates: Vec<u32> = sources.filter(|&node| targets.has_ranked(node)).collect();
        if candidates.is_empty() {
            return Err(Error::invalid(op, "a node with a true neighbour", "none"));
        }
        if !candidates.iter().any(|&node| targets.has_strangers(node)) {
            let expected = "a node with a true neighbour and another that is none, to rank them";
            let got = "nodes whose true neighbours are all other nodes";
            return Err(Error::invalid(op, expected, got));
        }
        let population = candidates.len();
        let sources = nodes.of(candidates);
        let done = AtomicUsize::new(0);
        let on_progress = self.on_progress.as_deref();
        let ranks = self.ranker.rank(&sources, targets, |more| {
            if let Some(on_progress) = on_progress {
                on_progress(done.fetch_add(more, Relaxed) + more, sources.len());
            }
        });
        Ok(summary(&ranks, population))
    }
}

/// The figures, added up in one order, so that they do not depend on the threads.
fn summary(ranks: &[Ranks], population: usize) -> Reconstruction {
    let pairs: usize = ranks.iter().map(|ranks| ranks.pairs).sum();
    let map = ranks.iter().map(Ranks::average_precision).sum::<f64>() / ranks.len() as f64;
    let rank_sum: f64 = ranks.iter().map(|ranks| ranks.rank_sum as f64).sum();
    let mean_rank = rank_sum / pairs as f64;
    Reconstruction {
        map,
        mean_rank,
        nodes: ranks.len(),
        pairs,
        sampling: sampling(ranks, population, map, mean_rank),
    }
}
