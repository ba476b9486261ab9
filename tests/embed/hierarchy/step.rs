//! One step of the objective: the two paths against each other and against the definition.

use holonomy::embed::{Model, TrainPath, pair_step};
use holonomy::{Error, numerics};
use tch::{Device, Kind, Tensor};

use crate::embed::{MODELS, random_points, seeded};

const PATHS: [TrainPath; 2] = [TrainPath::Native, TrainPath::Tensor];

fn loss_by_definition(model: Model, points: &Tensor, pair: (u32, u32), negatives: &[u32]) -> f64 {
    let dim = points.size()[1] as usize + 1 - model.width(1);
    let manifold = model.manifold(dim).unwrap();
    let row = |node: u32| points.get(i64::from(node));
    let source = row(pair.0);
    let dist = |node: u32| manifold.dist(&source, &row(node)).double_value(&[]);
    let sum: f64 = negatives.iter().map(|&node| (-dist(node)).exp()).sum();
    let likeness = (-dist(pair.1)).exp();
    -(likeness / (likeness + sum)).ln()
}

fn worst_difference(a: &Tensor, b: &Tensor) -> f64 {
    ((a - b).abs() / a.abs().clamp_min(1.0))
        .max()
        .double_value(&[])
}

#[test]
fn paths_take_the_same_step() {
    for model in MODELS {
        for (seed, (dim, negatives, rate)) in [
            (1, 1, 0.1),
            (2, 7, 0.6),
            (5, 8, 3.0),
            (10, 50, 0.3),
            (17, 20, 0.05),
        ]
        .into_iter()
        .enumerate()
        {
            let points = random_points(model, 60, dim, 1.0, &mut seeded(seed as u64));
            let negatives: Vec<u32> = (2..2 + negatives).collect();
            let step = |path| pair_step(path, model, &points, (0, 1), &negatives, rate).unwrap();
            let [(native, native_loss), (tensor, tensor_loss)] = PATHS.map(step);
            assert!((native_loss - tensor_loss).abs() < 1e-12, "{model} {dim}");
            let worst = worst_difference(&native, &tensor);
            assert!(worst < 1e-12, "{model} {dim}: {worst:e}");
            let expected = loss_by_definition(model, &points, (0, 1), &negatives);
            assert!((native_loss - expected).abs() < 1e-12, "{model} {dim}");
            if dim == 1 {
                // On a line the pulls of two candidates on one side of the source cancel.
                continue;
            }
            // All rows that the step names moved, the others did not.
            let moved = (&native - &points)
                .abs()
                .sum_dim_intlist(-1, false, Kind::Double);
            for node in 0..60_u32 {
                let named = node < 2 || negatives.contains(&node);
                assert_eq!(
                    moved.double_value(&[i64::from(node)]) > 0.0,
                    named,
                    "{model} {node}"
                );
            }
        }
    }
}

#[test]
fn paths_agree_near_the_boundary() {
    // Hyperbolic radius about 12, where a plain 1 − |x|² has four digits fewer.
    for model in [Model::Ball, Model::Lorentz] {
        let manifold = model.manifold(3).unwrap();
        let points = random_points(model, 12, 3, 12.0 / 3.0_f64.sqrt(), &mut seeded(4));
        let negatives: Vec<u32> = (2..12).collect();
        let step = |path| {
            pair_step(path, model, &points, (0, 1), &negatives, 0.5)
                .unwrap()
                .0
        };
        let [native, tensor] = PATHS.map(step);
        let apart = manifold.dist(&native, &tensor).max().double_value(&[]);
        assert!(apart < 1e-10, "{model}: {apart:e}");
        assert!(worst_difference(&native, &tensor) < 1e-9);
    }
}

#[test]
fn the_step_is_the_riemannian_gradient() {
    let options = (Kind::Double, Device::Cpu);
    for model in MODELS {
        let (dim, rate, h) = (4, 0.2, 1e-5);
        let mut rng = seeded(11);
        let manifold = model.manifold(dim).unwrap();
        let points = random_points(model, 9, dim, 0.8, &mut rng);
        let negatives: Vec<u32> = (2..9).collect();
        let width = points.size()[1];
        for path in PATHS {
            let step = |points: &Tensor, rate| {
                pair_step(path, model, points, (0, 1), &negatives, rate).unwrap()
            };
            let moved = step(&points, rate).0;
            let gradient = manifold.log(&points, &moved) / -rate;
            for row in 0..9 {
                let noise =
                    holonomy::random::random_normal(&mut rng, &[width], Kind::Double, Device::Cpu);
                let direction = Tensor::zeros([9, width], options);
                direction.get(row).copy_(&noise);
                let direction = manifold.project_tangent(&points, &direction);
                let length = manifold
                    .inner(&points, &direction, &direction)
                    .sum(Kind::Double);
                let direction = direction / length.sqrt();
                let loss = |t: f64| step(&manifold.exp(&points, &(&direction * t)), 0.0).1;
                let slope = (loss(h) - loss(-h)) / (2.0 * h);
                let inner = manifold
                    .inner(&points, &gradient, &direction)
                    .sum(Kind::Double);
                let error = (inner.double_value(&[]) - slope).abs();
                assert!(
                    error < 1e-8,
                    "{path} {model} row {row}: {error:e} of {slope}"
                );
            }
        }
    }
}

#[test]
fn a_rate_of_zero_moves_nothing() {
    for model in MODELS {
        let points = random_points(model, 5, 3, 1.0, &mut seeded(2));
        let (same, _) = pair_step(TrainPath::Native, model, &points, (0, 1), &[2, 3], 0.0).unwrap();
        assert!(worst_difference(&same, &points) < 1e-15);
    }
}

#[test]
fn coincident_points_stay_finite() {
    for model in MODELS {
        for path in PATHS {
            let manifold = model.manifold(3).unwrap();
            let width = model.width(3) as i64;
            let zeros = Tensor::zeros([4, width], (Kind::Double, Device::Cpu));
            let origin = manifold.project(&zeros);
            let (moved, loss) = pair_step(path, model, &origin, (0, 1), &[2, 3], 0.5).unwrap();
            assert!((loss - 3.0_f64.ln()).abs() < 1e-15, "{path} {model}");
            // There is no direction to go in.
            assert_eq!(worst_difference(&moved, &origin), 0.0, "{path} {model}");
        }
    }
}

#[test]
fn steps_do_not_leave_the_ball() {
    let points =
        Tensor::from_slice(&[0.999_999, 0.0, -0.999_999, 0.0, 0.0, 0.999_999]).view([3, 2]);
    for rate in [10.0, 30.0, 1000.0] {
        let (moved, _) =
            pair_step(TrainPath::Native, Model::Ball, &points, (0, 1), &[2], rate).unwrap();
        let norm = numerics::norm_last(&moved).max().double_value(&[]);
        assert!(norm < 1.0, "{rate}: {norm}");
    }
}

#[test]
fn unusable_steps_are_refused() {
    let points = random_points(Model::Ball, 4, 2, 1.0, &mut seeded(1));
    let step = |pair, negatives: &[u32], rate| {
        let result = pair_step(
            TrainPath::Native,
            Model::Ball,
            &points,
            pair,
            negatives,
            rate,
        );
        assert!(
            matches!(result, Err(Error::InvalidArgument { .. })),
            "{pair:?} {negatives:?} {rate}"
        );
    };
    step((0, 4), &[2], 0.1);
    step((0, 0), &[2], 0.1);
    step((0, 1), &[0], 0.1);
    step((0, 1), &[1], 0.1);
    step((0, 1), &[2, 2], 0.1);
    step((0, 1), &[9], 0.1);
    step((0, 1), &[2], -0.1);
    step((0, 1), &[2], f64::NAN);
}
