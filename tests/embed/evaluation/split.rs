//! Held-out pairs: which may be held out, how many, and what stays.

use std::collections::HashSet;

use holonomy::Error;
use holonomy::embed::{Split, SplitConfig};

use crate::embed::tree_closure;

fn config(validation: f64, test: f64, seed: u64) -> SplitConfig {
    SplitConfig {
        validation,
        test,
        seed,
    }
}

/// Three parts that hold each pair once, and nodes that all stay in training.
#[track_caller]
fn assert_is_split(split: &Split, pairs: &[(u32, u32)]) {
    let mut all = split.all();
    all.sort_unstable();
    let mut expected = pairs.to_vec();
    expected.sort_unstable();
    assert_eq!(all, expected);
    let nodes = |pairs: &[(u32, u32)]| -> HashSet<u32> {
        pairs.iter().flat_map(|&(u, v)| [u, v]).collect()
    };
    assert_eq!(nodes(&split.train), nodes(pairs));
}

#[test]
fn a_hierarchy_holds_out_links_between_inner_nodes() {
    let pairs = tree_closure(121, 3);
    let split = Split::of_closure(121, &pairs, &config(0.1, 0.2, 5)).unwrap();
    assert_is_split(&split, &pairs);
    let leaf = |node: u32| 3 * node + 1 > 120;
    let inner = pairs.iter().filter(|&&(u, v)| !leaf(u) && v != 0).count();
    let shares = [&split.validation, &split.test].map(|part| part.len() as f64 / inner as f64);
    assert!((shares[0] - 0.1).abs() < 0.02 && (shares[1] - 0.2).abs() < 0.02);
    for &(u, v) in split.validation.iter().chain(&split.test) {
        assert!(!leaf(u) && v != 0, "({u}, {v})");
    }
}

#[test]
fn implied_pairs_leave_the_direct_ones_in_training() {
    let pairs = tree_closure(121, 3);
    let is_direct = |&(u, v): &(u32, u32)| (u - 1) / 3 == v;
    let of_closure = Split::of_closure(121, &pairs, &config(0.0, 1.0, 0)).unwrap();
    assert!(of_closure.test.iter().any(is_direct));
    let of_implied = Split::of_implied(121, &pairs, &config(0.0, 1.0, 0)).unwrap();
    assert_is_split(&of_implied, &pairs);
    assert!(!of_implied.test.iter().any(is_direct));
    let implied: Vec<(u32, u32)> = of_closure
        .test
        .iter()
        .copied()
        .filter(|pair| !is_direct(pair))
        .collect();
    assert_eq!(of_implied.test, implied);
}

#[test]
fn a_network_keeps_an_edge_at_every_node() {
    // A ring with a tail, whose edges are the only ones of their ends.
    let mut edges: Vec<(u32, u32)> = (0..20).map(|i| (i, (i + 1) % 20)).collect();
    edges.extend([(0, 20), (20, 21)]);
    let ordered: Vec<(u32, u32)> = edges.iter().map(|&(u, v)| (u.min(v), u.max(v))).collect();
    for seed in 0..20 {
        let split = Split::of_network(22, &edges, &config(0.2, 0.8, seed)).unwrap();
        assert_is_split(&split, &ordered);
        assert!(split.train.contains(&(20, 21)));
    }
}

#[test]
fn an_edge_in_both_directions_is_one_edge() {
    let edges = [(0, 1), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (3, 0)];
    let split = Split::of_network(4, &edges, &config(0.2, 0.2, 1)).unwrap();
    assert_is_split(&split, &[(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]);
    assert_eq!((split.validation.len(), split.test.len()), (1, 1));
}

#[test]
fn nodes_on_a_cycle_stay_too() {
    // No node is a root or a leaf, so that every pair may be held out.
    let pairs = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)];
    for seed in 0..20 {
        let split = Split::of_closure(3, &pairs, &config(0.0, 1.0, seed)).unwrap();
        assert_is_split(&split, &pairs);
    }
}

#[test]
fn a_seed_decides_the_split_and_the_order_of_pairs_does_not() {
    let pairs = tree_closure(121, 3);
    let split = |pairs: &[(u32, u32)], seed| {
        Split::of_closure(121, pairs, &config(0.1, 0.1, seed)).unwrap()
    };
    let mut turned: Vec<(u32, u32)> = pairs.iter().rev().copied().collect();
    turned.push(pairs[0]);
    assert_eq!(split(&pairs, 3), split(&turned, 3));
    assert_ne!(split(&pairs, 3), split(&pairs, 4));
}

#[test]
fn unusable_splits_are_refused() {
    let pairs = tree_closure(13, 3);
    for (validation, test) in [
        (-0.1, 0.1),
        (0.1, 1.1),
        (0.6, 0.6),
        (f64::NAN, 0.1),
        // Of the pairs between inner nodes there are none in a tree of two levels.
        (0.5, 0.5),
    ] {
        let split = Split::of_closure(13, &pairs, &config(validation, test, 0));
        assert!(matches!(split, Err(Error::InvalidArgument { .. })));
    }
    let usual = SplitConfig::default();
    assert!(Split::of_closure(2, &[(0, 2)], &usual).is_err());
    assert!(Split::of_network(2, &[(1, 1)], &usual).is_err());
}
