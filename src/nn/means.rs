//! Centroids of the same points with many sets of weights.

use tch::{Kind, Tensor};

use crate::numerics::{norm_keep, over_norm, row_distances, sum_keep};

/// The times √(1/c + |s|²) of points whose spatial parts have these lengths.
pub(super) fn time(c: &Tensor, length: &Tensor) -> Tensor {
    length.hypot(&(length.ones_like() * c.rsqrt()))
}

/// The spatial parts of the centroids S/(√c √(−⟨S, S⟩_L)), S = Σ wⱼ xⱼ, of points of these spatial parts.
///
/// −⟨S, S⟩_L is (T − |S|)(T + |S|) of the time and length of the sum, and
///
/// ```text
/// T − |S| = Σ wⱼ (tⱼ − |sⱼ| + |sⱼ| |ŝⱼ − Ŝ|²/2)
/// ```
///
/// adds up what is positive, so that far points in one direction keep their digits, but for what a rounding of
/// their directions is worth: e^ρ roundings at the distance ρ/√c, all digits at 36/√c.
///
/// # Shapes
///
/// `s` `[.., k, n]` and weights `[.., q, k]` whose rows add up to 1, both f64 → `[.., q, n]`
pub(super) fn centroids(c: &Tensor, s: &Tensor, weights: &Tensor) -> Tensor {
    let across = |t: &Tensor| t.transpose(-2, -1);
    let length = norm_keep(s);
    let time = time(c, &length);
    let rest = (c * (time + &length)).reciprocal();
    let sum = weights.matmul(s);
    let sum_length = norm_keep(&sum);
    // The direction of the sum does not move T − |S|.
    let direction = over_norm(&sum, &sum_length).detach();
    let chord = row_distances(&direction, &over_norm(s, &length));
    let row = across(&length);
    // Without a direction of its own, at the origin or of a sum that cancels, a point has |s| − s·Ŝ.
    let has_direction = row.gt(0.0).logical_and(&sum_length.gt(0.0));
    let plain = &row - direction.matmul(&across(s));
    let off = (&row * chord.square() / 2.0).where_self(&has_direction, &plain);
    let less = sum_keep(&(weights * (across(&rest) + off)));
    scaled_back(c, &sum, &sum_length, &less)
}

/// [`centroids`] of weights φ(qᵢ)·φ(kⱼ), divided by their sums, in time and memory linear in points.
/// T − |S| is a difference here, which costs e^{2ρ} roundings at the distance ρ; it is at least
/// Σ wⱼ (tⱼ − |sⱼ|).
///
/// # Shapes
///
/// `s` `[.., k, n]`, `to` `[.., q, m]` ≥ 0 and `from` `[.., k, m]` ≥ 0, f64 → `[.., q, n]`
pub(super) fn linear_time_centroids(
    c: &Tensor,
    s: &Tensor,
    (to, from): (&Tensor, &Tensor),
) -> Tensor {
    let length = norm_keep(s);
    let time = time(c, &length);
    let rest = (c * (&time + &length)).reciprocal();
    let values = Tensor::cat(&[length.ones_like(), time, rest, s.shallow_clone()], -1);
    let sums = to.matmul(&from.transpose(-2, -1).matmul(&values));
    let mean = |start: i64, count: i64| sums.narrow(-1, start, count) / sums.narrow(-1, 0, 1);
    let (mean_time, rest, sum) = (mean(1, 1), mean(2, 1), mean(3, s.size()[s.dim() - 1]));
    let sum_length = norm_keep(&sum);
    let less = (mean_time - &sum_length).maximum(&rest);
    scaled_back(c, &sum, &sum_length, &less)
}

/// S/(√c √((T − |S|)(T + |S|))) of a sum, its length and T − |S|.
pub(super) fn scaled_back(c: &Tensor, sum: &Tensor, length: &Tensor, less: &Tensor) -> Tensor {
    debug_assert_eq!(sum.kind(), Kind::Double);
    let more = less + length * 2.0;
    sum / (less.sqrt() * more.sqrt() * c.sqrt())
}
