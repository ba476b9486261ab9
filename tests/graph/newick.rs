//! Trees in Newick's format.

use holonomy::Error;
use holonomy::graph::{Graph, parse_newick, read_newick};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::fuzz::{check_outcomes, is_graph, mutate};
use super::{TestFile, named_edges};

fn parse(text: &str) -> Graph {
    parse_newick(text, "a.nwk").unwrap()
}

fn message(text: &str) -> String {
    parse_newick(text, "a.nwk").unwrap_err().to_string()
}

#[test]
fn edges_run_from_child_to_parent_with_their_lengths() {
    let tree = parse(
        "((raccoon:19.2,bear:6.8)carnivore:0.85,(sea_lion:12, seal:12)pinniped:7.5,dog:2.5e1)root:9;",
    );
    assert_eq!(
        named_edges(&tree),
        [
            ("carnivore", "root"),
            ("raccoon", "carnivore"),
            ("bear", "carnivore"),
            ("pinniped", "root"),
            ("sea_lion", "pinniped"),
            ("seal", "pinniped"),
            ("dog", "root"),
        ]
    );
    assert_eq!(
        tree.weights().unwrap(),
        [0.85, 19.2, 6.8, 7.5, 12.0, 12.0, 25.0]
    );
}

#[test]
fn labels_may_be_quoted_missing_or_shared_by_inner_nodes() {
    let tree = parse(
        "(('it''s, a (dog)':1,:2)95:1,(a:1,b:1)95:1,(c:1,'node 1':1)95:1,(d:1,e:1)'95 (2)':1)'';",
    );
    let names: Vec<&str> = tree.names().iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "node 2",
            "95",
            "it's, a (dog)",
            "node 3",
            "95 (3)",
            "a",
            "b",
            "95 (4)",
            "c",
            "node 1",
            "95 (2)",
            "d",
            "e"
        ]
    );
    // A leaf keeps the name that an inner node before it has, too.
    assert_eq!(
        parse("((a,b)x,x);").names(),
        ["node 1", "x (2)", "a", "b", "x"]
    );
}

#[test]
fn comments_and_white_space_do_not_count() {
    let plain = parse("((a:1,b:2)c:3,d:4)e;");
    let spaced = "[&R] (\n ( a [one [within] another; )] : 1 , b:[&&NHX:S=x]2)\tc: 3\r\n,d :4) e [end]\n; [after]\n";
    assert_eq!(parse(spaced), plain);
    assert_eq!(parse(&format!("\u{feff}{spaced}")), plain);
}

#[test]
fn lengths_are_for_all_or_for_none() {
    assert_eq!(parse("((a,b),c);").weights(), None);
    assert_eq!(parse("((a,b),c):5;").weights(), None);
    assert_eq!(
        message("((a:1,\nb)\nx:2,c:1);"),
        "a.nwk:2: expected a length for every node if for any, got none for \"b\""
    );
    assert!(message("((a:1,b:1),c:1);").contains("none for a node without a label"));
}

#[test]
fn small_trees_are_trees() {
    assert_eq!((parse("A;").node_count(), parse("A;").edge_count()), (1, 0));
    assert_eq!(parse("(A)B;").edges(), [(1, 0)]);
    assert_eq!(parse("(,);").names(), ["node 1", "node 2", "node 3"]);
    assert_eq!(parse("();").names(), ["node 1", "node 2"]);
}

#[test]
fn what_breaks_the_format_is_named_with_its_line() {
    for (text, expected) in [
        ("", "a.nwk: expected a tree, found an empty file"),
        (
            " \n[only this]\n",
            "a.nwk: expected a tree, found an empty file",
        ),
        (
            ";",
            "a.nwk:1: expected a node: (, a label, : or what follows a node, got \";\"",
        ),
        ("((a,b);", "a.nwk:1: expected a ) for every (, got \";\""),
        (
            "(a,b));",
            "a.nwk:1: expected a label, :, \",\", ) or ;, got \")\"",
        ),
        (
            "(a,b)",
            "a.nwk:1: expected a label, :, \",\", ) or ;, got the end of the file",
        ),
        (
            "(a,\nb",
            "a.nwk:2: expected :, \",\", ) or ; after a label (names with spaces need quotation marks), got the end of the file",
        ),
        (
            "(a,\n\nb c);",
            "a.nwk:3: expected :, \",\", ) or ; after a label (names with spaces need quotation marks), got \"c\"",
        ),
        (
            "(a,'b\nc",
            "a.nwk:1: expected ' at the end of a label, got the end of the file",
        ),
        (
            "(a,b)[c\n",
            "a.nwk:1: expected ] at the end of a comment, got the end of the file",
        ),
        ("(a,b]);", "a.nwk:1: expected [ before ], got \"]\""),
        (
            "(a:1,\nb:-1);",
            "a.nwk:2: expected a finite length ≥ 0, got \"-1\"",
        ),
        (
            "(a:1,b:inf);",
            "a.nwk:1: expected a finite length ≥ 0, got \"inf\"",
        ),
        (
            "(a:1,b:);",
            "a.nwk:1: expected a finite length ≥ 0, got \")\"",
        ),
        (
            "(a:1,b:",
            "a.nwk:1: expected a finite length ≥ 0, got the end of the file",
        ),
        (
            "(a:1:2,b:1);",
            "a.nwk:1: expected \",\", ) or ; after a length, got \":\"",
        ),
        (
            "(a:1 x,b:1);",
            "a.nwk:1: expected \",\", ) or ; after a length, got \"x\"",
        ),
        (
            "a,b;",
            "a.nwk:1: expected :, \",\", ) or ; after a label (names with spaces need quotation marks), got \",\"",
        ),
        (
            "(a,b)(c,d);",
            "a.nwk:1: expected a label, :, \",\", ) or ;, got \"(\"",
        ),
        (
            "(a,\n(b,a));",
            "a.nwk:2: expected a label that no other leaf has, got \"a\"",
        ),
        (
            "(a,b);\n(c,d);",
            "a.nwk:2: expected the end of the file after one tree, got \"(\"",
        ),
        (
            "(a,'b\u{7}');",
            "a.nwk:1: expected a label without control characters, got \"b\\u{7}\"",
        ),
    ] {
        assert_eq!(message(text), expected, "{text:?}");
    }
    assert!(matches!(
        parse_newick(&b"(a,\n\xff);"[..], "a.nwk").unwrap_err(),
        Error::Parse { line: 2, .. }
    ));
}

#[test]
fn deep_trees_do_not_need_a_deep_stack() {
    let depth = 300_000;
    let text = format!("{}a{};", "(".repeat(depth), ")".repeat(depth));
    let tree = parse(&text);
    assert_eq!((tree.node_count(), tree.edge_count()), (depth + 1, depth));
    assert!(message(&"(".repeat(depth)).contains("the end of the file"));
    assert!(message(&"[".repeat(depth)).contains("] at the end of a comment"));
}

#[test]
fn nexus_is_told() {
    let error = parse_newick("#NEXUS\nbegin trees;", "a.nex").unwrap_err();
    assert!(error.to_string().contains("TREES"), "{error}");
}

#[test]
fn files_are_read_also_compressed() {
    let file = TestFile::new("a.nwk", "(a:1,b:2)c;");
    assert_eq!(read_newick(&file.path).unwrap(), parse("(a:1,b:2)c;"));
    let missing = file.folder.path().join("none.nwk");
    assert!(matches!(
        read_newick(missing).unwrap_err(),
        Error::Io { .. }
    ));
}

#[test]
fn damaged_trees_never_panic() {
    let text = "((dog:0.4,'it''s':1)[a[b]]x:2,(cat:0.3,\n lion:0.2)felid:0.1, :1)root;\n";
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let (mut graphs, trials) = (0, 3_000);
    for _ in 0..trials {
        let mutant = mutate(text.as_bytes(), &mut rng);
        graphs += usize::from(is_graph(&parse_newick(&*mutant, "a.nwk"), &mutant));
    }
    check_outcomes(graphs, trials);
}

/// A tree as text, for names and parents in preorder.
fn written(names: &[String], parents: &[usize], weights: &[f64], node: usize) -> String {
    let below = (1..names.len()).filter(|&child| parents[child - 1] == node);
    let children: Vec<String> = below
        .map(|child| {
            let subtree = written(names, parents, weights, child);
            format!("{subtree}:{}", weights[child - 1])
        })
        .collect();
    let list = match children.len() {
        0 => String::new(),
        _ => format!("({})", children.join(",")),
    };
    format!("{list}'{}'", names[node].replace('\'', "''"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read(
        labels in prop::collection::btree_set("[a-z'(),:;\\[\\] é\"]{1,6}", 1..20),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 19),
        weights in prop::collection::vec(0.0..1e9_f64, 19),
    ) {
        let names: Vec<String> = labels.into_iter().collect();
        let parents: Vec<usize> = (1..names.len()).map(|node| picks[node - 1].index(node)).collect();
        let tree = parse(&format!("{};", written(&names, &parents, &weights, 0)));
        let mut found: Vec<(&str, &str)> = named_edges(&tree);
        let mut expected: Vec<(&str, &str)> = (1..names.len())
            .map(|node| (&*names[node], &*names[parents[node - 1]]))
            .collect();
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
        let total: f64 = tree.weights().map_or(0.0, |weights| weights.iter().sum());
        let wanted: f64 = weights[..names.len() - 1].iter().sum();
        prop_assert!((total - wanted).abs() <= 1e-6 * wanted);
    }
}
