//! Points from distances: how exactly they come back, and the eigen-solver beside the full decomposition.
//!
//! ```text
//! cargo bench --bench hmds                     recovery, and the solver at n = 1,000, 2,000 and 5,000
//! cargo bench --bench hmds -- solver 3000      the solver alone, at that n
//! cargo bench --bench hmds -- recovery         the recovery alone
//! cargo bench --bench hmds -- large 20000      the spectral solution alone, with the memory it took
//! ```
//!
//! The full decomposition is libtorch's `linalg_eigh` of the stored matrix, in the same process with the same
//! threads. Both get the same distances, those of points in ten dimensions with noise of 1 % on them, so
//! that the spectrum is full and not one of eleven numbers.

use std::time::Instant;

use holonomy::embed::hmds::{HmdsConfig, Refinement, hmds};
use holonomy::metric::pairwise_distances;
use holonomy::numerics::{EigenConfig, ExtremeEigenpairs, extreme_eigenpairs, norm_last};
use holonomy::random::random_normal;
use holonomy::{Geodesic, Lorentz, Manifold, Result, Sample};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DIM: i64 = 10;
const RADII: [f64; 5] = [1.0, 2.0, 5.0, 8.0, 12.0];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let task = arguments.first().map_or("", String::as_str);
    let counts: Vec<i64> = arguments
        .iter()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let counts_or = |usual: &[i64]| {
        if counts.is_empty() {
            usual.to_vec()
        } else {
            counts.clone()
        }
    };
    println!("threads: {} (libtorch)", tch::get_num_threads());
    if matches!(task, "" | "recovery") {
        recovery()?;
    }
    if matches!(task, "" | "solver") {
        for n in counts_or(&[1_000, 2_000, 5_000]) {
            solver(n)?;
        }
    }
    if task == "large" {
        for n in counts_or(&[20_000]) {
            large(n)?;
        }
    }
    Ok(())
}

/// max |Δd| of points with distances from the origin up to a radius, before and after the refinement.
fn recovery() -> Result<()> {
    println!("n      dim  radius  spectral  s      refined   steps  s");
    for (n, dim) in [(60, 3), (500, 10), (2_000, 10)] {
        for radius in RADII {
            recover(&points(n, dim, radius), radius)?;
        }
    }
    for apart in [1e-2, 1e-4, 1e-6] {
        println!("30 points and another {apart} from each");
        for radius in RADII {
            recover(&pairs(30, 3, radius, apart), radius)?;
        }
    }
    Ok(())
}

fn recover(points: &Tensor, radius: f64) -> Result<()> {
    let (n, dim) = (points.size()[0], points.size()[1] - 1);
    let distances = distances(points);
    let (mut errors, mut seconds, mut steps) = ([0.0; 2], [0.0; 2], 0);
    for (place, refinement) in [Refinement::None, Refinement::default()]
        .into_iter()
        .enumerate()
    {
        let config = HmdsConfig {
            dim,
            refinement,
            ..HmdsConfig::default()
        };
        let start = Instant::now();
        let found = hmds(&distances, &config)?;
        seconds[place] = start.elapsed().as_secs_f64();
        errors[place] = found.fit.largest_error;
        steps = found.steps;
    }
    println!(
        "{n:<6} {dim:<4} {radius:<7} {:.1e}   {:<6.2} {:.1e}   {steps:<6} {:.2}",
        errors[0], seconds[0], errors[1], seconds[1]
    );
    Ok(())
}

/// The wanted eigenvalues of cosh D, by the solver and by the full decomposition.
fn solver(n: i64) -> Result<()> {
    for noise in [0.0, 0.01] {
        let distances = noisy(n, noise);
        let start = Instant::now();
        let whole = hmds(&distances, &spectral())?;
        let whole_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let found = eigenpairs(&distances)?;
        let ours = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (all, _) = distances.cosh().linalg_eigh("L");
        let full = start.elapsed().as_secs_f64();
        let expected = Tensor::cat(&[all.narrow(0, 0, DIM), all.narrow(0, n - 1, 1)], 0);
        let worst = (&found.values - &expected).abs().max() / expected.abs().max();
        println!(
            "n = {n}, dim {DIM}, noise {noise}: {ours:.2} s, {} products (h-MDS with checks and fit {whole_seconds:.2} s, \
             {} products); linalg_eigh {full:.2} s, {:.1} times as long; eigenvalues differ by {:.1e} of the largest",
            found.products,
            whole.products,
            full / ours,
            worst.double_value(&[])
        );
    }
    Ok(())
}

/// The eigenpairs that h-MDS needs, cosh D known by its products alone, as in the crate.
fn eigenpairs(distances: &Tensor) -> Result<ExtremeEigenpairs> {
    const ROWS: usize = 64;
    let n = distances.size()[0];
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let start = random_normal(&mut rng, &[n, DIM + 5], Kind::Double, Device::Cpu);
    let config = EigenConfig {
        smallest: DIM as usize,
        largest: 1,
        ..EigenConfig::default()
    };
    let apply = |block: &Tensor| {
        let parts: Vec<Tensor> = (0..n)
            .step_by(ROWS)
            .map(|first| {
                let rows = distances.narrow(0, first, (ROWS as i64).min(n - first));
                rows.cosh().matmul(block)
            })
            .collect();
        Tensor::cat(&parts, 0)
    };
    extreme_eigenpairs(apply, &start, &config)
}

fn large(n: i64) -> Result<()> {
    let distances = noisy(n, 0.01);
    let before = peak_memory();
    let start = Instant::now();
    let found = hmds(&distances, &spectral())?;
    println!(
        "n = {n}, dim {DIM}: {:.0} s, {} products, distortion {:.4}; peak memory {before} before, {} after",
        start.elapsed().as_secs_f64(),
        found.products,
        found.fit.distortion,
        peak_memory()
    );
    Ok(())
}

fn spectral() -> HmdsConfig {
    HmdsConfig {
        dim: DIM,
        refinement: Refinement::None,
        triangle_slack: None,
        ..HmdsConfig::default()
    }
}

/// The largest memory so far, as Linux counts it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".into(), |line| {
        line["VmHWM:".len()..].trim().into()
    })
}

fn points(n: i64, dim: i64, radius: f64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let direction = random_normal(&mut rng, &[n, dim], Kind::Double, Device::Cpu);
    let direction = &direction / norm_last(&direction).unsqueeze(-1);
    let radii = random_normal(&mut rng, &[n, 1], Kind::Double, Device::Cpu)
        .sin()
        .abs()
        * radius;
    Tensor::cat(&[radii.cosh(), radii.sinh() * direction], 1)
}

/// Points, and a neighbour of each.
fn pairs(n: i64, dim: i64, radius: f64, apart: f64) -> Tensor {
    let space = Lorentz::new(dim, -1.0).expect("a hyperboloid");
    let points = points(n, dim, radius);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let tangents = space.random_tangent(&mut rng, &points);
    let lengths = space.norm(&points, &tangents).unsqueeze(-1);
    let neighbours = space.exp(&points, &(tangents / lengths * apart));
    Tensor::cat(&[points, neighbours], 0)
}

fn distances(points: &Tensor) -> Tensor {
    let space = Lorentz::new(points.size()[1] - 1, -1.0).expect("a hyperboloid");
    pairwise_distances(&space, points)
}

/// Distances times 1 + noise, symmetric.
fn noisy(n: i64, noise: f64) -> Tensor {
    let distances = distances(&points(n, DIM, 3.0));
    if noise == 0.0 {
        return distances;
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    // A row at a time: the matrix may be most of the memory.
    for row in 1..n {
        let factors = random_normal(&mut rng, &[row], Kind::Double, Device::Cpu) * noise + 1.0;
        let noisy = distances.get(row).narrow(0, 0, row) * factors;
        distances.get(row).narrow(0, 0, row).copy_(&noisy);
        distances.select(1, row).narrow(0, 0, row).copy_(&noisy);
    }
    distances
}
