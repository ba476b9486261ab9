//! The check of distance matrices, shared by all operations: the rule is told in the documentation of the room.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::numerics::rows::{is_symmetric, measure_rows};
use crate::{Error, Result};

/// Numbers in a tile of rows.
const TILE: i64 = 1 << 19;

/// The distances of a matrix `[n, n]`, whose entries may be +∞, by the room's rule: the tensor itself
/// where it is symmetric to the last bit.
///
/// The gradient of the mean goes to both entries.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, a diagonal that is not 0, and an entry that is NaN,
/// negative or not equal to its mirror image, both but for rounding; the message names the pair.
pub(crate) fn checked_distances(op: &'static str, distances: &Tensor) -> Result<Tensor> {
    check_kind(op, distances)?;
    let plain = distances.detach();
    if is_metric_like(&plain) {
        return Ok(distances.shallow_clone());
    }
    Distances::with_gaps(op, &plain)?;
    let unknown = plain.isnan().nonzero();
    if unknown.size()[0] > 0 {
        let (x, y) = (unknown.int64_value(&[0, 0]), unknown.int64_value(&[0, 1]));
        let got = format!("NaN at ({x}, {y})");
        return Err(Error::invalid(op, "distances that are known", got));
    }
    Ok(mean_of_both(distances))
}

/// A square matrix of any floating kind by the room's rule, whatever its entries are: the tensor itself where it
/// is symmetric to the last bit and 0 on the diagonal. NaN and ∞ must stand on both sides; NaN may stand on the diagonal.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape, a diagonal that is not 0, and an entry that differs from its
/// mirror image, both but for rounding.
pub(crate) fn mirrored(op: &'static str, distances: &Tensor) -> Result<Tensor> {
    check_square(op, distances)?;
    let plain = distances.detach();
    if has_zero_diagonal(&plain) && is_symmetric(&plain)
        || symmetry(op, &plain, Diagonal::Zero, largest(&plain))?
    {
        return Ok(distances.shallow_clone());
    }
    Ok(mean_of_both(distances))
}

/// What stands on the diagonal of a symmetric matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Diagonal {
    /// Distances of points from themselves.
    Zero,
    /// Anything.
    Free,
}

/// Whether a square matrix is symmetric to the last bit, where it is so to rounding: see the room.
///
/// By tiles of rows on the matrix's device, with a few copies of a tile.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a pair that differs by more than rounding makes of `largest`.
pub(crate) fn symmetry(
    op: &'static str,
    matrix: &Tensor,
    diagonal: Diagonal,
    largest: f64,
) -> Result<bool> {
    let allowed = rounding(matrix.kind()) * largest;
    let n = matrix.size()[0];
    let mut worst = 0.0_f64;
    for (first, rows) in tiles(n, n) {
        let (here, there) = (
            matrix.narrow(0, first, rows),
            matrix.narrow(1, first, rows).tr(),
        );
        let unknown = here.isnan().logical_and(&there.isnan());
        let same = here.eq_tensor(&there).logical_or(&unknown);
        let differences = (&here - there).abs().masked_fill(&same, 0.0);
        if diagonal == Diagonal::Zero {
            let itself = here.diagonal(first, 0, 1);
            let unknown = itself.isnan();
            differences
                .diagonal(first, 0, 1)
                .copy_(&itself.abs().masked_fill(&unknown, 0.0));
        }
        // NaN is not at most anything.
        let refused = differences.le(allowed).logical_not();
        if let Some((row, column)) = first_true(&refused) {
            return Err(differs(op, matrix, (first + row, column), largest));
        }
        worst = worst.max(differences.max().double_value(&[]));
    }
    if worst > 0.0 {
        tell_once(op, worst / largest);
    }
    Ok(worst == 0.0)
}

fn differs(op: &'static str, matrix: &Tensor, (row, column): (i64, i64), largest: f64) -> Error {
    let (x, y) = (row.max(column), row.min(column));
    let wanted = if x == y {
        "0 on the diagonal"
    } else {
        "a symmetric matrix"
    };
    let pair = pair(
        (x, y),
        matrix.double_value(&[x, y]),
        matrix.double_value(&[y, x]),
    );
    let got = format!(
        "{pair}: more than {:e} of the largest entry, {largest}, is not taken for rounding",
        rounding(matrix.kind())
    );
    Error::invalid(op, wanted, got)
}

fn pair((x, y): (i64, i64), there: f64, back: f64) -> String {
    format!("{there} at ({x}, {y}) and {back} at ({y}, {x})")
}

/// Says once for every operation that a matrix is symmetric to rounding only.
fn tell_once(op: &'static str, relative: f64) {
    static TOLD: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.get_or_insert_default().insert(op) {
        tracing::warn!(
            "{op}: the matrix differs from its mirror image, or from 0 on the diagonal, by {relative:.0e} of its \
             largest entry: taken for rounding, the mean of both counts"
        );
    }
}

/// (D + Dᵀ)/2, and 0 on the diagonal.
fn mean_of_both(distances: &Tensor) -> Tensor {
    let half = distances * 0.5;
    let eye = Tensor::eye(distances.size()[0], (Kind::Bool, distances.device()));
    (&half + half.tr()).masked_fill(&eye, 0.0)
}

/// Relative to the largest entry, the differences that count as rounding.
pub(crate) fn rounding(kind: Kind) -> f64 {
    match kind {
        Kind::Double => 1e-10,
        Kind::Float => 1e-5,
        _ => 1e-2,
    }
}

/// The largest finite entry; 0 where there is none.
fn largest(matrix: &Tensor) -> f64 {
    let n = matrix.size()[0];
    let of_tile = |(first, rows)| {
        let tile = matrix.narrow(0, first, rows);
        let infinite = tile.isfinite().logical_not();
        tile.abs()
            .masked_fill(&infinite, 0.0)
            .max()
            .double_value(&[])
    };
    tiles(n, n).map(of_tile).fold(0.0, f64::max)
}

/// Row and column of the first that is true.
pub(crate) fn first_true(mask: &Tensor) -> Option<(i64, i64)> {
    if mask.any().int64_value(&[]) == 0 {
        return None;
    }
    let at = mask.nonzero();
    Some((at.int64_value(&[0, 0]), at.int64_value(&[0, 1])))
}

/// (first row, number of rows) of tiles that hold some number of numbers a row.
pub(crate) fn tiles(n: i64, numbers_a_row: i64) -> impl Iterator<Item = (i64, i64)> {
    let rows = (TILE / numbers_a_row.max(1)).max(1);
    (0..n)
        .step_by(rows as usize)
        .map(move |first| (first, rows.min(n - first)))
}

/// Checks that these are `[n, n]`.
pub(crate) fn check_square(op: &'static str, distances: &Tensor) -> Result<()> {
    crate::numerics::require_defined(op, &[distances])?;
    let size = distances.size();
    if size.len() != 2 || size[0] != size[1] {
        let expected = "a matrix of distances [n, n]";
        return Err(Error::invalid(op, expected, format!("{size:?}")));
    }
    Ok(())
}

fn check_kind(op: &'static str, distances: &Tensor) -> Result<()> {
    crate::numerics::require_defined(op, &[distances])?;
    let size = distances.size();
    let floating = matches!(distances.kind(), Kind::Double | Kind::Float);
    if size.len() != 2 || size[0] != size[1] || !floating {
        let expected = "a matrix of distances [n, n], Double or Float";
        let got = format!("{size:?} of {:?}", distances.kind());
        return Err(Error::invalid(op, expected, got));
    }
    Ok(())
}

/// Whether all entries are at least 0 (which NaN is not), symmetric, and 0 on the diagonal, to the last bit.
fn is_metric_like(distances: &Tensor) -> bool {
    let are_lengths = measure_rows([distances], |_, [row]| {
        row.iter().filter(|&&distance| distance >= 0.0).count() == row.len()
    });
    are_lengths.into_iter().all(|all| all)
        && has_zero_diagonal(distances)
        && is_symmetric(distances)
}

fn has_zero_diagonal(distances: &Tensor) -> bool {
    distances
        .diagonal(0, 0, 1)
        .count_nonzero(0)
        .int64_value(&[])
        == 0
}

/// A symmetric matrix of distances in memory, zero on the diagonal.
#[derive(Debug, Clone)]
pub(crate) struct Distances {
    n: usize,
    values: Vec<f64>,
}

impl Distances {
    /// The distances of a matrix `[n, n]` of any floating kind.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape or kind, an entry that is negative or not finite, and, but
    /// for rounding, a diagonal that is not 0 and an entry that differs from its mirror image; the message names the
    /// pair.
    pub(crate) fn new(op: &'static str, distances: &Tensor) -> Result<Self> {
        Self::read(op, distances, false)
    }

    /// [`new`](Self::new), where an entry may also be NaN, if it is not known, or +∞, if no path leads.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new) otherwise.
    pub(crate) fn with_gaps(op: &'static str, distances: &Tensor) -> Result<Self> {
        Self::read(op, distances, true)
    }

    fn read(op: &'static str, distances: &Tensor, gaps: bool) -> Result<Self> {
        check_kind(op, distances)?;
        let distances = distances.detach();
        let given = Self::of(&distances);
        if !gaps {
            given.check(op, "finite distances", f64::is_finite)?;
        }
        if let Some(x) = (0..given.n).find(|&x| given.get(x, x).is_nan()) {
            let got = format!("NaN at ({x}, {x})");
            return Err(Error::invalid(op, "0 on the diagonal", got));
        }
        let exactly = symmetry(op, &distances, Diagonal::Zero, largest(&distances))?;
        let read = if exactly {
            given
        } else {
            Self::of(&mean_of_both(&distances))
        };
        read.check(op, "distances ≥ 0", |distance| {
            distance >= 0.0 || distance.is_nan()
        })?;
        Ok(read)
    }

    fn of(distances: &Tensor) -> Self {
        let n = distances.size()[0] as usize;
        let flat = distances.to_device(Device::Cpu).to_kind(Kind::Double);
        let flat = flat.contiguous().view(-1);
        let mut values = vec![0.0; n * n];
        flat.copy_data(&mut values, n * n);
        Self { n, values }
    }

    fn check(&self, op: &'static str, wanted: &str, fits: impl Fn(f64) -> bool) -> Result<()> {
        for x in 0..self.n {
            for y in 0..=x {
                let (there, back) = (self.get(x, y), self.get(y, x));
                if !(fits(there) && fits(back)) {
                    let got = pair((x as i64, y as i64), there, back);
                    return Err(Error::invalid(op, wanted, got));
                }
            }
        }
        Ok(())
    }

    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// The distance of x and y.
    pub(crate) fn get(&self, x: usize, y: usize) -> f64 {
        self.values[x * self.n + y]
    }

    /// The distances of x to all points.
    pub(crate) fn row(&self, x: usize) -> &[f64] {
        &self.values[x * self.n..(x + 1) * self.n]
    }
}
