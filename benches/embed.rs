//! What embedding a hierarchy takes beside the training kernel: evaluation and negative sampling.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use holonomy::embed::{Model, NegativeLaw, NegativeSampler, reconstruction_of};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind};

use super::study::SpaceForm;
use super::{FORMS, N, work};

/// Children of a node in the tree whose closure is the data.
const BRANCHING: u32 = 5;
/// The nodes that are ranked from, and the nodes among which.
const RANKED: [(u32, u32); 2] = [(3_999, 4_000), (512, 82_115)];
/// Sources and nodes of the sampler's work, and negatives a source.
const SOURCES: u32 = 1_000;
const NODES: u32 = 82_115;
const NEGATIVES: usize = 50;

pub(crate) fn all(criterion: &mut Criterion) {
    for form in FORMS {
        for (sources, nodes) in RANKED {
            evaluation(criterion, form, sources, nodes);
        }
    }
    sampler(criterion);
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
