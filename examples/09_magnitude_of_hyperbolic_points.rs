//! Magnitude in curved spaces: a tree and its embedding in the hyperbolic plane, and planes with outliers.

use std::ops::ControlFlow;

use holonomy::embed::{TrainConfig, Trainer};
use holonomy::graph::{Graph, shortest_paths};
use holonomy::magnitude::{WeightingConfig, magnitude_function, weighting};
use holonomy::metric::pairwise_distances;
use holonomy::random::generator;
use holonomy::scores::roc_auc;
use holonomy::tch::{Device, Kind, Tensor};
use holonomy::{Geodesic, Grassmann, PoincareBall, Result, Sample};

const NODES: u32 = 121;

/// How often a weight of the last rows exceeds one of the rows before them.
fn area(values: &Tensor, last: u32) -> Result<f64> {
    let values = Vec::<f64>::try_from(values).unwrap_or_default();
    let (before, last) = values.split_at(values.len() - last as usize);
    roc_auc(last, before)
}

fn main() -> Result<()> {
    let config = WeightingConfig::default();

    // A complete tree in which each node has three children. Its magnitude is 1 + Σ tanh(t/2) over the edges.
    let names = (0..NODES).map(|i| format!("node {i}")).collect();
    let tree = Graph::new(names, (1..NODES).map(|i| (i, (i - 1) / 3)).collect(), None)?;
    let of_tree = magnitude_function(&shortest_paths(&tree), &[0.01, 0.1, 1.0, 10.0], &config)?;
    for (t, magnitude) in of_tree.scales.iter().zip(&of_tree.magnitudes) {
        let closed_form = 1.0 + f64::from(NODES - 1) * (t / 2.0).tanh();
        println!("scale {t:5}: the tree is {magnitude:7.3} points");
        assert!((magnitude - closed_form).abs() < 1e-10 * closed_form);
    }

    // In the embedding in the hyperbolic plane, the leaves are at the boundary and have the
    // largest weights, although training used no distances.
    let training = TrainConfig {
        dim: 2,
        epochs: 400,
        learning_rate: 1.0,
        threads: 1,
        ..TrainConfig::default()
    };
    let ancestors = tree.transitive_closure();
    let trainer = Trainer::new(training, NODES as usize, ancestors.edges())?;
    let trained = trainer.run(|_| ControlFlow::Continue(()))?;
    let distances = pairwise_distances(&PoincareBall::new(2, -1.0)?, &trained.points);
    for t in [0.001, 0.01, 0.1, 1.0] {
        let found = weighting(&distances, t, &config)?;
        // Node i has the child 3i + 1.
        let leaves = area(&found.weights, NODES - NODES / 3)?;
        println!(
            "scale {t:5}: {:7.3} points; a leaf outweighs {leaves:.3} of the others",
            found.magnitude
        );
        assert!(found.negative_eigenvalues == 0 && leaves > 0.95);
    }

    // Planes near two given ones, and five unrelated planes.
    let planes = Grassmann::new(6, 2)?;
    let mut rng = generator(1);
    let options = (Kind::Double, Device::Cpu);
    let around = planes
        .random_point(&mut rng, &[2, 1], options)
        .expand([2, 30, 6, 2], false);
    let around = around.contiguous().view([60, 6, 2]);
    let noise = planes.random_tangent(&mut rng, &around) * 0.1;
    let strangers = planes.random_point(&mut rng, &[5], options);
    let all = Tensor::cat(&[planes.exp(&around, &noise), strangers], 0);
    let distances = pairwise_distances(&planes, &all);
    for t in [0.001, 0.01, 0.1, 1.0] {
        let found = weighting(&distances, t, &config)?;
        let (size, outliers) = (found.magnitude, area(&found.weights, 5)?);
        assert!(found.negative_eigenvalues == 0 && outliers > 0.99);
        println!("scale {t:5}: {size:6.3} planes; a stranger outweighs {outliers:.3}");
    }
    Ok(())
}
