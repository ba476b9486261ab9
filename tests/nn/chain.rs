//! Mirror of `src/nn/chain.rs`, `checked.rs` and `coordinates.rs`.

use holonomy::nn::{
    Checked, Clip, Coordinates, Elementwise, FermiDiracDecoder, Flat, Hyperplanes, Layer, Lift,
    Linear, Logits, Lower, PoincareLinear, PoincareLinearConfig, TangentActivation, chain,
};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::generator;
use holonomy::{Geodesic, PoincareBall};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::{features, store};

fn ball(n: i64, kappa: f64) -> PoincareBall {
    PoincareBall::new(n, kappa).unwrap()
}

#[test]
fn what_does_not_fit_is_refused_when_it_is_built() {
    let store = store(Kind::Double);
    let p = store.root();
    let mut rng = generator(1);
    let start = || chain().then(Lift::new(&ball(4, -1.0))).unwrap();
    let refusal = |layer: Box<dyn FnOnce() -> holonomy::Result<holonomy::nn::Chain>>| {
        layer().unwrap_err().to_string()
    };
    // Another width, curvature, model.
    let error = refusal(Box::new(move || start().then(Lower::new(&ball(3, -1.0)))));
    assert_eq!(
        error,
        "Chain::then: expected for layer 2 3 coordinates of the ball of κ = -1, got 4 coordinates of the ball of κ = -1"
    );
    assert!(start().then(Lower::new(&ball(4, -0.5))).is_err());
    assert!(
        start()
            .then(Lower::new(&ball(4, -1.0).lorentz().unwrap()))
            .is_err()
    );
    assert!(start().then(Clip::new(1.0).unwrap()).is_err());
    assert!(start().then(Lower::new(&ball(4, -1.0))).is_ok());
    // Learned curvatures are one only where they are one variable.
    let learned = |name| PoincareBall::new(4, p.curvature(name, -1.0).unwrap()).unwrap();
    let (a, b) = (learned("a"), learned("b"));
    let config = PoincareLinearConfig::default();
    let layer = PoincareLinear::new(&p / "l", &a, &b, config, &mut rng).unwrap();
    let net = chain().then(Lift::new(&a)).unwrap().then(layer).unwrap();
    let text = net.then(Lower::new(&a)).unwrap_err().to_string();
    assert!(text.contains("κ = -1, learned"), "{text}");
    let same = || chain().then(Lift::new(&a)).unwrap();
    assert!(same().then(Lower::new(&a.clone())).is_ok());
    assert!(same().then(Lower::new(&ball(4, -1.0))).is_err());
    // Also while they are frozen.
    p.freeze();
    assert!(same().then(Lower::new(&b)).is_err());
}

#[test]
fn flat_layers_keep_the_width_that_they_were_given() {
    let store = store(Kind::Double);
    let mut rng = generator(1);
    let net = chain()
        .then(Linear::new(store.root(), 3, 5, &mut rng).unwrap())
        .unwrap()
        .then(Elementwise::new(Tensor::relu))
        .unwrap()
        .then(Clip::new(1.0).unwrap())
        .unwrap();
    assert_eq!(net.takes().width(), Some(3));
    assert_eq!(net.gives().width(), Some(5));
    assert_eq!(net.layers().count(), 3);
    let y = net.forward_t(&features(&[4, 3]), false);
    let norms = y.square().sum_dim_intlist(-1, false, Kind::Double);
    assert!(y.min().double_value(&[]) >= 0.0 && norms.max().double_value(&[]) <= 1.0 + 1e-15);
    assert!(net.then(Lift::new(&ball(4, -1.0))).is_err());
    // A chain is a layer; an empty one does nothing.
    let empty = chain();
    let x = features(&[2, 3]);
    assert!(empty.forward_t(&x, true).equal(&x));
    let nested = chain()
        .then(chain().then(Lift::new(&ball(3, -1.0))).unwrap())
        .unwrap();
    assert!(nested.then(Lower::new(&ball(2, -1.0))).is_err());
    assert!(Coordinates::flat(2).take(&Coordinates::flat_of_any_width()));
    // Layers of any width pass on what the next one wants.
    let inner = |path: &str| {
        let linear = Linear::new(&store.root() / path, 3, 5, &mut generator(1)).unwrap();
        chain()
            .then(Clip::new(1.0).unwrap())
            .unwrap()
            .then(linear)
            .unwrap()
    };
    assert_eq!(inner("a").takes().width(), Some(3));
    let outer = chain()
        .then(Linear::new(&store.root() / "o", 2, 7, &mut generator(1)).unwrap())
        .unwrap();
    assert!(outer.then(inner("b")).is_err());
    // A module of tch, which is told whether it trains, and whose statistics take the kind of the store.
    let mut other = super::store(Kind::Double);
    let norm = tch::nn::batch_norm1d(other.root(), 3, tch::nn::BatchNormConfig::default());
    other.set_kind(Kind::Double).unwrap();
    let norm = Flat::new(norm, 3, 3);
    assert!(!norm.forward_t(&x, true).equal(&norm.forward_t(&x, false)));
    let normed = chain().then(norm).unwrap();
    assert!(normed.then(Lift::new(&ball(4, -1.0))).is_err());
}

#[test]
fn checked_layers_name_what_left_the_space() {
    let ball = ball(3, -1.0);
    let layer = chain()
        .then(Lower::new(&ball))
        .unwrap()
        .then(Lift::new(&ball))
        .unwrap();
    let checked = Checked::new(layer, &ball, &ball);
    let x = Tensor::from_slice2(&[[0.1, 0.2, 0.3], [0.9, 0.9, 0.9]]);
    assert!(
        (checked.forward_t(&x.narrow(0, 0, 1), true) - x.get(0))
            .abs()
            .max()
            .double_value(&[])
            < 1e-15
    );
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| checked.forward_t(&x, true)));
    let text = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(
        text.contains("input of") && text.contains("row 1 is not a point"),
        "{text}"
    );
    // A layer that leaves the space.
    let broken = TangentActivation::new(&ball, &ball, |v: &Tensor| v / 0.0).unwrap();
    let checked = Checked::new(broken, &ball, &ball);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        checked.forward_t(&x.narrow(0, 0, 1), true)
    }));
    let text = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("output of TangentActivation"), "{text}");
}

#[test]
#[should_panic(
    expected = "Checked::new: expected 3 coordinates of the ball of κ = -1, got 3 coordinates of the ball of κ = -2"
)]
fn checked_layers_have_the_spaces_that_are_named() {
    let layer = Lower::new(&ball(3, -1.0));
    let _ = Checked::new(layer, &ball(3, -2.0), &ball(3, -1.0));
}

#[test]
fn a_network_learns_and_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    for kind in [Kind::Float, Kind::Double] {
        let build = |seed| {
            let store = store(kind);
            let p = store.root();
            let mut rng = generator(seed);
            let ball = PoincareBall::new(6, p.curvature("kappa", -1.0).unwrap()).unwrap();
            let config = PoincareLinearConfig::default();
            let net = chain()
                .then(Linear::new(&p / "in", 2, 6, &mut rng).unwrap())
                .unwrap()
                .then(Clip::new(1.0).unwrap())
                .unwrap()
                .then(Lift::new(&ball))
                .unwrap()
                .then(PoincareLinear::new(&p / "l", &ball, &ball, config, &mut rng).unwrap())
                .unwrap()
                .then(Hyperplanes::new(&p / "head", &ball, 2, Logits::Ganea, &mut rng).unwrap())
                .unwrap();
            (store, net)
        };
        let (store, net) = build(1);
        let x = features(&[100, 2]).to_kind(kind);
        let labels = (x.select(1, 0) * x.select(1, 1))
            .gt(0.0)
            .to_kind(Kind::Int64);
        let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.03)).unwrap();
        for _ in 0..150 {
            adam.backward_step(&net.forward_t(&x, true).cross_entropy_for_logits(&labels))
                .unwrap();
        }
        let accuracy = |net: &holonomy::nn::Chain| {
            net.forward_t(&x, false)
                .accuracy_for_logits(&labels)
                .double_value(&[])
        };
        assert!(accuracy(&net) > 0.95, "{}", accuracy(&net));
        store.save(&path).unwrap();
        let (other, copy) = build(2);
        assert!(!copy.forward_t(&x, false).equal(&net.forward_t(&x, false)));
        other.load(&path).unwrap();
        assert!(copy.forward_t(&x, false).equal(&net.forward_t(&x, false)));
    }
}

#[test]
fn links_are_likelier_between_near_points() {
    let ball = ball(2, -1.0);
    let store = store(Kind::Double);
    let decoder = FermiDiracDecoder::new(store.root(), &ball, 2.0, 0.5).unwrap();
    let p = Tensor::from_slice2(&[[0.0, 0.0], [0.1, 0.0]]);
    let q = Tensor::from_slice2(&[[0.1, 0.0], [-0.99, 0.0]]);
    let found = decoder.probabilities(&p, &q);
    let d = ball.dist(&p, &q);
    let expected = (((d.square() - 2.0) / 0.5).exp() + 1.0).reciprocal();
    assert!((found / expected - 1.0).abs().max().double_value(&[]) < 1e-13);
    // The loss keeps its gradient where a probability is 0 in f64.
    let far = Tensor::from_slice(&[1.0 - 1e-15, 0.0]).set_requires_grad(true);
    let loss = decoder.loss((&far, &p.get(1)), (&p.get(0), &q.get(1)));
    loss.backward();
    assert!(far.grad().get(0).double_value(&[]) > 1.0);
    assert!(FermiDiracDecoder::new(&store.root() / "x", &ball, 0.0, 1.0).is_err());
}
