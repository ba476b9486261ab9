//! Riemannian gradient descent on the flag manifold, for comparison.

use holonomy::{Flag, Manifold};
use tch::{Kind, Tensor};

/// Where the descent ended.
pub(crate) struct Descent {
    pub(crate) point: Tensor,
    pub(crate) iterations: usize,
    pub(crate) converged: bool,
}

/// The step as a part of the gradient that is tried first.
const FIRST_STEP: f64 = 1.0;
/// The part of the decrease that the slope promises with which a step must be content (Armijo).
const ENOUGH: f64 = 1e-4;
const MOST_ITERATIONS: usize = 1000;

/// Steepest descent of the mean squared chordal distance along geodesics of the canonical metric,
/// with steps halved until they descend enough, to a gradient of this length.
pub(crate) fn descend(flags: &Flag, points: &Tensor, start: &Tensor, tolerance: f64) -> Descent {
    let count = points.size()[0] as f64;
    let cost = |y: &Tensor| {
        let squares = flags.chordal_dist(points, y).square();
        squares.sum(Kind::Double).double_value(&[]) / count
    };
    // The gradient through the mean projectors, as the mean's own.
    let projectors = flags
        .block_projectors(points)
        .mean_dim(0, false, Kind::Double);
    let mut point = start.shallow_clone();
    let mut value = cost(&point);
    for iterations in 0..MOST_ITERATIONS {
        let gradient = flags.rgrad(&point, &ambient_gradient(flags, &projectors, &point));
        let length = flags.norm(&point, &gradient).double_value(&[]);
        if length <= tolerance {
            return Descent {
                point,
                iterations,
                converged: true,
            };
        }
        let mut step = FIRST_STEP;
        // Below the rounding of the costs a step cannot be judged.
        while step > 1e-12 {
            let next = flags.exp(&point, &(&gradient * -step));
            let next_value = cost(&next);
            if next_value <= value - ENOUGH * step * length * length {
                (point, value) = (next, next_value);
                break;
            }
            step *= 0.5;
        }
        if step <= 1e-12 {
            return Descent {
                point,
                iterations,
                converged: false,
            };
        }
    }
    Descent {
        point,
        iterations: MOST_ITERATIONS,
        converged: false,
    }
}

/// `−2 [PᵢYᵢ]`
fn ambient_gradient(flags: &Flag, projectors: &Tensor, y: &Tensor) -> Tensor {
    let product = |(block, (start, size)): (usize, (i64, i64))| {
        projectors
            .get(block as i64)
            .matmul(&y.narrow(-1, start, size))
    };
    let products: Vec<Tensor> = flags.blocks().enumerate().map(product).collect();
    Tensor::cat(&products, -1) * -2.0
}

#[cfg(test)]
mod tests {
    use super::super::data::{Noise, draw, flags, generator};
    use super::*;
    use holonomy::stats::{MeanConfig, flag_mean};

    #[test]
    fn the_descent_ends_at_the_mean() {
        let flags = flags().unwrap();
        let data = draw(&flags, &mut generator(1, 9, 0), 30, (Noise::Uniform, 0.1));
        let descent = descend(&flags, &data.points, &data.center, 1e-7);
        assert!(descent.converged);
        let mean = flag_mean(&flags, &data.points, None, &MeanConfig::default()).unwrap();
        let apart = flags.chordal_dist(&mean.point, &descent.point);
        assert!(apart.double_value(&[]) < 1e-6);
    }
}
