//! The trees and networks that are embedded.

use std::path::Path;

use holonomy::Result;
use holonomy::graph::Graph;
use sha2::{Digest, Sha256};

use super::networks::Network;
use super::wordnet::{self, MAMMALS_TITLE, NOUNS_TITLE};
use crate::harness::arguments::EdgeListArgs;

/// A graph with a name for tables.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) graph: Graph,
}

/// The user's own edge list, where there is one.
pub(crate) fn own(path: Option<&Path>, edge_list: EdgeListArgs) -> Result<Option<Named>> {
    let Some(path) = path else {
        return Ok(None);
    };
    Ok(Some(Named {
        name: path.display().to_string(),
        graph: edge_list.read(path)?,
    }))
}

/// The tree in which every node above the last level has `branching` children; the paper's balanced tree has
/// 3 and the height 3, that is 40 nodes.
pub(crate) fn balanced_tree(branching: u32, height: u32) -> Result<Named> {
    let nodes: u32 = (0..=height).map(|level| branching.pow(level)).sum();
    let names = (0..nodes).map(|node| node.to_string()).collect();
    let edges = (1..nodes)
        .map(|node| (node, (node - 1) / branching))
        .collect();
    Ok(Named {
        name: format!("balanced tree, {nodes} nodes"),
        graph: Graph::new(names, edges, None)?,
    })
}

/// The direct edges of the noun hierarchy of WordNet 3.0.
pub(crate) fn nouns() -> Result<Named> {
    Ok(Named {
        name: NOUNS_TITLE.into(),
        graph: wordnet::nouns()?,
    })
}

/// The mammals among them.
pub(crate) fn mammals() -> Result<Named> {
    Ok(Named {
        name: MAMMALS_TITLE.into(),
        graph: wordnet::mammals()?,
    })
}

/// A ring of `nodes` nodes.
pub(crate) fn cycle(nodes: u32) -> Result<Named> {
    let names = (0..nodes).map(|node| node.to_string()).collect();
    let edges = (0..nodes).map(|node| (node, (node + 1) % nodes)).collect();
    Ok(Named {
        name: format!("cycle, {nodes} nodes"),
        graph: Graph::new(names, edges, None)?,
    })
}

/// A ring of ten nodes, each the root of a tree with three leaves.
pub(crate) fn ring_of_trees() -> Result<Named> {
    let names = (0..40).map(|node: u32| node.to_string()).collect();
    let ring = (0..10).map(|node| (node, (node + 1) % 10));
    let leaves = (10..40).map(|leaf| (leaf, leaf % 10));
    Ok(Named {
        name: "ring of trees, 40 nodes".into(),
        graph: Graph::new(names, ring.chain(leaves).collect(), None)?,
    })
}

/// The social networks that come with the program.
pub(crate) fn networks() -> Result<Vec<Named>> {
    let named = |network: &Network| {
        Ok(Named {
            name: network.title().into(),
            graph: network.graph()?,
        })
    };
    Network::ALL.iter().map(named).collect()
}

/// The SHA-256 of a graph's names, edges and weights in their order: equal for equal data.
pub(crate) fn digest(graph: &Graph) -> String {
    let mut hash = Sha256::new();
    for name in graph.names() {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
    }
    for (source, target) in graph.edges() {
        hash.update(source.to_le_bytes());
        hash.update(target.to_le_bytes());
    }
    for weight in graph.weights().unwrap_or_default() {
        hash.update(weight.to_le_bytes());
    }
    format!("{:x}", hash.finalize())
}
