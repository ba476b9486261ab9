//! On curved spaces: known minima, tangent momentum, products, and the weight decay.

use holonomy::optim::{
    AdagradConfig, AdamConfig, Gradient, ManifoldParameter, Optimizer, RiemannianAdam,
    RiemannianSgd, SgdConfig, UpdateRule,
};
use holonomy::{Euclidean, Lorentz, PoincareBall, Product, Space, Sphere};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::{bits, floats, numbers};

const OPTIONS: (Kind, Device) = (Kind::Double, Device::Cpu);

type Make = fn() -> Box<dyn Space>;

fn ball() -> Box<dyn Space> {
    Box::new(PoincareBall::new(3, -1.5).unwrap())
}

fn hyperboloid() -> Box<dyn Space> {
    Box::new(Lorentz::new(3, -0.5).unwrap())
}

fn sphere() -> Box<dyn Space> {
    Box::new(Sphere::new(3, 2.0).unwrap())
}

fn product() -> Box<dyn Space> {
    Box::new(Product::new(vec![ball(), sphere(), hyperboloid(), line()]).unwrap())
}

fn line() -> Box<dyn Space> {
    Box::new(Euclidean::new(2).unwrap())
}

const SPACES: [(&str, Make); 4] = [
    ("ball", ball),
    ("hyperboloid", hyperboloid),
    ("sphere", sphere),
    ("product", product),
];

/// A factory's space as each of the two ways to move.
fn parameters(make: Make, start: &Tensor) -> [ManifoldParameter; 2] {
    [
        ManifoldParameter::new(make(), start).unwrap(),
        ManifoldParameter::geodesic(make(), start).unwrap(),
    ]
}

/// Two points and their midpoint, which minimises the sum of squared distances to them.
struct Problem {
    ends: Tensor,
    middle: Tensor,
    start: Tensor,
}

impl Problem {
    fn new(space: &dyn Space) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let origin = space.random_point(&mut rng, &[1], OPTIONS);
        let near = |rng: &mut Xoshiro256PlusPlus| {
            space.exp(&origin, &(space.random_tangent(rng, &origin) * 0.2))
        };
        let (a, b) = (near(&mut rng), near(&mut rng));
        let middle = space.geodesic(&a, &b, &Tensor::from(0.5));
        Self {
            ends: Tensor::cat(&[a, b], 0),
            middle,
            start: near(&mut rng),
        }
    }

    /// The distance to the midpoint after so many steps, with a rate that falls to 0.
    fn solve<R: UpdateRule>(
        &self,
        space: &dyn Space,
        parameter: ManifoldParameter,
        config: &R,
        steps: u64,
    ) -> f64 {
        let point = parameter.tensor().shallow_clone();
        let mut optimizer = Optimizer::new(vec![parameter], config.clone()).unwrap();
        let schedule = holonomy::optim::Schedule::cosine(steps, 0.0).unwrap();
        for step in 0..steps {
            optimizer.apply_schedule(&schedule, step);
            optimizer.zero_grad();
            let loss = space.dist(&point, &self.ends).square().sum(Kind::Double) / 4.0;
            loss.backward();
            optimizer.step().unwrap();
        }
        optimizer
            .parameters()
            .next()
            .unwrap()
            .manifold()
            .check_point(&point)
            .unwrap();
        space.dist(&point.detach(), &self.middle).double_value(&[0])
    }
}

fn finds_the_frechet_mean<R: UpdateRule>(config: &R, steps: u64, tolerance: f64) {
    for (name, make) in SPACES {
        let space = make();
        let problem = Problem::new(space.as_ref());
        let away = space
            .dist(&problem.start, &problem.middle)
            .double_value(&[0]);
        assert!(away > 0.1, "{name}: the start is no test");
        for parameter in parameters(make, &problem.start) {
            let what = format!("{name} {:?} {config:?}", parameter.motion());
            let left = problem.solve(space.as_ref(), parameter, config, steps);
            assert!(left < tolerance, "{left:e} from the mean: {what}");
        }
    }
}

#[test]
fn sgd_finds_the_frechet_mean() {
    finds_the_frechet_mean(&SgdConfig::new(0.5), 100, 1e-9);
    let nesterov = SgdConfig {
        momentum: 0.5,
        nesterov: true,
        ..SgdConfig::new(0.3)
    };
    finds_the_frechet_mean(&nesterov, 100, 1e-9);
}

#[test]
fn adam_and_amsgrad_find_the_frechet_mean() {
    finds_the_frechet_mean(&AdamConfig::new(0.05), 300, 2e-3);
    let amsgrad = AdamConfig {
        amsgrad: true,
        beta2: 0.9,
        ..AdamConfig::new(0.05)
    };
    finds_the_frechet_mean(&amsgrad, 300, 2e-3);
}

#[test]
fn adagrad_finds_the_frechet_mean() {
    finds_the_frechet_mean(&AdagradConfig::new(0.3), 80, 1e-6);
}

#[test]
fn momentum_stays_tangent() {
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::new(0.01)
    };
    stays_tangent(&momentum);
    stays_tangent(&AdamConfig::new(0.05));
}

fn stays_tangent<R: UpdateRule>(config: &R) {
    for (name, make) in SPACES {
        let space = make();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let start = space.random_point(&mut rng, &[5], OPTIONS);
        for parameter in parameters(make, &start) {
            let mut optimizer = Optimizer::new(vec![parameter], config.clone()).unwrap();
            for step in 0..10 {
                for parameter in optimizer.parameters_mut() {
                    let gradient = numbers(&start.size(), step);
                    parameter.set_gradient(Gradient::Dense(gradient));
                }
                optimizer.step().unwrap();
            }
            let state = optimizer.state().unwrap();
            let point = state.tensor("0.point").unwrap();
            let carried = state.tensor("0.momentum").unwrap();
            assert!(carried.abs().max().double_value(&[]) > 1e-3, "{name}");
            space
                .check_tangent(point, carried)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn one_step_is_the_formula() {
    for (name, make) in SPACES {
        let space = make();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let start = space.random_point(&mut rng, &[4], OPTIONS);
        let gradient = numbers(&start.size(), 1);
        let descent = space.rgrad(&start, &gradient) * -0.1;
        let [retraction, geodesic] = parameters(make, &start);
        for (parameter, expected) in [
            (retraction, space.retract(&start, &descent)),
            (geodesic, space.exp(&start, &descent)),
        ] {
            let mut optimizer = RiemannianSgd::plain(vec![parameter], 0.1).unwrap();
            let parameter = optimizer.parameters_mut().next().unwrap();
            parameter.set_gradient(Gradient::Dense(gradient.shallow_clone()));
            optimizer.step().unwrap();
            let point = optimizer.parameters().next().unwrap().tensor();
            assert_eq!(bits(point), bits(&expected), "{name}");
        }
    }
}

/// Adam's first step has Riemannian length learning_rate (with ε = 0) in each factor, whatever the gradient.
#[test]
fn adams_first_step_has_length_lr_in_each_factor() {
    let start = {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        product().random_point(&mut rng, &[6], OPTIONS)
    };
    let parameter = ManifoldParameter::geodesic(product(), &start).unwrap();
    let config = AdamConfig {
        eps: 0.0,
        ..AdamConfig::new(0.01)
    };
    let mut optimizer = RiemannianAdam::new(vec![parameter], config).unwrap();
    let gradient = numbers(&start.size(), 2) * numbers(&[6, 1], 3).exp();
    let parameter = optimizer.parameters_mut().next().unwrap();
    parameter.set_gradient(Gradient::Dense(gradient));
    optimizer.step().unwrap();
    let point = optimizer.parameters().next().unwrap().tensor().detach();
    let widths: [(i64, i64, Make); 3] = [(0, 3, ball), (3, 4, sphere), (7, 4, hyperboloid)];
    for (first, width, make) in widths {
        let (p, q) = (start.narrow(1, first, width), point.narrow(1, first, width));
        for length in floats(&make().dist(&p, &q)) {
            assert!((length - 0.01).abs() < 1e-12, "{length}");
        }
    }
    let lines = (point.narrow(1, 11, 2) - start.narrow(1, 11, 2)).abs();
    for length in floats(&lines) {
        assert!((length - 0.01).abs() < 1e-12, "{length}");
    }
}

#[test]
fn a_single_manifold_has_one_second_moment_a_row() {
    for (name, make) in &SPACES[..3] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let start = make().random_point(&mut rng, &[5], OPTIONS);
        let [parameter, _] = parameters(*make, &start);
        let optimizer = RiemannianAdam::new(vec![parameter], AdamConfig::default()).unwrap();
        let state = optimizer.state().unwrap();
        let second = state.tensor("0.second_moment").unwrap();
        assert_eq!(second.size(), [5, 1], "{name}");
    }
}

#[test]
fn untouched_rows_keep_their_bits_and_all_rows_are_dense() {
    let amsgrad = AdamConfig {
        amsgrad: true,
        ..AdamConfig::new(0.1)
    };
    for (name, make) in SPACES {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let start = make().random_point(&mut rng, &[6], OPTIONS);
        let build = || RiemannianAdam::new(parameters(make, &start).into(), amsgrad.clone());
        let (mut dense, mut sparse) = (build().unwrap(), build().unwrap());
        let all = Tensor::from_slice(&[5_i64, 0, 3, 1, 4, 2]);
        let gradient = numbers(&start.size(), 4);
        for parameter in dense.parameters_mut() {
            parameter.set_gradient(Gradient::Dense(gradient.shallow_clone()));
        }
        for parameter in sparse.parameters_mut() {
            let values = gradient.index_select(0, &all);
            parameter.set_gradient(Gradient::from_rows(&all, &values));
        }
        dense.step().unwrap();
        sparse.step().unwrap();
        let points =
            |o: &RiemannianAdam| -> Vec<_> { o.parameters().map(|p| bits(p.tensor())).collect() };
        assert_eq!(points(&dense), points(&sparse), "{name}");

        let touched = Tensor::from_slice(&[2_i64]);
        for parameter in sparse.parameters_mut() {
            let values = gradient.index_select(0, &touched);
            parameter.set_gradient(Gradient::from_rows(&touched, &values));
        }
        sparse.step().unwrap();
        for (before, after) in dense.parameters().zip(sparse.parameters()) {
            for row in 0..6 {
                let same = bits(&before.tensor().get(row)) == bits(&after.tensor().get(row));
                assert_eq!(same, row != 2, "{name} row {row}");
            }
        }
    }
}

#[test]
fn the_norm_for_clipping_is_riemannian() {
    for (name, make) in SPACES {
        let space = make();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let start = space.random_point(&mut rng, &[4], OPTIONS);
        let gradient = numbers(&start.size(), 6);
        let rgrad = space.rgrad(&start, &gradient);
        let expected = space.norm(&start, &rgrad).square().sum(Kind::Double).sqrt();
        let expected = expected.double_value(&[]);
        let [mut parameter, _] = parameters(make, &start);
        parameter.set_gradient(Gradient::Dense(gradient));
        for (bound, norm) in [(expected / 2.0, expected), (1e9, expected / 2.0)] {
            let found = holonomy::optim::clip_grad_norm([&mut parameter], bound).unwrap();
            assert!((found / norm - 1.0).abs() < 1e-12, "{name}: {found} {norm}");
        }
    }
}

/// With no other gradient, weight decay pulls to the origin of the ball and of the hyperboloid,
/// and does nothing on the sphere.
#[test]
fn weight_decay_pulls_to_the_origin() {
    let norm = |p: &Tensor, from: i64| {
        p.narrow(-1, from, 3)
            .square()
            .sum(Kind::Double)
            .double_value(&[])
    };
    for (make, from) in [(ball as Make, 0), (hyperboloid, 1), (sphere, 0)] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        let start = make().random_point(&mut rng, &[1], OPTIONS);
        let [parameter, _] = parameters(make, &start);
        let config = SgdConfig {
            weight_decay: 1.0,
            ..SgdConfig::new(0.1)
        };
        let mut optimizer = RiemannianSgd::new(vec![parameter], config).unwrap();
        let parameter = optimizer.parameters_mut().next().unwrap();
        parameter.set_gradient(Gradient::Dense(start.zeros_like()));
        optimizer.step().unwrap();
        let point = optimizer.parameters().next().unwrap().tensor().detach();
        if make().point_shape() == [4] && from == 0 {
            assert!((&point - &start).abs().max().double_value(&[]) < 1e-15);
        } else {
            assert!(norm(&point, from) < 0.999 * norm(&start, from));
        }
    }
}
