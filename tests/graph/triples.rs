//! Mirror of `src/graph/triples.rs`.

use std::fs;
use std::path::Path;

use holonomy::Error;
use holonomy::graph::{KnowledgeGraph, Split};
use tch::{Kind, Tensor};

fn refused(parts: [&str; 3]) -> String {
    KnowledgeGraph::parse(parts).unwrap_err().to_string()
}

#[test]
fn names_are_numbered_as_they_appear_and_kept_where_the_training_part_lacks_them() {
    let (graph, report) = KnowledgeGraph::parse([
        "b\tlikes\ta\r\n\r\n a \tlikes\tc\t\nb\tlikes\tb\n",
        "d\tlikes\ta\nb\tlikes\ta\n",
        "a\thates\td",
    ])
    .unwrap();
    assert_eq!(graph.entities(), ["b", "a", "c", "d"]);
    assert_eq!(graph.relations(), ["likes", "hates"]);
    assert_eq!(
        graph.triples(Split::Train),
        [[0, 0, 1], [1, 0, 2], [0, 0, 0]]
    );
    assert_eq!(graph.triples(Split::Valid), [[3, 0, 1], [0, 0, 1]]);
    assert_eq!(graph.triples(Split::Test), [[1, 1, 3]]);
    assert_eq!(report.new_entities, ["d"]);
    assert_eq!(report.new_relations, ["hates"]);
    assert_eq!(report.repeated_from_earlier, [0, 1, 0]);
    assert_eq!(report.duplicates, [0, 0, 0]);
    let said = report.to_string();
    assert_eq!(
        said,
        "3 rows to train, 2 to validate, 1 to test, 1 triples of the valid part are in an earlier one, \
         1 entities are not in the training part, such as \"d\", 1 relations are not in the training part, \
         such as \"hates\""
    );
    let expected = Tensor::from_slice2(&[[0_i64, 0, 1], [1, 0, 2], [0, 0, 0]]);
    assert_eq!(graph.indices(Split::Train), expected);
}

#[test]
fn duplicates_of_a_part_are_left_out_and_counted() {
    let train = "a\tr\tb\nb\tr\ta\na\tr\tb\n\na\tr\tb\n";
    let (graph, report) = KnowledgeGraph::parse([train, "", ""]).unwrap();
    assert_eq!(graph.triples(Split::Train), [[0, 0, 1], [1, 0, 0]]);
    assert_eq!(report.rows, [4, 0, 0]);
    assert_eq!(report.duplicates, [2, 0, 0]);
    assert_eq!(report.first_duplicate_lines, [Some(3), None, None]);
    assert!(
        report
            .to_string()
            .contains("2 duplicates in the train part left out (the first on line 3)")
    );
    assert_eq!(graph.indices(Split::Test).size(), [0, 3]);
    assert_eq!(graph.indices(Split::Test).kind(), Kind::Int64);
}

#[test]
fn names_may_start_like_comments_and_be_quoted() {
    let (graph, _) = KnowledgeGraph::parse(["#a\t%r\t\"b c\"\n# d\tr\t{x}\n", "", ""]).unwrap();
    assert_eq!(graph.entities(), ["#a", "b c", "# d", "{x}"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let columns = "expected 3 columns between tabs (head, relation, tail), got";
    assert_eq!(
        refused(["a\tr\tb\n\na\tr\n", "", ""]),
        format!("train:3: {columns} 2")
    );
    assert_eq!(
        refused(["a r b\n", "", ""]),
        format!("train:1: {columns} 1")
    );
    assert_eq!(
        refused(["a\tr\tb\n", "a\tr\tb\tc\n", ""]),
        format!("valid:1: {columns} 4")
    );
    let empty = "expected a name in each of three columns, got an empty one";
    assert_eq!(
        refused(["a\tr\tb\n", "", "a\t\tb\n"]),
        format!("test:1: {empty}")
    );
    assert_eq!(refused(["a\tr\t\n", "", ""]), format!("train:1: {empty}"));
    assert_eq!(
        refused(["\n", "", ""]),
        "train: expected triples to train, found an empty file"
    );
    assert!(refused(["a\tr\t\"b\nc\td\te\n", "", ""]).contains("is a quotation mark left open?"));
}

#[test]
fn three_files_of_a_folder_are_read_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("train.txt", "a\tr\tb\n");
    write("valid.txt", "");
    match KnowledgeGraph::read_folder(folder.path()) {
        Err(Error::Io { path, .. }) => assert_eq!(path.file_name(), Some("test.txt".as_ref())),
        other => panic!("{other:?}"),
    }
    write("test.txt", "b\tr\n");
    match KnowledgeGraph::read_folder(folder.path()) {
        Err(Error::Parse { path, line: 1, .. }) => {
            assert_eq!(path, Path::new(folder.path()).join("test.txt"));
        }
        other => panic!("{other:?}"),
    }
    write("test.txt", "b\tr\ta\n");
    let (graph, _) = KnowledgeGraph::read_folder(folder.path()).unwrap();
    assert_eq!(graph.triples(Split::Test), [[1, 0, 0]]);
}

#[test]
fn numbers_need_names_and_names_are_different() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let graph = |entities: &[&str], train: Vec<[u32; 3]>| {
        KnowledgeGraph::new(names(entities), names(&["r"]), [train, vec![], vec![]])
    };
    let built = graph(&["a", "b"], vec![[0, 0, 1], [0, 0, 1], [1, 0, 1]]).unwrap();
    assert_eq!(built.triples(Split::Train), [[0, 0, 1], [1, 0, 1]]);
    for (entities, train) in [
        (&["a", "b"] as &[&str], vec![]),
        (&["a", "a"], vec![[0, 0, 1]]),
        (&["a", ""], vec![[0, 0, 1]]),
        (&["a", "b"], vec![[0, 0, 2]]),
        (&["a", "b"], vec![[0, 1, 1]]),
    ] {
        assert!(matches!(
            graph(entities, train),
            Err(Error::InvalidArgument { .. })
        ));
    }
}
