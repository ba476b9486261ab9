//! Makes `wordnet_nouns.tsv.gz` from WordNet's own files; see `README.md` beside this file.

use std::path::{Path, PathBuf};

use holonomy::graph::{read_wordnet_nouns, write_edge_list};

/// Where Debian's package wordnet-base puts them.
const WORDNET_FOLDER: &str = "/usr/share/wordnet";

fn main() -> holonomy::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(WORDNET_FOLDER), PathBuf::from);
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/wordnet_nouns.tsv.gz");
    let nouns = read_wordnet_nouns(folder)?;
    write_edge_list(&nouns, &target)?;
    println!(
        "{}: {} synsets, {} edges",
        target.display(),
        nouns.node_count(),
        nouns.edge_count()
    );
    Ok(())
}
