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

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, View};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

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

/// A safetensors file in memory, whose header has been read.
pub(crate) struct Opened {
    header: Metadata,
    data: Vec<u8>,
}

impl Opened {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when it cannot be read, [`Error::Data`] unless it is a whole safetensors file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let io = || Error::io("read", path);
        let mut file = File::open(path).map_err(io())?;
        let size = file.metadata().map_err(io())?.len();
        let mut length = Vec::new();
        let mut header = Vec::new();
        let mut data = Vec::new();
        let prefix = size_of::<u64>() as u64;
        (&file)
            .take(prefix)
            .read_to_end(&mut length)
            .map_err(io())?;
        let length = length.try_into().map_or(u64::MAX, u64::from_le_bytes);
        (&file)
            .take(length)
            .read_to_end(&mut header)
            .map_err(io())?;
        // A header with a million names takes as long as their values.
        let (read, parsed) = rayon::join(
            || {
                let rest = size.saturating_sub(prefix).saturating_sub(length);
                data.try_reserve_exact(rest as usize)?;
                file.read_to_end(&mut data)
            },
            || serde_json::from_slice::<Metadata>(&header),
        );
        read.map_err(io())?;
        let broken = |reason: String| {
            let reason =
                format!("not a whole safetensors file ({reason}): truncated, damaged or foreign");
            data_error(path, reason)
        };
        let header = parsed.map_err(|error| broken(error.to_string()))?;
        if header.data_len() != data.len() {
            return Err(broken(format!(
                "{} bytes of values, not the {} of its header",
                data.len(),
                header.data_len()
            )));
        }
        Ok(Self { header, data })
    }

    /// The text that the metadata have under `key`.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        let metadata = self.header.metadata().as_ref()?;
        metadata.get(key).map(String::as_str)
    }

    /// The names of the tensors, in the order of their data.
    pub(crate) fn names(&self) -> Vec<String> {
        self.header.offset_keys()
    }

    /// Kind, shape and bytes of a tensor.
    pub(crate) fn tensor(&self, name: &str) -> Option<(Dtype, &[usize], &[u8])> {
        let info = self.header.info(name)?;
        let (start, end) = info.data_offsets;
        Some((info.dtype, &info.shape, &self.data[start..end]))
    }

    fn payloads(&self) -> BTreeMap<String, Payload<'_>> {
        let names = self.names().into_iter();
        names
            .filter_map(|name| {
                let (dtype, shape, bytes) = self.tensor(&name)?;
                Some((name, Payload::borrowed(dtype, shape, bytes)))
            })
            .collect()
    }
}

/// A part of a setting that differs from the checkpoint; see [`Checkpoint::difference`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part, such as `config.schedule` or `seeds[2]`.
    pub setting: String,
    /// Its value in the checkpoint, as JSON; `nothing` where it has none.
    pub stored: String,
    /// The value that it was compared with.
    pub given: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {} in the checkpoint and {} now",
            self.setting, self.stored, self.given
        )
    }
}

fn json(op: &'static str, key: &str, value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| {
        let expected = format!("a value that JSON can hold for {key:?}");
        Error::invalid(op, expected, error)
    })
}

fn first_difference(setting: &str, stored: &Value, given: &Value) -> Option<Difference> {
    match (stored, given) {
        (Value::Object(stored), Value::Object(given)) => {
            let names: BTreeSet<&String> = stored.keys().chain(given.keys()).collect();
            names.into_iter().find_map(|name| {
                let setting = format!("{setting}.{name}");
                differing_part(&setting, stored.get(name), given.get(name))
            })
        }
        (Value::Array(stored), Value::Array(given)) if stored.len() == given.len() => stored
            .iter()
            .zip(given)
            .enumerate()
            .find_map(|(index, (stored, given))| {
                first_difference(&format!("{setting}[{index}]"), stored, given)
            }),
        _ if stored == given => None,
        _ => Some(difference(setting, Some(stored), Some(given))),
    }
}

fn differing_part(
    setting: &str,
    stored: Option<&Value>,
    given: Option<&Value>,
) -> Option<Difference> {
    match (stored, given) {
        (Some(stored), Some(given)) => first_difference(setting, stored, given),
        _ => Some(difference(setting, stored, given)),
    }
}

fn difference(setting: &str, stored: Option<&Value>, given: Option<&Value>) -> Difference {
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".into(), Value::to_string);
    Difference {
        setting: setting.to_owned(),
        stored: text(stored),
        given: text(given),
    }
}

/// How the temporary names of [`write_atomically`] begin and end.
const TEMPORARY: (&str, &str) = (".holonomy-", ".tmp");

/// Removes the temporary files that killed writers have left in `folder`, and returns their
/// number.
///
/// Call it only while nothing else writes there: the temporary files of running writers are
/// removed too.
///
/// # Errors
///
/// [`Error::Io`] when the folder cannot be read or a file cannot be removed.
pub fn remove_temporaries(folder: impl AsRef<Path>) -> Result<usize> {
    let folder = folder.as_ref();
    let mut removed = 0;
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1) {
            std::fs::remove_file(entry.path()).map_err(Error::io("remove", entry.path()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Writes `bytes` to `path` atomically: at any time, readers see either the complete old file or
/// the complete new one, also if the process is killed. The steps are: write a temporary file in
/// the same folder, sync, rename, sync the folder. A killed process may leave the temporary file
/// behind; [`remove_temporaries`] removes such files.
///
/// # Errors
///
/// [`Error::Io`] when the operating system refuses a step; the old file then stays as it was.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        // A plain new file's mode, which the process's umask then narrows.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder
        .tempfile_in(folder)
        .map_err(Error::io("create a temporary file in", folder))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.as_file().sync_all().map_err(Error::io("sync", path))?;
    file.persist(path)
        .map_err(|error| Error::io("replace", path)(error.error))?;
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::io("sync", folder))?;
    Ok(())
}

/// What stands under [`METADATA_KEY`]. The settings are a text of their own, so that the digest
/// covers the very characters that are read back.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    sha256: String,
    settings: String,
}

/// One tensor as the file holds it: little-endian bytes in row-major order.
struct Payload<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Payload<'a> {
    /// The bytes of a contiguous CPU tensor.
    fn of(tensor: &Tensor) -> Result<Self> {
        let torch = |source| Error::Torch {
            op: "Checkpoint::save",
            source,
        };
        let kind = tensor.kind();
        let dtype = dtype_of(kind).ok_or_else(|| {
            Error::invalid(
                "Checkpoint::save",
                "kind Double, Float or Int64",
                format!("{kind:?}"),
            )
        })?;
        let mut bytes = vec![0; tensor.numel() * kind.elt_size_in_bytes()];
        tensor
            .f_copy_data_u8(&mut bytes, tensor.numel())
            .map_err(torch)?;
        Ok(Self {
            dtype,
            shape: tensor.size().iter().map(|&n| n as usize).collect(),
            bytes: Cow::Owned(bytes),
        })
    }

    fn borrowed(dtype: Dtype, shape: &[usize], bytes: &'a [u8]) -> Self {
        Self {
            dtype,
            shape: shape.to_vec(),
            bytes: Cow::Borrowed(bytes),
        }
    }

    fn to_tensor(&self) -> std::result::Result<Tensor, String> {
        let kind = kind_of(self.dtype)
            .ok_or_else(|| format!("kind {:?} is not F64, F32 or I64", self.dtype))?;
        let shape: Vec<i64> = self
            .shape
            .iter()
            .map(|&n| i64::try_from(n))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| format!("shape {:?} is too large", self.shape))?;
        Tensor::f_from_data_size(&self.bytes, &shape, kind).map_err(|error| error.to_string())
    }
}

impl View for &Payload<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn to_tensors(
    payloads: &BTreeMap<String, Payload>,
) -> std::result::Result<BTreeMap<String, Tensor>, String> {
    let tensors = payloads.iter().map(|(name, payload)| {
        let tensor = payload.to_tensor();
        let tensor = tensor.map_err(|reason| format!("tensor {name:?}: {reason}"))?;
        Ok((name.clone(), tensor))
    });
    tensors.collect()
}

/// SHA-256 over the settings and over each tensor's name, kind, shape and bytes, in the order of
/// the names; every part is preceded by its length, so that no two contents spell the same text.
fn digest<N: AsRef<str>>(payloads: &BTreeMap<N, Payload>, settings: &str) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(settings.as_bytes());
    for (name, payload) in payloads {
        part(name.as_ref().as_bytes());
        part(format!("{:?} {:?}", payload.dtype, payload.shape).as_bytes());
        part(&payload.bytes);
    }
    format!("{:x}", hash.finalize())
}

fn dtype_of(kind: Kind) -> Option<Dtype> {
    match kind {
        Kind::Double => Some(Dtype::F64),
        Kind::Float => Some(Dtype::F32),
        Kind::Int64 => Some(Dtype::I64),
        _ => None,
    }
}

fn kind_of(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F64 => Some(Kind::Double),
        Dtype::F32 => Some(Kind::Float),
        Dtype::I64 => Some(Kind::Int64),
        _ => None,
    }
}

fn missing<'a>(op: &'static str, name: &str, present: impl Iterator<Item = &'a String>) -> Error {
    let present: Vec<&str> = present.map(String::as_str).collect();
    Error::invalid(op, format!("one of {present:?}"), format!("{name:?}"))
}

fn data_error(path: &Path, reason: String) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason,
    }
}
