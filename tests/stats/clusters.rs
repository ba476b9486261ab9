//! k-means.

use holonomy::stats::{KMeansConfig, frechet_mean, k_means};
use holonomy::{Euclidean, Grassmann, Lorentz, Sample, Space, Sphere};
use tch::{Kind, Tensor};

use super::{DOUBLE, assert_near, expected_of, seeded};

/// `each` points around each of three centers that are far apart.
fn three_groups(m: &dyn Space, each: i64) -> Tensor {
    let mut rng = seeded(1);
    let first = m.random_point(&mut rng, &[], DOUBLE);
    let v = m.random_tangent(&mut rng, &first);
    let v = &v * (0.6 / m.norm(&first, &v).double_value(&[]));
    let centers = [
        m.exp(&first, &-&v),
        first.shallow_clone(),
        m.exp(&first, &v),
    ];
    let groups = centers.map(|center| {
        let base = center
            .expand([&[each], &m.point_shape()[..]].concat(), false)
            .contiguous();
        let noise = m.random_tangent(&mut rng, &base) * 0.02;
        m.exp(&base, &noise)
    });
    Tensor::cat(&groups, 0)
}

#[test]
fn groups_that_lie_apart_are_found_on_every_space() {
    let spaces: Vec<Box<dyn Space>> = vec![
        Box::new(Euclidean::new(3).unwrap()),
        Box::new(Sphere::new(2, 1.0).unwrap()),
        Box::new(Lorentz::new(2, -1.0).unwrap()),
        Box::new(Grassmann::new(5, 2).unwrap()),
    ];
    for m in spaces {
        let points = three_groups(&*m, 20);
        let config = KMeansConfig::new(3);
        let found = k_means(&*m, &points, &config).unwrap();
        let labels = found.labels.view([3, 20]);
        for group in 0..3 {
            let row = labels.get(group);
            assert!(
                row.eq_tensor(&row.get(0)).all().int64_value(&[]) == 1,
                "{m:?}: {row}"
            );
        }
        let sizes = found.labels.bincount::<&Tensor>(None, 3);
        assert_eq!(Vec::<i64>::try_from(&sizes).unwrap(), [20, 20, 20]);
        // What the centers are, and what the inertia is.
        let mut inertia = 0.0;
        for label in 0..3 {
            let members = found.labels.eq(label).nonzero().squeeze_dim(1);
            let members = points.index_select(0, &members);
            let mean = frechet_mean(&*m, &members, None, &config.center).unwrap();
            assert_near(&found.centers.get(label), &mean.point, 1e-12);
            let distances = m.dist(&mean.point, &members);
            inertia += distances.square().sum(Kind::Double).double_value(&[]);
        }
        assert!((found.inertia - inertia).abs() < 1e-12);
        assert_eq!(found.converged, config.restarts);
    }
}

#[test]
fn results_follow_the_seed() {
    let m = Sphere::new(2, 1.0).unwrap();
    let points = m.random_point(&mut seeded(2), &[60], DOUBLE);
    let run = |seed| {
        let config = KMeansConfig {
            seed,
            ..KMeansConfig::new(5)
        };
        k_means(&m, &points, &config).unwrap()
    };
    let (a, b) = (run(3), run(3));
    assert!(a.labels.equal(&b.labels) && a.inertia == b.inertia);
}

#[test]
fn more_clusters_fit_no_worse_and_as_many_as_points_fit_exactly() {
    let m = Euclidean::new(2).unwrap();
    let points = super::normal(3, &[12, 2]);
    let inertia = |k| k_means(&m, &points, &KMeansConfig::new(k)).unwrap().inertia;
    assert!(inertia(3) < inertia(2) && inertia(2) < inertia(1));
    assert_eq!(inertia(12), 0.0);
}

/// Fewer different points than clusters: the clusters that stay empty get points all the same.
#[test]
fn equal_points_fill_all_clusters() {
    let m = Euclidean::new(1).unwrap();
    let points = Tensor::from_slice(&[1.0, 1.0, 1.0, 2.0]).view([4, 1]);
    for clusters in [2, 3, 4] {
        let found = k_means(&m, &points, &KMeansConfig::new(clusters)).unwrap();
        assert_eq!(found.inertia, 0.0);
        let sizes = found.labels.bincount::<&Tensor>(None, clusters);
        assert!(sizes.min().int64_value(&[]) > 0, "{clusters}: {sizes}");
        assert_eq!(found.converged, 8);
    }
}

#[test]
fn bad_input_is_named() {
    let m = Euclidean::new(1).unwrap();
    let points = Tensor::from_slice(&[1.0, 2.0]).view([2, 1]);
    let refused = |config| expected_of(k_means(&m, &points, &config));
    assert_eq!(refused(KMeansConfig::new(0)), "at least one cluster");
    assert_eq!(refused(KMeansConfig::new(3)), "at least 3 points");
    let no_start = KMeansConfig {
        restarts: 0,
        ..KMeansConfig::new(1)
    };
    assert_eq!(refused(no_start), "at least one start");
}
