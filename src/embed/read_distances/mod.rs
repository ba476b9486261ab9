//! Readers of distance matrices.

mod npy;
mod text;

use std::path::Path;

use tch::Tensor;

use crate::source::Source;
use crate::{Error, Result};

/// A matrix from a file.
#[derive(Debug)]
pub struct DistanceMatrix {
    /// The names of the points, where the file has any.
    pub names: Option<Vec<String>>,
    /// `[n, n]`, f64.
    pub distances: Tensor,
}

/// The endings of files that are neither rows of text nor an array.
const OTHERS: [&str; 7] = ["json", "npz", "mat", "h5", "hdf5", "rds", "pkl"];

/// Reads a square matrix of distances: text, such as `.csv`, `.tsv`, `.txt` or `.lsmat`, or numpy's `.npy`.
///
/// Text holds a row of numbers a line, between commas, tabs, semicolons or blanks, by the rules of
/// [`read_edge_list`](crate::graph::read_edge_list); gzip is unpacked on the way (`.csv.gz`), and lines that start with `#` or
/// `%` are comments. Around the numbers there may be
///
/// - a header with the points' names, or with the numbers from 0 or 1 of columns that have none, with or without a field
///   for the corner, as pandas, R and scikit-bio write it;
/// - names at the start of the rows, in the order of the header where there is one;
/// - a first line with the number of points alone, and names at the start of the rows (PHYLIP).
///
/// `inf` and `nan` are numbers, which [`hmds`](super::hmds::hmds()) refuses with the pair.
///
/// An `.npy` file holds floats or integers, signed or unsigned, in either order of bytes; an array of one dimension
/// and n(n − 1)/2 numbers is taken for the condensed form of scipy's `pdist`.
///
/// Whether the matrix is symmetric is looked at where it is used.
///
/// # Errors
///
/// [`Error::Io`]; [`Error::Parse`] with the line, and the column in its text, for a field that is not a number, for rows that have
/// not as many numbers as the first, and for names in another order than the header's; [`Error::Data`] for a matrix that
/// is not square or has no rows, an archive, and an `.npy` file that is cut off, holds other things (booleans, complex
/// numbers, objects) or integers beyond 2⁵³, which f64 does not hold.
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
    let ending = name.trim_end_matches(".gz").rsplit('.').next();
    if ending == Some("npy") {
        return npy::read(path);
    }
    if let Some(ending) = ending.filter(|ending| OTHERS.contains(ending)) {
        let reason = format!(
            "matrices of distances are read from text and .npy, not from .{ending}: numpy.save writes one array"
        );
        return Err(unusable(path, reason));
    }
    text::parse(&Source::read(path)?)
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
