//! Places between the steps of an operation at which a test can have the program killed or stopped.

use std::env::var_os;

use rustix::process::{Signal, getpid, kill_process};

/// A step is done. A build for development dies here when `DOORKNOCK_DIE_AT` names the step, and stands still here when
/// `DOORKNOCK_HOLD_AT` does; other builds ask for neither.
pub(super) fn done(step: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    if var_os("DOORKNOCK_DIE_AT").is_some_and(|at| at == step) {
        // As by kill -9: nothing is cleaned up.
        let _ = kill_process(getpid(), Signal::KILL);
    }
    while var_os("DOORKNOCK_HOLD_AT").is_some_and(|at| at == step) {
        std::thread::park();
    }
}
