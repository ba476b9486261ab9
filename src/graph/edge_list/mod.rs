//! Edge lists: two columns of names, and an optional column of weights.

mod attributes;
mod banner;
mod header;
mod read;
mod titles;
mod write;

use std::fmt;
use std::path::Path;

use super::Graph;
use crate::Result;
use crate::source::{Separator, Source};
pub use write::write_edge_list;

/// Options for reading an edge list. By default the layout is detected from the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeListOptions {
    /// The byte between columns; the blank stands for any number of blanks and tabs.
    ///
    /// `None`: detected. It is the comma for a file name in `.csv`, and the tab for `.tsv` and
    /// `.tab`, if it splits most of the first 500 rows into equally many columns. Otherwise it is
    /// the one of tab, comma, semicolon and blanks for which most rows have equally many columns.
    /// The [report](EdgeListReport) has the result.
    pub delimiter: Option<u8>,
    /// Whether the first row is a header.
    pub header: Header,
    /// Whether self loops and repeated edges are errors. Otherwise they are left out and counted.
    pub strict: bool,
}

/// Whether the first row of an edge list names the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Detected from the file.
    ///
    /// The first row is a header if neither of its names occurs again below and one of these
    /// holds:
    ///
    /// - its third field, where weights stand, begins with a letter and is not a number;
    /// - all names below are integers and its own are not, or all names below have digits and its
    ///   own have none;
    /// - its fields are usual titles, such as `source,target`, `child,parent` or `name,parent_id`;
    /// - its first field is empty, above a column of row numbers;
    /// - its names have no digits, and each of the rows below, at least three, shares a name with
    ///   another row. This is a guess, recorded as a [doubt](EdgeListReport::doubt) in the report.
    #[default]
    Detect,
    /// The first row is a header.
    Present,
    /// The first row is an edge.
    Absent,
}

/// What [`read_edge_list`] found besides the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EdgeListReport {
    /// The fields of the header, where there is one.
    pub header: Option<Vec<String>>,
    /// The byte between columns; the blank stands for any number of blanks and tabs.
    pub delimiter: u8,
    /// The columns of the child and of the parent, counted from 0: (0, 1) unless the header says otherwise.
    pub ends: (usize, usize),
    /// Columns that were not read, by their titles or numbers, and data of edges other than weights, by their keys.
    pub ignored: Vec<String>,
    /// The number of comment lines.
    pub comment_lines: usize,
    /// Whether the file says that its edges have no direction.
    pub undirected: bool,
    /// The number of rows with an edge, including repeated edges but not self loops.
    pub rows: usize,
    /// The number of self loops; they are not in the graph.
    pub self_loops: usize,
    /// The line of the first self loop, counted from 1.
    pub first_self_loop_line: Option<usize>,
    /// The number of rows that repeat an earlier edge; only the first is in the graph.
    pub duplicate_edges: usize,
    /// The line of the first repeated edge, counted from 1.
    pub first_duplicate_line: Option<usize>,
    /// The number of repeated edges with another weight than their first occurrence, whose weight
    /// is used.
    pub conflicting_weights: usize,
    /// The number of nodes of a matrix without edges; they are not in the graph.
    pub nodes_without_edges: usize,
    /// Why the decision about the header is uncertain, if it is.
    pub doubt: Option<String>,
}

impl fmt::Display for EdgeListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = Separator::of(self.delimiter);
        write!(f, "{} rows between {separator}, ", self.rows)?;
        match &self.header {
            Some(titles) => write!(f, "header {titles:?}")?,
            None => f.write_str("no header")?,
        }
        if self.ends != (0, 1) {
            let (child, parent) = self.ends;
            write!(
                f,
                ", child in column {}, parent in column {}",
                child + 1,
                parent + 1
            )?;
        }
        if !self.ignored.is_empty() {
            write!(f, ", not read: {}", self.ignored.join(", "))?;
        }
        if self.comment_lines > 0 {
            write!(f, ", {} comment lines", self.comment_lines)?;
        }
        if self.undirected {
            f.write_str(", undirected as the file says")?;
        }
        if let Some(line) = self.first_self_loop_line {
            let loops = self.self_loops;
            write!(
                f,
                ", {loops} self loops left out (the first on line {line})"
            )?;
        }
        if let Some(line) = self.first_duplicate_line {
            let duplicates = self.duplicate_edges;
            write!(
                f,
                ", {duplicates} duplicate edges left out (the first on line {line})"
            )?;
        }
        if self.conflicting_weights > 0 {
            write!(
                f,
                ", {} of them with another weight",
                self.conflicting_weights
            )?;
        }
        if self.nodes_without_edges > 0 {
            let nodes = self.nodes_without_edges;
            write!(f, ", {nodes} nodes without edges left out")?;
        }
        match &self.doubt {
            Some(doubt) => write!(f, "; {doubt}"),
            None => Ok(()),
        }
    }
}

/// Reads a graph from a text file with one edge for each row: child, parent and, optionally, a
/// weight.
///
/// Nodes are numbered in the order in which they first appear. Details:
///
/// - Files in gzip are unpacked.
/// - White space around fields is removed; fields may be quoted as in CSV. Empty lines and
///   separators at the end of a line are ignored.
/// - Lines that start with `#` or `%` are comments if the first line starts so, or if a later such
///   line has a blank after the mark and no tab, comma or semicolon. They are not comments if
///   names start with the mark, in the second column or on most lines.
/// - A header that names a child and a parent, or one of them, determines the columns, in either
///   order. A first column of row numbers below an empty title is skipped.
/// - Files of SNAP and of KONECT are read; the fourth column of KONECT, the time, is not. KONECT's
///   bipartite networks are refused, because one number names two nodes.
/// - Matrix Market's coordinate format is read; a symmetric matrix has one edge for each stored
///   entry.
/// - The format of networkx is read, with `{}` or `{'weight': 2.5}` after the names.
/// - Self loops and repeated edges are left out and counted, unless the options are
///   [strict](EdgeListOptions::strict).
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for a file that cannot be read;
/// [`Error::Data`](crate::Error::Data) for one without edges, with damaged compression, in another
/// format (XML, GML, JSON, …), and for a matrix with another number of entries than declared;
/// [`Error::Parse`](crate::Error::Parse), with the line, for text that is not UTF-8, for a row
/// without two or three columns or with another number than the first, for an empty name or one
/// with control characters, for a weight that is not a number, negative or not finite, and, where
/// the options are strict, for a self loop or a repeated edge;
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for an invalid delimiter.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{EdgeListOptions, read_edge_list};
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("animals.csv");
/// std::fs::write(&path, "child,parent\ndog,mammal\ncat,mammal\ndog,mammal\n").unwrap();
///
/// let (graph, report) = read_edge_list(&path, EdgeListOptions::default())?;
/// assert_eq!(graph.names(), ["dog", "mammal", "cat"]);
/// assert_eq!(graph.edges(), [(0, 1), (2, 1)]);
/// assert_eq!((report.duplicate_edges, report.first_duplicate_line), (1, Some(4)));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn read_edge_list(
    path: impl AsRef<Path>,
    options: EdgeListOptions,
) -> Result<(Graph, EdgeListReport)> {
    read::parse(&Source::read(path.as_ref())?, options)
}

/// As [`read_edge_list`], from bytes in memory, such as `include_bytes!` gives.
///
/// Errors name the bytes `name`, whose ending is used like that of a file name.
///
/// # Errors
///
/// Those of [`read_edge_list`], except [`Error::Io`](crate::Error::Io).
///
/// # Examples
///
/// ```
/// use holonomy::graph::{EdgeListOptions, parse_edge_list};
///
/// let (graph, _) = parse_edge_list("dog,mammal\ncat,mammal", "a.csv", EdgeListOptions::default())?;
/// assert_eq!(graph.edge_count(), 2);
///
/// let error = parse_edge_list("dog,mammal\ncat", "a.csv", EdgeListOptions::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "a.csv:2: expected 2 columns as on line 1, got 1 between commas"
/// );
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn parse_edge_list(
    bytes: impl Into<Vec<u8>>,
    name: impl AsRef<Path>,
    options: EdgeListOptions,
) -> Result<(Graph, EdgeListReport)> {
    read::parse(&Source::new(name.as_ref(), bytes.into())?, options)
}
