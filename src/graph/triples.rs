//! Knowledge graphs: facts (head, relation, tail) with a training, a validation and a test part.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use tch::Tensor;

use crate::source::{Layout, Records, Separator, Source, quote};
use crate::{Error, Result};

/// A fact as numbers: head, relation, tail.
pub type Triple = [u32; 3];

/// A part of the triples of a [`KnowledgeGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// What models learn from.
    Train,
    /// What settings are chosen by.
    Valid,
    /// What results are reported on.
    Test,
}

impl Split {
    /// All parts, in their order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

/// Facts (head, relation, tail) about named entities, in three parts.
///
/// Entities and relations are numbered from 0, in the order in which they first appear in the
/// training, validation and test part. A part has each triple once. A triple may have one entity for
/// its head and tail, and may be in several parts, which the [report](KnowledgeReport) counts.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{KnowledgeGraph, Split};
///
/// let (graph, report) = KnowledgeGraph::parse([
///     "anna\tmother_of\tbert\nbert\tfather_of\tcora\n",
///     "anna\tgrandmother_of\tcora\n",
///     "",
/// ])?;
/// assert_eq!(graph.entities(), ["anna", "bert", "cora"]);
/// assert_eq!(graph.triples(Split::Valid), [[0, 2, 2]]);
/// assert_eq!(report.new_relations, ["grandmother_of"]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeGraph {
    entities: Vec<String>,
    relations: Vec<String>,
    parts: [Vec<Triple>; 3],
}

/// What [`KnowledgeGraph::read`] found besides the graph. Arrays are in the order of [`Split::ALL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnowledgeReport {
    /// The number of rows with a triple, repeated ones included.
    pub rows: [usize; 3],
    /// The number of rows that repeat a triple of the same part; they are left out.
    pub duplicates: [usize; 3],
    /// The line of the first such row, counted from 1.
    pub first_duplicate_lines: [Option<usize>; 3],
    /// The number of triples that are in an earlier part, too; they are kept.
    pub repeated_from_earlier: [usize; 3],
    /// Entities that the training part lacks: they are in the graph, but nothing is learned of them.
    pub new_entities: Vec<String>,
    /// Relations that the training part lacks.
    pub new_relations: Vec<String>,
}

impl fmt::Display for KnowledgeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, valid, test] = self.rows;
        write!(
            f,
            "{train} rows to train, {valid} to validate, {test} to test"
        )?;
        for (part, split) in Split::ALL.iter().enumerate() {
            if let Some(line) = self.first_duplicate_lines[part] {
                let (count, name) = (self.duplicates[part], split.name());
                write!(
                    f,
                    ", {count} duplicates in the {name} part left out (the first on line {line})"
                )?;
            }
        }
        for (part, split) in Split::ALL.iter().enumerate() {
            if self.repeated_from_earlier[part] > 0 {
                let (count, name) = (self.repeated_from_earlier[part], split.name());
                write!(
                    f,
                    ", {count} triples of the {name} part are in an earlier one"
                )?;
            }
        }
        for (what, names) in [
            ("entities", &self.new_entities),
            ("relations", &self.new_relations),
        ] {
            if let Some(first) = names.first() {
                let (count, first) = (names.len(), quote(first));
                write!(
                    f,
                    ", {count} {what} are not in the training part, such as {first}"
                )?;
            }
        }
        Ok(())
    }
}

const OP: &str = "KnowledgeGraph";

impl KnowledgeGraph {
    /// A graph from names, and triples of their numbers. Repeated triples of a part are left out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an empty or repeated name, a number without a name, and for a
    /// training part without triples.
    pub fn new(
        entities: Vec<String>,
        relations: Vec<String>,
        parts: [Vec<Triple>; 3],
    ) -> Result<Self> {
        check_names("entities", &entities)?;
        check_names("relations", &relations)?;
        if parts[0].is_empty() {
            return Err(Error::invalid(OP, "triples to train", "none"));
        }
        for triple in parts.iter().flatten() {
            let [head, relation, tail] = *triple;
            let (nodes, kinds) = (entities.len() as u64, relations.len() as u64);
            let is_known = u64::from(head.max(tail)) < nodes && u64::from(relation) < kinds;
            if !is_known {
                let expected = format!("entities below {nodes} and relations below {kinds}");
                return Err(Error::invalid(OP, expected, format!("{triple:?}")));
            }
        }
        let parts = parts.map(|triples| {
            let mut seen = HashSet::new();
            let first = |triple: &Triple| seen.insert(*triple);
            triples.into_iter().filter(first).collect()
        });
        Ok(Self {
            entities,
            relations,
            parts,
        })
    }

    /// Reads the three parts from text files with a triple in each line: head, relation and tail
    /// between tabs.
    ///
    /// White space around fields is removed, fields may be quoted as in CSV, and empty lines are
    /// passed over. Files in gzip are unpacked. There are no comments and no headers. The validation
    /// and the test part may be empty. Triples that a part repeats are left out and counted, and so
    /// are names counted that the training part lacks, but these are kept.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a file that cannot be read; [`Error::Data`] for a training part without
    /// triples and for damaged compression; [`Error::Parse`], with the file and the line, for text
    /// that is not UTF-8, for a row without three columns, and for a name that is empty or has control
    /// characters.
    pub fn read(
        train: impl AsRef<Path>,
        valid: impl AsRef<Path>,
        test: impl AsRef<Path>,
    ) -> Result<(Self, KnowledgeReport)> {
        let [train, valid, test] = [train.as_ref(), valid.as_ref(), test.as_ref()];
        Self::of_sources(&[
            Source::read(train)?,
            Source::read(valid)?,
            Source::read(test)?,
        ])
    }

    /// Reads `train.txt`, `valid.txt` and `test.txt` of a folder; see [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn read_folder(folder: impl AsRef<Path>) -> Result<(Self, KnowledgeReport)> {
        let [train, valid, test] =
            Split::ALL.map(|split| folder.as_ref().join(format!("{}.txt", split.name())));
        Self::read(train, valid, test)
    }

    /// As [`read`](Self::read), from bytes in memory. Errors name the bytes `train`, `valid` and
    /// `test`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), except [`Error::Io`].
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::graph::KnowledgeGraph;
    ///
    /// let error = KnowledgeGraph::parse(["a\tr\tb\na\tr\n", "", ""]).unwrap_err();
    /// let expected = "train:2: expected 3 columns between tabs (head, relation, tail), got 2";
    /// assert_eq!(error.to_string(), expected);
    /// ```
    pub fn parse(parts: [impl Into<Vec<u8>>; 3]) -> Result<(Self, KnowledgeReport)> {
        let mut sources = Vec::new();
        for (split, bytes) in Split::ALL.iter().zip(parts) {
            sources.push(Source::new(Path::new(split.name()), bytes.into())?);
        }
        Self::of_sources(&sources)
    }

    fn of_sources(sources: &[Source]) -> Result<(Self, KnowledgeReport)> {
        let mut reader = Reader::default();
        for (part, source) in sources.iter().enumerate() {
            reader.read(part, source)?;
        }
        let Reader {
            entities,
            relations,
            parts,
            report,
            ..
        } = reader;
        let graph = Self {
            entities: entities.names,
            relations: relations.names,
            parts,
        };
        Ok((graph, report))
    }

    /// The names of the entities.
    pub fn entities(&self) -> &[String] {
        &self.entities
    }

    /// The names of the relations.
    pub fn relations(&self) -> &[String] {
        &self.relations
    }

    /// The triples of a part.
    pub fn triples(&self, split: Split) -> &[Triple] {
        &self.parts[split as usize]
    }

    /// The triples of a part as a tensor of i64, `[E, 3]`.
    pub fn indices(&self, split: Split) -> Tensor {
        let numbers: Vec<i64> = self
            .triples(split)
            .as_flattened()
            .iter()
            .map(|&n| i64::from(n))
            .collect();
        Tensor::from_slice(&numbers).view([-1, 3])
    }
}

fn check_names(what: &str, names: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    if names.len() > u32::MAX as usize {
        return Err(Error::invalid(
            OP,
            format!("fewer than 2³² {what}"),
            names.len(),
        ));
    }
    match names
        .iter()
        .find(|name| name.is_empty() || !seen.insert(name.as_str()))
    {
        None => Ok(()),
        Some(name) => {
            let expected = format!("{what} with names of their own");
            Err(Error::invalid(OP, expected, quote(name)))
        }
    }
}

/// Names by their first appearance.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    /// The number of a name, and whether it is new.
    fn number(&mut self, source: &Source, name: &str) -> Result<(u32, bool)> {
        if let Some(&number) = self.numbers.get(name) {
            return Ok((number, false));
        }
        let number = u32::try_from(self.names.len())
            .map_err(|_| source.unusable("expected fewer than 2³² different names"))?;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        Ok((number, true))
    }
}

#[derive(Default)]
struct Reader {
    entities: Names,
    relations: Names,
    parts: [Vec<Triple>; 3],
    /// The part in which a triple was last.
    seen: HashMap<Triple, usize>,
    report: KnowledgeReport,
}

impl Reader {
    fn read(&mut self, part: usize, source: &Source) -> Result<()> {
        let layout = Layout {
            separator: Separator::Byte(b'\t'),
            comment: None,
        };
        let mut records = Records::new(source, layout);
        while let Some(line) = records.next()? {
            let (found, width) = (records.len(), records.width());
            // Further fields at the end may be empty.
            if found < 3 || width > 3 {
                let expected = "3 columns between tabs (head, relation, tail)";
                return Err(source.error(line, expected, found.min(width.max(1)).to_string()));
            }
            let mut triple = [0; 3];
            for (column, name) in records.fields().take(3).enumerate() {
                check_name(source, line, name)?;
                let (names, new) = if column == 1 {
                    (&mut self.relations, &mut self.report.new_relations)
                } else {
                    (&mut self.entities, &mut self.report.new_entities)
                };
                let (number, is_new) = names.number(source, name)?;
                triple[column] = number;
                if is_new && part > 0 {
                    new.push(name.to_owned());
                }
            }
            self.insert(part, line, triple);
        }
        if part == 0 && self.parts[0].is_empty() {
            return Err(source.unusable("expected triples to train, found an empty file"));
        }
        Ok(())
    }

    fn insert(&mut self, part: usize, line: usize, triple: Triple) {
        let report = &mut self.report;
        report.rows[part] += 1;
        let before = self.seen.insert(triple, part);
        if before == Some(part) {
            report.duplicates[part] += 1;
            report.first_duplicate_lines[part].get_or_insert(line);
            return;
        }
        report.repeated_from_earlier[part] += usize::from(before.is_some());
        self.parts[part].push(triple);
    }
}

/// An unclosed quotation mark swallows line breaks: the control characters show it.
fn check_name(source: &Source, line: usize, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(source.error(
            line,
            "a name in each of three columns",
            "an empty one".to_owned(),
        ));
    }
    if name.contains(char::is_control) {
        let expected = "a name without line breaks and other control characters (is a quotation mark left open?)";
        return Err(source.error(line, expected, quote(name)));
    }
    Ok(())
}
