//! Factors that change with the points are those of the points that are left.

use holonomy::magnitude::IncrementalMagnitude;
use holonomy::metric::pairwise_distances;
use holonomy::{Euclidean, Lorentz};
use rand::RngExt;
use tch::{Kind, Tensor};

use super::{assert_close, cloud, complete_bipartite, random_points, seeded, weigh};

fn numbers(t: &Tensor) -> Vec<f64> {
    Vec::try_from(t.contiguous().view(-1)).unwrap()
}

fn rows(points: &[usize]) -> Tensor {
    Tensor::from_slice(&points.iter().map(|&p| p as i64).collect::<Vec<_>>())
}

fn among(distances: &Tensor, points: &[usize]) -> Tensor {
    let rows = rows(points);
    distances.index_select(0, &rows).index_select(1, &rows)
}

fn largest_difference(a: &[f64], b: &Tensor) -> f64 {
    let b = numbers(b);
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn points_that_are_added_have_the_weights_of_all() {
    let space = Lorentz::new(3, -1.0).unwrap();
    let d = cloud(&space, 1, 60);
    let points = IncrementalMagnitude::from_distances(&d, 0.7).unwrap();
    let exact = weigh(&d, 0.7);
    assert_eq!(points.len(), 60);
    assert!(largest_difference(&points.weights(), &exact.weights) < 1e-14);
    assert_close(points.magnitude(), exact.magnitude, 1e-15);
}

#[test]
fn gains_and_losses_are_differences_of_magnitudes() {
    let d = cloud(&Euclidean::new(4).unwrap(), 2, 41);
    let before: Vec<usize> = (0..40).collect();
    let mut points = IncrementalMagnitude::from_distances(&among(&d, &before), 1.0).unwrap();
    let (without, with) = (
        weigh(&among(&d, &before), 1.0).magnitude,
        weigh(&d, 1.0).magnitude,
    );
    let to_new = numbers(&d.get(40).narrow(0, 0, 40));
    assert_close(points.gain(&to_new).unwrap(), with - without, 1e-12);
    assert_close(points.add(&to_new).unwrap(), with - without, 1e-12);
    assert_close(points.magnitude(), with, 1e-15);
    for gone in [0, 17, 40] {
        let left: Vec<usize> = (0..41).filter(|&point| point != gone).collect();
        let loss = with - weigh(&among(&d, &left), 1.0).magnitude;
        assert_close(points.loss(gone).unwrap(), loss, 1e-11);
        let mut fewer = points.clone();
        assert_close(fewer.remove(gone).unwrap(), loss, 1e-11);
        let exact = weigh(&among(&d, &left), 1.0);
        assert!(largest_difference(&fewer.weights(), &exact.weights) < 1e-14);
    }
}

#[test]
fn a_block_adds_what_its_union_has_more() {
    let space = Euclidean::new(3).unwrap();
    let all = random_points(&space, 3, 50);
    let d = pairwise_distances(&space, &all);
    let old: Vec<usize> = (0..35).collect();
    let points = IncrementalMagnitude::from_distances(&among(&d, &old), 2.0).unwrap();
    let to_old = d.narrow(0, 35, 15).narrow(1, 0, 35);
    let between = d.narrow(0, 35, 15).narrow(1, 35, 15);
    let gain = points.gain_of_block(&to_old, &between).unwrap();
    let expected = weigh(&d, 2.0).magnitude - weigh(&among(&d, &old), 2.0).magnitude;
    assert_close(gain, expected, 1e-12);
    assert_eq!(points.len(), 35);
}

/// Points of a pool come and go at random, so that there are 40 on average.
#[test]
fn ten_thousand_updates_do_not_drift() {
    let d = cloud(&Euclidean::new(3).unwrap(), 4, 80);
    let table: Vec<Vec<f64>> = (0..80).map(|i| numbers(&d.get(i))).collect();
    let mut rng = seeded(5);
    let mut here: Vec<usize> = Vec::new();
    let mut points = IncrementalMagnitude::new(1.0).unwrap();
    for _ in 0..10_000 {
        let point = rng.random_range(0..80_usize);
        if let Some(place) = here.iter().position(|&other| other == point) {
            points.remove(place).unwrap();
            here.remove(place);
        } else {
            let distances: Vec<f64> = here.iter().map(|&other| table[point][other]).collect();
            points.add(&distances).unwrap();
            here.push(point);
        }
    }
    assert!(here.len() > 20, "{}", here.len());
    let exact = weigh(&among(&d, &here), 1.0);
    let error = largest_difference(&points.weights(), &exact.weights);
    assert!(error < 1e-14, "{error:e}");
    assert!(points.drift() < 1e-13, "{:e}", points.drift());
}

#[test]
fn what_cannot_be_added_or_removed_is_refused_and_changes_nothing() {
    let mut points = IncrementalMagnitude::new(1.0).unwrap();
    assert_eq!(points.magnitude(), 0.0);
    assert!(points.remove(0).is_err() && points.loss(0).is_err());
    points.add(&[]).unwrap();
    points.add(&[f64::INFINITY]).unwrap();
    assert_eq!(points.weights(), [1.0, 1.0]);
    for (distances, part) in [
        (&[1.0][..], "2 distances"),
        (&[1.0, f64::NAN], "NaN from point 1"),
        (&[-1.0, 1.0], "-1 from point 0"),
        (&[0.0, f64::INFINITY], "0e0 from the nearest"),
        (&[1e-17, f64::INFINITY], "1e-17 from the nearest"),
    ] {
        let message = points.add(distances).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert_eq!(points.len(), 2);
    }
    // K₃,₂ has negative eigenvalues at this scale.
    let bipartite = complete_bipartite(3, 2);
    assert!(weigh(&bipartite, 0.2).negative_eigenvalues > 0);
    assert!(IncrementalMagnitude::from_distances(&bipartite, 0.2).is_err());
    let wrong = points.gain_of_block(&Tensor::zeros([3, 1], super::F64), &bipartite);
    assert!(wrong.unwrap_err().to_string().contains("[5, 2]"));
    assert!(IncrementalMagnitude::new(f64::NAN).is_err());
    let single = cloud(&Euclidean::new(2).unwrap(), 6, 9).to_kind(Kind::Float);
    assert_eq!(
        IncrementalMagnitude::from_distances(&single, 1.0)
            .unwrap()
            .len(),
        9
    );
}
