//! Ctrl-C, SIGTERM and SIGHUP: the first asks the run to stop, the second ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::output;

/// What a shell reports for a program ended by Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on.
pub(crate) fn listen() {
    let listening = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        output::note("\nstopping after this epoch, then saving; once more to stop at once");
    });
    if let Err(error) = listening {
        tracing::warn!("Ctrl-C will end the program without saving: {error}");
    }
}

/// Whether the user has asked to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
