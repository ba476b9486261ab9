//! Files that are replaced as a whole.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::{Error, Result};

/// How the temporary names of [`write_atomically`] begin and end.
const TEMPORARY: (&str, &str) = (".holonomy-", ".tmp");

/// Removes the temporary files that killed writers have left in `folder`, and returns their
/// number.
///
/// Call it only while nothing else writes there: the temporary files of running writers are
/// removed too.
///
/// # Errors
///
/// [`Error::Io`] when the folder cannot be read or a file cannot be removed.
pub fn remove_temporaries(folder: impl AsRef<Path>) -> Result<usize> {
    let folder = folder.as_ref();
    let mut removed = 0;
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1) {
            std::fs::remove_file(entry.path()).map_err(Error::io("remove", entry.path()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Writes `bytes` to `path` atomically: at any time, readers see either the complete old file or
/// the complete new one, also if the process is killed. The steps are: write a temporary file in
/// the same folder, sync, rename, sync the folder. A killed process may leave the temporary file
/// behind; [`remove_temporaries`] removes such files.
///
/// # Errors
///
/// [`Error::Io`] when the operating system refuses a step; the old file then stays as it was.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        // A plain new file's mode, which the process's umask then narrows.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder
        .tempfile_in(folder)
        .map_err(Error::io("create a temporary file in", folder))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.as_file().sync_all().map_err(Error::io("sync", path))?;
    file.persist(path)
        .map_err(|error| Error::io("replace", path)(error.error))?;
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::io("sync", folder))?;
    Ok(())
}
