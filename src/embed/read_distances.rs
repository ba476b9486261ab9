//! Readers of distance matrices.

use std::path::Path;

use csv::StringRecord;
use tch::{Kind, Tensor};

use crate::source::{Source, quote};
use crate::{Error, Result};

/// A matrix from a file.
#[derive(Debug)]
pub struct DistanceMatrix {
    /// The names of the points, where the file has a header.
    pub names: Option<Vec<String>>,
    /// `[n, n]`, f64.
    pub distances: Tensor,
}

/// Reads a square matrix of distances: text in `.csv` (commas) or `.tsv` (tabs), or numpy's `.npy`.
///
/// Text holds a row of numbers a line; gzip is unpacked on the way (`.csv.gz`). A first row
/// that begins with no number is a header with the points' names; every row below then begins with its
/// own name, in the same order. `inf` and `nan` are numbers, which
/// [`hmds`](super::hmds::hmds()) refuses with the pair. An `.npy` file holds floats or signed integers.
///
/// # Errors
///
/// [`Error::Io`]; [`Error::Parse`] with the line, and the column in its text, for what is no number, for rows that have
/// not as many numbers as the first, and for names in another order than the header's; [`Error::Data`] for a matrix that
/// is not square or has no rows, a name with another ending, and an `.npy` file that is cut off
/// or holds other numbers (big-endian ones among them).
///
/// # Examples
///
/// ```
/// use holonomy::embed::read_distances;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("cities.csv");
/// std::fs::write(&path, ",Bern,Basel\nBern,0,95\nBasel,95,0\n").unwrap();
/// let cities = read_distances(&path)?;
/// assert_eq!(cities.names.unwrap(), ["Bern", "Basel"]);
/// assert_eq!(cities.distances.double_value(&[0, 1]), 95.0);
///
/// std::fs::write(&path, "0,95\n9 5,0\n").unwrap();
/// let error = read_distances(&path).unwrap_err().to_string();
/// assert!(error.ends_with("cities.csv:2: expected a number in column 1, got \"9 5\""));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn read_distances(path: impl AsRef<Path>) -> Result<DistanceMatrix> {
    let path = path.as_ref();
    let name = path.to_string_lossy().to_ascii_lowercase();
    match name.trim_end_matches(".gz").rsplit('.').next() {
        Some("csv") => parse(&Source::read(path)?, b','),
        Some("tsv" | "tab") => parse(&Source::read(path)?, b'\t'),
        Some("npy") => read_npy(path),
        _ => Err(unusable(
            path,
            "a matrix of distances ends in .csv, .tsv or .npy",
        )),
    }
}

fn parse(source: &Source, delimiter: u8) -> Result<DistanceMatrix> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(source.text().as_bytes());
    let mut names: Option<Vec<String>> = None;
    let mut numbers = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    for record in reader.records() {
        let record = record.map_err(|error| source.unusable(error.to_string()))?;
        let line = record.position().map_or(1, |at| at.line() as usize);
        if rows == 0 && names.is_none() {
            // A gap further on is an error of a row, and no header.
            let is_header = record
                .get(0)
                .is_some_and(|corner| corner.parse::<f64>().is_err());
            columns = record.len() - usize::from(is_header);
            if is_header {
                names = Some(record.iter().skip(1).map(str::to_owned).collect());
                continue;
            }
        }
        if let Some(names) = &names {
            own_name(source, line, &record, names, rows)?;
        }
        row(
            source,
            line,
            &record,
            usize::from(names.is_some()),
            columns,
            &mut numbers,
        )?;
        rows += 1;
    }
    if rows == 0 || rows != columns {
        let reason = format!("{rows} rows of {columns} numbers: a matrix of distances is square");
        return Err(source.unusable(reason));
    }
    let n = rows as i64;
    Ok(DistanceMatrix {
        names,
        distances: Tensor::from_slice(&numbers).view([n, n]),
    })
}

fn own_name(
    source: &Source,
    line: usize,
    record: &StringRecord,
    names: &[String],
    row: usize,
) -> Result<()> {
    let (own, expected) = (record.get(0).unwrap_or_default(), names.get(row));
    if expected.is_some_and(|expected| expected != own) {
        let expected = format!("the name {:?}, as in the header", names[row]);
        return Err(source.error(line, expected, quote(own)));
    }
    Ok(())
}

/// Appends the numbers of a row; `first` is the column of the first.
fn row(
    source: &Source,
    line: usize,
    record: &StringRecord,
    first: usize,
    columns: usize,
    numbers: &mut Vec<f64>,
) -> Result<()> {
    if record.len() != first + columns {
        let expected = format!("{} columns as in the first row", first + columns);
        return Err(source.error(line, expected, record.len().to_string()));
    }
    for (column, field) in record.iter().enumerate().skip(first) {
        let number = field.parse::<f64>().map_err(|_| {
            let expected = format!("a number in column {}", column + 1);
            source.error(line, expected, quote(field))
        })?;
        numbers.push(number);
    }
    Ok(())
}

/// Reads numpy's format here: the reader of libtorch's binding trusts the header about the length of the data.
fn read_npy(path: &Path) -> Result<DistanceMatrix> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let (header, data) = npy_parts(&bytes)
        .ok_or_else(|| unusable(path, "no array of numpy, or one cut off in its header"))?;
    let descr = quoted_after(header, "'descr':").unwrap_or_default();
    let kind = kind_of(descr).ok_or_else(|| {
        let reason = format!(
            "numbers of the type {descr:?}: distances are little-endian floats or integers"
        );
        unusable(path, reason)
    })?;
    let size = shape(header).unwrap_or_default();
    if size.len() != 2 || size[0] != size[1] || size[0] == 0 {
        let reason = format!("an array of shape {size:?}: a matrix of distances is square");
        return Err(unusable(path, reason));
    }
    let wanted = size[0]
        .checked_mul(size[0])
        .and_then(|n| n.checked_mul(kind.elt_size_in_bytes()));
    if wanted != Some(data.len()) {
        let reason = format!(
            "{} bytes of numbers for an array of shape {size:?}",
            data.len()
        );
        return Err(unusable(path, reason));
    }
    let n = size[0] as i64;
    let matrix = Tensor::f_from_data_size(data, &[n, n], kind).map_err(|source| {
        let op = "read_distances";
        Error::Torch { op, source }
    })?;
    let matrix = if header.contains("'fortran_order': True") {
        matrix.tr().contiguous()
    } else {
        matrix
    };
    Ok(DistanceMatrix {
        names: None,
        distances: matrix.to_kind(Kind::Double),
    })
}

/// The header's text and the data behind it.
fn npy_parts(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (&major, rest) = rest.split_first()?;
    let (_, rest) = rest.split_first()?;
    let width = if major == 1 { 2 } else { 4 };
    let (length, rest) = rest.split_at_checked(width)?;
    let length = length
        .iter()
        .rev()
        .fold(0, |sum, &byte| 256 * sum + usize::from(byte));
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

/// What stands between quotation marks behind a key of the header.
fn quoted_after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    header.split_once(key)?.1.split('\'').nth(1)
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let (_, behind) = header.split_once("'shape':")?;
    let inside = behind.split_once('(')?.1.split_once(')')?.0;
    let numbers = inside
        .split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().ok()).collect()
}

fn kind_of(descr: &str) -> Option<Kind> {
    Some(match descr {
        "<f8" => Kind::Double,
        "<f4" => Kind::Float,
        "<f2" => Kind::Half,
        "<i8" => Kind::Int64,
        "<i4" => Kind::Int,
        "<i2" => Kind::Int16,
        "|i1" => Kind::Int8,
        "|u1" => Kind::Uint8,
        _ => return None,
    })
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
