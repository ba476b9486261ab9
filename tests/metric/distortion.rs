//! Distortion against its definition.

use holonomy::metric::{distortion, pairwise_distances};
use holonomy::{Error, Euclidean};
use tch::Tensor;

/// The distances of points on a line.
fn line(places: &[f64]) -> Tensor {
    let points = Tensor::from_slice(places).view([places.len() as i64, 1]);
    pairwise_distances(&Euclidean::new(1).unwrap(), &points)
}

#[test]
fn distortion_is_that_of_its_definition() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let embedded = line(&[0.0, 1.5, 3.0]);
    let found = distortion(&truth, &embedded).unwrap();
    // The ratios are 3/2, 3/4 and 1.
    assert!((found.average - (0.5 + 0.25) / 3.0).abs() < 1e-15);
    assert!((found.worst_case - 2.0).abs() < 1e-15);
    assert!((found.mean_ratio - 3.25 / 3.0).abs() < 1e-15);
    assert_eq!(found.pairs, 3);
    let same = distortion(&truth, &truth).unwrap();
    assert_eq!((same.average, same.worst_case), (0.0, 1.0));
}

#[test]
fn pairs_that_are_not_known_do_not_count() {
    let truth = line(&[0.0, 1.0, 3.0]);
    for (x, y) in [(0, 1), (1, 0)] {
        let _ = truth.get(x).get(y).fill_(f64::NAN);
        let _ = truth.get(2 * x).get(2 * y).fill_(f64::INFINITY);
    }
    let found = distortion(&truth, &line(&[0.0, 1.5, 3.0])).unwrap();
    assert_eq!((found.pairs, found.worst_case), (1, 1.0));
    assert!((found.average - 0.25).abs() < 1e-15);
}

#[test]
fn points_that_all_coincide_have_an_infinite_worst_case() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let collapsed = distortion(&truth, &truth.zeros_like()).unwrap();
    assert_eq!(collapsed.average, 1.0);
    assert_eq!(collapsed.worst_case, f64::INFINITY);
}

#[test]
fn distortion_refuses_what_has_no_ratio() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let negative = distortion(&truth, &-&truth).unwrap_err().to_string();
    assert!(negative.contains("-1 for (0, 1)"), "{negative}");
    let refused = |truth: &Tensor, embedded: &Tensor| distortion(truth, embedded).unwrap_err();
    let twins = refused(&line(&[0.0, 1.0, 1.0]), &truth).to_string();
    assert!(twins.contains("0 for (1, 2)"), "{twins}");
    let broken = truth.copy();
    let _ = broken.get(0).get(2).fill_(f64::NAN);
    let _ = broken.get(2).get(0).fill_(f64::NAN);
    let error = refused(&truth, &broken);
    assert!(
        matches!(&error, Error::NotFinite { place, .. } if place == "(0, 2)"),
        "{error}"
    );
    assert!(matches!(
        refused(&truth, &line(&[0.0, 1.0])),
        Error::InvalidArgument { .. }
    ));
    assert!(matches!(
        refused(&line(&[0.0]), &line(&[0.0])),
        Error::InvalidArgument { .. }
    ));
}
