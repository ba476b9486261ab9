//! How a file is laid out, by its content and, where that leaves a choice, by its name.

use std::path::Path;

use super::records::{Layout, Records, Separator};
use super::{Source, is_gzip_name};

/// The bytes that comments start with.
const COMMENTS: [u8; 2] = *b"#%";
/// Rows that are looked at to find the separator.
const SAMPLE: usize = 500;

const TAB: Separator = Separator::Byte(b'\t');
const COMMA: Separator = Separator::Byte(b',');
const SEMICOLON: Separator = Separator::Byte(b';');

impl Layout {
    /// The layout of a file, but for a separator that is known.
    pub(crate) fn of(source: &Source, separator: Option<Separator>) -> Self {
        let comment = comment_of(source.text());
        let separator = separator.unwrap_or_else(|| separator_of(source, comment));
        Self { separator, comment }
    }
}

/// The separator that the ending of a name tells.
pub(crate) fn separator_of_name(path: &Path) -> Option<Separator> {
    let unpacked = path.with_extension("");
    let path = if is_gzip_name(path) { &unpacked } else { path };
    match path.extension()?.to_ascii_lowercase().to_str()? {
        "csv" => Some(COMMA),
        "tsv" | "tab" => Some(TAB),
        _ => None,
    }
}

/// The lines that start with a byte.
pub(crate) fn lines_from(text: &str, byte: u8) -> impl Iterator<Item = &str> {
    let starts = move |line: &&str| line.as_bytes().first() == Some(&byte);
    text.lines().filter(starts)
}

/// The byte that comments start with: that of the first line, or one that a blank follows on a line that is no
/// row of tabs, commas or semicolons; unless names start with it, which stand in later columns or on most lines.
fn comment_of(text: &str) -> Option<u8> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    COMMENTS
        .into_iter()
        .filter(|&comment| {
            first.as_bytes()[0] == comment
                || lines_from(text, comment)
                    .any(|line| is_spaced(line, comment) && !line.contains(['\t', ',', ';']))
        })
        .max_by_key(|&comment| first.as_bytes()[0] == comment)
        .filter(|&comment| !starts_names(text, comment))
}

/// Whether nothing, a blank or the byte once more follows the first byte.
fn is_spaced(line: &str, comment: u8) -> bool {
    let second = line.as_bytes().get(1);
    second.is_none_or(|&byte| byte.is_ascii_whitespace() || byte == comment)
}

fn starts_names(text: &str, comment: u8) -> bool {
    let (mut lines, mut direct) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        lines += 1;
        if line.as_bytes()[0] == comment {
            direct += usize::from(!is_spaced(line, comment));
        } else if b"\t,;"
            .iter()
            .any(|&separator| contains(line, [separator, comment]))
        {
            return true;
        }
    }
    2 * direct > lines
}

fn contains(line: &str, pair: [u8; 2]) -> bool {
    line.as_bytes().windows(2).any(|window| window == pair)
}

/// How well a separator parts the rows into equally many fields, of which there are two or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Parts {
    None,
    Some,
    Most,
    /// But perhaps not the first, which may be a header or a size.
    All,
}

impl Parts {
    fn of(widths: &[usize]) -> Self {
        let body = if widths.len() > 2 {
            &widths[1..]
        } else {
            widths
        };
        let mut sorted = body.to_vec();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let count = body.iter().filter(|&&width| width == usual).count();
        if widths.iter().all(|&width| width < 2) {
            Self::None
        } else if usual < 2 || 2 * count <= body.len() {
            Self::Some
        } else if count < body.len() {
            Self::Most
        } else {
            Self::All
        }
    }
}

/// The separator of the name if it parts most rows alike; else the first that parts the most.
fn separator_of(source: &Source, comment: Option<u8>) -> Separator {
    let parts = |separator| Parts::of(&widths(source, Layout { separator, comment }));
    let named = separator_of_name(source.path());
    let found = match named {
        Some(named) if parts(named) >= Parts::Most => named,
        _ => {
            let mut best = (named.unwrap_or(COMMA), Parts::None);
            for separator in [TAB, COMMA, SEMICOLON, Separator::Blanks] {
                let parts = parts(separator);
                if parts > best.1 {
                    best = (separator, parts);
                }
            }
            best.0
        }
    };
    if found == COMMA && parts(SEMICOLON) == Parts::All && has_decimal_commas(source, comment) {
        return SEMICOLON;
    }
    found
}

/// The numbers of fields of the first rows; none for text that cannot be parted so.
fn widths(source: &Source, layout: Layout) -> Vec<usize> {
    let mut records = Records::new(source, layout);
    let mut widths = Vec::new();
    while widths.len() < SAMPLE {
        match records.next() {
            // A separator within a dictionary parts no fields.
            Ok(Some(_)) if records.fields().any(is_torn) => widths.push(1),
            Ok(Some(_)) => widths.push(records.width()),
            Ok(None) => break,
            Err(_) => return Vec::new(),
        }
    }
    widths
}

fn is_torn(field: &str) -> bool {
    field.contains('{') && !field.contains('}')
}

/// Whether commas stand in numbers alone, between semicolons, but perhaps in the first row.
fn has_decimal_commas(source: &Source, comment: Option<u8>) -> bool {
    let mut records = Records::new(
        source,
        Layout {
            separator: SEMICOLON,
            comment,
        },
    );
    let (mut rows, mut decimals) = (0, 0);
    while rows < SAMPLE && records.next().is_ok_and(|line| line.is_some()) {
        rows += 1;
        let commas = records.fields().filter(|field| field.contains(','));
        let (numbers, others): (Vec<&str>, Vec<&str>) = commas.partition(|f| is_decimal_comma(f));
        decimals += numbers.len();
        if rows > 1 && !others.is_empty() {
            return false;
        }
    }
    decimals > 0
}

/// Whether a field is a number with a comma for the point.
pub(crate) fn is_decimal_comma(field: &str) -> bool {
    field.matches(',').count() == 1 && field.replace(',', ".").parse::<f64>().is_ok()
}
