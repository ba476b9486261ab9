//! Tables of names and numbers: the project's own TSV, and the pair of files of an embedding
//! projector.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;
use std::path::Path;

use tch::Tensor;

use super::write_text;
use crate::embed::model::Model;
use crate::embed::named::{NAME, NamedEmbedding, is_name};
use crate::source::{BYTE_ORDER_MARK, Source, is_decimal_comma, quote};
use crate::{Error, Result};

const TAB: char = '\t';
/// The title of the names' column, by which a table is known.
const NAME_TITLE: &str = "name";
const VECTORS: &str = "vectors.tsv";
const METADATA: &str = "metadata.tsv";

/// Appends the fewest digits that are read back as the same f64, as in `2.5e-9`.
pub(super) fn push_number(text: &mut String, number: f64) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{number:?}");
}

/// The rows of an embedding: names and coordinates.
pub(super) fn rows(embedding: &NamedEmbedding) -> Result<Vec<(&str, Vec<f64>)>> {
    let width = embedding.points().size()[1] as usize;
    let values = Vec::<f64>::try_from(embedding.points().view(-1)).map_err(|source| {
        let op = "NamedEmbedding::write";
        Error::Torch { op, source }
    })?;
    let points = values.chunks_exact(width).map(<[f64]>::to_vec);
    let names = embedding.names().iter().map(String::as_str);
    Ok(names.zip(points).collect())
}

pub(super) fn table(embedding: &NamedEmbedding) -> Result<String> {
    let mut text = NAME_TITLE.to_owned();
    for column in 0..embedding.points().size()[1] {
        let _ = write!(text, "{TAB}x{column}");
    }
    text.push('\n');
    for (name, point) in rows(embedding)? {
        text.push_str(name);
        for number in point {
            text.push(TAB);
            push_number(&mut text, number);
        }
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn write_projector(embedding: &NamedEmbedding, folder: &Path) -> Result<()> {
    let (mut vectors, mut metadata) = (String::new(), String::new());
    for (name, point) in rows(embedding)? {
        for (column, number) in point.into_iter().enumerate() {
            if column > 0 {
                vectors.push(TAB);
            }
            push_number(&mut vectors, number);
        }
        vectors.push('\n');
        metadata.push_str(name);
        metadata.push('\n');
    }
    // A reader takes the first mark for the file's own.
    if metadata.starts_with(BYTE_ORDER_MARK) {
        metadata.insert(0, BYTE_ORDER_MARK);
    }
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    write_text(&folder.join(VECTORS), &vectors)?;
    write_text(&folder.join(METADATA), &metadata)
}

pub(super) fn parse_table(source: &Source, model: Model) -> Result<NamedEmbedding> {
    let mut lines = lines(source)?;
    let header = lines.next().map_or("", |(_, line)| line);
    let mut titles = header.split(TAB);
    if titles.next() != Some(NAME_TITLE) {
        let expected = "a header: name, x0, x1, …, separated by tabs (put one on top)";
        return Err(source.error(1, expected, quote(header)));
    }
    let mut points = Points::new(source, model, titles.count(), 1)?;
    for (line, text) in lines {
        let mut fields = text.split(TAB);
        points.name(line, fields.next().unwrap_or_default())?;
        points.numbers(line, fields)?;
    }
    points.finish()
}

pub(super) fn read_projector(folder: &Path, model: Model) -> Result<NamedEmbedding> {
    let vectors = Source::read(&folder.join(VECTORS))?;
    let metadata = Source::read(&folder.join(METADATA))?;
    let width = columns_of(&vectors)?;
    let mut points = Points::new(&vectors, model, width, 1)?;
    for (line, text) in lines(&vectors)? {
        points.numbers(line, text.split(TAB))?;
    }
    // As projectors do: a single column has no header, several have one.
    let columns = columns_of(&metadata)?;
    points.source = &metadata;
    for (line, text) in lines(&metadata)?.skip(usize::from(columns > 1)) {
        let fields: Vec<&str> = text.split(TAB).collect();
        if fields.len() != columns {
            let expected = format!("{columns} columns as on line 1");
            return Err(metadata.error(line, expected, fields.len().to_string()));
        }
        points.name(line, fields[0])?;
    }
    points.source = &vectors;
    points.finish()
}

/// How many fields the first line has.
fn columns_of(source: &Source) -> Result<usize> {
    let first = lines(source)?.next().map_or("", |(_, line)| line);
    Ok(first.split(TAB).count())
}

/// The lines with their numbers, at least one; line breaks at the end of the file begin no line.
pub(super) fn lines(source: &Source) -> Result<impl Iterator<Item = (usize, &str)>> {
    let text = source.text().trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(source.unusable("expected points, found an empty file"));
    }
    Ok((1..).zip(text.lines()))
}

/// The points read so far.
pub(super) struct Points<'a> {
    source: &'a Source,
    model: Model,
    width: usize,
    names: Vec<String>,
    /// The line of every name.
    seen: HashMap<String, usize>,
    values: Vec<f64>,
    /// The line of every point.
    lines: Vec<usize>,
}

impl<'a> Points<'a> {
    /// For points of `width` coordinates, as the given line says.
    pub(super) fn new(source: &'a Source, model: Model, width: usize, line: usize) -> Result<Self> {
        let narrowest = model.width(1);
        if width < narrowest {
            let expected = format!("at least {narrowest} coordinates (model {model})");
            return Err(source.error(line, expected, width.to_string()));
        }
        Ok(Self {
            source,
            model,
            width,
            names: Vec::new(),
            seen: HashMap::new(),
            values: Vec::new(),
            lines: Vec::new(),
        })
    }

    pub(super) fn name(&mut self, line: usize, name: &str) -> Result<()> {
        if !is_name(name) {
            return Err(self.source.error(line, NAME, quote(name)));
        }
        match self.seen.entry(name.to_owned()) {
            Entry::Vacant(place) => place.insert(line),
            Entry::Occupied(place) => {
                let got = format!("{} as on line {}", quote(name), place.get());
                return Err(self.source.error(line, "a name of its own", got));
            }
        };
        self.names.push(name.to_owned());
        Ok(())
    }

    pub(super) fn numbers<'b>(
        &mut self,
        line: usize,
        fields: impl Iterator<Item = &'b str>,
    ) -> Result<()> {
        let before = self.values.len();
        for field in fields {
            let number = field.parse().ok().filter(|x: &f64| x.is_finite());
            let number = number.ok_or_else(|| {
                let hint = if is_decimal_comma(field) {
                    " (write a decimal point)"
                } else {
                    ""
                };
                self.source
                    .error(line, "a finite number", quote(field) + hint)
            })?;
            self.values.push(number);
        }
        let found = self.values.len() - before;
        if found != self.width {
            let expected = format!("{} coordinates", self.width);
            return Err(self.source.error(line, expected, found.to_string()));
        }
        self.lines.push(line);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<NamedEmbedding> {
        let (source, count) = (self.source, self.lines.len());
        if count == 0 {
            return Err(source.unusable("expected points, found none"));
        }
        if count != self.names.len() {
            let names = self.names.len();
            return Err(source.unusable(format!("{count} points, but {names} names for them")));
        }
        let points = Tensor::from_slice(&self.values).view([count as i64, self.width as i64]);
        let embedding = NamedEmbedding::new(self.model, self.names, &points);
        embedding.map_err(|error| match error {
            Error::NotOnManifold { row, defect, .. } => {
                let expected = format!("a point of the model {}", self.model);
                let got = format!("one with defect {defect:e}");
                source.error(self.lines[row], expected, got)
            }
            other => other,
        })
    }
}
