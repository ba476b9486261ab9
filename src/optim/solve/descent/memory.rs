//! What past steps tell of the second derivatives (limited-memory BFGS).

use tch::{Kind, Tensor};

use super::{Place, Problem, Slope};

/// The pairs that are kept.
const PAIRS: usize = 6;

/// The rest of the gradient below which natural steps need no help.
const QUICK: f64 = 0.1;

/// Steps and changes of the gradient along them, all moved to the present place in parallel, and their
/// inner products, which that does not change.
#[derive(Default)]
pub(super) struct Memory {
    /// `[2 pairs, ..]`: step, change, step, change, …, oldest first.
    rows: Option<Tensor>,
    /// ⟨rowᵢ, rowⱼ⟩
    products: Vec<Vec<f64>>,
    /// ⟨rowᵢ, pull⟩ at the present place.
    pulls: Vec<f64>,
    /// ⟨step, change⟩/⟨change, change⟩ of the newest pair in units of the natural scale.
    scale: f64,
}

impl Memory {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The quasi-Newton direction and by how much the value falls along it to first order; `None` if nothing is known.
    pub(super) fn direction(&self, slope: &Slope) -> Option<(Tensor, f64)> {
        let rows = self.rows.as_ref()?;
        let count = self.products.len();
        let mut weights = vec![0.0; count];
        let mut of_pull = 1.0;
        // ⟨rowᵢ, the vector of these weights⟩
        let along = |i: usize, of_pull: f64, weights: &[f64]| {
            let rest = weights.iter().zip(&self.products[i]);
            of_pull * self.pulls[i] + rest.map(|(w, p)| w * p).sum::<f64>()
        };
        let mut taken = vec![0.0; count / 2];
        for pair in (0..count / 2).rev() {
            let (step, change) = (2 * pair, 2 * pair + 1);
            taken[pair] = along(step, of_pull, &weights) / self.products[step][change];
            weights[change] -= taken[pair];
        }
        let scale = self.scale * slope.scale;
        of_pull *= scale;
        for weight in &mut weights {
            *weight *= scale;
        }
        for (pair, taken) in taken.into_iter().enumerate() {
            let (step, change) = (2 * pair, 2 * pair + 1);
            let back = along(change, of_pull, &weights) / self.products[step][change];
            weights[step] += taken - back;
        }
        let fall = of_pull * slope.gradient * slope.gradient
            + weights
                .iter()
                .zip(&self.pulls)
                .map(|(w, p)| w * p)
                .sum::<f64>();
        if !(fall > 0.0 && fall.is_finite()) {
            return None;
        }
        Some((&slope.pull * of_pull + combine(rows, &weights), fall))
    }

    /// Takes a step into account, unless natural steps alone are quick.
    pub(super) fn learn<P: Problem>(
        &mut self,
        problem: &P,
        from: &Place<P::Point>,
        to: &Place<P::Point>,
        step: &Tensor,
    ) {
        let is_quick = to.slope.gradient <= QUICK * from.slope.gradient;
        if self.rows.is_none() && is_quick {
            return;
        }
        let last = Tensor::stack(&[step, &from.slope.pull], 0);
        let all = match &self.rows {
            Some(rows) => Tensor::cat(&[rows, &last], 0),
            None => last,
        };
        let all = problem.transport(&from.point, &to.point, &all);
        let known = all.size()[0] - 2;
        let is_full = self.products.len() == 2 * PAIRS;
        let dropped = if is_full { 2 } else { 0 };
        let old = all.narrow(0, dropped, known - dropped);
        self.products.drain(..dropped as usize);
        for row in &mut self.products {
            row.drain(..dropped as usize);
        }
        let step = all.get(known);
        let change = all.get(known + 1) - &to.slope.pull;
        let new = Tensor::stack(&[&step, &change], 0);
        let rows = Tensor::cat(&[&old, &new], 0);
        let probes = Tensor::cat(&[&new, &to.slope.pull.unsqueeze(0)], 0);
        let products = problem.inner(&to.point, &probes.unsqueeze(1), &rows.unsqueeze(0));
        let Ok(products) = Vec::<Vec<f64>>::try_from(products.to_kind(Kind::Double)) else {
            return self.clear();
        };
        self.take(rows, products, to.slope.scale);
    }

    /// Adds a pair, the last two rows, whose products with all rows and those of the pull are given.
    fn take(&mut self, rows: Tensor, products: Vec<Vec<f64>>, natural: f64) {
        let Ok([of_step, of_change, of_pull]) = <[Vec<f64>; 3]>::try_from(products) else {
            return self.clear();
        };
        let known = self.products.len();
        let (step, change) = (of_step[known], of_change[known + 1]);
        let both = of_step[known + 1];
        let is_convex = both > 1e-10 * (step * change).sqrt() && change > 0.0;
        self.pulls = of_pull;
        if !is_convex {
            // The old pairs stay, at their new place.
            self.pulls.truncate(known);
            self.rows = (known > 0).then(|| rows.narrow(0, 0, known as i64));
            return;
        }
        for (i, row) in self.products.iter_mut().enumerate() {
            row.extend([of_step[i], of_change[i]]);
        }
        self.products.push(of_step);
        self.products.push(of_change);
        self.rows = Some(rows);
        self.scale = both / (change * natural);
    }
}

/// A sum of rows `[count, ..]`, each times its weight.
fn combine(rows: &Tensor, weights: &[f64]) -> Tensor {
    let weights = Tensor::from_slice(weights).to_device(rows.device());
    let sum = weights.unsqueeze(0).matmul(&rows.flatten(1, -1));
    sum.view(&rows.size()[1..])
}
