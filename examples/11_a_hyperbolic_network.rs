//! A classifier with hyperbolic layers: flat weights, points and a learned curvature in one store and one
//! optimiser.
//!
//! The classes are the 27 leaves of a ternary tree. The features of a sample are noisy sums of a direction
//! for each branch on the way to its leaf. The network has two dimensions in its middle, to be seen.
//!
//! `cargo run --release --example 11_a_hyperbolic_network`

use holonomy::nn::{self, Hyperplanes, Logits, PoincareLinear, PoincareLinearConfig};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::{generator, random_normal};
use holonomy::tch::nn::ModuleT;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{PoincareBall, Result};

const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Features `[count, 16]` and leaves `[count]`.
fn samples(directions: &[Tensor], count: i64, seed: u64) -> (Tensor, Tensor) {
    let leaves = Tensor::arange(count, (Kind::Int64, Device::Cpu)).remainder(27);
    let noise = random_normal(&mut generator(seed), &[count, 16], OPTIONS.0, OPTIONS.1);
    let mut features = noise * 0.25;
    for (depth, directions) in directions.iter().enumerate() {
        let branch = leaves.floor_divide_scalar(3_i64.pow(2 - depth as u32));
        features += directions.index_select(0, &branch) * 0.6_f64.powi(depth as i32);
    }
    (features, leaves)
}

fn main() -> Result<()> {
    let mut rng = generator(1);
    let directions = [3, 9, 27].map(|n| random_normal(&mut rng, &[n, 16], OPTIONS.0, OPTIONS.1));
    let (x, y) = samples(&directions, 2_700, 2);
    let (test_x, test_y) = samples(&directions, 2_700, 3);

    // The network.
    let store = nn::Store::new(OPTIONS.1, OPTIONS.0)?;
    let p = store.root();
    let disk = PoincareBall::new(2, p.curvature("curvature", -1.0)?)?;
    let net = nn::chain()
        .then(nn::Linear::new(&p / "in", 16, 32, &mut rng)?)?
        .then(nn::Elementwise::new(Tensor::relu))?
        .then(nn::Linear::new(&p / "down", 32, 2, &mut rng)?)?
        .then(nn::Clip::new(2.0)?)?
        .then(nn::Lift::new(&disk))?
        .then(PoincareLinear::new(
            &p / "turn",
            &disk,
            &disk,
            PoincareLinearConfig::default(),
            &mut rng,
        )?)?
        .then(Hyperplanes::new(
            &p / "head",
            &disk,
            27,
            Logits::Ganea,
            &mut rng,
        )?)?;
    let mut optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.02))?;
    for epoch in 1..=150 {
        let loss = net.forward_t(&x, true).cross_entropy_for_logits(&y);
        optimizer.backward_step(&loss)?;
        if epoch % 50 == 0 {
            let accuracy = net.forward_t(&test_x, false).accuracy_for_logits(&test_y);
            println!(
                "epoch {epoch}: loss {:.3}, accuracy on new samples {:.1} %, κ = {:.3}",
                loss.double_value(&[]),
                100.0 * accuracy.double_value(&[]),
                disk.curvature().value()
            );
        }
    }

    // Saved with the space of each point, and loaded into the same network.
    let file = std::env::temp_dir().join("hyperbolic_network.safetensors");
    store.save(&file)?;
    store.load(&file)?;
    println!(
        "saved {} variables in {}",
        store.names().len(),
        file.display()
    );
    Ok(())
}
