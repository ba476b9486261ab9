//! Options that several papers take.

use std::path::Path;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use holonomy::Result;
use holonomy::embed::Model;
use holonomy::graph::{EdgeListOptions, Graph, Header, read_edge_list};

use crate::harness::output;

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

/// Reads `--manifold`.
pub(crate) fn model() -> impl TypedValueParser<Value = Model> {
    PossibleValuesParser::new([
        PossibleValue::new("ball").help("The Poincaré ball"),
        PossibleValue::new("lorentz").help("The hyperboloid"),
        PossibleValue::new("euclidean").help("Flat space"),
    ])
    .try_map(|name| name.parse::<Model>())
}

/// Reads a finite number above 0.
pub(crate) fn positive(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a finite number above 0".into()),
    }
}

/// Reads a finite number of at least 0.
pub(crate) fn not_negative(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("expected a finite number of at least 0".into()),
    }
}
