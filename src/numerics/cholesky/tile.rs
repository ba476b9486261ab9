//! The inner loops, each of which is compiled for the processor's vectors.

use std::ops::Div;

use crate::numerics::double_double::Real;
use crate::numerics::rows::Element;
use crate::numerics::wide::for_each_processor;

/// Whether the processor multiplies and adds vectors in one instruction, without which the loops here are slow.
pub(crate) fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        cfg!(target_arch = "aarch64")
    }
}

/// A kind of number that L is made of, W to a vector.
pub(crate) trait Number<const W: usize>:
    Element + Real + Div<Output = Self> + PartialOrd + 'static
{
    /// `tile[j][i] − Σₖ rows[k][i] others[k][j]`.
    fn subtract_product(tile: &mut [[Self; W]], rows: &[[Self; W]], others: &[[Self; W]]);

    /// X from X Lᵀ in `tile[column][row]` and L in `triangle[column][row]`.
    fn divide(tile: &mut [[Self; W]], triangle: &[[Self; W]]);

    /// Σₖ `rows[k][i]` xₖ.
    fn image(rows: &[[Self; W]], x: &[Self]) -> [Self; W];

    /// Subtracts from each xₖ the sum of `panels[p][k][i] y[p][i]`.
    fn subtract_transposed(x: &mut [Self], panels: &[&[[Self; W]]], y: &[[Self; W]]);
}

/// For a kind of number the loops for each processor; `parts` are the columns of a tile that are computed together, from the
/// given one on: as many as leave room for the rest in sixteen vector registers.
macro_rules! number {
    ($kind:ty, $width:literal, $module:ident, $($count:literal from $first:literal),*) => {
        mod $module {
            use super::{for_each_processor, divide, image, subtract_columns, subtract_transposed};

            type Vector = [$kind; $width];

            for_each_processor! {
                pub(super) fn subtract_product_for(tile: &mut [Vector], rows: &[Vector], others: &[Vector]) {
                    $(subtract_columns::<$kind, $width, $count, $first>(tile, rows, others);)*
                }

                pub(super) fn divide_for(tile: &mut [Vector], triangle: &[Vector]) {
                    divide(tile, triangle);
                }

                pub(super) fn image_for(rows: &[Vector], x: &[$kind]) -> Vector {
                    image(rows, x)
                }

                pub(super) fn subtract_transposed_for(x: &mut [$kind], panels: &[&[Vector]], y: &[Vector]) {
                    subtract_transposed(x, panels, y);
                }
            }
        }

        impl Number<$width> for $kind {
            fn subtract_product(tile: &mut [[Self; $width]], rows: &[[Self; $width]], others: &[[Self; $width]]) {
                $module::subtract_product_for(tile, rows, others);
            }

            fn divide(tile: &mut [[Self; $width]], triangle: &[[Self; $width]]) {
                $module::divide_for(tile, triangle);
            }

            fn image(rows: &[[Self; $width]], x: &[Self]) -> [Self; $width] {
                $module::image_for(rows, x)
            }

            fn subtract_transposed(x: &mut [Self], panels: &[&[[Self; $width]]], y: &[[Self; $width]]) {
                $module::subtract_transposed_for(x, panels, y);
            }
        }
    };
}
number!(f32, 16, single, 6 from 0, 6 from 6, 4 from 12);
number!(f64, 16, double, 2 from 0, 2 from 2, 2 from 4, 2 from 6, 2 from 8, 2 from 10, 2 from 12, 2 from 14);

/// Adds x times a factor.
#[inline(always)]
pub(super) fn add_multiple<T: Real>(sums: &mut [T], x: &[T], factor: T) {
    for (sum, &x) in sums.iter_mut().zip(x) {
        *sum = x.mul_add(factor, *sum);
    }
}

#[inline(always)]
fn subtract_columns<T: Real + Element, const W: usize, const COUNT: usize, const FIRST: usize>(
    tile: &mut [[T; W]],
    rows: &[[T; W]],
    others: &[[T; W]],
) {
    let mut sums = [[T::narrow(0.0); W]; COUNT];
    for (row, other) in rows.iter().zip(others) {
        for (place, sum) in sums.iter_mut().enumerate() {
            add_multiple(sum, row, other[FIRST + place]);
        }
    }
    for (column, sum) in tile[FIRST..FIRST + COUNT].iter_mut().zip(sums) {
        for (entry, sum) in column.iter_mut().zip(sum) {
            *entry = *entry - sum;
        }
    }
}

#[inline(always)]
fn divide<T: Real + Div<Output = T>, const W: usize>(tile: &mut [[T; W]], triangle: &[[T; W]]) {
    for column in 0..W {
        let (done, rest) = tile.split_at_mut(column);
        let own = &mut rest[0];
        for (before, triangle) in done.iter().zip(triangle) {
            add_multiple(own, before, -triangle[column]);
        }
        let pivot = triangle[column][column];
        for entry in own.iter_mut() {
            *entry = *entry / pivot;
        }
    }
}

/// Columns that are summed apart, so that no sum waits for the one before.
const APART: usize = 4;

#[inline(always)]
fn image<T: Real + Element, const W: usize>(rows: &[[T; W]], x: &[T]) -> [T; W] {
    let mut sums = [[T::narrow(0.0); W]; APART];
    let (chunks, last_rows) = rows.as_chunks::<APART>();
    let (parts, last_x) = x.as_chunks::<APART>();
    for (rows, x) in chunks.iter().zip(parts) {
        for ((sum, row), &x) in sums.iter_mut().zip(rows).zip(x) {
            add_multiple(sum, row, x);
        }
    }
    for ((sum, row), &x) in sums.iter_mut().zip(last_rows).zip(last_x) {
        add_multiple(sum, row, x);
    }
    let [a, b, c, d] = sums;
    std::array::from_fn(|lane| (a[lane] + b[lane]) + (c[lane] + d[lane]))
}

#[inline(always)]
fn subtract_transposed<T: Real + Element, const W: usize>(
    x: &mut [T],
    panels: &[&[[T; W]]],
    y: &[[T; W]],
) {
    for (place, x) in x.iter_mut().enumerate() {
        let mut sums = [T::narrow(0.0); W];
        for (panel, y) in panels.iter().zip(y) {
            let column = &panel[place];
            sums = std::array::from_fn(|lane| column[lane].mul_add(y[lane], sums[lane]));
        }
        let mut half = W / 2;
        while half > 0 {
            let (first, second) = sums.split_at_mut(half);
            for (sum, &other) in first.iter_mut().zip(&*second) {
                *sum = *sum + other;
            }
            half /= 2;
        }
        *x = *x - sums[0];
    }
}
