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
/// that is not all numbers is a header with the points' names; every row below then begins with its
/// own name, in the same order. `inf` and `nan` are numbers, which
/// [`hmds`](super::hmds::hmds()) refuses with the pair. An `.npy` file is f64, f32 or of integers, in C order.
///
/// # Errors
///
/// [`Error::Io`]; [`Error::Parse`] with the line, and the column in its text, for what is no number, for rows that have
/// not as many numbers as the first, and for names in another order than the header's; [`Error::Data`] for a matrix that
/// is not square or has no rows, a name with another ending, and an `.npy` file that cannot be
/// used (Fortran order and big-endian numbers among them).
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
            let is_header = record.iter().any(|field| field.parse::<f64>().is_err());
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

fn read_npy(path: &Path) -> Result<DistanceMatrix> {
    // libtorch's binding gives a missing file as an error of the format.
    std::fs::File::open(path).map_err(Error::io("read", path))?;
    let matrix = Tensor::read_npy(path).map_err(|error| {
        let reason = format!("{error} (wanted: an array in C order, little-endian)");
        unusable(path, reason)
    })?;
    let size = matrix.size();
    if size.len() != 2 || size[0] != size[1] || size[0] == 0 {
        let reason = format!("an array of shape {size:?}: a matrix of distances is square");
        return Err(unusable(path, reason));
    }
    if matches!(
        matrix.kind(),
        Kind::ComplexFloat | Kind::ComplexDouble | Kind::Bool
    ) {
        return Err(unusable(
            path,
            format!("{:?} are no distances", matrix.kind()),
        ));
    }
    Ok(DistanceMatrix {
        names: None,
        distances: matrix.to_kind(Kind::Double),
    })
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
