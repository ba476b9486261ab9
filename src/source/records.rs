//! Rows of fields, each with its line.

use std::fmt;

use csv::StringRecord;

use super::Source;
use crate::Result;

/// Fields before a dictionary: the ends of an edge.
const ENDS: usize = 2;

/// What stands between the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    Byte(u8),
    /// As many blanks and tabs as there are, also before the first field.
    Blanks,
}

impl Separator {
    /// The separator that a caller names by a byte.
    pub(crate) fn of(byte: u8) -> Self {
        match byte {
            b' ' => Self::Blanks,
            byte => Self::Byte(byte),
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Byte(byte) => byte,
            Self::Blanks => b' ',
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(b',') => f.write_str("commas"),
            Self::Byte(b'\t') => f.write_str("tabs"),
            Self::Byte(b';') => f.write_str("semicolons"),
            Self::Byte(byte) => write!(f, "{:?}", char::from(*byte)),
            Self::Blanks => f.write_str("blanks"),
        }
    }
}

/// How the rows of a file are told from each other and from comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) separator: Separator,
    /// Lines that start with this byte are no rows.
    pub(crate) comment: Option<u8>,
}

/// The rows of a file. Comments, and lines without anything but blanks and separators, are passed over.
pub(crate) struct Records<'a> {
    source: &'a Source,
    layout: Layout,
    /// For fields between bytes, which may be quoted as in CSV.
    reader: Option<csv::Reader<&'a [u8]>>,
    record: StringRecord,
    /// Where the lines have been counted up to.
    place: usize,
    line: usize,
}

impl<'a> Records<'a> {
    pub(crate) fn new(source: &'a Source, layout: Layout) -> Self {
        let reader = |delimiter| {
            csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .comment(layout.comment)
                .has_headers(false)
                .flexible(true)
                .from_reader(source.text().as_bytes())
        };
        Self {
            source,
            layout,
            reader: match layout.separator {
                Separator::Byte(byte) => Some(reader(byte)),
                Separator::Blanks => None,
            },
            record: StringRecord::new(),
            place: 0,
            line: 1,
        }
    }

    /// Moves to the next row and gives its line.
    pub(crate) fn next(&mut self) -> Result<Option<usize>> {
        loop {
            let line = match self.reader {
                Some(_) => self.next_between_bytes()?,
                None => self.next_between_blanks(),
            };
            if line.is_none() || self.fields().any(|field| !field.is_empty()) {
                return Ok(line);
            }
        }
    }

    /// The fields of the row, without white space at their ends.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.record.iter().map(str::trim)
    }

    /// The number of fields.
    pub(crate) fn len(&self) -> usize {
        self.record.len()
    }

    /// The number of fields, without those at the end that are empty.
    pub(crate) fn width(&self) -> usize {
        let filled = self
            .fields()
            .enumerate()
            .filter(|(_, field)| !field.is_empty());
        filled.last().map_or(0, |(column, _)| column + 1)
    }

    fn next_between_bytes(&mut self) -> Result<Option<usize>> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let start = reader.position().byte() as usize;
        let more = reader.read_record(&mut self.record);
        let line = self.line_of_row(start);
        let more = more.map_err(|error| {
            self.source
                .error(line, "a row of fields", error.to_string())
        })?;
        self.join_dictionary();
        Ok(more.then_some(line))
    }

    /// Makes one field of a dictionary of Python, whose entries the separator may have parted.
    fn join_dictionary(&mut self) {
        let starts = |field: &str| field.trim_start().starts_with('{');
        let mut fields = self.record.iter().enumerate().skip(ENDS);
        let Some((first, _)) = fields.find(|(_, field)| starts(field)) else {
            return;
        };
        if first + 1 < self.record.len() && self.record.iter().next_back().is_some_and(ends) {
            let separator = char::from(self.layout.separator.byte()).to_string();
            let entries: Vec<&str> = self.record.iter().skip(first).collect();
            let dictionary = entries.join(&separator);
            let mut joined: StringRecord = self.record.iter().take(first).collect();
            joined.push_field(&dictionary);
            self.record = joined;
        }
    }

    /// The reader passes over empty lines and comments at the start of a row, but its position does not.
    fn line_of_row(&mut self, start: usize) -> usize {
        let bytes = self.source.text().as_bytes();
        let breaks =
            |piece: &[u8]| -> usize { piece.iter().map(|&byte| usize::from(byte == b'\n')).sum() };
        let mut place = start.max(self.place);
        self.line += breaks(&bytes[self.place..place]);
        while let Some(&byte) = bytes.get(place) {
            let end = match byte {
                b'\n' | b'\r' => place + 1,
                byte if Some(byte) == self.layout.comment => {
                    let rest = bytes[place..].iter().position(|&byte| byte == b'\n');
                    rest.map_or(bytes.len(), |length| place + length)
                }
                _ => break,
            };
            self.line += breaks(&bytes[place..end]);
            place = end;
        }
        self.place = place;
        self.line
    }

    fn next_between_blanks(&mut self) -> Option<usize> {
        let text = self.source.text();
        while self.place < text.len() {
            let rest = &text[self.place..];
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let (line, content) = (self.line, rest[..length].trim());
            self.place += length;
            self.line += 1;
            let mark = self.layout.comment;
            let is_comment = mark.is_some() && rest.as_bytes().first().copied() == mark;
            if !content.is_empty() && !is_comment {
                self.record.clear();
                split_at_blanks(content, &mut self.record);
                return Some(line);
            }
        }
        None
    }
}

fn ends(field: &str) -> bool {
    field.trim_end().ends_with('}')
}

/// Fields between blanks: quoted as in CSV, or up to the next blank; a dictionary of Python goes to the end of the
/// line.
fn split_at_blanks(line: &str, record: &mut StringRecord) {
    let mut rest = line;
    while !rest.is_empty() {
        let length = if record.len() >= ENDS && rest.starts_with('{') && rest.ends_with('}') {
            rest.len()
        } else if let Some((name, length)) = quoted(rest) {
            record.push_field(&name);
            rest = rest[length..].trim_start();
            continue;
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        record.push_field(&rest[..length]);
        rest = rest[length..].trim_start();
    }
}

/// What stands between quotation marks at the start of the text, and where they end, if a blank follows.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut rest = text.strip_prefix('"')?;
    let mut content = String::new();
    loop {
        let (piece, behind) = rest.split_once('"')?;
        content.push_str(piece);
        rest = match behind.strip_prefix('"') {
            Some(behind) => behind,
            None if behind.is_empty() || behind.starts_with(char::is_whitespace) => {
                return Some((content, text.len() - behind.len()));
            }
            None => return None,
        };
        content.push('"');
    }
}
