//! How the models of hyperbolic space choose between kernels and formulas.

use tch::Tensor;

use crate::Curvature;
use crate::numerics::rows::{any_wants_grad, fused_or_formula, fusible};

/// A model of hyperbolic space with kernels.
pub(super) trait Model {
    /// Its kernels at one curvature.
    type Kernels;

    fn kappa(&self) -> &Curvature;

    /// The kernels for a curvature −c.
    fn kernels_at(c: f64) -> Self::Kernels;

    /// c = −κ as a scalar tensor.
    fn c(&self) -> Tensor {
        -self.kappa().tensor()
    }

    fn kernels(&self) -> Self::Kernels {
        Self::kernels_at(-self.kappa().value())
    }

    /// The fused kernels, when they alone may run: on the CPU, and no gradient is wanted.
    fn fused(&self, inputs: &[&Tensor]) -> Option<Self::Kernels> {
        (fusible(inputs) && !any_wants_grad(inputs, &self.kappa().tensor())).then(|| self.kernels())
    }

    /// The fused result where there is one, with the gradient of the formula where one is wanted.
    fn run<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        fused: impl FnOnce(Self::Kernels) -> Tensor,
        formula: impl Fn([Tensor; N]) -> Tensor,
    ) -> Tensor {
        let kernels = || fused(self.kernels());
        fused_or_formula(inputs, &self.kappa().tensor(), kernels, formula)
    }
}
