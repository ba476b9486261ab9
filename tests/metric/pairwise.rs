//! Distances of points, in any space that has them.

use holonomy::embed::Model;
use holonomy::metric::pairwise_distances;
use holonomy::{Euclidean, Geodesic, Lorentz};
use tch::{Device, Kind, Tensor};

use crate::embed::{random_points, seeded};

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);

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
