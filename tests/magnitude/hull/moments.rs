//! Moments are what goes with each point.

use holonomy::magnitude::{HullApproximation, IncrementalMagnitude, Keep, RemovalOrder, moments};
use holonomy::metric::pairwise_distances;
use holonomy::{Euclidean, Lorentz};
use tch::Tensor;

use super::super::{
    F64, apart, assert_close, cloud, complete_bipartite, copies, corners, random_points, weigh,
};
use super::{among, gaps, numbers, on_a_line, places, removal};

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
            // Roundings times the condition; weights within are t times those of the ends, to whose roundings they are right.
            assert_close(got, exact, 1e-10 + 3e-11 / t.min(1.0));
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
