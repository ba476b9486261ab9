//! Points of Euclidean space of few dimensions, whose neighbours are found by a k-d tree.

use std::cmp::Ordering;

use kdtree::KdTree;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::sets::{CoincidingSets, Column, Near, Sets, System, Trouble, similar_weight};
use crate::magnitude::similarity::duplicates::Labels;
use crate::magnitude::similarity::to_vec;
use crate::{Error, Result};

/// Points of a leaf.
const LEAF: usize = 32;
/// Columns that are in memory at once.
const BATCH: usize = 8192;
/// Points of the first batch of a growing tree. A later one has a quarter of the points that are there, so that at most a fifth
/// of those in the tree come after the point that looks for earlier ones.
const FIRST: usize = 256;
/// What is looked for beyond the share of earlier points, which varies.
const SPARE: usize = 8;

type Tree<'a> = KdTree<f64, u32, &'a [f64]>;

/// Coordinates in memory.
pub(super) struct Coordinates {
    dim: usize,
    /// `[n, dim]`
    numbers: Vec<f64>,
}

impl Coordinates {
    /// Beyond so many dimensions a tree finds no neighbours faster than a look at all points.
    pub(super) const DIMENSIONS: usize = 16;

    /// # Errors
    ///
    /// [`Error::NotFinite`] where squares of distances overflow.
    pub(super) fn new(op: &'static str, points: &Tensor) -> Result<Self> {
        let n = points.size()[0];
        let points = points.to_device(Device::Cpu).to_kind(Kind::Double);
        let dim = points.size()[1..].iter().product::<i64>();
        let points = points.view([n, dim]);
        if n > 0 {
            let extent = points.amax([0], false) - points.amin([0], false);
            let square = extent.square().sum(Kind::Double).double_value(&[]);
            if !square.is_finite() {
                return Err(Error::NotFinite {
                    op,
                    what: "the square of a distance",
                    place: "the ends of the longest axis".into(),
                });
            }
        }
        Ok(Self {
            dim: dim as usize,
            numbers: to_vec(&points),
        })
    }

    fn point(&self, index: usize) -> &[f64] {
        &self.numbers[index * self.dim..][..self.dim]
    }

    /// The neighbours of a point, nearest first, and the point itself.
    fn set(&self, tree: &Tree, near: Near, own: usize) -> Vec<u32> {
        let (size, rank) = (tree.size(), near.order.ranks[own] as usize);
        let available = if near.earlier { rank } else { size - 1 };
        let wanted = near.count.min(available);
        let mut looked_for = if near.earlier && wanted > 0 {
            wanted * size / rank + SPARE
        } else {
            wanted + 1
        };
        loop {
            let found = tree.nearest(self.point(own), looked_for, &square);
            // The tree refuses no point that is finite and of its dimension, as all are.
            let found = found
                .unwrap_or_default()
                .into_iter()
                .map(|(_, &place)| place);
            let mut set: Vec<u32> = found
                .filter(|&place| near.admits(own, place as usize))
                .take(wanted)
                .collect();
            if set.len() == wanted || looked_for >= size {
                set.push(own as u32);
                return set;
            }
            looked_for *= 2;
        }
    }

    /// The distances between the points of a set, below the diagonal.
    fn within(&self, places: &[u32]) -> Vec<f64> {
        let width = places.len();
        let near: Vec<f64> = places
            .iter()
            .flat_map(|&place| self.point(place as usize))
            .copied()
            .collect();
        let mut distances = vec![0.0; width * width];
        for (i, one) in near.chunks_exact(self.dim).enumerate() {
            for (j, other) in near.chunks_exact(self.dim).enumerate().take(i) {
                distances[i * width + j] = square(one, other).sqrt();
            }
        }
        distances
    }
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Sets for Coordinates {
    fn len(&self) -> usize {
        self.numbers.len() / self.dim
    }

    fn columns(
        &self,
        near: Near,
        system: System,
        take: &mut dyn FnMut(Column),
    ) -> std::result::Result<(), Trouble> {
        let n = self.len();
        let mut tree = Tree::with_capacity(self.dim, LEAF);
        let mut done = 0;
        while done < n {
            // In a random order: a tree that grows along a line would be one.
            let end = if near.earlier {
                n.min(done + (done / 4).max(FIRST))
            } else {
                n
            };
            for &place in &near.order.points[done..end] {
                // Refuses no point, as above.
                let _ = tree.add(self.point(place as usize), place);
            }
            for batch in near.order.points[done..end].chunks(BATCH) {
                let columns: Vec<_> = batch
                    .par_iter()
                    .map(|&own| {
                        let set = self.set(&tree, near, own as usize);
                        let distances = self.within(&set);
                        system.column(set, &distances)
                    })
                    .collect();
                for column in columns {
                    take(column?);
                }
            }
            done = end;
        }
        Ok(())
    }

    fn products(&self, points: &[usize], t: f64, weights: &[f64]) -> Vec<f64> {
        let product = |&point: &usize| {
            let from = self.point(point);
            similar_weight(t, weights, |first, out| {
                let to = self.numbers[first * self.dim..].chunks_exact(self.dim);
                for (distance, to) in out.iter_mut().zip(to) {
                    *distance = square(from, to).sqrt();
                }
            })
        };
        points.par_iter().map(product).collect()
    }
}

impl CoincidingSets for Coordinates {
    fn coinciding(&self) -> Option<Labels> {
        let compare = |&a: &usize, &b: &usize| {
            let order = self.point(a).partial_cmp(self.point(b));
            order.unwrap_or(Ordering::Equal).then(a.cmp(&b))
        };
        let mut sorted: Vec<usize> = (0..self.len()).collect();
        sorted.par_sort_unstable_by(compare);
        let mut first: Vec<usize> = (0..self.len()).collect();
        for pair in sorted.windows(2) {
            if self.point(pair[0]) == self.point(pair[1]) {
                first[pair[1]] = first[pair[0]];
            }
        }
        Labels::new(&first)
    }
}
