//! The ranks of true neighbours among all points.

use rayon::prelude::*;

use crate::embed::hierarchy::kernel::{LANES, Lanes, ball_alpha};
use crate::embed::model::Model;
use crate::graph::Neighbours;
use crate::numerics::wide::for_each_processor;

/// The true neighbours of all nodes.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    /// Those to rank.
    pub(super) ranked: &'a Neighbours,
    /// Those to take out of the ranking, where there are any.
    pub(super) known: Option<&'a Neighbours>,
}

impl<'a> Targets<'a> {
    /// These true neighbours to rank, and none to take out.
    pub(super) fn of(ranked: &'a Neighbours) -> Self {
        Self {
            ranked,
            known: None,
        }
    }

    fn known_of(&self, source: u32) -> &'a [u32] {
        self.known.map_or(&[], |known| known.of(source))
    }

    pub(super) fn has_ranked(&self, source: u32) -> bool {
        !self.ranked.of(source).is_empty()
    }

    /// The known neighbours of a source that are not ranked.
    pub(super) fn taken_out(&self, source: u32) -> impl Iterator<Item = u32> {
        let ranked = self.ranked.of(source);
        let known = self.known_of(source).iter().copied();
        known.filter(|node| ranked.binary_search(node).is_err())
    }

    /// Whether some node is not the source, nor ranked, nor taken out.
    pub(super) fn has_strangers(&self, source: u32) -> bool {
        let ranked = self.ranked.of(source).len();
        ranked + self.taken_out(source).count() + 1 < self.ranked.nodes()
    }
}

/// All points, eight to a block, and the factor that makes a squared difference monotone in the
/// distance: 1/(1 − |y|²) in the ball.
///
/// For a fixed source the ball's distance grows with |y − x|²/(1 − |y|²), so no root, logarithm or
/// division is needed to rank. Points of the hyperboloid are ranked in the ball they are the picture of.
pub(super) struct Ranker {
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
pub(super) struct Ranks {
    pub(super) rank_sum: u64,
    pub(super) precision_sum: f64,
    pub(super) pairs: usize,
}

impl Ranks {
    pub(super) fn average_precision(&self) -> f64 {
        self.precision_sum / self.pairs as f64
    }

    /// The ranks of neighbours with these keys, ascending: within each of them lie so many nodes beside
    /// the source, and some of those that are taken out, whose keys ascend too.
    pub(super) fn of(bounds: &[f64], taken_out: &[f64], within_each: Vec<u64>) -> Self {
        let mut ranks = Self {
            pairs: bounds.len(),
            ..Self::default()
        };
        for (bound, nodes) in bounds.iter().zip(within_each) {
            let within = |keys: &[f64]| keys.partition_point(|key| key <= bound) as u64;
            let hits = within(bounds);
            let nodes = nodes - within(taken_out);
            ranks.rank_sum += 1 + nodes - hits;
            ranks.precision_sum += hits as f64 / nodes as f64;
        }
        ranks
    }
}

impl Ranker {
    pub(super) fn new(model: Model, rows: &[f64], width: usize) -> Self {
        let dim = if model == Model::Lorentz {
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
            ranker.factors[block][lane] = ranker.push(model, row);
            for (column, &value) in ranker.rows[node * dim..].iter().enumerate() {
                ranker.tiles[block * dim + column][lane] = value;
            }
        }
        ranker
    }

    /// Appends a point's coordinates and returns its factor.
    fn push(&mut self, model: Model, row: &[f64]) -> f64 {
        match model {
            Model::Euclidean => {
                self.rows.extend_from_slice(row);
                1.0
            }
            Model::Ball => {
                self.rows.extend_from_slice(row);
                1.0 / ball_alpha(row)
            }
            Model::Lorentz => {
                let spatial = &row[1..];
                let squared: f64 = spatial.iter().map(|x| x * x).sum();
                let above = 1.0 + (1.0 + squared).sqrt();
                self.rows.extend(spatial.iter().map(|x| x / above));
                0.5 * above
            }
        }
    }

    pub(super) fn nodes(&self) -> usize {
        self.rows.len() / self.dim
    }

    /// Ranks the targets of each source among all rows but those taken out; `ranked` is told how many
    /// sources more are done.
    pub(super) fn rank(
        &self,
        sources: &[u32],
        targets: Targets,
        ranked: impl Fn(usize) + Sync,
    ) -> Vec<Ranks> {
        let ranks: Vec<[Ranks; GROUP]> = sources
            .par_chunks(GROUP)
            .map(|group| {
                let ranks = ranks_of_group(self, group, targets);
                ranked(group.len());
                ranks
            })
            .collect();
        ranks.into_iter().flatten().take(sources.len()).collect()
    }

    fn row(&self, node: u32) -> &[f64] {
        let start = node as usize * self.dim;
        &self.rows[start..start + self.dim]
    }

    #[inline(always)]
    fn group(&self, sources: &[u32], targets: Targets) -> [Ranks; GROUP] {
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

for_each_processor! {
    fn ranks_of_group(ranker: &Ranker, sources: &[u32], targets: Targets) -> [Ranks; GROUP] {
        ranker.group(sources, targets)
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
        let bounds = ranker.sorted_keys(source, ranked.iter().copied());
        let taken_out = ranker.sorted_keys(source, targets.taken_out(source));
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
        Ranks::of(&self.bounds, &self.taken_out, self.within_each())
    }
}
