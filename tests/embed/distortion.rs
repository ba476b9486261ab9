//! Distances of embeddings beside those of graphs.

use holonomy::embed::{
    Model, distortion, mean_average_precision, pairwise_distances, reconstruction,
};
use holonomy::graph::{Graph, shortest_paths};
use holonomy::{Error, Euclidean, Geodesic, Lorentz};
use tch::{Device, Kind, Tensor};

use super::{random_points, seeded};

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn graph(nodes: usize, edges: Vec<(u32, u32)>) -> Graph {
    let names = (0..nodes).map(|node| format!("n{node}")).collect();
    Graph::new(names, edges, None).unwrap()
}

/// The distances of points on a line.
fn line(places: &[f64]) -> Tensor {
    let points = Tensor::from_slice(places).view([places.len() as i64, 1]);
    pairwise_distances(&Euclidean::new(1).unwrap(), &points)
}

#[test]
fn pairs_are_those_of_the_manifold_in_tiles_that_meet() {
    // 1,500 points of width 4 take several tiles.
    let points = random_points(Model::Lorentz, 1500, 3, 2.0, &mut seeded(3));
    let space = Lorentz::new(3, -1.0).unwrap();
    let d = pairwise_distances(&space, &points);
    assert!(d.equal(&d.transpose(0, 1)));
    assert_eq!(d.diagonal(0, 0, 1).abs().max().double_value(&[]), 0.0);
    for row in [0, 698, 699, 700, 1499] {
        let direct = space.dist(&points.get(row).unsqueeze(0), &points);
        let worst = ((d.get(row) - &direct) / direct.clamp_min(1e-300))
            .abs()
            .max();
        assert!(worst.double_value(&[]) < 1e-13, "row {row}: {worst}");
    }
}

#[test]
fn pairs_of_no_points_are_none() {
    let none = pairwise_distances(&Euclidean::new(2).unwrap(), &Tensor::zeros([0, 2], F64));
    assert_eq!(none.size(), [0, 0]);
}

#[test]
fn single_precision_stays_single() {
    let points = Tensor::from_slice(&[0.0_f32, 3.0]).view([2, 1]);
    let d = pairwise_distances(&Euclidean::new(1).unwrap(), &points);
    assert_eq!((d.kind(), d.double_value(&[0, 1])), (Kind::Float, 3.0));
}

#[test]
fn distortion_is_that_of_its_definition() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let embedded = line(&[0.0, 1.5, 3.0]);
    let found = distortion(&truth, &embedded).unwrap();
    // The ratios are 3/2, 3/4 and 1.
    assert!((found.average - (0.5 + 0.25) / 3.0).abs() < 1e-15);
    assert!((found.worst_case - 2.0).abs() < 1e-15);
    assert!((found.mean_ratio - 3.25 / 3.0).abs() < 1e-15);
    assert_eq!(found.pairs, 3);
    let same = distortion(&truth, &truth).unwrap();
    assert_eq!((same.average, same.worst_case), (0.0, 1.0));
}

#[test]
fn pairs_that_are_not_known_do_not_count() {
    let truth = line(&[0.0, 1.0, 3.0]);
    for (x, y) in [(0, 1), (1, 0)] {
        let _ = truth.get(x).get(y).fill_(f64::NAN);
        let _ = truth.get(2 * x).get(2 * y).fill_(f64::INFINITY);
    }
    let found = distortion(&truth, &line(&[0.0, 1.5, 3.0])).unwrap();
    assert_eq!((found.pairs, found.worst_case), (1, 1.0));
    assert!((found.average - 0.25).abs() < 1e-15);
}

#[test]
fn points_that_all_coincide_have_an_infinite_worst_case() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let collapsed = distortion(&truth, &truth.zeros_like()).unwrap();
    assert_eq!(collapsed.average, 1.0);
    assert_eq!(collapsed.worst_case, f64::INFINITY);
}

#[test]
fn distortion_refuses_what_has_no_ratio() {
    let truth = line(&[0.0, 1.0, 3.0]);
    let negative = distortion(&truth, &-&truth).unwrap_err().to_string();
    assert!(negative.contains("-1 for (0, 1)"), "{negative}");
    let refused = |truth: &Tensor, embedded: &Tensor| distortion(truth, embedded).unwrap_err();
    let twins = refused(&line(&[0.0, 1.0, 1.0]), &truth).to_string();
    assert!(twins.contains("0 for (1, 2)"), "{twins}");
    let broken = truth.copy();
    let _ = broken.get(0).get(2).fill_(f64::NAN);
    let _ = broken.get(2).get(0).fill_(f64::NAN);
    let error = refused(&truth, &broken);
    assert!(
        matches!(&error, Error::NotFinite { place, .. } if place == "(0, 2)"),
        "{error}"
    );
    assert!(matches!(
        refused(&truth, &line(&[0.0, 1.0])),
        Error::InvalidArgument { .. }
    ));
    assert!(matches!(
        refused(&line(&[0.0]), &line(&[0.0])),
        Error::InvalidArgument { .. }
    ));
}

#[test]
fn neighbours_that_lie_first_give_a_perfect_map() {
    let tree = graph(13, (1..13).map(|node| (node, (node - 1) / 3)).collect());
    assert_eq!(
        mean_average_precision(&tree, &shortest_paths(&tree)).unwrap(),
        1.0
    );
}

#[test]
fn map_counts_what_lies_before_neighbours() {
    // The path 0 — 1 — 2 and node 3, which lies between 0 and 1.
    let path = graph(4, vec![(0, 1), (1, 2)]);
    let map = mean_average_precision(&path, &line(&[0.0, 1.0, 2.0, 0.4])).unwrap();
    // Node 0: 3 lies before 1. Node 1: 3 before both (at distance 1 each). Node 2: none before 1.
    let expected = (0.5 + 2.0 / 3.0 + 1.0) / 3.0;
    assert!((map - expected).abs() < 1e-15, "{map}");
}

#[test]
fn ties_count_against_the_embedding() {
    let path = graph(4, vec![(0, 1), (1, 2)]);
    let map = mean_average_precision(&path, &Tensor::zeros([4, 4], F64)).unwrap();
    let expected = (1.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0) / 3.0;
    assert!((map - expected).abs() < 1e-15, "{map}");
}

#[test]
fn map_agrees_with_the_ranks_of_reconstruction() {
    let points = random_points(Model::Lorentz, 60, 2, 1.0, &mut seeded(9));
    let network = graph(60, (1..60).map(|node| (node, node / 2)).collect());
    let pairs = holonomy::embed::both_ways(network.edges());
    let ranked = reconstruction(Model::Lorentz, &points, &pairs).unwrap();
    let space = Lorentz::new(2, -1.0).unwrap();
    let map = mean_average_precision(&network, &pairwise_distances(&space, &points)).unwrap();
    assert!((map - ranked.map).abs() < 1e-14, "{map} and {}", ranked.map);
}

#[test]
fn map_refuses_what_it_cannot_rank() {
    let path = graph(2, vec![(0, 1)]);
    let error = mean_average_precision(&path, &Tensor::full([2, 2], f64::NAN, F64)).unwrap_err();
    assert!(
        matches!(&error, Error::NotFinite { place, .. } if place == "(0, 0)"),
        "{error}"
    );
    assert!(mean_average_precision(&path, &line(&[0.0])).is_err());
    assert!(mean_average_precision(&graph(1, vec![]), &line(&[0.0])).is_err());
}
