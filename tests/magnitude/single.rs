//! Weights by a factor in f32, refined, against those by one in f64.

use holonomy::magnitude::{Solver, WeightedSpace, WeightingConfig, weighting};
use holonomy::{Euclidean, PoincareBall};
use tch::Tensor;

use super::{apart, cloud, complete_bipartite, copies, weigh, with_solver};

const POINTS: i64 = 300;

fn in_double(distances: &Tensor, t: f64) -> holonomy::magnitude::Weighting {
    weighting(distances, t, &with_solver(Solver::Cholesky)).unwrap()
}

#[test]
fn the_weights_are_those_of_a_factor_in_f64() {
    let spaces = [
        cloud(&Euclidean::new(5).unwrap(), 41, POINTS),
        cloud(&Euclidean::new(2).unwrap(), 42, POINTS),
        cloud(&PoincareBall::new(3, -1.0).unwrap(), 43, POINTS),
    ];
    let mut single = 0;
    for distances in &spaces {
        for t in [1.0, 2.0, 4.0, 8.0, 30.0] {
            let (ours, exact) = (weigh(distances, t), in_double(distances, t));
            let largest = exact.weights.abs().max().double_value(&[]);
            let allowed = 4.0 * f64::EPSILON * exact.condition * largest;
            let error = apart(&ours.weights, &exact.weights);
            assert!(error <= allowed, "t = {t}: {error:e} above {allowed:e}");
            assert!((ours.condition / exact.condition - 1.0).abs() < 0.2);
            assert!(ours.residual < 1e-15 && ours.settled && ours.solver == Solver::Cholesky);
            if ours.reason.contains("f32") {
                single += 1;
                assert!(ours.condition < 1e5, "{:e}", ours.condition);
            }
        }
    }
    assert!(single >= 9, "{single} of 15");
}

#[test]
fn what_f32_cannot_show_is_left_to_f64() {
    // Of a condition above 1e4.
    let near = cloud(&Euclidean::new(2).unwrap(), 42, POINTS) * 1e-2;
    let found = weigh(&near, 30.0);
    assert!(
        found.condition > 1e5 && !found.reason.contains("f32"),
        "{found:?}"
    );
    // With negative eigenvalues: many copies of K₃,₂ short of its pole, joined at a distance.
    let graph = complete_bipartite(3, 2);
    let many = copies(&graph, 60);
    let joined = many.where_self(&many.isfinite(), &many.full_like(40.0));
    let found = weigh(&joined, 0.25);
    assert!(found.negative_eigenvalues > 0, "{found:?}");
    // With too few steps of refinement.
    let distances = cloud(&Euclidean::new(5).unwrap(), 41, POINTS);
    for (max_refinements, single) in [(7, false), (8, true)] {
        let config = WeightingConfig {
            max_refinements,
            ..WeightingConfig::default()
        };
        let found = weighting(&distances, 4.0, &config).unwrap();
        assert_eq!(found.reason.contains("f32"), single, "{max_refinements}");
    }
    // Where the factor is asked again.
    let space = WeightedSpace::new(&distances, 4.0, &WeightingConfig::default()).unwrap();
    assert!(!space.weighting().reason.contains("f32"));
}

#[test]
fn two_points_nearer_than_rounding_are_found() {
    let distances = cloud(&Euclidean::new(3).unwrap(), 44, 2 * (POINTS / 2));
    // The last point comes within 1e-17 of the last but two.
    let n = distances.size()[0];
    let row = distances.get(n - 3);
    distances.get(n - 1).copy_(&row);
    distances.select(1, n - 1).copy_(&row);
    for (x, y, d) in [
        (n - 1, n - 1, 0.0),
        (n - 1, n - 3, 1e-17),
        (n - 3, n - 1, 1e-17),
    ] {
        let _ = distances.get(x).get(y).fill_(d);
    }
    let found = weigh(&distances, 2.0);
    assert!(
        found.rank == n as usize - 1 || found.condition > 1e13,
        "rank {} condition {:e}",
        found.rank,
        found.condition
    );
}
