//! Pairs held out for link prediction.

use std::collections::HashSet;

use holonomy::{Error, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A pair (descendant, ancestor).
pub(crate) type Pair = (u32, u32);

/// The pairs of a closure in two parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Split {
    pub(crate) train: Vec<Pair>,
    pub(crate) held_out: Vec<Pair>,
}

/// Holds `share` of all pairs out, drawn among those whose descendant is not a leaf and whose ancestor
/// is no root; fewer when there are not so many. Every node keeps its pairs with roots to be
/// trained on.
pub(crate) fn hold_out(closure: &[Pair], share: f64, seed: u64) -> Result<Split> {
    let inner: HashSet<u32> = closure.iter().map(|&(_, ancestor)| ancestor).collect();
    let below: HashSet<u32> = closure.iter().map(|&(node, _)| node).collect();
    let may_go = |&(node, ancestor): &Pair| inner.contains(&node) && below.contains(&ancestor);
    let mut candidates: Vec<usize> = (0..closure.len())
        .filter(|&i| may_go(&closure[i]))
        .collect();
    let wanted = (share * closure.len() as f64).round().max(1.0) as usize;
    candidates.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    candidates.truncate(wanted);
    if candidates.is_empty() {
        let expected = "a hierarchy with a pair between a node with children and one with parents";
        return Err(Error::invalid("hold_out", expected, "none"));
    }
    let gone: HashSet<usize> = candidates.into_iter().collect();
    let part = |held_out: bool| {
        let indices = (0..closure.len()).filter(|i| gone.contains(i) == held_out);
        indices.map(|i| closure[i]).collect()
    };
    Ok(Split {
        train: part(false),
        held_out: part(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closure of two chains of five nodes below a root: 0 ← 1 ← … ← 5 and 0 ← 6 ← … ← 10.
    fn chains() -> Vec<Pair> {
        let chain = |nodes: Vec<u32>| {
            let pairs = (0..nodes.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            pairs.map(|(i, j)| (nodes[i], nodes[j])).collect::<Vec<_>>()
        };
        let (mut first, mut second) = (vec![0], vec![0]);
        first.extend(1..=5);
        second.extend(6..=10);
        [chain(first), chain(second)].concat()
    }

    #[test]
    fn no_leaf_and_no_root_is_held_out() {
        let closure = chains();
        let split = hold_out(&closure, 1.0, 7).unwrap();
        assert_eq!(split.held_out.len(), 12);
        for &(node, ancestor) in &split.held_out {
            assert!(
                ![5, 10].contains(&node) && ancestor != 0,
                "{node} {ancestor}"
            );
        }
        for node in 1..=10 {
            assert!(split.train.contains(&(node, 0)));
        }
    }

    #[test]
    fn the_parts_are_the_whole() {
        let closure = chains();
        let split = hold_out(&closure, 0.1, 3).unwrap();
        assert_eq!(split.held_out.len(), 3);
        let mut both = [split.train, split.held_out].concat();
        both.sort_unstable();
        let mut all = closure;
        all.sort_unstable();
        assert_eq!(both, all);
    }

    #[test]
    fn the_seed_decides() {
        let closure = chains();
        let split = |seed| hold_out(&closure, 0.2, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert!((2..10).any(|seed| split(seed) != split(1)));
    }

    #[test]
    fn a_star_has_nothing_to_hold_out() {
        let error = hold_out(&[(1, 0), (2, 0)], 0.5, 1).unwrap_err();
        assert!(
            error.to_string().contains("a hierarchy with a pair"),
            "{error}"
        );
    }
}
