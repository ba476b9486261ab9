//! A tree embedded in the hyperbolic plane, and how well the embedding reconstructs the ancestors.

use std::ops::ControlFlow;

use holonomy::Result;
use holonomy::embed::{Model, TrainConfig, Trainer, reconstruction};
use holonomy::graph::Graph;

/// A complete tree: the parent of node i is node (i − 1)/branching.
fn complete_tree(nodes: u32, branching: u32) -> Result<Graph> {
    let names = (0..nodes).map(|i| format!("node {i}")).collect();
    let edges = (1..nodes).map(|i| (i, (i - 1) / branching)).collect();
    Graph::new(names, edges, None)
}

fn main() -> Result<()> {
    let ancestors = complete_tree(121, 3)?.transitive_closure();
    println!(
        "{} nodes, {} pairs",
        ancestors.node_count(),
        ancestors.edge_count()
    );

    let mut maps = Vec::new();
    for model in [Model::Ball, Model::Euclidean] {
        let config = TrainConfig {
            model,
            dim: 2,
            epochs: 400,
            burn_in_epochs: 200,
            burn_in_factor: 0.1,
            learning_rate: if model == Model::Ball { 1.0 } else { 0.1 },
            threads: 1,
            ..TrainConfig::default()
        };
        let trainer = Trainer::new(config, ancestors.node_count(), ancestors.edges())?;
        let embedding = trainer.run(|progress| {
            let record = &progress.record;
            if record.epoch % 100 == 0 {
                println!("{model}: epoch {:3}, loss {:.4}", record.epoch, record.loss);
            }
            ControlFlow::Continue(())
        })?;
        let found = reconstruction(model, &embedding.points, ancestors.edges())?;
        println!(
            "{model}: MAP {:.4}, mean rank {:.3}",
            found.map, found.mean_rank
        );
        maps.push(found.map);
    }
    assert!(maps[0] > 0.9, "the hyperbolic plane holds the tree");
    assert!(maps[0] > maps[1] + 0.2, "the Euclidean plane does not");
    Ok(())
}
