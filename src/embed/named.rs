//! Points with names, and lookups by name.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::model::Model;
use crate::manifold::tolerance;
use crate::source::quote;
use crate::{Error, Geodesic, Result};

/// An embedding whose points have names. It answers distance queries by name and can be exchanged
/// with other programs.
///
/// Names are distinct and not empty, and have no control characters and no white space at their
/// ends; every point lies in the model. So every `NamedEmbedding` can be written in every
/// [`Format`](super::Format) and read back bit for bit.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, NamedEmbedding};
/// use holonomy::tch::Tensor;
///
/// let names = ["animal", "dog", "cat"].map(String::from).to_vec();
/// let points = Tensor::from_slice2(&[[0.0, 0.0], [0.6, 0.0], [0.0, 0.5]]);
/// let embedding = NamedEmbedding::new(Model::Ball, names, &points)?;
///
/// // In the disk the distance from the centre is 2 artanh |x|.
/// let distance = embedding.distance("animal", "dog")?;
/// assert!((distance - 2.0 * 0.6_f64.atanh()).abs() < 1e-15);
/// assert_eq!(embedding.neighbours("dog", 1)?[0].0, "animal");
///
/// let error = embedding.distance("dog", "cats").unwrap_err().to_string();
/// assert!(error.ends_with("got \"cats\"; close to it: \"cat\""), "{error}");
/// # Ok::<(), holonomy::Error>(())
/// ```
pub struct NamedEmbedding {
    model: Model,
    manifold: Box<dyn Geodesic>,
    names: Vec<String>,
    rows: Rows,
    points: Tensor,
}

impl fmt::Debug for NamedEmbedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedEmbedding")
            .field("model", &self.model)
            .field("shape", &self.points.size())
            .finish_non_exhaustive()
    }
}

impl NamedEmbedding {
    /// The embedding with name i at row i of the points, which are copied to the CPU in f64.
    ///
    /// # Shapes
    ///
    /// `points`: `[names, dim]`, or `[names, dim + 1]` on the hyperboloid.
    ///
    /// # Accuracy
    ///
    /// The time coordinate of a point on the hyperboloid may have a relative error of 1e-4, as in
    /// f32. It is kept as it is; distances depend on the spatial coordinates alone.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape, no points, an empty or repeated name, or one
    /// with control characters or with white space at its ends; [`Error::NotOnManifold`] for a row
    /// that is not a point of the model or not finite.
    pub fn new(model: Model, names: Vec<String>, points: &Tensor) -> Result<Self> {
        crate::numerics::require_defined("NamedEmbedding::new", &[points])?;
        let points = points
            .detach()
            .to_device_(Device::Cpu, Kind::Double, false, true);
        Self::of_own(model, names, points)
    }

    /// [`new`](Self::new) of points that nobody else holds, which are not copied where they are in f64
    /// on the CPU already.
    pub(super) fn of_own(model: Model, names: Vec<String>, points: Tensor) -> Result<Self> {
        const OP: &str = "NamedEmbedding::new";
        let size = points.size();
        let narrowest = model.width(1) as i64;
        if size.len() != 2 || size[0] == 0 || size[0] != names.len() as i64 || size[1] < narrowest {
            let expected = format!(
                "points of shape [names, ≥ {narrowest}] for {} names",
                names.len()
            );
            return Err(Error::invalid(OP, expected, format!("{size:?}")));
        }
        let own = points
            .to_device_(Device::Cpu, Kind::Double, false, false)
            .contiguous();
        // What it was made of goes before more memory is taken.
        drop(points);
        let points = own;
        let manifold = model.manifold((size[1] - narrowest + 1) as usize)?;
        check_points(OP, manifold.as_ref(), &points)?;
        let rows = Rows::by_name(OP, &names)?;
        Ok(Self {
            model,
            manifold,
            names,
            rows,
            points,
        })
    }

    /// The space.
    pub fn model(&self) -> Model {
        self.model
    }

    /// The names, by row.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The points, `[names, width]`, in f64 on the CPU.
    pub fn points(&self) -> &Tensor {
        &self.points
    }

    /// The row of a name; `None` where there is no such name.
    pub fn row_of(&self, name: &str) -> Option<usize> {
        self.rows.row_of(name, &self.names)
    }

    /// The distance between the points of two names.
    ///
    /// # Accuracy
    ///
    /// That of the model's [`Geodesic::dist`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an unknown name; the message suggests similar names.
    pub fn distance(&self, a: &str, b: &str) -> Result<f64> {
        const OP: &str = "NamedEmbedding::distance";
        let (p, q) = (self.point(OP, a)?, self.point(OP, b)?);
        Ok(self.manifold.dist(&p, &q).double_value(&[]))
    }

    /// The `k` names nearest to `name` with their distances, the nearest first; all other names
    /// where there are fewer. `name` itself is not among them. Names at equal distances are in the
    /// order of their rows.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an unknown name; the message suggests similar names.
    pub fn neighbours(&self, name: &str, k: usize) -> Result<Vec<(&str, f64)>> {
        const OP: &str = "NamedEmbedding::neighbours";
        let own = self.row(OP, name)?;
        let point = self.points.get(own as i64).unsqueeze(0);
        let mut others = Vec::with_capacity(self.names.len());
        for points in parts(&self.points) {
            let distances = self.manifold.dist(&point, &points);
            let distances = Vec::<f64>::try_from(&distances)
                .map_err(|source| Error::Torch { op: OP, source })?;
            let first = others.len();
            others.extend((first..).zip(distances));
        }
        others.swap_remove(own);
        let nearer = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
        if k < others.len() {
            others.select_nth_unstable_by(k, nearer);
            others.truncate(k);
        }
        others.sort_unstable_by(nearer);
        let named = |(row, distance): (usize, f64)| (self.names[row].as_str(), distance);
        Ok(others.into_iter().map(named).collect())
    }

    fn point(&self, op: &'static str, name: &str) -> Result<Tensor> {
        Ok(self.points.get(self.row(op, name)? as i64))
    }

    fn row(&self, op: &'static str, name: &str) -> Result<usize> {
        self.row_of(name).ok_or_else(|| {
            let close = close_names(name, &self.names);
            let hint = if close.is_empty() {
                String::new()
            } else {
                format!("; close to it: {}", close.join(", "))
            };
            let expected = format!("one of the {} names", self.names.len());
            Error::invalid(op, expected, quote(name) + &hint)
        })
    }
}

/// How many names an error suggests.
const SUGGESTIONS: usize = 5;
/// The Jaro–Winkler similarity below which two names are strangers.
const LEAST_SIMILARITY: f64 = 0.8;

/// The names that are spelt most like `wanted`, in quotation marks.
fn close_names(wanted: &str, names: &[String]) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let similar = |name: &String| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let mut close: Vec<(f64, &String)> = names
        .iter()
        .map(|name| (similar(name), name))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.truncate(SUGGESTIONS);
    close.into_iter().map(|(_, name)| quote(name)).collect()
}

/// What [`is_name`] accepts.
pub(super) const NAME: &str =
    "a name that is not empty, without control characters or white space at its ends";

/// Whether every format can hold the name: fields are bare text between tabs and line breaks.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_control) && name.trim() == name
}

/// The rows of names, which are not held twice: the hash and the row of each name, sorted. A million
/// names are sorted in a quarter of the time that they take to enter a hash map.
struct Rows(Vec<(u64, u32)>);

impl Rows {
    fn by_name(op: &'static str, names: &[String]) -> Result<Self> {
        if let Some(name) = names.par_iter().find_first(|name| !is_name(name)) {
            return Err(Error::invalid(op, NAME, quote(name)));
        }
        let hashed = names.par_iter().zip(0..names.len() as u32);
        let mut rows: Vec<(u64, u32)> = hashed.map(|(name, row)| (hash(name), row)).collect();
        rows.par_sort_unstable();
        let runs = rows.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1);
        let repeated = runs.filter_map(|run| {
            let mut rows = run.iter().map(|&(_, row)| &names[row as usize]).enumerate();
            rows.find(|&(i, name)| {
                run[..i]
                    .iter()
                    .any(|&(_, row)| names[row as usize] == *name)
            })
            .map(|(i, _)| run[i].1)
        });
        match repeated.min() {
            Some(row) => {
                let got = format!("{} twice", quote(&names[row as usize]));
                Err(Error::invalid(op, "different names", got))
            }
            None => Ok(Self(rows)),
        }
    }

    fn row_of(&self, name: &str, names: &[String]) -> Option<usize> {
        let hash = hash(name);
        let first = self.0.partition_point(|&(other, _)| other < hash);
        let run = self.0[first..]
            .iter()
            .take_while(|&&(other, _)| other == hash);
        let mut rows = run.map(|&(_, row)| row as usize);
        rows.find(|&row| names[row] == name)
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Rows that are worked on at a time, so that what lies between two operations stays in the cache.
const ROWS_AT_ONCE: i64 = 8192;

fn parts(points: &Tensor) -> impl Iterator<Item = Tensor> {
    let rows = points.size()[0];
    let starts = (0..rows).step_by(ROWS_AT_ONCE as usize);
    starts.map(move |start| points.narrow(0, start, ROWS_AT_ONCE.min(rows - start)))
}

fn check_points(op: &'static str, manifold: &dyn Geodesic, points: &Tensor) -> Result<()> {
    let tolerance = tolerance(Kind::Float);
    // NaN is no defect that passes.
    let fails = |defect: f64| defect.is_nan() || defect > tolerance;
    let mut before = 0;
    for points in parts(points) {
        let defects = Vec::<f64>::try_from(&manifold.point_defect(&points))
            .map_err(|source| Error::Torch { op, source })?;
        if let Some(row) = defects.iter().position(|&defect| fails(defect)) {
            return Err(Error::NotOnManifold {
                op,
                manifold: format!("{manifold:?}"),
                row: before + row,
                defect: defects[row],
                tolerance,
            });
        }
        before += defects.len();
    }
    Ok(())
}
