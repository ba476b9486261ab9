//! `papers neighbors`, `papers distance` and `papers convert`: what an embedding in a file is good
//! for.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use holonomy::embed::{Format, Model, NamedEmbedding};
use holonomy::{Error, Result};

use crate::harness::arguments::model;
use crate::harness::{output, table};

/// A file with an embedding, and what its name and contents do not tell.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// The embedding: .safetensors, .tsv, word2vec's text in .vec or .txt, or the folder of an
    /// embedding projector
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The format of FILE, where its name does not tell
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    from: Option<Format>,

    /// The space that the points are in; only safetensors files say it themselves
    #[arg(long, value_parser = model())]
    manifold: Option<Model>,
}

/// The options of `papers neighbors`.
#[derive(Debug, clap::Args)]
pub(crate) struct Neighbors {
    #[command(flatten)]
    input: Input,

    /// The name whose neighbours are sought
    name: String,

    /// How many neighbours
    #[arg(
        short,
        default_value_t = 10,
        value_name = "K",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    k: u32,
}

/// The options of `papers distance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Distance {
    #[command(flatten)]
    input: Input,

    /// A name of the embedding
    a: String,

    /// Another
    b: String,
}

/// The options of `papers convert`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
tsv        one table: a header, then names and coordinates
projector  a folder with vectors.tsv and metadata.tsv, as embedding projectors load them
word2vec   word2vec's text format, as gensim reads it; spaces in names become %20
safetensors  the tensor `embedding`, names in the header")]
pub(crate) struct Convert {
    #[command(flatten)]
    input: Input,

    /// Where to write; the ending tells the format as for FILE, a name without one is a projector's
    /// folder
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// The format to write, where the name does not tell
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    format: Option<Format>,
}

impl Input {
    fn read(&self) -> Result<NamedEmbedding> {
        if !self.file.exists() {
            let missing = std::io::ErrorKind::NotFound.into();
            return Err(Error::io("read", &self.file)(missing));
        }
        let format = self.from.map_or_else(|| Format::of(&self.file), Ok)?;
        if format != Format::Safetensors && self.manifold.is_none() {
            return Err(Error::Data {
                path: self.file.clone(),
                reason: format!(
                    "a file in format {format} does not say which space its points are in: add \
                     --manifold ball, lorentz or euclidean"
                ),
            });
        }
        NamedEmbedding::read_as(&self.file, format, self.manifold)
    }
}

/// Prints the nearest neighbours of a name.
pub(crate) fn neighbors(options: &Neighbors) -> Result<()> {
    let embedding = options.input.read()?;
    let rows: Vec<Vec<String>> = embedding
        .neighbours(&options.name, options.k as usize)?
        .into_iter()
        .map(|(name, distance)| vec![name.to_owned(), format!("{distance:.6}")])
        .collect();
    output::print(&table::layout(&[&options.name, "distance"], &rows))?;
    // The program ends here, and takes a tenth of a second to give a million names back one by one.
    std::mem::forget(embedding);
    Ok(())
}

/// Prints the distance between two names, with all its digits.
pub(crate) fn distance(options: &Distance) -> Result<()> {
    let distance = options.input.read()?.distance(&options.a, &options.b)?;
    output::print(&format!("{distance}\n"))
}

/// Writes an embedding in another format.
pub(crate) fn convert(options: &Convert) -> Result<()> {
    let format = options.format.map_or_else(|| Format::of(&options.to), Ok)?;
    let embedding = options.input.read()?;
    embedding.write_as(&options.to, format)?;
    output::print(&written(&embedding, &options.to, format))
}

fn written(embedding: &NamedEmbedding, path: &Path, format: Format) -> String {
    format!(
        "{} points of the model {} written to {} in format {format}\n",
        embedding.names().len(),
        embedding.model(),
        path.display()
    )
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["tsv", "projector", "word2vec", "safetensors"])
        .try_map(|name| name.parse::<Format>())
}
