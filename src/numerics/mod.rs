//! Numerical building blocks: kernels, safe functions and linear algebra.
//!
//! An operation of a manifold can have two forms. A *kernel* computes the value on the CPU, in f64, on
//! single rows (`rows`) or on eight matrices at a time (`wide`), with the few sums that decide accuracy
//! in double-double. A *tensor formula* computes the gradient, and also the value on other devices.
//! Both widen f32 to f64 and round the result once. The choice between them is made in one place,
//! `operation`; [`with_tensor_formulas`] makes it for a test.

pub(crate) mod across;
mod boundary;
pub(crate) mod cholesky;
pub(crate) mod compensated;
pub(crate) mod double_double;
mod eigen;
pub(crate) mod lanes;
pub(crate) mod operation;
mod recording;
pub(crate) mod rows;
pub(crate) mod special;
pub(crate) mod wide;

pub(crate) use boundary::{
    batch_of, check_batches, check_broadcast, check_list, check_numbers, check_weights, described,
    require_at_least_one, require_defined, require_floating, require_positive,
};
pub use eigen::{EigenConfig, ExtremeEigenpairs, extreme_eigenpairs};
pub use operation::with_tensor_formulas;
pub(crate) use recording::{is_recorded, no_grad, with_grad};

use tch::{Kind, Tensor};

/// The sum over the last dimension, which is removed.
///
/// # Panics
///
/// For an undefined tensor.
#[track_caller]
pub fn sum_last(x: &Tensor) -> Tensor {
    assert!(
        x.defined(),
        "sum_last: expected a tensor, got an undefined one"
    );
    x.sum_dim_intlist(-1, false, x.kind())
}

/// The Euclidean norm over the last dimension; its gradient at 0 is 0.
///
/// # Panics
///
/// For a kind other than f64 and f32.
#[track_caller]
pub fn norm_last(x: &Tensor) -> Tensor {
    check_numbers("norm_last", &[x]);
    safe_sqrt(&sum_last(&(x * x)))
}

/// √x for x ≥ 0, with gradient 0 instead of ∞ at x = 0. Negative x, which should come only from
/// rounding, gives 0; NaN stays NaN.
///
/// # Panics
///
/// For a kind other than f64 and f32.
#[track_caller]
pub fn safe_sqrt(x: &Tensor) -> Tensor {
    check_numbers("safe_sqrt", &[x]);
    let regular = x.le(0.0).logical_not();
    let root = x.where_self(&regular, &x.ones_like()).sqrt();
    root.where_self(&regular, &x.zeros_like())
}

/// `x` broadcast to the common shape of `x` and `other`.
///
/// # Panics
///
/// When the shapes do not broadcast.
#[track_caller]
pub fn broadcast_to_both(x: &Tensor, other: &Tensor) -> Tensor {
    let sizes = [x.size(), other.size()];
    if sizes[0] == sizes[1] {
        return x.shallow_clone();
    }
    check_broadcast("broadcast_to_both", &[&sizes[0], &sizes[1]]);
    let both = Tensor::broadcast_tensors(&[x, other]);
    both[0].shallow_clone()
}

/// 0 where x is finite, NaN elsewhere.
pub(crate) fn finite_defect(x: &Tensor) -> Tensor {
    x * 0.0
}

/// Σ over the last dimension, which is kept with size 1.
pub(crate) fn sum_keep(x: &Tensor) -> Tensor {
    x.sum_dim_intlist(-1, true, x.kind())
}

/// The Euclidean norm over the last dimension, which is kept with size 1, also where squares overflow;
/// its gradient at 0 is 0. NaN where a number is not finite.
pub(crate) fn norm_keep(x: &Tensor) -> Tensor {
    let largest = x.detach().abs().amax([-1], true);
    let scale = largest.where_self(&largest.gt(1.0), &largest.ones_like());
    safe_sqrt(&sum_keep(&(x / &scale).square())) * scale
}

/// x over its norm `[.., 1]`, 0 where that is 0.
pub(crate) fn over_norm(x: &Tensor, norm: &Tensor) -> Tensor {
    x / norm.where_self(&norm.gt(0.0), &norm.ones_like())
}

/// The Euclidean distances of the rows of two matrices, `[.., q, n]` and `[.., k, n]` → `[.., q, k]`, from
/// differences: the matrix product that libtorch takes for large ones loses digits of near rows.
pub(crate) fn row_distances(x: &Tensor, y: &Tensor) -> Tensor {
    const WITHOUT_MATRIX_PRODUCT: i64 = 2;
    Tensor::cdist(x, y, 2.0, WITHOUT_MATRIX_PRODUCT)
}

/// `z`, pulled back along its ray to the size `limit` where its size `[.., 1]`, a multiple of its norm, is
/// beyond.
pub(crate) fn pull_within(z: &Tensor, size: &Tensor, limit: &Tensor) -> Tensor {
    let beyond = size.gt_tensor(limit);
    let one = size.ones_like();
    let unit = z / size.where_self(&beyond, &one);
    unit * (&one * limit).where_self(&beyond, &one)
}

/// ⟨x, y⟩ over the last dimension, which is kept with size 1.
pub(crate) fn dot_keep(x: &Tensor, y: &Tensor) -> Tensor {
    sum_keep(&(x * y))
}

/// `exact`, bit for bit, with the gradient of `plain`, where both are the same quantity.
///
/// Where `plain` is not finite the value is `exact` still, and nothing flows back into `plain`.
pub(crate) fn with_gradient_of(exact: &Tensor, plain: &Tensor) -> Tensor {
    if is_recorded(plain) {
        // NaN − NaN would change the value.
        let plain = plain.nan_to_num(0.0, 0.0, 0.0);
        exact.detach() + (&plain - plain.detach())
    } else {
        exact.shallow_clone()
    }
}

/// Runs `formula` in f64 and rounds its result to the kind of the inputs.
pub(crate) fn in_f64<const N: usize>(
    inputs: [&Tensor; N],
    formula: impl FnOnce([Tensor; N]) -> Tensor,
) -> Tensor {
    let kind = inputs[0].kind();
    formula(inputs.map(|t| t.to_kind(Kind::Double))).to_kind(kind)
}

/// Panics unless every tensor ends in dimension `n`, and as [`check_batches`].
#[track_caller]
pub(crate) fn check_points(op: &str, n: i64, tensors: &[&Tensor]) {
    check_batches(op, &[n], tensors);
}
