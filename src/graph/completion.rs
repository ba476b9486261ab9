//! Pairs of inner nodes inferred from their leaves.

/// The pairs of a closed relation and those that inclusion of leaves adds, sorted.
pub(super) fn with_leaf_inclusions(node_count: usize, closure: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut ancestors = vec![Vec::new(); node_count];
    let mut is_inner = vec![false; node_count];
    for &(node, ancestor) in closure {
        ancestors[node as usize].push(ancestor);
        is_inner[ancestor as usize] = true;
    }
    let mut leaves = vec![Vec::new(); node_count];
    for &(node, ancestor) in closure {
        if !is_inner[node as usize] {
            leaves[ancestor as usize].push(node);
        }
    }
    let mut pairs = closure.to_vec();
    let mut above = vec![0; node_count];
    for (node, below) in (0..).zip(&leaves) {
        let Some(&first) = below.first() else {
            continue;
        };
        for &ancestor in below.iter().flat_map(|&leaf| &ancestors[leaf as usize]) {
            above[ancestor as usize] += 1;
        }
        // Equal sets of leaves do not tell which node is above the other.
        let holds_more = |&&ancestor: &&u32| {
            above[ancestor as usize] == below.len() && leaves[ancestor as usize].len() > below.len()
        };
        let includes = ancestors[first as usize].iter().filter(holds_more);
        pairs.extend(includes.map(|&ancestor| (node, ancestor)));
        for &ancestor in below.iter().flat_map(|&leaf| &ancestors[leaf as usize]) {
            above[ancestor as usize] = 0;
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
