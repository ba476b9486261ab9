//! Whether a step stays finite, found before anything is written.
//!
//! On the CPU the numbers are looked at where they lie. On other devices: a sum is finite only if all its terms
//! are. So one sum per tensor, added up on its device, tells that all is well, and one number is read back
//! per step. Where that number is not finite, the tensors are looked through entry by entry: finite
//! terms can overflow too.

use tch::Tensor;

use super::gradient::Gradient;
use super::parameter::ManifoldParameter;
use super::rule::{Buffer, Update};
use crate::Error;
use crate::numerics::rows;

/// The quantities of a step that are no buffers, as errors name them.
pub(super) const GRADIENT: &str = "gradient";
const NEW_POINT: &str = "new point";

/// What one step makes of one parameter, before it is written.
pub(super) struct Proposal {
    pub(super) gradient: Gradient,
    /// Of the rows that the gradient names.
    pub(super) update: Update,
}

impl Proposal {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        let (values, _) = self.gradient.parts();
        [values, &self.update.points]
            .into_iter()
            .chain(&self.update.buffers)
    }

    /// What is not finite, and in which row of the parameter: the gradient before the point, the point
    /// before the buffers.
    pub(super) fn first_bad(
        &self,
        parameter: &ManifoldParameter,
        layout: &[Buffer],
    ) -> Option<(&'static str, usize)> {
        let names = [GRADIENT, NEW_POINT].into_iter();
        let names = names.chain(layout.iter().map(|buffer| buffer.name));
        let (_, rows) = self.gradient.parts();
        names
            .zip(self.tensors())
            .find_map(|(what, tensor)| Some((what, first_bad_row(parameter, rows, tensor)?)))
    }
}

/// Whether all entries of all proposals are certainly finite; waits for each device once.
pub(super) fn all_finite<'a>(proposals: impl Iterator<Item = &'a Proposal>) -> bool {
    let mut sums: Vec<Tensor> = Vec::new();
    for proposal in proposals {
        for tensor in proposal.tensors() {
            match rows::all_finite(tensor) {
                Some(true) => continue,
                Some(false) => return false,
                None => {}
            }
            let sum = tensor.sum(tensor.kind());
            match sums.iter_mut().find(|s| s.device() == sum.device()) {
                Some(total) => *total = &*total + sum,
                None => sums.push(sum),
            }
        }
    }
    sums.iter().all(|sum| sum.double_value(&[]).is_finite())
}

/// The first row of the parameter, counted over its flattened batch, that has an entry which is not finite in
/// `tensor`: a tensor with the parameter's batch dimensions, of which the first counts `rows` if there are any.
pub(super) fn first_bad_row(
    parameter: &ManifoldParameter,
    rows: Option<&Tensor>,
    tensor: &Tensor,
) -> Option<usize> {
    let batch_dims = parameter.tensor().dim() - parameter.manifold().point_shape().len();
    let batch: i64 = tensor.size()[..batch_dims].iter().product();
    if tensor.numel() == 0 {
        return None;
    }
    let bad = tensor.isfinite().logical_not().view([batch, -1]);
    let bad = bad.any_dim(-1, false).nonzero();
    if bad.size()[0] == 0 {
        return None;
    }
    let Some(rows) = rows else {
        return Some(bad.int64_value(&[0, 0]) as usize);
    };
    let per_row = batch / rows.size()[0];
    let inside = bad.remainder(per_row);
    let bad = rows.index_select(0, &bad.floor_divide_scalar(per_row).squeeze_dim(-1)) * per_row
        + inside.squeeze_dim(-1);
    Some(bad.min().int64_value(&[]) as usize)
}

/// The error about a parameter, with what is wrong with its points now, if something is.
pub(super) fn not_finite(
    op: &'static str,
    (what, row): (&'static str, usize),
    (index, parameter): (usize, &ManifoldParameter),
    step: Option<i64>,
) -> Error {
    let points = parameter.tensor().detach();
    Error::ParameterNotFinite {
        op,
        what,
        parameter: index,
        name: parameter.name().map(str::to_owned),
        row,
        step,
        cause: parameter
            .manifold()
            .check_point(&points)
            .err()
            .map(Box::new),
    }
}

/// The error of a step as the operation that the step is part of tells it; other errors as they are.
pub(crate) fn during(op: &'static str, when: String) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::ParameterNotFinite {
            what, name, row, ..
        } => Error::NotFinite {
            op,
            what: match what {
                GRADIENT => "the gradient",
                NEW_POINT => "a point",
                _ => "what the optimiser remembers",
            },
            place: match name {
                Some(name) => format!("{when}, row {row} of {name}"),
                None => format!("{when}, row {row}"),
            },
        },
        other => other,
    }
}
