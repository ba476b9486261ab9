//! How well the distances of an embedding match those of a graph.

use tch::Tensor;

use super::sampler::Neighbours;
use super::split::both_ways;
use crate::graph::Graph;
use crate::manifold::Geodesic;
use crate::metric::mirrored;
use crate::numerics::rows::measure_rows;
use crate::numerics::{check_list, no_grad};
use crate::{Error, Result};

/// Numbers that a tile of [`pairwise_distances`] may take.
const TILE: i64 = 1 << 22;

/// The distances between all pairs of points.
///
/// The result is exactly symmetric: each pair is computed once.
///
/// # Shapes
///
/// `points`: `[n, point..]`; the result `[n, n]`, of the kind of the points and on their device.
/// The computation takes some 100 MB more.
///
/// # Accuracy
///
/// That of the manifold's `dist`.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Examples
///
/// ```
/// use holonomy::{Euclidean, embed::pairwise_distances};
/// use holonomy::tch::Tensor;
///
/// let line = Euclidean::new(1)?;
/// let distances = pairwise_distances(&line, &Tensor::from_slice(&[0.0, 1.0, 3.0]).view([3, 1]));
/// assert_eq!(distances.double_value(&[2, 1]), 2.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # Panics
///
/// For other shapes or kinds.
#[track_caller]
pub fn pairwise_distances(space: &dyn Geodesic, points: &Tensor) -> Tensor {
    check_list("pairwise_distances", &space.point_shape(), &[points]);
    let points = points.detach();
    let n = points.size()[0];
    let width = space.point_shape().iter().product::<i64>().max(1);
    let out = Tensor::zeros([n, n], (points.kind(), points.device()));
    let tile = (TILE / (n * width).max(1)).max(1);
    no_grad(|| {
        let mut first = 0;
        while first < n {
            let rows = tile.min(n - first);
            let (from, to) = (
                points.narrow(0, first, rows),
                points.narrow(0, first, n - first),
            );
            let block = space.dist(&from.unsqueeze(1), &to.unsqueeze(0));
            let upper = block.triu(1);
            let corner = upper.narrow(1, 0, rows);
            let corner = &corner + corner.transpose(0, 1);
            let rest = upper.narrow(1, rows, n - first - rows);
            let mut square = out.narrow(0, first, rows).narrow(1, first, rows);
            square.copy_(&corner);
            let mut right = out
                .narrow(0, first, rows)
                .narrow(1, first + rows, rest.size()[1]);
            right.copy_(&rest);
            let mut below = out
                .narrow(0, first + rows, rest.size()[1])
                .narrow(1, first, rows);
            below.copy_(&rest.transpose(0, 1));
            first += rows;
        }
    });
    out
}

/// The distances from some points to others.
///
/// # Shapes
///
/// `from`: `[m, point..]`, `to`: `[n, point..]`, of one kind and on one device; the result `[m, n]` likewise.
///
/// # Accuracy
///
/// That of the manifold's `dist`.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Examples
///
/// ```
/// use holonomy::{Euclidean, embed::cross_distances};
/// use holonomy::tch::Tensor;
///
/// let line = Euclidean::new(1)?;
/// let (from, to) = (Tensor::from_slice(&[2.0]).view([1, 1]), Tensor::from_slice(&[0.0, 5.0]).view([2, 1]));
/// assert_eq!(cross_distances(&line, &from, &to), Tensor::from_slice(&[2.0, 3.0]).view([1, 2]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # Panics
///
/// For other shapes or kinds.
#[track_caller]
pub fn cross_distances(space: &dyn Geodesic, from: &Tensor, to: &Tensor) -> Tensor {
    check_list("cross_distances", &space.point_shape(), &[from, to]);
    let (from, to) = (from.detach(), to.detach().unsqueeze(0));
    let (m, n) = (from.size()[0], to.size()[1]);
    let width = space.point_shape().iter().product::<i64>().max(1);
    let out = Tensor::zeros([m, n], (from.kind(), from.device()));
    let tile = (TILE / (n * width).max(1)).max(1);
    no_grad(|| {
        for first in (0..m).step_by(tile as usize) {
            let rows = tile.min(m - first);
            let block = space.dist(&from.narrow(0, first, rows).unsqueeze(1), &to);
            out.narrow(0, first, rows).copy_(&block);
        }
    });
    out
}

/// The distortion of an embedding's distances; see [`distortion`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Distortion {
    /// The mean of |d_embedded / d_true − 1|: 0 when all distances are kept.
    pub average: f64,
    /// max(d_embedded / d_true) / min(d_embedded / d_true): 1 when all are kept up to a common factor, ∞
    /// when two points coincide.
    pub worst_case: f64,
    /// The mean of d_embedded / d_true.
    pub mean_ratio: f64,
    /// The number of pairs that were compared.
    pub pairs: usize,
}

/// The distortion of the distances `embedded` against `truth`, over all pairs whose true distance
/// is known.
///
/// ```text
/// average    = mean over x < y of |d_embedded(x, y) − d_true(x, y)| / d_true(x, y)
/// worst_case = max over x < y of d_embedded/d_true  /  min over x < y of d_embedded/d_true
/// ```
///
/// A pair whose true distance is NaN (not known) or infinite (no path) does not count.
///
/// # Shapes
///
/// Both `[n, n]`, of any floating kind.
///
/// # Accuracy
///
/// Each ratio has one rounding; the n²/2 ratios are summed row by row.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for other shapes; a matrix that is not symmetric or not 0 on the
/// diagonal, beyond rounding (1e-10 of the largest entry, in f32 1e-5); no pair that counts; a
/// true distance that is not positive; and a negative embedded one. [`Error::NotFinite`] for an
/// embedded distance that is not finite. The messages name the pair.
///
/// # Examples
///
/// ```
/// use holonomy::embed::distortion;
/// use holonomy::tch::Tensor;
///
/// let truth = Tensor::from_slice(&[0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]).view([3, 3]);
/// let bent = Tensor::from_slice(&[0.0, 1.0, 1.7, 1.0, 0.0, 1.0, 1.7, 1.0, 0.0]).view([3, 3]);
/// let found = distortion(&truth, &bent)?;
/// assert!((found.average - 0.05).abs() < 1e-15);
/// assert!((found.worst_case - 1.0 / 0.85).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// sala2018, section 2.
pub fn distortion(truth: &Tensor, embedded: &Tensor) -> Result<Distortion> {
    const OP: &str = "distortion";
    check_square(OP, truth)?;
    check_square(OP, embedded)?;
    if truth.size() != embedded.size() {
        let expected = format!("matrices of one size, {:?}", truth.size());
        return Err(Error::invalid(
            OP,
            expected,
            format!("{:?}", embedded.size()),
        ));
    }
    let (truth, embedded) = (mirrored(OP, truth)?, mirrored(OP, embedded)?);
    let rows = measure_rows([&truth, &embedded], |row, [truth, embedded]| {
        let mut ratios = Ratios::default();
        for other in row + 1..truth.len() {
            if truth[other].is_finite() {
                ratios.add(OP, (row, other), truth[other], embedded[other])?;
            }
        }
        Ok(ratios)
    });
    let mut all = Ratios::default();
    for row in rows {
        all.merge(&row?);
    }
    all.distortion(OP)
}

/// What is kept of the ratios embedded / true.
pub(super) struct Ratios {
    deviation: f64,
    sum: f64,
    largest: f64,
    smallest: f64,
    pairs: usize,
}

impl Default for Ratios {
    fn default() -> Self {
        Self {
            deviation: 0.0,
            sum: 0.0,
            largest: 0.0,
            smallest: f64::INFINITY,
            pairs: 0,
        }
    }
}

impl Ratios {
    pub(super) fn add(
        &mut self,
        op: &'static str,
        (x, y): (usize, usize),
        truth: f64,
        embedded: f64,
    ) -> Result<()> {
        if truth <= 0.0 {
            let got = format!("{truth} for ({x}, {y})");
            return Err(Error::invalid(
                op,
                "true distances > 0 between different points",
                got,
            ));
        }
        if embedded < 0.0 {
            let got = format!("{embedded} for ({x}, {y})");
            return Err(Error::invalid(op, "embedded distances ≥ 0", got));
        }
        if !embedded.is_finite() {
            return Err(Error::NotFinite {
                op,
                what: "an embedded distance",
                place: format!("({x}, {y})"),
            });
        }
        let ratio = embedded / truth;
        self.deviation += (ratio - 1.0).abs();
        self.sum += ratio;
        self.largest = self.largest.max(ratio);
        self.smallest = self.smallest.min(ratio);
        self.pairs += 1;
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.deviation += other.deviation;
        self.sum += other.sum;
        self.largest = self.largest.max(other.largest);
        self.smallest = self.smallest.min(other.smallest);
        self.pairs += other.pairs;
    }

    pub(super) fn distortion(&self, op: &'static str) -> Result<Distortion> {
        if self.pairs == 0 {
            let expected = "a pair of points with a known distance";
            return Err(Error::invalid(op, expected, "none"));
        }
        // Also where all points coincide, 0/0.
        let worst_case = if self.smallest == 0.0 {
            f64::INFINITY
        } else {
            self.largest / self.smallest
        };
        Ok(Distortion {
            average: self.deviation / self.pairs as f64,
            worst_case,
            mean_ratio: self.sum / self.pairs as f64,
            pairs: self.pairs,
        })
    }
}

/// The mean average precision of a graph's own edges: 1 when the neighbours of every node are nearer
/// to it than all other nodes.
///
/// ```text
/// MAP = mean over a of mean over b ∈ N(a) of |{ w ∈ N(a) : d(a,w) ≤ d(a,b) }| / |{ w ≠ a : d(a,w) ≤ d(a,b) }|
/// ```
///
/// with N(a) the nodes that share an edge with a, in either direction. Nodes without edges are
/// skipped; equal distances count against the embedding.
///
/// # Shapes
///
/// `distances`: `[nodes, nodes]`, any floating kind.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape, a matrix that is not symmetric or not 0 on the
/// diagonal, beyond rounding (1e-10 of the largest distance, in f32 1e-5), a graph without edges,
/// and a graph in which every node with edges is a neighbour of all others, so that there is
/// nothing to rank; [`Error::NotFinite`] for a NaN, with the pair.
///
/// # Examples
///
/// ```
/// use holonomy::embed::mean_average_precision;
/// use holonomy::graph::{Graph, shortest_paths};
///
/// let names = ["a", "b", "c", "d"].map(String::from).to_vec();
/// let path = Graph::new(names, vec![(0, 1), (1, 2), (2, 3)], None)?;
/// assert_eq!(mean_average_precision(&path, &shortest_paths(&path))?, 1.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// sala2018, section 2; nickel2017, section 4.1.
pub fn mean_average_precision(graph: &Graph, distances: &Tensor) -> Result<f64> {
    const OP: &str = "mean_average_precision";
    check_square(OP, distances)?;
    let nodes = graph.node_count();
    if distances.size()[0] != nodes as i64 {
        let expected = format!("distances [{nodes}, {nodes}]");
        return Err(Error::invalid(
            OP,
            expected,
            format!("{:?}", distances.size()),
        ));
    }
    let distances = mirrored(OP, distances)?;
    let neighbours = Neighbours::new(nodes, &both_ways(graph.edges()));
    let rows = measure_rows([&distances], |node, [row]| {
        if let Some(other) = row.iter().position(|distance| distance.is_nan()) {
            return Err(Error::NotFinite {
                op: OP,
                what: "a distance",
                place: format!("({node}, {other})"),
            });
        }
        Ok(average_precision(
            row,
            node,
            neighbours.of(node as u32),
            0.0,
        ))
    });
    let (mut sum, mut count) = (0.0, 0);
    for row in rows {
        if let Some(precision) = row? {
            sum += precision;
            count += 1;
        }
    }
    if count == 0 {
        return Err(Error::invalid(OP, "a graph with edges", "none"));
    }
    if !(0..nodes as u32).any(|node| neighbours.can_be_ranked(node)) {
        let expected = "a node with neighbours and others, to rank them";
        let got = "a graph in which all nodes with edges are neighbours of all others";
        return Err(Error::invalid(OP, expected, got));
    }
    Ok(sum / f64::from(count))
}

/// The average precision of a node; `None` without neighbours. Nodes that are farther than a neighbour by up to `tie`
/// count as no farther.
pub(super) fn average_precision(
    row: &[f64],
    node: usize,
    neighbours: &[u32],
    tie: f64,
) -> Option<f64> {
    if neighbours.is_empty() {
        return None;
    }
    let mut true_ones: Vec<f64> = neighbours.iter().map(|&b| row[b as usize]).collect();
    true_ones.sort_unstable_by(f64::total_cmp);
    // How many nodes have each neighbour as the first that is as far away as they are.
    let mut first_reached = vec![0_usize; true_ones.len() + 1];
    for (other, distance) in row.iter().enumerate() {
        if other != node {
            first_reached[true_ones.partition_point(|own| own + tie < *distance)] += 1;
        }
    }
    let (mut sum, mut within, mut hits) = (0.0, 0, 0);
    for (own, reached) in true_ones.iter().zip(first_reached) {
        within += reached;
        hits += true_ones[hits..].partition_point(|other| *other <= own + tie);
        sum += hits as f64 / within as f64;
    }
    Some(sum / true_ones.len() as f64)
}

fn check_square(op: &'static str, distances: &Tensor) -> Result<()> {
    let size = distances.size();
    if size.len() != 2 || size[0] != size[1] {
        let expected = "a matrix of distances [n, n]";
        return Err(Error::invalid(op, expected, format!("{size:?}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Node 1 is the neighbour of node 0, node 2 is farther by less than a tie or by more.
    #[test]
    fn nodes_within_a_tie_count_against_the_embedding_wherever_they_lie() {
        for near in [1.0, 1.499_9, 1.5, 3.7] {
            let precision = |far: f64| average_precision(&[0.0, near, near + far], 0, &[1], 1.0);
            assert_eq!(precision(0.001), Some(0.5));
            assert_eq!(precision(0.999), Some(0.5));
            assert_eq!(precision(1.001), Some(1.0));
        }
        // Two neighbours within a tie, and one node between them.
        let row = [0.0, 1.0, 1.5, 1.2];
        assert_eq!(average_precision(&row, 0, &[1, 2], 1.0), Some(2.0 / 3.0));
        assert_eq!(
            average_precision(&row, 0, &[1, 2], 0.0),
            Some(f64::midpoint(1.0, 2.0 / 3.0))
        );
    }
}
