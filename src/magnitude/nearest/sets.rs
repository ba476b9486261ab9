//! Small systems, each of a point and others near it, and the weights that follow from them.

use crate::magnitude::similarity::duplicates::Labels;
use crate::magnitude::solve::inverse_column::inverse_column;
use crate::numerics::compensated::{dot, plus, rounded};
use crate::numerics::wide::similarity::row_of_similarities;

/// Points in an order, and the place of each in it.
pub(super) struct Order {
    pub(super) points: Vec<u32>,
    pub(super) ranks: Vec<u32>,
}

impl Order {
    pub(super) fn new(points: Vec<u32>) -> Self {
        let mut ranks = vec![0; points.len()];
        for (rank, &point) in points.iter().enumerate() {
            ranks[point as usize] = rank as u32;
        }
        Self { points, ranks }
    }
}

/// Which neighbours a point has.
#[derive(Clone, Copy)]
pub(super) struct Near<'a> {
    /// How many, at most.
    pub(super) count: usize,
    /// An order of the points.
    pub(super) order: &'a Order,
    /// Whether only those before the point in the order count.
    pub(super) earlier: bool,
}

impl Near<'_> {
    /// Whether `other` may be a neighbour of `own`.
    pub(super) fn admits(&self, own: usize, other: usize) -> bool {
        if self.earlier {
            self.order.ranks[other] < self.order.ranks[own]
        } else {
            other != own
        }
    }
}

/// A column of an approximate factor of Z⁻¹.
pub(super) struct Column {
    /// The points of the system, the point itself last.
    places: Vec<u32>,
    values: Vec<f64>,
}

/// Why a system has no solution.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// A point is at distance 0 of a neighbour.
    Coinciding,
    /// The similarities of this point and its neighbours are not positive definite to rounding.
    NotPositive(u32),
    /// A distance of this point is not finite.
    NotFinite(u32),
}

/// The system of some points at a scale.
#[derive(Clone, Copy)]
pub(super) struct System {
    pub(super) t: f64,
    /// Whether points at distance 0 are [`Trouble::Coinciding`].
    pub(super) tells_coinciding: bool,
}

impl System {
    /// The column of the last of `places`, of the distances between them, `[width, width]`, of which those below the
    /// diagonal count.
    pub(super) fn column(&self, places: Vec<u32>, distances: &[f64]) -> Result<Column, Trouble> {
        let width = places.len();
        // Neighbours that coincide with each other leave no pivot, as those of the point itself do.
        let mut below = distances.chunks_exact(width).enumerate();
        if self.tells_coinciding && below.any(|(i, row)| row[..i].contains(&0.0)) {
            return Err(Trouble::Coinciding);
        }
        let mut similar = vec![1.0; width * width];
        for (i, (row, out)) in distances
            .chunks_exact(width)
            .zip(similar.chunks_exact_mut(width))
            .enumerate()
        {
            row_of_similarities(self.t, &row[..i], &mut out[..i]);
        }
        let least = width as f64 * f64::EPSILON;
        let values = inverse_column(&mut similar, width, least)
            .ok_or(Trouble::NotPositive(places[width - 1]))?;
        Ok(Column { places, values })
    }
}

/// A set of points that knows what is near.
pub(super) trait Sets {
    fn len(&self) -> usize;

    /// Solves the system of each point and its neighbours and takes the columns, in the same order on any number of threads,
    /// until one fails.
    fn columns(
        &self,
        near: Near,
        system: System,
        take: &mut dyn FnMut(Column),
    ) -> Result<(), Trouble>;

    /// Zw at some points.
    fn products(&self, points: &[usize], t: f64, weights: &[f64]) -> Vec<f64>;
}

/// A set of points that may coincide.
pub(super) trait CoincidingSets: Sets {
    /// Which points do; `None` where all differ.
    fn coinciding(&self) -> Option<Labels>;
}

/// The weights that follow from the neighbours in one order.
///
/// With c the column of x, Z_N⁻¹ e_x = c·c_x for the set N of x and its neighbours. Where they are the nearest of all, w_x is
/// the entry of x of Z_N⁻¹1; where they come before x in an order, w = U Uᵀ1 for the matrix U of all columns.
pub(super) fn weights_in_order(
    sets: &impl Sets,
    near: Near,
    system: System,
) -> Result<Vec<f64>, Trouble> {
    let mut weights = vec![0.0; sets.len()];
    sets.columns(near, system, &mut |Column { places, values }| {
        let total: f64 = values.iter().sum();
        let last = values.len() - 1;
        let first = if near.earlier { 0 } else { last };
        for (&place, value) in places[first..].iter().zip(&values[first..]) {
            weights[place as usize] += value * total;
        }
    })?;
    Ok(weights)
}

/// Σ e^(−t d) w, summed in twice the precision; blocks of distances are written by `fill(first, out)`.
pub(super) fn similar_weight(t: f64, weights: &[f64], fill: impl Fn(usize, &mut [f64])) -> f64 {
    const BLOCK: usize = 1024;
    let (mut distances, mut similar) = ([0.0; BLOCK], [0.0; BLOCK]);
    let mut total = (0.0, 0.0);
    for (block, weights) in weights.chunks(BLOCK).enumerate() {
        let (distances, similar) = (
            &mut distances[..weights.len()],
            &mut similar[..weights.len()],
        );
        fill(block * BLOCK, distances);
        row_of_similarities(t, distances, similar);
        total = plus(total, dot(similar, weights));
    }
    rounded(total)
}
