//! Filtered ranking against the definition, node by node, and rank statistics.

use holonomy::Error;
use holonomy::embed::{LinkPrediction, Model, Split, SplitConfig, link_prediction, reconstruction};
use rand::RngExt;
use tch::Tensor;

use crate::embed::{MODELS, numbers, random_points, seeded, tree_closure};

/// The definition, written out: every node counted against every held-out pair.
fn by_counting(
    model: Model,
    points: &Tensor,
    held_out: &[(u32, u32)],
    known: &[(u32, u32)],
) -> LinkPrediction {
    let nodes = points.size()[0] as u32;
    let manifold = model
        .manifold(points.size()[1] as usize + 1 - model.width(1))
        .unwrap();
    let (mut map, mut ranks, mut sources) = (0.0, 0.0, 0);
    for source in 0..nodes {
        let held = |node: u32| held_out.contains(&(source, node));
        let is_true = |node: u32| held(node) || known.contains(&(source, node));
        let dists = numbers(&manifold.dist(&points.get(i64::from(source)), points));
        let targets: Vec<u32> = (0..nodes).filter(|&node| held(node)).collect();
        let mut precision = 0.0;
        for &target in &targets {
            let within = |node: &u32| dists[*node as usize] <= dists[target as usize];
            let strangers = (0..nodes)
                .filter(|&node| node != source && !is_true(node))
                .filter(within)
                .count() as f64;
            let hits = targets.iter().copied().filter(within).count() as f64;
            ranks += 1.0 + strangers;
            precision += hits / (hits + strangers);
        }
        if !targets.is_empty() {
            map += precision / targets.len() as f64;
            sources += 1;
        }
    }
    LinkPrediction {
        map: map / f64::from(sources),
        mean_rank: ranks / held_out.len() as f64,
        nodes: sources as usize,
        pairs: held_out.len(),
        sampling: None,
    }
}

#[track_caller]
fn assert_same(got: LinkPrediction, expected: LinkPrediction) {
    assert_eq!((got.nodes, got.pairs), (expected.nodes, expected.pairs));
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12 * b.max(1.0);
    assert!(
        near(got.map, expected.map) && near(got.mean_rank, expected.mean_rank),
        "{got:?} {expected:?}"
    );
}

/// Pairs of each node by chance; few, none, or more than are compared one by one.
fn random_pairs(seed: u64) -> [Vec<(u32, u32)>; 2] {
    let mut rng = seeded(seed);
    let mut parts = [Vec::new(), Vec::new()];
    for source in 0..101_u32 {
        let chance = [0.02, 0.0, 0.1, 0.45][source as usize % 4];
        for target in (0..101).filter(|&target| target != source) {
            let draw = rng.random::<f64>();
            if draw < chance {
                parts[0].push((source, target));
            } else if draw < 2.0 * chance {
                parts[1].push((source, target));
            }
        }
    }
    parts
}

#[test]
fn small_cases_by_hand() {
    let points = Tensor::from_slice(&[0.0, 1.0, 2.5, 4.5, 7.5]).view([-1, 1]);
    let score = |held_out: &[(u32, u32)], known: &[(u32, u32)]| {
        let score = link_prediction(Model::Euclidean, &points, held_out, known).unwrap();
        (score.mean_rank, score.map)
    };
    // From 0 the order is 1, 2, 3, 4.
    assert_eq!(score(&[(0, 4)], &[]), (4.0, 0.25));
    assert_eq!(score(&[(0, 4)], &[(0, 2)]), (3.0, 1.0 / 3.0));
    // Where no other node is left, there is nothing to rank.
    let known = [(0, 1), (0, 2), (0, 3)];
    assert!(link_prediction(Model::Euclidean, &points, &[(0, 4)], &known).is_err());
    // 2 and 4 are held out, 1 is known: before both lies the one stranger 3, or none.
    assert_eq!(
        score(&[(0, 2), (0, 4)], &[(0, 1)]),
        (1.5, 0.5 * (1.0 + 2.0 / 3.0))
    );
    // What is known of other nodes, or farther away, changes nothing.
    assert_eq!(score(&[(0, 2)], &[(0, 3), (4, 1)]), (2.0, 0.5));
    // A pair in both lists is ranked.
    assert_eq!(score(&[(0, 2)], &[(0, 2)]), (2.0, 0.5));
}

#[test]
fn all_models_agree_with_counting() {
    for model in MODELS {
        let [held_out, known] = random_pairs(11);
        let points = random_points(model, 101, 3, 2.0, &mut seeded(7));
        let score = link_prediction(model, &points, &held_out, &known).unwrap();
        assert_same(score, by_counting(model, &points, &held_out, &known));
    }
}

#[test]
fn ties_count_against_the_embedding() {
    // Points on a grid of few places, so that most distances are equal to others.
    let [held_out, known] = random_pairs(12);
    let mut rng = seeded(5);
    let places: Vec<f64> = (0..202)
        .map(|_| f64::from(rng.random_range(-2..=2)))
        .collect();
    let points = Tensor::from_slice(&places).view([101, 2]);
    let score = link_prediction(Model::Euclidean, &points, &held_out, &known).unwrap();
    assert_same(
        score,
        by_counting(Model::Euclidean, &points, &held_out, &known),
    );
    let nowhere = points.zeros_like();
    let score = link_prediction(Model::Ball, &nowhere, &[(0, 1)], &[(0, 2), (0, 3)]).unwrap();
    assert_eq!((score.mean_rank, score.map), (98.0, 1.0 / 98.0));
}

#[test]
fn holding_everything_out_is_reconstruction() {
    let pairs = tree_closure(121, 3);
    for model in MODELS {
        let points = random_points(model, 121, 2, 1.5, &mut seeded(2));
        let links = link_prediction(model, &points, &pairs, &[]).unwrap();
        let all = reconstruction(model, &points, &pairs).unwrap();
        assert_eq!(
            (links.map, links.mean_rank, links.nodes, links.pairs),
            (all.map, all.mean_rank, all.nodes, all.pairs)
        );
    }
}

#[test]
fn a_split_can_be_ranked() {
    let pairs = tree_closure(121, 3);
    let split = Split::of_closure(121, &pairs, &SplitConfig::default()).unwrap();
    let points = random_points(Model::Ball, 121, 2, 1.5, &mut seeded(2));
    let score = link_prediction(Model::Ball, &points, &split.test, &split.all()).unwrap();
    assert_same(
        score,
        by_counting(Model::Ball, &points, &split.test, &split.all()),
    );
}

#[test]
fn unusable_input_is_refused() {
    let points = Tensor::from_slice(&[0.0, 0.1, 0.2]).view([3, 1]);
    let score = |held_out: &[(u32, u32)], known: &[(u32, u32)]| {
        link_prediction(Model::Ball, &points, held_out, known)
    };
    for (held_out, known) in [
        (&[][..], &[(0, 1)][..]),
        (&[(0, 3)], &[]),
        (&[(0, 1)], &[(0, 3)]),
        (&[(0, 1)], &[(2, 2)]),
    ] {
        assert!(matches!(
            score(held_out, known),
            Err(Error::InvalidArgument { .. })
        ));
    }
    let outside = &points * 10.0;
    assert!(matches!(
        link_prediction(Model::Ball, &outside, &[(0, 1)], &[]),
        Err(Error::NotOnManifold { row: 1, .. })
    ));
}
