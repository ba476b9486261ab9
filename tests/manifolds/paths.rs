//! Kernels, tensor formulas, and operations that are recorded for a gradient, mean the same.

use std::rc::Rc;

use holonomy::StiefelMetric::{Canonical, Euclidean as Ambient};
use holonomy::numerics::with_tensor_formulas;
use holonomy::{
    Euclidean, EuclideanParametrised, Flag, Geodesic, Grassmann, Lorentz, Manifold, Oblique,
    PoincareBall, Power, Product, Retraction, Sample, Scaled, Space, SpdAffineInvariant,
    SpdBuresWasserstein, SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal,
    Sphere, Stiefel,
};
use tch::{Kind, Tensor, no_grad};

use super::{DOUBLE, far_points, relative_error, seeded};

/// A function of two points and two tangents at the first.
type Operation = Box<dyn Fn(&[Tensor; 4]) -> Tensor>;
type Named = Vec<(&'static str, Operation)>;

/// The operations of one manifold, and where they are looked at.
struct Case {
    manifold: String,
    arguments: [Tensor; 4],
    operations: Named,
    /// What formulas may be off relative to the largest number, in f64 and in f32.
    tolerance: [f64; 2],
}

/// A closure over a shared manifold, as an operation of this name.
macro_rules! operation {
    ($m:ident, $name:expr, |$arguments:pat_param| $value:expr) => {{
        let $m = Rc::clone($m);
        let operation: Operation = Box::new(move |$arguments| $value);
        ($name, operation)
    }};
}

fn of_manifold<M: Manifold + 'static>(m: &Rc<M>) -> Named {
    vec![
        operation!(m, "point_defect", |[p, ..]| m.point_defect(p)),
        operation!(m, "tangent_defect", |[p, _, u, _]| m.tangent_defect(p, u)),
        operation!(m, "project", |[p, _, u, _]| m.project(&(p + u * 0.1))),
        operation!(m, "project_tangent", |[p, q, ..]| m.project_tangent(p, q)),
        operation!(m, "inner", |[p, _, u, v]| m.inner(p, u, v)),
        operation!(m, "norm", |[p, _, u, _]| m.norm(p, u)),
        operation!(m, "rgrad", |[p, _, u, _]| m.rgrad(p, u)),
        operation!(m, "retract", |[p, _, u, _]| m.retract(p, u)),
        operation!(m, "vector_transport", |[p, q, u, _]| m
            .vector_transport(p, q, u)),
        operation!(m, "where retract_transport goes", |[p, _, u, v]| m
            .retract_transport(p, u, v)
            .0),
        operation!(m, "retract_transport", |[p, _, u, v]| m
            .retract_transport(p, u, v)
            .1),
    ]
}

fn of_geodesic<M: Geodesic + 'static>(m: &Rc<M>) -> Named {
    vec![
        operation!(m, "exp", |[p, _, u, _]| m.exp(p, u)),
        operation!(m, "log", |[p, q, ..]| m.log(p, q)),
        operation!(m, "dist", |[p, q, ..]| m.dist(p, q)),
        operation!(m, "parallel_transport", |[p, q, u, _]| m
            .parallel_transport(p, q, u)),
        operation!(m, "where exp_transport goes", |[p, _, u, v]| m
            .exp_transport(p, u, v)
            .0),
        operation!(m, "exp_transport", |[p, _, u, v]| m
            .exp_transport(p, u, v)
            .1),
    ]
}

/// Points and tangents of length 0.3 from each other.
fn near<M: Manifold + Sample>(m: &M, scale: f64) -> [Tensor; 4] {
    let mut rng = seeded(5);
    let p = m.random_point(&mut rng, &[40], DOUBLE);
    let mut tangent = || {
        let v = m.random_tangent(&mut rng, &p);
        let length = m.norm(&p, &v).reshape(
            [-1].iter()
                .copied()
                .chain(vec![1; m.point_shape().len()])
                .collect::<Vec<i64>>(),
        );
        v * (0.3 * scale) / length
    };
    let [way, u, v] = [(); 3].map(|()| tangent());
    let q = m.retract(&p, &way);
    [p, q, u, v]
}

fn bare<M: Manifold + Sample + 'static>(m: M, more: impl FnOnce(&Rc<M>) -> Named) -> Case {
    let m = Rc::new(m);
    let mut operations = of_manifold(&m);
    operations.extend(more(&m));
    Case {
        manifold: format!("{m:?}"),
        arguments: near(&*m, 1.0),
        operations,
        tolerance: [1e-12, 3e-6],
    }
}

fn whole<M: Geodesic + Sample + 'static>(m: M, more: impl FnOnce(&Rc<M>) -> Named) -> Case {
    bare(m, |m| {
        let mut operations = of_geodesic(m);
        operations.extend(more(m));
        operations
    })
}

fn space<M: Geodesic + Sample + 'static>(m: M) -> Case {
    whole(m, |_| Vec::new())
}

/// Hyperbolic space, with points and tangents at this distance.
fn hyperbolic<M: Geodesic + Sample + 'static>(
    m: M,
    (distance, tolerance): (f64, [f64; 2]),
    more: impl FnOnce(&Rc<M>) -> Named,
) -> Case {
    let p = far_points(&m, 1, 90, distance);
    let q = far_points(&m, 2, 90, distance);
    let mut rng = seeded(3);
    let [u, v] = [(); 2].map(|()| m.random_tangent(&mut rng, &p));
    Case {
        arguments: [p, q, u, v],
        tolerance,
        ..whole(m, more)
    }
}

fn flag_operations(m: &Rc<Flag>) -> Named {
    vec![
        operation!(m, "exp", |[p, _, u, _]| m.exp(p, u)),
        operation!(m, "chordal_dist", |[p, q, ..]| m.chordal_dist(p, q)),
        operation!(m, "retract_qr", |[p, _, u, _]| m.retract_qr(p, u)),
    ]
}

fn bures_operations(m: &Rc<SpdBuresWasserstein>) -> Named {
    vec![
        operation!(m, "exp", |[p, _, u, _]| m.exp(p, u)),
        operation!(m, "log", |[p, q, ..]| m.log(p, q)),
        operation!(m, "dist", |[p, q, ..]| m.dist(p, q)),
    ]
}

fn frame_operations(m: &Rc<Stiefel>) -> Named {
    vec![operation!(m, "exp", |[p, _, u, _]| m.exp(p, u))]
}

fn subspace_operations(m: &Rc<Grassmann>) -> Named {
    vec![
        operation!(m, "chordal_dist", |[p, q, ..]| m.chordal_dist(p, q)),
        operation!(m, "projection_dist", |[p, q, ..]| m.projection_dist(p, q)),
    ]
}

fn normal_operations(m: &Rc<EuclideanParametrised>) -> Named {
    vec![
        operation!(m, "to_frame", |[p, _, u, _]| m.to_frame(p, u)),
        operation!(m, "from_frame", |[p, _, u, _]| m.from_frame(p, u)),
        operation!(m, "exp_in_frame", |[p, _, u, _]| m.exp_in_frame(p, u)),
        operation!(m, "log_in_frame", |[p, q, ..]| m.log_in_frame(p, q)),
        operation!(m, "transport_in_frame", |[p, q, u, _]| m
            .transport_in_frame(p, q, u)),
        operation!(m, "hyperplane_distance", |[p, q, _, v]| m
            .hyperplane_distance(p, v, &q.narrow(-1, 0, 1))),
    ]
}

fn centroid(m: &Rc<Lorentz>) -> Named {
    vec![operation!(m, "centroid", |[p, q, ..]| {
        let points = Tensor::stack(&[p, q, p], -2);
        let weights = Tensor::from_slice(&[0.5, 1.0, 0.25]).to_kind(p.kind());
        m.centroid(&points, &weights.expand([p.size()[0], 3], false))
    })]
}

fn cases() -> holonomy::Result<Vec<Case>> {
    let stiefel = |n, k, metric, retraction| {
        Ok(bare(
            Stiefel::new(n, k, metric)?.with_retraction(retraction),
            frame_operations,
        ))
    };
    let product = Product::new(vec![
        Box::new(PoincareBall::new(2, -1.0)?) as Box<dyn Space>,
        Box::new(Sphere::new(2, 1.0)?),
        Box::new(Euclidean::new(3)?),
    ])?;
    let mut cases = vec![
        space(Euclidean::new(3)?),
        space(Sphere::new(2, 0.3)?),
        whole(Grassmann::new(5, 2)?, subspace_operations),
        whole(Grassmann::new(4, 1)?, subspace_operations),
        space(SpdAffineInvariant::new(3)?),
        space(SpdLogEuclidean::new(3)?),
        space(SpdLogCholesky::new(3)?),
        bare(SpdBuresWasserstein::new(3)?, bures_operations),
        stiefel(5, 2, Ambient, Retraction::Polar)?,
        stiefel(5, 2, Canonical, Retraction::Qr)?,
        stiefel(4, 3, Canonical, Retraction::Cayley)?,
        space(SpecialOrthogonal::new(2)?),
        space(SpecialOrthogonal::new(3)?),
        space(SpecialOrthogonal::new(5)?),
        space(SpecialEuclidean::new(3)?),
        bare(Flag::new(6, &[1, 3])?, flag_operations),
        bare(Flag::new(4, &[1, 2, 3])?, flag_operations),
        space(product),
        space(Power::new(Grassmann::new(4, 2)?, 2)?),
        space(Scaled::new(Sphere::new(2, 1.0)?, 0.5)?),
        space(Oblique::new(3, 4)?),
        space(PoincareBall::new(2, -1.0)?.with_straight_retraction(PoincareBall::STRAIGHT_EDGE)?),
    ];
    // The formulas on the hyperboloid lose e^{2r} roundings at distance r from the origin, and so does
    // a step in f32 whose end is rounded before a tangent is moved there.
    for at in [(0.1, [1e-12, 3e-6]), (3.0, [1e-8, 1e-3])] {
        cases.extend([
            hyperbolic(PoincareBall::new(1, -1.0)?, at, |_| Vec::new()),
            hyperbolic(PoincareBall::new(5, -0.3)?, at, |_| Vec::new()),
            hyperbolic(Lorentz::new(1, -1.0)?, at, centroid),
            hyperbolic(Lorentz::new(5, -3.0)?, at, centroid),
            hyperbolic(EuclideanParametrised::new(1, -1.0)?, at, normal_operations),
            hyperbolic(EuclideanParametrised::new(5, -0.3)?, at, normal_operations),
        ]);
    }
    Ok(cases)
}

/// An operation's value where a gradient is recorded, and the gradient of a sum of its entries with
/// respect to all arguments.
fn recorded(operation: &Operation, arguments: &[Tensor; 4]) -> (Tensor, Option<Tensor>) {
    let leaves = arguments
        .each_ref()
        .map(|t| t.copy().set_requires_grad(true));
    let value = operation(&leaves);
    if !value.requires_grad() {
        return (value, None);
    }
    let weights = (Tensor::arange(value.numel() as i64, DOUBLE) * 0.7).cos();
    let total = (&value * weights.view_as(&value).to_kind(value.kind())).sum(value.kind());
    total.backward();
    let gradients = leaves.iter().map(Tensor::grad).filter(Tensor::defined);
    let flat: Vec<Tensor> = gradients.map(|gradient| gradient.flatten(0, -1)).collect();
    (value.detach(), Some(Tensor::cat(&flat, 0)))
}

/// What differs between the ways of an operation at these arguments.
fn differences(case: &Case, arguments: &[Tensor; 4], tolerance: f64) -> Vec<String> {
    let kind = arguments[0].kind();
    let arguments = arguments.each_ref();
    let at_rest = arguments[0].equal(arguments[1]);
    let mut missed = Vec::new();
    for (name, operation) in &case.operations {
        let mut expect = |what: &str, got: &Tensor, expected: &Tensor, tolerance: f64| {
            let error = if at_rest {
                // Zero but for rounding in many places.
                let scale = expected.abs().max().double_value(&[]).max(1.0);
                (got - expected).abs().max().double_value(&[]) / scale
            } else {
                relative_error(got, expected)
            };
            if error.is_nan() || error > tolerance {
                missed.push(format!(
                    "{name} on {} in {kind:?}, {what}, at rest {at_rest}: {error:e}",
                    case.manifold
                ));
            }
        };
        let arguments = arguments.map(Tensor::shallow_clone);
        let value = operation(&arguments);
        let formula = with_tensor_formulas(|| operation(&arguments));
        expect("formula", &formula, &value, tolerance);
        let (same, gradient) = recorded(operation, &arguments);
        // A step of f32 points that is recorded rounds the point where it ends.
        let apart = name.contains("transport") && kind == Kind::Float;
        let rounding = if apart { tolerance } else { 0.0 };
        expect("recorded", &same, &value, rounding);
        let (_, expected) = with_tensor_formulas(|| recorded(operation, &arguments));
        assert_eq!(gradient.is_some(), expected.is_some(), "{name}");
        if let Some((gradient, expected)) = gradient.zip(expected) {
            expect("gradient", &gradient, &expected, tolerance);
        }
        let silent = no_grad(|| {
            let leaves = arguments
                .each_ref()
                .map(|t| t.copy().set_requires_grad(true));
            operation(&leaves)
        });
        expect("in no_grad", &silent, &value, 0.0);
    }
    missed
}

#[test]
fn kernels_formulas_and_recorded_operations_agree() -> holonomy::Result<()> {
    let mut missed = Vec::new();
    for case in cases()? {
        for (kind, tolerance) in [Kind::Double, Kind::Float].into_iter().zip(case.tolerance) {
            let [p, q, u, v] = case.arguments.each_ref().map(|t| t.to_kind(kind));
            let at_rest = [p.copy(), p.copy(), u.zeros_like(), v.copy()];
            missed.extend(differences(&case, &[p, q, u, v], tolerance));
            missed.extend(differences(&case, &at_rest, tolerance));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let at = (3.0, [0.0; 2]);
    let case = || hyperbolic(PoincareBall::new(5, -0.3).unwrap(), at, |_| Vec::new());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let values = move || {
        let case = case();
        // More rows than one thread takes.
        let arguments = case.arguments.map(|t| t.repeat([20, 1]));
        let operations = case.operations.iter();
        operations
            .map(|(name, operation)| (*name, operation(&arguments)))
            .collect::<Vec<_>>()
    };
    // Tensors are not `Sync`; the pool of one runs while this thread waits.
    let one = pool.install(values);
    for ((name, many), (_, one)) in values().into_iter().zip(one) {
        assert!(many.equal(&one), "{name}");
    }
}

#[test]
fn the_flag_is_restored() {
    let m = PoincareBall::new(2, -1.0).unwrap();
    let p = far_points(&m, 1, 1, 30.0);
    let q = far_points(&m, 2, 1, 1.0);
    let before = m.dist(&p, &q);
    let _ = with_tensor_formulas(|| m.dist(&p, &q));
    assert!(m.dist(&p, &q).equal(&before));
}
