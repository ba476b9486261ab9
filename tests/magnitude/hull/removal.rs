//! Removal by moments, and where it ends.

use holonomy::magnitude::{
    ApproximateHull, HullApproximation, Keep, RemovalOrder, Weighting, moments,
};
use holonomy::metric::pairwise_distances;
use holonomy::{Error, Euclidean, Lorentz};
use tch::{Kind, Tensor};

use super::super::{F64, assert_close, cloud, random_points, weigh};
use super::{among, numbers, on_a_line, places, removal};

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

/// Squares of these coordinates overflow or underflow.
#[test]
fn units_may_be_as_large_and_small_as_numbers_are() {
    let points = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.4], [0.3, 0.3]]);
    let fit = |points: &Tensor, scale: Option<f64>| {
        let config = HullApproximation {
            scale,
            ..HullApproximation::new(Keep::Points(3))
        };
        config.fit(points)
    };
    let hull = fit(&points, None).unwrap();
    assert_eq!(hull.order()[3], 3);
    for unit in [1e-300, 1e-200, 1e200, 1.2e308] {
        let other = fit(&(&points * unit), None).unwrap();
        assert_eq!(other.order(), hull.order(), "{unit:e}");
        assert_close(other.magnitude(), hull.magnitude(), 1e-12);
        assert_close(other.scale() * unit, hull.scale(), 1e-12);
    }
    // A given scale is in the unit of the points;
    let scale = hull.scale();
    for unit in [1e-200, 1e200] {
        let other = fit(&(&points * unit), Some(scale / unit)).unwrap();
        assert_eq!(other.order(), hull.order(), "{unit:e}");
        assert_close(other.magnitude(), hull.magnitude(), 1e-12);
    }
    let corners = Tensor::from_slice2(&[[-1.7e308, 0.0], [1.7e308, 0.0], [0.0, 1.0]]);
    let error = fit(&corners, Some(1e-308));
    assert!(matches!(error, Err(Error::NotFinite { .. })), "{error:?}");
    assert_eq!(fit(&corners, None).unwrap().order().len(), 3);
}

#[test]
fn any_row_of_a_point_names_it() {
    let rows = [
        [0.0, 0.0],
        [1.0, 0.0],
        [1.0, 0.0],
        [0.0, 1.0],
        [0.2, 0.3],
        [0.0, 0.0],
    ];
    let hull = HullApproximation::new(Keep::Points(3))
        .fit(&Tensor::from_slice2(&rows))
        .unwrap();
    for vertices in [&[0, 1, 3][..], &[5, 2, 3], &[0, 1, 2, 3, 5]] {
        let score = hull.score(vertices).unwrap();
        assert_eq!((score.precision, score.recall), (1.0, 1.0), "{vertices:?}");
    }
    assert!(hull.score(&[6]).is_err() && hull.score(&[]).is_err());
}
