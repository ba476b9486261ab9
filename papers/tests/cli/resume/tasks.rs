//! Tasks that train networks and distances: killed, they go on as hierarchies do.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use serde_json::Value;

use super::{CHECKPOINT, SIGKILL, fractions, signal, temporaries, wait_until};
use crate::{papers, path, report, run, succeed, tensor_shape, text};

/// A run with a checkpoint after every epoch, on a small network.
struct Run {
    folder: tempfile::TempDir,
    edges: PathBuf,
    options: &'static [&'static str],
}

const NETWORK: &[&str] = &[
    "nickel2017",
    "--task",
    "network",
    "--dim",
    "2",
    "--seed",
    "7,8",
    "--held-out",
    "0.2",
    "--radius",
    "1",
    "--temperature",
    "1",
];
const PRODUCTS: &[&str] = &[
    "sala2018",
    "--task",
    "products",
    "--quick",
    "--signature",
    "H2xS2",
];

impl Run {
    fn new(options: &'static [&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let edges = folder.path().join("ring.tsv");
        // A ring with chords.
        let lines = (0..16)
            .flat_map(|node| [1, 5].map(|step| format!("n{node}\tn{}\n", (node + step) % 16)));
        fs::write(&edges, lines.collect::<String>()).unwrap();
        Self {
            folder,
            edges,
            options,
        }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments<'a>(&'a self, out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["run"];
        arguments.extend(self.options);
        arguments.extend(["--edges", path(&self.edges), "--threads", "1"]);
        arguments.extend(["--checkpoint-minutes", "0", "--out", path(out)]);
        arguments.extend(more);
        arguments
    }

    /// Runs it as a whole, and again with kills spread over all its time; both find the same.
    fn survives_kills(&self, epochs: &str) {
        const KILLS: usize = 12;
        let whole = self.out("whole");
        let clock = Instant::now();
        succeed(&self.arguments(&whole, &["--epochs", epochs]));
        let time = clock.elapsed();
        assert!(!whole.join(CHECKPOINT).exists());
        let mut fraction = fractions();
        let (mut kills, mut done, mut resumed) = (0, 0, 0);
        while kills < KILLS || done == 0 {
            let out = self.out(&format!("killed {done}"));
            let arguments = self.arguments(&out, &["--epochs", epochs, "--resume"]);
            let mut child = papers(&arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            if kills < KILLS {
                sleep(time.mul_f64(fraction()));
                child.kill().unwrap();
            }
            let output = child.wait_with_output().unwrap();
            let messages = text(&output.stderr);
            resumed += usize::from(messages.contains("resuming from"));
            if output.status.signal() == Some(SIGKILL) {
                kills += 1;
                assert!(temporaries(&out) <= 1);
                continue;
            }
            assert_eq!(output.status.code(), Some(0), "{messages}");
            assert_eq!(results(&out), results(&whole), "after {kills} kills");
            assert!(!out.join(CHECKPOINT).exists());
            assert_eq!(temporaries(&out), 0);
            done += 1;
        }
        assert!(resumed > 0);
    }
}

/// What a report says, but for times and the words of the command.
fn results(out: &Path) -> Value {
    fn without_times(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                entries.retain(|name, _| !name.ends_with("seconds") && name != "command");
                entries.values_mut().for_each(without_times);
            }
            Value::Array(entries) => entries.iter_mut().for_each(without_times),
            _ => {}
        }
    }
    let mut report = report(out);
    assert_eq!(report["interrupted"], Value::Bool(false));
    without_times(&mut report);
    report
}

#[test]
fn networks_survive_kills() {
    Run::new(NETWORK).survives_kills("12");
}

#[test]
fn products_survive_kills() {
    Run::new(PRODUCTS).survives_kills("40");
}

#[test]
fn a_killed_training_of_distances_goes_on_where_it_was() {
    let run = Run::new(PRODUCTS);
    let out = run.out("out");
    let epochs_kept = || {
        let file = out.join(CHECKPOINT);
        if !file.exists() {
            return 0;
        }
        let records = tensor_shape(&file, "training/history");
        records[0].as_u64().unwrap_or(0)
    };
    let mut killed = 0;
    for _ in 0..2 {
        let arguments = run.arguments(&out, &["--epochs", "1000000", "--resume"]);
        let mut child = papers(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("more epochs", || {
            let kept = epochs_kept();
            assert!(kept >= killed, "begun anew: {kept} epochs after {killed}");
            kept > killed + 20
        });
        child.kill().unwrap();
        child.wait().unwrap();
        killed = epochs_kept();
    }
    assert!(killed > 40);
}

#[test]
fn an_interrupted_network_goes_on_and_another_is_refused() {
    let experiment = Run::new(NETWORK);
    let out = experiment.out("out");
    let epochs = ["--epochs", "400"];
    let whole = experiment.out("whole");
    succeed(&experiment.arguments(&whole, &epochs));
    let arguments = experiment.arguments(&out, &epochs);
    let child = papers(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("a checkpoint", || out.join(CHECKPOINT).exists());
    signal("INT", &child);
    let output = child.wait_with_output().unwrap();
    let messages = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{messages}");
    assert!(
        messages.contains("--resume goes on from here"),
        "{messages}"
    );

    let refused = run(&arguments);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("the folder has an unfinished run"));
    let refused = run(&experiment.arguments(&out, &["--epochs", "401", "--resume"]));
    let message = text(&refused.stderr);
    assert!(
        message.contains("config.epochs is 400 in the checkpoint"),
        "{message}"
    );

    succeed(&experiment.arguments(&out, &["--epochs", "400", "--resume"]));
    assert_eq!(results(&out), results(&whole));
}
