//! Positive pairs a second of the standard embedding objective, 50 negatives each, in 10 dimensions.

use std::ops::ControlFlow;

use holonomy::embed::{TrainConfig, Trainer};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;

use super::peer::Peer;
use super::{N, median};

/// As many nodes as WordNet's noun hierarchy.
const NODES: u32 = 82_115;
const NEGATIVES: usize = 50;
const RATE: f64 = 0.1;
/// Pairs a step that the peer is tried with; its best counts.
const BATCHES: [usize; 4] = [100, 400, 1_600, 6_400];
const PEER_SECONDS: f64 = 3.0;
const GOAL: f64 = 20.0;

/// Trains both sides in turns and prints their rates.
///
/// Both take the loss of nickel2017 with uniform negatives. The peer's may hit true neighbours,
/// which costs it nothing to avoid; ours never do.
pub(crate) fn compare(peer: &mut Peer, rounds: usize, threads: usize) {
    let pairs = closure_of_random_tree();
    let start = random_start();
    let flat: Vec<f64> = pairs
        .iter()
        .flat_map(|&(a, b)| [f64::from(a), f64::from(b)])
        .collect();
    peer.store("pairs", &flat);
    peer.store("start", &start);
    peer.ask(&json!({
        "command": "training", "nodes": NODES, "negatives": NEGATIVES, "rate": RATE / 10.0,
    }));
    println!(
        "trainer: {NODES} nodes, {} pairs, {NEGATIVES} negatives, ball, {N} dimensions",
        pairs.len()
    );
    let mut ours = Vec::new();
    let mut theirs = vec![Vec::new(); BATCHES.len()];
    for _ in 0..rounds {
        ours.push(our_rate(&pairs, threads));
        for (rates, batch) in theirs.iter_mut().zip(BATCHES) {
            rates.push(peer_rate(peer, batch));
        }
    }
    report(median(ours), theirs.into_iter().map(median).collect());
}

fn report(ours: f64, theirs: Vec<f64>) {
    println!("  ours, native path                {ours:>10.0} pairs/s");
    for (rate, batch) in theirs.iter().zip(BATCHES) {
        println!("  geoopt, sparse RSGD, batch {batch:>5} {rate:>10.0} pairs/s");
    }
    let best = theirs.into_iter().fold(0.0, f64::max);
    let ratio = ours / best;
    let verdict = if ratio >= GOAL {
        ""
    } else {
        "  misses the goal"
    };
    println!("  ours / geoopt's best: {ratio:.1} (goal: at least {GOAL}){verdict}");
}

fn our_rate(pairs: &[(u32, u32)], threads: usize) -> f64 {
    let config = TrainConfig {
        dim: N as usize,
        epochs: 1,
        burn_in_epochs: 0,
        learning_rate: RATE,
        negatives: NEGATIVES,
        threads,
        ..TrainConfig::default()
    };
    let trainer = Trainer::new(config, NODES as usize, pairs).expect("settings in range");
    let embedding = trainer
        .run(|_| ControlFlow::Continue(()))
        .expect("a finite loss");
    pairs.len() as f64 / embedding.seconds
}

fn peer_rate(peer: &mut Peer, batch: usize) -> f64 {
    let request = json!({"command": "train", "batch": batch, "seconds": PEER_SECONDS});
    let answer = peer.ask(&request);
    let loss = answer["loss"].as_f64();
    assert!(
        loss.is_some_and(f64::is_finite),
        "the peer's training went astray: {answer}"
    );
    answer["rate"].as_f64().expect("a rate")
}

/// Every node with all its ancestors, in a tree where a parent is any earlier node: about as deep
/// and as many pairs as the noun hierarchy.
fn closure_of_random_tree() -> Vec<(u32, u32)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut parents = vec![0_u32];
    let mut pairs = Vec::new();
    for node in 1..NODES {
        let mut ancestor = rng.random_range(0..node);
        parents.push(ancestor);
        pairs.push((node, ancestor));
        while ancestor != 0 {
            ancestor = parents[ancestor as usize];
            pairs.push((node, ancestor));
        }
    }
    pairs
}

/// Small random points, as training starts with.
fn random_start() -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    (0..i64::from(NODES) * N)
        .map(|_| 1e-3 * (2.0 * rng.random::<f64>() - 1.0))
        .collect()
}
