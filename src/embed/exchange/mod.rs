//! Named embeddings in files that other programs read and write.
//!
//! | [`Format`] | file | layout |
//! | --- | --- | --- |
//! | `tsv` | `.tsv` | a header `name`, `x0`, `x1`, …; then a row a point: its name and coordinates, separated by tabs |
//! | `projector` | a folder | `vectors.tsv`, a row of coordinates a point and no header; `metadata.tsv`, a name a line and no header: what embedding projectors load |
//! | `word2vec` | `.vec`, `.txt`, `.w2v` | a line with the number of points and of coordinates; then a line a point: its name and coordinates, separated by spaces |
//! | `safetensors` | `.safetensors` | the tensor `embedding` in f64, names and model in the header |
//!
//! Only safetensors files record the model of the points; for the others the reader must be told.
//! On the hyperboloid the time coordinate comes first.
//!
//! Numbers are written with the fewest digits that give the same f64 when they are read, so that
//! nothing is lost. The name of a text file may also end in `.gz`: then the file is compressed. A
//! file is written completely or not at all.
//!
//! # Names with spaces in word2vec's format
//!
//! The format has no quotation marks, and its readers split lines at spaces. So a space within a
//! name is written as `%20`, and `%` as `%25`; the reader here decodes both. Files of other
//! programs that have bare spaces in their names are read too: the last fields of a line are the
//! coordinates, and everything before them is the name.
//!
//! # From and to Python
//!
//! ```text
//! with safetensors.safe_open("embedding.safetensors", "numpy") as file:
//!     points = file.get_tensor("embedding")
//!     names = json.loads(json.loads(file.metadata()["holonomy"])["settings"])["names"]
//!
//! safetensors.numpy.save_file({"embedding": points}, "back.safetensors",
//!     metadata={"names": json.dumps(names), "model": "ball"})
//! ```

mod tensors;
mod text;
mod word2vec;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::model::Model;
use super::named::NamedEmbedding;
use crate::checkpoint::write_atomically;
use crate::source::{Source, is_gzip_name};
use crate::{Error, Result};

/// A layout of named points in files; see [`NamedEmbedding::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One table with a header: names, then coordinates.
    Tsv,
    /// A folder with `vectors.tsv` and `metadata.tsv`.
    Projector,
    /// word2vec's text format.
    Word2vec,
    /// A [`Checkpoint`](crate::checkpoint::Checkpoint), or another safetensors file with names.
    Safetensors,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Tsv,
        Self::Projector,
        Self::Word2vec,
        Self::Safetensors,
    ];

    /// The format of a file by the ending of its name: `.tsv`, `.vec`, `.txt`, `.w2v`, each also
    /// with `.gz`, or `.safetensors`. A folder, or a name without an ending, is a projector's.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another ending.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::embed::Format;
    ///
    /// assert_eq!(Format::of("mammals.vec.gz")?, Format::Word2vec);
    /// assert!(Format::of("mammals.docx").is_err());
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn of(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() {
            return Ok(Self::Projector);
        }
        let packed = is_gzip_name(path);
        let unpacked = path.with_extension("");
        let name = if packed { &unpacked } else { path };
        let ending = name.extension().map(|ending| {
            let ending = ending.to_string_lossy();
            ending.to_ascii_lowercase()
        });
        match ending.as_deref() {
            Some("tsv") => Ok(Self::Tsv),
            Some("vec" | "txt" | "w2v") => Ok(Self::Word2vec),
            Some("safetensors") if !packed => Ok(Self::Safetensors),
            None if !packed => Ok(Self::Projector),
            _ => Err(Error::invalid(
                "Format::of",
                "a name in .tsv, .vec, .txt, .w2v (each also with .gz) or .safetensors, or a \
                 folder for an embedding projector",
                path.display(),
            )),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tsv => "tsv",
            Self::Projector => "projector",
            Self::Word2vec => "word2vec",
            Self::Safetensors => "safetensors",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is `tsv`, `projector`, `word2vec` or
    /// `safetensors`.
    fn from_str(text: &str) -> Result<Self> {
        let expected = "tsv, projector, word2vec or safetensors";
        Self::ALL
            .into_iter()
            .find(|format| format.to_string() == text)
            .ok_or_else(|| Error::invalid("Format", expected, text))
    }
}

impl NamedEmbedding {
    /// Reads an embedding in the format given by the file's name ([`Format::of`]).
    ///
    /// # Errors
    ///
    /// Those of [`Format::of`] and of [`read_as`](Self::read_as).
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::embed::{Model, NamedEmbedding};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("animals.vec");
    /// std::fs::write(&path, "2 2\nanimal 0 0\nsea%20lion 0.5 1e-3\n").unwrap();
    ///
    /// let embedding = NamedEmbedding::read(&path, Some(Model::Ball))?;
    /// assert_eq!(embedding.names(), ["animal", "sea lion"]);
    /// embedding.write(folder.path().join("animals.safetensors"))?;
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn read(path: impl AsRef<Path>, model: Option<Model>) -> Result<Self> {
        let path = path.as_ref();
        Self::read_as(path, Format::of(path)?, model)
    }

    /// Reads an embedding. `model` is the model of the points; where the file records one too,
    /// both must agree. It is needed where the file records none. Text in gzip is unpacked,
    /// whatever the name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a file that cannot be read; [`Error::Parse`], with the line, for a row
    /// that is not a [name](NamedEmbedding) and as many finite numbers as in the other rows, for a
    /// repeated name, for a point outside the model, and for wrong counts in the first line;
    /// [`Error::Data`] for a file without points, with different numbers of names and points, or
    /// damaged as a whole; [`Error::InvalidArgument`] where neither file nor caller gives the
    /// model, or they disagree.
    pub fn read_as(path: impl AsRef<Path>, format: Format, model: Option<Model>) -> Result<Self> {
        let path = path.as_ref();
        if format == Format::Safetensors {
            return tensors::read(path, model);
        }
        let model = model.ok_or_else(|| model_missing(path))?;
        match format {
            Format::Projector => text::read_projector(path, model),
            Format::Word2vec => word2vec::parse(&Source::read(path)?, model),
            _ => text::parse_table(&Source::read(path)?, model),
        }
    }

    /// Writes the embedding in the format given by the file's name ([`Format::of`]).
    ///
    /// # Errors
    ///
    /// Those of [`Format::of`] and of [`write_as`](Self::write_as).
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.write_as(path, Format::of(path)?)
    }

    /// Writes the embedding; equal embeddings give equal bytes. A projector's folder is created if
    /// needed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when a file cannot be written.
    pub fn write_as(&self, path: impl AsRef<Path>, format: Format) -> Result<()> {
        let path = path.as_ref();
        match format {
            Format::Tsv => write_text(path, &text::table(self)?),
            Format::Word2vec => write_text(path, &word2vec::text(self)?),
            Format::Projector => text::write_projector(self, path),
            Format::Safetensors => self.to_checkpoint()?.save(path),
        }
    }
}

fn model_missing(path: &Path) -> Error {
    Error::invalid(
        "NamedEmbedding::read",
        format!(
            "the model of the points (ball, lorentz or euclidean), which {} does not say",
            path.display()
        ),
        "none",
    )
}

/// Writes text, compressed where the name says so.
fn write_text(path: &Path, text: &str) -> Result<()> {
    if !is_gzip_name(path) {
        return write_atomically(path, text.as_bytes());
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let bytes = packed
        .write_all(text.as_bytes())
        .and_then(|()| packed.finish())
        .map_err(Error::io("compress", path))?;
    write_atomically(path, &bytes)
}
