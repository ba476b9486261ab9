//! Graphs and the readers that make them.

mod closure;
mod completion;
mod direction;
mod edge_list;
pub(crate) mod fuzz;
mod newick;
mod shipped;
mod shortest_paths;
mod spanning_tree;
mod structure;
mod triples;
mod wordnet;

use std::path::PathBuf;

use holonomy::graph::Graph;
use tempfile::TempDir;

/// A file in a folder of its own, which goes when the value does.
struct TestFile {
    folder: TempDir,
    path: PathBuf,
}

impl TestFile {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        Self { folder, path }
    }
}

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

pub(crate) fn numbered(nodes: usize, edges: Vec<(u32, u32)>, weights: Option<Vec<f64>>) -> Graph {
    Graph::new(numbered_names(nodes), edges, weights).unwrap()
}
