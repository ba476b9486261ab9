//! Safetensors: the crate's own checkpoints, and files of other programs.

use std::path::Path;

use safetensors::tensor::Dtype;
use tch::{Kind, Tensor};

use super::model_missing;
use crate::checkpoint::{Checkpoint, METADATA_KEY, Opened};
use crate::embed::model::Model;
use crate::embed::named::NamedEmbedding;
use crate::{Error, Result};

const TENSOR: &str = "embedding";
const NAMES: &str = "names";
const MODEL: &str = "model";

impl NamedEmbedding {
    /// The checkpoint that [`write`](Self::write) saves as safetensors: the tensor `embedding` and
    /// the settings `names` and `model`. More settings can be added to it.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::insert`] and [`Checkpoint::set`].
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
    let file = Opened::read(path)?;
    let (points, names, own) = if file.metadata(METADATA_KEY).is_some() {
        let checkpoint = Checkpoint::from_opened(&file).map_err(|reason| unusable(path, reason))?;
        of_checkpoint(checkpoint).map_err(|error| unusable(path, error.to_string()))?
    } else {
        foreign(&file).map_err(|reason| unusable(path, reason))?
    };
    let model = match (own, model) {
        (Some(own), Some(given)) if own != given => {
            let expected = format!("model {own} as {} says", path.display());
            return Err(Error::invalid("NamedEmbedding::read", expected, given));
        }
        (own, given) => own.or(given).ok_or_else(|| model_missing(path))?,
    };
    NamedEmbedding::of_own(model, names, points).map_err(|error| unusable(path, error.to_string()))
}

type Parts = (Tensor, Vec<String>, Option<Model>);

fn of_checkpoint(mut checkpoint: Checkpoint) -> Result<Parts> {
    let points = checkpoint.take_tensor(TENSOR)?;
    // Checkpoints of other kinds have no model.
    let model = checkpoint.get(MODEL).ok();
    Ok((points, checkpoint.take(NAMES)?, model))
}

/// The parts of a file of another program.
fn foreign(file: &Opened) -> std::result::Result<Parts, String> {
    let names = file
        .metadata(NAMES)
        .ok_or("no names in its metadata: expected \"names\" with a JSON list")?;
    let names = serde_json::from_str(names)
        .map_err(|error| format!("\"names\" in its metadata is no JSON list of names: {error}"))?;
    let model = file.metadata(MODEL).map(str::parse);
    let model = model
        .transpose()
        .map_err(|error: Error| error.to_string())?;
    let (dtype, shape, bytes) = file
        .tensor(TENSOR)
        .ok_or_else(|| format!("no tensor {TENSOR:?}, but {:?}", file.names()))?;
    let kind = match dtype {
        Dtype::F64 => Kind::Double,
        Dtype::F32 => Kind::Float,
        other => {
            return Err(format!(
                "tensor {TENSOR:?} of kind {other:?}, not F64 or F32"
            ));
        }
    };
    let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    let points = Tensor::f_from_data_size(bytes, &shape, kind)
        .map_err(|error| format!("tensor {TENSOR:?}: {error}"))?;
    Ok((points, names, model))
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason: reason.into(),
    }
}
