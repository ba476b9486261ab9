//! Weights from the nearest neighbours: exact with all of them, near with some, and honest about how near.

use holonomy::magnitude::{
    NearestNeighbourConfig, NearestNeighbourWeighting, NearestNeighbours, Weighting,
    WeightingConfig, nearest_neighbour_weighting, nearest_neighbour_weighting_of_distances,
    weighting_of_points,
};
use holonomy::metric::pairwise_distances;
use holonomy::{Error, Euclidean, Geodesic, Grassmann, Lorentz, Power, Sphere};
use tch::{Kind, Tensor};

use super::{F64, apart, complete_bipartite, copies, paths, random_points, weigh};

const METHODS: [NearestNeighbours; 2] = [
    NearestNeighbours::OfAll,
    NearestNeighbours::Earlier { orders: 2 },
];

fn config(from: NearestNeighbours, neighbours: usize) -> NearestNeighbourConfig {
    NearestNeighbourConfig {
        neighbours,
        from,
        ..NearestNeighbourConfig::default()
    }
}

fn near(
    space: &dyn Geodesic,
    points: &Tensor,
    t: f64,
    config: &NearestNeighbourConfig,
) -> NearestNeighbourWeighting {
    nearest_neighbour_weighting(space, points, t, config).unwrap()
}

fn exact(space: &dyn Geodesic, points: &Tensor, t: f64) -> Weighting {
    weighting_of_points(space, points, t, &WeightingConfig::default()).unwrap()
}

/// ‖w − w*‖₂ / ‖w*‖₂
fn relative_error(weights: &Tensor, exact: &Tensor) -> f64 {
    ((weights - exact).norm() / exact.norm()).double_value(&[])
}

#[test]
fn with_all_neighbours_the_weights_are_exact() {
    let plane = Euclidean::new(2).unwrap();
    let hyperboloid = Lorentz::new(3, -1.0).unwrap();
    let cases: [(&dyn Geodesic, Tensor); 2] = [
        (&plane, random_points(&plane, 1, 150)),
        (&hyperboloid, random_points(&hyperboloid, 2, 60)),
    ];
    for (space, points) in &cases {
        let n = points.size()[0] as usize;
        for (t, from) in [0.3, 1.0, 10.0]
            .into_iter()
            .flat_map(|t| METHODS.map(|m| (t, m)))
        {
            let exact = exact(*space, points, t);
            for neighbours in [n - 1, 5 * n] {
                let found = near(*space, points, t, &config(from, neighbours));
                let allowed = 4.0 * f64::EPSILON * exact.condition;
                let largest = exact.weights.abs().max().double_value(&[]);
                let error = apart(&found.weights, &exact.weights) / largest;
                assert!(
                    error <= allowed,
                    "{from:?}, t = {t}: {error:e} > {allowed:e}"
                );
                assert!(found.largest_residual < 1e-10, "{}", found.largest_residual);
                // In exact arithmetic both are the magnitude.
                let size = found.corrected_magnitude();
                assert!((size - exact.magnitude).abs() < 1e-11 * exact.magnitude);
            }
        }
    }
}

#[test]
fn more_neighbours_are_nearer_to_the_truth() {
    for (dim, t) in [(2, 5.0), (3, 5.0), (5, 5.0)] {
        let space = Euclidean::new(dim).unwrap();
        let points = random_points(&space, 3, 1_200);
        let exact = exact(&space, &points, t);
        for from in METHODS {
            let errors = [8, 32, 128].map(|neighbours| {
                let found = near(&space, &points, t, &config(from, neighbours));
                relative_error(&found.weights, &exact.weights)
            });
            assert!(
                errors[0] > 1.5 * errors[1] && errors[1] > 2.0 * errors[2],
                "{dim}, {from:?}: {errors:?}"
            );
            assert!(errors[2] < 0.02, "{dim}, {from:?}: {errors:?}");
        }
    }
}

/// Where neighbours are near on the scale, the magnitude of each point's own nearest is useless, and that of earlier ones is not.
#[test]
fn earlier_neighbours_see_all_scales() {
    let plane = Euclidean::new(2).unwrap();
    let points = random_points(&plane, 4, 1_500);
    let size = exact(&plane, &points, 1.0).magnitude;
    let error =
        |from| (near(&plane, &points, 1.0, &config(from, 32)).magnitude - size).abs() / size;
    let [of_all, earlier] = METHODS.map(error);
    assert!(of_all > 1.0 && earlier < 0.03, "{of_all} {earlier}");
}

/// Of a path of equal edges a node's nearest two are the next ones, and its weight depends on them alone.
#[test]
fn a_path_needs_the_two_next_nodes_alone() {
    let path = paths(60, (1..60).map(|i| (i - 1, i)).collect(), None);
    for t in [0.1, 1.0, 20.0] {
        let exact = weigh(&path, t).weights;
        let error = |from, neighbours| {
            let config = config(from, neighbours);
            let found = nearest_neighbour_weighting_of_distances(&path, t, &config).unwrap();
            apart(&found.weights, &exact)
        };
        assert!(error(METHODS[0], 2) < 1e-12);
        // Among earlier nodes the nearest two may be on the same side.
        assert!(t > 10.0 || error(METHODS[1], 2) > 1e-3);
        assert!(error(METHODS[1], 59) < 1e-12);
    }
}

#[test]
fn tree_tiles_and_matrix_find_the_same() {
    let (flat, power) = (
        Euclidean::new(4).unwrap(),
        Power::new(Euclidean::new(2).unwrap(), 2).unwrap(),
    );
    let points = random_points(&flat, 5, 700);
    let distances = pairwise_distances(&flat, &points);
    for from in METHODS {
        for neighbours in [1, 6, 40] {
            let config = config(from, neighbours);
            let tree = near(&flat, &points, 2.0, &config);
            let tiles = near(&power, &points.view([700, 2, 2]), 2.0, &config);
            let matrix =
                nearest_neighbour_weighting_of_distances(&distances, 2.0, &config).unwrap();
            assert!(apart(&tree.weights, &tiles.weights) < 1e-11);
            assert!(apart(&tree.weights, &matrix.weights) < 1e-11);
            assert!((tree.mean_residual - tiles.mean_residual).abs() < 1e-10);
            assert!((tree.mean_residual - matrix.mean_residual).abs() < 1e-10);
            assert!((tree.correction - matrix.correction).abs() < 1e-8 * tree.correction.abs());
        }
    }
    // More dimensions than the tree takes.
    let wide = Euclidean::new(20).unwrap();
    let points = random_points(&wide, 6, 200);
    let all = near(&wide, &points, 0.2, &config(METHODS[0], 199));
    assert!(apart(&all.weights, &exact(&wide, &points, 0.2).weights) < 1e-11);
}

#[test]
fn the_residual_is_that_of_the_whole_system() {
    let space = Euclidean::new(3).unwrap();
    let points = random_points(&space, 7, 900);
    let z = (pairwise_distances(&space, &points) * -3.0).exp();
    let size = exact(&space, &points, 3.0).magnitude;
    for from in METHODS {
        let all = NearestNeighbourConfig {
            sample: usize::MAX,
            ..config(from, 24)
        };
        let found = near(&space, &points, 3.0, &all);
        let residual: Tensor = 1.0 - z.matmul(&found.weights);
        let largest = residual.abs().max().double_value(&[]);
        let mean = residual
            .square()
            .mean(Kind::Double)
            .sqrt()
            .double_value(&[]);
        let correction = residual.dot(&found.weights).double_value(&[]);
        assert_eq!((found.sampled, found.correction_error), (900, 0.0));
        assert!((found.largest_residual - largest).abs() < 1e-11);
        assert!((found.mean_residual - mean).abs() < 1e-11);
        assert!((found.correction - correction).abs() < 1e-9);
        // 2Σw − wᵀZw is at most 1ᵀZ⁻¹1.
        assert!(found.corrected_magnitude() < size);
        // A sample knows the correction to some of its standard errors, and less of the largest.
        let sampled = near(&space, &points, 3.0, &config(from, 24));
        assert_eq!(sampled.sampled, 256);
        assert_eq!(sampled.weights, found.weights);
        let off = (sampled.correction - correction).abs();
        assert!(
            sampled.correction_error > 0.0 && off < 4.0 * sampled.correction_error,
            "{off} {}",
            sampled.correction_error
        );
        assert!(sampled.largest_residual <= found.largest_residual);
    }
    // Where residuals are small, the correction is one.
    let all = NearestNeighbourConfig {
        sample: usize::MAX,
        ..config(METHODS[1], 64)
    };
    let found = near(&space, &points, 3.0, &all);
    let (plain, corrected) = (found.magnitude - size, found.corrected_magnitude() - size);
    assert!(corrected.abs() < 0.2 * plain.abs(), "{plain} {corrected}");
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let flat = Euclidean::new(3).unwrap();
    let points = random_points(&flat, 8, 3_000);
    for from in METHODS {
        let found = |threads: usize, seed| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let points = points.shallow_clone();
            let config = NearestNeighbourConfig {
                seed,
                ..config(from, 12)
            };
            pool.install(move || {
                let found = near(&Euclidean::new(3).unwrap(), &points, 1.0, &config);
                (
                    found.weights,
                    found.mean_residual.to_bits(),
                    found.correction.to_bits(),
                )
            })
        };
        assert_eq!(found(1, 0), found(3, 0));
        assert_ne!(found(1, 0).1, found(1, 1).1);
    }
}

#[test]
fn points_that_coincide_share_their_weight() {
    let plane = Euclidean::new(2).unwrap();
    let once = random_points(&plane, 9, 150);
    let twice = Tensor::cat(&[&once.narrow(0, 0, 40), &once, &once.narrow(0, 20, 30)], 0);
    let hyperboloid = Lorentz::new(2, -1.0).unwrap();
    let bent = random_points(&hyperboloid, 9, 60);
    let bent_twice = Tensor::cat(&[&bent, &bent.narrow(0, 0, 20)], 0);
    for from in METHODS {
        let all = config(from, 400);
        let (single, many) = (
            near(&plane, &once, 1.0, &all),
            near(&plane, &twice, 1.0, &all),
        );
        assert_eq!((many.distinct, many.sampled), (150, 150));
        assert!((single.magnitude - many.magnitude).abs() < 1e-10);
        assert!(apart(&many.weights, &exact(&plane, &twice, 1.0).weights) < 1e-10);
        // Fewer neighbours than copies.
        let crowd = Tensor::cat(&[&once.narrow(0, 0, 1).expand([50, 2], false), &once], 0);
        let found = near(&plane, &crowd, 1.0, &config(from, 8));
        assert_eq!(found.distinct, 150);
        assert_eq!(
            found.weights.double_value(&[3]),
            found.weights.double_value(&[50])
        );
        let found = near(&hyperboloid, &bent_twice, 1.0, &all);
        assert_eq!(found.distinct, 60);
        assert!(
            apart(
                &found.weights,
                &exact(&hyperboloid, &bent_twice, 1.0).weights
            ) < 1e-10
        );
        let distances = pairwise_distances(&plane, &twice);
        let found = nearest_neighbour_weighting_of_distances(&distances, 1.0, &all).unwrap();
        assert_eq!(found.distinct, 150);
        assert!(apart(&found.weights, &many.weights) < 1e-10);
    }
    // −0 is 0.
    let zeros = Tensor::from_slice(&[0.0, 0.0, -0.0, 0.0]).view([2, 2]);
    let found = near(&plane, &zeros, 1.0, &NearestNeighbourConfig::default());
    assert_eq!((found.magnitude, found.distinct), (1.0, 1));
    assert_eq!(found.weights.double_value(&[1]), 0.5);
}

/// Two neighbours of a point that coincide leave its system singular, whichever of the three comes first.
#[test]
fn neighbours_that_coincide_are_one() {
    let seeds = 0..8;
    for dim in [2, 5] {
        let sphere = Sphere::new(dim, 1.0).unwrap();
        let two = random_points(&sphere, 13, 2);
        let three = two.index_select(0, &Tensor::from_slice(&[0_i64, 1, 1]));
        let space = Euclidean::new(dim).unwrap();
        let one_and_crowd = random_points(&space, 14, 2);
        let rows = Tensor::from_slice(&[0_i64, 1, 1, 1]);
        let crowd = one_and_crowd.index_select(0, &rows);
        for (from, seed) in METHODS
            .iter()
            .flat_map(|m| seeds.clone().map(|seed| (*m, seed)))
        {
            let config = NearestNeighbourConfig {
                seed,
                ..config(from, 2)
            };
            let cases: [(&dyn Geodesic, &Tensor); 2] = [(&sphere, &three), (&space, &crowd)];
            for (space, points) in cases {
                let found = near(space, points, 1.0, &config);
                assert_eq!(found.distinct, 2, "{from:?}, seed {seed}");
                let exact = exact(space, points, 1.0);
                assert!(apart(&found.weights, &exact.weights) < 1e-14);
            }
        }
    }
}

#[test]
fn few_points_and_single_precision() {
    let plane = Euclidean::new(2).unwrap();
    let sphere = Sphere::new(2, 1.0).unwrap();
    for from in METHODS {
        let config = config(from, 8);
        let empty = near(&plane, &Tensor::zeros([0, 2], F64), 1.0, &config);
        assert_eq!(
            (empty.magnitude, empty.distinct, empty.correction),
            (0.0, 0, 0.0)
        );
        assert_eq!(
            near(&sphere, &Tensor::zeros([0, 3], F64), 1.0, &config).magnitude,
            0.0
        );
        let none = Tensor::zeros([0, 0], F64);
        let none = nearest_neighbour_weighting_of_distances(&none, 1.0, &config).unwrap();
        assert_eq!(none.magnitude, 0.0);
        let one = near(&plane, &Tensor::zeros([1, 2], F64), 1.0, &config);
        assert_eq!((one.magnitude, one.largest_residual), (1.0, 0.0));
        let pair = Tensor::from_slice(&[0.0_f32, 0.0, 3.0, 4.0]).view([2, 2]);
        let found = near(&plane, &pair, 1.0, &config);
        assert_eq!(found.weights.kind(), Kind::Double);
        assert!((found.magnitude - 2.0 / (1.0 + (-5.0_f64).exp())).abs() < 1e-15);
    }
}

#[test]
fn scales_from_near_to_far() {
    let plane = Euclidean::new(2).unwrap();
    let points = random_points(&plane, 10, 400);
    for from in METHODS {
        let found = near(&plane, &points, 1e300, &config(from, 5));
        assert_eq!(found.magnitude, 400.0);
        assert_eq!(found.largest_residual, 0.0);
        // At 1e-20 all similarities are 1.
        let error = nearest_neighbour_weighting(&plane, &points, 1e-20, &config(from, 5));
        let message = error.unwrap_err().to_string();
        assert!(message.contains("differ at this scale"), "{message}");
        // Components at infinite distance do not see each other.
        let parts = copies(&pairwise_distances(&plane, &points.narrow(0, 0, 60)), 3);
        let found =
            nearest_neighbour_weighting_of_distances(&parts, 1.0, &config(from, 200)).unwrap();
        assert!(apart(&found.weights, &weigh(&parts, 1.0).weights) < 1e-10);
    }
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let plane = Euclidean::new(2).unwrap();
    let points = random_points(&plane, 11, 100);
    let default = NearestNeighbourConfig::default;
    let refused = |points: &Tensor, t, config: &NearestNeighbourConfig| {
        nearest_neighbour_weighting(&plane, points, t, config)
            .unwrap_err()
            .to_string()
    };
    let few = NearestNeighbourConfig {
        sample: 1,
        ..default()
    };
    for (config, name) in [
        (config(METHODS[0], 0), "neighbours"),
        (
            config(NearestNeighbours::Earlier { orders: 0 }, 3),
            "orders",
        ),
        (few, "sample"),
    ] {
        let message = refused(&points, 1.0, &config);
        assert!(message.contains(name), "{message}");
    }
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(&points, t, &default()).contains("scale"));
    }
    let batch = refused(&points.view([2, 50, 2]), 1.0, &default());
    assert!(batch.contains("[n, point..]"), "{batch}");
    let error = nearest_neighbour_weighting(&plane, &(&points * 1e200), 1.0, &default());
    assert!(matches!(error, Err(Error::NotFinite { .. })));
    let _ = points.get(17).fill_(f64::NAN);
    let error = nearest_neighbour_weighting(&plane, &points, 1.0, &default());
    assert!(matches!(error, Err(Error::NotOnManifold { row: 17, .. })));
    // Of so many dimensions no tree looks for neighbours; only one distance of each row overflows.
    let space = Euclidean::new(17).unwrap();
    let far = random_points(&space, 15, 30);
    let _ = far.get(11).fill_(1e200);
    for from in METHODS {
        let few = NearestNeighbourConfig {
            sample: 2,
            ..config(from, 3)
        };
        let error = nearest_neighbour_weighting(&space, &far, 1.0, &few);
        let Err(Error::NotFinite { what, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(what, "a distance");
    }
    // Spaces that are not positive definite.
    let lines = Grassmann::new(3, 1).unwrap();
    let many = random_points(&lines, 12, 200);
    assert!(exact(&lines, &many, 0.05).negative_eigenvalues > 0);
    let graph = complete_bipartite(3, 2);
    for from in METHODS {
        let error = nearest_neighbour_weighting(&lines, &many, 0.05, &config(from, 199));
        let message = error.unwrap_err().to_string();
        assert!(message.contains("positive definite"), "{message}");
        let error = nearest_neighbour_weighting_of_distances(&graph, 0.1, &config(from, 4));
        assert!(error.unwrap_err().to_string().contains("positive definite"));
    }
    let slanted = Tensor::from_slice(&[0.0, 1.0, 2.0, 0.0]).view([2, 2]);
    assert!(nearest_neighbour_weighting_of_distances(&slanted, 1.0, &default()).is_err());
}
