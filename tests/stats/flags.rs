//! Chordal means and medians.

use holonomy::random::random_normal;
use holonomy::stats::{
    MeanConfig, MedianConfig, flag_mean, flag_median, grassmann_mean, grassmann_median,
    rotation_mean, rotation_median,
};
use holonomy::{Error, Flag, Grassmann, Manifold, Sample};
use nalgebra::DMatrix;
use tch::{Kind, Tensor};

use super::{DOUBLE, largest, seeded, sum};

const TYPES: &[(i64, &[i64])] = &[(2, &[1]), (10, &[1, 3]), (6, &[2, 3, 5]), (3, &[1, 2, 3])];

/// Flags around one, `spread` away.
fn around(flags: &Flag, seed: u64, count: i64, spread: f64) -> (Tensor, Tensor) {
    let mut rng = seeded(seed);
    let center = flags.random_point(&mut rng, &[], DOUBLE);
    let at = center.expand([&[count], &flags.point_shape()[..]].concat(), false);
    let v = flags.random_tangent(&mut rng, &at.contiguous()) * spread;
    (flags.retract(&at, &v), center)
}

fn weights(count: i64) -> Tensor {
    Tensor::arange(count, DOUBLE) * 0.1 + 0.3
}

/// Σ αⱼ ½ Σᵢ |XⱼᵢXⱼᵢᵀ − YᵢYᵢᵀ|²
fn direct_cost(flags: &Flag, points: &Tensor, weights: &Tensor, y: &Tensor) -> f64 {
    let difference = flags.block_projectors(points) - flags.block_projectors(y);
    let squares = difference
        .square()
        .sum_dim_intlist([-3, -2, -1].as_slice(), false, Kind::Double);
    sum(&(squares * weights)) * 0.5
}

/// Σα d_k − Σᵢ tr(Iᵢ Yᵀ Pᵢ Y), with the identity of each block, as the paper writes it.
fn reformulated_cost(flags: &Flag, points: &Tensor, weights: &Tensor, y: &Tensor) -> f64 {
    let scaled = flags.block_projectors(points) * weights.view([-1, 1, 1, 1]);
    let means = scaled.sum_dim_intlist(0, false, Kind::Double);
    let d = flags.frame_dim();
    let mut cost = sum(weights) * d as f64;
    for (block, (start, size)) in flags.blocks().enumerate() {
        let identity = Tensor::zeros([d, d], DOUBLE);
        identity
            .narrow(0, start, size)
            .narrow(1, start, size)
            .copy_(&Tensor::eye(size, DOUBLE));
        let product = y.tr().matmul(&means.get(block as i64)).matmul(y);
        cost -= sum(&(identity * product));
    }
    cost
}

#[test]
fn the_stiefel_form_is_the_sum_of_squared_distances() {
    for &(n, dims) in TYPES {
        let flags = Flag::new(n, dims).unwrap();
        let (points, _) = around(&flags, 1, 40, 0.5);
        let weights = weights(40);
        let y = flags.random_point(&mut seeded(2), &[], DOUBLE);
        let direct = direct_cost(&flags, &points, &weights, &y);
        let distances = flags.chordal_dist(&points, &y);
        for other in [
            reformulated_cost(&flags, &points, &weights, &y),
            sum(&(distances.square() * &weights)),
        ] {
            assert!((other / direct - 1.0).abs() < 1e-13, "{other} {direct}");
        }
    }
}

#[test]
fn no_flag_nearby_is_a_better_mean() {
    for &(n, dims) in TYPES {
        let flags = Flag::new(n, dims).unwrap();
        for spread in [1e-6, 1e-3, 0.3] {
            let (points, _) = around(&flags, 3, 30, spread);
            let weights = weights(30);
            let mean = flag_mean(&flags, &points, Some(&weights), &MeanConfig::default()).unwrap();
            let cost = |y: &Tensor| sum(&(flags.chordal_dist(&points, y).square() * &weights));
            assert!((cost(&mean.point) / mean.cost - 1.0).abs() < 1e-13);
            assert!(mean.gradient_norm <= 1e-10);
            let mut rng = seeded(4);
            for _ in 0..20 {
                let v = flags.random_tangent(&mut rng, &mean.point) * (0.01 * spread);
                let nearby = flags.retract(&mean.point, &v);
                assert!(cost(&nearby) > mean.cost, "{flags:?} {spread}");
            }
        }
    }
}

#[test]
fn near_the_mean_two_steps_are_enough() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    for seed in 0..10 {
        let (points, center) = around(&flags, 100 + seed, 100, 3e-4);
        let v = flags.random_tangent(&mut seeded(200 + seed), &center) * 3e-3;
        let start = Some(flags.retract(&center, &v));
        let config = MeanConfig {
            start,
            ..MeanConfig::default()
        };
        let mean = flag_mean(&flags, &points, None, &config).unwrap();
        assert!((1..=2).contains(&mean.iterations), "{}", mean.iterations);
    }
}

#[test]
fn a_mean_of_far_flags_beats_the_points_themselves() {
    let flags = Flag::new(6, &[2, 3, 5]).unwrap();
    let points = flags.random_point(&mut seeded(5), &[25], DOUBLE);
    let mean = flag_mean(&flags, &points, None, &MeanConfig::default()).unwrap();
    for j in 0..25 {
        assert!(sum(&flags.chordal_dist(&points, &points.get(j)).square()) > mean.cost);
    }
    let start = Some(points.get(7));
    let config = MeanConfig {
        start,
        ..MeanConfig::default()
    };
    let other = flag_mean(&flags, &points, None, &config).unwrap();
    assert!(other.cost >= mean.cost * (1.0 - 1e-12) && other.gradient_norm <= 1e-10);
}

#[test]
fn the_mean_of_one_block_is_spanned_by_leading_eigenvectors() {
    let subspaces = Grassmann::new(6, 2).unwrap();
    let points = subspaces.random_point(&mut seeded(6), &[15], DOUBLE);
    let mean = grassmann_mean(&subspaces, &points, None, &MeanConfig::default()).unwrap();
    // The oracle decomposes the same matrix with other code.
    let projector =
        points
            .matmul(&points.transpose(-2, -1))
            .sum_dim_intlist(0, false, Kind::Double);
    let entries = Vec::<f64>::try_from(projector.reshape([-1])).unwrap();
    let eigen = DMatrix::from_row_slice(6, 6, &entries).symmetric_eigen();
    let mut order: Vec<usize> = (0..6).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let column = |j: usize| Tensor::from_slice(eigen.eigenvectors.column(order[j]).as_slice());
    let leading = Tensor::stack(&[column(0), column(1)], 1);
    assert!(
        subspaces
            .chordal_dist(&leading, &mean.point)
            .double_value(&[])
            < 1e-10
    );
    let left: f64 = 30.0 - eigen.eigenvalues[order[0]] - eigen.eigenvalues[order[1]];
    assert!((mean.cost / left - 1.0).abs() < 1e-12);
}

#[test]
fn ten_thousand_equal_flags_have_themselves_as_mean() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let p = flags.random_point(&mut seeded(7), &[], (Kind::Float, DOUBLE.1));
    let points = p.expand([10_000, 10, 3], false);
    let mean = flag_mean(&flags, &points, None, &MeanConfig::default()).unwrap();
    assert_eq!(mean.point.kind(), Kind::Float);
    assert!(flags.chordal_dist(&p, &mean.point).double_value(&[]) < 1e-6);
}

#[test]
fn blocks_with_the_same_leading_direction_have_a_mean() {
    // Of each pair, one line is the other's second.
    let flags = Flag::new(3, &[1, 2]).unwrap();
    let [x, y] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].map(|e: [f64; 3]| Tensor::from_slice(&e));
    let points = Tensor::stack(
        &[Tensor::stack(&[&x, &y], 1), Tensor::stack(&[&y, &x], 1)],
        0,
    );
    let mean = flag_mean(&flags, &points, None, &MeanConfig::default()).unwrap();
    assert!((mean.cost - 2.0).abs() < 1e-12, "{}", mean.cost);
}

#[test]
fn the_median_is_where_unit_pulls_balance() {
    for &(n, dims) in TYPES {
        let flags = Flag::new(n, dims).unwrap();
        let (points, _) = around(&flags, 8, 30, 0.3);
        let weights = weights(30);
        let config = MedianConfig::default();
        let median = flag_median(&flags, &points, Some(&weights), &config).unwrap();
        let cost = |y: &Tensor| sum(&(flags.chordal_dist(&points, y) * &weights));
        assert!((cost(&median.point) / median.cost - 1.0).abs() < 1e-13);
        let leaf = median.point.copy().set_requires_grad(true);
        (flags.chordal_dist(&points, &leaf) * &weights)
            .sum(Kind::Double)
            .backward();
        let gradient = flags.rgrad(&median.point, &leaf.grad());
        let length = flags.norm(&median.point, &gradient).double_value(&[]);
        assert!(
            median.near == 1 || length < 1e-6 * sum(&weights),
            "{flags:?} {length}"
        );
        let mut rng = seeded(9);
        for _ in 0..20 {
            let v = flags.random_tangent(&mut rng, &median.point) * 0.01;
            assert!(cost(&flags.retract(&median.point, &v)) > median.cost);
        }
    }
}

#[test]
fn the_median_of_lines_in_the_plane_is_the_middle_one() {
    // On a circle of lines chords are concave in the angle, so a data point is the minimum.
    let lines = Flag::new(2, &[1]).unwrap();
    let angles = [0.1, 0.3, 0.35, 0.6, 0.65_f64];
    let rows: Vec<[f64; 2]> = angles.iter().map(|a| [a.cos(), a.sin()]).collect();
    let points = Tensor::from_slice2(&rows).unsqueeze(-1);
    let median = flag_median(&lines, &points, None, &MedianConfig::default()).unwrap();
    let cost = |angle: f64| angles.iter().map(|a| (a - angle).sin().abs()).sum::<f64>();
    let best = angles.map(cost).into_iter().fold(f64::INFINITY, f64::min);
    assert!((median.cost - best).abs() < 2e-8, "{} {best}", median.cost);
    assert_eq!(median.near, 1);
}

#[test]
fn a_point_that_outweighs_the_others_is_the_median() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let points = flags.random_point(&mut seeded(10), &[6], DOUBLE);
    let heavy = Tensor::from_slice(&[1.0, 1.0, 9.0, 1.0, 1.0, 1.0]);
    let median = flag_median(&flags, &points, Some(&heavy), &MedianConfig::default()).unwrap();
    assert!(
        flags
            .chordal_dist(&points.get(2), &median.point)
            .double_value(&[])
            < 1e-8
    );
    assert_eq!(median.near, 1);
    // It also may start there.
    let mut config = MedianConfig::default();
    config.mean.start = Some(points.get(2));
    let again = flag_median(&flags, &points, Some(&heavy), &config).unwrap();
    assert!((again.cost - median.cost).abs() < 1e-7);
}

#[test]
fn outliers_move_the_mean_more_than_the_median() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let (near, center) = around(&flags, 11, 40, 0.01);
    let far = flags.random_point(&mut seeded(12), &[8], DOUBLE);
    let points = Tensor::cat(&[near, far], 0);
    let mean = flag_mean(&flags, &points, None, &MeanConfig::default()).unwrap();
    let median = flag_median(&flags, &points, None, &MedianConfig::default()).unwrap();
    let off = |y: &Tensor| flags.chordal_dist(&center, y).double_value(&[]);
    assert!(off(&median.point) < 0.2 * off(&mean.point));
}

#[test]
fn a_median_that_has_no_time_says_so() {
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let points = flags.random_point(&mut seeded(13), &[20], DOUBLE);
    let config = MedianConfig {
        max_iterations: 2,
        ..MedianConfig::default()
    };
    let error = flag_median(&flags, &points, None, &config).unwrap_err();
    assert!(
        matches!(error, Error::NoConvergence { iterations: 2, .. }),
        "{error}"
    );
    let config = MeanConfig {
        max_iterations: 0,
        ..MeanConfig::default()
    };
    let error = flag_mean(&flags, &points, None, &config).unwrap_err();
    assert!(
        matches!(error, Error::NoConvergence { iterations: 0, .. }),
        "{error}"
    );
}

#[test]
fn one_block_of_the_median_is_the_grassmann_median() {
    let (subspaces, flags) = (Grassmann::new(7, 3).unwrap(), Flag::new(7, &[3]).unwrap());
    let points = subspaces.random_point(&mut seeded(14), &[9], DOUBLE);
    let config = MedianConfig::default();
    let one = grassmann_median(&subspaces, &points, None, &config).unwrap();
    let other = flag_median(&flags, &points, None, &config).unwrap();
    assert_eq!(one.cost, other.cost);
    let weight = |p: &Tensor| sum(&subspaces.chordal_dist(&points, p));
    assert!((weight(&one.point) / one.cost - 1.0).abs() < 1e-12);
}

fn about_axis(axis: [f64; 3], angle: f64) -> Tensor {
    let [x, y, z] = axis;
    let skew = Tensor::from_slice2(&[[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]);
    (skew * angle).matrix_exp()
}

#[test]
fn rotations_about_one_axis_average_to_the_middle() {
    let axis = [0.6, 0.0, 0.8];
    let base = about_axis([0.0, 1.0, 0.0], 0.7);
    // The columns are those of base turned about the axis: symmetric about no turn.
    let turned: Vec<Tensor> = [-0.4, -0.1, 0.1, 0.4]
        .map(|angle| about_axis(axis, angle).matmul(&base))
        .into();
    let rotations = Tensor::stack(&turned, 0);
    let mean = rotation_mean(&rotations, None, &MeanConfig::default()).unwrap();
    assert!((mean.point.det() - 1.0).abs().double_value(&[]) < 1e-12);
    let median = rotation_median(&rotations, None, &MedianConfig::default()).unwrap();
    assert!((median.point.det() - 1.0).abs().double_value(&[]) < 1e-12);
    // Equivariant: turning all rotations turns the mean.
    let by = about_axis([1.0, 0.0, 0.0], 1.3);
    let elsewhere = rotation_mean(&by.matmul(&rotations), None, &MeanConfig::default()).unwrap();
    assert!(largest(&(by.matmul(&mean.point) - elsewhere.point)) < 1e-9);
}

#[test]
fn turns_about_a_column_average_by_their_angles() {
    // In the plane of the first two columns, the mean of ±a is no turn.
    let rotations: Vec<Tensor> = [0.2, 0.9, 0.55, 1.0, 0.1]
        .map(|angle| about_axis([0.0, 0.0, 1.0], angle))
        .into();
    let mean = rotation_mean(&Tensor::stack(&rotations, 0), None, &MeanConfig::default()).unwrap();
    // Lines in the plane: the mean doubles angles and averages on the circle.
    let angles = [0.2, 0.9, 0.55, 1.0, 0.1_f64];
    let (sin, cos): (f64, f64) = (
        angles.iter().map(|a| (2.0 * a).sin()).sum(),
        angles.iter().map(|a| (2.0 * a).cos()).sum(),
    );
    let want = about_axis([0.0, 0.0, 1.0], 0.5 * sin.atan2(cos));
    assert!(largest(&(mean.point - want)) < 1e-10);
}

#[test]
fn bad_rotations_are_refused() {
    let good = Tensor::eye(3, DOUBLE);
    let mirrored = Tensor::from_slice(&[1.0, 1.0, -1.0]).diag(0);
    let with = |bad: &Tensor| Tensor::stack(&[&good, bad], 0);
    let run = |points: &Tensor| {
        rotation_mean(points, None, &MeanConfig::default())
            .unwrap_err()
            .to_string()
    };
    for bad in [mirrored, &good * 2.0, &good * f64::NAN] {
        assert!(run(&with(&bad)).contains("row 1"), "{}", run(&with(&bad)));
    }
    assert!(run(&good).contains("[count, n, n]"));
    // Half a turn about the first axis undoes the second column.
    let half = Tensor::from_slice(&[1.0, -1.0, -1.0]).diag(0);
    assert!(
        run(&with(&half)).contains("agree on a direction"),
        "{}",
        run(&with(&half))
    );
}

#[test]
fn bad_points_and_weights_are_refused() {
    let flags = Flag::new(5, &[1, 2]).unwrap();
    let points = flags.random_point(&mut seeded(15), &[4], DOUBLE);
    let run = |points: &Tensor, weights: Option<&Tensor>| {
        let mean = flag_mean(&flags, points, weights, &MeanConfig::default());
        let median = flag_median(&flags, points, weights, &MedianConfig::default());
        let (mean, median) = (
            mean.unwrap_err().to_string(),
            median.unwrap_err().to_string(),
        );
        assert_eq!(mean.replace("flag_mean", "flag_median"), median);
        mean
    };
    assert!(run(&points.narrow(0, 0, 0), None).contains("at least one point"));
    assert!(run(&points.get(0), None).contains("expected points"));
    assert!(run(&points.narrow(1, 0, 4), None).contains("expected points"));
    let broken = points.copy();
    let _ = broken.get(2).fill_(f64::NAN);
    assert!(run(&broken, None).contains("row 2"));
    let long = points.copy();
    let mut row = long.get(3);
    row *= 1.1;
    assert!(run(&long, None).contains("row 3"), "{}", run(&long, None));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let weights = Tensor::from_slice(&[1.0, 2.0, bad, 1.0]);
        assert!(run(&points, Some(&weights)).contains("weight 2"));
    }
    let few = Tensor::from_slice(&[1.0, 2.0]);
    assert!(run(&points, Some(&few)).contains("one weight for each of 4 points"));
    let config = MedianConfig {
        floor: 0.0,
        ..MedianConfig::default()
    };
    assert!(flag_median(&flags, &points, None, &config).is_err());
    let config = MeanConfig {
        start: Some(points.shallow_clone()),
        ..MeanConfig::default()
    };
    assert!(flag_mean(&flags, &points, None, &config).is_err());
}

#[test]
fn means_of_normal_noise_scatter_as_it_does() {
    // Cost Σ d² of N points with noise σ in every entry: (N − 1) σ² (dim + pairs within the frame).
    let flags = Flag::new(10, &[1, 3]).unwrap();
    let center = flags.random_point(&mut seeded(16), &[], DOUBLE);
    let noise = random_normal(&mut seeded(17), &[2000, 10, 3], Kind::Double, DOUBLE.1) * 1e-3;
    let points = flags.retract_qr(&center.expand([2000, 10, 3], false).contiguous(), &noise);
    let mean = flag_mean(&flags, &points, None, &MeanConfig::default()).unwrap();
    let want = 1999.0 * 1e-6 * 25.0;
    assert!(
        (mean.cost / want - 1.0).abs() < 0.02,
        "{} {want}",
        mean.cost
    );
}
