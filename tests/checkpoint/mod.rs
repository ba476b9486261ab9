//! Mirror of `src/checkpoint/`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use holonomy::Error;
use holonomy::checkpoint::{Checkpoint, remove_temporaries, write_atomically};
use tch::{Kind, Tensor};

fn sample() -> Checkpoint {
    let mut checkpoint = Checkpoint::new();
    let doubles = Tensor::from_slice(&[0.1, -0.0, f64::NAN, f64::INFINITY, 5e-324, -2.5]);
    checkpoint.insert("doubles", &doubles.view([2, 3])).unwrap();
    checkpoint
        .insert("floats", &Tensor::from_slice(&[0.1_f32, -7.25]))
        .unwrap();
    checkpoint
        .insert("counts", &Tensor::from_slice(&[i64::MIN, 0, i64::MAX]))
        .unwrap();
    checkpoint
        .insert(
            "empty",
            &Tensor::zeros([0, 4], (Kind::Double, tch::Device::Cpu)),
        )
        .unwrap();
    checkpoint.insert("scalar", &Tensor::from(3.5)).unwrap();
    checkpoint.set("rate", &0.1).unwrap();
    checkpoint
        .set("names", &["a \"quoted\" name", "Poincaré"])
        .unwrap();
    checkpoint
}

/// All that a checkpoint holds: names, kinds, shapes, bytes and settings.
fn contents(checkpoint: &Checkpoint) -> String {
    let mut all = Vec::new();
    for name in checkpoint.names() {
        let tensor = checkpoint.tensor(name).unwrap();
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        all.push(format!(
            "{name} {:?} {:?} {bytes:?}",
            tensor.kind(),
            tensor.size()
        ));
    }
    let rate: f64 = checkpoint.get("rate").unwrap();
    let names: Vec<String> = checkpoint.get("names").unwrap();
    all.push(format!("{rate:?} {names:?}"));
    all.join("\n")
}

fn saved_bytes(checkpoint: &Checkpoint) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    checkpoint.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn load_bytes(folder: &Path, bytes: &[u8]) -> holonomy::Result<Checkpoint> {
    let path = folder.join("changed.safetensors");
    fs::write(&path, bytes).unwrap();
    Checkpoint::load(path)
}

fn header_length(bytes: &[u8]) -> usize {
    8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

#[test]
fn gives_back_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load_bytes(folder.path(), &saved_bytes(&sample())).unwrap();
    assert_eq!(contents(&loaded), contents(&sample()));
}

#[test]
fn equal_contents_give_equal_bytes() {
    assert_eq!(saved_bytes(&sample()), saved_bytes(&sample()));
}

#[test]
fn tensors_are_stored_in_row_major_order_and_as_copies() {
    let tensor = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).view([2, 3]);
    let mut checkpoint = Checkpoint::new();
    checkpoint
        .insert("transposed", &tensor.transpose(0, 1))
        .unwrap();
    checkpoint.insert("plain", &tensor).unwrap();
    let _ = tensor.shallow_clone().zero_();
    let folder = tempfile::tempdir().unwrap();
    let loaded = load_bytes(folder.path(), &saved_bytes(&checkpoint)).unwrap();
    let expected = Tensor::from_slice(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]).view([3, 2]);
    assert_eq!(loaded.tensor("transposed").unwrap(), &expected);
    let expected = expected.transpose(0, 1);
    assert_eq!(loaded.tensor("plain").unwrap(), &expected);
}

#[test]
fn every_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = saved_bytes(&sample());
    for length in 0..bytes.len() {
        match load_bytes(folder.path(), &bytes[..length]) {
            Err(Error::Data { .. }) => {}
            other => panic!("{length} bytes: {other:?}"),
        }
    }
    let longer = [&bytes, [0_u8].as_slice()].concat();
    assert!(load_bytes(folder.path(), &longer).is_err());
}

#[test]
fn a_flipped_bit_in_every_byte_is_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let expected = contents(&sample());
    let mut bytes = saved_bytes(&sample());
    let header = header_length(&bytes);
    let mut harmless = 0;
    let in_the_length = 0..64;
    let in_the_rest = (8..bytes.len()).map(|byte| 8 * byte + 5 * byte % 8);
    for bit in in_the_length.chain(in_the_rest) {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match load_bytes(folder.path(), &bytes) {
            Err(Error::Data { .. }) => {}
            Err(other) => panic!("bit {bit}: {other}"),
            Ok(loaded) => {
                assert_eq!(contents(&loaded), expected, "bit {bit}");
                assert!(bit / 8 < header, "bit {bit} of the data went unnoticed");
                harmless += 1;
            }
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    // White space after the header may turn into other white space.
    assert!(harmless < 8, "{harmless} flips went unnoticed");
}

#[test]
fn many_changed_bytes_are_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let expected = contents(&sample());
    let original = saved_bytes(&sample());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..1_000 {
        let mut bytes = original.clone();
        let reach = if round % 2 == 0 {
            header_length(&bytes)
        } else {
            bytes.len()
        };
        for _ in 0..=(next() % 6) {
            let place = next() as usize % reach;
            bytes[place] = match round % 3 {
                0 => b"0123456789{}[]\",:"[next() as usize % 17],
                _ => next() as u8,
            };
        }
        if let Ok(loaded) = load_bytes(folder.path(), &bytes) {
            assert_eq!(contents(&loaded), expected, "round {round}");
        }
    }
}

fn reason(result: holonomy::Result<Checkpoint>) -> String {
    match result {
        Err(Error::Data { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = reason(load_bytes(folder.path(), b"name,x,y\nmammal,0.1,0.2\n"));
    assert!(
        foreign.contains("not a whole safetensors file"),
        "{foreign}"
    );

    let none: Vec<(&str, safetensors::tensor::TensorView)> = Vec::new();
    let plain = safetensors::serialize(none, None).unwrap();
    let plain = reason(load_bytes(folder.path(), &plain));
    assert!(plain.contains("without the metadata"), "{plain}");

    let mut damaged = saved_bytes(&sample());
    *damaged.last_mut().unwrap() ^= 1;
    let damaged = reason(load_bytes(folder.path(), &damaged));
    assert!(damaged.contains("SHA-256"), "{damaged}");

    let missing = Checkpoint::load(folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, Error::Io { action: "read", .. }));
}

#[test]
fn names_what_it_has_when_asked_for_something_else() {
    let checkpoint = sample();
    let message = checkpoint.tensor("double").unwrap_err().to_string();
    assert!(
        message.contains("\"doubles\"") && message.contains("\"double\""),
        "{message}"
    );
    let message = checkpoint.get::<f64>("epoch").unwrap_err().to_string();
    assert!(message.contains("\"rate\""), "{message}");
    let message = checkpoint.get::<u32>("names").unwrap_err().to_string();
    assert!(
        message.contains("u32") && message.contains("names"),
        "{message}"
    );
}

#[test]
fn refuses_kinds_that_it_does_not_keep() {
    let mut checkpoint = Checkpoint::new();
    let half = Tensor::from_slice(&[1.0]).to_kind(Kind::Half);
    assert!(matches!(
        checkpoint.insert("half", &half),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
fn parts_come_back_as_they_went_in() {
    let mut whole = Checkpoint::new();
    whole.set("rate", &9.0).unwrap();
    whole.insert_part("a", sample());
    assert_eq!(whole.get::<f64>("rate").unwrap(), 9.0);
    assert_eq!(contents(&whole.part("a")), contents(&sample()));
    assert_eq!(whole.part("b").names().count(), 0);
}

#[test]
fn a_file_is_replaced_as_a_whole_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    write_atomically(&path, b"old").unwrap();
    write_atomically(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    let blocked = folder.path().join("folder");
    fs::create_dir(&blocked).unwrap();
    fs::write(blocked.join("inside"), b"").unwrap();
    assert!(matches!(
        write_atomically(&blocked, b"x"),
        Err(Error::Io {
            action: "replace",
            ..
        })
    ));
    let nowhere = folder.path().join("none").join("file");
    assert!(matches!(
        write_atomically(nowhere, b"x"),
        Err(Error::Io { .. })
    ));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_usual_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let usual = folder.path().join("usual");
    fs::write(&usual, b"").unwrap();
    let ours = folder.path().join("ours");
    write_atomically(&ours, b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&usual));
}

#[test]
fn the_first_setting_that_differs_is_named() {
    let mut checkpoint = Checkpoint::new();
    let stored =
        serde_json::json!({"dim": 5, "rates": [0.1, 0.3], "schedule": {"linear": {"last": 0.5}}});
    checkpoint.set("config", &stored).unwrap();
    let differing = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut given = stored.clone();
        change(&mut given);
        let difference = checkpoint.difference("config", &given).unwrap();
        difference.map(|difference| difference.to_string())
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(differing(&|_| ()), None);
    assert_eq!(
        differing(&|given| given["rates"][1] = 0.300_000_000_000_000_04.into()),
        text("config.rates[1] is 0.3 in the checkpoint and 0.30000000000000004 now")
    );
    assert_eq!(
        differing(&|given| given["rates"] = vec![0.1].into()),
        text("config.rates is [0.1,0.3] in the checkpoint and [0.1] now")
    );
    assert_eq!(
        differing(&|given| given["schedule"]["linear"]["last"] = 1.into()),
        text("config.schedule.linear.last is 0.5 in the checkpoint and 1 now")
    );
    assert_eq!(
        differing(&|given| given["batch"] = 3.into()),
        text("config.batch is nothing in the checkpoint and 3 now")
    );
    assert!(checkpoint.difference("settings", &stored).is_err());
}

#[test]
fn temporaries_of_killed_writers_are_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        ".holonomy-a1b2c3.tmp",
        ".holonomy-notes",
        "report.json",
        "x.tmp",
    ] {
        fs::write(folder.path().join(name), b"").unwrap();
    }
    assert_eq!(remove_temporaries(folder.path()).unwrap(), 1);
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".holonomy-notes", "report.json", "x.tmp"]);
    assert!(remove_temporaries(folder.path().join("none")).is_err());
}
