//! The derivative of magnitude in the scale.

use tch::Tensor;

use super::to_vec;
use crate::numerics::rows::measure_rows;
use crate::numerics::wide::similarity::weighted_slope;

/// wᵀ(d ∘ Z)w with Z = e^(−t d): dZ/dt = −d ∘ Z, so that dw/dt = Z⁻¹(d ∘ Z)w. Infinite distances add
/// nothing.
pub(in crate::magnitude) fn scale_derivative(distances: &Tensor, t: f64, weights: &Tensor) -> f64 {
    let w = to_vec(weights);
    let rows = measure_rows([distances], |row, [d]| w[row] * weighted_slope(t, d, &w));
    rows.iter().sum()
}
