//! Edge lists as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use csv::QuoteStyle;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::graph::Graph;
use crate::source::{Separator, is_gzip_name, quote, separator_of_name};
use crate::{Error, Result};

/// Writes a graph as an edge list that [`read_edge_list`](super::read_edge_list) reads: a header,
/// then one row for each edge.
///
/// The columns are separated by commas for a name in `.csv`, else by tabs; a name in `.gz` is
/// compressed. Equal graphs give equal bytes. The file is written completely or not at all. The
/// reader renumbers the nodes. If a node is called `child` or `parent`, it takes the header for an
/// edge, unless the options have [`Header::Present`](super::Header::Present).
///
/// # Errors
///
/// [`Error::Io`] when the file cannot be written; [`Error::Data`] for a graph that an edge list
/// cannot hold: with a node without edges, or with a name that has control characters or
/// white space at its ends.
pub fn write_edge_list(graph: &Graph, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    check_writable(graph, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder
        .tempfile_in(folder)
        .map_err(Error::io("create", path))?;
    write_rows(graph, path, file.as_file()).map_err(Error::io("write", path))?;
    file.as_file()
        .sync_all()
        .map_err(Error::io("write", path))?;
    file.persist(path)
        .map(drop)
        .map_err(|error| Error::io("write", path)(error.error))
}

fn check_writable(graph: &Graph, path: &Path) -> Result<()> {
    let unwritable = |name: &String, why| Error::Data {
        path: path.to_owned(),
        reason: format!(
            "an edge list cannot hold the node {}, which {why}",
            quote(name)
        ),
    };
    let mut has_edge = vec![false; graph.node_count()];
    for &(child, parent) in graph.edges() {
        has_edge[child as usize] = true;
        has_edge[parent as usize] = true;
    }
    for (name, has_edge) in graph.names().iter().zip(has_edge) {
        if !has_edge {
            return Err(unwritable(name, "has no edge"));
        }
        if name.contains(char::is_control) || name.trim() != name {
            let why = "has control characters, or white space at its ends";
            return Err(unwritable(name, why));
        }
    }
    Ok(())
}

fn write_rows(graph: &Graph, path: &Path, file: &File) -> std::io::Result<()> {
    let delimiter = separator_of_name(path).map_or(b'\t', Separator::byte);
    if is_gzip_name(path) {
        let packer = GzEncoder::new(BufWriter::new(file), Compression::best());
        let packer = write_csv(graph, delimiter, packer)?;
        return packer.finish()?.flush();
    }
    write_csv(graph, delimiter, BufWriter::new(file))?.flush()
}

fn write_csv<W: Write>(graph: &Graph, delimiter: u8, writer: W) -> std::io::Result<W> {
    // Without quotation marks a line that starts so is a comment.
    let is_comment = |name: &String| name.starts_with(['#', '%']);
    let quotes = if graph.names().iter().any(is_comment) {
        QuoteStyle::Always
    } else {
        QuoteStyle::Necessary
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote_style(quotes)
        .from_writer(writer);
    let name = |node: u32| graph.names()[node as usize].as_str();
    match graph.weights() {
        None => {
            writer.write_record(["child", "parent"])?;
            for &(child, parent) in graph.edges() {
                writer.write_record([name(child), name(parent)])?;
            }
        }
        Some(weights) => {
            writer.write_record(["child", "parent", "weight"])?;
            for (&(child, parent), weight) in graph.edges().iter().zip(weights) {
                writer.write_record([name(child), name(parent), &weight.to_string()])?;
            }
        }
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
