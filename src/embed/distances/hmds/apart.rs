//! Points that a spectrum put into one place, though they belong apart.

use rand::Rng;
use tch::{Kind, Tensor};

use super::distances::{Distances, dist_rows};
use crate::manifold::{Geodesic, Sample};
use crate::manifolds::Lorentz;
use crate::metric::tiles;

/// Points are in one place when they are nearer than this part of their distance.
const IN_ONE_PLACE: f64 = 1e-3;
/// How far each is moved in every direction (standard deviation), as a part of the shortest distance that it should have to another there.
const MOVE: f64 = 0.05;

/// The points, those in one place moved at random.
pub(super) fn parted(
    space: &Lorentz,
    points: &Tensor,
    distances: &Distances,
    rng: &mut dyn Rng,
) -> Tensor {
    let n = distances.count();
    let moves: Vec<Tensor> = tiles(n, n * points.size()[1])
        .map(|tile| {
            let truth = distances.rows(tile);
            let together = dist_rows(space, points, tile).lt_tensor(&(&truth * IN_ONE_PLACE));
            let shortest = truth
                .masked_fill(&together.logical_not(), f64::INFINITY)
                .amin(1, true);
            shortest.masked_fill(&shortest.isinf(), 0.0) * MOVE
        })
        .collect();
    let moves = Tensor::cat(&moves, 0);
    if moves.sum(Kind::Double).double_value(&[]) == 0.0 {
        return points.shallow_clone();
    }
    // Random lengths too: in one dimension there are but two directions.
    space.exp(points, &(space.random_tangent(rng, points) * moves))
}
