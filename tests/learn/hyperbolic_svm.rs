use holonomy::learn::{Classifier, HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::{Error, Euclidean, EuclideanParametrised, Lorentz, Manifold, PoincareBall};
use tch::{Kind, Tensor};

use crate::nn::features;

fn parametrised() -> EuclideanParametrised {
    EuclideanParametrised::new(2, -1.0).unwrap()
}

/// All four forms with the same points z, in their own coordinates.
fn forms(z: &Tensor) -> [(SvmForm, Tensor); 4] {
    forms_of(z, -1.0)
}

fn forms_of(z: &Tensor, kappa: f64) -> [(SvmForm, Tensor); 4] {
    let n = z.size()[1];
    let space = EuclideanParametrised::new(n, kappa).unwrap();
    [
        (
            SvmForm::Ball(PoincareBall::new(n, kappa).unwrap()),
            space.to_ball(z),
        ),
        (
            SvmForm::Hyperboloid(Lorentz::new(n, kappa).unwrap()),
            space.to_lorentz(z),
        ),
        (
            SvmForm::Euclidean(Euclidean::new(n).unwrap()),
            z.shallow_clone(),
        ),
        (SvmForm::Parametrised(space), z.shallow_clone()),
    ]
}

/// Three groups of points in three directions, 2.5 away from the origin.
fn three_groups() -> (Tensor, Tensor) {
    let noise = features(&[60, 2]) * 0.3;
    let labels = Tensor::arange(60, (Kind::Int64, tch::Device::Cpu)).remainder(3) * 10 - 7;
    let angle = (labels.to_kind(Kind::Double) + 7.0) * (std::f64::consts::TAU / 30.0);
    let center = Tensor::stack(&[angle.cos(), angle.sin()], -1) * 2.5;
    (center + noise, labels)
}

#[test]
fn every_form_separates_groups_and_keeps_their_labels() {
    let (z, labels) = three_groups();
    for (form, points) in forms(&z) {
        let name = form.to_string();
        let svm = HyperbolicSvm::fit(form, &points, &labels, &SvmConfig::default()).unwrap();
        assert_eq!(svm.classes(), [-7, 3, 13]);
        let score = svm.score(&points, &labels).unwrap();
        assert_eq!((score.accuracy, score.macro_f1), (1.0, 1.0), "{name}");
        assert_eq!(svm.predict(&points).unwrap(), labels);
        assert_eq!(svm.decision(&points).unwrap().size(), [60, 3]);
        let single = svm.decision(&points.to_kind(Kind::Float)).unwrap();
        assert_eq!(single.kind(), Kind::Double);
    }
}

/// Near the origin, where all three are well conditioned, the minimum is one.
#[test]
fn the_three_hyperbolic_forms_agree() {
    let (z, labels) = three_groups();
    let z = z * 0.4;
    let config = SvmConfig {
        steps: 1_000,
        learning_rate: 0.05,
        ..SvmConfig::default()
    };
    let decide = |index: usize| {
        let (form, points) = forms(&z).into_iter().nth(index).unwrap();
        let svm = HyperbolicSvm::fit(form, &points, &labels, &config).unwrap();
        svm.decision(&points).unwrap()
    };
    let (ball, hyperboloid, parametrised) = (decide(0), decide(1), decide(3));
    for other in [ball, hyperboloid] {
        let error = (other - &parametrised).abs().max().double_value(&[]);
        assert!(error < 0.05, "{error}");
    }
}

#[test]
fn only_the_parametrised_form_sees_depth_at_radius_100() {
    let labels = Tensor::arange(40, (Kind::Int64, tch::Device::Cpu)).remainder(2);
    let radius = labels.to_kind(Kind::Double) * 8.0 + 100.0;
    let center = Tensor::stack(&[radius.shallow_clone(), radius.zeros_like()], -1);
    let z = parametrised().exp_in_frame(&center, &(features(&[40, 2]) * 0.5));
    for (form, points) in forms(&z) {
        let name = form.to_string();
        let fitted = HyperbolicSvm::fit(form, &points, &labels, &SvmConfig::default());
        let accuracy = match fitted {
            // At radius 100 the ball's points are on its boundary.
            Err(Error::NotOnManifold { .. }) if name == "ball" => continue,
            fitted => fitted.unwrap().score(&points, &labels).unwrap().accuracy,
        };
        match &*name {
            "parametrised" | "Euclidean" => assert_eq!(accuracy, 1.0, "{name}"),
            _ => assert!(accuracy < 0.8, "{name}: {accuracy}"),
        }
    }
}

/// Two points on a line through the origin, a one way and b the other. The best hyperplane is the bisector, with
/// |w| sinh(√c (a + b)/2) = 1: the hinges end where the margin is asinh 1. Everything by hand.
#[test]
fn two_points_have_the_hyperplane_of_the_closed_form() {
    let direction = [0.6, 0.0, 0.8];
    let line = |t: f64| direction.map(|e| t * e);
    let config = SvmConfig {
        penalty: 10.0,
        steps: 2_000,
        learning_rate: 0.02,
    };
    for kappa in [-1.0_f64, -0.25] {
        let root_c = (-kappa).sqrt();
        let (a, b) = (1.5 / root_c, 0.5 / root_c);
        let z = Tensor::from_slice2(&[line(a), line(-b)]);
        let labels = Tensor::from_slice(&[1_i64, 0]);
        // On the line, and beside it.
        let others = [line(0.0), line(3.0 / root_c), [0.0, 1.0 / root_c, 0.0]];
        let others = Tensor::from_slice2(&others);
        let all = Tensor::cat(&[&z, &others], 0);
        let (middle, half) = (0.5_f64, 1.0_f64);
        let on_line = |t: f64| ((t - middle).sinh() / half.sinh()).asinh();
        // sinh h = cosh a sinh r cos θ − sinh a cosh r
        let beside = (-middle.sinh() * 1.0_f64.cosh() / half.sinh()).asinh();
        let expected = [1.5, -0.5, 0.0, 3.0].map(on_line);
        for (form, points) in forms_of(&all, kappa) {
            let name = form.to_string();
            if name == "Euclidean" {
                continue;
            }
            let svm = HyperbolicSvm::fit(form, &points.narrow(0, 0, 2), &labels, &config).unwrap();
            let decisions = svm.decision(&points).unwrap();
            for (row, expected) in expected.into_iter().chain([beside]).enumerate() {
                for (class, sign) in [-1.0, 1.0].into_iter().enumerate() {
                    let got = decisions.double_value(&[row as i64, class as i64]);
                    let error = (got - sign * expected).abs();
                    assert!(error < 5e-3, "{name}, {kappa}, {row}: {got} {expected}");
                }
            }
        }
    }
}

/// The time coordinate follows from the others, to more digits than a point that was stored in f32 has.
#[test]
fn a_time_coordinate_that_drifted_changes_no_decision() {
    let (z, labels) = three_groups();
    let form = SvmForm::Hyperboloid(Lorentz::new(2, -1.0).unwrap());
    let near = parametrised().to_lorentz(&z);
    let svm = HyperbolicSvm::fit(form, &near, &labels, &SvmConfig::default()).unwrap();
    let single = parametrised().to_lorentz(&(z * 3.5)).to_kind(Kind::Float);
    let stored = single.to_kind(Kind::Double);
    let exact = Lorentz::new(2, -1.0).unwrap().project(&stored);
    let expected = svm.decision(&exact).unwrap();
    let error = (svm.decision(&single).unwrap() - &expected).abs().max();
    assert!(error.double_value(&[]) < 1e-9, "{error}");
    let drifted = Tensor::cat(
        &[exact.narrow(1, 0, 1) * (1.0 + 5e-9), exact.narrow(1, 1, 2)],
        1,
    );
    let error = (svm.decision(&drifted).unwrap() - &expected).abs().max();
    assert!(error.double_value(&[]) < 1e-9, "{error}");
}

/// Products cosh a sinh r are numbers in f64 up to 345 for both.
#[test]
fn the_parametrised_form_learns_to_radius_340() {
    let fit = |points: &[[f64; 2]], labels: &[i64]| {
        let form = SvmForm::Parametrised(parametrised());
        let (points, labels) = (Tensor::from_slice2(points), Tensor::from_slice(labels));
        let svm = HyperbolicSvm::fit(form, &points, &labels, &SvmConfig::default())?;
        Ok::<_, Error>(svm.score(&points, &labels)?.accuracy)
    };
    let behind = |radius: f64| [0.0, 1.0, 10.0, 11.0].map(|more| [radius + more, 0.0]);
    assert_eq!(fit(&behind(340.0), &[0, 0, 1, 1]).unwrap(), 1.0);
    // On opposite sides of the origin.
    assert_eq!(fit(&[[340.0, 0.0], [-340.0, 0.0]], &[0, 1]).unwrap(), 1.0);
}

#[test]
fn a_rare_class_that_is_missed_costs_macro_f1() {
    // 18 points of one class and 2 of the other in one place, and no way to tell them apart.
    let z = Tensor::ones([20, 2], crate::nn::DOUBLE);
    let labels = Tensor::arange(20, (Kind::Int64, tch::Device::Cpu)).lt(2);
    let labels = labels.to_kind(Kind::Int64);
    let form = SvmForm::Parametrised(parametrised());
    let svm = HyperbolicSvm::fit(form, &z, &labels, &SvmConfig::default()).unwrap();
    let score = svm.score(&z, &labels).unwrap();
    assert_eq!(score.accuracy, 0.9);
    // 36/38 for the frequent class, 0 for the other.
    assert!((score.macro_f1 - 18.0 / 38.0).abs() < 1e-15);
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let fit = |points: &Tensor, labels: &Tensor, config: &SvmConfig| {
        let form = SvmForm::Parametrised(parametrised());
        HyperbolicSvm::fit(form, points, labels, config).unwrap_err()
    };
    let config = SvmConfig::default();
    let (z, labels) = three_groups();
    let one_class = labels.zeros_like();
    let message = fit(&z, &one_class, &config).to_string();
    assert!(message.contains("two classes"), "{message}");
    let message = fit(&z, &labels.narrow(0, 0, 59), &config).to_string();
    assert!(message.contains("60 integer labels"), "{message}");
    let message = fit(&z, &labels.to_kind(Kind::Double), &config).to_string();
    assert!(message.contains("integer labels"), "{message}");
    let message = fit(&z.narrow(0, 0, 0), &labels.narrow(0, 0, 0), &config).to_string();
    assert!(message.contains("at least one point"), "{message}");
    let message = fit(&z.narrow(1, 0, 1), &labels, &config).to_string();
    assert!(message.contains("[count, 2]"), "{message}");
    let holed = z.copy();
    let _ = holed.get(4).get(1).fill_(f64::NAN);
    let error = fit(&holed, &labels, &config);
    assert!(
        matches!(error, Error::NotOnManifold { row: 4, .. }),
        "{error}"
    );
    for bad in [
        SvmConfig {
            penalty: 0.0,
            ..config.clone()
        },
        SvmConfig {
            learning_rate: f64::NAN,
            ..config.clone()
        },
        SvmConfig { steps: 0, ..config },
    ] {
        let error = fit(&z, &labels, &bad);
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
}
