//! Spaces whose magnitude is known by a formula.

use holonomy::Euclidean;
use holonomy::magnitude::{Solver, magnitude, spread};
use tch::{Kind, Tensor};

use super::{F64, apart, assert_close, cloud, complete_bipartite, corners, paths, weigh};

const SCALES: [f64; 9] = [1e-12, 1e-6, 1e-3, 0.05, 0.3, 1.0, 4.0, 30.0, 1e3];

#[test]
fn two_points() {
    for d in [1e-9, 0.1, 1.0, 20.0] {
        let pair = Tensor::from_slice(&[0.0, d, d, 0.0]).view([2, 2]);
        for t in SCALES {
            assert_close(
                magnitude(&pair, t).unwrap(),
                2.0 / (1.0 + (-t * d).exp()),
                4e-16,
            );
        }
    }
}

/// Where all points are alike: n/Σ e^(−t d), equal weights, and the spread is the magnitude.
#[test]
fn homogeneous_spaces() {
    let cycle = |n: u32| paths(n, (0..n).map(|x| (x, (x + 1) % n)).collect(), None);
    let complete = |n: u32| {
        let edges = (0..n).flat_map(|x| (0..x).map(move |y| (x, y)));
        paths(n, edges.collect(), None)
    };
    let cube = {
        let edges = (0..16_u32).flat_map(|x| (0..4).map(move |bit| (x, x ^ (1 << bit))));
        paths(16, edges.filter(|(x, y)| x < y).collect(), None)
    };
    let mut of_full_rank = 0;
    for space in [
        cycle(3),
        cycle(8),
        cycle(41),
        complete(2),
        complete(30),
        cube,
    ] {
        let n = space.size()[0] as f64;
        for t in SCALES {
            let w = weigh(&space, t);
            let row: f64 = (space.get(0) * -t)
                .exp()
                .sum(Kind::Double)
                .double_value(&[]);
            assert_close(w.magnitude, n / row, 1e-14);
            // Even cycles and cubes are singular to rounding at small scales.
            if w.rank == w.distinct {
                of_full_rank += 1;
                let equal = Tensor::full_like(&w.weights, 1.0 / row);
                let bound = 1e-15 * w.condition.max(10.0);
                assert!(apart(&w.weights, &equal) < bound, "t = {t}: {w:?}");
            }
            assert_close(spread(&space, t).unwrap(), n / row, 1e-14);
        }
    }
    assert!(of_full_rank >= 40, "{of_full_rank} of 54");
}

/// Whose E is ill conditioned where all points are alike: the reported condition says so, and where it
/// ends, the rank.
#[test]
fn corners_of_boxes() {
    let edges = [1.0, 1.5, 2.25, 0.75];
    for t in [1e-4, 1e-3, 1e-2, 0.1, 1.0, 5.0] {
        let (distances, weight) = corners(&edges, t);
        let w = weigh(&distances, t);
        assert_eq!((w.rank, w.negative_eigenvalues), (16, 0), "{w:?}");
        assert_close(w.magnitude, 16.0 * weight, 1e-15 * w.condition.max(10.0));
        let error = apart(&w.weights, &Tensor::full_like(&w.weights, weight)) / weight;
        assert!(error < 1e-15 * w.condition.max(10.0), "{error:e} {w:?}");
    }
    let (distances, weight) = corners(&edges, 1e-6);
    let w = weigh(&distances, 1e-6);
    assert!(w.rank < 16, "{w:?}");
    assert_close(w.magnitude, 16.0 * weight, 1e-14);
}

/// 1 + Σ tanh(t length/2) over the edges; for unit edges n − 2(n − 1)q/(1 + q) with q = e^−t.
#[test]
fn trees_and_forests() {
    let mut lengths = Vec::new();
    let mut edges = Vec::new();
    for node in 1..40_u32 {
        edges.push((node, (node * 7 + 3) % node));
        lengths.push(0.1 + f64::from(node % 11) / 4.0);
    }
    let weighted = paths(40, edges.clone(), Some(lengths.clone()));
    let unit = paths(40, edges.clone(), None);
    let forest = paths(45, edges, None);
    for t in SCALES {
        let exact = 1.0 + lengths.iter().map(|l| (t * l / 2.0).tanh()).sum::<f64>();
        assert_close(magnitude(&weighted, t).unwrap(), exact, 2e-14);
        let q = (-t).exp();
        let of_tree = 40.0 - 78.0 * q / (1.0 + q);
        assert_close(magnitude(&unit, t).unwrap(), of_tree, 2e-14);
        // Infinite distances: the components add up.
        assert_close(magnitude(&forest, t).unwrap(), of_tree + 5.0, 2e-14);
    }
}

#[test]
fn points_on_a_line() {
    let mut places: Vec<f64> = (0..60).map(|i| f64::from(i * i % 61) * 0.37).collect();
    places.sort_by(f64::total_cmp);
    let x = Tensor::from_slice(&places);
    let distances = (x.unsqueeze(0) - x.unsqueeze(1)).abs();
    let gaps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Of which two are 0: they add nothing.
    assert!(gaps.contains(&0.0));
    for t in SCALES {
        let exact = 1.0 + gaps.iter().map(|gap| (t * gap / 2.0).tanh()).sum::<f64>();
        assert_close(magnitude(&distances, t).unwrap(), exact, 2e-14);
    }
}

/// A finely divided interval of length ℓ tends to 1 + tℓ/2.
#[test]
fn an_interval() {
    let x = Tensor::linspace(0.0, 10.0, 801, F64);
    let distances = (x.unsqueeze(0) - x.unsqueeze(1)).abs();
    assert_close(magnitude(&distances, 1.0).unwrap(), 6.0, 2e-5);
}

/// |X × Y| = |X||Y| for the sum of the distances, and the weights multiply.
#[test]
fn products_multiply() {
    let x = cloud(&Euclidean::new(2).unwrap(), 1, 9);
    let y = cloud(&Euclidean::new(3).unwrap(), 2, 7);
    let (nx, ny) = (x.size()[0], y.size()[0]);
    let sum = x.view([nx, 1, nx, 1]) + y.view([1, ny, 1, ny]);
    let product = sum.reshape([nx * ny, nx * ny]);
    for t in [1e-3, 0.1, 1.0, 10.0] {
        let (wx, wy, both) = (weigh(&x, t), weigh(&y, t), weigh(&product, t));
        assert_close(both.magnitude, wx.magnitude * wy.magnitude, 1e-13);
        let outer = wx.weights.outer(&wy.weights).view(-1);
        assert!(apart(&both.weights, &outer) < 1e-13 * both.condition.max(10.0).sqrt());
    }
}

/// (5 − 7q)/((1 + q)(1 − 2q²)), which is not monotone, and negative below its pole at t = log √2.
#[test]
fn a_graph_that_is_not_positive_definite() {
    let graph = complete_bipartite(3, 2);
    for t in [1e-6, 0.05, 0.2, 0.3, 0.34, 0.36, 0.5, 1.0, 5.0] {
        let q = f64::exp(-t);
        let exact = (5.0 - 7.0 * q) / ((1.0 + q) * (1.0 - 2.0 * q * q));
        let w = weigh(&graph, t);
        assert_close(w.magnitude, exact, 1e-15 * w.condition.max(10.0));
        let negative = usize::from(t < 0.5 * 2.0_f64.ln());
        assert_eq!(w.negative_eigenvalues, negative, "t = {t}: {}", w.reason);
        assert_eq!(w.solver == Solver::Cholesky, negative == 0, "t = {t}");
    }
}

#[test]
fn near_and_far() {
    let distances = cloud(&Euclidean::new(3).unwrap(), 4, 50);
    let far = weigh(&distances, 1e6);
    assert!(apart(&far.weights, &far.weights.ones_like()) < 1e-15);
    assert_eq!(far.magnitude, 50.0);
    for t in [1e-8, 1e-20, 1e-100, 1e-307] {
        let w = weigh(&distances, t);
        assert_close(w.magnitude, 1.0, 1e2 * t.max(1e-17));
        assert_eq!(w.negative_eigenvalues, 0);
    }
    // The limit of the weights exists, and is reached.
    let limit = weigh(&distances, 1e-20);
    for t in [1e-30, 1e-100, 1e-307] {
        let w = weigh(&distances, t);
        assert_eq!(w.rank, 50, "{t:e}");
        assert!(apart(&w.weights, &limit.weights) < 1e-13, "{t:e}");
    }
}

/// |X| − |X∖x| = w_x²/(Z⁻¹)_xx.
#[test]
fn leaving_one_out() {
    let distances = cloud(&Euclidean::new(2).unwrap(), 5, 12);
    let t = 0.8;
    let w = weigh(&distances, t);
    let inverse = (&distances * -t).exp().inverse();
    for x in 0..12 {
        let others: Vec<i64> = (0..12).filter(|&other| other != x).collect();
        let others = Tensor::from_slice(&others);
        let rest = distances.index_select(0, &others).index_select(1, &others);
        let drop = w.weights.double_value(&[x]).powi(2) / inverse.double_value(&[x, x]);
        let left = w.magnitude - weigh(&rest, t).magnitude;
        assert!((left - drop).abs() < 1e-13, "{x}: {left} {drop}");
    }
}
