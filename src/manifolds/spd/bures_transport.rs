//! Parallel transport of the Bures–Wasserstein metric, by extrapolated integration.
//!
//! The metric is that of square matrices X modulo X ↦ XO, with p = X Xᵀ. The geodesic lifts to the
//! straight way X(t) = L + tK; a tangent v lifts to V = YL, horizontal: Vᵀ X is symmetric. Parallel
//! transport changes V by vertical matrices alone and keeps it horizontal,
//!
//! ```text
//! V′ = X A,  A skew-symmetric with XᵀX A + A XᵀX = VᵀK − KᵀV
//! ```
//!
//! a linear equation with a smooth solution, which Gragg's midpoint steps and extrapolation in the
//! square of the step solve to rounding.

use tch::Tensor;

use super::formula::symmetric;
use crate::manifolds::frames::{frobenius, transposed, transposed_times};
use crate::{Error, Result};

/// Midpoint steps of the columns of the extrapolation.
const STEPS: [i32; 8] = [2, 4, 6, 8, 10, 12, 14, 16];
/// The change of the last extrapolation, as a part of |V|, that is accepted.
const TOLERANCE: f64 = 1e-13;
/// The parts into which the way is cut at most.
const MOST_PARTS: i32 = 64;

/// V at the end of the way, from V at its start.
pub(super) fn transport(op: &'static str, l: &Tensor, k: &Tensor, lift: &Tensor) -> Result<Tensor> {
    let way = Way { l, k };
    let mut parts = 1;
    loop {
        match way.in_parts(lift, parts) {
            Ok(end) => return Ok(end),
            Err(residual) if 2 * parts > MOST_PARTS => {
                return Err(Error::NoConvergence {
                    op,
                    iterations: parts as usize,
                    residual,
                    tolerance: TOLERANCE,
                });
            }
            Err(_) => parts *= 2,
        }
    }
}

struct Way<'a> {
    l: &'a Tensor,
    k: &'a Tensor,
}

impl Way<'_> {
    /// The end, or by how much the extrapolation of a part still changed.
    fn in_parts(&self, lift: &Tensor, parts: i32) -> std::result::Result<Tensor, f64> {
        let size = frobenius(lift);
        let safe = size.where_self(&size.gt(0.0), &size.ones_like());
        let width = 1.0 / f64::from(parts);
        let mut v = lift.shallow_clone();
        for part in 0..parts {
            let (end, change) = self.extrapolate(&v, f64::from(part) * width, width);
            let change = frobenius(&change) / &safe;
            let worst = if change.numel() == 0 {
                0.0
            } else {
                change.max().double_value(&[])
            };
            // NaN is that of the input: more parts do not mend it.
            if worst > TOLERANCE {
                return Err(worst);
            }
            v = end;
        }
        Ok(v)
    }

    /// Neville's table of midpoint results in the square of the step, and the last change.
    fn extrapolate(&self, v: &Tensor, start: f64, width: f64) -> (Tensor, Tensor) {
        let mut row: Vec<Tensor> = Vec::new();
        let mut change = v.zeros_like();
        for (i, &steps) in STEPS.iter().enumerate() {
            let mut next = vec![self.midpoint(v, start, width, steps)];
            for j in 1..=i {
                let ratio = f64::from(steps) / f64::from(STEPS[i - j]);
                let correction = (&next[j - 1] - &row[j - 1]) / (ratio * ratio - 1.0);
                next.push(&next[j - 1] + &correction);
                change = correction;
            }
            row = next;
        }
        (row.pop().unwrap_or_else(|| v.shallow_clone()), change)
    }

    /// Gragg's modified midpoint rule.
    fn midpoint(&self, v: &Tensor, start: f64, width: f64, steps: i32) -> Tensor {
        let h = width / f64::from(steps);
        let (mut before, mut here) = (v.shallow_clone(), v + self.slope(v, start) * h);
        for step in 1..steps {
            let next = before + self.slope(&here, start + f64::from(step) * h) * (2.0 * h);
            (before, here) = (here, next);
        }
        let end = self.slope(&here, start + width) * h;
        (before + &here + end) * 0.5
    }

    /// X A at a parameter.
    fn slope(&self, v: &Tensor, t: f64) -> Tensor {
        let x = self.l + self.k * t;
        let (values, vectors) = symmetric(&transposed_times(&x, &x)).linalg_eigh("L");
        let twist = transposed_times(v, self.k);
        let twist = &twist - transposed(&twist);
        let sums = values.unsqueeze(-1) + values.unsqueeze(-2);
        let a = transposed_times(&vectors, &twist.matmul(&vectors)) / sums;
        x.matmul(&vectors.matmul(&a)).matmul(&transposed(&vectors))
    }
}
