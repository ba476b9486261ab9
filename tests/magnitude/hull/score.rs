//! How well chosen points stand for a hull.

use holonomy::magnitude::{HullApproximation, Keep, RemovalOrder, support_loss, vertex_score};
use rand::RngExt;
use tch::Tensor;

use super::super::{F64, seeded};

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
        without.worst <= exact + 1e-12 && without.worst > exact - 1e-3,
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

/// Blocks of directions are those of one block, and units do not matter, up to the largest numbers.
#[test]
fn support_losses_are_the_same_in_all_units_and_over_all_blocks() {
    let cube: Vec<[f64; 3]> = (0..8)
        .map(|i| [0, 1, 2].map(|bit| f64::from(i >> bit & 1)))
        .collect();
    let points = Tensor::from_slice2(&cube);
    let of = |points: &Tensor| support_loss(points, &[0, 3, 5, 6], 500, &mut seeded(3)).unwrap();
    let found = of(&points);
    assert!(found.worst > 0.2 && found.mean < found.worst, "{found:?}");
    for unit in [1e-300, 1e-200, 3.0, 1e200, 1.7e308] {
        let other = of(&(&points * unit));
        assert!((other.worst - found.worst).abs() < 1e-13, "{unit:e}");
        assert!((other.mean - found.mean).abs() < 1e-13, "{unit:e}");
    }
    // Of a square without a corner the mean is known.
    let square = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    let mut rng = seeded(4);
    let mut of =
        |points: &Tensor, directions| support_loss(points, &[0, 1, 2], directions, &mut rng);
    let mean = 0.125 - 2.0_f64.ln() / (4.0 * std::f64::consts::PI);
    let found = of(&square, 20_000).unwrap().mean;
    assert!((found - mean).abs() < 4e-3, "{found} {mean}");
    // With a million points within, a block has four directions.
    let within = Tensor::full([999_996, 2], 0.5, F64);
    let many = Tensor::cat(&[&square, &within], 0);
    let mut rng = seeded(5);
    let in_blocks = support_loss(&many, &[0, 1, 2], 9, &mut rng).unwrap();
    let mut rng = seeded(5);
    let parts = [4, 4, 1].map(|count| {
        let part = support_loss(&square, &[0, 1, 2], count, &mut rng).unwrap();
        (part.worst, count as f64 * part.mean)
    });
    let worst = parts.iter().fold(0.0_f64, |worst, part| worst.max(part.0));
    let total: f64 = parts.iter().map(|part| part.1).sum();
    assert!(worst > 0.0 && (in_blocks.worst - worst).abs() < 1e-14);
    assert!((in_blocks.mean - total / 9.0).abs() < 1e-14);
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
