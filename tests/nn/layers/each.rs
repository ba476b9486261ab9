//! What single layers do.

use holonomy::nn::{
    Clip, HyboNetLinear, HyperbolicModel, Hyperplanes, Linear, LinearStart, Logits,
    LorentzActivation, LorentzLinear, MobiusLinear, PoincareLinear, PoincareLinearConfig, Store,
    TangentActivation,
};
use holonomy::random::generator;
use holonomy::{Geodesic, Lorentz, Manifold, PoincareBall};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::super::{DOUBLE, features, store};

fn value(store: &Store, name: &str, value: &Tensor) {
    let mut variable = store.get(name).unwrap();
    tch::no_grad(|| variable.copy_(value));
}

fn close(a: &Tensor, b: &Tensor, tolerance: f64) {
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "{error:e}");
}

#[test]
fn small_curvatures_give_the_flat_layers() {
    let kappa = -1e-10;
    let (ball, other) = (
        PoincareBall::new(3, kappa).unwrap(),
        PoincareBall::new(2, kappa).unwrap(),
    );
    let (x, z, r) = (
        features(&[5, 3]),
        features(&[2, 3]) * 0.4,
        Tensor::from_slice(&[0.3, -0.2]),
    );
    let store = store(Kind::Double);
    let p = store.root();
    let mut rng = generator(1);
    let config = PoincareLinearConfig::default();
    let shimizu = PoincareLinear::new(&p / "shimizu", &ball, &other, config, &mut rng).unwrap();
    let ganea = MobiusLinear::new(&p / "ganea", &ball, &other, &mut rng).unwrap();
    let head = Hyperplanes::new(&p / "head", &ball, 2, Logits::Shimizu, &mut rng).unwrap();
    for (name, to) in [
        ("shimizu.weight", &z),
        ("shimizu.bias", &r),
        ("ganea.weight", &z),
        ("ganea.bias", &r),
        ("head.normals", &z),
        ("head.offsets", &r),
    ] {
        value(&store, name, to);
    }
    let lengths = z.square().sum_dim_intlist(-1, false, Kind::Double).sqrt();
    let flat = x.matmul(&z.tr()) * 2.0 - lengths * &r * 2.0;
    close(&shimizu.forward_t(&x, false), &flat, 1e-8);
    close(&head.forward_t(&x, false), &(flat * 2.0), 1e-8);
    close(&ganea.forward_t(&x, false), &(x.matmul(&z.tr()) + &r), 1e-8);
    close(&ball.exp_at_origin(&x), &x, 1e-8);
    let space = Lorentz::new(3, kappa).unwrap();
    close(&space.spatial(&space.exp_at_origin(&x)), &x, 1e-8);
}

#[test]
fn the_identity_is_the_identity() {
    let ball = PoincareBall::new(3, -0.8).unwrap();
    let x = ball.exp_at_origin(&(features(&[20, 3]) * 1.5));
    let store = store(Kind::Double);
    let config = PoincareLinearConfig {
        start: LinearStart::Identity,
        ..Default::default()
    };
    let layer = PoincareLinear::new(store.root(), &ball, &ball, config, &mut generator(1)).unwrap();
    assert!(
        ball.dist(&layer.forward_t(&x, false), &x)
            .max()
            .double_value(&[])
            < 1e-12
    );
}

#[test]
fn one_layer_stands_in_both_models() {
    let (ball, ball_out) = (
        PoincareBall::new(3, -0.8).unwrap(),
        PoincareBall::new(2, -1.5).unwrap(),
    );
    let (space, space_out) = (ball.lorentz().unwrap(), ball_out.lorentz().unwrap());
    let (one, two) = (store(Kind::Double), store(Kind::Double));
    let config = PoincareLinearConfig::default();
    let in_ball =
        PoincareLinear::new(one.root(), &ball, &ball_out, config, &mut generator(3)).unwrap();
    let on_hyperboloid =
        PoincareLinear::new(two.root(), &space, &space_out, config, &mut generator(3)).unwrap();
    let x = ball.exp_at_origin(&(features(&[20, 3]) * 1.2));
    let y = ball_out.to_lorentz(&in_ball.forward_t(&x, false));
    let other = on_hyperboloid.forward_t(&ball.to_lorentz(&x), false);
    assert!(space_out.dist(&y, &other).max().double_value(&[]) < 1e-12);
}

#[test]
fn rows_of_an_isometry_are_that_isometry() {
    let space = Lorentz::new(2, -0.6).unwrap();
    let store = store(Kind::Double);
    let layer = LorentzLinear::new(store.root(), &space, &space, &mut generator(1)).unwrap();
    // A boost along one axis after a turn.
    let (t, a) = (0.9_f64, 0.4_f64);
    let turn = Tensor::from_slice2(&[
        [1.0, 0.0, 0.0],
        [0.0, a.cos(), -a.sin()],
        [0.0, a.sin(), a.cos()],
    ]);
    let boost = Tensor::from_slice2(&[
        [t.cosh(), t.sinh(), 0.0],
        [t.sinh(), t.cosh(), 0.0],
        [0.0, 0.0, 1.0],
    ]);
    value(&store, "weight", &boost.matmul(&turn).narrow(0, 1, 2));
    let x = space.exp_at_origin(&features(&[12, 2]));
    let y = layer.forward_t(&x, false);
    let distances = |x: &Tensor| space.dist(&x.unsqueeze(0), &x.unsqueeze(1));
    close(&distances(&x), &distances(&y), 1e-12);
    close(&y, &x.matmul(&boost.matmul(&turn).tr()), 1e-12);
}

#[test]
fn logits_of_three_papers_are_one() {
    let ball = PoincareBall::new(3, -0.7).unwrap();
    let space = ball.lorentz().unwrap();
    let head = |logits| {
        let store = store(Kind::Double);
        let head = Hyperplanes::new(store.root(), &ball, 4, logits, &mut generator(5)).unwrap();
        (store, head)
    };
    let ((shimizu_store, shimizu), (bdeir_store, bdeir), (ganea_store, ganea)) = (
        head(Logits::Shimizu),
        head(Logits::Bdeir),
        head(Logits::Ganea),
    );
    let x = ball.exp_at_origin(&features(&[10, 3]));
    let (z, r) = (
        features(&[4, 3]),
        Tensor::from_slice(&[0.5, -0.3, 0.0, 1.0]),
    );
    value(&shimizu_store, "normals", &z);
    value(&shimizu_store, "offsets", &r);
    value(&bdeir_store, "normals", &z);
    value(&bdeir_store, "offsets", &(&r * 2.0));
    value(&ganea_store, "normals", &z);
    // p = exp₀(r ẑ) lies at the distance 2r along z.
    let lengths = z.square().sum_dim_intlist(-1, true, Kind::Double).sqrt();
    let points = ball.exp_at_origin(&(&z / lengths * r.unsqueeze(-1)));
    value(&ganea_store, "points", &points);
    let expected = shimizu.forward_t(&x, false);
    close(&bdeir.forward_t(&x, false), &(&expected / 2.0), 1e-13);
    close(&ganea.forward_t(&x, false), &expected, 1e-12);
    // Ganea's equation, at points that do not lie along their normals.
    let points = ball.exp_at_origin(&(features(&[5, 3]).narrow(0, 1, 4) * 0.5));
    value(&ganea_store, "points", &points);
    let c: f64 = 0.7;
    let lambda = 2.0 / (1.0 - points.square().sum_dim_intlist(-1, true, Kind::Double) * c);
    let a = &z * 2.0 / &lambda;
    let h = ball.hyperplane_dist(&x.unsqueeze(1), &points, &a);
    let norm = a.square().sum_dim_intlist(-1, false, Kind::Double).sqrt();
    close(
        &ganea.forward_t(&x, false),
        &(h * norm * lambda.squeeze_dim(-1)),
        1e-12,
    );
    // The same on the hyperboloid.
    let store = store(Kind::Double);
    let other =
        Hyperplanes::new(store.root(), &space, 4, Logits::Ganea, &mut generator(5)).unwrap();
    value(&store, "normals", &z);
    value(&store, "points", &ball.to_lorentz(&points));
    close(
        &other.forward_t(&ball.to_lorentz(&x), false),
        &ganea.forward_t(&x, false),
        1e-12,
    );
}

#[test]
fn curvature_changes_by_its_two_names() {
    let (a, b) = (
        PoincareBall::new(3, -0.5).unwrap(),
        PoincareBall::new(3, -2.0).unwrap(),
    );
    let x = a.exp_at_origin(&features(&[8, 3]));
    let distances = |m: &PoincareBall, x: &Tensor| m.dist(&x.unsqueeze(0), &x.unsqueeze(1));
    let y = holonomy::nn::rescale(&a, &b, &x);
    close(&distances(&b, &y), &(distances(&a, &x) * 0.5), 1e-13);
    let y = holonomy::nn::recharge_at_origin(&a, &b, &x);
    let from_origin = |m: &PoincareBall, x: &Tensor| m.dist(&x.zeros_like(), x);
    close(&from_origin(&b, &y), &from_origin(&a, &x), 1e-13);
    let (l, k) = (a.lorentz().unwrap(), b.lorentz().unwrap());
    let far = l.exp_at_origin(&features(&[8, 3]));
    let near = holonomy::nn::rescale(&l, &k, &far);
    k.check_point(&near).unwrap();
    let distances = |m: &Lorentz, x: &Tensor| m.dist(&x.unsqueeze(0), &x.unsqueeze(1));
    close(&distances(&k, &near), &(distances(&l, &far) * 0.5), 1e-13);
}

#[test]
fn concatenations_split_again() {
    let space = Lorentz::new(5, -0.4).unwrap();
    let dims = [1, 3, 1];
    let part = |n: i64| {
        let space = Lorentz::new(n, -0.4).unwrap();
        space.exp_at_origin(&features(&[4, n]))
    };
    let parts = dims.map(part);
    let whole = holonomy::nn::lorentz_concatenate(&space, &parts);
    space.check_point(&whole).unwrap();
    let times: Vec<Tensor> = parts.iter().map(|p| p.select(-1, 0).square()).collect();
    let time = Tensor::stack(&times, 0).sum_dim_intlist(0, false, Kind::Double) - 2.0 / 0.4;
    close(&whole.select(-1, 0).square(), &time, 1e-12);
    for (a, b) in holonomy::nn::lorentz_split(&space, &whole, &dims)
        .iter()
        .zip(&parts)
    {
        close(a, b, 1e-14);
    }
    let ball = PoincareBall::new(5, -0.4).unwrap();
    let part = |n: i64| {
        PoincareBall::new(n, -0.4)
            .unwrap()
            .exp_at_origin(&(features(&[4, n]) * 0.5))
    };
    let parts = dims.map(part);
    let whole = holonomy::nn::beta_concatenate(&ball, &parts);
    for (a, b) in holonomy::nn::beta_split(&ball, &whole, &dims)
        .iter()
        .zip(&parts)
    {
        close(a, b, 1e-13);
    }
}

#[test]
#[should_panic(
    expected = "beta_concatenate: expected parts of dimensions that add up to 5, got [2, 2]"
)]
fn concatenations_have_the_width_of_their_parts() {
    let ball = PoincareBall::new(5, -1.0).unwrap();
    let part = Tensor::from_slice(&[0.1, 0.2]);
    let _ = holonomy::nn::beta_concatenate(&ball, &[part.copy(), part]);
}

#[test]
fn functions_are_applied_where_they_are_said_to_be() {
    let (a, b) = (
        PoincareBall::new(3, -0.5).unwrap(),
        PoincareBall::new(3, -2.0).unwrap(),
    );
    let v = features(&[8, 3]) * 0.7;
    let layer = TangentActivation::new(&a, &b, Tensor::relu).unwrap();
    close(
        &layer.forward_t(&a.exp_at_origin(&v), true),
        &b.exp_at_origin(&v.relu()),
        1e-14,
    );
    assert!(
        TangentActivation::new(&a, &PoincareBall::new(2, -1.0).unwrap(), Tensor::relu).is_err()
    );
    let space = Lorentz::new(3, -0.5).unwrap();
    let layer = LorentzActivation::new(&space, Tensor::relu);
    close(
        &layer.forward_t(&space.with_spatial(&v), true),
        &space.with_spatial(&v.relu()),
        1e-14,
    );
    // Vectors are shortened along themselves, short ones not at all.
    let clipped = Clip::new(0.8).unwrap().forward_t(&v, true);
    let norm = |t: &Tensor| t.square().sum_dim_intlist(-1, true, Kind::Double).sqrt();
    let factor = (norm(&v).reciprocal() * 0.8).clamp_max(1.0);
    close(&clipped, &(&v * factor), 1e-15);
    assert!(
        norm(&v).lt(0.8).any().int64_value(&[]) == 1
            && norm(&v).gt(0.8).any().int64_value(&[]) == 1
    );
    assert!(Clip::new(0.0).is_err() && Clip::new(f64::NAN).is_err());
}

#[test]
fn a_layer_without_bias_keeps_the_origin() {
    let ball = PoincareBall::new(3, -0.5).unwrap();
    let store = store(Kind::Double);
    let config = PoincareLinearConfig {
        without_bias: true,
        ..Default::default()
    };
    let layer = PoincareLinear::new(store.root(), &ball, &ball, config, &mut generator(1)).unwrap();
    assert_eq!(store.names(), ["weight"]);
    let origin = Tensor::zeros([3], DOUBLE);
    assert!(layer.forward_t(&origin, true).equal(&origin));
}

#[test]
fn weights_start_as_documented() {
    let variance = |store: &Store, name: &str| {
        let values = store.get(name).unwrap();
        values.square().mean(Kind::Double).double_value(&[])
    };
    let near = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
    };
    let rng = &mut generator(1);
    let (ball, out) = (
        PoincareBall::new(100, -2.0).unwrap(),
        PoincareBall::new(60, -2.0).unwrap(),
    );
    let (space, space_out) = (ball.lorentz().unwrap(), out.lorentz().unwrap());
    let store = store(Kind::Double);
    let p = store.root();
    let _ = PoincareLinear::new(
        &p / "shimizu",
        &ball,
        &out,
        PoincareLinearConfig::default(),
        rng,
    )
    .unwrap();
    near(variance(&store, "shimizu.weight"), 1.0 / (2.0 * 6000.0));
    let config = PoincareLinearConfig {
        start: LinearStart::Identity,
        ..Default::default()
    };
    let _ = PoincareLinear::new(&p / "wide", &out, &ball, config, rng).unwrap();
    let wide = store.get("wide.weight").unwrap();
    assert!(
        wide.narrow(0, 0, 60)
            .equal(&(Tensor::eye(60, DOUBLE) * 0.5))
    );
    near(
        wide.narrow(0, 60, 40)
            .square()
            .mean(Kind::Double)
            .double_value(&[]),
        1.0 / 12000.0,
    );
    let _ = MobiusLinear::new(&p / "ganea", &ball, &out, rng).unwrap();
    near(variance(&store, "ganea.weight"), 12.0 / 160.0 / 3.0);
    let _ = LorentzLinear::new(&p / "lorentz", &space, &space_out, rng).unwrap();
    near(variance(&store, "lorentz.weight"), 0.25 / 101.0 / 3.0);
    let _ = HyboNetLinear::new(&p / "hybonet", &space, &space_out, rng).unwrap();
    let weight = store.get("hybonet.weight").unwrap();
    assert_eq!(weight.select(1, 0).abs().max().double_value(&[]), 0.0);
    near(
        weight
            .narrow(1, 1, 100)
            .square()
            .mean(Kind::Double)
            .double_value(&[]),
        1.0 / 61.0 / 3.0,
    );
    let _ = Hyperplanes::new(&p / "head", &ball, 200, Logits::Shimizu, rng).unwrap();
    near(variance(&store, "head.normals"), 1.0 / 200.0);
    let _ = Linear::new(&p / "flat", 100, 60, rng).unwrap();
    near(variance(&store, "flat.weight"), 1.0 / 300.0);
    for name in [
        "shimizu.bias",
        "ganea.bias",
        "lorentz.bias",
        "hybonet.bias",
        "head.offsets",
    ] {
        assert_eq!(variance(&store, name), 0.0);
    }
}

#[test]
fn a_learned_curvature_moves_the_time_of_stored_points() {
    let store = store(Kind::Double);
    let p = store.root();
    let space = Lorentz::new(2, p.curvature("kappa", -0.8).unwrap()).unwrap();
    let out = Lorentz::new(2, -1.0).unwrap();
    let start = space.exp_at_origin(&features(&[4, 2])).detach();
    let points = p.point("points", &space, &start).unwrap();
    let layer = LorentzLinear::new(&p / "l", &space, &out, &mut generator(1)).unwrap();
    let loss = |points: &Tensor| layer.forward_t(points, true).sum(Kind::Double);
    loss(&points).backward();
    let u = store.get("kappa").unwrap();
    let got = u.grad().double_value(&[]);
    let at = |step: f64| {
        tch::no_grad(|| {
            let mut u = u.shallow_clone();
            let _ = u.g_add_scalar_(step);
            let loss = loss(&space.project(&points)).double_value(&[]);
            let _ = u.g_add_scalar_(-step);
            loss
        })
    };
    let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
    assert!((got - expected).abs() < 1e-8, "{got} {expected}");
    assert!(expected.abs() > 1e-3);
}

#[test]
#[should_panic(expected = "offsets [k], k ≥ 1, of kind Double, got [0, 3]")]
fn there_is_a_hyperplane_at_least() {
    let ball = PoincareBall::new(3, -1.0).unwrap();
    let (normals, offsets) = (Tensor::zeros([0, 3], DOUBLE), Tensor::zeros([0], DOUBLE));
    let _ = ball.hyperplane_distances(&Tensor::zeros([2, 3], DOUBLE), &normals, &offsets);
}

#[test]
fn results_farther_than_the_edge_lie_at_the_edge_in_their_direction() {
    for kind in [Kind::Double, Kind::Float] {
        let ball = PoincareBall::new(2, -1.5).unwrap();
        let store = store(kind);
        let config = PoincareLinearConfig::default();
        let layer =
            PoincareLinear::new(store.root(), &ball, &ball, config, &mut generator(1)).unwrap();
        value(
            &store,
            "weight",
            &Tensor::from_slice2(&[[1e3, 0.0], [0.0, 1e-3]]),
        );
        let x = Tensor::from_slice2(&[[0.3, 0.2], [-0.3, 0.2]])
            .to_kind(kind)
            .set_requires_grad(true);
        let y = layer.forward_t(&x, true);
        ball.check_point(&y).unwrap();
        let expected = PoincareBall::edge(kind) / 1.5_f64.sqrt();
        let near = if kind == Kind::Double { 1e-14 } else { 1e-6 };
        for (row, sign) in [(0, 1.0), (1, -1.0)] {
            assert!((y.double_value(&[row, 0]) - sign * expected).abs() < near);
        }
        y.sum(kind).backward();
        assert_eq!(x.grad().isfinite().all().int64_value(&[]), 1);
    }
}

#[test]
fn a_mobius_layer_keeps_the_curvature() {
    let store = store(Kind::Double);
    let (a, b) = (
        PoincareBall::new(3, -0.5).unwrap(),
        PoincareBall::new(2, -0.6).unwrap(),
    );
    let error = MobiusLinear::new(store.root(), &a, &b, &mut generator(1)).unwrap_err();
    assert!(
        error.to_string().contains("balls of one curvature"),
        "{error}"
    );
    assert!(store.names().is_empty());
}
