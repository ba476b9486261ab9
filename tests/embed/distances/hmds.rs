//! h-MDS: exact where the distances are hyperbolic, near where they nearly are, and a refusal with the
//! pair where they are none.

use holonomy::embed::hmds::{Hmds, HmdsConfig, Refinement, Scale, hmds};
use holonomy::metric::pairwise_distances;
use holonomy::{Error, Geodesic, Lorentz, Manifold, Sample};
use tch::{Device, Kind, Tensor};

use crate::embed::{numbers, seeded};

/// Points evenly in direction, with distances from the origin up to `radius`.
fn spread(n: i64, dim: i64, radius: f64, seed: u64) -> Tensor {
    let mut rng = seeded(seed);
    let mut normal =
        |width| holonomy::random::random_normal(&mut rng, &[n, width], Kind::Double, Device::Cpu);
    let direction = normal(dim);
    let direction = &direction / holonomy::numerics::norm_last(&direction).unsqueeze(-1);
    let radii = normal(1).sin().abs() * radius;
    Tensor::cat(&[radii.cosh(), radii.sinh() * direction], 1)
}

fn distances_of(points: &Tensor) -> Tensor {
    pairwise_distances(&Lorentz::new(points.size()[1] - 1, -1.0).unwrap(), points)
}

fn in_dim(dim: i64) -> HmdsConfig {
    HmdsConfig {
        dim,
        ..HmdsConfig::default()
    }
}

/// The largest difference of distances, measured apart from what the result says.
fn error_of(found: &Hmds, distances: &Tensor) -> f64 {
    found.space.check_point(&found.points).unwrap();
    let measured = pairwise_distances(&found.space, &found.points);
    (measured - distances).abs().max().double_value(&[])
}

fn refusal(distances: &Tensor, config: &HmdsConfig) -> String {
    match hmds(distances, config).unwrap_err() {
        error @ Error::InvalidArgument { .. } => error.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn sixty_points_come_back_exactly() {
    for (radius, bound) in [
        (1.0, 1e-14),
        (2.0, 1e-14),
        (5.0, 5e-14),
        (8.0, 1e-13),
        (12.0, 1e-12),
    ] {
        let distances = distances_of(&spread(60, 3, radius, 1));
        let found = hmds(&distances, &in_dim(3)).unwrap();
        let error = error_of(&found, &distances);
        assert!(error <= bound, "radius {radius}: {error:e}");
        assert!(found.converged);
        assert!((found.fit.largest_error - error).abs() <= 1e-14);
    }
}

#[test]
fn many_dimensions_come_back_exactly() {
    let distances = distances_of(&spread(400, 10, 3.0, 2));
    let found = hmds(&distances, &in_dim(10)).unwrap();
    assert!(error_of(&found, &distances) <= 1e-13);
    assert_eq!(found.eigenvalues.len(), 10);
    assert!(found.eigenvalues.is_sorted());
    // The trace of cosh D is n, and there are no other eigenvalues.
    let trace = found.time_eigenvalue + found.eigenvalues.iter().sum::<f64>();
    assert!((trace - 400.0).abs() < 1e-9 * found.time_eigenvalue);
}

#[test]
fn the_refinement_gives_back_digits_that_cosh_lost() {
    // Pairs of neighbours, far out.
    let far = spread(30, 3, 12.0, 3);
    let space = Lorentz::new(3, -1.0).unwrap();
    let tangents = space.random_tangent(&mut seeded(4), &far);
    let tangents = &tangents / space.norm(&far, &tangents).unsqueeze(-1) * 1e-2;
    let points = Tensor::cat(&[&far, &space.exp(&far, &tangents)], 0);
    let distances = distances_of(&points);
    let spectral = HmdsConfig {
        refinement: Refinement::None,
        ..in_dim(3)
    };
    let before = error_of(&hmds(&distances, &spectral).unwrap(), &distances);
    let after = error_of(&hmds(&distances, &in_dim(3)).unwrap(), &distances);
    assert!(before > 1e-11, "{before:e} {after:e}");
    assert!(after < 5e-12, "{after:e}");
}

#[test]
fn the_scale_is_a_curvature() {
    let half = Lorentz::new(3, -0.25).unwrap();
    let points = spread(50, 3, 2.0, 4) * 2.0;
    let distances = pairwise_distances(&half, &points);
    let config = HmdsConfig {
        scale: Scale::Fixed(0.5),
        ..in_dim(3)
    };
    let found = hmds(&distances, &config).unwrap();
    assert_eq!(found.space.curvature().value(), -0.25);
    assert!(error_of(&found, &distances) < 1e-13);

    let searched = HmdsConfig {
        scale: Scale::search(),
        ..in_dim(3)
    };
    let found = hmds(&distances, &searched).unwrap();
    assert!((found.scale - 0.5).abs() < 1e-4, "{}", found.scale);
    // As near as the golden sections end.
    assert!(error_of(&found, &distances) < 1e-3);
}

#[test]
fn fewer_dimensions_keep_what_varies_most() {
    // Ten dimensions, of which three are wide.
    let points = spread(80, 10, 2.0, 5).narrow(1, 1, 10);
    let widths = Tensor::from_slice(&[1.0, 0.8, 0.6, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02]);
    let spatial = points * widths;
    let time = (spatial.square().sum_dim_intlist(-1, true, Kind::Double) + 1.0).sqrt();
    let distances = distances_of(&Tensor::cat(&[time, spatial], 1));
    let fit = |dim| hmds(&distances, &in_dim(dim)).unwrap().fit;
    let fits = [fit(1), fit(2), fit(3), fit(10)];
    assert!(fits[2].distortion < 0.02, "{fits:?}");
    assert!(fits[1].distortion > 5.0 * fits[2].distortion, "{fits:?}");
    assert!(fits[0].root_mean_square > fits[1].root_mean_square);
    assert!(fits[3].largest_error < 1e-13);
}

#[test]
fn noise_comes_out_no_larger_than_it_went_in() {
    let points = spread(100, 3, 2.0, 6);
    let truth = distances_of(&points);
    let noise =
        holonomy::random::random_normal(&mut seeded(7), &[100, 100], Kind::Double, Device::Cpu)
            .triu(1);
    for level in [1e-6, 1e-4, 1e-2] {
        let noise = (&noise + noise.tr()) * level;
        let distances = (&truth + noise).clamp_min(0.0);
        let config = HmdsConfig {
            triangle_slack: None,
            ..in_dim(3)
        };
        let found = hmds(&distances, &config).unwrap();
        let against_truth = truth_error(&found, &truth);
        // 4,950 pairs determine 294 coordinates: most of the noise averages out.
        assert!(against_truth < 0.35 * level, "{level}: {against_truth:e}");
        assert!((found.fit.root_mean_square / level - 1.0).abs() < 0.1);
        let spectral = HmdsConfig {
            refinement: Refinement::None,
            ..config
        };
        let rough = hmds(&distances, &spectral).unwrap();
        assert!(rough.fit.root_mean_square >= found.fit.root_mean_square);
    }
}

/// The root mean square difference from distances that the embedding never saw.
fn truth_error(found: &Hmds, truth: &Tensor) -> f64 {
    let n = truth.size()[0] as f64;
    let measured = pairwise_distances(&found.space, &found.points);
    let squares = (measured - truth)
        .square()
        .sum(Kind::Double)
        .double_value(&[]);
    (squares / (n * (n - 1.0))).sqrt()
}

#[test]
fn descent_lowers_the_distortion_it_is_about() {
    let distances = holonomy::graph::shortest_paths(&tree(31));
    let config = |refinement| HmdsConfig {
        scale: Scale::Fixed(1.5),
        refinement,
        ..in_dim(5)
    };
    let before = hmds(&distances, &config(Refinement::None)).unwrap();
    let descent = Refinement::Distortion {
        steps: 250,
        learning_rate: 0.2,
    };
    let after = hmds(&distances, &config(descent)).unwrap();
    assert_eq!(after.steps, 250);
    assert!(after.fit.distortion < 0.7 * before.fit.distortion);
    let least_squares = hmds(&distances, &config(Refinement::default())).unwrap();
    // Leaves that the spectrum puts into one place come apart.
    assert!(before.fit.largest_error > 1.9);
    assert!(least_squares.fit.largest_error < 1.0);
    assert!(least_squares.fit.root_mean_square < 0.5 * before.fit.root_mean_square);
}

fn tree(nodes: u32) -> holonomy::graph::Graph {
    let names = (0..nodes).map(|node| node.to_string()).collect();
    let edges = (1..nodes).map(|node| (node, (node - 1) / 2)).collect();
    holonomy::graph::Graph::new(names, edges, None).unwrap()
}

#[test]
fn points_that_coincide_stay_together() {
    let points = spread(30, 3, 4.0, 8);
    let twice = Tensor::cat(&[&points, &points], 0);
    let distances = distances_of(&twice);
    let found = hmds(&distances, &in_dim(3)).unwrap();
    assert!(error_of(&found, &distances) < 1e-12);
}

#[test]
fn one_two_and_three_points() {
    let matrix = |values: &[f64], n| Tensor::from_slice(values).view([n, n]);
    let one = hmds(&matrix(&[0.0], 1), &in_dim(3)).unwrap();
    assert_eq!(numbers(&one.points), [1.0, 0.0, 0.0, 0.0]);
    for dim in [1, 2, 5] {
        let two = matrix(&[0.0, 3.0, 3.0, 0.0], 2);
        let found = hmds(&two, &in_dim(dim)).unwrap();
        assert_eq!(found.points.size(), [2, dim + 1]);
        assert!(error_of(&found, &two) < 1e-14);
        let together = hmds(
            &Tensor::zeros([3, 3], (Kind::Double, Device::Cpu)),
            &in_dim(dim),
        );
        assert_eq!(together.unwrap().fit.largest_error, 0.0);
    }
    let line = matrix(&[0.0, 1.0, 3.0, 1.0, 0.0, 2.0, 3.0, 2.0, 0.0], 3);
    assert!(error_of(&hmds(&line, &in_dim(1)).unwrap(), &line) < 1e-14);
}

#[test]
fn distances_in_f32_are_as_good_as_their_digits() {
    let distances = distances_of(&spread(60, 3, 3.0, 9));
    let found = hmds(&distances.to_kind(Kind::Float), &in_dim(3)).unwrap();
    assert_eq!(found.points.kind(), Kind::Double);
    assert!(error_of(&found, &distances) < 2e-6);
}

#[test]
fn a_seed_decides_the_points() {
    // Leaves of a tree fall into one place and are parted at random.
    let distances = holonomy::graph::shortest_paths(&tree(15));
    let points = |seed| {
        let config = HmdsConfig { seed, ..in_dim(2) };
        numbers(&hmds(&distances, &config).unwrap().points)
    };
    assert_eq!(points(1), points(1));
    assert_ne!(points(1), points(2));
}

/// Rounding makes the two halves of a matrix differ: by a unit in the last place in f32, and less than is refused in f64.
#[test]
fn halves_that_differ_by_rounding_count_by_their_mean() {
    let distances = distances_of(&spread(60, 3, 3.0, 9));
    let upper = distances.triu(1);
    let largest = distances.max().double_value(&[]);
    let apart = &distances + upper.gt(0.0).to_kind(Kind::Double) * (5e-11 * largest);
    let found = hmds(&apart, &in_dim(3)).unwrap();
    let mean = (&apart + apart.tr()) / 2.0;
    assert!((found.fit.largest_error - error_of(&found, &mean)).abs() < 1e-14);

    let single = distances.to_kind(Kind::Float);
    let above = single.triu(1) * (1.0 + f64::from(f32::EPSILON)) + single.tril(-1);
    assert_ne!(above, above.tr());
    let found = hmds(&above, &in_dim(3)).unwrap();
    assert!(error_of(&found, &distances) < 4e-6);
}

/// Of hubs with alike legs cosh D has eigenvalues of high multiplicity, which enter the wanted ones with the scale.
#[test]
fn a_search_ends_with_the_spectrum_of_its_scale() {
    // Two hubs 3 apart: nine legs of one with six twins at their ends, and nine of the other with one.
    let mut nodes = vec![(0, 9, 0.0), (1, 9, 0.0)];
    for leg in 0..9 {
        nodes.extend([(0, leg, 1.0); 6]);
        nodes.push((1, leg, 1.8));
    }
    let distance = |&(a, leg, x): &(i32, i32, f64), &(b, other, y): &(i32, i32, f64)| match (a, leg)
    {
        here if here == (b, other) => (x - y).abs(),
        (hub, _) if hub == b => x + y,
        _ => x + y + 3.0,
    };
    let distances: Vec<f64> = nodes
        .iter()
        .flat_map(|x| nodes.iter().map(move |y| distance(x, y)))
        .collect();
    let n = nodes.len() as i64;
    let distances = Tensor::from_slice(&distances).view([n, n]);
    let with = |scale| HmdsConfig {
        scale,
        refinement: Refinement::None,
        ..in_dim(8)
    };
    let found = hmds(&distances, &with(Scale::search())).unwrap();
    let (all, _) = (&distances * found.scale).cosh().linalg_eigh("L");
    let largest = found.time_eigenvalue;
    for (place, value) in found.eigenvalues.iter().enumerate() {
        let expected = all.double_value(&[place as i64]);
        assert!(
            (value - expected).abs() < 1e-9 * largest,
            "{place}: {value} {expected}"
        );
    }
}

/// In one dimension there are only two directions to part points of one place in.
#[test]
fn leaves_part_on_a_line_too() {
    let distances = holonomy::graph::shortest_paths(&tree(15));
    let found = hmds(&distances, &in_dim(1)).unwrap();
    let apart = pairwise_distances(&found.space, &found.points)
        + Tensor::eye(15, (Kind::Double, Device::Cpu));
    assert!(apart.min().double_value(&[]) > 1e-6);
}

#[test]
fn small_distances_come_back_until_cosh_is_one() {
    for radius in [1e-3, 1e-5] {
        let distances = distances_of(&spread(40, 3, radius, 21));
        let found = hmds(&distances, &in_dim(3)).unwrap();
        let error = error_of(&found, &distances);
        assert!(error < 1e-12 * radius, "{radius}: {error:e}");
    }
    let message = refusal(&distances_of(&spread(40, 3, 1e-10, 21)), &in_dim(3));
    assert!(message.contains("a scale of at least"), "{message}");
}

/// `distances` with another number at (i, j) and, if `both`, at (j, i).
fn with(distances: &Tensor, (i, j): (i64, i64), value: f64, both: bool) -> Tensor {
    let changed = distances.copy();
    let _ = changed.get(i).get(j).fill_(value);
    if both {
        let _ = changed.get(j).get(i).fill_(value);
    }
    changed
}

#[test]
fn what_is_no_distance_is_refused_with_its_pair() {
    let distances = distances_of(&spread(12, 3, 2.0, 11));
    let message = |pair, value, both| refusal(&with(&distances, pair, value, both), &in_dim(3));
    assert!(message((3, 7), f64::NAN, true).contains("NaN between points 3 and 7"));
    assert!(message((3, 7), -1.0, true).contains("-1 between points 3 and 7"));
    assert!(message((5, 5), 0.5, false).contains("0.5 at (5, 5)"));
    let infinite = message((2, 9), f64::INFINITY, true);
    assert!(infinite.contains("between points 2 and 9") && infinite.contains("component"));
    let asymmetric = message((4, 6), 1.25, false);
    assert!(asymmetric.contains("1.25 at (4, 6)"), "{asymmetric}");
    let triangle = message((1, 8), 9.0, true);
    assert!(triangle.contains("9 between points 1 and 8"), "{triangle}");
}

#[test]
fn large_matrices_are_checked_too() {
    // Beyond the size up to which every triangle is looked at; the fault breaks many of them.
    let n = 600;
    let distances = distances_of(&spread(n, 2, 2.0, 12));
    let far = distances.copy();
    let _ = far.get(0).fill_(40.0);
    let _ = far.select(1, 0).fill_(40.0);
    let _ = far.get(0).get(1).fill_(0.1);
    let _ = far.get(1).get(0).fill_(0.1);
    let _ = far.get(0).get(0).fill_(0.0);
    assert!(refusal(&far, &in_dim(2)).contains("over point 1"));
    let asymmetric = with(&distances, (599, 2), 0.5, false);
    assert!(refusal(&asymmetric, &in_dim(2)).contains("0.5 at (599, 2)"));
}

#[test]
fn a_cosh_that_overflows_suggests_a_scale() {
    let line = Tensor::from_slice(&[0.0, 400.0, 800.0]);
    let distances = (line.unsqueeze(0) - line.unsqueeze(1)).abs();
    let message = refusal(&distances, &in_dim(2));
    assert!(message.contains("between points 0 and 2"), "{message}");
    assert!(message.contains("at most 0.3750"), "{message}");
    let config = HmdsConfig {
        scale: Scale::Fixed(0.375),
        ..in_dim(2)
    };
    assert!(
        hmds(&distances, &config)
            .unwrap()
            .fit
            .distortion
            .is_finite()
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    let distances = Tensor::zeros([3, 3], (Kind::Double, Device::Cpu));
    let default = HmdsConfig::default;
    for config in [
        in_dim(0),
        HmdsConfig {
            scale: Scale::Fixed(0.0),
            ..default()
        },
        HmdsConfig {
            scale: Scale::Fixed(f64::NAN),
            ..default()
        },
        HmdsConfig {
            scale: Scale::Search { from: 2.0, to: 1.0 },
            ..default()
        },
        HmdsConfig {
            triangle_slack: Some(-1.0),
            ..default()
        },
        HmdsConfig {
            tolerance: 0.0,
            ..default()
        },
    ] {
        refusal(&distances, &config);
    }
    for size in [[3, 2], [0, 0]] {
        refusal(
            &Tensor::zeros(size, (Kind::Double, Device::Cpu)),
            &default(),
        );
    }
    refusal(&distances.to_kind(Kind::Int64), &default());
}
