//! The one door of operations that have kernels: where a kernel or a formula is chosen.
//!
//! An operation of a manifold has up to two forms. Its *kernel* works on the memory of CPU tensors,
//! on single rows of f64 ([`rows`](super::rows)) or on eight matrices at a time
//! ([`wide`](super::wide)); it gives the most exact value, and is the fastest. Its *formula* is made
//! of tensor operations; it gives the gradient, and the value on other devices. Both see f32 as f64,
//! and round the result once. [`Operation`] takes both and chooses:
//!
//! | inputs | value | gradient |
//! | --- | --- | --- |
//! | on the CPU, nothing is recorded | kernel | |
//! | on the CPU, a gradient is recorded | kernel | formula |
//! | on another device, or of mixed kinds | formula | formula |

use std::cell::Cell;

use tch::{Device, Kind, Tensor};

use super::rows::{map_rows, map_to_row, map_to_scalar};
use super::wide::Wide;
use super::wide::map::{map_matrices, map_to_matrix, map_to_number};
use super::wide::matrix::Matrix;
use super::{check_batches, in_f64, is_recorded, with_gradient_of};

thread_local! {
    static FORMULAS_ONLY: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with the tensor formulas only, as on a device without fused kernels. It is for tests
/// and accuracy studies of these formulas on a CPU.
pub fn with_tensor_formulas<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            FORMULAS_ONLY.set(self.0);
        }
    }
    let _restore = Restore(FORMULAS_ONLY.replace(true));
    f()
}

/// An operation on these inputs, of which kernels and a formula are still to be named.
pub(crate) struct Operation<'a, const N: usize> {
    inputs: [&'a Tensor; N],
    parameter: Option<Tensor>,
}

/// An [`Operation`] whose kernels work on single rows, at values that are found when they are needed.
pub(crate) struct RowOperation<'a, const N: usize, A> {
    operation: Operation<'a, N>,
    at: A,
}

/// An [`Operation`] with its kernel.
pub(crate) struct Fused<'a, const N: usize, F> {
    operation: Operation<'a, N>,
    /// Dimensions of a point: of rows, or of matrices.
    point_dims: usize,
    value: F,
}

impl<'a, const N: usize> Operation<'a, N> {
    /// The operation `name` on inputs `[.., dims]`.
    ///
    /// # Panics
    ///
    /// As [`check_batches`].
    #[track_caller]
    pub(crate) fn new(name: &str, inputs: [&'a Tensor; N], dims: &[i64]) -> Self {
        check_batches(name, dims, &inputs);
        Self::on(inputs)
    }

    /// An operation on inputs that are checked already.
    pub(crate) fn on(inputs: [&'a Tensor; N]) -> Self {
        Self {
            inputs,
            parameter: None,
        }
    }

    /// Names a parameter that a gradient may be wanted of, too.
    pub(crate) fn depends_on(self, parameter: Tensor) -> Self {
        Self {
            parameter: Some(parameter),
            ..self
        }
    }

    /// Has kernels on single rows, which are handed what `at` finds.
    pub(crate) fn at<K, A: FnOnce() -> K>(self, at: A) -> RowOperation<'a, N, A> {
        RowOperation {
            operation: self,
            at,
        }
    }

    /// Has a kernel that gives one number of eight matrices a call: `[..]`.
    ///
    /// Here and below, `kernel` makes what a thread works with, so that its scratch is allocated
    /// once.
    pub(crate) fn number<K>(
        self,
        kernel: impl Fn() -> K + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> Tensor>
    where
        K: FnMut(&[Matrix; N]) -> Wide,
    {
        let inputs = self.inputs;
        self.of_matrices(move || map_to_number(inputs, kernel))
    }

    /// Has a kernel that gives a matrix of the shape of the first input.
    pub(crate) fn matrix<K>(
        self,
        kernel: impl Fn() -> K + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> Tensor>
    where
        K: FnMut(&[Matrix; N], &mut Matrix),
    {
        let inputs = self.inputs;
        self.of_matrices(move || map_to_matrix(inputs, kernel))
    }

    /// Has a kernel that gives matrices of these shapes.
    pub(crate) fn matrices<const M: usize, K>(
        self,
        shapes: [(usize, usize); M],
        kernel: impl Fn() -> K + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> [Tensor; M]>
    where
        K: FnMut(&[Matrix; N], &mut [Matrix; M]),
    {
        let inputs = self.inputs;
        self.of_matrices(move || map_matrices(inputs, shapes, kernel))
    }

    fn of_matrices<F>(self, value: F) -> Fused<'a, N, F> {
        Fused {
            operation: self,
            point_dims: 2,
            value,
        }
    }

    /// Whether the inputs are all on the CPU, of one kind that kernels read.
    fn has_kernels(&self) -> bool {
        let kind = self.inputs[0].kind();
        !FORMULAS_ONLY.get()
            && matches!(kind, Kind::Double | Kind::Float)
            && self
                .inputs
                .iter()
                .all(|t| t.device() == Device::Cpu && t.kind() == kind)
    }

    /// Whether a gradient with respect to an input or the parameter would be recorded.
    fn is_recorded(&self) -> bool {
        let inputs = self.inputs.iter().copied();
        inputs.chain(&self.parameter).any(is_recorded)
    }
}

impl<'a, const N: usize, K: Sync, A: FnOnce() -> K> RowOperation<'a, N, A> {
    /// Has a kernel that gives one number a row: `[..]`.
    pub(crate) fn scalar(
        self,
        kernel: impl Fn(&K, [&[f64]; N]) -> f64 + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> Tensor> {
        self.with(move |inputs, at| map_to_scalar(inputs, |rows| kernel(&at, rows)))
    }

    /// Has a kernel that fills a row as wide as those of the first input.
    pub(crate) fn row(
        self,
        kernel: impl Fn(&K, [&[f64]; N], &mut [f64]) + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> Tensor> {
        self.with(move |inputs, at| map_to_row(inputs, |rows, out| kernel(&at, rows, out)))
    }

    /// Has a kernel that fills rows of these widths.
    pub(crate) fn rows<const M: usize>(
        self,
        widths: [usize; M],
        kernel: impl Fn(&K, [&[f64]; N], [&mut [f64]; M]) + Sync,
    ) -> Fused<'a, N, impl FnOnce() -> [Tensor; M]> {
        self.with(move |inputs, at| map_rows(inputs, widths, |rows, out| kernel(&at, rows, out)))
    }

    fn with<R>(
        self,
        map: impl FnOnce([&'a Tensor; N], K) -> R,
    ) -> Fused<'a, N, impl FnOnce() -> R> {
        let Self { operation, at } = self;
        let inputs = operation.inputs;
        Fused {
            operation,
            point_dims: 1,
            value: move || map(inputs, at()),
        }
    }
}

impl<'a, const N: usize, F> Fused<'a, N, F> {
    /// Makes something else of what the kernel gives.
    pub(crate) fn map<R, S>(self, make: impl FnOnce(R) -> S) -> Fused<'a, N, impl FnOnce() -> S>
    where
        F: FnOnce() -> R,
    {
        let value = self.value;
        Fused {
            operation: self.operation,
            point_dims: self.point_dims,
            value: move || make(value()),
        }
    }

    /// What the kernel gives where it serves and nothing is recorded; elsewhere what other operations
    /// give, each of which goes through this door itself.
    pub(crate) fn or_else<R>(self, otherwise: impl FnOnce() -> R) -> R
    where
        F: FnOnce() -> R,
    {
        if self.operation.has_kernels() && !self.operation.is_recorded() {
            (self.value)()
        } else {
            otherwise()
        }
    }

    /// The value of the kernel where it serves, with the gradient of the formula where one is
    /// recorded; the formula, which sees f64, everywhere else.
    ///
    /// In a row where the formula is not finite though the value is, at a cut locus, the gradient
    /// is 0.
    pub(crate) fn or(self, formula: impl Fn([Tensor; N]) -> Tensor) -> Tensor
    where
        F: FnOnce() -> Tensor,
    {
        let operation = self.operation;
        if !operation.has_kernels() {
            return in_f64(operation.inputs, formula);
        }
        let exact = (self.value)();
        if operation.is_recorded() {
            with_gradient_of_rows(&exact, operation.inputs, self.point_dims, formula, None)
        } else {
            exact
        }
    }

    /// As [`or`](Self::or), with the gradient of another formula in some rows: those that the kernel
    /// names beside the value, and those where the first formula is not finite and the kernel is.
    pub(crate) fn or_beyond(
        self,
        formula: impl Fn([Tensor; N]) -> Tensor,
        beyond: impl Fn([Tensor; N]) -> Tensor,
    ) -> Tensor
    where
        F: FnOnce() -> (Tensor, Tensor),
    {
        let operation = self.operation;
        if !operation.has_kernels() {
            return in_f64(operation.inputs, formula);
        }
        let (exact, rows) = (self.value)();
        if operation.is_recorded() {
            let beyond: Beyond<N> = (&rows, &beyond);
            let inputs = operation.inputs;
            with_gradient_of_rows(&exact, inputs, self.point_dims, formula, Some(beyond))
        } else {
            exact
        }
    }
}

/// A formula, and the rows that take their gradient from it.
type Beyond<'a, const N: usize> = (&'a Tensor, &'a dyn Fn([Tensor; N]) -> Tensor);

/// `exact` with the gradient of the formula.
///
/// In a row where the formula is not finite though the value is, at a cut locus, the gradient is that
/// of `beyond`, or 0: the row's inputs become constants there, for 0 · NaN would reach every row that
/// an input is shared by. A row without a finite value keeps its gradient that is not finite.
fn with_gradient_of_rows<const N: usize>(
    exact: &Tensor,
    inputs: [&Tensor; N],
    point_dims: usize,
    formula: impl Fn([Tensor; N]) -> Tensor,
    beyond: Option<Beyond<N>>,
) -> Tensor {
    let plain = in_f64(inputs, &formula);
    // One reduction tells the usual case, where all numbers are finite.
    let total = plain.detach().sum(Kind::Double).double_value(&[]);
    if total.is_finite() && beyond.is_none() {
        return with_gradient_of(exact, &plain);
    }
    let lost = exact
        .isfinite()
        .logical_and(&plain.isfinite().logical_not());
    let batch_dims = inputs.map(Tensor::dim).into_iter().fold(0, usize::max) - point_dims;
    let lost = if lost.dim() > batch_dims {
        lost.flatten(batch_dims as i64, -1).any_dim(-1, false)
    } else {
        lost
    };
    let lost = match beyond {
        Some((rows, _)) => lost.logical_or(rows),
        None => lost,
    };
    if lost.any().int64_value(&[]) == 0 {
        return with_gradient_of(exact, &plain);
    }
    let over =
        |mask: &Tensor, dims: usize| (0..dims).fold(mask.copy(), |mask, _| mask.unsqueeze(-1));
    let fixed_where = |mask: &Tensor| {
        let mask = over(mask, point_dims);
        inputs.map(|x| x.detach().where_self(&mask, x))
    };
    let plain = in_f64(fixed_where(&lost).each_ref(), &formula);
    let Some((_, beyond)) = beyond else {
        return with_gradient_of(exact, &plain);
    };
    let other = in_f64(fixed_where(&lost.logical_not()).each_ref(), beyond);
    let lost = over(&lost, plain.dim() - batch_dims);
    with_gradient_of(exact, &other.where_self(&lost, &plain))
}
