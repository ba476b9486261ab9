//! Pairs held out from training, to be predicted.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::embed::model::table::check_pairs;
use crate::graph::Neighbours;
use crate::random::mix;
use crate::{Error, Result};

/// How many pairs a [`Split`] holds out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// The share for validation, from 0 to 1, of the pairs that may be held out.
    pub validation: f64,
    /// The share of these pairs for the test, from 0 to 1; both together are at most 1.
    pub test: f64,
    /// Seeds the choice.
    pub seed: u64,
}

impl Default for SplitConfig {
    /// A tenth for validation, a tenth for the test, seed 0.
    fn default() -> Self {
        Self {
            validation: 0.1,
            test: 0.1,
            seed: 0,
        }
    }
}

impl SplitConfig {
    /// Checks that the shares are in range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a share outside 0 to 1, or two that exceed 1 together.
    pub fn validate(&self) -> Result<()> {
        for (name, share) in [("validation", self.validation), ("test", self.test)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::invalid(OP, format!("0 ≤ {name} ≤ 1"), share));
            }
        }
        let both = self.validation + self.test;
        if both > 1.0 {
            return Err(Error::invalid(OP, "validation + test ≤ 1", both));
        }
        Ok(())
    }
}

/// Pairs in three parts: for training, validation and test.
///
/// The parts are disjoint and sorted, and hold each pair once, however often it was given. Every
/// node of a pair occurs in a training pair. Equal pairs, in any order, and equal settings give
/// equal parts.
///
/// # What the paper says
///
/// "We split the data into a train, validation and test set by randomly holding out observed
/// links. Links in the validation and test set do not include the root or leaf nodes as these
/// links would either be trivial to predict or impossible to predict reliably" (nickel2017,
/// section 4.1). [`of_closure`](Self::of_closure) does this. The paper does not give the sizes of
/// the sets, the number of repetitions, or whether a direct link, which no other pairs imply, may
/// be held out; neither the pairs nor the code for the choice was published. Most held-out pairs
/// are implied by transitivity from the remaining ones. [`of_implied`](Self::of_implied) makes
/// this a rule: the direct links always stay in the training set, as in ganea2018cones.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Split, SplitConfig};
///
/// // A chain 5 → 4 → … → 0, closed: links of the root 0 and of the leaf 5 stay.
/// let pairs: Vec<(u32, u32)> = (0..6).flat_map(|u| (0..u).map(move |v| (u, v))).collect();
/// let split = Split::of_closure(6, &pairs, &SplitConfig::default())?;
/// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (13, 1, 1));
/// assert!(split.test.iter().all(|&(u, v)| u != 5 && v != 0));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, sections 4.1 and 4.2; ganea2018cones, section 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The training pairs.
    pub train: Vec<(u32, u32)>,
    /// The validation pairs.
    pub validation: Vec<(u32, u32)>,
    /// The test pairs.
    pub test: Vec<(u32, u32)>,
}

const OP: &str = "Split";
/// The random stream of the choice, apart from those of a trainer.
const STREAM: u64 = u64::MAX - 16;

impl Split {
    /// Splits the pairs (descendant, ancestor) of a closure by the paper's protocol.
    ///
    /// ```text
    /// may be held out:  (u, v) with u the target of some pair (no leaf) and v the source of some (no root)
    /// held out:         round(share · number of those), drawn uniformly without repetition
    /// ```
    ///
    /// A pair is skipped if one of its nodes would be left without a training pair. In a hierarchy
    /// without cycles this never happens, since the links to the roots stay.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than two nodes, no pairs, a pair that is a node with
    /// itself or names a node that does not exist, shares out of range, and a part that is empty
    /// although its share is above 0.
    pub fn of_closure(nodes: usize, pairs: &[(u32, u32)], config: &SplitConfig) -> Result<Self> {
        let pairs = distinct(nodes, pairs.to_vec())?;
        let inner = Inner::new(nodes, &pairs);
        Self::draw(nodes, pairs, |pair| inner.holds(pair), config)
    }

    /// As [`of_closure`](Self::of_closure), but the direct links stay as well.
    ///
    /// ```text
    /// may be held out:  (u, v) as there, for which (u, w) and (w, v) are pairs for some w
    /// ```
    ///
    /// # Errors
    ///
    /// As [`of_closure`](Self::of_closure).
    pub fn of_implied(nodes: usize, pairs: &[(u32, u32)], config: &SplitConfig) -> Result<Self> {
        let pairs = distinct(nodes, pairs.to_vec())?;
        let inner = Inner::new(nodes, &pairs);
        let ancestors = Neighbours::new(nodes, &pairs);
        let implied = |(u, v): (u32, u32)| {
            let mut between = ancestors.of(u).iter();
            between.any(|&w| ancestors.of(w).binary_search(&v).is_ok())
        };
        Self::draw(
            nodes,
            pairs,
            |pair| inner.holds(pair) && implied(pair),
            config,
        )
    }

    /// Splits the edges of an undirected network, each given in one direction or in both.
    ///
    /// Any edge may be held out, unless one of its nodes would be left without a training edge.
    /// Each edge is returned once, the lower node first; [`both_ways`](crate::graph::both_ways) turns edges into pairs
    /// (node, true neighbour).
    ///
    /// # Errors
    ///
    /// As [`of_closure`](Self::of_closure).
    pub fn of_network(nodes: usize, edges: &[(u32, u32)], config: &SplitConfig) -> Result<Self> {
        let ordered = edges.iter().map(|&(u, v)| (u.min(v), u.max(v))).collect();
        let edges = distinct(nodes, ordered)?;
        Self::draw(nodes, edges, |_| true, config)
    }

    /// The pairs of all parts: the true pairs when a held-out pair is ranked.
    pub fn all(&self) -> Vec<(u32, u32)> {
        [&self.train[..], &self.validation, &self.test].concat()
    }

    fn draw(
        nodes: usize,
        pairs: Vec<(u32, u32)>,
        may_be_held_out: impl Fn((u32, u32)) -> bool,
        config: &SplitConfig,
    ) -> Result<Self> {
        config.validate()?;
        let (mut candidates, mut train): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|&pair| may_be_held_out(pair));
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(config.seed, STREAM));
        candidates.shuffle(&mut rng);
        let share = |share: f64| (share * candidates.len() as f64).round() as usize;
        let (for_validation, for_test) = (share(config.validation), share(config.test));
        let mut occurrences = occurrences(nodes, train.iter().chain(&candidates));
        let mut held_out = Vec::with_capacity(for_validation + for_test);
        for (u, v) in candidates {
            let spare = occurrences[u as usize].min(occurrences[v as usize]) > 1;
            if spare && held_out.len() < for_validation + for_test {
                occurrences[u as usize] -= 1;
                occurrences[v as usize] -= 1;
                held_out.push((u, v));
            } else {
                train.push((u, v));
            }
        }
        let mut test = held_out.split_off(for_validation.min(held_out.len()));
        for (name, share, part) in [
            ("validation", config.validation, &held_out),
            ("test", config.test, &test),
        ] {
            if share > 0.0 && part.is_empty() {
                let expected = format!("pairs enough for a share {share} to hold one out");
                return Err(Error::invalid(OP, expected, format!("none for {name}")));
            }
        }
        for part in [&mut train, &mut held_out, &mut test] {
            part.sort_unstable();
        }
        Ok(Self {
            train,
            validation: held_out,
            test,
        })
    }
}

fn distinct(nodes: usize, mut pairs: Vec<(u32, u32)>) -> Result<Vec<(u32, u32)>> {
    check_pairs(OP, nodes, &pairs)?;
    pairs.sort_unstable();
    pairs.dedup();
    Ok(pairs)
}

/// In how many pairs each node occurs.
fn occurrences<'a>(nodes: usize, pairs: impl Iterator<Item = &'a (u32, u32)>) -> Vec<u32> {
    let mut count = vec![0; nodes];
    for &(u, v) in pairs {
        count[u as usize] += 1;
        count[v as usize] += 1;
    }
    count
}

/// Which nodes of a hierarchy are not leaves, and which are not roots.
struct Inner {
    has_descendant: Vec<bool>,
    has_ancestor: Vec<bool>,
}

impl Inner {
    fn new(nodes: usize, pairs: &[(u32, u32)]) -> Self {
        let mut inner = Self {
            has_descendant: vec![false; nodes],
            has_ancestor: vec![false; nodes],
        };
        for &(u, v) in pairs {
            inner.has_ancestor[u as usize] = true;
            inner.has_descendant[v as usize] = true;
        }
        inner
    }

    /// Whether neither end is a leaf or a root: the source is not a root and the target is not a leaf, because
    /// of the pair itself.
    fn holds(&self, (u, v): (u32, u32)) -> bool {
        self.has_descendant[u as usize] && self.has_ancestor[v as usize]
    }
}
