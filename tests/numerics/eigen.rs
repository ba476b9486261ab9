//! Extreme eigenpairs against the full decomposition.

use holonomy::Error;
use holonomy::numerics::{EigenConfig, ExtremeEigenpairs, extreme_eigenpairs};
use holonomy::random::random_normal;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn random(seed: u64, size: [i64; 2]) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    random_normal(&mut rng, &size, F64.0, F64.1)
}

/// A matrix with these eigenvalues in a random basis.
fn with_spectrum(values: &[f64], seed: u64) -> Tensor {
    let n = values.len() as i64;
    let (basis, _) = Tensor::linalg_qr(&random(seed, [n, n]), "reduced");
    let matrix = (&basis * Tensor::from_slice(values)).matmul(&basis.tr());
    (&matrix + matrix.tr()) * 0.5
}

fn ends(smallest: usize, largest: usize) -> EigenConfig {
    EigenConfig {
        smallest,
        largest,
        ..EigenConfig::default()
    }
}

/// Finds the ends, and compares them with `linalg_eigh`.
fn check(matrix: &Tensor, config: &EigenConfig) -> ExtremeEigenpairs {
    let n = matrix.size()[0];
    let wanted = (config.smallest + config.largest) as i64;
    let start = random(1, [n, (wanted + 4).min(n)]);
    let found = extreme_eigenpairs(|block| matrix.matmul(block), &start, config).unwrap();
    let (all, _) = matrix.linalg_eigh("L");
    let scale = all.abs().max().double_value(&[]).max(f64::MIN_POSITIVE);
    let (low, high) = (config.smallest as i64, config.largest as i64);
    let expected = Tensor::cat(&[all.narrow(0, 0, low), all.narrow(0, n - high, high)], 0);
    let error = (&found.values - expected).abs().max().double_value(&[]) / scale;
    assert!(error < 1e-12, "eigenvalues off by {error:e} of the largest");
    let gram = found.vectors.tr().matmul(&found.vectors) - Tensor::eye(wanted, F64);
    assert!(gram.abs().max().double_value(&[]) < 1e-12);
    let residual = matrix.matmul(&found.vectors) - &found.vectors * &found.values;
    let residual = residual.square().sum_dim_intlist(0, false, F64.0).sqrt();
    let worst = residual.max().double_value(&[]);
    assert!(
        worst <= 2.0 * config.tolerance * scale,
        "residual {worst:e}"
    );
    let claimed = (residual - &found.residuals).abs().max().double_value(&[]);
    assert!(claimed < 1e-13 * scale);
    found
}

#[test]
fn ends_of_a_random_matrix() {
    let matrix = random(2, [300, 300]);
    let matrix = &matrix + matrix.tr();
    check(&matrix, &ends(5, 1));
    check(&matrix, &ends(0, 3));
    check(&matrix, &ends(4, 0));
}

#[test]
fn a_spectrum_of_low_rank_takes_few_products() {
    let mut values = vec![0.0; 200];
    values[..6].copy_from_slice(&[-5.0, -4.0, -3.0, -2.0, -1.0, 15.0]);
    let found = check(&with_spectrum(&values, 3), &ends(5, 1));
    assert!(found.products <= 4, "{}", found.products);
}

#[test]
fn multiple_and_clustered_eigenvalues_come_out_in_full() {
    let mut values: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    values[..5].fill(-2.0);
    values[5..9].copy_from_slice(&[-1.0, -1.0 + 1e-9, -1.0 + 1e-6, -0.999]);
    values[199] = 3.0;
    let found = check(&with_spectrum(&values, 4), &ends(8, 1));
    let twos = found.values.lt(-1.999).sum(Kind::Int64).int64_value(&[]);
    assert_eq!(twos, 5);
}

#[test]
fn eigenvalues_of_many_orders_of_magnitude() {
    let mut values = vec![1e-3; 150];
    values[..4].copy_from_slice(&[-1e6, -1e3, -1.0, -0.1]);
    values[149] = 1e9;
    let found = check(&with_spectrum(&values, 5), &ends(2, 1));
    assert!((found.values.double_value(&[0]) / -1e6 - 1.0).abs() < 1e-6);
}

#[test]
fn no_gap_at_the_end_takes_restarts() {
    // The Laplacian of a path: the ends are crowded.
    let n = 120;
    let side = Tensor::full([n - 1], -1.0, F64);
    let matrix = side.diag_embed(1, 0, 1) + side.diag_embed(-1, 0, 1) + Tensor::eye(n, F64) * 2.0;
    let found = check(&matrix, &ends(3, 1));
    assert!(found.products > 20);
}

#[test]
fn small_matrices_and_starts() {
    for n in 1..8 {
        let matrix = random(6, [n, n]);
        let matrix = &matrix + matrix.tr();
        check(&matrix, &ends(n as usize - 1, 1));
    }
    // A start of one column, and one that has a column twice.
    let matrix = random(7, [50, 50]);
    let matrix = &matrix + matrix.tr();
    let column = random(8, [50, 1]);
    for start in [column.copy(), Tensor::cat(&[&column, &column], 1)] {
        let found = extreme_eigenpairs(|x| matrix.matmul(x), &start, &ends(2, 1)).unwrap();
        let (all, _) = matrix.linalg_eigh("L");
        assert!((found.values.double_value(&[1]) - all.double_value(&[1])).abs() < 1e-10);
    }
    let zero = Tensor::zeros([20, 20], F64);
    check(&zero, &ends(2, 1));
}

#[test]
fn failures_say_why() {
    let matrix = random(9, [100, 100]);
    let matrix = &matrix + matrix.tr();
    let start = random(10, [100, 4]);
    let few = EigenConfig {
        max_products: 3,
        ..ends(2, 1)
    };
    match extreme_eigenpairs(|x| matrix.matmul(x), &start, &few).unwrap_err() {
        Error::NoConvergence {
            iterations,
            residual,
            ..
        } => assert!(iterations == 3 && residual > 1e-6),
        other => panic!("{other}"),
    }
    let nan = extreme_eigenpairs(|x| x * f64::NAN, &start, &ends(1, 0)).unwrap_err();
    assert!(matches!(nan, Error::NotFinite { .. }), "{nan}");
    for (start, config) in [
        (&start, ends(0, 0)),
        (&start, ends(60, 60)),
        (&start.get(0), ends(1, 0)),
        (&(&start * 0.0), ends(1, 0)),
        (&(&start / 0.0), ends(1, 0)),
        (&start.to_kind(Kind::Float), ends(1, 0)),
    ] {
        let refused = extreme_eigenpairs(|x| matrix.matmul(x), start, &config).unwrap_err();
        assert!(
            matches!(refused, Error::InvalidArgument { .. }),
            "{refused}"
        );
    }
}
