//! New points against direct solves with them, old ones against solves without.

use holonomy::magnitude::{WeightedSpace, WeightingConfig};
use holonomy::metric::{cross_distances, pairwise_distances};
use holonomy::{Euclidean, Geodesic, PoincareBall, Sample, Sphere};
use tch::Tensor;

use super::{F64, apart, complete_bipartite, paths, random_points, weigh};

fn weighted(distances: &Tensor, t: f64) -> WeightedSpace {
    WeightedSpace::new(distances, t, &WeightingConfig::default()).unwrap()
}

/// Distances without one point, and from it to the others.
fn without(distances: &Tensor, point: i64) -> (Tensor, Tensor) {
    let n = distances.size()[0];
    let others: Vec<i64> = (0..n).filter(|&other| other != point).collect();
    let others = Tensor::from_slice(&others);
    let rows = distances.index_select(1, &others);
    (rows.index_select(0, &others), rows.narrow(0, point, 1))
}

/// Every point against the others, by the space with it, the space without it, and two direct solves.
fn check_against_direct_solves(distances: &Tensor, t: f64, tolerance: f64) {
    let whole = weighted(distances, t);
    let (losses, unseen) = (whole.losses().unwrap(), whole.unseen().unwrap());
    for point in 0..distances.size()[0] {
        let (rest, row) = without(distances, point);
        let weight = weigh(distances, t).weights.double_value(&[point]);
        let gain = weigh(distances, t).magnitude - weigh(&rest, t).magnitude;
        let new = weighted(&rest, t).meet(&row).unwrap();
        for (name, got, expected) in [
            ("weight", new.weights.double_value(&[0]), weight),
            ("gain", new.gains.double_value(&[0]), gain),
            ("loss", losses.double_value(&[point]), gain),
            (
                "unseen",
                unseen.double_value(&[point]),
                1.0 - new.potential.double_value(&[0]),
            ),
        ] {
            let error = (got - expected).abs();
            assert!(
                error <= tolerance,
                "{name} of {point}, t = {t}: {got:e} is not {expected:e}"
            );
        }
    }
}

#[test]
fn a_new_point_weighs_and_adds_what_a_solve_with_it_says() {
    let spaces: [(&dyn Fn(u64) -> Tensor, f64); 3] = [
        (&|seed| distances(&Euclidean::new(3).unwrap(), seed), 1e-11),
        (
            &|seed| distances(&PoincareBall::new(2, -1.0).unwrap(), seed),
            1e-11,
        ),
        (
            &|seed| distances(&Sphere::new(3, 1.0).unwrap(), seed),
            1e-11,
        ),
    ];
    for (space, tolerance) in spaces {
        for t in [0.3, 1.0, 5.0] {
            check_against_direct_solves(&space(7), t, tolerance);
        }
    }
}

fn distances(space: &(impl Geodesic + Sample), seed: u64) -> Tensor {
    pairwise_distances(space, &random_points(space, seed, 12))
}

#[test]
fn spaces_with_negative_eigenvalues_are_met_too() {
    let graph = complete_bipartite(3, 2);
    let whole = weighted(&graph, 0.2);
    assert!(whole.weighting().negative_eigenvalues > 0);
    check_against_direct_solves(&graph, 0.2, 1e-10);
}

#[test]
fn a_point_that_is_there_adds_nothing_and_shares() {
    let line = Tensor::from_slice(&[0.0, 1.0, 1.0, 1.0, 3.0]).view([5, 1]);
    let space = Euclidean::new(1).unwrap();
    let whole = weighted(&pairwise_distances(&space, &line), 1.0);
    let new = Tensor::from_slice(&[0.0, 1.0, 3.0]).view([3, 1]);
    let new = whole.meet(&cross_distances(&space, &new, &line)).unwrap();
    let w = &whole.weighting().weights;
    let alone = |point: i64| w.double_value(&[point]);
    let expected = [alone(0) / 2.0, alone(1) * 3.0 / 4.0, alone(4) / 2.0];
    assert!(apart(&new.weights, &Tensor::from_slice(&expected)) < 1e-15);
    assert!(apart(&new.gains, &Tensor::zeros([3], F64)) == 0.0);
    assert!(apart(&new.potential, &Tensor::ones([3], F64)) == 0.0);
    // Without one of three that are alike nothing is lost.
    let losses = whole.losses().unwrap();
    assert_eq!(losses.double_value(&[2]), 0.0);
    assert_eq!(whole.unseen().unwrap().double_value(&[2]), 0.0);
    let gain = weigh(&pairwise_distances(&space, &line), 1.0).magnitude
        - weigh(&pairwise_distances(&space, &line.narrow(0, 0, 4)), 1.0).magnitude;
    assert!((losses.double_value(&[4]) - gain).abs() < 1e-15);
}

#[test]
fn a_point_nearer_than_rounding_is_taken_for_the_nearest() {
    let pair = Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0]).view([2, 2]);
    let space = weighted(&pair, 1.0);
    let new = Tensor::from_slice(&[1e-18, 2.0, 1e-9, 2.0]).view([2, 2]);
    let new = space.meet(&new).unwrap();
    assert_eq!(new.gains.double_value(&[0]), 0.0);
    let half = space.weighting().weights.double_value(&[0]) / 2.0;
    assert_eq!(new.weights.double_value(&[0]), half);
    // Beyond rounding it is its own: 1e-9 to the side, away from the line between the two.
    let three = [0.0, 2.0, 1e-9, 2.0, 0.0, 2.0, 1e-9, 2.0, 0.0];
    let weight = weigh(&Tensor::from_slice(&three).view([3, 3]), 1.0).weights;
    let off = new.weights.double_value(&[1]) - weight.double_value(&[2]);
    assert!(
        off.abs() < 1e-6 && new.gains.double_value(&[1]) < 1e-8,
        "{off:e}"
    );
}

#[test]
fn a_pole_is_not_taken_for_a_point_that_is_there() {
    // A star, which is positive definite, and a point next to its leaves: K₃,₂, which has a pole at ln 2/2.
    let star = paths(4, vec![(0, 1), (0, 2), (0, 3)], None);
    let new = Tensor::from_slice(&[2.0, 1.0, 1.0, 1.0]).view([1, 4]);
    let half = std::f64::consts::LN_2 / 2.0;
    let at_pole = weighted(&star, half).meet(&new).unwrap();
    assert!(at_pole.gains.double_value(&[0]).abs() > 1e10, "{at_pole:?}");
    let before = weighted(&star, half - 1e-4).meet(&new).unwrap();
    let with = weigh(&complete_bipartite(3, 2), half - 1e-4).magnitude;
    let gain = with - weighted(&star, half - 1e-4).weighting().magnitude;
    let off = before.gains.double_value(&[0]) / gain - 1.0;
    assert!(off.abs() < 1e-9, "{off:e}");
}

#[test]
fn what_a_point_adds_is_not_told_where_others_stand_for_it() {
    let line = Tensor::from_slice(&[0.0, 1e-17, 5.0, 10.0, 15.0, 20.0]);
    let space = weighted(&(line.unsqueeze(0) - line.unsqueeze(1)).abs(), 1.0);
    assert!(space.weighting().rank < space.weighting().distinct);
    for result in [space.losses(), space.unseen()] {
        assert!(result.unwrap_err().to_string().contains("rank 5 of 6"));
    }
}

#[test]
fn far_points_count_whole_and_none_see_nothing() {
    let pair = Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0]).view([2, 2]);
    let far = Tensor::full([1, 2], f64::INFINITY, F64);
    let new = weighted(&pair, 1.0).meet(&far).unwrap();
    let values = [&new.potential, &new.weights, &new.gains].map(|x| x.double_value(&[0]));
    assert_eq!(values, [0.0, 1.0, 1.0]);
    let nothing = weighted(&Tensor::zeros([0, 0], F64), 1.0);
    assert!(nothing.is_empty());
    let new = nothing.meet(&Tensor::zeros([2, 0], F64)).unwrap();
    assert_eq!(new.gains, Tensor::ones([2], F64));
    let none = weighted(&pair, 1.0)
        .meet(&Tensor::zeros([0, 2], F64))
        .unwrap();
    assert_eq!(none.weights.size(), [0]);
}

#[test]
fn many_new_points_are_as_each_alone() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 3, 60);
    let weighted = weighted(&pairwise_distances(&space, &points), 1.0);
    let few = cross_distances(&space, &random_points(&space, 4, 7), &points);
    let alone = weighted.meet(&few).unwrap();
    // More than are taken at a time.
    let many = weighted.meet(&few.repeat([10_100, 1])).unwrap();
    for (many, alone) in [
        (&many.weights, &alone.weights),
        (&many.gains, &alone.gains),
        (&many.potential, &alone.potential),
    ] {
        assert!(apart(many, &alone.repeat([10_100])) < 1e-13);
    }
}

#[test]
fn bad_distances_are_refused() {
    let pair = Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0]).view([2, 2]);
    let space = weighted(&pair, 1.0);
    for (bad, says) in [
        (Tensor::ones([3, 3], F64), "distances [m, 2]"),
        (Tensor::ones([2], F64), "distances [m, 2]"),
        (Tensor::from_slice(&[1.0, f64::NAN]).view([1, 2]), "NaN"),
        (Tensor::from_slice(&[1.0, -1.0]).view([1, 2]), "negative"),
    ] {
        let message = space.meet(&bad).unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
}
