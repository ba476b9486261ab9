//! What embedding a hierarchy takes: training, evaluation and negative sampling.

use std::ops::ControlFlow;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use holonomy::embed::{
    Model, NegativeLaw, NegativeSampler, TrainConfig, Trainer, reconstruction_of,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind};

use super::{FORMS, N, work};
use holonomy::laws::accuracy::SpaceForm;

/// Children of a node in the tree whose closure is the data.
const BRANCHING: u32 = 5;
/// The nodes that are ranked from, and the nodes among which.
const RANKED: [(u32, u32); 2] = [(3_999, 4_000), (512, 82_115)];
/// Sources and nodes of the sampler's work, and negatives a source.
const SOURCES: u32 = 1_000;
const NODES: u32 = 82_115;
const NEGATIVES: usize = 50;

pub(crate) fn all(criterion: &mut Criterion) {
    for model in [Model::Ball, Model::Lorentz, Model::Euclidean] {
        for threads in [1, 2] {
            training(criterion, model, threads);
        }
    }
    for form in FORMS {
        for (sources, nodes) in RANKED {
            evaluation(criterion, form, sources, nodes);
        }
    }
    sampler(criterion);
}

/// Epochs of the native path; a positive pair, with its 50 negatives, is an element.
///
/// # How far from the machine's limit
///
/// In the ball a candidate costs 11 floating-point operations a coordinate to measure (difference,
/// square, and 1 − |y|² with its digits kept) and 9 to move, and about 70 whatever the dimension: in
/// ten dimensions 270, so that a pair with its 51 candidates takes 14,000. Each candidate's row, 80
/// bytes, is read and written once: 8 kB a pair, at random places of a table of 6.6 MB, which the
/// third-level cache holds. At 750,000 pairs a second two cores thus do 10 Gflop/s and move 6 GB/s:
/// about a tenth of what two cores with 256-bit fused multiply-adds at 3 GHz can calculate (96 Gflop/s),
/// and far below what the cache can stream. (The operations are counted by hand and the 3 GHz assumed: the
/// machine does not tell its clock.) A sampled profile of the kernel (`perf`, AVX-512) says where
/// the time goes: three fifths are loads and stores of single coordinates, between rows and lanes, with
/// the waiting for random rows in them; vector arithmetic is a ninth, divisions and roots a hundredth.
/// Beside the kernel the drawing of negatives takes a seventh of an epoch where they are uniform, and
/// twice that where they are drawn by degree.
fn training(criterion: &mut Criterion, model: Model, threads: usize) {
    let pairs = tree_closure(NODES);
    let name = match model {
        Model::Ball => "poincare",
        Model::Lorentz => "lorentz",
        Model::Euclidean => "euclidean",
    };
    let mut group = criterion.benchmark_group(format!("train_epoch/{name}/f64/cpu"));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10))
        .throughput(Throughput::Elements(pairs.len() as u64));
    let id = BenchmarkId::from_parameter(format!("t{threads}xk{NEGATIVES}xb{NODES}xd{N}"));
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|epochs| {
            let config = TrainConfig {
                model,
                dim: N as usize,
                epochs: epochs as usize,
                burn_in_epochs: 0,
                learning_rate: 0.01,
                negatives: NEGATIVES,
                threads,
                ..TrainConfig::default()
            };
            let trainer = Trainer::new(config, NODES as usize, &pairs).expect("pairs");
            let trained = trainer.run(|_| ControlFlow::Continue(())).expect("finite");
            Duration::from_secs_f64(trained.seconds)
        });
    });
}

/// MAP and mean rank of `sources` nodes, each ranked against all nodes; a distance is an element.
fn evaluation(criterion: &mut Criterion, form: SpaceForm, sources: u32, nodes: u32) {
    let model = match form {
        SpaceForm::Lorentz => Model::Lorentz,
        _ => Model::Ball,
    };
    let points = work::Work::new(form, nodes.into(), N, (Kind::Double, Device::Cpu)).x;
    let pairs = tree_closure(nodes);
    let ranked = spread(sources, nodes);
    let mut group = criterion.benchmark_group(format!("reconstruction/{form}/f64/cpu"));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(u64::from(sources) * u64::from(nodes)));
    let id = BenchmarkId::from_parameter(format!("s{sources}xb{nodes}xd{N}"));
    group.bench_function(id, |bencher| {
        bencher.iter(|| reconstruction_of(model, &points, &pairs, &ranked).expect("points"));
    });
}

/// Negatives of many sources in one go, on one thread; a negative is an element.
fn sampler(criterion: &mut Criterion) {
    let sampler = NegativeSampler::new(NODES as usize, &tree_closure(NODES)).expect("pairs");
    let sources = spread(SOURCES, NODES);
    for (law, name) in [
        (NegativeLaw::Uniform, "uniform"),
        (NegativeLaw::ByDegree, "by_degree"),
    ] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let drawn: usize = sampler
            .draw_each(law, &sources, NEGATIVES, &mut rng)
            .iter()
            .map(Vec::len)
            .sum();
        let mut group = criterion.benchmark_group(format!("negatives/{name}/cpu"));
        group.throughput(Throughput::Elements(drawn as u64));
        let id = BenchmarkId::from_parameter(format!("s{SOURCES}xk{NEGATIVES}xb{NODES}"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| sampler.draw_each(law, &sources, NEGATIVES, &mut rng));
        });
    }
}

/// `count` nodes, evenly over all but the root.
fn spread(count: u32, nodes: u32) -> Vec<u32> {
    let step = (nodes - 1) / count;
    (0..count)
        .map(|i| 1 + i * step.max(1))
        .take_while(|&node| node < nodes)
        .collect()
}

/// (node, ancestor) for all nodes of a tree.
fn tree_closure(nodes: u32) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for node in 1..nodes {
        let mut ancestor = node;
        while ancestor != 0 {
            ancestor = (ancestor - 1) / BRANCHING;
            pairs.push((node, ancestor));
        }
    }
    pairs
}
