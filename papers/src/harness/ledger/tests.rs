use std::fs;

use serde_json::json;

use super::*;

const RESUME: CheckpointOptions = CheckpointOptions {
    resume: true,
    restart: false,
    checkpoint_minutes: 2.0,
};
const BEGIN: CheckpointOptions = CheckpointOptions {
    resume: false,
    ..RESUME
};
const RESTART: CheckpointOptions = CheckpointOptions {
    restart: true,
    ..BEGIN
};

fn request() -> Request {
    vec![
        ("seeds", json!([1, 2])),
        ("main", json!({"dim": 2, "learning_rate": 0.3})),
    ]
}

fn open(options: &CheckpointOptions, folder: &Path) -> Result<Ledger> {
    Ledger::open(options, folder, "somebody2017", &request(), 1)
}

/// Leaves a run with one finished training and one in progress.
fn leave_unfinished(folder: &Path) {
    let mut ledger = open(&BEGIN, folder).unwrap();
    let points = Tensor::from_slice(&[0.1, -0.2]);
    ledger
        .write_outcome("main, seed 1", &0.75, &points)
        .unwrap();
    let mut state = Checkpoint::new();
    state.insert("points", &Tensor::from_slice(&[0.3])).unwrap();
    ledger.write_training("main, seed 2", Ok(state));
    assert_eq!(ledger.failures, 0);
    ledger.leave();
}

fn reason(result: Result<Ledger>) -> String {
    match result.err() {
        Some(Error::Data { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    leave_unfinished(folder.path());
    let ledger = open(&RESUME, folder.path()).unwrap();
    let (outcome, points) = ledger.outcome::<f64>("main, seed 1").unwrap().unwrap();
    assert_eq!((outcome, points), (0.75, Tensor::from_slice(&[0.1, -0.2])));
    assert!(ledger.outcome::<f64>("main, seed 2").unwrap().is_none());
    let state = ledger.begun("main, seed 2").unwrap();
    assert_eq!(state.tensor("points").unwrap(), &Tensor::from_slice(&[0.3]));
    assert!(ledger.begun("main, seed 1").is_none());
    ledger.close().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_unfinished_run_is_not_dropped_unasked() {
    let folder = tempfile::tempdir().unwrap();
    leave_unfinished(folder.path());
    let before = fs::read(folder.path().join(FILE)).unwrap();
    let refused = reason(open(&BEGIN, folder.path()));
    assert!(
        refused.contains("--resume") && refused.contains("--restart"),
        "{refused}"
    );
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), before);
    let ledger = open(&RESTART, folder.path()).unwrap();
    assert!(ledger.outcome::<f64>("main, seed 1").unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nothing_to_resume_is_a_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&RESUME, folder.path()).unwrap();
    assert!(ledger.begun("main, seed 1").is_none());
    ledger.close().unwrap();
}

#[test]
fn checkpoints_are_due_on_a_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(&BEGIN, folder.path()).unwrap();
    assert!(!ledger.is_due());
    ledger.every = Duration::ZERO;
    assert!(ledger.is_due());
}

#[test]
fn another_request_is_refused_with_the_option_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    leave_unfinished(folder.path());
    let resume =
        |paper, request: &Request| reason(Ledger::open(&RESUME, folder.path(), paper, request, 1));
    let mut other = request();
    other[1].1["learning_rate"] = json!(0.6);
    let refused = resume("somebody2017", &other);
    assert!(
        refused.contains("main.learning_rate is 0.3 in the checkpoint and 0.6 now"),
        "{refused}"
    );
    other[0].1 = json!([1]);
    let refused = resume("somebody2017", &other);
    assert!(
        refused.contains("seeds is [1,2] in the checkpoint and [1] now"),
        "{refused}"
    );
    let refused = resume("somebody2018", &request());
    assert!(
        refused.contains("a run of somebody2017 in version 1, not of somebody2018"),
        "{refused}"
    );
}

#[test]
fn a_checkpoint_that_cannot_be_written_costs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("out");
    fs::create_dir(&gone).unwrap();
    let mut ledger = open(&BEGIN, &gone).unwrap();
    fs::remove_dir(&gone).unwrap();
    ledger.write_training("main, seed 1", Ok(Checkpoint::new()));
    ledger
        .write_outcome("main, seed 1", &0.5, &Tensor::from(0.5))
        .unwrap();
    assert_eq!((ledger.failures, ledger.last_failed), (2, true));
    fs::create_dir(&gone).unwrap();
    ledger.write_training("main, seed 2", Ok(Checkpoint::new()));
    assert_eq!((ledger.failures, ledger.last_failed), (2, false));
    let ledger = open(&RESUME, &gone).unwrap();
    assert!(ledger.outcome::<f64>("main, seed 1").unwrap().is_some());
}

fn header_length(bytes: &[u8]) -> usize {
    8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

#[test]
fn every_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    leave_unfinished(folder.path());
    let file = folder.path().join(FILE);
    let bytes = fs::read(&file).unwrap();
    for length in 0..bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let refused = reason(open(&RESUME, folder.path()));
        assert!(
            refused.contains("truncated, damaged or foreign"),
            "{length}: {refused}"
        );
        assert!(refused.contains("--restart"), "{refused}");
    }
}

#[test]
fn a_flipped_bit_in_every_byte_is_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    leave_unfinished(folder.path());
    let file = folder.path().join(FILE);
    let mut bytes = fs::read(&file).unwrap();
    let header = header_length(&bytes);
    let mut harmless = 0;
    for byte in 0..bytes.len() {
        let flip = 1 << (byte % 8);
        bytes[byte] ^= flip;
        fs::write(&file, &bytes).unwrap();
        match open(&RESUME, folder.path()) {
            Err(Error::Data { .. }) => {}
            Err(other) => panic!("byte {byte}: {other}"),
            // White space after the header may turn into other white space.
            Ok(ledger) => {
                assert!(byte < header, "byte {byte} of the data went unnoticed");
                assert!(ledger.begun("main, seed 2").is_some());
                harmless += 1;
            }
        }
        bytes[byte] ^= flip;
    }
    assert!(harmless < 8, "{harmless} flips went unnoticed");
}

/// A safetensors file of another program: eight bytes of length, header, data.
fn foreign_safetensors(metadata: &str) -> Vec<u8> {
    let header =
        format!(r#"{{{metadata}"weight":{{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}}}"#);
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &[0; 8]].concat()
}

#[test]
fn foreign_files_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let resume = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        reason(open(&RESUME, folder.path()))
    };
    for metadata in ["", r#""__metadata__":{"format":"pt"},"#] {
        let refused = resume(&foreign_safetensors(metadata));
        assert!(
            refused.contains("not one of this crate's checkpoints"),
            "{refused}"
        );
    }
    for text in ["", "{}", "child,parent\ndog,mammal\n", "\u{1f}\u{8b}"] {
        let refused = resume(text.as_bytes());
        assert!(
            refused.contains("truncated, damaged or foreign"),
            "{refused}"
        );
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..300 {
        let bytes: Vec<u8> = (0..round)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        resume(&bytes);
    }
}

#[test]
fn checkpoints_of_another_kind_or_version_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let mut other = Checkpoint::new();
    other
        .insert("embedding", &Tensor::from_slice(&[0.1]))
        .unwrap();
    other.save(&file).unwrap();
    let refused = reason(open(&RESUME, folder.path()));
    assert!(refused.contains("not of an unfinished run"), "{refused}");

    other.set("content", &CONTENT).unwrap();
    other.set("version", &(VERSION + 1)).unwrap();
    other.set("paper", &"somebody2017").unwrap();
    other.save(&file).unwrap();
    let refused = reason(open(&RESUME, folder.path()));
    assert!(
        refused.contains("in version 2, not of somebody2017 in version 1"),
        "{refused}"
    );

    fs::remove_file(&file).unwrap();
    leave_unfinished(folder.path());
    let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
    assert!(text.contains(r#"{\"version\":1,"#), "{text}");
    let bytes = fs::read(&file).unwrap();
    let place = text.find(r#"{\"version\":1,"#).unwrap() + r#"{\"version\":"#.len();
    let newer = [&bytes[..place], b"2", &bytes[place + 1..]].concat();
    fs::write(&file, newer).unwrap();
    let refused = reason(open(&RESUME, folder.path()));
    assert!(
        refused.contains("checkpoint version 2, but this build reads version 1"),
        "{refused}"
    );
}
