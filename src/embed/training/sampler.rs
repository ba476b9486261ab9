//! What a node is compared with: its true neighbours, and negatives drawn at random.

use rand::Rng;

use crate::embed::model::table::check_pairs;
use crate::graph::Neighbours;
use crate::{Error, Result};

/// Draws from a fixed discrete law in constant time (Walker's alias method).
#[derive(Debug, Clone)]
struct AliasTable {
    /// Of the low 64 bits of a draw: below this the column's own node is taken.
    keep_below: Vec<u64>,
    alias: Vec<u32>,
}

impl AliasTable {
    fn new(weights: &[f64]) -> Self {
        let count = weights.len();
        let scale = count as f64 / weights.iter().sum::<f64>();
        let mut height: Vec<f64> = weights.iter().map(|w| w * scale).collect();
        let mut alias: Vec<u32> = (0..count as u32).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|&i| height[i] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            alias[low] = high as u32;
            height[high] -= 1.0 - height[low];
            if height[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // A column without an alias is its own alias, so its height does not matter.
        let keep_below = height
            .iter()
            .map(|h| (h * 2.0_f64.powi(64)) as u64)
            .collect();
        Self { keep_below, alias }
    }
}

/// The distribution of negatives, before the node itself and its true neighbours are rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegativeLaw {
    /// Uniform over all nodes.
    Uniform,
    /// In proportion to (1 + number of pairs that have the node as their target)^0.75.
    ByDegree,
}

/// Draws negatives: nodes that are not true neighbours of a given one.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{NegativeLaw, NegativeSampler};
///
/// let sampler = NegativeSampler::new(4, &[(0, 1), (2, 1)])?;
/// let mut rng = holonomy::random::generator(0);
/// let mut negatives = sampler.draw(NegativeLaw::Uniform, 0, 2, &mut rng);
/// negatives.sort();
/// assert_eq!(negatives, [2, 3]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NegativeSampler {
    neighbours: Neighbours,
    by_degree: AliasTable,
}

/// How often a draw may be refused, per negative wanted: a node whose neighbours are nearly all
/// nodes then gets fewer negatives instead of an endless loop.
const DRAWS_PER_NEGATIVE: usize = 10;

/// The damping of the degree in [`NegativeLaw::ByDegree`], as in the authors' code.
const DEGREE_POWER: f64 = 0.75;

impl NegativeSampler {
    /// A sampler for the nodes 0 … `nodes` − 1 and their pairs (node, true neighbour).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than two nodes, no
    /// pairs, or a pair that is a node with itself or names a node that does not exist.
    pub fn new(nodes: usize, pairs: &[(u32, u32)]) -> Result<Self> {
        check_pairs("NegativeSampler::new", nodes, pairs)?;
        let mut degree = vec![1.0_f64; nodes];
        for &(_, target) in pairs {
            degree[target as usize] += 1.0;
        }
        let weights: Vec<f64> = degree.iter().map(|d| d.powf(DEGREE_POWER)).collect();
        Ok(Self {
            neighbours: Neighbours::new(nodes, pairs),
            by_degree: AliasTable::new(&weights),
        })
    }

    /// Up to `count` distinct nodes in the order drawn, without `source` and its true neighbours;
    /// fewer where 10 · `count` draws do not find enough.
    ///
    /// # Panics
    ///
    /// If `source` does not exist.
    #[track_caller]
    pub fn draw(&self, law: NegativeLaw, source: u32, count: usize, rng: &mut dyn Rng) -> Vec<u32> {
        let nodes = self.nodes();
        assert!(
            (source as usize) < nodes,
            "NegativeSampler::draw: source {source} of {nodes} nodes"
        );
        let mut out = Vec::with_capacity(count);
        self.draw_into(law, source, count, &mut Seen::new(nodes), rng, &mut out);
        out
    }

    /// The same as [`draw`](Self::draw) for each of the sources in turn, but faster: the work that
    /// grows with the number of nodes is done only once.
    ///
    /// # Panics
    ///
    /// If a source does not exist.
    #[track_caller]
    pub fn draw_each(
        &self,
        law: NegativeLaw,
        sources: &[u32],
        count: usize,
        rng: &mut dyn Rng,
    ) -> Vec<Vec<u32>> {
        let nodes = self.nodes();
        let mut seen = Seen::new(nodes);
        let mut all = Vec::with_capacity(sources.len());
        for &source in sources {
            assert!(
                (source as usize) < nodes,
                "NegativeSampler::draw_each: source {source} of {nodes} nodes"
            );
            let mut out = Vec::with_capacity(count);
            self.draw_into(law, source, count, &mut seen, rng, &mut out);
            all.push(out);
        }
        all
    }

    pub(crate) fn nodes(&self) -> usize {
        self.neighbours.nodes()
    }

    /// The number of possible negatives of `source`: all nodes but itself and its true neighbours.
    ///
    /// # Panics
    ///
    /// If `source` does not exist.
    #[track_caller]
    pub fn negatives_of(&self, source: u32) -> usize {
        let nodes = self.nodes();
        assert!(
            (source as usize) < nodes,
            "NegativeSampler::negatives_of: source {source} of {nodes} nodes"
        );
        nodes - 1 - self.neighbours.of(source).len()
    }

    /// The number of pairs whose source has at least one possible negative.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where there is no such pair, as in a complete graph: then there
    /// is nothing to train and nothing to rank.
    ///
    /// # Panics
    ///
    /// If a source does not exist.
    #[track_caller]
    pub fn comparable(&self, pairs: &[(u32, u32)]) -> Result<usize> {
        self.comparable_for("NegativeSampler::comparable", pairs)
    }

    /// [`comparable`](Self::comparable) for another operation.
    #[track_caller]
    pub(crate) fn comparable_for(&self, op: &'static str, pairs: &[(u32, u32)]) -> Result<usize> {
        let mut comparable = 0;
        for &(source, _) in pairs {
            comparable += usize::from(self.negatives_of(source) > 0);
        }
        if comparable == 0 {
            let expected =
                "a pair whose node is not related to all others, to be compared with those";
            let got = "nodes that are related to all others: nothing to train and nothing to rank";
            return Err(Error::invalid(op, expected, got));
        }
        Ok(comparable)
    }

    /// Appends up to `count` distinct nodes to `out`: neither `source` nor one of its neighbours.
    pub(crate) fn draw_into(
        &self,
        law: NegativeLaw,
        source: u32,
        count: usize,
        seen: &mut Seen,
        rng: &mut (impl Rng + ?Sized),
        out: &mut Vec<u32>,
    ) {
        seen.start();
        seen.insert(source);
        for &neighbour in self.neighbours.of(source) {
            seen.insert(neighbour);
        }
        let mut missing = count;
        for _ in 0..count * DRAWS_PER_NEGATIVE {
            if missing == 0 {
                return;
            }
            let node = self.one(law, rng.next_u64());
            if seen.insert(node) {
                out.push(node);
                missing -= 1;
            }
        }
    }

    /// The node that 64 random bits stand for: the high half of bits · nodes is a column, the low
    /// half a uniform fraction within it.
    fn one(&self, law: NegativeLaw, bits: u64) -> u32 {
        let product = u128::from(bits) * self.nodes() as u128;
        let column = (product >> 64) as usize;
        if law == NegativeLaw::Uniform || (product as u64) < self.by_degree.keep_below[column] {
            column as u32
        } else {
            self.by_degree.alias[column]
        }
    }
}

/// A set of nodes that is emptied in constant time.
#[derive(Debug)]
pub(crate) struct Seen {
    stamps: Vec<u32>,
    now: u32,
}

impl Seen {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            stamps: vec![0; nodes],
            now: 0,
        }
    }

    fn start(&mut self) {
        if self.now == u32::MAX {
            self.stamps.fill(0);
            self.now = 0;
        }
        self.now += 1;
    }

    /// Whether `node` was not in the set before.
    fn insert(&mut self, node: u32) -> bool {
        let stamp = &mut self.stamps[node as usize];
        let is_new = *stamp != self.now;
        *stamp = self.now;
        is_new
    }
}
