//! Graphs and the readers that make them.

mod closure;
mod shipped;
mod structure;

use holonomy::graph::Graph;

/// The edges as pairs of names, in their order.
fn named_edges(graph: &Graph) -> Vec<(&str, &str)> {
    let name = |node: u32| graph.names()[node as usize].as_str();
    let edges = graph.edges().iter();
    edges
        .map(|&(child, parent)| (name(child), name(parent)))
        .collect()
}

fn numbered_names(count: usize) -> Vec<String> {
    (0..count).map(|node| format!("node{node}")).collect()
}
