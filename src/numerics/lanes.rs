//! Sums over coordinates in four independent lanes, which the compiler turns into vector
//! instructions, and the entry points that let it use fused multiply-adds.

use super::double_double::{two_product, two_sum};

/// Independent partial sums: one vector register of f64, and enough to hide the latency of a sum.
const LANES: usize = 2;

/// Folds the coordinates of `N` rows of one length into four independent totals.
#[inline(always)]
pub(crate) fn fold<const N: usize, T: Copy>(
    rows: [&[f64]; N],
    zero: T,
    step: impl Fn([f64; N], T) -> T,
) -> [T; LANES] {
    let split = rows.map(|row| row.as_chunks::<LANES>());
    let mut totals = [zero; LANES];
    for k in 0..split[0].0.len() {
        let chunk = split.map(|(chunks, _)| chunks[k]);
        totals =
            std::array::from_fn(|lane| step(std::array::from_fn(|i| chunk[i][lane]), totals[lane]));
    }
    // To the first lane alone: an index that varies would put all totals into memory.
    for k in 0..split[0].1.len() {
        totals[0] = step(split.map(|(_, rest)| rest[k]), totals[0]);
    }
    totals
}

/// Σ over coordinates of `K` summands, which `term` adds to what there is.
#[inline(always)]
pub(crate) fn sums<const N: usize, const K: usize>(
    rows: [&[f64]; N],
    term: impl Fn([f64; N], [f64; K]) -> [f64; K],
) -> [f64; K] {
    let totals = fold(rows, [0.0; K], term);
    std::array::from_fn(|k| totals[0][k] + totals[1][k])
}

/// x·y
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let [sum] = sums([x, y], |[x, y], [sum]| [x.mul_add(y, sum)]);
    sum
}

/// Σ of exact terms: `term` adds to a double-double (high, low) for each lane.
#[inline(always)]
fn exact_sum<const N: usize>(
    rows: [&[f64]; N],
    term: impl Fn([f64; N], (f64, f64)) -> (f64, f64),
) -> (f64, f64) {
    let totals = fold(rows, (0.0, 0.0), term);
    let (high, error) = two_sum(totals[0].0, totals[1].0);
    (high, error + (totals[0].1 + totals[1].1))
}

/// x·x as a double-double.
#[inline(always)]
pub(crate) fn exact_square(x: &[f64]) -> (f64, f64) {
    exact_sum([x], |[x], (high, low)| {
        let (product, product_error) = two_product(x, x);
        let (sum, sum_error) = two_sum(high, product);
        (sum, low + (product_error + sum_error))
    })
}

/// |y|² − |x|² = ⟨y − x, y + x⟩, to full relative precision.
#[inline(always)]
pub(crate) fn square_difference(x: &[f64], y: &[f64]) -> f64 {
    let (high, low) = exact_sum([x, y], |[x, y], (high, low)| {
        let ((d, d_error), (s, s_error)) = (two_sum(y, -x), two_sum(x, y));
        let (product, product_error) = two_product(d, s);
        let (sum, sum_error) = two_sum(high, product);
        let rest = d.mul_add(s_error, d_error * s);
        (sum, low + (rest + (product_error + sum_error)))
    });
    high + low
}

/// Defines functions that call a method compiled twice: with AVX2 and fused multiply-add
/// instructions, chosen at run time, and without. A fused multiply-add rounds once whether an
/// instruction or a library computes it, so both give the same bits.
///
/// The methods, and all that they call, must be `#[inline(always)]` to be compiled with the
/// features of their caller.
macro_rules! compiled_twice {
    ($type:ty { $(fn $name:ident($($arg:ident: $of:ty),*) $(-> $result:ty)?;)* }) => {
        $(
            #[inline]
            pub(crate) fn $name(this: &$type, $($arg: $of),*) $(-> $result)? {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2,fma")]
                    fn with_fma(this: &$type, $($arg: $of),*) $(-> $result)? {
                        this.$name($($arg),*)
                    }
                    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                        // SAFETY: the features were just detected.
                        return unsafe { with_fma(this, $($arg),*) };
                    }
                }
                this.$name($($arg),*)
            }
        )*
    };
}
pub(crate) use compiled_twice;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_cover_every_coordinate_at_every_length() {
        for n in 0..12 {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i) + 1.0).collect();
            let expected: f64 = x.iter().map(|x| x * x).sum();
            assert_eq!(dot(&x, &x), expected);
            let (high, low) = exact_square(&x);
            assert_eq!(high + low, expected);
            assert_eq!(square_difference(&vec![0.0; x.len()], &x), expected);
        }
    }

    #[test]
    fn squares_keep_what_rounding_would_lose() {
        let x = [1.0 + f64::EPSILON, f64::EPSILON, 1.0, -1.0, 2.0];
        let (high, low) = exact_square(&x);
        assert!((high - 7.0 + low - 2.0 * f64::EPSILON).abs() < 1e-31);
    }

    #[test]
    fn square_differences_do_not_cancel() {
        let (x, y) = ([1e8, 3.0], [1e8, 3.0 + 1e-9]);
        let d = (3.0 + 1e-9) - 3.0;
        assert_eq!(square_difference(&x, &y), d * (6.0 + 1e-9));
    }
}
