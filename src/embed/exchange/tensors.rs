//! Safetensors: the crate's own checkpoints, and files of other programs.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

use super::model_missing;
use crate::checkpoint::{Checkpoint, METADATA_KEY};
use crate::embed::config::Model;
use crate::embed::named::NamedEmbedding;
use crate::{Error, Result};

const TENSOR: &str = "embedding";
const NAMES: &str = "names";
const MODEL: &str = "model";

impl NamedEmbedding {
    /// The checkpoint that [`write`](Self::write) saves as safetensors, for more settings to be
    /// put beside: the tensor `embedding`, the settings `names` and `model`.
    ///
    /// # Errors
    ///
    /// None for a checkpoint in memory but those of [`Checkpoint::insert`] and
    /// [`Checkpoint::set`].
    pub fn to_checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert(TENSOR, self.points())?;
        checkpoint.set(NAMES, &self.names())?;
        checkpoint.set(MODEL, &self.model())?;
        Ok(checkpoint)
    }
}

/// Reads one of the crate's checkpoints, or a file that another program wrote: with the tensor
/// `embedding` and, in the metadata, `names` as a JSON list and perhaps `model`.
pub(super) fn read(path: &Path, model: Option<Model>) -> Result<NamedEmbedding> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let (points, names, own) = match foreign(&bytes).map_err(|reason| unusable(path, reason))? {
        Some(parts) => parts,
        None => {
            of_checkpoint(&Checkpoint::load(path)?).map_err(|e| unusable(path, e.to_string()))?
        }
    };
    let model = match (own, model) {
        (Some(own), Some(given)) if own != given => {
            let expected = format!("model {own} as {} says", path.display());
            return Err(Error::invalid("NamedEmbedding::read", expected, given));
        }
        (own, given) => own.or(given).ok_or_else(|| model_missing(path))?,
    };
    NamedEmbedding::new(model, names, &points).map_err(|error| unusable(path, error.to_string()))
}

type Parts = (Tensor, Vec<String>, Option<Model>);

fn of_checkpoint(checkpoint: &Checkpoint) -> Result<Parts> {
    let points = checkpoint.tensor(TENSOR)?.shallow_clone();
    // Checkpoints of other kinds have no model.
    let model = checkpoint.get(MODEL).ok();
    Ok((points, checkpoint.get(NAMES)?, model))
}

/// The parts of a file of another program; `None` for one of the crate's.
fn foreign(bytes: &[u8]) -> std::result::Result<Option<Parts>, String> {
    let damaged =
        |error| format!("not a whole safetensors file ({error}): truncated, damaged or foreign");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    if metadata.contains_key(METADATA_KEY) {
        return Ok(None);
    }
    let names = metadata
        .get(NAMES)
        .ok_or("no names in its metadata: expected \"names\" with a JSON list")?;
    let names = serde_json::from_str(names)
        .map_err(|error| format!("\"names\" in its metadata is no JSON list of names: {error}"))?;
    let model = metadata.get(MODEL).map(|model| model.parse());
    let model = model
        .transpose()
        .map_err(|error: Error| error.to_string())?;
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let view = file
        .tensor(TENSOR)
        .map_err(|_| format!("no tensor {TENSOR:?}, but {:?}", file.names()))?;
    let kind = match view.dtype() {
        Dtype::F64 => Kind::Double,
        Dtype::F32 => Kind::Float,
        other => {
            return Err(format!(
                "tensor {TENSOR:?} of kind {other:?}, not F64 or F32"
            ));
        }
    };
    let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
    let points = Tensor::f_from_data_size(view.data(), &shape, kind)
        .map_err(|error| format!("tensor {TENSOR:?}: {error}"))?;
    Ok(Some((points, names, model)))
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
