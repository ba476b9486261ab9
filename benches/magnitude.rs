//! Weighting vectors: times beside a bare factorisation, the whole way to 100,000 points, and functions of the scale.
//!
//! ```text
//! cargo bench --bench magnitude                       exact at n = 5,000, and 50 scales at n = 2,000
//! cargo bench --bench magnitude -- exact 3000         Cholesky, beside libtorch's of the same matrix
//! cargo bench --bench magnitude -- function 2000      50 scales
//! cargo bench --bench magnitude -- large 100000 64    without a matrix, with so many neighbours
//! ```
//!
//! All of Gaussian points in five dimensions at t = 1.

use std::time::Instant;

use holonomy::embed::pairwise_distances;
use holonomy::magnitude::{
    MatrixFreeConfig, WeightingConfig, magnitude_function, matrix_free_weighting, weighting,
};
use holonomy::numerics::random_normal;
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DIM: i64 = 5;
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let task = arguments.first().map_or("", String::as_str);
    let number = |place: usize, usual: i64| {
        arguments
            .get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    println!("threads: {} (libtorch)", tch::get_num_threads());
    if matches!(task, "" | "exact") {
        exact(number(1, 5_000))?;
    }
    if matches!(task, "" | "function") {
        function(number(1, 2_000))?;
    }
    if task == "large" {
        large(number(1, 100_000), number(2, 64))?;
    }
    Ok(())
}

/// [`weighting`] and the factorisation alone, in turn; medians.
fn exact(n: i64) -> Result<()> {
    let distances = pairwise_distances(&Euclidean::new(DIM)?, &points(n));
    let (mut whole, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let z = (-&distances).exp();
        bare.push(seconds(|| z.linalg_cholesky(false)).1);
        let (found, time) = seconds(|| weighting(&distances, 1.0, &WeightingConfig::default()));
        found?;
        whole.push(time);
    }
    let (whole, bare) = (median(whole), median(bare));
    println!(
        "n = {n}: weighting {whole:.2} s, libtorch's Cholesky alone {bare:.2} s, {:.2} times as long",
        whole / bare
    );
    Ok(())
}

fn function(n: i64) -> Result<()> {
    let distances = pairwise_distances(&Euclidean::new(DIM)?, &points(n));
    let scales: Vec<f64> = (1..=50).map(|step| 0.2 * f64::from(step)).collect();
    let (found, time) =
        seconds(|| magnitude_function(&distances, &scales, &WeightingConfig::default()));
    let magnitudes = found?.magnitudes;
    println!(
        "n = {n}: {} scales in {time:.2} s, magnitudes {:.3} to {:.3}",
        scales.len(),
        magnitudes[0],
        magnitudes[magnitudes.len() - 1]
    );
    Ok(())
}

fn large(n: i64, neighbours: i64) -> Result<()> {
    let config = MatrixFreeConfig {
        neighbours: neighbours as usize,
        ..MatrixFreeConfig::default()
    };
    let (space, points) = (Euclidean::new(DIM)?, points(n));
    let (found, time) = seconds(|| matrix_free_weighting(&space, &points, 1.0, &config));
    let found = found?;
    println!(
        "n = {n}, {neighbours} neighbours: {time:.1} s, {} products, residual {:.1e}, condition ≥ {:.1e}, \
         magnitude {:.6}; peak memory {}",
        found.refinements,
        found.residual,
        found.condition,
        found.magnitude,
        peak_memory()
    );
    Ok(())
}

fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn points(n: i64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    random_normal(&mut rng, &[n, DIM], Kind::Double, Device::Cpu)
}

/// The largest memory so far, as Linux counts it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".into(), |line| {
        line["VmHWM:".len()..].trim().into()
    })
}
