//! Solutions of Ax = b by A = L Lᵀ.

use rayon::prelude::*;

use super::Cholesky;
use super::tile::{Number, add_multiple};

/// Panels whose unknowns are found one after the other; those that follow from them are found in parallel.
const PANELS: usize = 16;

/// Unknowns of which a thread takes away at a time what is known.
const UNKNOWNS: usize = 512;

impl<T: Number<W>, const W: usize> Cholesky<T, W> {
    /// A⁻¹b for each column b, computed in the kind of number that L is made of.
    pub(crate) fn solve(&self, columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let padded = self.size.next_multiple_of(W);
        let mut unknowns: Vec<Vec<T>> = columns
            .iter()
            .map(|column| {
                let mut numbers: Vec<T> = column.iter().map(|&b| T::narrow(b)).collect();
                numbers.resize(padded, T::narrow(0.0));
                numbers
            })
            .collect();
        // Inside of the pool, threads are not woken for each block.
        rayon::scope(|_| {
            self.forward(&mut unknowns);
            self.backward(&mut unknowns);
        });
        unknowns
            .into_iter()
            .map(|x| x[..self.size].iter().map(|x| x.wide()).collect())
            .collect()
    }

    /// x from Lx.
    fn forward(&self, columns: &mut [Vec<T>]) {
        for first in (0..self.panels()).step_by(PANELS) {
            let block = first..self.panels().min(first + PANELS);
            let known = first * W;
            let images: Vec<Vec<[T; W]>> = block
                .clone()
                .into_par_iter()
                .map(|panel| {
                    let rows = &self.panel(panel)[..known];
                    columns.iter().map(|x| T::image(rows, x)).collect()
                })
                .collect();
            for (panel, images) in block.zip(images) {
                for (x, image) in columns.iter_mut().zip(images) {
                    self.forward_panel(panel, known, x, image);
                }
            }
        }
    }

    /// The unknowns of a panel, from those before, of which those before `known` have this image.
    fn forward_panel(&self, panel: usize, known: usize, x: &mut [T], image: [T; W]) {
        let start = panel * W;
        let (rows, triangle) = self.panel(panel).split_at(start);
        let (done, own) = x.split_at_mut(start);
        let near = T::image(&rows[known..], &done[known..]);
        for (own, (&image, near)) in own.iter_mut().zip(image.iter().zip(near)) {
            *own = *own - (image + near);
        }
        for (place, column) in triangle.iter().enumerate() {
            own[place] = own[place] / column[place];
            let (done, after) = own.split_at_mut(place + 1);
            add_multiple(
                &mut after[..W - done.len()],
                &column[done.len()..],
                -done[place],
            );
        }
    }

    /// x from Lᵀx.
    fn backward(&self, columns: &mut [Vec<T>]) {
        for first in (0..self.panels()).step_by(PANELS).rev() {
            let block = first..self.panels().min(first + PANELS);
            let left = first * W;
            let panels: Vec<&[[T; W]]> = block.clone().map(|panel| self.panel(panel)).collect();
            for x in columns.iter_mut() {
                for panel in block.clone().rev() {
                    self.backward_panel(panel, left, x);
                }
                let (rest, done) = x.split_at_mut(left);
                let (known, _) = done.as_chunks::<W>();
                let tasks = rest.par_chunks_mut(UNKNOWNS).enumerate();
                tasks.for_each(|(task, x)| {
                    let from = task * UNKNOWNS;
                    let rows: Vec<_> =
                        (panels.iter().map(|rows| &rows[from..from + x.len()])).collect();
                    T::subtract_transposed(x, &rows, known);
                });
            }
        }
    }

    /// The unknowns of a panel, and what they leave of those before it from `left` on.
    fn backward_panel(&self, panel: usize, left: usize, x: &mut [T]) {
        let start = panel * W;
        let (rows, triangle) = self.panel(panel).split_at(start);
        let (rest, own) = x.split_at_mut(start);
        for (place, column) in triangle.iter().enumerate().rev() {
            let known = own[place + 1..W].iter().zip(&column[place + 1..]);
            let left = known.fold(own[place], |left, (&x, &l)| (-l).mul_add(x, left));
            own[place] = left / column[place];
        }
        let known: [T; W] = std::array::from_fn(|lane| own[lane]);
        T::subtract_transposed(&mut rest[left..], &[&rows[left..]], &[known]);
    }
}
