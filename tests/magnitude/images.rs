//! Weights of pixels against products of lines, and patches against the whole.

use holonomy::magnitude::{ImageMagnitude, ImageMagnitudeConfig, Patches, PixelMetric};
use holonomy::random::random_normal;
use tch::{Device, Kind, Tensor};

use super::{F64, apart, assert_close, seeded, weigh};

fn whole(metric: PixelMetric, scale: f64, intensity: f64) -> ImageMagnitudeConfig {
    ImageMagnitudeConfig {
        metric,
        intensity,
        scale,
        patches: None,
        ..ImageMagnitudeConfig::default()
    }
}

fn in_patches(config: &ImageMagnitudeConfig, size: usize, halo: usize) -> ImageMagnitudeConfig {
    ImageMagnitudeConfig {
        patches: Some(Patches { size, halo }),
        ..config.clone()
    }
}

fn weights(image: &Tensor, config: &ImageMagnitudeConfig) -> Tensor {
    ImageMagnitude::new(image, config).unwrap().weights
}

fn noise(seed: u64, size: &[i64]) -> Tensor {
    random_normal(&mut seeded(seed), size, Kind::Double, Device::Cpu)
}

/// The weights of points on a line with these gaps: Σ tanh(t gap/2)/2 over both sides, 1/2 where there is none.
fn on_a_line(gaps: &[f64], t: f64) -> Tensor {
    let half = |gap: Option<&f64>| gap.map_or(0.5, |gap| (t * gap / 2.0).tanh() / 2.0);
    let before = |i: usize| i.checked_sub(1).and_then(|i| gaps.get(i));
    let all: Vec<f64> = (0..=gaps.len())
        .map(|i| half(before(i)) + half(gaps.get(i)))
        .collect();
    Tensor::from_slice(&all)
}

/// The gaps of pixels whose intensities rise like this.
fn rising(intensities: &[f64], weight: f64) -> Vec<f64> {
    let steps = intensities.windows(2);
    steps
        .map(|step| 1.0 + weight * (step[1] - step[0]))
        .collect()
}

/// The outer product: column times row.
fn product(column: &Tensor, row: &Tensor) -> Tensor {
    column.unsqueeze(1) * row
}

/// A bright square on a darker, noisy ground.
fn square(size: i64) -> Tensor {
    let image = noise(1, &[size, size]) * 0.02;
    let (start, length) = (size / 4, size / 2);
    let mut inner = image.narrow(0, start, length).narrow(1, start, length);
    inner += 0.8;
    image
}

#[test]
fn a_blank_image_is_a_product_of_two_paths() {
    for (height, width) in [(1, 1), (1, 7), (6, 1), (5, 9)] {
        let (down, across) = (vec![1.0; height - 1], vec![1.0; width - 1]);
        let image = Tensor::full([height as i64, width as i64], 0.3, F64);
        for t in [0.1, 1.0, 5.0] {
            let exact = product(&on_a_line(&down, t), &on_a_line(&across, t));
            let path = |gaps: &[f64]| 1.0 + gaps.len() as f64 * (t / 2.0_f64).tanh();
            for config in [
                whole(PixelMetric::L1, t, 1.0),
                in_patches(&whole(PixelMetric::L1, t, 1.0), 3, 1),
            ] {
                let found = ImageMagnitude::new(&image, &config).unwrap();
                let error = apart(&found.weights, &exact);
                assert!(error < 1e-14, "{height} × {width} at {t}: {error:e}");
                assert_close(found.magnitude, path(&down) * path(&across), 1e-14);
            }
        }
    }
}

#[test]
fn intensities_that_rise_along_the_rows_stretch_one_path() {
    let intensities = [0.0, 0.0, 0.0, 0.25, 0.25, 1.0, 1.0, 1.5, 1.5];
    for kind in [Kind::Float, Kind::Double] {
        let image = (Tensor::from_slice(&intensities).to_kind(kind)).expand([6, 9], false);
        for (t, intensity) in [(0.7, 2.0), (2.0, 0.5), (1.0, 40.0)] {
            let gaps = rising(&intensities, intensity);
            let exact = product(&on_a_line(&[1.0; 5], t), &on_a_line(&gaps, t));
            let config = whole(PixelMetric::L1, t, intensity);
            for config in [&config, &in_patches(&config, 4, 1)] {
                let error = apart(&weights(&image, config), &exact);
                assert!(error < 1e-14, "t = {t}: {error:e}");
            }
        }
    }
}

#[test]
fn channels_that_rise_along_different_sides_make_a_product() {
    let (f, g) = ([0.0, 0.5, 0.5, 2.0], [1.0, 1.0, 1.25, 1.5, 3.0]);
    let rows = Tensor::from_slice(&f).unsqueeze(1).expand([4, 5], false);
    let columns = Tensor::from_slice(&g).expand([4, 5], false);
    let image = Tensor::stack(&[rows, columns], 0);
    let t = 0.8;
    let lines = [rising(&f, 3.0), rising(&g, 3.0)].map(|gaps| on_a_line(&gaps, t));
    let found = weights(&image, &whole(PixelMetric::L1, t, 3.0));
    assert!(apart(&found, &product(&lines[0], &lines[1])) < 1e-14);
}

#[test]
fn weights_are_those_of_points_with_place_and_intensities() {
    let image = noise(3, &[3, 6, 7]);
    let place = |side: i64, shape: [i64; 2]| Tensor::arange(side, F64).view(shape);
    let rows = place(6, [6, 1]).expand([1, 6, 7], false);
    let columns = place(7, [1, 7]).expand([1, 6, 7], false);
    let points = Tensor::cat(&[rows, columns, &image * 2.0], 0).view([5, 42]);
    let differences = points.unsqueeze(2) - points.unsqueeze(1);
    for (metric, power) in [(PixelMetric::L1, 1.0), (PixelMetric::L2, 2.0)] {
        let distances = differences.abs().pow_tensor_scalar(power);
        let distances = distances.sum_dim_intlist(0, false, Kind::Double);
        let distances = distances.pow_tensor_scalar(1.0 / power);
        let exact = weigh(&distances, 1.3);
        let found = ImageMagnitude::new(&image, &whole(metric, 1.3, 2.0)).unwrap();
        assert!(apart(&found.weights.view(-1), &exact.weights) < 1e-14);
        assert_close(found.magnitude, exact.magnitude, 1e-14);
        assert!(found.systems == 1 && found.residual < 1e-14 && found.condition > 1.0);
    }
}

#[test]
fn a_halo_as_large_as_the_image_changes_nothing() {
    let image = noise(4, &[9, 12]);
    for metric in [PixelMetric::L1, PixelMetric::L2] {
        let config = whole(metric, 0.5, 1.0);
        let exact = weights(&image, &config);
        for (size, halo, systems) in [(4, 12, 9), (5, 100, 6), (12, 0, 1), (usize::MAX, 0, 1)] {
            let config = in_patches(&config, size, halo);
            let found = ImageMagnitude::new(&image, &config).unwrap();
            assert_eq!(found.systems, systems);
            assert_eq!(found.weights, exact, "{size} and {halo}");
        }
    }
}

#[test]
fn the_error_of_patches_falls_with_the_halo() {
    let image = noise(5, &[24, 30]) * 0.3;
    for (metric, budgets) in [
        (PixelMetric::L1, [0.5, 0.1, 0.03, 3e-3, 3e-5]),
        (PixelMetric::L2, [0.6, 0.1, 0.02, 1e-3, 1e-5]),
    ] {
        let config = whole(metric, 1.0, 1.0);
        let exact = weights(&image, &config);
        let mut before = f64::INFINITY;
        for (halo, budget) in [0, 1, 2, 4, 8].into_iter().zip(budgets) {
            let error = apart(&weights(&image, &in_patches(&config, 8, halo)), &exact);
            assert!(
                error < budget && error < before,
                "{metric:?}, {halo}: {error:e}"
            );
            before = error;
        }
    }
}

#[test]
fn weights_turn_with_the_image_and_forget_its_brightness() {
    let image = noise(6, &[8, 16]);
    for metric in [PixelMetric::L1, PixelMetric::L2] {
        for config in [
            whole(metric, 1.0, 1.0),
            in_patches(&whole(metric, 1.0, 1.0), 4, 2),
        ] {
            let found = weights(&image, &config);
            let turned = weights(&image.transpose(0, 1).flip([0]), &config);
            assert!(apart(&turned, &found.transpose(0, 1).flip([0])) < 1e-13);
            assert!(apart(&weights(&(&image * -1.0 + 7.0), &config), &found) < 1e-13);
        }
    }
}

#[test]
fn the_excess_of_a_blank_image_is_zero() {
    for (metric, scales) in [
        (
            PixelMetric::L1,
            &[1e-6, 1e-4, 1e-2, 0.1, 1.0, 50.0, 1e4][..],
        ),
        (PixelMetric::L2, &[0.7, 1.0, 50.0, 1e4]),
    ] {
        for &t in scales {
            for config in [
                whole(metric, t, 1.0),
                in_patches(&whole(metric, t, 1.0), 5, 2),
            ] {
                let image = Tensor::full([11, 13], 0.5, F64);
                let found = ImageMagnitude::new(&image, &config).unwrap();
                let excess = found.excess().unwrap().abs().max().double_value(&[]);
                assert!(t < 0.1 || excess < 1e-10, "{metric:?} at {t}: {excess:e}");
                for quantile in [0.0, 0.5, 1.0] {
                    assert!(!bool::try_from(found.edges(quantile).unwrap().any()).unwrap());
                }
            }
        }
    }
}

#[test]
fn a_step_has_the_same_excess_at_the_frame_as_within() {
    let image = Tensor::zeros([7, 10], F64);
    let _ = image.narrow(1, 4, 6).fill_(1.0);
    let config = whole(PixelMetric::L1, 1.0, 2.0);
    let found = ImageMagnitude::new(&image, &config).unwrap();
    let half = |gap: f64| (gap / 2.0).tanh();
    let beside = (half(1.0) + half(3.0)) / (2.0 * half(1.0)) - 1.0;
    let mut row = [0.0; 10];
    row[3..=4].fill(beside);
    let exact = Tensor::from_slice(&row).expand([7, 10], false);
    assert!(apart(&found.excess().unwrap(), &exact) < 1e-13);
    let marked = found.edges(0.5).unwrap();
    assert_eq!(marked, exact.gt(0.0));
}

#[test]
fn the_sides_of_a_square_are_marked() {
    let size = 32;
    let image = square(size);
    let is_inside = |place: i64| (size / 4..3 * size / 4).contains(&place);
    let is_side = |row: i64, column: i64| {
        let others = [(1, 0), (-1, 0), (0, 1), (0, -1)];
        let inside = |(down, right)| is_inside(row + down) && is_inside(column + right);
        others
            .map(inside)
            .iter()
            .any(|&other| other != inside((0, 0)))
    };
    let sides: Vec<bool> = (0..size * size)
        .map(|i| is_side(i / size, i % size))
        .collect();
    let sides = Tensor::from_slice(&sides).view([size, size]);
    let count = sides.sum(Kind::Int64).int64_value(&[]);
    let quantile = 1.0 - count as f64 / (size * size) as f64;
    for metric in [PixelMetric::L1, PixelMetric::L2] {
        let config = in_patches(&whole(metric, 1.0, 1.0), 8, 4);
        let marked = ImageMagnitude::new(&image, &config)
            .unwrap()
            .edges(quantile)
            .unwrap();
        let found = marked.sum(Kind::Int64).int64_value(&[]);
        let right = marked.logical_and(&sides).sum(Kind::Int64).int64_value(&[]);
        assert!(found <= count && right as f64 >= 0.95 * count as f64);
    }
}

#[test]
fn scales_may_be_huge_or_tiny() {
    let image = noise(7, &[6, 8]);
    for metric in [PixelMetric::L1, PixelMetric::L2] {
        let ones = Tensor::ones([6, 8], F64);
        assert_eq!(weights(&image, &whole(metric, 1e4, 1.0)), ones);
        let found = ImageMagnitude::new(&image, &whole(metric, 1e-9, 1.0)).unwrap();
        assert_close(found.magnitude, 1.0, 1e-7);
        assert!(found.residual < 1e-8, "{:e}", found.residual);
    }
    // Intensities that are worth more than any place: what differs stands alone.
    let far = weights(&image, &whole(PixelMetric::L1, 1.0, 1e9));
    assert!(apart(&far, &Tensor::ones([6, 8], F64)) < 1e-14);
    // And those that are worth nothing.
    let blank = weights(&image.zeros_like(), &whole(PixelMetric::L1, 1.0, 1.0));
    assert_eq!(weights(&image, &whole(PixelMetric::L1, 1.0, 0.0)), blank);
}

#[test]
fn the_result_does_not_depend_on_the_threads() {
    let image = noise(8, &[20, 20]);
    let config = in_patches(&whole(PixelMetric::L2, 1.0, 1.0), 6, 2);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let (image, config) = (image.copy(), config.clone());
        let run = move || weights(&image, &config);
        pool.build().unwrap().install(run)
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn what_is_no_image_is_refused() {
    let config = ImageMagnitudeConfig::default();
    let message = |image: &Tensor, config: &ImageMagnitudeConfig| {
        ImageMagnitude::new(image, config).unwrap_err().to_string()
    };
    let spoiled = |value: f64| {
        let image = noise(9, &[2, 3, 4]);
        let _ = image.get(1).get(2).get(3).fill_(value);
        image
    };
    let image = noise(9, &[3, 4]);
    for shape in [&[0, 3][..], &[3, 0], &[5], &[0, 2, 2], &[1, 1, 2, 2], &[]] {
        let message = message(&Tensor::zeros(shape, F64), &config);
        assert!(message.contains("[height, width]"), "{message}");
    }
    for (image, part) in [
        (spoiled(f64::NAN), "NaN in row 2, column 3"),
        (spoiled(f64::NEG_INFINITY), "-inf in row 2, column 3"),
        (spoiled(1e200), "in row 2, column 3"),
        (image.to_kind(Kind::Int64), "f32 or f64"),
    ] {
        let message = message(&image, &config);
        assert!(message.contains(part), "{message}");
    }
    for t in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(message(&image, &whole(PixelMetric::L1, t, 1.0)).contains("scale t > 0"));
    }
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(message(&image, &whole(PixelMetric::L1, 1.0, weight)).contains("intensities ≥ 0"));
    }
    assert!(message(&image, &in_patches(&config, 0, 1)).contains("at least one pixel"));
    let found = ImageMagnitude::new(&image, &config).unwrap();
    for quantile in [-0.1, 1.5, f64::NAN] {
        let message = found.edges(quantile).unwrap_err().to_string();
        assert!(message.contains("quantile"), "{message}");
    }
    // 200 TB of distances.
    let large = Tensor::zeros([2_000, 2_500], (Kind::Float, Device::Cpu));
    assert!(message(&large, &whole(PixelMetric::L1, 1.0, 1.0)).contains("fit into memory"));
    // Weights of a blank image are negative beside its frame at this scale.
    let blurred = ImageMagnitude::new(&noise(9, &[9, 9]), &whole(PixelMetric::L2, 0.3, 1.0));
    let message = blurred.unwrap().excess().unwrap_err().to_string();
    assert!(message.contains("t = 0.3"), "{message}");
}
