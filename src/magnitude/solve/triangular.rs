//! Solves with triangular factors.

use tch::Tensor;

/// Columns up to which they are solved one by one: libtorch's solve of one column reads L as fast as
/// memory gives it, and that of several takes ten times as long.
const FEW_COLUMNS: i64 = 8;

/// (L Lᵀ)⁻¹ b.
pub(in crate::magnitude) fn cholesky_solve(l: &Tensor, b: &Tensor) -> Tensor {
    let columns = b.size()[1];
    if columns == 1 || columns > FEW_COLUMNS {
        let half = l.linalg_solve_triangular(b, false, true, false);
        return l
            .transpose(0, 1)
            .linalg_solve_triangular(&half, true, true, false);
    }
    let solved: Vec<Tensor> = (0..columns)
        .map(|column| cholesky_solve(l, &b.narrow(1, column, 1)))
        .collect();
    Tensor::cat(&solved, 1)
}
