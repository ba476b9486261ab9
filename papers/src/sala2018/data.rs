//! The trees and networks that are embedded.

use holonomy::Result;
use holonomy::graph::{EdgeListOptions, Graph, parse_edge_list, read_edge_list};

use super::options::Settings;
use crate::nickel2017::{MAMMALS_ROOT, NOUNS, NOUNS_NAME};
use crate::output;

/// A graph with a name for tables.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) graph: Graph,
}

/// The user's own edge list, where there is one.
pub(crate) fn own(settings: &Settings) -> Result<Option<Named>> {
    let Some(path) = &settings.edges else {
        return Ok(None);
    };
    let (graph, report) = read_edge_list(path, EdgeListOptions::default())?;
    let name = path.display().to_string();
    output::note(&format!("{name}: {report}"));
    Ok(Some(Named { name, graph }))
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
    let (graph, _) = parse_edge_list(NOUNS, NOUNS_NAME, EdgeListOptions::default())?;
    Ok(Named {
        name: "WordNet 3.0 nouns".into(),
        graph,
    })
}

/// The mammals among them.
pub(crate) fn mammals() -> Result<Named> {
    Ok(Named {
        name: "WordNet 3.0 mammals".into(),
        graph: nouns()?.graph.subtree(MAMMALS_ROOT)?,
    })
}
