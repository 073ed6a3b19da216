//! The program: hands the arguments to `cli` and its answer to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any thread or runtime: the hidden command by which the private cluster is started.
    if let Some(code) = doorknock::embedded::run_as_child(std::env::args_os()) {
        return code;
    }
    doorknock::cli::main()
}
