//! Similarities of points of Euclidean space, pair by pair in registers.

use tch::{Device, Kind, Tensor};

use super::operator::{Neighbours, Similarities};
use crate::magnitude::similarity::to_vec;
use crate::numerics::double_double::Real;
use crate::numerics::rows::{fill_rows, measure_rows};
use crate::numerics::wide::similarity::exp_of_minus;
use crate::numerics::wide::{WIDTH, Wide, for_each_processor};

/// Points of a block: its coordinates and sums stay in the first cache.
const BLOCK: usize = 128;
/// Parts into which a product is cut, each with sums of its own, which are then added up in order: the same bits on any
/// number of threads.
const PARTS: usize = 16;

/// e^(−t|x − y|) of points in memory.
pub(super) struct Euclidean {
    blocks: Blocks,
    /// The points, `[n, dim]`, f64 on the CPU.
    points: Tensor,
}

/// Coordinates, laid out for vector instructions.
struct Blocks {
    n: usize,
    dim: usize,
    t: f64,
    /// `[blocks][dim][BLOCK]`; points that fill up the last block are 0.
    coordinates: Vec<f64>,
}

impl Euclidean {
    pub(super) fn new(points: &Tensor, t: f64) -> Self {
        let points = points.detach().to_device(Device::Cpu).to_kind(Kind::Double);
        let (n, dim) = (points.size()[0] as usize, points.size()[1] as usize);
        let padded = n.div_ceil(BLOCK) * BLOCK;
        let filled = points.constant_pad_nd([0, 0, 0, (padded - n) as i64]);
        let coordinates = filled
            .view([-1, BLOCK as i64, dim as i64])
            .transpose(1, 2)
            .contiguous();
        let blocks = Blocks {
            n,
            dim,
            t,
            coordinates: to_vec(&coordinates),
        };
        Self { blocks, points }
    }
}

impl Blocks {
    /// A coordinate of a point.
    fn coordinate(&self, point: usize, axis: usize) -> f64 {
        self.block(point / BLOCK)[axis * BLOCK + point % BLOCK]
    }

    /// The distances between all pairs of a few points, both ways.
    fn distances_within(&self, places: &[f64], out: &mut [f64]) {
        let few = places.len();
        let near: Vec<f64> = places
            .iter()
            .flat_map(|&place| (0..self.dim).map(move |axis| self.coordinate(place as usize, axis)))
            .collect();
        for (i, one) in near.chunks_exact(self.dim).enumerate() {
            for (j, other) in near.chunks_exact(self.dim).enumerate().take(i + 1) {
                let squares = one.iter().zip(other).map(|(x, y)| (x - y) * (x - y));
                let distance = squares.sum::<f64>().sqrt();
                out[i * few + j] = distance;
                out[j * few + i] = distance;
            }
        }
    }

    fn count(&self) -> usize {
        self.n.div_ceil(BLOCK)
    }

    fn block(&self, index: usize) -> &[f64] {
        let size = self.dim * BLOCK;
        &self.coordinates[index * size..(index + 1) * size]
    }

    /// The rows of blocks of a part: as many long ones as short ones.
    fn rows_of_part(part: usize, count: usize) -> impl Iterator<Item = usize> {
        (0..count).filter(move |row| {
            let place = row % (2 * PARTS);
            place == part || place == 2 * PARTS - 1 - part
        })
    }
}

impl Similarities for Euclidean {
    fn len(&self) -> i64 {
        self.blocks.n as i64
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn times(&self, x: &Tensor) -> Tensor {
        let blocks = &self.blocks;
        let padded = blocks.count() * BLOCK;
        let x = to_vec(&x.view(-1).constant_pad_nd([0, (padded - blocks.n) as i64]));
        let parts = fill_rows(PARTS, padded, |part, sums| blocks.part(part, &x, sums));
        parts
            .sum_dim_intlist(0, false, Kind::Double)
            .narrow(0, 0, self.len())
            .unsqueeze(1)
    }

    fn distances_within(&self, places: &Tensor) -> Tensor {
        let (sets, few) = (places.size()[0], places.size()[1]);
        let (blocks, width) = (&self.blocks, few as usize);
        let places = to_vec(&places.to_kind(Kind::Double));
        let rows = fill_rows(sets as usize, width * width, |set, out| {
            blocks.distances_within(&places[set * width..][..width], out);
        });
        rows.view([sets, few, few])
    }

    fn earlier_neighbours(&self, count: i64) -> Neighbours {
        let (blocks, wanted) = (&self.blocks, count as usize);
        let nearest = measure_rows([&self.points], |row, [point]| {
            blocks.nearest_before(row, point, wanted)
        });
        let mut distances = Vec::with_capacity(blocks.n * wanted);
        let mut places = Vec::with_capacity(blocks.n * wanted);
        for found in nearest {
            let missing = wanted - found.len();
            for (square, place) in found {
                distances.push(square.sqrt());
                places.push(i64::from(place));
            }
            distances.extend(std::iter::repeat_n(f64::INFINITY, missing));
            places.extend(std::iter::repeat_n(0, missing));
        }
        let shape = [self.len(), count];
        Neighbours {
            places: Tensor::from_slice(&places).view(shape),
            distances: Tensor::from_slice(&distances).view(shape),
        }
    }
}

impl Blocks {
    /// The sums of a part of Zx.
    fn part(&self, part: usize, x: &[f64], sums: &mut [f64]) {
        sums.fill(0.0);
        let mut own = [0.0; BLOCK];
        for row in Self::rows_of_part(part, self.count()) {
            own.fill(0.0);
            let (here, x_here) = (self.block(row), of_block(x, row));
            square(self.t, here, x_here, &mut own);
            for column in row + 1..self.count() {
                let x = [x_here, of_block(x, column)];
                let sums = &mut sums.as_chunks_mut().0[column];
                pair(self.t, [here, self.block(column)], x, &mut own, sums);
            }
            for (sum, own) in sums[row * BLOCK..].iter_mut().zip(own) {
                *sum += own;
            }
        }
    }

    /// The nearest of the points before `row`, nearest first: (squared distance, place).
    fn nearest_before(&self, row: usize, point: &[f64], count: usize) -> Vec<(f64, u32)> {
        let mut nearest: Vec<(f64, u32)> = Vec::with_capacity(count + 1);
        let mut squares = [0.0; BLOCK];
        let mut bound = f64::INFINITY;
        for block in 0..=row / BLOCK {
            squares_from(point, self.block(block), &mut squares);
            let within = (row - block * BLOCK).min(BLOCK);
            for (lane, &square) in squares[..within].iter().enumerate() {
                if square < bound {
                    let place = nearest.partition_point(|&(before, _)| before <= square);
                    nearest.insert(place, (square, (block * BLOCK + lane) as u32));
                    nearest.truncate(count);
                    if nearest.len() == count {
                        bound = nearest[count - 1].0;
                    }
                }
            }
        }
        nearest
    }
}

/// The squared distances of a point, given by its coordinates, from the eight of a block that begin at `lane`.
#[inline(always)]
fn squares_at(point: impl Fn(usize) -> f64, block: &[f64], lane: usize) -> Wide {
    let mut sum = Wide::ZERO;
    for (axis, coordinates) in block.as_chunks().0.iter().enumerate() {
        let difference = load(coordinates, lane) - Wide::splat(point(axis));
        sum = difference.mul_add(difference, sum);
    }
    sum
}

#[inline(always)]
fn load(numbers: &[f64; BLOCK], lane: usize) -> Wide {
    // One check of the bounds, or vectors fall apart into numbers.
    let numbers = &numbers[lane..lane + WIDTH];
    Wide(std::array::from_fn(|k| numbers[k]))
}

/// The numbers of a block.
#[inline(always)]
fn of_block(numbers: &[f64], block: usize) -> &[f64; BLOCK] {
    &numbers.as_chunks().0[block]
}

for_each_processor! {
    /// The squared distances of a point from those of a block.
    fn squares_from(point: &[f64], block: &[f64], out: &mut [f64; BLOCK]) {
        for lane in (0..BLOCK).step_by(WIDTH) {
            let squares = squares_at(|axis| point[axis], block, lane);
            out[lane..lane + WIDTH].copy_from_slice(&squares.0);
        }
    }

    /// `sums += Z x` of a block with itself.
    fn square(t: f64, block: &[f64], x: &[f64; BLOCK], sums: &mut [f64; BLOCK]) {
        for (i, sum) in sums.iter_mut().enumerate() {
            let mut along = Wide::ZERO;
            for lane in (0..BLOCK).step_by(WIDTH) {
                let squares = squares_at(|axis| block[axis * BLOCK + i], block, lane);
                let z = exp_of_minus(squares.sqrt() * Wide::splat(t));
                along = z.mul_add(load(x, lane), along);
            }
            *sum += along.0.iter().sum::<f64>();
        }
    }

    /// `sums_i += Z x_j` and `sums_j += Zᵀ x_i` of two blocks.
    fn pair(
        t: f64,
        blocks: [&[f64]; 2],
        x: [&[f64; BLOCK]; 2],
        sums_i: &mut [f64; BLOCK],
        sums_j: &mut [f64; BLOCK],
    ) {
        let ([block_i, block_j], [x_i, x_j]) = (blocks, x);
        for (i, sum) in sums_i.iter_mut().enumerate() {
            let own = Wide::splat(x_i[i]);
            let mut along = Wide::ZERO;
            for lane in (0..BLOCK).step_by(WIDTH) {
                let squares = squares_at(|axis| block_i[axis * BLOCK + i], block_j, lane);
                let z = exp_of_minus(squares.sqrt() * Wide::splat(t));
                along = z.mul_add(load(x_j, lane), along);
                let back = z.mul_add(own, load(sums_j, lane));
                sums_j[lane..lane + WIDTH].copy_from_slice(&back.0);
            }
            *sum += along.0.iter().sum::<f64>();
        }
    }
}
