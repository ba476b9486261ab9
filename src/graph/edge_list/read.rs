//! Edge lists from text.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::attributes;
use super::banner::{Banner, Format, Size, explained};
use super::header::{Verdict, detect};
use super::titles::{Columns, is_child, is_parent};
use super::{EdgeListOptions, EdgeListReport, Header};
use crate::graph::{Graph, WEIGHT, is_weight};
use crate::source::{Layout, Records, Separator, Source, is_decimal_comma, lines_from, quote};
use crate::{Error, Result};

/// The most columns of KONECT: the ends, a weight and a time.
const KONECT_COLUMNS: usize = 4;

pub(super) fn parse(source: &Source, options: EdgeListOptions) -> Result<(Graph, EdgeListReport)> {
    let separator = options
        .delimiter
        .map(|byte| check_delimiter(byte).map(Separator::of))
        .transpose()?;
    read(source, separator, options).map_err(|error| explained(source, error))
}

fn read(
    source: &Source,
    separator: Option<Separator>,
    options: EdgeListOptions,
) -> Result<(Graph, EdgeListReport)> {
    let banner = Banner::of(source)?;
    let is_matrix = matches!(banner.format, Format::MatrixMarket { .. });
    let separator = separator.or(is_matrix.then_some(Separator::Blanks));
    let layout = Layout::of(source, separator);
    let verdict = match options.header {
        _ if is_matrix => Verdict::default(),
        Header::Present => Verdict::header(),
        Header::Absent => Verdict::default(),
        Header::Detect => detect(source, layout)?,
    };
    let mut rows = Rows::new(source, layout, banner.format);
    let size = is_matrix.then(|| rows.size()).transpose()?;
    let header = if verdict.is_header {
        rows.header()?
    } else {
        None
    };
    let mut edges = EdgeSet::new(source, options.strict);
    while let Some(row) = rows.next()? {
        if let Some(size) = &size {
            size.check(source, row.line, row.child)?;
            size.check(source, row.line, row.parent)?;
        }
        edges.insert(&row)?;
    }
    if edges.edges.is_empty() {
        return Err(source.unusable(match (&header, edges.loops) {
            (_, 1..) => "expected edges, found only self loops",
            (Some(_), _) => "expected edges, found only a header",
            (None, _) => "expected edges, found an empty file",
        }));
    }
    let nodes_without_edges = match &size {
        Some(size) => nodes_left(source, size, &edges)?,
        None => 0,
    };
    let report = EdgeListReport {
        header,
        delimiter: layout.separator.byte(),
        ends: rows.ends(),
        ignored: rows.ignored(&edges),
        comment_lines: layout
            .comment
            .map_or(0, |comment| lines_from(source.text(), comment).count()),
        undirected: banner.undirected,
        rows: edges.rows,
        self_loops: edges.loops,
        first_self_loop_line: edges.first_loop_line,
        duplicate_edges: edges.rows - edges.edges.len(),
        first_duplicate_line: edges.first_duplicate_line,
        conflicting_weights: edges.conflicting_weights,
        nodes_without_edges,
        doubt: verdict.doubt,
    };
    Ok((edges.graph()?, report))
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

/// The nodes of a matrix that have no edge, if it has as many entries as its size says.
fn nodes_left(source: &Source, size: &Size, edges: &EdgeSet) -> Result<usize> {
    let found = edges.rows + edges.loops;
    if found != size.entries {
        return Err(source.unusable(format!(
            "its size says {} entries, and {found} follow: is the file cut off?",
            size.entries
        )));
    }
    Ok(size.nodes - edges.nodes.len())
}

/// A row that holds an edge.
struct Row<'a> {
    line: usize,
    child: &'a str,
    parent: &'a str,
    /// A field of its own, or what stands in a dictionary.
    weight: Option<&'a str>,
    /// Further keys of the dictionary.
    others: Vec<&'a str>,
}

/// The rows of a file as edges.
struct Rows<'a> {
    source: &'a Source,
    layout: Layout,
    format: Format,
    records: Records<'a>,
    /// The columns, and the line that decided them.
    columns: Option<(Columns, usize)>,
    header: Option<(Vec<String>, usize)>,
}

impl<'a> Rows<'a> {
    fn new(source: &'a Source, layout: Layout, format: Format) -> Self {
        Self {
            source,
            layout,
            format,
            records: Records::new(source, layout),
            columns: None,
            header: None,
        }
    }

    /// The first row of a matrix.
    fn size(&mut self) -> Result<Size> {
        match self.records.next()? {
            Some(line) => Size::parse(self.source, line, self.records.fields()),
            None => Err(self
                .source
                .unusable("expected the size of a matrix, found only comments")),
        }
    }

    /// The first row's fields.
    fn header(&mut self) -> Result<Option<Vec<String>>> {
        let Some(line) = self.records.next()? else {
            return Ok(None);
        };
        let titles: Vec<String> = self.records.fields().map(str::to_owned).collect();
        self.header = Some((titles.clone(), line));
        Ok(Some(titles))
    }

    fn next(&mut self) -> Result<Option<Row<'_>>> {
        let Some(line) = self.records.next()? else {
            return Ok(None);
        };
        if self.columns.is_none() {
            self.columns = Some(self.resolve(line)?);
        }
        let Some((columns, first_line)) = &self.columns else {
            return Ok(None);
        };
        let (width, found) = (columns.count, self.records.width());
        // Empty fields at the end may be missing names or weights, or nothing.
        if found > width || self.records.len() < width {
            let expected = format!("{width} columns as on line {first_line}");
            return Err(self.source.error(line, expected, self.between(found)));
        }
        let mut row = Row {
            line,
            child: "",
            parent: "",
            weight: None,
            others: Vec::new(),
        };
        for (column, field) in self.records.fields().enumerate() {
            if column == columns.child {
                row.child = field;
            } else if column == columns.parent {
                row.parent = field;
            } else if Some(column) == columns.weight {
                row.weight = Some(field);
            }
        }
        if let Some(attributes) = row.weight.and_then(attributes::parse) {
            (row.weight, row.others) = (attributes.weight, attributes.others);
        }
        Ok(Some(row))
    }

    /// "4 between commas"
    fn between(&self, columns: usize) -> String {
        format!("{columns} between {}", self.layout.separator)
    }

    /// The columns, by the header and the first row of edges.
    fn resolve(&self, line: usize) -> Result<(Columns, usize)> {
        let width = self.records.width();
        let Some((titles, header_line)) = &self.header else {
            return self.resolve_without_header(line, width);
        };
        let counts = |start: &str| matches!(start, "0" | "1");
        let starts_counting = self.records.fields().next().is_some_and(counts);
        // R leaves the title of the row names out, other programs leave it empty.
        let untitled = titles.len() + 1 == width && starts_counting;
        let index = untitled || titles.first().is_some_and(String::is_empty) && starts_counting;
        let own: Vec<String> = titles
            .iter()
            .skip(usize::from(index && !untitled))
            .cloned()
            .collect();
        let columns = match Columns::of_titles(&own) {
            Some(columns) => columns,
            None if own.iter().any(|title| is_child(title) || is_parent(title)) => {
                let expected = "titles that tell one column of the children and one of the parents";
                return Err(self
                    .source
                    .error(*header_line, expected, format!("{own:?}")));
            }
            None => {
                self.check_count(*header_line, own.len())?;
                Columns::in_order(own.len())
            }
        };
        Ok((columns.moved(usize::from(index)), *header_line))
    }

    fn resolve_without_header(&self, line: usize, width: usize) -> Result<(Columns, usize)> {
        match self.format {
            Format::MatrixMarket { has_values } => {
                Ok((Columns::in_order(2 + usize::from(has_values)), line))
            }
            Format::Konect if width == KONECT_COLUMNS => Ok((Columns::in_order(width), line)),
            _ => {
                self.check_count(line, width)?;
                Ok((Columns::in_order(width), line))
            }
        }
    }

    fn check_count(&self, line: usize, width: usize) -> Result<()> {
        if width == 2 || width == 3 {
            return Ok(());
        }
        let expected = "2 or 3 columns (child, parent, weight)";
        Err(self.source.error(line, expected, self.between(width)))
    }

    fn ends(&self) -> (usize, usize) {
        let columns = self.columns.as_ref();
        columns.map_or((0, 1), |(columns, _)| (columns.child, columns.parent))
    }

    /// Columns and data that are not read.
    fn ignored(&self, edges: &EdgeSet) -> Vec<String> {
        let Some((columns, _)) = &self.columns else {
            return Vec::new();
        };
        let titles = self.header.as_ref().map(|(titles, _)| titles.as_slice());
        let moved = titles.map_or(0, |titles| columns.count - titles.len().min(columns.count));
        let title = |column: usize| {
            let title = titles.and_then(|titles| titles.get(column.checked_sub(moved)?));
            title
                .filter(|title| !title.is_empty())
                .map_or(format!("column {}", column + 1), |title| quote(title))
        };
        let is_read = |column: &usize| {
            [columns.child, columns.parent].contains(column) || columns.weight == Some(*column)
        };
        let left = (0..columns.count).filter(|column| !is_read(column));
        left.map(title)
            .chain(edges.others.iter().map(|key| quote(key)))
            .collect()
    }
}

/// The edges read so far.
struct EdgeSet<'a> {
    source: &'a Source,
    strict: bool,
    nodes: HashMap<String, u32>,
    /// The place of each edge among the edges.
    places: HashMap<(u32, u32), usize>,
    edges: Vec<(u32, u32)>,
    /// As long as the edges when they have weights, else empty.
    weights: Vec<f64>,
    /// Whether edges have weights, and the line that says so.
    weighted: Option<(bool, usize)>,
    /// Keys of dictionaries other than weights.
    others: Vec<String>,
    rows: usize,
    loops: usize,
    first_loop_line: Option<usize>,
    first_duplicate_line: Option<usize>,
    conflicting_weights: usize,
}

impl<'a> EdgeSet<'a> {
    fn new(source: &'a Source, strict: bool) -> Self {
        Self {
            source,
            strict,
            nodes: HashMap::new(),
            places: HashMap::new(),
            edges: Vec::new(),
            weights: Vec::new(),
            weighted: None,
            others: Vec::new(),
            rows: 0,
            loops: 0,
            first_loop_line: None,
            first_duplicate_line: None,
            conflicting_weights: 0,
        }
    }

    fn insert(&mut self, row: &Row) -> Result<()> {
        let (source, line) = (self.source, row.line);
        check_name(source, line, row.child, "child")?;
        check_name(source, line, row.parent, "parent")?;
        let weight = row
            .weight
            .map(|field| parse_weight(source, line, field))
            .transpose()?;
        self.check_weighted(line, weight.is_some())?;
        for key in &row.others {
            if !self.others.iter().any(|other| other == key) {
                self.others.push((*key).to_owned());
            }
        }
        if row.child == row.parent {
            return self.insert_loop(line, row.child);
        }
        let edge = (self.node(row.child)?, self.node(row.parent)?);
        self.rows += 1;
        match self.places.entry(edge) {
            Entry::Vacant(place) => {
                place.insert(self.edges.len());
                self.edges.push(edge);
                self.weights.extend(weight);
            }
            Entry::Occupied(_) if self.strict => {
                let got = format!("{} → {} again", quote(row.child), quote(row.parent));
                return Err(source.error(line, "every edge once (strict)", got));
            }
            Entry::Occupied(place) => {
                self.first_duplicate_line.get_or_insert(line);
                let first = self.weights.get(*place.get()).copied();
                self.conflicting_weights += usize::from(first != weight);
            }
        }
        Ok(())
    }

    fn insert_loop(&mut self, line: usize, name: &str) -> Result<()> {
        if self.strict {
            let got = format!("{} twice", quote(name));
            let expected = "an edge between different nodes (strict)";
            return Err(self.source.error(line, expected, got));
        }
        self.loops += 1;
        self.first_loop_line.get_or_insert(line);
        Ok(())
    }

    /// Only a dictionary can lack a weight that others have.
    fn check_weighted(&mut self, line: usize, has_weight: bool) -> Result<()> {
        let &mut (weighted, first_line) = self.weighted.get_or_insert((has_weight, line));
        if weighted == has_weight {
            return Ok(());
        }
        let (expected, got) = if weighted {
            ("a weight", "none")
        } else {
            ("no weight", "one")
        };
        let expected = format!("{expected} as on line {first_line}");
        Err(self.source.error(line, expected, got.to_owned()))
    }

    fn node(&mut self, name: &str) -> Result<u32> {
        if let Some(&node) = self.nodes.get(name) {
            return Ok(node);
        }
        let source = self.source;
        let node = u32::try_from(self.nodes.len())
            .map_err(|_| source.unusable("expected fewer than 2³² different names"))?;
        self.nodes.insert(name.to_owned(), node);
        Ok(node)
    }

    fn graph(self) -> Result<Graph> {
        let mut names = vec![String::new(); self.nodes.len()];
        for (name, node) in self.nodes {
            names[node as usize] = name;
        }
        let weights = (!self.weights.is_empty()).then_some(self.weights);
        Graph::new(names, self.edges, weights)
    }
}

/// An unclosed quotation mark swallows line breaks: the control characters show it.
fn check_name(source: &Source, line: usize, name: &str, end: &str) -> Result<()> {
    if name.is_empty() {
        let hint = if end == "parent" {
            " (a root needs no row of its own: take the line out)"
        } else {
            ""
        };
        let got = format!("an empty one for the {end}{hint}");
        return Err(source.error(line, "a name in both columns", got));
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
        .ok_or_else(|| {
            let hint = if is_decimal_comma(field) {
                " (write a decimal point)"
            } else {
                ""
            };
            source.error(line, WEIGHT, quote(field) + hint)
        })
}
