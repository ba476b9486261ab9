//! Mean average precision.

use tch::Tensor;

use crate::graph::{Graph, Neighbours, both_ways};
use crate::metric::{check_square, mirrored};
use crate::numerics::rows::measure_rows;
use crate::{Error, Result};

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
/// use holonomy::scores::mean_average_precision;
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
pub(crate) fn average_precision(
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
