//! What conjugate gradients need of similarities that are in no matrix.

use tch::{Device, Kind, Tensor};

use crate::manifold::Distance;

/// Similarities of points in an order.
pub(in crate::magnitude) trait Similarities {
    /// How many points.
    fn len(&self) -> i64;

    /// Where vectors lie.
    fn device(&self) -> Device;

    /// Zx, `[n, 1]` for x of that shape.
    fn times(&self, x: &Tensor) -> Tensor;

    /// The nearest `count` of the points before each, nearest first.
    fn earlier_neighbours(&self, count: i64) -> Neighbours;

    /// The distances between all points of each of some small sets, `[sets, k, k]`, f64, for places `[sets, k]`.
    fn distances_within(&self, places: &Tensor) -> Tensor;
}

/// Places `[n, count]` of neighbours, and their distances; where a point has fewer, place 0 at distance ∞.
pub(in crate::magnitude) struct Neighbours {
    pub(in crate::magnitude) places: Tensor,
    pub(in crate::magnitude) distances: Tensor,
}

/// Distances in a tile of rows.
const TILE: i64 = 1 << 22;

/// e^(−t d) of any space, in tiles of rows on the device of the points.
pub(in crate::magnitude) struct Tiled<'a, D: Distance + ?Sized> {
    pub(in crate::magnitude) space: &'a D,
    pub(in crate::magnitude) points: Tensor,
    pub(in crate::magnitude) t: f64,
}

impl<D: Distance + ?Sized> Tiled<'_, D> {
    /// (first row, distances `[rows, n]`, f64) of tiles of rows.
    pub(in crate::magnitude) fn tiles(&self) -> impl Iterator<Item = (i64, Tensor)> {
        let n = self.points.size()[0];
        let width = self.space.shape().iter().product::<i64>().max(1);
        let rows = (TILE / (n * width).max(1)).max(1);
        (0..n).step_by(rows as usize).map(move |first| {
            let from = self.points.narrow(0, first, rows.min(n - first));
            let tile = self
                .space
                .between(&from.unsqueeze(1), &self.points.unsqueeze(0));
            (first, tile.to_kind(Kind::Double))
        })
    }
}

impl<D: Distance + ?Sized> Similarities for Tiled<'_, D> {
    fn distances_within(&self, places: &Tensor) -> Tensor {
        let mut shape = places.size();
        shape.extend(self.space.shape());
        let near = self
            .points
            .index_select(0, &places.contiguous().view(-1))
            .view(shape.as_slice());
        let distances = self.space.between(&near.unsqueeze(2), &near.unsqueeze(1));
        distances.to_kind(Kind::Double)
    }

    fn len(&self) -> i64 {
        self.points.size()[0]
    }

    fn device(&self) -> Device {
        self.points.device()
    }

    fn times(&self, x: &Tensor) -> Tensor {
        let parts: Vec<Tensor> = self
            .tiles()
            .map(|(_, distances)| (distances * -self.t).exp_().matmul(x))
            .collect();
        Tensor::cat(&parts, 0)
    }

    fn earlier_neighbours(&self, count: i64) -> Neighbours {
        let n = self.len();
        let own = Tensor::arange(n, (Kind::Int64, self.device()));
        let (mut distances, mut places) = (Vec::new(), Vec::new());
        for (first, tile) in self.tiles() {
            let rows = own.narrow(0, first, tile.size()[0]).unsqueeze(1);
            let later = own.unsqueeze(0).ge_tensor(&rows);
            let (nearest, at) = tile
                .masked_fill(&later, f64::INFINITY)
                .topk(count, 1, false, true);
            places.push(at.masked_fill(&nearest.isinf(), 0));
            distances.push(nearest);
        }
        Neighbours {
            places: Tensor::cat(&places, 0),
            distances: Tensor::cat(&distances, 0),
        }
    }
}
