//! Mean average precision of some pairs, ranked among true negatives alone.

use std::collections::{BTreeMap, HashSet};

use holonomy::{Error, Geodesic, PoincareBall, Result};
use tch::Tensor;

use super::split::Pair;

/// Pairs to rank, with what each is ranked among.
///
/// ```text
/// precision(u, v) = h/(h + w)
/// h = #{ v' ranked with u : d(u,v') ≤ d(u,v) }
/// w = #{ z : (u,z) no pair of the closure, d(u,z) ≤ d(u,v) }
/// MAP = mean over u of the mean over its ranked v of precision
/// ```
///
/// Pairs of the closure that are not to be ranked play no part. Equal distances count against the
/// embedding. When the ranked pairs are the closure, this is nickel2017's reconstruction.
pub(crate) struct Ranking {
    nodes: i64,
    queries: Vec<Query>,
}

struct Query {
    node: i64,
    ranked: Vec<usize>,
    negatives: Vec<usize>,
}

/// Distances are computed for so many nodes at a time, to bound the memory.
const NODES_AT_ONCE: usize = 256;

impl Ranking {
    /// Of the pairs `ranked`, all of them in `closure`, over the nodes 0 … `nodes` − 1; of at most
    /// `most` descendants, evenly spread.
    pub(crate) fn new(nodes: usize, ranked: &[Pair], closure: &[Pair], most: usize) -> Self {
        let ranked = by_node(ranked);
        let known = by_node(closure);
        let every = ranked.len().div_ceil(most.max(1)).max(1);
        let queries = ranked.into_iter().step_by(every).map(|(node, ranked)| {
            let true_ones: HashSet<usize> =
                known.get(&node).into_iter().flatten().copied().collect();
            let is_negative = |&z: &usize| z != node as usize && !true_ones.contains(&z);
            Query {
                node: i64::from(node),
                ranked,
                negatives: (0..nodes).filter(is_negative).collect(),
            }
        });
        Self {
            nodes: nodes as i64,
            queries: queries.collect(),
        }
    }

    /// The MAP of `points`, `[nodes, n]`.
    pub(crate) fn map(&self, ball: &PoincareBall, points: &Tensor) -> Result<f64> {
        let mut sum = 0.0;
        for queries in self.queries.chunks(NODES_AT_ONCE) {
            let nodes: Vec<i64> = queries.iter().map(|query| query.node).collect();
            let sources = points.index_select(0, &Tensor::from_slice(&nodes));
            let dist = ball.dist(&sources.unsqueeze(1), points).view(-1);
            let dist = Vec::<f64>::try_from(dist).map_err(|source| Error::Torch {
                op: "Ranking::map",
                source,
            })?;
            let rows = dist.chunks(self.nodes as usize);
            sum += queries
                .iter()
                .zip(rows)
                .map(|(query, dist)| query.average_precision(dist))
                .sum::<f64>();
        }
        Ok(sum / self.queries.len() as f64)
    }
}

impl Query {
    /// Given the distances of all nodes.
    fn average_precision(&self, dist: &[f64]) -> f64 {
        let mut right: Vec<f64> = self.ranked.iter().map(|&v| dist[v]).collect();
        right.sort_by(f64::total_cmp);
        // How many negatives lie before each ranked node, and not before the one nearer than it.
        let mut wrong = vec![0_usize; right.len() + 1];
        for &z in &self.negatives {
            wrong[right.partition_point(|&d| d < dist[z])] += 1;
        }
        let mut before = 0;
        let mut sum = 0.0;
        for (index, distance) in right.iter().enumerate() {
            before += wrong[index];
            let hits = right.partition_point(|d| d <= distance);
            sum += hits as f64 / (hits + before) as f64;
        }
        sum / right.len() as f64
    }
}

fn by_node(pairs: &[Pair]) -> BTreeMap<u32, Vec<usize>> {
    let mut map: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for &(node, ancestor) in pairs {
        map.entry(node).or_default().push(ancestor as usize);
    }
    map
}

#[cfg(test)]
mod tests {
    use holonomy::Sample;
    use holonomy::embed::{Model, reconstruction};
    use rand::SeedableRng;
    use tch::{Device, Kind};

    use super::*;

    fn ball() -> PoincareBall {
        PoincareBall::new(2, -1.0).unwrap()
    }

    /// Nodes on a line, at these places.
    fn line(places: &[f64]) -> Tensor {
        let points = places.iter().flat_map(|&x| [x, 0.0]).collect::<Vec<_>>();
        Tensor::from_slice(&points).view([-1, 2])
    }

    #[test]
    fn ranking_all_pairs_is_reconstruction() {
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        let points = ball().random_point(&mut rng, &[300], (Kind::Double, Device::Cpu));
        let pairs: Vec<Pair> = (1..300)
            .flat_map(|u| [(u, u / 2), (u, u / 3)])
            .filter(|&(u, v)| u != v)
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let ours = Ranking::new(300, &pairs, &pairs, 1000)
            .map(&ball(), &points)
            .unwrap();
        let library = reconstruction(Model::Ball, &points, &pairs).unwrap().map;
        assert!((ours - library).abs() < 1e-12, "{ours} {library}");
    }

    #[test]
    fn other_true_pairs_are_neither_right_nor_wrong() {
        // Seen from node 0: 1 is true but not ranked, 2 is no pair, 3 is ranked.
        let points = line(&[0.0, 0.1, 0.2, 0.3]);
        let map = |closure: &[Pair]| {
            let ranking = Ranking::new(4, &[(0, 3)], closure, 10);
            ranking.map(&ball(), &points).unwrap()
        };
        assert_eq!(map(&[(0, 1), (0, 3)]), 0.5);
        assert_eq!(map(&[(0, 3)]), 1.0 / 3.0);
    }

    #[test]
    fn ties_count_against_the_embedding() {
        let points = line(&[0.0, 0.1, 0.1]);
        let ranking = Ranking::new(3, &[(0, 1)], &[(0, 1)], 10);
        assert_eq!(ranking.map(&ball(), &points).unwrap(), 0.5);
    }

    #[test]
    fn a_sample_of_nodes_is_spread_over_all() {
        let pairs: Vec<Pair> = (1..=10).map(|u| (u, 0)).collect();
        let ranking = Ranking::new(11, &pairs, &pairs, 4);
        let nodes: Vec<i64> = ranking.queries.iter().map(|query| query.node).collect();
        assert_eq!(nodes, [1, 4, 7, 10]);
    }
}
