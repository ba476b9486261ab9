//! Factors L of large symmetric positive definite matrices, A = L Lᵀ, on all processors.
//!
//! A *panel* is W rows of L, of which the same column makes one vector, `panel[column][row]`: so all that a factorisation and
//! its solves do is vector instructions over memory that is read in order, and half of a square matrix is never there.
//! Panels are computed in blocks from left to right, each from all panels before it, in an order that does not
//! depend on the number of threads.

mod solve;
mod tile;

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;

use self::tile::add_multiple;
pub(crate) use self::tile::{Number, is_fast};

/// A factor in f32.
pub(crate) type SingleCholesky = Cholesky<f32, 16>;

/// A factor in f64.
pub(crate) type DoubleCholesky = Cholesky<f64, 16>;

/// Panels that are factored at a time: their columns stay in the second cache while those of all rows below are updated.
const BLOCK: usize = 8;

/// Bytes of a panel by which rows are updated at a time, so that those of two panels fit into the first cache.
const DEPTH: usize = 1 << 14;

/// Entries of a row that are asked for at a time.
const ENTRIES: usize = 128;

/// A factor L, with W rows to a panel.
pub(crate) struct Cholesky<T, const W: usize> {
    size: usize,
    /// One panel after the other, each up to the column of its last row.
    columns: Vec<[T; W]>,
}

impl<T, const W: usize> std::fmt::Debug for Cholesky<T, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cholesky({} rows, {W} to a panel)", self.size)
    }
}

impl<T: Number<W>, const W: usize> Cholesky<T, W> {
    /// Of the matrix whose entries `write(row, columns, out)` gives; of those above the diagonal some are asked for, and
    /// none is used. In its place the row, counted from 1, whose pivot is not positive.
    pub(crate) fn new(
        size: usize,
        write: impl Fn(usize, Range<usize>, &mut [f64]) + Sync,
    ) -> Result<Self, usize> {
        let panels = size.div_ceil(W);
        let columns = vec![[T::narrow(0.0); W]; start_of::<W>(panels)];
        let mut factor = Self { size, columns };
        let mut panels = factor.panels_mut();
        panels
            .par_iter_mut()
            .enumerate()
            .for_each(|(panel, columns)| fill(size, panel * W, columns, &write));
        factorise(&mut panels)?;
        Ok(factor)
    }

    /// The row of the smallest pivot; of no rows, 0.
    pub(crate) fn smallest_pivot(&self) -> usize {
        let pivot = |row: usize| self.panel(row / W)[row][row % W].wide();
        (0..self.size)
            .min_by(|&a, &b| pivot(a).total_cmp(&pivot(b)))
            .unwrap_or(0)
    }

    fn panels(&self) -> usize {
        self.size.div_ceil(W)
    }

    fn panel(&self, panel: usize) -> &[[T; W]] {
        &self.columns[start_of::<W>(panel)..start_of::<W>(panel + 1)]
    }

    fn panels_mut(&mut self) -> Vec<&mut [[T; W]]> {
        let count = self.panels();
        let mut rest = &mut self.columns[..];
        let next = |panel: usize| {
            let (columns, after) = std::mem::take(&mut rest).split_at_mut((panel + 1) * W);
            rest = after;
            columns
        };
        (0..count).map(next).collect()
    }
}

/// How many columns the panels before this one have.
fn start_of<const W: usize>(panel: usize) -> usize {
    W * panel * (panel + 1) / 2
}

/// The entries of the rows from `first` on; rows beyond the last are those of the identity.
fn fill<T: Number<W>, const W: usize>(
    size: usize,
    first: usize,
    panel: &mut [[T; W]],
    write: &impl Fn(usize, Range<usize>, &mut [f64]),
) {
    let rows = first..size.min(first + W);
    let mut entries = [[0.0; ENTRIES]; W];
    for start in (0..rows.end).step_by(ENTRIES) {
        let columns = start..rows.end.min(start + ENTRIES);
        for (row, entries) in rows.clone().zip(&mut entries) {
            write(row, columns.clone(), &mut entries[..columns.len()]);
        }
        for (place, column) in panel[columns].iter_mut().enumerate() {
            *column = std::array::from_fn(|lane| T::narrow(entries[lane][place]));
        }
    }
    for lane in rows.len()..W {
        panel[first + lane][lane] = T::narrow(1.0);
    }
}

/// L from the lower triangle of A, in place.
fn factorise<T: Number<W>, const W: usize>(panels: &mut [&mut [[T; W]]]) -> Result<(), usize> {
    for first in (0..panels.len()).step_by(BLOCK) {
        let left = first * W;
        let (above, below) = panels.split_at_mut(panels.len().min(first + BLOCK));
        let (done, mut block) = split_columns(&mut above[first..], left);
        block.par_iter_mut().enumerate().for_each(|(panel, own)| {
            let before = &done[..=panel];
            update(&mut [(done[panel], &mut **own)], before);
        });
        factorise_block(&mut block).map_err(|row| left + row)?;
        below.par_chunks_mut(BLOCK).for_each(|group| {
            let (of_group, mut own) = split_columns(group, left);
            let mut both: Vec<_> = of_group
                .into_iter()
                .zip(own.iter_mut().map(|own| &mut **own))
                .collect();
            update(&mut both, &done);
            for own in own {
                divide(own, &block);
            }
        });
    }
    Ok(())
}

/// Columns of a panel.
type Columns<'a, T, const W: usize> = &'a [[T; W]];

/// Columns of a panel, to be written.
type ColumnsMut<'a, T, const W: usize> = &'a mut [[T; W]];

/// The columns of each panel before `left`, and the others.
fn split_columns<'a, T, const W: usize>(
    panels: &'a mut [&mut [[T; W]]],
    left: usize,
) -> (Vec<Columns<'a, T, W>>, Vec<ColumnsMut<'a, T, W>>) {
    let split = panels.iter_mut().map(|panel| panel.split_at_mut(left));
    split.map(|(done, own)| (&*done, own)).unzip()
}

/// Subtracts from a block's columns of some rows, `(done, own)`, the product of what is done of them and of the block's rows.
fn update<T: Number<W>, const W: usize>(
    rows: &mut [(Columns<'_, T, W>, ColumnsMut<'_, T, W>)],
    block: &[&[[T; W]]],
) {
    let left = block.first().map_or(0, |done| done.len());
    let depth = DEPTH / size_of::<[T; W]>();
    for start in (0..left).step_by(depth) {
        let columns = start..left.min(start + depth);
        for (place, other) in block.iter().enumerate() {
            for (done, own) in rows.iter_mut() {
                let tile = &mut own[place * W..(place + 1) * W];
                T::subtract_product(tile, &done[columns.clone()], &other[columns.clone()]);
            }
        }
    }
}

/// The factor of a block from its columns alone.
fn factorise_block<T: Number<W>, const W: usize>(block: &mut [&mut [[T; W]]]) -> Result<(), usize> {
    for panel in 0..block.len() {
        let (before, own) = block.split_at_mut(panel);
        let own = &mut own[0];
        divide(own, before);
        let (done, tile) = own.split_at_mut(panel * W);
        T::subtract_product(&mut tile[..W], done, done);
        factorise_tile(tile).map_err(|row| panel * W + row)?;
    }
    Ok(())
}

/// X from X Lᵀ of the columns of a block, of which these are the rows of L.
fn divide<T: Number<W>, const W: usize>(own: &mut [[T; W]], block: &[&mut [[T; W]]]) {
    for (place, rows) in block.iter().enumerate() {
        let (done, rest) = own.split_at_mut(place * W);
        T::subtract_product(&mut rest[..W], done, &rows[..place * W]);
        T::divide(&mut rest[..W], &rows[place * W..]);
    }
}

fn factorise_tile<T: Number<W>, const W: usize>(tile: &mut [[T; W]]) -> Result<(), usize> {
    let zero = T::narrow(0.0);
    for column in 0..W {
        let (done, rest) = tile.split_at_mut(column);
        let own = &mut rest[0];
        for before in &*done {
            add_multiple(own, before, -before[column]);
        }
        let pivot = own[column];
        // NaN is not.
        if pivot.partial_cmp(&zero) != Some(Ordering::Greater) {
            return Err(column + 1);
        }
        let root = T::narrow(pivot.wide().sqrt());
        for (lane, entry) in own.iter_mut().enumerate() {
            *entry = if lane < column { zero } else { *entry / root };
        }
        own[column] = root;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
