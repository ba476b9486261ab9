//! Distances that are not geodesic: the functions of finite metric spaces take them as well.

use holonomy::magnitude::{
    BoundaryConfig, BoundaryDetector, MatrixFreeConfig, NearestNeighbourConfig, WeightingConfig,
    matrix_free_weighting, nearest_neighbour_weighting, weighting_of_points,
};
use holonomy::manifolds::Chordal;
use holonomy::metric::{cross_distances, differentiable_distances, pairwise_distances};
use holonomy::{
    Distance, Error, Euclidean, Flag, Geodesic, Grassmann, Manifold, Sample, SpdBuresWasserstein,
};
use tch::{Device, Kind, Tensor};

use crate::embed::seeded;

const F64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn largest(t: &Tensor) -> f64 {
    t.abs().max().double_value(&[])
}

/// A space, points of it, and the same points in Euclidean space at the same distances.
fn isometric() -> Vec<(Box<dyn Distance>, Tensor, Tensor)> {
    let rng = &mut seeded(7);
    // Covariances that commute: the distance is that of their square roots.
    let roots = Euclidean::new(3)
        .unwrap()
        .random_point(rng, &[60], F64)
        .abs()
        + 0.1;
    let covariances = roots.square().diag_embed(0, -2, -1);
    // Half of the squared distance of projection matrices is that of subspaces.
    let subspaces = Grassmann::new(4, 2).unwrap();
    let frames = subspaces.random_point(rng, &[60], F64);
    let projections = frames.matmul(&frames.transpose(-2, -1)).view([60, 16]) / 2_f64.sqrt();
    let flags = Flag::new(4, &[1, 3]).unwrap();
    let bases = flags.random_point(rng, &[60], F64);
    let blocks = [bases.narrow(-1, 0, 1), bases.narrow(-1, 1, 2)];
    let blocks = blocks.map(|b| b.matmul(&b.transpose(-2, -1)).view([60, 16]) / 2_f64.sqrt());
    let space = |space: Box<dyn Distance>, points: Tensor, flat: Tensor| (space, points, flat);
    vec![
        space(
            Box::new(SpdBuresWasserstein::new(3).unwrap()),
            covariances,
            roots,
        ),
        space(Box::new(Chordal::of(subspaces)), frames, projections),
        space(
            Box::new(Chordal::of(flags)),
            bases,
            Tensor::cat(&blocks, -1),
        ),
    ]
}

#[test]
fn distances_are_those_of_the_isometric_points() {
    for (space, points, flat) in isometric() {
        let euclidean = Euclidean::new(flat.size()[1]).unwrap();
        let expected = pairwise_distances(&euclidean, &flat);
        let error = pairwise_distances(space.as_ref(), &points) - &expected;
        assert!(largest(&error) < 1e-14, "{space:?}: {error}");
        let few = points.narrow(0, 0, 5);
        let error = cross_distances(space.as_ref(), &few, &points) - expected.narrow(0, 0, 5);
        assert!(largest(&error) < 1e-14, "{space:?}");
    }
}

#[test]
fn weights_are_those_of_the_isometric_points() {
    for (space, points, flat) in isometric() {
        let euclidean = Euclidean::new(flat.size()[1]).unwrap();
        let close = |own: &Tensor, flat: &Tensor, what: &str| {
            let error = largest(&(own - flat));
            assert!(error < 1e-10, "{space:?}, {what}: {error:e}");
        };
        let config = WeightingConfig::default();
        let own = weighting_of_points(space.as_ref(), &points, 2.0, &config).unwrap();
        let expected = weighting_of_points(&euclidean, &flat, 2.0, &config).unwrap();
        close(&own.weights, &expected.weights, "weighting");
        let config = MatrixFreeConfig::default();
        let own = matrix_free_weighting(space.as_ref(), &points, 2.0, &config).unwrap();
        close(&own.weights, &expected.weights, "matrix free");
        let config = NearestNeighbourConfig {
            neighbours: 8,
            ..NearestNeighbourConfig::default()
        };
        let own = nearest_neighbour_weighting(space.as_ref(), &points, 2.0, &config).unwrap();
        let flat = nearest_neighbour_weighting(&euclidean, &flat, 2.0, &config).unwrap();
        close(&own.weights, &flat.weights, "nearest neighbours");
    }
}

#[test]
fn detectors_take_them() {
    for (space, points, flat) in isometric() {
        let euclidean = Euclidean::new(flat.size()[1]).unwrap();
        let config = BoundaryConfig::default();
        let own = BoundaryDetector::fit(space, &points, &config).unwrap();
        let expected = BoundaryDetector::fit(Box::new(euclidean), &flat, &config).unwrap();
        assert!(largest(&(own.weights() - expected.weights())) < 1e-10);
    }
}

/// The gradient through the projection matrices is the same.
#[test]
fn gradients_reach_the_points() {
    let subspaces = Grassmann::new(4, 2).unwrap();
    let frames = || {
        subspaces
            .random_point(&mut seeded(8), &[5], F64)
            .set_requires_grad(true)
    };
    let (points, same) = (frames(), frames());
    let own = differentiable_distances(&Chordal::of(subspaces.clone()), &points);
    own.sum(Kind::Double).backward();
    let flat = same.matmul(&same.transpose(-2, -1)).view([5, 16]) / 2_f64.sqrt();
    let euclidean = Euclidean::new(16).unwrap();
    differentiable_distances(&euclidean, &flat)
        .sum(Kind::Double)
        .backward();
    let along = |frames: &Tensor| {
        let frames_now = frames.detach();
        subspaces.project_tangent(&frames_now, &frames.grad())
    };
    let error = largest(&(along(&points) - along(&same)));
    assert!(error < 1e-12 && largest(&along(&same)) > 0.1, "{error:e}");
}

/// Matrices in the distance of their numbers, as somebody else's distance may be.
#[derive(Debug)]
struct Frobenius;

impl Distance for Frobenius {
    fn shape(&self) -> Vec<i64> {
        vec![2, 3]
    }

    fn check(&self, _: &Tensor) -> holonomy::Result<()> {
        Ok(())
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        (p - q)
            .square()
            .sum_dim_intlist([-2, -1].as_slice(), false, p.kind())
            .sqrt()
    }

    fn is_euclidean(&self) -> bool {
        true
    }
}

#[test]
fn euclidean_points_may_be_matrices() {
    let flat = Euclidean::new(6)
        .unwrap()
        .random_point(&mut seeded(9), &[200], F64);
    let points = flat.view([200, 2, 3]);
    let config = MatrixFreeConfig::default();
    let expected = weighting_of_points(
        &Euclidean::new(6).unwrap(),
        &flat,
        2.0,
        &WeightingConfig::default(),
    );
    let own = matrix_free_weighting(&Frobenius, &points, 2.0, &config).unwrap();
    assert!(largest(&(own.weights - expected.unwrap().weights)) < 1e-9);
    let config = NearestNeighbourConfig::default();
    let own = nearest_neighbour_weighting(&Frobenius, &points, 2.0, &config).unwrap();
    let expected = nearest_neighbour_weighting(&Euclidean::new(6).unwrap(), &flat, 2.0, &config);
    assert!(largest(&(own.weights - expected.unwrap().weights)) < 1e-9);
}

#[test]
fn a_boxed_manifold_and_a_reference_are_distances() {
    let space: Box<dyn Geodesic> = Box::new(Euclidean::new(1).unwrap());
    let points = Tensor::from_slice(&[0.0, 2.0]).view([2, 1]);
    for d in [
        pairwise_distances(&space, &points),
        pairwise_distances(space.as_ref(), &points),
    ] {
        assert_eq!(d.double_value(&[0, 1]), 2.0);
    }
    let config = BoundaryConfig::default();
    assert!(BoundaryDetector::fit(space, &points, &config).is_ok());
}

#[test]
fn what_is_no_point_is_named() {
    let space = SpdBuresWasserstein::new(2).unwrap();
    let points = Tensor::eye(2, F64).repeat([3, 1, 1]);
    let _ = points.get(1).neg_();
    let found = weighting_of_points(&space, &points, 1.0, &WeightingConfig::default());
    assert!(
        matches!(found, Err(Error::NotOnManifold { row: 1, .. })),
        "{found:?}"
    );
}
