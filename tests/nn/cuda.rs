//! Every layer on a GPU, against the CPU.

use holonomy::graph::Graph;
use holonomy::nn::{
    Adjacency, BatchNorm, BatchNormConfig, Dropout, GraphAggregation, HyperbolicModel, Neighbours,
};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::generator;
use holonomy::{Lorentz, PoincareBall};
use tch::nn::ModuleT;
use tch::{Device, Kind, Tensor};

use super::features;
use super::layers::{cases, sets};

fn close(gpu: &Tensor, cpu: &Tensor, what: &str) {
    assert_eq!(gpu.device(), Device::Cuda(0), "{what}");
    let scale = cpu.abs().max().double_value(&[]).max(1.0);
    let error = (gpu.to_device(Device::Cpu) - cpu)
        .abs()
        .max()
        .double_value(&[]);
    assert!(error <= 1e-9 * scale, "{what}: {error:e}");
}

#[test]
fn layers_and_their_gradients_are_those_of_the_cpu() {
    let all = || {
        let single = cases(Kind::Double, true)
            .into_iter()
            .map(|case| (case, [6].as_slice()));
        single.chain(sets::cases(Kind::Double, true))
    };
    for ((cpu, grid), (mut gpu, _)) in all().zip(all()) {
        gpu.store.set_device(Device::Cuda(0));
        let v = features(&[&[2], grid, &[cpu.from.dim()]].concat()) * 0.4;
        let run = |case: &super::layers::Case, v: &Tensor| {
            let v = v.copy().set_requires_grad(true);
            let y = case.layer.forward_t(&case.from.at(&v), true);
            let weights = features(&[y.numel() as i64]).view(y.size().as_slice());
            (&y * weights.to_device(y.device()))
                .sum(Kind::Double)
                .backward();
            (y.detach(), v.grad())
        };
        let (expected, expected_gradient) = run(&cpu, &v);
        let (found, gradient) = run(&gpu, &v.to_device(Device::Cuda(0)));
        close(&found, &expected, cpu.name);
        close(&gradient, &expected_gradient, cpu.name);
        for name in cpu.store.names() {
            let of = |store: &holonomy::nn::Store| store.get(&name).unwrap().grad();
            if of(&cpu.store).defined() {
                close(
                    &of(&gpu.store),
                    &of(&cpu.store),
                    &format!("{} by {name}", cpu.name),
                );
            }
        }
    }
}

#[test]
fn graphs_and_batches_are_those_of_the_cpu() {
    let names = (0..4).map(|i| i.to_string()).collect();
    let graph = Graph::new(names, vec![(0, 1), (1, 2), (2, 3)], None).unwrap();
    let adjacency = Adjacency::of_graph(&graph).unwrap();
    let run = |device: Device| {
        let store = holonomy::nn::Store::new(device, Kind::Double).unwrap();
        let p = store.root();
        let space = Lorentz::new(3, p.curvature("a", -0.7).unwrap()).unwrap();
        let ball = PoincareBall::new(3, p.curvature("b", -0.7).unwrap()).unwrap();
        let v = (features(&[4, 3]) * 0.4).to_device(device);
        let mut all = Vec::new();
        for how in [
            Neighbours::Centroid,
            Neighbours::Tangent,
            Neighbours::Attention,
        ] {
            let path = &p / format!("{how:?}");
            let layer = GraphAggregation::new(&path, &space, &adjacency, how).unwrap();
            all.push(layer.forward_t(&space.exp_at_origin(&v), true));
        }
        let norm = BatchNorm::new(&p / "norm", &ball, BatchNormConfig::default()).unwrap();
        all.push(norm.forward_t(&ball.exp_at_origin(&v), true));
        let dropout = Dropout::new(&p / "dropout", 0.5, &mut generator(1)).unwrap();
        all.push(dropout.forward_t(&v, true));
        all
    };
    for (gpu, cpu) in run(Device::Cuda(0)).iter().zip(run(Device::Cpu)) {
        close(gpu, &cpu, "graph");
    }
}

#[test]
fn stores_train_and_save_on_the_gpu() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpu.safetensors");
    let store = holonomy::nn::Store::new(Device::Cuda(0), Kind::Float).unwrap();
    let p = store.root();
    let ball = PoincareBall::new(2, p.curvature("kappa", -1.0).unwrap()).unwrap();
    let points = p
        .point("points", &ball, &(features(&[5, 2]) * 0.1))
        .unwrap();
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
    for _ in 0..5 {
        let loss = holonomy::Geodesic::dist(&ball, &points.get(0), &points).sum(Kind::Float);
        adam.backward_step(&loss).unwrap();
    }
    store.save(&path).unwrap();
    let other = super::store(Kind::Float);
    let p = other.root();
    let ball = PoincareBall::new(2, p.curvature("kappa", -2.0).unwrap()).unwrap();
    let loaded = p
        .point("points", &ball, &(features(&[5, 2]) * 0.01))
        .unwrap();
    other.load(&path).unwrap();
    assert!(loaded.equal(&points.to_device(Device::Cpu)));
}
