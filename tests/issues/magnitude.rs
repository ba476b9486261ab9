//! Weighting vectors and magnitudes.

use holonomy::magnitude::{Solver, Weighting, WeightingConfig, magnitude_function, weighting};
use holonomy::metric::pairwise_distances;
use holonomy::{Euclidean, Sample};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

fn cloud(dim: i64, seed: u64, n: i64) -> Tensor {
    let space = Euclidean::new(dim).unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let points = space.random_point(&mut rng, &[n], (Kind::Double, Device::Cpu));
    pairwise_distances(&space, &points)
}

fn weigh(distances: &Tensor, t: f64) -> Weighting {
    weighting(distances, t, &WeightingConfig::default()).unwrap()
}

fn with(solver: Solver, distances: &Tensor, t: f64) -> Weighting {
    let config = WeightingConfig {
        solver: Some(solver),
        ..WeightingConfig::default()
    };
    weighting(distances, t, &config).unwrap()
}

/// The largest difference of weights, in units of 4ε times the condition and the largest weight.
fn difference(ours: &Weighting, exact: &Weighting) -> f64 {
    let largest = exact.weights.abs().max().double_value(&[]);
    let apart = (&ours.weights - &exact.weights).abs().max();
    apart.double_value(&[]) / (4.0 * f64::EPSILON * exact.condition * largest)
}

/// A large condition that comes from many neighbours, ‖Z‖₁, does no harm to a factor in f32: both factors were made then.
#[test]
fn a_factor_in_f32_is_enough_where_points_have_many_neighbours() {
    for (dim, seed, t) in [(2, 1, 0.5), (2, 2, 0.7), (2, 3, 1.0)] {
        let distances = cloud(dim, seed, 900);
        let ours = weigh(&distances, t);
        assert!(ours.reason.contains("f32"), "{dim}, {t}: {ours:?}");
        assert!(
            ours.condition > 4e4 && ours.condition < 1e7,
            "{:e}",
            ours.condition
        );
        assert!(ours.settled && ours.residual < 4e-15, "{:e}", ours.residual);
        for solver in [Solver::Cholesky, Solver::Indefinite] {
            let exact = with(solver, &distances, t);
            assert!(difference(&ours, &exact) <= 1.0, "{dim}, {t}, {solver}");
            // Without the smallest pivot to look at, that of the other may be smaller.
            assert!(ours.condition > 0.8 * exact.condition);
        }
    }
}

/// Short of the pole of K₃,₂ the eigenvalues that are negative are as small as one likes.
#[test]
fn no_factor_hides_small_negative_eigenvalues() {
    let (copies, pole) = (60, 0.5 * 2.0_f64.ln());
    let distances = Tensor::full([5 * copies, 5 * copies], 40.0, (Kind::Double, Device::Cpu));
    for copy in 0..copies {
        for (x, y) in (0..5).flat_map(|x| (0..5).map(move |y| (x, y))) {
            let apart = if x == y {
                0.0
            } else if (x < 3) == (y < 3) {
                2.0
            } else {
                1.0
            };
            let _ = distances.get(5 * copy + x).get(5 * copy + y).fill_(apart);
        }
    }
    for off in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] {
        let below = weigh(&distances, pole * (1.0 - off));
        let by_ldl = with(Solver::Indefinite, &distances, pole * (1.0 - off));
        assert_eq!(
            below.negative_eigenvalues, by_ldl.negative_eigenvalues,
            "{off}"
        );
        assert!(below.negative_eigenvalues >= copies as usize - 1, "{off}");
        assert_eq!(below.solver, Solver::Indefinite, "{off}");
        let above = weigh(&distances, pole * (1.0 + off));
        assert_eq!(
            (above.negative_eigenvalues, above.solver),
            (0, Solver::Cholesky)
        );
    }
}

/// Weights of a few hundred points are found by a factor in f64 where one in f32 is not enough.
#[test]
fn a_factor_in_f64_is_that_of_another_method() {
    // At 2e-5 one in f32 would still be refined, but shows no more that Z is positive definite.
    for (seed, scale, t, near) in [
        (5, 1.0, 0.9, 1e-9),
        (5, 1.0, 0.9, 2e-5),
        (6, 1e-4, 6e3, 1e-9),
        (7, 1.0, 40.0, 1e-9),
    ] {
        let distances = cloud(2, seed, 333) * scale;
        // Pairs of near points.
        let n = distances.size()[0];
        for (x, y) in [(0, 1), (7, 300)] {
            distances.get(y).copy_(&distances.get(x));
            distances.select(1, y).copy_(&distances.select(1, x));
            for (x, y, d) in [(x, x, 0.0), (y, y, 0.0), (x, y, near), (y, x, near)] {
                let _ = distances.get(x).get(y).fill_(d * scale);
            }
        }
        let ours = weigh(&distances, t);
        assert!(!ours.reason.contains("f32"), "{ours:?}");
        assert_eq!((ours.solver, ours.rank), (Solver::Cholesky, n as usize));
        let exact = with(Solver::Indefinite, &distances, t);
        assert!(
            difference(&ours, &exact) <= 1.0,
            "{t}: {}",
            difference(&ours, &exact)
        );
        // Without the smallest pivot to look at, that of the other may be smaller.
        assert!(ours.condition > 0.8 * exact.condition, "{t}");
    }
}

#[test]
fn distances_give_the_same_bits_however_they_lie_in_memory() {
    for kind in [Kind::Double, Kind::Float] {
        let distances = cloud(4, 8, 300).to_kind(kind);
        // Some points twice.
        let twice = Tensor::cat(
            &[
                Tensor::arange(300, (Kind::Int64, Device::Cpu)),
                Tensor::from_slice(&[3_i64, 77]),
            ],
            0,
        );
        let distances = distances.index_select(0, &twice).index_select(1, &twice);
        let wide = Tensor::zeros([604, 302], (kind, Device::Cpu));
        let every_other = wide.slice(0, 0, 604, 2);
        every_other.shallow_clone().copy_(&distances);
        let expected = weigh(&distances, 2.0);
        assert_eq!(
            (expected.distinct, expected.weights.size()),
            (300, vec![302])
        );
        for same in [
            distances.transpose(0, 1),
            every_other,
            distances.to_kind(Kind::Double),
        ] {
            let found = weigh(&same, 2.0);
            assert!(
                found.weights.equal(&expected.weights),
                "{kind:?} {:?}",
                same.stride()
            );
            assert_eq!(found.condition.to_bits(), expected.condition.to_bits());
        }
        let scales = [8.0, 2.0, 0.7];
        let function =
            magnitude_function(&distances, &scales, &WeightingConfig::default()).unwrap();
        for (t, magnitude) in scales.iter().zip(&function.magnitudes) {
            assert_eq!(
                magnitude.to_bits(),
                weigh(&distances, *t).magnitude.to_bits()
            );
        }
    }
}

/// Scales from those at which nothing is alike to those at which all is.
#[test]
fn every_scale_has_its_weights() {
    let distances = cloud(3, 9, 280);
    for t in [1e-12, 1e-3, 0.3, 1.0, 30.0, 1e5] {
        let ours = weigh(&distances, t);
        let other = if ours.solver == Solver::Shifted {
            Solver::Shifted
        } else {
            Solver::Indefinite
        };
        let exact = with(other, &distances, t);
        assert!(difference(&ours, &exact) <= 1.0, "{t}");
        assert_eq!((ours.negative_eigenvalues, ours.rank), (0, 280));
    }
}
