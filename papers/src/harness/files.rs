//! Folders and JSON files for results.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;

use holonomy::checkpoint::{remove_temporaries, write_atomically};
use holonomy::{Error, Result};
use serde::Serialize;

/// A folder that no other run writes to as long as this lives.
#[derive(Debug)]
pub(crate) struct Occupied {
    /// `None` where the file system has no locks.
    _lock: Option<File>,
}

/// Makes `folder` ready for the files of one run, and removes what killed runs have left half
/// written.
///
/// The lock goes with the process, also when that is killed.
pub(crate) fn occupy(folder: &Path) -> Result<Occupied> {
    prepare(folder)?;
    let lock = lock(folder)?;
    if lock.is_some() {
        remove_temporaries(folder)?;
    }
    Ok(Occupied { _lock: lock })
}

fn lock(folder: &Path) -> Result<Option<File>> {
    let file = File::open(folder).map_err(Error::io("open", folder))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Data {
            path: folder.into(),
            reason: "another run writes to this folder: wait for its end, or give --out".into(),
        }),
        Err(TryLockError::Error(error)) => {
            tracing::warn!("{} cannot be locked: {error}", folder.display());
            Ok(None)
        }
    }
}

/// Makes `folder`, with its parents, and shows that a file can be written there.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    tempfile::tempfile_in(folder)
        .map(drop)
        .map_err(Error::io("write in", folder))
}

/// Shows that a file of this many bytes can be written in `folder`; nothing stays of it.
pub(crate) fn reserve(folder: &Path, bytes: u64) -> Result<()> {
    let write = |mut file: File| {
        std::io::copy(&mut std::io::repeat(0).take(bytes), &mut file)?;
        file.sync_all()
    };
    tempfile::tempfile_in(folder)
        .and_then(write)
        .map_err(Error::io("find room for checkpoints in", folder))
}

/// Writes `value` as indented JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| Error::Data {
        path: path.into(),
        reason: error.to_string(),
    })?;
    bytes.push(b'\n');
    write_atomically(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preparing_a_folder_leaves_nothing_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        prepare(&inner).unwrap();
        assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 0);
        write_json(&inner.join("a.json"), &[1, 2]).unwrap();
        let text = std::fs::read_to_string(inner.join("a.json")).unwrap();
        assert_eq!(text, "[\n  1,\n  2\n]\n");
    }

    #[test]
    fn a_folder_is_occupied_by_one_run_and_cleared_of_what_killed_ones_left() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".holonomy-a1b2c3.tmp");
        std::fs::write(&left, "half").unwrap();
        let occupied = occupy(folder.path()).unwrap();
        assert!(!left.exists());
        std::fs::write(&left, "being written").unwrap();
        let error = occupy(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("another run writes to this folder"),
            "{error}"
        );
        assert!(left.exists());
        drop(occupied);
        occupy(folder.path()).unwrap();
    }

    #[test]
    fn room_is_shown_by_writing_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        reserve(folder.path(), 100_000).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(reserve(&folder.path().join("none"), 1).is_err());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = prepare(&file.join("below")).unwrap_err().to_string();
        assert!(error.starts_with("cannot create "), "{error}");
    }
}
