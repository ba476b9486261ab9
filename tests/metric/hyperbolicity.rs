//! Gromov's δ against its definition and against spaces where it is known.

use holonomy::graph::shortest_paths;
use holonomy::metric::{gromov_hyperbolicity, sampled_hyperbolicity};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use crate::graph::numbered;

fn cycle(n: u32) -> Tensor {
    let edges = (0..n).map(|node| (node, (node + 1) % n)).collect();
    shortest_paths(&numbered(n as usize, edges, None))
}

fn by_definition(d: &Tensor) -> f64 {
    let n = d.size()[0];
    let at = |x: i64, y: i64| d.double_value(&[x, y]);
    let mut largest = 0.0_f64;
    for (x, y) in (0..n).flat_map(|x| (0..n).map(move |y| (x, y))) {
        for (z, w) in (0..n).flat_map(|z| (0..n).map(move |w| (z, w))) {
            let mut sums = [
                at(x, y) + at(z, w),
                at(x, z) + at(y, w),
                at(x, w) + at(y, z),
            ];
            sums.sort_by(f64::total_cmp);
            largest = largest.max((sums[2] - sums[1]) / 2.0);
        }
    }
    largest
}

#[test]
fn trees_have_none() {
    let edges: Vec<(u32, u32)> = (1..60).map(|node| (node, (node - 1) / 3)).collect();
    let weights = (1..60).map(f64::from).collect();
    let tree = numbered(60, edges, Some(weights));
    assert_eq!(gromov_hyperbolicity(&shortest_paths(&tree)).unwrap(), 0.0);
}

#[test]
fn cycles_have_about_a_quarter_of_their_length() {
    for (n, delta) in [
        (3, 0.0),
        (4, 1.0),
        (5, 0.5),
        (8, 2.0),
        (9, 1.5),
        (10, 2.0),
        (11, 2.0),
        (40, 10.0),
    ] {
        assert_eq!(
            gromov_hyperbolicity(&cycle(n)).unwrap(),
            delta,
            "cycle of {n}"
        );
    }
}

#[test]
fn graphs_with_many_edges_have_that_of_the_definition() {
    let n = 14_u32;
    for seed in 0..6 {
        // A path, so that all is connected, and some chords.
        let mut edges: Vec<(u32, u32)> = (1..n).map(|node| (node, node - 1)).collect();
        edges.extend(
            (0..n / 2)
                .map(|a| (a, (a * (seed + 3) + 5) % n))
                .filter(|(a, b)| a.abs_diff(*b) > 1),
        );
        edges.sort_unstable();
        edges.dedup();
        let lengths = (0..edges.len())
            .map(|edge| 1.0 + (edge as f64 * 0.7).sin().abs())
            .collect();
        let d = shortest_paths(&numbered(n as usize, edges, Some(lengths)));
        let delta = gromov_hyperbolicity(&d).unwrap();
        assert!(
            (delta - by_definition(&d)).abs() < 1e-13,
            "{delta} for seed {seed}"
        );
        assert!(delta > 0.0);
    }
}

#[test]
fn enough_samples_find_it_and_none_exceeds_it() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let found = sampled_hyperbolicity(&cycle(12), 20_000, &mut rng).unwrap();
    assert_eq!(found.largest, 3.0);
    assert!(found.mean > 0.0 && found.mean < 1.0, "{found:?}");
}

#[test]
fn what_is_no_distance_is_named() {
    let d = Tensor::zeros([3, 3], (Kind::Double, tch::Device::Cpu));
    for (x, y, value, wanted) in [
        (2, 2, 1.0, "expected 0 on the diagonal, got 1 at (2, 2)"),
        (
            2,
            1,
            f64::INFINITY,
            "expected finite distances, got inf at (2, 1)",
        ),
        (
            1,
            2,
            f64::NAN,
            "expected finite distances, got 0 at (2, 1) and NaN at (1, 2)",
        ),
        (
            2,
            0,
            1.0,
            "expected a symmetric matrix, got 1 at (2, 0) and 0 at (0, 2)",
        ),
    ] {
        let bad = d.copy();
        let _ = bad.get(x).get(y).fill_(value);
        let error = gromov_hyperbolicity(&bad).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let negative = &d - 1.0 + Tensor::eye(3, (Kind::Double, tch::Device::Cpu));
    let error = gromov_hyperbolicity(&negative).unwrap_err().to_string();
    assert!(error.contains("distances ≥ 0, got -1 at (1, 0)"), "{error}");
    assert!(gromov_hyperbolicity(&d.narrow(0, 0, 2)).is_err());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    assert!(sampled_hyperbolicity(&d, 0, &mut rng).is_err());
}
