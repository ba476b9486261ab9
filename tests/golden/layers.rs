//! Hyperplanes and layers against 800-digit references, at distances to 300 from the origin.

use holonomy::nn::{
    HyboNetLinear, LorentzLinear, MobiusLinear, PoincareLinear, PoincareLinearConfig, Store,
    beta_concatenate,
};
use holonomy::numerics::with_tensor_formulas;
use holonomy::random::generator;
use holonomy::{Curvature, EuclideanParametrised, Lorentz, Manifold, PoincareBall};
use serde::Deserialize;
use tch::nn::ModuleT;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Cases {
    hyperplanes: Vec<Hyperplane>,
}

#[derive(Deserialize)]
struct Hyperplane {
    name: String,
    kind: String,
    model: String,
    rho: f64,
    c: f64,
    x: Vec<f64>,
    z: Vec<f64>,
    a: f64,
    h: f64,
    dx: Vec<f64>,
    dz: Vec<f64>,
    da: f64,
    dkappa: f64,
    condition: f64,
    change: f64,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("layers.json")).unwrap()
}

fn kind(name: &str) -> Kind {
    if name == "f32" {
        Kind::Float
    } else {
        Kind::Double
    }
}

fn leaf(values: &[f64], kind: Kind) -> Tensor {
    Tensor::from_slice(values)
        .to_kind(kind)
        .set_requires_grad(true)
}

fn values(t: &Tensor) -> Vec<f64> {
    Vec::<f64>::try_from(t.detach().flatten(0, -1).to_kind(Kind::Double)).unwrap()
}

fn norm(m: &dyn Manifold, x: &Tensor, error: &Tensor) -> f64 {
    m.norm(x, &m.rgrad(x, error)).double_value(&[])
}

/// The Riemannian length of the error of a gradient by x; the exact one has length 1.
fn length(case: &Hyperplane, found: &Tensor) -> f64 {
    let error: Vec<f64> = values(found)
        .iter()
        .zip(&case.dx)
        .map(|(a, b)| a - b)
        .collect();
    let (x, error) = (Tensor::from_slice(&case.x), Tensor::from_slice(&error));
    let n = case.z.len() as i64;
    match case.model.as_str() {
        "ball" => norm(&PoincareBall::new(n, -case.c).unwrap(), &x, &error),
        "lorentz" => {
            let error = Tensor::cat(&[error.zeros_like().narrow(0, 0, 1), error], 0);
            let space = Lorentz::new(n, -case.c).unwrap();
            norm(&space, &space.project(&x), &error)
        }
        _ => norm(&EuclideanParametrised::new(n, -case.c).unwrap(), &x, &error),
    }
}

/// The distance and its gradients by x, z, offset and κ.
fn measured(case: &Hyperplane) -> [Tensor; 5] {
    let kind = kind(&case.kind);
    let kappa = Tensor::from(-case.c).set_requires_grad(true);
    let curvature = || Curvature::learnable(&kappa).unwrap();
    let n = case.z.len() as i64;
    let (x, z, a) = (
        leaf(&case.x, kind),
        leaf(&case.z, kind),
        leaf(&[case.a], kind),
    );
    let planes = (z.unsqueeze(0), &a);
    let distances = || match case.model.as_str() {
        "ball" => {
            let ball = PoincareBall::new(n, curvature()).unwrap();
            ball.hyperplane_distances(&x, &planes.0, planes.1)
        }
        "lorentz" => {
            let space = Lorentz::new(n, curvature()).unwrap();
            space.hyperplane_distances(&x, &planes.0, planes.1)
        }
        _ => {
            let space = EuclideanParametrised::new(n, curvature()).unwrap();
            space.hyperplane_distances(&x, &planes.0, planes.1)
        }
    };
    let h = distances();
    assert!(h.equal(&tch::no_grad(distances)), "{}", case.name);
    h.backward();
    let dx = if case.model == "lorentz" {
        x.grad().narrow(0, 1, n)
    } else {
        x.grad()
    };
    [h, dx, z.grad(), a.grad(), kappa.grad()]
}

/// The largest errors that pass, in roundings of f64 times what one rounding of each input changes.
const BOUNDS: [(&str, f64); 5] = [
    ("h", 3.0),
    ("dx", 10.0),
    ("dz", 10.0),
    ("da", 10.0),
    ("dκ", 30.0),
];

/// The errors of a case in the units of [`BOUNDS`]. What f32 rounds off once is taken out.
fn errors(case: &Hyperplane, found: &[Tensor; 5], condition: f64) -> [f64; 5] {
    let u = f64::EPSILON / 2.0;
    let round = if case.kind == "f32" {
        f64::from(f32::EPSILON)
    } else {
        0.0
    };
    let root_c = case.c.sqrt();
    let (a, h) = (root_c * case.a, root_c * case.h);
    // What a turn of the normal by one does.
    let turn = a.cosh() * case.rho.sinh() / h.cosh() / root_c;
    let z_norm = case.z.iter().map(|z| z * z).sum::<f64>().sqrt();
    let by_z = values(&found[2]).into_iter().zip(&case.dz);
    let by_z = by_z.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() * z_norm;
    let relative = |found: &Tensor, expected: f64, scale: f64| {
        let error = (values(found)[0] - expected).abs() - round * expected.abs();
        error.max(0.0) / (u * scale)
    };
    // Tangents of far points on the hyperboloid are rounded to more than that. From 60 on,
    // gradients lose the part along the direction of the point.
    let far = case.rho + a.abs();
    let by_x = if case.kind == "f32" {
        // Rounded once, to the size of the whole gradient.
        let pairs = values(&found[1]).into_iter().zip(&case.dx);
        let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let size = case.dx.iter().fold(1e-30_f64, |m, x| m.max(x.abs()));
        off / (round * size + 1e-38) * 5.0
    } else if far > 60.0 || (case.model == "lorentz" && case.rho > 30.0) {
        0.0
    } else {
        length(case, &found[1]) / (u * (a.abs().exp() + condition))
    };
    [
        relative(&found[0], case.h, condition),
        by_x,
        (by_z - round * turn).max(0.0) / (u * (turn * (1.0 + condition)).max(1e-300)),
        relative(&found[3], case.da, case.da.abs() * (1.0 + condition)),
        relative(
            &found[4],
            case.dkappa,
            condition * (1.0 + condition) / case.c,
        ),
    ]
}

#[test]
fn distances_to_hyperplanes_and_their_gradients() {
    let cases = cases();
    let mut checked = 0;
    for (formula, case) in [false, true]
        .into_iter()
        .flat_map(|f| cases.hyperplanes.iter().map(move |c| (f, c)))
    {
        let far = case.rho + (case.a * case.c.sqrt()).abs();
        // Without kernels, the matrix products end at 40.
        if formula && far > 40.0 {
            continue;
        }
        let found = if formula {
            with_tensor_formulas(|| measured(case))
        } else {
            measured(case)
        };
        let condition = [case.condition, case.change, case.h.abs(), 1e-300];
        let condition = condition.into_iter().fold(0.0, f64::max);
        // Beside a hyperplane, and far out, f64 coordinates do not tell the distance.
        if condition * f64::EPSILON > 1e-3 {
            continue;
        }
        for ((what, bound), error) in BOUNDS.into_iter().zip(errors(case, &found, condition)) {
            assert!(
                error <= bound,
                "{what} of {}: {error:.1}, formula: {formula}",
                case.name
            );
        }
        checked += 1;
    }
    assert!(checked > 500, "{checked}");
}

#[derive(Deserialize)]
struct Layers {
    linear: Vec<Shimizu>,
    lorentz_linear: Vec<Plain>,
    chen: Vec<Chen>,
    mobius_linear: Vec<Ganea>,
    concatenation: Vec<Concatenation>,
}

#[derive(Deserialize)]
struct Shimizu {
    name: String,
    kind: String,
    c: f64,
    x: Vec<f64>,
    z: Vec<Vec<f64>>,
    r: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct Plain {
    name: String,
    kind: String,
    c: f64,
    c_out: f64,
    x: Vec<f64>,
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct Chen {
    name: String,
    kind: String,
    c: f64,
    x: Vec<f64>,
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
    scale: f64,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct Ganea {
    name: String,
    kind: String,
    c: f64,
    x: Vec<f64>,
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct Concatenation {
    name: String,
    kind: String,
    c: f64,
    parts: Vec<Vec<f64>>,
    y: Vec<f64>,
}

fn matrix(rows: &[Vec<f64>]) -> Tensor {
    let flat: Vec<f64> = rows.iter().flatten().copied().collect();
    Tensor::from_slice(&flat).view([rows.len() as i64, -1])
}

/// A store whose variables, made by a layer, have these values.
fn set(store: &Store, values: &[(&str, Tensor)]) {
    for (name, value) in values {
        let mut variable = store.get(name).unwrap();
        tch::no_grad(|| variable.copy_(value));
    }
}

/// The largest error of a coordinate over the largest coordinate, in roundings of the kind.
fn roundings(found: &Tensor, expected: &[f64]) -> f64 {
    let u = if found.kind() == Kind::Float {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    } / 2.0;
    let scale = expected.iter().fold(1e-300_f64, |m, x| m.max(x.abs()));
    let pairs = values(found).into_iter().zip(expected);
    pairs.fold(0.0, |m, (a, b)| {
        let error = (a - b).abs() / (scale * u);
        assert!(!error.is_nan());
        m.max(error)
    })
}

#[test]
fn layers_between_points() {
    let all: Layers = serde_json::from_str(include_str!("layers.json")).unwrap();
    let counts = [
        all.linear.len(),
        all.lorentz_linear.len(),
        all.chen.len(),
        all.mobius_linear.len(),
        all.concatenation.len(),
    ];
    assert_eq!(counts, [30, 10, 10, 15, 8]);
    let store = |name: &str| Store::new(Device::Cpu, kind(name)).unwrap();
    let mut rng = generator(1);
    let row = |x: &[f64], name: &str| Tensor::from_slice(x).to_kind(kind(name));
    let note = |layer: &str, error: f64, name: &str| {
        assert!(error <= 32.0, "{layer} {name}: {error:.1} roundings");
    };
    for case in &all.linear {
        let store = store(&case.kind);
        let ball = |n: usize| PoincareBall::new(n as i64, -case.c).unwrap();
        let (from, to) = (ball(case.x.len()), ball(case.y.len()));
        let config = PoincareLinearConfig::default();
        let layer = PoincareLinear::new(store.root(), &from, &to, config, &mut rng).unwrap();
        set(
            &store,
            &[
                ("weight", matrix(&case.z)),
                ("bias", Tensor::from_slice(&case.r)),
            ],
        );
        let y = layer.forward_t(&row(&case.x, &case.kind), false);
        note("Shimizu", roundings(&y, &case.y), &case.name);
    }
    for case in &all.lorentz_linear {
        let store = store(&case.kind);
        let from = Lorentz::new(case.x.len() as i64 - 1, -case.c).unwrap();
        let to = Lorentz::new(case.y.len() as i64 - 1, -case.c_out).unwrap();
        let layer = LorentzLinear::new(store.root(), &from, &to, &mut rng).unwrap();
        set(
            &store,
            &[
                ("weight", matrix(&case.weight)),
                ("bias", Tensor::from_slice(&case.bias)),
            ],
        );
        let y = layer.forward_t(&row(&case.x, &case.kind), false);
        // The matrix product may cancel.
        let size = case.x[0] * matrix(&case.weight).abs().max().double_value(&[]);
        let lost = (size / case.y[0]).max(1.0);
        note("Lorentz", roundings(&y, &case.y) / lost, &case.name);
    }
    for case in &all.chen {
        let store = store(&case.kind);
        let from = Lorentz::new(case.x.len() as i64 - 1, -case.c).unwrap();
        let to = Lorentz::new(case.y.len() as i64 - 1, -case.c).unwrap();
        let layer = HyboNetLinear::new(store.root(), &from, &to, &mut rng).unwrap();
        let scale = Tensor::from(case.scale);
        set(
            &store,
            &[
                ("weight", matrix(&case.weight)),
                ("bias", Tensor::from_slice(&case.bias)),
                ("scale", scale),
            ],
        );
        let y = layer.forward_t(&row(&case.x, &case.kind), false);
        note("HyboNet", roundings(&y, &case.y), &case.name);
    }
    for case in &all.mobius_linear {
        let store = store(&case.kind);
        let ball = |n: usize| PoincareBall::new(n as i64, -case.c).unwrap();
        let (from, to) = (ball(case.x.len()), ball(case.y.len()));
        let layer = MobiusLinear::new(store.root(), &from, &to, &mut rng).unwrap();
        set(
            &store,
            &[
                ("weight", matrix(&case.weight)),
                ("bias", Tensor::from_slice(&case.bias)),
            ],
        );
        let y = layer.forward_t(&row(&case.x, &case.kind), false);
        note("Ganea", roundings(&y, &case.y), &case.name);
    }
    for case in &all.concatenation {
        let parts: Vec<Tensor> = case
            .parts
            .iter()
            .map(|part| row(part, &case.kind))
            .collect();
        let ball = PoincareBall::new(case.y.len() as i64, -case.c).unwrap();
        note(
            "concatenation",
            roundings(&beta_concatenate(&ball, &parts), &case.y),
            &case.name,
        );
    }
}
