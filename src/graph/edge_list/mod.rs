//! Edge lists: two columns of names, and a third of weights where there are any.

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

/// How an edge list is laid out, where it should not be found out from the file, and what is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeListOptions {
    /// The byte between columns; the blank stands for any number of blanks and tabs.
    ///
    /// `None`: found out. The comma for a name in `.csv` and the tab for `.tsv` and `.tab`, where it parts most of
    /// the first 500 rows into as many columns; otherwise the one of tab, comma, semicolon and blanks that
    /// parts the most of them so. The [report](EdgeListReport) tells which.
    pub delimiter: Option<u8>,
    /// Whether the first row is a header.
    pub header: Header,
    /// Refuses self loops and repeated edges, which are otherwise left out and counted.
    pub strict: bool,
}

/// Whether the first row of an edge list names the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Found out from the file.
    ///
    /// The first row is a header when neither of its names comes again below and one of these holds:
    ///
    /// - its third field, where weights stand, begins with a letter and is not a number;
    /// - all names below are integers, or have digits, and its own are not and have none;
    /// - its fields are usual titles, such as `source,target`, `child,parent` or `name,parent_id`;
    /// - its first field is empty, above a column of row numbers;
    /// - its names have no digits, and of at least three rows below each shares a name with another, so
    ///   that the first alone stands apart. This is a guess, of which the report has a
    ///   [doubt](EdgeListReport::doubt).
    #[default]
    Detect,
    /// The first row is a header.
    Present,
    /// The first row is an edge.
    Absent,
}

/// What [`read_edge_list`] found beside the graph.
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
    /// How many lines are comments.
    pub comment_lines: usize,
    /// Whether the file says that its edges have no direction.
    pub undirected: bool,
    /// The rows that hold an edge, repeated edges included, self loops not.
    pub rows: usize,
    /// How many rows join a node with itself; they are not in the graph.
    pub self_loops: usize,
    /// The line of the first of them, counted from 1.
    pub first_self_loop_line: Option<usize>,
    /// How many rows repeat an edge from above; only the first of each is in the graph.
    pub duplicate_edges: usize,
    /// The line of the first repeated edge, counted from 1.
    pub first_duplicate_line: Option<usize>,
    /// How many of the repeated edges carry another weight than the first of their kind, which is
    /// the one that counts.
    pub conflicting_weights: usize,
    /// Nodes of a matrix that no edge joins with another; they are not in the graph.
    pub nodes_without_edges: usize,
    /// Why the first row may not be what it was taken for.
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

/// Reads a graph from a text file with an edge a row: child, parent and, optionally, a weight.
///
/// Nodes are numbered as they first appear. Details:
///
/// - Files in gzip are unpacked on the way.
/// - White space around fields is not part of them; fields may be quoted as in CSV. Empty lines and separators at
///   the end of a line do not count.
/// - Lines that start with `#` or `%` are comments, where the first line does so, or one further down that has a blank
///   behind it and no tab, comma or semicolon; not where names start so, which stand in the second column or on
///   most lines.
/// - A header that names a child and a parent, or one of them, tells the columns, in either order.
///   A first column of row numbers below an empty title is passed over.
/// - Files of SNAP, and of KONECT, whose fourth column, the time, is not read. In KONECT's bipartite networks
///   one number names two nodes: they are refused.
/// - Matrix Market's coordinate format: a symmetric matrix has an edge an entry.
/// - What networkx writes: behind the names `{}`, or `{'weight': 2.5}`.
/// - Self loops and repeated edges are left out and counted, unless the options are
///   [strict](EdgeListOptions::strict).
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for a file that cannot be read; [`Error::Data`](crate::Error::Data) for one without
/// edges, with damaged compression, in another format (XML, GML, JSON, …), and for a matrix that has not as many
/// entries as its size says; [`Error::Parse`](crate::Error::Parse), with the line, for text that is not UTF-8, for a row
/// that has not two or three columns or not as many as the first, for an empty name or one with control characters,
/// for a weight that is not a number, negative or not finite, and, where the options are strict, for an edge from a node
/// to itself or one that comes again; [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a delimiter that
/// cannot be one.
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
/// Errors call the bytes by `name`, whose ending counts as that of a file does.
///
/// # Errors
///
/// Those of [`read_edge_list`], but for [`Error::Io`](crate::Error::Io).
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
