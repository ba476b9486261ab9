//! The program runs to its end, and its assertions hold.

use std::process::Command;

#[test]
fn the_program_runs_to_its_end() {
    let ended = Command::new(env!("CARGO_BIN_EXE_own_crate")).status();
    assert!(ended.is_ok_and(|status| status.success()));
}
