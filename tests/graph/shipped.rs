//! The WordNet noun hierarchy that comes with the repository.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use holonomy::graph::{EdgeListOptions, Graph, read_edge_list, write_edge_list};

use super::named_edges;

fn shipped_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("papers/data/wordnet_nouns.tsv.gz")
}

static NOUNS: LazyLock<Graph> = LazyLock::new(|| {
    let (graph, report) = read_edge_list(shipped_file(), EdgeListOptions::default()).unwrap();
    assert_eq!(report.header.unwrap(), ["child", "parent"]);
    assert_eq!(report.duplicate_edges, 0);
    graph
});

#[test]
fn nouns_have_the_published_counts() {
    assert_eq!((NOUNS.node_count(), NOUNS.edge_count()), (82_115, 84_427));
    let closure = NOUNS.transitive_closure();
    assert_eq!(
        (closure.node_count(), closure.edge_count()),
        (82_115, 743_241)
    );
    assert_eq!(closure.names(), NOUNS.names());
}

#[test]
fn mammals_have_the_published_counts_and_closing_commutes_with_cutting() {
    let mammals = NOUNS.subtree("mammal.n.01").unwrap().transitive_closure();
    assert_eq!((mammals.node_count(), mammals.edge_count()), (1_182, 6_542));
    let other_way = NOUNS.transitive_closure().subtree("mammal.n.01").unwrap();
    assert!(mammals == other_way);
}

#[test]
fn entity_is_the_only_root() {
    let mut has_parent = vec![false; NOUNS.node_count()];
    for &(child, _) in NOUNS.edges() {
        has_parent[child as usize] = true;
    }
    let nodes = NOUNS.names().iter().zip(has_parent);
    let roots: Vec<&str> = nodes
        .filter(|node| !node.1)
        .map(|node| node.0.as_str())
        .collect();
    assert_eq!(roots, ["entity.n.01"]);
}

#[test]
fn well_known_relations_hold() {
    let edges = named_edges(&NOUNS);
    for edge in [
        ("dog.n.01", "canine.n.02"),
        ("dog.n.01", "domestic_animal.n.01"),
        ("mammal.n.01", "vertebrate.n.01"),
        ("einstein.n.01", "physicist.n.01"),
    ] {
        assert!(edges.contains(&edge), "{edge:?}");
    }
}

/// So that making the file again gives the bytes that are committed.
#[test]
fn writing_the_graph_gives_the_shipped_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.tsv.gz");
    write_edge_list(&NOUNS, &path).unwrap();
    assert!(std::fs::read(path).unwrap() == std::fs::read(shipped_file()).unwrap());
}
