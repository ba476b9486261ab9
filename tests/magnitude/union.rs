//! The magnitude of a union, its parts and its correction, against solves of each.

use holonomy::magnitude::{UnionMagnitude, magnitude, union_magnitude};
use holonomy::metric::pairwise_distances;
use holonomy::{Euclidean, Lorentz};
use tch::{Kind, Tensor};

use super::{F64, cloud, complete_bipartite, copies, paths, random_points};

fn of(distances: &Tensor, points: &[usize], t: f64) -> f64 {
    let rows: Vec<i64> = points.iter().map(|&point| point as i64).collect();
    let rows = Tensor::from_slice(&rows);
    magnitude(&distances.index_select(0, &rows).index_select(1, &rows), t).unwrap()
}

/// Each part against a solve of its own.
#[track_caller]
fn assert_parts(
    distances: &Tensor,
    a: &[usize],
    b: &[usize],
    t: f64,
    bound: f64,
) -> UnionMagnitude {
    let found = union_magnitude(distances, a, b, t).unwrap();
    let shared: Vec<usize> = a.iter().copied().filter(|x| b.contains(x)).collect();
    let extra = b.iter().filter(|x| !a.contains(x));
    let all: Vec<usize> = a.iter().chain(extra).copied().collect();
    let exact = [a, b, &shared, &all].map(|points| of(distances, points, t));
    let correction = exact[3] + exact[2] - exact[1] - exact[0];
    for (got, exact) in [
        (found.a, exact[0]),
        (found.b, exact[1]),
        (found.intersection, exact[2]),
        (found.union, exact[3]),
        (found.correction, correction),
    ] {
        assert!(
            (got - exact).abs() <= bound * exact.abs().max(1.0),
            "{got} {exact} {found:?}"
        );
    }
    found
}

#[test]
fn the_parts_are_those_of_direct_solves() {
    let flat = cloud(&Euclidean::new(3).unwrap(), 1, 40);
    let hyperbolic = cloud(&Lorentz::new(2, -1.0).unwrap(), 2, 40);
    let every = |step: usize| (0..40).step_by(step).collect::<Vec<usize>>();
    for distances in [flat, hyperbolic] {
        for t in [0.1, 1.0, 4.0] {
            let first: Vec<usize> = (0..25).collect();
            let last: Vec<usize> = (15..40).rev().collect();
            assert_parts(&distances, &first, &last, t, 3e-13);
            assert_parts(&distances, &every(2), &every(3), t, 3e-13);
            // One within the other, equal sets, and sets that share nothing.
            let inner = assert_parts(&distances, &every(2), &every(4), t, 3e-13);
            assert_eq!(inner.correction, 0.0);
            assert_parts(&distances, &first, &first, t, 3e-13);
            let apart = assert_parts(&distances, &first[..10], &last[..10], t, 3e-13);
            assert_eq!(apart.intersection, 0.0);
            assert!(apart.correction < -1e-3, "{apart:?}");
        }
    }
}

/// Leinster's principle: all ways from one part to the other lead through a shared point.
#[test]
fn parts_that_a_point_divides_need_no_correction() {
    let edges: Vec<(u32, u32)> = (1..30).map(|node| (node, (node - 1) / 2)).collect();
    let lengths = (1..30)
        .map(|node| 0.2 + f64::from(node % 7) / 3.0)
        .collect();
    let tree = paths(30, edges.clone(), Some(lengths));
    // What lies below node 1, and the rest with node 1 itself.
    let mut below = [false; 30];
    below[1] = true;
    for &(child, parent) in &edges {
        below[child as usize] |= child != 1 && below[parent as usize];
    }
    let a: Vec<usize> = (0..30).filter(|&node| below[node]).collect();
    let b: Vec<usize> = (0..30).filter(|&node| !below[node] || node == 1).collect();
    assert!(a.len() > 5 && b.len() > 5, "{a:?} {b:?}");
    for t in [0.05, 0.5, 3.0] {
        let found = assert_parts(&tree, &a, &b, t, 1e-13);
        assert!(found.correction.abs() < 1e-14, "{found:?}");
        // Without node 1 on one side there is one.
        let found = assert_parts(&tree, &a[1..], &b, t, 1e-13);
        assert!(found.correction.abs() > 1e-5, "{found:?}");
    }
}

/// All ways from a to b of a cycle a, c₁, b, c₂ lead through {c₁, c₂}, and there is a correction all the same. With q = e^(−t)
/// the magnitudes are 4/(1 + q)² of the cycle, 1 + 2 tanh(t/2) of the path c₁, a, c₂, and 2/(1 + q²) of the pair c₁, c₂.
#[test]
fn parts_that_two_points_divide_need_a_correction() {
    let cycle = paths(4, vec![(0, 1), (1, 2), (2, 3), (3, 0)], None);
    for t in [0.3, 1.0, 3.0] {
        let found = assert_parts(&cycle, &[0, 1, 3], &[2, 1, 3], t, 1e-13);
        let q = f64::exp(-t);
        let union = 4.0 / (1.0 + q).powi(2);
        let path = 1.0 + 2.0 * (t / 2.0).tanh();
        let pair = 2.0 / (1.0 + q * q);
        let exact = union - 2.0 * path + pair;
        assert!(
            (found.correction - exact).abs() < 1e-14,
            "{found:?} {exact}"
        );
        assert!(found.correction > 1e-3, "{found:?}");
    }
    let found = union_magnitude(&cycle, &[0, 1, 3], &[2, 1, 3], 1.0).unwrap();
    assert!((found.correction - 0.0509).abs() < 1e-4, "{found:?}");
}

/// Two points at a distance: |A ∪ B| − 2 = 2/(1 + q) − 2 = −2q/(1 + q), down to the smallest q.
#[test]
fn small_corrections_have_all_their_digits() {
    for d in [0.1, 1.0, 10.0, 40.0, 300.0] {
        let pair = Tensor::from_slice(&[0.0, d, d, 0.0]).view([2, 2]);
        let found = union_magnitude(&pair, &[0], &[1], 2.0).unwrap();
        let q = f64::exp(-2.0 * d);
        let exact = -2.0 * q / (1.0 + q);
        assert!(
            (found.correction / exact - 1.0).abs() < 3e-15,
            "{d}: {found:?} {exact:e}"
        );
    }
}

#[test]
fn duplicates_are_shared_and_components_add_up() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 3, 8);
    let doubled = Tensor::cat(&[&points, &points.narrow(0, 0, 3)], 0);
    let d = pairwise_distances(&space, &doubled);
    let first: Vec<usize> = (0..5).collect();
    // Rows 8 to 10 are points 0 to 2 again.
    let found = union_magnitude(&d, &first, &[8, 9, 10, 5, 6, 7, 7], 1.0).unwrap();
    let same = union_magnitude(&d, &first, &[0, 1, 2, 5, 6, 7], 1.0).unwrap();
    assert_eq!(found, same);
    assert!((found.intersection - of(&d, &[0, 1, 2], 1.0)).abs() < 1e-14);

    let two = copies(&cloud(&space, 4, 5), 2);
    let halves = union_magnitude(&two, &[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9], 1.0).unwrap();
    assert_eq!(halves.correction, 0.0);
    assert!((halves.union - 2.0 * halves.a).abs() < 1e-13);
}

#[test]
fn nothing_and_what_is_no_set_of_points() {
    let d = cloud(&Euclidean::new(2).unwrap(), 5, 6);
    let nothing = union_magnitude(&d, &[], &[], 1.0).unwrap();
    assert_eq!((nothing.union, nothing.correction), (0.0, 0.0));
    let one = union_magnitude(&d.to_kind(Kind::Float), &[2], &[], 1.0).unwrap();
    assert_eq!((one.a, one.b, one.union), (1.0, 0.0, 1.0));
    let message = union_magnitude(&d, &[1], &[6], 1.0)
        .unwrap_err()
        .to_string();
    assert!(message.contains("rows below 6"), "{message}");
    assert!(union_magnitude(&d, &[0], &[1], 0.0).is_err());
    assert!(union_magnitude(&Tensor::full([2, 2], f64::NAN, F64), &[0], &[1], 1.0).is_err());
    assert!(union_magnitude(&complete_bipartite(3, 2), &[0, 1, 2], &[3, 4], 0.2).is_err());
}
