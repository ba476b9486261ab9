//! Laws that every layer between hyperbolic spaces keeps.

mod each;
pub(super) mod sets;

use holonomy::nn::{
    Clip, HyboNetLinear, HyperbolicModel, Hyperplanes, Layer, LayerNorm, Lift, Logits,
    LorentzActivation, LorentzLinear, Lower, MobiusLinear, Path, PoincareLinear,
    PoincareLinearConfig, Store, TangentActivation,
};
use holonomy::random::generator;
use holonomy::{Curvature, Lorentz, Manifold, PoincareBall};
use tch::{Device, Kind, Tensor};

use super::{features, store};

/// A layer with its store, and what goes in and comes out.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) store: Store,
    pub(super) layer: Box<dyn Layer>,
    pub(super) from: Side,
    to: Side,
}

/// Points of a space, or flat numbers of a width.
pub(super) enum Side {
    Ball(PoincareBall),
    Lorentz(Lorentz),
    Flat(i64),
}

impl Side {
    /// Points at these tangents at the origin.
    pub(super) fn at(&self, v: &Tensor) -> Tensor {
        match self {
            Self::Ball(ball) => ball.exp_at_origin(v),
            Self::Lorentz(space) => space.exp_at_origin(v),
            Self::Flat(_) => v.shallow_clone(),
        }
    }

    pub(super) fn dim(&self) -> i64 {
        match self {
            Self::Ball(ball) => ball.dim(),
            Self::Lorentz(space) => space.dim(),
            Self::Flat(n) => *n,
        }
    }

    fn check(&self, x: &Tensor) -> holonomy::Result<()> {
        match self {
            Self::Ball(ball) => ball.check_point(x),
            Self::Lorentz(space) => space.check_point(x),
            Self::Flat(_) => {
                assert_eq!(x.isfinite().all().int64_value(&[]), 1);
                Ok(())
            }
        }
    }
}

const NAMES: [&str; 19] = [
    "lift to ball",
    "lift to hyperboloid",
    "lower from ball",
    "lower from hyperboloid",
    "Shimizu in the ball",
    "Shimizu on the hyperboloid",
    "Shimizu without bias",
    "Ganea",
    "Lorentz",
    "HyboNet",
    "tangent activation",
    "Lorentz activation",
    "Ganea's logits",
    "Ganea's logits on the hyperboloid",
    "Shimizu's logits",
    "Bdeir's logits",
    "clip",
    "layer norm in the ball",
    "layer norm on the hyperboloid",
];

/// Spaces of two curvatures.
struct Spaces {
    b3: PoincareBall,
    other_b3: PoincareBall,
    b4: PoincareBall,
    other_b4: PoincareBall,
    l3: Lorentz,
    other_l4: Lorentz,
}

impl Spaces {
    fn new(a: &Curvature, b: &Curvature) -> Self {
        let ball = |n, kappa: &Curvature| PoincareBall::new(n, kappa.clone()).unwrap();
        let space = |n, kappa: &Curvature| Lorentz::new(n, kappa.clone()).unwrap();
        Self {
            b3: ball(3, a),
            other_b3: ball(3, b),
            b4: ball(4, a),
            other_b4: ball(4, b),
            l3: space(3, a),
            other_l4: space(4, b),
        }
    }

    fn head<M: HyperbolicModel>(path: &Path, space: &M, logits: Logits) -> Box<dyn Layer> {
        Box::new(Hyperplanes::new(path, space, 4, logits, &mut generator(7)).unwrap())
    }

    fn layer(&self, name: &str, path: &Path) -> (Box<dyn Layer>, Side, Side) {
        let rng = &mut generator(7);
        let (b3, l3) = (&self.b3, &self.l3);
        let (b4, l4) = (&self.other_b4, &self.other_l4);
        let config = PoincareLinearConfig {
            without_bias: name.ends_with("bias"),
            ..Default::default()
        };
        let ball = |ball: &PoincareBall| Side::Ball(ball.clone());
        let space = |space: &Lorentz| Side::Lorentz(space.clone());
        let layer: Box<dyn Layer> = match name {
            "lift to ball" => return (Box::new(Lift::new(b3)), Side::Flat(3), ball(b3)),
            "lift to hyperboloid" => return (Box::new(Lift::new(l3)), Side::Flat(3), space(l3)),
            "lower from ball" => return (Box::new(Lower::new(b3)), ball(b3), Side::Flat(3)),
            "lower from hyperboloid" => {
                return (Box::new(Lower::new(l3)), space(l3), Side::Flat(3));
            }
            "clip" => {
                let clip = Clip::new(0.8).unwrap();
                return (Box::new(clip), Side::Flat(3), Side::Flat(3));
            }
            "layer norm in the ball" => {
                let layer = LayerNorm::new(path, b3, 1e-5).unwrap();
                return (Box::new(layer), ball(b3), ball(b3));
            }
            "layer norm on the hyperboloid" => {
                let layer = LayerNorm::new(path, l3, 1e-5).unwrap();
                return (Box::new(layer), space(l3), space(l3));
            }
            "Ganea" => {
                let layer = MobiusLinear::new(path, b3, &self.b4, rng).unwrap();
                return (Box::new(layer), ball(b3), ball(&self.b4));
            }
            "tangent activation" => {
                let other = &self.other_b3;
                let layer = TangentActivation::new(b3, other, Tensor::tanh).unwrap();
                return (Box::new(layer), ball(b3), ball(other));
            }
            "Lorentz activation" => {
                let layer = LorentzActivation::new(l3, Tensor::tanh);
                return (Box::new(layer), space(l3), space(l3));
            }
            "Ganea's logits" => Self::head(path, b3, Logits::Ganea),
            "Ganea's logits on the hyperboloid" => Self::head(path, l3, Logits::Ganea),
            "Shimizu's logits" => Self::head(path, b3, Logits::Shimizu),
            "Bdeir's logits" => Self::head(path, l3, Logits::Bdeir),
            "Lorentz" => Box::new(LorentzLinear::new(path, l3, l4, rng).unwrap()),
            "HyboNet" => Box::new(HyboNetLinear::new(path, l3, l4, rng).unwrap()),
            "Shimizu on the hyperboloid" => {
                Box::new(PoincareLinear::new(path, l3, l4, config, rng).unwrap())
            }
            _ => Box::new(PoincareLinear::new(path, b3, b4, config, rng).unwrap()),
        };
        let on_hyperboloid = name.contains("hyperboloid") || name.contains("Bdeir");
        match (
            name.contains("logits"),
            on_hyperboloid || layer.takes().width() == Some(4),
        ) {
            (true, false) => (layer, ball(b3), Side::Flat(4)),
            (true, true) => (layer, space(l3), Side::Flat(4)),
            (false, false) => (layer, ball(b3), ball(b4)),
            (false, true) => (layer, space(l3), space(l4)),
        }
    }
}

/// A number, or a variable.
fn curvature(path: &Path, name: &str, kappa: f64, learned: bool) -> Curvature {
    if learned {
        path.curvature(name, kappa).unwrap()
    } else {
        kappa.into()
    }
}

/// Every layer from dimension 3, at two curvatures that are learned where `learned` says so. Variables lie
/// away from the zeros at which some start.
pub(super) fn cases(kind: Kind, learned: bool) -> Vec<Case> {
    let case = |name: &'static str| {
        let store = store(kind);
        let p = store.root();
        let curvature = |name, kappa| curvature(&p, name, kappa, learned);
        let spaces = Spaces::new(&curvature("a", -0.7), &curvature("b", -1.9));
        let (layer, from, to) = spaces.layer(name, &(&p / "l"));
        disturb(&store, |variable, leaf, more| match (name, variable) {
            (_, "l.points") => from.at(&numbers(&[4, 3], 9).to_kind(kind)),
            ("Ganea", "l.bias") => to.at(&more.to_kind(kind)),
            _ => leaf + more,
        });
        Case {
            name,
            store,
            layer,
            from,
            to,
        }
    };
    NAMES.into_iter().map(case).collect()
}

/// Gives the variables of the layer the values that a function makes of name, value and small numbers.
fn disturb(store: &Store, value: impl Fn(&str, &Tensor, &Tensor) -> Tensor) {
    let names = store
        .names()
        .into_iter()
        .filter(|name| name.starts_with("l."));
    for (i, variable) in names.enumerate() {
        let mut leaf = store.get(&variable).unwrap();
        let more = numbers(&leaf.size(), i as i64) * 0.2;
        let value = value(&variable, &leaf, &more);
        tch::no_grad(|| leaf.copy_(&value));
    }
}

/// Numbers of a shape, others for another seed.
fn numbers(size: &[i64], seed: i64) -> Tensor {
    let count: i64 = size.iter().product();
    features(&[count + seed]).narrow(0, seed, count).view(size)
}

#[test]
fn results_lie_in_the_space_that_the_layer_names() {
    for kind in [Kind::Double, Kind::Float] {
        for case in cases(kind, false) {
            let v = features(&[40, case.from.dim()]).to_kind(kind);
            for scale in [0.0, 1e-9, 0.3, 2.0, 6.0, 30.0] {
                let x = case.from.at(&(&v * scale));
                let y = case.layer.forward_t(&x, true);
                case.to
                    .check(&y)
                    .unwrap_or_else(|e| panic!("{} at {scale}: {e}", case.name));
                assert_eq!(y.kind(), kind);
                let width = case.layer.gives().width();
                assert!(
                    width.is_none_or(|n| n == *y.size().last().unwrap()),
                    "{}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn batches_have_any_shape() {
    for case in cases(Kind::Double, false) {
        let n = case.from.dim();
        let x = case.from.at(&(features(&[2, 5, n]) * 0.4));
        let y = case.layer.forward_t(&x, false);
        let width = *y.size().last().unwrap();
        assert_eq!(y.size(), [2, 5, width], "{}", case.name);
        let one = case.layer.forward_t(&x.get(1).get(3), false);
        let error = (&one - y.get(1).get(3)).abs().max().double_value(&[]);
        assert!(error < 1e-14, "{} {error:e}", case.name);
        let none = case.layer.forward_t(&x.narrow(1, 0, 0), false);
        assert_eq!(none.size(), [2, 0, width], "{}", case.name);
    }
}

#[test]
fn gradients_are_those_of_differences() {
    for case in cases(Kind::Double, true) {
        has_gradients_of_differences(&case, &(features(&[6, case.from.dim()]) * 0.5));
    }
}

/// By the input at these tangents, and by each variable.
fn has_gradients_of_differences(case: &Case, v: &Tensor) {
    let (v, step) = (v.copy().set_requires_grad(true), 1e-5);
    let loss = || {
        let y = case.layer.forward_t(&case.from.at(&v), true);
        let weights = features(&[y.numel() as i64]).view(y.size().as_slice());
        (y * weights).sum(Kind::Double)
    };
    loss().backward();
    let mut leaves = vec![("input".to_owned(), v.shallow_clone())];
    for name in case.store.names() {
        leaves.push((name.clone(), case.store.get(&name).unwrap()));
    }
    let all: Vec<(String, Tensor)> = leaves.iter().map(|(n, t)| (n.clone(), t.grad())).collect();
    for ((name, leaf), (_, gradient)) in leaves.iter().zip(&all) {
        // Of a point on the hyperboloid, along its tangent space alone.
        if name == "l.points" && matches!(case.from, Side::Lorentz(_)) || leaf.numel() == 0 {
            continue;
        }
        let direction = features(&[leaf.numel() as i64 + 2]).narrow(0, 2, leaf.numel() as i64);
        let direction = direction.view(leaf.size().as_slice());
        let moved = |t: f64| {
            tch::no_grad(|| {
                let start = leaf.copy();
                let mut leaf = leaf.shallow_clone();
                leaf.copy_(&(&start + &direction * t));
                let loss = loss().double_value(&[]);
                leaf.copy_(&start);
                loss
            })
        };
        let expected = (moved(step) - moved(-step)) / (2.0 * step);
        let got = if gradient.defined() {
            (gradient * &direction).sum(Kind::Double).double_value(&[])
        } else {
            0.0
        };
        let error = (got - expected).abs() / (1.0 + expected.abs());
        assert!(error < 1e-7, "{} by {name}: {got} {expected}", case.name);
    }
}

#[test]
fn gradients_at_the_origin_are_finite_and_not_lost() {
    for case in cases(Kind::Double, true) {
        let v = Tensor::zeros([2, case.from.dim()], (Kind::Double, Device::Cpu))
            .set_requires_grad(true);
        let y = case.layer.forward_t(&case.from.at(&v), true);
        let weights = features(&[y.numel() as i64]).view(y.size().as_slice());
        (y * weights).sum(Kind::Double).backward();
        let gradient = v.grad();
        assert_eq!(
            gradient.isfinite().all().int64_value(&[]),
            1,
            "{}",
            case.name
        );
        assert!(
            gradient.abs().min().double_value(&[]) > 0.0,
            "{}",
            case.name
        );
        for name in case.store.names() {
            let gradient = case.store.get(&name).unwrap().grad();
            assert!(!gradient.defined() || gradient.isfinite().all().int64_value(&[]) == 1);
        }
    }
}
