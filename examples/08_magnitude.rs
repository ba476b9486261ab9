//! Magnitude: the effective number of points at a scale, the dimension, and the boundary points.

use holonomy::magnitude::{
    Derivatives, WeightingConfig, differentiable_magnitude, magnitude_function, weighting_of_points,
};
use holonomy::metric::differentiable_distances;
use holonomy::metric::pairwise_distances;
use holonomy::optim::{AdamConfig, ManifoldParameter, RiemannianAdam};
use holonomy::random::generator;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Euclidean, PoincareBall, Result};

fn main() -> Result<()> {
    let plane = Euclidean::new(2)?;
    let config = WeightingConfig::default();

    // A grid of 20 × 20 points has magnitude 1 at small scales and 400 at large scales. In
    // between, the magnitude grows with the square of the scale.
    let steps = Tensor::arange(20, (Kind::Double, Device::Cpu));
    let across = steps.unsqueeze(1).expand([20, 20], false);
    let grid = Tensor::stack(&[&across, &across.transpose(0, 1)], -1).view([400, 2]);
    let scales = [1e-6, 0.1, 0.3, 1.0, 3.0, 30.0];
    let function = magnitude_function(&pairwise_distances(&plane, &grid), &scales, &config)?;
    let dimensions = function.dimensions();
    for (i, t) in scales.iter().enumerate() {
        println!(
            "scale {t:7.0e}: {:6.2} points, of dimension {:.2}, by {}",
            function.magnitudes[i], dimensions[i], function.solvers[i]
        );
    }
    assert!((function.magnitudes[0] - 1.0).abs() < 1e-3);
    assert!((function.magnitudes[5] - 400.0).abs() < 1e-6);
    assert!(dimensions[2] > 1.3 && dimensions[2] < 2.0);

    // The weights are largest at the corners, then along the sides.
    let found = weighting_of_points(&plane, &grid, 0.5, &config)?;
    let weights = found.weights.view([20, 20]);
    let at = |x: i64, y: i64| weights.double_value(&[x, y]);
    println!(
        "corner {:.3}, side {:.3}, middle {:.3}",
        at(0, 0),
        at(0, 9),
        at(9, 9)
    );
    assert!(at(0, 0) > at(0, 9) && at(0, 9) > at(9, 9));

    // Magnitude as a loss: ten points of the Poincaré disk near its origin spread until they look like
    // almost ten.
    let disk = PoincareBall::new(2, -1.0)?;
    let mut rng = generator(1);
    let start = holonomy::random::random_normal(&mut rng, &[10, 2], Kind::Double, steps.device());
    let points = ManifoldParameter::geodesic(Box::new(disk.clone()), &(start * 0.01))?;
    let p = points.tensor().shallow_clone();
    let mut optimizer = RiemannianAdam::new(vec![points], AdamConfig::new(0.1))?;
    let mut magnitudes = Vec::new();
    for _ in 0..100 {
        optimizer.zero_grad();
        let distances = differentiable_distances(&disk, &p);
        let t = Tensor::from(1.0);
        let size = differentiable_magnitude(&distances, &t, Derivatives::First, &config)?;
        magnitudes.push(size.double_value(&[]));
        (-size).backward();
        optimizer.step()?;
    }
    println!(
        "spread out: from {:.3} to {:.3} points",
        magnitudes[0], magnitudes[99]
    );
    assert!(magnitudes[0] < 1.1 && magnitudes[99] > 8.0);
    Ok(())
}
