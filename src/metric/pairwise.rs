//! The distances between points of a space.

use tch::{Kind, Tensor};

use crate::manifold::Distance;
use crate::numerics::{check_list, no_grad};

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
/// That of the distance.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::metric::pairwise_distances;
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
pub fn pairwise_distances(space: &(impl Distance + ?Sized), points: &Tensor) -> Tensor {
    check_list("pairwise_distances", &space.shape(), &[points]);
    let points = points.detach();
    let n = points.size()[0];
    let width = space.shape().iter().product::<i64>().max(1);
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
            let block = space.between(&from.unsqueeze(1), &to.unsqueeze(0));
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
/// That of the distance.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::metric::cross_distances;
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
pub fn cross_distances(space: &(impl Distance + ?Sized), from: &Tensor, to: &Tensor) -> Tensor {
    check_list("cross_distances", &space.shape(), &[from, to]);
    let (from, to) = (from.detach(), to.detach().unsqueeze(0));
    let (m, n) = (from.size()[0], to.size()[1]);
    let width = space.shape().iter().product::<i64>().max(1);
    let out = Tensor::zeros([m, n], (from.kind(), from.device()));
    let tile = (TILE / (n * width).max(1)).max(1);
    no_grad(|| {
        for first in (0..m).step_by(tile as usize) {
            let rows = tile.min(m - first);
            let block = space.between(&from.narrow(0, first, rows).unsqueeze(1), &to);
            out.narrow(0, first, rows).copy_(&block);
        }
    });
    out
}

/// The distances between all pairs of points, with gradients.
///
/// As [`pairwise_distances`](crate::metric::pairwise_distances), each pair is computed once. But
/// the computation is recorded for autograd, and not done in tiles.
///
/// # Shapes
///
/// `points`: `[n, point..]`; the result `[n, n]` of their kind. Memory holds both points of each
/// of the n²/2 pairs, and what the distance records for them.
///
/// # Gradient
///
/// That of the distance; 0 for a pair at distance 0.
///
/// # Panics
///
/// Unless `points` has one dimension more than a point.
///
/// # Examples
///
/// ```
/// use holonomy::{Euclidean, metric::differentiable_distances};
/// use holonomy::tch::Tensor;
///
/// let x = Tensor::from_slice(&[0.0, 3.0]).view([2, 1]).set_requires_grad(true);
/// let d = differentiable_distances(&Euclidean::new(1)?, &x);
/// d.get(0).get(1).backward();
/// assert_eq!(x.grad().double_value(&[1, 0]), 1.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[track_caller]
pub fn differentiable_distances(space: &(impl Distance + ?Sized), points: &Tensor) -> Tensor {
    check_list("differentiable_distances", &space.shape(), &[points]);
    let n = points.size()[0];
    let pairs = Tensor::triu_indices(n, n, 1, (Kind::Int64, points.device()));
    let (from, to) = (pairs.get(0), pairs.get(1));
    let lengths = space.between(&points.index_select(0, &from), &points.index_select(0, &to));
    let places = from * n + to;
    let upper = Tensor::zeros([n * n], (points.kind(), points.device()))
        .index_add(0, &places, &lengths)
        .view([n, n]);
    &upper + upper.transpose(0, 1)
}
