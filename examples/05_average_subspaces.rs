//! Planes in space with outliers: their mean, and their median, which is robust against outliers.

use holonomy::random::generator;
use holonomy::stats::{MeanConfig, MedianConfig, grassmann_mean, grassmann_median};
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Geodesic, Grassmann, Result, Sample};

fn main() -> Result<()> {
    let planes = Grassmann::new(5, 2)?;
    let mut rng = generator(1);
    let options = (Kind::Double, Device::Cpu);

    // Forty planes near one plane, each in its own basis, and eight unrelated planes.
    let truth = planes.random_point(&mut rng, &[], options);
    let base = truth.expand([40, 5, 2], false).contiguous();
    let noise = planes.random_tangent(&mut rng, &base) * 0.05;
    let good = planes.exp(&base, &noise);
    let outliers = planes.random_point(&mut rng, &[8], options);
    let all = Tensor::cat(&[good, outliers], 0);

    let mean = grassmann_mean(&planes, &all, None, &MeanConfig::default())?;
    let median = grassmann_median(&planes, &all, None, &MedianConfig::default())?;
    let angles = |plane: &Tensor| -> Vec<f64> {
        let angles = planes.principal_angles(&truth, plane);
        (0..2).map(|i| angles.double_value(&[i])).collect()
    };
    let (of_mean, of_median) = (angles(&mean.point), angles(&median.point));
    println!("angles between the truth and the mean:   {of_mean:.4?}");
    println!("angles between the truth and the median: {of_median:.4?}");
    assert!(of_median[1] < 0.5 * of_mean[1]);
    assert!(of_median[1] < 0.05);
    Ok(())
}
