//! The program as people call it.

#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod embedding;
mod quick;
mod resume;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn papers(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papers"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    papers(arguments).output().unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn fail(code: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    message
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A tree of three levels: the root, three children, and three below each.
fn hierarchy(folder: &Path) -> std::path::PathBuf {
    let mut rows = vec!["child,parent".to_owned()];
    for a in 0..3 {
        rows.push(format!("branch {a},root"));
        rows.extend((0..3).map(|b| format!("leaf {a}{b},branch {a}")));
    }
    let file = folder.join("tree.csv");
    std::fs::write(&file, rows.join("\n")).unwrap();
    file
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap()
}

fn embedding_shape(folder: &Path) -> Value {
    tensor_shape(&folder.join("embedding.safetensors"), "embedding")
}

/// The shape of a tensor, from the header of its file.
fn tensor_shape(file: &Path, name: &str) -> Value {
    let bytes = std::fs::read(file).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    header[name]["shape"].clone()
}

fn assert_is_picture(folder: &Path) {
    let svg = std::fs::read_to_string(folder.join("disk.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"));
    let png = std::fs::read(folder.join("disk.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
}

const PAPERS: [&str; 13] = [
    "adamer2021",
    "becigneul2019",
    "buet2023",
    "bunch2020",
    "bunch2021",
    "fung2019",
    "lin2023",
    "mankovich2023",
    "mishne2023",
    "nickel2017",
    "rabenoro2022",
    "sala2018",
    "wang2023",
];

#[test]
fn the_papers_are_listed() {
    let listing = succeed(&["list"]);
    let lines: Vec<&str> = listing.lines().collect();
    let keys: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(keys, PAPERS);
    assert!(lines[1].starts_with("becigneul2019  Bécigneul and Ganea, Riemannian"));
    assert!(lines[9].starts_with("nickel2017     Nickel and Kiela, Poincaré"));
}

#[test]
fn a_listing_without_a_reader_is_no_failure() {
    let mut child = papers(&["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn help_names_every_option_with_its_default() {
    let help = succeed(&["run", "nickel2017", "-h"]);
    for option in [
        "--dim",
        "--manifold",
        "--dataset",
        "--epochs",
        "--lr",
        "--negatives",
        "--seed",
        "--ranked",
        "--device",
        "--threads",
        "--out",
        "--checkpoint-minutes",
    ] {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(option))
            .unwrap_or_else(|| panic!("no {option} in\n{help}"));
        assert!(line.contains("[default: "), "{line}");
    }
    assert!(help.contains("--edges") && help.contains("--quick"));
    for (arguments, expected) in [
        (&["--help"][..], "Exit status"),
        (&["run", "--help"], "nickel2017"),
        (&["report", "--help"], "--from"),
        (&["neighbors", "--help"], "-k <K>"),
        (&["distance", "--help"], "--manifold"),
        (&["convert", "--help"], "projector"),
    ] {
        assert!(succeed(arguments).contains(expected), "{arguments:?}");
    }
}

#[test]
fn a_wrong_argument_is_told_what_is_allowed() {
    let nickel = |option, value| fail(2, &["run", "nickel2017", option, value]);
    for (message, allowed) in [
        (nickel("--epochs", "-5"), "1..="),
        (nickel("--epochs", "many"), "invalid digit"),
        (nickel("--dim", "0"), "1..=1000"),
        (nickel("--negatives", "0"), "1..="),
        (nickel("--threads", "0"), "1..="),
        (nickel("--lr", "-1"), "a finite number above 0"),
        (nickel("--lr", "nan"), "a finite number above 0"),
        (nickel("--seed", "1,-2"), "a whole number from 0"),
        (nickel("--ranked", "1"), "all, or a number of nodes from 2"),
        (nickel("--ranked", "most"), "all, or a number"),
        (nickel("--manifold", "torus"), "ball, lorentz, euclidean"),
        (nickel("--dataset", "birds"), "mammals"),
        (nickel("--device", "gpu"), "auto, cpu, cuda or cuda:INDEX"),
        (nickel("--checkpoint-minutes", "-1"), "minutes from 0"),
        (nickel("--speed", "1"), "--help"),
        (
            fail(2, &["run", "nickel1917"]),
            &*format!("expected one of {}", PAPERS.join(", ")),
        ),
        (
            fail(2, &["lsit"]),
            "expected list, run, report, neighbors, distance or convert",
        ),
        (fail(2, &["neighbors", "a.tsv", "dog", "-k", "0"]), "1.."),
        (fail(2, &["neighbors", "a.tsv"]), "<NAME>"),
        (fail(2, &["distance", "a.tsv", "dog"]), "<B>"),
        (fail(2, &["convert", "a.tsv"]), "--to <PATH>"),
        (
            fail(2, &["convert", "a.tsv", "--to", "b", "--format", "excel"]),
            "tsv, projector, word2vec, safetensors",
        ),
        (fail(2, &["run"]), "nickel2017"),
        (fail(2, &[]), "report"),
    ] {
        assert!(
            message.contains(allowed),
            "{allowed:?} is not in: {message}"
        );
    }
}

#[test]
fn what_the_machine_cannot_do_is_an_error_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = file.join("out");
    let out = folder.path().join("out");
    let nickel = |options: &[&str]| {
        let message = fail(1, &[&["run", "nickel2017", "--quick"], options].concat());
        assert!(!message.contains("seed 1"), "trained first: {message}");
        message
    };

    let message = nickel(&["--out", path(&below_a_file)]);
    assert!(message.contains("error: cannot create "), "{message}");
    let message = nickel(&["--out", path(&out), "--edges", "/no/such.csv"]);
    assert!(
        message.contains("error: cannot read /no/such.csv"),
        "{message}"
    );
    let message = nickel(&["--out", path(&out), "--edges", path(&file)]);
    assert!(message.contains(path(&file)), "{message}");
    let message = nickel(&["--out", path(&out), "--device", "cuda:4096"]);
    assert!(
        message.contains("error: device cuda:4096 is not available: "),
        "{message}"
    );
    assert!(!out.join("report.json").exists());
}

#[test]
fn a_quick_run_writes_everything_and_can_be_reported() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("runs/nickel2017");
    let table = succeed(&["run", "nickel2017", "--quick", "--out", path(&out)]);
    assert!(table.contains("1182 nodes, 6542 pairs"), "{table}");
    assert!(
        table.contains("authors' code") && table.contains("not to be compared"),
        "{table}"
    );

    let report = report(&out);
    assert_eq!(report["key"], "nickel2017");
    assert_eq!(
        (&report["quick"], &report["interrupted"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    for metric in ["map", "mean_rank", "train_seconds", "euclidean_map"] {
        assert!(
            report["metrics"][metric].as_f64().unwrap() > 0.0,
            "{metric}"
        );
    }
    for version in ["holonomy", "libtorch", "rustc"] {
        let version = report["versions"][version].as_str().unwrap();
        assert!(version.contains(|c: char| c.is_ascii_digit()), "{version}");
    }
    assert_eq!(report["settings"]["seeds"], serde_json::json!([1]));
    assert_eq!(report["runs"].as_array().unwrap().len(), 3);
    assert_eq!(
        report["runs"][0]["results"][0]["epochs"],
        report["settings"]["main"]["epochs"]
    );

    assert_eq!(embedding_shape(&out), serde_json::json!([1182, 5]));
    let table = std::fs::read_to_string(out.join("embedding.tsv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 1182);
    assert!(table.lines().all(|line| line.split('\t').count() == 1 + 5));
    let embedding = out.join("embedding.safetensors");
    let neighbours = succeed(&["neighbors", path(&embedding), "dog.n.01", "-k", "3"]);
    assert_eq!(neighbours.lines().count(), 1 + 3, "{neighbours}");
    assert_is_picture(&out);

    let results = folder.path().join("RESULTS.md");
    let from = folder.path().join("runs");
    let collect = || {
        succeed(&["report", "--from", path(&from), "--to", path(&results)]);
        std::fs::read_to_string(&results).unwrap()
    };
    let first = collect();
    assert!(
        first.contains("## nickel2017") && first.contains("quick run"),
        "{first}"
    );
    assert_eq!(first, collect());
}

#[test]
fn a_hierarchy_of_the_users_own_is_embedded() {
    let folder = tempfile::tempdir().unwrap();
    let edges = hierarchy(folder.path());
    for (manifold, width) in [("ball", 2), ("lorentz", 3), ("euclidean", 2)] {
        let out = folder.path().join(manifold);
        let table = succeed(&[
            "run",
            "nickel2017",
            "--edges",
            path(&edges),
            "--manifold",
            manifold,
            "--dim",
            "2",
            "--epochs",
            "50",
            "--seed",
            "7,8",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--out",
            path(&out),
        ]);
        assert!(table.contains("13 nodes, 21 pairs"), "{table}");
        assert!(!table.contains("authors' code"), "{table}");
        let report = report(&out);
        assert_eq!(report["claims"], serde_json::json!([]));
        assert_eq!(report["published"], serde_json::json!([]));
        assert_eq!(report["runs"][0]["results"].as_array().unwrap().len(), 2);
        assert_eq!(embedding_shape(&out), serde_json::json!([13, width]));
        assert_is_picture(&out);
    }
}

#[test]
fn a_sample_of_the_nodes_is_ranked_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let edges = hierarchy(folder.path());
    let ranked = |name: &str, ranked: &str| {
        let out = folder.path().join(name);
        let options = [
            "--epochs",
            "9",
            "--seed",
            "7",
            "--threads",
            "1",
            "--ranked",
            ranked,
        ];
        let mut arguments = vec!["run", "nickel2017", "--edges", path(&edges)];
        arguments.extend(options);
        arguments.extend(["--start", "half-spaces", "--alone", "--out", path(&out)]);
        (succeed(&arguments), report(&out))
    };
    let (table, sampled) = ranked("a", "5");
    assert!(
        table.contains(" ± ") && table.contains("5 of 12 nodes ranked"),
        "{table}"
    );
    let run = &sampled["runs"][0];
    assert_eq!(
        (&run["sampled"]["nodes"], &run["sampled"]["population"]),
        (&5.into(), &12.into())
    );
    assert_eq!(run["results"][0]["start"]["sampling"]["population"], 12);
    assert!(sampled["metrics"]["map_standard_error"].is_f64());

    let (table, exact) = ranked("b", "all");
    assert!(
        !table.contains('±') && !table.contains("nodes ranked"),
        "{table}"
    );
    assert!(exact["metrics"].get("map_standard_error").is_none());
    let (_, whole) = ranked("c", "12");
    assert_eq!(whole["metrics"]["map"], exact["metrics"]["map"]);
    assert_eq!(whole["metrics"]["mean_rank"], exact["metrics"]["mean_rank"]);
}

#[test]
fn a_complete_graph_is_an_error_and_no_map_of_1() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (name, edges) in [("one.csv", "a,b\n"), ("cycle.csv", "a,b\nb,c\nc,a\n")] {
        let file = folder.path().join(name);
        std::fs::write(&file, edges).unwrap();
        for task in ["reconstruction", "entailment"] {
            let arguments = ["run", "nickel2017", "--edges", path(&file), "--task", task];
            let message = fail(1, &[&arguments[..], &["--out", path(&out)]].concat());
            assert!(message.contains("nothing to train"), "{message}");
            assert!(!out.join("report.json").exists());
        }
    }
}

#[test]
fn pairs_that_cannot_be_trained_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.csv");
    std::fs::write(&file, "a,b\nb,c\n").unwrap();
    let out = folder.path().join("out");
    let arguments = [
        "run",
        "nickel2017",
        "--edges",
        path(&file),
        "--epochs",
        "2",
        "--alone",
    ];
    let output = run(&[&arguments[..], &["--out", path(&out)]].concat());
    let message = text(&output.stderr);
    assert!(
        message.contains("2 of 3 pairs are not trained"),
        "{message}"
    );
}

#[test]
fn one_thread_gives_the_same_embedding_again() {
    let folder = tempfile::tempdir().unwrap();
    let edges = hierarchy(folder.path());
    let embedding = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        succeed(&[
            "run",
            "nickel2017",
            "--edges",
            path(&edges),
            "--epochs",
            "5",
            "--seed",
            seed,
            "--threads",
            "1",
            "--device",
            "cpu",
            "--out",
            path(&out),
        ]);
        std::fs::read(out.join("embedding.tsv")).unwrap()
    };
    let first = embedding("a", "7");
    assert_eq!(first, embedding("b", "7"));
    assert_ne!(first, embedding("c", "8"));
}

#[cfg(unix)]
#[test]
fn a_signal_saves_what_is_there() {
    for signal in ["INT", "TERM"] {
        // On a busy machine it may come before the first training, which then does not begin.
        assert!((0..10).any(|_| is_saved_on(signal)), "{signal}");
    }
}

/// Whether the signal came while there was a training.
#[cfg(unix)]
fn is_saved_on(signal: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut child = papers(&[
        "run",
        "nickel2017",
        "--epochs",
        "1000000",
        "--out",
        path(folder.path()),
    ])
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Ctrl-C saves") {
        line.clear();
        assert_ne!(
            messages.read_line(&mut line).unwrap(),
            0,
            "ended before training"
        );
    }
    let id = child.id().to_string();
    let sent = Command::new("kill")
        .args(["-s", signal, &id])
        .status()
        .unwrap();
    assert!(sent.success());
    let mut rest = String::new();
    messages.read_to_string(&mut rest).unwrap();

    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(
        rest.contains("interrupted: what was trained up to then is saved"),
        "{rest}"
    );
    let report = report(folder.path());
    assert_eq!(report["interrupted"], Value::Bool(true));
    if report["runs"][0]["results"][0].is_null() {
        return false;
    }
    assert!(report["runs"][0]["results"][0]["epochs"].as_u64().unwrap() >= 1);
    assert!(report["metrics"]["map"].as_f64().unwrap() > 0.0);
    assert_eq!(embedding_shape(folder.path()), serde_json::json!([1182, 5]));
    true
}
