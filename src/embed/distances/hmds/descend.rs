//! Gradient descent on the distortion.

use tch::{Kind, Tensor};

use super::Refined;
use super::distances::{Distances, dist_rows};
use crate::manifolds::Lorentz;
use crate::metric::tiles;
use crate::numerics::with_grad;
use crate::optim::{AdamConfig, ManifoldParameter, RiemannianAdam, during};
use crate::{Error, Result};

/// The points of least mean |(d/D)² − 1| that the descent meets.
pub(super) fn distortion(
    space: &Lorentz,
    start: &Tensor,
    distances: &Distances,
    steps: usize,
    learning_rate: f64,
) -> Result<Refined> {
    let parameter = ManifoldParameter::geodesic(Box::new(space.clone()), start)?;
    let points = parameter.tensor().shallow_clone();
    let mut optimizer = RiemannianAdam::new(vec![parameter], AdamConfig::new(learning_rate))?;
    let mut best = (f64::INFINITY, start.shallow_clone());
    for step in 0..=steps {
        optimizer.zero_grad();
        let loss = with_grad(|| gradient(space, &points, distances));
        if !loss.is_finite() {
            return Err(Error::NotFinite {
                op: super::OP,
                what: "the distortion",
                place: format!("step {step}"),
            });
        }
        if loss < best.0 {
            best = (loss, points.detach().copy());
        }
        for group in optimizer.groups_mut() {
            group.set_learning_rate(learning_rate * (1.0 - step as f64 / steps.max(1) as f64))?;
        }
        if step < steps {
            optimizer
                .step()
                .map_err(during(super::OP, format!("step {}", step + 1)))?;
        }
    }
    Ok(Refined {
        points: best.1,
        steps,
        converged: false,
    })
}

/// The loss; its gradient goes to the leaf, tile by tile.
fn gradient(space: &Lorentz, points: &Tensor, distances: &Distances) -> f64 {
    let n = distances.count();
    let pairs = (n * (n - 1)).max(1) as f64;
    let mut total = 0.0;
    for tile in tiles(n, n * points.size()[1]) {
        let truth = distances.rows(tile);
        let apart = truth.gt(0.0);
        let safe = truth.where_self(&apart, &truth.ones_like());
        let ratios = dist_rows(space, points, tile) / safe;
        let loss = (((ratios.square() - 1.0).abs() * apart) / pairs).sum(Kind::Double);
        loss.backward();
        total += loss.double_value(&[]);
    }
    total
}
