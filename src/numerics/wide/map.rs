//! Batches of matrices to groups of eight and back.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::matrix::Matrix;
use super::{WIDTH, Wide};
use crate::numerics::rows::{Element, Rows, broadcast_batch, in_parallel, rows_of};

/// Groups of eight matrices that a thread takes at a time.
const GROUPS_PER_TASK: usize = 8;

/// Groups from which on waking another thread pays.
const GROUPS_WORTH_A_THREAD: usize = 16;

/// Maps a kernel over the matrices (last two dimensions) of the inputs, which broadcast against
/// each other in the dimensions before them; returns one tensor `[.., rows, cols]` for each of
/// `shapes`.
///
/// `kernel` makes what a thread works with, so that its scratch is allocated once: a function that
/// reads eight matrices of each input and fills the outputs.
pub(crate) fn map_matrices<const N: usize, const M: usize, K>(
    inputs: [&Tensor; N],
    shapes: [(usize, usize); M],
    kernel: impl Fn() -> K + Sync,
) -> [Tensor; M]
where
    K: FnMut(&[Matrix; N], &mut [Matrix; M]),
{
    let input_shapes = inputs.map(shape_of);
    let flat = inputs.map(|t| t.flatten(-2, -1));
    let batch = broadcast_batch(&flat.each_ref());
    let flat = flat.map(|t| rows_of(&t, &batch));
    let count = batch.iter().product::<i64>() as usize;
    let kind = inputs[0].kind();
    let outputs = shapes.map(|(rows, cols)| {
        let size = [&batch[..], &[rows as i64, cols as i64]].concat();
        Tensor::empty(size, (kind, Device::Cpu))
    });
    if count > 0 {
        match kind {
            Kind::Double => {
                run::<f64, N, M, K>(&flat, input_shapes, &outputs, shapes, count, &kernel);
            }
            _ => run::<f32, N, M, K>(&flat, input_shapes, &outputs, shapes, count, &kernel),
        }
    }
    outputs
}

/// [`map_matrices`] with one number for each matrix: `[..]`.
pub(crate) fn map_to_number<const N: usize, K>(
    inputs: [&Tensor; N],
    kernel: impl Fn() -> K + Sync,
) -> Tensor
where
    K: FnMut(&[Matrix; N]) -> Wide,
{
    let [out] = map_matrices(inputs, [(1, 1)], || {
        let mut kernel = kernel();
        move |inputs: &[Matrix; N], [out]: &mut [Matrix; 1]| out.data[0] = kernel(inputs)
    });
    out.squeeze_dim(-1).squeeze_dim(-1)
}

/// [`map_matrices`] with one matrix of the shape of the first input's.
pub(crate) fn map_to_matrix<const N: usize, K>(
    inputs: [&Tensor; N],
    kernel: impl Fn() -> K + Sync,
) -> Tensor
where
    K: FnMut(&[Matrix; N], &mut Matrix),
{
    let [out] = map_matrices(inputs, [shape_of(inputs[0])], || {
        let mut kernel = kernel();
        move |inputs: &[Matrix; N], [out]: &mut [Matrix; 1]| kernel(inputs, out)
    });
    out
}

fn shape_of(t: &Tensor) -> (usize, usize) {
    let size = t.size();
    match size[..] {
        [.., rows, cols] => (rows as usize, cols as usize),
        _ => panic!("expected matrices, got {size:?}"),
    }
}

fn run<T: Element, const N: usize, const M: usize, K>(
    inputs: &[Tensor; N],
    input_shapes: [(usize, usize); N],
    outputs: &[Tensor; M],
    output_shapes: [(usize, usize); M],
    count: usize,
    kernel: &(impl Fn() -> K + Sync),
) where
    K: FnMut(&[Matrix; N], &mut [Matrix; M]),
{
    let width = |(rows, cols): (usize, usize)| rows * cols;
    let read: [Rows<T>; N] = std::array::from_fn(|i| Rows::of(&inputs[i], width(input_shapes[i])));
    let write: [Rows<T>; M] =
        std::array::from_fn(|i| Rows::of(&outputs[i], width(output_shapes[i])));
    let groups = count.div_ceil(WIDTH);
    in_parallel(groups, GROUPS_PER_TASK, GROUPS_WORTH_A_THREAD, || {
        let zeros = |(rows, cols)| Matrix::zeros(rows, cols);
        let (mut wide_in, mut wide_out) = (input_shapes.map(zeros), output_shapes.map(zeros));
        let mut kernel = kernel();
        move |range: Range<usize>| {
            for group in range {
                let first = group * WIDTH;
                for (matrix, rows) in wide_in.iter_mut().zip(read) {
                    gather(rows, first, count, &mut matrix.data);
                }
                kernel(&wide_in, &mut wide_out);
                for (matrix, rows) in wide_out.iter().zip(write) {
                    scatter(rows, first, count, &matrix.data);
                }
            }
        }
    });
}

/// Eight rows as lanes; lanes beyond the last row repeat it.
fn gather<T: Element>(rows: Rows<T>, first: usize, count: usize, out: &mut [Wide]) {
    let lanes: [&[T]; WIDTH] = std::array::from_fn(|lane| {
        // SAFETY: the index is below `count`, the rows of the tensor.
        unsafe { rows.row((first + lane).min(count - 1)) }
    });
    let lanes = lanes.map(|lane| lane.as_chunks::<WIDTH>());
    let (blocks, rest) = out.as_chunks_mut::<WIDTH>();
    for (index, block) in blocks.iter_mut().enumerate() {
        for (lane, (chunks, _)) in lanes.iter().enumerate() {
            for (out, &number) in block.iter_mut().zip(&chunks[index]) {
                out.0[lane] = number.wide();
            }
        }
    }
    for (entry, out) in rest.iter_mut().enumerate() {
        for (lane, (_, rest)) in lanes.iter().enumerate() {
            out.0[lane] = rest[entry].wide();
        }
    }
}

fn scatter<T: Element>(rows: Rows<T>, first: usize, count: usize, from: &[Wide]) {
    for lane in 0..WIDTH.min(count - first) {
        // SAFETY: the index is below `count`, and this task alone writes to the row.
        let row = unsafe { rows.row_mut(first + lane) };
        for (out, wide) in row.iter_mut().zip(from) {
            *out = T::narrow(wide.0[lane]);
        }
    }
}
