//! Input files as text, their rows, and errors that name their lines.

mod layout;
mod records;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub(crate) use layout::{is_decimal_comma, lines_from, separator_of_name};
pub(crate) use records::{Layout, Records, Separator};

use crate::{Error, Result};

/// The first bytes of every gzip file; no UTF-8 text starts with them.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The first bytes of UTF-16, which no UTF-8 has.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
/// Longer pieces of input are cut in messages.
const LONGEST_QUOTE: usize = 60;

/// A whole input file: unpacked, checked to be UTF-8, without a byte order mark.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        Self::new(path, bytes)
    }

    /// The file at `path` with these bytes; gzip is recognised by its first bytes, whatever the
    /// name.
    pub(crate) fn new(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let bytes = unpack(path, bytes)?;
        let mut text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// An [`Error::Parse`] for a line counted from 1.
    pub(crate) fn error(&self, line: usize, expected: impl Into<String>, got: String) -> Error {
        Error::Parse {
            path: self.path.clone(),
            line,
            expected: expected.into(),
            got,
        }
    }

    /// An [`Error::Data`] for the file as a whole.
    pub(crate) fn unusable(&self, reason: impl Into<String>) -> Error {
        unusable(&self.path, reason)
    }
}

/// A piece of input between quotation marks, escaped, and cut when it is long.
pub(crate) fn quote(input: &str) -> String {
    match input.char_indices().nth(LONGEST_QUOTE) {
        None => format!("{input:?}"),
        Some((end, _)) => format!("{:?}…", &input[..end]),
    }
}

fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.starts_with(&GZIP_MAGIC) {
        if is_gzip_name(path) {
            return Err(unusable(
                path,
                "the name ends in .gz, but this is no gzip file",
            ));
        }
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .read_to_end(&mut unpacked)
        .map_err(|error| unusable(path, format!("damaged gzip data: {error}")))?;
    Ok(unpacked)
}

pub(crate) fn is_gzip_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Error {
    let (bytes, valid) = (error.as_bytes(), error.utf8_error().valid_up_to());
    Error::Parse {
        path: path.to_owned(),
        line: bytes[..valid].split(|&byte| byte == b'\n').count(),
        expected: "UTF-8 text".to_owned(),
        got: if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
            "UTF-16 (save it as UTF-8)".to_owned()
        } else {
            format!(
                "byte 0x{:02x} (if the file is in Latin-1, iconv -f LATIN1 -t UTF-8 converts it)",
                bytes[valid]
            )
        },
    }
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
