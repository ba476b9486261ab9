//! Cholesky's factorisation with pivots, which ends where nothing but rounding is left.

use tch::{Kind, Tensor};

use super::triangular::cholesky_solve;
use crate::magnitude::similarity::to_vec;

/// Columns that are made before the rest of the matrix is updated, all at once.
const PANEL: usize = 64;

/// What a remainder may hold beside the largest pivot left, in units of it, to count as rounding.
const REMAINDER: f64 = 8.0;

/// L of the points that were kept, in the order of the pivots.
#[derive(Debug)]
pub(in crate::magnitude) struct PivotedCholesky {
    /// `[rank, rank]`
    l: Tensor,
    /// The points that were kept, `[rank]`.
    kept: Tensor,
    /// How many points there are.
    n: i64,
}

impl PivotedCholesky {
    /// Takes the point of the largest remaining variance until that is at most n·ε.
    ///
    /// `None` where what remains then is more than rounding: the matrix is not positive semidefinite.
    pub(in crate::magnitude) fn new(z: &Tensor) -> Option<Self> {
        let n = z.size()[0];
        let device = z.device();
        let mut rest = z.to_device(tch::Device::Cpu).copy();
        let tolerance = n as f64 * f64::EPSILON;
        let mut variances = to_vec(&rest.diagonal(0, 0, 1));
        let mut kept: Vec<i64> = Vec::new();
        let mut panels: Vec<Tensor> = Vec::new();
        loop {
            let columns = panel(&rest, &mut variances, &mut kept, tolerance);
            if columns.is_empty() {
                break;
            }
            let full = columns.len() == PANEL;
            let columns = Tensor::from_slice2(&columns);
            rest -= columns.transpose(0, 1).matmul(&columns);
            panels.push(columns);
            if !full {
                break;
            }
        }
        if !is_rounding(&rest, &variances, REMAINDER * tolerance) {
            return None;
        }
        let kept = Tensor::from_slice(&kept);
        let l = Tensor::cat(&panels, 0)
            .transpose(0, 1)
            .index_select(0, &kept);
        Some(Self {
            l: l.tril(0).to_device(device),
            kept: kept.to_device(device),
            n,
        })
    }

    /// How many points were kept.
    pub(in crate::magnitude) fn rank(&self) -> i64 {
        self.kept.size()[0]
    }

    pub(in crate::magnitude) fn solve(&self, b: &Tensor) -> Tensor {
        let x = cholesky_solve(&self.l, &b.index_select(0, &self.kept));
        Tensor::zeros([self.n, b.size()[1]], (Kind::Double, b.device()))
            .index_add(0, &self.kept, &x)
    }
}

/// The next columns of L, as rows; `variances` of points that are taken become −∞.
fn panel(
    rest: &Tensor,
    variances: &mut [f64],
    kept: &mut Vec<i64>,
    tolerance: f64,
) -> Vec<Vec<f64>> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    while columns.len() < PANEL {
        let Some(pivot) = largest(variances).filter(|&pivot| variances[pivot] > tolerance) else {
            break;
        };
        let mut column = to_vec(&rest.get(pivot as i64));
        for earlier in &columns {
            let factor = earlier[pivot];
            for (entry, &before) in column.iter_mut().zip(earlier) {
                *entry = (-factor).mul_add(before, *entry);
            }
        }
        let root = variances[pivot].sqrt();
        for (entry, variance) in column.iter_mut().zip(variances.iter_mut()) {
            *entry /= root;
            *variance -= *entry * *entry;
        }
        // What was taken is done with: its row of the remainder is 0.
        for &taken in kept.iter() {
            column[taken as usize] = 0.0;
        }
        column[pivot] = root;
        variances[pivot] = f64::NEG_INFINITY;
        kept.push(pivot as i64);
        columns.push(column);
    }
    columns
}

fn largest(variances: &[f64]) -> Option<usize> {
    (0..variances.len()).max_by(|&x, &y| variances[x].total_cmp(&variances[y]).then(y.cmp(&x)))
}

/// Whether the remainder of the points that were not taken is at most `bound` everywhere.
fn is_rounding(rest: &Tensor, variances: &[f64], bound: f64) -> bool {
    let left: Vec<i64> = (0..variances.len())
        .filter(|&point| variances[point] > f64::NEG_INFINITY)
        .map(|point| point as i64)
        .collect();
    if left.is_empty() {
        return true;
    }
    let left = Tensor::from_slice(&left);
    let rest = rest.index_select(0, &left).index_select(1, &left);
    rest.abs().max().double_value(&[]) <= bound
}
