//! Edge lists: two columns of names, and a third of weights where there are any.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use csv::StringRecord;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Graph, WEIGHT, is_weight};
use crate::source::{Source, is_gzip_name, quote};
use crate::{Error, Result};

/// How an edge list is laid out, where it should not be found out from the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeListOptions {
    /// The byte between columns.
    ///
    /// `None`: the comma for a name in `.csv`, the tab for `.tsv` and `.tab`, and otherwise the
    /// first of tab, comma, semicolon and space that stands in the first line that is not empty.
    pub delimiter: Option<u8>,
    /// Whether the first row is a header.
    pub header: Header,
}

/// Whether the first row of an edge list names the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Found out from the file.
    ///
    /// The first row is a header when none of the names in it comes again below and one of these
    /// holds: its first two fields are usual titles such as `child,parent` or `source,target`; its
    /// third field, where weights stand, begins with a letter and is no number; all
    /// names below are integers and its own are not. The [report](EdgeListReport) tells what was
    /// found.
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
    /// The byte between columns.
    pub delimiter: u8,
    /// The rows that hold an edge, repeated edges included.
    pub rows: usize,
    /// How many rows repeat an edge from above; only the first of each is in the graph.
    pub duplicate_edges: usize,
    /// The line of the first repeated edge, counted from 1.
    pub first_duplicate_line: Option<usize>,
    /// How many of the repeated edges carry another weight than the first of their kind, which is
    /// the one that counts.
    pub conflicting_weights: usize,
}

impl fmt::Display for EdgeListReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = match &self.header {
            Some(titles) => format!("header {titles:?}"),
            None => "no header".to_owned(),
        };
        write!(f, "{} rows, {header}", self.rows)?;
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
        Ok(())
    }
}

/// Reads a graph from a text file with an edge a row: child, parent and, optionally, a weight.
///
/// Files in gzip are unpacked on the way. Nodes are numbered as they first appear. White
/// space around fields is not part of them; fields may be quoted as in CSV; empty lines do not count.
///
/// # Errors
///
/// [`Error::Io`] for a file that cannot be read; [`Error::Data`] for one without edges or with
/// damaged compression; [`Error::Parse`], with the line, for text that is not UTF-8, for a row
/// that has not two or three columns or not as many as the first, for an empty name or
/// one with control characters, for an edge from a node to itself, and for a weight that is no number, negative
/// or not finite; [`Error::InvalidArgument`] for a delimiter that cannot be one. Repeated edges
/// are no error: they are counted.
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
    parse(&Source::read(path.as_ref())?, options)
}

/// As [`read_edge_list`], from bytes in memory, such as `include_bytes!` gives.
///
/// Errors call the bytes by `name`, whose ending counts as that of a file does.
///
/// # Errors
///
/// Those of [`read_edge_list`], but for [`Error::Io`].
///
/// # Examples
///
/// ```
/// use holonomy::graph::{EdgeListOptions, parse_edge_list};
///
/// let (graph, _) = parse_edge_list("dog,mammal\ncat,mammal", "a.csv", EdgeListOptions::default())?;
/// assert_eq!(graph.edge_count(), 2);
///
/// let error = parse_edge_list("dog,dog", "a.csv", EdgeListOptions::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "a.csv:1: expected an edge between different nodes, got \"dog\" twice"
/// );
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn parse_edge_list(
    bytes: impl Into<Vec<u8>>,
    name: impl AsRef<Path>,
    options: EdgeListOptions,
) -> Result<(Graph, EdgeListReport)> {
    parse(&Source::new(name.as_ref(), bytes.into())?, options)
}

fn parse(source: &Source, options: EdgeListOptions) -> Result<(Graph, EdgeListReport)> {
    let delimiter = match options.delimiter {
        Some(delimiter) => check_delimiter(delimiter)?,
        None => {
            delimiter_of_name(source.path()).unwrap_or_else(|| delimiter_of_text(source.text()))
        }
    };
    let has_header = match options.header {
        Header::Present => true,
        Header::Absent => false,
        Header::Detect => starts_with_header(source, delimiter)?,
    };
    let mut rows = Rows::new(source, delimiter);
    let mut header = None;
    if has_header && rows.next()?.is_some() {
        header = Some(rows.fields().map(str::to_owned).collect());
    }
    let mut edges = EdgeSet::default();
    while let Some(line) = rows.next()? {
        let mut fields = rows.fields();
        let child = fields.next().unwrap_or_default();
        let parent = fields.next().unwrap_or_default();
        edges.insert(source, line, child, parent, fields.next())?;
    }
    edges.finish(source, header, delimiter)
}

/// Writes a graph as an edge list that [`read_edge_list`] reads: a header, then a row an edge.
///
/// The columns are separated by commas for a name in `.csv`, else by tabs; a name in `.gz` is
/// compressed. Equal graphs give equal bytes. The file appears whole or not at all. The reader
/// numbers the nodes afresh, and takes the header for an edge when a node is called `child` or
/// `parent`, unless told [`Header::Present`].
///
/// # Errors
///
/// [`Error::Io`] when the file cannot be written; [`Error::Data`] for a graph that an edge list
/// cannot hold: with a node without edges, or with a name that has control characters or
/// white space at its ends.
pub fn write_edge_list(graph: &Graph, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    check_writable(graph, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder
        .tempfile_in(folder)
        .map_err(Error::io("create", path))?;
    write_rows(graph, path, file.as_file()).map_err(Error::io("write", path))?;
    file.as_file()
        .sync_all()
        .map_err(Error::io("write", path))?;
    file.persist(path)
        .map(drop)
        .map_err(|error| Error::io("write", path)(error.error))
}

/// The titles that name the two ends of an edge in files in the wild, in lower case.
const USUAL_TITLES: [(&str, &str); 14] = [
    ("child", "parent"),
    ("source", "target"),
    ("src", "dst"),
    ("from", "to"),
    ("fromnodeid", "tonodeid"),
    ("tail", "head"),
    ("head", "tail"),
    ("id1", "id2"),
    ("id_1", "id_2"),
    ("node1", "node2"),
    ("node_1", "node_2"),
    ("hyponym", "hypernym"),
    ("descendant", "ancestor"),
    ("u", "v"),
];

fn starts_with_header(source: &Source, delimiter: u8) -> Result<bool> {
    let mut rows = Rows::of_any_width(source, delimiter);
    if rows.next()?.is_none() {
        return Ok(false);
    }
    let first: Vec<String> = rows.fields().map(str::to_owned).collect();
    let (child, parent) = first_two(first.iter().map(String::as_str));
    let titles = (child.to_lowercase(), parent.to_lowercase());
    let has_usual_titles = USUAL_TITLES.contains(&(&titles.0, &titles.1));
    let names_weight = first.get(2).is_some_and(|field| is_weight_title(field));
    let mut names_integers = !is_integer(child) && !is_integer(parent);
    let mut has_rows_below = false;
    while rows.next()?.is_some() {
        let below = first_two(rows.fields());
        has_rows_below = true;
        names_integers &= is_integer(below.0) && is_integer(below.1);
        let comes_again = [below.0, below.1]
            .iter()
            .any(|&name| name == child || name == parent);
        if comes_again || !(has_usual_titles || names_weight || names_integers) {
            return Ok(false);
        }
    }
    Ok(has_usual_titles || has_rows_below)
}

fn first_two<'a>(mut fields: impl Iterator<Item = &'a str>) -> (&'a str, &'a str) {
    let first = fields.next().unwrap_or_default();
    (first, fields.next().unwrap_or_default())
}

fn is_integer(field: &str) -> bool {
    field.parse::<i64>().is_ok()
}

/// "nan" and "inf" begin with letters too, but stand for numbers.
fn is_weight_title(field: &str) -> bool {
    field.starts_with(char::is_alphabetic) && field.parse::<f64>().is_err()
}

fn check_delimiter(delimiter: u8) -> Result<u8> {
    if delimiter.is_ascii() && !b"\"\r\n".contains(&delimiter) && !delimiter.is_ascii_alphanumeric()
    {
        return Ok(delimiter);
    }
    Err(Error::invalid(
        "read_edge_list",
        "an ASCII delimiter that is no letter, digit, quotation mark or line break",
        format!("byte 0x{delimiter:02x}"),
    ))
}

fn delimiter_of_name(path: &Path) -> Option<u8> {
    let unpacked = path.with_extension("");
    let path = if is_gzip_name(path) { &unpacked } else { path };
    match path.extension()?.to_ascii_lowercase().to_str()? {
        "csv" => Some(b','),
        "tsv" | "tab" => Some(b'\t'),
        _ => None,
    }
}

fn delimiter_of_text(text: &str) -> u8 {
    let first_line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let stands_there =
        |&delimiter: &u8| first_line.is_some_and(|line| line.as_bytes().contains(&delimiter));
    [b'\t', b',', b';', b' ']
        .into_iter()
        .find(stands_there)
        .unwrap_or(b',')
}

/// The rows of a file, with their lines.
struct Rows<'a> {
    source: &'a Source,
    reader: csv::Reader<&'a [u8]>,
    record: StringRecord,
    width: Width,
}

/// How many columns a row may have.
enum Width {
    Any,
    TwoOrThree,
    /// As many as the row on that line.
    SameAs {
        columns: usize,
        line: usize,
    },
}

impl<'a> Rows<'a> {
    fn new(source: &'a Source, delimiter: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(source.text().as_bytes());
        Self {
            source,
            reader,
            record: StringRecord::new(),
            width: Width::TwoOrThree,
        }
    }

    fn of_any_width(source: &'a Source, delimiter: u8) -> Self {
        Self {
            width: Width::Any,
            ..Self::new(source, delimiter)
        }
    }

    /// Moves to the next row and gives its line.
    fn next(&mut self) -> Result<Option<usize>> {
        let start = self.reader.position().clone();
        let more = self.reader.read_record(&mut self.record).map_err(|error| {
            let line = start.line() as usize;
            self.source
                .error(line, "a row of an edge list", error.to_string())
        })?;
        if !more {
            return Ok(None);
        }
        let line = start.line() as usize + self.empty_lines_at(start.byte() as usize);
        self.check_width(line)?;
        Ok(Some(line))
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.record.iter().map(str::trim)
    }

    /// The csv reader skips empty lines at the start of a row, but its position does not.
    fn empty_lines_at(&self, byte: usize) -> usize {
        self.source.text().as_bytes()[byte..]
            .iter()
            .take_while(|byte| b"\r\n".contains(byte))
            .filter(|&&byte| byte == b'\n')
            .count()
    }

    fn check_width(&mut self, line: usize) -> Result<()> {
        let columns = self.record.len();
        let expected = match self.width {
            Width::Any => return Ok(()),
            Width::TwoOrThree if columns == 2 || columns == 3 => {
                self.width = Width::SameAs { columns, line };
                return Ok(());
            }
            Width::SameAs { columns: same, .. } if columns == same => return Ok(()),
            Width::TwoOrThree => "2 or 3 columns (child, parent, weight)".to_owned(),
            Width::SameAs { columns, line } => format!("{columns} columns as on line {line}"),
        };
        Err(self.source.error(line, expected, columns.to_string()))
    }
}

/// The edges read so far.
#[derive(Default)]
struct EdgeSet {
    nodes: HashMap<String, u32>,
    /// The place of each edge among the edges.
    places: HashMap<(u32, u32), usize>,
    edges: Vec<(u32, u32)>,
    /// As long as the edges when there is a column of weights, else empty.
    weights: Vec<f64>,
    rows: usize,
    first_duplicate_line: Option<usize>,
    conflicting_weights: usize,
}

impl EdgeSet {
    fn insert(
        &mut self,
        source: &Source,
        line: usize,
        child: &str,
        parent: &str,
        weight: Option<&str>,
    ) -> Result<()> {
        check_name(source, line, child)?;
        check_name(source, line, parent)?;
        if child == parent {
            let got = format!("{} twice", quote(child));
            return Err(source.error(line, "an edge between different nodes", got));
        }
        let weight = weight
            .map(|field| parse_weight(source, line, field))
            .transpose()?;
        let edge = (self.node(source, child)?, self.node(source, parent)?);
        self.rows += 1;
        match self.places.entry(edge) {
            Entry::Vacant(place) => {
                place.insert(self.edges.len());
                self.edges.push(edge);
                self.weights.extend(weight);
            }
            Entry::Occupied(place) => {
                self.first_duplicate_line.get_or_insert(line);
                let first = self.weights.get(*place.get()).copied();
                self.conflicting_weights += usize::from(first != weight);
            }
        }
        Ok(())
    }

    fn node(&mut self, source: &Source, name: &str) -> Result<u32> {
        if let Some(&node) = self.nodes.get(name) {
            return Ok(node);
        }
        let node = u32::try_from(self.nodes.len())
            .map_err(|_| source.unusable("expected fewer than 2³² different names"))?;
        self.nodes.insert(name.to_owned(), node);
        Ok(node)
    }

    fn finish(
        self,
        source: &Source,
        header: Option<Vec<String>>,
        delimiter: u8,
    ) -> Result<(Graph, EdgeListReport)> {
        if self.edges.is_empty() {
            return Err(source.unusable(match header {
                Some(_) => "expected edges, found only a header",
                None => "expected edges, found an empty file",
            }));
        }
        let report = EdgeListReport {
            header,
            delimiter,
            rows: self.rows,
            duplicate_edges: self.rows - self.edges.len(),
            first_duplicate_line: self.first_duplicate_line,
            conflicting_weights: self.conflicting_weights,
        };
        let mut names = vec![String::new(); self.nodes.len()];
        for (name, node) in self.nodes {
            names[node as usize] = name;
        }
        let weights = (!self.weights.is_empty()).then_some(self.weights);
        Ok((Graph::new(names, self.edges, weights)?, report))
    }
}

/// An unclosed quotation mark swallows line breaks: the control characters show it.
fn check_name(source: &Source, line: usize, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(source.error(line, "a name in both columns", "an empty one".to_owned()));
    }
    if name.contains(char::is_control) {
        let expected = "a name without line breaks and other control characters (is a quotation mark left open?)";
        return Err(source.error(line, expected, quote(name)));
    }
    Ok(())
}

fn parse_weight(source: &Source, line: usize, field: &str) -> Result<f64> {
    field
        .parse()
        .ok()
        .filter(|&weight| is_weight(weight))
        .ok_or_else(|| source.error(line, WEIGHT, quote(field)))
}

fn check_writable(graph: &Graph, path: &Path) -> Result<()> {
    let unwritable = |name: &String, why| Error::Data {
        path: path.to_owned(),
        reason: format!(
            "an edge list cannot hold the node {}, which {why}",
            quote(name)
        ),
    };
    let mut has_edge = vec![false; graph.node_count()];
    for &(child, parent) in graph.edges() {
        has_edge[child as usize] = true;
        has_edge[parent as usize] = true;
    }
    for (name, has_edge) in graph.names().iter().zip(has_edge) {
        if !has_edge {
            return Err(unwritable(name, "has no edge"));
        }
        if name.contains(char::is_control) || name.trim() != name {
            let why = "has control characters, or white space at its ends";
            return Err(unwritable(name, why));
        }
    }
    Ok(())
}

fn write_rows(graph: &Graph, path: &Path, file: &File) -> std::io::Result<()> {
    let delimiter = delimiter_of_name(path).unwrap_or(b'\t');
    if is_gzip_name(path) {
        let packer = GzEncoder::new(BufWriter::new(file), Compression::best());
        let packer = write_csv(graph, delimiter, packer)?;
        return packer.finish()?.flush();
    }
    write_csv(graph, delimiter, BufWriter::new(file))?.flush()
}

fn write_csv<W: Write>(graph: &Graph, delimiter: u8, writer: W) -> std::io::Result<W> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(writer);
    let name = |node: u32| graph.names()[node as usize].as_str();
    match graph.weights() {
        None => {
            writer.write_record(["child", "parent"])?;
            for &(child, parent) in graph.edges() {
                writer.write_record([name(child), name(parent)])?;
            }
        }
        Some(weights) => {
            writer.write_record(["child", "parent", "weight"])?;
            for (&(child, parent), weight) in graph.edges().iter().zip(weights) {
                writer.write_record([name(child), name(parent), &weight.to_string()])?;
            }
        }
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
