//! Embeddings in files: what is written is read, and what is wrong is told.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use holonomy::Error;
use holonomy::checkpoint::Checkpoint;
use holonomy::embed::{Format, Model, NamedEmbedding};
use safetensors::tensor::{Dtype, TensorView};
use tch::Tensor;

use super::{MODELS, numbers, random_points, seeded};

const NAMES: [&str; 12] = [
    "dog.n.01",
    "sea lion",
    "name",
    "100%",
    "%20",
    "% 20%25",
    "Kälte",
    "犬",
    "\"a\"",
    "a,b;c",
    "a\u{a0}b",
    "3 0.5 0.5",
];

/// Random points, with the numbers among them that are hard to write.
fn sample(model: Model) -> NamedEmbedding {
    let points = random_points(model, NAMES.len() as i64, 3, 3.0, &mut seeded(11));
    let origin = if model == Model::Lorentz { 1.0 } else { 0.0 };
    let hard: &[[f64; 3]] = &[
        [-0.0, 5e-324, -2.5e-9],
        [1.0 / 3.0, 1e-300, f64::MIN_POSITIVE],
    ];
    for (row, hard) in (0_i64..).zip(hard) {
        let squared: f64 = hard.iter().map(|x| x * x).sum();
        let time = (model == Model::Lorentz).then(|| (origin + squared).sqrt());
        let values: Vec<f64> = time.into_iter().chain(*hard).collect();
        points.get(row).copy_(&Tensor::from_slice(&values));
    }
    if model == Model::Ball {
        // Near the edge of what the ball can hold.
        let far = [1.0 - 1e-13, 0.0, 0.0];
        points.get(5).copy_(&Tensor::from_slice(&far));
    }
    let names = NAMES.map(String::from).to_vec();
    NamedEmbedding::new(model, names, &points).unwrap()
}

fn bits(embedding: &NamedEmbedding) -> Vec<u64> {
    let values = numbers(embedding.points());
    values.into_iter().map(f64::to_bits).collect()
}

#[track_caller]
pub(super) fn assert_same(a: &NamedEmbedding, b: &NamedEmbedding) {
    assert_eq!(a.model(), b.model());
    assert_eq!(a.names(), b.names());
    assert_eq!(a.points().size(), b.points().size());
    assert_eq!(bits(a), bits(b));
}

/// The names of files in every format.
const FILES: [&str; 6] = [
    "a.tsv",
    "a.tsv.gz",
    "a.vec",
    "a.txt.gz",
    "a.safetensors",
    "projector",
];

#[test]
fn every_format_gives_back_every_bit() {
    for model in MODELS {
        let folder = tempfile::tempdir().unwrap();
        let original = sample(model);
        for file in FILES {
            let path = folder.path().join(file);
            original.write(&path).unwrap();
            assert_same(
                &NamedEmbedding::read(&path, Some(model)).unwrap(),
                &original,
            );
        }
    }
}

#[test]
fn equal_embeddings_give_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES.map(|file| folder.path().join(file)) {
        let bytes = || {
            sample(Model::Ball).write(&file).unwrap();
            fs::read(if file.is_dir() {
                file.join("vectors.tsv")
            } else {
                file.clone()
            })
            .unwrap()
        };
        assert_eq!(bytes(), bytes(), "{}", file.display());
    }
}

#[test]
fn files_look_as_other_programs_want_them() {
    let folder = tempfile::tempdir().unwrap();
    let points = Tensor::from_slice2(&[[0.1_f64, -2.5e-9], [0.5, 0.0]]);
    let names = vec!["a 100%".to_owned(), "b".to_owned()];
    let embedding = NamedEmbedding::new(Model::Ball, names, &points).unwrap();
    let written = |file: &str, part: &str| {
        embedding.write(folder.path().join(file)).unwrap();
        fs::read_to_string(folder.path().join(file).join(part))
            .unwrap_or_else(|_| fs::read_to_string(folder.path().join(file)).unwrap())
    };
    assert_eq!(
        written("a.tsv", ""),
        "name\tx0\tx1\na 100%\t0.1\t-2.5e-9\nb\t0.5\t0.0\n"
    );
    assert_eq!(
        written("a.vec", ""),
        "2 2\na%20100%25 0.1 -2.5e-9\nb 0.5 0.0\n"
    );
    assert_eq!(written("p", "vectors.tsv"), "0.1\t-2.5e-9\n0.5\t0.0\n");
    assert_eq!(written("p", "metadata.tsv"), "a 100%\nb\n");
}

#[test]
fn a_format_is_known_by_the_files_name() {
    for (name, format) in [
        ("x.tsv", Format::Tsv),
        ("x.TSV.gz", Format::Tsv),
        ("x.vec", Format::Word2vec),
        ("x.y.txt", Format::Word2vec),
        ("x.w2v.gz", Format::Word2vec),
        ("x.safetensors", Format::Safetensors),
        ("some/folder", Format::Projector),
    ] {
        assert_eq!(Format::of(name).unwrap(), format, "{name}");
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
    }
    for name in ["x.csv", "x.safetensors.gz", "x.gz", "x."] {
        assert!(Format::of(name).is_err(), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let dotted = folder.path().join("run.2");
    fs::create_dir(&dotted).unwrap();
    assert_eq!(Format::of(&dotted).unwrap(), Format::Projector);
    assert!("excel".parse::<Format>().is_err());
}

fn put(folder: &Path, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(file);
    fs::write(&path, content).unwrap();
    path
}

/// What other programs write and ours does not.
#[test]
fn files_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = |file: &str, content: &str| {
        let path = put(folder.path(), file, content);
        NamedEmbedding::read(path, Some(Model::Euclidean)).unwrap()
    };
    let expected = read("a.tsv", "name\tx0\tx1\na b\t1.0\t2.0\nc\t-3.5\t4e1\n");
    assert_eq!(numbers(expected.points()), [1.0, 2.0, -3.5, 40.0]);
    for (file, content) in [
        // Line breaks of another system, a byte order mark, no or many breaks at the end.
        (
            "b.tsv",
            "\u{feff}name\tu\tv\r\na b\t1\t2\r\nc\t-3.5\t40\r\n",
        ),
        ("c.tsv", "name\t0\t1\na b\t+1\t2.\nc\t-35e-1\t40\n\n\n"),
        // Bare spaces in a name, spaces at the ends of lines.
        ("d.vec", "2 2 \na b 1 2 \nc -3.5 40 "),
        ("e.txt", "\u{feff}2 2\r\na%20b 1 2\r\nc -3.5 40\r\n"),
    ] {
        assert_same(&read(file, content), &expected);
    }
    put(folder.path(), "vectors.tsv", "1\t2\r\n-3.5\t40\r\n");
    for metadata in ["a b\nc", "word\tcount\na b\t7\nc\t9\n"] {
        put(folder.path(), "metadata.tsv", metadata);
        let read = NamedEmbedding::read(folder.path(), Some(Model::Euclidean)).unwrap();
        assert_same(&read, &expected);
    }
}

#[track_caller]
fn assert_parse_error(result: holonomy::Result<NamedEmbedding>, line: usize, part: &str) {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(error, Error::Parse { line: at, .. } if at == line),
        "line {line}: {message}"
    );
    assert!(message.contains(part), "{part:?} is not in: {message}");
}

#[test]
fn a_bad_table_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let read = |content: &str, model| {
        NamedEmbedding::read(put(folder.path(), "a.tsv", content), Some(model))
    };
    for (content, line, part) in [
        ("dog\t0\t0\n", 1, "a header"),
        ("name\na\n", 1, "at least 1 coordinates"),
        (
            "name\tx\ty\na\t0\t0\nb\t0\n",
            3,
            "expected 2 coordinates, got 1",
        ),
        (
            "name\tx\ty\na\t0\t0\t0\n",
            2,
            "expected 2 coordinates, got 3",
        ),
        ("name\tx\na\t0\n\nb\t0\n", 3, "a name that is not empty"),
        ("name\tx\na\t0\n\t0\n", 3, "a name that is not empty"),
        ("name\tx\na\t0\nb \t0\n", 3, "white space at its ends"),
        ("name\tx\na\t0\nb\0\t0\n", 3, "control characters"),
        ("name\tx\na\t0\nb\t0.1\na\t0\n", 4, "\"a\" as on line 2"),
        ("name\tx\na\tNaN\n", 2, "a finite number, got \"NaN\""),
        ("name\tx\na\t0\nb\tinf\n", 3, "a finite number"),
        ("name\tx\na\t1e999\n", 2, "a finite number"),
        ("name\tx\na\t0,5\n", 2, "a finite number"),
        ("name\tx\na\t\n", 2, "got \"\""),
        ("name\tx\na\t0.5\nb\t1.0\n", 3, "a point of the model ball"),
        (
            "name\tx\ty\na\t0\t0\nb\t0.8\t-0.7\n",
            3,
            "a point of the model ball",
        ),
    ] {
        assert_parse_error(read(content, Model::Ball), line, part);
    }
    let off = "name\tt\tx\na\t1\t0\nb\t1\t0.5\n";
    assert_parse_error(read(off, Model::Lorentz), 3, "model lorentz");
    assert_parse_error(read("name\tt\na\t1\n", Model::Lorentz), 1, "at least 2");
    for (content, part) in [
        ("", "an empty file"),
        ("\u{feff}\r\n", "an empty file"),
        ("name\tx\n", "found none"),
    ] {
        let error = read(content, Model::Ball).unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_bad_word2vec_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let read = |content: &str| {
        NamedEmbedding::read(put(folder.path(), "a.vec", content), Some(Model::Ball))
    };
    for (content, line, part) in [
        (
            "a 0 0\n",
            1,
            "the number of points and the number of coordinates",
        ),
        ("2\na 0\n", 1, "the number of points"),
        ("1 1 1\na 0\n", 1, "the number of points"),
        ("-1 2\n", 1, "the number of points"),
        ("1 0\na\n", 1, "at least 1 coordinates"),
        ("99999999999999999999 2\na 0 0\n", 1, "the number of points"),
        (
            "18446744073709551615 2\na 0 0\n",
            1,
            "counts that a file of this size can hold",
        ),
        (
            "1 18446744073709551615\na 0 0\n",
            1,
            "counts that a file of this size",
        ),
        (
            "0 18446744073709551615\na 0 0\n",
            1,
            "counts that a file of this size",
        ),
        (
            "3 2\na 0 0\nb 0 0\n",
            3,
            "expected 3 points as line 1 says, got the end after 2",
        ),
        ("1 2\na 0 0\nb 0 0\n", 3, "expected 1 points as line 1 says"),
        ("2 2\na 0 0\nb 0\n", 3, "a name and 2 coordinates"),
        ("2 2\na 0 0\n\nb 0 0\n", 3, "a name and 2 coordinates"),
        ("1 2\n 0 0\n", 2, "a name that is not empty"),
        ("1 2\na  0 0\n", 2, "white space at its ends"),
        ("2 1\na 0\na 0.5\n", 3, "\"a\" as on line 2"),
        ("2 1\na b 0\na%20b 0.5\n", 3, "\"a b\" as on line 2"),
        ("1 1\na nan\n", 2, "a finite number"),
        ("2 2\na 0 0\nb 0.9 0.9\n", 3, "a point of the model ball"),
    ] {
        assert_parse_error(read(content), line, part);
    }
    for content in ["", "\n\n", "0 2\n"] {
        assert!(
            matches!(read(content), Err(Error::Data { .. })),
            "{content:?}"
        );
    }
}

#[test]
fn a_bad_projector_folder_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let read = |vectors: &str, metadata: &str| {
        put(folder.path(), "vectors.tsv", vectors);
        put(folder.path(), "metadata.tsv", metadata);
        NamedEmbedding::read(folder.path(), Some(Model::Ball))
    };
    for (vectors, metadata, line, part) in [
        (
            "0\t0\n0\n",
            "a\nb\n",
            2,
            "vectors.tsv:2: expected 2 coordinates, got 1",
        ),
        ("x0\tx1\n0\t0\n", "a\n", 1, "a finite number, got \"x0\""),
        ("0\n\n0\n", "a\nb\nc\n", 2, "a finite number, got \"\""),
        (
            "0\n0\n",
            "a\na\n",
            2,
            "metadata.tsv:2: expected a name of its own",
        ),
        (
            "0\n0\n0\n",
            "a\n\nb\n",
            2,
            "metadata.tsv:2: expected a name that is not empty",
        ),
        (
            "0\n0\n",
            "word\tn\na\t1\nb\n",
            3,
            "metadata.tsv:3: expected 2 columns",
        ),
        (
            "0\n2\n",
            "a\nb\n",
            2,
            "vectors.tsv:2: expected a point of the model ball",
        ),
    ] {
        assert_parse_error(read(vectors, metadata), line, part);
    }
    let message = read("0\n0\n", "a\n").unwrap_err().to_string();
    assert!(
        message.ends_with("vectors.tsv: 2 points, but 1 names for them"),
        "{message}"
    );
    assert!(matches!(read("", ""), Err(Error::Data { .. })));
    fs::remove_file(folder.path().join("metadata.tsv")).unwrap();
    let missing = NamedEmbedding::read(folder.path(), Some(Model::Ball));
    assert!(matches!(missing, Err(Error::Io { .. })));
}

/// As Python's `safetensors.numpy.save_file` writes it.
fn foreign(tensor: &str, dtype: Dtype, data: &[u8], metadata: &[(&str, &str)]) -> Vec<u8> {
    let size = data.len() / if dtype == Dtype::F32 { 8 } else { 16 };
    let view = TensorView::new(dtype, vec![size, 2], data).unwrap();
    let metadata: HashMap<String, String> = metadata
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    safetensors::serialize([(tensor, view)], Some(metadata)).unwrap()
}

#[test]
fn safetensors_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let doubles: Vec<u8> = [0.5_f64, -0.25, 0.0, 0.125]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let floats: Vec<u8> = [0.5_f32, -0.25, 0.0, 0.125]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let names = ("names", "[\"a b\", \"c\"]");
    let read = |bytes: Vec<u8>, model| {
        NamedEmbedding::read(put(folder.path(), "a.safetensors", bytes), model)
    };
    for (dtype, data) in [(Dtype::F64, &doubles), (Dtype::F32, &floats)] {
        let bytes = || foreign("embedding", dtype, data, &[names, ("model", "ball")]);
        let embedding = read(bytes(), None).unwrap();
        assert_eq!(embedding.model(), Model::Ball);
        assert_eq!(embedding.names(), ["a b", "c"]);
        assert_eq!(numbers(embedding.points()), [0.5, -0.25, 0.0, 0.125]);
        let error = read(bytes(), Some(Model::Euclidean))
            .unwrap_err()
            .to_string();
        assert!(error.contains("model ball as "), "{error}");
    }

    let of = |tensor, metadata: &[_]| foreign(tensor, Dtype::F64, &doubles, metadata);
    let silent = || of("embedding", &[names]);
    assert_eq!(
        read(silent(), Some(Model::Ball)).unwrap().model(),
        Model::Ball
    );
    for (bytes, part) in [
        (silent(), "does not say"),
        (of("embedding", &[]), "no names in its metadata"),
        (of("embedding", &[("names", "a,b")]), "no JSON list"),
        (
            of("weights", &[names, ("model", "ball")]),
            "no tensor \"embedding\", but [\"weights\"]",
        ),
        (
            of("embedding", &[names, ("model", "torus")]),
            "ball, lorentz or euclidean",
        ),
        (
            of("embedding", &[("names", "[\"a\"]"), ("model", "ball")]),
            "for 1 names",
        ),
        (
            of("embedding", &[names, ("model", "lorentz")]),
            "row 0 is not a point",
        ),
        (
            foreign("embedding", Dtype::I64, &doubles, &[names]),
            "I64, not F64 or F32",
        ),
        (b"name\tx0\n".to_vec(), "not a whole safetensors file"),
        (Vec::new(), "not a whole safetensors file"),
    ] {
        let message = read(bytes, None).unwrap_err().to_string();
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn a_checkpoint_without_names_is_no_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let mut checkpoint = Checkpoint::new();
    checkpoint
        .insert("points", &Tensor::from_slice(&[0.5]))
        .unwrap();
    checkpoint.save(&path).unwrap();
    let message = NamedEmbedding::read(&path, Some(Model::Ball))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("a.safetensors") && message.contains("\"embedding\""),
        "{message}"
    );
}

#[test]
fn text_without_a_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["a.tsv", "a.vec", "p"] {
        let path = folder.path().join(file);
        sample(Model::Ball).write(&path).unwrap();
        let message = NamedEmbedding::read(&path, None).unwrap_err().to_string();
        assert!(message.contains("ball, lorentz or euclidean"), "{message}");
    }
    let path = folder.path().join("a.safetensors");
    sample(Model::Lorentz).write(&path).unwrap();
    assert_same(
        &NamedEmbedding::read(&path, None).unwrap(),
        &sample(Model::Lorentz),
    );
}
