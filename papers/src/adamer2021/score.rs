//! How well a map finds the pixels of edges, and how alike two maps are.

use holonomy::Result;
use holonomy::scores::spearman;
use serde::Serialize;

/// How well the edges are found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Score {
    /// The area under precision over recall, as the sum of the steps of recall times the precision there.
    pub(super) average_precision: f64,
    /// At the threshold where it is largest.
    pub(super) f1: f64,
    pub(super) precision: f64,
    pub(super) recall: f64,
}

/// Judges a map of strengths by the pixels that are edges, of which there is at least one. Pixels of equal strength
/// are found together.
pub(super) fn score(strengths: &[f64], edges: &[bool]) -> Score {
    let total = edges.iter().filter(|edge| **edge).count() as f64;
    let order = descending(strengths);
    let (mut found, mut right, mut recall_before) = (0.0, 0.0, 0.0);
    let mut best = Score {
        average_precision: 0.0,
        f1: 0.0,
        precision: 0.0,
        recall: 0.0,
    };
    let mut area = 0.0;
    for tied in order.chunk_by(|&a, &b| strengths[a] == strengths[b]) {
        found += tied.len() as f64;
        right += tied.iter().filter(|&&pixel| edges[pixel]).count() as f64;
        let (precision, recall) = (right / found, right / total);
        area += precision * (recall - recall_before);
        recall_before = recall;
        let f1 = 2.0 * right / (found + total);
        if f1 > best.f1 {
            best = Score {
                f1,
                precision,
                recall,
                ..best
            };
        }
    }
    Score {
        average_precision: area,
        ..best
    }
}

/// Places from the largest value to the smallest.
fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// Spearman's correlation: that of the ranks, equal values sharing theirs; NaN where one map is constant.
///
/// # Errors
///
/// Those of [`spearman`], but for a constant map.
pub(super) fn rank_correlation(a: &[f64], b: &[f64]) -> Result<f64> {
    let is_constant = |map: &[f64]| map.iter().all(|strength| *strength == map[0]);
    if is_constant(a) || is_constant(b) {
        return Ok(f64::NAN);
    }
    spearman(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_map_scores_one_and_a_constant_one_the_share_of_edges() {
        let edges = [true, false, true, false];
        let perfect = score(&[0.9, 0.1, 0.8, 0.2], &edges);
        assert_eq!((perfect.average_precision, perfect.f1), (1.0, 1.0));
        let constant = score(&[1.0; 4], &edges);
        assert_eq!((constant.average_precision, constant.recall), (0.5, 1.0));
        // Found in the order: edge, none, edge, none.
        let mixed = score(&[4.0, 3.0, 2.0, 1.0], &edges);
        assert!((mixed.average_precision - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
        assert!((mixed.f1 - 0.8).abs() < 1e-15);
    }

    #[test]
    fn ranks_do_not_see_monotone_changes() {
        let a = [0.1, 3.0, 0.5, 0.5, -2.0];
        let cubed: Vec<f64> = a.iter().map(|x: &f64| x.powi(3)).collect();
        let turned: Vec<f64> = a.iter().map(|x| -x).collect();
        assert!((rank_correlation(&a, &cubed).unwrap() - 1.0).abs() < 1e-15);
        assert!((rank_correlation(&a, &turned).unwrap() + 1.0).abs() < 1e-15);
        // A blank map has no correlation with any, and one that is not a number is refused.
        assert!(rank_correlation(&a, &[0.3; 5]).unwrap().is_nan());
        assert!(rank_correlation(&a, &[0.3, f64::NAN, 1.0, 2.0, 3.0]).is_err());
    }
}
