//! Readers of distance matrices.

mod npy;
mod text;

use std::path::Path;

use tch::Tensor;

use crate::source::Source;
use crate::{Error, Result};

/// A distance matrix from a file.
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
/// - a header with the names of the points, or with column numbers from 0 or 1, with or without a
///   field in the corner, as pandas, R and scikit-bio write it;
/// - names at the start of the rows, in the order of the header where there is one;
/// - a first line with the number of points alone, and names at the start of the rows (PHYLIP).
///
/// `inf` and `nan` count as numbers; [`hmds`](crate::embed::hmds::hmds()) then refuses them and names the
/// pair.
///
/// An `.npy` file holds floats or integers, signed or unsigned, in either byte order. A
/// one-dimensional array of n(n − 1)/2 numbers is read as the condensed form of scipy's `pdist`.
///
/// Symmetry is not checked here, but by the functions that use the matrix.
///
/// # Errors
///
/// [`Error::Io`] for a file that cannot be read; [`Error::Parse`], with the line and the column,
/// for a field that is not a number, for a row with another count of numbers than the first, and
/// for names in another order than in the header; [`Error::Data`] for a matrix that is not square
/// or has no rows, an archive, and an `.npy` file that is truncated, holds other types (booleans,
/// complex numbers, objects) or holds integers beyond 2⁵³, which f64 cannot represent.
///
/// # Examples
///
/// ```
/// use holonomy::metric::read_distances;
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
