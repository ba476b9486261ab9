//! Whether libtorch records operations for gradients.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tch::Tensor;

/// Whether an operation on the tensor would be recorded: it requires a gradient, and recording is on.
///
/// The result of an operation does not tell: a view of a leaf says that it requires a gradient also
/// where recording is off.
pub(crate) fn is_recorded(t: &Tensor) -> bool {
    t.requires_grad() && is_on()
}

fn is_on() -> bool {
    // libtorch tells what it was when it is set.
    // SAFETY: a flag of this thread is set, and set back.
    unsafe {
        let was = torch_sys::at_grad_set_enabled(0);
        torch_sys::at_grad_set_enabled(was);
        was != 0
    }
}

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
