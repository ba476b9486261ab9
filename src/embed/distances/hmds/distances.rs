//! A matrix of distances, read a tile of rows at a time.

use tch::{Device, Kind, Tensor};

use super::Fit;
use crate::manifold::Geodesic;
use crate::manifolds::Lorentz;
use crate::metric::tiles;

/// Distances, and what they are multiplied by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Distances<'a> {
    matrix: &'a Tensor,
    /// Whether each is the same both ways, and 0 on the diagonal, to the last bit.
    is_exact: bool,
    scale: f64,
}

impl<'a> Distances<'a> {
    /// At scale 1.
    pub(super) fn new(matrix: &'a Tensor, is_exact: bool) -> Self {
        Self {
            matrix,
            is_exact,
            scale: 1.0,
        }
    }

    pub(super) fn at_scale(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    pub(super) fn count(&self) -> i64 {
        self.matrix.size()[0]
    }

    pub(super) fn device(&self) -> Device {
        self.matrix.device()
    }

    /// Scaled distances of some rows in f64, a tensor of its own; of two that rounding made different the mean.
    pub(super) fn rows(&self, (first, count): (i64, i64)) -> Tensor {
        let rows = self.matrix.narrow(0, first, count).to_kind(Kind::Double);
        if self.is_exact {
            return rows * self.scale;
        }
        let columns = self.matrix.narrow(1, first, count).to_kind(Kind::Double);
        let mean = (rows + columns.tr()) * (0.5 * self.scale);
        let _ = mean.diagonal(first, 0, 1).fill_(0.0);
        mean
    }

    /// cosh of the scaled distances, times a block of vectors `[n, k]`.
    pub(super) fn cosh_times(&self, block: &Tensor) -> Tensor {
        let parts: Vec<Tensor> = tiles(self.count(), self.count())
            .map(|tile| self.rows(tile).cosh_().matmul(block))
            .collect();
        Tensor::cat(&parts, 0)
    }

    /// Compares with the distances of points.
    pub(super) fn fit(&self, space: &Lorentz, points: &Tensor) -> Fit {
        let n = self.count();
        let (mut squares, mut largest, mut ratios, mut counted) = (0.0, 0.0_f64, 0.0, 0.0);
        for (first, rows) in tiles(n, n * points.size()[1]) {
            // From the diagonal on, where pairs of the tile's own rows come twice, and all others once.
            let others = points.narrow(0, first, n - first);
            let from = others.narrow(0, 0, rows);
            let found = space.dist(&from.unsqueeze(1), &others.unsqueeze(0));
            let truth = self.rows((first, rows)).narrow(1, first, n - first);
            let errors = (found - &truth).abs();
            largest = largest.max(errors.max().double_value(&[]));
            let positive = truth.gt(0.0);
            let safe = truth.where_self(&positive, &truth.ones_like());
            ratios += both_ways(&((&errors / safe) * &positive), rows);
            counted += both_ways(&positive.to_kind(Kind::Double), rows);
            squares += both_ways(&errors.square(), rows);
        }
        let pairs = (n * (n - 1)).max(1) as f64;
        Fit {
            root_mean_square: (squares / pairs).sqrt(),
            largest_error: largest,
            distortion: if counted > 0.0 { ratios / counted } else { 0.0 },
        }
    }
}

/// Twice the sum of a tile whose first columns, as many as it has rows, hold both orders already.
fn both_ways(tile: &Tensor, rows: i64) -> f64 {
    let sum = |t: &Tensor| t.sum(Kind::Double).double_value(&[]);
    2.0 * sum(tile) - sum(&tile.narrow(1, 0, rows))
}

/// The distances of some points from all, `[count, n]`.
pub(super) fn dist_rows(space: &Lorentz, points: &Tensor, (first, count): (i64, i64)) -> Tensor {
    let from = points.narrow(0, first, count);
    space.dist(&from.unsqueeze(1), &points.unsqueeze(0))
}
