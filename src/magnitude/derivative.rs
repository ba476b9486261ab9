//! The derivative of magnitude in the scale.

use tch::{Kind, Tensor};

use super::similarity::to_vec;
use crate::numerics::rows::measure_rows;

/// wᵀ(d ∘ Z)w with Z = e^(−t d): dZ/dt = −d ∘ Z, so that dw/dt = Z⁻¹(d ∘ Z)w. Infinite distances add
/// nothing.
pub(super) fn scale_derivative(distances: &Tensor, t: f64, weights: &Tensor) -> f64 {
    let w = to_vec(weights);
    let similarities = (distances.detach().to_kind(Kind::Double) * -t).exp();
    let rows = measure_rows([distances, &similarities], |row, [d, z]| {
        let sum: f64 = (0..w.len())
            .filter(|&other| d[other].is_finite())
            .map(|other| d[other] * z[other] * w[other])
            .sum();
        w[row] * sum
    });
    rows.iter().sum()
}
