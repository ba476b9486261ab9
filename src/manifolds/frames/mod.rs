//! What the spaces of orthonormal frames share: n × k matrices p with pᵀp = 1.
//!
//! Each operation has two forms, as everywhere in the crate: kernels on eight matrices at a time
//! (`fused`), and tensor formulas out of products alone, which have derivatives of every order,
//! also where singular values coincide, and run on every device.

pub(crate) mod fused;
pub(crate) mod series;

use tch::Tensor;

use crate::numerics::operation::Operation;
use crate::numerics::wide::exponential::Exponential;
use crate::numerics::wide::matrix::Matrix;
use crate::numerics::{check_batches, safe_sqrt};

/// aᵀ
pub(crate) fn transposed(a: &Tensor) -> Tensor {
    a.transpose(-2, -1)
}

/// aᵀ b
pub(crate) fn transposed_times(a: &Tensor, b: &Tensor) -> Tensor {
    transposed(a).matmul(b)
}

/// (a − aᵀ)/2
pub(crate) fn skew(a: &Tensor) -> Tensor {
    (a - transposed(a)) * 0.5
}

/// Σ a², over the last two dimensions.
pub(crate) fn square_sum(a: &Tensor) -> Tensor {
    a.square()
        .sum_dim_intlist([-2, -1].as_slice(), false, a.kind())
}

/// |a|, the Frobenius norm; its gradient at 0 is 0.
pub(crate) fn frobenius(a: &Tensor) -> Tensor {
    safe_sqrt(&square_sum(a))
}

/// The identity of the last dimension of `like`.
pub(crate) fn identity_like(like: &Tensor) -> Tensor {
    let k = like.size()[like.dim() - 1];
    Tensor::eye(k, (like.kind(), like.device()))
}

/// |pᵀp − 1|, entrywise the largest.
pub(crate) fn orthonormality_defect(p: &Tensor) -> Tensor {
    let error = transposed_times(p, p) - identity_like(p);
    error.abs().amax([-2, -1].as_slice(), false)
}

/// The polar factor x (xᵀx)^(−½): the nearest matrix with orthonormal columns.
///
/// Newton and Schulz's iteration x ← x(3 − xᵀx)/2 from x/|x|: products alone. NaN where a singular value
/// is below 1e-14 of |x|, for what has no polar factor of its own.
pub(crate) fn polar(x: &Tensor) -> Tensor {
    /// Enough for singular values that differ by a factor of 1e14: each grows by 3/2 a step while small.
    const MOST_STEPS: usize = 96;
    let size = frobenius(&x.detach());
    // A matrix of zeros has no polar factor; 0/0 says so.
    let mut x = x / size.unsqueeze(-1).unsqueeze(-1);
    for _ in 0..MOST_STEPS {
        let square = transposed_times(&x, &x);
        let defect = (square.detach() - identity_like(&square)).abs();
        x = &x * 1.5 - x.matmul(&square) * 0.5;
        // A row that is not a number must not stop the others.
        let defect = defect.nan_to_num(0.0, 0.0, 0.0);
        if defect.numel() == 0 || defect.max().double_value(&[]) <= 1e-8 {
            // One step more squares what is left.
            return newton_schulz(&x);
        }
    }
    let dependent = orthonormality_defect(&x.detach()).gt(1e-8);
    x.masked_fill(&dependent.unsqueeze(-1).unsqueeze(-1), f64::NAN)
}

/// e^a of square matrices, with derivatives of every order.
pub(crate) fn matrix_exponential(a: &Tensor) -> Tensor {
    let n = a.size()[a.dim() - 1] as usize;
    let kernel = || {
        let mut exponential = Exponential::new(n);
        move |[a]: &[Matrix; 1], out: &mut Matrix| {
            exponential.minus_one(a, out);
            out.add_to_diagonal(1.0);
        }
    };
    Operation::on([a])
        .matrix(kernel)
        .or(|[a]| series::exponential_minus_one(&a) + identity_like(&a))
}

/// x(3 − xᵀx)/2: squares the distance of nearly orthonormal columns from orthonormal ones.
pub(crate) fn newton_schulz(x: &Tensor) -> Tensor {
    x * 1.5 - x.matmul(&transposed_times(x, x)) * 0.5
}

/// A space whose points and tangents are matrices.
pub(crate) trait OfMatrices {
    /// The rows and columns of a point.
    fn size_of_point(&self) -> [i64; 2];

    /// Panics unless every tensor ends in these dimensions, and as [`check_batches`].
    #[track_caller]
    fn check(&self, op: &str, tensors: &[&Tensor]) {
        check_batches(op, &self.size_of_point(), tensors);
    }

    /// An operation on points and tangents.
    #[track_caller]
    fn operation<'a, const N: usize>(
        &self,
        name: &str,
        inputs: [&'a Tensor; N],
    ) -> Operation<'a, N> {
        Operation::new(name, inputs, &self.size_of_point())
    }
}
