//! Outliers, classification and active learning by weights, in the hyperbolic plane.

use holonomy::learn::Classifier;
use holonomy::magnitude::{
    ActiveConfig, ActiveSelector, ClassifierConfig, MagnitudeClassifier, OutlierConfig,
    OutlierDetector, Scale,
};
use holonomy::random::generator;
use holonomy::random::random_normal;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Geodesic, PoincareBall, Result};

fn main() -> Result<()> {
    let disk = PoincareBall::new(2, -1.0)?;
    let mut rng = generator(1);

    // Three groups of forty points, each around a centre, in alternating order.
    let centres = Tensor::from_slice2(&[[0.7, 0.0], [-0.35, 0.6], [-0.35, -0.6]]);
    let labels = Tensor::arange(120, (Kind::Int64, Device::Cpu)).remainder(3);
    let steps = random_normal(&mut rng, &[120, 2], Kind::Double, Device::Cpu) * 0.12;
    let points = disk.exp(&centres.index_select(0, &labels), &steps);

    // Classification: a point belongs to the class in which its weight would be smallest.
    let (known, new) = (points.narrow(0, 0, 60), points.narrow(0, 60, 60));
    let (known_labels, new_labels) = (labels.narrow(0, 0, 60), labels.narrow(0, 60, 60));
    let config = ClassifierConfig::default();
    let space = || Box::new(disk.clone());
    let classifier = MagnitudeClassifier::fit(space(), &known, &known_labels, &config)?;
    let accuracy = classifier.score(&new, &new_labels)?.accuracy;
    println!("classes: {:.0} % right", 100.0 * accuracy);
    assert!(accuracy > 0.9);

    // Outliers: three points outside the groups have the largest weights, at a scale at which each
    // group counts as a few points.
    let odd = Tensor::from_slice2(&[[0.3, 0.9], [0.97, 0.0], [-0.9, 0.0]]);
    let all = Tensor::cat(&[&points, &odd], 0);
    let config = OutlierConfig {
        scale: Scale::Fixed(1.0),
        contamination: 0.03,
        ..OutlierConfig::default()
    };
    let detector = OutlierDetector::fit(space(), &all, &config)?;
    let found = detector.outliers().nonzero().view(-1);
    println!(
        "outliers: rows {:?}",
        Vec::<i64>::try_from(&found).unwrap_or_default()
    );
    assert_eq!(found, Tensor::from_slice(&[120_i64, 121, 122]));

    // Active learning: if only the first group is labelled, a point of each other group is chosen
    // next.
    let first = points.index_select(0, &labels.eq(0).nonzero().view(-1));
    let selector = ActiveSelector::fit(space(), &first, &ActiveConfig::default())?;
    let chosen = selector.select(&points, 2)?;
    let groups = [0, 1].map(|i: usize| labels.int64_value(&[chosen[i]]));
    println!(
        "asked next: {chosen:?}, which add {:.0} % of what all would",
        100.0 * selector.score(&points, &chosen)?
    );
    assert!(groups == [1, 2] || groups == [2, 1]);
    Ok(())
}
