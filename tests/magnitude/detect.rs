//! Boundaries, outliers, classes and choices by weights.

use holonomy::learn::Classifier;
use holonomy::magnitude::{
    ActiveConfig, ActiveSelector, BoundaryConfig, BoundaryDetector, ClassRule, ClassifierConfig,
    IncrementalMagnitude, MagnitudeClassifier, OutlierConfig, OutlierDetector, OutlierScore, Scale,
    SelectionRule,
};
use holonomy::metric::{cross_distances, pairwise_distances};
use holonomy::{Distance, Euclidean, Geodesic, PoincareBall};
use tch::{Kind, Tensor};

use super::{F64, apart, random_points, weigh};

fn plane() -> Box<dyn Distance> {
    Box::new(Euclidean::new(2).unwrap())
}

/// Points of a grid in the unit disk, and which of them have a neighbour outside.
fn disk() -> (Tensor, Tensor) {
    let steps = 12_i32;
    let inside = |x: i32, y: i32| x * x + y * y <= steps * steps;
    let (mut points, mut edge) = (Vec::new(), Vec::new());
    for x in -steps..=steps {
        for y in -steps..=steps {
            if inside(x, y) {
                points.extend([f64::from(x), f64::from(y)].map(|c| c / f64::from(steps)));
                let near = [(1, 0), (-1, 0), (0, 1), (0, -1)];
                edge.push(near.iter().any(|(i, j)| !inside(x + i, y + j)));
            }
        }
    }
    (
        Tensor::from_slice(&points).view([-1, 2]),
        Tensor::from_slice(&edge),
    )
}

#[test]
fn the_edge_of_a_disk_is_found() {
    let (points, edge) = disk();
    let share = edge
        .to_kind(Kind::Double)
        .mean(Kind::Double)
        .double_value(&[]);
    let config = BoundaryConfig {
        share,
        ..BoundaryConfig::default()
    };
    let detector = BoundaryDetector::fit(plane(), &points, &config).unwrap();
    assert!(detector.fitted_score(&edge).unwrap() > 0.99);
    let found = detector.boundary();
    assert_eq!(found.sum(Kind::Int64), edge.sum(Kind::Int64));
    let right = found.logical_and(&edge).sum(Kind::Double) / edge.sum(Kind::Double);
    assert!(right.double_value(&[]) > 0.9);
    // Between grid points, and outside.
    let new = Tensor::from_slice2(&[[0.04, 0.04], [0.3, -0.46], [1.4, 0.0], [0.0, -2.0]]);
    let expected = Tensor::from_slice(&[false, false, true, true]);
    assert_eq!(detector.predict(&new).unwrap(), expected);
    let space = Euclidean::new(2).unwrap();
    let exact = weigh(&pairwise_distances(&space, &points), detector.scale());
    assert!(apart(detector.weights(), &exact.weights) < 1e-13);
    assert!(detector.score(&new, &expected).unwrap() == 1.0);
}

#[test]
fn outliers_score_as_new_points_do() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 9, 25);
    for score in [
        OutlierScore::Weight,
        OutlierScore::Gain,
        OutlierScore::Unseen,
    ] {
        let config = OutlierConfig {
            score,
            scale: Scale::Fixed(1.3),
            ..OutlierConfig::default()
        };
        let all = OutlierDetector::fit(plane(), &points, &config).unwrap();
        for point in [0, 7, 24] {
            let others: Vec<i64> = (0..25).filter(|&other| other != point).collect();
            let others = points.index_select(0, &Tensor::from_slice(&others));
            let fitted = OutlierDetector::fit(plane(), &others, &config).unwrap();
            let as_new = fitted.decision(&points.narrow(0, point, 1)).unwrap();
            let error = as_new.double_value(&[0]) - all.scores().double_value(&[point]);
            assert!(error.abs() < 1e-12, "{score:?} of {point}: {error:e}");
        }
    }
}

#[test]
fn outliers_are_those_far_out_and_as_many_as_asked() {
    let space = Euclidean::new(2).unwrap();
    let crowd = random_points(&space, 10, 38) * 0.3;
    let far = Tensor::from_slice2(&[[8.0, 0.0], [-5.0, 7.0]]);
    let points = Tensor::cat(&[crowd, far.shallow_clone()], 0);
    for score in [
        OutlierScore::Weight,
        OutlierScore::Gain,
        OutlierScore::Unseen,
    ] {
        let config = OutlierConfig {
            score,
            contamination: 0.05,
            ..OutlierConfig::default()
        };
        let detector = OutlierDetector::fit(plane(), &points, &config).unwrap();
        let found = detector.outliers();
        assert_eq!(
            found.nonzero().view(-1),
            Tensor::from_slice(&[38_i64, 39]),
            "{score:?}"
        );
        let new = Tensor::from_slice2(&[[0.05, 0.0], [30.0, 30.0]]);
        let labels = Tensor::from_slice(&[false, true]);
        assert_eq!(detector.predict(&new).unwrap(), labels, "{score:?}");
        assert_eq!(detector.score(&new, &labels).unwrap(), 1.0);
        let all_labels = Tensor::arange(40, (Kind::Int64, tch::Device::Cpu)).ge(38);
        assert_eq!(detector.fitted_score(&all_labels).unwrap(), 1.0);
    }
    let none = OutlierConfig {
        contamination: 0.0,
        ..OutlierConfig::default()
    };
    let detector = OutlierDetector::fit(plane(), &points, &none).unwrap();
    assert_eq!(detector.outliers().any().int64_value(&[]), 0);
}

fn blobs(space: &PoincareBall, count: i64) -> (Tensor, Tensor) {
    let centres = Tensor::from_slice2(&[[0.6, 0.0], [-0.3, 0.5], [-0.3, -0.5]]);
    let labels = Tensor::arange(3 * count, (Kind::Int64, tch::Device::Cpu)).remainder(3);
    let around = Euclidean::new(2).unwrap();
    let steps = random_points(&around, 12, 3 * count) * 0.15;
    let points = space.exp(&centres.index_select(0, &labels), &steps);
    (points, labels * 10 - 10)
}

#[test]
fn classes_are_told_by_the_smallest_weight() {
    let space = PoincareBall::new(2, -1.0).unwrap();
    let (points, labels) = blobs(&space, 30);
    let (known, new) = (points.narrow(0, 0, 60), points.narrow(0, 60, 30));
    let (known_labels, new_labels) = (labels.narrow(0, 0, 60), labels.narrow(0, 60, 30));
    for rule in [ClassRule::Weight, ClassRule::Gain, ClassRule::Rank] {
        let config = ClassifierConfig {
            rule,
            ..ClassifierConfig::default()
        };
        let classifier =
            MagnitudeClassifier::fit(Box::new(space.clone()), &known, &known_labels, &config)
                .unwrap();
        assert_eq!(classifier.classes(), [-10, 0, 10]);
        let score = classifier.score(&new, &new_labels).unwrap();
        assert!(score.accuracy > 0.9, "{rule:?}: {score:?}");
        let decision = classifier.decision(&new).unwrap();
        for (column, class) in [-10_i64, 0, 10].into_iter().enumerate() {
            let of_class = known.index_select(0, &known_labels.eq(class).nonzero().view(-1));
            for row in [0, 17] {
                let point = new.narrow(0, row, 1);
                let with = Tensor::cat(&[&of_class, &point], 0);
                let n = of_class.size()[0];
                let w = weigh(&pairwise_distances(&space, &with), 1.0);
                let before = weigh(&pairwise_distances(&space, &of_class), 1.0);
                let weight = w.weights.double_value(&[n]);
                let got = decision.double_value(&[row, column as i64]);
                let expected = match rule {
                    ClassRule::Weight => weight.abs(),
                    ClassRule::Gain => w.magnitude - before.magnitude,
                    _ => {
                        let smaller = before.weights.lt(weight).sum(Kind::Double);
                        let share = smaller.double_value(&[]) / n as f64;
                        assert!(got >= share && got < share + 1.0 / n as f64);
                        continue;
                    }
                };
                assert!((got - expected).abs() < 1e-11, "{rule:?}: {got} {expected}");
            }
        }
    }
}

#[test]
fn ranks_of_classes_of_two_sizes_are_compared_as_they_are() {
    // On a line, classes of 11 and of 10 points; the weights of new ones by direct solves.
    let first: Vec<f64> = (0..11).map(|i| f64::from(i * i) * 0.07).collect();
    let second: Vec<f64> = (0..10).map(|i| 3.0 + f64::from(i * i) * 0.11).collect();
    let line = Euclidean::new(1).unwrap();
    let column = |x: &[f64]| Tensor::from_slice(x).view([-1, 1]);
    let points = Tensor::cat(&[column(&first), column(&second)], 0);
    let labels: Vec<i64> = (0..21).map(|i| i64::from(i >= 11)).collect();
    let config = ClassifierConfig {
        rule: ClassRule::Rank,
        ..ClassifierConfig::default()
    };
    let classifier = MagnitudeClassifier::fit(
        Box::new(line.clone()),
        &points,
        &Tensor::from_slice(&labels),
        &config,
    )
    .unwrap();
    let new: Vec<f64> = (0..40).map(|i| f64::from(i) * 0.31 - 0.7).collect();
    let predicted = classifier.predict(&column(&new)).unwrap();
    let mut decided = [0, 0];
    for (i, &x) in new.iter().enumerate() {
        let rank = |class: &[f64]| {
            let own = weigh(&pairwise_distances(&line, &column(class)), 1.0);
            let with = [class, &[x]].concat();
            let with = weigh(&pairwise_distances(&line, &column(&with)), 1.0);
            let weight = with.weights.double_value(&[class.len() as i64]);
            own.weights.lt(weight).sum(Kind::Int64).int64_value(&[])
        };
        // In 110ths.
        let (a, b) = (10 * rank(&first), 11 * rank(&second));
        if a != b {
            let expected = i64::from(b < a);
            assert_eq!(predicted.int64_value(&[i as i64]), expected, "{x}: {a} {b}");
            decided[expected as usize] += 1;
        }
    }
    assert!(decided[0] > 5 && decided[1] > 5, "{decided:?}");
}

#[test]
fn the_greedy_choice_is_that_of_every_gain_tried() {
    let space = Euclidean::new(2).unwrap();
    let (known, pool) = (random_points(&space, 20, 6), random_points(&space, 21, 30));
    for rule in [SelectionRule::Gain, SelectionRule::Weight] {
        let config = ActiveConfig {
            rule,
            ..ActiveConfig::default()
        };
        let selector = ActiveSelector::fit(plane(), &known, &config).unwrap();
        let chosen = selector.select(&pool, 8).unwrap();
        let mut there = known.shallow_clone();
        for &choice in &chosen {
            let distances = pairwise_distances(&space, &there);
            let before = IncrementalMagnitude::from_distances(&distances, 1.0).unwrap();
            let best = (0..30)
                .filter_map(|j| {
                    let point = pool.narrow(0, j, 1);
                    let row = cross_distances(&space, &point, &there).view(-1);
                    let row = Vec::<f64>::try_from(row).unwrap();
                    let gain = before.gain(&row).ok()?;
                    let with = weigh(
                        &pairwise_distances(&space, &Tensor::cat(&[&there, &point], 0)),
                        1.0,
                    );
                    let weight = with.weights.double_value(&[there.size()[0]]);
                    let value = if rule == SelectionRule::Gain {
                        gain
                    } else {
                        weight
                    };
                    Some((j, value))
                })
                .max_by(|a, b| a.1.total_cmp(&b.1));
            assert_eq!(choice, best.unwrap().0, "{rule:?}");
            there = Tensor::cat(&[&there, &pool.narrow(0, choice, 1)], 0);
        }
        let scores: Vec<f64> = (0..=8)
            .map(|count| selector.score(&pool, &chosen[..count]).unwrap())
            .collect();
        assert!(scores[0] == 0.0 && scores.windows(2).all(|pair| pair[0] < pair[1]));
        let all: Vec<i64> = (0..30).collect();
        assert_eq!(selector.score(&pool, &all).unwrap(), 1.0);
    }
}

#[test]
fn points_that_are_there_are_not_chosen() {
    let known = Tensor::from_slice2(&[[0.0, 0.0], [0.0, 0.0]]);
    let pool = Tensor::from_slice2(&[[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]);
    let selector = ActiveSelector::fit(plane(), &known, &ActiveConfig::default()).unwrap();
    assert_eq!(selector.decision(&pool).unwrap().double_value(&[0]), 0.0);
    assert_eq!(selector.select(&pool, 1).unwrap(), [1]);
    // Of a pool that adds nothing, nothing is all.
    assert_eq!(selector.score(&known, &[]).unwrap(), 1.0);
    let message = selector.select(&pool, 2).unwrap_err().to_string();
    assert!(
        message.contains("a pool of 2 points that differ"),
        "{message}"
    );
    // With nothing known, the first is as good as any.
    let nothing = Tensor::zeros([0, 2], F64);
    let selector = ActiveSelector::fit(plane(), &nothing, &ActiveConfig::default()).unwrap();
    assert_eq!(selector.select(&pool, 2).unwrap(), [0, 1]);
}

#[test]
fn f32_points_are_as_good() {
    let space = Euclidean::new(2).unwrap();
    let points = random_points(&space, 9, 25);
    let config = OutlierConfig::default();
    let double = OutlierDetector::fit(plane(), &points, &config).unwrap();
    let single = OutlierDetector::fit(plane(), &points.to_kind(Kind::Float), &config).unwrap();
    assert!(apart(double.scores(), single.scores()) < 1e-5);
    let new = points.narrow(0, 0, 2).to_kind(Kind::Float) + 0.25;
    assert_eq!(single.decision(&new).unwrap().kind(), Kind::Double);
}

#[test]
fn wrong_arguments_are_refused() {
    let points = random_points(&Euclidean::new(2).unwrap(), 1, 4);
    let one_class = Tensor::zeros([4], (Kind::Int64, tch::Device::Cpu));
    let classifier = ClassifierConfig::default();
    let refused =
        |labels: &Tensor| MagnitudeClassifier::fit(plane(), &points, labels, &classifier).is_err();
    assert!(refused(&one_class));
    assert!(refused(&one_class.narrow(0, 0, 3)));
    assert!(refused(&points));
    for contamination in [-0.1, 1.0, f64::NAN] {
        let config = OutlierConfig {
            contamination,
            ..OutlierConfig::default()
        };
        assert!(OutlierDetector::fit(plane(), &points, &config).is_err());
    }
    let nothing = Tensor::zeros([0, 2], F64);
    assert!(BoundaryDetector::fit(plane(), &nothing, &BoundaryConfig::default()).is_err());
    let unknown = Tensor::full([3, 2], f64::NAN, F64);
    assert!(BoundaryDetector::fit(plane(), &unknown, &BoundaryConfig::default()).is_err());
    let detector = BoundaryDetector::fit(plane(), &points, &BoundaryConfig::default()).unwrap();
    assert!(detector.fitted_score(&unknown.isnan()).is_err());
    let selector = ActiveSelector::fit(plane(), &points, &ActiveConfig::default()).unwrap();
    assert!(selector.select(&unknown, 1).is_err());
    assert!(selector.score(&points, &[4]).is_err());
}

#[test]
fn a_larger_weight_does_not_outdo_a_smaller_rank() {
    // At 23.5 the rank is 2/11 in a sparse class, where the weight is tanh(5/4), and 2/10 in a dense one, where it is tanh(1/40).
    let sparse = [
        0.0, 1.0, 6.0, 11.0, 16.0, 21.0, 26.0, 31.0, 36.0, 41.0, 46.0,
    ];
    let dense = [
        -0.65, -0.45, -0.25, -0.05, 0.05, 0.25, 0.29, 0.33, 0.37, 0.57,
    ]
    .map(|x| x + 23.5);
    let points = Tensor::from_slice(&[&sparse[..], &dense[..]].concat()).view([-1, 1]);
    let labels: Vec<i64> = (0..21).map(|i| i64::from(i >= 11)).collect();
    let config = ClassifierConfig {
        rule: ClassRule::Rank,
        ..ClassifierConfig::default()
    };
    let line = Box::new(Euclidean::new(1).unwrap());
    let labels = Tensor::from_slice(&labels);
    let classifier = MagnitudeClassifier::fit(line, &points, &labels, &config).unwrap();
    let new = Tensor::from_slice(&[23.5]).view([1, 1]);
    let ranks = classifier.decision(&new).unwrap();
    assert!(
        (ranks.double_value(&[0, 0]) - 2.0 / 11.0).abs() < 0.01,
        "{ranks}"
    );
    assert!(
        (ranks.double_value(&[0, 1]) - 2.0 / 10.0).abs() < 0.01,
        "{ranks}"
    );
    assert_eq!(classifier.predict(&new).unwrap().int64_value(&[0]), 0);
}

#[test]
fn a_share_of_points_is_that_many_whatever_its_last_digit() {
    let points = random_points(&Euclidean::new(2).unwrap(), 30, 100);
    for (contamination, count) in [(0.29, 29), (0.57, 57), (0.58, 58), (0.295, 29)] {
        let config = OutlierConfig {
            contamination,
            ..OutlierConfig::default()
        };
        let detector = OutlierDetector::fit(plane(), &points, &config).unwrap();
        let found = detector.outliers().sum(Kind::Int64).int64_value(&[]);
        assert_eq!(found, count, "{contamination}");
    }
}
