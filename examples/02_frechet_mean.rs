//! The Fréchet mean of points on a sphere by Riemannian Adam, checked by its defining equation.

use holonomy::optim::{AdamConfig, ManifoldParameter, RiemannianAdam, Schedule};
use holonomy::random::generator;
use holonomy::tch::{Device, Kind};
use holonomy::{Geodesic, Manifold, Result, Sample, Sphere};

fn main() -> Result<()> {
    let sphere = Sphere::new(3, 1.0)?;
    let mut rng = generator(1);

    // Twenty points scattered around a centre.
    let centre = sphere.random_point(&mut rng, &[1], (Kind::Double, Device::Cpu));
    let around = centre.expand([20, 4], false);
    let points = sphere.exp(&around, &(sphere.random_tangent(&mut rng, &around) * 0.2));

    let parameter =
        ManifoldParameter::geodesic(Box::new(sphere.clone()), &points.get(0).unsqueeze(0))?;
    let mean = parameter.tensor().shallow_clone();
    let mut optimizer = RiemannianAdam::new(vec![parameter], AdamConfig::new(0.05))?;
    let schedule = Schedule::exponential(0.97)?;
    for step in 0..300 {
        optimizer.apply_schedule(&schedule, step);
        optimizer.zero_grad();
        let loss = sphere.dist(&mean, &points).square().mean(Kind::Double);
        loss.backward();
        optimizer.step()?;
        if step % 60 == 0 {
            println!("step {step:3}: variance {:.12}", loss.double_value(&[]));
        }
    }

    // At the Fréchet mean the logarithms of the points add up to 0.
    let residual = sphere.log(&mean, &points).mean_dim(0, false, Kind::Double);
    let residual = sphere.norm(&mean, &residual).double_value(&[0]);
    println!("|mean of logs| = {residual:.1e}");
    assert!(residual < 1e-4);
    Ok(())
}
