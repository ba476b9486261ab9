//! The same numbers on a GPU.

use holonomy::Euclidean;
use holonomy::device::{Request, choose};
use holonomy::magnitude::{
    Derivatives, WeightingConfig, differentiable_magnitude, magnitude_function,
};
use tch::{Device, Tensor};

use super::{apart, assert_close, cloud, complete_bipartite, copies, weigh};

#[test]
fn weights_and_gradients_on_the_gpu_are_those_on_the_cpu() {
    let gpu = choose(Request::Cuda(0)).unwrap().device;
    let points = cloud(&Euclidean::new(3).unwrap(), 1, 30);
    let index = Tensor::from_slice(&(0..35).map(|i| i % 30).collect::<Vec<i64>>());
    let twice = points.index_select(0, &index).index_select(1, &index);
    let config = WeightingConfig::default();
    for d in [
        points.shallow_clone(),
        twice,
        copies(&points, 2),
        complete_bipartite(3, 2),
    ] {
        let there = d.to_device(gpu);
        for t in [1e-16, 1e-6, 0.1, 1.0] {
            let (cpu, cuda) = (weigh(&d, t), weigh(&there, t));
            assert_eq!((cpu.solver, cpu.rank), (cuda.solver, cuda.rank), "t = {t}");
            assert_eq!(cuda.weights.device(), gpu);
            let error = apart(&cpu.weights, &cuda.weights.to_device(Device::Cpu));
            assert!(error < 1e-13, "t = {t}: {error:e}");
            assert!(cuda.residual < 1e-14, "{cuda:?}");
            let slope = cpu.scale_derivative(&d).unwrap();
            assert_close(cuda.scale_derivative(&there).unwrap(), slope, 1e-12);
            let function = magnitude_function(&there, &[t], &config).unwrap();
            assert_close(function.derivatives[0], slope, 1e-12);
            let scale = Tensor::from(t).set_requires_grad(true);
            differentiable_magnitude(&there, &scale, Derivatives::Second, &config)
                .unwrap()
                .backward();
            assert_close(scale.grad().double_value(&[]), slope, 1e-10);
        }
    }
}
