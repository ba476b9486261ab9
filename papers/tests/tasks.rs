//! The tasks of nickel2017 beside reconstruction, as people call them.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn run(task: &str, out: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_papers"))
        .args(["run", "nickel2017", "--task", task, "--out"])
        .arg(out)
        .args(options)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The table and the report.
fn succeed(task: &str, options: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let output = run(task, folder.path(), options);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{message}");
    let report = std::fs::read(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(
        (&report["key"], &report["task"]),
        (&json!("nickel2017"), &json!(task))
    );
    assert_eq!(report["interrupted"], json!(false));
    (String::from_utf8(output.stdout).unwrap(), report)
}

fn fail(code: i32, task: &str, options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = run(task, folder.path(), options);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(!folder.path().join("report.json").exists());
    message
}

/// A tree with three children below each inner node, as an edge list.
fn tree(folder: &Path, nodes: u32) -> String {
    let mut rows = vec!["child,parent".to_owned()];
    rows.extend((1..nodes).map(|node| format!("word{node}.n.01,word{}.n.01", (node - 1) / 3)));
    let file = folder.join("tree.csv");
    std::fs::write(&file, rows.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn links_are_held_out_and_predicted() {
    let (table, report) = succeed("links", &["--quick"]);
    assert!(table.contains("1182 nodes, 6542 pairs"), "{table}");
    assert!(table.contains("neither leaf nor root)"), "{table}");
    assert!(table.contains("A quick run"), "{table}");
    let run = &report["runs"][0]["results"][0];
    let pairs = [
        &run["training_pairs"],
        &run["validation"]["pairs"],
        &run["test"]["pairs"],
    ];
    let pairs = pairs.map(|count| count.as_u64().unwrap());
    assert_eq!(pairs, [6542 - 2 * 108, 108, 108]);
    for metric in ["map", "mean_rank", "euclidean_map", "euclidean_mean_rank"] {
        assert!(
            report["metrics"][metric].as_f64().unwrap() > 0.0,
            "{metric}"
        );
    }
    let published = report["claims"][0]["published"].as_str().unwrap();
    assert!(
        published.contains("5-d MAP 0.825, mean rank 5.7"),
        "{published}"
    );
}

#[test]
fn links_of_the_users_own_hierarchy_keep_direct_ones() {
    let folder = tempfile::tempdir().unwrap();
    let edges = tree(folder.path(), 121);
    let options = [
        "--edges",
        &edges,
        "--epochs",
        "30",
        "--seed",
        "1,2",
        "--held-out",
        "0.3",
    ];
    let (table, report) = succeed("links", &[&options[..], &["--keep-direct"]].concat());
    assert!(table.contains("direct links kept"), "{table}");
    assert_eq!(report["claims"], json!([]));
    let results = report["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    // What only direct links are needed for follows from them.
    assert!(results.iter().all(|result| result["implied"] == json!(1.0)));
}

#[test]
fn networks_are_embedded() {
    let (table, report) = succeed("network", &["--quick"]);
    for network in [
        "karate club, Poincaré ball",
        "southern women, Euclidean",
        "Les Misérables",
    ] {
        assert!(table.contains(network), "{table}");
    }
    assert_eq!(report["runs"].as_array().unwrap().len(), 6);
    let sizes: Vec<(&Value, &Value)> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .step_by(2)
        .map(|run| (&run["nodes"], &run["edges"]))
        .collect();
    let expected = [(34, 78), (32, 89), (77, 254)].map(|(n, e)| (json!(n), json!(e)));
    assert_eq!(sizes, expected.each_ref().map(|(n, e)| (n, e)));
    for figure in ["reconstruction_map", "map", "mean_rank", "auc"] {
        let name = format!("Zachary's karate club: {figure}");
        assert!(report["metrics"][&name].as_f64().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn a_network_of_the_users_own_is_embedded_with_given_edges() {
    let folder = tempfile::tempdir().unwrap();
    let edges = tree(folder.path(), 40);
    let given = ["--edges", &edges, "--radius", "1.5", "--temperature", "0.5"];
    let options = [
        &given[..],
        &["--manifold", "lorentz", "--dim", "2", "--epochs", "40"],
    ]
    .concat();
    let (_, report) = succeed("network", &[&options[..], &["--seed", "3"]].concat());
    let result = &report["runs"][0]["results"][0];
    assert_eq!(
        result["fermi_dirac"],
        json!({"radius": 1.5, "temperature": 0.5})
    );
    assert!(result["reconstruction_map"].as_f64().unwrap() > 0.5);
    assert_eq!(report["claims"], json!([]));
}

#[test]
fn entailment_is_scored_on_a_stand_in_and_on_rated_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rated.txt");
    let rated = "WORD1 WORD2 POS TYPE AVG_SCORE AVG_SCORE_0_10 STD\n\
                 dog canine N hyp-1 5.9 9.8 0.3\n\
                 canine dog N r-hyp-1 2.0 3.3 1.0\n\
                 cat whale N no-rel 0.2 0.3 0.4\n\
                 piano mammal N no-rel 0.1 0.2 0.3\n\
                 run move V hyp-1 5.0 8.3 1.0\n";
    std::fs::write(&file, rated).unwrap();
    let hyperlex = ["--quick", "--hyperlex", file.to_str().unwrap()];
    let (table, report) = succeed("entailment", &hyperlex);
    assert!(table.contains("A stand-in, not HyperLex"), "{table}");
    assert!(table.contains("over 3 pairs; 1 left out"), "{table}");
    assert!(table.contains("an ancestor, 4 steps or more"), "{table}");
    let metric = |name: &str| report["metrics"][name].as_f64().unwrap();
    assert!(metric("stand_in_auc") > 0.5 && metric("stand_in_rho") > 0.0);
    assert!((-1.0..=1.0).contains(&metric("hyperlex_rho")));
    // The paper's figure stands beside the rated file, never beside the stand-in.
    for claim in report["claims"].as_array().unwrap() {
        let stand_in = claim["claim"].as_str().unwrap().contains("stand-in");
        let published = claim["published"].as_str().unwrap();
        assert_eq!(published.contains("0.512"), !stand_in, "{published}");
    }
    let (_, report) = succeed("entailment", &["--quick"]);
    assert!(!report.to_string().contains("0.512"));
}

#[test]
fn wrong_options_are_told_before_training() {
    for (task, option, value, message) in [
        ("links", "--held-out", "0", "at most 0.5"),
        ("links", "--held-out", "0.6", "at most 0.5"),
        ("network", "--network", "chess", "karate, davis, lesmis"),
        ("network", "--temperature", "-1", "a finite number above 0"),
        (
            "guess",
            "--dim",
            "2",
            "reconstruction, links, network, entailment",
        ),
    ] {
        let text = fail(2, task, &[option, value]);
        assert!(text.contains(message), "{text}");
    }
    let text = fail(1, "entailment", &["--hyperlex", "/no/such.txt"]);
    assert!(text.contains("error: cannot read /no/such.txt"), "{text}");
}

#[test]
fn only_tasks_that_rank_take_a_sample() {
    for task in ["network", "entailment"] {
        let message = fail(1, task, &["--quick", "--ranked", "5"]);
        assert!(message.contains("reconstruction or links"), "{message}");
    }
    let (table, report) = succeed("links", &["--quick", "--ranked", "20", "--alone"]);
    assert!(table.contains(" ± ") && table.contains("20 of "), "{table}");
    assert_eq!(report["runs"][0]["results"][0]["test"]["nodes"], 20);
}

#[test]
fn complete_networks_and_hierarchies_are_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let triangle = folder.path().join("triangle.csv");
    std::fs::write(&triangle, "a,b\nb,c\nc,a\n").unwrap();
    for task in ["links", "network"] {
        let message = fail(1, task, &["--quick", "--edges", triangle.to_str().unwrap()]);
        assert!(message.contains("nothing to train"), "{message}");
    }
}
