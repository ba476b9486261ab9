//! Whether libtorch records operations for gradients.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `f` without recording, as `tch::no_grad`; also when `f` panics, recording is afterwards as it
/// was before. Who catches the panic, as a property test does, would find no gradients from then on.
pub(crate) fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    let _guard = tch::no_grad_guard();
    f()
}

/// Runs `f` with recording, also where the caller has turned it off; see [`no_grad`].
pub(crate) fn with_grad<T>(f: impl FnOnce() -> T) -> T {
    let ended = tch::with_grad(|| catch_unwind(AssertUnwindSafe(f)));
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}
