//! Points of product spaces, fitted to distances.

use std::ops::ControlFlow;

use holonomy::embed::{
    DistanceConfig, DistanceEmbedding, DistanceLoss, DistanceTrainer, Signature,
};
use holonomy::metric::{Distortion, distortion, pairwise_distances};
use holonomy::{Error, Euclidean, Lorentz, Manifold, Product, Sample, Space, Sphere};
use tch::{Kind, Tensor};

use crate::embed::seeded;

const CPU: tch::Device = tch::Device::Cpu;

fn config(signature: &str) -> DistanceConfig {
    DistanceConfig::new(signature.parse().unwrap())
}

fn train(config: DistanceConfig, distances: &Tensor) -> DistanceEmbedding {
    let trainer = DistanceTrainer::new(config, distances).unwrap();
    trainer.run(|_| ControlFlow::Continue(())).unwrap()
}

fn quality(distances: &Tensor, found: &DistanceEmbedding) -> Distortion {
    distortion(distances, &pairwise_distances(&found.space, &found.points)).unwrap()
}

/// Twenty points of H²(−0.5) × S²(0.3) × E¹, and the curvatures.
fn mixture() -> (Product<dyn Space>, Tensor, [f64; 3]) {
    let space = Product::new(vec![
        Box::new(Lorentz::new(2, -0.5).unwrap()),
        Box::new(Sphere::new(2, 0.3).unwrap()),
        Box::new(Euclidean::new(1).unwrap()),
    ])
    .unwrap();
    let points = space.random_point(&mut seeded(5), &[20], (Kind::Double, CPU));
    (space, points, [-0.5, 0.3, 0.0])
}

#[test]
fn a_signature_reads_as_it_prints() {
    for text in ["H2", "S10", "E1", "H5xS3xE2", "H2xH2"] {
        assert_eq!(text.parse::<Signature>().unwrap().to_string(), text);
    }
    assert_eq!("h2 × e1".parse::<Signature>().unwrap().to_string(), "H2xE1");
    for text in ["", "H", "H0", "X2", "H2x", "H-1", "H99999", "ü2", "2"] {
        assert!(text.parse::<Signature>().is_err(), "{text:?}");
    }
    let json = serde_json::to_string(&config("H5xS3")).unwrap();
    assert!(json.contains("\"H5xS3\""), "{json}");
    assert_eq!(
        serde_json::from_str::<DistanceConfig>(&json).unwrap(),
        config("H5xS3")
    );
}

#[test]
fn a_perfect_start_has_no_loss_and_comes_back() {
    let (space, points, kappas) = mixture();
    let distances = pairwise_distances(&space, &points);
    for loss in [
        DistanceLoss::SquaredRatio,
        DistanceLoss::Distortion,
        DistanceLoss::Stress,
    ] {
        let config = DistanceConfig {
            epochs: 1,
            learning_rate: 1e-12,
            loss,
            ..config("H2xS2xE1")
        };
        let trainer = DistanceTrainer::new(config, &distances).unwrap();
        let found = trainer.starting_at(&points, &kappas).unwrap();
        let found = found.run(|_| ControlFlow::Continue(())).unwrap();
        assert!(
            found.history[0].loss < 1e-14,
            "{loss:?}: {}",
            found.history[0].loss
        );
        let moved = (&found.points - &points).abs().max().double_value(&[]);
        assert!(moved < 1e-10, "{loss:?}: {moved}");
        assert!((found.curvatures[0] / -0.5 - 1.0).abs() < 1e-10);
    }
}

#[test]
fn a_disturbed_start_goes_back_to_distances_and_curvatures() {
    let (space, points, kappas) = mixture();
    let distances = pairwise_distances(&space, &points);
    let noise = space.random_tangent(&mut seeded(6), &points) * 0.05;
    let start = holonomy::Geodesic::exp(&space, &points, &noise);
    let off = [-0.6, 0.33, 0.0];
    let parts = space.split(&start);
    // Points of the other curvatures, in the same directions.
    let start = Tensor::cat(
        &[
            &parts[0] * (0.5_f64 / 0.6).sqrt(),
            &parts[1] * (0.3_f64 / 0.33).sqrt(),
            parts[2].copy(),
        ],
        -1,
    );
    let config = DistanceConfig {
        epochs: 1500,
        learning_rate: 0.01,
        ..config("H2xS2xE1")
    };
    let trainer = DistanceTrainer::new(config, &distances).unwrap();
    let found = trainer.starting_at(&start, &off).unwrap();
    let found = found.run(|_| ControlFlow::Continue(())).unwrap();
    let before = found.history[0].loss;
    assert!(before > 0.02, "{before}");
    let average = quality(&distances, &found).average;
    assert!(average < 1e-3, "{average}");
    for (found, true_one) in found.curvatures.iter().zip(kappas) {
        assert!((found - true_one).abs() < 0.02, "{found} for {true_one}");
    }
    assert!(
        found
            .space
            .point_defect(&found.points)
            .max()
            .double_value(&[])
            < 1e-12
    );
}

#[test]
fn the_unit_of_distances_does_not_matter() {
    let (space, points, _) = mixture();
    let distances = pairwise_distances(&space, &points);
    let config = DistanceConfig {
        epochs: 40,
        ..config("H2xS2")
    };
    // A power of two rounds nothing.
    let small = train(config.clone(), &distances);
    let large = train(config, &(&distances * 1024.0));
    assert_eq!(
        small.history.last().unwrap().loss,
        large.history.last().unwrap().loss
    );
    for (small, large) in small.curvatures.iter().zip(&large.curvatures) {
        assert!((small / large / 1024.0_f64.powi(2) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn hidden_distances_are_found_from_the_others() {
    let plane = Euclidean::new(2).unwrap();
    let points = plane.random_point(&mut seeded(8), &[24], (Kind::Double, CPU));
    let truth = pairwise_distances(&plane, &points);
    let known = truth.copy();
    for (x, y) in (0..24).flat_map(|x| (0..x).map(move |y| (x, y))) {
        if (x * 7 + y * 3) % 3 == 0 {
            let missing = if x % 2 == 0 { f64::NAN } else { f64::INFINITY };
            let _ = known.get(x).get(y).fill_(missing);
            let _ = known.get(y).get(x).fill_(missing);
        }
    }
    let config = DistanceConfig {
        epochs: 800,
        learning_rate: 0.1,
        ..config("E2")
    };
    let found = train(config, &known);
    let fitted = quality(&known, &found);
    assert!(fitted.average < 1e-3 && fitted.pairs < 200, "{fitted:?}");
    let all = quality(&truth, &found);
    assert!(all.average < 2e-3 && all.pairs == 276, "{all:?}");
}

#[test]
fn batches_fit_too_and_single_precision_stays_single() {
    let plane = Euclidean::new(2).unwrap();
    let points = plane.random_point(&mut seeded(9), &[24], (Kind::Float, CPU));
    let distances = pairwise_distances(&plane, &points);
    let config = DistanceConfig {
        epochs: 400,
        learning_rate: 0.05,
        batch: 7,
        ..config("E2")
    };
    let found = train(config, &distances);
    assert_eq!(found.points.kind(), Kind::Float);
    let average = quality(&distances, &found).average;
    assert!(average < 5e-3, "{average}");
}

#[test]
fn all_losses_stay_finite_in_single_precision() {
    let plane = Euclidean::new(2).unwrap();
    let points = plane.random_point(&mut seeded(9), &[24], (Kind::Float, CPU));
    let distances = pairwise_distances(&plane, &points);
    for loss in [
        DistanceLoss::SquaredRatio,
        DistanceLoss::Distortion,
        DistanceLoss::Stress,
    ] {
        let config = DistanceConfig {
            epochs: 400,
            learning_rate: 0.05,
            loss,
            ..config("E2")
        };
        let found = train(config, &distances);
        let average = quality(&distances, &found).average;
        assert!(average < 0.2, "{loss:?}: {average}");
    }
}

/// At antipodes the distance has no gradient; the corners of an octahedron have three such pairs.
#[test]
fn antipodes_do_not_move_each_other() {
    let plus = Tensor::eye(3, (Kind::Double, CPU));
    let corners = Tensor::cat(&[&plus, &-&plus], 0);
    let sphere = Sphere::new(2, 1.0).unwrap();
    let distances = pairwise_distances(&sphere, &corners);
    let config = DistanceConfig {
        epochs: 3,
        learn_curvature: false,
        ..config("S2")
    };
    let trainer = DistanceTrainer::new(config, &distances).unwrap();
    let trainer = trainer.starting_at(&corners, &[1.0]).unwrap();
    let found = trainer.run(|_| ControlFlow::Continue(())).unwrap();
    assert!((found.points - corners).abs().max().double_value(&[]) < 1e-7);
}

#[test]
fn a_run_repeats_and_can_be_stopped() {
    let (space, points, _) = mixture();
    let distances = pairwise_distances(&space, &points);
    let config = DistanceConfig {
        epochs: 10,
        batch: 6,
        ..config("H3")
    };
    let whole = train(config.clone(), &distances);
    assert_eq!(whole.points, train(config.clone(), &distances).points);
    assert!(!whole.stopped_early);

    let trainer = DistanceTrainer::new(config, &distances).unwrap();
    let mut seen = None;
    let stopped = trainer.run(|progress| {
        seen = Some(progress.embedding().unwrap().1);
        if progress.record.epoch == 4 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let stopped = stopped.unwrap();
    assert!(stopped.stopped_early);
    assert_eq!(stopped.history.len(), 4);
    assert_eq!(stopped.history[3].loss, whole.history[3].loss);
    assert_eq!(seen.unwrap(), stopped.points);
}

#[test]
fn curvature_stays_where_it_is_not_learned() {
    let (space, points, kappas) = mixture();
    let distances = pairwise_distances(&space, &points);
    let config = DistanceConfig {
        epochs: 3,
        learn_curvature: false,
        ..config("H2xS2xE1")
    };
    let trainer = DistanceTrainer::new(config, &distances).unwrap();
    let found = trainer.starting_at(&points, &kappas).unwrap();
    let found = found.run(|_| ControlFlow::Continue(())).unwrap();
    for (found, kappa) in found.curvatures.iter().zip(kappas) {
        assert!((found - kappa).abs() < 1e-14);
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_by_pair() {
    let refused = |distances: &Tensor| {
        let error = DistanceTrainer::new(config("H2"), distances).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
        error.to_string()
    };
    let d = Tensor::from_slice(&[0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0]).view([3, 3]);
    let with = |x: i64, y: i64, value: f64| {
        let d = d.copy();
        let _ = d.get(x).get(y).fill_(value);
        d
    };
    assert!(refused(&with(2, 1, 3.0)).contains("3 at (2, 1) and 1 at (1, 2)"));
    assert!(refused(&with(1, 1, f64::NAN)).contains("NaN at (1, 1)"));
    let twins = d.copy();
    let _ = twins.get(0).get(1).fill_(0.0);
    let _ = twins.get(1).get(0).fill_(0.0);
    assert!(refused(&twins).contains("0 at (1, 0)"));
    assert!(
        refused(&Tensor::from_slice(&[0.0]).view([1, 1])).contains("at least one known distance")
    );
    assert!(refused(&d.narrow(0, 0, 2)).contains("[n, n]"));
    for config in [
        DistanceConfig {
            epochs: 0,
            ..config("H2")
        },
        DistanceConfig {
            batch: 0,
            ..config("H2")
        },
        DistanceConfig {
            learning_rate: 0.0,
            ..config("H2")
        },
        DistanceConfig {
            init_scale: f64::NAN,
            ..config("H2")
        },
    ] {
        assert!(DistanceTrainer::new(config, &d).is_err());
    }
}

#[test]
fn a_start_that_does_not_fit_is_refused() {
    let (space, points, kappas) = mixture();
    let distances = pairwise_distances(&space, &points);
    let start = |points: &Tensor, kappas: &[f64]| {
        let trainer = DistanceTrainer::new(config("H2xS2xE1"), &distances).unwrap();
        trainer
            .starting_at(points, kappas)
            .and_then(|t| t.run(|_| ControlFlow::Break(())))
            .map(|_| ())
    };
    assert!(start(&points, &kappas).is_ok());
    assert!(start(&points.narrow(0, 0, 3), &kappas).is_err());
    assert!(start(&points, &kappas[..2]).is_err());
    assert!(start(&points, &[0.5, 0.3, 0.0]).is_err());
    // Radius 0, by which the points were divided.
    for kappas in [[f64::NEG_INFINITY, 0.3, 0.0], [-0.5, f64::INFINITY, 0.0]] {
        let error = start(&points, &kappas).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
        assert!(error.to_string().contains("a finite curvature"), "{error}");
    }
    assert!(start(&Tensor::new(), &kappas).is_err());
    let error = start(&(&points * 1.1), &kappas).unwrap_err();
    let Error::NotOnManifold { op, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(op, "DistanceTrainer");
}
