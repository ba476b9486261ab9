//! Unit vectors that keep their distance from each other.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

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

/// From so many on, vectors are pushed and compared on all threads.
const IN_PARALLEL: usize = 100;

/// `count` unit vectors far from each other; across the axes, which are orthonormal.
pub(super) fn spread(
    count: usize,
    axes: &[Vec<f64>],
    dim: usize,
    rng: &mut impl Rng,
) -> Vec<Vec<f64>> {
    let mut vectors: Vec<Vec<f64>> = (0..count)
        .map(|_| {
            let mut vector: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(rng)).collect();
            settle(&mut vector, axes);
            vector
        })
        .collect();
    if !(2..=PUSHED_AT_MOST).contains(&count) {
        return vectors;
    }
    // One after the other in memory, which is where the time goes for large hierarchies.
    let mut before = vec![0.0; count * dim];
    for push in 0..PUSHES {
        let done = f64::from(push) / f64::from(PUSHES);
        let step = FIRST_PUSH + (LAST_PUSH - FIRST_PUSH) * done;
        for (old, vector) in before.chunks_exact_mut(dim).zip(&vectors) {
            old.copy_from_slice(vector);
        }
        let moved = |(index, vector): (usize, &mut Vec<f64>)| {
            push_away(vector, index, &before, step);
            settle(vector, axes);
        };
        if count < IN_PARALLEL {
            vectors.iter_mut().enumerate().for_each(moved);
        } else {
            vectors.par_iter_mut().enumerate().for_each(moved);
        }
    }
    vectors
}

/// Moves a vector along Σ δ/|δ|⁶ over the differences δ from all others, whose coordinates stand in
/// `all` one after the other.
fn push_away(vector: &mut [f64], index: usize, all: &[f64], step: f64) {
    let dim = vector.len();
    let mut force = vec![0.0; dim];
    let mut nearest = f64::INFINITY;
    for (other, place) in all.chunks_exact(dim).enumerate() {
        let squared = squared_distance(vector, place);
        if other == index || squared == 0.0 {
            continue;
        }
        nearest = nearest.min(squared);
        let cubed = squared.powi(3);
        for ((force, x), y) in force.iter_mut().zip(&*vector).zip(place) {
            *force += (x - y) / cubed;
        }
    }
    let length = dot(&force, &force).sqrt();
    if length > 0.0 && nearest.is_finite() {
        for (x, force) in vector.iter_mut().zip(&force) {
            *x += step * nearest.sqrt() * force / length;
        }
    }
}

/// Makes a vector one across the axes, of length 1.
fn settle(vector: &mut [f64], axes: &[Vec<f64>]) {
    for axis in axes {
        without(vector, axis);
    }
    unit(vector);
}

/// Takes out of a vector its part along an axis of length 1.
pub(super) fn without(vector: &mut [f64], axis: &[f64]) {
    let along = dot(vector, axis);
    for (x, a) in vector.iter_mut().zip(axis) {
        *x -= along * a;
    }
}

/// The smallest distance of one of the first `inner` vectors from any other; 2, the largest that
/// there is, without any. Where there are too many to compare, or where two of many that were left
/// to chance nearly coincide, it is half of what so many vectors in `free` dimensions could have.
pub(super) fn least_distance(vectors: &[Vec<f64>], inner: usize, free: usize) -> f64 {
    let possible = (vectors.len() as f64).powf(-1.0 / (free as f64 - 1.0));
    let floor = 0.5 * possible;
    if inner * vectors.len() > COMPARED_AT_MOST {
        return floor;
    }
    let least_of = |index: usize| {
        let vector = &vectors[index];
        let others = vectors[..index].iter().chain(&vectors[index + 1..]);
        let distances = others.map(|other| squared_distance(vector, other));
        distances.fold(4.0_f64, f64::min)
    };
    let least = if inner < IN_PARALLEL {
        (0..inner).map(least_of).fold(4.0, f64::min)
    } else {
        let all = (0..inner).into_par_iter().map(least_of);
        all.reduce(|| 4.0, f64::min)
    };
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
