//! A learnable curvature: find the curvature of a hyperbolic plane from distances.

use holonomy::random::generator;
use holonomy::tch::{Device, Kind, Tensor, no_grad};
use holonomy::{Curvature, Geodesic, Lorentz, Result, Sample};

fn main() -> Result<()> {
    // The points are given by their spatial parts; only their distances depend on the unknown
    // curvature.
    let secret = Lorentz::new(2, -0.37)?;
    let mut rng = generator(7);
    let p = secret.random_point(&mut rng, &[64], (Kind::Double, Device::Cpu));
    let q = secret.random_point(&mut rng, &[64], (Kind::Double, Device::Cpu));
    let distances = secret.dist(&p, &q);

    // Learning log |κ| keeps the sign.
    let mut log_c = Tensor::from(0.0).set_requires_grad(true);
    for step in 0..=200 {
        let space = Lorentz::new(2, Curvature::learnable(&-log_c.exp())?)?;
        let loss = (space.dist(&p, &q) - &distances)
            .square()
            .mean(Kind::Double);
        let gradient = Tensor::run_backward(&[&loss], &[&log_c], false, false);
        no_grad(|| log_c -= &gradient[0] * 0.5);
        if step % 50 == 0 {
            let kappa = -log_c.exp().double_value(&[]);
            println!(
                "step {step:3}: κ = {kappa:.9}, loss {:.3e}",
                loss.double_value(&[])
            );
        }
    }
    let kappa = -log_c.exp().double_value(&[]);
    assert!((kappa + 0.37).abs() < 1e-9, "κ = {kappa}");
    Ok(())
}
