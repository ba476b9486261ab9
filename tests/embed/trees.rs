//! Trees placed edge by edge: exact edges, the distortion that is promised, and distances three ways.

use std::f64::consts::PI;

use holonomy::PoincareBall;
use holonomy::embed::{TreeConfig, TreeEmbedding, embed_tree};
use holonomy::graph::{Graph, SpanningTree, shortest_paths, spanning_tree};
use holonomy::metric::{distortion, pairwise_distances};
use holonomy::scores::mean_average_precision;
use proptest::prelude::*;
use rand::RngExt;
use tch::Tensor;

use super::{numbers, seeded};

fn tree(parents: &[u32], weights: Option<Vec<f64>>) -> Graph {
    let names = (0..=parents.len()).map(|node| format!("n{node}")).collect();
    // Directions of edges are of no account.
    let edges = (1..).zip(parents).map(|(node, &parent)| match node % 2 {
        0 => (node, parent),
        _ => (parent, node),
    });
    Graph::new(names, edges.collect(), weights).unwrap()
}

fn path(nodes: u32) -> Graph {
    tree(&(0..nodes - 1).collect::<Vec<_>>(), None)
}

fn star(leaves: usize) -> Graph {
    tree(&vec![0; leaves], None)
}

/// A path with `legs` leaves at each of its nodes.
fn caterpillar(spine: u32, legs: u32) -> Graph {
    let spine_parents = 0..spine - 1;
    let leg_parents = (0..spine).flat_map(|node| (0..legs).map(move |_| node));
    tree(&spine_parents.chain(leg_parents).collect::<Vec<_>>(), None)
}

fn random(nodes: u32, window: u32, seed: u64) -> Graph {
    let mut rng = seeded(seed);
    let parents: Vec<u32> = (1..nodes)
        .map(|node| rng.random_range(node.saturating_sub(window)..node))
        .collect();
    tree(&parents, None)
}

/// A node with legs, each a path with a leaf beside every inner node.
fn spider(legs: u32, length: u32) -> Graph {
    let mut parents = Vec::new();
    for _ in 0..legs {
        let mut end = 0;
        for _ in 0..length {
            parents.extend([end, end]);
            end = parents.len() as u32;
        }
    }
    tree(&parents, None)
}

fn weighted(nodes: u32, seed: u64, smallest: f64, largest: f64) -> Graph {
    let mut rng = seeded(seed);
    let mut weight = || f64::exp(rng.random_range(smallest.ln()..largest.ln()));
    let weights = (1..nodes).map(|_| weight()).collect();
    let plain = random(nodes, 6, seed);
    Graph::new(
        plain.names().to_vec(),
        plain.edges().to_vec(),
        Some(weights),
    )
    .unwrap()
}

fn embed(graph: &Graph, dim: usize, epsilon: f64) -> TreeEmbedding {
    let config = TreeConfig {
        dim,
        epsilon,
        ..TreeConfig::default()
    };
    embed_tree(graph, &config).unwrap()
}

/// All distances, one walk a node.
fn composed(embedding: &TreeEmbedding) -> Tensor {
    let n = embedding.node_count() as i64;
    let rows: Vec<f64> = (0..n as u32)
        .flat_map(|node| embedding.distances_from(node))
        .collect();
    Tensor::from_slice(&rows).view([n, n])
}

fn is_close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs()
}

fn families() -> Vec<(&'static str, Graph)> {
    vec![
        ("two nodes", path(2)),
        ("path", path(30)),
        ("star", star(40)),
        ("caterpillar", caterpillar(12, 5)),
        ("random, deep", random(60, 4, 1)),
        ("random, wide", random(60, 60, 2)),
        ("three legs, opposite edges in space", spider(3, 4)),
        ("six legs, opposite edges in 7-d", spider(6, 4)),
        ("weighted", weighted(40, 3, 0.5, 4.0)),
    ]
}

#[test]
fn distances_stay_within_the_promised_factor_and_edges_are_exact() {
    for (name, graph) in families() {
        for dim in [2, 3, 5, 10] {
            for epsilon in [0.05, 0.5] {
                let embedding = embed(&graph, dim, epsilon);
                let bound = embedding.distortion_bound();
                assert!(bound <= 1.0 + epsilon + 1e-9, "{name}, {dim}: {bound}");
                let truth = shortest_paths(&graph);
                let found = composed(&embedding) / embedding.scale();
                let ratios = numbers(
                    &((&found - &truth)
                        / (&truth
                            + Tensor::eye(truth.size()[0], (tch::Kind::Double, tch::Device::Cpu)))),
                );
                let (least, most) = (
                    ratios.iter().copied().fold(f64::INFINITY, f64::min) + 1.0,
                    ratios.iter().copied().fold(0.0, f64::max) + 1.0,
                );
                assert!(most < 1.0 + 1e-12, "{name}, {dim}: {most}");
                assert!(
                    least * bound > 1.0 - 1e-12,
                    "{name}, {dim}: {least} and {bound}"
                );
                for (edge, &(a, b)) in graph.edges().iter().enumerate() {
                    let weight = graph.weights().map_or(1.0, |weights| weights[edge]);
                    let length = embedding.distance(a, b);
                    assert!(
                        is_close(length, embedding.scale() * weight, 1e-14),
                        "{name}: {length}"
                    );
                }
                if graph.edges().len() == 1 {
                    // Of two nodes none is left to rank.
                    assert!(mean_average_precision(&graph, &found).is_err());
                    continue;
                }
                let map = mean_average_precision(&graph, &found).unwrap();
                assert!(
                    map == 1.0 || graph.weights().is_some(),
                    "{name}, {dim}: MAP {map}"
                );
            }
        }
    }
}

/// In a star whose edges all meet at the least angle nothing is left to spare.
#[test]
fn the_promise_is_nearly_reached() {
    for leaves in [6, 50, 1000] {
        let embedding = embed(&star(leaves), 2, 0.1);
        let nearest = embedding.distance(1, 2) / (2.0 * embedding.scale());
        assert!(
            (1.0 / 1.1..1.003 / 1.1).contains(&nearest),
            "{leaves}: {nearest}"
        );
    }
    let embedding = embed(&caterpillar(40, 3), 2, 0.1);
    let graph = caterpillar(40, 3);
    let found = distortion(&shortest_paths(&graph), &composed(&embedding)).unwrap();
    assert!((1.05..1.1).contains(&found.worst_case), "{found:?}");
}

/// A shorter edge than the promise needs breaks it, so that the scale is not larger than it must be.
#[test]
fn a_scale_of_ones_own_has_the_bound_that_belongs_to_it() {
    let graph = star(50);
    let usual = embed(&graph, 2, 0.1);
    let with = |factor: f64| {
        let config = TreeConfig {
            scale: Some(factor * usual.scale()),
            ..TreeConfig::default()
        };
        embed_tree(&graph, &config).unwrap()
    };
    assert!((with(1.0).distortion_bound() - 1.1).abs() < 1e-9);
    assert!(with(2.0).distortion_bound() < 1.05);
    assert!(with(0.5).distortion_bound() > 1.2);
    assert_eq!(with(0.01).distortion_bound(), f64::INFINITY);
    let short = with(0.5);
    let ratio = 2.0 * short.scale() / short.distance(1, 2);
    assert!((1.2..=short.distortion_bound()).contains(&ratio), "{ratio}");
}

fn worst_against_big_floats(graph: &Graph, embedding: &TreeEmbedding, extra: usize) -> f64 {
    let points = embedding
        .precise_points(embedding.bits() as usize + extra)
        .unwrap();
    let mut worst = 0.0_f64;
    for a in 0..graph.node_count() as u32 {
        let row = embedding.distances_from(a);
        for b in 0..a {
            let exact = points.distance(a, b);
            worst = worst.max((row[b as usize] / exact - 1.0).abs());
            worst = worst.max((embedding.distance(a, b) / exact - 1.0).abs());
        }
    }
    worst
}

#[test]
fn composed_distances_are_those_of_big_floats() {
    for (name, graph) in families() {
        for dim in [2, 3, 7] {
            for epsilon in [0.02, 1.0] {
                let embedding = embed(&graph, dim, epsilon);
                let worst = worst_against_big_floats(&graph, &embedding, 64);
                assert!(worst < 2e-14, "{name}, {dim}, {epsilon}: {worst:e}");
            }
        }
    }
    // Edges so short that nothing is like a tree, and so different that distances nearly cancel.
    for (scale, smallest, largest) in [(0.01, 0.5, 2.0), (1.0, 1e-6, 1e2)] {
        let graph = weighted(40, 5, smallest, largest);
        for dim in [2, 3] {
            let config = TreeConfig {
                dim,
                scale: Some(scale),
                ..TreeConfig::default()
            };
            let embedding = embed_tree(&graph, &config).unwrap();
            let worst = worst_against_big_floats(&graph, &embedding, 128);
            assert!(worst < 1e-12, "scale {scale}, {dim}: {worst:e}");
        }
    }
}

/// The bits that are said to be enough leave the distances right to a thousandth, a dozen less do not.
#[test]
fn the_bits_are_those_that_are_needed() {
    let embedding = embed(&random(60, 4, 1), 2, 0.1);
    let bits = embedding.bits() as usize;
    assert!(bits > 100 && !embedding.fits_f64(), "{bits}");
    let worst = |bits: usize| {
        let points = embedding.precise_points(bits).unwrap();
        let pairs = (0..60).flat_map(|a| (0..a).map(move |b| (a, b)));
        let errors = pairs.map(|(a, b)| (points.distance(a, b) - embedding.distance(a, b)).abs());
        errors.fold(0.0, f64::max)
    };
    let [enough, fewer] = [bits, bits - 12].map(worst);
    assert!((1e-5..2e-3).contains(&enough), "{enough}");
    assert!(fewer > 2e-3, "{fewer}");
    assert!(worst(bits + 20) < 2e-9);
    assert!(worst(bits / 2) > 1.0);
    let error = embedding.precise_points(0).unwrap_err().to_string();
    assert!(error.contains("at least one bit"), "{error}");
    let error = embedding.points().unwrap_err().to_string();
    assert!(
        error.contains("53 bits") && error.contains("precise_points"),
        "{error}"
    );
}

/// Rounded to too few bits, about half of the points near the rim lie outside.
#[test]
fn a_point_outside_of_the_ball_is_infinitely_far_from_all_others() {
    let embedding = embed(&random(60, 4, 1), 2, 0.1);
    let points = embedding.precise_points(64).unwrap();
    let is_outside = |node| points.distance(embedding.root(), node) == f64::INFINITY;
    let outside: Vec<u32> = (0..60).filter(|&node| is_outside(node)).collect();
    assert!((10..50).contains(&outside.len()), "{}", outside.len());
    for &a in &outside {
        assert!(
            (0..60)
                .filter(|&b| b != a)
                .all(|b| points.distance(a, b) == f64::INFINITY)
        );
    }
}

/// tanh(ℓ/2) = ℓ/2 where ℓ is tiny, which e^ℓ − e^−ℓ does not see.
#[test]
fn points_of_tiny_edges_keep_their_digits() {
    for scale in [1e-20, 1e-100, 1e-300] {
        let config = TreeConfig {
            dim: 2,
            scale: Some(scale),
            ..TreeConfig::default()
        };
        let embedding = embed_tree(&path(3), &config).unwrap();
        let points = numbers(&embedding.points().unwrap());
        let largest = points
            .iter()
            .fold(0.0_f64, |largest, x| largest.max(x.abs()));
        assert!(is_close(largest, 0.5 * scale, 1e-15), "{points:?}");
        let precise = embedding.precise_points(117).unwrap();
        assert!(is_close(precise.distance(0, 1), scale, 1e-15));
        assert!(is_close(precise.distance(0, 2), 2.0 * scale, 1e-15));
    }
}

#[test]
fn the_balanced_tree_is_perfect_in_two_dimensions_of_f64() {
    let parents: Vec<u32> = (1..40).map(|node| (node - 1) / 3).collect();
    let graph = tree(&parents, None);
    let embedding = embed(&graph, 2, 0.2);
    assert!(embedding.fits_f64());
    assert_eq!(embedding.root(), 0);
    let disk = PoincareBall::new(2, -1.0).unwrap();
    let points = embedding.points().unwrap();
    let distances = pairwise_distances(&disk, &points);
    assert_eq!(mean_average_precision(&graph, &distances).unwrap(), 1.0);
    let found = distortion(&shortest_paths(&graph), &(&distances / embedding.scale())).unwrap();
    assert!(found.worst_case < 1.2 && found.average < 0.12, "{found:?}");
    // Of the same points, big floats, f64 and walks say the same, as far as f64 goes.
    let ratio = numbers(&(&distances / composed(&embedding)));
    let apart = ratio.iter().filter(|ratio| !ratio.is_nan());
    assert!(apart.fold(0.0_f64, |worst, ratio| worst.max((ratio - 1.0).abs())) < 1e-4);
}

/// What the authors' program prints for this tree with ε = 0.1 in 2 dimensions, in its documentation.
#[test]
fn the_balanced_tree_at_the_authors_scale_has_their_distortion() {
    let parents: Vec<u32> = (1..40).map(|node| (node - 1) / 3).collect();
    let graph = tree(&parents, None);
    let config = TreeConfig {
        scale: Some(23.769_153_582_873_58),
        ..TreeConfig::default()
    };
    let embedding = embed_tree(&graph, &config).unwrap();
    let found = embedding.measure(&graph, None, |_| {}).unwrap();
    assert!(is_close(
        found.tree.average,
        0.012_938_547_281_905_71,
        1e-12
    ));
    assert!(is_close(
        found.tree.worst_case,
        1.022_360_266_228_399,
        1e-11
    ));
    assert_eq!(found.map, Some(1.0));
}

#[test]
fn measuring_by_walks_is_measuring_all_distances() {
    let names = (0..30).map(|node| format!("n{node}")).collect();
    let mut edges: Vec<(u32, u32)> = (1..30).map(|node| (node, (node - 1) / 3)).collect();
    edges.extend([(7, 1), (29, 4), (12, 0), (0, 5)]);
    let graph = Graph::new(names, edges, None).unwrap();
    for rule in [
        SpanningTree::BreadthFirst { root: 0 },
        SpanningTree::KeepNeighbors,
    ] {
        let tree = spanning_tree(&graph, rule).unwrap();
        for dim in [2, 4] {
            let embedding = embed(&tree, dim, 0.3);
            let distances = composed(&embedding) / embedding.scale();
            let found = embedding.measure(&graph, None, |_| {}).unwrap();
            assert_eq!(found.sources, 30);
            for (measured, truth) in [
                (found.tree, shortest_paths(&tree)),
                (found.graph, shortest_paths(&graph)),
            ] {
                let direct = distortion(&truth, &distances).unwrap();
                assert_eq!(measured.pairs, direct.pairs);
                assert!(is_close(measured.average, direct.average, 1e-10));
                assert!(is_close(measured.worst_case, direct.worst_case, 1e-10));
            }
            // Rounded, for equal distances count against the embedding.
            let rounded = (&distances * 1e8).round();
            let map = mean_average_precision(&graph, &rounded).unwrap();
            let own = found.map.unwrap();
            assert!(is_close(own, map, 1e-12), "{own} and {map}");
            assert!(own < 1.0);
        }
    }
}

#[test]
fn sampled_sources_count_every_pair_once() {
    let graph = random(50, 10, 4);
    let embedding = embed(&graph, 2, 0.5);
    let found = embedding
        .measure(&graph, Some(&[3, 40, 7]), |_| {})
        .unwrap();
    assert_eq!((found.sources, found.tree.pairs), (3, 49 + 48 + 47));
    for sources in [&[3_u32, 3][..], &[50]] {
        let error = embedding
            .measure(&graph, Some(sources), |_| {})
            .unwrap_err();
        assert!(
            error.to_string().contains("different sources below 50"),
            "{error}"
        );
    }
    assert!(embedding.measure(&path(3), None, |_| {}).is_err());
}

#[test]
fn small_and_large_trees_embed() {
    let one = Graph::new(vec!["a".into()], vec![], None).unwrap();
    let embedding = embed(&one, 2, 0.1);
    assert_eq!(numbers(&embedding.points().unwrap()), [0.0, 0.0]);
    assert_eq!(
        (embedding.distances_from(0), embedding.parent(0)),
        (vec![0.0], None)
    );

    let two = embed(&path(2), 3, 0.1);
    assert_eq!(
        (two.distance(0, 1), two.scale(), two.distortion_bound()),
        (1.0, 1.0, 1.0)
    );

    // A path is a geodesic at any scale.
    let long = embed(&path(2000), 2, 0.1);
    assert_eq!(long.scale(), 1.0);
    assert_eq!(long.root(), 999);
    assert!(is_close(long.distance(0, 1999), 1999.0, 1e-13));
    assert!(is_close(long.distances_from(1999)[0], 1999.0, 1e-13));
    let points = long.precise_points(long.bits() as usize).unwrap();
    assert!((points.distance(0, 1999) - 1999.0).abs() < 1e-2);

    let wide = star(5000);
    for dim in [2, 3, 10] {
        let embedding = embed(&wide, dim, 0.1);
        let found = embedding
            .measure(&wide, Some(&[0, 1, 2500]), |_| {})
            .unwrap();
        assert_eq!(found.map, Some(1.0), "{dim}");
        assert!(found.tree.worst_case < 1.1 + 1e-9);
    }
}

/// With weights from 1e-6 to 1e6 coordinates would have 10¹⁴ bits; distances do not need them.
#[test]
fn huge_and_tiny_weights_embed_without_points() {
    let graph = weighted(40, 9, 1e-6, 1e6);
    let embedding = embed(&graph, 2, 0.1);
    assert!(embedding.bits() > 1e12);
    let found = embedding.measure(&graph, None, |_| {}).unwrap();
    assert!(found.tree.worst_case < 1.1, "{found:?}");
    let error = embedding.precise_points(64).unwrap_err().to_string();
    assert!(error.contains("1048576 bits"), "{error}");
}

#[test]
fn what_is_no_tree_is_refused_by_name() {
    let graph = |nodes: u32, edges: &[(u32, u32)], weights: Option<Vec<f64>>| {
        let names = (0..nodes).map(|node| format!("n{node}")).collect();
        Graph::new(names, edges.to_vec(), weights).unwrap()
    };
    for (graph, expected) in [
        (
            graph(3, &[(0, 1), (1, 2), (2, 0)], None),
            "a cycle, closed by the edge from \"n2\" to \"n0\"",
        ),
        (
            graph(2, &[(0, 1), (1, 0)], None),
            "a cycle, closed by the edge from \"n1\" to \"n0\"",
        ),
        (
            graph(4, &[(0, 1), (3, 2)], None),
            "no path between \"n0\" and \"n2\"",
        ),
        (
            graph(3, &[(0, 1), (1, 2)], Some(vec![1.0, 0.0])),
            "a weight of 0 between \"n1\" and \"n2\"",
        ),
        (graph(0, &[], None), "at least one node"),
    ] {
        let error = embed_tree(&graph, &TreeConfig::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{expected:?} is not in: {error}");
    }
    for config in [
        TreeConfig {
            dim: 1,
            ..TreeConfig::default()
        },
        TreeConfig {
            dim: 65,
            ..TreeConfig::default()
        },
        TreeConfig {
            epsilon: 0.0,
            ..TreeConfig::default()
        },
        TreeConfig {
            epsilon: f64::NAN,
            ..TreeConfig::default()
        },
        TreeConfig {
            scale: Some(-1.0),
            ..TreeConfig::default()
        },
        TreeConfig {
            root: Some(3),
            ..TreeConfig::default()
        },
    ] {
        assert!(embed_tree(&path(3), &config).is_err(), "{config:?}");
    }
}

#[test]
fn the_local_form_gives_the_tree_and_unit_directions() {
    let graph = random(80, 20, 6);
    let config = TreeConfig {
        dim: 4,
        root: Some(17),
        ..TreeConfig::default()
    };
    let embedding = embed_tree(&graph, &config).unwrap();
    assert_eq!((embedding.root(), embedding.parent(17)), (17, None));
    assert!(embedding.edge(17).is_none());
    let mut children = vec![Vec::new(); 80];
    for node in (0..80).filter(|&node| node != 17) {
        let parent = embedding.parent(node).unwrap();
        let pair = (node.min(parent), node.max(parent));
        assert!(
            graph
                .edges()
                .iter()
                .any(|&(a, b)| (a.min(b), a.max(b)) == pair)
        );
        let (length, direction) = embedding.edge(node).unwrap();
        assert_eq!(length, embedding.scale());
        let squared: f64 = direction.iter().map(|x| x * x).sum();
        assert!((squared - 1.0).abs() < 1e-14);
        children[parent as usize].push(direction.to_vec());
    }
    let mut least = f64::INFINITY;
    for (node, mut directions) in children.into_iter().enumerate() {
        if node != 17 {
            directions.push(vec![1.0, 0.0, 0.0, 0.0]);
        }
        least = least.min(least_angle(&directions));
    }
    assert!(is_close(least, embedding.least_angle(), 1e-7), "{least}");
}

fn least_angle(directions: &[Vec<f64>]) -> f64 {
    let mut least = PI;
    for (index, a) in directions.iter().enumerate() {
        for b in &directions[..index] {
            let half: f64 = a
                .iter()
                .zip(b)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt()
                / 2.0;
            least = least.min(2.0 * half.min(1.0).asin());
        }
    }
    least
}

/// Every angle that is claimed holds, and is as wide as the constructions allow.
#[test]
fn directions_are_as_far_apart_as_claimed() {
    for (dim, count, at_least) in [
        (2, 7, 2.0 * PI / 7.0),
        (3, 4, (-1.0_f64 / 3.0).acos()),
        (3, 6, PI / 2.0),
        (3, 12, PI / 3.0),
        (3, 100, 0.30),
        (5, 6, (-0.2_f64).acos()),
        (5, 40, PI / 3.0),
        (10, 20, PI / 2.0),
        (10, 180, PI / 3.0),
        (10, 512, (0.2_f64).acos() * 0.67),
        (10, 665, 0.64),
        (16, 665, 0.9),
    ] {
        let embedding = embed(&star(count), dim, 0.1);
        let angle = embedding.least_angle();
        let directions: Vec<Vec<f64>> = (0..=count as u32)
            .filter_map(|node| embedding.edge(node))
            .map(|(_, direction)| direction.to_vec())
            .collect();
        // The centre of a star is its root.
        assert_eq!(directions.len(), count);
        let measured = least_angle(&directions);
        assert!(
            measured > angle - 1e-7,
            "{dim}, {count}: {measured} for {angle}"
        );
        assert!(angle >= at_least - 1e-9, "{dim}, {count}: {angle}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_tree_keeps_the_promise(
        nodes in 2_u32..70,
        window in 1_u32..70,
        seed: u64,
        dim in 2_usize..8,
        epsilon in 0.02..2.0_f64,
    ) {
        let graph = random(nodes, window, seed);
        let embedding = embed(&graph, dim, epsilon);
        let distances = composed(&embedding) / embedding.scale();
        let asymmetry = (&distances - distances.tr()).abs() / distances.clamp_min(1e-9);
        prop_assert!(asymmetry.max().double_value(&[]) < 1e-13);
        let found = distortion(&shortest_paths(&graph), &distances).unwrap();
        prop_assert!(found.worst_case <= 1.0 + epsilon + 1e-9, "{found:?}");
        let measured = embedding.measure(&graph, None, |_| {}).unwrap();
        prop_assert!(is_close(measured.tree.worst_case, found.worst_case, 1e-11));
        prop_assert!(epsilon >= 1.0 || measured.map.is_none_or(|map| map == 1.0), "{measured:?}");
    }
}
