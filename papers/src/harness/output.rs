//! Text for people: results on standard output, everything else on standard error.

use std::io::{self, ErrorKind, Write};

use holonomy::{Error, Result};

/// Writes `text` to standard output. A reader that went away (`papers list | head -1`) is not an error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "standard output")(error))
        }
        _ => Ok(()),
    }
}

/// Writes one line to standard error; where that fails there is nowhere left to say so.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
