//! How much a symmetric system magnifies what is wrong in its entries.

use tch::{Kind, Tensor};

use crate::Result;

/// Steps after which the search for a larger column ends; two are the rule.
const STEPS: usize = 5;

/// An estimate of ‖A⁻¹‖₁, never above it but for rounding, for a symmetric A of which `solve(b)` gives
/// A⁻¹b for columns b; `of_ones` is A⁻¹1, `[n, 1]`.
///
/// Climbs from column to column of A⁻¹ along the gradient of its norm, and compares with the image of
/// one alternating vector, which meets the cases where the climb is misled (higham1988), and with the column `suspect`, of the
/// smallest pivot where one is known: of two equal rows of A both may be misled.
pub(in crate::magnitude) fn inverse_norm(
    of_ones: &Tensor,
    suspect: Option<i64>,
    solve: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<f64> {
    let n = of_ones.size()[0];
    let mut estimate = one_norm(of_ones) / n as f64;
    let mut signs = signs(of_ones);
    let alternating = alternating(of_ones);
    let mut first = vec![signs.shallow_clone(), alternating];
    first.extend(suspect.map(|column| unit(of_ones, column)));
    let images = solve(&Tensor::cat(&first, 1))?;
    let mut slope = images.narrow(1, 0, 1);
    let other = 2.0 * one_norm(&images.narrow(1, 1, 1)) / (3.0 * n as f64);
    if suspect.is_some() {
        estimate = estimate.max(one_norm(&images.narrow(1, 2, 1)));
    }
    let mut tried = -1;
    for _ in 0..STEPS {
        let steepest = slope.abs().view(-1).argmax(0, false).int64_value(&[]);
        if steepest == tried {
            break;
        }
        tried = steepest;
        let column = solve(&unit(of_ones, steepest))?;
        let norm = one_norm(&column);
        let new_signs = self::signs(&column);
        if norm <= estimate || new_signs.equal(&signs) {
            estimate = estimate.max(norm);
            break;
        }
        (estimate, signs) = (norm, new_signs);
        slope = solve(&signs)?;
    }
    Ok(estimate.max(other))
}

/// The unit vector of a place.
fn unit(like: &Tensor, place: i64) -> Tensor {
    let unit = like.zeros_like();
    let _ = unit.narrow(0, place, 1).fill_(1.0);
    unit
}

fn one_norm(column: &Tensor) -> f64 {
    column.abs().sum(Kind::Double).double_value(&[])
}

/// 1 where an entry is at least 0, −1 elsewhere.
fn signs(column: &Tensor) -> Tensor {
    column.ge(0.0).to_kind(Kind::Double) * 2.0 - 1.0
}

/// 1, −(1 + 1/(n−1)), 1 + 2/(n−1), … , ±2.
fn alternating(like: &Tensor) -> Tensor {
    let n = like.size()[0];
    let step = 1.0 / (n - 1).max(1) as f64;
    let entries: Vec<f64> = (0..n)
        .map(|i| (1.0 + i as f64 * step) * if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    Tensor::from_slice(&entries)
        .unsqueeze(1)
        .to_device(like.device())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_of_an_inverse_is_found() {
        for n in [1, 2, 5, 30] {
            // Symmetric and without a pattern.
            let entries: Vec<f64> = (0..n * n)
                .map(|i| ((i * i + 1) as f64 * 12.9898).sin())
                .collect();
            let a = Tensor::from_slice(&entries).view([n, n]);
            let a = &a + a.transpose(0, 1);
            let inverse = a.inverse();
            let exact = inverse.abs().sum_dim_intlist(0, false, Kind::Double);
            let exact = exact.max().double_value(&[]);
            let ones = Tensor::ones([n, 1], (Kind::Double, tch::Device::Cpu));
            let of_ones = inverse.matmul(&ones);
            let found = inverse_norm(&of_ones, None, |b| Ok(inverse.matmul(b))).unwrap();
            assert!(found <= exact * (1.0 + 1e-12), "n = {n}: {found} {exact}");
            assert!(found >= exact / 2.0, "n = {n}: {found} {exact}");
        }
    }
}
