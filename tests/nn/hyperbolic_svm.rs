use holonomy::nn::{HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::{Error, Euclidean, EuclideanParametrised, Lorentz, PoincareBall};
use tch::{Kind, Tensor};

use super::features;

fn parametrised() -> EuclideanParametrised {
    EuclideanParametrised::new(2, -1.0).unwrap()
}

/// All four forms with the same points z, in their own coordinates.
fn forms(z: &Tensor) -> [(SvmForm, Tensor); 4] {
    let space = parametrised();
    [
        (
            SvmForm::Ball(PoincareBall::new(2, -1.0).unwrap()),
            space.to_ball(z),
        ),
        (
            SvmForm::Hyperboloid(Lorentz::new(2, -1.0).unwrap()),
            space.to_lorentz(z),
        ),
        (
            SvmForm::Euclidean(Euclidean::new(2).unwrap()),
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
        lr: 0.05,
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

#[test]
fn a_rare_class_that_is_missed_costs_macro_f1() {
    // 18 points of one class and 2 of the other in one place, and no way to tell them apart.
    let z = Tensor::ones([20, 2], super::DOUBLE);
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
            lr: f64::NAN,
            ..config.clone()
        },
        SvmConfig { steps: 0, ..config },
    ] {
        let error = fit(&z, &labels, &bad);
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    }
}
