//! Points with names: what an embedding is looked up by.

use std::collections::HashMap;
use std::fmt;

use tch::{Device, Kind, Tensor};

use super::config::Model;
use crate::manifold::tolerance;
use crate::source::quote;
use crate::{Error, Geodesic, Result};

/// An embedding whose points have names, to be asked for distances and exchanged with other
/// programs.
///
/// Names are distinct and not empty, and have no control characters and no white space at their
/// ends; every point is one of the model. So whatever is a `NamedEmbedding` can be written in every
/// [`Format`](super::Format) and read back, bit for bit.
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
    rows: HashMap<String, usize>,
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
    /// The embedding that puts each name at the point in its row. The points are copied to the CPU
    /// in f64.
    ///
    /// # Shapes
    ///
    /// `points`: `[names, dim]`, or `[names, dim + 1]` on the hyperboloid.
    ///
    /// # Accuracy
    ///
    /// The time of a point of the hyperboloid may be off by 1e-4 of itself, as f32 leaves it: it is
    /// kept as it is, and distances depend on the spatial coordinates alone.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape, no points, an empty or repeated name, or one
    /// with control characters or with white space at its ends; [`Error::NotOnManifold`] for a row
    /// that is no point of the model or not finite.
    pub fn new(model: Model, names: Vec<String>, points: &Tensor) -> Result<Self> {
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
        let points = points
            .detach()
            .to_device_(Device::Cpu, Kind::Double, false, true)
            .contiguous();
        let manifold = model.manifold((size[1] - narrowest + 1) as usize)?;
        check_points(OP, manifold.as_ref(), &points)?;
        Ok(Self {
            rows: rows_by_name(OP, &names)?,
            model,
            manifold,
            names,
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

    /// The row of a name.
    pub fn row_of(&self, name: &str) -> Option<usize> {
        self.rows.get(name).copied()
    }

    /// The distance between the points of two names.
    ///
    /// # Accuracy
    ///
    /// That of the model's [`Geodesic::dist`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a name that is not there, with those that are spelt like it.
    pub fn distance(&self, a: &str, b: &str) -> Result<f64> {
        const OP: &str = "NamedEmbedding::distance";
        let (p, q) = (self.point(OP, a)?, self.point(OP, b)?);
        Ok(self.manifold.dist(&p, &q).double_value(&[]))
    }

    /// The `k` names nearest to `name` with their distances, the nearest first; all others where
    /// there are no more. `name` itself is not among them; names at equal distances keep their order.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a name that is not there, with those that are spelt like it.
    pub fn neighbours(&self, name: &str, k: usize) -> Result<Vec<(&str, f64)>> {
        const OP: &str = "NamedEmbedding::neighbours";
        let distances = self
            .manifold
            .dist(&self.point(OP, name)?.unsqueeze(0), &self.points);
        let distances =
            Vec::<f64>::try_from(&distances).map_err(|source| Error::Torch { op: OP, source })?;
        let mut others: Vec<(usize, f64)> = distances.into_iter().enumerate().collect();
        others.retain(|&(row, _)| self.names[row] != name);
        others.sort_by(|a, b| a.1.total_cmp(&b.1));
        others.truncate(k);
        let named = |(row, distance): (usize, f64)| (self.names[row].as_str(), distance);
        Ok(others.into_iter().map(named).collect())
    }

    fn point(&self, op: &'static str, name: &str) -> Result<Tensor> {
        let row = self.row_of(name).ok_or_else(|| {
            let close = close_names(name, &self.names);
            let hint = if close.is_empty() {
                String::new()
            } else {
                format!("; close to it: {}", close.join(", "))
            };
            let expected = format!("one of the {} names", self.names.len());
            Error::invalid(op, expected, quote(name) + &hint)
        })?;
        Ok(self.points.get(row as i64))
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

fn rows_by_name(op: &'static str, names: &[String]) -> Result<HashMap<String, usize>> {
    let mut rows = HashMap::with_capacity(names.len());
    for (row, name) in names.iter().enumerate() {
        if !is_name(name) {
            return Err(Error::invalid(op, NAME, quote(name)));
        }
        if rows.insert(name.clone(), row).is_some() {
            let got = format!("{} twice", quote(name));
            return Err(Error::invalid(op, "different names", got));
        }
    }
    Ok(rows)
}

fn check_points(op: &'static str, manifold: &dyn Geodesic, points: &Tensor) -> Result<()> {
    let tolerance = tolerance(Kind::Float);
    let defects = Vec::<f64>::try_from(&manifold.point_defect(points))
        .map_err(|source| Error::Torch { op, source })?;
    // NaN is no defect that passes.
    let fails = |defect: f64| defect.is_nan() || defect > tolerance;
    match defects.iter().position(|&defect| fails(defect)) {
        None => Ok(()),
        Some(row) => Err(Error::NotOnManifold {
            op,
            manifold: format!("{manifold:?}"),
            row,
            defect: defects[row],
            tolerance,
        }),
    }
}
