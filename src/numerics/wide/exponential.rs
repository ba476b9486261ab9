//! The exponential of matrices, general and skew-symmetric.

use super::matrix::{Matrix, Onto, times};
use super::{Wide, for_each_processor};
use crate::numerics::double_double::Real;

/// Matrices up to this norm go into Taylor's series as they are: what it leaves out is below
/// 0.8¹⁶/17! = 8e-17 of its first term.
const SERIES_REACH: f64 = 0.8;

/// 1/j! up to the degree 16 of the series.
const INVERSE_FACTORIALS: [f64; 17] = {
    let mut table = [1.0; 17];
    let mut j = 1;
    while j < 17 {
        table[j] = table[j - 1] / j as f64;
        j += 1;
    }
    table
};

/// Computes e^a − 1 of square matrices: Taylor's series of a/2^s, then s times
/// e^2x − 1 = 2(e^x − 1) + (e^x − 1)².
///
/// With 1 taken off, a doubling doubles the error together with the number, where squaring e^x
/// doubles an error that stays as it is relative to 1; and e^a − 1 has all digits for tiny a.
///
/// # Accuracy
///
/// Worst error as a part of |e^a − 1| against 50-digit references: see the golden cases.
#[derive(Debug)]
pub(crate) struct Exponential {
    /// a/2^s and its second, third and fourth power.
    powers: [Matrix; 4],
    product: Matrix,
}

impl Exponential {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            powers: [(); 4].map(|()| Matrix::zeros(n, n)),
            product: Matrix::zeros(n, n),
        }
    }

    /// `out = e^a − 1`. Where `a` is not finite, neither is the result.
    pub(crate) fn minus_one(&mut self, a: &Matrix, out: &mut Matrix) {
        let doublings = doublings(a);
        self.powers[0].copy_from(a);
        scale(&mut self.powers[0], doublings.map(|s| (-s).exp2()));
        for power in 1..4 {
            let (done, rest) = self.powers.split_at_mut(power);
            times(&done[power - 1], &done[0], Onto::Nothing, &mut rest[0]);
        }
        self.series(out);
        let most = doublings.0.iter().fold(0.0, |a: f64, &b| a.max(b));
        for done in 0..most as usize {
            times(out, out, Onto::Nothing, &mut self.product);
            double(&self.product, doublings, done as f64, out);
        }
    }

    /// Four blocks of four terms, by Horner's rule in the fourth power.
    fn series(&mut self, out: &mut Matrix) {
        let c = &INVERSE_FACTORIALS;
        self.product.data.fill(Wide::ZERO);
        add_block(
            [c[12], c[13], c[14], c[15]],
            &self.powers,
            &self.product,
            out,
        );
        add_multiple(c[16], &self.powers[3], out);
        for block in (0..3).rev() {
            times(&self.powers[3], out, Onto::Nothing, &mut self.product);
            let first = 4 * block;
            let head = if block == 0 { 0.0 } else { c[first] };
            let coefficients = [head, c[first + 1], c[first + 2], c[first + 3]];
            add_block(coefficients, &self.powers, &self.product, out);
        }
    }
}

/// The least s for which 2^s [`SERIES_REACH`] is at least a norm of the matrix: of the greatest sum
/// of a column's absolute values, and the root of the sum of squares, the lesser.
fn doublings(a: &Matrix) -> Wide {
    let mut greatest = Wide::ZERO;
    for j in 0..a.cols {
        let sum = (0..a.rows).fold(Wide::ZERO, |sum, i| sum + a[(i, j)].abs());
        greatest = greatest.max(sum);
    }
    let root = a.norm_squared().sqrt();
    let norm = root.if_above(greatest, greatest, root);
    norm.map(|norm| {
        if norm.is_finite() && norm > SERIES_REACH {
            (norm / SERIES_REACH).log2().ceil()
        } else {
            0.0
        }
    })
}

for_each_processor! {
    fn scale(a: &mut Matrix, factor: Wide) {
        for entry in &mut a.data {
            *entry = *entry * factor;
        }
    }

    /// `out = rest + c₀ + c₁ a + c₂ a² + c₃ a³`
    fn add_block(c: [f64; 4], powers: &[Matrix; 4], rest: &Matrix, out: &mut Matrix) {
        let [_, c1, c2, c3] = c.map(Wide::splat);
        for (i, out) in out.data.iter_mut().enumerate() {
            // The small terms first.
            let sum = powers[2].data[i].mul_add(c3, rest.data[i]);
            let sum = powers[1].data[i].mul_add(c2, sum);
            *out = powers[0].data[i].mul_add(c1, sum);
        }
        out.add_to_diagonal(c[0]);
    }

    fn add_multiple(factor: f64, a: &Matrix, out: &mut Matrix) {
        for (out, &a) in out.data.iter_mut().zip(&a.data) {
            *out = a.mul_add(Wide::splat(factor), *out);
        }
    }

    /// 2x + x² in the lanes that are to be doubled more often than `done`.
    fn double(square: &Matrix, doublings: Wide, done: f64, x: &mut Matrix) {
        for (x, &square) in x.data.iter_mut().zip(&square.data) {
            let doubled = *x + *x + square;
            *x = doublings.if_above(Wide::splat(done), doubled, *x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponential(rows: &[&[f64]]) -> Matrix {
        let n = rows.len();
        let mut a = Matrix::zeros(n, n);
        for (i, row) in rows.iter().enumerate() {
            for (j, &entry) in row.iter().enumerate() {
                a[(i, j)] = Wide::splat(entry);
            }
        }
        let mut out = Matrix::zeros(n, n);
        Exponential::new(n).minus_one(&a, &mut out);
        out
    }

    #[test]
    fn a_rotation_by_any_angle() {
        for angle in [0.0, 1e-300, 1e-9, 0.3, 1.0, 3.1, 50.0_f64] {
            let out = exponential(&[&[0.0, -angle], &[angle, 0.0]]);
            let versine = -2.0 * (angle / 2.0).sin().powi(2);
            let tolerance = 1e-15 * (1.0 + angle);
            assert!(
                (out[(0, 0)].0[3] - versine).abs() <= tolerance * versine.abs().max(angle.min(1.0))
            );
            assert!((out[(1, 0)].0[5] - angle.sin()).abs() <= tolerance * angle.min(1.0));
        }
    }

    #[test]
    fn a_number_and_a_nilpotent_matrix() {
        for x in [-20.0, -0.5, 1e-12, 0.7, 5.0, 80.0_f64] {
            let got = exponential(&[&[x]])[(0, 0)].0[0];
            assert!((got / x.exp_m1() - 1.0).abs() < 1e-14, "{x}: {got}");
        }
        let out = exponential(&[&[0.0, 6.0, 0.0], &[0.0, 0.0, 8.0], &[0.0, 0.0, 0.0]]);
        let want = [0.0, 6.0, 24.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0];
        for (got, want) in out.data.iter().zip(want) {
            assert!((got.0[7] - want).abs() < 1e-14 * 24.0);
        }
    }

    /// Against references of 60 digits: general, skew-symmetric and triangular, norms to 30.
    #[test]
    fn references_are_met() {
        #[derive(serde::Deserialize)]
        struct Case {
            space: String,
            label: String,
            size: [usize; 2],
            #[serde(default)]
            v: Vec<f64>,
            expected: Vec<f64>,
        }
        let text = include_str!("../../../tests/golden/matrices.json");
        let cases: Vec<Case> = serde_json::from_str(text).unwrap_or_default();
        let mut tried = 0;
        for case in cases.iter().filter(|case| case.space == "exponential") {
            let rows: Vec<&[f64]> = case.v.chunks(case.size[0]).collect();
            let out = exponential(&rows);
            let largest = |sum: f64, x: f64| sum.max(x.abs());
            let scale = case.expected.iter().copied().fold(0.0, largest);
            let errors = out.data.iter().zip(&case.expected);
            let error = errors.map(|(got, want)| got.0[0] - want).fold(0.0, largest);
            println!(
                "{} {:?}: {:.1} ε",
                case.label,
                case.size,
                error / scale / f64::EPSILON
            );
            let norm: f64 = case.v.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!(
                error <= (8.0 + 4.0 * norm) * f64::EPSILON * scale,
                "{}",
                case.label
            );
            tried += 1;
        }
        assert!(tried > 50);
    }

    #[test]
    fn lanes_do_not_feel_each_other() {
        let mut a = Matrix::zeros(2, 2);
        for (i, entry) in a.data.iter_mut().enumerate() {
            *entry = Wide(std::array::from_fn(|lane| {
                (1 + i) as f64 * 10.0_f64.powi(lane as i32 - 6)
            }));
        }
        let mut together = Matrix::zeros(2, 2);
        Exponential::new(2).minus_one(&a, &mut together);
        for lane in 0..8 {
            let rows: Vec<f64> = a.data.iter().map(|entry| entry.0[lane]).collect();
            let alone = exponential(&[&rows[..2], &rows[2..]]);
            for (x, y) in together.data.iter().zip(&alone.data) {
                assert_eq!(x.0[lane], y.0[lane]);
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for bad in [f64::NAN, f64::INFINITY] {
            let out = exponential(&[&[0.0, bad], &[1.0, 0.0]]);
            assert!(out.data.iter().any(|entry| !entry.0[0].is_finite()));
        }
    }
}
