//! The inverse of a similarity matrix whose points go one by one.

use tch::{Kind, Tensor};

use super::super::config::{Solver, WeightingConfig};
use super::super::similarity::to_vec;
use super::super::solve::{Wanted, solve};
use crate::magnitude::similarity::components::{among, components};
use crate::magnitude::similarity::distinct::Distinct;
use crate::numerics::wide::for_each_processor;
use crate::{Error, Result};

/// By how much the largest (Z⁻¹)_xx may fall before Z⁻¹ is made anew: what rounding has left of larger
/// entries then weighs so much more.
const LARGEST_FALL: f64 = 1e3;

/// (Z⁻¹)_xx is 1 at least where Z is positive definite with 1 on its diagonal; below this, rounding has won.
const LEAST_DIAGONAL: f64 = 0.5;

/// Z⁻¹ and w of the points that are left.
///
/// A point x goes by a downdate of n² operations,
///
/// ```text
/// Z⁻¹ ← Z⁻¹ − c cᵀ/c_x,   w ← w − c w_x/c_x,   c the column x of Z⁻¹
/// ```
///
/// and both are made anew, from the distances, where half of the points have gone or the largest
/// entry has fallen a thousandfold, so that rounding adds up over no more than that.
pub(super) struct Inverse {
    op: &'static str,
    /// Of different points, `[n, n]`, f64, on the CPU.
    distances: Tensor,
    t: f64,
    /// Those that are left, as rows of the distances.
    points: Vec<usize>,
    /// Row by row, the first `points.len()` numbers of each.
    entries: Vec<f64>,
    /// How far apart rows are, which is how many points there were when this was made.
    stride: usize,
    weights: Vec<f64>,
    /// The largest (Z⁻¹)_xx when this was made.
    largest: f64,
    /// Points that went because they hardly differ from others, and were not told of yet.
    left_out: Vec<usize>,
}

impl Inverse {
    /// Of all points of checked distances, of which there is at least one.
    pub(super) fn new(op: &'static str, distances: &Tensor, t: f64) -> Result<Self> {
        let mut inverse = Self {
            op,
            distances: distances.to_device(tch::Device::Cpu).to_kind(Kind::Double),
            t,
            points: (0..distances.size()[0] as usize).collect(),
            entries: Vec::new(),
            stride: 0,
            weights: Vec::new(),
            largest: 0.0,
            left_out: Vec::new(),
        };
        inverse.make()?;
        Ok(inverse)
    }

    /// The points that are left, in no order.
    pub(super) fn points(&self) -> &[usize] {
        &self.points
    }

    /// w, in the order of the points.
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// What would go with each point, in their order.
    pub(super) fn moments(&self) -> impl Iterator<Item = f64> {
        let diagonal = self.diagonal();
        (self.weights.iter().zip(diagonal)).map(|(weight, entry)| weight * weight / entry)
    }

    /// The points that went by themselves since this was last asked: to rounding they add nothing.
    pub(super) fn take_left_out(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.left_out)
    }

    /// How many those are.
    pub(super) fn left_out_count(&self) -> usize {
        self.left_out.len()
    }

    /// Removes the point of this place; the magnitude that goes with it.
    pub(super) fn remove(&mut self, place: usize) -> Result<f64> {
        let last = self.points.len() - 1;
        let mut column = self.entries[place * self.stride..][..=last].to_vec();
        let pivot = column.swap_remove(place);
        let weight = self.weights.swap_remove(place);
        self.points.swap_remove(place);
        self.move_last_to(place, last);
        let change = weight / pivot;
        for (weight, entry) in self.weights.iter_mut().zip(&column) {
            *weight -= entry * change;
        }
        downdate(&mut self.entries, self.stride, &column, pivot);
        if self.is_stale() {
            self.make()?;
        }
        Ok(weight * change)
    }

    /// (Z⁻¹)_xx
    fn diagonal(&self) -> impl Iterator<Item = f64> {
        (0..self.points.len()).map(|place| self.entries[place * self.stride + place])
    }

    /// The last row and column in place of others.
    fn move_last_to(&mut self, place: usize, last: usize) {
        if place == last {
            return;
        }
        let start = last * self.stride;
        self.entries
            .copy_within(start..=start + last, place * self.stride);
        for row in self.entries.chunks_mut(self.stride).take(last) {
            row[place] = row[last];
        }
    }

    /// Whether rounding may have grown too much.
    fn is_stale(&self) -> bool {
        let left = self.points.len();
        let largest = self.diagonal().fold(0.0, f64::max);
        let sound = self.diagonal().all(|entry| entry >= LEAST_DIAGONAL);
        left > 0 && (2 * left <= self.stride || self.largest > LARGEST_FALL * largest || !sound)
    }

    /// Makes all anew for the points that are left; those that hardly differ from others go.
    fn make(&mut self) -> Result<()> {
        // In order at first, and fewer than all later: `among` needs one of the two.
        let rows: Vec<i64> = self.points.iter().map(|&point| point as i64).collect();
        let distances = among(&self.distances, &Tensor::from_slice(&rows));
        let distinct = Distinct {
            classes: None,
            components: components(&distances),
            distances,
        };
        let config = WeightingConfig::default();
        let solution = solve(self.op, &distinct, self.t, &config, Wanted::Inverse)?;
        let Some(solution) = solution else {
            return Err(Error::invalid(self.op, "at least one point", "none"));
        };
        let negative = solution.negative_eigenvalues();
        if negative > 0 || solution.solver == Solver::Spectral {
            let wanted = "positive definite similarities";
            let got = format!(
                "{negative} negative eigenvalues at t = {} ({})",
                self.t, solution.reason
            );
            return Err(Error::invalid(self.op, wanted, got));
        }
        let unit = Tensor::eye(rows.len() as i64, (Kind::Double, tch::Device::Cpu));
        let inverse = solution.apply_inverse(&unit);
        let inverse = (&inverse + inverse.transpose(0, 1)) / 2.0;
        // Points without a pivot have rows of zeros.
        let kept = inverse.diagonal(0, 0, 1).ne(0.0).nonzero().view(-1);
        let left: Vec<usize> = to_vec(&kept.to_kind(Kind::Double))
            .into_iter()
            .map(|place| self.points[place as usize])
            .collect();
        self.left_out
            .extend(self.points.iter().filter(|point| !left.contains(point)));
        self.entries = to_vec(&among(&inverse, &kept));
        self.weights = to_vec(&solution.weights.view(-1).index_select(0, &kept));
        self.points = left;
        self.stride = self.points.len();
        self.largest = self.diagonal().fold(0.0, f64::max);
        let unsound = |entry: &f64| entry.is_nan() || *entry < LEAST_DIAGONAL;
        match self.diagonal().find(unsound) {
            None => Ok(()),
            Some(entry) => {
                let wanted = "similarities that are positive definite beyond rounding";
                let got = format!("an inverse with {entry:.1e} on its diagonal");
                Err(Error::invalid(self.op, wanted, got))
            }
        }
    }
}

for_each_processor! {
    /// A − c cᵀ/p for a matrix as large as c, whose rows begin so far apart.
    fn downdate(entries: &mut [f64], stride: usize, column: &[f64], pivot: f64) {
        for (row, along) in entries.chunks_mut(stride).zip(column) {
            let factor = along / pivot;
            for (entry, across) in row.iter_mut().zip(column) {
                *entry -= factor * across;
            }
        }
    }
}
