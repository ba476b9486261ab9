//! WordNet's database files, on a small noun hierarchy made by hand.

use holonomy::Error;
use holonomy::graph::read_wordnet_nouns;
use tempfile::TempDir;

use super::named_edges;

/// Eight synsets: two senses of "seal", a capital and an underscore in first words, two parents
/// for the pet, an instance (@i), further pointers that do not count, seventeen words (hex 11).
pub(super) const DATA: &str = "\x20 1 A licence stands here, indented by two spaces.
  2 And goes on.
00000100 03 n 01 entity 0 002 ~ 00000200 n 0000 ~ 00000300 n 0000 | all there is
00000200 03 n 02 Living_thing 0 being 1 003 @ 00000100 n 0000 ~ 00000400 n 0000 + 00000999 v 0101 | it lives | so to say
00000300 03 n 01 seal 0 001 @ 00000100 n 0000 | a stamp
00000400 05 n 01 seal 1 003 @ 00000200 n 0000 #m 00000300 n 0000 ;c 00000777 r 0000 | it swims
00000500 05 n 01 pet f 002 @ 00000200 n 0000 @ 00000600 n 0000 | at home
00000600 05 n 01 chattel 0 001 @ 00000100 n 0000 | it is owned
00000700 05 n 01 Andre 0 001 @i 00000400 n 0000 | a seal in Maine
00000800 05 n 11 a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 k 0 l 0 m 0 n 0 o 0 p 0 q 0 001 @ 00000100 n 0000 | letters
";

pub(super) const INDEX: &str = "\x20 1 A licence stands here, indented by two spaces.
a n 1 0 1 0 00000800
andre n 1 1 @i 1 0 00000700
being n 1 2 @ ~ 1 1 00000200
chattel n 1 1 @ 1 0 00000600
entity n 1 1 ~ 1 1 00000100
living_thing n 1 2 @ ~ 1 1 00000200
pet n 1 1 @ 1 0 00000500
seal n 2 2 @ #m 2 1 00000400 00000300
";

pub(super) fn folder(data: &[u8], index: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.noun"), data).unwrap();
    std::fs::write(folder.path().join("index.noun"), index).unwrap();
    folder
}

/// The message for files in which one piece of text is replaced, without the folder.
fn message(data: (&str, &str), index: (&str, &str)) -> String {
    let replaced = |text: &str, (old, new): (&str, &str)| {
        assert!(text.contains(old), "{old:?} is not in the fixture");
        text.replacen(old, new, 1)
    };
    let folder = folder(
        replaced(DATA, data).as_bytes(),
        replaced(INDEX, index).as_bytes(),
    );
    let message = read_wordnet_nouns(folder.path()).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

fn data_message(old: &str, new: &str) -> String {
    message((old, new), ("", ""))
}

fn index_message(old: &str, new: &str) -> String {
    message(("", ""), (old, new))
}

#[test]
fn names_and_edges_follow_the_files() {
    let folder = folder(DATA.as_bytes(), INDEX.as_bytes());
    let graph = read_wordnet_nouns(folder.path()).unwrap();
    assert_eq!(
        graph.names(),
        [
            "entity.n.01",
            "living_thing.n.01",
            "seal.n.02",
            "seal.n.01",
            "pet.n.01",
            "chattel.n.01",
            "andre.n.01",
            "a.n.01",
        ]
    );
    assert_eq!(
        named_edges(&graph),
        [
            ("living_thing.n.01", "entity.n.01"),
            ("seal.n.02", "entity.n.01"),
            ("seal.n.01", "living_thing.n.01"),
            ("pet.n.01", "living_thing.n.01"),
            ("pet.n.01", "chattel.n.01"),
            ("chattel.n.01", "entity.n.01"),
            ("andre.n.01", "seal.n.01"),
            ("a.n.01", "entity.n.01"),
        ]
    );
    assert_eq!(graph.weights(), None);
    let living = graph
        .subtree("living_thing.n.01")
        .unwrap()
        .transitive_closure();
    assert_eq!((living.node_count(), living.edge_count()), (4, 4));
}

#[test]
fn line_ends_of_other_systems_are_read_too() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let (ours, theirs) = (
        folder(DATA.as_bytes(), INDEX.as_bytes()),
        folder(crlf(DATA).as_bytes(), crlf(INDEX).as_bytes()),
    );
    assert_eq!(
        read_wordnet_nouns(ours.path()).unwrap(),
        read_wordnet_nouns(theirs.path()).unwrap()
    );
}

#[test]
fn lines_of_data_that_break_the_format_are_named() {
    for (old, new, expected) in [
        (
            "00000100 03 n 01 entity",
            "0000o100 03 n 01 entity",
            "data.noun:3: expected a synset offset, got \"0000o100\"",
        ),
        (
            "00000300 03 n",
            "00000300 x n",
            "data.noun:5: expected the number of a lexicographer file, got \"x\"",
        ),
        (
            "00000300 03 n",
            "00000300 03 v",
            "data.noun:5: expected the synset type n, got \"v\"",
        ),
        (
            "n 11 a",
            "n zz a",
            "data.noun:10: expected the number of words, got \"zz\"",
        ),
        (
            "n 01 pet f",
            "n 00 pet f",
            "data.noun:7: expected at least one word, got none",
        ),
        (
            "n 01 pet f",
            "n 01 pet g",
            "data.noun:7: expected the lexical number of a word, got \"g\"",
        ),
        (
            "n 01 pet f",
            "n 02 pet f",
            "data.noun:7: expected the lexical number of a word, got \"@\"",
        ),
        (
            "n 11 a",
            "n 10 a",
            "data.noun:10: expected the number of pointers, got \"q\"",
        ),
        (
            "n 11 a",
            "n 12 a",
            "data.noun:10: expected the lexical number of a word, got \"@\"",
        ),
        (
            "002 @ 00000200",
            "-02 @ 00000200",
            "data.noun:7: expected the number of pointers, got \"-02\"",
        ),
        (
            "002 @ 00000200",
            "001 @ 00000200",
            "data.noun:7: expected | before the gloss, got \"@\"",
        ),
        (
            "@i 00000400 n 0000 | a seal in Maine",
            "@i 00000400 n",
            "data.noun:9: expected the source and target words of a pointer, got the end of the line",
        ),
        (
            "#m 00000300 n 0000",
            "#m 3x n 0000",
            "data.noun:6: expected the offset of a pointer's target, got \"3x\"",
        ),
        (
            "@i 00000400 n",
            "@i 00000400 v",
            "data.noun:9: expected a hypernym among the nouns (n), got \"v\"",
        ),
        (
            " | a stamp",
            "",
            "data.noun:5: expected | before the gloss, got the end of the line",
        ),
    ] {
        assert_eq!(data_message(old, new), expected);
    }
}

#[test]
fn lines_of_data_that_contradict_others_are_named() {
    for (old, new, expected) in [
        (
            "@i 00000400 n",
            "@i 00000401 n",
            "data.noun:9: expected the offset of a synset of this file as hypernym, got 00000401",
        ),
        (
            "@ 00000600 n",
            "@ 00000200 n",
            "data.noun:7: expected hypernyms that differ from each other and from the synset, got 00000200",
        ),
        (
            "@i 00000400 n",
            "@i 00000700 n",
            "data.noun:9: expected hypernyms that differ from each other and from the synset, got 00000700",
        ),
        (
            "chattel 0",
            "cattle 0",
            "data.noun:8: expected a word that index.noun lists with this synset, got \"cattle\"",
        ),
        (
            "00000300 03 n 01 seal",
            "00000400 03 n 01 seal",
            "data.noun:6: expected every synset offset once, got 00000400 again",
        ),
        (
            "00000500 05",
            "\n00000500 05",
            "data.noun:7: expected a synset offset, got the end of the line",
        ),
    ] {
        assert_eq!(data_message(old, new), expected);
    }
}

#[test]
fn lines_of_the_index_that_break_the_format_are_named() {
    for (old, new, expected) in [
        (
            "pet n 1",
            "pet v 1",
            "index.noun:8: expected the part of speech n, got \"v\"",
        ),
        (
            "pet n 1",
            "pet n one",
            "index.noun:8: expected the number of synsets, got \"one\"",
        ),
        (
            "pet n 1 1 @",
            "pet n 1 x @",
            "index.noun:8: expected the number of pointer kinds, got \"x\"",
        ),
        (
            "pet n 1 1 @ 1 0",
            "pet n 1 1 @ ? 0",
            "index.noun:8: expected the number of senses, got \"?\"",
        ),
        (
            "pet n 1 1 @ 1 0",
            "pet n 1 1 @ 1 ?",
            "index.noun:8: expected the number of tagged senses, got \"?\"",
        ),
        (
            "00000400 00000300",
            "00000400 x",
            "index.noun:9: expected a synset offset, got \"x\"",
        ),
        (
            "00000400 00000300",
            "00000400",
            "index.noun:9: expected a synset offset, got the end of the line",
        ),
        (
            "00000400 00000300",
            "00000400 00000300 00000500",
            "index.noun:9: expected the end of the line, got \"00000500\"",
        ),
        (
            "being n",
            "andre n",
            "index.noun:4: expected every lemma once, got \"andre\"",
        ),
        (
            "pet n 1 1 @",
            "pet n 1 9999999999 @",
            "index.noun:8: expected the number of pointer kinds, got \"9999999999\"",
        ),
        (
            "pet n 1 1 @ 1 0",
            "pet n 1 4000000000 @ 1 0",
            "index.noun:8: expected a pointer symbol, got the end of the line",
        ),
    ] {
        assert_eq!(index_message(old, new), expected);
    }
    let moved = index_message("00000400 00000300", "00000400 00000301");
    assert_eq!(
        moved,
        "data.noun:5: expected a word that index.noun lists with this synset, got \"seal\""
    );
}

#[test]
fn files_that_are_missing_empty_or_no_text_are_named() {
    let whole = folder(DATA.as_bytes(), INDEX.as_bytes());
    for name in ["data.noun", "index.noun"] {
        let path = whole.path().join(name);
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = read_wordnet_nouns(whole.path()).unwrap_err();
        assert!(
            matches!(&error, Error::Io { path: named, .. } if *named == path),
            "{error}"
        );
        std::fs::write(&path, [b"  1 \n", &content[..], b"\xff"].concat()).unwrap();
        let error = read_wordnet_nouns(whole.path()).unwrap_err();
        assert!(
            matches!(&error, Error::Parse { path: named, .. } if *named == path),
            "{error}"
        );
        std::fs::write(&path, content).unwrap();
    }
    let empty = folder(b"  1 only the licence\n", INDEX.as_bytes());
    let message = read_wordnet_nouns(empty.path()).unwrap_err().to_string();
    assert!(
        message.ends_with("data.noun: expected noun synsets, found none"),
        "{message}"
    );
}
