//! Checkpoints: named tensors and settings in one file, protected by a digest.
//!
//! A checkpoint is a [safetensors](https://github.com/huggingface/safetensors) file, so every
//! reader of that format can read its tensors. The header also has, under the metadata key
//! `holonomy`, a JSON text with the settings and a SHA-256 digest of all names, kinds, shapes,
//! values and settings. [`Checkpoint::load`] recomputes the digest: a truncated file, a flipped
//! bit in the header or in the data, or a file from another program gives an error.
//!
//! Files are replaced atomically ([`write_atomically`]): if the process is killed, the old or the
//! new file remains.

mod atomic;
mod difference;
mod file;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::{Device, Tensor};

pub use self::atomic::{remove_temporaries, write_atomically};
pub use self::difference::Difference;
use self::difference::first_difference;
pub(crate) use self::file::Opened;
use self::file::{Payload, data_error, digest, dtype_of, to_tensors};

use crate::{Error, Result};

/// The key of the safetensors metadata under which ours stands.
pub(crate) const METADATA_KEY: &str = "holonomy";

/// The version of the layout that this code writes, and the only one that it reads.
const VERSION: u32 = 1;

/// Named tensors on the CPU, and settings that serde can write.
///
/// # Examples
///
/// ```
/// use holonomy::checkpoint::Checkpoint;
/// use holonomy::tch::Tensor;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("points.safetensors");
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("points", &Tensor::from_slice(&[0.25, -0.5]))?;
/// checkpoint.set("epoch", &7)?;
/// checkpoint.save(&path)?;
///
/// let loaded = Checkpoint::load(&path)?;
/// assert_eq!(loaded.tensor("points")?, &Tensor::from_slice(&[0.25, -0.5]));
/// assert_eq!(loaded.get::<u32>("epoch")?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Checkpoint {
    tensors: BTreeMap<String, Tensor>,
    settings: Map<String, Value>,
}

impl Clone for Checkpoint {
    /// The clone shares the tensors' memory.
    fn clone(&self) -> Self {
        let tensors = self.tensors.iter();
        Self {
            tensors: tensors
                .map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
                .collect(),
            settings: self.settings.clone(),
        }
    }
}

impl Checkpoint {
    /// An empty checkpoint.
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies the values of `tensor` under `name`, replacing an earlier tensor of that name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the tensor is dense and of kind f64, f32 or i64.
    pub fn insert(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        crate::numerics::require_defined("Checkpoint::insert", &[tensor])?;
        let kind = tensor.kind();
        if tensor.is_sparse() || dtype_of(kind).is_none() {
            return Err(Error::invalid(
                "Checkpoint::insert",
                "a dense tensor of kind Double, Float or Int64",
                format!("{tensor:?} for {name:?}"),
            ));
        }
        let values = tensor.detach().to_device_(Device::Cpu, kind, false, true);
        self.tensors.insert(name.to_owned(), values.contiguous());
        Ok(())
    }

    /// The tensor of that name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when there is none.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors
            .get(name)
            .ok_or_else(|| missing("Checkpoint::tensor", name, self.tensors.keys()))
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Writes a setting under `key`, replacing an earlier one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when JSON cannot hold the value.
    pub fn set(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        let value = json("Checkpoint::set", key, value)?;
        self.settings.insert(key.to_owned(), value);
        Ok(())
    }

    /// The setting under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when there is none, or when it is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self
            .settings
            .get(key)
            .ok_or_else(|| missing("Checkpoint::get", key, self.settings.keys()))?;
        setting(key, value)
    }

    /// The first part in which `value` differs from the setting under `key`; `None` when they are
    /// equal.
    ///
    /// With this, a resumed run can report which setting has changed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when there is no such setting, or when JSON cannot hold the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::checkpoint::Checkpoint;
    ///
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set("config", &[("dim", 5), ("epochs", 300)])?;
    /// let difference = checkpoint.difference("config", &[("dim", 5), ("epochs", 200)])?;
    /// let text = difference.map(|difference| difference.to_string());
    /// assert_eq!(text.as_deref(), Some("config[1][1] is 300 in the checkpoint and 200 now"));
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn difference(&self, key: &str, value: &impl Serialize) -> Result<Option<Difference>> {
        let stored = self
            .settings
            .get(key)
            .ok_or_else(|| missing("Checkpoint::difference", key, self.settings.keys()))?;
        let given = json("Checkpoint::difference", key, value)?;
        Ok(first_difference(key, stored, &given))
    }

    /// Adds another checkpoint, with its names and keys prefixed with `prefix/`.
    ///
    /// So one file can hold a model, its optimiser and the settings of the trainer;
    /// [`part`](Self::part) returns each of them.
    pub fn insert_part(&mut self, prefix: &str, part: Checkpoint) {
        let full = |name: String| format!("{prefix}/{name}");
        let tensors = part.tensors.into_iter();
        self.tensors.extend(tensors.map(|(n, t)| (full(n), t)));
        let settings = part.settings.into_iter();
        self.settings.extend(settings.map(|(k, v)| (full(k), v)));
    }

    /// The part that [`insert_part`](Self::insert_part) put under `prefix`; empty when there is none.
    pub fn part(&self, prefix: &str) -> Checkpoint {
        let own = |name: &String| -> Option<String> {
            let name = name.strip_prefix(prefix)?.strip_prefix('/')?;
            Some(name.to_owned())
        };
        let tensors = self.tensors.iter();
        let settings = self.settings.iter();
        Checkpoint {
            tensors: tensors
                .filter_map(|(n, t)| Some((own(n)?, t.shallow_clone())))
                .collect(),
            settings: settings
                .filter_map(|(k, v)| Some((own(k)?, v.clone())))
                .collect(),
        }
    }

    /// Writes the checkpoint to `path`, atomically replacing an existing file.
    ///
    /// Equal contents give equal bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the file cannot be written, [`Error::Torch`] when a tensor cannot be read.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut payloads = BTreeMap::new();
        for (name, tensor) in &self.tensors {
            payloads.insert(name.as_str(), Payload::of(tensor)?);
        }
        let settings = Value::Object(self.settings.clone()).to_string();
        let header = Header {
            version: VERSION,
            sha256: digest(&payloads, &settings),
            settings,
        };
        let header = serde_json::to_string(&header).map_err(|error| {
            data_error(path, format!("the settings cannot be written: {error}"))
        })?;
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), header)]);
        let bytes = safetensors::serialize(&payloads, Some(metadata))
            .map_err(|error| data_error(path, format!("the tensors cannot be written: {error}")))?;
        write_atomically(path, &bytes)
    }

    /// Reads a checkpoint that [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the file cannot be read; [`Error::Data`] when it is not a safetensors
    /// file, is truncated, was not written by this crate, has another version, or does not match
    /// its digest.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_opened(&Opened::read(path)?).map_err(|reason| data_error(path, reason))
    }

    /// The checkpoint that a file holds, or the reason why it holds none.
    pub(crate) fn from_opened(file: &Opened) -> std::result::Result<Self, String> {
        let header: Header = file
            .metadata(METADATA_KEY)
            .ok_or_else(|| {
                format!("a safetensors file without the metadata {METADATA_KEY:?}: not one of this crate's checkpoints")
            })
            .and_then(|text| {
                serde_json::from_str(text)
                    .map_err(|error| format!("the metadata {METADATA_KEY:?} is damaged: {error}"))
            })?;
        if header.version != VERSION {
            return Err(format!(
                "checkpoint version {}, but this build reads version {VERSION}",
                header.version
            ));
        }
        let payloads = file.payloads();
        // Each takes a good part of the time of a large file.
        let (values, settings) = rayon::join(
            || (digest(&payloads, &header.settings), to_tensors(&payloads)),
            || serde_json::from_str(&header.settings),
        );
        let (found, tensors) = values;
        if found != header.sha256 {
            return Err(format!(
                "the file is damaged: its contents have SHA-256 {found}, its header says {}",
                header.sha256
            ));
        }
        let settings =
            settings.map_err(|error| format!("the settings are not a JSON object: {error}"))?;
        Ok(Self {
            tensors: tensors?,
            settings,
        })
    }

    /// Takes out the tensor of that name.
    pub(crate) fn take_tensor(&mut self, name: &str) -> Result<Tensor> {
        self.tensor(name)?;
        let taken = self.tensors.remove(name);
        taken.ok_or_else(|| missing("Checkpoint::tensor", name, self.tensors.keys()))
    }

    /// Takes out the setting under `key`, which is not copied as by [`get`](Self::get).
    pub(crate) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<T> {
        match self.settings.remove(key) {
            Some(value) => setting(key, value),
            None => Err(missing("Checkpoint::get", key, self.settings.keys())),
        }
    }
}

/// `value` as a `T`.
fn setting<'de, T: Deserialize<'de>>(
    key: &str,
    value: impl serde::Deserializer<'de, Error = serde_json::Error>,
) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        Error::invalid(
            "Checkpoint::get",
            format!("a {} under {key:?}", std::any::type_name::<T>()),
            error,
        )
    })
}

fn json(op: &'static str, key: &str, value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| {
        let expected = format!("a value that JSON can hold for {key:?}");
        Error::invalid(op, expected, error)
    })
}

/// What stands under [`METADATA_KEY`]. The settings are a text of their own, so that the digest
/// covers the very characters that are read back.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    sha256: String,
    settings: String,
}

fn missing<'a>(op: &'static str, name: &str, present: impl Iterator<Item = &'a String>) -> Error {
    let present: Vec<&str> = present.map(String::as_str).collect();
    Error::invalid(op, format!("one of {present:?}"), format!("{name:?}"))
}
