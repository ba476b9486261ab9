//! What the models of hyperbolic space that have kernels share.

use tch::Tensor;

use crate::Curvature;
use crate::numerics::operation::{Operation, RowOperation};

/// A model of hyperbolic space with kernels.
pub(super) trait Model {
    /// Its kernels at one curvature.
    type Kernels: Sync;

    fn kappa(&self) -> &Curvature;

    /// The kernels for a curvature −c.
    fn kernels_at(c: f64) -> Self::Kernels;

    /// Coordinates of a point.
    fn width(&self) -> i64;

    /// c = −κ as a scalar tensor.
    fn c(&self) -> Tensor {
        -self.kappa().tensor()
    }

    fn kernels(&self) -> Self::Kernels {
        Self::kernels_at(-self.kappa().value())
    }

    /// An operation on points and tangents, with kernels at the present curvature.
    #[track_caller]
    fn operation<'a, const N: usize>(
        &'a self,
        name: &str,
        inputs: [&'a Tensor; N],
    ) -> RowOperation<'a, N, impl FnOnce() -> Self::Kernels> {
        self.with_kernels(Operation::new(name, inputs, &[self.width()]))
    }

    /// An operation on other inputs, with these kernels.
    fn with_kernels<'a, const N: usize>(
        &'a self,
        operation: Operation<'a, N>,
    ) -> RowOperation<'a, N, impl FnOnce() -> Self::Kernels> {
        operation
            .depends_on(self.kappa().tensor())
            .at(|| self.kernels())
    }
}
