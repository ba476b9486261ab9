//! What a drawing wants to know of a hierarchy given as edges child → parent.

use std::collections::VecDeque;

fn children(edges: &[(u32, u32)], nodes: usize) -> Vec<Vec<u32>> {
    let mut lists = vec![Vec::new(); nodes];
    for &(child, parent) in edges {
        lists[parent as usize].push(child);
    }
    lists
}

/// The least number of edges from each node up to a node without parent; `None` in a cycle or
/// where a node has no edge.
pub(super) fn depths(edges: &[(u32, u32)], nodes: usize) -> Vec<Option<u32>> {
    let children = children(edges, nodes);
    let mut has_parent = vec![false; nodes];
    for &(child, _) in edges {
        has_parent[child as usize] = true;
    }
    let roots = (0..nodes).filter(|&i| !has_parent[i] && !children[i].is_empty());
    let mut depths = vec![None; nodes];
    let mut queue: VecDeque<usize> = roots.collect();
    for &root in &queue {
        depths[root] = Some(0);
    }
    while let Some(node) = queue.pop_front() {
        for &child in &children[node] {
            let child = child as usize;
            if depths[child].is_none() {
                depths[child] = depths[node].map(|d| d + 1);
                queue.push_back(child);
            }
        }
    }
    depths
}

/// For each node the branch whose root is fewest edges above it, the earlier one in a tie.
pub(super) fn branches(edges: &[(u32, u32)], nodes: usize, roots: &[usize]) -> Vec<Option<usize>> {
    let children = children(edges, nodes);
    let mut branch = vec![None; nodes];
    let mut queue = VecDeque::new();
    for (i, &root) in roots.iter().enumerate() {
        branch[root] = Some(i);
        queue.push_back(root);
    }
    while let Some(node) = queue.pop_front() {
        for &child in &children[node] {
            let child = child as usize;
            if branch[child].is_none() {
                branch[child] = branch[node];
                queue.push_back(child);
            }
        }
    }
    branch
}
