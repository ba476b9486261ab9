//! Safetensors files, and tensors as they hold them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, View};
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use crate::{Error, Result};

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

    pub(super) fn payloads(&self) -> BTreeMap<String, Payload<'_>> {
        let names = self.names().into_iter();
        names
            .filter_map(|name| {
                let (dtype, shape, bytes) = self.tensor(&name)?;
                Some((name, Payload::borrowed(dtype, shape, bytes)))
            })
            .collect()
    }
}

/// One tensor as the file holds it: little-endian bytes in row-major order.
pub(super) struct Payload<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Payload<'a> {
    /// The bytes of a contiguous CPU tensor.
    pub(super) fn of(tensor: &Tensor) -> Result<Self> {
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

pub(super) fn to_tensors(
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
pub(super) fn digest<N: AsRef<str>>(payloads: &BTreeMap<N, Payload>, settings: &str) -> String {
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

pub(super) fn dtype_of(kind: Kind) -> Option<Dtype> {
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

pub(super) fn data_error(path: &Path, reason: String) -> Error {
    Error::Data {
        path: path.to_owned(),
        reason,
    }
}
