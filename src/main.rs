//! The program: hands the arguments to `cli` and its answer to the shell.

use std::process::ExitCode;

/// A batch makes thousands of small strings, and glibc gives the memory of one thread back to another slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any thread or runtime: the hidden command by which the private cluster is started.
    if let Some(code) = doorknock::embedded::run_as_child(std::env::args_os()) {
        return code;
    }
    doorknock::cli::main()
}
