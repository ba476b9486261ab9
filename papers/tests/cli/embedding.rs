//! What an embedding in a file is asked.

use super::*;

/// Four places on a line through the disk.
fn small_embedding(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("animals.tsv");
    let table = "name\tx0\tx1\nanimal\t0\t0\ndog\t0.5\t0\nsea lion\t0.6\t0\ncat\t-0.5\t0\n";
    std::fs::write(&file, table).unwrap();
    file
}

#[test]
fn an_embedding_is_asked_for_neighbours_and_distances() {
    let folder = tempfile::tempdir().unwrap();
    let file = small_embedding(folder.path());
    let ball = ["--manifold", "ball"];
    let ask = |arguments: &[&str]| succeed(&[arguments, &ball].concat());
    let distance = ask(&["distance", path(&file), "animal", "dog"]);
    let distance: f64 = distance.trim_end().parse().unwrap();
    assert!((distance - 3.0_f64.ln()).abs() < 1e-15, "{distance}");

    let table = ask(&["neighbors", path(&file), "dog", "-k", "2"]);
    let words: Vec<Vec<&str>> = table
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect()
        })
        .collect();
    let expected = [
        ["dog", "distance"],
        ["sea lion", "0.287682"],
        ["animal", "1.098612"],
    ];
    assert_eq!(words, expected);
    assert_eq!(
        ask(&["neighbours", path(&file), "dog"]).lines().count(),
        1 + 3
    );
}

#[test]
fn an_embedding_goes_through_all_formats_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let original = small_embedding(folder.path());
    let mut file = original.clone();
    for name in [
        "a.vec",
        "projector",
        "a.safetensors",
        "b.txt.gz",
        "a.odd",
        "back.tsv",
    ] {
        let to = folder.path().join(name);
        let mut arguments = vec!["convert", path(&file), "--to", path(&to)];
        if file
            .extension()
            .is_none_or(|ending| ending != "safetensors")
        {
            arguments.extend(["--manifold", "ball"]);
        }
        if file.ends_with("a.odd") {
            arguments.extend(["--from", "word2vec"]);
        }
        if name == "a.odd" {
            arguments.extend(["--format", "word2vec"]);
        }
        let message = succeed(&arguments);
        assert!(message.contains("4 points of the model ball"), "{message}");
        file = to;
    }
    let back = std::fs::read_to_string(file).unwrap();
    assert_eq!(back.lines().nth(2), Some("dog\t0.5\t0.0"));
    assert_eq!(back.lines().count(), 1 + 4);
}

#[test]
fn what_is_wrong_with_an_embedding_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = small_embedding(folder.path());
    let file = path(&file);
    let none = folder.path().join("none");
    let bad = folder.path().join("bad.tsv");
    std::fs::write(&bad, "name\tx0\na\t0\nb\t1.5\n").unwrap();
    let ball = ["--manifold", "ball"];
    for (arguments, expected) in [
        (
            &["distance", file, "dog", "cats", ball[0], ball[1]][..],
            "close to it: \"cat\"",
        ),
        (
            &["neighbors", file, "dogs", ball[0], ball[1]],
            "close to it: \"dog\"",
        ),
        (
            &["neighbors", file, "dog"],
            "add --manifold ball, lorentz or euclidean",
        ),
        (&["neighbors", path(&none), "dog"], "error: cannot read "),
        (
            &["distance", path(&bad), "a", "b", ball[0], ball[1]],
            "bad.tsv:3: expected a point",
        ),
        (
            &["convert", file, "--to", "x.docx", ball[0], ball[1]],
            ".tsv, .vec, .txt",
        ),
    ] {
        let message = fail(1, arguments);
        assert!(
            message.contains(expected),
            "{expected:?} is not in: {message}"
        );
    }
}
