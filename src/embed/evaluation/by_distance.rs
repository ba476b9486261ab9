//! Ranks by any distance, row by row.

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::ranker::{Ranks, Targets};
use crate::metric::cross_distances;
use crate::{Distance, Error, Result};

/// Points, and how far they are from each other.
pub(super) struct ByDistance<'a> {
    distance: &'a dyn Distance,
    points: Tensor,
}

/// Distances that are held at once, 32 MiB.
const AT_ONCE: usize = 1 << 22;

impl<'a> ByDistance<'a> {
    /// # Errors
    ///
    /// Those of [`Distance::check`], and [`Error::InvalidArgument`] for another shape.
    pub(super) fn new(
        op: &'static str,
        distance: &'a dyn Distance,
        points: &Tensor,
    ) -> Result<Self> {
        crate::numerics::require_defined(op, &[points])?;
        let (shape, size) = (distance.shape(), points.size());
        if size.len() != shape.len() + 1 || size[1..] != shape {
            let expected = format!("points of shape [nodes, {shape:?}]");
            return Err(Error::invalid(op, expected, format!("{size:?}")));
        }
        let points = points.detach();
        distance.check(&points)?;
        Ok(Self { distance, points })
    }

    pub(super) fn nodes(&self) -> usize {
        self.points.size()[0] as usize
    }

    /// As [`Ranker::rank`](super::ranker::Ranker::rank).
    pub(super) fn rank(
        &self,
        sources: &[u32],
        targets: Targets,
        ranked: impl Fn(usize) + Sync,
    ) -> Vec<Ranks> {
        let nodes = self.nodes();
        let mut ranks = Vec::with_capacity(sources.len());
        for group in sources.chunks((AT_ONCE / nodes).max(1)) {
            let indices: Vec<i64> = group.iter().copied().map(i64::from).collect();
            let indices = Tensor::from_slice(&indices).to_device(self.points.device());
            let from = self.points.index_select(0, &indices);
            let distances = cross_distances(self.distance, &from, &self.points)
                .to_device(Device::Cpu)
                .to_kind(Kind::Double);
            let mut rows = vec![0.0; group.len() * nodes];
            let numel = rows.len();
            distances.contiguous().copy_data(&mut rows, numel);
            let rows = group.par_iter().zip(rows.par_chunks_exact(nodes));
            ranks.par_extend(rows.map(|(&source, row)| ranks_of(source, row, targets)));
            ranked(group.len());
        }
        ranks
    }
}

/// The ranks of the true neighbours of a source that has these distances to all nodes. A distance
/// that is NaN is farther than all others.
fn ranks_of(source: u32, distances: &[f64], targets: Targets) -> Ranks {
    let far = |&node: &u32| {
        let distance = distances[node as usize];
        if distance.is_nan() {
            f64::INFINITY
        } else {
            distance
        }
    };
    let sorted = |nodes: &mut dyn Iterator<Item = u32>| {
        let mut found: Vec<f64> = nodes.map(|node| far(&node)).collect();
        found.sort_unstable_by(f64::total_cmp);
        found
    };
    let all = sorted(&mut (0..distances.len() as u32).filter(|&node| node != source));
    let bounds = sorted(&mut targets.ranked.of(source).iter().copied());
    let taken_out = sorted(&mut targets.taken_out(source));
    let nodes = |bound: f64| all.partition_point(|&x| x <= bound) as u64;
    let bounds_and_nodes = bounds.iter().map(|&bound| nodes(bound)).collect();
    Ranks::of(&bounds, &taken_out, bounds_and_nodes)
}
