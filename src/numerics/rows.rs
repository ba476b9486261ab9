//! Fused CPU kernels: a function of f64 rows, mapped over the memory of tensors in parallel.
//!
//! The kernels are the fast and most exact path when nothing asks for a gradient; f32 rows are
//! widened to f64, computed, and rounded once. Rows are independent, so the result does not depend
//! on the number of threads.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

/// Rows that a thread takes at a time.
const ROWS_PER_TASK: usize = 128;

/// Rows from which on waking another thread pays.
const ROWS_WORTH_A_THREAD: usize = 512;

/// Maps `kernel` over the rows (last dimension) of the inputs, which broadcast against each other
/// in the dimensions before it; returns one tensor `[.., widths[i]]` per output.
///
/// Every input's last dimension must already be checked: rows reach the kernel as they are.
pub(crate) fn map_rows<const N: usize, const M: usize>(
    inputs: [&Tensor; N],
    widths: [usize; M],
    kernel: impl Fn([&[f64]; N], [&mut [f64]; M]) + Sync,
) -> [Tensor; M] {
    let batch = broadcast_batch(&inputs);
    let inputs = inputs.map(|t| rows_of(t, &batch));
    let rows = batch.iter().product::<i64>() as usize;
    let kind = inputs[0].kind();
    let outputs = widths
        .map(|width| Tensor::empty([&batch[..], &[width as i64]].concat(), (kind, Device::Cpu)));
    if rows > 0 {
        match kind {
            Kind::Double => run::<f64, N, M>(&inputs, &outputs, widths, rows, &kernel),
            _ => run::<f32, N, M>(&inputs, &outputs, widths, rows, &kernel),
        }
    }
    outputs
}

/// [`map_rows`] with one scalar a row: `[..]`.
pub(crate) fn map_to_scalar<const N: usize>(
    inputs: [&Tensor; N],
    kernel: impl Fn([&[f64]; N]) -> f64 + Sync,
) -> Tensor {
    let [out] = map_rows(inputs, [1], |rows, [out]: [&mut [f64]; 1]| {
        out[0] = kernel(rows);
    });
    out.squeeze_dim(-1)
}

/// [`map_rows`] with one output row as wide as the first input's.
pub(crate) fn map_to_row<const N: usize>(
    inputs: [&Tensor; N],
    kernel: impl Fn([&[f64]; N], &mut [f64]) + Sync,
) -> Tensor {
    let width = last_dim(inputs[0]);
    let [out] = map_rows(inputs, [width], |rows, [out]: [&mut [f64]; 1]| {
        kernel(rows, out);
    });
    out
}

fn last_dim(t: &Tensor) -> usize {
    t.size()[t.dim() - 1] as usize
}

/// The common batch shape of the inputs, by the usual rules of broadcasting.
pub(super) fn broadcast_batch(inputs: &[&Tensor]) -> Vec<i64> {
    let batches: Vec<Vec<i64>> = inputs
        .iter()
        .map(|t| {
            let mut size = t.size();
            size.pop();
            size
        })
        .collect();
    let rank = batches.iter().map(Vec::len).max().unwrap_or(0);
    let mut common = vec![1; rank];
    for batch in &batches {
        for (have, &want) in common[rank - batch.len()..].iter_mut().zip(batch) {
            assert!(
                *have == want || *have == 1 || want == 1,
                "batch dimensions {batches:?} do not broadcast"
            );
            if *have == 1 {
                *have = want;
            }
        }
    }
    common
}

/// `t` expanded to the batch and laid out row by row.
pub(super) fn rows_of(t: &Tensor, batch: &[i64]) -> Tensor {
    let size = [batch, &[last_dim(t) as i64]].concat();
    let t = t.detach();
    if t.size() == size {
        t.contiguous()
    } else {
        t.expand(&size, false).contiguous()
    }
}

/// A kind of number that rows are stored in.
pub(crate) trait Element: Copy + Send + Sync {
    /// The row as f64: itself, or widened into `scratch`.
    fn widen<'a>(row: &'a [Self], scratch: &'a mut [f64]) -> &'a [f64];
    /// The number as f64.
    fn wide(self) -> f64;
    /// The number rounded to this kind.
    fn narrow(value: f64) -> Self;
}

impl Element for f64 {
    #[inline(always)]
    fn widen<'a>(row: &'a [Self], _: &'a mut [f64]) -> &'a [f64] {
        row
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}

impl Element for f32 {
    #[inline(always)]
    fn widen<'a>(row: &'a [Self], scratch: &'a mut [f64]) -> &'a [f64] {
        for (wide, &narrow) in scratch.iter_mut().zip(row) {
            *wide = f64::from(narrow);
        }
        scratch
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as f32
    }
}

/// Where a tensor's rows begin, and how wide they are.
#[derive(Clone, Copy)]
pub(super) struct Rows<T> {
    start: *mut T,
    width: usize,
}

// SAFETY: a `Rows` is only read through (inputs) or written in disjoint row ranges (outputs).
unsafe impl<T: Send> Send for Rows<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Rows<T> {}

impl<T> Rows<T> {
    pub(super) fn of(t: &Tensor, width: usize) -> Self {
        Self {
            start: t.data_ptr().cast(),
            width,
        }
    }

    /// # Safety
    ///
    /// The tensor is contiguous, lives on, has more than `index` rows of this width and element, and
    /// nobody writes to it while the result lives.
    pub(super) unsafe fn row<'a>(self, index: usize) -> &'a [T] {
        // SAFETY: as promised by the caller.
        unsafe { std::slice::from_raw_parts(self.start.add(index * self.width), self.width) }
    }

    /// # Safety
    ///
    /// As for [`row`](Self::row), and nobody else reads or writes the row while the result lives.
    pub(super) unsafe fn row_mut<'a>(self, index: usize) -> &'a mut [T] {
        // SAFETY: as promised by the caller.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(index * self.width), self.width) }
    }
}

/// A new f64 tensor `[rows, width]` on the CPU, each row filled by `fill(row, out)`, rows in parallel.
///
/// For rows that take long: a thread takes one at a time.
pub(crate) fn fill_rows(
    rows: usize,
    width: usize,
    fill: impl Fn(usize, &mut [f64]) + Sync,
) -> Tensor {
    let output = Tensor::empty([rows as i64, width as i64], (Kind::Double, Device::Cpu));
    let write: Rows<f64> = Rows::of(&output, width);
    in_parallel(rows, 1, 2, || {
        |range: Range<usize>| {
            for row in range {
                // SAFETY: the output is allocated above with this many rows, and this row is written
                // by this task alone.
                fill(row, unsafe { write.row_mut(row) });
            }
        }
    });
    output
}

/// `measure(row, [rows of the inputs])` for every row of matrices `[rows, widths[i]]`, in order, rows
/// in parallel; the inputs may be of any floating kind and on any device.
pub(crate) fn measure_rows<const N: usize, R: Send>(
    inputs: [&Tensor; N],
    measure: impl Fn(usize, [&[f64]; N]) -> R + Sync,
) -> Vec<R> {
    let inputs = inputs.map(|t| t.detach().to_device(Device::Cpu).to_kind(Kind::Double));
    let inputs = inputs.map(|t| t.contiguous());
    let read: [Rows<f64>; N] = std::array::from_fn(|i| Rows::of(&inputs[i], last_dim(&inputs[i])));
    let rows = inputs[0].size()[0] as usize;
    (0..rows)
        .into_par_iter()
        // SAFETY: the tensors are contiguous, live until the end of this function, have this many
        // rows, and nobody writes to them here.
        .map(|row| measure(row, read.map(|rows| unsafe { rows.row(row) })))
        .collect()
}

/// Whether all numbers of a tensor are finite, looked at where it lies; `None` unless it lies on the CPU in one
/// piece, as f64 or f32.
pub(crate) fn all_finite(t: &Tensor) -> Option<bool> {
    if t.device() != Device::Cpu || !t.is_contiguous() {
        return None;
    }
    match t.kind() {
        Kind::Double => Some(all_finite_of::<f64>(t)),
        Kind::Float => Some(all_finite_of::<f32>(t)),
        _ => None,
    }
}

/// Numbers from which on libtorch copies by several threads, which then wait in a busy loop for a while: until then,
/// the threads of the kernels find no free processor.
const COPIED_BY_THREADS: usize = 32_768;

/// Copies a tensor's numbers into the memory of another of the same shape, as `copy_` does, but by the threads of
/// the kernels where both lie on the CPU in one piece and have one kind.
pub(crate) fn copy_into(to: &mut Tensor, from: &Tensor) {
    let in_one_piece = |t: &Tensor| t.device() == Device::Cpu && t.is_contiguous();
    let large = to.numel() >= COPIED_BY_THREADS && to.size() == from.size();
    let plain = in_one_piece(to) && in_one_piece(from) && to.kind() == from.kind();
    if large && plain && !overlap(to, from) {
        match to.kind() {
            Kind::Double => return copy_chunks::<f64>(to, from),
            Kind::Float => return copy_chunks::<f32>(to, from),
            _ => {}
        }
    }
    to.copy_(from);
}

/// Whether the memory of two contiguous tensors overlaps.
fn overlap(a: &Tensor, b: &Tensor) -> bool {
    let range = |t: &Tensor| {
        let start = t.data_ptr() as usize;
        start..start + t.numel() * t.kind().elt_size_in_bytes()
    };
    let (a, b) = (range(a), range(b));
    a.start < b.end && b.start < a.end
}

fn copy_chunks<T: Element>(to: &mut Tensor, from: &Tensor) {
    const AT_ONCE: usize = 16_384;
    // libtorch copies one row, and so notes that the tensor has changed: what autograd has kept of it is out of date.
    to.narrow(0, 0, 1).copy_(&from.narrow(0, 0, 1));
    let (read, write): (Rows<T>, Rows<T>) =
        (Rows::of(from, from.numel()), Rows::of(to, to.numel()));
    // SAFETY: both are contiguous, have this many numbers of this kind, and do not overlap; `to` is borrowed
    // exclusively, and nobody reads a tensor that shares its memory meanwhile.
    let (read, write) = unsafe { (read.row(0), write.row_mut(0)) };
    let chunks = write.par_chunks_mut(AT_ONCE).zip(read.par_chunks(AT_ONCE));
    chunks.for_each(|(to, from)| to.copy_from_slice(from));
}

fn all_finite_of<T: Element>(t: &Tensor) -> bool {
    const AT_ONCE: usize = 16_384;
    let t = t.detach();
    let whole: Rows<T> = Rows::of(&t, t.numel());
    if whole.width == 0 {
        return true;
    }
    // SAFETY: the tensor is contiguous, has this many numbers, and lives until the end of this function; nobody
    // writes to it here.
    let numbers = unsafe { whole.row(0) };
    // No early end within a chunk, so that the loop takes several numbers at a time.
    let finite = |chunk: &[T]| chunk.iter().fold(true, |all, x| all & x.wide().is_finite());
    if numbers.len() <= AT_ONCE {
        return finite(numbers);
    }
    numbers.par_chunks(AT_ONCE).all(finite)
}

/// Whether a square matrix of any floating kind and on any device equals its mirror image; NaN equals nothing.
///
/// By square blocks and their mirror images, each of which fits into the nearest cache.
pub(crate) fn is_symmetric(matrix: &Tensor) -> bool {
    const BLOCK: usize = 32;
    let matrix = matrix.detach().to_device(Device::Cpu).to_kind(Kind::Double);
    let matrix = matrix.contiguous();
    let n = last_dim(&matrix);
    let read: Rows<f64> = Rows::of(&matrix, n);
    // SAFETY: the tensor is contiguous, has n rows, and lives until the end of this function; nobody writes to it here.
    let row = |index: usize| unsafe { read.row(index) };
    (0..n.div_ceil(BLOCK)).into_par_iter().all(|block| {
        let first = block * BLOCK;
        let rows = first..n.min(first + BLOCK);
        (0..=block).all(|other| {
            let columns = other * BLOCK..n.min((other + 1) * BLOCK);
            rows.clone().all(|i| {
                let across = &row(i)[columns.clone()];
                across
                    .iter()
                    .zip(columns.clone())
                    .all(|(&there, j)| there == row(j)[i])
            })
        })
    })
}

/// [`fill_rows`] of a matrix `[rows, width]` of any floating kind and on any device, with `fill(its row, out)`.
pub(crate) fn map_rows_of(matrix: &Tensor, fill: impl Fn(&[f64], &mut [f64]) + Sync) -> Tensor {
    let input = matrix.detach().to_device(Device::Cpu).to_kind(Kind::Double);
    let input = input.contiguous();
    let (rows, width) = (input.size()[0] as usize, last_dim(&input));
    let read: Rows<f64> = Rows::of(&input, width);
    // SAFETY: the tensor is contiguous, has this many rows, and lives until the end of this function.
    fill_rows(rows, width, |row, out| fill(unsafe { read.row(row) }, out))
}

/// What `work` makes of the rows of a matrix of any floating kind and on any device.
pub(crate) fn with_rows<R>(matrix: &Tensor, work: impl FnOnce(&[&[f64]]) -> R) -> R {
    let input = matrix.detach().to_device(Device::Cpu).to_kind(Kind::Double);
    let input = input.contiguous();
    let read: Rows<f64> = Rows::of(&input, last_dim(&input));
    let rows: Vec<&[f64]> = (0..input.size()[0] as usize)
        // SAFETY: the tensor is contiguous, has this many rows, and lives until the end of this function; nobody writes to it here.
        .map(|row| unsafe { read.row(row) })
        .collect();
    work(&rows)
}

/// Works on ranges of `0..count`, `per_task` at a time, with several threads if there are at
/// least `worth_a_thread`; `worker` makes what a thread works with.
pub(super) fn in_parallel<W: FnMut(Range<usize>)>(
    count: usize,
    per_task: usize,
    worth_a_thread: usize,
    worker: impl Fn() -> W + Sync,
) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = worker();
        loop {
            let first = next.fetch_add(1, Ordering::Relaxed) * per_task;
            if first >= count {
                break;
            }
            worker(first..count.min(first + per_task));
        }
    };
    if count < worth_a_thread {
        work();
        return;
    }
    // The caller works too, and leaves to others only what they wake up in time for.
    rayon::in_place_scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(count.div_ceil(per_task)) {
            scope.spawn(|_| work());
        }
        work();
    });
}

fn run<T: Element, const N: usize, const M: usize>(
    inputs: &[Tensor; N],
    outputs: &[Tensor; M],
    widths: [usize; M],
    rows: usize,
    kernel: &(impl Fn([&[f64]; N], [&mut [f64]; M]) + Sync),
) {
    let read: [Rows<T>; N] = std::array::from_fn(|i| Rows::of(&inputs[i], last_dim(&inputs[i])));
    let write: [Rows<T>; M] = std::array::from_fn(|i| Rows::of(&outputs[i], widths[i]));
    in_parallel(rows, ROWS_PER_TASK, ROWS_WORTH_A_THREAD, || {
        |range| run_range(read, write, range, kernel)
    });
}

fn run_range<T: Element, const N: usize, const M: usize>(
    read: [Rows<T>; N],
    write: [Rows<T>; M],
    range: Range<usize>,
    kernel: &impl Fn([&[f64]; N], [&mut [f64]; M]),
) {
    let mut wide_in: [Vec<f64>; N] = std::array::from_fn(|i| vec![0.0; read[i].width]);
    let mut wide_out: [Vec<f64>; M] = std::array::from_fn(|i| vec![0.0; write[i].width]);
    for row in range {
        let mut scratch = wide_in.each_mut();
        let input = {
            let mut i = 0;
            scratch.each_mut().map(|scratch| {
                let rows = read[i];
                i += 1;
                // SAFETY: the tensor is contiguous with `width` elements in each of more than
                // `row` rows, and nobody writes to it while it is read here.
                let stored = unsafe { rows.row(row) };
                T::widen(stored, scratch)
            })
        };
        kernel(input, wide_out.each_mut().map(|out| &mut out[..]));
        for (out, rows) in wide_out.iter().zip(write) {
            // SAFETY: the output was allocated by `map_rows` for this call, and this row is
            // written by this task alone.
            let stored = unsafe { rows.row_mut(row) };
            for (stored, &value) in stored.iter_mut().zip(out) {
                *stored = T::narrow(value);
            }
        }
    }
}
