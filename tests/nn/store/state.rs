//! Mirror of `src/nn/store/state.rs`.

use holonomy::checkpoint::Checkpoint;
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::{Error, PoincareBall};
use tch::{Kind, Tensor};

use super::super::{DOUBLE, store};
use super::{Everything, bits, disk, refusal};

#[test]
fn a_store_is_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for kind in [Kind::Double, Kind::Float] {
        let (saved, other) = (store(kind), store(kind));
        let model = Everything::new(&saved.root(), 1);
        let mut adam = RiemannianAdam::over(&saved, AdamConfig::new(0.03)).unwrap();
        for _ in 0..5 {
            adam.backward_step(&model.loss()).unwrap();
        }
        saved.save(&path).unwrap();
        let copy = Everything::new(&other.root(), 2);
        assert_ne!(bits(&copy.loss()), bits(&model.loss()));
        other.load(&path).unwrap();
        for name in saved.names() {
            assert_eq!(
                bits(&saved.get(&name).unwrap()),
                bits(&other.get(&name).unwrap()),
                "{name}"
            );
        }
        assert_eq!(bits(&copy.loss()), bits(&model.loss()));
        assert_eq!(
            copy.ball.curvature().value(),
            model.ball.curvature().value()
        );
        assert!(copy.points.requires_grad());
    }
}

#[test]
fn an_interrupted_training_goes_on_bit_for_bit() {
    let build = |seed| {
        let store = store(Kind::Double);
        let model = Everything::new(&store.root(), seed);
        let adam = RiemannianAdam::over(&store, AdamConfig::new(0.03)).unwrap();
        (store, model, adam)
    };
    let (whole, model, mut adam) = build(1);
    let mut interrupted = None;
    for step in 0..12 {
        if step == 5 {
            let mut all = Checkpoint::new();
            all.insert_part("model", whole.state().unwrap());
            all.insert_part("optimizer", adam.state().unwrap());
            interrupted = Some(all);
        }
        adam.backward_step(&model.loss()).unwrap();
    }
    let all = interrupted.unwrap();
    let (resumed, model, mut adam) = build(2);
    resumed.load_state(&all.part("model")).unwrap();
    adam.load_state(&all.part("optimizer")).unwrap();
    for _ in 5..12 {
        adam.backward_step(&model.loss()).unwrap();
    }
    for name in whole.names() {
        assert_eq!(
            bits(&whole.get(&name).unwrap()),
            bits(&resumed.get(&name).unwrap()),
            "{name}"
        );
    }
}

#[test]
fn a_file_that_does_not_fit_changes_nothing() {
    let here = store(Kind::Double);
    let _model = Everything::new(&here.root(), 1);
    let good = here.state().unwrap();
    let before: Vec<_> = here
        .names()
        .iter()
        .map(|n| bits(&here.get(n).unwrap()))
        .collect();
    let refused = |state: &Checkpoint| {
        let error = here.load_state(state).unwrap_err();
        let after: Vec<_> = here
            .names()
            .iter()
            .map(|n| bits(&here.get(n).unwrap()))
            .collect();
        assert_eq!(before, after);
        error
    };
    let with = |name: &str, value: &Tensor| {
        let mut state = good.clone();
        state.insert(name, value).unwrap();
        state
    };
    // Another kind, another shape.
    let weight = here.get("linear.weight").unwrap();
    let error = refused(&with("linear.weight", &weight.to_kind(Kind::Float)));
    assert!(error.to_string().contains("of kind Double"), "{error}");
    let error = refused(&with("linear.weight", &weight.tr()));
    assert!(error.to_string().contains("[4, 2]"), "{error}");
    // A number that is none, a point outside, a curvature with which points are outside.
    let error = refused(&with("linear.weight", &(&weight / 0.0)));
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = refused(&with("ball", &Tensor::full([3, 2], 2.0, DOUBLE)));
    assert!(
        matches!(
            error,
            Error::NotOnManifold {
                op: "Store::load",
                ..
            }
        ),
        "{error}"
    );
    let mut curved = with(
        "c",
        &Tensor::from(holonomy::Curvature::softplus_start(-1e6)),
    );
    let error = refused(&curved);
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    curved = with("mean", &Tensor::from(9.0));
    here.load_state(&curved).unwrap();
    here.load_state(&good).unwrap();
    // Another space, other names, no store at all.
    let other = store(Kind::Double);
    let p = other.root();
    let _ = p.point(
        "p",
        &PoincareBall::new(2, -2.0).unwrap(),
        &Tensor::from_slice(&[0.1, 0.2]),
    );
    let same = store(Kind::Double);
    let _ = same
        .root()
        .point("p", &disk(), &Tensor::from_slice(&[0.1, 0.2]));
    let error = refusal(same.load_state(&other.state().unwrap()));
    assert!(error.contains("expected \"p\" to be PoincareBall with points [2] of κ = [-1.0], got PoincareBall with points [2] of κ = [-2.0]"), "{error}");
    let flat = store(Kind::Double);
    let _ = flat
        .root()
        .variable("p", &Tensor::from_slice(&[0.1, 0.2]))
        .unwrap();
    assert!(same.load_state(&flat.state().unwrap()).is_err());
    let error = refusal(here.load_state(&other.state().unwrap()));
    assert!(
        error.contains("got variables [\"p\"] and not variables [\"ball\""),
        "{error}"
    );
    assert!(here.load_state(&Checkpoint::new()).is_err());
}

#[test]
fn states_of_an_optimiser_know_the_names_of_variables() {
    let build = |names: [&str; 2]| {
        let store = store(Kind::Double);
        for name in names {
            let _ = store.root().variable(name, &Tensor::from(1.0)).unwrap();
        }
        RiemannianAdam::over(&store, AdamConfig::new(0.1)).unwrap()
    };
    let state = build(["a", "b"]).state().unwrap();
    assert!(build(["b", "a"]).load_state(&state).is_ok());
    let error = refusal(build(["a", "c"]).load_state(&state));
    assert!(error.contains("parameter 1 named c, got b"), "{error}");
}
