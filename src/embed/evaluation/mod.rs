//! Mean average precision and mean rank, of reconstruction and of pairs held out.

use rayon::prelude::*;
use tch::Tensor;

use super::config::Model;
use super::kernel::{LANES, Lanes, ball_alpha};
use super::native::{Instructions, Space};
use super::sampler::Neighbours;
use super::table::{check_pairs, rows_of};
use crate::{Error, Result};

/// How well an embedding's distances rank true neighbours before all other nodes.
///
/// For every node with a true neighbour all other nodes are ranked by their distance to it. The
/// *rank* of a true neighbour is one more than the number of nodes that are no true neighbours and
/// lie before it; the *average precision* of the node is the mean, over its true neighbours, of the
/// share of true neighbours among the nodes up to there.
///
/// ```text
/// rank(u, v)      = 1 + #{ w ∉ N(u) : d(u,w) ≤ d(u,v) }
/// precision(u, v) = #{ w ∈ N(u) : d(u,w) ≤ d(u,v) } / #{ w : d(u,w) ≤ d(u,v) }
/// mean_rank = mean of rank over all pairs (u, v)
/// map       = mean over u of the mean over v ∈ N(u) of precision
/// ```
///
/// Equal distances count against the embedding: a node as far away as a true neighbour lies before
/// it. An embedding in one point gets the worst figures, not the best. Without ties these are the
/// paper's definitions.
///
/// # References
///
/// nickel2017, section 4.1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reconstruction {
    /// The mean average precision: 1 when every true neighbour lies before every other node.
    pub map: f64,
    /// The mean rank of true neighbours: 1 when every true neighbour lies before every other node.
    pub mean_rank: f64,
    /// How many nodes have a true neighbour.
    pub nodes: usize,
    /// How many pairs were ranked.
    pub pairs: usize,
}

/// How well `points` reconstruct the pairs (node, true neighbour); see [`Reconstruction`].
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid.
///
/// # Accuracy
///
/// Distances are compared in f64 through a monotone function of them, for the ball with digits kept
/// near its boundary. Time grows with nodes², memory with nodes; the result does not depend on the
/// number of threads.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a wrong shape, no pairs, or a pair
/// that is a node with itself or names a node that does not exist;
/// [`Error::NotFinite`] or
/// [`Error::NotOnManifold`] for a row that is not a point.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, reconstruction};
/// use tch::Tensor;
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
    let mut sources: Vec<u32> = pairs.iter().map(|&(source, _)| source).collect();
    sources.sort_unstable();
    sources.dedup();
    reconstruction_of(model, points, pairs, &sources)
}

/// [`reconstruction`] over these nodes alone, each ranked against all others: an estimate that
/// costs less.
///
/// # Errors
///
/// Those of [`reconstruction`], and
/// [`Error::InvalidArgument`] when none of the nodes has a true
/// neighbour or one does not exist.
pub fn reconstruction_of(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
    sources: &[u32],
) -> Result<Reconstruction> {
    const OP: &str = "reconstruction";
    let rows = rows_of(OP, model, points)?;
    let width = points.size()[1] as usize;
    let nodes = rows.len() / width;
    check_pairs(OP, nodes, pairs)?;
    if let Some(&node) = sources.iter().find(|&&node| node as usize >= nodes) {
        return Err(Error::invalid(OP, format!("nodes below {nodes}"), node));
    }
    let targets = Targets {
        ranked: &Neighbours::new(nodes, pairs),
        known: None,
    };
    let ranked = rank_sources(model.space(), &rows, width, targets, sources);
    if ranked.nodes == 0 {
        return Err(Error::invalid(OP, "a node with a true neighbour", "none"));
    }
    Ok(ranked)
}

/// How well an embedding's distances find pairs that it was not trained on.
///
/// As [`Reconstruction`], but only the held-out pairs are ranked, and a node's other true neighbours,
/// which training knew, are taken out of the ranking (it is *filtered*):
///
/// ```text
/// H(u) = held-out neighbours of u,   N(u) ⊇ H(u) all its true neighbours
/// rank(u, v)      = 1 + #{ w ∉ N(u) : d(u,w) ≤ d(u,v) }
/// precision(u, v) = #{ w ∈ H(u) : d(u,w) ≤ d(u,v) } / #{ w ∈ H(u) or ∉ N(u) : d(u,w) ≤ d(u,v) }
/// mean_rank = mean of rank over all held-out pairs (u, v)
/// map       = mean over u with held-out neighbours of the mean over v ∈ H(u) of precision
/// ```
///
/// Ties count against the embedding, as there.
///
/// # References
///
/// nickel2017, section 4.1: each pair is ranked among the node's true negatives.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LinkPrediction {
    /// The mean average precision over the nodes that have held-out neighbours.
    pub map: f64,
    /// The mean rank of held-out neighbours: 1 when each lies before every node that is none.
    pub mean_rank: f64,
    /// How many nodes have a held-out neighbour.
    pub nodes: usize,
    /// How many pairs were ranked.
    pub pairs: usize,
}

/// How well `points` predict the pairs `held_out`, among nodes that are in neither list a true
/// neighbour; see [`LinkPrediction`].
///
/// `known` are all other true pairs: those trained on, and those held out for another purpose.
/// A pair that stands in both lists is ranked.
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
/// use tch::Tensor;
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
    const OP: &str = "link_prediction";
    let rows = rows_of(OP, model, points)?;
    let width = points.size()[1] as usize;
    let nodes = rows.len() / width;
    check_pairs(OP, nodes, held_out)?;
    if !known.is_empty() {
        check_pairs(OP, nodes, known)?;
    }
    let targets = Targets {
        ranked: &Neighbours::new(nodes, held_out),
        known: Some(&Neighbours::new(nodes, known)),
    };
    let sources: Vec<u32> = (0..nodes as u32).collect();
    let Reconstruction {
        map,
        mean_rank,
        nodes,
        pairs,
    } = rank_sources(model.space(), &rows, width, targets, &sources);
    Ok(LinkPrediction {
        map,
        mean_rank,
        nodes,
        pairs,
    })
}

/// The true neighbours of all nodes.
#[derive(Clone, Copy)]
struct Targets<'a> {
    /// Those to rank.
    ranked: &'a Neighbours,
    /// Those to take out of the ranking, where there are any.
    known: Option<&'a Neighbours>,
}

impl Targets<'_> {
    fn known_of(&self, source: u32) -> &[u32] {
        self.known.map_or(&[], |known| known.of(source))
    }
}

/// All points, eight to a block, and the factor that makes a squared difference monotone in the
/// distance: 1/(1 − |y|²) in the ball.
///
/// For a fixed source the ball's distance grows with |y − x|²/(1 − |y|²), so no root, logarithm or
/// division is needed to rank. Points of the hyperboloid are ranked in the ball they are the picture of.
struct Ranker {
    dim: usize,
    rows: Vec<f64>,
    tiles: Vec<Lanes>,
    factors: Vec<Lanes>,
}

/// Sources that are ranked in one pass over the points, so that memory is read less often.
const GROUP: usize = 4;

/// Up to so many true neighbours, each is compared with every near node; beyond, they are searched.
const COMPARE_AT_MOST: usize = 32;

/// The ranks of one source's true neighbours.
#[derive(Debug, Clone, Copy, Default)]
struct Ranks {
    rank_sum: u64,
    precision_sum: f64,
    pairs: usize,
}

/// Ranks the targets of each source among all rows but those taken out.
fn rank_sources(
    space: Space,
    rows: &[f64],
    width: usize,
    targets: Targets,
    sources: &[u32],
) -> Reconstruction {
    let ranker = Ranker::new(space, rows, width);
    let instructions = Instructions::detect();
    let with_neighbours: Vec<u32> = sources
        .iter()
        .copied()
        .filter(|&source| !targets.ranked.of(source).is_empty())
        .collect();
    let ranks: Vec<[Ranks; GROUP]> = with_neighbours
        .par_chunks(GROUP)
        .map(|group| ranker.group(group, targets, instructions))
        .collect();
    // Added up in one order, so that the result does not depend on the threads.
    let mut reconstruction = Reconstruction {
        map: 0.0,
        mean_rank: 0.0,
        nodes: with_neighbours.len(),
        pairs: 0,
    };
    for ranks in ranks.iter().flatten().filter(|ranks| ranks.pairs > 0) {
        reconstruction.map += ranks.precision_sum / ranks.pairs as f64;
        reconstruction.mean_rank += ranks.rank_sum as f64;
        reconstruction.pairs += ranks.pairs;
    }
    reconstruction.map /= reconstruction.nodes as f64;
    reconstruction.mean_rank /= reconstruction.pairs as f64;
    reconstruction
}

impl Ranker {
    fn new(space: Space, rows: &[f64], width: usize) -> Self {
        let dim = if space == Space::Hyperboloid {
            width - 1
        } else {
            width
        };
        let nodes = rows.len() / width;
        let blocks = nodes.div_ceil(LANES);
        let mut ranker = Self {
            dim,
            rows: Vec::with_capacity(nodes * dim),
            // Lanes beyond the last node are infinitely far from everything.
            tiles: vec![[0.0; LANES]; blocks * dim],
            factors: vec![[f64::NAN; LANES]; blocks],
        };
        for (node, row) in rows.chunks_exact(width).enumerate() {
            let (block, lane) = (node / LANES, node % LANES);
            ranker.factors[block][lane] = ranker.push(space, row);
            for (column, &value) in ranker.rows[node * dim..].iter().enumerate() {
                ranker.tiles[block * dim + column][lane] = value;
            }
        }
        ranker
    }

    /// Appends a point's coordinates and returns its factor.
    fn push(&mut self, space: Space, row: &[f64]) -> f64 {
        match space {
            Space::Flat => {
                self.rows.extend_from_slice(row);
                1.0
            }
            Space::Ball => {
                self.rows.extend_from_slice(row);
                1.0 / ball_alpha(row)
            }
            Space::Hyperboloid => {
                let spatial = &row[1..];
                let squared: f64 = spatial.iter().map(|x| x * x).sum();
                let above = 1.0 + (1.0 + squared).sqrt();
                self.rows.extend(spatial.iter().map(|x| x / above));
                0.5 * above
            }
        }
    }

    fn row(&self, node: u32) -> &[f64] {
        let start = node as usize * self.dim;
        &self.rows[start..start + self.dim]
    }

    fn group(
        &self,
        sources: &[u32],
        targets: Targets,
        instructions: Instructions,
    ) -> [Ranks; GROUP] {
        match instructions {
            Instructions::Baseline => self.group_inline(sources, targets),
            // SAFETY: `Instructions::detect` names this one on processors that have it.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { self.group_avx2(sources, targets) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { self.group_avx512(sources, targets) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn group_avx2(&self, sources: &[u32], targets: Targets) -> [Ranks; GROUP] {
        self.group_inline(sources, targets)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,avx512f,avx512vl,avx512dq")]
    fn group_avx512(&self, sources: &[u32], targets: Targets) -> [Ranks; GROUP] {
        self.group_inline(sources, targets)
    }

    #[inline(always)]
    fn group_inline(&self, sources: &[u32], targets: Targets) -> [Ranks; GROUP] {
        let mut tallies: [Tally; GROUP] = std::array::from_fn(|i| match sources.get(i) {
            Some(&source) => Tally::new(self, source, targets),
            None => Tally::default(),
        });
        let mut points = vec![[0.0; GROUP]; self.dim];
        for (i, &source) in sources.iter().enumerate() {
            for (point, &x) in points.iter_mut().zip(self.row(source)) {
                point[i] = x;
            }
        }
        for (tile, factors) in self.tiles.chunks_exact(self.dim).zip(&self.factors) {
            let mut keys = [[0.0; LANES]; GROUP];
            for (y, x) in tile.iter().zip(&points) {
                for (key, x) in keys.iter_mut().zip(x) {
                    for i in 0..LANES {
                        let delta = y[i] - x;
                        key[i] += delta * delta;
                    }
                }
            }
            for (key, tally) in keys.iter_mut().zip(&mut tallies) {
                for i in 0..LANES {
                    key[i] *= factors[i];
                }
                tally.count(key);
            }
        }
        tallies.map(|tally| tally.ranks())
    }

    /// The same number, bit for bit, as the loop over all nodes finds for this pair.
    fn key(&self, source: u32, node: u32) -> f64 {
        let squared = self
            .row(source)
            .iter()
            .zip(self.row(node))
            .fold(0.0, |sum, (x, y)| {
                let delta = y - x;
                sum + delta * delta
            });
        squared * self.factors[node as usize / LANES][node as usize % LANES]
    }

    fn sorted_keys(&self, source: u32, nodes: impl Iterator<Item = u32>) -> Vec<f64> {
        let mut keys: Vec<f64> = nodes.map(|node| self.key(source, node)).collect();
        keys.sort_unstable_by(f64::total_cmp);
        keys
    }
}

/// Counts the nodes that lie no farther from one source than each of its true neighbours.
#[derive(Default)]
struct Tally {
    /// The keys of the true neighbours, ascending.
    bounds: Vec<f64>,
    /// The keys of the neighbours that are not ranked, ascending.
    taken_out: Vec<f64>,
    farthest: f64,
    /// How many nodes lie within each bound, lane by lane: filled for few bounds.
    within: Vec<[u64; LANES]>,
    /// How many nodes lie within each bound and not within the one before: filled for many.
    between: Vec<u64>,
}

impl Tally {
    fn new(ranker: &Ranker, source: u32, targets: Targets) -> Self {
        let ranked = targets.ranked.of(source);
        let is_ranked = |node: &u32| ranked.binary_search(node).is_ok();
        let known = targets.known_of(source).iter().copied();
        let bounds = ranker.sorted_keys(source, ranked.iter().copied());
        let taken_out = ranker.sorted_keys(source, known.filter(|node| !is_ranked(node)));
        let few = bounds.len() <= COMPARE_AT_MOST;
        Self {
            farthest: bounds.last().copied().unwrap_or(-1.0),
            within: vec![[0; LANES]; if few { bounds.len() } else { 0 }],
            between: vec![0; if few { 0 } else { bounds.len() }],
            bounds,
            taken_out,
        }
    }

    #[inline(always)]
    fn count(&mut self, keys: &Lanes) {
        let mut near = false;
        for key in keys {
            near |= *key <= self.farthest;
        }
        if !near {
            return;
        }
        if self.between.is_empty() {
            for (within, &bound) in self.within.iter_mut().zip(&self.bounds) {
                for i in 0..LANES {
                    within[i] += u64::from(keys[i] <= bound);
                }
            }
        } else {
            for &key in keys.iter().filter(|&&key| key <= self.farthest) {
                self.between[self.bounds.partition_point(|&bound| bound < key)] += 1;
            }
        }
    }

    /// How many nodes lie within each bound, without the source itself, whose key is 0.
    fn within_each(&self) -> Vec<u64> {
        if self.between.is_empty() {
            return self
                .within
                .iter()
                .map(|lanes| lanes.iter().sum::<u64>() - 1)
                .collect();
        }
        let mut sum = 0;
        let running = self.between.iter().map(|count| {
            sum += count;
            sum - 1
        });
        running.collect()
    }

    fn ranks(&self) -> Ranks {
        let mut ranks = Ranks {
            pairs: self.bounds.len(),
            ..Ranks::default()
        };
        for (bound, nodes) in self.bounds.iter().zip(self.within_each()) {
            let within = |keys: &[f64]| keys.partition_point(|key| key <= bound) as u64;
            let hits = within(&self.bounds);
            let nodes = nodes - within(&self.taken_out);
            ranks.rank_sum += 1 + nodes - hits;
            ranks.precision_sum += hits as f64 / nodes as f64;
        }
        ranks
    }
}
