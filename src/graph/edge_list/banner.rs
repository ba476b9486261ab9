//! What the first lines of some formats say about the rest.

use crate::source::{Source, lines_from, quote};
use crate::{Error, Result};

const MATRIX_MARKET: &str = "%%matrixmarket";
/// KONECT's words for the kind of a network.
const KONECT: [&str; 3] = ["sym", "asym", "bip"];

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Banner {
    pub(super) format: Format,
    /// Whether edges have no direction.
    pub(super) undirected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    #[default]
    Plain,
    /// Four columns: the ends, a weight and a time.
    Konect,
    /// A line with the size after the comments; then a row an entry.
    MatrixMarket { has_values: bool },
}

impl Banner {
    /// # Errors
    ///
    /// [`Error::Parse`] for matrices that are no graphs, and for networks whose two sides share numbers.
    pub(super) fn of(source: &Source) -> Result<Self> {
        let text = source.text();
        let first = text.lines().next().unwrap_or_default();
        let words: Vec<String> = first.split_whitespace().map(str::to_lowercase).collect();
        let word = |place: usize| words.get(place).map_or("", String::as_str);
        if word(0) == MATRIX_MARKET {
            return matrix_market(source, first, &words);
        }
        if word(0) == "%" && KONECT.contains(&word(1)) {
            if word(1) == "bip" {
                let expected = "one set of nodes (in a bipartite network the same number names a node on either side: \
                                put a letter before the numbers of one column, and take this line out)";
                return Err(source.error(1, expected, quote(first)));
            }
            return Ok(Self {
                format: Format::Konect,
                undirected: word(1) == "sym",
            });
        }
        let says = |line: &str| line.to_lowercase().contains("undirected");
        Ok(Self {
            format: Format::Plain,
            undirected: lines_from(text, b'#').take(10).any(says),
        })
    }
}

fn matrix_market(source: &Source, first: &str, words: &[String]) -> Result<Banner> {
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let kinds = (word(1), word(2), word(3), word(4));
    let is_graph = kinds.0 == "matrix"
        && kinds.1 == "coordinate"
        && ["real", "integer", "pattern"].contains(&kinds.2)
        && ["general", "symmetric"].contains(&kinds.3);
    if !is_graph {
        let expected = "a matrix of edges: matrix coordinate, then real, integer or pattern, then general or symmetric";
        return Err(source.error(1, expected, quote(first)));
    }
    Ok(Banner {
        format: Format::MatrixMarket {
            has_values: kinds.2 != "pattern",
        },
        undirected: kinds.3 == "symmetric",
    })
}

/// The size of a matrix: nodes and entries.
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) entries: usize,
}

impl Size {
    /// Of the fields on that line.
    pub(super) fn parse<'a>(
        source: &Source,
        line: usize,
        fields: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let fields: Vec<&str> = fields.filter(|field| !field.is_empty()).collect();
        let numbers: Vec<usize> = fields.iter().flat_map(|field| field.parse()).collect();
        match numbers[..] {
            [rows, columns, entries] if fields.len() == 3 && rows == columns => Ok(Self {
                nodes: rows,
                entries,
            }),
            _ => {
                let expected = "the size of a square matrix: nodes, nodes again, and entries";
                Err(source.error(line, expected, quote(&fields.join(" "))))
            }
        }
    }

    /// Refuses a node that the size does not hold.
    pub(super) fn check(&self, source: &Source, line: usize, name: &str) -> Result<()> {
        match name.parse::<usize>() {
            Ok(number) if (1..=self.nodes).contains(&number) => Ok(()),
            _ => {
                let expected = format!("a number of a node, from 1 to {}", self.nodes);
                Err(source.error(line, expected, quote(name)))
            }
        }
    }
}

/// The format of a file that is no edge list, and what to do about it; told where reading failed.
pub(super) fn foreign(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    let lower: String = start.chars().take(20).collect::<String>().to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if begins(&["<?xml", "<graphml", "<gexf"]) {
        return Some(
            "this is XML (GraphML or GEXF?), no edge list: networkx.write_edgelist writes one",
        );
    }
    if begins(&["graph [", "graph\n", "graph\r", "creator \""]) {
        return Some("this is GML, no edge list: networkx.write_edgelist writes one");
    }
    if begins(&["*vertices", "*network"]) {
        return Some("this is Pajek's format, no edge list: networkx.write_edgelist writes one");
    }
    if begins(&["digraph", "strict ", "graph {"]) {
        return Some(
            "this is a graph for Graphviz, no edge list: networkx.write_edgelist writes one",
        );
    }
    if begins(&["{\"", "{\n", "[{", "[["]) {
        return Some("this is JSON, no edge list: write a row an edge");
    }
    if begins(&["("]) && start.trim_end().ends_with(';') {
        return Some("this is a tree in Newick's format, no edge list: read_newick reads it");
    }
    None
}

/// The error itself, or what format the file has instead.
pub(super) fn explained(source: &Source, error: Error) -> Error {
    match foreign(source.text()) {
        Some(reason) if matches!(error, Error::Parse { .. }) => source.unusable(reason),
        _ => error,
    }
}
