//! The last column of the inverse of a small similarity matrix, of which approximations of Z⁻¹ are made.

use crate::numerics::lanes::dot;
use crate::numerics::wide::for_each_processor;

for_each_processor! {
    /// c = L⁻ᵀ e of the last unit vector e, for `matrix` = L Lᵀ, which is overwritten; with it Z⁻¹e = c·c_last. `None` where a
    /// pivot is not above `least`.
    pub(in crate::magnitude) fn inverse_column(matrix: &mut [f64], width: usize, least: f64) -> Option<Vec<f64>> {
        for i in 0..width {
            let (above, row) = matrix.split_at_mut(i * width);
            for j in 0..i {
                let earlier = &above[j * width..][..=j];
                row[j] = (row[j] - dot(&row[..j], &earlier[..j])) / earlier[j];
            }
            let square = row[i] - dot(&row[..i], &row[..i]);
            // NaN is not positive either.
            if square.is_nan() || square <= least {
                return None;
            }
            row[i] = square.sqrt();
        }
        let mut column = vec![0.0; width];
        column[width - 1] = 1.0;
        for i in (0..width).rev() {
            let row = &matrix[i * width..][..=i];
            column[i] /= row[i];
            let (rest, value) = column[..=i].split_at_mut(i);
            for (entry, coefficient) in rest.iter_mut().zip(row) {
                *entry -= coefficient * value[0];
            }
        }
        Some(column)
    }
}
