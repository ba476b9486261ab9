//! The mean of growth rates, in a space that this crate defines.

mod ratios;

use holonomy::random::generator;
use holonomy::stats::{CenterConfig, frechet_mean};
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Geodesic, Manifold, Sample};
use ratios::Ratios;

fn main() -> holonomy::Result<()> {
    let space = Ratios { n: 2 };

    // Growth by the factors 1 and 4 is growth by the factor 2, twice.
    let growth = Tensor::from_slice(&[1.0, 1.0, 4.0, 0.25]).view([2, 2]);
    let mean = frechet_mean(&space, &growth, None, &CenterConfig::default())?;
    println!("mean growth {:.6?}", numbers(&mean.point));
    for (found, expected) in numbers(&mean.point).into_iter().zip([2.0, 0.5]) {
        assert!((found - expected).abs() < 1e-9);
    }

    // The logarithm at any other point is directed to the mean, and its length is the distance.
    let start = space.random_point(&mut generator(1), &[], (Kind::Double, Device::Cpu));
    let way = space.log(&start, &mean.point);
    let distance = space.dist(&start, &mean.point).double_value(&[]);
    println!("distance    {distance:.6} from {:.6?}", numbers(&start));
    assert!((space.norm(&start, &way).double_value(&[]) - distance).abs() < 1e-12);
    assert!(
        space
            .dist(&space.exp(&start, &way), &mean.point)
            .double_value(&[])
            < 1e-12
    );
    Ok(())
}

fn numbers(x: &Tensor) -> Vec<f64> {
    (0..x.size()[0]).map(|i| x.double_value(&[i])).collect()
}
