//! Fused kernels and tensor formulas mean the same.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{Geodesic, Lorentz, PoincareBall, Space};
use tch::Tensor;

use super::{far_points, relative_error, seeded};

/// Each operation, as a function of two points and two tangents at the first.
type Operation = fn(&dyn Space, &[Tensor; 4]) -> Tensor;

const OPERATIONS: [(&str, Operation); 11] = [
    ("dist", |m, [p, q, ..]| m.dist(p, q)),
    ("log", |m, [p, q, ..]| m.log(p, q)),
    ("exp", |m, [p, _, u, _]| m.exp(p, u)),
    ("retract", |m, [p, _, u, _]| m.retract(p, u)),
    ("parallel_transport", |m, [p, q, u, _]| {
        m.parallel_transport(p, q, u)
    }),
    ("inner", |m, [p, _, u, v]| m.inner(p, u, v)),
    ("norm", |m, [p, _, u, _]| m.norm(p, u)),
    ("rgrad", |m, [p, _, u, _]| m.rgrad(p, u)),
    ("project", |m, [p, ..]| m.project(&(p * 1.5))),
    ("exp_transport", |m, [p, _, u, v]| {
        m.exp_transport(p, u, v).1
    }),
    ("retract_transport", |m, [p, _, u, v]| {
        m.retract_transport(p, u, v).1
    }),
];

fn arguments(m: &dyn Space, distance: f64) -> [Tensor; 4] {
    let (p, q) = (
        far_points(m, 1, 900, distance),
        far_points(m, 2, 900, distance),
    );
    let mut rng = seeded(3);
    let (u, v) = (
        m.random_tangent(&mut rng, &p),
        m.random_tangent(&mut rng, &p),
    );
    [p, q, u, v]
}

fn spaces() -> Vec<Box<dyn Space>> {
    vec![
        Box::new(PoincareBall::new(1, -1.0).unwrap()),
        Box::new(PoincareBall::new(5, -0.3).unwrap()),
        Box::new(Lorentz::new(1, -1.0).unwrap()),
        Box::new(Lorentz::new(5, -3.0).unwrap()),
    ]
}

#[test]
fn fused_kernels_equal_tensor_formulas() {
    // The formulas on the hyperboloid lose e^{2r} roundings at distance r from the origin.
    for m in spaces() {
        for (distance, tolerance) in [(0.1, 1e-12), (3.0, 1e-9)] {
            let arguments = arguments(&*m, distance);
            for (name, operation) in OPERATIONS {
                let fused = operation(&*m, &arguments);
                let formula = with_tensor_formulas(|| operation(&*m, &arguments));
                let error = relative_error(&fused, &formula);
                assert!(
                    error <= tolerance,
                    "{name} on {m:?} at {distance}: {error:e}"
                );
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let m = PoincareBall::new(5, -0.3).unwrap();
    let arguments = arguments(&m, 3.0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    for (name, operation) in OPERATIONS {
        let many = operation(&m, &arguments);
        let arguments = &arguments;
        // Tensors are not `Sync`; the pool of one runs while this thread waits.
        let copies = arguments.each_ref().map(Tensor::copy);
        let one = pool.install(move || {
            let m = PoincareBall::new(5, -0.3).unwrap();
            operation(&m, &copies)
        });
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
