//! Similarities e^(−t d), eight at a time.

use super::{WIDTH, Wide, for_each_processor};
use crate::numerics::compensated::Lanes;
use crate::numerics::double_double::Real;

/// e^−s for s ≥ 0 to a rounding or two; 0 from s = 708 on, where the truth is below 4e-308.
#[inline(always)]
pub(crate) fn exp_of_minus(s: Wide) -> Wide {
    /// Adding it rounds to an integer, which is in the last bits of the sum.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// Beyond it 2^n is subnormal.
    const END: f64 = 708.0;
    let inside = s.map(|s| if s < END { s } else { END });
    let shifted = (-inside).mul_add(Wide::splat(std::f64::consts::LOG2_E), Wide::splat(ROUNDER));
    let n = shifted - Wide::splat(ROUNDER);
    let r = n.mul_add(Wide::splat(-LN_2_HIGH), -inside);
    let r = n.mul_add(Wide::splat(-LN_2_LOW), r);
    // 1/j!, by pairs: |r| ≤ ln 2/2, and what is left out is below 1e-17.
    let c = |j: usize| Wide::splat(INVERSE_FACTORIALS[j]);
    let pair = |j: usize| r.mul_add(c(j + 1), c(j));
    let (r2, one) = (r * r, Wide::ONE);
    let r4 = r2 * r2;
    let low = r2.mul_add(pair(2), r + one);
    let middle = r2.mul_add(pair(6), pair(4));
    let high = r2.mul_add(pair(10), pair(8));
    let top = r4.mul_add(pair(12), high);
    let value = r4.mul_add(r4.mul_add(top, middle), low);
    let power = shifted
        .map(|shifted| f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits())));
    (value * power).zip(s, |value, s| if s < END { value } else { 0.0 })
}

/// 1/j!
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut table = [1.0; 14];
    let mut j = 1;
    while j < 14 {
        table[j] = table[j - 1] / j as f64;
        j += 1;
    }
    table
};

/// Eight numbers from `place` on, and as many as there are beyond the end.
#[inline(always)]
fn load(numbers: &[f64], place: usize) -> Wide {
    let numbers = &numbers[place..numbers.len().min(place + WIDTH)];
    if numbers.len() == WIDTH {
        Wide(std::array::from_fn(|k| numbers[k]))
    } else {
        Wide(std::array::from_fn(|k| {
            numbers.get(k).copied().unwrap_or(0.0)
        }))
    }
}

/// Similarities that are computed before they are used.
const TOGETHER: usize = 256;

for_each_processor! {
    /// e^(−t d) of every distance, which may be infinite.
    pub(crate) fn row_of_similarities(t: f64, distances: &[f64], out: &mut [f64]) {
        for (chunk, out) in out.chunks_mut(WIDTH).enumerate() {
            let z = exp_of_minus(load(distances, chunk * WIDTH) * Wide::splat(t));
            out.copy_from_slice(&z.0[..out.len()]);
        }
    }

    /// Σ d e^(−t d) w; infinite distances add nothing.
    pub(crate) fn weighted_slope(t: f64, distances: &[f64], weights: &[f64]) -> f64 {
        let mut sum = Wide::ZERO;
        for place in (0..distances.len()).step_by(WIDTH) {
            let d = load(distances, place);
            let z = exp_of_minus(d * Wide::splat(t));
            // ∞ · 0 is not a number.
            let finite = d.map(|d| if d < f64::INFINITY { d } else { 0.0 });
            sum = (finite * z).mul_add(load(weights, place), sum);
        }
        sum.0.iter().sum()
    }

    /// Adds the numbers to the sums that they fall to in turn.
    fn add_in_turn(sums: &mut [f64; WIDTH], numbers: &[f64]) {
        let (chunks, rest) = numbers.as_chunks::<WIDTH>();
        for chunk in chunks {
            for lane in 0..WIDTH {
                sums[lane] += chunk[lane];
            }
        }
        for (sum, number) in sums.iter_mut().zip(rest) {
            *sum += number;
        }
    }

    /// How many numbers that are at least 0 are 0.
    pub(crate) fn count_zeros(numbers: &[f64]) -> usize {
        count_below(f64::from_bits(1), numbers)
    }

    /// How many numbers are below a bound.
    pub(crate) fn count_below(bound: f64, numbers: &[f64]) -> usize {
        let mut counts = [0_u64; WIDTH];
        let (chunks, rest) = numbers.as_chunks::<WIDTH>();
        for chunk in chunks {
            for (count, &number) in counts.iter_mut().zip(chunk) {
                *count += u64::from(number < bound);
            }
        }
        let rest = rest.iter().filter(|&&number| number < bound).count();
        counts.iter().sum::<u64>() as usize + rest
    }
}

/// Σ e^(−t d) w as a double-double, its error that of a sum in twice the precision; and Σ e^(−t d) in f64.
pub(crate) fn image_of_similarities(
    t: f64,
    distances: &[f64],
    weights: &[f64],
) -> ((f64, f64), f64) {
    let (mut image, mut sums) = (Lanes::default(), [0.0; WIDTH]);
    let mut similarities = [0.0; TOGETHER];
    for (d, w) in distances.chunks(TOGETHER).zip(weights.chunks(TOGETHER)) {
        let similarities = &mut similarities[..d.len()];
        row_of_similarities(t, d, similarities);
        image.add_dot(similarities, w);
        add_in_turn(&mut sums, similarities);
    }
    (image.total(), sums.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::compensated::{dot, plus};

    fn negated((high, low): (f64, f64)) -> (f64, f64) {
        (-high, -low)
    }

    #[test]
    fn rows_of_every_length_are_those_of_the_library() {
        for n in 0..20_u32 {
            let mut d: Vec<f64> = (0..n).map(|i| f64::from(i).sin().abs() * 3.0).collect();
            if n > 3 {
                d[2] = f64::INFINITY;
            }
            let w: Vec<f64> = (0..n).map(|i| f64::from(i).cos()).collect();
            let mut z = vec![1.0; d.len()];
            row_of_similarities(0.7, &d, &mut z);
            let mut slope = 0.0;
            for ((&d, &z), w) in d.iter().zip(&z).zip(&w) {
                assert!(
                    (z - (-0.7 * d).exp()).abs() <= 4.0 * f64::EPSILON,
                    "{d}: {z}"
                );
                slope += if d.is_finite() { d * z * w } else { 0.0 };
            }
            let got = weighted_slope(0.7, &d, &w);
            assert!((got - slope).abs() < 1e-14, "{got} {slope}");
            let ((high, low), sum) = image_of_similarities(0.7, &d, &w);
            let image = plus((high, low), negated(dot(&z, &w)));
            assert!((image.0 + image.1).abs() < 1e-29, "{n}: {image:?}");
            assert!((sum - z.iter().sum::<f64>()).abs() < 1e-14, "{n}: {sum}");
        }
    }

    #[test]
    fn exponentials_have_all_digits() {
        for step in 0..7200 {
            let s = f64::from(step) * 0.1 + f64::from(step).sin().abs() * 0.05;
            let got = exp_of_minus(Wide::splat(s)).0[step as usize % WIDTH];
            let want = if s < 708.0 { (-s).exp() } else { 0.0 };
            let allowed = 3.0 * f64::EPSILON * want;
            assert!((got - want).abs() <= allowed, "{s}: {got:e} {want:e}");
        }
        assert_eq!(exp_of_minus(Wide::ZERO), Wide::ONE);
        assert_eq!(exp_of_minus(Wide::splat(f64::INFINITY)), Wide::ZERO);
    }
}
