//! Means, medians and what is built on them. References are by mpmath at 40 digits or more.

use holonomy::learn::{HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::magnitude::{WeightingConfig, weighting_of_points};
use holonomy::optim::ManifoldParameter;
use holonomy::stats::{
    CenterConfig, Ending, KMeansConfig, MeanConfig, MedianConfig, accumulated_unexplained_variance,
    flag_mean, flag_median, frechet_mean, geodesic_regression, geometric_median, grassmann_mean,
    k_means, principal_geodesics, rotation_mean, tangent_pca, variance_about,
};
use holonomy::{
    Error, Euclidean, EuclideanParametrised, Flag, Geodesic, Grassmann, Lorentz, Manifold,
    PoincareBall, Space, SpdAffineInvariant, SpecialOrthogonal, Sphere,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn config() -> CenterConfig {
    CenterConfig::default()
}

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}

fn cloud(m: &dyn Space, seed: u64, count: i64, spread: f64) -> Tensor {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let center = m.random_point(&mut rng, &[1], DOUBLE);
    let base = center.repeat_interleave_self_int(count, 0, None);
    m.exp(&base, &(m.random_tangent(&mut rng, &base) * spread))
}

/// A step counted as progress when the gradient became shorter while the objective rose, and so steps
/// went back and forth for ever.
#[test]
fn the_mean_of_three_points_far_apart_on_the_disk_is_found() {
    let disk = PoincareBall::new(2, -1.0).unwrap();
    let points = Tensor::from_slice2(&[[0.9640, 0.0], [-0.9640, 0.0], [0.0, 0.9640]]);
    let mean = frechet_mean(&disk, &points, None, &config()).unwrap();
    let exact = Tensor::from_slice(&[0.0, 0.226_573_919_871_755_42]);
    assert!(largest(&(&mean.point - exact)) < 1e-10, "{}", mean.point);
    assert!((mean.objective - 15.390_487_545_161_883).abs() < 1e-13);
    assert!(mean.is_unique && mean.ending == Ending::Tolerance);
    assert!(mean.iterations < 20, "{}", mean.iterations);
    let median = geometric_median(&disk, &points, None, &config()).unwrap();
    let exact = Tensor::from_slice(&[0.0, 0.267_793_292_750_353_6]);
    assert!(largest(&(&median.point - exact)) < 1e-10);
    assert!((median.objective - 3.912_067_507_816_007).abs() < 1e-14);
}

#[test]
fn means_and_medians_with_weights_are_those_of_mpmath() {
    let disk = PoincareBall::new(2, -1.0).unwrap();
    let points = [[0.9, 0.1], [-0.3, 0.85], [0.2, -0.6], [-0.7, -0.2]];
    let weights = Tensor::from_slice(&[1.0, 2.0, 0.5, 3.0]);
    let points = Tensor::from_slice2(&points);
    let mean = frechet_mean(&disk, &points, Some(&weights), &config()).unwrap();
    let exact = Tensor::from_slice(&[-0.182_394_939_528_391_06, 0.164_961_116_705_826_7]);
    assert!(largest(&(&mean.point - exact)) < 1e-10);
    assert!((mean.objective - 5.403_392_380_505_673).abs() < 1e-14);
    let median = geometric_median(&disk, &points, Some(&weights), &config()).unwrap();
    let exact = Tensor::from_slice(&[-0.450_894_020_090_867_44, -0.064_958_499_974_213_31]);
    let error = largest(&(&median.point - exact));
    assert!(error < 1e-9, "{error:e}");
    assert!((median.objective - 2.178_172_482_345_733).abs() < 1e-14);

    let sphere = Sphere::new(2, 1.0).unwrap();
    let z = [
        [1.0, 2.0, 2.0],
        [2.0, -1.0, 2.0],
        [0.0, 3.0, 4.0],
        [-1.0, 0.0, 1.0],
    ];
    let points = sphere.project(&Tensor::from_slice2(&z));
    let weights = Tensor::from_slice(&[1.0, 2.0, 0.5, 1.0]);
    let mean = frechet_mean(&sphere, &points, Some(&weights), &config()).unwrap();
    let exact = [
        0.262_458_321_421_936_76,
        0.089_060_771_577_146_26,
        0.960_824_546_149_016,
    ];
    assert!(largest(&(&mean.point - Tensor::from_slice(&exact))) < 1e-10);
    let median = geometric_median(&sphere, &points, Some(&weights), &config()).unwrap();
    let exact = [
        0.544_730_384_712_648_3,
        -0.142_872_257_604_410_64,
        0.826_351_212_244_224,
    ];
    assert!(largest(&(&median.point - Tensor::from_slice(&exact))) < 1e-10);
}

/// The default tolerance was one that f32 cannot reach, and nothing of f32 converged, on flat space neither.
#[test]
fn default_settings_are_for_both_kinds() {
    let spaces: Vec<Box<dyn Space>> = vec![
        Box::new(Euclidean::new(3).unwrap()),
        Box::new(Sphere::new(2, 1.0).unwrap()),
        Box::new(PoincareBall::new(3, -1.0).unwrap()),
        Box::new(Lorentz::new(3, -1.0).unwrap()),
        Box::new(Grassmann::new(5, 2).unwrap()),
        Box::new(SpecialOrthogonal::new(3).unwrap()),
        Box::new(SpdAffineInvariant::new(3).unwrap()),
    ];
    for (seed, m) in (0..).zip(&spaces) {
        let m = &**m;
        let single = m.project(&cloud(m, seed, 20, 0.1).to_kind(Kind::Float));
        let double = m.project(&single.to_kind(Kind::Double));
        let near = |a: &Tensor, b: &Tensor| {
            assert_eq!(a.kind(), Kind::Float, "{m:?}");
            let error = largest(&(a.to_kind(Kind::Double) - b)) / largest(b).max(1.0);
            assert!(error < 1.2e-7, "{m:?}: {error:e}");
            m.check_point(a).unwrap();
        };
        let find = |points: &Tensor| frechet_mean(m, points, None, &config()).unwrap();
        let (mean, exact) = (find(&single), find(&double));
        near(&mean.point, &exact.point);
        assert_eq!(mean.objective, exact.objective, "{m:?}");
        let find = |points: &Tensor| geometric_median(m, points, None, &config()).unwrap();
        near(&find(&single).point, &find(&double).point);
        let variance = variance_about(m, &mean.point, &single, None).unwrap();
        assert!((variance / mean.objective - 1.0).abs() < 1e-9, "{m:?}");

        let clusters = k_means(m, &single, &KMeansConfig::new(3)).unwrap();
        near(
            &clusters.centers,
            &k_means(m, &double, &KMeansConfig::new(3)).unwrap().centers,
        );
        let pca = tangent_pca(m, &single, 2, &config()).unwrap();
        let exact = tangent_pca(m, &double, 2, &config()).unwrap();
        assert!(
            largest(&(&pca.variances / &exact.variances - 1.0)) < 1e-9,
            "{m:?}"
        );
        assert_eq!(pca.directions.kind(), Kind::Float);
        let pga = principal_geodesics(m, &single, 2, &config()).unwrap();
        let exact = principal_geodesics(m, &double, 2, &config()).unwrap();
        assert!(
            largest(&(&pga.residuals / &exact.residuals - 1.0)) < 1e-9,
            "{m:?}"
        );
        let x = Tensor::linspace(-1.0, 1.0, 20, DOUBLE);
        let line = geodesic_regression(m, &x, &single, &config()).unwrap();
        let exact = geodesic_regression(m, &x, &double, &config()).unwrap();
        near(&line.intercept, &exact.intercept);
        assert!((line.residual / exact.residual - 1.0).abs() < 1e-9, "{m:?}");
    }
}

/// Far out neighbouring numbers are farther apart than the tolerance; the search went on until it failed.
#[test]
fn clusters_far_out_have_means_and_medians_to_what_coordinates_resolve() {
    let disk = PoincareBall::new(2, -1.0).unwrap();
    let points = Tensor::from_slice2(&[
        [0.764_842_120_720_143_3, 0.644_217_646_876_250_6],
        [0.764_842_120_075_459_8, 0.644_217_659_367_043_4],
        [0.764_842_118_930_035_6, 0.644_217_657_095_056_2],
        [0.764_842_104_375_698_4, 0.644_217_615_171_648_5],
        [0.764_842_133_980_309_9, 0.644_217_652_016_633_6],
    ]);
    // What one rounding of both coordinates moves a point by, 17 from the origin.
    let resolution = 5e-9;
    let exact = [0.764_842_119_777_787_4, 0.644_217_647_551_109_3];
    let mean = frechet_mean(&disk, &points, None, &config()).unwrap();
    let error = disk.dist(&mean.point, &Tensor::from_slice(&exact));
    assert!(error.double_value(&[]) < resolution, "{error}");
    assert!((mean.objective - 0.047_528_546_128_832_39).abs() < 1e-14);
    assert_eq!(mean.ending, Ending::Resolution);
    let exact = [0.764_842_120_704_893_9, 0.644_217_651_927_579_8];
    let median = geometric_median(&disk, &points, None, &config()).unwrap();
    let error = disk.dist(&median.point, &Tensor::from_slice(&exact));
    assert!(error.double_value(&[]) < resolution, "{error}");

    // At a radius of 20 coordinates resolve 1e-7. Exact centres of these very coordinates, by Newton's method in 60 digits.
    let sheet = Lorentz::new(2, -1.0).unwrap();
    let lift = |space: &[f64]| {
        let space = Tensor::from_slice(space).view([-1, 2]);
        sheet.project(&Tensor::cat(
            &[space.narrow(1, 0, 1).zeros_like(), space],
            1,
        ))
    };
    let points = lift(&[
        235_991_738.902_859_42,
        198_773_099.177_217_1,
        182_125_850.268_891_96,
        153_402_487.268_294_45,
        190_473_488.955_683_95,
        160_433_606.593_183_52,
        138_535_279.420_928_45,
        116_686_655.974_530_01,
        162_543_542.975_345,
        136_908_537.857_553_57,
    ]);
    let exact = lift(&[176_560_558.788_766_6, 148_714_907.038_951]);
    let mean = frechet_mean(&sheet, &points, None, &config()).unwrap();
    let error = sheet
        .dist(&mean.point, &exact.squeeze_dim(0))
        .double_value(&[]);
    assert!(error < 1e-6, "{error:e}");
    let exact = lift(&[178_972_187.453_734_7, 150_746_193.817_763_7]);
    let median = geometric_median(&sheet, &points, None, &config()).unwrap();
    let error = sheet
        .dist(&median.point, &exact.squeeze_dim(0))
        .double_value(&[]);
    assert!(error < 1e-6, "{error:e}");
}

/// Far out on the diagonal of normal coordinates, a rounding of both coordinates alike leads along the ray and
/// changes next to nothing; one the other way leads across, and a search ends by what that changes.
#[test]
fn clusters_on_a_diagonal_far_out_have_a_mean() {
    let plane = EuclideanParametrised::new(2, -1.0).unwrap();
    for radius in [15.0, 20.0, 21.6, 25.0, 30.0] {
        let middle = Tensor::from_slice(&[1.0, 1.0]) * (radius / 2_f64.sqrt());
        let ways = Tensor::from_slice(&[
            0.1, 0.05, -0.07, 0.12, 0.02, -0.15, -0.11, -0.03, 0.08, 0.01, -0.02, 0.06,
        ])
        .view([6, 2]);
        // Orthonormal at the middle: along the ray, and across it.
        let across = radius / f64::sinh(radius);
        let along = (ways.narrow(1, 0, 1) + ways.narrow(1, 1, 1) * across) / 2_f64.sqrt();
        let aside = (ways.narrow(1, 0, 1) - ways.narrow(1, 1, 1) * across) / 2_f64.sqrt();
        let points = plane.exp(&middle, &Tensor::cat(&[along, aside], 1));
        let mean = frechet_mean(&plane, &points, None, &config()).unwrap();
        assert!(
            mean.gradient_norm < 1e-15 * f64::exp(radius),
            "{radius}: {mean:?}"
        );
    }
}

/// What has no weight decides nothing, its logarithm need not exist.
#[test]
fn points_without_weight_do_not_enter() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let points = Tensor::from_slice2(&[[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]);
    let weights = Tensor::from_slice(&[1.0, 0.0, 1.0]);
    let middle = Tensor::from_slice(&[0.5_f64.sqrt(), 0.0, 0.5_f64.sqrt()]);
    let mean = frechet_mean(&sphere, &points, Some(&weights), &config()).unwrap();
    assert!(largest(&(&mean.point - &middle)) < 1e-15);
    assert!(mean.is_unique && (mean.radius - std::f64::consts::FRAC_PI_4).abs() < 1e-15);
    let variance = variance_about(&sphere, &points.get(0), &points, Some(&weights)).unwrap();
    assert!((variance - std::f64::consts::FRAC_PI_2.powi(2) / 2.0).abs() < 1e-15);
    let median = geometric_median(&sphere, &points, Some(&weights), &config()).unwrap();
    assert!((median.objective - std::f64::consts::FRAC_PI_4).abs() < 1e-15);

    // Flags and rotations refused them.
    let lines = Flag::new(2, &[1]).unwrap();
    let points = Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0, 0.6, 0.8]).view([3, 2, 1]);
    let mean = flag_mean(&lines, &points, Some(&weights), &MeanConfig::default()).unwrap();
    let slope = mean.point.double_value(&[1, 0]) / mean.point.double_value(&[0, 0]);
    assert!((slope - 0.5).abs() < 1e-12);
    let heavy = Tensor::from_slice(&[2.0, 0.0, 1.0]);
    let median = flag_median(&lines, &points, Some(&heavy), &MedianConfig::default()).unwrap();
    assert!(median.point.double_value(&[1, 0]).abs() < 1e-7);
    let flip = Tensor::from_slice2(&[[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]);
    let turns = Tensor::stack(&[Tensor::eye(3, DOUBLE), flip], 0);
    let first = Tensor::from_slice(&[1.0, 0.0]);
    let mean = rotation_mean(&turns, Some(&first), &MeanConfig::default()).unwrap();
    assert!(largest(&(mean.point - Tensor::eye(3, DOUBLE))) < 1e-12);
}

/// A start from whose place a logarithm does not exist, and a start at a right angle to the rest.
#[test]
fn searches_start_where_logarithms_exist() {
    let lines = Grassmann::new(3, 1).unwrap();
    let e1 = Tensor::from_slice(&[1.0, 0.0, 0.0]).view([1, 3, 1]);
    let tilts = Tensor::linspace(-0.1, 0.1, 8, DOUBLE);
    let eight = Tensor::stack(&[tilts.cos(), tilts.sin(), tilts.zeros_like()], 1).unsqueeze(-1);
    let e3 = Tensor::from_slice(&[0.0, 0.0, 1.0]).view([1, 3, 1]);
    let points = Tensor::cat(&[&e3, &eight], 0);
    let mean = frechet_mean(&lines, &points, None, &config()).unwrap();
    // Across the other lines' fan: 8 θ = π/2 − θ.
    let off = lines
        .dist(&mean.point, &e1.squeeze_dim(0))
        .double_value(&[]);
    assert!((off - std::f64::consts::PI / 18.0).abs() < 1e-3, "{off}");
    assert!(grassmann_mean(&lines, &points, None, &MeanConfig::default()).is_ok());

    let sphere = Sphere::new(2, 1.0).unwrap();
    let poles = Tensor::from_slice2(&[[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]);
    let mean = frechet_mean(&sphere, &poles, None, &config()).unwrap();
    assert!(mean.point.double_value(&[2]).abs() < 1e-9 && !mean.is_unique);
    let turns = SpecialOrthogonal::new(3).unwrap();
    let flip = Tensor::from_slice2(&[[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]);
    let pair = Tensor::stack(&[Tensor::eye(3, DOUBLE), flip], 0);
    let mean = frechet_mean(&turns, &pair, None, &config()).unwrap();
    let quarter = std::f64::consts::FRAC_PI_2;
    assert!(
        (mean.objective - quarter * quarter).abs() < 1e-12,
        "{mean:?}"
    );
    assert!(!mean.is_unique);
}

/// By symmetry the gradient vanishes at a point of the data, though the value falls on both sides of the equator.
#[test]
fn a_saddle_is_no_mean() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let third = std::f64::consts::TAU / 3.0;
    let angles = Tensor::from_slice(&[0.0, third, 2.0 * third]);
    let points = Tensor::stack(&[angles.cos(), angles.sin(), angles.zeros_like()], 1);
    let mean = frechet_mean(&sphere, &points, None, &config()).unwrap();
    assert!(
        (mean.point.double_value(&[2]).abs() - 1.0).abs() < 1e-12,
        "{}",
        mean.point
    );
    assert!(!mean.is_unique);
    assert!((mean.objective - std::f64::consts::FRAC_PI_2.powi(2)).abs() < 1e-12);
}

/// Regression and principal geodesics had searches of their own with the same fault, or with no control of
/// steps.
#[test]
fn fits_to_points_far_apart_are_found() {
    let disk = PoincareBall::new(2, -1.0).unwrap();
    let points = Tensor::from_slice2(&[
        [0.9640, 0.0],
        [-0.9640, 0.0],
        [0.0, 0.9640],
        [0.3, -0.9],
        [0.2, 0.2],
    ]);
    let x = Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0, 4.0]);
    let line = geodesic_regression(&disk, &x, &points, &config()).unwrap();
    assert!(line.residual > 0.0 && line.r_squared > 0.0, "{line:?}");
    let found = principal_geodesics(&disk, &points, 2, &config()).unwrap();
    let mean = &found.mean;
    assert!(found.residuals.double_value(&[0]) < mean.objective);
    // Both directions together reach every point.
    assert!(found.residuals.double_value(&[1]) < 1e-12 * mean.objective);
    let groups = k_means(&disk, &points, &KMeansConfig::new(2)).unwrap();
    assert!(groups.converged > 0);
}

/// Batch dimensions of a center broadcast against the points, and gave the mean of no one's distances.
#[test]
fn a_center_is_one_point() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let points = Tensor::eye(3, DOUBLE);
    let about = |center: &Tensor| variance_about(&sphere, center, &points, None);
    let one = about(&points.get(0)).unwrap();
    assert!((one - std::f64::consts::FRAC_PI_2.powi(2) * 2.0 / 3.0).abs() < 1e-15);
    for batch in [points.shallow_clone(), points.narrow(0, 0, 1)] {
        let error = about(&batch).unwrap_err();
        let Error::InvalidArgument { op, expected, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(
            (op, &*expected),
            ("variance_about", "a center of shape [3]")
        );
    }
}

/// The name was that of a check within.
#[test]
fn points_that_are_none_are_told_by_what_was_called() {
    #[track_caller]
    fn told<T>(result: holonomy::Result<T>, caller: &str) {
        match result.err() {
            Some(Error::NotOnManifold { op, row: 0, .. }) => assert_eq!(op, caller),
            other => panic!("{other:?}"),
        }
    }
    let sphere = Sphere::new(2, 1.0).unwrap();
    let points = Tensor::eye(3, DOUBLE);
    let off = &points * 2.0;
    told(
        variance_about(&sphere, &off.get(0), &points, None),
        "variance_about",
    );
    let flags = Flag::new(3, &[1, 2]).unwrap();
    let frame = off.narrow(1, 0, 2);
    told(
        accumulated_unexplained_variance(&flags, &frame, &points),
        "accumulated_unexplained_variance",
    );
    let start = MeanConfig {
        start: Some(frame),
        ..MeanConfig::default()
    };
    let frames = points.narrow(1, 0, 2).unsqueeze(0);
    told(flag_mean(&flags, &frames, None, &start), "flag_mean");
    told(
        ManifoldParameter::new(Box::new(sphere.clone()), &off),
        "ManifoldParameter::new",
    );
    told(
        weighting_of_points(&sphere, &off, 1.0, &WeightingConfig::default()),
        "weighting_of_points",
    );
    let ball = SvmForm::Ball(PoincareBall::new(3, -1.0).unwrap());
    let labels = Tensor::from_slice(&[0_i64, 1, 1]);
    let fit = HyperbolicSvm::fit(ball, &off, &labels, &SvmConfig::default());
    told(fit, "HyperbolicSvm::fit");
}

/// The residual was 1 and the tolerance 0, whatever was found, and a single round was never enough.
#[test]
fn clusters_that_do_not_come_to_rest_are_told_with_what_changed() {
    let m = Euclidean::new(2).unwrap();
    let points = cloud(&m, 3, 200, 1.0);
    let config = |clusters, max_iterations| KMeansConfig {
        max_iterations,
        ..KMeansConfig::new(clusters)
    };
    let left = |max_iterations| {
        let error = k_means(&m, &points, &config(6, max_iterations)).unwrap_err();
        let Error::NoConvergence {
            iterations,
            residual,
            tolerance,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((iterations, tolerance), (max_iterations, 0.0));
        residual
    };
    let (first, third) = (left(1), left(3));
    assert!(
        first == first.round() && third >= 1.0 && first > third,
        "{first}, {third}"
    );
    let one = k_means(&m, &points, &config(1, 1)).unwrap();
    assert_eq!((one.iterations, one.converged), (1, 8));
    let error = k_means(&m, &points, &config(6, 0)).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
}

/// Of one iteration no move was measured, and of none the residual was infinite.
#[test]
fn a_median_may_take_one_move() {
    let flags = Flag::new(4, &[1, 2]).unwrap();
    let config = |max_iterations| MedianConfig {
        max_iterations,
        ..MedianConfig::default()
    };
    let frame = Tensor::eye(4, DOUBLE).narrow(1, 0, 2).unsqueeze(0);
    let equal = frame.repeat([3, 1, 1]);
    let found = flag_median(&flags, &equal, None, &config(1)).unwrap();
    assert!(found.iterations == 1 && found.last_move <= 1e-10 && found.near == 3);
    let error = flag_median(&flags, &equal, None, &config(0)).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let apart = holonomy::Sample::random_point(&flags, &mut rng, &[9], DOUBLE);
    let error = flag_median(&flags, &apart, None, &config(1)).unwrap_err();
    let Error::NoConvergence {
        iterations: 1,
        residual,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(residual.is_finite() && residual > 1e-10, "{residual:e}");
}
