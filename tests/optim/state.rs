//! Saving and going on.

use holonomy::Error;
use holonomy::checkpoint::Checkpoint;
use holonomy::optim::{
    AdagradConfig, AdamConfig, Gradient, ManifoldParameter, Optimizer, SgdConfig, UpdateRule,
};
use tch::{Kind, Tensor};

use super::{bits, dense_step, lines, numbers, table};

fn fresh<R: UpdateRule>(config: &R, kind: Kind) -> Optimizer<R> {
    let point = |seed, shape: &[i64]| table(&numbers(shape, seed).to_kind(kind));
    let mut optimizer =
        Optimizer::new(vec![point(1, &[5, 3]), point(2, &[3])], config.clone()).unwrap();
    optimizer
        .add_group(vec![point(3, &[2, 3])], config.clone())
        .unwrap();
    optimizer
}

/// Steps with dense gradients for all and row gradients for the tables.
fn train<R: UpdateRule>(optimizer: &mut Optimizer<R>, steps: std::ops::Range<i64>) {
    for step in steps {
        for (index, parameter) in optimizer.parameters_mut().enumerate() {
            let shape = parameter.tensor().size();
            let kind = parameter.tensor().kind();
            let gradient = numbers(&shape, 10 * step + index as i64).to_kind(kind);
            parameter.set_gradient(if shape.len() == 2 && step % 2 == 0 {
                let row = Tensor::from_slice(&[step % shape[0]]);
                Gradient::from_rows(&row, &gradient.index_select(0, &row))
            } else {
                Gradient::Dense(gradient)
            });
        }
        optimizer.step().unwrap();
    }
}

fn all_bits<R: UpdateRule>(optimizer: &Optimizer<R>) -> Vec<Vec<u64>> {
    let state = optimizer.state().unwrap();
    state
        .names()
        .map(|n| bits(state.tensor(n).unwrap()))
        .collect()
}

fn resumes<R: UpdateRule>(config: &R, other: &R) {
    for kind in [Kind::Double, Kind::Float] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let mut straight = fresh(config, kind);
        train(&mut straight, 0..5);
        straight.groups_mut()[1].set_learning_rate(0.123).unwrap();
        straight.state().unwrap().save(&path).unwrap();
        train(&mut straight, 5..12);

        let mut resumed = fresh(other, kind);
        train(&mut resumed, 3..6);
        resumed
            .load_state(&Checkpoint::load(&path).unwrap())
            .unwrap();
        assert_eq!(resumed.groups()[1].learning_rate(), 0.123);
        train(&mut resumed, 5..12);
        assert_eq!(all_bits(&straight), all_bits(&resumed), "{config:?}");
    }
}

#[test]
fn sgd_resumes_bit_for_bit() {
    let momentum = SgdConfig {
        momentum: 0.9,
        dampening: 0.3,
        ..SgdConfig::new(0.1)
    };
    resumes(&SgdConfig::new(0.1), &momentum);
    resumes(&momentum, &SgdConfig::new(0.7));
}

#[test]
fn adam_resumes_bit_for_bit() {
    let amsgrad = AdamConfig {
        amsgrad: true,
        beta2: 0.8,
        ..AdamConfig::new(0.1)
    };
    resumes(&AdamConfig::new(0.1), &amsgrad);
    resumes(&amsgrad, &AdamConfig::new(0.7));
}

#[test]
fn adagrad_resumes_bit_for_bit() {
    resumes(&AdagradConfig::new(0.1), &AdagradConfig::new(0.7));
}

#[test]
fn a_saved_state_does_not_follow_later_steps() {
    let mut optimizer = fresh(&AdamConfig::new(0.1), Kind::Double);
    train(&mut optimizer, 0..2);
    let state = optimizer.state().unwrap();
    let before = all_bits(&optimizer);
    train(&mut optimizer, 2..4);
    optimizer.load_state(&state).unwrap();
    train(&mut optimizer, 2..4);
    optimizer.load_state(&state).unwrap();
    assert_eq!(all_bits(&optimizer), before);
}

/// The message of a refused load, after which the optimiser must be as before.
fn refusal<R: UpdateRule>(optimizer: &mut Optimizer<R>, state: &Checkpoint) -> String {
    let before = all_bits(optimizer);
    let error = optimizer.load_state(state).unwrap_err();
    assert_eq!(all_bits(optimizer), before);
    error.to_string()
}

#[test]
fn another_optimiser_is_named() {
    let state = fresh(&SgdConfig::new(0.1), Kind::Double).state().unwrap();
    let message = refusal(&mut fresh(&AdamConfig::new(0.1), Kind::Double), &state);
    assert!(
        message.contains("RiemannianAdam") && message.contains("RiemannianSgd"),
        "{message}"
    );
}

#[test]
fn another_kind_shape_or_count_is_named() {
    let adam = AdamConfig::new(0.1);
    let mut optimizer = fresh(&adam, Kind::Double);
    let floats = fresh(&adam, Kind::Float).state().unwrap();
    let message = refusal(&mut optimizer, &floats);
    assert!(
        message.contains("Double") && message.contains("Float"),
        "{message}"
    );

    let mut fewer_groups = Optimizer::new(Vec::new(), adam.clone()).unwrap();
    let message = refusal(&mut optimizer, &fewer_groups.state().unwrap());
    assert!(message.contains("groups: 2"), "{message}");
    fewer_groups.add_group(Vec::new(), adam.clone()).unwrap();
    let message = refusal(&mut optimizer, &fewer_groups.state().unwrap());
    assert!(message.contains("parameters in a group: 2"), "{message}");

    let single = |shape: &[i64]| Optimizer::new(vec![table(&numbers(shape, 1))], adam.clone());
    let state = single(&[4, 3]).unwrap().state().unwrap();
    let message = refusal(&mut single(&[5, 3]).unwrap(), &state);
    assert!(
        message.contains("[5, 3]") && message.contains("[4, 3]"),
        "{message}"
    );
}

#[test]
fn another_motion_is_refused() {
    let value = numbers(&[2, 3], 1);
    let space = || Box::new(holonomy::Euclidean::new(3).unwrap());
    let retraction = ManifoldParameter::new(space(), &value).unwrap();
    let geodesic = ManifoldParameter::geodesic(space(), &value).unwrap();
    let adam = AdamConfig::new(0.1);
    let state = Optimizer::new(vec![retraction], adam.clone())
        .unwrap()
        .state()
        .unwrap();
    let message = refusal(&mut Optimizer::new(vec![geodesic], adam).unwrap(), &state);
    assert!(message.contains("geodesics"), "{message}");
}

#[test]
fn a_state_with_a_missing_or_wrong_part_is_refused() {
    let adam = AdamConfig::new(0.1);
    let mut optimizer = fresh(&adam, Kind::Double);
    assert!(refusal(&mut optimizer, &Checkpoint::new()).contains("optimizer"));

    let full = optimizer.state().unwrap();
    let mut lacking = Checkpoint::new();
    lacking
        .set(
            "optimizer",
            &full.get::<serde_json::Value>("optimizer").unwrap(),
        )
        .unwrap();
    for name in full.names().filter(|name| *name != "1.momentum") {
        lacking.insert(name, full.tensor(name).unwrap()).unwrap();
    }
    assert!(refusal(&mut optimizer, &lacking).contains("1.momentum"));

    let mut off = optimizer.state().unwrap();
    off.insert("1.point", &Tensor::from_slice(&[0.0, f64::NAN, 0.0]))
        .unwrap();
    assert!(matches!(
        optimizer.load_state(&off),
        Err(Error::NotOnManifold { .. })
    ));

    let mut settings: serde_json::Value = full.get("optimizer").unwrap();
    settings["groups"][0]["config"]["beta1"] = 1.5.into();
    let mut wrong = optimizer.state().unwrap();
    wrong.set("optimizer", &settings).unwrap();
    assert!(refusal(&mut optimizer, &wrong).contains("beta1"));
}

#[test]
fn a_state_is_a_part_of_a_larger_checkpoint() {
    let mut optimizer = fresh(&AdamConfig::new(0.1), Kind::Double);
    dense_step_all(&mut optimizer);
    let before = all_bits(&optimizer);
    let mut run = Checkpoint::new();
    run.set("epoch", &3).unwrap();
    run.insert_part("optimizer", optimizer.state().unwrap());
    dense_step_all(&mut optimizer);
    optimizer.load_state(&run.part("optimizer")).unwrap();
    assert_eq!(all_bits(&optimizer), before);
}

fn dense_step_all(optimizer: &mut Optimizer<AdamConfig>) {
    train(optimizer, 1..2);
}

#[test]
fn lines_need_one_second_moment_each() {
    let mut optimizer = Optimizer::new(
        vec![ManifoldParameter::new(lines(3), &numbers(&[4, 3], 1)).unwrap()],
        AdamConfig::new(0.1),
    )
    .unwrap();
    dense_step(&mut optimizer, &numbers(&[4, 3], 2));
    let state = optimizer.state().unwrap();
    assert_eq!(state.tensor("0.second_moment").unwrap().size(), [4, 3]);
}
