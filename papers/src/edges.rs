//! The user's own edge lists.

use std::path::Path;

use clap::ValueEnum;
use holonomy::Result;
use holonomy::graph::{EdgeListOptions, Graph, Header, read_edge_list};

use crate::output;

/// How the file of `--edges` is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct EdgeListArgs {
    /// Refuse self loops and repeated edges in the file of --edges, which are otherwise left out and counted
    #[arg(long, requires = "edges")]
    strict: bool,

    /// What the first line of the file of --edges is [default: found out]
    #[arg(long, value_enum, value_name = "LINE", requires = "edges")]
    first_line: Option<FirstLine>,
}

/// What the first line of an edge list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FirstLine {
    /// The titles of the columns
    Header,
    /// An edge
    Edge,
}

impl EdgeListArgs {
    /// The graph of the file; one line for the user says how it was read.
    pub(crate) fn read(self, path: &Path) -> Result<Graph> {
        let options = EdgeListOptions {
            header: match self.first_line {
                None => Header::Detect,
                Some(FirstLine::Header) => Header::Present,
                Some(FirstLine::Edge) => Header::Absent,
            },
            strict: self.strict,
            ..EdgeListOptions::default()
        };
        let (graph, report) = read_edge_list(path, options)?;
        let doubt = match report.doubt {
            Some(_) => " (--first-line header or edge says which)",
            None => "",
        };
        output::note(&format!("{}: {report}{doubt}", path.display()));
        Ok(graph)
    }
}
