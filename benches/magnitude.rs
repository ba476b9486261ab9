//! Weighting vectors: times beside a bare factorisation, the whole way to 100,000 points, and functions of the scale.
//!
//! ```text
//! cargo bench --bench magnitude                       exact at n = 5,000, and 50 scales at n = 2,000
//! cargo bench --bench magnitude -- exact 3000         Cholesky, beside libtorch's of the same matrix
//! cargo bench --bench magnitude -- function 2000      50 scales
//! cargo bench --bench magnitude -- large 100000 64    without a matrix, with so many neighbours
//! cargo bench --bench magnitude -- nearest 1000000 32 from nearest neighbours: times at n = 10,000, 100,000 … up to the
//!                                                     given one; errors at n = 5,000 by their number; where the given
//!                                                     one is at least 100,000, errors there (many minutes)
//! ```
//!
//! All of Gaussian points in five dimensions at t = 1, unless another dimension and scale are printed.

use std::time::Instant;

use holonomy::magnitude::{
    MatrixFreeConfig, NearestNeighbourConfig, NearestNeighbourWeighting, NearestNeighbours,
    Weighting, WeightingConfig, magnitude_function, matrix_free_weighting,
    nearest_neighbour_weighting, weighting, weighting_of_points,
};
use holonomy::metric::pairwise_distances;
use holonomy::random::random_normal;
use holonomy::{Error, Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DIM: i64 = 5;
const ROUNDS: usize = 5;

/// All tasks, and none, which stands for the first two.
const TASKS: [&str; 5] = ["", "exact", "function", "large", "nearest"];

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
    if !TASKS.contains(&task) {
        let expected = format!("a task: {}", TASKS[1..].join(", "));
        return Err(Error::InvalidArgument {
            op: "magnitude",
            expected,
            got: task.into(),
        });
    }
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
    if task == "nearest" {
        let (n, neighbours) = (number(1, 1_000_000), number(2, 32) as usize);
        times_of_nearest(n, neighbours)?;
        errors_of_nearest(n.min(5_000))?;
        if n >= 100_000 {
            errors_of_nearest_among_many(neighbours)?;
        }
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

const METHODS: [NearestNeighbours; 2] = [
    NearestNeighbours::OfAll,
    NearestNeighbours::Earlier { orders: 4 },
];

/// Errors of weights from nearest neighbours, by how many there are.
fn errors_of_nearest(n: i64) -> Result<()> {
    for (dim, t) in [(2, 1.0), (2, 5.0), (3, 1.0), (3, 5.0), (5, 1.0), (5, 5.0)] {
        let (space, points) = (Euclidean::new(dim)?, points_of(n, dim));
        let exact = weighting_of_points(&space, &points, t, &WeightingConfig::default())?;
        println!(
            "n = {n}, dimension {dim}, t = {t}: magnitude {:.4}",
            exact.magnitude
        );
        for (from, neighbours) in METHODS
            .iter()
            .flat_map(|m| [8, 16, 32, 64, 128].map(|k| (*m, k)))
        {
            let found = by_nearest(&space, &points, t, from, neighbours)?;
            println!(
                "  {from:?}, {neighbours} neighbours: {}",
                errors(&found, &exact)
            );
        }
    }
    Ok(())
}

/// Times of weights from nearest neighbours, by how many points there are.
fn times_of_nearest(n: i64, neighbours: usize) -> Result<()> {
    let sizes = (4..)
        .map(|power| 10_i64.pow(power))
        .take_while(|&size| size <= n);
    for (size, dim) in sizes.flat_map(|size| [(size, 2), (size, DIM)]) {
        let (space, points) = (Euclidean::new(dim)?, points_of(size, dim));
        for from in METHODS {
            let (found, time) = seconds(|| by_nearest(&space, &points, 1.0, from, neighbours));
            let found = found?;
            println!(
                "n = {size}, dimension {dim}, {from:?}, {neighbours} neighbours: {time:.2} s, magnitude {:.4}, corrected \
                 {:.4} ± {:.4}, residual {:.1e}; peak memory so far {}",
                found.magnitude,
                found.corrected_magnitude(),
                found.correction_error,
                found.mean_residual,
                peak_memory()
            );
        }
    }
    Ok(())
}

/// Errors beside conjugate gradients.
fn errors_of_nearest_among_many(neighbours: usize) -> Result<()> {
    let n = 100_000;
    for dim in [2, DIM] {
        let (space, points) = (Euclidean::new(dim)?, points_of(n, dim));
        let exact = matrix_free_weighting(&space, &points, 1.0, &MatrixFreeConfig::default())?;
        for from in METHODS {
            let found = by_nearest(&space, &points, 1.0, from, neighbours)?;
            println!(
                "n = {n}, dimension {dim}, {from:?}, {neighbours} neighbours: {}",
                errors(&found, &exact)
            );
        }
    }
    Ok(())
}

fn by_nearest(
    space: &Euclidean,
    points: &Tensor,
    t: f64,
    from: NearestNeighbours,
    neighbours: usize,
) -> Result<NearestNeighbourWeighting> {
    let config = NearestNeighbourConfig {
        neighbours,
        from,
        ..NearestNeighbourConfig::default()
    };
    nearest_neighbour_weighting(space, points, t, &config)
}

/// Relative errors of the weights and of the magnitude.
fn errors(found: &NearestNeighbourWeighting, exact: &Weighting) -> String {
    let off = (&found.weights - &exact.weights).norm() / exact.weights.norm();
    let relative = |magnitude: f64| magnitude / exact.magnitude - 1.0;
    format!(
        "weights {:.1e}, magnitude {:+.1e}, corrected {:+.1e}, residual {:.1e}",
        off.double_value(&[]),
        relative(found.magnitude),
        relative(found.corrected_magnitude()),
        found.mean_residual
    )
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
    points_of(n, DIM)
}

fn points_of(n: i64, dim: i64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    random_normal(&mut rng, &[n, dim], Kind::Double, Device::Cpu)
}

/// The largest memory so far, as Linux counts it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".into(), |line| {
        line["VmHWM:".len()..].trim().into()
    })
}
