//! Diffusion operators, the half-space embedding and its distance.

use holonomy::embed::{
    Bandwidth, DiffusionConfig, DiffusionOperator, FeatureDistance, HyperbolicDiffusion, Kernel,
    affinity, feature_distances,
};
use holonomy::graph::{Graph, shortest_paths};
use holonomy::metric::{Rescaling, distortion};
use holonomy::random::random_normal;
use holonomy::scores::mean_average_precision;
use holonomy::{Geodesic, Manifold};
use tch::{Device, Kind, Tensor};

use super::{numbers, seeded};

const MEDIAN: Bandwidth = Bandwidth::Median(1.0);

/// Average distortions of the balanced tree with three scales, from a program in numpy, in the order of
/// [`RESCALINGS`].
const HEAT: [f64; 7] = [
    1.060_507, 0.271_218, 0.302_118, 0.292_381, 0.314_824, 0.443_040, 0.270_521,
];
const GAUSSIAN: [f64; 7] = [
    0.143_975, 0.125_656, 0.117_642, 0.136_809, 0.113_287, 0.129_477, 0.113_222,
];
const EXPONENTIAL: [f64; 7] = [
    0.476_680, 0.233_146, 0.244_977, 0.253_213, 0.248_467, 0.343_804, 0.231_883,
];
const RESCALINGS: [Rescaling; 7] = [
    Rescaling::Unscaled,
    Rescaling::MeanRatio,
    Rescaling::LeastSquares,
    Rescaling::RelativeLeastSquares,
    Rescaling::MedianRatio,
    Rescaling::LargestDistance,
    Rescaling::Best,
];

/// The tree with three children below each of the 13 inner nodes.
fn balanced_tree() -> Graph {
    let names = (0..40).map(|node| node.to_string()).collect();
    let edges = (1..40).map(|node| (node, (node - 1) / 3)).collect();
    Graph::new(names, edges, None).unwrap()
}

fn features(rows: i64) -> Tensor {
    random_normal(&mut seeded(3), &[rows, 4], Kind::Double, Device::Cpu)
}

fn walk_on(features: &Tensor) -> DiffusionOperator {
    let distances = feature_distances(features, FeatureDistance::Euclidean).unwrap();
    let affinity = affinity(&distances, Kernel::Gaussian, MEDIAN).unwrap();
    DiffusionOperator::from_affinity(&affinity).unwrap()
}

fn embedded(operator: DiffusionOperator, scales: u32) -> HyperbolicDiffusion {
    HyperbolicDiffusion::new(operator, DiffusionConfig::new(scales)).unwrap()
}

fn largest_difference(x: &Tensor, y: &Tensor) -> f64 {
    assert_eq!(x.size(), y.size());
    (x - y).abs().max().double_value(&[])
}

/// The walk by its definition: density correction, then rows that add up to 1.
#[test]
fn the_operator_is_the_walk_of_its_definition() {
    let distances = feature_distances(&features(30), FeatureDistance::Euclidean).unwrap();
    let a = affinity(&distances, Kernel::Gaussian, Bandwidth::Fixed(2.0)).unwrap();
    let n = 30_usize;
    let entry = numbers(&a);
    let row_sum = |m: &[f64], i: usize| m[i * n..(i + 1) * n].iter().sum::<f64>();
    let density: Vec<f64> = (0..n).map(|i| row_sum(&entry, i)).collect();
    let corrected: Vec<f64> = (0..n * n)
        .map(|at| entry[at] / (density[at / n] * density[at % n]))
        .collect();
    let walk: Vec<f64> = (0..n * n)
        .map(|at| corrected[at] / row_sum(&corrected, at / n))
        .collect();
    let expected = Tensor::from_slice(&walk).view([30, 30]);
    let operator = DiffusionOperator::from_affinity(&a).unwrap();
    assert!(largest_difference(&operator.power(1.0), &expected) < 1e-14);
    assert!(operator.negative_part() < 1e-14);
    let twice = expected.matmul(&expected);
    assert!(largest_difference(&operator.power(2.0), &twice) < 1e-14);
}

#[test]
fn rows_add_up_to_one_at_every_time() {
    let tree = balanced_tree();
    let on_tree = affinity(&shortest_paths(&tree), Kernel::Gaussian, MEDIAN).unwrap();
    let indefinite = DiffusionOperator::from_affinity(&on_tree).unwrap();
    assert!(indefinite.negative_part() > 0.01);
    let truncated = walk_on(&features(50)).truncated(7).unwrap();
    let heat = DiffusionOperator::heat(&tree, 1.0).unwrap();
    for operator in [walk_on(&features(50)), indefinite, truncated, heat] {
        for time in [1.0, 0.5, 0.125, 1.0 / 1024.0, 3.0] {
            let sums = operator
                .power(time)
                .sum_dim_intlist(-1, false, Kind::Double);
            let error = largest_difference(&sums, &sums.ones_like());
            assert!(error < 1e-12, "{error} at {time}");
        }
    }
}

/// At a hub of 800 leaves e^(−801) is not a number in f64, but its roots are:
/// the walk is still at the hub with the probability (1 + 800 e^(−801 t))/801.
#[test]
fn heat_at_small_times_does_not_depend_on_what_is_left_at_time_one() {
    let names = (0..=800).map(|node| node.to_string()).collect();
    let star = Graph::new(names, (1..=800).map(|leaf| (leaf, 0)).collect(), None).unwrap();
    let operator = DiffusionOperator::heat(&star, 1.0).unwrap();
    for time in [2.0, 1.0, 1.0 / 64.0, 1.0 / 512.0] {
        let stays = operator.power(time).double_value(&[0, 0]);
        let expected = (1.0 + 800.0 * (-801.0 * time).exp()) / 801.0;
        assert!((stays - expected).abs() < 1e-12, "{stays} at {time}");
    }
    let least = operator.eigenvalues().double_value(&[0]);
    assert_eq!(least, 0.0);
}

/// The walk does not depend on a common factor.
#[test]
fn affinities_of_any_size_give_the_same_walk() {
    let a = Tensor::from_slice2(&[[1.0, 0.8, 0.1], [0.8, 1.0, 0.2], [0.1, 0.2, 1.0]]);
    let walk = |a: &Tensor| DiffusionOperator::from_affinity(a).unwrap().power(1.0);
    for factor in [1e160, 1e300, 1.7e308, 1e-200, 1e-300] {
        let error = largest_difference(&walk(&(&a * factor)), &walk(&a));
        assert!(error < 1e-14, "{error} for {factor}");
    }
}

#[test]
fn single_precision_input_counts_as_its_values_in_double_precision() {
    let features = features(12).to_kind(Kind::Float);
    let distances = feature_distances(&features, FeatureDistance::Euclidean).unwrap();
    let doubled = features.to_kind(Kind::Double);
    let expected = feature_distances(&doubled, FeatureDistance::Euclidean).unwrap();
    assert_eq!(largest_difference(&distances, &expected), 0.0);
    let single = affinity(&distances.to_kind(Kind::Float), Kernel::Gaussian, MEDIAN).unwrap();
    assert_eq!(single.kind(), Kind::Double);
    let single = single.to_kind(Kind::Float);
    let walk = |a: &Tensor| DiffusionOperator::from_affinity(a).unwrap().power(0.5);
    let difference = largest_difference(&walk(&single), &walk(&single.to_kind(Kind::Double)));
    assert_eq!(difference, 0.0);
}

#[test]
fn bandwidths_fit_distances_of_any_size() {
    let distances = matrix([0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]);
    for kernel in [Kernel::Gaussian, Kernel::Exponential] {
        let expected = affinity(&distances, kernel, MEDIAN).unwrap();
        for size in [1e160, 1e300, 1e-170, 1e-300] {
            let found = affinity(&(&distances * size), kernel, MEDIAN).unwrap();
            assert!(largest_difference(&found, &expected) < 1e-15, "{size}");
        }
    }
    let far = affinity(
        &(&distances * 1e160),
        Kernel::Gaussian,
        Bandwidth::Fixed(1.0),
    )
    .unwrap();
    assert_eq!(
        numbers(&far),
        numbers(&Tensor::eye(3, (Kind::Double, Device::Cpu)))
    );
}

#[test]
fn powers_multiply_also_without_the_negative_part() {
    let tree = balanced_tree();
    let on_tree = affinity(&shortest_paths(&tree), Kernel::Gaussian, MEDIAN).unwrap();
    let indefinite = DiffusionOperator::from_affinity(&on_tree).unwrap();
    for operator in [walk_on(&features(60)), indefinite] {
        let mut whole = operator.power(1.0);
        for k in 1..6 {
            let half = operator.power(0.5_f64.powi(k));
            assert!(largest_difference(&half.matmul(&half), &whole) < 1e-13);
            whole = half;
        }
    }
}

/// Where √d embeds in Euclidean space, as on a tree, exp(−d/ε) has no negative part.
#[test]
fn the_exponential_kernel_of_a_tree_is_positive() {
    let paths = shortest_paths(&balanced_tree());
    let negative_part = |kernel| {
        let affinity = affinity(&paths, kernel, MEDIAN).unwrap();
        let operator = DiffusionOperator::from_affinity(&affinity).unwrap();
        operator.negative_part()
    };
    assert!(negative_part(Kernel::Exponential) < 1e-14);
    assert!(negative_part(Kernel::Gaussian) > 0.01);
}

#[test]
fn the_sum_of_the_manifold_distances_is_the_closed_form() {
    let embedding = HyperbolicDiffusion::new(
        walk_on(&features(20)),
        DiffusionConfig {
            scales: 4,
            alpha: 0.3,
        },
    )
    .unwrap();
    let space = embedding.space().unwrap();
    let points = embedding.points().unwrap();
    assert!(space.point_defect(&points).max().double_value(&[]) < 1e-10);
    let mut sum = Tensor::zeros([20, 20], (Kind::Double, Device::Cpu));
    let split = space.split(&points);
    for (scale, (factor, part)) in (0..).zip(space.factors().zip(&split)) {
        let apart = factor.dist(&part.unsqueeze(1), &part.unsqueeze(0));
        assert!(largest_difference(&apart, &embedding.distances_at(scale)) < 1e-12);
        let half_spaces = factor.to_half_space(part);
        let heights = half_spaces.select(-1, -1);
        let error = largest_difference(&heights, &(heights.ones_like() * embedding.height(scale)));
        assert!(error < 1e-14, "{error}");
        sum += apart;
    }
    assert!(largest_difference(&sum, &embedding.distances()) < 1e-12);
    // The formula, for one pair.
    let by_hand: f64 = (0..4_u32)
        .map(|k| {
            let roots = embedding.root_densities(k);
            let apart = (roots.get(2) - roots.get(9)).norm().double_value(&[]);
            2.0 * ((1.0 - f64::from(k) * 0.3).exp2() * apart).asinh()
        })
        .sum();
    let ours = embedding.distances().double_value(&[2, 9]);
    assert!((ours - by_hand).abs() < 1e-13);
}

/// MAP 1, as published; the average distortions as a program in another language gave them.
#[test]
fn the_balanced_tree_keeps_its_neighbours() {
    let tree = balanced_tree();
    let paths = shortest_paths(&tree);
    let gaussian = affinity(&paths, Kernel::Gaussian, MEDIAN).unwrap();
    let exponential = affinity(&paths, Kernel::Exponential, Bandwidth::Fixed(2.0)).unwrap();
    let cases = [
        (DiffusionOperator::heat(&tree, 1.0), HEAT),
        (DiffusionOperator::from_affinity(&gaussian), GAUSSIAN),
        (DiffusionOperator::from_affinity(&exponential), EXPONENTIAL),
    ];
    for (operator, expected) in cases {
        let distances = embedded(operator.unwrap(), 3).distances();
        assert_eq!(mean_average_precision(&tree, &distances).unwrap(), 1.0);
        for (rescaling, expected) in RESCALINGS.into_iter().zip(expected) {
            let factor = rescaling.factor(&paths, &distances).unwrap();
            let average = distortion(&paths, &(&distances * factor)).unwrap().average;
            assert!(
                (average - expected).abs() < 2e-6,
                "{rescaling:?}: {average}"
            );
        }
    }
}

#[test]
fn no_factor_is_better_than_the_best() {
    let tree = balanced_tree();
    let paths = shortest_paths(&tree);
    let operator = DiffusionOperator::heat(&tree, 1.0).unwrap();
    let distances = embedded(operator, 3).distances();
    let average = |factor: f64| distortion(&paths, &(&distances * factor)).unwrap().average;
    let best = average(Rescaling::Best.factor(&paths, &distances).unwrap());
    for step in 0..400 {
        assert!(average(0.01 * f64::from(step)) >= best - 1e-12);
    }
}

#[test]
fn distances_follow_a_permutation_of_the_points() {
    let features = features(40);
    let order = Tensor::from_slice(&(0..40).map(|i| (i * 7) % 40).collect::<Vec<i64>>());
    let before = embedded(walk_on(&features), 5).distances();
    let after = embedded(walk_on(&features.index_select(0, &order)), 5).distances();
    let expected = before.index_select(0, &order).index_select(1, &order);
    assert!(largest_difference(&after, &expected) < 1e-7);
}

#[test]
fn points_that_coincide_are_at_distance_zero() {
    let features = features(20);
    let doubled = Tensor::cat(&[&features, &features.narrow(0, 4, 1)], 0);
    let distances = embedded(walk_on(&doubled), 6).distances();
    assert!(distances.double_value(&[4, 20]) < 1e-6);
    let from_both = [4, 20].map(|row| distances.get(row).narrow(0, 0, 4));
    assert!(largest_difference(&from_both[0], &from_both[1]) < 1e-6);
    assert_eq!(distances.double_value(&[7, 7]), 0.0);
    assert_eq!(largest_difference(&distances, &distances.tr()), 0.0);
}

#[test]
fn parts_without_affinity_are_as_far_apart_as_can_be() {
    let inf = f64::INFINITY;
    let near = [0.0, 1.0, inf, inf, 1.0, 0.0, inf, inf];
    let rows = [near, [inf, inf, 0.0, 2.0, inf, inf, 2.0, 0.0]].concat();
    let distances = Tensor::from_slice(&rows).view([4, 4]);
    let affinity = affinity(&distances, Kernel::Gaussian, MEDIAN).unwrap();
    assert_eq!(affinity.double_value(&[0, 2]), 0.0);
    let operator = DiffusionOperator::from_affinity(&affinity).unwrap();
    let ones = operator.eigenvalues().ge(1.0 - 1e-12).sum(Kind::Int64);
    assert_eq!(ones.int64_value(&[]), 2);
    let message = operator.truncated(1).unwrap_err().to_string();
    assert!(message.contains("a rank from 2 to 4"), "{message}");
    let sums = operator
        .truncated(2)
        .unwrap()
        .power(0.5)
        .sum_dim_intlist(-1, false, Kind::Double);
    assert!(largest_difference(&sums, &sums.ones_like()) < 1e-14);
    let distances = embedded(operator, 3).distances();
    let farthest: f64 = (0..3)
        .map(|k| 2.0 * ((1.0 - 0.5 * f64::from(k)).exp2() * 2.0_f64.sqrt()).asinh())
        .sum();
    assert!((distances.double_value(&[0, 2]) - farthest).abs() < 1e-7);
    assert!(distances.double_value(&[0, 1]) < 0.9 * farthest);
}

#[test]
fn one_point_is_enough() {
    let one = Tensor::from_slice(&[0.0]).view([1, 1]);
    for kernel in [Kernel::Gaussian, Kernel::Exponential] {
        let affinity = affinity(&one, kernel, MEDIAN).unwrap();
        let operator = DiffusionOperator::from_affinity(&affinity).unwrap();
        assert_eq!(operator.len(), 1);
        let embedding = embedded(operator, 2);
        assert_eq!(numbers(&embedding.distances()), [0.0]);
        assert_eq!(embedding.half_spaces().size(), [1, 2, 2]);
    }
    let alone = Graph::new(vec!["a".into()], Vec::new(), None).unwrap();
    let operator = DiffusionOperator::heat(&alone, 1.0).unwrap();
    assert_eq!(numbers(&operator.power(0.5)), [1.0]);
}

/// A centre of one point is the point; of two it is between them.
#[test]
fn centres_are_means_on_horospheres() {
    let embedding = embedded(walk_on(&features(12)), 3);
    let distances = embedding.distances();
    let mut weights = Tensor::zeros([2, 12], (Kind::Double, Device::Cpu));
    let set = |row: i64, column: i64, weight: f64| {
        let _ = weights.get(row).get(column).fill_(weight);
    };
    set(0, 5, 1.0);
    set(1, 5, 0.5);
    set(1, 6, 0.5);
    let to_centers = embedding.distances_to_centers(&weights);
    assert!(largest_difference(&to_centers.select(1, 0), &distances.select(1, 5)) < 1e-12);
    let from = |row: i64| to_centers.double_value(&[row, 1]);
    assert!((from(5) - from(6)).abs() < 1e-12);
    let apart = distances.double_value(&[5, 6]);
    assert!(0.5 * apart < from(5) && from(5) < apart);
    weights = Tensor::zeros([2, 11], (Kind::Double, Device::Cpu));
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        embedding.distances_to_centers(&weights)
    }));
    assert!(refused.is_err());
}

/// What is taken for 0 is small on heat kernels and seen on others.
#[test]
fn negative_densities_are_reported() {
    let heat = DiffusionOperator::heat(&balanced_tree(), 1.0).unwrap();
    assert!(embedded(heat, 6).negative_mass() < 1e-13);
    let swap = Tensor::from_slice2(&[[0.1, 1.0], [1.0, 0.1]]);
    let operator = DiffusionOperator::from_affinity(&swap).unwrap();
    assert!((operator.negative_part() - 0.45).abs() < 0.01);
    let embedding = embedded(walk_on(&features(50)), 6);
    assert!(embedding.negative_mass() > 1e-3);
    let directly = embedding.operator().power(1.0 / 32.0).clamp_max(0.0);
    let mass = -directly.sum_dim_intlist(-1, false, Kind::Double);
    assert!(embedding.negative_mass() >= mass.max().double_value(&[]));
}

#[test]
fn a_truncated_operator_keeps_its_largest_eigenvalues() {
    let full = walk_on(&features(30));
    let some = full.truncated(5).unwrap();
    let expected = full.eigenvalues().narrow(0, 25, 5);
    assert_eq!(numbers(&some.eigenvalues()), numbers(&expected));
    let all = full.truncated(30).unwrap();
    assert_eq!(largest_difference(&all.power(0.25), &full.power(0.25)), 0.0);
    let message = |rank| full.truncated(rank).unwrap_err().to_string();
    assert!(message(0).contains("a rank from 1 to 30, got 0"));
    assert!(message(31).contains("got 31"));
}

#[test]
fn chords_are_cosine_distances() {
    let features = features(9);
    let chords = feature_distances(&features, FeatureDistance::Chord).unwrap();
    let lengths = features
        .square()
        .sum_dim_intlist(-1, true, Kind::Double)
        .sqrt();
    let directions = &features / &lengths;
    let cosine = 1.0 - directions.matmul(&directions.tr());
    assert!(largest_difference(&(chords.square() * 0.5), &cosine) < 1e-15 * 10.0);
}

fn matrix(entries: [f64; 9]) -> Tensor {
    Tensor::from_slice(&entries).view([3, 3])
}

#[test]
fn bad_distances_are_named() {
    let good = [0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0];
    let message = |changes: &[(usize, f64)]| {
        let mut entries = good;
        for &(at, value) in changes {
            entries[at] = value;
        }
        let refused = affinity(&matrix(entries), Kernel::Gaussian, MEDIAN).unwrap_err();
        refused.to_string()
    };
    for (changes, expected) in [
        (&[(5, f64::NAN)][..], "NaN at (1, 2)"),
        (&[(5, -1.0), (7, -1.0)], "-1 at (2, 1)"),
        (&[(1, 3.0)], "3 at (0, 1)"),
        (&[(4, 0.5)], "0 on the diagonal"),
        (&[(4, f64::INFINITY)], "0 on the diagonal"),
        (&[(2, f64::INFINITY)], "inf at (0, 2)"),
    ] {
        let message = message(changes);
        assert!(message.contains(expected), "{message}");
    }
    let distances = matrix(good);
    for bandwidth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for bandwidth in [Bandwidth::Fixed(bandwidth), Bandwidth::Median(bandwidth)] {
            let refused = affinity(&distances, Kernel::Gaussian, bandwidth).unwrap_err();
            assert!(refused.to_string().contains("bandwidth or factor"));
        }
    }
    let coincide = Tensor::zeros([3, 3], (Kind::Double, Device::Cpu));
    let refused = affinity(&coincide, Kernel::Exponential, MEDIAN).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("half of the pairs at distance 0")
    );
}

#[test]
fn bad_affinities_are_named() {
    let message = |entries| {
        let refused = DiffusionOperator::from_affinity(&matrix(entries)).unwrap_err();
        refused.to_string()
    };
    let nan = message([1.0, 0.5, 0.2, 0.5, 1.0, f64::NAN, 0.2, f64::NAN, 1.0]);
    assert!(nan.contains("NaN at (1, 2)"), "{nan}");
    let negative = message([1.0, 0.5, -0.2, 0.5, 1.0, 0.1, -0.2, 0.1, 1.0]);
    assert!(negative.contains("-0.2 at (0, 2)"), "{negative}");
    let lopsided = message([1.0, 0.5, 0.2, 0.5, 1.0, 0.1, 0.2, 0.3, 1.0]);
    assert!(
        lopsided.contains("0.3 at (2, 1) and 0.1 at (1, 2)"),
        "{lopsided}"
    );
    let alone = message([1.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.2, 0.0, 1.0]);
    assert!(alone.contains("none for point 1"), "{alone}");
    let flat = Tensor::zeros([3], (Kind::Double, Device::Cpu));
    assert!(DiffusionOperator::from_affinity(&flat).is_err());
}

#[test]
fn bad_features_graphs_and_settings_are_refused() {
    let rows = Tensor::from_slice2(&[[1.0, 2.0], [0.0, 0.0], [f64::NAN, 1.0]]);
    let message = |rows: &Tensor, how| feature_distances(rows, how).unwrap_err().to_string();
    assert!(message(&rows, FeatureDistance::Euclidean).contains("row 2"));
    let finite = rows.narrow(0, 0, 2);
    assert!(message(&finite, FeatureDistance::Chord).contains("row 1 of zeros"));
    assert!(feature_distances(&rows.narrow(0, 0, 0), FeatureDistance::Chord).is_err());
    let empty = Graph::new(Vec::new(), Vec::new(), None).unwrap();
    assert!(DiffusionOperator::heat(&empty, 1.0).is_err());
    for time in [0.0, -1.0, f64::NAN] {
        assert!(DiffusionOperator::heat(&balanced_tree(), time).is_err());
    }
    let with = |scales, alpha| {
        HyperbolicDiffusion::new(walk_on(&features(5)), DiffusionConfig { scales, alpha })
    };
    for (scales, alpha) in [
        (0, 0.5),
        (3, 0.0),
        (3, f64::NAN),
        (1001, 0.5),
        (1000, 0.51),
        (3, 1e308),
    ] {
        assert!(with(scales, alpha).is_err(), "{scales}, {alpha}");
    }
    for (scales, alpha) in [(1000, 0.5), (5, 100.0)] {
        let points = with(scales, alpha).unwrap().points().unwrap();
        assert_eq!(
            points.isfinite().all().int64_value(&[]),
            1,
            "{scales}, {alpha}"
        );
    }
}

#[test]
fn scales_that_an_embedding_does_not_have_are_refused() {
    let embedding = embedded(walk_on(&features(5)), 3);
    let refuses = |ask: &dyn Fn(&HyperbolicDiffusion)| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ask(&embedding))).is_err()
    };
    for scale in [3, 1075] {
        assert!(refuses(&|embedding| drop(embedding.root_densities(scale))));
        assert!(refuses(&|embedding| drop(embedding.distances_at(scale))));
        assert!(refuses(&|embedding| {
            embedding.height(scale);
        }));
    }
    assert!(!refuses(&|embedding| drop(embedding.distances_at(2))));
}

/// t = 1, 2, 4 embedded as 2, and pairs without a path that must not count.
#[test]
fn factors_are_those_of_their_formulas() {
    let inf = f64::INFINITY;
    let square = |rows: [[f64; 4]; 4]| Tensor::from_slice2(&rows);
    let truth = square([
        [0.0, 1.0, 2.0, 4.0],
        [1.0, 0.0, inf, inf],
        [2.0, inf, 0.0, f64::NAN],
        [4.0, inf, f64::NAN, 0.0],
    ]);
    let embedded = square([
        [0.0, 2.0, 2.0, 2.0],
        [2.0, 0.0, 9.0, 9.0],
        [2.0, 9.0, 0.0, 9.0],
        [2.0, 9.0, 9.0, 0.0],
    ]);
    let expected = [1.0, 3.0 / 3.5, 14.0 / 12.0, 3.5 / 5.25, 1.0, 2.0, 0.5];
    for (rescaling, expected) in RESCALINGS.into_iter().zip(expected) {
        let factor = rescaling.factor(&truth, &embedded).unwrap();
        assert!((factor - expected).abs() < 1e-15, "{rescaling:?}: {factor}");
    }
}

#[test]
fn factors_need_distances_to_divide_by() {
    let truth = matrix([0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]);
    let zeros = truth.zeros_like();
    for rescaling in Rescaling::ALL {
        let factor = rescaling.factor(&truth, &zeros);
        assert_eq!(
            factor.is_ok(),
            rescaling == Rescaling::Unscaled,
            "{rescaling:?}"
        );
        let message = rescaling.factor(&truth, &(&truth * f64::NAN)).unwrap_err();
        assert!(message.to_string().contains("(0, 1)"), "{message}");
        assert!(rescaling.factor(&zeros, &truth).is_err());
        assert!(rescaling.factor(&truth, &truth.narrow(0, 0, 2)).is_err());
        let unknown = &truth * f64::INFINITY;
        assert!(rescaling.factor(&unknown, &truth).is_err());
    }
}
