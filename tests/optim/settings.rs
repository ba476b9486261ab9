//! Settings, parameters and groups.

use holonomy::Error;
use holonomy::optim::{
    AdagradConfig, AdamConfig, ManifoldParameter, RiemannianAdam, RiemannianSgd, SgdConfig,
    UpdateRule,
};
use tch::{Kind, Tensor};

use super::{bits, dense_step, floats, lines, numbers, table};

fn refused<R: UpdateRule>(config: &R, setting: &str) {
    match config.validate() {
        Err(Error::InvalidArgument { expected, .. }) => {
            assert!(expected.contains(setting), "{expected:?} for {setting}");
        }
        other => panic!("{config:?}: {other:?}"),
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        refused(&SgdConfig::new(bad), "learning_rate");
        refused(&AdamConfig::new(bad), "learning_rate");
        refused(&AdagradConfig::new(bad), "learning_rate");
        let (sgd, adam) = (SgdConfig::default(), AdamConfig::default());
        let weight_decay = bad;
        refused(
            &SgdConfig {
                weight_decay,
                ..sgd.clone()
            },
            "weight_decay",
        );
        refused(
            &AdamConfig {
                weight_decay,
                ..adam.clone()
            },
            "weight_decay",
        );
        refused(&AdamConfig { eps: bad, ..adam }, "eps");
        refused(
            &SgdConfig {
                momentum: bad,
                ..sgd
            },
            "momentum",
        );
        let adagrad = AdagradConfig::default();
        refused(
            &AdagradConfig {
                learning_rate_decay: bad,
                ..adagrad.clone()
            },
            "learning_rate_decay",
        );
        refused(
            &AdagradConfig {
                initial_sum: bad,
                ..adagrad
            },
            "initial_sum",
        );
    }
    let (sgd, adam) = (SgdConfig::default(), AdamConfig::default());
    refused(
        &SgdConfig {
            momentum: 1.0,
            ..sgd.clone()
        },
        "momentum",
    );
    refused(
        &SgdConfig {
            dampening: 1.5,
            ..sgd.clone()
        },
        "dampening",
    );
    refused(
        &SgdConfig {
            nesterov: true,
            ..sgd
        },
        "nesterov",
    );
    refused(
        &AdamConfig {
            beta1: 1.0,
            ..adam.clone()
        },
        "beta1",
    );
    refused(&AdamConfig { beta2: 1.0, ..adam }, "beta2");
}

#[test]
fn defaults_are_valid() {
    assert!(SgdConfig::default().validate().is_ok());
    assert!(AdamConfig::default().validate().is_ok());
    assert!(AdagradConfig::default().validate().is_ok());
}

#[test]
fn the_constructor_and_set_learning_rate_check() {
    let parameter = || vec![table(&numbers(&[2], 1))];
    assert!(RiemannianAdam::new(parameter(), AdamConfig::new(-1.0)).is_err());
    let mut optimizer = RiemannianSgd::plain(parameter(), 0.1).unwrap();
    assert!(optimizer.set_learning_rate(f64::NAN).is_err());
    assert!(optimizer.groups_mut()[0].set_learning_rate(-0.1).is_err());
    assert_eq!(optimizer.groups()[0].learning_rate(), 0.1);
}

#[test]
fn a_parameter_is_a_leaf_of_its_own() {
    let value = numbers(&[4, 3], 1);
    let parameter = table(&value.transpose(0, 1).contiguous().transpose(0, 1));
    let leaf = parameter.tensor();
    assert!(leaf.requires_grad() && leaf.is_leaf() && leaf.is_contiguous());
    let handle = leaf.shallow_clone();
    let mut optimizer = RiemannianSgd::plain(vec![parameter], 1.0).unwrap();
    dense_step(&mut optimizer, &value);
    assert_eq!(floats(&handle), [0.0; 12], "the handle follows the step");
    assert_eq!(
        bits(&value),
        bits(&numbers(&[4, 3], 1)),
        "the value was copied"
    );
    assert!(handle.requires_grad() && handle.is_leaf());
}

#[test]
fn a_value_that_is_no_point_is_refused() {
    let nan = Tensor::from_slice(&[1.0, f64::NAN]);
    assert!(matches!(
        ManifoldParameter::new(lines(2), &nan),
        Err(Error::NotOnManifold { row: 0, .. })
    ));
    assert!(matches!(
        ManifoldParameter::new(lines(3), &numbers(&[2], 1)),
        Err(Error::InvalidArgument { .. })
    ));
    let integers = Tensor::from_slice(&[1_i64, 2]);
    assert!(matches!(
        ManifoldParameter::new(lines(2), &integers),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
fn a_parameter_without_gradient_stays() {
    let parameters = vec![table(&numbers(&[2], 1)), table(&numbers(&[2], 2))];
    let points: Vec<Tensor> = parameters
        .iter()
        .map(|p| p.tensor().shallow_clone())
        .collect();
    let mut optimizer = RiemannianAdam::new(parameters, AdamConfig::new(0.1)).unwrap();
    points[0].square().sum(Kind::Double).backward();
    optimizer.step().unwrap();
    assert_ne!(bits(&points[0]), bits(&numbers(&[2], 1)));
    assert_eq!(bits(&points[1]), bits(&numbers(&[2], 2)));
}

#[test]
fn zero_grad_forgets_both_kinds_of_gradient() {
    let mut parameter = table(&numbers(&[2], 1));
    parameter.tensor().square().sum(Kind::Double).backward();
    parameter.set_gradient(holonomy::optim::Gradient::Dense(numbers(&[2], 3)));
    parameter.zero_grad();
    let Some(holonomy::optim::Gradient::Dense(gradient)) = parameter.gradient() else {
        panic!("the leaf's own gradient is left, and is 0")
    };
    assert_eq!(floats(&gradient), [0.0, 0.0]);
}

#[test]
fn a_step_leaves_the_gradient_as_it_was() {
    let parameter = table(&numbers(&[3, 2], 1));
    let point = parameter.tensor().shallow_clone();
    let config = SgdConfig {
        momentum: 0.9,
        weight_decay: 0.1,
        nesterov: true,
        ..SgdConfig::new(0.1)
    };
    let mut optimizer = RiemannianSgd::new(vec![parameter], config).unwrap();
    point.square().sum(Kind::Double).backward();
    let before = bits(&point.grad());
    for _ in 0..3 {
        optimizer.step().unwrap();
    }
    assert_eq!(bits(&point.grad()), before);
}
