//! Moments, removal by moments, and how well what stays stands for a hull.

use holonomy::embed::pairwise_distances;
use holonomy::magnitude::{
    ApproximateHull, HullApproximation, IncrementalMagnitude, Keep, RemovalOrder, Weighting,
    moments, support_loss, vertex_score,
};
use holonomy::{Euclidean, Lorentz};
use rand::RngExt;
use tch::{Kind, Tensor};

use super::{
    F64, apart, assert_close, cloud, complete_bipartite, copies, corners, random_points, seeded,
    weigh,
};

fn numbers(t: &Tensor) -> Vec<f64> {
    Vec::try_from(t.contiguous().view(-1)).unwrap()
}

fn on_a_line(places: &[f64]) -> Tensor {
    let at = Tensor::from_slice(places);
    (at.unsqueeze(0) - at.unsqueeze(1)).abs()
}

fn among(distances: &Tensor, points: &[usize]) -> Tensor {
    let rows: Vec<i64> = points.iter().map(|&point| point as i64).collect();
    let rows = Tensor::from_slice(&rows);
    distances.index_select(0, &rows).index_select(1, &rows)
}

fn removal(order: RemovalOrder, scale: f64) -> HullApproximation {
    HullApproximation {
        scale: Some(scale),
        order,
        keep: Keep::Points(1),
    }
}

/// Gaps that differ, one of them small.
fn gaps() -> Vec<f64> {
    (0..40)
        .map(|i| 0.01 + f64::from(i * i % 41) * 0.03)
        .collect()
}

fn places() -> Vec<f64> {
    let mut places = vec![0.0];
    for gap in gaps() {
        places.push(places[places.len() - 1] + gap);
    }
    places
}

/// tanh a tanh b tanh(a + b) of half the gaps, and tanh a at the ends.
#[test]
fn moments_of_points_on_a_line() {
    let gaps = gaps();
    for t in [1e3, 10.0, 1.0, 0.1, 1e-3, 1e-6] {
        let found = numbers(&moments(&on_a_line(&places()), t).unwrap());
        for (point, &got) in found.iter().enumerate() {
            let half = |gap: Option<&f64>| gap.map(|gap| t * gap / 2.0);
            let exact = match (half(gaps.get(point.wrapping_sub(1))), half(gaps.get(point))) {
                (Some(a), Some(b)) => a.tanh() * b.tanh() * (a + b).tanh(),
                (Some(a), None) | (None, Some(a)) => a.tanh(),
                (None, None) => unreachable!(),
            };
            // Weights within are t times those of the ends, to whose roundings they are right.
            assert_close(got, exact, 1e-12 + 1e-13 / t.min(1.0));
        }
    }
}

#[test]
fn moments_are_what_goes_with_each_point() {
    let hyperbolic = cloud(&Lorentz::new(3, -1.0).unwrap(), 1, 30);
    for distances in [cloud(&Euclidean::new(3).unwrap(), 2, 30), hyperbolic] {
        let points = IncrementalMagnitude::from_distances(&distances, 1.3).unwrap();
        let all = weigh(&distances, 1.3).magnitude;
        for (point, moment) in numbers(&moments(&distances, 1.3).unwrap())
            .into_iter()
            .enumerate()
        {
            assert_close(moment, points.loss(point).unwrap(), 1e-11);
            let others: Vec<usize> = (0..30).filter(|&other| other != point).collect();
            let left = weigh(&among(&distances, &others), 1.3).magnitude;
            assert!((moment - (all - left)).abs() < 1e-12);
        }
    }
}

/// The moments of all that is left are what a new start finds, at every step, and the losses add up.
fn assert_greedy(distances: &Tensor, t: f64, bound: f64) -> ApproximateHull {
    let hull = removal(RemovalOrder::LeastLoss, t)
        .fit_distances(distances)
        .unwrap();
    let mut sum = 0.0;
    for (index, gain) in hull.gains().iter().enumerate() {
        let first = &hull.order()[..=index];
        let left = among(distances, first);
        sum += gain;
        assert_close(sum, weigh(&left, t).magnitude, bound);
        let moments = numbers(&moments(&left, t).unwrap());
        assert_close(*gain, moments[index], bound);
        let least = moments.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(
            *gain <= least * (1.0 + 2.0 * bound),
            "{index}: {gain:e} {least:e}"
        );
    }
    hull
}

#[test]
fn removal_takes_the_least_moment_of_what_is_left() {
    let space = Euclidean::new(3).unwrap();
    for t in [10.0, 1.0, 1e-2, 1e-8] {
        assert_greedy(&cloud(&space, 3, 60), t, 1e-10);
    }
    assert_greedy(&cloud(&Lorentz::new(2, -1.0).unwrap(), 4, 40), 0.5, 1e-10);
}

/// The inverse has entries of 1e9 at first, which all go, and must leave nothing behind.
#[test]
fn removal_does_not_drift_where_points_are_near() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 5, 40);
    let twins = Tensor::cat(&[&points, &(points.narrow(0, 0, 20) + 1e-9)], 0);
    let distances = pairwise_distances(&space, &twins);
    let hull = removal(RemovalOrder::LeastLoss, 1.0)
        .fit_distances(&distances)
        .unwrap();
    // One of each pair goes first.
    let mut first: Vec<usize> = hull.order()[40..].iter().map(|point| point % 40).collect();
    first.sort_unstable();
    assert_eq!(first, (0..20).collect::<Vec<_>>());
    for count in [1, 5, 20, 35, 40] {
        let sum: f64 = hull.gains()[..count].iter().sum();
        let left = weigh(&among(&distances, &hull.order()[..count]), 1.0).magnitude;
        assert_close(sum, left, 1e-12);
    }
}

/// On a line the ends stay longest: what lies between always adds less than its neighbours.
#[test]
fn the_ends_of_a_line_stay() {
    let places = places();
    for t in [1e-6, 0.1, 1.0] {
        let hull = removal(RemovalOrder::LeastLoss, t)
            .fit_distances(&on_a_line(&places))
            .unwrap();
        let mut last = hull.order()[..2].to_vec();
        last.sort_unstable();
        assert_eq!(last, [0, 40], "t = {t}");
        let between = places[40] - places[0];
        assert_close(hull.gains()[1], (t * between / 2.0).tanh(), 1e-12);
        assert_eq!(hull.gains()[0], 1.0);
    }
    // On a line in space, too.
    let along = Tensor::from_slice(&places).unsqueeze(1) * Tensor::from_slice(&[1.0, -2.0, 0.5]);
    let hull = HullApproximation::new(Keep::Points(2)).fit(&along).unwrap();
    assert_eq!(hull.score(&[40, 0]).unwrap().recall, 1.0);
}

#[test]
fn orders_are_by_weight_and_by_moment() {
    let distances = cloud(&Euclidean::new(2).unwrap(), 6, 25);
    let Weighting {
        weights, magnitude, ..
    } = weigh(&distances, 2.0);
    for (order, values) in [
        (RemovalOrder::Weight, numbers(&weights)),
        (
            RemovalOrder::Moment,
            numbers(&moments(&distances, 2.0).unwrap()),
        ),
    ] {
        let hull = removal(order, 2.0).fit_distances(&distances).unwrap();
        let sorted: Vec<f64> = hull.order().iter().map(|&point| values[point]).collect();
        assert!(sorted.is_sorted_by(|a, b| a >= b), "{order:?}: {sorted:?}");
        assert_close(hull.magnitude(), magnitude, 1e-12);
        // The losses are those of this order.
        for count in [3, 11] {
            let sum: f64 = hull.gains()[..count].iter().sum();
            let left = weigh(&among(&distances, &hull.order()[..count]), 2.0).magnitude;
            assert_close(sum, left, 1e-11);
        }
    }
}

#[test]
fn the_removal_ends_where_it_is_told_to() {
    let distances = cloud(&Euclidean::new(3).unwrap(), 7, 50);
    let all = removal(RemovalOrder::LeastLoss, 1.0)
        .fit_distances(&distances)
        .unwrap();
    let with = |keep| {
        let config = HullApproximation {
            keep,
            ..removal(RemovalOrder::LeastLoss, 1.0)
        };
        config.fit_distances(&distances)
    };
    for (keep, most) in [
        (Keep::Loss(0.5), 0.5),
        (Keep::Share(0.9), 0.1 * all.magnitude()),
    ] {
        let hull = with(keep).unwrap();
        let next = hull.gains()[hull.kept().len() - 1];
        assert!(hull.loss() <= most && hull.loss() + next > most, "{hull:?}");
        assert_eq!(hull.order(), all.order());
        // The threshold is one of the magnitude, as a solve of what stays has it.
        let left = weigh(&among(&distances, hull.kept()), 1.0).magnitude;
        assert_close(all.magnitude() - left, hull.loss(), 1e-11);
    }
    assert_eq!(with(Keep::Loss(0.0)).unwrap().kept().len(), 50);
    assert_eq!(with(Keep::Share(1.0)).unwrap().kept().len(), 50);
    assert_eq!(with(Keep::Loss(1e9)).unwrap().kept().len(), 1);
    assert_eq!(with(Keep::Points(7)).unwrap().kept(), &all.order()[..7]);
    for (keep, part) in [
        (Keep::Points(0), "at least one"),
        (Keep::Points(51), "at most 50"),
        (Keep::Loss(-1.0), "-1"),
        (Keep::Loss(f64::NAN), "NaN"),
        (Keep::Share(0.0), "above 0"),
        (Keep::Share(1.1), "at most 1"),
    ] {
        let message = with(keep).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn few_points() {
    let fit = |points: &Tensor| {
        HullApproximation::new(Keep::Share(1.0))
            .fit(points)
            .unwrap()
    };
    let one = fit(&Tensor::from_slice2(&[[1.0, 2.0]]));
    assert_eq!(
        (one.kept(), one.gains(), one.scale()),
        (&[0][..], &[1.0][..], 1.0)
    );
    let same = fit(&Tensor::ones([5, 3], F64));
    assert_eq!((same.order(), same.gains()), (&[0][..], &[1.0][..]));
    // t = 2/d: the second of two points adds tanh(td/2).
    let two = fit(&Tensor::from_slice2(&[[0.0, 0.0], [3.0, 4.0]]));
    assert_close(two.scale(), 0.4, 1e-15);
    assert_close(two.gains()[1], 1.0_f64.tanh(), 1e-14);
    let empty = Tensor::zeros([0, 0], F64);
    assert_eq!(moments(&empty, 1.0).unwrap().size(), [0]);
    assert!(
        HullApproximation::new(Keep::Points(1))
            .fit_distances(&empty)
            .is_err()
    );
}

#[test]
fn duplicates_count_as_one() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 8, 20);
    let doubled = Tensor::cat(&[&points, &points.narrow(0, 5, 10)], 0);
    let config = HullApproximation {
        scale: Some(1.0),
        ..HullApproximation::new(Keep::Points(6))
    };
    let (once, twice) = (config.fit(&points).unwrap(), config.fit(&doubled).unwrap());
    assert_eq!(once.order(), twice.order());
    let single = moments(&pairwise_distances(&space, &points), 1.0).unwrap();
    let all = moments(&pairwise_distances(&space, &doubled), 1.0).unwrap();
    assert!(apart(&all.narrow(0, 0, 20), &single) < 1e-13);
    assert!(all.narrow(0, 20, 10).equal(&all.narrow(0, 5, 10)));
}

#[test]
fn the_result_is_the_same_in_all_units_and_kinds() {
    let points = random_points(&Euclidean::new(3).unwrap(), 9, 40);
    let hull = HullApproximation::new(Keep::Share(0.8))
        .fit(&points)
        .unwrap();
    for unit in [1e-6, 0.5, 1e6] {
        let other = HullApproximation::new(Keep::Share(0.8))
            .fit(&(&points * unit))
            .unwrap();
        assert_eq!(other.kept(), hull.kept());
        assert_close(other.scale(), hull.scale() / unit, 1e-12);
    }
    let single = HullApproximation::new(Keep::Share(0.8)).fit(&points.to_kind(Kind::Float));
    assert_close(single.unwrap().magnitude(), hull.magnitude(), 1e-6);
}

/// Z is singular to rounding: what hardly differs from others goes first, and adds nothing.
#[test]
fn points_that_hardly_differ_go_first() {
    let (distances, _) = corners(&[1.0, 1.5, 2.25, 0.75], 1e-6);
    let rank = weigh(&distances, 1e-6).rank;
    assert!(rank < 16);
    let zero = numbers(&moments(&distances, 1e-6).unwrap());
    let zero = zero.iter().filter(|&&moment| moment == 0.0).count();
    assert_eq!(zero, 16 - rank);
    let hull = removal(RemovalOrder::LeastLoss, 1e-6)
        .fit_distances(&distances)
        .unwrap();
    assert_eq!(hull.order().len(), 16);
    assert!(
        hull.gains()[rank..].iter().all(|&gain| gain == 0.0),
        "{hull:?}"
    );
    let mut all = hull.order().to_vec();
    all.sort_unstable();
    assert_eq!(all, (0..16).collect::<Vec<_>>());
    assert_close(hull.magnitude(), weigh(&distances, 1e-6).magnitude, 1e-12);
}

#[test]
fn components_go_on_their_own() {
    let one = cloud(&Euclidean::new(2).unwrap(), 10, 12);
    let (alone, both) = (
        moments(&one, 1.0).unwrap(),
        moments(&copies(&one, 2), 1.0).unwrap(),
    );
    assert!(apart(&both.narrow(0, 0, 12), &alone) < 1e-13);
    assert!(apart(&both.narrow(0, 12, 12), &alone) < 1e-13);
    let hull = removal(RemovalOrder::LeastLoss, 1.0)
        .fit_distances(&copies(&one, 2))
        .unwrap();
    assert_eq!(&hull.gains()[..2], &[1.0, 1.0]);
}

#[test]
fn what_is_no_space_is_refused() {
    let d = cloud(&Euclidean::new(2).unwrap(), 11, 5);
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(moments(&d, t).is_err());
        assert!(
            removal(RemovalOrder::LeastLoss, t)
                .fit_distances(&d)
                .is_err()
        );
    }
    let config = HullApproximation::new(Keep::Points(1));
    assert!(
        config
            .fit_distances(&Tensor::full([2, 2], f64::NAN, F64))
            .is_err()
    );
    let message = config
        .fit(&Tensor::from_slice2(&[[0.0, f64::NAN]]))
        .unwrap_err()
        .to_string();
    assert!(message.contains("row 0"), "{message}");
    assert!(config.fit(&Tensor::zeros([3], F64)).is_err());
    assert!(config.fit(&Tensor::zeros([0, 2], F64)).is_err());
    assert!(config.fit(&Tensor::zeros([3, 0], F64)).is_err());
    let message = moments(&complete_bipartite(3, 2), 0.2)
        .unwrap_err()
        .to_string();
    assert!(message.contains("positive definite"), "{message}");
}

/// Of a polygon with n vertices on a circle, the loss without one vertex is that of the sagitta.
#[test]
fn support_losses_are_those_of_polygons() {
    let n = 12;
    let angle = |i: usize| 2.0 * std::f64::consts::PI * i as f64 / n as f64;
    let ring: Vec<[f64; 2]> = (0..n).map(|i| [angle(i).cos(), angle(i).sin()]).collect();
    let points = Tensor::from_slice2(&ring);
    let mut rng = seeded(1);
    let all: Vec<usize> = (0..n).collect();
    let whole = support_loss(&points, &all, 1000, &mut rng).unwrap();
    assert_eq!((whole.worst, whole.mean), (0.0, 0.0));
    // 1 − cos 30° of the width 2, in the direction of the vertex that is lacking.
    let without = support_loss(&points, &all[1..], 4000, &mut rng).unwrap();
    let exact = (1.0 - (std::f64::consts::PI / 6.0).cos()) / 2.0;
    assert!(
        without.worst <= exact + 1e-12 && without.worst > exact - 1e-4,
        "{without:?} {exact}"
    );
    // Flat points have a width of their own in every random direction, and equal points none.
    let flat = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]);
    assert_eq!(
        support_loss(&flat, &[0, 1], 100, &mut rng).unwrap().worst,
        0.0
    );
    let half = support_loss(&flat, &[0, 2], 100, &mut rng).unwrap();
    assert!((half.worst - 0.5).abs() < 1e-12);
    let single = Tensor::ones([3, 2], F64);
    assert_eq!(
        support_loss(&single, &[1], 100, &mut rng).unwrap().worst,
        0.0
    );
    assert!(support_loss(&flat, &[], 10, &mut rng).is_err());
    assert!(support_loss(&flat, &[3], 10, &mut rng).is_err());
    assert!(support_loss(&flat, &[0], 0, &mut rng).is_err());
    assert!(support_loss(&(&flat * f64::NAN), &[0], 1, &mut rng).is_err());
    assert!(vertex_score(&[], &[1]).is_err() && vertex_score(&[1, 1], &[1]).is_err());
}

/// The corners of a cube, among points well within it, are found by all orders.
#[test]
fn corners_are_found_among_inner_points() {
    let mut rng = seeded(12);
    let inner: Vec<f64> = (0..90).map(|_| rng.random_range(0.2..0.8)).collect();
    let cube: Vec<f64> = (0..8)
        .flat_map(|i| [0, 1, 2].map(|bit| f64::from(i >> bit & 1)))
        .collect();
    let points = Tensor::from_slice(&[cube, inner].concat()).view([38, 3]);
    for order in [
        RemovalOrder::Weight,
        RemovalOrder::Moment,
        RemovalOrder::LeastLoss,
    ] {
        let config = HullApproximation {
            order,
            ..HullApproximation::new(Keep::Points(8))
        };
        let score = config
            .fit(&points)
            .unwrap()
            .score(&[0, 1, 2, 3, 4, 5, 6, 7])
            .unwrap();
        assert_eq!((score.precision, score.recall), (1.0, 1.0), "{order:?}");
    }
}
