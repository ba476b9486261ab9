//! The Fréchet mean of a batch, with its gradient.

use tch::{Kind, Tensor};

use super::HyperbolicModel;
use crate::numerics::{no_grad, norm_keep, over_norm};

/// Newton steps. Near the mean each squares the distance to it.
const STEPS: usize = 16;

/// √c times the length of a step that is taken whole.
const SHORT: f64 = 0.1;

/// The parts of a longer step, of which the best is taken.
const PARTS: [f64; 7] = [1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.0];

/// The point with the least mean squared distance to the rows `[k, coordinates]`.
///
/// The mean is found by Newton's method without gradients, from the centroid or from exp₀ of the mean logarithm,
/// whichever is nearer to all. The last step records gradients: where the mean of the logarithms is 0, its
/// derivative is that of the mean by the implicit function theorem, in points and κ (lou2020).
pub(super) fn frechet_mean<M: HyperbolicModel>(space: &M, rows: &Tensor) -> Tensor {
    let exact = space.project(&rows.to_kind(Kind::Double));
    let mut mean = no_grad(|| {
        let start = start(space, &exact);
        (1..STEPS).fold(start, |mean, _| damped_step(space, &mean, &exact))
    });
    if space.has_learnable_curvature() {
        // Fixed coordinates, whatever κ does.
        mean = space.with_spatial(&space.spatial(&mean));
    }
    moved(space, &mean, &newton_step(space, &mean, &exact)).to_kind(rows.kind())
}

fn start<M: HyperbolicModel>(space: &M, rows: &Tensor) -> Tensor {
    let centroid = space.centroid(rows, &rows.select(-1, 0).ones_like());
    let logs = space.log_at_origin(rows);
    let other = space.exp_at_origin(&logs.mean_dim([0].as_slice(), false, Kind::Double));
    let cost = |p: &Tensor| space.dist(p, rows).square().sum(Kind::Double);
    centroid.where_self(&cost(&centroid).le_tensor(&cost(&other)), &other)
}

/// A step that does not go too far, chosen where the numbers are.
fn damped_step<M: HyperbolicModel>(space: &M, mean: &Tensor, rows: &Tensor) -> Tensor {
    let step = newton_step(space, mean, rows);
    let parts = Tensor::from_slice(&PARTS).to_device(rows.device());
    let several = mean.expand([PARTS.len() as i64, mean.size()[0]], false);
    let candidates = moved(space, &several, &(parts.unsqueeze(-1) * &step));
    let costs = space.dist(&candidates.unsqueeze(1), rows).square();
    // NaN is never the best.
    let costs = costs.sum_dim_intlist(-1, false, Kind::Double).nan_to_num(
        f64::INFINITY,
        f64::INFINITY,
        f64::INFINITY,
    );
    let best = candidates.index_select(0, &costs.argmin(0, true));
    let length = norm_keep(&step) * (-space.kappa().tensor()).sqrt();
    candidates
        .get(0)
        .where_self(&length.lt(SHORT), &best.get(0))
}

/// The Newton step H⁻¹ v̄, transported to the origin and in its coordinates, with the mean v̄ of the logarithms
/// and the Hessian of half the mean squared distance
///
/// ```text
/// H = mean of u uᵀ + x coth x (I − u uᵀ),  x = √c d(μ, p),  u the direction of log_μ p
/// ```
fn newton_step<M: HyperbolicModel>(space: &M, mean: &Tensor, rows: &Tensor) -> Tensor {
    let origin = space.exp_at_origin(&space.tangent_at_origin(mean).zeros_like());
    let at_origin = space.parallel_transport(mean, &origin, &space.log(mean, rows));
    let logs = space.tangent_at_origin(&at_origin);
    let hessian = no_grad(|| {
        let x = space.dist(mean, rows).unsqueeze(-1) * (-space.kappa().tensor()).sqrt();
        let bend = (&x / x.tanh()).where_self(&x.gt(0.0), &x.ones_like());
        let unit = over_norm(&logs, &norm_keep(&logs));
        let rank_one = (unit.tr() * (bend.ones_like() - &bend).squeeze_dim(-1)).matmul(&unit);
        let identity = Tensor::eye(logs.size()[1], (Kind::Double, logs.device()));
        (identity * bend.sum(Kind::Double) + rank_one) / rows.size()[0] as f64
    });
    let mean_log = logs.mean_dim([0].as_slice(), false, Kind::Double);
    Tensor::linalg_solve(&hessian, &mean_log, true)
}

/// exp_μ of a vector at the origin, transported to μ.
fn moved<M: HyperbolicModel>(space: &M, mean: &Tensor, step: &Tensor) -> Tensor {
    let origin = space.exp_at_origin(&step.zeros_like());
    let step = space.log(&origin, &space.exp_at_origin(step));
    space.exp(mean, &space.parallel_transport(&origin, mean, &step))
}
