//! Runs that are stopped, killed or cannot write, and go on.

mod tasks;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{embedding_shape, hierarchy, papers, path, report, run, succeed, tensor_shape, text};

const CHECKPOINT: &str = "checkpoint.safetensors";
const SIGKILL: i32 = 9;

/// A run of two spaces and two seeds on one thread, over a small hierarchy.
struct Experiment {
    folder: tempfile::TempDir,
    edges: PathBuf,
    epochs: &'static str,
    minutes: &'static str,
}

impl Experiment {
    fn new(epochs: &'static str, minutes: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let edges = hierarchy(folder.path());
        Self {
            folder,
            edges,
            epochs,
            minutes,
        }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments<'a>(&'a self, out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["run", "nickel2017", "--edges", path(&self.edges)];
        arguments.extend(["--dim", "2", "--seed", "7,8", "--threads", "1"]);
        arguments.extend(["--epochs", self.epochs, "--out", path(out)]);
        arguments.extend(["--checkpoint-minutes", self.minutes]);
        arguments.extend(more);
        arguments
    }

    fn start(&self, out: &Path, more: &[&str]) -> Child {
        papers(&self.arguments(out, more))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The message of a run that ends with an error before it trains.
    fn refused(&self, out: &Path, more: &[&str]) -> String {
        let output = run(&self.arguments(out, more));
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(
            !message.contains("Ctrl-C saves"),
            "trained first: {message}"
        );
        message
    }

    /// Starts a run and interrupts it while it trains; what it says afterwards.
    fn interrupted(&self, out: &Path, more: &[&str]) -> String {
        let mut child = self.start(out, more);
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        wait_for("Ctrl-C saves", &mut messages);
        signal("INT", &child);
        let mut rest = String::new();
        messages.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        rest
    }
}

fn wait_for(expected: &str, messages: &mut BufReader<ChildStderr>) {
    let mut line = String::new();
    while !line.contains(expected) {
        line.clear();
        let read = messages.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "ended without {expected:?}");
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(2), "never: {what}");
        sleep(Duration::from_millis(5));
    }
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// All that a run on one thread gives again with every bit: figures, embedding and picture.
fn results(out: &Path) -> (Vec<Value>, Vec<Vec<u8>>) {
    let report = report(out);
    assert_eq!(report["interrupted"], Value::Bool(false));
    let mut figures = vec![
        report["metrics"]["map"].clone(),
        report["metrics"]["mean_rank"].clone(),
    ];
    for runs in report["runs"].as_array().unwrap() {
        for result in runs["results"].as_array().unwrap() {
            figures.extend(
                ["seed", "epochs", "loss", "map", "mean_rank"].map(|name| result[name].clone()),
            );
        }
    }
    assert_eq!(figures.len(), 2 + 2 * 2 * 5);
    assert!(figures.iter().all(Value::is_number), "{figures:?}");
    let files = ["embedding.tsv", "disk.svg"].map(|name| fs::read(out.join(name)).unwrap());
    (figures, files.to_vec())
}

fn temporaries(out: &Path) -> usize {
    let entries = fs::read_dir(out).into_iter().flatten();
    entries
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with(".holonomy-")
        })
        .count()
}

/// Uniform numbers in [0, 1) from a fixed seed.
fn fractions() -> impl FnMut() -> f64 {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Fifty kills, spread over start-up, training, checkpoints, evaluation and the writing of results:
/// each run is resumed until it is done, and then begun anew until fifty kills have hit.
#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    const KILLS: usize = 50;
    let experiment = Experiment::new("10", "0");
    let out = experiment.out("whole");
    let clock = Instant::now();
    succeed(&experiment.arguments(&out, &[]));
    let whole = clock.elapsed();
    let expected = results(&out);
    assert!(!out.join(CHECKPOINT).exists());

    let mut fraction = fractions();
    let mut kills = 0;
    let mut done = 0;
    let mut hits = [0; 3];
    while kills < KILLS || done == 0 {
        let out = experiment.out(&format!("killed {done}"));
        let mut child = experiment.start(&out, &["--resume"]);
        if kills < KILLS {
            sleep(whole.mul_f64(fraction()));
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.signal() == Some(SIGKILL) {
            kills += 1;
            hits[phase(&text(&output.stderr))] += 1;
            assert!(temporaries(&out) <= 1, "{} temporaries", temporaries(&out));
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(results(&out), expected, "after {kills} kills");
        assert_eq!(temporaries(&out), 0);
        assert!(!out.join(CHECKPOINT).exists());
        done += 1;
    }
    let [start_up, training, results] = hits;
    println!(
        "{kills} kills: {start_up} at start-up, {training} while training and evaluating, {results} \
         while writing results; {done} runs brought to their end"
    );
}

/// How far a run was when it said no more than this.
fn phase(messages: &str) -> usize {
    let last_training = "Euclidean 2-d, seed 8: ";
    match (
        messages.contains("Ctrl-C saves"),
        messages.contains(last_training),
    ) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}

/// The epochs of the training in progress that a checkpoint holds; none without a checkpoint.
fn epochs_kept(out: &Path) -> u64 {
    let file = out.join(CHECKPOINT);
    if !file.exists() {
        return 0;
    }
    let records = tensor_shape(&file, "training/history");
    records[0].as_u64().unwrap()
}

#[test]
fn a_kill_costs_no_more_than_the_time_since_the_last_checkpoint() {
    let experiment = Experiment::new("1000000", "0");
    let out = experiment.out("out");
    let mut killed = 0;
    for _ in 0..2 {
        let mut child = experiment.start(&out, &["--resume"]);
        wait_until("more epochs", || epochs_kept(&out) > killed + 50);
        child.kill().unwrap();
        child.wait().unwrap();
        killed = epochs_kept(&out);
    }
    assert!(killed > 100);
    let rest = experiment.interrupted(&out, &["--resume"]);
    let report = report(&out);
    let epochs = report["runs"][0]["results"][0]["epochs"].as_u64().unwrap();
    // Begun anew it would have been interrupted after a few epochs.
    assert!(epochs > killed, "{epochs} after {killed}: {rest}");
    assert_eq!(epochs_kept(&out), epochs);
}

#[test]
fn an_interrupted_run_goes_on() {
    let experiment = Experiment::new("3000", "60");
    let whole = experiment.out("whole");
    succeed(&experiment.arguments(&whole, &[]));

    let out = experiment.out("interrupted");
    for more in [&[][..], &["--resume"]] {
        let rest = experiment.interrupted(&out, more);
        assert!(rest.contains("--resume goes on from here"), "{rest}");
        assert!(out.join(CHECKPOINT).exists());
        assert_eq!(report(&out)["interrupted"], Value::Bool(true));
    }
    succeed(&experiment.arguments(&out, &["--resume"]));
    assert_eq!(results(&out), results(&whole));
    assert!(!out.join(CHECKPOINT).exists());
    let command = report(&out)["command"].as_str().unwrap().to_owned();
    assert!(!command.contains("--resume"), "{command}");
}

#[test]
fn nothing_to_resume_is_said_and_is_a_beginning() {
    let experiment = Experiment::new("5", "60");
    let out = experiment.out("out");
    let output = run(&experiment.arguments(&out, &["--resume"]));
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    assert!(message.contains("nothing to resume in "), "{message}");
}

#[test]
fn an_unfinished_run_is_neither_dropped_nor_changed_unasked() {
    let experiment = Experiment::new("1000000", "60");
    let out = experiment.out("out");
    experiment.interrupted(&out, &[]);
    let file = out.join(CHECKPOINT);
    let kept = fs::read(&file).unwrap();

    let message = experiment.refused(&out, &[]);
    assert!(
        message.contains("the folder has an unfinished run: --resume"),
        "{message}"
    );
    for (options, difference) in [
        (
            &["--lr", "0.5"][..],
            "main.learning_rate is 0.6 in the checkpoint and 0.5 now",
        ),
        (
            &["--negatives", "7"],
            "main.negatives is 50 in the checkpoint and 7 now",
        ),
        (
            &["--burn-in", "0"],
            "main.burn_in_epochs is 333333 in the checkpoint and 0 now",
        ),
        (
            &["--manifold", "lorentz"],
            "main.model is \"ball\" in the checkpoint and \"lorentz\" now",
        ),
        (
            &["--quick"],
            "quick is false in the checkpoint and true now",
        ),
    ] {
        let message = experiment.refused(&out, &[&["--resume"], options].concat());
        assert!(message.contains(difference), "{difference}: {message}");
    }
    let edges = fs::read_to_string(&experiment.edges).unwrap();
    fs::write(&experiment.edges, edges.replace("branch 2,", "branch 3,")).unwrap();
    let message = experiment.refused(&out, &["--resume"]);
    assert!(message.contains("data."), "{message}");
    fs::write(&experiment.edges, edges).unwrap();
    assert_eq!(fs::read(&file).unwrap(), kept);

    let foreign = fs::read(out.join("embedding.safetensors")).unwrap();
    let mut flipped = kept.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bytes, reason) in [
        (&kept[..kept.len() / 2], "truncated, damaged or foreign"),
        (&flipped, "SHA-256"),
        (&foreign, "not of an unfinished run"),
        (b"no checkpoint", "truncated, damaged or foreign"),
    ] {
        fs::write(&file, bytes).unwrap();
        let message = experiment.refused(&out, &["--resume"]);
        assert!(
            message.contains(reason) && message.contains("--restart"),
            "{message}"
        );
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
    let rest = experiment.interrupted(&out, &["--restart"]);
    assert!(rest.contains("--resume goes on from here"), "{rest}");
    experiment.interrupted(&out, &["--resume"]);
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let experiment = Experiment::new("1000000", "60");
    let out = experiment.out("out");
    let mut child = experiment.start(&out, &[]);
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    wait_for("Ctrl-C saves", &mut messages);
    let message = experiment.refused(&out, &["--resume"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        message.contains("another run writes to this folder"),
        "{message}"
    );
}

#[test]
fn a_folder_without_room_is_an_error_before_training() {
    let experiment = Experiment::new("1000", "60");
    let out = experiment.out("out");
    // Files of at most four KiB; the signal is ignored so that writing more is an error, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_papers")])
        .args(experiment.arguments(&out, &[]))
        .output()
        .unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("error: cannot find room for checkpoints in "),
        "{message}"
    );
    assert!(!message.contains("seed 7"), "trained first: {message}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_warned_of_and_tried_again() {
    let experiment = Experiment::new("1000000", "0");
    let (out, away) = (experiment.out("out"), experiment.out("away"));
    let mut child = experiment.start(&out, &[]);
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    wait_until("a checkpoint", || out.join(CHECKPOINT).exists());
    fs::rename(&out, &away).unwrap();
    wait_for(
        "no checkpoint this time, training goes on: cannot ",
        &mut messages,
    );
    fs::remove_file(away.join(CHECKPOINT)).unwrap();
    fs::rename(&away, &out).unwrap();
    wait_until("another checkpoint", || out.join(CHECKPOINT).exists());
    signal("TERM", &child);
    let mut rest = String::new();
    messages.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(
        rest.contains("checkpoint(s) could not be written"),
        "{rest}"
    );
    assert!(rest.contains("--resume goes on from here"), "{rest}");
    assert_eq!(embedding_shape(&out), serde_json::json!([13, 2]));
    experiment.interrupted(&out, &["--resume"]);
}
