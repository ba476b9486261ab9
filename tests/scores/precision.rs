//! Mean average precision of distances.

use holonomy::embed::{Model, reconstruction};
use holonomy::graph::{Graph, shortest_paths};
use holonomy::metric::pairwise_distances;
use holonomy::scores::mean_average_precision;
use holonomy::{Error, Euclidean, Lorentz};
use tch::{Device, Kind, Tensor};

use crate::embed::{random_points, seeded};

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
    let pairs = holonomy::graph::both_ways(network.edges());
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
