//! The native training path: pairs one by one on the CPU, over the embedding's own memory.
//!
//! Threads share the table without locks (Hogwild). Every number is read and written as the bits of
//! a relaxed atomic, so there is no data race; two threads that meet on a row may mix its
//! coordinates, which costs a little accuracy and nothing else.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

use super::config::TrainConfig;
use super::kernel::{
    Ball, Flat, Geometry, Hyperboloid, LANES, Lanes, lanes, mul_add, tanh_doublings,
};
use super::plan::{EpochPlan, OnPairs, StepTaker};
use crate::embed::model::Model;
use crate::embed::model::table::{first_bad_row, rows_of, tensor_of};
use crate::embed::training::sampler::{NegativeLaw, NegativeSampler, Seen};
use crate::random::mix;
use crate::{Error, Result};

/// Pairs that share one random stream. The negatives of a pair do not depend on the number of
/// threads, only on the seed, the epoch and the place of the pair in its order.
const CHUNK: usize = 512;

/// An embedding's memory, shared between threads: rows of `width` numbers.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    cells: &'a [AtomicU64],
    width: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(numbers: &'a mut [f64], width: usize) -> Self {
        const { assert!(align_of::<AtomicU64>() == align_of::<f64>()) };
        let cells: *const [AtomicU64] = std::ptr::from_mut(numbers) as *const [AtomicU64];
        // SAFETY: same size and alignment, every bit pattern is valid for both, and the exclusive
        // borrow of the numbers lasts as long as the cells.
        let cells = unsafe { &*cells };
        Self { cells, width }
    }

    #[inline(always)]
    fn row(&self, node: u32) -> &'a [AtomicU64] {
        let start = node as usize * self.width;
        &self.cells[start..start + self.width]
    }
}

#[inline(always)]
fn load(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Relaxed))
}

#[inline(always)]
fn store(cell: &AtomicU64, value: f64) {
    cell.store(value.to_bits(), Relaxed);
}

/// The instructions that a kernel was compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    /// What every processor of the target has.
    Baseline,
    /// AVX2 and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// The best that this processor has.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq");
            if fused && wide {
                return Self::Avx512;
            }
            if fused {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

/// Where the negatives of a pair come from.
#[derive(Clone, Copy)]
pub(super) enum Negatives<'a> {
    /// Up to `count` drawn by the sampler.
    Drawn {
        sampler: &'a NegativeSampler,
        law: NegativeLaw,
        count: usize,
    },
    /// The same for every pair: distinct, and none of them an end of the pair.
    Given(&'a [u32]),
}

impl Negatives<'_> {
    fn most(&self) -> usize {
        match self {
            Self::Drawn { count, .. } => *count,
            Self::Given(nodes) => nodes.len(),
        }
    }

    fn nodes(&self) -> usize {
        match self {
            Self::Drawn { sampler, .. } => sampler.nodes(),
            Self::Given(_) => 0,
        }
    }
}

/// One pass over the pairs.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) pairs: &'a [(u32, u32)],
    pub(super) negatives: Negatives<'a>,
    pub(super) rate: f64,
    /// Seeds the negatives of this pass.
    pub(super) seed: u64,
    pub(super) instructions: Instructions,
    pub(super) on_pairs: &'a OnPairs,
}

/// The space that a kernel runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Flat,
    Ball,
    Hyperboloid,
}

impl From<Model> for Space {
    fn from(model: Model) -> Self {
        match model {
            Model::Ball => Self::Ball,
            Model::Lorentz => Self::Hyperboloid,
            Model::Euclidean => Self::Flat,
        }
    }
}

/// The native path of a [`Trainer`](crate::embed::Trainer).
pub(super) struct NativePath {
    space: Space,
    rows: Vec<f64>,
    width: usize,
    instructions: Instructions,
    pool: Option<rayon::ThreadPool>,
}

impl NativePath {
    pub(super) fn new(config: &TrainConfig, start: &Tensor) -> Result<Self> {
        Ok(Self {
            space: Space::from(config.model),
            rows: rows_of("Trainer::run", config.model, start)?,
            width: config.model.width(config.dim),
            instructions: Instructions::detect(),
            pool: thread_pool(config.threads)?,
        })
    }

    /// Makes points of rows whose coordinates two threads have mixed: the ball's are held in the
    /// ball, the hyperboloid's times follow from their other coordinates.
    fn settle(&mut self) {
        for row in self.rows.chunks_exact_mut(self.width) {
            match self.space {
                Space::Flat => {}
                Space::Ball => {
                    let hold = Ball::hold(row.iter().map(|x| x * x).sum());
                    if hold != 1.0 {
                        for x in row {
                            *x *= hold;
                        }
                    }
                }
                Space::Hyperboloid => {
                    row[0] = (1.0 + row[1..].iter().map(|x| x * x).sum::<f64>()).sqrt();
                }
            }
        }
    }
}

impl StepTaker for NativePath {
    fn epoch(&mut self, plan: &EpochPlan<'_>) -> Result<f64> {
        let pass = Pass {
            pairs: plan.pairs,
            negatives: Negatives::Drawn {
                sampler: plan.sampler,
                law: plan.law,
                count: plan.negatives,
            },
            rate: plan.rate,
            seed: plan.seed,
            instructions: self.instructions,
            on_pairs: plan.on_pairs,
        };
        let table = Table::new(&mut self.rows, self.width);
        let loss = run(self.space, table, &pass, self.pool.as_ref());
        if self.pool.is_some() {
            self.settle();
        }
        Ok(loss)
    }

    fn points(&self) -> Tensor {
        tensor_of(&self.rows, self.width)
    }

    fn first_bad_row(&self) -> Option<usize> {
        first_bad_row(&self.rows, self.width)
    }
}

/// No pool for one thread: the caller's thread then does everything in order.
fn thread_pool(threads: usize) -> Result<Option<rayon::ThreadPool>> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        wanted => wanted,
    };
    if threads == 1 {
        return Ok(None);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map(Some).map_err(|error| {
        Error::invalid("Trainer::run", format!("{threads} threads to start"), error)
    })
}

/// Takes a step for every pair, with the pool's threads or on this thread alone without a pool.
/// The sum of the losses, each taken just before the pair's step.
pub(super) fn run(
    space: Space,
    table: Table<'_>,
    pass: &Pass<'_>,
    pool: Option<&rayon::ThreadPool>,
) -> f64 {
    match space {
        Space::Flat => run_in::<Flat>(table, pass, pool),
        Space::Ball => run_in::<Ball>(table, pass, pool),
        Space::Hyperboloid => run_in::<Hyperboloid>(table, pass, pool),
    }
}

fn run_in<G: Geometry>(table: Table<'_>, pass: &Pass<'_>, pool: Option<&rayon::ThreadPool>) -> f64 {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = Worker::<G>::new(table, pass);
        let mut loss = 0.0;
        loop {
            let index = next.fetch_add(1, Relaxed);
            let Some(pairs) = pass.pairs.chunks(CHUNK).nth(index) else {
                return loss;
            };
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(pass.seed, index as u64));
            loss += worker.chunk(pairs, &mut rng);
            (pass.on_pairs)(pairs.len());
        }
    };
    match pool {
        None => work(),
        Some(pool) => pool.broadcast(|_| work()).into_iter().sum(),
    }
}

/// A thread with memory of its own, of a size that stays in its cache.
struct Worker<'a, G: Geometry> {
    table: Table<'a>,
    pass: &'a Pass<'a>,
    tanh_doublings: u32,
    seen: Seen,
    candidates: Vec<u32>,
    /// The candidates' coordinates: `dim` lanes for each block.
    tile: Vec<Lanes>,
    blocks: Vec<G::Block>,
    likeness: Vec<Lanes>,
    /// The sum of the source's pulls along each δ, lane by lane.
    pull: Vec<Lanes>,
    source: Vec<f64>,
    tangent: Vec<f64>,
}

impl<'a, G: Geometry> Worker<'a, G> {
    fn new(table: Table<'a>, pass: &'a Pass<'a>) -> Self {
        let dim = table.width - G::TIME_COLUMNS;
        let candidates = pass.negatives.most() + 1;
        let blocks = candidates.div_ceil(LANES);
        Self {
            table,
            pass,
            tanh_doublings: tanh_doublings(0.5 * pass.rate),
            seen: Seen::new(pass.negatives.nodes()),
            candidates: Vec::with_capacity(candidates),
            tile: vec![[0.0; LANES]; blocks * dim],
            blocks: vec![G::Block::default(); blocks],
            likeness: vec![[0.0; LANES]; blocks],
            pull: vec![[0.0; LANES]; dim],
            source: vec![0.0; dim],
            tangent: vec![0.0; dim],
        }
    }

    fn chunk(&mut self, pairs: &[(u32, u32)], rng: &mut Xoshiro256PlusPlus) -> f64 {
        match self.pass.instructions {
            Instructions::Baseline => self.chunk_inline::<false>(pairs, rng),
            // SAFETY: `Instructions::detect` names this one on processors that have it.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { self.chunk_avx2(pairs, rng) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { self.chunk_avx512(pairs, rng) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn chunk_avx2(&mut self, pairs: &[(u32, u32)], rng: &mut Xoshiro256PlusPlus) -> f64 {
        self.chunk_inline::<true>(pairs, rng)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq")]
    fn chunk_avx512(&mut self, pairs: &[(u32, u32)], rng: &mut Xoshiro256PlusPlus) -> f64 {
        self.chunk_inline::<true>(pairs, rng)
    }

    #[inline(always)]
    fn chunk_inline<const FMA: bool>(
        &mut self,
        pairs: &[(u32, u32)],
        rng: &mut Xoshiro256PlusPlus,
    ) -> f64 {
        let mut loss = 0.0;
        for &(source, target) in pairs {
            self.choose_candidates(source, target, rng);
            loss += self.step::<FMA>(source);
        }
        loss
    }

    #[inline(always)]
    fn choose_candidates(&mut self, source: u32, target: u32, rng: &mut Xoshiro256PlusPlus) {
        self.candidates.clear();
        self.candidates.push(target);
        match self.pass.negatives {
            Negatives::Given(nodes) => self.candidates.extend_from_slice(nodes),
            Negatives::Drawn {
                sampler,
                law,
                count,
            } => sampler.draw_into(
                law,
                source,
                count,
                &mut self.seen,
                rng,
                &mut self.candidates,
            ),
        }
    }

    /// Moves the source and its candidates, each by the gradient at the state before the step, and
    /// returns the loss there.
    #[inline(always)]
    fn step<const FMA: bool>(&mut self, source_node: u32) -> f64 {
        let dim = self.source.len();
        let count = self.candidates.len();
        let block_count = count.div_ceil(LANES);
        let source_row = &self.table.row(source_node)[G::TIME_COLUMNS..];
        for (x, cell) in self.source.iter_mut().zip(source_row) {
            *x = load(cell);
        }
        self.gather();
        let source = G::source(&self.source);

        let likeness = &mut self.likeness[..block_count];
        let tiles = self.tile.chunks_exact(dim);
        for ((tile, block), likeness) in tiles.zip(&mut self.blocks).zip(likeness.iter_mut()) {
            (*block, *likeness) = G::measure::<FMA>(&source, &self.source, tile);
        }
        G::likeness(likeness);
        let (total, true_likeness) = total_likeness(likeness, count);

        self.pull.fill([0.0; LANES]);
        let mut pull_x = [0.0; LANES];
        let share = self.pass.rate / total;
        for (index, likeness) in likeness.iter().enumerate() {
            // −rate · ∂loss/∂dist: the true neighbour's distance has slope 1 − p, the others' −p.
            let mut along = likeness.map(|l| l * share);
            if index == 0 {
                along[0] -= self.pass.rate;
            }
            let tile = &mut self.tile[index * dim..(index + 1) * dim];
            let block = &self.blocks[index];
            let (a, b) = G::source_pull(&source, block, &along);
            for i in 0..LANES {
                pull_x[i] += b[i];
            }
            let (c, d) = G::candidate_move::<FMA>(&source, block, &along, self.tanh_doublings);
            let mut squared = [0.0; LANES];
            for ((y, &x), pull) in tile.iter_mut().zip(&self.source).zip(&mut self.pull) {
                let old = *y;
                let delta = lanes(|i| old[i] - x);
                *pull = lanes(|i| mul_add::<FMA>(a[i], delta[i], pull[i]));
                let moved = lanes(|i| mul_add::<FMA>(d[i], old[i], old[i]));
                let moved = lanes(|i| mul_add::<FMA>(c[i], delta[i], moved[i]));
                squared = lanes(|i| mul_add::<FMA>(moved[i], moved[i], squared[i]));
                *y = moved;
            }
            let nodes = &self.candidates[index * LANES..count.min((index + 1) * LANES)];
            scatter::<G>(self.table, nodes, tile, &squared);
        }
        self.move_source(source_node, &source, sum(&pull_x));
        (total / true_likeness).ln()
    }

    /// Reads the candidates' rows into the tile; the last block is filled up with the first
    /// candidate.
    #[inline(always)]
    fn gather(&mut self) {
        let dim = self.source.len();
        let table = self.table;
        for (tile, nodes) in self
            .tile
            .chunks_exact_mut(dim)
            .zip(self.candidates.chunks(LANES))
        {
            for lane in 0..LANES {
                let node = nodes.get(lane).unwrap_or(&self.candidates[0]);
                let row = &table.row(*node)[G::TIME_COLUMNS..];
                for (y, cell) in tile.iter_mut().zip(row) {
                    y[lane] = load(cell);
                }
            }
        }
    }

    #[inline(always)]
    fn move_source(&mut self, node: u32, source: &G::Source, pull_x: f64) {
        for ((tangent, pull), x) in self.tangent.iter_mut().zip(&self.pull).zip(&self.source) {
            *tangent = sum(pull) + pull_x * x;
        }
        G::move_source(source, &mut self.source, &self.tangent);
        let squared = self.source.iter().map(|x| x * x).sum();
        store_row::<G>(self.table.row(node), squared, |column| self.source[column]);
    }
}

/// Σ of the likenesses of all candidates, and that of the first. The lanes beyond the last
/// candidate are emptied, so that they pull at nothing.
#[inline(always)]
fn total_likeness(likeness: &mut [Lanes], count: usize) -> (f64, f64) {
    let filled = count % LANES;
    if let (1.., Some(last)) = (filled, likeness.last_mut()) {
        last[filled..].fill(0.0);
    }
    let mut totals = [0.0; LANES];
    for block in &*likeness {
        for i in 0..LANES {
            totals[i] += block[i];
        }
    }
    (sum(&totals), likeness[0][0])
}

#[inline(always)]
fn scatter<G: Geometry>(table: Table<'_>, nodes: &[u32], tile: &[Lanes], squared: &Lanes) {
    for (lane, &node) in nodes.iter().enumerate() {
        store_row::<G>(table.row(node), squared[lane], |column| tile[column][lane]);
    }
}

/// Writes a point with the given squared norm, held in its space, and its time if it has one.
#[inline(always)]
fn store_row<G: Geometry>(row: &[AtomicU64], squared_norm: f64, point: impl Fn(usize) -> f64) {
    let hold = G::hold(squared_norm);
    let (time, coordinates) = row.split_at(G::TIME_COLUMNS);
    if hold == 1.0 {
        for (column, cell) in coordinates.iter().enumerate() {
            store(cell, point(column));
        }
    } else {
        for (column, cell) in coordinates.iter().enumerate() {
            store(cell, hold * point(column));
        }
    }
    for cell in time {
        store(cell, (1.0 + squared_norm).sqrt());
    }
}

#[inline(always)]
fn sum(lanes: &Lanes) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
