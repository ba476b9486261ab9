//! Which way a hierarchy runs, in one line.

use super::numbered;

fn told(nodes: usize, edges: Vec<(u32, u32)>) -> String {
    numbered(nodes, edges, None).direction().to_string()
}

#[test]
fn roots_and_leaves_tell_a_reversed_tree() {
    let tree: Vec<(u32, u32)> = (1..13).map(|node| (node, (node - 1) / 3)).collect();
    let reversed = tree
        .iter()
        .map(|&(child, parent)| (parent, child))
        .collect();
    assert_eq!(
        told(13, tree),
        "child → parent, root: \"node0\" (13 nodes, 9 leaves)"
    );
    assert_eq!(
        told(13, reversed),
        "child → parent, 9 roots: \"node4\", \"node5\", \"node6\", … (13 nodes, 1 leaf); more roots than leaves: does the \
         file have the parent before the child?"
    );
}

#[test]
fn the_shortest_cycle_through_its_first_node_is_shown_and_long_ones_are_cut() {
    // 1 → 2 → 3 → 1 with a way about, and node 0 outside.
    let edges = vec![(0, 1), (1, 4), (4, 2), (1, 2), (2, 3), (3, 1)];
    assert_eq!(
        told(5, edges),
        "child → parent, no root, a cycle: \"node1\" → \"node2\" → \"node3\" → \"node1\" (5 nodes, 1 leaf)"
    );
    let ring = (0..12).map(|node| (node, (node + 1) % 12)).collect();
    let direction = numbered(12, ring, None).direction();
    assert_eq!(
        direction.cycle.as_deref(),
        Some(&(0..12).collect::<Vec<u32>>()[..])
    );
    let names = direction.cycle_by_names().unwrap();
    assert!(
        names.ends_with("\"node6\" → … (5 more) → \"node0\""),
        "{names}"
    );
    let both = vec![(0, 1), (1, 0), (1, 2), (2, 1)];
    assert_eq!(
        told(3, both),
        "child → parent, no root, every edge both ways (3 nodes, 0 leaves)"
    );
    let direction = numbered(3, Vec::new(), None).direction();
    assert!(direction.roots.is_empty() && direction.cycle.is_none());
}
