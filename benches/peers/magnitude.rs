//! Weighting vectors beside magnipy, from the same distances in turns.

use std::time::Instant;

use holonomy::Euclidean;
use holonomy::magnitude::{WeightingConfig, magnitude_function, weighting};
use holonomy::metric::pairwise_distances;
use holonomy::random::random_normal;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::peer::Peer;
use super::{median, settle, work};

const DIM: i64 = 5;

/// Gaussian points in five dimensions: weights at t = 1, and the magnitudes of 50 scales.
pub(crate) fn compare(rounds: usize, threads: usize) {
    let rounds = rounds.min(5);
    let mut peer = Peer::start("magnitude_side.py", threads);
    println!("{}; {threads} threads each; f64\n", peer.versions());
    println!(
        "{:<34} {:>7} {:>7} {:>7} {:>5} {:>12} {:>13}",
        "", "ours s", "magnipy", "ratio", "goal", "our residual", "its residual"
    );
    let one = [1.0];
    let many: Vec<f64> = (1..=50).map(|step| 0.2 * f64::from(step)).collect();
    for (n, scales, method, goal) in [
        (2_000, &one[..], "cholesky", 0.8),
        (5_000, &one[..], "cholesky", 0.8),
        (5_000, &one[..], "conjugate_gradient_iteration", 0.0),
        (2_000, &many[..], "cholesky", 0.5),
    ] {
        let distances = distances(n);
        peer.store("distances", &work::numbers(&distances));
        let (mut ours, mut theirs, mut residuals) = (Vec::new(), Vec::new(), (0.0, 0.0));
        for _ in 0..rounds {
            settle();
            let start = Instant::now();
            residuals.0 = residual(&distances, scales);
            ours.push(start.elapsed().as_secs_f64());
            settle();
            let request = json!({"command": "weights", "n": n, "scales": scales, "method": method});
            let answer = peer.ask(&request);
            theirs.push(answer["seconds"].as_f64().expect("a time"));
            residuals.1 = answer["residual"].as_f64().expect("a residual");
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = ours / theirs;
        let verdict = if goal > 0.0 && ratio > goal {
            "  misses the goal"
        } else {
            ""
        };
        println!(
            "n = {n}, {} scale(s), {:<17} {ours:>7.2} {theirs:>7.2} {ratio:>7.2} {goal:>5} {:>12.1e} {:>13.1e}{verdict}",
            scales.len(),
            method.split('_').next().unwrap_or(method),
            residuals.0,
            residuals.1,
        );
    }
}

/// The work of this crate; ‖Zw − 1‖∞ of the last scale.
fn residual(distances: &Tensor, scales: &[f64]) -> f64 {
    let config = WeightingConfig::default();
    if let &[t] = scales {
        return weighting(distances, t, &config).expect("weights").residual;
    }
    let function = magnitude_function(distances, scales, &config).expect("magnitudes");
    function.residuals[scales.len() - 1]
}

fn distances(n: i64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let points = random_normal(&mut rng, &[n, DIM], Kind::Double, Device::Cpu);
    pairwise_distances(&Euclidean::new(DIM).expect("a space"), &points)
}
