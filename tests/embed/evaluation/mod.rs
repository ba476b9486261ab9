//! MAP and mean rank against the definition, written out with sorted lists.

mod links;
mod split;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

use holonomy::Error;
use holonomy::embed::{
    Model, RankedNodes, Ranking, Reconstruction, TrainConfig, TrainPath, Trainer, is_a_scores,
    pair_step, reconstruction, reconstruction_of,
};
use holonomy::graph::{EdgeListOptions, read_edge_list};
use rand::RngExt;
use tch::{Kind, Tensor};

use super::{MODELS, numbers, random_points, seeded, tree_closure};

/// The definition, node by node: sort all others, nodes that are no neighbours first among equals.
fn by_sorting(model: Model, points: &Tensor, pairs: &[(u32, u32)]) -> Reconstruction {
    let nodes = points.size()[0] as u32;
    let dim = points.size()[1] as usize + 1 - model.width(1);
    let manifold = model.manifold(dim).unwrap();
    let (mut map, mut ranks, mut counted) = (0.0, 0.0, 0);
    for source in 0..nodes {
        let is_true = |node: &u32| pairs.contains(&(source, *node));
        let dists = numbers(&manifold.dist(&points.get(i64::from(source)), points));
        let mut others: Vec<u32> = (0..nodes).filter(|&node| node != source).collect();
        others.sort_by(|&a, &b| {
            let by_dist = dists[a as usize].total_cmp(&dists[b as usize]);
            by_dist.then(is_true(&a).cmp(&is_true(&b)))
        });
        let hits: Vec<usize> = (0..others.len())
            .filter(|&at| is_true(&others[at]))
            .collect();
        if hits.is_empty() {
            continue;
        }
        counted += 1;
        let precisions = hits
            .iter()
            .enumerate()
            .map(|(k, at)| (k + 1) as f64 / (at + 1) as f64);
        map += precisions.sum::<f64>() / hits.len() as f64;
        ranks += hits
            .iter()
            .enumerate()
            .map(|(k, at)| (at + 1 - k) as f64)
            .sum::<f64>();
    }
    Reconstruction {
        map: map / f64::from(counted),
        mean_rank: ranks / pairs.len() as f64,
        nodes: counted as usize,
        pairs: pairs.len(),
        sampling: None,
    }
}

#[track_caller]
fn assert_same(got: Reconstruction, expected: Reconstruction) {
    assert_eq!((got.nodes, got.pairs), (expected.nodes, expected.pairs));
    assert!(
        (got.map - expected.map).abs() < 1e-12,
        "{got:?} {expected:?}"
    );
    assert!(
        (got.mean_rank - expected.mean_rank).abs() < 1e-12,
        "{got:?} {expected:?}"
    );
}

fn line(positions: &[f64]) -> Tensor {
    Tensor::from_slice(positions).view([-1, 1])
}

#[test]
fn small_cases_by_hand() {
    let points = line(&[0.0, 1.0, 2.5, 4.5, 7.5]);
    // From 0 the order is 1, 2, 3, 4: neighbours 2 and 4 have one and two strangers
    // before them, ranks 2 and 3, and lie at places 2 and 4: precisions 1/2 and 2/4.
    let score = reconstruction(Model::Euclidean, &points, &[(0, 2), (0, 4)]).unwrap();
    assert_eq!(score.mean_rank, 2.5);
    assert_eq!(score.map, 0.5);
    // And from 4 the order is 3, 2, 1, 0; MAP is a mean over nodes, the rank a mean over pairs.
    let score = reconstruction(Model::Euclidean, &points, &[(0, 2), (0, 4), (4, 3)]).unwrap();
    assert_eq!(score.mean_rank, (2.0 + 3.0 + 1.0) / 3.0);
    assert_eq!(score.map, 0.75);
    assert_eq!((score.nodes, score.pairs), (2, 3));
}

#[test]
fn ties_count_against_the_embedding() {
    let collapsed = line(&[0.3; 6]);
    let score = reconstruction(Model::Euclidean, &collapsed, &[(0, 1), (0, 2)]).unwrap();
    assert_eq!(score.mean_rank, 4.0);
    assert_eq!(score.map, 2.0 / 5.0);
}

#[test]
fn all_models_agree_with_sorting() {
    for model in MODELS {
        let mut rng = seeded(7);
        let points = random_points(model, 101, 3, 2.0, &mut rng);
        let mut pairs = Vec::new();
        for source in 0..101_u32 {
            // Nodes without neighbours, with a few, and with more than are compared one by one.
            let chance = [0.0, 0.05, 0.1, 0.5][source as usize % 4];
            for target in (0..101).filter(|&target| target != source) {
                if rng.random::<f64>() < chance {
                    pairs.push((source, target));
                }
            }
        }
        let score = reconstruction(model, &points, &pairs).unwrap();
        assert_same(score, by_sorting(model, &points, &pairs));

        let odd: Vec<u32> = (0..101).filter(|node| node % 2 == 1).collect();
        let odd_pairs: Vec<(u32, u32)> = pairs
            .iter()
            .copied()
            .filter(|pair| pair.0 % 2 == 1)
            .collect();
        let score = reconstruction_of(model, &points, &pairs, &odd).unwrap();
        assert_same(score, by_sorting(model, &points, &odd_pairs));
    }
}

#[test]
fn near_points_far_from_the_origin_keep_their_order() {
    // A crowd at hyperbolic distance 16 with mutual distances near 1e-3.
    let mut rng = seeded(3);
    let manifold = Model::Ball.manifold(2).unwrap();
    let angle = 0.7_f64;
    let centre = Tensor::from_slice(&[angle.cos(), angle.sin()]) * 8.0_f64.tanh();
    let centres = centre.expand([40, 2], false);
    let noise =
        holonomy::random::random_normal(&mut rng, &[40, 2], tch::Kind::Double, tch::Device::Cpu);
    let step = noise * (1e-3 * 0.5 / 8.0_f64.cosh().powi(2));
    let points = manifold.exp(&centres, &step);
    let pairs: Vec<(u32, u32)> = (1..40).map(|node| (node, (node * 7 + 3) % 40)).collect();
    let pairs: Vec<(u32, u32)> = pairs.into_iter().filter(|pair| pair.0 != pair.1).collect();
    let score = reconstruction(Model::Ball, &points, &pairs).unwrap();
    assert_same(score, by_sorting(Model::Ball, &points, &pairs));
}

#[test]
fn repeated_pairs_count_once() {
    let points = line(&[0.0, 1.0, 2.5]);
    let once = reconstruction(Model::Euclidean, &points, &[(0, 2)]).unwrap();
    let twice = reconstruction(Model::Euclidean, &points, &[(0, 2), (0, 2)]).unwrap();
    assert_eq!(once, twice);
}

#[test]
fn unusable_input_is_refused() {
    let points = line(&[0.0, 0.1, 0.2]);
    let score = |points: &Tensor, pairs: &[(u32, u32)]| reconstruction(Model::Ball, points, pairs);
    assert!(matches!(
        score(&points, &[]),
        Err(Error::InvalidArgument { .. })
    ));
    assert!(matches!(
        score(&points, &[(0, 3)]),
        Err(Error::InvalidArgument { .. })
    ));
    assert!(matches!(
        score(&points, &[(1, 1)]),
        Err(Error::InvalidArgument { .. })
    ));
    let flat = points.view(-1);
    assert!(matches!(
        score(&flat, &[(0, 1)]),
        Err(Error::InvalidArgument { .. })
    ));
    let outside = line(&[0.0, 1.0, 0.2]);
    assert!(matches!(
        score(&outside, &[(0, 1)]),
        Err(Error::NotOnManifold { row: 1, .. })
    ));
    let broken = line(&[0.0, 0.1, f64::NAN]);
    assert!(matches!(
        score(&broken, &[(0, 1)]),
        Err(Error::NotFinite { .. })
    ));
    let none = reconstruction_of(Model::Ball, &points, &[(0, 1)], &[2]);
    assert!(matches!(none, Err(Error::InvalidArgument { .. })));
}

fn sampled(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
    nodes: usize,
    seed: u64,
) -> Reconstruction {
    let ranking = Ranking::new(model, points).unwrap();
    let ranking = ranking.of_nodes(RankedNodes::Sample { nodes, seed });
    ranking.unwrap().reconstruction(pairs).unwrap()
}

#[test]
fn a_sample_of_all_nodes_is_no_sample() {
    let pairs = tree_closure(200, 4);
    for model in MODELS {
        let points = random_points(model, 200, 3, 1.0, &mut seeded(1));
        let exact = reconstruction(model, &points, &pairs).unwrap();
        // 199 nodes have ancestors.
        assert_eq!(exact, sampled(model, &points, &pairs, 199, 5));
        assert_eq!(exact, sampled(model, &points, &pairs, usize::MAX, 5));
        let fewer = sampled(model, &points, &pairs, 198, 5);
        assert_eq!(fewer.nodes, 198);
        assert_eq!(fewer.sampling.unwrap().population, 199);
    }
}

#[test]
fn a_sample_depends_on_its_seed_alone() {
    let pairs = tree_closure(300, 4);
    let points = random_points(Model::Ball, 300, 3, 1.0, &mut seeded(1));
    let sample = |seed| sampled(Model::Ball, &points, &pairs, 30, seed);
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let points = points.copy();
        let found = pool.install(move || {
            let ranking = Ranking::new(Model::Ball, &points).unwrap();
            let ranking = ranking.of_nodes(RankedNodes::Sample { nodes: 30, seed: 1 });
            ranking
                .unwrap()
                .reconstruction(&tree_closure(300, 4))
                .unwrap()
        });
        assert_eq!(found, sample(1));
    }
}

#[test]
fn a_sample_of_one_tells_no_error_and_is_refused() {
    for nodes in [0, 1] {
        let ranking = Ranking::new(Model::Euclidean, &line(&[0.0, 1.0, 2.5])).unwrap();
        let refused = ranking.of_nodes(RankedNodes::Sample { nodes, seed: 0 });
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })));
    }
}

#[test]
fn held_out_pairs_are_ranked_by_samples_too() {
    let points = random_points(Model::Lorentz, 120, 3, 1.0, &mut seeded(9));
    let closure = tree_closure(120, 3);
    let (held_out, known): (Vec<_>, Vec<_>) = closure
        .into_iter()
        .partition(|pair| (pair.0 + pair.1) % 3 == 0);
    let ranking = |nodes| {
        Ranking::new(Model::Lorentz, &points)
            .unwrap()
            .of_nodes(nodes)
            .unwrap()
    };
    let exact = ranking(RankedNodes::All)
        .link_prediction(&held_out, &known)
        .unwrap();
    assert_eq!(exact.sampling, None);
    let sample = RankedNodes::Sample {
        nodes: exact.nodes - 20,
        seed: 1,
    };
    let found = ranking(sample).link_prediction(&held_out, &known).unwrap();
    let sampling = found.sampling.unwrap();
    assert_eq!(
        (found.nodes, sampling.population),
        (exact.nodes - 20, exact.nodes)
    );
    assert!((found.map - exact.map).abs() < 4.0 * sampling.map_error);
    assert!((found.mean_rank - exact.mean_rank).abs() < 4.0 * sampling.mean_rank_error);
}

#[test]
fn progress_counts_every_ranked_node() {
    let pairs = tree_closure(100, 3);
    let points = random_points(Model::Ball, 100, 2, 1.0, &mut seeded(2));
    for (nodes, ranked) in [
        (RankedNodes::All, 99),
        (RankedNodes::Sample { nodes: 41, seed: 1 }, 41),
    ] {
        let told = Mutex::new(Vec::new());
        let ranking = Ranking::new(Model::Ball, &points)
            .unwrap()
            .of_nodes(nodes)
            .unwrap();
        let ranking = ranking.on_progress(|done, all| told.lock().unwrap().push((done, all)));
        ranking.reconstruction(&pairs).unwrap();
        drop(ranking);
        let mut told = told.into_inner().unwrap();
        told.sort_unstable();
        assert_eq!(told.last(), Some(&(ranked, ranked)));
        assert!(
            told.len() >= ranked / 8 && told.is_sorted_by(|a, b| a.0 < b.0),
            "{told:?}"
        );
    }
}

/// How many standard errors the figures of samples of the mammals are off.
fn errors_of_samples(nodes: usize, samples: u64) -> [Vec<f64>; 2] {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/data/wordnet_nouns.tsv.gz");
    let (nouns, _) = read_edge_list(file, EdgeListOptions::default()).unwrap();
    let mammals = nouns.subtree("mammal.n.01").unwrap().transitive_closure();
    let pairs = mammals.edges();
    // Not trained to the end, so that there is something left to be wrong about.
    let config = TrainConfig {
        epochs: 30,
        burn_in_epochs: 10,
        threads: 1,
        ..TrainConfig::default()
    };
    let trainer = Trainer::new(config, mammals.node_count(), pairs).unwrap();
    let points = trainer.run(|_| ControlFlow::Continue(())).unwrap().points;
    let exact = reconstruction(Model::Ball, &points, pairs).unwrap();
    let off = |seed| {
        let found = sampled(Model::Ball, &points, pairs, nodes, seed);
        let sampling = found.sampling.unwrap();
        let map = (found.map - exact.map) / sampling.map_error;
        let mean_rank = (found.mean_rank - exact.mean_rank) / sampling.mean_rank_error;
        (map, mean_rank)
    };
    let (map, mean_rank) = (0..samples).map(off).unzip();
    [map, mean_rank]
}

/// Of normally distributed errors 95.4 % lie within two standard errors.
#[test]
fn standard_errors_cover_what_they_should() {
    for nodes in [150, 1000] {
        let [map, mean_rank] = errors_of_samples(nodes, 1000);
        for (what, off, at_least) in [("MAP", map, 0.93), ("mean rank", mean_rank, 0.8)] {
            let within = off.iter().filter(|off| off.abs() < 2.0).count() as f64 / 1000.0;
            assert!(
                (at_least..0.98).contains(&within),
                "{what} {nodes}: {within}"
            );
        }
    }
}

/// Only finite numbers were asked for on the hyperboloid.
#[test]
fn a_wrong_time_coordinate_is_no_point() {
    let model = Model::Lorentz;
    let points = random_points(model, 30, 3, 3.0, &mut seeded(21));
    let pairs = tree_closure(30, 3);
    let config = TrainConfig {
        model,
        dim: 3,
        ..TrainConfig::default()
    };
    let all = |points: &Tensor| -> Vec<Result<(), Error>> {
        let trainer = Trainer::new(config.clone(), 30, &pairs).unwrap();
        let step = |path| pair_step(path, model, points, (0, 1), &[2, 3], 0.1).map(|_| ());
        vec![
            reconstruction(model, points, &pairs).map(|_| ()),
            Ranking::new(model, points).map(|_| ()),
            is_a_scores(model, points, &pairs, 1.0).map(|_| ()),
            trainer.starting_from(points).map(|_| ()),
            step(TrainPath::Native),
            step(TrainPath::Tensor),
        ]
    };
    let off = |factor: f64| {
        let points = points.copy();
        let mut time = points.get(7).get(0);
        let _ = time.multiply_scalar_(factor);
        points
    };
    let good = [
        off(1.0),
        off(1.0 + 0.9e-4),
        points.to_kind(Kind::Float),
        off(1.0 - 0.9e-4),
    ];
    for points in &good {
        for result in all(points) {
            result.unwrap();
        }
    }
    for factor in [1.0 + 1.1e-4, 1.0 - 1.1e-4, 0.0, -1.0, 1e200] {
        for result in all(&off(factor)) {
            let error = result.unwrap_err();
            assert!(
                matches!(error, Error::NotOnManifold { row: 7, .. }),
                "{factor}: {error}"
            );
        }
    }
}
