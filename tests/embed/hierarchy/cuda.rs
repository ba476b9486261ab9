//! The tensor path on a GPU.

use std::ops::ControlFlow;

use holonomy::device::{Request, choose};
use holonomy::embed::{TrainConfig, TrainPath, Trainer};
use tch::{Device, Kind, Tensor};

use crate::embed::{MODELS, tree_closure};

/// The points after one step of all pairs at once, and its loss.
fn one_step(config: &TrainConfig, device: Device) -> (Tensor, f64) {
    let pairs = tree_closure(200, 3);
    let config = TrainConfig {
        path: TrainPath::Tensor,
        dim: 10,
        epochs: 1,
        burn_in_epochs: 0,
        learning_rate: 0.01,
        negatives: 20,
        init_scale: 0.2,
        batch: pairs.len(),
        ..config.clone()
    };
    let trainer = Trainer::new(config, 200, &pairs)
        .unwrap()
        .with_options((Kind::Double, device))
        .unwrap();
    let embedding = trainer.run(|_| ControlFlow::Continue(())).unwrap();
    let points = embedding.points.to_device(Device::Cpu);
    (points, embedding.history[0].loss)
}

#[test]
fn a_step_on_the_gpu_is_the_step_on_the_cpu() {
    let gpu = choose(Request::Cuda(0)).unwrap().device;
    for model in MODELS {
        let config = TrainConfig {
            model,
            ..TrainConfig::default()
        };
        let (cpu_points, cpu_loss) = one_step(&config, Device::Cpu);
        let (gpu_points, gpu_loss) = one_step(&config, gpu);
        assert!((cpu_loss - gpu_loss).abs() < 1e-12, "{model}");
        let worst = (cpu_points - gpu_points).abs().max().double_value(&[]);
        assert!(worst < 1e-12, "{model}: {worst:e}");
    }
}
