//! Points whose neighbours are found by a look at all distances: of any space, or from a matrix.

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::sets::{CoincidingSets, Column, Near, Sets, System, Trouble, similar_weight};
use crate::magnitude::matrix_free::operator::{Similarities, Tiled};
use crate::magnitude::similarity::duplicates::Labels;
use crate::magnitude::similarity::to_vec;
use crate::manifold::Distance;
use crate::numerics::rows::measure_rows;

/// Columns that are in memory at once.
const BATCH: usize = 8192;
/// Numbers of the coordinates of small sets that are measured at once.
const MEASURED: usize = 1 << 22;

/// The nearest neighbours of a point by its row of distances, and the point itself.
fn set_of(row: &[f64], own: usize, near: Near) -> Vec<u32> {
    let by_distance = |&a: &u32, &b: &u32| {
        let order = row[a as usize].total_cmp(&row[b as usize]);
        order.then(a.cmp(&b))
    };
    let mut set: Vec<u32> = (0..row.len() as u32)
        .filter(|&other| near.admits(own, other as usize))
        .collect();
    if set.len() > near.count {
        set.select_nth_unstable_by(near.count, by_distance);
        set.truncate(near.count);
    }
    set.sort_unstable_by(by_distance);
    set.push(own as u32);
    set
}

/// A matrix of distances in memory.
pub(super) struct Matrix {
    n: usize,
    distances: Vec<f64>,
}

impl Matrix {
    pub(super) fn new(distances: &Tensor) -> Self {
        Self {
            n: distances.size()[0] as usize,
            distances: to_vec(&distances.to_device(Device::Cpu).to_kind(Kind::Double)),
        }
    }

    fn row(&self, point: usize) -> &[f64] {
        &self.distances[point * self.n..][..self.n]
    }
}

impl Sets for Matrix {
    fn len(&self) -> usize {
        self.n
    }

    fn columns(
        &self,
        near: Near,
        system: System,
        take: &mut dyn FnMut(Column),
    ) -> Result<(), Trouble> {
        for batch in near.order.points.chunks(BATCH) {
            let columns: Vec<_> = batch
                .par_iter()
                .map(|&own| {
                    let set = set_of(self.row(own as usize), own as usize, near);
                    let from = |&place: &u32| {
                        let row = self.row(place as usize);
                        set.iter().map(|&other| row[other as usize])
                    };
                    let distances: Vec<f64> = set.iter().flat_map(from).collect();
                    system.column(set, &distances)
                })
                .collect();
            for column in columns {
                take(column?);
            }
        }
        Ok(())
    }

    fn products(&self, points: &[usize], t: f64, weights: &[f64]) -> Vec<f64> {
        let product = |&point: &usize| {
            similar_weight(t, weights, |first, out| {
                out.copy_from_slice(&self.row(point)[first..][..out.len()]);
            })
        };
        points.par_iter().map(product).collect()
    }
}

/// Points of a space, whose distances are measured in tiles.
pub(super) struct Measured<'a, D: Distance + ?Sized>(pub(super) Tiled<'a, D>);

impl<D: Distance + ?Sized> Measured<'_, D> {
    /// The columns of some sets, of which the first is the largest.
    fn solve(&self, sets: &[Vec<u32>], system: System) -> Vec<Result<Column, Trouble>> {
        let width = sets.iter().map(Vec::len).max().unwrap_or(0);
        // Filled up with the point itself, in front.
        let places: Vec<i64> = sets
            .iter()
            .flat_map(|set| {
                let own = set.last().copied();
                let missing = own.into_iter().cycle().take(width - set.len());
                missing.chain(set.iter().copied()).map(i64::from)
            })
            .collect();
        let places = Tensor::from_slice(&places).view([sets.len() as i64, width as i64]);
        let distances = self
            .0
            .distances_within(&places.to_device(self.0.device()))
            .view([sets.len() as i64, -1]);
        measure_rows([&distances], |set, [distances]| {
            let set = &sets[set];
            let missing = width - set.len();
            let within: Vec<f64> = distances
                .chunks_exact(width)
                .skip(missing)
                .flat_map(|row| &row[missing..])
                .copied()
                .collect();
            system.column(set.clone(), &within)
        })
    }
}

impl<D: Distance + ?Sized> Sets for Measured<'_, D> {
    fn len(&self) -> usize {
        Similarities::len(&self.0) as usize
    }

    fn columns(
        &self,
        near: Near,
        system: System,
        take: &mut dyn FnMut(Column),
    ) -> Result<(), Trouble> {
        let size = self.0.space.shape().iter().product::<i64>().max(1) as usize;
        let width = near.count.min(self.len()) + 1;
        let batch = (MEASURED / (width * width * size)).max(1);
        for (first, tile) in self.0.tiles() {
            let sets = measure_rows([&tile], |row, [distances]| {
                let own = first as usize + row;
                if distances.iter().all(|distance| distance.is_finite()) {
                    Ok(set_of(distances, own, near))
                } else {
                    Err(Trouble::NotFinite(own as u32))
                }
            });
            let sets = sets.into_iter().collect::<Result<Vec<_>, _>>()?;
            for sets in sets.chunks(batch) {
                for column in self.solve(sets, system) {
                    take(column?);
                }
            }
        }
        Ok(())
    }

    fn products(&self, points: &[usize], t: f64, weights: &[f64]) -> Vec<f64> {
        let mut products = Vec::with_capacity(points.len());
        for &point in points {
            let from = self.0.points.get(point as i64).unsqueeze(0);
            let distances = self.0.space.between(&from, &self.0.points);
            let mut distances = to_vec(&distances.to_kind(Kind::Double));
            distances[point] = 0.0;
            products.push(similar_weight(t, weights, |first, out| {
                out.copy_from_slice(&distances[first..][..out.len()]);
            }));
        }
        products
    }
}

impl<D: Distance + ?Sized> CoincidingSets for Measured<'_, D> {
    fn coinciding(&self) -> Option<Labels> {
        let mut first: Vec<usize> = Vec::with_capacity(self.len());
        for (start, tile) in self.0.tiles() {
            let found = measure_rows([&tile], |row, [distances]| {
                let own = start as usize + row;
                distances[..own]
                    .iter()
                    .position(|&distance| distance == 0.0)
            });
            for found in found {
                first.push(found.map_or(first.len(), |earlier| first[earlier]));
            }
        }
        Labels::new(&first)
    }
}
