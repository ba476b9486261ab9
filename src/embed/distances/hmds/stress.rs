//! Least squares: Σ (d(xᵢ, xⱼ) − Dᵢⱼ)² over pairs by Gauss–Newton steps.
//!
//! A point moves along a tangent Tᵢξᵢ, where Tᵢ carries the tangents at the origin to xᵢ without turning
//! them (a boost). Then ∂d(xᵢ, xⱼ)/∂ξᵢ is the unit vector aᵢⱼ = −TᵢᵀJxⱼ / sinh d, J = diag(−1, 1, …, 1), and the normal
//! equations are products of matrices:
//!
//! ```text
//! (AξA)ᵢⱼ = aᵢⱼ·ξᵢ + aⱼᵢ·ξⱼ = −(VJXᵀ + XJVᵀ)ᵢⱼ / sinh dᵢⱼ,   rows of V: Tᵢξᵢ
//! (AᵀR)ᵢ = −TᵢᵀJ (R/sinh d · X)ᵢ
//! ```
//!
//! They are solved by conjugate gradients, with the points' own blocks Σⱼ aᵢⱼaᵢⱼᵀ as the preconditioner: a point far out
//! sees nearly all others in one direction, and is free across it. The derivative may have few digits; the residual
//! has all that `dist` gives, and it alone decides where the steps end.

use tch::{Kind, Tensor};

use super::Refined;
use super::distances::{Distances, dist_rows};
use crate::manifold::Geodesic;
use crate::manifolds::Lorentz;
use crate::metric::tiles;
use crate::numerics::{dot_keep, sum_keep};

/// A fit whose worst pair is off by this part of the largest distance is exact.
const EXACT: f64 = 64.0 * f64::EPSILON;
/// Ends where the model promises a smaller decrease, as a part of the sum of squares.
const LEAST_DECREASE: f64 = 1e-6;
/// Squared preconditioned residual, as a part of the first, that ends the conjugate gradients.
const SOLVED: f64 = 1e-12;
const MOST_SOLVER_STEPS: usize = 100;
/// The first damping, as a part of the mean eigenvalue of the blocks: enough for the isometries, which no distance
/// sees.
const LEAST_DAMPING: f64 = 1e-12;
/// Where damping starts when a step did not descend, its growth, and where it is given up.
const FIRST_DAMPING: f64 = 1e-6;
const MORE_DAMPING: f64 = 30.0;
const MOST_DAMPING: f64 = 1e4;
/// The longest way of a point in a step.
const LONGEST_STEP: f64 = 1.0;
/// Points nearer than this part of the largest distance, where that is below 1, have no direction to each
/// other: rounding is as long.
const NO_DIRECTION: f64 = 1e-9;
/// Least eigenvalue of a block, as a part of its trace.
const LEAST_EIGENVALUE: f64 = 1e-14;

/// Descends from `start` in the hyperboloid of curvature −1.
pub(super) fn minimise(
    space: &Lorentz,
    start: &Tensor,
    distances: &Distances,
    largest_distance: f64,
    max_steps: usize,
) -> Refined {
    let least = NO_DIRECTION * largest_distance.min(1.0);
    let mut here = Place::at(space, start, distances, least);
    let mut damping = LEAST_DAMPING;
    let mut steps = 0;
    let converged = loop {
        if here.largest_error <= EXACT * largest_distance {
            break true;
        }
        if steps == max_steps {
            break false;
        }
        let step = here.step(damping);
        if step.decrease <= LEAST_DECREASE * here.objective {
            break true;
        }
        steps += 1;
        let next = Place::at(space, &here.moved(space, &step.tangents), distances, least);
        if next.objective < here.objective {
            here = next;
            damping = (damping / MORE_DAMPING).max(LEAST_DAMPING);
        } else {
            damping = (damping * MORE_DAMPING).max(FIRST_DAMPING);
            // Not even a short step down: the rest is rounding.
            if damping > MOST_DAMPING {
                break true;
            }
        }
    };
    Refined {
        points: here.points,
        steps,
        converged,
    }
}

/// Points, and what the distances between them say.
struct Place {
    /// `[n, r + 1]`
    points: Tensor,
    /// `[n, n]`: 1/sinh² d; 0 where there is no direction.
    weights: Tensor,
    /// `[n, r]`: of the objective, in the frames Tᵢ.
    gradient: Tensor,
    /// Half the sum of squares over pairs.
    objective: f64,
    largest_error: f64,
}

/// A step, in the frames.
struct Step {
    tangents: Tensor,
    /// Of the objective, as the model promises.
    decrease: f64,
}

impl Place {
    /// Points nearer than `least` have no direction.
    fn at(space: &Lorentz, points: &Tensor, distances: &Distances, least: f64) -> Self {
        let n = distances.count();
        let weights = Tensor::empty([n, n], (Kind::Double, distances.device()));
        let (mut objective, mut largest_error) = (0.0, 0.0_f64);
        let mut gradient = Vec::new();
        for tile in tiles(n, n * points.size()[1]) {
            let found = dist_rows(space, points, tile);
            let residual = &found - distances.rows(tile);
            objective += residual.square().sum(Kind::Double).double_value(&[]) / 4.0;
            largest_error = largest_error.max(residual.abs().max().double_value(&[]));
            let inverse = inverse_sinh(&found, least);
            weights.narrow(0, tile.0, tile.1).copy_(&inverse.square());
            let pull = (residual * inverse).matmul(points);
            gradient.push(-to_frame(&points.narrow(0, tile.0, tile.1), &pull));
        }
        Self {
            points: points.shallow_clone(),
            weights,
            gradient: Tensor::cat(&gradient, 0),
            objective,
            largest_error,
        }
    }

    /// The damped Gauss–Newton step.
    fn step(&self, damping: f64) -> Step {
        let damping = damping * (self.points.size()[0] - 1) as f64 / self.gradient.size()[1] as f64;
        let blocks = self.inverse_blocks(damping);
        let precondition = |v: &Tensor| blocks.matmul(&v.unsqueeze(-1)).squeeze_dim(-1);
        let tangents = conjugate_gradients(
            |xi| self.normal(xi) + xi * damping,
            precondition,
            &-&self.gradient,
        );
        let decrease = -0.5 * dot(&self.gradient, &tangents);
        Step { tangents, decrease }
    }

    /// AᵀA ξ.
    fn normal(&self, xi: &Tensor) -> Tensor {
        let moves = from_frame(&self.points, xi);
        let left = Tensor::cat(&[&moves, &self.points], 1);
        let right = lowered(&Tensor::cat(&[&self.points, &moves], 1), moves.size()[1]);
        let parts: Vec<Tensor> = tiles(self.points.size()[0], self.points.size()[0])
            .map(|(first, rows)| {
                let mut pairs = left.narrow(0, first, rows).matmul(&right.tr());
                let _ = pairs.g_mul_(&self.weights.narrow(0, first, rows));
                to_frame(
                    &self.points.narrow(0, first, rows),
                    &pairs.matmul(&self.points),
                )
            })
            .collect();
        Tensor::cat(&parts, 0)
    }

    /// (Σⱼ aᵢⱼaᵢⱼᵀ + damping)⁻¹, `[n, r, r]`.
    fn inverse_blocks(&self, damping: f64) -> Tensor {
        let (n, r) = (self.gradient.size()[0], self.gradient.size()[1]);
        let (time, spatial) = split(&self.points);
        let parts: Vec<Tensor> = tiles(n, n * r)
            .map(|(first, rows)| {
                let own = spatial.narrow(0, first, rows);
                let along = own.matmul(&spatial.tr()) / (time.narrow(0, first, rows) + 1.0);
                let along = (along - time.tr()).unsqueeze(-1) * own.unsqueeze(1);
                let inverse = self.weights.narrow(0, first, rows).sqrt().unsqueeze(-1);
                let directions = (along + &spatial) * inverse;
                directions.transpose(1, 2).matmul(&directions)
            })
            .collect();
        let (squares, axes) = Tensor::cat(&parts, 0).linalg_eigh("L");
        let least = sum_keep(&squares) * LEAST_EIGENVALUE + f64::MIN_POSITIVE;
        let inverse = (squares.maximum(&least) + damping).reciprocal();
        (&axes * inverse.unsqueeze(-2)).matmul(&axes.transpose(-1, -2))
    }

    /// The points after a step, none of which goes farther than [`LONGEST_STEP`].
    fn moved(&self, space: &Lorentz, tangents: &Tensor) -> Tensor {
        let longest = sum_keep(&tangents.square()).max().sqrt().double_value(&[]);
        let shorter = tangents * (LONGEST_STEP / longest.max(LONGEST_STEP));
        space.exp(&self.points, &from_frame(&self.points, &shorter))
    }
}

fn inverse_sinh(distances: &Tensor, least: f64) -> Tensor {
    let apart = distances.gt(least);
    let safe = distances.where_self(&apart, &distances.ones_like());
    safe.sinh().reciprocal() * apart
}

/// Time `[n, 1]` and space `[n, r]`.
fn split(points: &Tensor) -> (Tensor, Tensor) {
    let width = points.size()[1];
    (points.narrow(1, 0, 1), points.narrow(1, 1, width - 1))
}

/// Tᵢξᵢ: (x·ξ, ξ + x·ξ/(1 + x₀) x).
fn from_frame(points: &Tensor, xi: &Tensor) -> Tensor {
    let (time, spatial) = split(points);
    let along = dot_keep(&spatial, xi);
    let moved = xi + &along / (time + 1.0) * spatial;
    Tensor::cat(&[along, moved], 1)
}

/// TᵢᵀJ zᵢ: z + (x·z/(1 + x₀) − z₀) x of spatial parts.
fn to_frame(points: &Tensor, z: &Tensor) -> Tensor {
    let (time, spatial) = split(points);
    let (z_time, z_spatial) = split(z);
    let along = dot_keep(&spatial, &z_spatial) / (time + 1.0) - z_time;
    z_spatial + along * spatial
}

/// Several vectors side by side with their time coordinates negated.
fn lowered(vectors: &Tensor, width: i64) -> Tensor {
    let lowered = vectors.copy();
    for first in (0..vectors.size()[1]).step_by(width as usize) {
        let _ = lowered.narrow(1, first, 1).neg_();
    }
    lowered
}

/// Solves a symmetric, positive system from 0.
fn conjugate_gradients(
    apply: impl Fn(&Tensor) -> Tensor,
    precondition: impl Fn(&Tensor) -> Tensor,
    right: &Tensor,
) -> Tensor {
    let mut solution = right.zeros_like();
    let mut residual = right.copy();
    let mut direction = precondition(&residual);
    let mut square = dot(&residual, &direction);
    let target = square * SOLVED;
    for _ in 0..MOST_SOLVER_STEPS {
        let image = apply(&direction);
        let curvature = dot(&direction, &image);
        // Rounding along what no distance sees.
        if square <= target || curvature <= 0.0 {
            break;
        }
        let size = square / curvature;
        solution += &direction * size;
        residual -= image * size;
        let preconditioned = precondition(&residual);
        let next = dot(&residual, &preconditioned);
        direction = preconditioned + direction * (next / square);
        square = next;
    }
    solution
}

fn dot(u: &Tensor, v: &Tensor) -> f64 {
    (u * v).sum(Kind::Double).double_value(&[])
}
