//! Folders and JSON files for results.

use std::path::Path;

use holonomy::checkpoint::write_atomically;
use holonomy::{Error, Result};
use serde::Serialize;

/// Makes `folder`, with its parents, and shows that a file can be written there.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    tempfile::tempfile_in(folder)
        .map(drop)
        .map_err(Error::io("write in", folder))
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
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = prepare(&file.join("below")).unwrap_err().to_string();
        assert!(error.starts_with("cannot create "), "{error}");
    }
}
