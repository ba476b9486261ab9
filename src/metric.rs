//! Matrices of distances, checked.

use tch::{Device, Kind, Tensor};

use crate::numerics::rows::{is_symmetric, measure_rows};
use crate::{Error, Result};

/// Checks a matrix of distances `[n, n]`, whose entries may be +∞: by whole tensors, and pair by pair once
/// it is known that something is wrong.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, a diagonal that is not 0, and an entry that is NaN,
/// negative or not equal to its mirror image; the message names the pair.
pub(crate) fn check_distances(op: &'static str, distances: &Tensor) -> Result<()> {
    crate::numerics::require_defined(op, &[distances])?;
    let size = distances.size();
    let is_matrix = size.len() == 2
        && size[0] == size[1]
        && matches!(distances.kind(), Kind::Double | Kind::Float);
    let distances = distances.detach();
    if is_matrix && is_metric_like(&distances) {
        return Ok(());
    }
    Distances::with_gaps(op, &distances)?;
    let unknown = distances.isnan().nonzero();
    let (x, y) = (unknown.int64_value(&[0, 0]), unknown.int64_value(&[0, 1]));
    let got = format!("NaN at ({x}, {y})");
    Err(Error::invalid(op, "distances that are known", got))
}

/// Whether all entries are at least 0 (which NaN is not), symmetric, and 0 on the diagonal.
fn is_metric_like(distances: &Tensor) -> bool {
    let diagonal = distances.diagonal(0, 0, 1);
    let are_lengths = measure_rows([distances], |_, [row]| {
        row.iter().filter(|&&distance| distance >= 0.0).count() == row.len()
    });
    are_lengths.into_iter().all(|all| all)
        && diagonal.count_nonzero(0).int64_value(&[]) == 0
        && is_symmetric(distances)
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
    /// [`Error::InvalidArgument`] for another shape or kind, a diagonal that is not 0, and an entry that is
    /// negative, not finite or not equal to its mirror image; the message names the pair.
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
        crate::numerics::require_defined(op, &[distances])?;
        let size = distances.size();
        let floating = matches!(distances.kind(), Kind::Double | Kind::Float);
        if size.len() != 2 || size[0] != size[1] || !floating {
            let got = format!("{size:?} of {:?}", distances.kind());
            return Err(Error::invalid(
                op,
                "a matrix of distances [n, n], Double or Float",
                got,
            ));
        }
        let n = size[0] as usize;
        let flat = distances
            .detach()
            .to_device(Device::Cpu)
            .to_kind(Kind::Double);
        let flat = flat.contiguous().view(-1);
        let mut values = vec![0.0; n * n];
        flat.copy_data(&mut values, n * n);
        let distances = Self { n, values };
        distances.check(op, gaps)?;
        Ok(distances)
    }

    fn check(&self, op: &'static str, gaps: bool) -> Result<()> {
        for x in 0..self.n {
            for y in 0..=x {
                let (there, back) = (self.get(x, y), self.get(y, x));
                let wanted = if x == y && there != 0.0 {
                    "0 on the diagonal"
                } else if !(gaps || there.is_finite() && back.is_finite()) {
                    "finite distances"
                } else if there != back && !(there.is_nan() && back.is_nan()) {
                    "a symmetric matrix"
                } else if there < 0.0 {
                    "distances ≥ 0"
                } else {
                    continue;
                };
                let got = format!("{there} at ({x}, {y}) and {back} at ({y}, {x})");
                return Err(Error::invalid(op, wanted, got));
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
