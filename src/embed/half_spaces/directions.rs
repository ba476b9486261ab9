//! Unit vectors that keep their distance from each other.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::forest::Pulls;

/// Up to so many vectors push each other apart; more are left where chance put them, for the work
/// grows with the square of their number and the gain shrinks.
const PUSHED_AT_MOST: usize = 400;
const PUSHES: u32 = 60;

/// Up to so many distances are taken to find the smallest.
const COMPARED_AT_MOST: usize = 10_000_000;

/// The first push moves a vector by this part of its smallest distance from another; the last by
/// [`LAST_PUSH`].
const FIRST_PUSH: f64 = 0.32;
const LAST_PUSH: f64 = 0.02;

/// Exchanges that are tried for each vector that is pulled at, and the fewest vectors they are
/// reckoned for.
const EXCHANGES: usize = 200;
const FEWEST_PULLED: usize = 20;

/// `count` unit vectors far from each other; across `axis` where there is one.
pub(super) fn spread(
    count: usize,
    axis: Option<&Vec<f64>>,
    dim: usize,
    rng: &mut impl Rng,
) -> Vec<Vec<f64>> {
    let mut vectors: Vec<Vec<f64>> = (0..count)
        .map(|_| {
            let mut vector: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(rng)).collect();
            settle(&mut vector, axis);
            vector
        })
        .collect();
    if !(2..=PUSHED_AT_MOST).contains(&count) {
        return vectors;
    }
    for push in 0..PUSHES {
        let done = f64::from(push) / f64::from(PUSHES);
        let step = FIRST_PUSH + (LAST_PUSH - FIRST_PUSH) * done;
        let before = vectors.clone();
        for (index, vector) in vectors.iter_mut().enumerate() {
            push_away(vector, index, &before, step);
            settle(vector, axis);
        }
    }
    vectors
}

/// Moves a vector along Σ δ/|δ|⁶ over the differences δ from all others.
fn push_away(vector: &mut [f64], index: usize, all: &[Vec<f64>], step: f64) {
    let mut force = vec![0.0; vector.len()];
    let mut nearest = f64::INFINITY;
    for (_, other) in all.iter().enumerate().filter(|&(other, _)| other != index) {
        let squared = squared_distance(&all[index], other);
        if squared == 0.0 {
            continue;
        }
        nearest = nearest.min(squared);
        for ((force, x), y) in force.iter_mut().zip(&all[index]).zip(other) {
            *force += (x - y) / squared.powi(3);
        }
    }
    let length = dot(&force, &force).sqrt();
    if length > 0.0 && nearest.is_finite() {
        for (x, force) in vector.iter_mut().zip(&force) {
            *x += step * nearest.sqrt() * force / length;
        }
    }
}

/// Makes a vector one across the axis, of length 1.
fn settle(vector: &mut [f64], axis: Option<&Vec<f64>>) {
    if let Some(axis) = axis {
        let along = dot(vector, axis);
        for (x, a) in vector.iter_mut().zip(axis) {
            *x -= along * a;
        }
    }
    unit(vector);
}

/// The smallest distance of one of the first `inner` vectors from any other; 2, the largest that
/// there is, without any. Where there are too many to compare, or where two of many that were left
/// to chance nearly coincide, it is half of what so many vectors could have.
pub(super) fn least_distance(vectors: &[Vec<f64>], inner: usize, dim: usize) -> f64 {
    let possible = (vectors.len() as f64).powf(-1.0 / (dim as f64 - 2.0));
    let floor = 0.5 * possible;
    if inner * vectors.len() > COMPARED_AT_MOST {
        return floor;
    }
    let mut least = 4.0_f64;
    for (index, vector) in vectors.iter().enumerate().take(inner) {
        for other in vectors[..index].iter().chain(&vectors[index + 1..]) {
            least = least.min(squared_distance(vector, other));
        }
    }
    least.sqrt().max(floor)
}

/// Exchanges vectors so that those that pull at each other, or at something outside, come near it.
pub(super) fn arrange(vectors: &mut [Vec<f64>], pulls: &Pulls, rng: &mut impl Rng) {
    let mut outward = vec![Vec::new(); vectors.len()];
    for (child, direction, weight) in &pulls.outward {
        outward[*child].push((direction, *weight));
    }
    let mut between = vec![Vec::new(); vectors.len()];
    for &(a, b, weight) in &pulls.between {
        between[a].push((b, weight));
        between[b].push((a, weight));
    }
    let pulled: Vec<usize> = (0..vectors.len())
        .filter(|&index| !outward[index].is_empty() || !between[index].is_empty())
        .collect();
    if pulled.is_empty() || vectors.len() < 2 {
        return;
    }
    let nearness = |index: usize, vectors: &[Vec<f64>]| -> f64 {
        let own = &vectors[index];
        let out = outward[index]
            .iter()
            .map(|(direction, w)| w * dot(own, direction));
        let among = between[index]
            .iter()
            .map(|(other, w)| w * dot(own, &vectors[*other]));
        out.sum::<f64>() + among.sum::<f64>()
    };
    for _ in 0..EXCHANGES * pulled.len().max(FEWEST_PULLED) {
        let a = pulled[rng.random_range(0..pulled.len())];
        let b = rng.random_range(0..vectors.len());
        let before = nearness(a, vectors) + nearness(b, vectors);
        vectors.swap(a, b);
        if nearness(a, vectors) + nearness(b, vectors) < before {
            vectors.swap(a, b);
        }
    }
}

/// Makes a vector as long as 1, unless it is 0.
pub(super) fn unit(vector: &mut [f64]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        for x in vector {
            *x /= length;
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
