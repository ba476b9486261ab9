//! The hierarchy to embed.

use std::fmt;
use std::path::Path;

use holonomy::embed::Start;
use holonomy::graph::Graph;
use holonomy::{Error, Result};
use serde::Serialize;

use super::options::{Dataset, Settings};
use crate::data::graphs::digest;
use crate::data::wordnet::{self, MAMMALS_TITLE, NOUNS_TITLE};
use crate::harness::output;

/// A hierarchy, and the closure that is learned.
pub(crate) struct Data {
    /// The direct relations, which the picture draws.
    pub(crate) direct: Graph,
    /// All pairs (descendant, ancestor).
    pub(crate) closure: Graph,
    pub(crate) description: Description,
}

impl Data {
    /// A digest of the names and pairs in their order: equal for equal data.
    pub(crate) fn digest(&self) -> String {
        digest(&self.closure)
    }
}

/// What a report says about the data.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Description {
    pub(crate) name: String,
    /// The name on pictures.
    #[serde(skip)]
    pub(crate) title: String,
    pub(crate) nodes: usize,
    pub(crate) direct_edges: usize,
    /// The pairs of the transitive closure, which are what is trained and evaluated on.
    pub(crate) pairs: usize,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} nodes, {} pairs",
            self.name, self.nodes, self.pairs
        )
    }
}

/// Reads the hierarchy that the settings name, and says which way its edges run.
pub(crate) fn load(settings: &Settings) -> Result<Data> {
    let data = read(settings)?;
    let direction = data.direct.direction();
    output::note(&format!("direction: {direction}"));
    if let (Some(path), Start::HalfSpaces, Some(cycle)) = (
        &settings.edges,
        settings.main.start,
        direction.cycle_by_names(),
    ) {
        return Err(Error::Data {
            path: path.clone(),
            reason: format!(
                "a cycle, {cycle}, where half-spaces need a hierarchy: take an edge of it out, or use --start random"
            ),
        });
    }
    Ok(data)
}

fn read(settings: &Settings) -> Result<Data> {
    if let Some(path) = &settings.edges {
        let graph = settings.edge_list.read(path)?;
        return Ok(describe(path.display().to_string(), file_name(path), graph));
    }
    let (title, graph) = if settings.dataset == Some(Dataset::Nouns) {
        (NOUNS_TITLE, wordnet::nouns()?)
    } else {
        (MAMMALS_TITLE, wordnet::mammals()?)
    };
    Ok(describe(title.into(), title.into(), graph))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn describe(name: String, title: String, direct: Graph) -> Data {
    let closure = direct.transitive_closure();
    let description = Description {
        name,
        title,
        nodes: closure.node_count(),
        direct_edges: direct.edge_count(),
        pairs: closure.edge_count(),
    };
    Data {
        direct,
        closure,
        description,
    }
}
