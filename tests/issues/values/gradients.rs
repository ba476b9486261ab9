//! The same values with and without a gradient, and gradients that are finite where they are documented to be.

use holonomy::{
    Euclidean, Geodesic, Lorentz, Manifold, Oblique, Power, Product, Scaled, Space, Sphere,
};
use tch::{Kind, Tensor};

use super::{MODELS, Model, is_finite, max, row, same};

/// Radii and directions at which something is special: the origin, beside it, the edge, one ray, right angles,
/// antipodes.
fn special_points(model: Model, kind: Kind) -> Vec<(f64, [f64; 3])> {
    let double = kind == Kind::Double;
    let far = match model {
        Model::Ball => [10.0, if double { 35.0 } else { 15.0 }],
        Model::Hyperboloid => [17.0, if double { 349.0 } else { 43.0 }],
        Model::Normal => [20.0, 699.0],
        Model::Sphere => [std::f64::consts::FRAC_PI_2, std::f64::consts::PI],
    };
    let ray = [0.48, 0.64, -0.6];
    let mut points = Vec::new();
    for r in [0.0, 1e-9, 1.0, far[0], far[1]] {
        for direction in [
            ray,
            ray.map(|x| -x),
            [0.8, -0.6, 0.0],
            [0.48, 0.64 + 1e-9, -0.6],
        ] {
            points.push((r, direction));
        }
    }
    points
}

#[test]
fn the_gradient_of_dist_at_equal_points_is_0() {
    for model in MODELS {
        for kind in [Kind::Double, Kind::Float] {
            for (r, direction) in special_points(model, kind) {
                let kappa = 0.5 * model.sign();
                let space = model.space(3, kappa.into());
                let p = space.project(&model.point(kappa, r, &direction).to_kind(kind));
                for swap in [false, true] {
                    let leaf = p.copy().set_requires_grad(true);
                    let d = if swap {
                        space.dist(&p, &leaf)
                    } else {
                        space.dist(&leaf, &p)
                    };
                    assert_eq!(d.double_value(&[]), 0.0);
                    let gradient = Tensor::run_backward(&[d], &[&leaf], false, false);
                    assert_eq!(
                        max(&gradient[0]),
                        0.0,
                        "{model:?} {kind:?} {r} {direction:?}"
                    );
                }
            }
        }
    }
}

/// Products forward the same values, with a factor at p = q and one at antipodes.
#[test]
fn combinators_have_the_values_of_their_factors() {
    let sphere = || Sphere::new(2, 1.0).unwrap();
    let product = Product::new(vec![
        Box::new(Euclidean::new(2).unwrap()),
        Box::new(sphere()),
        Model::Ball.space(2, (-1.0).into()),
    ])
    .unwrap();
    let p = row(&[1.0, 2.0, 0.6, 0.0, 0.8, 0.3, -0.2]);
    let q = row(&[1.0, 2.0, -0.6, 0.0, -0.8, 0.1, 0.4]);
    let power = Power::new(sphere(), 2).unwrap();
    let rows = Tensor::from_slice2(&[[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]]);
    let turned = Tensor::from_slice2(&[[-0.6, 0.0, -0.8], [0.0, 1.0, 0.0]]);
    let oblique = Oblique::new(3, 2).unwrap();
    let scaled = Scaled::new(Oblique::new(3, 2).unwrap(), 2.0).unwrap();
    let (columns, turned_columns) = (rows.transpose(0, 1), turned.transpose(0, 1));
    let half_turn = std::f64::consts::PI;
    let ball = Model::Ball.space(2, (-1.0).into());
    let rest = ball
        .dist(&p.narrow(0, 5, 2), &q.narrow(0, 5, 2))
        .double_value(&[]);
    let cases: [(&dyn Space, &Tensor, &Tensor, f64); 4] = [
        (&product, &p, &q, half_turn.hypot(rest)),
        (&power, &rows, &turned, half_turn),
        (&oblique, &columns, &turned_columns, half_turn),
        (&scaled, &columns, &turned_columns, 2.0 * half_turn),
    ];
    for (space, p, q, want) in cases {
        for (p, q, want) in [(p, q, want), (p, p, 0.0)] {
            let leaf = p.copy().set_requires_grad(true);
            let (with, without) = (space.dist(&leaf, q), space.dist(p, q));
            assert!(same(&with, &without));
            let got = without.double_value(&[]);
            assert!((got - want).abs() < 1e-14, "{space:?}: {got} {want}");
            let gradient = Tensor::run_backward(&[with], &[&leaf], false, false);
            assert!(is_finite(&gradient[0]), "{space:?}: {}", gradient[0]);
        }
    }
}

/// Broadcast against a point of another dimension, operations gave numbers.
#[test]
fn euclidean_space_checks_shapes() {
    type Call = fn(&Euclidean, &Tensor, &Tensor) -> Tensor;
    const CALLS: [(&str, Call); 14] = [
        ("dist", |m, p, z| m.dist(p, z)),
        ("log", |m, p, z| m.log(p, z)),
        ("exp", |m, p, z| m.exp(p, z)),
        ("retract", |m, p, z| m.retract(p, z)),
        ("inner", |m, p, z| m.inner(p, p, z)),
        ("norm", |m, p, z| m.norm(p, z)),
        ("component_inner", |m, p, z| m.component_inner(p, p, z)),
        ("rgrad", |m, p, z| m.rgrad(p, z)),
        ("project", |m, _, z| m.project(z)),
        ("project_tangent", |m, p, z| m.project_tangent(p, z)),
        ("parallel_transport", |m, p, z| {
            m.parallel_transport(p, p, z)
        }),
        ("vector_transport", |m, p, z| m.vector_transport(p, p, z)),
        ("point_defect", |m, _, z| m.point_defect(z)),
        ("tangent_defect", |m, p, z| m.tangent_defect(p, z)),
    ];
    for wrong in [row(&[1.0]), row(&[1.0, 2.0]), Tensor::from(1.0)] {
        for (name, call) in CALLS {
            let wrong = wrong.copy();
            let message = std::thread::spawn(move || {
                let space = Euclidean::new(3).unwrap();
                let p = row(&[1.0, 2.0, 3.0]);
                let _ = call(&space, &p, &wrong);
            })
            .join()
            .expect_err(name);
            let message = message.downcast_ref::<String>().unwrap();
            assert!(
                message.contains(": expected points of shape [.., 3], got ["),
                "{name}: {message}"
            );
        }
    }
}

/// Points on a circle around the origin of the hyperboloid had gradients that were too long by some per cent: that
/// of the smaller of two equal norms is half of each.
#[test]
fn the_gradient_of_dist_between_points_of_equal_norms_is_the_logarithm() {
    for kappa in [-0.5, -1.0, -3.0] {
        let space = Lorentz::new(2, kappa).unwrap();
        for norm in [0.1, 1.0, 3.0, 1e4] {
            for q in [[0.0, norm], [-norm, 0.0], [0.6 * norm, -0.8 * norm]] {
                let point = |[x, y]: [f64; 2]| space.project(&Tensor::from_slice(&[0.0, x, y]));
                let (p, q) = (point([norm, 0.0]), point(q));
                let leaves = [&p, &q].map(|x| x.copy().set_requires_grad(true));
                let dist = space.dist(&leaves[0], &leaves[1]);
                let found = Tensor::run_backward(&[dist.shallow_clone()], &leaves, false, false);
                let dist = dist.detach();
                for (base, other, found) in [(&p, &q, &found[0]), (&q, &p, &found[1])] {
                    let found = space.rgrad(base, found);
                    let away = space.log(base, other) / -&dist;
                    let (length, along) = (
                        space.norm(base, &found) - 1.0,
                        space.inner(base, &found, &away) - 1.0,
                    );
                    let off = max(&length.abs()).max(max(&along.abs()));
                    assert!(off < 1e-14 * (1.0 + norm), "{kappa} {norm}: {off:e}");
                }
            }
        }
    }
}
