//! An approximate inverse of a similarity matrix: a sparse triangular factor, point by point.
//!
//! In an order of the points, Z⁻¹ = U Uᵀ with U upper triangular. Column i of U is exact where the point i depends on the
//! earlier points through the nearest of them alone; it is then that of the similarities of point i and those
//! neighbours. In a random order the first points have far neighbours and the last ones near, so that large and
//! small scales are both met.

use tch::{Kind, Tensor};

use super::operator::{Neighbours, Similarities};
use crate::magnitude::solve::inverse_column::inverse_column;
use crate::numerics::rows::measure_rows;
use crate::{Error, Result};

/// Distances in a batch of small matrices.
const BATCH: i64 = 1 << 20;
/// What is added to the diagonal of the small matrices, so that points that nearly coincide have a factor.
const SHIFT: f64 = 1e-12;

/// U, a column a row: `[n, neighbours + 1]`.
pub(super) struct SparseInverse {
    places: Tensor,
    values: Tensor,
}

impl SparseInverse {
    pub(super) fn new(
        op: &'static str,
        similarities: &dyn Similarities,
        t: f64,
        neighbours: &Neighbours,
    ) -> Result<Self> {
        let n = similarities.len();
        let own = Tensor::arange(n, (Kind::Int64, similarities.device())).unsqueeze(1);
        let places = Tensor::cat(&[&neighbours.places, &own], 1);
        let known = Tensor::cat(
            &[
                neighbours.distances.isfinite(),
                own.ones_like().to_kind(Kind::Bool),
            ],
            1,
        );
        let width = places.size()[1];
        let rows = (BATCH / (width * width)).max(1);
        let mut values = Vec::new();
        for first in (0..n).step_by(rows as usize) {
            let rows = rows.min(n - first);
            let (places, known) = (places.narrow(0, first, rows), known.narrow(0, first, rows));
            values.push(columns(op, similarities, t, &places, &known)?);
        }
        Ok(Self {
            places,
            values: Tensor::cat(&values, 0),
        })
    }

    /// U Uᵀ r, `[n, 1]`.
    pub(super) fn times(&self, r: &Tensor) -> Tensor {
        let flat = self.places.view(-1);
        let gathered = r.view(-1).index_select(0, &flat).view_as(&self.values);
        let inner = (gathered * &self.values).sum_dim_intlist(1, true, Kind::Double);
        let spread = (&self.values * inner).view(-1);
        r.zeros_like()
            .view(-1)
            .index_add(0, &flat, &spread)
            .unsqueeze(1)
    }
}

/// The columns of U of some points: L⁻ᵀ e of the last unit vector e, for Z = L Lᵀ of a point and its neighbours.
fn columns(
    op: &'static str,
    similarities: &dyn Similarities,
    t: f64,
    places: &Tensor,
    known: &Tensor,
) -> Result<Tensor> {
    let (rows, width) = (places.size()[0], places.size()[1]);
    let similar = (similarities.distances_within(places) * -t).exp();
    // Where there is no neighbour, a point that is like no other.
    let both = known.unsqueeze(2).logical_and(&known.unsqueeze(1));
    let eye = Tensor::eye(width, (Kind::Double, similarities.device()));
    let similar = (similar.where_self(&both, &eye) + &eye * SHIFT).view([rows, width * width]);
    let columns = measure_rows([&similar], |_, [matrix]| {
        inverse_column(&mut matrix.to_vec(), width as usize, 0.0)
    });
    let columns: Option<Vec<Vec<f64>>> = columns.into_iter().collect();
    let columns = columns.ok_or_else(|| not_positive_definite(op))?;
    let columns = Tensor::from_slice(&columns.concat()).view([rows, width]);
    Ok(columns.to_device(similarities.device()) * known.to_kind(Kind::Double))
}

/// Conjugate gradients are for positive definite spaces alone.
pub(super) fn not_positive_definite(op: &'static str) -> Error {
    let expected = "a positive definite space at this scale (`weighting` takes others)";
    Error::invalid(op, expected, "negative eigenvalues")
}
